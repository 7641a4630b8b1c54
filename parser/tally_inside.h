/* What tally.c and tally_store.c share: what the tallies are made of. For these two only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_TALLY_INSIDE_H
#define MAILTALLY_TALLY_INSIDE_H

#include "tally.h"

#define CHUNK      64                      /* hosts are allocated by so many, so that rows never move */
#define CHUNKS     (HOSTS_CAP / CHUNK + 1) /* one more chunk for `(other)` */
#define HOST_SLOTS (2 * HOSTS_CAP)         /* powers of two, at most half full */
#define ZONE_SLOTS (2 * ZONES_CAP)
#define NEAR_HOSTS 64 /* raw names that were met lately */
#define OTHER_NAME "(other)"

struct near_host {
    char raw[HOST_NAME_OCTETS];
    uint8_t octets;
    struct tally *tally;
};

struct recent_step {
    int64_t step; /* time / RECENT_STEP_S */
    uint64_t counters[COUNTERS];
};

struct tallies {
    uint64_t seed;
    uint64_t tickets;
    struct tally total;
    struct tally *chunks[CHUNKS];
    uint32_t hosts_n;
    uint32_t host_slots[HOST_SLOTS]; /* 1 + index of the row; 0: free */
    uint64_t hosts_over_cap;
    struct near_host near[NEAR_HOSTS];
    struct near_host *latest;         /* of these the one that was asked for last */
    struct zone zones[ZONES_CAP + 1]; /* the last one is `(other)` */
    uint32_t zones_n;
    uint32_t zone_slots[ZONE_SLOTS];
    uint64_t zones_over_cap;
    struct reason_counts refusals[REFUSAL_REASONS];
    uint64_t deferrals[DEFERRAL_REASONS];
    uint64_t delays[2][DELAY_BUCKETS]; /* sent, delivered; not cumulative */
    bool without_recent;               /* see tallies_without_recent() */
    struct recent_step recent[RECENT_STEPS];
    struct recents recents; /* of each host */
    int64_t clock_step; /* the clock's last step; at first the end of time, so that what was loaded is looked through */
};

/* As tallies_new() gives them. What was had from them before is gone. */
void tallies_clear(struct tallies *tallies, uint64_t seed);

/* COUNTING.md section 5; name has room for cap + 1. Returns its octets. */
uint8_t tally_canonical_name(struct span raw, char *name, size_t cap);

/* The row of a name that is canonical, or OTHER_NAME. *added: there was none. That is told of a row which could not be
 * had, too; then it is the one of all others. */
struct tally *tallies_host_named(struct tallies *tallies, struct span name, bool *added);
struct zone *tallies_zone_named(struct tallies *tallies, struct span name, bool *added);

/* The row of all names beyond the cap. Of hosts the total serves when no memory could be had for it, or for one before
 * the cap. */
struct tally *tallies_host_other(struct tallies *tallies);
struct zone *tallies_zone_other(struct tallies *tallies);

#endif
