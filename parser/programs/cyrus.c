/* Cyrus: deliveries by its LMTP server, and the SASL daemon of MTAs that use it.
 *
 *   service     line                                                          becomes
 *   lmtpunix,   Delivered: <id> to mailbox: user.bob                          delivered, where no MTA says so
 *   lmtpd       dupelim: eliminated duplicate .., badlogin: .. and others     nothing
 *   saslauthd   do_auth : auth failure: [user=..] [service=smtp] [realm=..]   authFailed, where no MTA says so
 *               the same with service=imap, pop, sieve, ..                    nothing
 *
 * "Where no MTA says so": tally.h. User and realm are the client's: a line that names two services counts nothing.
 *
 * Source of the formats: Cyrus IMAP imap/lmtpd.c, deliver_mailbox(); Cyrus SASL saslauthd/saslauthd-main.c, do_auth().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"
#include "../tally.h"

/* Cyrus delivers an id to a mailbox once, so equal lines are one delivery. */
static bool lmtpd(const struct line *line, struct events *events)
{
    struct span text = line->header.message;

    if (!span_has_prefix(text, "Delivered: ") || tally_has_mta(line->tally))
        return true;
    return put_verdict(line, events, text, COUNTER_DELIVERED, NO_DETAIL, NO_DETAIL);
}

static const struct span smtp_services[] = { SPAN("smtp"), SPAN("smtps"), SPAN("submission"), SPAN("smtpd") };

static bool is_smtp(struct span service)
{
    for (size_t i = 0; i < sizeof smtp_services / sizeof smtp_services[0]; i++)
        if (span_eq(service, smtp_services[i]))
            return true;
    return false;
}

/* The function's name stands first, `%-16s: `; some builds write `:do_auth`, or leave it out. */
#define FUNCTION_OCTETS 17

static bool saslauthd(const struct line *line, struct events *events)
{
    static const struct span service_is = SPAN("] [service=");
    struct span rest = line->header.message, service;
    size_t at;

    at = span_find(rest, SPAN(": auth failure: [user="));
    if (at > FUNCTION_OCTETS || at == rest.n)
        return true;
    rest = span_skip(rest, at);
    at = span_find(rest, service_is);
    if (at == rest.n)
        return true;
    rest = span_skip(rest, at + service_is.n);
    if (span_find(rest, service_is) < rest.n || !span_take_until(&rest, ']', &service) || !is_smtp(service) ||
        tally_has_mta(line->tally))
        return true;
    return put_count(line, events, COUNTER_AUTH_FAILED, NO_DETAIL);
}

static const struct service lmtp_services[] = {
    { SPAN("lmtpunix"), lmtpd },
    { SPAN("lmtpd"), lmtpd },
};
static const struct service sasl_services[] = {
    { SPAN("saslauthd"), saslauthd },
};

const struct recogniser recogniser_cyrus = {
    .name = "cyrus", .any_instance = true, SERVICES(lmtp_services), .asks_host = true
};
const struct recogniser recogniser_saslauthd = { .name = "saslauthd", SERVICES(sasl_services), .asks_host = true };
