/* What happened on each host during the last 15 minutes: events of six counters by their own time, in the steps of the
 * recent table (tally.h).
 *
 * Most hosts have few such events, and a log host may have 16384 hosts: so a host has a list of cells, one for each
 * step in which there were any, newest first. All lists are in one pool, and a list is the number of its first cell, so
 * that a copy of the pool has the same lists. What a list can no longer show is taken from it when it gets a new cell,
 * and from all lists before the pool grows.
 *
 * The pool is bounded and loses no event for it: when RECENTS_FINE cells are in use, new ones stand for RECENTS_COARSE
 * steps, under the first of these; such events leave the window up to 290 s early. For as many coarse cells as all
 * hosts can have there is always room.
 *
 * One thread (the one that parses); a copy is for reading.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RECENTS_H
#define MAILTALLY_RECENTS_H

#include "event.h"

#define RECENTS_STEPS  91 /* of the window, and one that has only begun */
#define RECENTS_COARSE 30
#define RECENTS_FINE   32768

/* How many coarse cells fit into a list. */
#define RECENTS_COARSE_STEPS ((RECENTS_STEPS + RECENTS_COARSE - 1) / RECENTS_COARSE)

/* In the order of the host table's columns. */
enum recents_kind {
    RECENTS_BOUNCED,
    RECENTS_DEFERRED,
    RECENTS_REJECTED,
    RECENTS_SPAM,
    RECENTS_VIRUS,
    RECENTS_AUTH_FAILED,
    RECENTS_KINDS, /* none of these */
};

struct recents_cell {
    uint32_t step;
    uint32_t next;                  /* an older one; 0: none */
    uint32_t counts[RECENTS_KINDS]; /* stay at their greatest value */
};

#define RECENTS_CHUNK 1024 /* cells are allocated by so many */

/* Zero-initialise, with `lists` as the number of lists that there may be; freed with recents_free(). */
struct recents {
    uint32_t lists;
    struct recents_cell **chunks; /* as many as are needed at most; NULL before the first cell */
    uint32_t made, used;          /* cells */
    uint32_t free;                /* a list of those that are made and not used */
    uint32_t newest, swept;       /* steps */
};

void recents_free(struct recents *recents);

/* RECENTS_KINDS when it is none of the six; and back. */
enum recents_kind recents_kind(enum counter counter);
enum counter recents_counter(enum recents_kind kind);

/* Counts n events in a list. An event that is older than the list's newest by the window counts nothing, nor one
 * without memory. recents_put() does not make steps coarse: for what was saved. */
void recents_count(struct recents *recents, uint32_t *list, enum recents_kind kind, int64_t step, uint64_t n);
void recents_put(struct recents *recents, uint32_t *list, enum recents_kind kind, int64_t step, uint64_t n);

/* The pool is about to grow, or steps to become coarse: call recents_forget_old() for all lists first. */
bool recents_wants_sweep(const struct recents *recents);
void recents_begin_sweep(struct recents *recents);
void recents_forget_old(struct recents *recents, uint32_t *list);

/* The clock was put back: nothing happened after this step. */
void recents_clock(struct recents *recents, int64_t step);
void recents_forget_after(struct recents *recents, uint32_t *list, int64_t step);

/* Events from one step to another, both included. */
uint64_t recents_sum(const struct recents *recents, uint32_t list, enum recents_kind kind, int64_t first, int64_t last);

/* The cells of a list, newest first; NULL behind the last one. */
const struct recents_cell *recents_cell(const struct recents *recents, uint32_t list);

/* Makes *copy, an earlier copy or zero, equal; its memory is used again. False without memory: the copy has no cells
 * then, and its lists must not be used. */
bool recents_copy(struct recents *copy, const struct recents *recents);

#endif
