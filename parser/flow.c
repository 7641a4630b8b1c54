/* The rules by which lines of a message become counts.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "flow_rules.h"
#include "hash.h"
#include "tally.h"

static void leaving(void *context, struct flow *flow);

struct flows *flows_new(const struct parser_options *options, void (*counted)(void *context, struct event *event),
                        void *context)
{
    struct flows *flows = calloc(1, sizeof *flows);

    if (!flows)
        return NULL;
    flows->table = flow_table_new(options->flows_cap ? options->flows_cap : FLOWS_CAP_DEFAULT, leaving, flows);
    flows->pipes = pending_new(flows_pipe_is_final, flows);
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

uint64_t flows_id_key(const struct flows *flows, const struct event *e, struct span id)
{
    return hash_octets(flows->seed ^ flows_host_key(e), id);
}

static uint64_t message_id_key(const struct flows *flows, const struct event *e, struct span message_id)
{
    return hash_octets(~flows->seed ^ flows_host_key(e), message_id) | 1; /* not 0: that is "none seen" */
}

uint32_t flows_instance_key(const struct flows *flows, const struct event *e)
{
    return (uint32_t)hash_octets(flows->seed, e->line->header.instance);
}

/* The flow that a line of the queue's own programs (cleanup, qmgr) speaks of. A service may log under a syslog_name of
 * its own, so that the id was opened under another instance: such a flow, fresh, is taken over. */
static struct flow *find_in_queue(struct flows *flows, const struct event *e)
{
    uint32_t instance = flows_instance_key(flows, e);
    uint64_t key = flows_id_key(flows, e, e->queue_id);
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
        f = flow_table_add(flows->table, flows_id_key(flows, e, e->queue_id), flows_instance_key(flows, e));
    return f;
}

struct flow *flows_find_named(struct flows *flows, const struct event *e, struct span id)
{
    return id.n ? flow_table_find(flows->table, flows_id_key(flows, e, id), flows_instance_key(flows, e), true) : NULL;
}

/* ---- counting ---- */

void flows_count(struct flows *flows, const struct event *e, enum counter counter, uint64_t n)
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
    flows_count(flows, e, COUNTER_RECEIVED_OCTETS, f->size_octets);
}

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
        flows_count(flows, e, COUNTER_REINJECTED, 1);
        if (f->state & FLOW_OF_FRONT) /* its size was not known there */
            count_received_octets(flows, e, f);
        return;
    }
    flows_count(flows, e, COUNTER_RECEIVED, 1);
    count_received_octets(flows, e, f);
}

void flows_count_reception(struct flows *flows, const struct event *e, struct flow *f)
{
    struct event received = *e;

    received.reason = 0; /* that of a hold is none of the reception */
    received.code = 0;
    received.enhanced.n = 0;
    count_reception(flows, &received, f);
}

/* ---- waiting for evidence by name ---- */

static void wait_for_evidence(struct flows *flows, const struct event *e, struct flow *f)
{
    for (size_t i = 0; i < WAITING_CAP; i++)
        if (!flows->waiting[i].flow) {
            struct waiting *w = &flows->waiting[i];

            *w = (struct waiting){ .flow = f, .host_key = flows_host_key(e), .tally = e->line->tally };
            if (e->queue_id.n <= sizeof w->id) {
                w->id_octets = (uint8_t)e->queue_id.n;
                memcpy(w->id, e->queue_id.p, w->id_octets);
            }
            f->state |= FLOW_WAITING;
            flows->waiting_n++;
            return;
        }
}

void flows_decide(struct flows *flows, const struct event *e, struct flow *f, bool reinjected)
{
    struct line line = *e->line;
    struct event decided = event_of(EVENT_COUNT, &line);

    for (size_t i = 0; i < WAITING_CAP; i++)
        if (flows->waiting[i].flow == f) {
            line.tally = flows->waiting[i].tally; /* at the end of input e is another host's */
            decided.queue_id = (struct span){ flows->waiting[i].id, flows->waiting[i].id_octets };
            flows->waiting[i].flow = NULL;
            flows->waiting_n--;
        }
    decided.size_octets = f->size_octets ? (int64_t)f->size_octets : -1;
    f->state &= (uint16_t)~FLOW_WAITING;
    if (reinjected)
        f->state |= FLOW_REINJECTED;
    if (f->state & FLOW_QUEUED)
        flows_count_reception(flows, &decided, f);
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

        if (w.flow && w.host_key == flows_host_key(e) && !has_nameless_before(flows, empty_key, w.flow))
            flows_decide(flows, e, w.flow, false);
    }
}

static void leaving(void *context, struct flow *f)
{
    struct flows *flows = context;

    if (f->state & FLOW_WAITING)
        flows_decide(flows, flows->current, f, false);
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
    return filter_is_learned(&flows->filters, flows_host_key(e), address) ? ORIGIN_FILTER : ORIGIN_CLIENT;
}

/* Stands among the learned filters of a host where a server is in front of the MTA. */
static const struct span front_mark = { "(front)", 7 };

static void set_envelope(const struct flows *flows, struct flow *f, const struct event *e)
{
    if (e->from.p)
        f->sender = (uint32_t)hash_octets(flows->seed, e->from);
    if (e->size_octets > 0)
        f->size_octets = e->size_octets < UINT32_MAX ? (uint32_t)e->size_octets : UINT32_MAX;
}

/* What was said of a message before its MTA named client and recipients (Sendmail), to be kept. */
static uint16_t said_before(struct flows *flows, const struct event *e)
{
    const struct flow *f = e->recipients ? flows_find_named(flows, e, e->queue_id) : NULL;

    return f && f->origin == ORIGIN_UNKNOWN ? f->state & (FLOW_DISCARDED | FLOW_REFUSED | FLOW_HELD) : 0;
}

/* It was announced: a bounce that the server itself makes. */
static bool is_own_bounce(struct flows *flows, const struct event *e)
{
    struct flow *announced = flows_find_named(flows, e, e->ticket);

    if (announced)
        flow_table_drop(flows->table, announced);
    return announced != NULL;
}

static void opened_by_filter(struct flows *flows, const struct event *e, struct flow *f)
{
    struct flow *a = flows_find_named(flows, e, e->original_id);

    f->state |= FLOW_REINJECTED;
    if (a && a != f)
        a->state |= FLOW_FILTERED;
    if (f->origin == ORIGIN_CLIENT) { /* a filter on another machine */
        filter_learn(&flows->filters, flows_host_key(e), filter_address(e->client));
        f->origin = ORIGIN_FILTER;
    }
}

static void opened(struct flows *flows, const struct event *e)
{
    uint16_t before = said_before(flows, e);
    bool own = is_own_bounce(flows, e);
    struct flow *f = flow_table_add(flows->table, flows_id_key(flows, e, e->queue_id), flows_instance_key(flows, e));

    set_envelope(flows, f, e);
    f->state = before;
    f->recipients_left = e->recipients;
    f->origin = own ? ORIGIN_UNKNOWN : (uint8_t)origin_of(flows, e);
    if (e->maybe_of_front && flows->filters.mode != CONTENT_FILTER_NONE &&
        filter_is_learned(&flows->filters, flows_host_key(e), front_mark))
        f->state |= FLOW_REINJECTED | FLOW_OF_FRONT;
    switch (flows->filters.mode) {
    case CONTENT_FILTER_AUTO:
        if (e->original_id.n)
            opened_by_filter(flows, e, f);
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
    struct flow *a = flows_find_named(flows, e, e->original_id);
    uint16_t kept = FLOW_COUNTED | FLOW_REINJECTED | FLOW_SIZE_COUNTED;
    uint16_t state = a ? a->state & kept : FLOW_COUNTED | FLOW_SIZE_COUNTED;
    struct flow *f;

    if (a)
        flow_table_drop(flows->table, a);
    f = flow_table_add(flows->table, flows_id_key(flows, e, e->queue_id), flows_instance_key(flows, e));
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
    filter_learn(&flows->filters, flows_host_key(e), kept->relay);
    pending_drop(flows->pipes, a->key);
}

/* Whether `a` may come back: it was received, or will be at its first delivery (Sendmail), and is still here. */
static bool may_return(const struct flow *a, bool reinjected)
{
    if (!!(a->state & FLOW_REINJECTED) != reinjected ||
        (a->state & FLOW_REMOVED && !(a->state & (FLOW_PIPED | FLOW_FRONT))))
        return false;
    return a->state & FLOW_COUNTED || (a->recipients_left && a->origin != ORIGIN_PICKUP);
}

static bool mark_those(struct flows *flows, const struct event *e, uint64_t key, struct flow *f, bool reinjected)
{
    unsigned steps;
    bool found = false, more = false;

    for (struct flow *a = NULL; (a = flow_table_next_with_id(flows->table, key, a, &steps, &more));)
        if (a != f && may_return(a, reinjected)) {
            if (a->state & FLOW_FRONT)
                f->state |= FLOW_OF_FRONT;
            a->state &= (uint16_t)~FLOW_FRONT; /* it came in: no second message of this name is it */
            set_filtered(flows, e, a);
            found = true;
        }
    return found;
}

/* Marks the messages of this Message-ID that came to this host before `f` and may come back: first those that came from
 * outside, else (two filters in a row) those that came back before. True if there is one. */
static bool mark_filtered(struct flows *flows, const struct event *e, uint64_t key, struct flow *f)
{
    return mark_those(flows, e, key, f, false) || mark_those(flows, e, key, f, true);
}

/* What a pipe took has no reply that names another id. A message without a Message-ID is known again by its sender,
 * when local submission brings it: `f`, whose pipe's line may be here already, or come later (pipe_took_nameless). */
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

void flows_pipe_took_nameless(struct flows *flows, const struct event *e, struct flow *a)
{
    for (size_t i = 0; flows->waiting_n && i < WAITING_CAP; i++) {
        struct flow *f = flows->waiting[i].flow;

        if (f && f->origin == ORIGIN_PICKUP && flows->waiting[i].host_key == flows_host_key(e) &&
            f->sender == a->sender) {
            set_filtered(flows, e, a);
            flows_decide(flows, e, f, true);
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
    if (flows->filters.mode == CONTENT_FILTER_AUTO && flow_opened_near(f) &&
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
    flows_count_reception(flows, e, f);
}

/* What a server in front took is received; the Message-ID tells it again when it comes into the MTA over loopback. */
static void front_queued(struct flows *flows, const struct event *e)
{
    uint64_t key = message_id_key(flows, e, e->message_id);
    struct flow *f;

    filter_learn(&flows->filters, flows_host_key(e), front_mark);
    flows_count(flows, e, COUNTER_RECEIVED, e->count);
    if (e->message_id.n == 0)
        return;
    f = flow_table_add(flows->table, key, flows_instance_key(flows, e));
    f->origin = ORIGIN_CLIENT;
    f->state = FLOW_QUEUED | FLOW_COUNTED | FLOW_FRONT;
    flow_table_set_message_id(flows->table, f, key);
    flow_table_linger(flows->table, f); /* nothing says when it is gone */
}

/* ---- the rest of a life ---- */

void flows_count_once(struct flows *flows, const struct event *e, struct flow *f, enum flow_state flag,
                      enum counter counter)
{
    if (f && f->state & flag)
        return;
    if (f)
        f->state |= (uint16_t)flag;
    flows_count(flows, e, counter, e->count);
}

/* The client is that of the session, which may have carried other messages before. A line for each recipient may say
 * so: the first one counts. */
static void taken(struct flows *flows, const struct event *e)
{
    struct flow *session = flows_find_named(flows, e, e->original_id);
    struct flow *f = find_or_add(flows, e);

    if (f->origin == ORIGIN_UNKNOWN && session) {
        f->origin = session->origin;
        f->state |= session->state & FLOW_REINJECTED;
    } else if (f->origin == ORIGIN_UNKNOWN && e->original_id.n && e->from.n) {
        f->origin = ORIGIN_CLIENT; /* the log begins within the session */
    }
    if (e->from.n == 0 && f->origin == ORIGIN_PICKUP)
        f->origin = ORIGIN_UNKNOWN;
    set_envelope(flows, f, e);
    flows_count_reception(flows, e, f);
}

static void once(struct flows *flows, const struct event *e, enum flow_state flag, enum counter counter)
{
    flows_count_once(flows, e, e->queue_id.n ? find_or_add(flows, e) : NULL, flag, counter);
}

static void held(struct flows *flows, const struct event *e)
{
    struct flow *f;

    once(flows, e, FLOW_HELD, COUNTER_HELD);
    f = e->queue_id.n ? find_in_queue(flows, e) : NULL;
    if (f)
        flows_count_reception(flows, e, f);
}

static void removed(struct flows *flows, const struct event *e, bool by_administrator)
{
    struct flow *f = find_in_queue(flows, e);
    bool nameless;

    if (!f || f->state & FLOW_REMOVED)
        return;
    if (by_administrator && !(f->state & (FLOW_REFUSED | FLOW_COUNTED)))
        flows_count_reception(flows, e, f);
    nameless = f->state & FLOW_EMPTY_ID;
    if (f->state & (FLOW_REINJECTED | FLOW_WAITING | FLOW_PIPED)) /* what speaks of it may come after it is gone */
        flow_table_linger(flows->table, f);
    else
        flow_table_drop(flows->table, f);
    if (nameless)
        nameless_is_gone(flows, e);
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
    if (e->kind != EVENT_COUNT && e->kind != EVENT_VERDICT && e->kind != EVENT_HANDED_OVER)
        e->line->tally->wrote_mta = true; /* other lines are the filters' too */
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
    case EVENT_TAKEN:
        taken(flows, e);
        break;
    case EVENT_DELIVERY:
        flows_delivery(flows, e);
        break;
    case EVENT_REFUSAL:
        if (e->once_per_id)
            once(flows, e, FLOW_REFUSED, e->counter);
        else
            flows_count(flows, e, e->counter, e->count);
        break;
    case EVENT_HELD:
        held(flows, e);
        break;
    case EVENT_HELD_EARLY:
        flows_count(flows, e, COUNTER_HELD, e->count);
        break;
    case EVENT_DISCARDED:
        once(flows, e, FLOW_DISCARDED, COUNTER_DISCARDED);
        break;
    case EVENT_EXPIRED:
        flows_expired(flows, e);
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
        flows_handed_over(flows, e);
        break;
    case EVENT_ATTEMPT:
        flows_attempt(flows, e);
        break;
    case EVENT_OWN_BOUNCE:
        flow_table_add(flows->table, flows_id_key(flows, e, e->ticket), flows_instance_key(flows, e));
        break;
    case EVENT_FRONT_QUEUED:
        front_queued(flows, e);
        break;
    case EVENT_VERDICT: /* one whose id's lines are all in */
        if (e->counter == COUNTER_DELIVERED && tally_has_mta(e->line->tally))
            break;
        flows_count(flows, e, e->counter, e->count);
        break;
    case EVENT_COUNT:
        flows_count(flows, e, e->counter, e->count);
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
            flows_decide(flows, &e, flows->waiting[i].flow, false);
}
