/* qpsmtpd.
 *
 *   line                                                      becomes
 *   PID logging::logterse plugin (deny): ` ip host helo       by the code: 901, 903 rejected, 902, 904
 *     <from> <to>,<to> plugin code text ..                    rejectedTemporarily or greylisted; spam and virus
 *                                                             plugins also spam, virus
 *   .. <from> <to> queued - <message-id> ..                   received; what the MTA behind it then takes is reinjected
 *   PID (deny) logging::logterse: ` ..   (since 0.94)         likewise
 *   ` ip host ..  (tag qpsmtpd: logging/syslog drops names)   likewise
 *   PID Accepted connection n/m from ip / host                connections
 *   PID Too many connections from ip: n > m. Denying ..       refusal 451: rateLimit
 *   PID Connection Timed Out                                  connectionsLost
 *   PID LOGIN authentication successful / failed for user     authSucceeded, authFailed
 *   all else that begins with a pid                           nothing
 *
 * The fields are separated by tabs (rsyslog writes #011).
 *
 * Source of the formats: qpsmtpd's plugin logging/logterse, qpsmtpd-forkserver, lib/Qpsmtpd/Auth.pm,
 * lib/Qpsmtpd/Constants.pm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../recogniser.h"
#include "../fields.h"
#include "../reason.h"
#include "put.h"

enum { DENY = 901, DENYSOFT = 902, DENY_DISCONNECT = 903, DENYSOFT_DISCONNECT = 904 };

/* ---- plugins ---- */

static const struct {
    struct span word; /* somewhere in the plugin's name */
    uint8_t reason;
    enum counter verdict;
} plugins[] = {
    { SPAN("virus::"), REFUSAL_VIRUS, COUNTER_VIRUS },
    { SPAN("clam"), REFUSAL_VIRUS, COUNTER_VIRUS },
    { SPAN("spamassassin"), REFUSAL_SPAM, COUNTER_SPAM },
    { SPAN("dspam"), REFUSAL_SPAM, COUNTER_SPAM },
    { SPAN("bogofilter"), REFUSAL_SPAM, COUNTER_SPAM },
    { SPAN("pattern_filter"), REFUSAL_BANNED, COUNTER_NONE },
    { SPAN("greylist"), REFUSAL_GREYLIST, COUNTER_NONE },
    { SPAN("earlytalker"), REFUSAL_EARLY_TALKER, COUNTER_NONE },
    { SPAN("rhsbl"), REFUSAL_RHSBL, COUNTER_NONE },
    { SPAN("uribl"), REFUSAL_BODY, COUNTER_NONE },
    { SPAN("dnsbl"), REFUSAL_DNSBL, COUNTER_NONE },
    { SPAN("badmailfrom"), REFUSAL_SENDER_INVALID, COUNTER_NONE },
    { SPAN("resolvable_fromhost"), REFUSAL_SENDER_DOMAIN, COUNTER_NONE },
    { SPAN("goodrcptto"), REFUSAL_UNKNOWN_USER, COUNTER_NONE },
    { SPAN("badrcptto"), REFUSAL_UNKNOWN_USER, COUNTER_NONE },
    { SPAN("smtp_forward"), REFUSAL_UNKNOWN_USER, COUNTER_NONE },
    { SPAN("deliverable"), REFUSAL_UNKNOWN_USER, COUNTER_NONE },
    { SPAN("rcpt_ok"), REFUSAL_RELAY_DENIED, COUNTER_NONE },
    { SPAN("relay"), REFUSAL_RELAY_DENIED, COUNTER_NONE },
    { SPAN("helo"), REFUSAL_HELO_INVALID, COUNTER_NONE },
    { SPAN("headers"), REFUSAL_HEADER, COUNTER_NONE },
    { SPAN("unrecognized_commands"), REFUSAL_PROTOCOL, COUNTER_NONE },
    { SPAN("auth::"), REFUSAL_AUTH_FAILED, COUNTER_NONE },
    { SPAN("tls"), REFUSAL_TLS_REQUIRED, COUNTER_NONE },
    { SPAN("sender_permitted_from"), REFUSAL_SPF, COUNTER_NONE },
    { SPAN("spf"), REFUSAL_SPF, COUNTER_NONE },
    { SPAN("dkim"), REFUSAL_DKIM, COUNTER_NONE },
    { SPAN("dmarc"), REFUSAL_DMARC, COUNTER_NONE },
    { SPAN("fcrdns"), REFUSAL_CLIENT_REVERSE_DNS, COUNTER_NONE },
    { SPAN("badcountries"), REFUSAL_CLIENT_BLOCKED, COUNTER_NONE },
    { SPAN("karma"), REFUSAL_CLIENT_BLOCKED, COUNTER_NONE },
    { SPAN("hosts_allow"), REFUSAL_CLIENT_BLOCKED, COUNTER_NONE },
    { SPAN("loadcheck"), REFUSAL_RATE_LIMIT, COUNTER_NONE },
};
#define PLUGINS (sizeof plugins / sizeof plugins[0])

/* The row of a plugin, or PLUGINS. `naughty` refuses for another plugin, which it names in its text: `(karma)`. */
static size_t plugin_row(struct span name, struct span text)
{
    if (span_is(name, "naughty")) {
        if (!span_take_until(&text, '(', &name) || !span_take_until(&text, ')', &name))
            return PLUGINS;
    }
    for (size_t i = 0; i < PLUGINS; i++)
        if (span_contains(name, plugins[i].word))
            return i;
    return PLUGINS;
}

/* ---- logterse ---- */

static bool take_tab(struct span *s)
{
    return span_take_char(s, '\t') || span_take_literal(s, "#011");
}

/* Up to a tab or the end; the tab is consumed. */
static struct span take_field(struct span *s)
{
    size_t tab = span_find(*s, SPAN("\t")), escaped = span_find(*s, SPAN("#011")), n = tab < escaped ? tab : escaped;
    struct span field = span_first(*s, n);

    *s = span_skip(*s, n);
    take_tab(s);
    return field;
}

/* `<a>` or `<a>,<b>`, empty in lines from before MAIL and RCPT: the first. Quoted local parts may hold tabs. */
static struct span take_addresses(struct span *s)
{
    struct span rest = *s, first = { NULL, 0 }, address;

    while (span_take_bracketed(&rest, &address)) {
        if (!first.p)
            first = address;
        if (span_take_char(&rest, ','))
            continue;
        if (rest.n && !take_tab(&rest))
            break;
        *s = rest;
        return first;
    }
    take_field(s);
    return first;
}

/* The score of spamassassin's field, `Yes, hits=13.1 required=..`, or the virus' name. */
static struct span verdict_detail(struct span text, struct span extra, enum counter verdict)
{
    struct span value;
    size_t at;

    if (verdict == COUNTER_VIRUS) {
        at = span_find(text, SPAN("irus found: "));
        return at < text.n ? span_skip(text, at + sizeof "irus found: " - 1) : (struct span){ text.p, 0 };
    }
    at = span_find(extra, SPAN("hits="));
    if (at == extra.n)
        at = span_find(extra, SPAN("score="));
    value = span_skip(extra, at);
    if (!span_take_until(&value, '=', &extra))
        return (struct span){ text.p, 0 };
    for (at = 0; at < value.n && value.p[at] != ' ' && value.p[at] != ','; at++)
        ;
    return span_first(value, at);
}

static bool denied(struct event *e, uint64_t code, struct span text, struct span extra, struct events *events)
{
    size_t row = plugin_row(e->detail, text);
    enum refusal_reason reason;

    e->kind = EVENT_REFUSAL;
    e->text = text;
    e->temporary = code == DENYSOFT || code == DENYSOFT_DISCONNECT;
    reason = refusal_reason_of(e->temporary ? 450 : 550, e->enhanced, text, &e->zone);
    e->reason = (uint8_t)(row < PLUGINS ? plugins[row].reason : reason);
    if (!e->temporary)
        e->counter = COUNTER_REJECTED;
    else
        e->counter = e->reason == REFUSAL_GREYLIST ? COUNTER_GREYLISTED : COUNTER_REJECTED_TEMPORARILY;
    events_put(events, e);
    if (row == PLUGINS || plugins[row].verdict == COUNTER_NONE)
        return true;
    e->kind = EVENT_COUNT;
    e->counter = plugins[row].verdict;
    e->reason = 0;
    e->detail = verdict_detail(text, extra, e->counter);
    events_put(events, e);
    return true;
}

/* The fields behind the backquote. */
static bool logterse(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_FRONT_QUEUED, line);
    struct span code, text;
    uint64_t number;

    span_take_char(&rest, ' ');
    e.client = take_field(&rest);
    take_field(&rest); /* its name */
    take_field(&rest); /* HELO */
    e.from = take_addresses(&rest);
    e.to = take_addresses(&rest);
    e.detail = take_field(&rest);
    code = take_field(&rest);
    text = take_field(&rest);
    if (span_take_number(&code, &number))
        return number >= DENY && number <= DENYSOFT_DISCONNECT ? denied(&e, number, text, rest, events) : true;
    if (!span_is(e.detail, "queued"))
        return false;
    e.detail.n = 0;
    e.message_id = text;
    if (text.n >= 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
        e.message_id = span_first(span_skip(text, 1), text.n - 2);
    events_put(events, &e);
    return true;
}

/* ---- other lines ---- */

static bool take_logterse(struct span *s)
{
    struct span rest = *s, before;

    if (span_take_char(&rest, '(') && !(span_take_until(&rest, ')', &before) && span_take_char(&rest, ' ')))
        return false;
    if (!span_take_literal(&rest, "logging::logterse") || !span_take_until(&rest, '`', &before) || before.n > 40)
        return false;
    *s = rest;
    return true;
}

static bool accepted(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);

    e.counter = COUNTER_CONNECTIONS;
    if (!span_take_literal(&rest, "from "))
        span_take_until(&rest, ' ', &e.detail);
    span_take_literal(&rest, "from ");
    span_take_until(&rest, ' ', &e.client);
    events_put(events, &e);
    return true;
}

static bool too_many(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);

    if (!span_take_until(&rest, ':', &e.client) || !span_mentions(rest, "Denying connection"))
        return true;
    e.code = 451;
    e.temporary = true;
    e.counter = COUNTER_REJECTED_TEMPORARILY;
    e.reason = REFUSAL_RATE_LIMIT;
    events_put(events, &e);
    return true;
}

static bool is_mechanism(struct span word)
{
    return span_is(word, "PLAIN") || span_is(word, "LOGIN") || span_is(word, "CRAM-MD5");
}

/* Of the server itself, not of a plugin, whose lines begin with its name. */
static bool server_line(const struct line *line, struct span rest, struct events *events)
{
    struct span mechanism, s = rest;

    if (span_take_literal(&rest, "Accepted connection "))
        return accepted(line, rest, events);
    if (span_take_literal(&rest, "Too many connections from "))
        return too_many(line, rest, events);
    if (span_is(rest, "Connection Timed Out"))
        return put_count(line, events, COUNTER_CONNECTIONS_LOST, NO_DETAIL);
    if (span_take_until(&s, ' ', &mechanism) && is_mechanism(mechanism)) {
        if (span_has_prefix(s, "authentication successful for "))
            return put_count(line, events, COUNTER_AUTH_SUCCEEDED, mechanism);
        if (span_has_prefix(s, "authentication failed for "))
            return put_count(line, events, COUNTER_AUTH_FAILED, mechanism);
    }
    return false;
}

static bool take_pid(struct span *s)
{
    struct span rest = *s;
    uint64_t pid;

    if (!span_take_number(&rest, &pid) || !span_take_char(&rest, ' '))
        return false;
    *s = rest;
    return true;
}

/* multilog's lines: the pid tells them from those of other programs. */
static bool qpsmtpd_untagged(const struct line *line, struct events *events)
{
    struct span rest = line->header.message;

    if (!take_pid(&rest))
        return false;
    return take_logterse(&rest) ? logterse(line, rest, events) : server_line(line, rest, events);
}

static bool qpsmtpd(const struct line *line, struct events *events)
{
    struct span rest = line->header.message;

    take_pid(&rest);
    if (take_logterse(&rest) || span_take_char(&rest, '`'))
        return logterse(line, rest, events);
    server_line(line, rest, events);
    return true; /* plugins may say anything */
}

static const struct service services[] = {
    { SPAN("qpsmtpd"), qpsmtpd },
    { SPAN("qpsmtpd-forkserver"), qpsmtpd },
    { SPAN("qpsmtpd-prefork"), qpsmtpd },
    { SPAN("qpsmtpd-async"), qpsmtpd },
};

const struct recogniser recogniser_qpsmtpd = { .name = "qpsmtpd", SERVICES(services), .untagged = qpsmtpd_untagged };
