/* Snapshots and their exchange between the two threads.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

#include <pthread.h>
#include <stdlib.h>

#define SLOTS   3
#define NO_SLOT SLOTS

struct snapshots {
    pthread_mutex_t lock; /* of the two numbers below; held for their assignment only */
    unsigned published, held;
    unsigned filling; /* the ingest thread's own */
    struct snapshot slots[SLOTS];
};

/* ---- the order of OIDs ---- */

/* An OCTET STRING index is its length and then its octets, so shorter names come first. */
static int name_order(const char *a, size_t a_octets, const char *b, size_t b_octets)
{
    if (a_octets != b_octets)
        return a_octets < b_octets ? -1 : 1;
    return memcmp(a, b, a_octets);
}

static int host_order(const void *a, const void *b, void *tallies)
{
    const struct tally *x = tallies_host_at(tallies, *(const uint32_t *)a);
    const struct tally *y = tallies_host_at(tallies, *(const uint32_t *)b);

    return name_order(x->name, x->name_octets, y->name, y->name_octets);
}

static int zone_order(const void *a, const void *b, void *tallies)
{
    const struct zone *x = tallies_zone_at(tallies, *(const uint32_t *)a);
    const struct zone *y = tallies_zone_at(tallies, *(const uint32_t *)b);

    return name_order(x->name, x->name_octets, y->name, y->name_octets);
}

/* Rows only ever come to the end and keep their names, so an order of the same length is still right. */
static void sort_rows(uint32_t *rows, size_t *rows_n, size_t n, int (*order)(const void *, const void *, void *),
                      struct tallies *tallies)
{
    if (*rows_n == n)
        return;
    for (size_t i = 0; i < n; i++)
        rows[i] = (uint32_t)i;
    qsort_r(rows, n, sizeof *rows, order, tallies);
    *rows_n = n;
}

bool snapshot_set_tallies(struct snapshot *s, const struct tallies *tallies)
{
    size_t hosts_n = tallies_hosts(tallies);

    s->tallies = tallies_copy(s->tallies, tallies);
    if (!s->tallies)
        return false;
    if (hosts_n > s->hosts_room) {
        size_t room = hosts_n + hosts_n / 2;
        uint32_t *hosts = realloc(s->hosts, room * sizeof *hosts);

        if (!hosts)
            return false;
        s->hosts = hosts;
        s->hosts_room = room;
    }
    sort_rows(s->hosts, &s->hosts_n, hosts_n, host_order, s->tallies);
    sort_rows(s->zones, &s->zones_n, tallies_zones(tallies), zone_order, s->tallies);
    return true;
}

bool snapshot_set_sources_n(struct snapshot *s, size_t n)
{
    if (n > s->sources_room) {
        struct snapshot_source *sources = realloc(s->sources, n * sizeof *sources);

        if (!sources)
            return false;
        s->sources = sources;
        s->sources_room = n;
    }
    s->sources_n = n;
    return true;
}

void snapshot_clear(struct snapshot *s)
{
    tallies_free(s->tallies);
    free(s->hosts);
    free(s->sources);
    memset(s, 0, sizeof *s);
}

/* ---- the exchange ---- */

struct snapshots *snapshots_new(int64_t start_time)
{
    struct snapshots *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->published = 0;
    s->held = s->filling = NO_SLOT;
    for (unsigned i = 0; i < SLOTS; i++) {
        s->slots[i].start_time = start_time;
        s->slots[i].counts.last_event = TIME_UNKNOWN;
        s->slots[i].status = AGENT_CATCHING_UP;
        strcpy(s->slots[i].status_text, "starting");
    }
    s->slots[0].tallies = tallies_new(0);
    if (!s->slots[0].tallies) {
        snapshots_free(s);
        return NULL;
    }
    return s;
}

void snapshots_free(struct snapshots *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < SLOTS; i++)
        snapshot_clear(&s->slots[i]);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

struct snapshot *snapshots_begin(struct snapshots *s)
{
    pthread_mutex_lock(&s->lock);
    s->filling = 0;
    while (s->filling == s->published || s->filling == s->held)
        s->filling++;
    pthread_mutex_unlock(&s->lock);
    return &s->slots[s->filling];
}

void snapshots_publish(struct snapshots *s)
{
    pthread_mutex_lock(&s->lock);
    s->published = s->filling;
    pthread_mutex_unlock(&s->lock);
}

const struct snapshot *snapshots_hold(struct snapshots *s)
{
    const struct snapshot *held;

    pthread_mutex_lock(&s->lock);
    s->held = s->published;
    held = &s->slots[s->held];
    pthread_mutex_unlock(&s->lock);
    return held;
}
