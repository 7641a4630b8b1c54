/* SpamAssassin's daemon and the proxies around it.
 *
 *   service               line                                             becomes
 *   spamd                 [spamd: ]identified spam (score/limit) ..        spam; its `result: Y` line adds nothing
 *   spampd                identified spam <id> (score/limit) ..            spam; (unknown) where there is no id
 *   spamproxyd            SPAM .., identified spam ..                      spam
 *
 * Source of the formats: spamd.raw, spampd of their distributions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../recogniser.h"

static void put_spam(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);
    struct span before, score;

    e.counter = COUNTER_SPAM;
    if (rest.n && rest.p[0] == '<') /* the Message-ID, of spampd */
        span_take_bracketed(&rest, &before);
    else
        span_take_literal(&rest, "(unknown) ");
    if (span_take_until(&rest, '(', &before) && span_take_until(&rest, ')', &score))
        e.detail = score;
    events_put(events, &e);
}

static bool spamd(const struct line *line, struct events *events)
{
    struct span rest = line->header.message;

    span_take_literal(&rest, "spamd: ");
    if (span_take_literal(&rest, "identified spam "))
        put_spam(line, rest, events);
    return true;
}

static bool spamproxyd(const struct line *line, struct events *events)
{
    struct span rest = span_trim(line->header.message);

    if (span_take_literal(&rest, "identified spam ") || span_has_prefix(rest, "SPAM"))
        put_spam(line, rest, events);
    return true;
}

static const struct service services[] = {
    { SPAN("spamd"), spamd },
    { SPAN("spampd"), spamd },
    { SPAN("spamproxyd"), spamproxyd },
};

const struct recogniser recogniser_spamassassin = { .name = "spamassassin", SERVICES(services) };
