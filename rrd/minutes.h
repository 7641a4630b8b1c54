/* Counts by minute, on their way into RRD files: from events to what a closed minute adds to which data source.
 *
 * Two minutes are open: lines of several hosts and processes come a little out of order. A minute is closed when the
 * next but one begins, by the events' own times, or by the clock when everything was read. What comes later than that
 * is added to the oldest open minute, so that totals stay exact. An event far ahead of its neighbours waits until it is
 * clear whether time went on (a quiet night) or one line is wrong (see ahead.h): a line from the future moves nothing
 * but itself.
 *
 * A closed minute becomes entries, which are kept until they stand in the files:
 *
 *     closed -> saved with the state -> rrd_minutes_take() -> written -> rrd_minutes_done()
 *
 * They are written only when the state that holds them is on the disk. A file's own time of its last update tells what
 * of them it has; so after a crash what is in the state is written again, and nothing is twice in a file.
 *
 * A floor is the last update of a file that was there before we were: what happened until then is never added to it.
 *
 * All functions belong to one thread, the one that parses. Only what rrd_minutes_take() gave may be read by another,
 * until rrd_minutes_done().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_MINUTES_H
#define MAILTALLY_RRD_MINUTES_H

#include "../parser/tally.h"
#include "kinds.h"

#define RRD_HOSTS_MAX   (HOSTS_CAP + 2) /* with (other), and the sum of all, which is number 0 */
#define RRD_ENTRIES_MAX 4000000         /* 64 MB; what a broken disk does not take beyond that is dropped */

/* A value that is not 0. Minutes are counted from 1970. */
struct rrd_entry {
    uint64_t value;
    uint32_t minute;
    uint16_t host, slot;
};

/* What is to be written: values of the minutes from known_from to upto (seconds since 1970, both included), which are 0
 * where there is no entry. What was before known_from is not known any more. */
struct rrd_batch {
    int64_t known_from, upto;
    const struct rrd_entry *entries; /* in no order */
    size_t n;
    const struct tally *const *hosts; /* of the numbers 1 .. hosts_n - 1; names and addresses stay */
    size_t hosts_n;
    /* The first minute of each host in which anything happened, whether a file has it already or not; 0: from before
     * the state was loaded. */
    const int64_t *firsts;
};

struct rrd_minutes;

/* The tallies are those of the parser, and outlive it. NULL without memory. */
struct rrd_minutes *rrd_minutes_new(struct tallies *tallies);
void rrd_minutes_free(struct rrd_minutes *minutes);

/* A counted event; for parser_set_sink(). */
void rrd_minutes_event(void *minutes, const struct event *event);

/* Everything up to `now` was read: minutes are closed by the clock. */
void rrd_minutes_clock(struct rrd_minutes *minutes, int64_t now);

/* Nothing more comes: every minute that ended before `before` is closed. */
void rrd_minutes_end(struct rrd_minutes *minutes, int64_t before);

/* A host's number, which it gets when it has none; 0 without memory or for NULL, the sum. */
unsigned rrd_minutes_host(struct rrd_minutes *minutes, const struct tally *tally);

/* A file that was there before: nothing up to this time is added to it. RRD_FLOOR_NONE: there was no such file. 0, the
 * first value: nobody has looked. */
#define RRD_FLOOR_NONE 1
void rrd_minutes_set_floor(struct rrd_minutes *minutes, unsigned host, enum rrd_kind kind, int64_t time);
int64_t rrd_minutes_floor(const struct rrd_minutes *minutes, unsigned host, enum rrd_kind kind);

/* How many hosts have a number, the sum among them; and which tally it is. */
unsigned rrd_minutes_hosts(const struct rrd_minutes *minutes);
const struct tally *rrd_minutes_tally(const struct rrd_minutes *minutes, unsigned host);

/* Called for each host that gets a number, to set its floors. */
void rrd_minutes_set_newcomer(struct rrd_minutes *minutes, void (*newcomer)(void *context, unsigned host),
                              void *context);

/* Events that were not added to any file of the sum, because all of these reach further. */
uint64_t rrd_minutes_below_floor(const struct rrd_minutes *minutes);

/* Entries that were dropped, because there was no memory or no file took them. */
uint64_t rrd_minutes_dropped(const struct rrd_minutes *minutes);

/* Entries and minutes that wait for being saved or written. */
size_t rrd_minutes_waiting(const struct rrd_minutes *minutes, size_t *entries);

/* Likewise, of what rrd_minutes_take() would give now. */
size_t rrd_minutes_ready(const struct rrd_minutes *minutes, size_t *entries);

/* What is closed now is in the state that is being saved; and that state is on the disk. */
void rrd_minutes_saving(struct rrd_minutes *minutes);
void rrd_minutes_saved(struct rrd_minutes *minutes);
bool rrd_minutes_want_saving(const struct rrd_minutes *minutes);

/* The batch that is to be written now. False: there is none, or one is out already. */
bool rrd_minutes_take(struct rrd_minutes *minutes, struct rrd_batch *batch);

/* It was written, but for these entries, which may be those of the batch. Unless all files are well, entries and what
 * is known are kept for an hour. */
void rrd_minutes_done(struct rrd_minutes *minutes, bool all_well, const struct rrd_entry *failed, size_t failed_n);

/* ---- the saved state (minutes_store.c) ---- */

/* With the tallies of the same instant. `boot` names this boot of the machine: after a power cut files may lack what
 * was written, and then what is known begins anew. */
void rrd_minutes_save(const struct rrd_minutes *minutes, const char *boot, struct store *store);

/* Into one that is new, with tallies that were loaded from the same state. False when what was saved makes no sense:
 * then it is to be thrown away. */
bool rrd_minutes_load(struct rrd_minutes *minutes, const char *boot, struct load *load);

#endif
