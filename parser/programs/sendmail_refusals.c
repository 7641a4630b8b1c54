/* Sendmail: what it refuses.
 *
 *   line (behind `QID: `, or without one)                     becomes
 *   ruleset=check_rcpt, arg1=, relay=, reject=550 5.7.1 ..    refusal by its code
 *   ruleset=.., discard; quarantine=..                        discarded, once for an id; held
 *   ruleset=check_relay, .., discard, without an id           nothing: each message's `discarded` follows
 *   ruleset=tls_server, tls_rcpt, try_tls, check_compat ..    nothing: the delivery's own line says it
 *   ruleset=trust_auth ..                                     nothing: AUTH= of MAIL is not believed, the mail is taken
 *   Milter: to=<..>, reject=550 5.7.1 ..                      refusal; without a text it is permanent
 *   Milter: data, reject=..                                   refusal
 *   Milter: .., discard                                       discarded, once for an id
 *   Milter: connect: .., rejecting / temp failing commands    refusal
 *   rejecting commands from HOST due to pre-greeting traffic  refusal: earlyTalker
 *   message size (N) exceeds maximum (N)                      refusal, once for an id
 *   <x@y>... User unknown                                     refusal of a recipient
 *   HOST: EXPN root [rejected]                                refusal
 *   HOST: probable open proxy: command=GET / HTTP/1.1         refusal 421: protocol
 *   invalid domain name (x y) from HOST (LogLevel above 9)    refusal 501: heloInvalid
 *
 * Source of the formats: Sendmail's srvrsmtp.c, milter.c, parseaddr.c (rscheck), collect.c, err.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sendmail.h"

#include "../fields.h"
#include "put.h"

/* `550 5.7.1 text`, or `550 5.7.1 <x@y>... text`: the address is dropped from the reason's text. otherwise: the reason
 * of a text that does not say one. */
static bool put_refusal(struct event *e, struct span text, enum refusal_reason otherwise, struct events *events)
{
    struct span address, rest;

    fields_take_codes(&text, &e->code, &e->enhanced);
    rest = span_words(text);
    if (span_take_bracketed(&rest, &address) && span_take_literal(&rest, "... "))
        text = span_words(rest);
    fields_classify_refusal(e, text, false);
    /* `Access denied` is said of clients, but check_mail asks about the sender. */
    if (e->reason == REFUSAL_OTHER || (e->reason == REFUSAL_CLIENT_BLOCKED && otherwise == REFUSAL_SENDER_INVALID))
        e->reason = (uint8_t)otherwise;
    events_put(events, e);
    return true;
}

static bool put_once(const struct line *line, struct events *events, enum event_kind kind, enum counter counter,
                     struct span id)
{
    struct event e = event_of(id.n ? kind : EVENT_COUNT, line);

    e.counter = counter;
    e.queue_id = id;
    events_put(events, &e);
    return true;
}

/* Rulesets whose refusal nobody hears: those that are asked about a delivery, where it ends in the recipient's own
 * line, and trust_auth, which decides who a sender's submission program may say it is. */
static bool is_unheard(struct span ruleset)
{
    return span_is(ruleset, "trust_auth") || span_is(ruleset, "tls_server") || span_is(ruleset, "tls_rcpt") ||
           span_is(ruleset, "try_tls") || span_is(ruleset, "check_compat");
}

/* Whom a ruleset refuses when the administrator's text does not say why. */
static enum refusal_reason subject_of(struct span ruleset)
{
    if (span_is(ruleset, "check_relay"))
        return REFUSAL_CLIENT_BLOCKED;
    return span_is(ruleset, "check_mail") ? REFUSAL_SENDER_INVALID : REFUSAL_OTHER;
}

/* What follows `arg1=VALUE, relay=`: an address in brackets is whole; of a header's text, which the sender chose, only
 * the last `relay=` is Sendmail's. */
static struct span behind_arguments(struct span rest, struct event *e, bool sender)
{
    struct span *address = sender ? &e->from : &e->to, relay;
    struct span s = rest;

    if (span_take_literal(&s, "arg1=") && span_take_bracketed(&s, address) && span_has_prefix(s, ", "))
        rest = s;
    if (span_has_prefix(rest, ", relay="))
        relay = span_skip(rest, sizeof ", relay=" - 1);
    else
        relay = sendmail_last_field(rest, SPAN(", relay="));
    if (relay.n == 0)
        return rest;
    e->client = sendmail_client(relay);
    return relay;
}

static bool ruleset(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);
    struct span name, text;
    size_t at;

    if (!span_take_until(&rest, ',', &name) || !span_take_char(&rest, ' '))
        return false;
    if (is_unheard(name))
        return true;
    e.queue_id = id;
    e.detail = name;
    text = behind_arguments(rest, &e, span_is(name, "check_mail"));
    if (span_ends(text, SPAN(", discard"))) /* of a whole connection: each message has a `discarded` of its own */
        return (id.n == 0 && span_is(name, "check_relay")) ||
               put_once(line, events, EVENT_DISCARDED, COUNTER_DISCARDED, id);
    at = span_find(text, SPAN(", reject="));
    if (at < text.n)
        return put_refusal(&e, span_skip(text, at + sizeof ", reject=" - 1), subject_of(name), events);
    if (span_mentions(text, ", quarantine="))
        return put_once(line, events, EVENT_HELD, COUNTER_HELD, id);
    return false;
}

static bool put_reason(const struct line *line, struct events *events, struct span id, struct span client,
                       uint16_t code, enum refusal_reason reason)
{
    struct event e = event_of(EVENT_REFUSAL, line);

    e.queue_id = id;
    e.client = client;
    e.code = code;
    e.counter = code && code < 500 ? COUNTER_REJECTED_TEMPORARILY : COUNTER_REJECTED;
    e.reason = (uint8_t)reason;
    e.once_per_id = reason == REFUSAL_MESSAGE_SIZE && id.n;
    events_put(events, &e);
    return true;
}

/* `Milter: to=<x>, reject=..`. A HELO name has no brackets, but then the text behind it is the milter's. */
static bool milter(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);
    struct span s = rest, text, none = { rest.p, 0 };

    e.queue_id = id;
    if (span_take_literal(&s, "to=") && span_take_bracketed(&s, &e.to))
        rest = s;
    else if (s = rest, span_take_literal(&s, "from=") && span_take_bracketed(&s, &e.from))
        rest = s;
    if (span_ends(rest, SPAN(", discard")))
        return put_once(line, events, EVENT_DISCARDED, COUNTER_DISCARDED, id);
    text = sendmail_last_field(rest, SPAN(", reject="));
    if (text.n)
        return put_refusal(&e, text, REFUSAL_MILTER, events);
    if (!span_has_prefix(rest, "connect: "))
        return true;
    if (span_ends(rest, SPAN(", rejecting commands")))
        put_reason(line, events, id, none, 554, REFUSAL_MILTER);
    else if (span_ends(rest, SPAN(", temp failing commands")))
        put_reason(line, events, id, none, 451, REFUSAL_MILTER);
    return true;
}

/* `<x@y>... User unknown`: Sendmail logs errors of RCPT without their code. */
static bool recipient_error(const struct line *line, struct span id, struct span rest, struct events *events)
{
    static const struct span transient[] = { SPAN("Transient "), SPAN("Temporar"), SPAN("Deferred"),
                                             SPAN("Requested action aborted") };
    struct event e = event_of(EVENT_REFUSAL, line);
    struct span text = rest;
    size_t at;

    if (!span_take_bracketed(&text, &e.to)) {
        at = span_find(text, SPAN("... "));
        if (at == text.n || !memchr(text.p, '@', at) || memchr(text.p, ' ', at))
            return false;
        e.to = span_first(text, at);
        text = span_skip(text, at);
    }
    if (!span_take_literal(&text, "... "))
        return false;
    e.queue_id = id;
    for (size_t i = 0; i < sizeof transient / sizeof transient[0]; i++)
        if (span_starts(text, transient[i]))
            e.code = 451;
    return put_refusal(&e, text, REFUSAL_OTHER, events);
}

/* `mx.example [192.0.2.1]: EXPN root [rejected]`. */
static bool lists_refused(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct span client;

    if (!span_ends(rest, SPAN(" [rejected]")) || !sendmail_take_client(&rest, &client) ||
        !span_take_literal(&rest, ": ") || rest.n < 4)
        return false;
    if (span_eq_nocase(span_first(rest, 4), SPAN("expn")))
        return put_reason(line, events, id, client, 502, REFUSAL_PROTOCOL);
    if (span_eq_nocase(span_first(rest, 4), SPAN("vrfy")))
        return put_reason(line, events, id, client, 0, REFUSAL_PROTOCOL);
    return false;
}

/* `mx.example [192.0.2.1]: probable open proxy: command=CONNECT ..`: the client's first words were HTTP's. */
static bool open_proxy(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct span client;

    return sendmail_take_client(&rest, &client) && span_has_prefix(rest, ": probable open proxy: command=") &&
           put_reason(line, events, id, client, 421, REFUSAL_PROTOCOL);
}

/* `invalid domain name (TEXT) from mx.example [192.0.2.1]`: the text is the client's, so the last ` from ` is taken. */
static bool bad_helo(const struct line *line, struct span id, struct span rest, struct events *events)
{
    size_t at, from = 0;

    if (!span_take_literal(&rest, "invalid domain name ("))
        return false;
    while ((at = span_find(span_skip(rest, from), SPAN(") from "))) < rest.n - from)
        from += at + sizeof ") from " - 1;
    return from && put_reason(line, events, id, sendmail_client(span_skip(rest, from)), 501, REFUSAL_HELO_INVALID);
}

bool sendmail_refusal(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct span s = rest;

    if (span_take_literal(&s, "ruleset="))
        return ruleset(line, id, s, events);
    if (span_take_literal(&s, "Milter: "))
        return milter(line, id, s, events);
    if (span_take_literal(&s, "rejecting commands from "))
        return put_reason(line, events, id, sendmail_client(s), 554, REFUSAL_EARLY_TALKER);
    if (span_has_prefix(rest, "message size (") && span_mentions(rest, ") exceeds maximum"))
        return put_reason(line, events, id, (struct span){ rest.p, 0 }, 552, REFUSAL_MESSAGE_SIZE);
    return lists_refused(line, id, rest, events) || open_proxy(line, id, rest, events) ||
           bad_helo(line, id, rest, events) || recipient_error(line, id, rest, events);
}
