/* The RRD files of a directory: DIR/mailgraph.rrd and its like for the sum of all hosts, DIR/hosts/HOST/ (name.h) for
 * each host. Batches of minutes.h go in; each file takes what it does not have yet, from its last update on:
 *
 *   a minute with entries     their sum
 *   a minute without          0, many of them in one update
 *   before batch.known_from   unknown
 *
 * Files of a host in which nothing happened are brought up to date every few minutes only, where there are many.
 * What cannot be written is given back, and the report says why; the other files go on.
 *
 * With rrdcached the updates go through it; new files are made here all the same, so it must run on this machine.
 *
 * One thread; librrd has one connection to rrdcached for the process.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_DIRECTORY_H
#define MAILTALLY_RRD_DIRECTORY_H

#include <stdatomic.h>

#include "file.h"
#include "minutes.h"

#define RRD_HOSTS_DIRECTORY "hosts"

struct rrd_directory;

/* rrdcached: its address, unix:/PATH; NULL without. careful: keep copies of what is being changed, so that a killed
 * process does no harm (undo.h). NULL without memory. Whatever is wrong with the directory is told by the first write.
 */
struct rrd_directory *rrd_directory_new(const char *path, const char *rrdcached, bool careful);
void rrd_directory_free(struct rrd_directory *directory);

/* After a crash: before floors are read and anything is written. */
void rrd_directory_recover(struct rrd_directory *directory);

struct rrd_report {
    uint64_t updates, minutes;          /* of files; values that these got */
    uint32_t files, failed;             /* that were written; that could not be */
    char error[RRD_ERROR_OCTETS + 256]; /* the first that failed, with its path; "" when all went well */
};

/* Writes a batch. *failed, allocated, is the entries that are not in their files, failed_n of them; the caller frees
 * it. False when it was not ended: without memory or room on the disk (which the report says), or because *stop became
 * true between two hosts; then the batch is to be written again. stop may be NULL. */
bool rrd_directory_write(struct rrd_directory *directory, const struct rrd_batch *batch, const atomic_bool *stop,
                         struct rrd_entry **failed, size_t *failed_n, struct rrd_report *report);

/* From now on files that are not there are made in memory: see fresh.h. False without memory.
 *
 * at_end: nothing of them is on the disk before rrd_directory_finish(). Of many hosts the others' files are written as
 * ever, or, with leaves_out, not at all: rrd_directory_left_out() tells how many hosts there are to come back for. */
bool rrd_directory_begin_fresh(struct rrd_directory *directory, bool at_end, bool leaves_out);
void rrd_directory_finish(struct rrd_directory *directory, struct rrd_report *report);
uint32_t rrd_directory_left_out(const struct rrd_directory *directory);

/* ---- floors ---- */

struct rrd_floors;

/* Reads the last updates of all files that are there and that `minutes` does not know yet, and has it ask for those of
 * hosts that come later. Lives until `minutes` is freed. NULL without memory, or, with a sentence in `error`, when a
 * file that is there cannot be read: then nobody knows what it holds. */
struct rrd_floors *rrd_floors_new(struct rrd_directory *directory, struct rrd_minutes *minutes, char *error);
void rrd_floors_free(struct rrd_floors *floors);

/* ---- paths ---- */

/* DIR/FILE, or DIR/hosts/HOST/FILE for a host. False when it is too long. */
bool rrd_path(char *path, size_t octets, const char *directory, const char *host, enum rrd_kind kind);

/* Calls `each` with the name of every host that has a directory, in the order of their names. */
void rrd_each_host(const char *directory, void (*each)(void *context, const char *host), void *context);

#endif
