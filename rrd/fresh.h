/* Files that are not there yet, made in memory (rows.h) and written whole: for long logs, where librrd would take most
 * of the time. Files that are there go on as ever.
 *
 * FRESH_AT_END, for an import: nothing is on the disk before fresh_write(); who is killed before has no files, and no
 * half of one. Only so many hosts have theirs in memory; the others are updated, or, where the logs can be read once
 * more, left out and counted.
 *
 * FRESH_EACH_BATCH, for the daemon, whose state forgets what a batch holds when that is written: after each batch the
 * files are replaced by renaming, so a file has all of a batch or nothing of it, and its last update tells which. What
 * cannot be written so goes the usual way with the same batch. It is over with the first batch of a few minutes.
 *
 * One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_FRESH_H
#define MAILTALLY_RRD_FRESH_H

#include "directory.h"

#define FRESH_HOSTS 128 /* so many have theirs in memory, which is 400 kB for each */

enum fresh_way { FRESH_AT_END, FRESH_AT_END_OR_LEFT_OUT, FRESH_EACH_BATCH };

struct fresh;

struct fresh *fresh_new(enum fresh_way way); /* NULL without memory */
void fresh_free(struct fresh *fresh);

/* Nothing is gained by it from this batch on: free it, and go on in the usual way. */
bool fresh_is_over(const struct fresh *fresh, const struct rrd_batch *batch);

/* The batch's entries that are for files in memory. What is for others stands in rest[0 .. *rest_n - 1], which has room
 * for all. A file comes into memory when it is not there at its first entry. False without memory, or when *stop became
 * true. */
bool fresh_take(struct fresh *fresh, struct rrd_directory *directory, const struct rrd_batch *batch,
                const atomic_bool *stop, struct rrd_entry *rest, size_t *rest_n, struct rrd_report *report);

/* The file is not for the usual way. fresh may be NULL. */
bool fresh_has(const struct fresh *fresh, unsigned host, enum rrd_kind kind);

/* FRESH_AT_END: writes them all, and forgets them. */
void fresh_write(struct fresh *fresh, struct rrd_directory *directory, struct rrd_report *report);

/* Hosts that were left out. */
uint32_t fresh_left_out(const struct fresh *fresh);

#endif
