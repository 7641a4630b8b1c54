/* Inside a set of sources: what source.c and the kinds of source (follow.c, stream.c) share. Nobody else includes it,
 * but for tests that want a shorter rotation.
 *
 * A kind of source is a struct that begins with struct source, a constant table of operations, and a function that
 * makes one; the journal and multilog directories become further ones. One thread owns a set.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SET_H
#define MAILTALLY_SET_H

#include "reader.h"
#include "source.h"
#include "watch.h"

/* A file that was renamed is given up for its successor when nothing came for so long. */
#define SOURCE_QUIET_MS 2000
/* How often the world is looked at without a hint from inotify. */
#define SOURCE_SWEEP_MS 1000
#define SOURCES_CAP     4096

struct source {
    const struct source_ops *ops;
    struct source_set *set;
    size_t index;
    char *name, *host;
    enum source_state state; /* but for SOURCE_CATCHING_UP, which follows from behind_octets */
    uint64_t lines, octets, rotations, errors, behind_octets;
    int64_t last_read;
    char last_error[256];
    bool due;      /* to be looked at */
    bool ready;    /* may have something to read */
    bool restless; /* to be looked at again at each turn of a wait: time or a descriptor decides */
};

struct source_ops {
    enum source_type type;
    /* Finds out what appeared, grew, was cut off or went; sets ready, behind_octets and trouble. Some stat(2). */
    void (*look)(struct source *source);
    /* Hands over about `octets` (one block) of what is ready and returns how many they were; 0: nothing is left. */
    size_t (*read)(struct source *source, size_t octets, const struct source_lines *lines);
    /* Whether news of `name` in the directory `watch` is for this source. NULL: never. */
    bool (*concerns)(const struct source *source, int watch, const char *name);
    /* What becomes readable when there is more; -1 nothing. NULL: nothing ever. */
    int (*descriptor)(const struct source *source);
    /* Frees all but what source_free() in source.c knows of. */
    void (*close)(struct source *source);
};

struct source_set {
    struct source **sources;
    size_t sources_n, room;
    size_t turn;         /* whose turn it is to be read first */
    struct watch *watch; /* NULL where the system gives none: then the sweep finds everything */
    int64_t last_sweep_ms;
    int64_t quiet_ms;
    char *block; /* READER_BUFFER_OCTETS; whoever reads uses it */
};

/* Takes over `source` (allocated, size of its kind, zeroed but for what the kind needs). False without memory or above
 * the cap: then it was freed. name and host are copied. */
bool source_adopt(struct source_set *set, struct source *source, const struct source_ops *ops, const char *name,
                  const char *host);

/* Gives the whole lines of a block; returns the octets up to behind the last newline. *skipping: the block begins
 * inside a line that is above the cap; changed as it ends or begins. */
size_t source_give_lines(struct source *source, const struct source_lines *lines, struct span block, bool *skipping);

/* A last line without a newline, when no more can come. */
void source_give_rest(struct source *source, const struct source_lines *lines, struct span rest, bool *skipping);

/* State and last error; counts when the trouble is new. `advice` may be empty. */
void source_trouble(struct source *source, enum source_state state, const char *what, int why, const char *advice);
void source_trouble_ends(struct source *source);

int64_t source_clock_ms(void); /* monotonic */

extern const struct source_ops follow_ops, stream_ops;

#endif
