/* The table of open messages: a pool, two chained hashes over it and a list by age.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <sys/mman.h>

#include "flow_table_inside.h"

#define LARGE_PAGE (2u << 20)
#define WALK_CAP   64u

/* Pool and links in one piece of memory, of which what is not used is not touched. Flows are met in no order, so most
 * of the time that they cost is that of finding their pages: large pages, where the system has them, are found sooner.
 */
static bool make_arrays(struct flow_table *t)
{
    size_t octets = t->cap * (sizeof *t->pool + 3 * sizeof *t->next);
    char *memory;

    octets = (octets + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    memory = aligned_alloc(LARGE_PAGE, octets);
    t->slots = calloc(t->slots_n, sizeof *t->slots);
    t->id_slots = calloc(t->slots_n, sizeof *t->id_slots);
    if (!memory || !t->slots || !t->id_slots) {
        free(memory);
        return false;
    }
#ifdef MADV_HUGEPAGE
    (void)madvise(memory, octets, MADV_HUGEPAGE);
#endif
    t->pool = (struct flow *)(void *)memory;
    t->next = (uint32_t *)(void *)(t->pool + t->cap);
    t->id_next = t->next + t->cap;
    t->id_previous = t->id_next + t->cap;
    return true;
}

struct flow_table *flow_table_new(uint32_t cap, void (*leaving)(void *context, struct flow *flow), void *context)
{
    struct flow_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->cap = cap;
    t->young = cap / 4 < 1024 ? cap / 4 : 1024;
    t->slots_n = SLOTS_FIRST;
    while (t->index_bits < 32 && cap >> t->index_bits)
        t->index_bits++;
    if (!make_arrays(t)) {
        flow_table_free(t);
        return NULL;
    }
    t->leaving = leaving;
    t->context = context;
    flow_table_clear(t);
    return t;
}

void flow_table_clear(struct flow_table *t)
{
    memset(t->slots, 0, t->slots_n * sizeof *t->slots);
    memset(t->id_slots, 0, t->slots_n * sizeof *t->id_slots);
    memset(t->linger, 0xff, sizeof t->linger);
    t->free = t->newest = t->oldest = FLOW_NONE;
    t->used = t->in_use = t->opened = t->linger_next = 0;
    t->evicted_n = 0;
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

static uint32_t *slot_of(struct flow_table *t, uint64_t key)
{
    return &t->slots[key & (t->slots_n - 1)];
}

static uint32_t *id_slot_of(struct flow_table *t, uint64_t message_id)
{
    return &t->id_slots[message_id & (t->slots_n - 1)];
}

/* ---- links ---- */

/* The first link of a chain, from `link` on, that may lead to this key; 0: none does. */
static uint32_t skip_others(const struct flow_table *t, const uint32_t *next, uint32_t link, uint64_t key)
{
    const uint32_t mark = mark_of(t, key);

    while (link && (uint64_t)(link ^ mark) >> t->index_bits)
        link = next[linked(t, link)];
    return link;
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

void flow_table_fetch_slot(const struct flow_table *t, uint64_t key)
{
    __builtin_prefetch(&t->slots[key & (t->slots_n - 1)], 1);
}

/* Mostly it is the first of its chain; to follow the chain would cost more than is won. */
void flow_table_fetch(const struct flow_table *t, uint64_t key)
{
    uint32_t first = linked(t, t->slots[key & (t->slots_n - 1)]) + 1;

    __builtin_prefetch(&t->pool[first - (first != 0)], 1);
}

void flow_table_fetch_id(const struct flow_table *t, uint64_t message_id)
{
    __builtin_prefetch(&t->id_slots[message_id & (t->slots_n - 1)], 1);
}

struct flow *flow_table_find(struct flow_table *t, uint64_t key, uint32_t instance, bool any_instance)
{
    uint32_t link = skip_others(t, t->next, *slot_of(t, key), key);
    struct flow *other = NULL;
    unsigned instances = 0;

    for (; link && instances < WALK_CAP; link = skip_others(t, t->next, t->next[linked(t, link)], key)) {
        struct flow *f = &t->pool[linked(t, link)];

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

static void key_link(struct flow_table *t, struct flow *f)
{
    uint32_t *head = slot_of(t, f->key);

    t->next[index_of(t, f)] = *head;
    *head = link_to(t, index_of(t, f), f->key);
}

static void key_unlink(struct flow_table *t, const struct flow *f)
{
    const uint32_t link = link_to(t, index_of(t, f), f->key);
    uint32_t *at = slot_of(t, f->key);

    while (*at != link)
        at = &t->next[linked(t, *at)];
    *at = t->next[index_of(t, f)];
}

/* ---- by Message-ID ---- */

static void id_unlink(struct flow_table *t, struct flow *f)
{
    uint32_t next, previous;

    if (f->message_id == 0)
        return;
    next = t->id_next[index_of(t, f)];
    previous = t->id_previous[index_of(t, f)];
    if (previous)
        t->id_next[linked(t, previous)] = next;
    else
        *id_slot_of(t, f->message_id) = next;
    if (next)
        t->id_previous[linked(t, next)] = previous;
    f->message_id = 0;
}

void flow_table_set_message_id(struct flow_table *t, struct flow *f, uint64_t message_id)
{
    const uint32_t link = link_to(t, index_of(t, f), message_id);
    uint32_t *head;

    id_unlink(t, f);
    head = id_slot_of(t, message_id);
    f->message_id = message_id;
    t->id_previous[index_of(t, f)] = 0;
    t->id_next[index_of(t, f)] = *head;
    if (*head)
        t->id_previous[linked(t, *head)] = link;
    *head = link;
}

struct flow *flow_table_next_with_id(struct flow_table *t, uint64_t message_id, struct flow *f, unsigned *steps,
                                     bool *more)
{
    uint32_t link = f ? t->id_next[index_of(t, f)] : *id_slot_of(t, message_id);

    if (!f)
        *steps = 0;
    while ((link = skip_others(t, t->id_next, link, message_id))) {
        f = &t->pool[linked(t, link)];
        if (++*steps > WALK_CAP) {
            *more = true;
            return NULL;
        }
        if (f->message_id == message_id)
            return f;
        link = t->id_next[linked(t, link)];
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
    f->origin = ORIGIN_FREE;
    t->next[index_of(t, f)] = t->free;
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
    t->free = t->next[t->free];
    return f;
}

static void relink(struct flow_table *t, struct flow *f)
{
    uint64_t message_id = f->message_id;

    key_link(t, f);
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

/* Drops the flow of this key and instance. Of an id that has too many instances, which were made up, the oldest goes:
 * a chain that grew with each of them would make every line that meets it slow. */
static void make_way(struct flow_table *t, uint64_t key, uint32_t instance)
{
    uint32_t link = skip_others(t, t->next, *slot_of(t, key), key);
    struct flow *f = NULL;
    unsigned instances = 0;

    for (; link; link = skip_others(t, t->next, t->next[linked(t, link)], key)) {
        if (t->pool[linked(t, link)].key != key)
            continue;
        f = &t->pool[linked(t, link)];
        if (f->instance == instance) {
            push_out(t, f);
            return;
        }
        instances++;
    }
    if (instances >= WALK_CAP) {
        push_out(t, f);
        t->evicted_n++;
    }
}

struct flow *flow_table_add(struct flow_table *t, uint64_t key, uint32_t instance)
{
    struct flow *f;

    make_way(t, key, instance);
    if (t->in_use >= t->slots_n && t->slots_n < t->cap)
        grow(t);
    f = take_free(t);
    *f = (struct flow){ .key = key, .instance = instance, .opened = t->opened++ };
    key_link(t, f);
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

void flow_table_give_up(struct flow_table *t)
{
    t->evicted_n++;
}
