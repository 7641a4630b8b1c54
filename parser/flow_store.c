/* The flows' part of the saved state: what flow.c and its companions know beside the table.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow_rules.h"
#include "hash.h"
#include "tally.h"

/* A hash of the same octets under the same seed, by this version's hash function and on this machine: where it differs,
 * no key of the saved flows would be found again. */
uint64_t flows_layout(uint64_t seed)
{
    uint64_t of_short = hash_octets(seed ^ flow_table_layout(), SPAN("keys of ids"));

    return hash_octets(of_short, SPAN("and of Message-IDs are made like this"));
}

/* ---- what waits for evidence ---- */

static bool is_saved(const struct waiting *w)
{
    return w->flow && w->flow->origin != ORIGIN_FREE && w->flow->state & FLOW_WAITING;
}

static void save_waiting(const struct flows *flows, const struct tallies *tallies, struct store *store)
{
    uint64_t n = 0;

    for (size_t i = 0; i < WAITING_CAP; i++)
        n += is_saved(&flows->waiting[i]);
    store_number(store, n);
    for (size_t i = 0; i < WAITING_CAP; i++) {
        const struct waiting *w = &flows->waiting[i];

        if (!is_saved(w))
            continue;
        store_number(store, i); /* they are decided in this order */
        store_number(store, flow_table_number(flows->table, w->flow));
        tallies_save_row(tallies, store, w->tally);
        store_signed(store, w->due);
        store_number(store, w->awaited);
        store_number(store, w->client);
        store_octets(store, (struct span){ w->id, w->id_octets });
    }
}

static void load_waiting_one(struct flows *flows, struct tallies *tallies, struct load *load)
{
    struct waiting *w = &flows->waiting[load_number_to(load, WAITING_CAP - 1)];
    struct flow *flow = flow_table_at(flows->table, (uint32_t)load_number_to(load, UINT32_MAX));
    struct tally *tally = tallies_load_row(tallies, load);
    struct waiting read = { .flow = flow, .tally = tally };
    struct span id;

    read.due = load_signed(load);
    read.awaited = load_number(load);
    read.client = (uint32_t)load_number_to(load, UINT32_MAX);
    id = load_octets(load, sizeof read.id);
    if (load->failed || w->flow || !tally || !flow || flow->state & FLOW_WAITING) {
        load_fails(load);
        return;
    }
    read.host_key = tally->key;
    memcpy(read.id, id.p, id.n);
    read.id_octets = (uint8_t)id.n;
    *w = read;
    flow->state |= FLOW_WAITING;
    flows->waiting_n++;
}

/* A flow waits when it has a place here, and no other does. */
static void load_waiting(struct flows *flows, struct tallies *tallies, struct load *load)
{
    flow_table_clear_state(flows->table, FLOW_WAITING);
    for (uint64_t n = load_number_to(load, WAITING_CAP); n && !load->failed; n--)
        load_waiting_one(flows, tallies, load);
}

/* ---- the whole ---- */

void flows_save(const struct flows *flows, const struct tallies *tallies, struct store *store)
{
    filters_save(&flows->filters, store);
    flow_table_save(flows->table, store);
    save_waiting(flows, tallies, store);
}

void flows_load(struct flows *flows, struct tallies *tallies, struct load *load)
{
    filters_load(&flows->filters, load);
    flow_table_load(flows->table, load);
    load_waiting(flows, tallies, load);
}

void flows_save_pipes(const struct flows *flows, const struct tallies *tallies, struct store *store)
{
    pending_save(flows->pipes, tallies, store);
}

void flows_load_pipes(struct flows *flows, struct tallies *tallies, struct load *load)
{
    pending_load(flows->pipes, EVENT_DELIVERY, tallies, load);
}

void flows_forget(struct flows *flows)
{
    flow_table_clear(flows->table);
    filters_forget(&flows->filters);
    pending_forget(flows->pipes);
    memset(flows->waiting, 0, sizeof flows->waiting);
    flows->waiting_n = 0;
}
