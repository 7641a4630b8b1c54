/* Postfix behind RFC 5424: rsyslog ends the APP-NAME at the slash, so that `postfix/smtpd` is `postfix` (unless
 * parser.permitSlashInProgramname is on). Which service wrote a line is told from the message's shape:
 *
 *   client=; connect from, disconnect from, lost connection after, timeout after     smtpd
 *   CONNECT, DISCONNECT, PASS ..                                                     postscreen
 *   NOQUEUE: .. from [address]:port                                                  postscreen; else smtpd
 *   uid=                                                                             pickup
 *   message-id=, actions on headers and bodies, milter actions                       cleanup
 *   from=                                                                            qmgr
 *   removed, placed on hold, released from hold                                      postsuper
 *   to=, relay=local | virtual | none | host[/socket] | host[address]:port | other   local, virtual, error, lmtp, smtp,
 * pipe
 *
 * `removed` may be qmgr's as well, but qmgr removes only what it queued: of what it did not, postsuper's is right.
 * One shape is not certain: LMTP over TCP looks like SMTP and counts as sent.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "postfix.h"

#include "../fields.h"

/* Where a delivery went tells who carried it. */
static recognise_fn *delivery_service(struct span rest)
{
    struct span key, value, relay = { rest.p, 0 };
    bool sent = false;

    while (!span_has_prefix(rest, "status=") && fields_next(&rest, ',', &key, &value))
        if (span_is(key, "relay"))
            relay = value;
    sent = span_has_prefix(rest, "status=sent");
    if (span_is(relay, "local") || span_is(relay, "virtual"))
        return postfix_local;
    if (span_is(relay, "none")) /* only discard says `sent` without a relay */
        return sent ? postfix_discard : postfix_local;
    if (!span_chr(relay, '['))
        return postfix_pipe;
    return span_chr(relay, '/') ? postfix_lmtp : postfix_smtp;
}

static recognise_fn *message_service(struct span rest)
{
    if (span_has_prefix(rest, "to="))
        return delivery_service(rest);
    if (span_has_prefix(rest, "client="))
        return postfix_smtpd;
    if (span_has_prefix(rest, "uid="))
        return postfix_pickup;
    if (span_has_prefix(rest, "from="))
        return postfix_qmgr;
    if (span_is(rest, "removed") || span_is(rest, "placed on hold") || span_is(rest, "released from hold"))
        return postfix_postsuper;
    if (span_has_prefix(rest, "message-id=") || span_has_prefix(rest, "resent-message-id="))
        return postfix_cleanup;
    if (span_has_prefix(rest, "host ") || span_has_prefix(rest, "lost connection with ") ||
        span_has_prefix(rest, "conversation with ") || span_mentions(rest, "notification: "))
        return postfix_silent;
    return postfix_cleanup;
}

/* `NOQUEUE: reject: RCPT from [192.0.2.1]:4711: ..`: postscreen knows no names. */
static recognise_fn *access_service(struct span rest)
{
    size_t from = span_find(rest, SPAN(" from "));

    return from < rest.n && span_has_prefix(span_skip(rest, from), " from [") ? postfix_postscreen : postfix_smtpd;
}

static recognise_fn *session_service(struct span rest)
{
    static const struct {
        struct span prefix;
        recognise_fn *service;
    } sessions[] = {
        { SPAN("connect from "), postfix_smtpd },
        { SPAN("disconnect from "), postfix_smtpd },
        { SPAN("lost connection after "), postfix_smtpd },
        { SPAN("timeout after "), postfix_smtpd },
        { SPAN("too many errors after "), postfix_smtpd },
        { SPAN("improper command pipelining "), postfix_smtpd },
        { SPAN("reject: connect from ["), postfix_postscreen },
        { SPAN("reject: "), postfix_smtpd },
        { SPAN("reject_warning: "), postfix_smtpd },
        { SPAN("proxy-accept: "), postfix_smtpd },
        { SPAN("proxy-reject: "), postfix_smtpd },
        { SPAN("warning: "), postfix_smtpd },
        { SPAN("connect to "), postfix_silent },
        { SPAN("statistics: "), postfix_silent },
        { SPAN("CONNECT from "), postfix_postscreen },
        { SPAN("DISCONNECT "), postfix_postscreen },
    };

    for (size_t i = 0; i < sizeof sessions / sizeof sessions[0]; i++)
        if (span_starts(rest, sessions[i].prefix))
            return sessions[i].service;
    if (postfix_is_tls_line(rest, SPAN("TLS connection established to ")))
        return postfix_smtp;
    if (postfix_is_tls_line(rest, SPAN("TLS connection established from [")))
        return postfix_silent; /* tlsproxy: it has no names either */
    if (postfix_is_tls_line(rest, SPAN("TLS connection established from ")))
        return postfix_smtpd;
    return postfix_silent; /* postscreen's tests, caches, statistics */
}

static bool postfix_short(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, id;
    recognise_fn *service;

    if (span_take_literal(&rest, "NOQUEUE: "))
        service = access_service(rest);
    else if (postfix_take_queue_id(line, &rest, &id))
        service = message_service(rest);
    else
        service = session_service(rest);
    /* What the delivery agents say of a message before its delivery's own line has no shape of its own. */
    return service(line, events) || service == postfix_cleanup;
}

static const struct service services[] = {
    { SPAN("postfix"), postfix_short },
};

/* Names of further instances begin with `postfix-`, says postmulti(1). */
const struct recogniser recogniser_postfix_short = {
    .name = "postfix",
    SERVICES(services),
    .family = { "postfix-", 8 },
};
