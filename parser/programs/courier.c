/* Courier: courierd, its delivery modules, and courieresmtpd.
 *
 *   program         line                                                     becomes
 *   courieresmtpd   started,ip=[..]                                          connections
 *   courieresmtpd   error,relay=..,from=<..>,to=<..>: 550 ..                 refusal by its code
 *   courieresmtpd   error,relay=..,msg="535 ..",cmd: AUTH ..                 authFailed; another code: refusal by it
 *   courieresmtpd   error,relay=..,msg="writev: ..",cmd: ..                  connectionsLost
 *   courierd        newmsg,id=..: dns; host (helo [address])                 opened; authSucceeded with `, auth=`
 *   courierd        started,id=..,from=<..>,module=..                        received, at the first one
 *   courieresmtp    id=..,from=<..>,addr=<..>,size=..,status: success        sent
 *   others          id=..,..,size=..,success: Message delivered.             delivered
 *   all             id=..,..,status: failure, deferred                       bounced, deferred
 *   courierd        completed,id=..                                          the end of the message
 *
 * courieresmtp writes `success: delivered: host [..]` in front of `status: success`, the others write one of the two.
 * What the other server said stands on lines of its own before the status, so a deferral's reason is not known. The
 * size is first seen at a delivery. Bounces of the server's own come from nobody over `localhost [127.0.0.1]`, like
 * mail of its sendmail program.
 *
 * courierdsn delivers to the makers of bounces, and its lines count nothing. Logins over IMAP, POP3 and webmail, which
 * Courier logs as LOGIN, are none of SMTP.
 *
 * Source of the formats: Courier's courier/comctlfile.c, cdmsgq.C, courierd.C, module.esmtp/courieresmtpd.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../recogniser.h"

#include "../fields.h"

static bool put(struct event *e, enum event_kind kind, enum counter counter, struct events *events)
{
    e->kind = kind;
    e->counter = counter;
    events_put(events, e);
    return true;
}

/* ---- courieresmtpd ---- */

/* `User <address> unknown.`: all of the text is this, whatever the address holds. */
static bool is_unknown_user(struct span text)
{
    return span_has_prefix(text, "User <") &&
           (span_ends(text, SPAN("> unknown.")) || span_ends(text, SPAN("> unknown")));
}

/* `535 Authentication failed.` of msg="..": to a login where its command was AUTH or an answer to it. */
static bool refused_command(struct event *e, struct span text, struct events *events)
{
    struct span rest = text;

    if (span_has_prefix(text, "535"))
        return put(e, EVENT_COUNT, COUNTER_AUTH_FAILED, events);
    if (!fields_take_codes(&rest, &e->code, &e->enhanced) || e->code < 400)
        return put(e, EVENT_COUNT, COUNTER_CONNECTIONS_LOST, events); /* what a system call said */
    e->kind = EVENT_REFUSAL;
    e->reason = is_unknown_user(rest) ? REFUSAL_UNKNOWN_USER : REFUSAL_NONE;
    fields_classify_refusal(e, rest, false);
    events_put(events, e);
    return true;
}

/* `relay=..,port=..,ident=..,from=<..>,to=<..>: 550 text`; ident= is the client's word, also in quotes. */
static bool error(struct event *e, struct span rest, struct events *events)
{
    struct span key, value, text;

    while (!span_has_prefix(rest, ": ")) {
        if (span_take_literal(&rest, "msg=\"")) {
            size_t end = span_find(rest, SPAN("\",cmd: "));

            return refused_command(e, span_first(rest, end), events);
        }
        if (span_take_literal(&rest, "ident=\"")) {
            rest = span_skip(rest, span_find(rest, SPAN("\",")));
            span_take_literal(&rest, "\",");
            continue;
        }
        if (span_has_prefix(rest, "to=<")) { /* not followed by a comma */
            text = span_skip(rest, 3);
            if (!span_take_bracketed(&text, &e->to))
                return true;
            rest = text;
            continue;
        }
        if (!fields_next(&rest, ',', &key, &value))
            return true;
        if (span_is(key, "relay"))
            e->client = value;
        else if (span_is(key, "from"))
            e->from = value;
    }
    return refused_command(e, span_skip(rest, 2), events);
}

static bool esmtpd(const struct line *line, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);
    struct span rest = line->header.message;

    if (span_take_literal(&rest, "started,ip=[")) {
        span_take_until(&rest, ']', &e.client);
        return put(&e, EVENT_COUNT, COUNTER_CONNECTIONS, events);
    }
    if (span_take_literal(&rest, "error,"))
        return error(&e, rest, events);
    return span_has_prefix(rest, "disconnected") || span_has_prefix(rest, "couriertls") ||
           span_has_prefix(rest, "LOGIN");
}

/* ---- courierd ---- */

/* `ID, auth=user: dns; host (helo [address])`: the address is the last thing in brackets. */
static bool new_message(struct event *e, struct span rest, struct events *events)
{
    struct span before;
    const char *open;

    while (e->queue_id.n < rest.n && (is_alnum(rest.p[e->queue_id.n]) || rest.p[e->queue_id.n] == '.'))
        e->queue_id.n++;
    if (e->queue_id.n == 0)
        return false;
    e->queue_id.p = rest.p;
    rest = span_skip(rest, e->queue_id.n);
    bool logged_in = span_has_prefix(rest, ", auth=");

    open = memrchr(rest.p, '[', rest.n);
    if (open) {
        before = span_from(open + 1, rest.p + rest.n);
        span_take_until(&before, ']', &e->client);
    }
    if (span_mentions(rest, ": dns; localhost (localhost [127.0.0.1])"))
        e->client.n = 0;
    put(e, EVENT_OPENED, COUNTER_NONE, events);
    return !logged_in || put(e, EVENT_COUNT, COUNTER_AUTH_SUCCEEDED, events);
}

/* `id=..,from=<..>,addr=<..>,size=..`. The cursor stands at the first word that is no such field. */
static void take_delivery_fields(struct span *rest, struct event *e)
{
    struct span key, value;
    uint64_t size;

    while (fields_next(rest, ',', &key, &value)) {
        if (span_is(key, "id"))
            e->queue_id = value;
        else if (span_is(key, "from"))
            e->from = value;
        else if (span_is(key, "addr"))
            e->to = value;
        else if (span_is(key, "size") && span_take_number(&value, &size))
            e->size_octets = (int64_t)size;
    }
}

/* The size goes to the message before the delivery counts it. */
static bool put_success(struct event *e, enum counter counter, struct events *events)
{
    if (e->size_octets > 0)
        put(e, EVENT_QUEUED, COUNTER_NONE, events);
    return put(e, EVENT_DELIVERY, counter, events);
}

static bool delivery(struct event *e, struct span rest, enum counter success, struct events *events)
{
    take_delivery_fields(&rest, e);
    if (span_is(rest, "status: success"))
        return put_success(e, success, events);
    if (span_has_prefix(rest, "success"))
        return success == COUNTER_SENT || put_success(e, success, events);
    if (span_is(rest, "status: failure"))
        return put(e, EVENT_DELIVERY, COUNTER_BOUNCED, events);
    if (span_is(rest, "status: deferred")) {
        e->reason = DEFERRAL_OTHER;
        return put(e, EVENT_DELIVERY, COUNTER_DEFERRED, events);
    }
    return e->queue_id.n > 0;
}

static bool courierd(const struct line *line, struct events *events)
{
    static const struct span silent[] = {
        SPAN("Waiting."), SPAN("Loading "), SPAN("Installing "), SPAN("Purging "),  SPAN("Started "),
        SPAN("SHUTDOWN"), SPAN("queue"),    SPAN("Initialized"), SPAN("Restart"),   SPAN("Shutting down"),
        SPAN("failed "),  SPAN("Flushing"), SPAN("Courier"),     SPAN("cancelled"),
    };
    struct event e = event_of(EVENT_COUNT, line);
    struct span rest = line->header.message;

    if (span_take_literal(&rest, "newmsg,id="))
        return new_message(&e, rest, events);
    if (span_has_prefix(rest, "started,id=")) {
        rest = span_skip(rest, sizeof "started," - 1);
        take_delivery_fields(&rest, &e);
        return e.queue_id.n && put(&e, EVENT_TAKEN, COUNTER_NONE, events);
    }
    if (span_take_literal(&rest, "completed,id=")) {
        e.queue_id = rest;
        return rest.n && put(&e, EVENT_REMOVED, COUNTER_NONE, events);
    }
    if (span_has_prefix(rest, "id="))
        return delivery(&e, rest, COUNTER_DELIVERED, events);
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
        if (span_starts(rest, silent[i]))
            return true;
    return false;
}

/* ---- delivery modules ---- */

static bool module(const struct line *line, enum counter success, struct events *events)
{
    struct event e = event_of(EVENT_COUNT, line);

    if (!span_has_prefix(line->header.message, "id="))
        return true;
    return delivery(&e, line->header.message, success, events);
}

static bool over_smtp(const struct line *line, struct events *events)
{
    return module(line, COUNTER_SENT, events);
}

static bool here(const struct line *line, struct events *events)
{
    return module(line, COUNTER_DELIVERED, events);
}

static bool nothing(const struct line *line, struct events *events)
{
    (void)line;
    (void)events;
    return true;
}

static const struct service services[] = {
    { SPAN("courieresmtpd"), esmtpd }, { SPAN("courierd"), courierd },     { SPAN("courieresmtp"), over_smtp },
    { SPAN("courierlocal"), here },    { SPAN("courierfax"), here },       { SPAN("courieruucp"), here },
    { SPAN("courierdsn"), nothing },   { SPAN("courierfilter"), nothing },
};

const struct recogniser recogniser_courier = { .name = "courier", SERVICES(services) };
