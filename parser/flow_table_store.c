/* The open messages' part of the saved state.
 *
 * Saving is one pass over the pool that copies each flow as it stands: 200 000 of them take a few milliseconds. Loading
 * may take its time, and trusts nothing: numbers of other flows lie within the pool, chains have neither forks nor
 * circles, and each flow stands in the chains where its keys say.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "flow_table_inside.h"

/* To be raised whenever what the numbers in a saved_flow mean changes: origins, states, how keys are made of names; and
 * when the default cap becomes less, for a table that does not fit is refused. */
#define LAYOUT 1

/* Flow for flow what cannot be worked out from the others. Of padding there is none. */
struct saved_flow {
    uint64_t key, message_id, message_key;
    uint32_t instance, opened, recipients_left;
    uint32_t number;               /* its place in the pool */
    uint32_t next, id_next, newer; /* numbers, or FLOW_NONE */
    uint16_t state;
    uint8_t origin, spare;
};

_Static_assert(sizeof(struct saved_flow) == 56, "it is saved as it stands");
_Static_assert(sizeof(struct flow) == 64, "a new field is to be saved");

uint32_t flow_table_layout(void)
{
    return LAYOUT << 16 | (uint32_t)sizeof(struct saved_flow);
}

/* ---- saving ---- */

static void save_pool(const struct flow_table *t, unsigned char *room)
{
    for (uint32_t i = 0; i < t->used; i++) {
        const struct flow *f = &t->pool[i];
        struct saved_flow saved;

        if (f->origin == ORIGIN_FREE)
            continue;
        saved = (struct saved_flow){
            .key = f->key,
            .message_id = f->message_id,
            .message_key = f->message_key,
            .instance = f->instance,
            .opened = f->opened,
            .recipients_left = f->recipients_left,
            .number = i,
            .next = linked(t, t->next[i]),
            .id_next = f->message_id ? linked(t, t->id_next[i]) : FLOW_NONE,
            .newer = f->newer,
            .state = f->state,
            .origin = f->origin,
        };
        memcpy(room, &saved, sizeof saved);
        room += sizeof saved;
    }
}

/* Those that linger, each with its place in the ring. */
static void save_ring(const struct flow_table *t, struct store *store)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < LINGER_CAP; i++)
        n += t->linger[i] != FLOW_NONE;
    store_number(store, t->linger_next);
    store_number(store, n);
    for (uint32_t i = 0; i < LINGER_CAP; i++)
        if (t->linger[i] != FLOW_NONE) {
            store_number(store, i);
            store_number(store, t->linger[i]);
        }
}

void flow_table_save(const struct flow_table *t, struct store *store)
{
    unsigned char *room;

    store_number(store, t->opened);
    store_number(store, t->evicted_n);
    store_number(store, t->slots_n);
    room = store_room(store, t->in_use * sizeof(struct saved_flow));
    if (room)
        save_pool(t, room);
    save_ring(t, store);
}

/* ---- loading ---- */

/* What is known of a place in the pool. */
enum mark {
    MARK_FLOW = 1,
    MARK_NEXT = 2,
    MARK_ID_NEXT = 4,
    MARK_NEWER = 8 /* a flow was found whose link goes here */
};

static bool load_slots(struct flow_table *t, struct load *load)
{
    const uint64_t n = load_number_to(load, UINT32_MAX);
    uint32_t *slots, *id_slots;

    if (n < SLOTS_FIRST || n & (n - 1) || (n > SLOTS_FIRST && n / 2 >= t->cap))
        return false;
    slots = calloc(n, sizeof *slots);
    id_slots = calloc(n, sizeof *id_slots);
    if (!slots || !id_slots) {
        free(slots);
        free(id_slots);
        return false;
    }
    free(t->slots);
    free(t->id_slots);
    t->slots = slots;
    t->id_slots = id_slots;
    t->slots_n = (uint32_t)n;
    return true;
}

static bool load_flow(struct flow_table *t, uint8_t *marks, const struct saved_flow *saved)
{
    if (saved->number >= t->cap || marks[saved->number] || saved->origin >= ORIGIN_FREE ||
        (!saved->message_id && saved->id_next != FLOW_NONE))
        return false;
    marks[saved->number] = MARK_FLOW;
    t->pool[saved->number] = (struct flow){
        .key = saved->key,
        .message_id = saved->message_id,
        .message_key = saved->message_key,
        .instance = saved->instance,
        .opened = saved->opened,
        .recipients_left = saved->recipients_left,
        .newer = saved->newer,
        .older = FLOW_NONE,
        .state = saved->state,
        .origin = saved->origin,
    };
    t->next[saved->number] = saved->next; /* a number until the chain is linked */
    t->id_next[saved->number] = saved->id_next;
    if (saved->number >= t->used)
        t->used = saved->number + 1;
    t->in_use++;
    return true;
}

static bool load_pool(struct flow_table *t, uint8_t *marks, struct load *load)
{
    struct span octets = load_octets(load, (size_t)t->cap * sizeof(struct saved_flow));

    if (load->failed || octets.n % sizeof(struct saved_flow))
        return false;
    for (; octets.n; octets = span_skip(octets, sizeof(struct saved_flow))) {
        struct saved_flow saved;

        memcpy(&saved, octets.p, sizeof saved);
        if (!load_flow(t, marks, &saved))
            return false;
    }
    return true;
}

/* Whether a link goes to a flow, and is the only one of its kind that does. */
static bool mark_target(const struct flow_table *t, uint8_t *marks, uint32_t link, enum mark mark)
{
    if (link == FLOW_NONE)
        return true;
    if (link >= t->used || !(marks[link] & MARK_FLOW) || marks[link] & mark)
        return false;
    marks[link] |= (uint8_t)mark;
    return true;
}

static bool mark_targets(const struct flow_table *t, uint8_t *marks)
{
    for (uint32_t i = 0; i < t->used; i++) {
        const struct flow *f = &t->pool[i];

        if (marks[i] & MARK_FLOW &&
            !(mark_target(t, marks, t->next[i], MARK_NEXT) && mark_target(t, marks, t->id_next[i], MARK_ID_NEXT) &&
              mark_target(t, marks, f->newer, MARK_NEWER)))
            return false;
    }
    return true;
}

/* From the head of a chain, to which no link goes, so it does not come back: how many flows it has; 0 when it is not
 * one slot's only chain. Numbers become links. */
static uint32_t chain_by_key(struct flow_table *t, uint32_t head)
{
    const uint32_t mask = t->slots_n - 1;
    uint32_t *link = &t->slots[t->pool[head].key & mask], n = 0;

    if (*link)
        return 0;
    for (uint32_t i = head, next; i != FLOW_NONE; i = next, n++) {
        if ((t->pool[i].key ^ t->pool[head].key) & mask)
            return 0;
        next = t->next[i];
        *link = link_to(t, i, t->pool[i].key);
        link = &t->next[i];
    }
    *link = 0;
    return n;
}

static uint32_t chain_by_id(struct flow_table *t, uint32_t head)
{
    const uint32_t mask = t->slots_n - 1;
    uint32_t *link = &t->id_slots[t->pool[head].message_id & mask], n = 0, previous = 0;

    if (*link)
        return 0;
    for (uint32_t i = head, next; i != FLOW_NONE; i = next, n++) {
        if (!t->pool[i].message_id || (t->pool[i].message_id ^ t->pool[head].message_id) & mask)
            return 0;
        next = t->id_next[i];
        t->id_previous[i] = previous;
        previous = *link = link_to(t, i, t->pool[i].message_id);
        link = &t->id_next[i];
    }
    *link = 0;
    return n;
}

static uint32_t chain_by_age(struct flow_table *t, uint32_t oldest)
{
    uint32_t n = 0;

    if (t->oldest != FLOW_NONE)
        return 0;
    t->oldest = oldest;
    for (uint32_t i = oldest; i != FLOW_NONE; i = t->pool[i].newer, n++) {
        t->pool[i].older = t->newest;
        t->newest = i;
    }
    return n;
}

/* Every flow stands in the chains that it belongs to: none is left over in a circle. */
static bool link_chains(struct flow_table *t, const uint8_t *marks)
{
    uint32_t by_key = 0, by_id = 0, by_age = 0, with_id = 0;

    for (uint32_t i = 0; i < t->used; i++) {
        if (!(marks[i] & MARK_FLOW))
            continue;
        with_id += t->pool[i].message_id != 0;
        if (!(marks[i] & MARK_NEXT))
            by_key += chain_by_key(t, i);
        if (!(marks[i] & MARK_ID_NEXT) && t->pool[i].message_id)
            by_id += chain_by_id(t, i);
        if (!(marks[i] & MARK_NEWER))
            by_age += chain_by_age(t, i);
    }
    return by_key == t->in_use && by_id == with_id && by_age == t->in_use;
}

static bool load_ring(struct flow_table *t, const uint8_t *marks, struct load *load)
{
    t->linger_next = (uint32_t)load_number_to(load, UINT32_MAX);
    for (uint64_t n = load_number_to(load, LINGER_CAP); n && !load->failed; n--) {
        uint32_t place = (uint32_t)load_number_to(load, LINGER_CAP - 1);
        uint64_t number = load_number(load);

        if (load->failed || number >= t->used || !(marks[number] & MARK_FLOW) || t->pool[number].lingers ||
            t->linger[place] != FLOW_NONE)
            return false;
        t->linger[place] = (uint32_t)number;
        t->pool[number].lingers = true;
        t->pool[number].linger_place = place;
    }
    return !load->failed;
}

/* The gaps between the flows; the lowest is used first. */
static void link_free(struct flow_table *t, const uint8_t *marks)
{
    for (uint32_t i = t->used; i-- > 0;)
        if (!(marks[i] & MARK_FLOW)) {
            t->pool[i].origin = ORIGIN_FREE;
            t->next[i] = t->free;
            t->free = i;
        }
}

void flow_table_load(struct flow_table *t, struct load *load)
{
    uint8_t *marks = calloc(t->cap, sizeof *marks);

    flow_table_clear(t);
    t->opened = (uint32_t)load_number_to(load, UINT32_MAX);
    t->evicted_n = load_number(load);
    if (!marks || !load_slots(t, load) || !load_pool(t, marks, load) || !mark_targets(t, marks) ||
        !link_chains(t, marks) || !load_ring(t, marks, load))
        load_fails(load);
    else
        link_free(t, marks);
    if (load->failed)
        flow_table_clear(t);
    free(marks);
}

/* ---- numbers ---- */

uint32_t flow_table_number(const struct flow_table *t, const struct flow *f)
{
    return (uint32_t)(f - t->pool);
}

struct flow *flow_table_at(struct flow_table *t, uint32_t number)
{
    return number < t->used && t->pool[number].origin != ORIGIN_FREE ? &t->pool[number] : NULL;
}

void flow_table_clear_state(struct flow_table *t, enum flow_state state)
{
    for (uint32_t i = 0; i < t->used; i++)
        if (t->pool[i].origin != ORIGIN_FREE)
            t->pool[i].state &= (uint16_t)~state;
}
