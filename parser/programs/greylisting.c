/* Greylisting daemons (postgrey has a file of its own).
 *
 *   service          line                                                   becomes
 *   sqlgrey          grey: reconnect ok: IP(CLIENT), FROM -> TO (DELAY)     greylistPassed
 *                    grey: new:, early reconnect:, throttling: ..           nothing: the MTA's refusal counts
 *   gld              Greylist activated for recipient=<..> ..               nothing, likewise
 *   grossd           a=greylist|match|trust|block d=.. ..                   nothing: `match` does not tell whether the
 *                                                                           client was ever delayed
 *   milter-greylist  QID: addr .. from .. to .. delayed for ..              nothing, likewise
 *                    QID: .. autowhitelisted for another ..                 nothing: said again of each later message
 *   greylistd        (Exim's daemon) only its own troubles                  nothing
 *
 * Source of the formats: sqlgrey's smtpd_access_policy() and get_reconnect_delay(); gld's cnf.c; grossd's
 * postfix_policy.c; milter-greylist's pending.c, autowhite.c; greylistd.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"
#include "../fields.h"

/* What the database made of the delay: `00:05:12`, `838:59:59`, `2 days 00:05:12.25`, or seconds. -1: none of these. */
static int64_t delay_ms_of(struct span s)
{
    uint64_t days = 0, hours, minutes;
    struct span rest = s, word;
    int64_t seconds_ms;

    if (span_take_number(&rest, &days) && (span_take_literal(&rest, " days ") || span_take_literal(&rest, " day ")))
        s = rest;
    else
        days = 0;
    if (!span_take_number(&s, &hours))
        return -1;
    if (!span_take_char(&s, ':'))
        return s.n == 0 && days == 0 ? (int64_t)(hours < 4000000000u ? hours * 1000 : 0) : -1;
    if (!span_take_number(&s, &minutes) || !span_take_char(&s, ':') || hours > 10000 || minutes > 59 || days > 10000)
        return -1;
    word = s;
    seconds_ms = fields_seconds_ms(word);
    return seconds_ms < 0 ? -1 : (int64_t)(days * 86400 + hours * 3600 + minutes * 60) * 1000 + seconds_ms;
}

/* The delay stands in the last brackets; addresses before it may hold brackets too. */
static bool sqlgrey(const struct line *line, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);
    struct span rest = line->header.message;
    size_t open;

    if (!span_take_literal(&rest, "grey: reconnect ok: ") || rest.n == 0 || rest.p[rest.n - 1] != ')')
        return true;
    for (open = rest.n - 1; open && rest.p[open] != '(';)
        open--;
    e.counter = COUNTER_GREYLIST_PASSED;
    e.delay_ms = delay_ms_of(span_from(rest.p + open + 1, rest.p + rest.n - 1));
    events_put(events, &e);
    return true;
}

static bool says_nothing(const struct line *line, struct events *events)
{
    (void)line;
    (void)events;
    return true;
}

static const struct service services[] = {
    { SPAN("sqlgrey"), sqlgrey },        { SPAN("gld"), says_nothing },
    { SPAN("grossd"), says_nothing },    { SPAN("milter-greylist"), says_nothing },
    { SPAN("greylistd"), says_nothing },
};

const struct recogniser recogniser_greylisting = { .name = "greylisting", .any_instance = true, SERVICES(services) };
