/* The rules by which lines of a message become counts.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow.h"

#include <stdlib.h>

#include "filter.h"
#include "flow_table.h"
#include "hash.h"
#include "pending.h"

#define WAITING_CAP 64
#define PIPE_WAIT_S 10 /* for mail to come back from a pipe */

struct flows {
    struct flow_table *table;
    struct filters filters;
    struct pending *pipes; /* deliveries to pipes of which it is not known whether mail comes back */
    uint64_t seed;
    void (*counted)(void *context, struct event *event);
    void *context;
    const struct event *current; /* while an event is at work: what is pushed out is counted with */
    struct waiting {
        struct flow *flow;       /* FLOW_WAITING; NULL: a free place */
        uint64_t host_key;
        struct tally *tally;
    } waiting[WAITING_CAP];
    uint32_t waiting_n;
};

static void leaving(void *context, struct flow *flow);
static void pipe_is_final(void *context, uint64_t key, struct event *event);

struct flows *flows_new(const struct parser_options *options, void (*counted)(void *context, struct event *event),
                        void *context)
{
    struct flows *flows = calloc(1, sizeof *flows);

    if (!flows)
        return NULL;
    flows->table = flow_table_new(options->flows_cap ? options->flows_cap : FLOWS_CAP_DEFAULT, leaving, flows);
    flows->pipes = pending_new(pipe_is_final, flows);
    if (!flows->table || !flows->pipes) {
        flows_free(flows);
        return NULL;
    }
    flows->seed = options->seed;
    flows->filters.seed = options->seed;
    flows->filters.mode = options->content_filter;
    flows->filters.hosts = options->filter_hosts;
    flows->counted = counted;
    flows->context = context;
    return flows;
}

void flows_free(struct flows *flows)
{
    if (!flows)
        return;
    flow_table_free(flows->table);
    pending_free(flows->pipes);
    free(flows);
}

void flows_usage(const struct flows *flows, uint32_t *in_use, uint64_t *evicted)
{
    *in_use = flow_table_in_use(flows->table);
    *evicted = flow_table_evicted(flows->table);
}

/* ---- names ---- */

static uint64_t host_key(const struct event *e)
{
    return e->line->tally->key;
}

static uint64_t id_key(const struct flows *flows, const struct event *e, struct span id)
{
    return hash_octets(flows->seed ^ host_key(e), id);
}

static uint64_t message_id_key(const struct flows *flows, const struct event *e, struct span message_id)
{
    return hash_octets(~flows->seed ^ host_key(e), message_id) | 1; /* not 0: that is "none seen" */
}

static uint32_t instance_key(const struct flows *flows, const struct event *e)
{
    return (uint32_t)hash_octets(flows->seed, e->line->header.instance);
}

/* The flow that a line of the queue's own programs (cleanup, qmgr) speaks of. A service may log under a syslog_name of
 * its own, so that the id was opened under another instance: such a flow, fresh, is taken over. */
static struct flow *find_in_queue(struct flows *flows, const struct event *e)
{
    uint32_t instance = instance_key(flows, e);
    uint64_t key = id_key(flows, e, e->queue_id);
    struct flow *f = flow_table_find(flows->table, key, instance, true);

    if (!f || f->instance == instance)
        return f;
    if (f->state & (FLOW_QUEUED | FLOW_REMOVED) || f->message_id)
        return NULL;
    f->instance = instance;
    return f;
}

static struct flow *find_or_add(struct flows *flows, const struct event *e)
{
    struct flow *f = find_in_queue(flows, e);

    if (!f || f->state & FLOW_REMOVED)
        f = flow_table_add(flows->table, id_key(flows, e, e->queue_id), instance_key(flows, e));
    return f;
}

/* The flow that somebody else names: in all instances of the host. */
static struct flow *find_named(struct flows *flows, const struct event *e, struct span id)
{
    return id.n ? flow_table_find(flows->table, id_key(flows, e, id), instance_key(flows, e), true) : NULL;
}

static bool opened_near(const struct flow *f)
{
    return f->origin == ORIGIN_LOOPBACK || f->origin == ORIGIN_FILTER || f->origin == ORIGIN_PICKUP;
}

/* ---- counting ---- */

static void count(struct flows *flows, const struct event *e, enum counter counter, uint64_t n)
{
    struct event counted = *e;

    counted.kind = EVENT_COUNT;
    counted.counter = counter;
    counted.count = n;
    flows->counted(flows->context, &counted);
}

static void count_received_octets(struct flows *flows, const struct event *e, struct flow *f)
{
    if (f->size_octets == 0 || f->state & FLOW_SIZE_COUNTED)
        return;
    f->state |= FLOW_SIZE_COUNTED;
    count(flows, e, COUNTER_RECEIVED_OCTETS, f->size_octets);
}

/* The message is in the queue: received or re-injected, once. */
static void count_reception(struct flows *flows, const struct event *e, struct flow *f)
{
    f->state |= FLOW_QUEUED;
    if (f->origin == ORIGIN_UNKNOWN || f->state & (FLOW_WAITING | FLOW_DISCARDED))
        return;
    if (f->state & FLOW_COUNTED) {
        if (!(f->state & FLOW_REINJECTED)) /* its size was not known while it was held */
            count_received_octets(flows, e, f);
        return;
    }
    f->state |= FLOW_COUNTED;
    if (f->state & FLOW_REINJECTED) {
        count(flows, e, COUNTER_REINJECTED, 1);
        return;
    }
    count(flows, e, COUNTER_RECEIVED, 1);
    count_received_octets(flows, e, f);
}

/* ---- waiting for evidence by name ---- */

static void wait_for_evidence(struct flows *flows, const struct event *e, struct flow *f)
{
    for (size_t i = 0; i < WAITING_CAP; i++)
        if (!flows->waiting[i].flow) {
            flows->waiting[i] = (struct waiting){ f, host_key(e), e->line->tally };
            f->state |= FLOW_WAITING;
            flows->waiting_n++;
            return;
        }
}

/* What waited is decided; e is the line that decided. */
static void decide(struct flows *flows, const struct event *e, struct flow *f, bool reinjected)
{
    struct event decided = *e;
    struct line line = *e->line;

    for (size_t i = 0; i < WAITING_CAP; i++)
        if (flows->waiting[i].flow == f) {
            line.tally = flows->waiting[i].tally; /* at the end of input e is another host's */
            flows->waiting[i].flow = NULL;
            flows->waiting_n--;
        }
    decided.line = &line;
    decided.queue_id = decided.client = decided.from = decided.to = (struct span){ NULL, 0 };
    decided.delay_ms = -1;
    decided.size_octets = f->size_octets ? (int64_t)f->size_octets : -1;
    f->state &= (uint16_t)~FLOW_WAITING;
    if (reinjected)
        f->state |= FLOW_REINJECTED;
    if (f->state & FLOW_QUEUED)
        count_reception(flows, &decided, f);
}

/* A message of this host with an empty Message-ID, received and still there, that was opened before `f`. */
static bool has_nameless_before(struct flows *flows, uint64_t empty_key, const struct flow *f)
{
    unsigned steps;
    bool more = false;

    for (struct flow *a = NULL; (a = flow_table_next_with_id(flows->table, empty_key, a, &steps, &more));)
        if ((a->state & (FLOW_EMPTY_ID | FLOW_COUNTED)) == (FLOW_EMPTY_ID | FLOW_COUNTED) &&
            !(a->state & FLOW_REMOVED) && (int32_t)(a->opened - f->opened) < 0)
            return true;
    return more;
}

/* A message without a Message-ID is gone: what waited for it alone is a reception. */
static void nameless_is_gone(struct flows *flows, const struct event *e)
{
    uint64_t empty_key = message_id_key(flows, e, (struct span){ "", 0 });

    for (size_t i = 0; flows->waiting_n && i < WAITING_CAP; i++) {
        struct waiting w = flows->waiting[i];

        if (w.flow && w.host_key == host_key(e) && !has_nameless_before(flows, empty_key, w.flow))
            decide(flows, e, w.flow, false);
    }
}

static void leaving(void *context, struct flow *f)
{
    struct flows *flows = context;

    if (f->state & FLOW_WAITING)
        decide(flows, flows->current, f, false);
}

/* ---- opening ---- */

static enum flow_origin origin_of(const struct flows *flows, const struct event *e)
{
    struct span address;

    if (e->client.n == 0)
        return ORIGIN_PICKUP;
    address = filter_address(e->client);
    if (flows->filters.mode == CONTENT_FILTER_HOSTS && filter_is_named(&flows->filters, e->client))
        return ORIGIN_FILTER;
    if (filter_is_loopback(address))
        return ORIGIN_LOOPBACK;
    return filter_is_learned(&flows->filters, host_key(e), address) ? ORIGIN_FILTER : ORIGIN_CLIENT;
}

static void set_envelope(const struct flows *flows, struct flow *f, const struct event *e)
{
    if (e->from.p)
        f->sender = (uint32_t)hash_octets(flows->seed, e->from);
    if (e->size_octets > 0)
        f->size_octets = e->size_octets < UINT32_MAX ? (uint32_t)e->size_octets : UINT32_MAX;
}

static void opened(struct flows *flows, const struct event *e)
{
    struct flow *f = flow_table_add(flows->table, id_key(flows, e, e->queue_id), instance_key(flows, e));
    struct flow *a;

    set_envelope(flows, f, e);
    f->origin = (uint8_t)origin_of(flows, e);
    switch (flows->filters.mode) {
    case CONTENT_FILTER_AUTO:
        if (e->original_id.n == 0)
            break;
        f->state |= FLOW_REINJECTED;
        a = find_named(flows, e, e->original_id);
        if (a && a != f)
            a->state |= FLOW_FILTERED;
        if (f->origin == ORIGIN_CLIENT) { /* a filter on another machine */
            filter_learn(&flows->filters, host_key(e), filter_address(e->client));
            f->origin = ORIGIN_FILTER;
        }
        break;
    case CONTENT_FILTER_LOOPBACK:
        if (f->origin == ORIGIN_LOOPBACK)
            f->state |= FLOW_REINJECTED;
        break;
    case CONTENT_FILTER_HOSTS:
        if (f->origin == ORIGIN_FILTER)
            f->state |= FLOW_REINJECTED;
        break;
    case CONTENT_FILTER_NONE:
        break;
    }
}

/* A message that was put through the queue's entrance again keeps what was counted of it. */
static void requeued(struct flows *flows, const struct event *e)
{
    struct flow *a = find_named(flows, e, e->original_id);
    uint16_t kept = FLOW_COUNTED | FLOW_REINJECTED | FLOW_SIZE_COUNTED;
    uint16_t state = a ? a->state & kept : FLOW_COUNTED | FLOW_SIZE_COUNTED;
    struct flow *f;

    if (a)
        flow_table_drop(flows->table, a);
    f = flow_table_add(flows->table, id_key(flows, e, e->queue_id), instance_key(flows, e));
    f->origin = ORIGIN_PICKUP;
    f->state = state;
}

/* `a` came back. What a pipe took may be gone from the queue by then: the delivery that was kept for this moment was a
 * hand-over, and the pipe is a filter. */
static void set_filtered(struct flows *flows, const struct event *e, struct flow *a)
{
    const struct event *kept = a->state & FLOW_PIPED ? pending_find(flows->pipes, a->key) : NULL;

    a->state |= FLOW_FILTERED;
    if (!kept)
        return;
    filter_learn(&flows->filters, host_key(e), kept->relay);
    pending_drop(flows->pipes, a->key);
}

static bool mark_those(struct flows *flows, const struct event *e, uint64_t key, const struct flow *f, bool reinjected)
{
    unsigned steps;
    bool found = false, more = false;

    for (struct flow *a = NULL; (a = flow_table_next_with_id(flows->table, key, a, &steps, &more));)
        if (a != f && a->state & FLOW_COUNTED && !!(a->state & FLOW_REINJECTED) == reinjected &&
            (!(a->state & FLOW_REMOVED) || a->state & FLOW_PIPED)) {
            set_filtered(flows, e, a);
            found = true;
        }
    return found;
}

/* Marks the messages of this Message-ID that came to this host before `f` and may come back: first those that came from
 * outside, else (two filters in a row) those that came back before. True if there is one. */
static bool mark_filtered(struct flows *flows, const struct event *e, uint64_t key, const struct flow *f)
{
    return mark_those(flows, e, key, f, false) || mark_those(flows, e, key, f, true);
}

/* What a pipe took has no reply that names another id. A message without a Message-ID is known again by its sender, when
 * local submission brings it: `f`, whose pipe's line may be here already, or come later (pipe_took_nameless). */
static bool came_from_pipe(struct flows *flows, const struct event *e, uint64_t empty_key, const struct flow *f)
{
    const uint16_t want = FLOW_EMPTY_ID | FLOW_COUNTED | FLOW_PIPED;
    unsigned steps;
    bool more = false;

    if (f->origin != ORIGIN_PICKUP)
        return false;
    for (struct flow *a = NULL; (a = flow_table_next_with_id(flows->table, empty_key, a, &steps, &more));)
        if (a != f && (a->state & want) == want && !(a->state & FLOW_FILTERED) && a->sender == f->sender) {
            set_filtered(flows, e, a);
            return true;
        }
    return false;
}

static void pipe_took_nameless(struct flows *flows, const struct event *e, struct flow *a)
{
    for (size_t i = 0; flows->waiting_n && i < WAITING_CAP; i++) {
        struct flow *f = flows->waiting[i].flow;

        if (f && f->origin == ORIGIN_PICKUP && flows->waiting[i].host_key == host_key(e) && f->sender == a->sender) {
            set_filtered(flows, e, a);
            decide(flows, e, f, true);
            return;
        }
    }
}

static void message_id(struct flows *flows, const struct event *e)
{
    uint64_t key = message_id_key(flows, e, e->message_id);
    uint64_t empty_key = message_id_key(flows, e, (struct span){ "", 0 });
    struct flow *f = find_or_add(flows, e);

    if (e->message_id.n == 0)
        f->state |= FLOW_EMPTY_ID;
    else
        f->state &= (uint16_t)~FLOW_EMPTY_ID;
    if (flows->filters.mode == CONTENT_FILTER_AUTO && opened_near(f) &&
        !(f->state & (FLOW_REINJECTED | FLOW_COUNTED | FLOW_WAITING))) {
        if ((e->message_id.n && mark_filtered(flows, e, key, f)) || came_from_pipe(flows, e, empty_key, f))
            f->state |= FLOW_REINJECTED;
        else if (has_nameless_before(flows, empty_key, f))
            wait_for_evidence(flows, e, f);
    }
    flow_table_set_message_id(flows->table, f, key);
}

static void queued(struct flows *flows, const struct event *e)
{
    struct flow *f = find_or_add(flows, e);

    set_envelope(flows, f, e);
    count_reception(flows, e, f);
}

/* ---- deliveries ---- */

/* The reply, or a filter's own line, says that `a` came back as `b`. Names in replies come from outside: they are
 * believed of a message that did come from near, and when more than the name speaks for it. */
static bool came_back_as(struct flows *flows, const struct event *e, struct flow *a, struct flow *b, bool near_relay)
{
    if (!b || a == b || !opened_near(b))
        return false;
    if (b->state & FLOW_WAITING && a->state & FLOW_EMPTY_ID) {
        decide(flows, e, b, true);
        a->state |= FLOW_FILTERED;
        return true;
    }
    return near_relay || (b->state & FLOW_REINJECTED && a->state & FLOW_FILTERED);
}

static bool is_near_relay(const struct event *e)
{
    return e->agent == AGENT_PIPE || filter_is_loopback(filter_address(e->relay)) || memchr(e->relay.p, '/', e->relay.n);
}

static bool is_hand_over_auto(struct flows *flows, const struct event *e, struct flow *a)
{
    bool near_relay = is_near_relay(e);

    if (a && (came_back_as(flows, e, a, find_named(flows, e, e->named_id), near_relay) ||
              (e->agent == AGENT_PIPE && a->state & FLOW_FILTERED))) {
        filter_learn(&flows->filters, host_key(e), e->relay);
        return true;
    }
    if (filter_is_learned(&flows->filters, host_key(e), e->relay))
        return true;
    /* What amavisd-new drops names no other id. */
    return near_relay && span_mentions(e->text, " Ok, discarded");
}

static bool is_hand_over(struct flows *flows, const struct event *e, struct flow *a)
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

static void count_delivery(struct flows *flows, const struct event *e)
{
    count(flows, e, e->counter, e->count);
    if (e->size_octets > 0 && (e->counter == COUNTER_SENT || e->counter == COUNTER_DELIVERED))
        count(flows, e, e->counter == COUNTER_SENT ? COUNTER_SENT_OCTETS : COUNTER_DELIVERED_OCTETS,
              (uint64_t)e->size_octets * e->count);
}

/* Nothing came back in time: no filter, unless another message proved it to be one meanwhile. */
static void pipe_is_final(void *context, uint64_t key, struct event *e)
{
    struct flows *flows = context;

    (void)key;
    if (filter_is_learned(&flows->filters, host_key(e), e->relay))
        return;
    filter_learn_final(&flows->filters, host_key(e), e->relay);
    count_delivery(flows, e);
}

/* A pipe may be a filter that submits the mail again. The first message that it takes tells; its line waits. */
static bool may_come_back(const struct flows *flows, const struct event *e, const struct flow *f)
{
    return flows->filters.mode == CONTENT_FILTER_AUTO && e->agent == AGENT_PIPE && f && f->state & FLOW_COUNTED &&
           !filter_is_final(&flows->filters, host_key(e), e->relay);
}

static void delivery(struct flows *flows, struct event *e)
{
    struct flow *f = find_named(flows, e, e->queue_id);
    bool success = e->counter == COUNTER_SENT || e->counter == COUNTER_DELIVERED;
    bool hand_over = success && is_hand_over(flows, e, f);

    if (f && f->size_octets)
        e->size_octets = f->size_octets;
    if (success && may_come_back(flows, e, f)) {
        f->state |= FLOW_PIPED;
        if (!hand_over)
            pending_keep(flows->pipes, f->key, e, PIPE_WAIT_S);
        if (f->state & FLOW_EMPTY_ID && !(f->state & FLOW_FILTERED))
            pipe_took_nameless(flows, e, f);
        return;
    }
    if (!hand_over)
        count_delivery(flows, e);
}

/* ---- the rest of a life ---- */

static void once(struct flows *flows, const struct event *e, enum flow_state flag, enum counter counter)
{
    struct flow *f = e->queue_id.n ? find_or_add(flows, e) : NULL;

    if (f && f->state & flag)
        return;
    if (f)
        f->state |= (uint16_t)flag;
    count(flows, e, counter, e->count);
}

static void held(struct flows *flows, const struct event *e)
{
    struct flow *f;

    once(flows, e, FLOW_HELD, COUNTER_HELD);
    f = e->queue_id.n ? find_in_queue(flows, e) : NULL;
    if (f)
        count_reception(flows, e, f);
}

static void removed(struct flows *flows, const struct event *e, bool by_administrator)
{
    struct flow *f = find_in_queue(flows, e);
    bool nameless;

    if (!f || f->state & FLOW_REMOVED)
        return;
    if (by_administrator && !(f->state & (FLOW_REFUSED | FLOW_COUNTED)))
        count_reception(flows, e, f);
    nameless = f->state & FLOW_EMPTY_ID;
    if (f->state & (FLOW_REINJECTED | FLOW_WAITING | FLOW_PIPED)) /* what speaks of it may come after it is gone */
        flow_table_linger(flows->table, f);
    else
        flow_table_drop(flows->table, f);
    if (nameless)
        nameless_is_gone(flows, e);
}

static void handed_over(struct flows *flows, const struct event *e)
{
    struct flow *a = find_named(flows, e, e->queue_id), *b = find_named(flows, e, e->named_id);

    if (a && b && flows->filters.mode == CONTENT_FILTER_AUTO)
        came_back_as(flows, e, a, b, true);
}

static void released(struct flows *flows, const struct event *e)
{
    struct flow *f = find_in_queue(flows, e);

    if (f)
        f->state &= (uint16_t)~FLOW_HELD;
}

void flows_event(struct flows *flows, struct event *e)
{
    flows->current = e;
    switch (e->kind) {
    case EVENT_OPENED:
        opened(flows, e);
        break;
    case EVENT_REQUEUED:
        requeued(flows, e);
        break;
    case EVENT_MESSAGE_ID:
        message_id(flows, e);
        break;
    case EVENT_QUEUED:
        queued(flows, e);
        break;
    case EVENT_DELIVERY:
        delivery(flows, e);
        break;
    case EVENT_REFUSAL:
        if (e->once_per_id)
            once(flows, e, FLOW_REFUSED, e->counter);
        else
            count(flows, e, e->counter, e->count);
        break;
    case EVENT_HELD:
        held(flows, e);
        break;
    case EVENT_HELD_EARLY:
        count(flows, e, COUNTER_HELD, e->count);
        break;
    case EVENT_DISCARDED:
        once(flows, e, FLOW_DISCARDED, COUNTER_DISCARDED);
        break;
    case EVENT_EXPIRED:
        once(flows, e, FLOW_EXPIRED, COUNTER_EXPIRED);
        break;
    case EVENT_RELEASED:
        released(flows, e);
        break;
    case EVENT_REMOVED:
        removed(flows, e, false);
        break;
    case EVENT_REMOVED_BY_ADMINISTRATOR:
        removed(flows, e, true);
        break;
    case EVENT_HANDED_OVER:
        handed_over(flows, e);
        break;
    case EVENT_COUNT:
    case EVENT_VERDICT: /* one whose id's lines are all in */
        count(flows, e, e->counter, e->count);
        break;
    }
    flows->current = NULL;
}

void flows_settle(struct flows *flows, int64_t now)
{
    pending_settle(flows->pipes, now);
}

void flows_end(struct flows *flows, const struct line *last)
{
    struct event e = event_of(EVENT_COUNT, last);

    flows_settle(flows, INT64_MAX);
    for (size_t i = 0; i < WAITING_CAP; i++)
        if (flows->waiting[i].flow)
            decide(flows, &e, flows->waiting[i].flow, false);
}
