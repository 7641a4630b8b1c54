/* Exim: connections, logins and refusals. An id may stand before each of these lines.
 *
 *   line                                                            becomes
 *   SMTP connection from [a] (TCP/IP connection count = n)          connections (log_selector +smtp_connection)
 *   SMTP connection from [a] lost ..; SMTP connection lost after    connectionsLost
 *   final dot; unexpected disconnection while reading SMTP
 *   command; SMTP command timeout on ..; SMTP data timeout ..
 *   login authenticator failed for host: 535 ..                     authFailed
 *   H=host .. F=<sender> rejected RCPT <recipient>: text            rejected; so with connection, HELO, MAIL, AUTH,
 * DATA, after DATA, MIME ACL, local_scan(), non-SMTP ACL
 *   .. temporarily rejected ..                                      rejectedTemporarily or greylisted
 *   H=host dropped by 'connect' ACL: text                           rejected
 *   rejected EHLO from ..; rejected MAIL FROM:<..> ..; rejected     rejected
 *   from <sender> ..: Too many "Received" headers
 *   SMTP protocol synchronization error (..): rejected ..           rejected
 *   SMTP call from host dropped: too many ..                        rejected (554)
 *   refused connection from ..; Connection from .. refused: ..      rejected; rejectedTemporarily (421)
 *   unqualified sender rejected: ..; too many recipients: ..        rejected; rejectedTemporarily where it says so
 *   sender verify fail for ..; SMTP protocol error in ..; no MAIL   nothing: the refusal, if it came to one, has a line
 *   in ..; .. closed by QUIT; no host name found ..                 of its own
 *
 * Exim gives no reply codes here: they follow from `temporarily`, unless the administrator's text begins with one.
 *
 * Source of the formats: Exim's src/smtp_in.c, receive.c, daemon.c, acl.c, verify.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "exim.h"

#include "../fields.h"
#include "put.h"

/* ---- refusals ---- */

/* `spammer.example is listed at ..`, the text of Debian's configuration for a sender's domain: a name where an address
 * stands otherwise. */
static bool lists_a_domain(struct span text)
{
    struct span what = span_first(text, span_find(text, SPAN(" is listed ")));

    if (what.n == text.n || !span_chr(what, '.') || span_chr(what, ' ') || span_chr(what, ':'))
        return false;
    for (size_t i = 0; i < what.n; i++)
        if (is_alnum(what.p[i]) && !is_digit(what.p[i]))
            return true;
    return false;
}

/* What Exim writes for its reject log too, and so twice where both logs go to syslog (log.c: LOG_INFO and, right behind
 * it, LOG_NOTICE). That of a message may be in pieces, for the headers that follow it. */
static void is_for_both_logs(struct event *e)
{
    if (e->line->header.service.n == 0)
        return;
    e->ticket = e->line->header.message;
    exim_skip_piece(&e->ticket);
    e->maybe_copy = true;
}

/* The reply's class decides; only a code that the line has is shown. otherwise: the reason where the text says none. */
static bool put_refusal_of_main_log(struct event *e, struct span text, bool temporary, enum refusal_reason otherwise,
                                    struct events *events)
{
    struct span rest = text;
    uint16_t code = 0;

    if (span_take_char(&rest, '"')) { /* an administrator's text in quotes */
        if (rest.n && rest.p[rest.n - 1] == '"')
            rest.n--;
        text = rest;
    }
    if (fields_take_codes(&rest, &code, &e->enhanced) && code / 100 == (temporary ? 4 : 5))
        text = rest;
    else
        code = 0;
    if (code == 0)
        e->enhanced.n = 0;
    e->code = code ? code : temporary ? 451 : 550;
    fields_classify_refusal(e, text, false);
    e->code = code;
    if (e->reason == REFUSAL_OTHER)
        e->reason = (uint8_t)otherwise;
    else if (e->reason == REFUSAL_DNSBL && lists_a_domain(text))
        e->reason = REFUSAL_RHSBL;
    else if (e->reason == REFUSAL_BANNED &&
             otherwise == REFUSAL_CLIENT_BLOCKED) /* a host that is "banned" is no file */
        e->reason = REFUSAL_CLIENT_BLOCKED;
    events_put(events, e);
    return true;
}

static bool put_refusal(struct event *e, struct span text, bool temporary, enum refusal_reason otherwise,
                        struct events *events)
{
    is_for_both_logs(e);
    return put_refusal_of_main_log(e, text, temporary, otherwise, events);
}

/* Behind `rejected `: what, a colon, and why. Returns the text; what the client said in between is passed over. */
static struct span take_what(struct span rest, struct event *e)
{
    struct span what;

    if (span_take_literal(&rest, "RCPT ") || span_take_literal(&rest, "MAIL ")) {
        bool of_recipient = rest.p[-5] == 'R';

        if (rest.n && rest.p[0] == '<' && span_take_bracketed(&rest, &what)) {
            if (of_recipient)
                e->to = what;
            else
                e->from = what;
        } else if (span_find(rest, SPAN(": ")) < rest.n) { /* releases before 4.20 wrote no <> */
            size_t end = span_find(rest, SPAN(": "));

            if (of_recipient)
                e->to = span_first(rest, end);
            rest = span_skip(rest, end);
        }
    }
    rest = span_skip(rest, span_find(rest, SPAN(": ")));
    span_take_literal(&rest, ": ");
    return rest;
}

static bool refused_by_acl(struct event *e, struct span rest, bool temporary, struct events *events)
{
    enum refusal_reason otherwise = REFUSAL_OTHER;

    if (span_has_prefix(rest, "connection ") || span_has_prefix(rest, "by 'connect' ACL"))
        otherwise = REFUSAL_CLIENT_BLOCKED;
    else if (span_has_prefix(rest, "EHLO") || span_has_prefix(rest, "HELO"))
        otherwise = REFUSAL_HELO_INVALID;
    else if (span_has_prefix(rest, "MAIL "))
        otherwise = REFUSAL_SENDER_INVALID;
    else if (span_has_prefix(rest, "DKIM ")) /* acl_smtp_dkim */
        otherwise = REFUSAL_DKIM;
    return put_refusal(e, take_what(rest, e), temporary, otherwise, events);
}

/* The keys of fields that may stand before what happened. */
static bool is_known_key(struct span key)
{
    static const struct span known[] = { SPAN("I"),  SPAN("F"),   SPAN("X"), SPAN("CV"),   SPAN("DN"), SPAN("SNI"),
                                         SPAN("A"),  SPAN("U"),   SPAN("P"), SPAN("DS"),   SPAN("S"),  SPAN("PRX"),
                                         SPAN("Ci"), SPAN("TFO"), SPAN("L"), SPAN("PRDR"), SPAN("K") };

    if (key.n == 0 || key.n > sizeof "PRDR" - 1)
        return false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (key.p[0] == known[i].p[0] && span_eq(key, known[i]))
            return true;
    return false;
}

/* `H=host I=.. X=.. F=<sender> A=..` in front of what happened. False where no field stands. */
static bool take_fields(struct span *s, struct event *e)
{
    struct span rest = *s, behind, key, value;
    bool found = false;

    for (;;) {
        behind = span_trim(rest);
        if (span_take_literal(&behind, "H=") && exim_take_host(&behind, &e->client)) {
            found = true;
            rest = behind;
            continue;
        }
        behind = span_trim(rest);
        if (span_take_literal(&behind, "F=") && span_take_bracketed(&behind, &e->from)) {
            found = true;
            rest = behind;
            continue;
        }
        behind = rest;
        if (!exim_take_word(&behind, &key, &value) || !is_known_key(key))
            break;
        if (span_is(key, "F"))
            e->from = value;
        found |= value.n > 0;
        rest = behind;
    }
    *s = span_trim(rest);
    return found;
}

/* A line that begins with `H=host`: a refusal, or what led to one. */
static bool by_acl(struct event *e, struct span rest, struct events *events)
{
    static const struct span silent[] = {
        SPAN("Warning: "),
        SPAN("sender verify "),
        SPAN("recipient verify "),
        SPAN("incomplete transaction"),
        SPAN("RCPT "),
        SPAN("Connection "),
        SPAN("SMTP error "),
        SPAN("SMTP timeout "),
        SPAN("TLS "),
        SPAN("DATA "),
        SPAN("Remote host "),
        SPAN("No route to host"),
        SPAN("Network is"),
        SPAN("No "),
        SPAN("retry time "),
        SPAN("host "),
    };

    if (!take_fields(&rest, e))
        return false;
    if (span_take_literal(&rest, "rejected "))
        return refused_by_acl(e, rest, false, events);
    if (span_take_literal(&rest, "temporarily rejected "))
        return refused_by_acl(e, rest, true, events);
    if (span_take_literal(&rest, "dropped "))
        return refused_by_acl(e, rest, false, events);
    if (span_take_char(&rest, ':')) /* `H=host [address]: SMTP error from ..`: of a delivery */
        return true;
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
        if (exim_begins(rest, silent[i]))
            return true;
    return false;
}

/* The host behind the last of these words; nothing that the client chose follows it. */
static void take_client_behind(struct span rest, struct span words, struct event *e)
{
    size_t at = span_find(rest, words);
    struct span host = span_skip(rest, at < rest.n ? at + words.n : rest.n);

    span_take_literal(&host, "H=");
    exim_take_host(&host, &e->client);
}

/* What Exim refuses by itself. */
static const struct {
    struct span words;
    struct span host; /* stands in front of the client */
    uint8_t reason;   /* REFUSAL_NONE: as the text says */
    bool temporary;
} refusals[] = {
    { SPAN("rejected EHLO from "), SPAN(" from "), REFUSAL_HELO_INVALID, false },
    { SPAN("rejected HELO from "), SPAN(" from "), REFUSAL_HELO_INVALID, false },
    { SPAN("rejected \"EHLO "), SPAN("\" from "), REFUSAL_HELO_INVALID, false },
    { SPAN("rejected \"HELO "), SPAN("\" from "), REFUSAL_HELO_INVALID, false },
    { SPAN("temporarily rejected \"EHLO "), SPAN("\" from "), REFUSAL_HELO_INVALID, true },
    { SPAN("temporarily rejected \"HELO "), SPAN("\" from "), REFUSAL_HELO_INVALID, true },
    { SPAN("rejected MAIL from "), SPAN(" from "), REFUSAL_PROTOCOL, false },
    { SPAN("rejected MAIL command "), SPAN(" H="), REFUSAL_RATE_LIMIT, true },
    { SPAN("rejected MAIL FROM:"), SPAN(" H="), REFUSAL_MESSAGE_SIZE, false },
    { SPAN("rejected from "), SPAN(" H="), REFUSAL_NONE, false },
    { SPAN("refused connection from "), SPAN(" from "), REFUSAL_CLIENT_BLOCKED, false },
    { SPAN("temporarily refused connection from "), SPAN(" from "), REFUSAL_RATE_LIMIT, true },
    { SPAN("unqualified sender rejected: "), SPAN(" H="), REFUSAL_SENDER_INVALID, false },
    { SPAN("unqualified recipient rejected: "), SPAN(" H="), REFUSAL_RECIPIENT_DOMAIN, false },
    { SPAN("too many recipients: message rejected: sender="), SPAN(" H="), REFUSAL_RATE_LIMIT, false },
    { SPAN("too many recipients: excess temporarily rejected: sender="), SPAN(" H="), REFUSAL_RATE_LIMIT, true },
    { SPAN("SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection"),
      SPAN(" from "), REFUSAL_EARLY_TALKER, false },
    { SPAN("SMTP protocol violation: synchronization error (input sent without waiting for greeting): rejected"),
      SPAN(" from "), REFUSAL_EARLY_TALKER, false },
    { SPAN("SMTP protocol synchronization error (next input sent too soon: pipelining was advertised): rejected"),
      SPAN(" H="), REFUSAL_PIPELINING, false },
    { SPAN("SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): rejected"),
      SPAN(" H="), REFUSAL_PIPELINING, false },
    { SPAN("SMTP protocol violation: synchronization error (next input sent too soon: pipelining was "), SPAN(" H="),
      REFUSAL_PIPELINING, false },
};

static bool by_exim(struct event *e, struct span rest, struct events *events)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct span text = rest, address;

        if (!exim_begins(rest, refusals[i].words))
            continue;
        text = span_skip(rest, refusals[i].words.n);
        if (text.n && text.p[0] == '<' && span_take_bracketed(&text, &address))
            *(refusals[i].reason == REFUSAL_RECIPIENT_DOMAIN ? &e->to : &e->from) = address;
        take_client_behind(rest, refusals[i].host, e);
        e->reason = refusals[i].reason;
        text = span_skip(text, span_find(text, SPAN(": ")));
        span_take_literal(&text, ": ");
        if (e->reason == REFUSAL_RATE_LIMIT && span_has_prefix(rest, "temporarily refused ")) /* for want of room */
            return put_refusal_of_main_log(e, text, true, REFUSAL_OTHER, events);
        return put_refusal(e, text, refusals[i].temporary, REFUSAL_OTHER, events);
    }
    return false;
}

/* ---- connections and logins ---- */

/* `SMTP connection from host ..`; HELO is said later than the line that counts the connection. */
static bool connection(struct event *e, struct span rest, struct events *events)
{
    struct span key, value, before;

    if (!exim_take_host(&rest, &e->client))
        return true; /* of a local user */
    do {
        before = rest = span_trim(rest);
        span_take_literal(&rest, "TLS ");
        if (span_has_prefix(rest, "lost"))
            return put_event_count(e, COUNTER_CONNECTIONS_LOST, events);
        if (span_has_prefix(rest, "(TCP/IP connection count = ") || span_is(rest, "(via inetd)"))
            return put_event_count(e, COUNTER_CONNECTIONS, events);
    } while (exim_take_word(&rest, &key, &value) && value.n && before.p != rest.p); /* I=.. U=.. Ci=.. */
    return true;
}

/* `SMTP call from host dropped: too many ..` */
static bool dropped(struct event *e, struct span rest, struct events *events)
{
    struct span key, value;

    exim_take_host(&rest, &e->client);
    while (!span_has_prefix(span_trim(rest), "dropped: "))
        if (!exim_take_word(&rest, &key, &value))
            return true;
    e->reason = REFUSAL_PROTOCOL;
    return put_refusal(e, span_skip(span_trim(rest), sizeof "dropped: " - 1), false, REFUSAL_PROTOCOL, events);
}

/* `Connection from [a] refused: too many connections` */
static bool connection_refused(struct event *e, struct span rest, struct events *events)
{
    exim_take_host(&rest, &e->client);
    rest = span_skip(rest, span_find(rest, SPAN("refused: ")));
    if (!span_take_literal(&rest, "refused: "))
        return false;
    e->reason = REFUSAL_RATE_LIMIT;
    return put_refusal_of_main_log(e, rest, true, REFUSAL_RATE_LIMIT, events);
}

/* `name authenticator failed for host: 535 ..`: the name is the administrator's and has no blank. */
static bool login_failed(struct event *e, struct span rest, struct events *events)
{
    struct span name;

    if (!span_take_until(&rest, ' ', &name) || !span_take_literal(&rest, "authenticator failed for "))
        return false;
    exim_take_host(&rest, &e->client);
    is_for_both_logs(e);
    return put_event_count(e, COUNTER_AUTH_FAILED, events);
}

static const struct {
    struct span words;
    enum counter counter; /* COUNTER_NONE: nothing */
} session[] = {
    { SPAN("SMTP connection lost after final dot"), COUNTER_CONNECTIONS_LOST },
    { SPAN("unexpected disconnection while reading SMTP command"), COUNTER_CONNECTIONS_LOST },
    { SPAN("SMTP command timeout on "), COUNTER_CONNECTIONS_LOST },
    { SPAN("SMTP data timeout "), COUNTER_CONNECTIONS_LOST },
    { SPAN("SMTP protocol error in "), COUNTER_NONE },
    { SPAN("SMTP syntax error in "), COUNTER_NONE },
    { SPAN("SMTP connection outbound"), COUNTER_NONE },
    { SPAN("no MAIL in "), COUNTER_NONE },
    { SPAN("no IP address found for host "), COUNTER_NONE },
    { SPAN("TLS error on connection "), COUNTER_NONE },
    { SPAN("TLS client disconnected cleanly"), COUNTER_NONE },
    { SPAN("TLS session: "), COUNTER_NONE },
    { SPAN("ident connection to "), COUNTER_NONE },
    { SPAN("Start queue run: pid="), COUNTER_NONE },
    { SPAN("End queue run: pid="), COUNTER_NONE },
    { SPAN("exim "), COUNTER_NONE },
    { SPAN("pid "), COUNTER_NONE },
    { SPAN("SIGHUP received: re-exec daemon"), COUNTER_NONE },
    { SPAN("cwd="), COUNTER_NONE },
    { SPAN("Warning: purging the environment"), COUNTER_NONE },
    { SPAN("DNS list lookup defer "), COUNTER_NONE },
    { SPAN("ETRN "), COUNTER_NONE },
};

/* Of these there are very many. */
static bool is_silent(struct span rest)
{
    return span_has_prefix(rest, "no host name found for IP address ") ||
           (span_has_prefix(rest, "SMTP connection from ") && span_ends(rest, SPAN(" closed by QUIT")));
}

bool exim_session(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e;

    if (is_silent(rest))
        return true;
    e = event_of(EVENT_REFUSAL, line);
    e.queue_id = id;
    e.client = (struct span){ rest.p, 0 };
    if (span_take_literal(&rest, "SMTP connection from "))
        return connection(&e, rest, events);
    if (span_take_literal(&rest, "SMTP call from "))
        return dropped(&e, rest, events);
    if (span_take_literal(&rest, "Connection from "))
        return connection_refused(&e, rest, events);
    if (by_acl(&e, rest, events) || by_exim(&e, rest, events) || login_failed(&e, rest, events))
        return true;
    for (size_t i = 0; i < sizeof session / sizeof session[0]; i++) {
        if (!exim_begins(rest, session[i].words))
            continue;
        if (session[i].counter == COUNTER_NONE)
            return true;
        take_client_behind(rest, span_mentions(rest, " from ") ? SPAN(" from ") : SPAN(" H="), &e);
        return put_event_count(&e, session[i].counter, events);
    }
    return id.n && exim_take_host(&rest, &e.client); /* `host [address] Connection refused`: of a delivery */
}
