/* Postfix: the services that talk to clients, and what access tables, checks and milters do to mail.
 *
 *   service               line                                                     becomes
 *   smtpd                 connect from                                             connections
 *   postscreen            DISCONNECT (never behind a connection that smtpd got)    connections
 *   smtpd                 lost connection after, timeout after                     connectionsLost
 *   smtpd                 QID: client=                                             opened; authSucceeded
 *   smtpd                 warning: host[address]: SASL .. authentication failed    authFailed
 *   smtpd                 TLS connection established from                          tlsInbound
 *   smtpd, postscreen, cleanup   reject: milter-reject: proxy-reject:              refusal by its code
 *                         reject_warning: warn: warning:                           rejectWarnings
 *                         hold: milter-hold:    discard: milter-discard:           held, discarded
 *
 * Source of the formats: Postfix src/smtpd/smtpd.c, smtpd_check.c, smtpd_sasl_glue.c, smtpd_proxy.c,
 * src/postscreen/postscreen_misc.c, postscreen_smtpd.c, src/cleanup/cleanup_message.c, cleanup_milter.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "postfix.h"

#include "../fields.h"

static bool count_client(const struct line *line, struct events *events, enum counter counter, struct span client)
{
    struct event e = event_of(EVENT_COUNT, line);

    e.counter = counter;
    e.client = client;
    events_put(events, &e);
    return true;
}

/* ---- what was done to a client's command or to a message ---- */

enum action { ACTION_REFUSE, ACTION_WARN, ACTION_HOLD, ACTION_DISCARD, ACTION_NOTHING };

static const struct {
    struct span word;
    enum action action;
    bool milter;
} actions[] = {
    { SPAN("reject: "), ACTION_REFUSE, false },
    { SPAN("milter-reject: "), ACTION_REFUSE, true },
    { SPAN("proxy-reject: "), ACTION_REFUSE, false },
    { SPAN("reject_warning: "), ACTION_WARN, false },
    { SPAN("warn: "), ACTION_WARN, false },
    { SPAN("warning: "), ACTION_WARN, false },
    { SPAN("hold: "), ACTION_HOLD, false },
    { SPAN("milter-hold: "), ACTION_HOLD, true },
    { SPAN("discard: "), ACTION_DISCARD, false },
    { SPAN("milter-discard: "), ACTION_DISCARD, true },
    { SPAN("proxy-accept: "), ACTION_NOTHING, false },
    { SPAN("milter-header-reject: "), ACTION_REFUSE, false }, /* milter_header_checks */
    { SPAN("milter-header-warning: "), ACTION_WARN, false },
    { SPAN("milter-header-hold: "), ACTION_HOLD, false },
    { SPAN("milter-header-discard: "), ACTION_DISCARD, false },
    { SPAN("milter-header-"), ACTION_NOTHING, false },
    { SPAN("filter: "), ACTION_NOTHING, false },
    { SPAN("redirect: "), ACTION_NOTHING, false },
    { SPAN("replace: "), ACTION_NOTHING, false },
    { SPAN("prepend: "), ACTION_NOTHING, false },
    { SPAN("strip: "), ACTION_NOTHING, false },
    { SPAN("ignore: "), ACTION_NOTHING, false },
    { SPAN("pass: "), ACTION_NOTHING, false },
    { SPAN("bcc: "), ACTION_NOTHING, false },
    { SPAN("info: "), ACTION_NOTHING, false },
    { SPAN("delay: "), ACTION_NOTHING, false },
    { SPAN("trigger: "), ACTION_NOTHING, false },
    { SPAN("whitelist: "), ACTION_NOTHING, false },
    { SPAN("permit: "), ACTION_NOTHING, false },
};

/* `; from=<a> to=<b> proto=SMTP helo=<c>`, also with commas between (postscreen). */
static void take_envelope(struct span fields, struct event *e)
{
    struct span key, value;

    while (!e->to.p && fields_next(&fields, ' ', &key, &value)) {
        if (span_is(key, "from"))
            e->from = span_words(value);
        else if (span_is(key, "to"))
            e->to = span_words(value);
        while (fields.n && (fields.p[0] == ',' || fields.p[0] == ' '))
            fields = span_skip(fields, 1);
    }
}

/* Logs that were edited, or went through a report, may have more than one. */
static void skip_blanks(struct span *s)
{
    while (span_take_char(s, ' '))
        ;
}

/* Where `; field` begins; the length of s when it does not. */
static size_t find_field(struct span s, struct span field)
{
    size_t at, from = 0;

    while ((at = span_find(span_skip(s, from), SPAN("; "))) < s.n - from) {
        struct span rest = span_skip(s, from + at + 1);

        skip_blanks(&rest);
        if (span_starts(rest, field))
            return from + at;
        from += at + 1;
    }
    return s.n;
}

/* The first of these ends the server's own words: a refusal before MAIL has no from=, one before RCPT no to=. */
static struct span split_envelope(struct span s, struct event *e)
{
    static const struct span starts[] = { SPAN("from=<"), SPAN("to=<"), SPAN("proto="), SPAN("client=") };

    struct span own = s;
    size_t address = span_has_prefix(s, "<") ? span_find(s, SPAN(">: ")) : s.n;

    if (address < s.n) /* the address in front may hold anything */
        own = span_skip(s, address);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        size_t end = find_field(own, starts[i]) + (size_t)(own.p - s.p);
        struct span fields = span_skip(s, end);

        if (span_take_char(&fields, ';')) {
            skip_blanks(&fields);
            take_envelope(fields, e);
            return span_first(s, end);
        }
    }
    return s;
}

static bool is_content_check(struct span rest)
{
    return span_has_prefix(rest, "header ") || span_has_prefix(rest, "body ") ||
           span_has_prefix(rest, "mime header ") || span_has_prefix(rest, "nested header ") ||
           span_has_prefix(rest, "content ");
}

/* `header Subject: .. from mx[192.0.2.1]; from=<a> to=<b> proto=SMTP helo=<c>: 5.7.1 text`. The header's own text may
 * look like all of that, so the fields are looked for from the end; what follows the last one is the administrator's.
 */
static struct span content_check(struct span rest, struct event *e)
{
    struct span tail = rest, text = { rest.p + rest.n, 0 }, found;
    size_t at, from = 0;

    e->reason = span_has_prefix(rest, "body ") ? REFUSAL_BODY : REFUSAL_HEADER;
    while ((at = find_field(span_skip(rest, from), SPAN("from=<"))) < rest.n - from) {
        from += at + 2;
        tail = span_skip(rest, from);
    }
    if (from == 0)
        return text;
    skip_blanks(&tail);
    take_envelope(tail, e);
    while ((at = span_find(tail, SPAN(">: "))) < tail.n)
        text = tail = span_skip(tail, at + 3);
    found = text;
    skip_blanks(&found);
    fields_take_codes(&found, &e->code, &e->enhanced);
    return found;
}

/* `RCPT from mx[192.0.2.1]: 554 5.7.1 text; from=..` or `END-OF-MESSAGE: 554 5.7.0 text; from=..` */
static bool command_check(struct span rest, struct event *e, struct span *text)
{
    struct span before, s = rest;
    size_t from = span_find(rest, SPAN(" from ")), colon = span_find(rest, SPAN(": "));

    if (from < colon) {
        s = span_skip(rest, from + 6);
        if (!fields_take_client(&s, &e->client) && !span_take_until(&s, ':', &before))
            return false;
        span_take_char(&s, ':');
    } else if (!span_take_until(&s, ':', &before)) {
        return false;
    }
    skip_blanks(&s);
    fields_take_codes(&s, &e->code, &e->enhanced);
    skip_blanks(&s);
    *text = split_envelope(s, e);
    return true;
}

/* postscreen answers these with 421, which its line does not say. */
static bool is_busy(struct span text)
{
    return span_has_prefix(text, "too many connections") || span_has_prefix(text, "all server ports busy") ||
           span_has_prefix(text, "all screening ports busy");
}

/* What a milter says of the connection or of EHLO has a line, but smtpd goes on as if nothing had been said and refuses
 * each MAIL, with a line of its own. Told at once are 421 and, in the greeting, a permanent refusal of the connection.
 * (cleanup, for what is submitted here, names no code: there is no other line.) */
static bool is_told_later(struct span rest, uint16_t code)
{
    if (code == 0 || code == 421)
        return false;
    if (span_has_prefix(rest, "CONNECT "))
        return code < 500;
    return span_has_prefix(rest, "EHLO ") || span_has_prefix(rest, "HELO ");
}

static bool put_refusal(struct event *e, struct span rest, bool warned, bool milter, struct events *events)
{
    struct span text;

    if (is_content_check(rest))
        text = content_check(rest, e);
    else if (!command_check(rest, e, &text))
        return false;
    if (milter && is_told_later(rest, e->code))
        return true;
    if (e->code == 0 && e->enhanced.n == 0 && is_busy(text)) {
        e->code = 421;
        e->reason = REFUSAL_RATE_LIMIT;
    }
    fields_classify_refusal(e, text, warned);
    if (milter && e->reason == REFUSAL_OTHER)
        e->reason = REFUSAL_MILTER;
    events_put(events, e);
    return true;
}

static bool put_hold_or_discard(struct event *e, struct span rest, enum action action, struct events *events)
{
    struct span text;

    if (is_content_check(rest))
        content_check(rest, e);
    else
        command_check(rest, e, &text);
    if (action == ACTION_DISCARD)
        e->kind = EVENT_DISCARDED;
    else
        e->kind = e->queue_id.n ? EVENT_HELD : EVENT_HELD_EARLY;
    events_put(events, e);
    return true;
}

bool postfix_access_action(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);

    e.queue_id = id;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (!span_take(&rest, actions[i].word))
            continue;
        skip_blanks(&rest);
        switch (actions[i].action) {
        case ACTION_REFUSE:
        case ACTION_WARN:
            return put_refusal(&e, rest, actions[i].action == ACTION_WARN, actions[i].milter, events);
        case ACTION_HOLD:
        case ACTION_DISCARD:
            return put_hold_or_discard(&e, rest, actions[i].action, events);
        case ACTION_NOTHING:
            return true;
        }
    }
    return false;
}

/* ---- smtpd ---- */

/* `client=name[address], sasl_username=..`; with NOQUEUE it is the front of a before-queue proxy: the id that the
 * message gets behind the proxy is its reception, but the client logged in here. */
static bool put_opened(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_OPENED, line);
    struct span key, value;
    bool logged_in = false;

    e.queue_id = id;
    rest = span_skip(rest, sizeof "client=" - 1);
    e.client = span_words(rest);
    if (span_take_until(&rest, ',', &e.client))
        span_take_char(&rest, ' ');
    else
        rest.n = 0;
    while (rest.n) {
        if (span_take_literal(&rest, "orig_queue_id=")) {
            fields_value(&rest, ',', &value);
            e.original_id = span_is(value, "NOQUEUE") ? span_first(value, 0) : value;
            if (e.original_id.n)
                break; /* who logged in did so before */
        } else if (fields_next(&rest, ',', &key, &value)) {
            logged_in |= span_is(key, "sasl_username");
        } else {
            break;
        }
    }
    if (id.n)
        events_put(events, &e);
    if (logged_in && e.original_id.n == 0) {
        e.kind = EVENT_COUNT;
        e.counter = COUNTER_AUTH_SUCCEEDED;
        events_put(events, &e);
    }
    return true;
}

/* `warning: mx[192.0.2.1]: SASL LOGIN authentication failed: ..`: the client's name cannot hold a blank. */
static bool smtpd_warning(const struct line *line, struct events *events)
{
    struct span rest = span_skip(line->header.message, sizeof "warning: " - 1), client, method;

    if (span_chr(rest, '[') && fields_take_client(&rest, &client) && !span_chr(client, ' ') &&
        span_take_literal(&rest, ": SASL ") && span_take_until(&rest, ' ', &method) &&
        span_has_prefix(rest, "authentication failed"))
        return count_client(line, events, COUNTER_AUTH_FAILED, client);
    return postfix_warning(line, events);
}

static bool smtpd_connection(const struct line *line, struct span rest, struct events *events)
{
    struct span client = { rest.p, 0 };

    if (span_take_literal(&rest, "connect from ")) {
        fields_take_client(&rest, &client);
        return count_client(line, events, COUNTER_CONNECTIONS, client);
    }
    if (span_has_prefix(rest, "lost connection after ") || span_has_prefix(rest, "timeout after ")) {
        rest = span_skip(rest, span_find(rest, SPAN(" from ")));
        span_take_literal(&rest, " from ");
        fields_take_client(&rest, &client);
        return count_client(line, events, COUNTER_CONNECTIONS_LOST, client);
    }
    return span_has_prefix(rest, "disconnect from ");
}

/* Commands refused on the way have had their own lines. */
static bool is_protocol_note(struct span rest)
{
    return span_has_prefix(rest, "too many errors") || span_has_prefix(rest, "improper command pipelining");
}

/* Since Postfix 3.10 an id, or NOQUEUE, stands before lost connections, too. */
static bool smtpd_message(const struct line *line, struct span id, struct span rest, struct events *events)
{
    if (span_has_prefix(rest, "client="))
        return put_opened(line, id, rest, events);
    return smtpd_connection(line, rest, events) || is_protocol_note(rest) || span_has_prefix(rest, "abort: ") ||
           postfix_access_action(line, id, rest, events);
}

static bool smtpd_session(const struct line *line, struct events *events)
{
    struct span rest = line->header.message;

    if (postfix_is_tls_line(rest, SPAN("TLS connection established from "))) {
        struct span client = { rest.p, 0 };

        rest = span_skip(rest, span_find(rest, SPAN(" from ")) + sizeof " from " - 1);
        fields_take_client(&rest, &client);
        return count_client(line, events, COUNTER_TLS_INBOUND, client);
    }
    return is_protocol_note(rest) || postfix_is_talk(rest) || span_mentions(rest, "reloaded");
}

bool postfix_smtpd(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, id;

    if (rest.n == 0)
        return false;
    switch (rest.p[0]) {
    case 'd':
        if (span_has_prefix(rest, "disconnect from "))
            return true;
        break;
    case 'c':
    case 'l':
    case 't':
        if (smtpd_connection(line, rest, events))
            return true;
        break;
    case 'w':
        if (span_has_prefix(rest, "warning: "))
            return smtpd_warning(line, events);
        break;
    case 'N':
        if (span_take_literal(&rest, "NOQUEUE: "))
            return smtpd_message(line, (struct span){ NULL, 0 }, rest, events);
        break;
    case 'p': /* without NOQUEUE until Postfix 3.8 */
    case 'r': /* until Postfix 1.1 */
        if (span_has_prefix(rest, "proxy-accept: ") || span_has_prefix(rest, "proxy-reject: ") ||
            span_has_prefix(rest, "reject: ") || span_has_prefix(rest, "reject_warning: "))
            return postfix_access_action(line, (struct span){ NULL, 0 }, rest, events);
        break;
    default:
        break;
    }
    if (!postfix_take_queue_id(line, &rest, &id))
        return smtpd_session(line, events);
    return smtpd_message(line, id, rest, events);
}

/* ---- postscreen ---- */

bool postfix_postscreen(const struct line *line, struct events *events)
{
    static const struct span silent[] = {
        SPAN("CONNECT from "),
        SPAN("PASS OLD "),
        SPAN("PASS NEW "),
        SPAN("ALLOWLISTED "),
        SPAN("WHITELISTED "),
        SPAN("DENYLISTED "),
        SPAN("BLACKLISTED "),
        SPAN("WHITELIST VETO "),
        SPAN("ALLOWLIST VETO "),
        SPAN("PREGREET "),
        SPAN("DNSBL "),
        SPAN("HANGUP "),
        SPAN("BARE NEWLINE "),
        SPAN("NON-SMTP "),
        SPAN("COMMAND "),
        SPAN("DATA without "),
        SPAN("BDAT without "),
        SPAN("UNIX-domain "),
        SPAN("entering STRESS mode"),
        SPAN("leaving STRESS"),
    };
    struct span rest = line->header.message;
    struct span client = { rest.p, 0 };

    if (span_take_literal(&rest, "NOQUEUE: "))
        return postfix_access_action(line, (struct span){ NULL, 0 }, rest, events);
    if (span_has_prefix(rest, "reject: connect from ")) /* 2.8's snapshots */
        return postfix_access_action(line, (struct span){ NULL, 0 }, rest, events);
    /* Logged at the end of each session that smtpd did not get, and of no other. */
    if (span_take_literal(&rest, "DISCONNECT ")) {
        fields_take_client(&rest, &client);
        return count_client(line, events, COUNTER_CONNECTIONS, client);
    }
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
        if (span_starts(rest, silent[i]))
            return true;
    return postfix_is_talk(rest) || span_mentions(rest, "reloaded");
}
