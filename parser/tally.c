/* The tallies.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "hash.h"
#include "tally_inside.h"

const uint32_t delay_bounds_s[DELAY_BUCKETS - 1] = { 1, 5, 15, 60, 300, 900, 3600, 14400, 86400 };

static void set_up(struct tallies *t, uint64_t seed)
{
    t->seed = seed;
    t->total.last_event = TIME_UNKNOWN;
    t->clock_step = INT64_MAX;
    t->recents.lists = HOSTS_CAP + 1;
    for (size_t i = 0; i < RECENT_STEPS; i++)
        t->recent[i].step = TIME_UNKNOWN;
}

struct tallies *tallies_new(uint64_t seed)
{
    struct tallies *t = calloc(1, sizeof *t);

    if (t)
        set_up(t, seed);
    return t;
}

void tallies_clear(struct tallies *t, uint64_t seed)
{
    for (size_t i = 0; i < CHUNKS; i++)
        free(t->chunks[i]);
    recents_free(&t->recents);
    memset(t, 0, sizeof *t);
    set_up(t, seed);
}

void tallies_free(struct tallies *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < CHUNKS; i++)
        free(t->chunks[i]);
    recents_free(&t->recents);
    free(t);
}

uint64_t tallies_seed(const struct tallies *t)
{
    return t->seed;
}

uint64_t tallies_ticket(struct tallies *t)
{
    return hash_octets(t->seed, (struct span){ (const char *)&(uint64_t){ ++t->tickets }, sizeof t->tickets }) | 1;
}

/* ---- names ---- */

/* COUNTING.md section 5: ASCII lower case, other octets `?`; a long name is cut and ends in a hash of the whole, which
 * is fixed (FNV-1a, 32 bits) because names outlive a seed. */
uint8_t tally_canonical_name(struct span raw, char *name, size_t cap)
{
    static const char hex[] = "0123456789abcdef";
    uint32_t hash = 2166136261u;
    size_t n = 0;

    for (size_t i = 0; i < raw.n; i++) {
        char c = to_lower(raw.p[i]);

        if (!is_alnum(c) && c != '.' && c != '_' && c != ':' && c != '-')
            c = '?';
        hash = (hash ^ (uint8_t)c) * 16777619u;
        if (n < cap)
            name[n++] = c;
    }
    if (raw.n > cap) {
        n = cap - 9;
        name[n++] = '~';
        for (int shift = 28; shift >= 0; shift -= 4)
            name[n++] = hex[hash >> shift & 15];
    }
    name[n] = '\0';
    return (uint8_t)n;
}

/* ---- hosts ---- */

static struct tally *host_row(const struct tallies *t, size_t i)
{
    return &t->chunks[i / CHUNK][i % CHUNK];
}

/* The row of this name, or NULL and the slot that it would have. */
static struct tally *host_find(const struct tallies *t, struct span name, uint64_t key, size_t *slot)
{
    for (*slot = key % HOST_SLOTS; t->host_slots[*slot]; *slot = (*slot + 1) % HOST_SLOTS) {
        struct tally *row = host_row(t, t->host_slots[*slot] - 1);

        if (row->key == key && row->name_octets == name.n && memcmp(row->name, name.p, name.n) == 0)
            return row;
    }
    return NULL;
}

static struct tally *host_add(struct tallies *t, struct span name, uint64_t key, size_t slot)
{
    uint32_t i = t->hosts_n;
    struct tally *row;

    if (!t->chunks[i / CHUNK] && !(t->chunks[i / CHUNK] = calloc(CHUNK, sizeof *row)))
        return NULL;
    row = host_row(t, i);
    memcpy(row->name, name.p, name.n);
    row->name_octets = (uint8_t)name.n;
    row->key = key;
    row->last_event = TIME_UNKNOWN;
    t->host_slots[slot] = ++t->hosts_n;
    return row;
}

struct tally *tallies_host_other(struct tallies *t)
{
    const struct span name = SPAN(OTHER_NAME);
    uint64_t key = hash_octets(t->seed, name);
    size_t slot;
    struct tally *row = host_find(t, name, key, &slot);

    if (!row && t->hosts_n == HOSTS_CAP)
        row = host_add(t, name, key, slot);
    return row ? row : &t->total;
}

struct tally *tallies_host_named(struct tallies *t, struct span name, bool *added)
{
    uint64_t key = hash_octets(t->seed, name);
    size_t slot;
    struct tally *row = host_find(t, name, key, &slot);

    *added = !row;
    if (!row && t->hosts_n < HOSTS_CAP)
        row = host_add(t, name, key, slot);
    if (row)
        return row;
    t->hosts_over_cap++;
    return tallies_host_other(t);
}

static struct tally *host_find_or_add(struct tallies *t, struct span raw)
{
    char name[HOST_NAME_OCTETS + 1];
    bool added;

    return tallies_host_named(t, (struct span){ name, tally_canonical_name(raw, name, HOST_NAME_OCTETS) }, &added);
}

struct tally *tallies_host(struct tallies *t, struct span raw)
{
    struct near_host *near = t->latest;

    if (near && near->octets == raw.n && memcmp(near->raw, raw.p, raw.n) == 0)
        return near->tally;
    if (raw.n > HOST_NAME_OCTETS)
        return host_find_or_add(t, raw);
    near = t->latest = &t->near[hash_octets(t->seed, raw) % NEAR_HOSTS];
    if (near->tally && near->octets == raw.n && memcmp(near->raw, raw.p, raw.n) == 0)
        return near->tally;
    near->tally = host_find_or_add(t, raw);
    memcpy(near->raw, raw.p, raw.n);
    near->octets = (uint8_t)raw.n;
    return near->tally;
}

/* ---- zones ---- */

static struct zone *zone_find(struct tallies *t, struct span name, size_t *slot)
{
    *slot = hash_octets(t->seed, name) % ZONE_SLOTS;
    for (; t->zone_slots[*slot]; *slot = (*slot + 1) % ZONE_SLOTS) {
        struct zone *zone = &t->zones[t->zone_slots[*slot] - 1];

        if (zone->name_octets == name.n && memcmp(zone->name, name.p, name.n) == 0)
            return zone;
    }
    return NULL;
}

static struct zone *zone_add(struct tallies *t, struct span name, size_t slot)
{
    struct zone *zone = &t->zones[t->zones_n++];

    memcpy(zone->name, name.p, name.n);
    zone->name_octets = (uint8_t)name.n;
    t->zone_slots[slot] = t->zones_n;
    return zone;
}

struct zone *tallies_zone_other(struct tallies *t)
{
    const struct span name = SPAN(OTHER_NAME);
    size_t slot;
    struct zone *zone = zone_find(t, name, &slot);

    return zone ? zone : zone_add(t, name, slot);
}

struct zone *tallies_zone_named(struct tallies *t, struct span name, bool *added)
{
    size_t slot;
    struct zone *zone = zone_find(t, name, &slot);

    *added = !zone;
    if (!zone && t->zones_n < ZONES_CAP)
        zone = zone_add(t, name, slot);
    if (zone)
        return zone;
    t->zones_over_cap++;
    return tallies_zone_other(t);
}

static struct zone *zone_row(struct tallies *t, struct span raw)
{
    char name[ZONE_NAME_OCTETS + 1];
    bool added;

    return tallies_zone_named(t, (struct span){ name, tally_canonical_name(raw, name, ZONE_NAME_OCTETS) }, &added);
}

/* ---- counting ---- */

void tallies_without_recent(struct tallies *t)
{
    t->without_recent = true;
}

static void count_recent(struct tallies *t, enum counter counter, int64_t time, uint64_t n)
{
    int64_t step = time / RECENT_STEP_S;
    struct recent_step *recent = &t->recent[(uint64_t)step % RECENT_STEPS];

    if (recent->step > step) /* older than the ring */
        return;
    if (recent->step < step) {
        memset(recent, 0, sizeof *recent);
        recent->step = step;
    }
    recent->counters[counter] += n;
}

static void count_host_recent(struct tallies *t, struct tally *host, enum counter counter, int64_t time, uint64_t n)
{
    enum recents_kind kind = recents_kind(counter);

    if (kind == RECENTS_KINDS)
        return;
    if (recents_wants_sweep(&t->recents)) {
        recents_begin_sweep(&t->recents);
        for (size_t i = 0; i < t->hosts_n; i++)
            recents_forget_old(&t->recents, &host_row(t, i)->recent);
    }
    recents_count(&t->recents, &host->recent, kind, time / RECENT_STEP_S, n);
}

static void count_refusal(struct tallies *t, const struct event *e)
{
    struct reason_counts *r = &t->refusals[e->reason ? e->reason : REFUSAL_OTHER];
    struct zone *zone = e->zone.n ? zone_row(t, e->zone) : NULL;

    switch (e->counter) {
    case COUNTER_REJECTED:
        r->permanent += e->count;
        if (zone)
            zone->permanent += e->count;
        break;
    case COUNTER_REJECT_WARNINGS:
        r->warned += e->count;
        if (zone)
            zone->warned += e->count;
        break;
    default:
        r->temporary += e->count;
        if (zone)
            zone->temporary += e->count;
        break;
    }
}

static void count_delay(struct tallies *t, const struct event *e)
{
    int bucket = 0;

    while (bucket < DELAY_BUCKETS - 1 && e->delay_ms > (int64_t)delay_bounds_s[bucket] * 1000)
        bucket++;
    t->delays[e->counter == COUNTER_DELIVERED][bucket] += e->count;
}

void tallies_event(struct tallies *t, const struct event *e)
{
    struct tally *host = e->line->tally;
    int64_t time = line_time(e->line); /* one from the future must not keep later events out of the ring */

    t->total.counters[e->counter] += e->count;
    if (time > t->total.last_event)
        t->total.last_event = time;
    if (host != &t->total) {
        host->counters[e->counter] += e->count;
        if (time > host->last_event)
            host->last_event = time;
    }
    if (time >= 0 && !t->without_recent) {
        if (host != &t->total)
            count_host_recent(t, host, e->counter, time, e->count);
        count_recent(t, e->counter, time, e->count);
    }

    switch (e->counter) {
    case COUNTER_REJECTED:
    case COUNTER_REJECTED_TEMPORARILY:
    case COUNTER_GREYLISTED:
    case COUNTER_REJECT_WARNINGS:
        count_refusal(t, e);
        break;
    case COUNTER_DEFERRED:
        t->deferrals[e->reason ? e->reason : DEFERRAL_OTHER] += e->count;
        break;
    case COUNTER_SENT:
    case COUNTER_DELIVERED:
        if (e->delay_ms >= 0)
            count_delay(t, e);
        break;
    default:
        break;
    }
}

void tallies_clock(struct tallies *t, int64_t now)
{
    int64_t step = now / RECENT_STEP_S;

    if (step < t->clock_step) {
        for (size_t i = 0; i < RECENT_STEPS; i++)
            if (t->recent[i].step > step)
                t->recent[i].step = TIME_UNKNOWN;
        if (t->total.last_event > now)
            t->total.last_event = now;
        recents_clock(&t->recents, step);
        for (size_t i = 0; i < t->hosts_n; i++) {
            if (host_row(t, i)->last_event > now)
                host_row(t, i)->last_event = now;
            recents_forget_after(&t->recents, &host_row(t, i)->recent, step);
        }
    }
    t->clock_step = step;
}

/* ---- reading ---- */

const struct tally *tallies_total(const struct tallies *t)
{
    return &t->total;
}

size_t tallies_hosts(const struct tallies *t)
{
    return t->hosts_n;
}

const struct tally *tallies_host_at(const struct tallies *t, size_t i)
{
    return host_row(t, i);
}

size_t tallies_zones(const struct tallies *t)
{
    return t->zones_n;
}

const struct zone *tallies_zone_at(const struct tallies *t, size_t i)
{
    return &t->zones[i];
}

struct reason_counts tallies_refusals(const struct tallies *t, enum refusal_reason reason)
{
    return t->refusals[reason];
}

uint64_t tallies_deferrals(const struct tallies *t, enum deferral_reason reason)
{
    return t->deferrals[reason];
}

uint64_t tallies_recent(const struct tallies *t, enum counter counter, int64_t now, int span_s)
{
    int64_t last = now / RECENT_STEP_S;
    uint64_t sum = 0;

    for (int64_t step = last - span_s / RECENT_STEP_S + 1; step <= last; step++) {
        const struct recent_step *recent = &t->recent[(uint64_t)step % RECENT_STEPS];

        if (recent->step == step)
            sum += recent->counters[counter];
    }
    return sum;
}

uint64_t tallies_host_recent(const struct tallies *t, const struct tally *host, enum counter counter, int64_t now)
{
    int64_t last = now / RECENT_STEP_S;
    enum recents_kind kind = recents_kind(counter);

    if (kind == RECENTS_KINDS)
        return 0;
    return recents_sum(&t->recents, host->recent, kind, last - HOST_RECENT_S / RECENT_STEP_S + 1, last);
}

uint64_t tallies_delays(const struct tallies *t, enum counter counter, int bucket)
{
    uint64_t sum = 0;

    for (int i = 0; i <= bucket; i++)
        sum += t->delays[counter == COUNTER_DELIVERED][i];
    return sum;
}

uint64_t tallies_hosts_over_cap(const struct tallies *t)
{
    return t->hosts_over_cap;
}

uint64_t tallies_zones_over_cap(const struct tallies *t)
{
    return t->zones_over_cap;
}

/* ---- copies ---- */

struct tallies *tallies_copy(struct tallies *copy, const struct tallies *t)
{
    struct tally *chunks[CHUNKS] = { NULL };
    struct recents recents;

    if (!copy && !(copy = calloc(1, sizeof *copy)))
        return NULL;
    memcpy(chunks, copy->chunks, sizeof chunks);
    recents = copy->recents;
    *copy = *t;
    copy->recents = recents;
    copy->latest = NULL; /* these point into the original */
    memset(copy->near, 0, sizeof copy->near);
    memcpy(copy->chunks, chunks, sizeof chunks);
    if (!recents_copy(&copy->recents, &t->recents)) {
        tallies_free(copy);
        return NULL;
    }
    for (size_t i = 0; i < CHUNKS && t->chunks[i]; i++) {
        if (!copy->chunks[i] && !(copy->chunks[i] = malloc(CHUNK * sizeof **chunks))) {
            tallies_free(copy);
            return NULL;
        }
        memcpy(copy->chunks[i], t->chunks[i], CHUNK * sizeof **chunks);
    }
    return copy;
}
