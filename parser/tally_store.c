/* The tallies' part of the saved state.
 *
 * Counts must outlive versions: everything stands under a number or a name of its own, and zeros are left out. What is
 * above a cap of this version goes where a new one would go: to the row of all others.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "hash.h"
#include "tally_inside.h"

#define NUMBERS_MAX 4096 /* of counters, reasons, delay bounds: what any version will have */
#define ROWS_MAX    (1u << 20)
#define NAME_OCTETS 64                    /* of hosts and zones alike */
#define TIME_MAX    INT64_C(253402300800) /* the end of the year 9999 */
#define ROW_NONE    0
#define ROW_TOTAL   1
#define ROW_FIRST   2

_Static_assert(NAME_OCTETS == HOST_NAME_OCTETS && NAME_OCTETS == ZONE_NAME_OCTETS, "one buffer for both");

/* ---- pieces ---- */

static void save_counters(const uint64_t *counters, struct store *store)
{
    uint64_t n = 0;

    for (size_t i = 0; i < COUNTERS; i++)
        n += counters[i] != 0;
    store_number(store, n);
    for (size_t i = 0; i < COUNTERS; i++)
        if (counters[i]) {
            store_number(store, i);
            store_number(store, counters[i]);
        }
}

static void load_counters(uint64_t *counters, struct load *load)
{
    for (uint64_t n = load_number_to(load, NUMBERS_MAX); n; n--) {
        enum counter counter = counter_of_number(load_number(load));

        counters[counter] += load_number(load); /* what is unknown goes to number 0, which nobody reads */
    }
    counters[COUNTER_NONE] = 0;
}

static void save_reason(struct reason_counts counts, struct store *store)
{
    store_number(store, counts.permanent);
    store_number(store, counts.temporary);
    store_number(store, counts.warned);
}

static struct reason_counts load_reason(struct load *load)
{
    struct reason_counts counts;

    counts.permanent = load_number(load);
    counts.temporary = load_number(load);
    counts.warned = load_number(load);
    return counts;
}

static void later(int64_t *last_event, int64_t time)
{
    if (time > *last_event)
        *last_event = time;
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* What tally_canonical_name() makes: it ends in `~` and eight digits where it was cut. */
static bool is_canonical(struct span name)
{
    const size_t cut = NAME_OCTETS - 9;

    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (name.n == NAME_OCTETS && name.p[cut] == '~' && i >= cut ? i > cut && !is_hex(c)
                                                                    : !is_alnum(c) && !strchr("._:-?", c))
            return false;
        if (c != to_lower(c) || c == '\0')
            return false;
    }
    return true;
}

static bool is_other(struct span name)
{
    return span_eq(name, SPAN(OTHER_NAME));
}

static struct span load_name(struct load *load)
{
    struct span name = load_octets(load, NAME_OCTETS);

    if (!is_canonical(name) && !is_other(name))
        load_fails(load);
    return name;
}

/* ---- parts ---- */

static void save_total(const void *holder, struct store *store)
{
    const struct tallies *t = holder;

    store_signed(store, t->total.last_event);
    save_counters(t->total.counters, store);
}

static void load_total(void *holder, struct load *load)
{
    struct tallies *t = holder;

    later(&t->total.last_event, load_signed(load));
    load_counters(t->total.counters, load);
}

static void save_hosts(const void *holder, struct store *store)
{
    const struct tallies *t = holder;

    store_number(store, t->hosts_n);
    for (size_t i = 0; i < t->hosts_n; i++) {
        const struct tally *row = tallies_host_at(t, i);

        store_octets(store, (struct span){ row->name, row->name_octets });
        store_signed(store, row->last_event);
        store_number(store, row->wrote_mta);
        save_counters(row->counters, store);
    }
}

static void load_hosts(void *holder, struct load *load)
{
    struct tallies *t = holder;

    for (uint64_t n = load_number_to(load, ROWS_MAX); n && !load->failed; n--) {
        struct span name = load_name(load);
        bool added = false;
        struct tally *row = load->failed ? &t->total : tallies_host_named(t, name, &added);

        if (row == &t->total || (!added && !is_other(name))) { /* no memory, or twice the same name */
            load_fails(load);
            return;
        }
        later(&row->last_event, load_signed(load));
        row->wrote_mta |= load_number_to(load, 1) != 0;
        load_counters(row->counters, load);
    }
}

static void save_zones(const void *holder, struct store *store)
{
    const struct tallies *t = holder;

    store_number(store, t->zones_n);
    for (size_t i = 0; i < t->zones_n; i++) {
        const struct zone *zone = &t->zones[i];

        store_octets(store, (struct span){ zone->name, zone->name_octets });
        save_reason((struct reason_counts){ zone->permanent, zone->temporary, zone->warned }, store);
    }
}

static void add_to_zone(struct zone *zone, struct reason_counts counts)
{
    zone->permanent += counts.permanent;
    zone->temporary += counts.temporary;
    zone->warned += counts.warned;
}

static void load_zones(void *holder, struct load *load)
{
    struct tallies *t = holder;

    for (uint64_t n = load_number_to(load, ROWS_MAX); n && !load->failed; n--) {
        struct span name = load_name(load);
        bool added = false;
        struct zone *zone = load->failed ? NULL : tallies_zone_named(t, name, &added);

        if (!zone || (!added && !is_other(name))) {
            load_fails(load);
            return;
        }
        add_to_zone(zone, load_reason(load));
    }
}

static void save_refusals(const void *holder, struct store *store)
{
    const struct tallies *t = holder;

    store_number(store, REFUSAL_REASONS - 1);
    for (size_t i = 1; i < REFUSAL_REASONS; i++) {
        store_number(store, i);
        save_reason(t->refusals[i], store);
    }
}

static void load_refusals(void *holder, struct load *load)
{
    for (uint64_t n = load_number_to(load, NUMBERS_MAX); n && !load->failed; n--) {
        enum refusal_reason reason = (enum refusal_reason)reason_of_number(COUNTER_REJECTED, load_number(load));

        tallies_add_refusals(holder, reason, load_reason(load));
    }
}

static void save_deferrals(const void *holder, struct store *store)
{
    const struct tallies *t = holder;

    store_number(store, DEFERRAL_REASONS - 1);
    for (size_t i = 1; i < DEFERRAL_REASONS; i++) {
        store_number(store, i);
        store_number(store, t->deferrals[i]);
    }
}

static void load_deferrals(void *holder, struct load *load)
{
    for (uint64_t n = load_number_to(load, NUMBERS_MAX); n && !load->failed; n--) {
        enum deferral_reason reason = (enum deferral_reason)reason_of_number(COUNTER_DEFERRED, load_number(load));

        tallies_add_deferrals(holder, reason, load_number(load));
    }
}

/* Each bucket with its bound; the last one has none. */
static void save_delays(const void *holder, struct store *store)
{
    const struct tallies *t = holder;

    store_number(store, DELAY_BUCKETS);
    for (size_t i = 0; i < DELAY_BUCKETS; i++) {
        store_number(store, i < DELAY_BUCKETS - 1 ? delay_bounds_s[i] : UINT32_MAX);
        store_number(store, t->delays[0][i]);
        store_number(store, t->delays[1][i]);
    }
}

static void load_delays(void *holder, struct load *load)
{
    for (uint64_t n = load_number_to(load, NUMBERS_MAX); n && !load->failed; n--) {
        uint64_t bound_s = load_number(load);
        int bucket = 0;

        while (bucket < DELAY_BUCKETS - 1 && bound_s > delay_bounds_s[bucket])
            bucket++;
        tallies_add_delays(holder, COUNTER_SENT, bucket, load_number(load));
        tallies_add_delays(holder, COUNTER_DELIVERED, bucket, load_number(load));
    }
}

static void save_recent(const void *holder, struct store *store)
{
    const struct tallies *t = holder;
    uint64_t n = 0;

    for (size_t i = 0; i < RECENT_STEPS; i++)
        n += t->recent[i].step != TIME_UNKNOWN;
    store_number(store, RECENT_STEP_S);
    store_number(store, n);
    for (size_t i = 0; i < RECENT_STEPS; i++)
        if (t->recent[i].step != TIME_UNKNOWN) {
            store_number(store, (uint64_t)t->recent[i].step);
            save_counters(t->recent[i].counters, store);
        }
}

/* Steps of another length are nothing that this version can show. */
static void load_recent(void *holder, struct load *load)
{
    struct tallies *t = holder;
    bool fits = load_number(load) == RECENT_STEP_S;

    for (uint64_t n = load_number_to(load, NUMBERS_MAX); n && !load->failed; n--) {
        struct recent_step read = { .step = (int64_t)load_number_to(load, TIME_MAX) };
        struct recent_step *recent = &t->recent[(uint64_t)read.step % RECENT_STEPS];

        load_counters(read.counters, load);
        if (fits && read.step > recent->step)
            *recent = read;
    }
}

/* Of each host that has any: its name, and for each step the counters and their numbers. */
static void save_host_recents(const void *holder, struct store *store)
{
    const struct tallies *t = holder;
    const struct recents_cell *cell;
    uint64_t counters[COUNTERS] = { 0 };
    uint64_t n = 0;

    for (size_t i = 0; i < t->hosts_n; i++)
        n += tallies_host_at(t, i)->recent != 0;
    store_number(store, RECENT_STEP_S);
    store_number(store, n);
    for (size_t i = 0; i < t->hosts_n; i++) {
        const struct tally *row = tallies_host_at(t, i);

        if (!row->recent)
            continue;
        store_octets(store, (struct span){ row->name, row->name_octets });
        for (uint32_t list = row->recent; (cell = recents_cell(&t->recents, list)); list = cell->next) {
            store_number(store, cell->step + UINT64_C(1));
            for (enum recents_kind kind = 0; kind < RECENTS_KINDS; kind++)
                counters[recents_counter(kind)] = cell->counts[kind];
            save_counters(counters, store);
        }
        store_number(store, 0);
    }
}

static void load_cells(struct tallies *t, struct tally *row, bool fits, struct load *load)
{
    uint64_t step;

    while ((step = load_number_to(load, TIME_MAX)) && !load->failed) {
        uint64_t counters[COUNTERS] = { 0 };

        load_counters(counters, load);
        for (enum recents_kind kind = 0; fits && !load->failed && kind < RECENTS_KINDS; kind++)
            recents_put(&t->recents, &row->recent, kind, (int64_t)step - 1, counters[recents_counter(kind)]);
    }
}

static void load_host_recents(void *holder, struct load *load)
{
    struct tallies *t = holder;
    bool fits = load_number(load) == RECENT_STEP_S;

    for (uint64_t n = load_number_to(load, ROWS_MAX); n && !load->failed; n--) {
        struct span name = load_name(load);
        bool added = false;
        struct tally *row = load->failed ? &t->total : tallies_host_named(t, name, &added);

        if (row == &t->total) {
            load_fails(load);
            return;
        }
        load_cells(t, row, fits, load);
    }
}

/* Behind the rows: to load these may add to the numbers. */
static void save_caps(const void *holder, struct store *store)
{
    const struct tallies *t = holder;

    store_number(store, t->tickets);
    store_number(store, t->hosts_over_cap);
    store_number(store, t->zones_over_cap);
}

static void load_caps(void *holder, struct load *load)
{
    struct tallies *t = holder;

    t->tickets = load_number(load);
    t->hosts_over_cap = load_number(load);
    t->zones_over_cap = load_number(load);
}

static const struct store_part parts[] = {
    { 1, save_total, load_total },         { 2, save_hosts, load_hosts },
    { 3, save_zones, load_zones },         { 4, save_refusals, load_refusals },
    { 5, save_deferrals, load_deferrals }, { 6, save_delays, load_delays },
    { 7, save_recent, load_recent },       { 9, save_host_recents, load_host_recents },
    { 8, save_caps, load_caps },
};

/* ---- the whole ---- */

void tallies_save(const struct tallies *t, struct store *store)
{
    store_number(store, t->seed);
    store_parts(store, parts, sizeof parts / sizeof *parts, t);
}

bool tallies_load(struct tallies *t, struct load *load)
{
    const uint64_t had = t->seed;

    tallies_clear(t, load_number(load)); /* the seed comes first: rows are found by it */
    load_parts(load, parts, sizeof parts / sizeof *parts, t);
    if (load->failed)
        tallies_clear(t, had);
    return !load->failed;
}

/* Where a row stands is asked for a few hundred times in a save, and most logs have few hosts: a look at each chunk
 * does. */
static uint64_t row_number(const struct tallies *t, const struct tally *row)
{
    if (row == &t->total)
        return ROW_TOTAL;
    for (size_t i = 0; row && i < CHUNKS && t->chunks[i]; i++)
        if (row >= t->chunks[i] && row < t->chunks[i] + CHUNK)
            return ROW_FIRST + i * CHUNK + (size_t)(row - t->chunks[i]);
    return ROW_NONE;
}

void tallies_save_row(const struct tallies *t, struct store *store, const struct tally *row)
{
    store_number(store, row_number(t, row));
}

struct tally *tallies_load_row(struct tallies *t, struct load *load)
{
    uint64_t number = load_number_to(load, ROW_FIRST + t->hosts_n - 1);

    if (number >= ROW_FIRST)
        return &t->chunks[(number - ROW_FIRST) / CHUNK][(number - ROW_FIRST) % CHUNK];
    return number == ROW_TOTAL ? &t->total : NULL;
}

/* ---- counts from elsewhere ---- */

void tallies_add_total(struct tallies *t, enum counter counter, uint64_t n, int64_t last_event)
{
    t->total.counters[counter] += n;
    later(&t->total.last_event, last_event);
}

void tallies_add_host(struct tallies *t, struct span name, enum counter counter, uint64_t n, int64_t last_event)
{
    struct tally *row = tallies_host(t, name);

    if (row == &t->total) /* without memory; it has them */
        return;
    row->counters[counter] += n;
    later(&row->last_event, last_event);
}

void tallies_add_zone(struct tallies *t, struct span raw, struct reason_counts counts)
{
    char name[NAME_OCTETS + 1];
    bool added;

    add_to_zone(tallies_zone_named(t, (struct span){ name, tally_canonical_name(raw, name, NAME_OCTETS) }, &added),
                counts);
}

void tallies_add_refusals(struct tallies *t, enum refusal_reason reason, struct reason_counts counts)
{
    struct reason_counts *r = &t->refusals[reason ? reason : REFUSAL_OTHER];

    r->permanent += counts.permanent;
    r->temporary += counts.temporary;
    r->warned += counts.warned;
}

void tallies_add_deferrals(struct tallies *t, enum deferral_reason reason, uint64_t n)
{
    t->deferrals[reason ? reason : DEFERRAL_OTHER] += n;
}

void tallies_add_delays(struct tallies *t, enum counter counter, int bucket, uint64_t n)
{
    t->delays[counter == COUNTER_DELIVERED][bucket] += n;
}
