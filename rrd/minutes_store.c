/* The minutes' part of the saved state.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "minutes_inside.h"

#define FORM        1
#define MINUTE_LAST UINT32_MAX
#define BOOT_OCTETS 64

/* ---- pieces ---- */

static void save_entries(const struct entries *e, struct store *store)
{
    store_number(store, e->n);
    for (size_t i = 0; i < e->n; i++) {
        store_number(store, e->list[i].minute);
        store_number(store, e->list[i].host);
        store_number(store, e->list[i].slot);
        store_number(store, e->list[i].value);
    }
}

static struct rrd_entry load_entry(const struct rrd_minutes *m, struct load *load)
{
    struct rrd_entry entry;

    entry.minute = (uint32_t)load_number_to(load, MINUTE_LAST);
    entry.host = (uint16_t)load_number_to(load, m->hosts_n - 1);
    entry.slot = (uint16_t)load_number_to(load, entry.host ? RRD_HOST_SLOTS - 1 : RRD_SLOTS - 1);
    entry.value = load_number(load);
    return entry;
}

/* What another run had closed is in a state that is on the disk. */
static void load_entries(struct rrd_minutes *m, struct load *load)
{
    for (uint64_t n = load_number(load); n && !load->failed; n--) {
        struct rrd_entry entry = load_entry(m, load);

        if (!load->failed)
            minutes_add_entry(m, &m->closed, entry);
    }
}

static void save_hosts(const struct rrd_minutes *m, struct store *store)
{
    store_number(store, RRD_KINDS);
    store_number(store, m->hosts_n);
    for (uint32_t i = 0; i < m->hosts_n; i++) {
        if (i > 0)
            tallies_save_row(m->tallies, store, m->hosts[i]);
        for (int kind = 0; kind < RRD_KINDS; kind++)
            store_number(store, (uint64_t)m->facts[i].floors[kind]);
    }
}

static void load_hosts(struct rrd_minutes *m, struct load *load)
{
    int kinds = (int)load_number_to(load, RRD_KINDS); /* an older version may have had fewer */
    uint64_t n = load_number_to(load, RRD_HOSTS_MAX);

    for (unsigned i = 0; i < n && !load->failed; i++) {
        if (i > 0 && rrd_minutes_host(m, tallies_load_row(m->tallies, load)) != i)
            load_fails(load);
        for (int kind = 0; kind < kinds; kind++) {
            int64_t floor = (int64_t)load_number_to(load, INT64_MAX);

            if (!load->failed && floor)
                rrd_minutes_set_floor(m, i, (enum rrd_kind)kind, floor);
        }
    }
}

/* The values of an open minute, each with its host and slot; the last one is followed by the value 0. */
static void save_values(unsigned host, const uint64_t *values, unsigned n, struct store *store)
{
    for (unsigned slot = 0; slot < n; slot++)
        if (values[slot]) {
            store_number(store, values[slot]);
            store_number(store, host);
            store_number(store, slot);
        }
}

static void save_open(const struct open_minute *open, struct store *store)
{
    store_number(store, open->used);
    if (open->used)
        save_values(0, open->sum, RRD_SLOTS, store);
    for (uint32_t i = 0; i < open->n; i++)
        save_values(open->cells[i].host, open->cells[i].values, RRD_HOST_SLOTS, store);
    store_number(store, 0);
}

static void load_open(struct rrd_minutes *m, struct open_minute *open, struct load *load)
{
    uint64_t value;

    open->used = load_number_to(load, 1) != 0;
    while ((value = load_number(load)) != 0) {
        unsigned host = (unsigned)load_number_to(load, m->hosts_n - 1);
        unsigned slot = (unsigned)load_number_to(load, host ? RRD_HOST_SLOTS - 1 : RRD_SLOTS - 1);
        uint64_t *values = load->failed ? NULL : minutes_cell(m, open, host);

        if (values)
            values[slot] += value;
        else
            load_fails(load);
    }
}

static void save_ahead(const struct ahead *a, struct store *store)
{
    store_number(store, a->ahead);
    store_number(store, a->behind);
    store_number(store, a->n);
    for (uint32_t i = 0; i < a->n; i++) {
        store_signed(store, a->events[i].time);
        store_number(store, a->events[i].count);
        store_number(store, a->events[i].host);
        store_number(store, a->events[i].counter);
        store_number(store, a->events[i].reason);
    }
}

static void load_ahead(struct rrd_minutes *m, struct load *load)
{
    struct ahead *a = &m->ahead;

    a->ahead = (uint32_t)load_number_to(load, AHEAD_LINES);
    a->behind = (uint32_t)load_number_to(load, AHEAD_LINES);
    a->n = (uint32_t)load_number_to(load, AHEAD_EVENTS - 1);
    for (uint32_t i = 0; i < a->n && !load->failed; i++) {
        struct ahead_event *e = &a->events[i];

        e->time = load_signed(load);
        e->count = load_number(load);
        e->host = (uint16_t)load_number_to(load, m->hosts_n - 1);
        e->counter = (uint8_t)counter_of_number(load_number(load));
        e->reason = reason_of_number((enum counter)e->counter, load_number(load));
        if (e->time < 0 || e->time > MINUTE_LAST)
            load_fails(load);
    }
}

/* ---- the whole ---- */

void rrd_minutes_save(const struct rrd_minutes *m, const char *boot, struct store *store)
{
    store_number(store, FORM);
    store_text(store, boot);
    store_number(store, m->begun);
    store_signed(store, m->open_from);
    store_signed(store, m->known_from);
    store_signed(store, m->done_upto);
    save_hosts(m, store);
    save_entries(&m->failed, store);
    save_entries(&m->working, store);
    save_entries(&m->closed, store);
    for (int64_t i = 0; i < OPEN_MINUTES; i++)
        save_open(&m->open[(uint64_t)(m->open_from / MINUTE_S + i) % OPEN_MINUTES], store);
    save_ahead(&m->ahead, store);
}

static bool is_minute(int64_t time)
{
    return time >= -MINUTE_S && time <= (int64_t)UINT32_MAX * MINUTE_S && time % MINUTE_S == 0;
}

bool rrd_minutes_load(struct rrd_minutes *m, const char *boot, struct load *load)
{
    char saved_boot[BOOT_OCTETS];

    if (load_number(load) != FORM)
        return false;
    load_text(load, saved_boot, sizeof saved_boot);
    m->begun = load_number_to(load, 1) != 0;
    m->open_from = load_signed(load);
    m->known_from = load_signed(load);
    m->done_upto = load_signed(load);
    if (load->failed || !is_minute(m->open_from) || !is_minute(m->known_from) || !is_minute(m->done_upto))
        return false;
    load_hosts(m, load);
    for (int i = 0; i < 3; i++)
        load_entries(m, load);
    for (int64_t i = 0; i < OPEN_MINUTES; i++)
        load_open(m, minutes_open(m, m->open_from + i * MINUTE_S), load);
    load_ahead(m, load);
    if (!load_ended(load))
        return false;
    /* The kernel may have lost what was written before the power went. */
    if (strcmp(boot, saved_boot) != 0 && m->done_upto && m->known_from < m->done_upto + MINUTE_S)
        m->known_from = m->done_upto + MINUTE_S;
    m->done_upto = 0;
    rrd_minutes_saving(m);
    rrd_minutes_saved(m);
    return true;
}
