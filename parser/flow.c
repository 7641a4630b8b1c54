/* The rules by which lines of a message become counts.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "flow_rules.h"
#include "hash.h"
#include "tally.h"

struct flows *flows_new(const struct parser_options *options, void (*counted)(void *context, struct event *event),
                        void *context)
{
    struct flows *flows = calloc(1, sizeof *flows);

    if (!flows)
        return NULL;
    flows->table = flow_table_new(options->flows_cap ? options->flows_cap : FLOWS_CAP_DEFAULT, flows_leaving, flows);
    flows->pipes = pending_new(flows_pipe_is_final, flows);
    if (!flows->table || !flows->pipes) {
        flows_free(flows);
        return NULL;
    }
    flows->seed = options->seed;
    flows->filters.seed = options->seed;
    flows->filters.mode = options->content_filter;
    flows->counted = counted;
    flows->context = context;
    for (size_t i = 0; options->filter_hosts[i]; i++)
        if (!(flows->filters.hosts[i] = strdup(options->filter_hosts[i]))) {
            flows_free(flows);
            return NULL;
        }
    return flows;
}

void flows_free(struct flows *flows)
{
    if (!flows)
        return;
    flow_table_free(flows->table);
    pending_free(flows->pipes);
    for (char **h = flows->filters.hosts; *h; h++)
        free(*h);
    free(flows);
}

void flows_set_joined(struct flows *flows, parser_joined_fn *joined, void *context)
{
    flows->joined = joined;
    flows->joined_context = context;
}

void flows_gave_up(struct flows *flows)
{
    flow_table_give_up(flows->table);
}

void flows_usage(const struct flows *flows, uint32_t *in_use, uint64_t *evicted)
{
    *in_use = flow_table_in_use(flows->table);
    *evicted = flow_table_evicted(flows->table);
}

/* ---- names ---- */

uint64_t flows_message_id_key(const struct flows *flows, const struct event *e, struct span message_id)
{
    return hash_octets(~flows->seed ^ flows_host_key(e), message_id) | 1; /* not 0: that is "none seen" */
}

/* The flow that a line of the queue's own programs (cleanup, qmgr) speaks of. A service may log under a syslog_name of
 * its own, so that the id was opened under another instance: such a flow, fresh, is taken over. */
static struct flow *find_in_queue(struct flows *flows, struct event *e)
{
    uint32_t instance = e->line->instance_key;
    uint64_t key = flows_id_key(flows, e, e->queue_id);
    struct flow *f = flow_table_find(flows->table, key, instance, true);

    if (!f || f->instance == instance)
        return f;
    if (f->state & (FLOW_QUEUED | FLOW_REMOVED) || f->message_id)
        return NULL;
    f->instance = instance;
    return f;
}

struct flow *flows_find_or_add(struct flows *flows, struct event *e)
{
    struct flow *f = find_in_queue(flows, e);

    if (!f || f->state & FLOW_REMOVED)
        f = flow_table_add(flows->table, flows_id_key(flows, e, e->queue_id), e->line->instance_key);
    return f;
}

struct flow *flows_find_named(struct flows *flows, struct event *e, struct span id)
{
    return id.n ? flow_table_find(flows->table, flows_id_key(flows, e, id), e->line->instance_key, true) : NULL;
}

uint32_t flows_client_key(const struct flows *flows, struct span address)
{
    return (uint32_t)hash_octets(flows->seed, address);
}

/* ---- counting ---- */

/* The event itself goes on, and gets back what it was: to copy one for each count would cost more than to count. */
void flows_count(struct flows *flows, struct event *e, enum counter counter, uint64_t n)
{
    const enum event_kind kind = e->kind;
    const enum counter was_counter = e->counter;
    const uint64_t was_count = e->count;

    e->kind = EVENT_COUNT;
    e->counter = counter;
    e->count = n;
    flows->counted(flows->context, e);
    e->kind = kind;
    e->counter = was_counter;
    e->count = was_count;
}

static void count_received_octets(struct flows *flows, struct event *e, struct flow *f)
{
    if (f->size_octets == 0 || f->state & FLOW_SIZE_COUNTED)
        return;
    f->state |= FLOW_SIZE_COUNTED;
    flows_count(flows, e, COUNTER_RECEIVED_OCTETS, f->size_octets);
}

/* The reason of a hold is none of the reception. */
static void count_without_reason(struct flows *flows, struct event *e, enum counter counter)
{
    const uint8_t reason = e->reason;
    const uint16_t code = e->code;
    const struct span enhanced = e->enhanced;

    e->reason = 0;
    e->code = 0;
    e->enhanced.n = 0;
    flows_count(flows, e, counter, 1);
    e->reason = reason;
    e->code = code;
    e->enhanced = enhanced;
}

void flows_count_reception(struct flows *flows, struct event *e, struct flow *f)
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
        count_without_reason(flows, e, COUNTER_REINJECTED);
        if (f->state & FLOW_OF_FRONT) /* its size was not known there */
            count_received_octets(flows, e, f);
        return;
    }
    count_without_reason(flows, e, COUNTER_RECEIVED);
    count_received_octets(flows, e, f);
}

/* ---- opening ---- */

static enum flow_origin origin_of(const struct flows *flows, struct event *e)
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

static void set_envelope(const struct flows *flows, struct flow *f, struct event *e)
{
    if (e->from.p)
        f->sender = (uint32_t)hash_octets(flows->seed, e->from);
    if (e->size_octets > 0)
        f->size_octets = e->size_octets < UINT32_MAX ? (uint32_t)e->size_octets : UINT32_MAX;
}

/* What was said of a message before its MTA named client and recipients (Sendmail), to be kept. */
static uint16_t said_before(struct flows *flows, struct event *e)
{
    const struct flow *f = e->recipients ? flows_find_named(flows, e, e->queue_id) : NULL;

    return f && f->origin == ORIGIN_UNKNOWN ? f->state & (FLOW_DISCARDED | FLOW_REFUSED | FLOW_HELD) : 0;
}

/* It was announced: a bounce that the server itself makes. */
static bool is_own_bounce(struct flows *flows, struct event *e)
{
    struct flow *announced = flows_find_named(flows, e, e->ticket);

    if (announced && announced->state & FLOW_WAITING) /* a message of that very name */
        flows_decide(flows, e, announced, false);
    if (announced)
        flow_table_drop(flows->table, announced);
    return announced != NULL;
}

static void opened_by_filter(struct flows *flows, struct event *e, struct flow *f)
{
    struct flow *a = flows_find_named(flows, e, e->original_id);

    f->state |= FLOW_REINJECTED;
    if (a && a != f)
        a->state |= FLOW_FILTERED;
    flows_tell_joined(flows, e, flows_id_key(flows, e, e->original_id), f->key);
    if (f->origin == ORIGIN_CLIENT) { /* a filter on another machine */
        flows_learn(flows, e, filter_address(e->client));
        f->origin = ORIGIN_FILTER;
    }
}

/* The line came twice: what has this name came the same way and is not gone. Where names are used again, what the queue
 * manager has already taken, refused or discarded is another message, whose end was lost. */
static bool is_open(struct flows *flows, struct event *e, enum flow_origin origin)
{
    const struct flow *f =
        flow_table_find(flows->table, flows_id_key(flows, e, e->queue_id), e->line->instance_key, false);

    if (!f || f->origin != origin || origin == ORIGIN_UNKNOWN)
        return false;
    if (e->id_is_unique)
        return !(f->state & FLOW_REMOVED);
    return !(f->state & (FLOW_QUEUED | FLOW_REFUSED | FLOW_DISCARDED)) &&
           (origin != ORIGIN_CLIENT || f->client == flows_client_key(flows, filter_address(e->client)));
}

static void opened(struct flows *flows, struct event *e)
{
    uint16_t before = said_before(flows, e);
    bool own = is_own_bounce(flows, e);
    enum flow_origin origin = own ? ORIGIN_UNKNOWN : origin_of(flows, e);
    struct flow *f;

    if (is_open(flows, e, origin))
        return;
    f = flow_table_add(flows->table, flows_id_key(flows, e, e->queue_id), e->line->instance_key);
    set_envelope(flows, f, e);
    f->state = before;
    f->recipients_left = e->recipients;
    f->origin = (uint8_t)origin;
    if (f->origin == ORIGIN_CLIENT)
        f->client = flows_client_key(flows, filter_address(e->client));
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
    if (before & FLOW_HELD) /* quarantined before it was there */
        flows_count_reception(flows, e, f);
}

/* A message that was put through the queue's entrance again keeps what was counted of it. */
static void requeued(struct flows *flows, struct event *e)
{
    struct flow *a = flows_find_named(flows, e, e->original_id);
    uint16_t kept = FLOW_COUNTED | FLOW_REINJECTED | FLOW_SIZE_COUNTED;
    uint16_t state = FLOW_COUNTED | FLOW_SIZE_COUNTED;
    struct flow *f;

    if (a && a->state & FLOW_WAITING)
        flows_decide(flows, e, a, false);
    if (a)
        state = a->state & kept;
    if (a)
        flow_table_drop(flows->table, a);
    f = flow_table_add(flows->table, flows_id_key(flows, e, e->queue_id), e->line->instance_key);
    f->origin = ORIGIN_PICKUP;
    f->state = state;
    flows_tell_joined(flows, e, flows_id_key(flows, e, e->original_id), f->key);
}

static void queued(struct flows *flows, struct event *e)
{
    struct flow *f = flows_find_or_add(flows, e);

    set_envelope(flows, f, e);
    flows_count_reception(flows, e, f);
}

/* What a server in front took is received; the Message-ID tells it again when it comes into the MTA over loopback. */
static void front_queued(struct flows *flows, struct event *e)
{
    uint64_t key = flows_message_id_key(flows, e, e->message_id);
    struct flow *f;

    flows_learn(flows, e, front_mark);
    flows_count(flows, e, COUNTER_RECEIVED, e->count);
    if (e->message_id.n == 0)
        return;
    f = flow_table_add(flows->table, key, e->line->instance_key);
    f->origin = ORIGIN_CLIENT;
    f->state = FLOW_QUEUED | FLOW_COUNTED | FLOW_FRONT;
    flow_table_set_message_id(flows->table, f, key);
    flow_table_linger(flows->table, f); /* nothing says when it is gone */
}

/* ---- the rest of a life ---- */

void flows_count_once(struct flows *flows, struct event *e, struct flow *f, enum flow_state flag, enum counter counter)
{
    if (f && f->state & flag)
        return;
    if (f)
        f->state |= (uint16_t)flag;
    flows_count(flows, e, counter, e->count);
}

/* The client is that of the session, which may have carried other messages before. A line for each recipient may say
 * so: the first one counts. */
static void taken(struct flows *flows, struct event *e)
{
    struct flow *session = flows_find_named(flows, e, e->original_id);
    const struct flow was = session ? *session : (struct flow){ 0 }; /* the next call may push it out */
    struct flow *f = flows_find_or_add(flows, e);

    if (f->origin == ORIGIN_UNKNOWN && session) {
        f->origin = was.origin;
        f->state |= was.state & FLOW_REINJECTED;
    } else if (f->origin == ORIGIN_UNKNOWN && e->original_id.n && e->from.n) {
        f->origin = ORIGIN_CLIENT; /* the log begins within the session */
    }
    if (e->from.n == 0 && f->origin == ORIGIN_PICKUP)
        f->origin = ORIGIN_UNKNOWN;
    set_envelope(flows, f, e);
    if (f->size_octets)
        e->size_octets = f->size_octets;
    flows_count_reception(flows, e, f);
}

static void once(struct flows *flows, struct event *e, enum flow_state flag, enum counter counter)
{
    flows_count_once(flows, e, e->queue_id.n ? flows_find_or_add(flows, e) : NULL, flag, counter);
}

static void held(struct flows *flows, struct event *e)
{
    struct flow *f;

    once(flows, e, FLOW_HELD, COUNTER_HELD);
    f = e->queue_id.n ? find_in_queue(flows, e) : NULL;
    if (f)
        flows_count_reception(flows, e, f);
}

static void removed(struct flows *flows, struct event *e, bool by_administrator)
{
    struct flow *f = find_in_queue(flows, e);
    uint64_t message_id;

    if (!f || f->state & FLOW_REMOVED)
        return;
    if (by_administrator && !(f->state & (FLOW_REFUSED | FLOW_COUNTED)))
        flows_count_reception(flows, e, f);
    message_id = f->message_id;
    if (f->state & (FLOW_REINJECTED | FLOW_WAITING | FLOW_PIPED)) /* what speaks of it may come after it is gone */
        flow_table_linger(flows->table, f);
    else
        flow_table_drop(flows->table, f);
    if (message_id)
        flows_is_gone(flows, e, message_id);
}

static void released(struct flows *flows, struct event *e)
{
    struct flow *f = find_in_queue(flows, e);

    if (f)
        f->state &= (uint16_t)~FLOW_HELD;
}

void flows_event(struct flows *flows, struct event *e)
{
    flows->current = e;
    if (e->kind != EVENT_VERDICT && e->kind != EVENT_HANDED_OVER)
        e->line->tally->wrote_mta = true; /* other lines are the filters' too */
    switch (e->kind) {
    case EVENT_OPENED:
        opened(flows, e);
        break;
    case EVENT_REQUEUED:
        requeued(flows, e);
        break;
    case EVENT_MESSAGE_ID:
        flows_message_id(flows, e);
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
        flow_table_add(flows->table, flows_id_key(flows, e, e->ticket), e->line->instance_key);
        break;
    case EVENT_FRONT_QUEUED:
        front_queued(flows, e);
        break;
    case EVENT_VERDICT: /* one whose id's lines are all in */
        if (e->counter == COUNTER_DELIVERED && tally_has_mta(e->line->tally))
            break;
        flows_count(flows, e, e->counter, e->count);
        break;
    case EVENT_COUNT: /* needs no flow: parser.c counts it */
        break;
    }
    flows->current = NULL;
}

void flows_settle(struct flows *flows, int64_t now, const struct tally *host, const struct line *last)
{
    pending_settle(flows->pipes, now, host);
    flows_waited_enough(flows, now, host, last);
}
