/* OpenDKIM, and dkim-filter before it.
 *
 *   line                                            becomes
 *   QID: bad signature data                         dkimFailed
 *   QID: s=.. d=.. a=.. SSL error:..                nothing: the cause of the line above, for each signature
 *   QID: key retrieval failed .., key revoked ..    nothing: an error (permerror, temperror), not a verdict `fail`
 *   QID: no signature data, DKIM verification ..    nothing
 *   QID: DKIM-Signature field added ..              nothing
 *
 * Once for a queue id. `bad signature data` is the end of the line; what a sender chose stands in other lines.
 *
 * Source of the format: opendkim/opendkim.c, dkimf_libstatus() and mlfi_eom().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"

static bool opendkim(const struct line *line, struct events *events)
{
    struct span text = line->header.message, rest = text, id;

    if (!span_take_until(&rest, ':', &id) || !span_is(rest, " bad signature data"))
        return true;
    for (size_t i = 0; i < id.n; i++) /* `(unknown-jobid)` says nothing of which message it is */
        if (!is_alnum(id.p[i]))
            return put_count(line, events, COUNTER_DKIM_FAILED, NO_DETAIL);
    return put_verdict(line, events, text, COUNTER_DKIM_FAILED, id, NO_DETAIL);
}

static const struct service services[] = {
    { SPAN("opendkim"), opendkim },
    { SPAN("dkim-filter"), opendkim },
};

const struct recogniser recogniser_opendkim = { .name = "opendkim", .any_instance = true, SERVICES(services) };
