/* The table of open messages: a pool, two chained hashes over it and a list by age.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow_table.h"

#include <stdlib.h>

#define LINGER_CAP  1024u /* a power of two */
#define SLOTS_FIRST 4096u /* likewise: at the start; doubled as flows come, so that few flows have a small table */
#define CACHE_LINE  64u   /* a flow is one */
#define WALK_CAP    64u

struct flow_table {
    struct flow *pool;
    uint32_t *slots;    /* heads of the chains by key */
    uint32_t *id_slots; /* heads of the chains by Message-ID */
    uint32_t slots_n;   /* a power of two */
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

struct flow_table *flow_table_new(uint32_t cap, void (*leaving)(void *context, struct flow *flow), void *context)
{
    struct flow_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->cap = cap;
    t->young = cap / 4 < 1024 ? cap / 4 : 1024;
    t->slots_n = SLOTS_FIRST;
    t->pool = aligned_alloc(CACHE_LINE, (size_t)cap * sizeof *t->pool);
    t->slots = calloc(t->slots_n, sizeof *t->slots);
    t->id_slots = calloc(t->slots_n, sizeof *t->id_slots);
    if (!t->pool || !t->slots || !t->id_slots) {
        flow_table_free(t);
        return NULL;
    }
    t->free = t->newest = t->oldest = FLOW_NONE;
    memset(t->linger, 0xff, sizeof t->linger);
    t->leaving = leaving;
    t->context = context;
    return t;
}

void flow_table_free(struct flow_table *t)
{
    if (!t)
        return;
    free(t->pool);
    free(t->slots);
    free(t->id_slots);
    free(t);
}

/* Heads hold 1 + index, so that fresh pages of zeros are empty chains; links hold the index itself or FLOW_NONE. */
static uint32_t *slot_of(struct flow_table *t, uint64_t key)
{
    return &t->slots[key & (t->slots_n - 1)];
}

static uint32_t *id_slot_of(struct flow_table *t, uint64_t message_id)
{
    return &t->id_slots[message_id & (t->slots_n - 1)];
}

static uint32_t index_of(const struct flow_table *t, const struct flow *f)
{
    return (uint32_t)(f - t->pool);
}

/* ---- by age ---- */

static void age_unlink(struct flow_table *t, struct flow *f)
{
    if (f->newer == FLOW_NONE)
        t->newest = f->older;
    else
        t->pool[f->newer].older = f->older;
    if (f->older == FLOW_NONE)
        t->oldest = f->newer;
    else
        t->pool[f->older].newer = f->newer;
}

static void age_link_newest(struct flow_table *t, struct flow *f)
{
    f->newer = FLOW_NONE;
    f->older = t->newest;
    if (t->newest == FLOW_NONE)
        t->oldest = index_of(t, f);
    else
        t->pool[t->newest].newer = index_of(t, f);
    t->newest = index_of(t, f);
}

/* ---- by key ---- */

void flow_table_fetch(const struct flow_table *t, uint64_t key)
{
    uint32_t i = t->slots[key & (t->slots_n - 1)] - 1;

    if (i != FLOW_NONE)
        __builtin_prefetch(&t->pool[i], 1);
}

struct flow *flow_table_find(struct flow_table *t, uint64_t key, uint32_t instance, bool any_instance)
{
    struct flow *other = NULL;
    unsigned instances = 0;

    for (uint32_t i = *slot_of(t, key) - 1; i != FLOW_NONE && instances < WALK_CAP; i = t->pool[i].next) {
        struct flow *f = &t->pool[i];

        if (f->key != key)
            continue;
        instances++; /* of one id on one host: more than a few were made up */
        other = f;
        if (f->instance == instance)
            break;
        if (!any_instance)
            other = NULL;
    }
    if (other && t->opened - other->opened > t->young && index_of(t, other) != t->newest) {
        age_unlink(t, other);
        age_link_newest(t, other);
    }
    return other;
}

static void key_unlink(struct flow_table *t, const struct flow *f)
{
    uint32_t *head = slot_of(t, f->key), index = index_of(t, f);

    if (*head == index + 1) {
        *head = f->next + 1; /* FLOW_NONE + 1 is 0 */
        return;
    }
    for (uint32_t i = *head - 1; i != FLOW_NONE; i = t->pool[i].next)
        if (t->pool[i].next == index) {
            t->pool[i].next = f->next;
            return;
        }
}

/* ---- by Message-ID ---- */

static void id_unlink(struct flow_table *t, struct flow *f)
{
    if (f->message_id == 0)
        return;
    if (f->id_previous == FLOW_NONE)
        *id_slot_of(t, f->message_id) = f->id_next + 1;
    else
        t->pool[f->id_previous].id_next = f->id_next;
    if (f->id_next != FLOW_NONE)
        t->pool[f->id_next].id_previous = f->id_previous;
    f->message_id = 0;
}

void flow_table_set_message_id(struct flow_table *t, struct flow *f, uint64_t message_id)
{
    uint32_t *head;

    id_unlink(t, f);
    head = id_slot_of(t, message_id);
    f->message_id = message_id;
    f->id_previous = FLOW_NONE;
    f->id_next = *head - 1;
    if (f->id_next != FLOW_NONE)
        t->pool[f->id_next].id_previous = index_of(t, f);
    *head = index_of(t, f) + 1;
}

struct flow *flow_table_next_with_id(struct flow_table *t, uint64_t message_id, struct flow *f, unsigned *steps,
                                     bool *more)
{
    uint32_t i = f ? f->id_next : *id_slot_of(t, message_id) - 1;

    if (!f)
        *steps = 0;
    for (; i != FLOW_NONE; i = t->pool[i].id_next) {
        if (++*steps > WALK_CAP) {
            *more = true;
            return NULL;
        }
        if (t->pool[i].message_id == message_id)
            return &t->pool[i];
    }
    return NULL;
}

/* ---- coming and going ---- */

void flow_table_drop(struct flow_table *t, struct flow *f)
{
    if (f->lingers)
        t->linger[f->linger_place] = FLOW_NONE;
    f->lingers = false;
    key_unlink(t, f);
    id_unlink(t, f);
    age_unlink(t, f);
    f->key = 0;
    f->next = t->free;
    t->free = index_of(t, f);
    t->in_use--;
}

static void push_out(struct flow_table *t, struct flow *f)
{
    t->leaving(t->context, f);
    flow_table_drop(t, f);
}

static struct flow *take_free(struct flow_table *t)
{
    struct flow *f;

    if (t->free == FLOW_NONE && t->used == t->cap) {
        push_out(t, &t->pool[t->oldest]);
        t->evicted_n++;
    }
    if (t->free == FLOW_NONE)
        return &t->pool[t->used++];
    f = &t->pool[t->free];
    t->free = f->next;
    return f;
}

static void relink(struct flow_table *t, struct flow *f)
{
    uint32_t *head = slot_of(t, f->key), index = index_of(t, f);
    uint64_t message_id = f->message_id;

    f->next = *head - 1;
    *head = index + 1;
    f->message_id = 0;
    if (message_id)
        flow_table_set_message_id(t, f, message_id);
}

/* Twice the slots. Without memory the chains grow longer, no more. */
static void grow(struct flow_table *t)
{
    uint32_t *slots = calloc(2 * (size_t)t->slots_n, sizeof *slots);
    uint32_t *id_slots = calloc(2 * (size_t)t->slots_n, sizeof *id_slots);

    if (!slots || !id_slots) {
        free(slots);
        free(id_slots);
        return;
    }
    free(t->slots);
    free(t->id_slots);
    t->slots = slots;
    t->id_slots = id_slots;
    t->slots_n *= 2;
    for (uint32_t i = t->oldest; i != FLOW_NONE; i = t->pool[i].newer)
        relink(t, &t->pool[i]);
}

struct flow *flow_table_add(struct flow_table *t, uint64_t key, uint32_t instance)
{
    struct flow *f = flow_table_find(t, key, instance, false);
    uint32_t *head;

    if (f)
        push_out(t, f);
    if (t->in_use >= t->slots_n && t->slots_n < t->cap)
        grow(t);
    f = take_free(t);
    head = slot_of(t, key);
    *f = (struct flow){ .key = key, .instance = instance, .opened = t->opened++, .next = *head - 1 };
    *head = index_of(t, f) + 1;
    age_link_newest(t, f);
    t->in_use++;
    return f;
}

void flow_table_linger(struct flow_table *t, struct flow *f)
{
    uint32_t place;

    if (f->lingers)
        return;
    place = t->linger_next++ & (LINGER_CAP - 1);
    if (t->linger[place] != FLOW_NONE)
        push_out(t, &t->pool[t->linger[place]]);
    t->linger[place] = index_of(t, f);
    f->state |= FLOW_REMOVED;
    f->lingers = true;
    f->linger_place = place;
}

uint32_t flow_table_in_use(const struct flow_table *t)
{
    return t->in_use;
}

uint64_t flow_table_evicted(const struct flow_table *t)
{
    return t->evicted_n;
}
