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
 *   PID Message too big: size: n (max size: m)                refusal 552: messageSize
 *   PID Connection Timed Out, PID 451 Incomplete DATA,        connectionsLost
 *     PID Lost connection to client, cannot send response.
 *   PID LOGIN authentication successful / failed for user,    authSucceeded, authFailed
 *     in 0.94 PID 235 LOGIN authentication .., PID 535 ..
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

/* What separates the fields of a line, behind the client's address. */
static struct span separator_of(struct span fields)
{
    return span_chr(fields, '\t') ? SPAN("\t") : SPAN("#011");
}

/* Up to a tab or the end; the tab is consumed. */
static struct span take_field(struct span *s, struct span tab)
{
    size_t n = span_find(*s, tab);
    struct span field = span_first(*s, n);

    *s = span_skip(*s, n);
    span_take(s, tab);
    return field;
}

/* `<a>` or `<a>,<b>`, empty in lines from before MAIL and RCPT: the first. Quoted local parts may hold tabs. False
 * where anything else stands. */
static bool take_addresses(struct span *s, struct span tab, struct span *first)
{
    struct span rest = *s, address;

    *first = (struct span){ NULL, 0 };
    while (span_take_bracketed(&rest, &address)) {
        if (!first->p)
            *first = address;
        if (span_take_char(&rest, ','))
            continue;
        if (rest.n && !span_take(&rest, tab))
            return false;
        *s = rest;
        return true;
    }
    return !first->p && span_take(s, tab);
}

/* What stands behind the HELO name. */
struct outcome {
    struct span from, to, plugin, text, extra;
    uint64_t code; /* 0: queued */
};

static bool take_outcome(struct span s, struct span tab, struct outcome *o)
{
    struct span code;

    if (!take_addresses(&s, tab, &o->from) || !take_addresses(&s, tab, &o->to))
        return false;
    o->plugin = take_field(&s, tab);
    code = take_field(&s, tab);
    o->text = take_field(&s, tab);
    o->extra = s;
    o->code = 0;
    if (code.n == 0)
        return span_is(o->plugin, "queued");
    return span_take_number(&code, &o->code) && code.n == 0 && o->code >= DENY && o->code <= DENYSOFT_DISCONNECT;
}

/* rsyslog writes #011 for a tab and leaves a #011 that was there before, as it may be in a HELO name or a Message-ID:
 * fields of those may look like an outcome. The last outcome is behind all that a HELO name can hold; but a Message-ID
 * is behind the first, and ends the line. */
static bool find_outcome(struct span rest, struct span tab, struct outcome *found)
{
    const char *end = rest.p + rest.n, *at = end;
    struct outcome o;
    bool any = take_outcome(rest, tab, found);

    if (tab.n == 1 || (any && found->code == 0 && end[-1] == '>'))
        return any;
    while ((at = memrchr(rest.p, tab.p[0], (size_t)(at - rest.p)))) {
        struct span behind = span_from(at, end);

        if (span_take(&behind, tab) && take_outcome(behind, tab, &o)) {
            *found = o;
            return true;
        }
    }
    return any;
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

/* Where a DNS blocklist has no text of its own, the plugin's words are the name that was found: the client's address
 * turned round, and the zone. */
static struct span zone_in(struct span name)
{
    const struct span none = { name.p, 0 };
    struct span label;
    uint64_t octet;

    for (unsigned n = 0; n < 4; n++)
        if (!span_take_until(&name, '.', &label) || !span_take_number(&label, &octet) || label.n)
            return none;
    return span_chr(name, ' ') ? none : name;
}

static bool denied(struct event *e, uint64_t code, struct span text, struct span extra, struct events *events)
{
    size_t row = plugin_row(e->detail, text);
    enum refusal_reason reason;

    e->kind = EVENT_REFUSAL;
    e->text = text;
    e->temporary = code == DENYSOFT || code == DENYSOFT_DISCONNECT;
    reason = refusal_reason_of(e->temporary ? 450 : 550, e->enhanced, text, &e->zone);
    if (row < PLUGINS && !(plugins[row].reason == REFUSAL_CLIENT_BLOCKED && reason == REFUSAL_RATE_LIMIT))
        reason = (enum refusal_reason)plugins[row].reason;
    e->reason = (uint8_t)reason;
    if (reason == REFUSAL_DNSBL && !e->zone.n)
        e->zone = zone_in(text);
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
    struct span tab = separator_of(rest);
    struct outcome o;

    span_take_char(&rest, ' ');
    e.client = take_field(&rest, tab);
    take_field(&rest, tab); /* its name */
    take_field(&rest, tab); /* HELO */
    if (!find_outcome(rest, tab, &o))
        return false;
    e.from = o.from;
    e.to = o.to;
    if (o.code) {
        e.detail = o.plugin;
        return denied(&e, o.code, o.text, o.extra, events);
    }
    e.message_id = o.text;
    if (o.extra.n && o.extra.p[o.extra.n - 1] == '>') /* nothing follows it: what looked like a tab is a part of it */
        e.message_id = span_from(o.text.p, o.extra.p + o.extra.n);
    if (e.message_id.n >= 2 && e.message_id.p[0] == '<' && e.message_id.p[e.message_id.n - 1] == '>')
        e.message_id = span_first(span_skip(e.message_id, 1), e.message_id.n - 2);
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

/* By qpsmtpd itself: no plugin, no line of logterse. */
static bool too_big(const struct line *line, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);

    e.code = 552;
    e.counter = COUNTER_REJECTED;
    e.reason = REFUSAL_MESSAGE_SIZE;
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
    static const struct span lost[] = {
        SPAN("Connection Timed Out"),
        SPAN("451 Incomplete DATA"),
        SPAN("Lost connection to client, cannot send response."),
    };
    struct span mechanism, s = rest;

    if (span_take_literal(&rest, "Accepted connection "))
        return accepted(line, rest, events);
    if (span_take_literal(&rest, "Too many connections from "))
        return too_many(line, rest, events);
    if (span_has_prefix(rest, "Message too big: size: "))
        return too_big(line, events);
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++)
        if (span_eq(rest, lost[i]))
            return put_count(line, events, COUNTER_CONNECTIONS_LOST, NO_DETAIL);
    if (!span_take_literal(&s, "235 ")) /* in 0.94 the reply says it; at LOGDEBUG both lines do */
        span_take_literal(&s, "535 ");
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

    if (server_line(line, rest, events)) /* a number in front may be a reply's code */
        return true;
    if (take_pid(&rest) && server_line(line, rest, events))
        return true;
    if (take_logterse(&rest) || span_take_char(&rest, '`'))
        return logterse(line, rest, events);
    return true; /* plugins may say anything */
}

static const struct service services[] = {
    { SPAN("qpsmtpd"), qpsmtpd },
    { SPAN("qpsmtpd-forkserver"), qpsmtpd },
    { SPAN("qpsmtpd-prefork"), qpsmtpd },
    { SPAN("qpsmtpd-async"), qpsmtpd },
};

const struct recogniser recogniser_qpsmtpd = { .name = "qpsmtpd", SERVICES(services), .untagged = qpsmtpd_untagged };
