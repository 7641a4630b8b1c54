/* Exim: messages. Their deliveries: exim_delivery.c; connections, logins and refusals: exim_session.c.
 *
 *   line behind the id                                  becomes
 *   <= sender ..                                        received or reinjected; authSucceeded with A=
 *   <= <> R=.., <= <> .. P=local without H=             nothing: a bounce that Exim made itself
 *   (= sender ..                                        the same and rejectWarnings: accepted, but refused to the
 * client
 *   => -> >> address .. T=.. H=host [address]           sent; delivered when the transport's name says LMTP
 *   => -> >> address .. T=..                            delivered
 *   => :blackhole: <address>, => discarded ..           discarded
 *   => blackhole (RCPT ACL discarded recipients)        discarded, once for a message
 *   *> ..                                               nothing: delivery suppressed by -N
 *   ** address ..                                       bounced; expired where all it says is `retry timeout exceeded`
 *   == address .. defer (n)                             deferred
 *   Frozen, *** Frozen, Message is frozen, frozen by    held, once until it is thawed
 *   cancelled by ..                                     expired: given up by exim -Mg, and returned
 *   Completed                                           the end of the message
 *   SA: Action: ..                                      spam: SA-Exim's verdict
 *
 * Ids are 1abcDE-000123-AB and, since 4.97, 1abcDE-00000000123-AB12.
 *
 * The reject log repeats what the main log has, and the panic log some of it: a file whose name says so counts nothing.
 * Through syslog the copies cannot be told apart: `syslog_duplication = false` in Exim's configuration leaves one of
 * each; with Exim's default a refusal counts twice there. syslog has long lines in pieces, [1/3] to [3/3]: the first
 * one has what counts.
 *
 * Exim's HELO names hold neither blanks nor parentheses unless helo_accept_junk_hosts is set.
 *
 * Source of the formats: Exim's specification, chapter "Log files"; src/deliver.c, receive.c, retry.c, log.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "exim.h"

#include "../fields.h"

/* ---- what stands before a message ---- */

static bool is_base62(struct span s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (!is_alnum(s.p[i]))
            return false;
    return true;
}

/* An id and the blank behind it. */
static bool take_id(struct span *s, struct span *id)
{
    size_t second = s->n > 18 && s->p[13] == '-' ? 13 : 18;
    size_t end = second == 13 ? 16 : 23;

    if (s->n <= end || s->p[end] != ' ' || s->p[6] != '-' || s->p[second] != '-' || !is_base62(*s, 0, 6) ||
        !is_base62(*s, 7, second) || !is_base62(*s, second + 1, end))
        return false;
    *id = span_first(*s, end);
    *s = span_skip(*s, end + 1);
    return true;
}

/* `2026-11-21 03:47:01.123 +0100 `: Exim writes it also into its lines to syslog. */
static void skip_stamp(struct span *s)
{
    static const char shape[] = "0000-00-00 00:00:00";
    struct span rest, word;

    if (s->n <= sizeof shape)
        return;
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (shape[i] == '0' ? !is_digit(s->p[i]) : s->p[i] != shape[i])
            return;
    rest = span_skip(*s, sizeof shape - 1);
    if (!span_take_until(&rest, ' ', &word))
        return;
    *s = rest;
    if (rest.n > 5 && (rest.p[0] == '+' || rest.p[0] == '-') && is_digit(rest.p[1]) && is_digit(rest.p[4]) &&
        rest.p[5] == ' ')
        *s = span_skip(rest, 6);
}

/* `[123] ` */
static void skip_pid(struct span *s)
{
    struct span rest = *s;
    uint64_t pid;

    if (span_take_char(&rest, '[') && span_take_number(&rest, &pid) && span_take_literal(&rest, "] "))
        *s = rest;
}

/* `[1/3] `, or `[1\18] ` where the piece ends at a newline. False at a piece that is not the first: what it begins with
 * may be anybody's text. */
static bool skip_piece(struct span *s)
{
    struct span rest = *s;
    uint64_t piece, pieces;

    if (!span_take_char(&rest, '[') || !span_take_number(&rest, &piece) ||
        (!span_take_char(&rest, '/') && !span_take_char(&rest, '\\')) || !span_take_number(&rest, &pieces) ||
        !span_take_literal(&rest, "] "))
        return true;
    *s = rest;
    return piece == 1;
}

static bool is_copy(const char *file)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    const char *name = slash ? slash + 1 : file;

    return name && (strstr(name, "rejectlog") || strstr(name, "paniclog"));
}

/* ---- words of a line ---- */

size_t exim_address_octets(struct span s)
{
    bool quoted = false;
    size_t i = 0;

    for (; i < s.n && (quoted || s.p[i] != ' '); i++)
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            quoted = !quoted;
    if (!quoted && i <= s.n)
        return i;
    for (i = 0; i < s.n && s.p[i] != ' '; i++) /* quotes that do not come out even are none */
        ;
    return i;
}

bool exim_take_word(struct span *s, struct span *key, struct span *value)
{
    struct span rest = span_trim(*s);
    size_t n = 0, i;

    while (n < rest.n && is_alnum(rest.p[n]))
        n++;
    *key = span_first(rest, n);
    *value = (struct span){ rest.p + n, 0 };
    if (rest.n == 0)
        return false;
    if (n == 0 || n == rest.n || rest.p[n] != '=') {
        while (n < rest.n && rest.p[n] != ' ')
            n++;
        *key = span_first(rest, n);
        *s = span_skip(rest, n);
        return true;
    }
    rest = span_skip(rest, n + 1);
    if (rest.n && rest.p[0] == '"') {
        for (i = 1; i < rest.n && rest.p[i] != '"'; i++)
            if (rest.p[i] == '\\')
                i++;
        if (i < rest.n) {
            *value = span_skip(span_first(rest, i), 1);
            *s = span_skip(rest, i + 1);
            return true;
        }
    }
    for (i = 0; i < rest.n && rest.p[i] != ' '; i++)
        ;
    *value = span_first(rest, i);
    *s = span_skip(rest, i);
    return true;
}

static bool is_address_octet(char c)
{
    return is_alnum(c) || c == '.' || c == ':' || c == '%' || c == '-';
}

/* `[192.0.2.1]:25` */
static bool take_address(struct span *s)
{
    struct span rest = *s, digits;
    size_t i = 0;
    uint64_t port;

    if (!span_take_char(&rest, '['))
        return false;
    while (i < rest.n && is_address_octet(rest.p[i]))
        i++;
    rest = span_skip(rest, i);
    if (i == 0 || !span_take_char(&rest, ']'))
        return false;
    digits = rest;
    if (span_take_char(&digits, ':') && span_take_number(&digits, &port))
        rest = digits;
    *s = rest;
    return true;
}

bool exim_take_host(struct span *s, struct span *client)
{
    struct span rest = *s, name = { s->p, 0 };
    bool with_helo = false;
    const char *address;

    if (rest.n && rest.p[0] != '(' && rest.p[0] != '[' && !span_take_until(&rest, ' ', &name))
        return false;
    if (rest.n && rest.p[0] == '(') {
        struct span near = span_first(rest, rest.n < SPAN_BRACKETED_OCTETS ? rest.n : SPAN_BRACKETED_OCTETS);
        size_t end = span_find(near, SPAN(") ["));

        if (end == near.n)
            return false;
        rest = span_skip(rest, end + 2);
        with_helo = true;
    }
    address = rest.p;
    if (!take_address(&rest))
        return false;
    *client = span_from(with_helo || span_chr(name, '[') ? address : s->p, rest.p);
    *s = rest;
    return true;
}

/* ---- arrivals ---- */

struct arrival {
    struct span from, client, protocol, message_id;
    int64_t size_octets;
    bool has_host, has_reference, logged_in;
};

/* `R=.. H=.. U=.. P=.. X=.. A=.. S=.. id=..`: what follows id= is other people's text. H= counts only where it belongs,
 * and of P=, A= and S= the last ones: U= and DN= before them may hold what the client wants. */
static void take_arrival_fields(struct span rest, struct arrival *a)
{
    struct span key, value, host;

    if (span_take_literal(&rest, " R=")) {
        a->has_reference = true;
        span_take_until(&rest, ' ', &value);
        rest = (struct span){ rest.p - 1, rest.n + 1 };
    }
    host = rest;
    if (span_take_literal(&host, " H=") && exim_take_host(&host, &a->client)) {
        a->has_host = true;
        rest = host;
    }
    while (exim_take_word(&rest, &key, &value)) {
        if (span_is(key, "P")) {
            a->protocol = value;
            a->logged_in = false;
        } else if (span_is(key, "A")) {
            a->logged_in = true;
        } else if (span_is(key, "S")) {
            uint64_t size;

            a->size_octets = span_take_number(&value, &size) && value.n == 0 ? (int64_t)size : -1;
        } else if (span_is(key, "id")) {
            a->message_id = value;
            return;
        } else if (span_is(key, "T") || span_is(key, "from") || span_is(key, "for")) {
            return;
        }
    }
}

/* The name of the protocol ends in an `a` when the client has logged in: esmtpa, esmtpsa, lmtpa, asmtp (until 4.43). */
static bool is_authenticated(const struct arrival *a)
{
    return a->logged_in && a->has_host && (span_ends(a->protocol, SPAN("a")) || span_is(a->protocol, "asmtp"));
}

static void put_arrival(const struct line *line, struct span id, const struct arrival *a, struct events *events)
{
    struct event e = event_of(EVENT_OPENED, line);

    e.queue_id = id;
    e.client = a->client;
    e.from = a->from;
    e.size_octets = a->size_octets;
    if (a->from.n || a->has_host || !(a->has_reference || span_has_prefix(a->protocol, "local"))) {
        events_put(events, &e);
        e.kind = EVENT_MESSAGE_ID;
        e.message_id = a->message_id;
        events_put(events, &e);
    }
    e.kind = EVENT_QUEUED;
    events_put(events, &e);
}

static bool arrival(const struct line *line, struct span id, struct span rest, bool refused, struct events *events)
{
    struct arrival a = { .client = { rest.p, 0 }, .protocol = { rest.p, 0 }, .message_id = { rest.p, 0 } };
    struct event e = event_of(EVENT_COUNT, line);
    size_t n = exim_address_octets(rest);

    a.size_octets = -1;
    a.from = span_is(span_first(rest, n), "<>") ? span_first(rest, 0) : span_first(rest, n);
    take_arrival_fields(span_skip(rest, n), &a);
    put_arrival(line, id, &a, events);
    e.queue_id = id;
    e.client = a.client;
    e.from = a.from;
    if (is_authenticated(&a)) {
        e.counter = COUNTER_AUTH_SUCCEEDED;
        events_put(events, &e);
    }
    if (refused) {
        e.kind = EVENT_REFUSAL;
        fields_classify_refusal(&e, (struct span){ rest.p, 0 }, true);
        events_put(events, &e);
    }
    return true;
}

/* ---- the rest of a message's life ---- */

static const struct {
    struct span words;
    enum event_kind kind; /* EVENT_COUNT: nothing */
} life[] = {
    { SPAN("Completed"), EVENT_REMOVED },
    { SPAN("*** Frozen"), EVENT_HELD },
    { SPAN("Frozen"), EVENT_HELD },
    { SPAN("frozen by "), EVENT_HELD },
    { SPAN("frozen on arrival"), EVENT_HELD },
    { SPAN("Message is frozen"), EVENT_HELD },
    { SPAN("Message frozen"), EVENT_HELD },
    { SPAN("Unfrozen by "), EVENT_RELEASED },
    { SPAN("unfrozen by "), EVENT_RELEASED },
    { SPAN("removed by "), EVENT_COUNT },
    { SPAN("message removed by "), EVENT_COUNT },
    { SPAN("Message removed "), EVENT_COUNT },
    { SPAN("cancelled by "), EVENT_EXPIRED },
    { SPAN("no immediate delivery: "), EVENT_COUNT },
    { SPAN("no recipients "), EVENT_COUNT },
    { SPAN("original recipients ignored"), EVENT_COUNT },
    { SPAN("Spool file is locked"), EVENT_COUNT },
    { SPAN("spool file locked"), EVENT_COUNT },
    { SPAN("Remote host "), EVENT_COUNT },
    { SPAN("Failed to connect to "), EVENT_COUNT },
    { SPAN("SMTP error from "), EVENT_COUNT },
    { SPAN("SMTP timeout "), EVENT_COUNT },
    { SPAN("DKIM: "), EVENT_COUNT },
    { SPAN("PDKIM: "), EVENT_COUNT },
    { SPAN("DMARC "), EVENT_COUNT },
    { SPAN("SPF "), EVENT_COUNT },
    { SPAN("Warning: "), EVENT_COUNT },
    { SPAN("TLS "), EVENT_COUNT },
    { SPAN("malware acl condition: "), EVENT_COUNT },
    { SPAN("spam acl condition: "), EVENT_COUNT },
    { SPAN("retry time not reached"), EVENT_COUNT },
    { SPAN("remote delivery process "), EVENT_COUNT },
    { SPAN("address <"), EVENT_COUNT },
    { SPAN("all addresses marked delivered"), EVENT_COUNT },
    { SPAN("sender address changed to "), EVENT_COUNT },
    { SPAN("SA: "), EVENT_COUNT },
};

/* `SA: Action: flagged as Spam but accepted: score=8.2 ..`; what else SA-Exim does is no verdict. */
static void put_spam(const struct line *line, struct span id, struct span rest, struct events *events)
{
    static const struct span actions[] = { SPAN("flagged as Spam"), SPAN("permanently rejected message"),
                                           SPAN("temporarily rejected message"), SPAN("silently tossed message"),
                                           SPAN("teergrubed sender") };
    struct event e = event_of(EVENT_COUNT, line);

    if (!span_take_literal(&rest, "SA: Action: "))
        return;
    e.counter = COUNTER_SPAM;
    e.queue_id = id;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (span_starts(rest, actions[i]))
            events_put(events, &e);
}

static bool life_of_message(const struct line *line, struct span id, struct span rest, struct events *events)
{
    for (size_t i = 0; i < sizeof life / sizeof life[0]; i++) {
        struct event e = event_of(life[i].kind, line);

        if (!span_starts(rest, life[i].words))
            continue;
        e.queue_id = id;
        if (e.kind != EVENT_COUNT)
            events_put(events, &e);
        put_spam(line, id, rest, events);
        return true;
    }
    return false;
}

static bool of_message(const struct line *line, struct span id, struct span rest, struct events *events)
{
    if (span_take_literal(&rest, "<= "))
        return arrival(line, id, rest, false, events);
    if (span_take_literal(&rest, "(= "))
        return arrival(line, id, rest, true, events);
    if (span_take_literal(&rest, "=> ") || span_take_literal(&rest, "-> ") || span_take_literal(&rest, ">> "))
        return exim_delivered(line, id, rest, events);
    if (span_take_literal(&rest, "*> "))
        return true;
    if (span_take_literal(&rest, "** "))
        return exim_failed(line, id, rest, COUNTER_BOUNCED, events);
    if (span_take_literal(&rest, "== "))
        return exim_failed(line, id, rest, COUNTER_DEFERRED, events);
    return life_of_message(line, id, rest, events) || exim_session(line, id, rest, events);
}

static bool exim(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, id;

    if (is_copy(line->file))
        return true;
    if (!skip_piece(&rest))
        return true;
    skip_stamp(&rest);
    skip_pid(&rest);
    if (take_id(&rest, &id))
        return of_message(line, id, rest, events);
    return exim_session(line, (struct span){ NULL, 0 }, rest, events);
}

static const struct service services[] = {
    { SPAN("exim"), exim },
    { SPAN("exim4"), exim },
};

/* Its own log has no tag, and all that exim() knows begins with an id or with words that only Exim writes. */
const struct recogniser recogniser_exim = { .name = "exim", SERVICES(services), .untagged = exim };
