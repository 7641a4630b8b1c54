/* Points in time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "when.h"

#include <string.h>
#include <time.h>

#include "../parser/span.h"

/* Exactly `digits` digits. */
static bool take_digits(struct span *s, size_t digits, int *value)
{
    int v = 0;

    if (s->n < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (!is_digit(s->p[i]))
            return false;
        v = v * 10 + (s->p[i] - '0');
    }
    *value = v;
    *s = span_skip(*s, digits);
    return true;
}

/* mktime and timegm make 2 March of 30 February; what comes back must be what went in. */
static bool to_time(struct tm wanted, bool is_utc, int64_t *time)
{
    struct tm made = wanted;
    time_t t;

    made.tm_isdst = -1;
    t = is_utc ? timegm(&made) : mktime(&made);
    if (made.tm_mday != wanted.tm_mday || made.tm_mon != wanted.tm_mon || made.tm_year != wanted.tm_year)
        return false;
    *time = t;
    return true;
}

/* Z, +01:00, +0100, +01, or nothing: local time. */
static bool take_zone(struct span *s, bool *is_given, int *east_s)
{
    int sign, hours = 0, minutes = 0;

    *is_given = s->n > 0;
    *east_s = 0;
    if (s->n == 0 || span_take_char(s, 'Z') || span_take_char(s, 'z'))
        return true;
    sign = span_take_char(s, '-') ? -1 : span_take_char(s, '+') ? 1 : 0;
    if (!sign || !take_digits(s, 2, &hours))
        return false;
    if (s->n && (span_take_char(s, ':'), !take_digits(s, 2, &minutes)))
        return false;
    *east_s = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

static bool take_clock(struct span *s, struct tm *tm)
{
    if (!take_digits(s, 2, &tm->tm_hour) || !span_take_char(s, ':') || !take_digits(s, 2, &tm->tm_min))
        return false;
    if (span_take_char(s, ':') && !take_digits(s, 2, &tm->tm_sec))
        return false;
    if (span_take_char(s, '.') || span_take_char(s, ','))
        while (s->n && is_digit(s->p[0]))
            *s = span_skip(*s, 1);
    return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

static bool parse_date(struct span s, int64_t *time)
{
    struct tm tm = { 0 };
    int year, month, east_s = 0;
    bool has_zone = false;

    if (!take_digits(&s, 4, &year) || !span_take_char(&s, '-') || !take_digits(&s, 2, &month) ||
        !span_take_char(&s, '-') || !take_digits(&s, 2, &tm.tm_mday))
        return false;
    if (s.n && !((span_take_char(&s, 'T') || span_take_char(&s, ' ')) && take_clock(&s, &tm) &&
                 take_zone(&s, &has_zone, &east_s)))
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    if (s.n || !to_time(tm, has_zone, time))
        return false;
    *time -= east_s;
    return true;
}

static bool parse_ago(struct span s, int64_t now, int64_t *time)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
    uint64_t n;

    if (!span_take_number(&s, &n) || s.n != 1 || n > 1000000)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (units[i].letter == s.p[0]) {
            *time = now - (int64_t)n * units[i].seconds;
            return true;
        }
    return false;
}

static bool parse_word(struct span s, int64_t now, int64_t *time)
{
    time_t t = (time_t)now;
    struct tm day;

    if (span_is(s, "now")) {
        *time = now;
        return true;
    }
    if (!span_is(s, "today") && !span_is(s, "yesterday"))
        return false;
    localtime_r(&t, &day);
    /* Not 86400 seconds: a day on which the clocks change has 23 or 25 hours. */
    day.tm_mday -= span_is(s, "yesterday");
    day.tm_hour = day.tm_min = day.tm_sec = 0;
    day.tm_isdst = -1;
    *time = mktime(&day);
    return true;
}

bool when_parse(const char *text, int64_t now, int64_t *time)
{
    struct span s = span_of(text), epoch = s;
    uint64_t seconds;

    if (span_take_char(&epoch, '@')) {
        if (!span_take_number(&epoch, &seconds) || epoch.n)
            return false;
        *time = (int64_t)seconds;
        return true;
    }
    return parse_word(s, now, time) || parse_ago(s, now, time) || parse_date(s, time);
}
