/* What directory.c, batch.c, floors.c and fresh.c share. For these only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_DIRECTORY_INSIDE_H
#define MAILTALLY_RRD_DIRECTORY_INSIDE_H

#include "directory.h"

struct rrd_directory {
    char *path;
    struct cached *cached;      /* NULL: librrd writes itself */
    struct undo *undo;          /* NULL: not careful */
    struct fresh *fresh;        /* NULL: new files are made at once */
    int64_t (*last)[RRD_KINDS]; /* of each host's files, as far as known; 0: not looked at */

    /* The update that is being put together. */
    char *values;
    const char **list;
    size_t octets;
    int n;
};

/* What the archives can show: older minutes leave no trace. */
#define DIRECTORY_SPAN_S ((int64_t)RRD_STEP_S * 3360 * (RRD_ROWS + 1))

/* A file whose last update is further ahead of the clock takes nothing. */
#define DIRECTORY_AHEAD_S 600

/* An entry in the order of files. key: 16 bits of the host, 8 of the kind, 32 of the minute, 8 of the slot. */
struct directory_entry {
    uint64_t key, value;
};

struct directory_target {
    const char *path;
    enum rrd_kind kind;
    int64_t *last;
    struct rrd_report *report;
    char *error; /* of RRD_ERROR_OCTETS */
};

/* rrd_file_look(), behind what rrdcached still has to write. */
enum rrd_file_state directory_look(struct rrd_directory *directory, const char *path, enum rrd_kind kind, int64_t *last,
                                   char *error);

/* The directories between ours and the file. False with a sentence. */
bool directory_make_parents(struct rrd_directory *directory, const char *path, char *error);

/* Counts a file that could not be written; the first one's sentence is kept. */
void directory_tell(struct rrd_report *report, const char *path, const char *error);

/* False, told, when the disk is full. */
bool directory_has_room(const struct rrd_directory *directory, struct rrd_report *report);

/* Brings a file from its last update to the end of the batch with its entries. first: the minute with which a new file
 * begins. False, with a sentence, when not all of it is in the file. */
bool directory_write_file(struct rrd_directory *directory, const struct directory_target *target,
                          const struct rrd_batch *batch, int64_t first, const struct directory_entry *entries,
                          size_t n);

#endif
