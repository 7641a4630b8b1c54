/* Where the daemon's lines come from: followed files now, the journal, multilog directories and pipes as further rows
 * of the same table of operations.
 *
 * A set of sources is owned by one thread (the ingest thread). Nothing here blocks but source_set_wait().
 * Trouble with one source (missing, unreadable, stale) is its state and last error, never an end of the others.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SOURCE_H
#define MAILTALLY_SOURCE_H

#include "../parser/span.h"

enum source_type { SOURCE_FILE = 1, SOURCE_JOURNAL, SOURCE_DIRECTORY, SOURCE_STDIN };

enum source_state {
    SOURCE_OK = 1,
    SOURCE_CATCHING_UP, /* has lines that were not read yet */
    SOURCE_MISSING,
    SOURCE_UNREADABLE,
    SOURCE_FAILED,
};

struct source_status {
    const char *name; /* lives as long as the set */
    enum source_type type;
    enum source_state state;
    uint64_t lines, octets; /* read since the start */
    uint64_t behind_octets; /* not read yet, as far as is known */
    int64_t last_read;      /* seconds since 1970 when octets last came; TIME_UNKNOWN before the first */
    uint64_t rotations, errors;
    char last_error[256]; /* a sentence that says what is wrong and what to do; empty when nothing is */
};

struct source_set;

/* Takes each whole line, without its newline; `source` is the index in the set. overlong: the line was above
 * READER_LINE_OCTETS and is not given. */
struct source_lines {
    void (*line)(void *context, size_t source, struct span line);
    void (*overlong)(void *context, size_t source);
    void *context;
};

struct source_set *source_set_new(void);
void source_set_free(struct source_set *set);

/* Adds one file, which need not exist yet. host: the host of lines that name none, or NULL. Both are copied.
 * False without memory. Read from its beginning. */
bool source_set_add_file(struct source_set *set, const char *path, const char *host);

/* Likewise standard input, until it ends. */
bool source_set_add_stdin(struct source_set *set, const char *host);

void source_set_status(const struct source_set *set, size_t source, struct source_status *status);
const char *source_set_host(const struct source_set *set, size_t source); /* NULL: none was given */

/* Reads what is there, at most about max_octets in all, fairly among the sources; returns how many octets were handed
 * over: 0 means that nothing is left for now. The last line waits until its newline comes. */
size_t source_set_read(struct source_set *set, size_t max_octets, const struct source_lines *lines);

/* Waits until a source has news (inotify; a poll once a second where there is none), at most timeout_ms, or until
 * wake_fd becomes readable (-1: none). */
void source_set_wait(struct source_set *set, int timeout_ms, int wake_fd);

#endif
