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
    RRD_FILE_MISSING, /* or without content: a power cut leaves that of a new file */
    RRD_FILE_BAD,     /* unreadable, or of another layout */
};

/* Whether librrd should look at it at all: on a pipe it would wait for ever. False, with a sentence, when it is no
 * regular file, or empty, or not there. */
bool rrd_file_may_be(const char *path, char *error);

/* Whether the file is one of this kind: all its data sources, of its type and step 60. It may have more, and in
 * another order: *as_ours tells. *last: its last update, seconds since 1970. */
enum rrd_file_state rrd_file_look(const char *path, enum rrd_kind kind, int64_t *last, bool *as_ours, char *error);

/* A new file of mode 0644, whose last update is `start`, under a temporary name until it is whole. What is there is
 * not replaced, unless it has no content. */
bool rrd_file_create(const char *path, enum rrd_kind kind, int64_t start, char *error);

/* A file likewise, with all that the rows have. */
enum rrd_restore { RESTORE_NEW, RESTORE_NEW_SYNCED, RESTORE_REPLACING /* what is there, and synced */ };
bool rrd_file_restore(const char *path, const struct rows *rows, enum rrd_restore how, char *error);

/* Removes the temporary file that a killed process left beside it. */
void rrd_file_clear(const char *path);

/* values: "TIME:value:value..." in the order of the kind's data sources. */
bool rrd_file_update(const char *path, enum rrd_kind kind, const char *const *values, int n, char *error);

/* Run by root: what was just made gets the owner of the directory that it is in. */
void rrd_file_give_away(const char *path);

/* Its last update; -1 when it cannot be read. */
int64_t rrd_file_last(const char *path);

/* errno as a sentence with advice: "Permission denied (it belongs to user mailgraph: ...)". */
void rrd_file_explain(const char *path, const char *what, char *error);

#endif
