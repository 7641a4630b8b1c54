/* What flow_table.c and flow_table_store.c share: how the flows are kept. For these two only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FLOW_TABLE_INSIDE_H
#define MAILTALLY_FLOW_TABLE_INSIDE_H

#include "flow_table.h"

#define LINGER_CAP  1024u /* a power of two */
#define SLOTS_FIRST 4096u /* likewise: at the start; doubled when there are as many flows: so it stays in the cache */

/* The chains' links stand apart from the flows, and each has some bits of its flow's key with it: so a walk passes the
 * many old flows without touching them. A link is 0 at the end of a chain; fresh pages of zeros are empty chains. */
struct flow_table {
    struct flow *pool;
    uint32_t *slots, *next;                     /* the chains by key: heads, and by flow the link behind it */
    uint32_t *id_slots, *id_next, *id_previous; /* the chains by Message-ID, which go both ways */
    uint32_t slots_n;                           /* a power of two */
    int index_bits;                             /* of a link: 1 + index of a flow; above them stand bits of the key */
    uint32_t young;     /* of the last so many flows opened none needs to be moved to be among the newest */
    uint32_t cap, used; /* pool[used..cap) was never touched, so it costs no memory */
    uint32_t free;      /* freed flows, linked by next: the last one freed is used first, while it is in the cache */
    uint32_t in_use;
    uint32_t newest, oldest;
    uint32_t opened;
    uint64_t evicted_n;
    uint32_t linger[LINGER_CAP];
    uint32_t linger_next;
    void (*leaving)(void *context, struct flow *flow);
    void *context;
};

static inline uint32_t index_of(const struct flow_table *t, const struct flow *f)
{
    return (uint32_t)(f - t->pool);
}

/* The bits of a key that a link has: not those that choose the slot. */
static inline uint32_t mark_of(const struct flow_table *t, uint64_t key)
{
    return (uint32_t)((key >> 32) << t->index_bits);
}

/* To a flow with this key. */
static inline uint32_t link_to(const struct flow_table *t, uint32_t index, uint64_t key)
{
    return mark_of(t, key) | (index + 1);
}

/* The index of the flow; FLOW_NONE at the end. */
static inline uint32_t linked(const struct flow_table *t, uint32_t link)
{
    return (link & (uint32_t)((UINT64_C(1) << t->index_bits) - 1)) - 1;
}

#endif
