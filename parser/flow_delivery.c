/* Deliveries: which are sendings, and which only hand a message over to a filter or to another program of this host.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fields.h"
#include "flow_rules.h"

#define PIPE_WAIT_S 10 /* for mail to come back from a pipe */

/* ---- deliveries with a name of their own ---- */

/* qmail's `starting delivery D: msg N to remote ..`; its end is `delivery D: ..`, which names no message. */
void flows_attempt(struct flows *flows, struct event *e)
{
    struct flow *f = flow_table_add(flows->table, flows_id_key(flows, e, e->queue_id), e->line->instance_key);

    f->origin = ORIGIN_ATTEMPT;
    f->state = e->agent == AGENT_SMTP ? FLOW_TO_REMOTE : 0;
    f->message_key = flows_id_key(flows, e, e->original_id);
}

/* The message that a delivery's line speaks of; NULL when it is not known. Where the line names an attempt, that ends,
 * and says what its success is. */
static struct flow *end_attempt(struct flows *flows, struct event *e)
{
    struct flow *f = flows_find_named(flows, e, e->queue_id);
    struct flow *message;

    if (!f || f->origin != ORIGIN_ATTEMPT)
        return f;
    message = flow_table_find(flows->table, f->message_key, f->instance, true);
    e->agent = f->state & FLOW_TO_REMOTE ? AGENT_SMTP : AGENT_OTHER;
    if (e->counter == COUNTER_SENT || e->counter == COUNTER_DELIVERED)
        e->counter = f->state & FLOW_TO_REMOTE ? COUNTER_SENT : COUNTER_DELIVERED;
    flow_table_drop(flows->table, f);
    return message;
}

/* ---- hand-overs ---- */

/* The reply, or a filter's own line, says that `a` came back as `b`. Names in replies come from outside: they are
 * believed of a message that did come from near, and when more than the name speaks for it. */
static bool came_back_as(struct flows *flows, struct event *e, struct flow *a, struct flow *b, bool near_relay)
{
    if (!b || a == b)
        return false;
    if (!a) /* it came before the log begins */
        return near_relay && flow_opened_near(b);
    if ((b->state & FLOW_WAITING && flow_opened_near(b) && a->state & FLOW_EMPTY_ID) ||
        flows_came_from_relay(flows, e, a, b)) {
        if (b->origin == ORIGIN_CLIENT)
            flows_learn(flows, e, filter_address(e->relay));
        flows_tell_joined(flows, e, a->key, b->key);
        flows_decide(flows, e, b, true);
        a->state |= FLOW_FILTERED;
        return true;
    }
    if (!flow_opened_near(b) || !(near_relay || (b->state & FLOW_REINJECTED && a->state & FLOW_FILTERED)))
        return false;
    flows_tell_joined(flows, e, a->key, b->key);
    return true;
}

static bool is_near_relay(struct event *e)
{
    return e->agent == AGENT_PIPE || filter_is_loopback(filter_address(e->relay)) || span_chr(e->relay, '/');
}

/* `250 2.7.0 Ok, discarded, id=1-2 - spam`: what amavisd-new drops names no other id. Behind the codes, since a server
 * may quote the recipient later on. */
static bool is_dropped(struct span reply)
{
    struct span enhanced;
    uint16_t code;

    return fields_take_codes(&reply, &code, &enhanced) && span_has_prefix(reply, "Ok, discarded");
}

/* A pipe that brought one message back may be a delivery agent that sends some mail on (Sieve's redirect, a mailing
 * list): until more is known, each message that it takes is looked at. */
static bool is_known_filter(const struct flows *flows, const struct event *e, const struct flow *a)
{
    uint64_t host_key = flows_host_key(e);

    if (!filter_is_learned(&flows->filters, host_key, e->relay))
        return false;
    return e->agent != AGENT_PIPE || filter_is_proven(&flows->filters, host_key, e->relay) ||
           !((a && a->state & FLOW_COUNTED) || filter_is_final(&flows->filters, host_key, e->relay));
}

static bool is_hand_over_auto(struct flows *flows, struct event *e, struct flow *a)
{
    bool near_relay = is_near_relay(e);
    /* Else came_back_as() says no, whatever the name: so it is with nearly all of what the world answers. */
    bool may_return = near_relay || flows_wait_for_evidence(flows) || (a && a->state & FLOW_FILTERED);
    struct flow *b = may_return ? flows_find_named(flows, e, e->named_id) : NULL;

    if (a && e->agent == AGENT_PIPE && a->state & FLOW_FILTERED) {
        if (!(a->state & FLOW_PIPED)) /* its other recipients say nothing new */
            flows_learn_pipe(flows, e, e->relay);
        return true;
    }
    if (came_back_as(flows, e, a, b, near_relay)) {
        flows_learn(flows, e, e->relay);
        return true;
    }
    if (is_known_filter(flows, e, a))
        return true;
    return near_relay && is_dropped(e->text);
}

static bool is_hand_over(struct flows *flows, struct event *e, struct flow *a)
{
    if (e->agent == AGENT_OTHER || e->relay.n == 0)
        return false;
    switch (flows->filters.mode) {
    case CONTENT_FILTER_AUTO:
        return is_hand_over_auto(flows, e, a);
    case CONTENT_FILTER_LOOPBACK:
        return filter_is_loopback(filter_address(e->relay));
    case CONTENT_FILTER_HOSTS:
        return filter_is_named(&flows->filters, e->relay);
    case CONTENT_FILTER_NONE:
        break;
    }
    return false;
}

/* Sendmail's submission program hands a local message to the daemon over loopback; the daemon's id is the message. */
static bool is_submission(struct flows *flows, struct event *e, const struct flow *a)
{
    const struct flow *b = flows_find_named(flows, e, e->named_id);

    if (!b || b == a || !flow_opened_near(b) || b->state & FLOW_REINJECTED ||
        !filter_is_loopback(filter_address(e->relay)) || (a && (a->origin != ORIGIN_PICKUP || a->state & FLOW_COUNTED)))
        return false;
    if (a)
        flows_tell_joined(flows, e, a->key, b->key);
    return true;
}

/* ---- outcomes ---- */

/* The first delivery is the first that the log says of the queue. */
static void take_queue(struct flows *flows, struct event *e, struct flow *f)
{
    struct event queued = event_of(EVENT_QUEUED, e->line);

    if (f->state & (FLOW_QUEUED | FLOW_REMOVED))
        return;
    queued.queue_id = e->queue_id;
    if (f->size_octets)
        queued.size_octets = f->size_octets;
    flows_count_reception(flows, &queued, f);
}

/* With its last recipient a message is gone. It lingers, since aliases may have made more of them. */
static void dealt_with(struct flows *flows, struct event *e, struct flow *f, uint64_t recipients)
{
    if (!f || f->recipients_left == 0)
        return;
    f->recipients_left = recipients < f->recipients_left ? f->recipients_left - (uint32_t)recipients : 0;
    if (f->recipients_left == 0) {
        flow_table_linger(flows->table, f);
        if (f->message_id)
            flows_is_gone(flows, e, f->message_id);
    }
}

static void count_delivery(struct flows *flows, struct event *e)
{
    flows_count(flows, e, e->counter, e->count);
    if (e->size_octets > 0 && (e->counter == COUNTER_SENT || e->counter == COUNTER_DELIVERED))
        flows_count(flows, e, e->counter == COUNTER_SENT ? COUNTER_SENT_OCTETS : COUNTER_DELIVERED_OCTETS,
                    (uint64_t)e->size_octets * e->count);
}

/* Nothing came back in time: delivered, unless other messages proved the pipe to be a filter meanwhile. */
void flows_pipe_is_final(void *context, uint64_t key, struct event *e)
{
    struct flows *flows = context;

    (void)key;
    if (filter_is_proven(&flows->filters, flows_host_key(e), e->relay))
        return;
    if (!filter_learn_final(&flows->filters, flows_host_key(e), e->relay))
        flows_gave_up(flows);
    count_delivery(flows, e);
}

/* A pipe may be a filter that submits the mail again: a message's line waits, but for pipes from which none ever came
 * back. */
static bool may_come_back(const struct flows *flows, struct event *e, const struct flow *f)
{
    uint64_t host_key = flows_host_key(e);

    return flows->filters.mode == CONTENT_FILTER_AUTO && e->agent == AGENT_PIPE && f && f->state & FLOW_COUNTED &&
           (!filter_is_final(&flows->filters, host_key, e->relay) ||
            filter_is_learned(&flows->filters, host_key, e->relay));
}

void flows_delivery(struct flows *flows, struct event *e)
{
    struct flow *f = end_attempt(flows, e);
    bool success = e->counter == COUNTER_SENT || e->counter == COUNTER_DELIVERED;
    bool submission = e->takes_queue && success && is_submission(flows, e, f);
    bool hand_over = submission || (success && is_hand_over(flows, e, f));

    if (f && e->takes_queue && !submission)
        take_queue(flows, e, f);
    if (f && f->size_octets)
        e->size_octets = f->size_octets;
    if (success && may_come_back(flows, e, f)) {
        f->state |= FLOW_PIPED;
        if (!hand_over && !pending_keep(flows->pipes, f->key, e, PIPE_WAIT_S))
            flows_gave_up(flows);
        if (f->state & FLOW_EMPTY_ID && !(f->state & FLOW_FILTERED))
            flows_pipe_took_nameless(flows, e, f);
        return;
    }
    if (!hand_over)
        count_delivery(flows, e);
    if (e->counter != COUNTER_DEFERRED)
        dealt_with(flows, e, f, e->count);
}

void flows_expired(struct flows *flows, struct event *e)
{
    flows_count_once(flows, e, e->queue_id.n ? end_attempt(flows, e) : NULL, FLOW_EXPIRED, COUNTER_EXPIRED);
}

void flows_handed_over(struct flows *flows, struct event *e)
{
    struct flow *a = flows_find_named(flows, e, e->queue_id), *b = flows_find_named(flows, e, e->named_id);

    if (a && b && flows->filters.mode == CONTENT_FILTER_AUTO)
        came_back_as(flows, e, a, b, true);
}
