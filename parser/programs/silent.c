/* Policy daemons and milters that people run beside their MTA and whose lines count nothing: they are known, so that
 * `events --unrecognised` does not list them.
 *
 *   service                     why nothing
 *   policyd-weight              weighted check: .. decided action=550 ..: the MTA's refusal counts
 *   postfwd, postfwd1, postfwd2 [RULES] rule=.., action=REJECT ..: likewise
 *     and postfwd2/policy
 *   cbpolicyd                   likewise
 *   spamass-milter              asks spamd, whose line has the verdict
 *   smf-sav                     verifies senders: the MTA's refusal counts
 *
 * Source: policyd-weight, postfwd1, postfwd2 (syslog names), spamass-milter.cpp of their distributions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"

static bool known(const struct line *line, struct events *events)
{
    (void)line;
    (void)events;
    return true;
}

static const struct service weight_services[] = {
    { SPAN("policyd-weight"), known },
};
static const struct service postfwd_services[] = {
    { SPAN("postfwd"), known },
    { SPAN("postfwd1"), known },
    { SPAN("postfwd2"), known },
    { SPAN("policy"), known }, /* postfwd2/policy, the child that answers */
};
static const struct service milter_services[] = {
    { SPAN("spamass-milter"), known },
    { SPAN("smf-sav"), known },
    { SPAN("cbpolicyd"), known },
};

const struct recogniser recogniser_policyd_weight = { .name = "policyd-weight",
                                                      .any_instance = true,
                                                      SERVICES(weight_services) };
const struct recogniser recogniser_postfwd = { .name = "postfwd", .any_instance = true, SERVICES(postfwd_services) };
const struct recogniser recogniser_silent = { .name = "silent", .any_instance = true, SERVICES(milter_services) };
