/* What minutes.c and minutes_store.c share. For these two only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_MINUTES_INSIDE_H
#define MAILTALLY_RRD_MINUTES_INSIDE_H

#include "ahead.h"
#include "minutes.h"

#define OPEN_MINUTES 2
#define MINUTE_S     RRD_STEP_S
#define HOST_SLOTS_N (2 * 2 * HOSTS_CAP) /* of the hash table: a power of two, at most half full */

struct host {
    int64_t floors[RRD_KINDS];
    int64_t highest_floor;
    uint16_t cells[OPEN_MINUTES]; /* 1 + its cell in the open minute; 0: none yet */
};

/* Of one host in an open minute. */
struct cell {
    uint16_t host;
    uint64_t values[RRD_HOST_SLOTS];
};

struct open_minute {
    struct cell *cells;
    uint32_t n, room;
    uint64_t sum[RRD_SLOTS];
    bool used;
};

struct entries {
    struct rrd_entry *list;
    size_t n, room;
};

struct rrd_minutes {
    struct tallies *tallies;
    const struct tally *hosts[RRD_HOSTS_MAX]; /* 0: the sum */
    struct host facts[RRD_HOSTS_MAX];
    int64_t firsts[RRD_HOSTS_MAX]; /* see struct rrd_batch */
    uint32_t hosts_n;
    uint16_t by_tally[HOST_SLOTS_N]; /* the number of a host, 0: free */
    void (*newcomer)(void *context, unsigned host);
    void *newcomer_context;
    uint32_t latest; /* the host that was asked for last */

    bool begun;                            /* the next two mean something */
    int64_t open_from;                     /* the oldest open minute; those before it are closed */
    int64_t known_from;                    /* the oldest minute of which all is known that no file has */
    struct open_minute open[OPEN_MINUTES]; /* by minute modulo so many */
    struct ahead ahead;

    struct entries closed;  /* not handed out yet */
    struct entries working; /* handed out */
    struct entries failed;  /* handed out and come back: they go with the next */
    bool is_out;
    int64_t out_upto;
    size_t saving_n, saved_n;        /* of closed: in the state that is being saved; in one that is on the disk */
    int64_t saving_upto, saved_upto; /* likewise, the last minute; 0: none */
    int64_t done_upto;               /* of the batch before; 0: there was none */
    uint64_t below_floor, dropped;
};

/* Appends a new one; false without memory or above the cap: then the entry is dropped and counted. */
bool minutes_add_entry(struct rrd_minutes *minutes, struct entries *entries, struct rrd_entry entry);

/* The host's values in an open minute; NULL without memory. */
uint64_t *minutes_cell(struct rrd_minutes *minutes, struct open_minute *open, unsigned host);

static inline struct open_minute *minutes_open(struct rrd_minutes *minutes, int64_t minute)
{
    return &minutes->open[(uint64_t)(minute / MINUTE_S) % OPEN_MINUTES];
}

#endif
