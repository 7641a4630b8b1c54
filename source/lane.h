/* A thread that reads files of one mount point, for when the file system behind it stops answering: then it hangs, and
 * nobody else does.
 *
 * It owns a set of sources of its own, which are named by the row under which they were added, and hands over whole
 * blocks of lines, each with the position behind it, through a short queue. What it is busy with is never waited for:
 * the others ask since when it has been at it.
 * All functions are called by the thread that owns the other set; a lane shares nothing with it but the identities.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_LANE_H
#define MAILTALLY_LANE_H

#include "set.h"

#define LANE_BLOCKS   3 /* in the queue, or being filled */
#define LANE_OVERLONG 16

/* What is read at once, and a last line without a newline. */
#define LANE_BLOCK_OCTETS (READER_BUFFER_OCTETS + READER_LINE_OCTETS + 2)

/* Lines of one source: their text, each with a newline. */
struct lane_block {
    struct lane_block *next;
    size_t row;
    char *text; /* LANE_BLOCK_OCTETS */
    size_t n;
    size_t overlong[LANE_OVERLONG]; /* before which octets of the text lines stood that were above the cap */
    size_t overlong_n;
    struct store part; /* the position behind them: saved_write() */
};

struct lane_view {
    bool looked; /* at it, once */
    enum source_state state;
    uint64_t behind_octets, rotations, errors; /* rotations, errors: since the position of the last block */
    char last_error[256];
};

struct lane;

/* wake_fd: an eventfd that is written to when there is something new (duplicated). NULL without memory or threads. */
struct lane *lane_new(struct identities *identities, int64_t quiet_ms, int wake_fd);

/* Waits for the end of the thread until the deadline, and frees all. One that hangs is left alone, and frees all itself
 * should it ever get an answer. Call lane_tell_to_end() before, of all lanes. */
void lane_tell_to_end(struct lane *lane);
void lane_end(struct lane *lane, int64_t deadline_ms);

/* Adds a source, which begins at the position of `part` (copied; empty: it is new). Its row, or -1 without memory. */
int lane_add(struct lane *lane, enum source_type type, const char *path, struct span part);

/* Adds a pattern whose files are looked for every LANE_GLOB_MS. Its number, or -1 without memory. */
#define LANE_GLOB_MS 10000
int lane_add_pattern(struct lane *lane, const char *pattern);

/* Since when (source_clock_ms()) it has been busy with one thing; 0: it is not. */
int64_t lane_busy_since(struct lane *lane);

void lane_look(struct lane *lane, int row, struct lane_view *view);

/* The next block of this row, or NULL; to be given back. */
bool lane_has_block(struct lane *lane, int row);
struct lane_block *lane_take(struct lane *lane, int row);
void lane_give_back(struct lane *lane, struct lane_block *block);

/* Calls `each` for what the pattern stood for when it was expanded last; false: it never was. */
bool lane_each_path(struct lane *lane, int pattern, void (*each)(void *context, const char *path), void *context);

#endif
