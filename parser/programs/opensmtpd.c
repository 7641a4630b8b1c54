/* OpenSMTPD.
 *
 *   line behind the session's id                          becomes
 *   smtp connected address=.. host=..                     connections, unless it is local
 *   smtp message msgid=.. size=.. nrcpt=..                the message's size
 *   smtp envelope evpid=.. from=<..> to=<..>              received, once for a message
 *   smtp failed-command command=".." result="550 .."      rejected, rejectedTemporarily, greylisted by its code; a
 *                                                         refused login has a line of its own
 *   smtp bad-input result="500 .."                        likewise
 *   smtp authentication user=.. result=ok, permfail       authSucceeded, authFailed
 *   smtp disconnected reason=timeout, disconnect, io-error connectionsLost
 *   smtp tls ..                                           tlsInbound
 *   mta delivery evpid=.. result="Ok"                     sent
 *   mda delivery evpid=.. result=Ok                       delivered
 *   .. result PermFail, LoopDetected; TempFail            bounced; deferred
 *   relay: Expire for E: .., delivery: Expire for E: ..   expired
 *   mta tls ..                                            tlsOutbound
 *
 * Before 6.4 it was `smtp event=message msgid=.. from=<..> to=<..> size=..`, one line for each recipient, and
 * event=connected, event=failed-command and so on; before 5.7 `smtp-in: Accepted message M on session S: from=<..>,
 * ..`, `relay: Ok for E: ..`, `delivery: Ok for E: ..`.
 *
 * The first eight digits of an evpid are the msgid, which stands for the message here. The server's own bounces come
 * from nobody in a session of address=local, like mail of sendmail(8).
 *
 * No Message-ID is logged: mail that a filter on this host sends back counts as received twice, with contentFilter
 * auto, though not as sent twice. contentFilter loopback is exact for such a host.
 *
 * Source of the formats: OpenSMTPD's smtp_session.c, mta_session.c, mta.c, mda.c, bounce.c of 5.4, 6.0, 6.8 and 7.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../recogniser.h"

#include "../fields.h"
#include "../reason.h"
#include "qmail.h"

#define SESSION_DIGITS 16
#define MESSAGE_DIGITS 8

#define FILTER_NAME_OCTETS 32

static bool take_hex(struct span *s, size_t digits, struct span *id)
{
    size_t n = 0;

    while (n < s->n && (is_digit(s->p[n]) || (s->p[n] >= 'a' && s->p[n] <= 'f')))
        n++;
    if (n != digits)
        return false;
    *id = span_first(*s, n);
    *s = span_skip(*s, n);
    return true;
}

/* `".."`, up to the last quote of `s`; anything else as it is. */
static struct span without_quotes(struct span s)
{
    if (s.n == 0 || s.p[0] != '"')
        return s;
    s = span_skip(s, 1);
    if (s.n && s.p[s.n - 1] == '"')
        s.n--;
    return s;
}

/* `key=<..>`, `key=".."`, `key=word`, with or without a comma behind it. `stat` is the last one and holds other
 * people's words, quotes too. */
static bool next_field(struct span *list, struct span *key, struct span *value)
{
    struct span s = span_trim(*list);
    const char *blank;

    if (!span_take_until(&s, '=', key))
        return false;
    blank = memrchr(key->p, ' ', key->n);
    if (blank) /* a second word of the value before: `relay=192.0.2.1 (mx.example.org), ` */
        *key = span_from(blank + 1, key->p + key->n);
    if (span_is(*key, "stat")) {
        *value = without_quotes(s);
        s = span_skip(s, s.n);
    } else if (s.n && s.p[0] == '<' && span_take_bracketed(&s, value)) {
        span_take_char(&s, ',');
    } else {
        bool quoted = s.n && s.p[0] == '"';
        size_t end = span_find(s, quoted ? SPAN("\" ") : SPAN(" "));

        end += quoted && end < s.n;
        *value = span_first(s, end);
        s = span_skip(s, end);
        if (!quoted && value->n && value->p[value->n - 1] == ',')
            value->n--;
        *value = without_quotes(*value);
    }
    *list = s;
    return true;
}

static bool put(struct event *e, enum event_kind kind, enum counter counter, struct events *events)
{
    e->kind = kind;
    e->counter = counter;
    events_put(events, e);
    return true;
}

/* ---- sessions ---- */

static bool connected(struct event *e, struct span session, struct span rest, struct events *events)
{
    struct span key, value;

    while (next_field(&rest, &key, &value))
        if (span_is(key, "address") && !span_is(value, "local"))
            e->client = value;
    e->queue_id = session;
    put(e, EVENT_OPENED, COUNTER_NONE, events);
    e->queue_id = (struct span){ NULL, 0 };
    return e->client.n == 0 || put(e, EVENT_COUNT, COUNTER_CONNECTIONS, events);
}

/* `reason=quit`, `reason="io-error: .."` */
static bool disconnected(struct event *e, struct span session, struct span rest, struct events *events)
{
    size_t at = span_find(rest, SPAN("reason="));
    struct span reason = span_skip(rest, at);

    e->queue_id = session;
    put(e, EVENT_REMOVED, COUNTER_NONE, events);
    e->queue_id = (struct span){ NULL, 0 };
    span_take_literal(&reason, "reason=");
    span_take_char(&reason, '"');
    if (span_has_prefix(reason, "timeout") || span_has_prefix(reason, "disconnect") ||
        span_has_prefix(reason, "io-error"))
        return put(e, EVENT_COUNT, COUNTER_CONNECTIONS_LOST, events);
    return true;
}

static bool says(struct span command, struct span lower)
{
    return command.n >= lower.n && span_eq_nocase(span_first(command, lower.n), lower);
}

/* What stands before and behind the last `mark`: quotes in the client's command stand as they are, so that it may look
 * like the server's reply, which is the last one. */
static bool split_at_last(struct span s, struct span mark, struct span *before, struct span *behind)
{
    struct span rest = s;
    size_t at;
    bool found = false;

    while ((at = span_find(rest, mark)) < rest.n) {
        *before = span_from(s.p, rest.p + at);
        *behind = rest = span_skip(rest, at + mark.n);
        found = true;
    }
    return found;
}

/* What the client said may be quoted at the reply's end: its words give no reason. */
static struct span without_echo(struct span reply)
{
    reply = span_first(reply, span_find(reply, SPAN("Unsupported option ")));
    return span_first(reply, span_find(reply, SPAN("AUTH method ")));
}

/* 4.3.0: what was said is not to blame. */
static bool is_systems_fault(struct span enhanced)
{
    return enhanced.n > 2 && enhanced.p[2] == '3';
}

/* Of a filter's or rule's refusal in words that tell nothing. */
static enum refusal_reason reason_by_command(struct span command)
{
    if (command.n == 0)
        return REFUSAL_CLIENT_BLOCKED;
    return says(command, SPAN("mail from:")) ? REFUSAL_SENDER_INVALID : REFUSAL_OTHER;
}

/* command: what the client said; empty when it was refused on connecting. */
static bool refused(struct event *e, struct span command, struct span reply, struct events *events)
{
    bool hello = says(command, SPAN("helo")) || says(command, SPAN("ehlo"));

    if (reply.n && reply.p[reply.n - 1] == '"')
        reply.n--;
    fields_take_codes(&reply, &e->code, &e->enhanced);
    e->kind = EVENT_REFUSAL;
    fields_classify_refusal(e, without_echo(reply), false);
    if (hello && e->code == 501) /* Invalid domain name */
        e->reason = REFUSAL_HELO_INVALID;
    else if (e->reason == REFUSAL_OTHER && !is_systems_fault(e->enhanced))
        e->reason = hello ? REFUSAL_HELO_INVALID : (uint8_t)reason_by_command(command);
    events_put(events, e);
    return true;
}

static void name_address(struct event *e, struct span command)
{
    struct span brackets = span_skip(command, span_find(command, SPAN("<"))), address;

    if (!brackets.n || !span_take_bracketed(&brackets, &address))
        return;
    if (says(command, SPAN("rcpt to:")))
        e->to = address;
    else if (says(command, SPAN("mail from:")))
        e->from = address;
}

static bool command_refused(struct event *e, struct span command, struct span reply, struct events *events)
{
    if (says(command, SPAN("auth ")) && span_has_prefix(reply, "535"))
        return true; /* `smtp authentication .. result=permfail` says it */
    name_address(e, command);
    return refused(e, command, reply, events);
}

/* `command="RCPT TO:<..>" result="550 .."` */
static bool failed_command(struct event *e, struct span rest, struct events *events)
{
    static const struct span mark = { "\" result=\"", 10 };
    struct span command, reply;
    size_t at = span_find(rest, SPAN("command=\""));

    if (at == rest.n || !split_at_last(span_skip(rest, at + sizeof "command=\"" - 1), mark, &command, &reply))
        return true;
    return command_refused(e, command, reply, events);
}

/* `result="500 .."`: a line that is too long, or came too early, is not quoted. */
static bool bad_input(struct event *e, struct span rest, struct events *events)
{
    return span_take_literal(&rest, "result=\"") ? refused(e, SPAN("(bad input)"), rest, events) : true;
}

/* The result is the last word; the user's name is what the client said. */
static bool authentication(struct event *e, struct span rest, struct events *events)
{
    if (span_ends(rest, SPAN(" result=ok")))
        return put(e, EVENT_COUNT, COUNTER_AUTH_SUCCEEDED, events);
    if (span_ends(rest, SPAN(" result=permfail")))
        return put(e, EVENT_COUNT, COUNTER_AUTH_FAILED, events);
    return true;
}

/* ---- messages ---- */

/* `msgid=.. size=..` and `evpid=.. from=<..> to=<..>`, or all in one. */
static bool message(struct event *e, struct span session, struct span rest, struct events *events)
{
    struct span key, value;
    uint64_t size;

    while (next_field(&rest, &key, &value)) {
        if (span_is(key, "msgid") || span_is(key, "evpid"))
            e->queue_id = span_first(value, value.n < MESSAGE_DIGITS ? value.n : MESSAGE_DIGITS);
        else if (span_is(key, "from"))
            e->from = value;
        else if (span_is(key, "to"))
            e->to = value;
        else if (span_is(key, "size") && span_take_number(&value, &size))
            e->size_octets = (int64_t)size;
    }
    if (e->queue_id.n != MESSAGE_DIGITS)
        return false;
    if (!e->from.p)
        return put(e, EVENT_QUEUED, COUNTER_NONE, events);
    e->original_id = session;
    return put(e, EVENT_TAKEN, COUNTER_NONE, events);
}

static bool put_delivery(struct event *e, struct span result, enum counter success, struct events *events)
{
    struct span text = e->text;

    if (span_is(result, "Ok")) {
        e->named_id = fields_id_in_reply(e->text);
        return put(e, EVENT_DELIVERY, success, events);
    }
    fields_take_codes(&text, &e->code, &e->enhanced);
    if (span_is(result, "PermFail") || span_is(result, "LoopDetected") || span_is(result, "Loop"))
        return put(e, EVENT_DELIVERY, COUNTER_BOUNCED, events);
    if (span_is(result, "Expire"))
        return put(e, EVENT_EXPIRED, COUNTER_EXPIRED, events);
    if (span_is(result, "Remove")) /* by an administrator */
        return true;
    if (!span_is(result, "TempFail"))
        return false;
    e->reason = (uint8_t)deferral_reason_of(e->enhanced, e->text);
    return put(e, EVENT_DELIVERY, COUNTER_DEFERRED, events);
}

static bool delivery(struct event *e, struct span result, struct span rest, bool over_smtp, struct events *events)
{
    struct span key, value;

    e->agent = over_smtp ? AGENT_SMTP : AGENT_OTHER;
    while (next_field(&rest, &key, &value)) {
        if (span_is(key, "evpid"))
            e->queue_id = span_first(value, value.n < MESSAGE_DIGITS ? value.n : MESSAGE_DIGITS);
        else if (span_is(key, "from"))
            e->from = value;
        else if (span_is(key, "to"))
            e->to = value;
        else if (span_is(key, "relay"))
            e->relay = span_first(value, span_find(value, SPAN(" "))); /* `192.0.2.1 (mx.example.org)` */
        else if (span_is(key, "delay"))
            e->delay_ms = fields_duration_ms(value);
        else if (span_is(key, "result"))
            result = value;
        else if (span_is(key, "stat"))
            e->text = value;
    }
    return put_delivery(e, result, over_smtp ? COUNTER_SENT : COUNTER_DELIVERED, events);
}

/* ---- lines ---- */

/* The event's name, with or without `event=` before it; commands and replies follow. */
static bool in_session(const struct line *line, struct span session, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);
    struct span agent, word = rest;
    bool smtp, mta;

    if (!span_take_until(&rest, ' ', &agent))
        return false;
    smtp = span_is(agent, "smtp");
    mta = span_is(agent, "mta");
    if (!smtp && !mta && !span_is(agent, "mda"))
        return false;
    span_take_literal(&rest, "event=");
    if (!span_take_until(&rest, ' ', &word)) {
        word = rest;
        rest = span_skip(rest, rest.n);
    }
    if (!smtp && span_is(word, "delivery"))
        return delivery(&e, (struct span){ rest.p, 0 }, rest, mta, events);
    if (mta && (span_is(word, "tls") || span_is(word, "starttls")))
        return put(&e, EVENT_COUNT, COUNTER_TLS_OUTBOUND, events);
    if (!smtp)
        return true;
    if (span_is(word, "message") || span_is(word, "envelope"))
        return message(&e, session, rest, events);
    if (span_is(word, "connected"))
        return connected(&e, session, rest, events);
    if (span_is(word, "disconnected") || span_is(word, "closed"))
        return disconnected(&e, session, rest, events);
    if (span_is(word, "failed-command"))
        return failed_command(&e, rest, events);
    if (span_is(word, "bad-input"))
        return bad_input(&e, rest, events);
    if (span_is(word, "authentication"))
        return authentication(&e, rest, events);
    if (span_is(word, "tls") || span_is(word, "starttls"))
        return put(&e, EVENT_COUNT, COUNTER_TLS_INBOUND, events);
    return span_ends(word, SPAN("cert-check")) || span_is(word, "proxy");
}

/* `smtp-in: New session S from host h [a]`, `smtp-in: Accepted message M on session S: from=<..>, ..`,
 * `smtp-in: Failed command on session S: "RCPT TO:<..>" => 550 ..`, `smtp-in: Bad input on session S: 500 ..`,
 * `smtp-in: Authentication failed for user u on session S` */
static bool old_session(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);
    struct span session, id, client;
    size_t at;

    if (span_take_literal(&rest, "New session ") && take_hex(&rest, SESSION_DIGITS, &session)) {
        at = span_find(rest, SPAN(" ["));
        client = span_skip(rest, at);
        if (span_take_literal(&client, " [") && span_take_until(&client, ']', &id) && !span_is(id, "local"))
            e.client = id;
        return connected(&e, session, (struct span){ rest.p, 0 }, events);
    }
    if (span_take_literal(&rest, "Accepted message ") && take_hex(&rest, MESSAGE_DIGITS, &id) &&
        span_take_literal(&rest, " on session ") && take_hex(&rest, SESSION_DIGITS, &session) &&
        span_take_literal(&rest, ": ")) {
        e.queue_id = id;
        return message(&e, session, rest, events);
    }
    if (span_take_literal(&rest, "Failed command on session ") && take_hex(&rest, SESSION_DIGITS, &session) &&
        span_take_literal(&rest, ": \"")) {
        static const struct span mark = { "\" => ", 5 };

        return split_at_last(rest, mark, &id, &client) ? command_refused(&e, id, client, events) : true;
    }
    if (span_take_literal(&rest, "Bad input on session ") && take_hex(&rest, SESSION_DIGITS, &session) &&
        span_take_literal(&rest, ": "))
        return refused(&e, SPAN("(bad input)"), rest, events);
    if (span_has_prefix(rest, "Accepted authentication for user "))
        return put(&e, EVENT_COUNT, COUNTER_AUTH_SUCCEEDED, events);
    if (span_has_prefix(rest, "Authentication failed for user "))
        return put(&e, EVENT_COUNT, COUNTER_AUTH_FAILED, events);
    if (span_has_prefix(rest, "Started TLS on session "))
        return put(&e, EVENT_COUNT, COUNTER_TLS_INBOUND, events);
    if (span_has_prefix(rest, "Received disconnect from session ") ||
        (span_has_prefix(rest, "Disconnecting session ") &&
         (span_mentions(rest, ": IO error") || span_mentions(rest, ": session time"))))
        return put(&e, EVENT_COUNT, COUNTER_CONNECTIONS_LOST, events);
    return true;
}

/* `relay: Ok for E: session=.., from=<..>, .., stat=..`, `delivery: TempFail for E: ..`; today of what the queue does
 * by itself: `relay: Expire for E: ..`, `delivery: Remove for E: ..` */
static bool old_delivery(const struct line *line, struct span rest, bool over_smtp, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);
    struct span result, id;

    if (!span_take_until(&rest, ' ', &result) || !span_take_literal(&rest, "for ") ||
        !take_hex(&rest, SESSION_DIGITS, &id) || !span_take_literal(&rest, ": "))
        return false;
    e.queue_id = span_first(id, MESSAGE_DIGITS);
    return delivery(&e, result, rest, over_smtp, events);
}

/* `rspamd: text`: what a filter writes to its standard error, behind the name that smtpd.conf gives it. Capitals are of
 * queue ids, and of none of these. */
static bool is_said_by_filter(struct span rest)
{
    size_t n = 0;

    while (n < rest.n && n < FILTER_NAME_OCTETS &&
           ((rest.p[n] >= 'a' && rest.p[n] <= 'z') || rest.p[n] == '-' || rest.p[n] == '_'))
        n++;
    return n > 0 && span_has_prefix(span_skip(rest, n), ": ");
}

static bool opensmtpd(const struct line *line, struct events *events)
{
    static const struct span silent[] = {
        SPAN("info: "),     SPAN("warn: "),
        SPAN("debug: "),    SPAN("fatal: "),
        SPAN("smtp-out: "), SPAN("startup"),
        SPAN("lookup: "),   SPAN("queue: "),
        SPAN("filter: "),   SPAN("control: "),
        SPAN("scheduler"),  SPAN("mta: "),
        SPAN("mda: "),      SPAN("exiting"),
        SPAN("terminat"),   SPAN("rsa_"),
        SPAN("ca: "),       SPAN("lost child"),
        SPAN("smtpd: "),    SPAN("parent"),
        SPAN("Exiting"),    SPAN("commands executed from aliases "),
    };
    struct span rest = line->header.message, session;

    if (take_hex(&rest, SESSION_DIGITS, &session) && span_take_char(&rest, ' '))
        return in_session(line, session, rest, events);
    rest = line->header.message;
    if (span_take_literal(&rest, "smtp-in: "))
        return old_session(line, rest, events);
    if (span_take_literal(&rest, "relay: "))
        return old_delivery(line, rest, true, events);
    if (span_take_literal(&rest, "delivery: "))
        return old_delivery(line, rest, false, events);
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
        if (span_starts(rest, silent[i]))
            return true;
    /* qmail's servers may have this tag, too */
    return qmail_behind_splogger(line, events) || is_said_by_filter(rest);
}

static const struct service services[] = {
    { SPAN("smtpd"), opensmtpd },
};

const struct recogniser recogniser_opensmtpd = { .name = "opensmtpd", SERVICES(services) };
