/* Postfix's list of its queues.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "showq.h"

#include <string.h>

#define PROTOCOL "mail_queue_list_protocol"

enum { OTHER, QUEUE_NAME, TIME, SIZE, PROTOCOL_NAME };

static const struct {
    const char *name;
    uint8_t attribute;
} attributes[] = {
    { "queue_name", QUEUE_NAME },
    { "time", TIME },
    { "size", SIZE },
    { "protocol", PROTOCOL_NAME },
};

static const char *const queue_names[QUEUES] = {
    [QUEUE_MAILDROP] = "maildrop", [QUEUE_HOLD] = "hold",         [QUEUE_INCOMING] = "incoming",
    [QUEUE_ACTIVE] = "active",     [QUEUE_DEFERRED] = "deferred",
};

#define BIT(attribute) ((uint8_t)(1u << (attribute)))

void showq_begin(struct showq *s)
{
    *s = (struct showq){ .first = true };
    for (int i = 0; i < QUEUES; i++)
        s->counts[i].oldest = INT64_MAX;
}

static bool refuse(struct showq *s, const char *why)
{
    s->wrong = why;
    return false;
}

/* The token that has ended is this. A longer one was not kept whole. */
static bool token_is(const struct showq *s, const char *text)
{
    return s->token_n == strlen(text) && memcmp(s->token, text, s->token_n) == 0;
}

static bool token_number(const struct showq *s, uint64_t *number)
{
    const size_t digits_most = 18;

    if (s->token_n == 0 || s->token_n > digits_most)
        return false;
    *number = 0;
    for (size_t i = 0; i < s->token_n; i++) {
        if (s->token[i] < '0' || s->token[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(s->token[i] - '0');
    }
    return true;
}

static void count_message(struct showq *s)
{
    struct queue_counts *counts = &s->counts[s->queue];

    counts->messages++;
    counts->octets += s->size < UINT64_MAX - counts->octets ? s->size : UINT64_MAX - counts->octets;
    if ((int64_t)s->time < counts->oldest)
        counts->oldest = (int64_t)s->time;
}

static bool end_list(struct showq *s)
{
    const uint8_t message = BIT(QUEUE_NAME) | BIT(TIME) | BIT(SIZE);

    if (s->seen == 0)
        s->ended = true;
    else if ((s->seen & message) == message && !(s->seen & BIT(PROTOCOL_NAME))) {
        if (s->queue < QUEUES)
            count_message(s);
    } else if (s->seen != BIT(PROTOCOL_NAME) || !s->first)
        return refuse(s, "a message is there without queue, time or size");
    s->first = false;
    s->seen = 0;
    return true;
}

static bool take_name(struct showq *s)
{
    if (s->token_n == 0)
        return end_list(s);
    s->attribute = OTHER;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (token_is(s, attributes[i].name))
            s->attribute = attributes[i].attribute;
    if (s->attribute != OTHER && s->seen & BIT(s->attribute))
        return refuse(s, "a message has two queues, times or sizes");
    s->seen |= BIT(s->attribute);
    s->in_value = true;
    return true;
}

static bool take_value(struct showq *s)
{
    s->in_value = false;
    switch (s->attribute) {
    case QUEUE_NAME:
        for (s->queue = 0; s->queue < QUEUES && !token_is(s, queue_names[s->queue]);)
            s->queue++;
        return true;
    case TIME:
        return token_number(s, &s->time) || refuse(s, "a message's time is no number");
    case SIZE:
        return token_number(s, &s->size) || refuse(s, "a message's size is no number");
    case PROTOCOL_NAME:
        return token_is(s, PROTOCOL) || refuse(s, "it speaks a protocol that is not known here");
    default:
        return true;
    }
}

/* Before 3.1: "-Queue ID-  --Size-- ..." or "Mail queue is empty". */
static bool is_for_people(const struct showq *s, char octet)
{
    return s->first && s->token_n == 0 && !s->in_value && s->seen == 0 && (octet == '-' || octet == 'M');
}

/* Looked at as it comes: whoever else answers need not write a NUL. */
static bool may_be_name(const struct showq *s, const char *octets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((octets[i] < 'a' || octets[i] > 'z') && octets[i] != '_')
            return false;
    return s->token_n + n <= SHOWQ_TOKEN_OCTETS;
}

bool showq_take(struct showq *s, const char *octets, size_t n)
{
    const char *end = octets + n;

    if (s->wrong)
        return false;
    if (n && is_for_people(s, *octets))
        return refuse(s, "this Postfix is older than 3.1 and writes a table that is meant for people");
    while (octets < end) {
        const char *nul = memchr(octets, '\0', (size_t)(end - octets));
        size_t more = (size_t)((nul ? nul : end) - octets);

        if (s->ended)
            return refuse(s, "it goes on behind its end");
        if (!s->in_value && !may_be_name(s, octets, more))
            return refuse(s, "it is not Postfix's list of attributes");
        if (s->token_n < SHOWQ_TOKEN_OCTETS)
            memcpy(s->token + s->token_n, octets,
                   more < SHOWQ_TOKEN_OCTETS - s->token_n ? more : SHOWQ_TOKEN_OCTETS - s->token_n);
        s->token_n += more;
        octets += more + (nul ? 1 : 0);
        if (!nul)
            return true;
        if (!(s->in_value ? take_value(s) : take_name(s)))
            return false;
        s->token_n = 0;
    }
    return true;
}
