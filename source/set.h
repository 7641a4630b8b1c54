/* Inside a set of sources: what source.c and the kinds of source (follow.c, stream.c, multilog.c, journal.c) share.
 * Nobody else includes it, but for tests that want a shorter rotation.
 *
 * A kind of source is a struct that begins with struct source, a constant table of operations, and a function that
 * makes one. One thread owns a set.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SET_H
#define MAILTALLY_SET_H

#include "reader.h"
#include "source.h"
#include "turns.h"
#include "watch.h"

struct identities;
struct lanes;
struct listings;
struct mounts;
struct saved_source;

/* A file that was renamed is given up for its successor when nothing came for so long. */
#define SOURCE_QUIET_MS 2000
/* How often the world is looked at without a hint from inotify. */
#define SOURCE_SWEEP_MS 1000
/* So long a file system may take to answer before its sources have failed. */
#define SOURCE_HANG_MS 5000
#define SOURCES_CAP    4096

struct source {
    const struct source_ops *ops;
    struct source_set *set;
    size_t index;
    char *name, *host;
    const char *base;        /* the last part of the name */
    enum source_state state; /* but for SOURCE_CATCHING_UP, which follows from behind_octets */
    uint64_t lines, octets, rotations, errors, behind_octets;
    int64_t last_read;
    char last_error[256];
    bool due;         /* wishes to be looked at; news and time are reasons, too */
    bool ready;       /* may have something to read */
    bool resting;     /* nobody wants it for now */
    bool restless;    /* to be looked at again at each turn of a wait: time or a descriptor decides */
    bool moved;       /* since the last save, though no line was handed over: see source_set_moved() */
    bool asks_to_end; /* whoever started the daemon has closed its standard input */
};

struct source_ops {
    enum source_type type;
    bool by_base;  /* only news of a name that is the last part of its own can concern it */
    bool fleeting; /* what was not read when the daemon ends is lost: see source_set_drain() */
    /* Finds out what appeared, grew, was cut off or went; sets ready, behind_octets and trouble. Some stat(2). */
    void (*look)(struct source *source);
    /* Hands over about `octets` (one block) of what is ready and returns how many they were; 0: nothing is left. */
    size_t (*read)(struct source *source, size_t octets, const struct source_lines *lines);
    /* Whether news of `name` in the directory `watch` is for this source. NULL: never. */
    bool (*concerns)(const struct source *source, int watch, const char *name);
    /* What becomes readable when there is more; -1 nothing. NULL: nothing ever. */
    int (*descriptor)(const struct source *source);
    /* It is not wanted for now, and will not be looked at or read. NULL: it is read all the same. */
    void (*rest)(struct source *source);
    /* Frees all but what source_free() in source.c knows of. */
    void (*close)(struct source *source);
    /* Writes the position behind the last whole line that was handed over, in a form that the next release reads too.
     * What all sources have (lines, octets, rotations, errors, last_read) is written by saved.c. NULL: there is none.
     */
    void (*save)(struct source *source, struct store *store);
    /* Reads it into a source that was just adopted and not looked at yet. False: it makes no sense; the source is then
     * as new. NULL: there is none. */
    bool (*load)(struct source *source, struct load *load);
    /* What the last save() wrote is safely on disk. NULL: it does not matter. */
    void (*saved)(struct source *source);
    /* Somebody waits for saved(). NULL: never. */
    bool (*wants_saving)(const struct source *source);
};

struct source_set {
    struct source **sources;
    size_t sources_n, room;
    struct turns turns;
    struct watch *watch; /* NULL where the system gives none: then the sweep finds everything */
    int64_t quiet_ms, hang_ms;
    char *block;                   /* READER_BUFFER_OCTETS; whoever reads uses it */
    struct identities *identities; /* which files are read by whom */
    bool is_part;                  /* a lane's: others have the positions that wait */
    struct listings *listings;
    struct mounts *mounts; /* NULL in a part: all of it is on one side already */
    unsigned mounts_seen;  /* their version when sources were put aside */
    struct lanes *lanes;   /* NULL: no source needed one yet */
    int wake_fd;           /* lanes tell here that they have something; -1: there are none */
    _Atomic int64_t *beat; /* told the time before anything that may hang; NULL: nobody listens */

    struct saved_source *waiting; /* positions whose source was not added yet */
    size_t waiting_n;
    size_t waiting_turn; /* sources are added in the order in which they were saved: where the next one is likely */
};

/* Takes over `source` (allocated, size of its kind, zeroed but for what the kind needs). False without memory or above
 * the cap: then it was freed. name and host are copied. A position that was saved for this type and name is loaded, so
 * all that load() needs must be there before. */
bool source_adopt(struct source_set *set, struct source *source, const struct source_ops *ops, const char *name,
                  const char *host);

/* A set that a lane reads: it shares what is known of files, has no inotify, and puts nothing aside. NULL without
 * memory. */
struct source_set *source_set_new_part(struct identities *identities);

/* aside.c: whether this path is to be read by a thread of its own, and such a source. */
bool aside_wanted(struct source_set *set, const char *path);
bool aside_add(struct source_set *set, enum source_type type, const char *path, const char *host);
/* Puts sources aside below which something was mounted since. */
void aside_look(struct source_set *set);
void aside_end(struct source_set *set);

/* Gives the whole lines of a block; returns the octets up to behind the last newline. *skipping: the block begins
 * inside a line that is above the cap; changed as it ends or begins. */
size_t source_give_lines(struct source *source, const struct source_lines *lines, struct span block, bool *skipping);

/* A last line without a newline, when no more can come. */
void source_give_rest(struct source *source, const struct source_lines *lines, struct span rest, bool *skipping);

/* State and last error; counts when the trouble is new. `advice` may be empty. */
void source_trouble(struct source *source, enum source_state state, const char *what, int why, const char *advice);
void source_trouble_ends(struct source *source);

/* Something went wrong once (lines were lost): an error that is counted and stays in last_error until another replaces
 * it; the source itself goes on. */
void source_remark(struct source *source, const char *what, const char *advice);

int64_t source_clock_ms(void); /* monotonic */

/* saved.c: the position of one source with what all have in common, as octets and back. */
void saved_write(struct source *source, struct store *part);
void saved_read(struct source *source, struct span part);
void saved_common(struct source *source, struct load *load); /* the part that all have in common */
/* Gives a source that was just added the position that waits for it. */
void saved_apply(struct source_set *set, struct source *source);
void saved_forget(struct source_set *set); /* all that wait; at the end */
/* The file of this source was another's, that is not configured any more: it goes on where that one ended. False: it
 * does not; `saved` may be NULL. */
bool saved_inherit(struct source *source, void *saved);

extern const struct source_ops follow_ops, stdin_ops, fifo_ops, multilog_ops, journal_ops;

#endif
