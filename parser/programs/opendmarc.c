/* OpenDMARC.
 *
 *   line                                       becomes
 *   QID: DOMAIN fail                           dmarcFailed
 *   QID: DOMAIN pass|none|permerror|temperror  nothing
 *   QID: SPF(mailfrom): .., ignoring ..        nothing
 *
 * The whole line is these three words: the domain of From, which a sender chooses, holds no blank. Once for a queue id.
 *
 * Source of the format: opendmarc/opendmarc.c, mlfi_eom().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"

static bool opendmarc(const struct line *line, struct events *events)
{
    struct span text = line->header.message, rest = text, id, domain;

    if (!span_take_until(&rest, ':', &id) || !span_take_char(&rest, ' ') || !span_take_until(&rest, ' ', &domain) ||
        domain.n == 0 || !span_is(rest, "fail") || span_mentions(domain, "):"))
        return true;
    for (size_t i = 0; i < id.n; i++)
        if (!is_alnum(id.p[i]))
            return put_count(line, events, COUNTER_DMARC_FAILED, domain);
    return put_verdict(line, events, text, COUNTER_DMARC_FAILED, id, domain);
}

static const struct service services[] = {
    { SPAN("opendmarc"), opendmarc },
};

const struct recogniser recogniser_opendmarc = { .name = "opendmarc", .any_instance = true, SERVICES(services) };
