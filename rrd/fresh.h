/* Files that are not there yet, made in memory (rows.h) and written once, when all is read: for years of logs, where
 * librrd would take most of the time. Files that are there go on as ever.
 *
 * Nothing is on the disk before fresh_write(): who is killed before has no files, and no half of one.
 *
 * One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_FRESH_H
#define MAILTALLY_RRD_FRESH_H

#include "directory.h"

#define FRESH_HOSTS 128 /* so many have theirs in memory, which is 400 kB for each; the files of others are updated */

struct fresh;

struct fresh *fresh_new(void); /* NULL without memory */
void fresh_free(struct fresh *fresh);

/* The batch's entries that are for files in memory. What is for others stands in rest[0 .. *rest_n - 1], which has room
 * for all. A file comes into memory when it is not there at its first entry. False without memory. */
bool fresh_take(struct fresh *fresh, struct rrd_directory *directory, const struct rrd_batch *batch,
                struct rrd_entry *rest, size_t *rest_n);

bool fresh_has(const struct fresh *fresh, unsigned host, enum rrd_kind kind);

/* Writes them all, and forgets them. */
void fresh_write(struct fresh *fresh, struct rrd_directory *directory, struct rrd_report *report);

#endif
