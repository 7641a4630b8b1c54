/* qmail: qmail-send's lines. What listens in front of it: qmail_smtpd.c.
 *
 *   line                                                      becomes
 *   info msg N: bytes B from <a> qp Q uid U                   opened and received; where qpsmtpd is in front, and U is
 *                                                             not root, reinjected; a bounce that was announced nothing
 *   bounce msg N qp Q                                         what is opened with `qp Q` is the server's own
 *   starting delivery D: msg N to remote|local a              `delivery D` is an attempt of N
 *   delivery D: success: ..                                   sent or delivered, as the delivery was started
 *   delivery D: failure: ..                                   bounced; expired where it says `in the queue too long`
 *   delivery D: deferral: ..                                  deferred
 *   end msg N                                                 removed
 *   new msg, status:, triple bounce:, warning: ..             nothing
 *
 * In the texts `_` stands for a blank and `/` for a line's end. Lines come from multilog without a tag, or through
 * splogger with a tag and a stamp of their own, `1234567890.123456 `. The line of a delivery's end says neither message
 * nor direction: flow_delivery.c knows them from its start.
 *
 * Source of the formats: qmail-send.c, qmail-remote.c, qmail-local.c, splogger.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmail.h"

#include "../fields.h"
#include "../reason.h"

static bool take_digits(struct span *s, struct span *digits)
{
    struct span rest = *s;
    uint64_t value;

    if (!span_take_number(&rest, &value))
        return false;
    *digits = span_from(s->p, rest.p);
    *s = rest;
    return true;
}

static bool put_with_id(const struct line *line, struct events *events, enum event_kind kind, struct span id)
{
    struct event e = event_of(kind, line);

    e.queue_id = id;
    events_put(events, &e);
    return true;
}

/* `info msg N: bytes B from <a> qp Q uid U`: qmail writes no blank into the address. */
static bool info(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_OPENED, line);
    struct span qp, sender;
    uint64_t octets, number;
    size_t end;

    if (!take_digits(&rest, &e.queue_id) || !span_take_literal(&rest, ": bytes ") ||
        !span_take_number(&rest, &octets) || !span_take_literal(&rest, " from <"))
        return false;
    end = span_find(rest, SPAN("> qp "));
    sender = span_first(rest, end);
    if (end == rest.n)
        return false;
    rest = qp = span_skip(rest, end + 2);
    if (!span_take_literal(&rest, "qp ") || !span_take_number(&rest, &number))
        return false;
    qp = span_from(qp.p, rest.p);
    e.maybe_of_front = span_take_literal(&rest, " uid ") && span_take_number(&rest, &number) && number != 0;
    e.from = sender;
    if (sender.n == 0 || span_is(sender, "#@[]"))
        e.ticket = qp;
    e.size_octets = (int64_t)octets;
    events_put(events, &e);
    e.kind = EVENT_QUEUED;
    events_put(events, &e);
    return true;
}

static bool starting(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_ATTEMPT, line);
    struct span id = rest, number;

    if (!span_take_literal(&rest, "delivery ") || !take_digits(&rest, &number))
        return false;
    e.queue_id = span_from(id.p, rest.p);
    if (!span_take_literal(&rest, ": msg ") || !take_digits(&rest, &e.original_id) || !span_take_literal(&rest, " to "))
        return false;
    e.agent = span_has_prefix(rest, "remote ") ? AGENT_SMTP : AGENT_OTHER;
    if (e.agent == AGENT_OTHER && !span_has_prefix(rest, "local "))
        return false;
    span_take_until(&rest, ' ', &number);
    e.to = rest;
    events_put(events, &e);
    return true;
}

static bool take_dotted(struct span *s, struct span *enhanced)
{
    struct span rest = *s;
    uint64_t part;

    for (int i = 0; i < 3; i++)
        if ((i && !span_take_char(&rest, '.')) || !span_take_number(&rest, &part) || part > 999)
            return false;
    *enhanced = span_from(s->p, rest.p);
    *s = rest;
    return true;
}

/* `.._said:_451_4.7.1_..` of the other server, else `(#4.4.1)` of qmail's own. */
static void take_codes(struct span text, struct event *e)
{
    struct span rest = span_skip(text, span_find(text, SPAN("_said:_")));
    size_t at = span_find(text, SPAN("(#"));

    if (span_take_literal(&rest, "_said:_") && rest.n > 3 && rest.p[0] >= '2' && rest.p[0] <= '5' &&
        is_digit(rest.p[1]) && is_digit(rest.p[2]) && !is_alnum(rest.p[3])) {
        e->code = (uint16_t)((rest.p[0] - '0') * 100 + (rest.p[1] - '0') * 10 + (rest.p[2] - '0'));
        rest = span_skip(rest, 4);
        if (take_dotted(&rest, &e->enhanced))
            return;
    }
    if (at < text.n) {
        rest = span_skip(text, at + 2);
        take_dotted(&rest, &e->enhanced);
    }
}

/* Where the start of the delivery was not seen, qmail-remote's words tell a sending. */
static void set_success(struct event *e, struct span text)
{
    size_t at = span_find(text, SPAN("_accepted_message"));

    e->counter = at < text.n ? COUNTER_SENT : COUNTER_DELIVERED;
    e->agent = at < text.n ? AGENT_SMTP : AGENT_OTHER;
    e->relay = span_first(text, at < text.n ? at : 0);
}

static bool delivery(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_DELIVERY, line);
    struct span id = rest, number;

    if (!span_take_literal(&rest, "delivery ") || !take_digits(&rest, &number))
        return false;
    e.queue_id = span_from(id.p, rest.p);
    if (span_take_literal(&rest, ": success: ")) {
        set_success(&e, rest);
    } else if (span_take_literal(&rest, ": failure: ")) {
        e.counter = COUNTER_BOUNCED;
        if (span_mentions(rest, "I'm_not_going_to_try_again;_this_message_has_been_in_the_queue_too_long"))
            e.kind = EVENT_EXPIRED;
    } else if (span_take_literal(&rest, ": deferral: ") || span_take_literal(&rest, ": report mangled, ")) {
        e.counter = COUNTER_DEFERRED;
    } else {
        return false;
    }
    e.text = rest;
    take_codes(rest, &e);
    if (e.counter == COUNTER_DEFERRED)
        e.reason = (uint8_t)deferral_reason_of(e.enhanced, rest);
    events_put(events, &e);
    return true;
}

static bool bounce(const struct line *line, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_OWN_BOUNCE, line);
    struct span number;

    if (!take_digits(&rest, &e.queue_id) || !span_take_char(&rest, ' ') || !span_has_prefix(rest, "qp "))
        return false;
    e.ticket = rest;
    rest = span_skip(rest, 3);
    if (!take_digits(&rest, &number))
        return false;
    e.ticket = span_from(e.ticket.p, rest.p);
    events_put(events, &e);
    return true;
}

/* Lines that only qmail-send writes; they need no tag. */
static bool qmail_send(const struct line *line, struct span rest, struct events *events)
{
    struct span id;

    if (rest.n < 8)
        return false;
    switch (rest.p[0]) {
    case 'i':
        return span_take_literal(&rest, "info msg ") && info(line, rest, events);
    case 's':
        return span_has_prefix(rest, "status: local ") || span_is(rest, "status: exiting") ||
               (span_take_literal(&rest, "starting ") && starting(line, rest, events));
    case 'd':
        return delivery(line, rest, events);
    case 'b':
        return span_take_literal(&rest, "bounce msg ") && bounce(line, rest, events);
    case 'e':
        return span_take_literal(&rest, "end msg ") && take_digits(&rest, &id) &&
               put_with_id(line, events, EVENT_REMOVED, id);
    case 'n':
        return span_take_literal(&rest, "new msg ") && take_digits(&rest, &id);
    case 't':
        return span_has_prefix(rest, "triple bounce: discarding ");
    default:
        return false;
    }
}

/* splogger's `1234567890.123456 `. */
static struct span without_own_stamp(struct span message)
{
    struct span rest = message, digits;

    if (take_digits(&rest, &digits) && span_take_char(&rest, '.') && take_digits(&rest, &digits) && digits.n >= 6 &&
        span_take_char(&rest, ' '))
        return rest;
    return message;
}

static bool qmail_untagged(const struct line *line, struct events *events)
{
    struct span rest = without_own_stamp(line->header.message);

    return qmail_send(line, rest, events) || qmail_smtpd(line, (struct span){ rest.p, 0 }, rest, events);
}

/* What is not an event here, its own program may still say: warnings, alerts and notes of patches. */
static bool is_note(struct span rest)
{
    static const struct span prefixes[] = {
        SPAN("warning: "), SPAN("alert: "), SPAN("unable to "), SPAN("cannot start"), SPAN("running"),
        SPAN("exiting"),   SPAN("local: "), SPAN("status: "),   SPAN("number of "),   SPAN("internal error"),
    };

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (span_starts(rest, prefixes[i]))
            return true;
    return false;
}

static bool qmail(const struct line *line, struct events *events)
{
    struct span rest = without_own_stamp(line->header.message);

    return qmail_send(line, rest, events) || qmail_smtpd(line, (struct span){ rest.p, 0 }, rest, events) ||
           is_note(rest);
}

bool qmail_behind_splogger(const struct line *line, struct events *events)
{
    struct span message = line->header.message;

    return without_own_stamp(message).p != message.p && qmail(line, events);
}

/* Programs whose name is their tag, or the tag of all that splogger takes from tcpserver's children. */
static bool qmail_front(const struct line *line, struct events *events)
{
    return qmail_smtpd(line, line->header.service, without_own_stamp(line->header.message), events) ||
           qmail_behind_splogger(line, events);
}

static const struct service services[] = {
    { SPAN("qmail"), qmail },          { SPAN("qmail-send"), qmail },      { SPAN("qmail-smtpd"), qmail_front },
    { SPAN("rblsmtpd"), qmail_front }, { SPAN("tcpserver"), qmail_front }, { SPAN("spamdyke"), qmail_front },
    { SPAN("vpopmail"), qmail_front }, { SPAN("sslserver"), qmail_front },
};

const struct recogniser recogniser_qmail = { .name = "qmail", SERVICES(services), .untagged = qmail_untagged };
