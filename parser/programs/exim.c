/* Exim: messages. Their deliveries: exim_delivery.c; connections, logins and refusals: exim_session.c; the words that
 * lines are made of: exim_words.c.
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
 * Through syslog both come in one log, unless syslog_duplication is false: copies.h tells them apart. syslog has long
 * lines in pieces, [1/3] to [3/3]: the first one has what counts.
 *
 * Exim's HELO names hold neither blanks nor parentheses unless helo_accept_junk_hosts is set.
 *
 * Source of the formats: Exim's specification, chapter "Log files"; src/deliver.c, receive.c, retry.c, log.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "exim.h"

#include "../fields.h"

/* ---- what stands before a message ---- */

/* No branch: nearly all of what is asked about is base 62. */
static bool is_base62(struct span s, size_t from, size_t to)
{
    bool all = true;

    for (size_t i = from; i < to; i++)
        all &= exim_alnum[(unsigned char)s.p[i]];
    return all;
}

/* Whether s, which has more, begins with 1abcDE-000123-AB. */
static bool is_short_id(struct span s)
{
#ifdef __SSE2__
    const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)s.p);
    const __m128i lower = _mm_or_si128(octets, _mm_set1_epi8(0x20)); /* the sign of a letter beyond ASCII stays */

    const unsigned base62 = span_octets_between(octets, '0', '9') | span_octets_between(lower, 'a', 'z');

    return base62 == (0xffff & ~(1 << 6 | 1 << 13)) && s.p[6] == '-' && s.p[13] == '-';
#else
    return s.p[6] == '-' && s.p[13] == '-' && is_base62(s, 0, 6) && is_base62(s, 7, 13) && is_base62(s, 14, 16);
#endif
}

/* An id and the blank behind it. */
static bool take_id(struct span *s, struct span *id)
{
    size_t end = 16;

    if (s->n <= 18)
        return false;
    if (!is_short_id(*s)) {
        end = 23;
        if (s->n <= end || s->p[6] != '-' || s->p[18] != '-' || !is_base62(*s, 0, 6) || !is_base62(*s, 7, 18) ||
            !is_base62(*s, 19, 23))
            return false;
    }
    if (s->p[end] != ' ')
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

    if (s->n <= sizeof shape || s->p[4] != '-' || s->p[13] != ':')
        return;
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (shape[i] == '0' ? !is_digit(s->p[i]) : s->p[i] != shape[i])
            return;
    rest = span_skip(*s, sizeof shape - 1);
    if (!span_take_until(&rest, ' ', &word))
        return;
    *s = span_words(rest);
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

bool exim_skip_piece(struct span *s)
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

/* Asked for each line: both words have a c, the names of main logs none. */
static bool is_copy(const char *file)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    const char *name = slash ? slash + 1 : file;

    return name && strchr(name, 'c') && (strstr(name, "rejectlog") || strstr(name, "paniclog"));
}

/* ---- arrivals ---- */

struct arrival {
    struct span from, client, protocol, message_id;
    int64_t size_octets;
    bool has_host, has_reference, logged_in;
};

static void take_size(struct span value, struct arrival *a)
{
    uint64_t size;

    a->size_octets = span_take_number(&value, &size) && value.n == 0 ? (int64_t)size : -1;
}

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
    host = span_words(rest);
    if (span_take_literal(&host, " H=") && exim_take_host(&host, &a->client)) {
        a->has_host = true;
        rest = host;
    }
    exim_take_awaited(&rest, SPAN(" P="), &a->protocol);
    if (exim_take_awaited(&rest, SPAN(" S="), &value))
        take_size(value, a);
    if (exim_take_awaited(&rest, SPAN(" id="), &a->message_id))
        return;
    while (exim_take_word(&rest, &key, &value)) {
        if (span_is(key, "P")) {
            a->protocol = span_words(value);
            a->logged_in = false;
        } else if (span_is(key, "A")) {
            a->logged_in = true;
        } else if (span_is(key, "S")) {
            take_size(value, a);
        } else if (span_is(key, "id")) {
            a->message_id = span_words(value);
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

/* The server's own bounce names no message: nothing tells it from others. */
static bool is_own_bounce(const struct arrival *a)
{
    return a->from.n == 0 && !a->has_host && (a->has_reference || span_has_prefix(a->protocol, "local"));
}

static void put_arrival(const struct line *line, struct span id, const struct arrival *a, struct events *events)
{
    struct event e = event_of(EVENT_OPENED, line);

    e.queue_id = id;
    e.client = a->client;
    e.from = a->from;
    e.size_octets = a->size_octets;
    e.id_is_unique = true;
    e.message_id = a->message_id;
    if (!is_own_bounce(a))
        events_put(events, &e);
    e.kind = EVENT_QUEUED;
    events_put(events, &e);
}

/* What an arrival's line says beside that. */
static void put_login_or_warning(const struct line *line, struct span id, const struct arrival *a, bool refused,
                                 struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);

    e.queue_id = id;
    e.client = a->client;
    e.from = a->from;
    if (is_authenticated(a)) {
        e.counter = COUNTER_AUTH_SUCCEEDED;
        events_put(events, &e);
    }
    if (refused) {
        e.kind = EVENT_REFUSAL;
        fields_classify_refusal(&e, (struct span){ line->text.p, 0 }, true);
        events_put(events, &e);
    }
}

static bool arrival(const struct line *line, struct span id, struct span rest, bool refused, struct events *events)
{
    struct arrival a = { .client = { rest.p, 0 }, .protocol = { rest.p, 0 }, .message_id = { rest.p, 0 } };
    size_t n = exim_address_octets(rest);

    a.size_octets = -1;
    a.from = span_first(rest, span_is(span_first(rest, n), "<>") ? 0 : n);
    take_arrival_fields(span_skip(rest, n), &a);
    put_arrival(line, id, &a, events);
    if (refused || a.logged_in)
        put_login_or_warning(line, id, &a, refused, events);
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
    for (size_t i = 0; i < sizeof life / sizeof life[0]; i++)
        if (exim_begins(rest, life[i].words)) {
            struct event e = event_of(life[i].kind, line);

            e.queue_id = id;
            if (e.kind != EVENT_COUNT)
                events_put(events, &e);
            else
                put_spam(line, id, rest, events);
            return true;
        }
    return false;
}

#define FLAG(a, b) ((a) << 8 | (b))

static bool of_message(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct span behind;

    if (rest.n < 3 || rest.p[2] != ' ')
        return life_of_message(line, id, rest, events) || exim_session(line, id, rest, events);
    behind = span_skip(rest, 3);
    switch (FLAG((unsigned char)rest.p[0], (unsigned char)rest.p[1])) {
    case FLAG('<', '='):
        return arrival(line, id, behind, false, events);
    case FLAG('(', '='):
        return arrival(line, id, behind, true, events);
    case FLAG('=', '>'):
    case FLAG('-', '>'):
    case FLAG('>', '>'):
        return exim_delivered(line, id, behind, events);
    case FLAG('*', '>'):
        return true;
    case FLAG('*', '*'):
        return exim_failed(line, id, behind, COUNTER_BOUNCED, events);
    case FLAG('=', '='):
        return exim_failed(line, id, behind, COUNTER_DEFERRED, events);
    default:
        return life_of_message(line, id, rest, events) || exim_session(line, id, rest, events);
    }
}

static bool exim(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, id;

    if (is_copy(line->file))
        return true;
    if (!exim_skip_piece(&rest))
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
