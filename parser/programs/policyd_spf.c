/* SPF: policy daemons and milters.
 *
 *   service            line                                                          becomes
 *   policyd-spf        [QID: ]550 5.7.23 Message rejected due to: SPF fail ..        spfFailed
 *   (python)           [QID: ]prepend Received-SPF: Fail ..                          spfFailed
 *                      [QID: ]Header field not prepended: Received-SPF: Fail ..      spfFailed
 *                      Fail; identity=.., spfcheck: pyspf result: ..                 nothing: said again above
 *   pyspf-milter       5.7.23 Message rejected due to: .., Received-SPF: Fail ..     spfFailed
 *   policy-spf (perl)  [: ]Policy action=550 ..                                      spfFailed
 *                      SPF fail (..): Envelope-from: .., PREPEND ..                  nothing: said again above
 *   smf-spf            SPF fail: ..                                                  spfFailed
 *   all                softfail, neutral, none, permerror, temperror                 nothing
 *
 * The refusal itself is the MTA's line. A policy daemon is asked for each recipient: a message that was refused at
 * three of them has three lines, which no id ties together.
 *
 * Source of the formats: spf-engine's policyd_spf.py, milter_spf.py and __init__.py; postfix-policyd-spf-perl.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"
#include "../fields.h"

/* `4XyZ12345: `, which the python daemon writes where it is told to. */
static void skip_queue_id(struct span *s, struct span *id)
{
    struct span rest = *s, word;

    if (!span_take_until(&rest, ':', &word) || !span_take_char(&rest, ' '))
        return;
    for (size_t i = 0; i < word.n; i++)
        if (!is_alnum(word.p[i]))
            return;
    *id = word;
    *s = rest;
}

/* `Received-SPF: Fail (mailfrom) ..` */
static bool is_fail_header(struct span s)
{
    return span_take_literal(&s, "Received-SPF: ") &&
           (span_has_prefix(s, "Fail ") || span_has_prefix(s, "fail ") || span_has_prefix(s, "Fail;"));
}

/* What pyspf says of results that a strict site refuses too. */
static const struct span not_fails[] = {
    SPAN("domain owner discourages use of this host"),
    SPAN("access neither permitted nor denied"),
    SPAN("no SPF record"),
    SPAN("Receiver policy for SPF Softfail"),
    SPAN("Receiver policy for SPF Neutral"),
    SPAN("Receiver policy for SPF None"),
};

/* `550 5.7.23 Message rejected due to: SPF fail - not authorized.`; 5.7.24 is an error of the check. The domain's owner
 * may have words of his own for a fail (`exp=`), not for the other results. */
static bool is_fail_refusal(struct span s)
{
    struct span enhanced = { s.p, 0 };
    uint16_t code = 0;

    if (!fields_take_codes(&s, &code, &enhanced) || (code ? code != 550 : !span_is(enhanced, "5.7.23")) ||
        span_is(enhanced, "5.7.24"))
        return false;
    for (size_t i = 0; i < sizeof not_fails / sizeof not_fails[0]; i++)
        if (span_contains(s, not_fails[i]))
            return false;
    return true;
}

static bool policyd_spf(const struct line *line, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);
    struct span rest = line->header.message;

    skip_queue_id(&rest, &e.queue_id);
    e.counter = COUNTER_SPF_FAILED;
    if (!span_take_literal(&rest, "prepend "))
        span_take_literal(&rest, "Header field not prepended: ");
    if (is_fail_header(rest) || is_fail_refusal(rest))
        events_put(events, &e);
    return true;
}

/* Before 2.008 there was an empty name before the message. */
static bool policy_spf(const struct line *line, struct events *events)
{
    struct span rest = line->header.message;

    span_take_literal(&rest, ": ");
    if (span_has_prefix(rest, "Policy action=550 "))
        return put_count(line, events, COUNTER_SPF_FAILED, NO_DETAIL);
    return true;
}

static bool smf_spf(const struct line *line, struct events *events)
{
    if (span_has_prefix(line->header.message, "SPF fail: "))
        return put_count(line, events, COUNTER_SPF_FAILED, NO_DETAIL);
    return true;
}

static const struct service services[] = {
    { SPAN("policyd-spf"), policyd_spf },
    { SPAN("pyspf-milter"), policyd_spf },
    { SPAN("policy-spf"), policy_spf },
    { SPAN("smf-spf"), smf_spf },
};

const struct recogniser recogniser_policyd_spf = { .name = "policyd-spf", .any_instance = true, SERVICES(services) };
