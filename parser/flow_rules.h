/* What the files of flow.h's rules share: flow.c has the life of a message up to the queue and after it, flow_return.c
 * tells which messages came back from a filter, flow_delivery.c has the deliveries, flow_id.c the ids. For these only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FLOW_RULES_H
#define MAILTALLY_FLOW_RULES_H

#include "filter.h"
#include "flow.h"
#include "flow_table.h"
#include "pending.h"

#define WAITING_CAP       64
#define WAITING_ID_OCTETS 32
#define WAITING_S         30 /* a filter's reply follows what it brings back at once */

struct flows {
    struct flow_table *table;
    struct filters filters;
    struct pending *pipes; /* deliveries to pipes of which it is not known whether mail comes back */
    uint64_t seed;
    void (*counted)(void *context, struct event *event);
    void *context;
    parser_joined_fn *joined; /* NULL: nobody asks */
    void *joined_context;
    char apart[64];        /* see parser_inside.h */
    struct event *current; /* while an event is at work: what is pushed out is counted with */
    struct waiting {
        struct flow *flow; /* FLOW_WAITING; NULL: a free place */
        uint64_t host_key;
        int64_t due;      /* by the log's time: then it is a reception */
        uint64_t awaited; /* Message-ID's key of those that may be it under another id: empty, or its own */
        uint32_t client;  /* hash of the address that it came from, where that is not near; else 0 */
        struct tally *tally;
        char id[WAITING_ID_OCTETS]; /* for the event, when it is decided */
        uint8_t id_octets;
    } waiting[WAITING_CAP];
    uint32_t waiting_n;
};

/* ---- names (flow.c, flow_id.c) ---- */

static inline uint64_t flows_host_key(const struct event *e)
{
    return e->line->tally->key;
}

/* Remembers a filter of the event's host. */
static inline void flows_learn(struct flows *flows, struct event *e, struct span who)
{
    if (!filter_learn(&flows->filters, flows_host_key(e), who))
        flows_gave_up(flows);
}

/* Another message came back from this pipe of the event's host. */
static inline void flows_learn_pipe(struct flows *flows, struct event *e, struct span pipe)
{
    if (!filter_learn_pipe(&flows->filters, flows_host_key(e), pipe))
        flows_gave_up(flows);
}

/* The flow of e->queue_id, in the queue; a new one where there is none. */
struct flow *flows_find_or_add(struct flows *flows, struct event *e);

uint32_t flows_client_key(const struct flows *flows, struct span address);

/* The flow that somebody else names: in all instances of the host. NULL when there is none. */
struct flow *flows_find_named(struct flows *flows, struct event *e, struct span id);

static inline bool flow_opened_near(const struct flow *f)
{
    return f->origin == ORIGIN_LOOPBACK || f->origin == ORIGIN_FILTER || f->origin == ORIGIN_PICKUP;
}

/* `b` is the message `a` again. */
static inline void flows_tell_joined(const struct flows *flows, const struct event *e, uint64_t a, uint64_t b)
{
    if (flows->joined)
        flows->joined(flows->joined_context, e, a, b);
}

/* ---- counting (flow.c) ---- */

/* A copy of `e` that moves `counter` goes on to the tally. */
void flows_count(struct flows *flows, struct event *e, enum counter counter, uint64_t n);

/* The message is in the queue: received or re-injected, once. */
void flows_count_reception(struct flows *flows, struct event *e, struct flow *f);

/* Counts, unless the flow has the flag already; NULL counts. */
void flows_count_once(struct flows *flows, struct event *e, struct flow *f, enum flow_state flag, enum counter counter);

/* ---- coming back (flow_return.c) ---- */

/* EVENT_MESSAGE_ID; key: flows_message_id_key(). */
void flows_message_id(struct flows *flows, struct event *e, uint64_t key);

/* What waited is decided; e is the line that decided. */
void flows_decide(struct flows *flows, struct event *e, struct flow *f, bool reinjected);

/* A pipe took `a`, which has no Message-ID: one of those that wait may be what came back of it. */
void flows_pipe_took_nameless(struct flows *flows, struct event *e, struct flow *a);

/* A message with this Message-ID is gone: what waited for it alone is a reception. */
void flows_is_gone(struct flows *flows, struct event *e, uint64_t message_id);

/* Decides what has waited for WAITING_S. */
void flows_waited_enough(struct flows *flows, int64_t now, const struct tally *host, const struct line *last);

/* `b` waits, and came from the address that `a` went to, under the same Message-ID. */
bool flows_came_from_relay(const struct flows *flows, const struct event *e, const struct flow *a,
                           const struct flow *b);

/* For the table: a flow is pushed out. */
void flows_leaving(void *context, struct flow *f);

/* ---- deliveries (flow_delivery.c) ---- */

/* Of the events that `pipes` kept: nothing came back in time. */
void flows_pipe_is_final(void *context, uint64_t key, struct event *e);

void flows_attempt(struct flows *flows, struct event *e);
void flows_delivery(struct flows *flows, struct event *e);
void flows_expired(struct flows *flows, struct event *e);

/* A filter's own line says that queue_id came back as named_id. */
void flows_handed_over(struct flows *flows, struct event *e);

#endif
