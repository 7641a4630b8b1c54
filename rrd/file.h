/* One RRD file, through librrd's thread-safe calls.
 *
 * No state; any thread, one at a time for each file. Errors are sentences without the path, in `error` of
 * RRD_ERROR_OCTETS.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_FILE_H
#define MAILTALLY_RRD_FILE_H

#include "rows.h"

#define RRD_ERROR_OCTETS 400

enum rrd_file_state {
    RRD_FILE_GOOD,
    RRD_FILE_MISSING,
    RRD_FILE_BAD, /* unreadable, or of another layout */
};

/* Whether the file is one of this kind: all its data sources, of its type and step 60. It may have more, and in
 * another order: *as_ours tells. *last: its last update, seconds since 1970. */
enum rrd_file_state rrd_file_look(const char *path, enum rrd_kind kind, int64_t *last, bool *as_ours, char *error);

/* A new file of mode 0644, whose last update is `start`, under a temporary name until it is whole. What is there is
 * not replaced. */
bool rrd_file_create(const char *path, enum rrd_kind kind, int64_t start, char *error);

/* A new file likewise, with all that the rows have. One thread of the process. */
bool rrd_file_restore(const char *path, const struct rows *rows, char *error);

/* values: "TIME:value:value..." in the order of the kind's data sources. */
bool rrd_file_update(const char *path, enum rrd_kind kind, const char *const *values, int n, char *error);

/* Run by root: what was just made gets the owner of the directory that it is in. */
void rrd_file_give_away(const char *path);

/* Its last update; -1 when it cannot be read. */
int64_t rrd_file_last(const char *path);

/* errno as a sentence with advice: "Permission denied (it belongs to user mailgraph: ...)". */
void rrd_file_explain(const char *path, const char *what, char *error);

#endif
