/* Postfix: the queue and the delivery agents. smtpd, postscreen and what access tables and milters do: postfix_smtpd.c.
 *
 *   service             line                                                 becomes
 *   smtpd, qmqpd        QID: client=                                         opened; authSucceeded with sasl_username=
 *   pickup              QID: uid= from=                                      opened (with orig_id=: requeued)
 *   cleanup             QID: message-id=                                     names the message
 *   cleanup             QID: reject: discard: hold: warning: milter-*        refusal, discarded, held, rejectWarnings
 *   smtpd, cleanup      warning: QID: queue file size limit exceeded         refusal, once for an id
 *   qmgr                QID: from=, size=, nrcpt= (queue active)             queued: received or reinjected
 *   qmgr                QID: from=, status=expired / force-expired           expired
 *   qmgr, postsuper     QID: removed                                         removed
 *   postsuper           QID: placed on hold, released from hold              held, released
 *   smtp                QID: to=, .. status=sent                             sent, unless handed over to a filter
 *   lmtp, local, virtual, pipe  status=sent                                  delivered; `(forwarded as`: forwarded
 *   discard             status=sent                                          discarded
 *   each agent          status=bounced, deferred, SOFTBOUNCE                 bounced, deferred, deferred
 *   smtp                TLS connection established to                        tlsOutbound
 *
 * Source of the formats: Postfix src/global/log_adhoc.c, src/qmgr/qmgr_active.c, src/cleanup/cleanup_message.c,
 * src/pickup/pickup.c, src/postsuper/postsuper.c, src/tls/tls_client.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "postfix.h"

#include "../fields.h"
#include "../reason.h"

/* ---- queue ids ---- */

#define ID_OCTETS_MAX 24

enum { NOT_ID = 1, LOWER = 2 };

static const uint8_t id_class[256] = {
    [0 ... '0' - 1] = NOT_ID, ['9' + 1 ... 'A' - 1] = NOT_ID, ['Z' + 1 ... 'a' - 1] = NOT_ID,
    ['a' ... 'z'] = LOWER,    ['{' ... 255] = NOT_ID,
};

static bool is_vowel(char c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/* How many octets an id at the beginning of s may have; *lower: some are lower case. */
static size_t id_octets(struct span s, bool *lower)
{
    size_t limit = s.n < ID_OCTETS_MAX ? s.n : ID_OCTETS_MAX, n = 0;
    unsigned seen = 0;

#ifdef __SSE2__
    if (s.n >= 16) { /* nearly all are shorter */
        const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)s.p);
        const unsigned lowers = span_octets_between(octets, 'a', 'z');
        const unsigned others =
            ~(lowers | span_octets_between(octets, '0', '9') | span_octets_between(octets, 'A', 'Z'));

        n = (size_t)__builtin_ctz(others);
        if (n < 16) {
            *lower = lowers & (others ^ (others - 1));
            return n;
        }
        n = 0;
    }
#endif
    while (n < limit && id_class[(uint8_t)s.p[n]] != NOT_ID)
        seen |= id_class[(uint8_t)s.p[n++]];
    *lower = seen & LOWER;
    return n;
}

bool postfix_take_queue_id(const struct line *line, struct span *s, struct span *id)
{
    bool lower = false;
    size_t n = line->id_is_plain && s->p == line->id.p ? line->id.n : id_octets(*s, &lower);

    if (n < 5 || n + 1 >= s->n || s->p[n] != ':' || s->p[n + 1] != ' ')
        return false;
    /* Postfix's long ids have no vowels, and begin with a digit for decades to come. Those that were made up, as in
     * anonymised logs, may have some; words like `warning` do not begin with a digit. */
    for (size_t i = 0; lower && !is_digit(s->p[0]) && i < n; i++)
        if (is_vowel(s->p[i]))
            return false;
    *id = span_first(*s, n);
    *s = span_skip(*s, n + 2);
    while (s->n && s->p[0] == ' ')
        *s = span_skip(*s, 1);
    return true;
}

static bool put_with_id(const struct line *line, struct events *events, enum event_kind kind, struct span id)
{
    struct event e = event_of(kind, line);

    e.queue_id = id;
    events_put(events, &e);
    return true;
}

/* ---- deliveries ---- */

/* `sent (250 2.0.0 Ok: queued as B)`: the word and what stands in the parentheses. */
static struct span take_status(struct span value, struct span *text)
{
    struct span status;

    if (!span_take_until(&value, ' ', &status)) {
        *text = (struct span){ value.p + value.n, 0 };
        return value;
    }
    *text = value;
    if (span_take_char(text, '(') && text->n && text->p[text->n - 1] == ')')
        text->n--;
    return status;
}

/* The recipient alone, without its key: anonymised logs, and syslog daemons that mask addresses, have it so. */
static bool take_bare_recipient(struct span *rest, struct span *to)
{
    struct span s = *rest;

    if (!span_take_until(&s, ',', to) || span_chr(*to, ' ') || !span_has_prefix(s, " relay="))
        return false;
    *rest = span_skip(s, 1);
    return true;
}

/* One field; the keys are compared in the order in which Postfix writes them. */
static bool take_delivery_field(struct span *rest, struct event *e)
{
    struct span key, value;
    bool blanks = false;

    if (span_take_literal(rest, "relay=")) {
        if (!span_take_until(rest, ',', &e->relay))
            return false;
    } else if (span_take_literal(rest, "delay=")) {
        if (!span_take_until(rest, ',', &value))
            return false;
        e->delay_ms = fields_seconds_ms(value);
    } else if (span_take_literal(rest, "delays=")) {
        if (!span_take_until(rest, ',', &value))
            return false;
    } else if (span_take_literal(rest, "dsn=")) {
        if (!span_take_until(rest, ',', &e->enhanced))
            return false;
    } else {
        while (span_take_char(rest, ' '))
            blanks = true;
        return blanks || fields_next(rest, ',', &key, &value); /* orig_to=, conn_use=, tls=, and what is to come */
    }
    span_take_char(rest, ' ');
    return true;
}

/* What a delivery's fields say, up to status=, which is the last one and holds text of other servers. */
static bool take_delivery_fields(struct span rest, struct event *e, struct span *status)
{
    if (span_take_literal(&rest, "to="))
        fields_value(&rest, ',', &e->to);
    else if (!take_bare_recipient(&rest, &e->to))
        return false;
    while (!span_has_prefix(rest, "status="))
        if (!take_delivery_field(&rest, e))
            return false;
    *status = take_status(span_skip(rest, sizeof "status=" - 1), &e->text);
    return true;
}

static bool put_success(struct event *e, enum counter success, struct events *events)
{
    e->counter = success;
    if (success == COUNTER_DELIVERED && span_has_prefix(e->text, "forwarded as "))
        e->counter = COUNTER_FORWARDED;
    e->named_id = fields_id_in_reply(e->text);
    events_put(events, e);
    return true;
}

/* `host mx[198.51.100.7] said: 450 4.2.1 text`, or `.. refused to talk to me: 421 text`: the code of its reply. */
static void take_reply_code(struct event *e)
{
    static const struct span words[] = { SPAN(" said: "), SPAN(" refused to talk to me: ") };
    struct span reply, enhanced;

    for (size_t i = 0; e->code == 0 && i < sizeof words / sizeof words[0]; i++) {
        reply = span_skip(e->text, span_find(e->text, words[i]));
        if (span_take(&reply, words[i]))
            fields_take_codes(&reply, &e->code, &enhanced);
    }
}

/* A recipient's line. success: what status=sent counts as with this agent. */
static bool delivery(const struct line *line, struct span id, struct span rest, enum delivery_agent agent,
                     enum counter success, struct events *events)
{
    struct event e = event_of(EVENT_DELIVERY, line);
    struct span status;

    e.queue_id = id;
    e.agent = (uint8_t)agent;
    if (!take_delivery_fields(rest, &e, &status))
        return false;
    if (span_is(status, "sent"))
        return put_success(&e, success, events);
    if (span_is(status, "deliverable") || span_has_prefix(status, "undeliverable")) /* probes; `-but-not-cached` */
        return true;
    if (span_is(status, "bounced")) {
        e.counter = COUNTER_BOUNCED;
    } else if (span_is(status, "deferred") || span_is(status, "SOFTBOUNCE")) {
        e.counter = COUNTER_DEFERRED;
        e.reason = (uint8_t)deferral_reason_of(e.enhanced, e.text);
    } else {
        return false;
    }
    take_reply_code(&e);
    events_put(events, &e);
    return true;
}

/* ---- lines that carry no event ---- */

/* `Anonymous TLS connection established from ..`; releases before 2.6 had no word in front. */
bool postfix_is_tls_line(struct span message, struct span words)
{
    struct span trust;

    return span_starts(message, words) || (span_take_until(&message, ' ', &trust) && span_starts(message, words));
}

/* Programs of which no line counts: lookup tables, caches, statistics, the master itself. */
bool postfix_silent(const struct line *line, struct events *events)
{
    (void)line;
    (void)events;
    return true;
}

/* ---- agents ---- */

bool postfix_smtp(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, id;

    /* `host mx[..] said: 4..`, `lost connection with`, `enabling PIX workarounds`: the delivery's own line follows. */
    if (postfix_take_queue_id(line, &rest, &id))
        return delivery(line, id, rest, AGENT_SMTP, COUNTER_SENT, events) || !span_has_prefix(rest, "to=");
    if (postfix_is_tls_line(rest, SPAN("TLS connection established to "))) {
        struct event e = event_of(EVENT_COUNT, line);

        e.counter = COUNTER_TLS_OUTBOUND;
        events_put(events, &e);
        return true;
    }
    return postfix_is_talk(rest) || span_has_prefix(rest, "connect to ") || span_has_prefix(rest, "host ") ||
           span_mentions(rest, " offered ");
}

static bool deliver_by(const struct line *line, struct events *events, enum delivery_agent agent, enum counter success)
{
    struct span rest = line->header.message, id;

    if (!postfix_take_queue_id(line, &rest, &id))
        return postfix_is_talk(rest) || span_has_prefix(rest, "connect to ");
    return delivery(line, id, rest, agent, success, events) || !span_has_prefix(rest, "to=");
}

bool postfix_lmtp(const struct line *line, struct events *events)
{
    return deliver_by(line, events, AGENT_LMTP, COUNTER_DELIVERED);
}

bool postfix_pipe(const struct line *line, struct events *events)
{
    return deliver_by(line, events, AGENT_PIPE, COUNTER_DELIVERED);
}

/* local, virtual; error and retry never say `sent`. */
bool postfix_local(const struct line *line, struct events *events)
{
    return deliver_by(line, events, AGENT_OTHER, COUNTER_DELIVERED);
}

bool postfix_discard(const struct line *line, struct events *events)
{
    return deliver_by(line, events, AGENT_OTHER, COUNTER_DISCARDED);
}

/* ---- the queue ---- */

/* `size=829, nrcpt=1 (queue active)`: what all but a few of these lines say. */
static bool take_active(struct span rest, uint64_t *size)
{
    uint64_t recipients;

    return span_take_literal(&rest, "size=") && span_take_number(&rest, size) && span_take_literal(&rest, ", nrcpt=") &&
           span_take_number(&rest, &recipients) && span_is(rest, " (queue active)");
}

/* The sender's address is not quoted before Postfix 3.5, and looks like fields: what stands last is the queue
 * manager's. */
static bool put_active_odd(const struct line *line, struct event *e, struct events *events)
{
    struct span rest = line->header.message;
    uint64_t size = 0;
    size_t at;

    while ((at = span_find(rest, SPAN(", size="))) < rest.n) {
        rest = span_skip(rest, at + sizeof ", " - 1);
        if (take_active(rest, &size)) {
            e->size_octets = (int64_t)size;
            events_put(events, e);
            return true;
        }
    }
    return false;
}

static bool put_queued(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_QUEUED, line);
    struct span key, value;
    uint64_t size;

    e.queue_id = id;
    rest = span_skip(rest, sizeof "from=" - 1);
    fields_value(&rest, ',', &e.from);
    if (take_active(rest, &size)) {
        e.size_octets = (int64_t)size;
        events_put(events, &e);
        return true;
    }
    if (span_ends(line->header.message, SPAN(" (queue active)")))
        return put_active_odd(line, &e, events);
    while (fields_next(&rest, ',', &key, &value)) {
        if (span_is(key, "size") && span_take_number(&value, &size)) {
            e.size_octets = (int64_t)size;
        } else if (span_is(key, "status")) {
            if (!span_has_prefix(value, "expired") && !span_has_prefix(value, "force-expired"))
                return false;
            e.kind = EVENT_EXPIRED;
        } else if (span_is(key, "nrcpt") && !span_mentions(value, "(queue active)")) {
            return false;
        }
    }
    if (e.kind == EVENT_QUEUED && e.size_octets < 0)
        return false;
    events_put(events, &e);
    return true;
}

bool postfix_qmgr(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, id;

    if (!postfix_take_queue_id(line, &rest, &id))
        return postfix_is_talk(rest);
    if (span_is(rest, "removed"))
        return put_with_id(line, events, EVENT_REMOVED, id);
    if (span_has_prefix(rest, "from="))
        return put_queued(line, id, rest, events);
    if (span_has_prefix(rest, "to=")) /* releases before 2.3 defer and bounce here */
        return delivery(line, id, rest, AGENT_OTHER, COUNTER_DELIVERED, events);
    /* `status=deferred (bounce failed)` is of the whole message: each recipient has had a line. */
    return span_mentions(rest, "still being delivered") || span_has_prefix(rest, "status=deferred ");
}

/* Mail that `postsuper -r` put back keeps what was counted of it. */
bool postfix_pickup(const struct line *line, struct events *events)
{
    struct event e = event_of(EVENT_OPENED, line);
    struct span rest = line->header.message, key, value;

    if (!postfix_take_queue_id(line, &rest, &e.queue_id))
        return postfix_is_talk(rest);
    if (!span_has_prefix(rest, "uid="))
        return false;
    while (fields_next(&rest, ' ', &key, &value)) {
        if (span_is(key, "from")) {
            e.from = value;
        } else if (span_is(key, "orig_id")) {
            e.kind = EVENT_REQUEUED;
            e.original_id = value;
        }
    }
    events_put(events, &e);
    return true;
}

static bool put_message_id(const struct line *line, struct span id, struct span value, struct events *events)
{
    struct event e = event_of(EVENT_MESSAGE_ID, line);

    e.queue_id = id;
    e.message_id = value;
    if (value.n >= 2 && value.p[0] == '<' && value.p[value.n - 1] == '>')
        e.message_id = span_first(span_skip(value, 1), value.n - 2);
    events_put(events, &e);
    return true;
}

/* smtpd and cleanup both say it of one message. */
static bool oversize(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_REFUSAL, line);

    rest = span_skip(rest, sizeof "warning: " - 1);
    if (!postfix_take_queue_id(line, &rest, &e.queue_id) || !span_has_prefix(rest, "queue file size limit exceeded"))
        return true; /* some other warning */
    e.counter = COUNTER_REJECTED;
    e.reason = REFUSAL_MESSAGE_SIZE;
    e.once_per_id = true;
    e.text = rest;
    events_put(events, &e);
    return true;
}

bool postfix_warning(const struct line *line, struct events *events)
{
    return span_mentions(line->header.message, ": queue file size limit exceeded")
               ? oversize(line, line->header.message, events)
               : true;
}

bool postfix_cleanup(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, id;

    if (!postfix_take_queue_id(line, &rest, &id)) {
        if (span_has_prefix(rest, "warning: "))
            return postfix_warning(line, events);
        return postfix_is_talk(rest);
    }
    if (span_has_prefix(rest, "message-id="))
        return put_message_id(line, id, span_skip(rest, 11), events);
    if (span_has_prefix(rest, "resent-message-id="))
        return true;
    if (span_has_prefix(rest, "to=")) /* a local submission that a check refused is bounced here */
        return delivery(line, id, rest, AGENT_OTHER, COUNTER_DELIVERED, events);
    return postfix_access_action(line, id, rest, events);
}

bool postfix_postsuper(const struct line *line, struct events *events)
{
    static const struct {
        struct span word;
        enum event_kind kind;
    } actions[] = {
        { SPAN("removed"), EVENT_REMOVED_BY_ADMINISTRATOR },
        { SPAN("placed on hold"), EVENT_HELD },
        { SPAN("released from hold"), EVENT_RELEASED },
    };
    struct span rest = line->header.message, id;

    if (!postfix_take_queue_id(line, &rest, &id))
        return true; /* `Deleted: 3 messages` */
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (span_eq(rest, actions[i].word))
            return put_with_id(line, events, actions[i].kind, id);
    return true; /* requeued, renamed, expired: their next line counts */
}

static const struct service services[] = {
    { SPAN("smtpd"), postfix_smtpd },
    { SPAN("qmqpd"), postfix_smtpd },
    { SPAN("postscreen"), postfix_postscreen },
    { SPAN("cleanup"), postfix_cleanup },
    { SPAN("qmgr"), postfix_qmgr },
    { SPAN("nqmgr"), postfix_qmgr },
    { SPAN("oqmgr"), postfix_qmgr },
    { SPAN("pickup"), postfix_pickup },
    { SPAN("smtp"), postfix_smtp },
    { SPAN("lmtp"), postfix_lmtp },
    { SPAN("local"), postfix_local },
    { SPAN("virtual"), postfix_local },
    { SPAN("error"), postfix_local },
    { SPAN("retry"), postfix_local },
    { SPAN("pipe"), postfix_pipe },
    { SPAN("discard"), postfix_discard },
    { SPAN("postsuper"), postfix_postsuper },
    { SPAN("bounce"), postfix_silent },
    { SPAN("defer"), postfix_silent },
    { SPAN("trace"), postfix_silent },
    { SPAN("verify"), postfix_silent },
    { SPAN("anvil"), postfix_silent },
    { SPAN("scache"), postfix_silent },
    { SPAN("dnsblog"), postfix_silent },
    { SPAN("tlsproxy"), postfix_silent },
    { SPAN("tlsmgr"), postfix_silent },
    { SPAN("master"), postfix_silent },
    { SPAN("postfix-script"), postfix_silent },
    { SPAN("trivial-rewrite"), postfix_silent },
    { SPAN("proxymap"), postfix_silent },
    { SPAN("proxywrite"), postfix_silent },
    { SPAN("flush"), postfix_silent },
    { SPAN("showq"), postfix_silent },
    { SPAN("spawn"), postfix_silent },
    { SPAN("postlogd"), postfix_silent },
    { SPAN("postlog"), postfix_silent },
    { SPAN("postqueue"), postfix_silent },
    { SPAN("postdrop"), postfix_silent },
    { SPAN("postmap"), postfix_silent },
    { SPAN("postalias"), postfix_silent },
    { SPAN("postcat"), postfix_silent },
    { SPAN("postconf"), postfix_silent },
    { SPAN("postmulti"), postfix_silent },
    { SPAN("sendmail"), postfix_silent },
    { SPAN("tlsrpt"), postfix_silent },
};

const struct recogniser recogniser_postfix = {
    .name = "postfix",
    .needs_instance = true,
    SERVICES(services),
};
