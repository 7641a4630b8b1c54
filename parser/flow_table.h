/* The open messages of all hosts, found by host, instance and queue id, and by Message-ID. A fixed pool: when it is
 * full, the one that was touched longest ago goes. flow.c has the rules; this file knows nothing of them.
 *
 * All is owned by the table; a struct flow stays where it is until it is freed or evicted. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FLOW_TABLE_H
#define MAILTALLY_FLOW_TABLE_H

#include "store.h"

#define FLOW_NONE UINT32_MAX

enum flow_origin {
    ORIGIN_UNKNOWN,
    ORIGIN_CLIENT,
    ORIGIN_LOOPBACK,
    ORIGIN_FILTER,
    ORIGIN_PICKUP,
    ORIGIN_ATTEMPT, /* no message, but a delivery of one that is under way */
    ORIGIN_FREE,    /* no flow, but a place for one */
};

enum flow_state {
    FLOW_QUEUED = 1,     /* the queue manager or a hold has it */
    FLOW_COUNTED = 2,    /* its reception, or re-injection, was counted */
    FLOW_REINJECTED = 4, /* it came back from a filter */
    FLOW_WAITING = 8,    /* reception or re-injection: not decided yet */
    FLOW_FILTERED = 16,  /* it came back from a filter under another id */
    FLOW_EMPTY_ID = 32,  /* it has an empty Message-ID */
    FLOW_HELD = 64,
    FLOW_REFUSED = 128,
    FLOW_DISCARDED = 256,
    FLOW_EXPIRED = 512,
    FLOW_REMOVED = 1024, /* gone from the queue; kept a while for evidence that is late */
    FLOW_SIZE_COUNTED = 2048,
    FLOW_PIPED = 4096,     /* a pipe took it that is or may be a filter */
    FLOW_TO_REMOTE = 8192, /* of an attempt: to another host */
    FLOW_FRONT = 16384,    /* a server in front of the MTA has it: its way into the MTA is not seen yet */
    FLOW_OF_FRONT = 32768, /* it came into the MTA that way */
};

struct flow {
    _Alignas(64) uint64_t key; /* host and queue id; the whole is one cache line */
    uint64_t message_id;       /* host and Message-ID; 0: none was seen */
    uint32_t instance;         /* hash of the instance's name */
    uint32_t opened;           /* counts up: which of two flows is older */
    union {
        struct {
            uint32_t size_octets; /* 0: unknown */
            union {
                uint32_t client; /* hash of the client's address, until the sender is known */
                uint32_t sender; /* hash of the envelope's sender */
            };
        };
        uint64_t message_key; /* of an attempt: the key of its message */
    };
    uint32_t recipients_left; /* where the MTA does not log the end: not dealt with yet; 0: unknown */
    uint16_t state;           /* enum flow_state */
    uint8_t origin;           /* enum flow_origin */
    bool lingers;             /* in the table's list of removed flows, */
    uint32_t linger_place;    /* there */
    uint32_t newer, older;    /* the table's links by the time of the last touch */
};

_Static_assert(sizeof(struct flow) == 64, "a flow is one cache line");

struct flow_table;

/* cap: flows. `leaving` is called with each flow that another one pushes out, while it still stands in the table. NULL
 * without memory. */
struct flow_table *flow_table_new(uint32_t cap, void (*leaving)(void *context, struct flow *flow), void *context);
void flow_table_free(struct flow_table *table);

/* The flow of this key: of this instance, else of any when `any_instance`; NULL when there is none. Touches it. */
struct flow *flow_table_find(struct flow_table *table, uint64_t key, uint32_t instance, bool any_instance);

/* The flow of this key will be asked for soon: asks the memory first for its slot, and when that is there, for it. */
void flow_table_fetch_slot(const struct flow_table *table, uint64_t key);
void flow_table_fetch(const struct flow_table *table, uint64_t key);

/* Those of this Message-ID will be: asks the memory for their slot. */
void flow_table_fetch_id(const struct flow_table *table, uint64_t message_id);

/* A new flow; what had the same key and instance is dropped. Never NULL. */
struct flow *flow_table_add(struct flow_table *table, uint64_t key, uint32_t instance);

/* Gives a flow its Message-ID; one that it had before is forgotten. message_id is not 0. */
void flow_table_set_message_id(struct flow_table *table, struct flow *flow, uint64_t message_id);

/* Walks the flows that have this Message-ID, newest first: start with NULL; NULL at the end. Chains are bounded, so a
 * flood of one Message-ID costs no more than a constant per line; *more becomes true when the walk was cut. */
struct flow *flow_table_next_with_id(struct flow_table *table, uint64_t message_id, struct flow *flow, unsigned *steps,
                                     bool *more);

void flow_table_drop(struct flow_table *table, struct flow *flow);

/* Like drop, but the flow is kept, marked FLOW_REMOVED, until so many others were removed after it. */
void flow_table_linger(struct flow_table *table, struct flow *flow);

/* Drops all. Nobody is called. */
void flow_table_clear(struct flow_table *table);

/* ---- the saved state (flow_table_store.c) ---- */

/* All flows, as records of a fixed size in the order of this machine's octets: a table may be large, and whoever saves
 * it does not count meanwhile. Hence another version or machine may be unable to read it; flow_table_layout() differs
 * then. */
uint32_t flow_table_layout(void);
void flow_table_save(const struct flow_table *table, struct store *store);

/* In place of what is there. After a failure the table is empty. */
void flow_table_load(struct flow_table *table, struct load *load);

/* Clears these bits of all flows. */
void flow_table_clear_state(struct flow_table *table, enum flow_state state);

/* A flow's number, which it has in the table that is loaded, too; NULL when no flow has it. */
uint32_t flow_table_number(const struct flow_table *table, const struct flow *flow);
struct flow *flow_table_at(struct flow_table *table, uint32_t number);

uint32_t flow_table_in_use(const struct flow_table *table);
uint64_t flow_table_evicted(const struct flow_table *table);

/* One more that was given up, by another table that was full. */
void flow_table_give_up(struct flow_table *table);

#endif
