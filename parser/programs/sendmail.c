/* Sendmail: reception, delivery and the lines of a message's life. What it refuses: sendmail_refusals.c.
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
 *   B: DSN: Cannot send message for 5 days                    expired; B is the server's own
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
#include "../reason.h"
#include "put.h"

/* ---- pieces of lines ---- */

/* `u31FFPtp032300: ` or `AA12345: `: letters and at least one digit, so that `Milter: ` and `collect: ` are none. */
static bool take_queue_id(struct span *s, struct span *id)
{
    size_t n = 0, limit = s->n < 24 ? s->n : 24;
    bool digit = false;

    for (; n < limit && is_alnum(s->p[n]); n++)
        digit |= is_digit(s->p[n]);
    if (n < 5 || !digit || n + 1 >= s->n || s->p[n] != ':' || s->p[n + 1] != ' ')
        return false;
    *id = span_first(*s, n);
    *s = span_skip(*s, n + 2);
    return true;
}

/* Up to ", " or the end; the ", " is consumed. */
static struct span take_to_separator(struct span *s)
{
    struct span rest = *s, part;

    while (span_take_until(&rest, ',', &part))
        if (span_take_char(&rest, ' ')) {
            part = span_from(s->p, rest.p - 2);
            *s = rest;
            return part;
        }
    part = *s;
    *s = span_skip(*s, s->n);
    return part;
}

/* `key=value`, separated by ", ". An address in <...> is taken whole, whatever it holds; what follows it up to the
 * separator (`ctladdr=<a@b> (1000/1000)`) is dropped. */
static bool take_field(struct span *s, struct span *key, struct span *value)
{
    struct span rest = *s;

    if (!span_take_until(&rest, '=', key) || span_chr(*key, ' '))
        return false;
    if (rest.n && rest.p[0] == '<' && span_take_bracketed(&rest, value))
        take_to_separator(&rest);
    else
        *value = take_to_separator(&rest);
    *s = rest;
    return true;
}

struct span sendmail_last_field(struct span text, struct span key)
{
    struct span found = { text.p, 0 };

    for (size_t at; (at = span_find(text, key)) < text.n;)
        text = found = span_skip(text, at + key.n);
    return found;
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

/* `HH:MM:SS`, or `D+HH:MM:SS`. */
static int64_t delay_ms_of(struct span value)
{
    struct span rest = value;
    uint64_t days = 0, hours, minutes, seconds;

    if (!span_take_number(&rest, &days) || !span_take_char(&rest, '+')) {
        rest = value;
        days = 0;
    }
    if (!span_take_number(&rest, &hours) || !span_take_char(&rest, ':') || !span_take_number(&rest, &minutes) ||
        !span_take_char(&rest, ':') || !span_take_number(&rest, &seconds) || days > 10000 || hours > 1000 ||
        minutes > 1000 || seconds > 1000)
        return -1;
    return (int64_t)(((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

/* ---- reception ---- */

/* The sender chooses the Message-ID, so only fields before it, and the last relay=, which stands behind it, are read.
 */
static bool message_opened(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_OPENED, line), named = event_of(EVENT_MESSAGE_ID, line);
    struct span key, value;
    uint64_t size, recipients = 0;

    e.queue_id = named.queue_id = id;
    while (!span_has_prefix(rest, "msgid=") && !span_has_prefix(rest, "relay=") && take_field(&rest, &key, &value)) {
        if (span_is(key, "from"))
            e.from = value;
        else if (span_is(key, "size") && span_take_number(&value, &size))
            e.size_octets = (int64_t)size;
        else if (span_is(key, "nrcpts"))
            span_take_number(&value, &recipients);
    }
    if (recipients == 0)
        return true;
    e.recipients = recipients < UINT32_MAX ? (uint32_t)recipients : UINT32_MAX;
    e.client = sendmail_client(sendmail_last_field(line->header.message, SPAN(", relay=")));
    events_put(events, &e);
    if (span_has_prefix(rest, "msgid=") && take_field(&rest, &key, &named.message_id) && named.message_id.n)
        events_put(events, &named);
    return true;
}

/* ---- deliveries ---- */

/* One recipient: an address in brackets, or a word, a path or a command in which quotes guard commas. */
static struct span take_recipient(struct span *s)
{
    struct span rest = *s, inside;
    size_t limit = rest.n < SPAN_BRACKETED_OCTETS ? rest.n : SPAN_BRACKETED_OCTETS;
    bool quoted = false;
    size_t n = 0;

    if (rest.n && rest.p[0] == '<' && span_take_bracketed(&rest, &inside)) {
        *s = rest;
        return inside;
    }
    for (; n < limit && (quoted || rest.p[n] != ','); n++) {
        if (rest.p[n] == '"')
            quoted = !quoted;
        else if (rest.p[n] == '\\' && quoted && n + 1 < rest.n)
            n++;
    }
    if (quoted || n == limit) { /* quotes that do not come out even guard nothing */
        const char *comma = span_chr(rest, ',');

        n = comma ? (size_t)(comma - rest.p) : rest.n;
    }
    *s = span_skip(rest, n);
    return span_first(rest, n);
}

/* `<a>,<b>, `: how many, and the first. A list that is too long for one line goes on in the next: `<a>,<b>, [more], `.
 */
static bool take_recipients(struct span *s, uint64_t *count, struct span *first)
{
    struct span rest = *s, to;

    for (*count = 0;;) {
        to = take_recipient(&rest);
        if ((*count)++ == 0)
            *first = to;
        if (!span_take_char(&rest, ','))
            return false;
        if (span_take_char(&rest, ' '))
            break;
    }
    span_take_literal(&rest, "[more], ");
    *s = rest;
    return true;
}

/* Mailers that speak SMTP to another host, by their names in the files that come with Sendmail. */
static bool is_smtp_mailer(struct span mailer)
{
    return span_is(mailer, "relay") || span_find_nocase(mailer, SPAN("smtp")) < mailer.n;
}

static bool begins_word(struct span s, struct span word)
{
    return span_starts(s, word) && (s.n == word.n || !is_alnum(s.p[word.n]));
}

static enum counter outcome_of_dsn(struct span dsn, enum counter success)
{
    switch (dsn.n ? dsn.p[0] : '0') {
    case '2':
        return success;
    case '4':
        return COUNTER_DEFERRED;
    default:
        return COUNTER_BOUNCED;
    }
}

/* What stat= says, as a counter; COUNTER_NONE: nothing was tried. The word that Sendmail writes decides, then the dsn;
 * what stands behind the word is the other server's. */
static enum counter outcome_of(struct span stat, struct span dsn, enum counter success)
{
    if (begins_word(stat, SPAN("Sent")))
        return success;
    if (begins_word(stat, SPAN("queued")))
        return COUNTER_NONE;
    if (begins_word(stat, SPAN("quarantined")))
        return COUNTER_HELD;
    if (begins_word(stat, SPAN("Deferred")))
        return COUNTER_DEFERRED;
    return outcome_of_dsn(dsn, success);
}

static bool is_expiry(struct span text)
{
    return span_has_prefix(text, "Cannot send message for ") || span_has_prefix(text, "returned to sender after ");
}

static bool put_with_id(const struct line *line, struct events *events, enum event_kind kind, struct span id)
{
    struct event e = event_of(kind, line);

    e.queue_id = id;
    events_put(events, &e);
    return true;
}

/* The text behind the word: `Sent (ok)`, `Deferred: 451 later`. */
static struct span text_of_stat(struct span stat)
{
    size_t colon = span_find(stat, SPAN(": ")), paren = span_find(stat, SPAN(" ("));

    if (paren < colon) {
        stat = span_skip(stat, paren + 2);
        if (stat.n && stat.p[stat.n - 1] == ')')
            stat.n--;
        return stat;
    }
    return colon < stat.n ? span_skip(stat, colon + 2) : stat;
}

/* `Connection timed out with HOST` is said before the connection stands (4.4.1) and behind it (4.4.2). */
static enum deferral_reason deferral_of(struct span dsn, struct span text)
{
    if (span_is(dsn, "4.4.2") && span_has_prefix(text, "Connection timed out with "))
        return DEFERRAL_CONNECTION_LOST;
    return deferral_reason_of(dsn, text);
}

static bool put_delivery(struct event *e, bool smtp, enum counter outcome, struct span stat, struct events *events)
{
    if (outcome == COUNTER_NONE || outcome == COUNTER_HELD)
        return put_with_id(e->line, events, outcome == COUNTER_HELD ? EVENT_HELD : EVENT_QUEUED, e->queue_id);
    e->counter = outcome;
    e->takes_queue = true;
    e->agent = smtp ? AGENT_SMTP : AGENT_OTHER;
    e->text = text_of_stat(stat);
    if (outcome == COUNTER_DEFERRED)
        e->reason = (uint8_t)deferral_of(e->enhanced, e->text);
    if (outcome == COUNTER_SENT || outcome == COUNTER_DELIVERED)
        e->named_id = fields_id_in_reply(e->text);
    events_put(events, e);
    return true;
}

/* The fields between the recipients and stat=. Where reply= stands before it, that is the other server's text and may
 * hold a stat= of its own: *replied says so. */
static bool take_delivery_fields(struct span *rest, struct event *e, struct span *mailer, bool *replied)
{
    struct span key, value;

    *mailer = (struct span){ rest->p, 0 };
    while (!span_take_literal(rest, "stat=") && !(*replied = span_take_literal(rest, "reply="))) {
        if (!take_field(rest, &key, &value))
            return false;
        if (span_is(key, "delay"))
            e->delay_ms = delay_ms_of(value);
        else if (span_is(key, "mailer"))
            *mailer = value;
        else if (span_is(key, "relay"))
            e->relay = value;
        else if (span_is(key, "dsn"))
            e->enhanced = value;
    }
    if (*replied)
        *rest = sendmail_last_field(*rest, SPAN(", stat="));
    return true;
}

static bool delivery(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_DELIVERY, line);
    struct span mailer;
    enum counter success;
    bool replied = false;

    e.queue_id = id;
    rest = span_skip(rest, sizeof "to=" - 1);
    if (!take_recipients(&rest, &e.count, &e.to) || !take_delivery_fields(&rest, &e, &mailer, &replied))
        return false;
    if (is_expiry(rest) && !replied)
        return put_with_id(line, events, EVENT_EXPIRED, id);
    if (mailer.n == 0)
        return !span_is(rest, "discarded") || put_with_id(line, events, EVENT_DISCARDED, id);
    success = is_smtp_mailer(mailer) ? COUNTER_SENT : COUNTER_DELIVERED;
    return put_delivery(&e, success == COUNTER_SENT,
                        replied && e.enhanced.n ? outcome_of_dsn(e.enhanced, success)
                                                : outcome_of(rest, e.enhanced, success),
                        rest, events);
}

/* ---- other lines of a message ---- */

/* `B: DSN: text`: the server writes B about this message. */
static bool own_message(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct span own;

    if (!take_queue_id(&rest, &own))
        return false;
    if (span_take_literal(&rest, "DSN: ") || span_take_literal(&rest, "return to sender: ") ||
        span_take_literal(&rest, "postmaster notify: ")) {
        if (is_expiry(rest))
            put_with_id(line, events, EVENT_EXPIRED, id);
        return true;
    }
    return span_has_prefix(rest, "sender notify: ") || span_has_prefix(rest, "return receipt") ||
           span_has_prefix(rest, "clone");
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
    return span_has_prefix(rest, "AUTH") || span_has_prefix(rest, "STARTTLS");
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
        SPAN("stopping "), SPAN("dns "),      SPAN("error: "),
    };

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (span_starts(rest, prefixes[i]))
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

    if (!take_queue_id(&rest, &id))
        span_take_literal(&rest, "NOQUEUE: ");
    if (span_has_prefix(rest, "from="))
        return message_opened(line, id, rest, events);
    if (span_has_prefix(rest, "to="))
        return delivery(line, id, rest, events);
    if (id.n && span_is(rest, "discarded"))
        return put_with_id(line, events, EVENT_DISCARDED, id);
    if (id.n && quarantined(rest))
        return put_with_id(line, events, EVENT_HELD, id);
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
    { SPAN("sendmail-client"), sendmail },
};

const struct recogniser recogniser_sendmail = { .name = "sendmail", SERVICES(services) };
