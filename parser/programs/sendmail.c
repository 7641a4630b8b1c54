/* Sendmail: reception and the lines of a message's life. Deliveries: sendmail_delivery.c; what it refuses:
 * sendmail_refusals.c.
 *
 *   line (behind `QID: `)                                     becomes
 *   from=, size=, class=, nrcpts=1.., msgid=, .., relay=      opened; names the message
 *   from=, .., nrcpts=0                                       nothing: it came to nothing
 *   to=a,b, .., mailer=, .., stat=Sent (..)                   sent (SMTP mailers) or delivered, for each recipient;
 *                                                             the first one of a message is its reception
 *   .. stat=Deferred: ..                                      deferred, likewise
 *   .. dsn=5.x.x, stat=User unknown and the like              bounced, for each recipient
 *   .. stat=queued; stat=quarantined                          reception; held
 *   to= without mailer=                                       nothing: follows a refusal; discarded, once for an id,
 *                                                             where stat=discarded (LogLevel above 9)
 *   B: DSN: Cannot send message for 5 days                    expired; B is the server's own; `sender notify:` and
 *                                                             `return to sender:` too
 *   B: DSN: .., B: return to sender: .., B: clone ..          nothing
 *   discarded                                                 discarded, once for an id
 *   milter=.., quarantine=..                                  held
 *   AUTH=server, .., authid=                                  authSucceeded
 *   AUTH failure (..): ..                                     authFailed
 *   HOST: possible SMTP attack: command=AUTH, count=          authFailed
 *   STARTTLS=server, .., version=; STARTTLS=client            tlsInbound; tlsOutbound
 *   NOQUEUE: connect from (LogLevel above 13)                 connections
 *   NOQUEUE: connect from user@localhost                      nothing: the submission program, started by a user
 *   lost input channel from; timeout waiting for input from   connectionsLost; nothing `during client ..`, as that is
 * of a delivery SYSERR(..): collect: relay=.., .., info=read timeout      connectionsLost: in DATA collect: premature
 * EOM: ..                                connectionsLost; `collect: .. on connection from` says the same again
 *
 * The submission program (mailer=relay over loopback, the daemon's id in the reply) counts nothing: flow_delivery.c.
 *
 * Source of the formats: Sendmail's envelope.c (logsender), deliver.c (logdelivery, giveresponse), savemail.c
 * (returntosender), collect.c, srvrsmtp.c, tls.c, daemon.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sendmail.h"

#include "../fields.h"
#include "put.h"

/* ---- pieces of lines ---- */

/* Digits and letters, by octet. */
static const bool id_octets[256] = {
    ['0' ... '9'] = true,
    ['A' ... 'Z'] = true,
    ['a' ... 'z'] = true,
};

#define ID_OCTETS     14 /* since 8.10 */
#define ID_OCTETS_MAX 24

/* `2AB3CDEF012345: `: no branch within, since nearly all that is asked about is one. */
static bool is_usual_id(struct span s)
{
    bool all = s.n >= ID_OCTETS + 2;

    if (!all || s.p[ID_OCTETS] != ':' || s.p[ID_OCTETS + 1] != ' ')
        return false;
#ifdef __SSE2__
    const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)s.p); /* of which the last two are no id's */
    const __m128i lower = _mm_or_si128(octets, _mm_set1_epi8(0x20));

    all = (span_octets_between(octets, '0', '9') | span_octets_between(lower, 'a', 'z')) == (1u << ID_OCTETS) - 1;
#else
    for (size_t i = 0; i < ID_OCTETS; i++)
        all &= id_octets[(unsigned char)s.p[i]];
#endif
    return all && is_digit(s.p[ID_OCTETS - 1]);
}

bool sendmail_take_id(struct span *s, struct span *id)
{
    size_t n = 0, limit = s->n < ID_OCTETS_MAX ? s->n : ID_OCTETS_MAX;
    bool digit = false;

    if (is_usual_id(*s)) {
        n = ID_OCTETS;
    } else {
        for (; n < limit && id_octets[(unsigned char)s->p[n]]; n++)
            digit |= is_digit(s->p[n]);
        if (n < 5 || !digit || n + 1 >= s->n || s->p[n] != ':' || s->p[n + 1] != ' ')
            return false;
    }
    *id = span_first(*s, n);
    *s = span_skip(*s, n + 2);
    return true;
}

struct span sendmail_last_field(struct span text, struct span key)
{
    size_t n = text.n;

    for (const char *comma; (comma = memrchr(text.p, ',', n)); n = (size_t)(comma - text.p)) {
        struct span found = span_from(comma, text.p + text.n);

        if (span_take(&found, key))
            return found;
    }
    return (struct span){ text.p, 0 };
}

bool sendmail_put(const struct line *line, struct events *events, enum event_kind kind, struct span id)
{
    struct event e = event_of(kind, line);

    e.queue_id = id;
    events_put(events, &e);
    return true;
}

struct span sendmail_client(struct span relay)
{
    struct span rest, client;

    while (span_take_char(&relay, ' ')) /* before an address without a name */
        ;
    rest = relay;
    return fields_take_client(&rest, &client) ? client : (struct span){ relay.p, 0 };
}

bool sendmail_take_client(struct span *s, struct span *client)
{
    struct span rest = *s, name = rest;

    for (name.n = 0; name.n < rest.n && rest.p[name.n] != ' ' && rest.p[name.n] != '[' && rest.p[name.n] != ':';)
        name.n++;
    rest = span_skip(rest, name.n);
    span_take_char(&rest, ' ');
    if (rest.n == 0 || rest.p[0] != '[' || !fields_take_client(&rest, client))
        return false;
    *client = span_from(s->p, rest.p);
    span_take_literal(&rest, " (may be forged)");
    *s = rest;
    return true;
}

/* ---- reception ---- */

/* Only fields before the Message-ID are read, which the sender chooses, and the last relay=, which stands behind it. */
static bool message_opened(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_OPENED, line);
    struct span key, value;
    uint64_t size, recipients = 0;

    e.queue_id = id;
    e.id_is_unique = true;
    while (!span_has_prefix(rest, "msgid=") && !span_has_prefix(rest, "relay=")) {
        if (sendmail_take_named(&rest, SPAN("from="), &value))
            e.from = value;
        else if (sendmail_take_named(&rest, SPAN("size="), &value))
            e.size_octets = span_take_number(&value, &size) ? (int64_t)size : e.size_octets;
        else if (sendmail_take_named(&rest, SPAN("nrcpts="), &value))
            span_take_number(&value, &recipients);
        else if (!sendmail_take_named(&rest, SPAN("class="), &value) && !sendmail_take_field(&rest, &key, &value))
            break;
    }
    if (recipients == 0)
        return true;
    e.recipients = recipients < UINT32_MAX ? (uint32_t)recipients : UINT32_MAX;
    e.client = sendmail_client(sendmail_last_field(line->header.message, SPAN(", relay=")));
    if (sendmail_take_named(&rest, SPAN("msgid="), &value) && value.n)
        e.message_id = value;
    events_put(events, &e);
    return true;
}

/* ---- other lines of a message ---- */

/* `B: DSN: text`: the server writes B about this message. */
static bool own_message(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct span own;

    if (!sendmail_take_id(&rest, &own))
        return false;
    if (span_take_literal(&rest, "DSN: ") || span_take_literal(&rest, "return to sender: ") ||
        span_take_literal(&rest, "postmaster notify: ") || span_take_literal(&rest, "sender notify: ")) {
        if (sendmail_is_expiry(rest))
            sendmail_put(line, events, EVENT_EXPIRED, id);
        return true;
    }
    return span_has_prefix(rest, "return receipt") || span_has_prefix(rest, "clone");
}

static bool put_client_count(const struct line *line, struct events *events, enum counter counter, struct span id,
                             struct span client, struct span detail)
{
    struct event e = event_of(EVENT_COUNT, line);

    e.counter = counter;
    e.queue_id = id;
    e.client = client;
    e.detail = detail;
    events_put(events, &e);
    return true;
}

/* AUTH and STARTTLS. In `AUTH failure` the user's name stands before the relay. */
static bool session_security(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct span none = { rest.p, 0 }, mechanism = none;

    if (span_take_literal(&rest, "AUTH failure (")) {
        span_take_until(&rest, ')', &mechanism);
        return put_client_count(line, events, COUNTER_AUTH_FAILED, id,
                                sendmail_client(sendmail_last_field(rest, SPAN(", relay="))), mechanism);
    }
    if (span_take_literal(&rest, "AUTH=server, relay=") && span_mentions(rest, ", authid="))
        return put_client_count(line, events, COUNTER_AUTH_SUCCEEDED, id, sendmail_client(rest), none);
    if (span_take_literal(&rest, "STARTTLS=server, relay=") && span_mentions(rest, ", version="))
        return put_client_count(line, events, COUNTER_TLS_INBOUND, id, sendmail_client(rest), none);
    if (span_take_literal(&rest, "STARTTLS=client, relay=") && span_mentions(rest, ", version="))
        return put_count(line, events, COUNTER_TLS_OUTBOUND, none);
    return true; /* what a certificate says, and errors */
}

/* Lines about the client's connection. */
static bool connection(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct span none = { rest.p, 0 }, client;

    if (span_take_literal(&rest, "lost input channel from ") ||
        span_take_literal(&rest, "timeout waiting for input from "))
        return span_mentions(rest, " during client ") || /* of a delivery */
               put_client_count(line, events, COUNTER_CONNECTIONS_LOST, id, sendmail_client(rest), none);
    if (span_has_prefix(rest, "collect: premature EOM: "))
        return put_client_count(line, events, COUNTER_CONNECTIONS_LOST, id, none, none);
    if (span_has_prefix(rest, "SYSERR(") && span_mentions(rest, "): collect: relay=") &&
        span_ends(rest, SPAN(", info=read timeout")))
        return put_client_count(line, events, COUNTER_CONNECTIONS_LOST, id, none, none);
    if (span_take_literal(&rest, "connect from ")) {
        client = sendmail_client(rest); /* none: `root@localhost`, a local user of the submission program */
        return client.n == 0 || put_client_count(line, events, COUNTER_CONNECTIONS, none, client, none);
    }
    if (span_has_prefix(rest, "collect: "))
        return true;
    if (!sendmail_take_client(&rest, &client))
        return false;
    if (span_has_prefix(rest, ": possible SMTP attack: command=AUTH, count="))
        return put_client_count(line, events, COUNTER_AUTH_FAILED, id, client, none);
    return span_has_prefix(rest, ": ") || span_has_prefix(rest, " did not issue MAIL/EXPN/VRFY/ETRN during ");
}

/* Of which nothing counts. */
static bool is_silent(struct span rest)
{
    static const struct span prefixes[] = {
        SPAN("Milter"),    SPAN("milter"),    SPAN("done; "),   SPAN("alias"),          SPAN("forward "),
        SPAN("clone"),     SPAN("split"),     SPAN("SYSERR"),   SPAN("SMTP outgoing "), SPAN("starting "),
        SPAN("runqueue"),  SPAN("grew "),     SPAN("started "), SPAN("restarting "),    SPAN("timeout "),
        SPAN("rejecting"), SPAN("accepting"), SPAN("sender "),  SPAN("unable to "),     SPAN("Truncated "),
        SPAN("Fixed "),    SPAN("gethostby"), SPAN("headers "), SPAN("Warning: "),      SPAN("WARNING: "),
        SPAN("problem "),  SPAN("/"),         SPAN("locked"),   SPAN("queueup"),        SPAN("Authentication-"),
        SPAN("makeconn"),  SPAN("X-Auth"),    SPAN("tls_"),     SPAN("ruleset="),       SPAN("--- "),
        SPAN("<-- "),      SPAN("error "),    SPAN("daemon "),  SPAN("low on space"),   SPAN("Losing "),
        SPAN("invalid "),  SPAN("SASL"),      SPAN("delaying"), SPAN("poststats"),      SPAN("engine="),
        SPAN("stopping "), SPAN("dns "),      SPAN("error: "),  SPAN("deferring "),     SPAN("Null connection"),
        SPAN("My unqual"),
    };

    for (size_t i = 0; rest.n && i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (rest.p[0] == prefixes[i].p[0] && span_starts(rest, prefixes[i]))
            return true;
    return span_ends(rest, SPAN("tempfailed (due to previous checks)"));
}

static bool quarantined(struct span rest)
{
    return span_has_prefix(rest, "milter=") && span_mentions(rest, ", quarantine=");
}

static bool sendmail(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, id = { rest.p, 0 };

    if (!sendmail_take_id(&rest, &id))
        span_take_literal(&rest, "NOQUEUE: ");
    if (span_has_prefix(rest, "from="))
        return message_opened(line, id, rest, events);
    if (span_has_prefix(rest, "to="))
        return sendmail_delivery(line, id, rest, events);
    if (id.n && span_is(rest, "discarded"))
        return sendmail_put(line, events, EVENT_DISCARDED, id);
    if (id.n && quarantined(rest))
        return sendmail_put(line, events, EVENT_HELD, id);
    if (span_has_prefix(rest, "AUTH") || span_has_prefix(rest, "STARTTLS"))
        return session_security(line, id, rest, events);
    return sendmail_refusal(line, id, rest, events) || own_message(line, id, rest, events) ||
           connection(line, id, rest, events) || is_silent(rest);
}

static const struct service services[] = {
    { SPAN("sendmail"), sendmail },        { SPAN("sm-mta"), sendmail },
    { SPAN("sm-msp-queue"), sendmail },    { SPAN("sm-acceptingconnections"), sendmail },
    { SPAN("sm-que"), sendmail },          { SPAN("sm-queue"), sendmail },
    { SPAN("sm-cm"), sendmail },           { SPAN("sm-client"), sendmail },
    { SPAN("sendmail-in"), sendmail },     { SPAN("sendmail-out"), sendmail },
    { SPAN("sendmail-client"), sendmail }, { SPAN("sm-mta-rx"), sendmail }, /* the two daemons around amavisd-new */
    { SPAN("sm-mta-tx"), sendmail },
};

const struct recogniser recogniser_sendmail = { .name = "sendmail", SERVICES(services) };
