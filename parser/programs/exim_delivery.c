/* Exim: the lines of deliveries. The table of what they become stands in exim.c.
 *
 * Source of the formats: Exim's src/deliver.c (delivery_log, post_process_one), retry.c, receive.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "exim.h"

#include "../fields.h"
#include "../reason.h"

/* What a delivery's line says. text: behind the colon that ends the fields. */
struct delivery {
    struct span transport, relay, confirmation, text;
    bool has_host;
};

/* `address (parent) <original>`: the address as it came in where what it became is a file, a pipe or a bare user. The
 * cursor stands at the ':' that ends the line's fields, or at what follows. */
static void take_recipient(struct span *s, struct event *e)
{
    struct span rest = *s, address, skipped;
    bool special = rest.n && (rest.p[0] == '|' || rest.p[0] == '/' || rest.p[0] == '>' || rest.p[0] == ':');
    size_t n = exim_address_octets(rest), end;

    if (special && (end = span_find(rest, SPAN(" <"))) < rest.n)
        n = end;
    if (n && n < rest.n && rest.p[n - 1] == ':' && !special)
        n--;
    address = span_first(rest, n);
    rest = span_skip(rest, n);
    while (span_has_prefix(rest, " (") && span_take_until(&rest, ')', &skipped))
        ;
    e->to = address;
    if (span_has_prefix(rest, " <")) {
        struct span original = span_skip(rest, 1);

        if (span_take_bracketed(&original, &skipped)) {
            if (special || !span_chr(address, '@'))
                e->to = skipped;
            rest = original;
        }
    }
    *s = rest;
}

/* Of failures, the fields end at the first word that ends with a colon: `T=remote_smtp: text`, `[192.0.2.1]: text`. */
static bool take_colon(struct span *rest, struct span *value, bool fails)
{
    if (!fails)
        return false;
    if (value->n && value->p[value->n - 1] == ':') {
        value->n--;
        return true;
    }
    return span_take_char(rest, ':');
}

static void take_delivery_fields(struct span rest, bool fails, struct delivery *d, struct event *e)
{
    struct span key, value, host, none = { NULL, 0 };

    if (take_colon(&rest, &none, fails)) {
        d->text = span_trim(rest);
        return;
    }
    if (!fails) {
        exim_take_awaited(&rest, SPAN(" R="), &value);
        exim_take_awaited(&rest, SPAN(" T="), &d->transport);
    }
    while (host = span_trim(rest), host.n) {
        if (span_take_literal(&host, "H=") && exim_take_host(&host, &d->relay)) {
            d->has_host = true;
            rest = span_words(host);
            span_take_char(&rest, '*'); /* not the first message of the connection */
            key = value = none;
        } else {
            exim_take_word(&rest, &key, &value);
            if (!value.n)
                value = span_words(key);
        }
        bool ends = take_colon(&rest, &value, fails);

        if (value.n && span_is(key, "T"))
            d->transport = span_words(value);
        else if (value.n && span_is(key, "C"))
            d->confirmation = span_words(value);
        else if (value.n && span_is(key, "QT"))
            e->delay_ms = fields_duration_ms(value);
        if (ends) {
            d->text = span_trim(rest);
            return;
        }
    }
}

/* Whether the transport's name holds one of the words. Most octets begin none of them: `first` has a bit for each
 * letter that does. */
static bool names_one_of(struct span transport, uint32_t first, const struct span *words, size_t words_n)
{
    for (size_t i = 0; i < transport.n; i++) {
        if (!(first >> (transport.p[i] & 31) & 1))
            continue;
        for (size_t w = 0; w < words_n; w++)
            if (words[w].n <= transport.n - i && span_eq_nocase((struct span){ transport.p + i, words[w].n }, words[w]))
                return true;
    }
    return false;
}
#define LETTER(c) (1u << ((c)&31))

/* A transport without a host is a file or a pipe, and the log does not say which. Only one with such a name may be a
 * filter that submits the mail again. */
static enum delivery_agent agent_of(const struct delivery *d)
{
    static const struct span lmtp[] = { SPAN("lmtp") };
    static const struct span filters[] = { SPAN("spam"), SPAN("scan"), SPAN("filter"), SPAN("virus"), SPAN("amavis") };
    const uint32_t begins_filter = LETTER('s') | LETTER('f') | LETTER('v') | LETTER('a');

    if (d->has_host)
        return names_one_of(d->transport, LETTER('l'), lmtp, 1) ? AGENT_LMTP : AGENT_SMTP;
    return names_one_of(d->transport, begins_filter, filters, sizeof filters / sizeof filters[0]) ? AGENT_PIPE
                                                                                                  : AGENT_OTHER;
}

static bool put_discarded(const struct line *line, struct span id, struct events *events)
{
    struct event e = event_of(EVENT_DISCARDED, line);

    e.queue_id = id;
    events_put(events, &e);
    return true;
}

/* Where `C="..."`, the other server's reply, begins, or the end. Quotes in the reply, and in an address between quotes,
 * have a backslash; so the last quote's partner is found from behind, whatever the address pretends. */
static size_t begin_of_reply(struct span s)
{
    const char *quote = memrchr(s.p, '"', s.n);

    while (quote && (quote = memrchr(s.p, '"', (size_t)(quote - s.p))) && quote - s.p > 2)
        if (quote[-1] != '\\')
            return quote[-1] == '=' && quote[-2] == 'C' && quote[-3] == ' ' ? (size_t)(quote - s.p) - 3 : s.n;
    return s.n;
}

/* From the router on: only Exim and the host's name stand between ` R=` and the reply. Before it stand addresses,
 * logged without their quotes. */
static struct span behind_addresses(struct span whole, struct span rest)
{
    size_t n = begin_of_reply(whole);

    for (const char *r; (r = memrchr(whole.p, 'R', n)) && r > whole.p + 1; n = (size_t)(r - whole.p))
        if (r[-1] == ' ' && r + 1 < whole.p + n && r[1] == '=')
            return span_from(r - 1, whole.p + whole.n);
    return rest;
}

/* Exim's own words for what was thrown away. Addresses are logged without their quotes, so a recipient may begin with
 * the same words; but a delivery to it has a transport, and one that a router decided has at least that. */
static bool is_blackhole(struct span rest)
{
    return (span_has_prefix(rest, "blackhole ") || span_has_prefix(rest, "discarded (")) && !span_mentions(rest, " R=");
}

static bool is_discarded_recipient(struct span rest)
{
    return (span_has_prefix(rest, "discarded <") || span_has_prefix(rest, ":blackhole: <")) &&
           !span_mentions(rest, " T=");
}

bool exim_delivered(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_DELIVERY, line);
    struct delivery d = { .transport = { rest.p, 0 }, .relay = { rest.p, 0 } };
    struct span whole = rest;
    bool discarded = is_discarded_recipient(rest);

    if (is_blackhole(rest))
        return put_discarded(line, id, events);
    e.queue_id = id;
    take_recipient(&rest, &e);
    if (discarded) {
        e.counter = COUNTER_DISCARDED;
        events_put(events, &e);
        return true;
    }
    take_delivery_fields(behind_addresses(whole, rest), false, &d, &e);
    e.agent = (uint8_t)agent_of(&d);
    e.counter = e.agent == AGENT_SMTP ? COUNTER_SENT : COUNTER_DELIVERED;
    e.relay = d.has_host ? d.relay : d.transport;
    e.text = d.confirmation;
    e.named_id = fields_id_in_reply(d.confirmation);
    events_put(events, &e);
    return true;
}

/* The other server's reply: behind a colon, or from the beginning. */
static void take_reply_codes(struct span text, struct event *e)
{
    for (;;) {
        size_t colon;

        if (text.n > 3 && (text.p[0] == '4' || text.p[0] == '5') && fields_take_codes(&text, &e->code, &e->enhanced))
            return;
        colon = span_find(text, SPAN(": "));
        if (colon == text.n)
            return;
        text = span_skip(text, colon + 2);
    }
}

/* `Connection timed out H=mx [192.0.2.1]: SMTP timeout after initial connection`: the system's word for the error is
 * the same before and after the connection stands, Exim's is not. */
static struct span behind_host_of_timeout(struct span text)
{
    size_t at = span_find(text, SPAN(": SMTP timeout "));

    return span_has_prefix(text, "Connection timed out H=") && at < text.n ? span_skip(text, at + 2) : text;
}

bool exim_failed(const struct line *line, struct span id, struct span rest, enum counter counter, struct events *events)
{
    struct event e = event_of(EVENT_DELIVERY, line);
    struct delivery d = { .text = { rest.p, 0 } };

    e.queue_id = id;
    e.counter = counter;
    take_recipient(&rest, &e);
    take_delivery_fields(rest, true, &d, &e);
    e.text = d.text;
    e.relay = d.relay;
    /* retry.c logs this line by itself; a remote server's words stand behind others. */
    if (counter == COUNTER_BOUNCED && span_is(d.text, "retry timeout exceeded")) {
        e.kind = EVENT_EXPIRED;
        e.counter = COUNTER_EXPIRED;
    } else {
        take_reply_codes(d.text, &e);
    }
    if (counter == COUNTER_DEFERRED)
        e.reason = (uint8_t)deferral_reason_of(e.enhanced, behind_host_of_timeout(d.text));
    events_put(events, &e);
    return true;
}
