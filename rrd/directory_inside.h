/* What directory.c, batch.c and floors.c share. For these only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_DIRECTORY_INSIDE_H
#define MAILTALLY_RRD_DIRECTORY_INSIDE_H

#include "directory.h"

struct rrd_directory {
    char *path;
    struct cached *cached;      /* NULL: librrd writes itself */
    struct undo *undo;          /* NULL: not careful */
    int64_t (*last)[RRD_KINDS]; /* of each host's files, as far as known; 0: not looked at */

    /* The update that is being put together. */
    char *values;
    const char **list;
    size_t octets;
    int n;
};

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

/* Brings a file from its last update to the end of the batch with its entries. first: the minute with which a new file
 * begins. False, with a sentence, when not all of it is in the file. */
bool directory_write_file(struct rrd_directory *directory, const struct directory_target *target,
                          const struct rrd_batch *batch, int64_t first, const struct directory_entry *entries,
                          size_t n);

#endif
