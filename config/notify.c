/* The token `notify`: what is worth a notification.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "config.h"

#define MINUTES_MAX 10080 /* a week */

static const char usage[] = "notify source SECONDS | silent MINUTES | hostSilent MINUTES | rate COUNTER HIGH NORMAL "
                            "[MINUTES]";

static bool refuse(char *error, const char *why, const char *word)
{
    snprintf(error, CONFIG_ERROR_OCTETS, why, word);
    return false;
}

static bool take_number(const char *word, uint32_t most, uint32_t *number)
{
    char *end;
    unsigned long value = strtoul(word, &end, 10);

    if (*word < '0' || *word > '9' || *end || value > most)
        return false;
    *number = (uint32_t)value;
    return true;
}

/* 0 switches it off. */
static bool set_time(uint32_t *seconds, const char *word, uint32_t unit_s, char *error)
{
    uint32_t number;

    if (!take_number(word, MINUTES_MAX * 60 / unit_s, &number))
        return refuse(error,
                      unit_s == 1 ? "notify: \"%.100s\" is not a number of seconds up to a week"
                                  : "notify: \"%.100s\" is not a number of minutes up to a week",
                      word);
    *seconds = number * unit_s;
    return true;
}

static enum counter counter_of(const char *name)
{
    static const enum counter counters[] = {
#define COUNTER(number, identifier, name, unit, rrd, meaning) COUNTER_##identifier,
#include "../parser/counters.def"
#undef COUNTER
    };

    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++)
        if (strcasecmp(name, counter_name(counters[i])) == 0)
            return counters[i];
    return COUNTER_NONE;
}

/* The spans of the recent table. */
static bool take_span(const char *word, uint16_t *span_s)
{
    static const uint16_t minutes[] = { 1, 5, 15, 60 };
    uint32_t number;

    for (size_t i = 0; take_number(word, 60, &number) && i < sizeof minutes / sizeof minutes[0]; i++)
        if (number == minutes[i]) {
            *span_s = (uint16_t)(number * 60);
            return true;
        }
    return false;
}

static bool add_rate(struct config_notify *notify, char *const *words, size_t n, char *error)
{
    struct config_rate rate = { .span_s = 900 };

    if (n < 3 || n > 4)
        return refuse(error, "%s", usage);
    rate.counter = counter_of(words[0]);
    if (rate.counter == COUNTER_NONE)
        return refuse(error, "notify rate: no counter is called \"%.100s\" (mailtally count lists them)", words[0]);
    if (!take_number(words[1], UINT32_MAX, &rate.high))
        return refuse(error, "notify rate: \"%.100s\" is not a number of events", words[1]);
    if (!take_number(words[2], UINT32_MAX, &rate.normal))
        return refuse(error, "notify rate: \"%.100s\" is not a number of events", words[2]);
    if (rate.normal > rate.high)
        return refuse(error, "notify rate: \"%.100s\" events are normal, but more than the number that is high",
                      words[2]);
    if (n == 4 && !take_span(words[3], &rate.span_s))
        return refuse(error, "notify rate: \"%.100s\" is not 1, 5, 15 or 60 minutes", words[3]);
    if (notify->rates_n == NOTIFY_RATES_MAX)
        return refuse(error, "%s", "notify rate: there are too many of them");
    notify->rates[notify->rates_n++] = rate;
    return true;
}

bool config_add_notify(struct config *config, char *const *words, size_t n, char *error)
{
    struct config_notify *notify = &config->notify;

    if (n >= 2 && strcasecmp(words[0], "rate") == 0)
        return add_rate(notify, words + 1, n - 1, error);
    if (n == 2 && strcasecmp(words[0], "source") == 0)
        return set_time(&notify->source_s, words[1], 1, error);
    if (n == 2 && strcasecmp(words[0], "silent") == 0)
        return set_time(&notify->silent_s, words[1], 60, error);
    if (n == 2 && strcasecmp(words[0], "hostSilent") == 0)
        return set_time(&notify->host_silent_s, words[1], 60, error);
    return refuse(error, "%s", usage);
}
