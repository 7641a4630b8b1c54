/* Inside the followed file: what follow.c (while it runs), resume.c (after a stop, and what
 * rotation left) and positions.c (the saved form) share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FOLLOW_H
#define MAILTALLY_FOLLOW_H

#include "generation.h"

#define GENERATIONS_MAX 16 /* of one log that are open at the same time; more wait under their names */
#define FINISHED_MAX    3  /* so many of them may have been read to their ends */

struct follow {
    struct source source;
    char *directory;
    int watch;
    struct generation generations[GENERATIONS_MAX]; /* the oldest first */
    size_t generations_n;
    /* Positions have no file: they are of an earlier run, or their file system went. */
    bool lost_sight;
    int64_t missed_ms;  /* since when one of them is nowhere; 0: none is */
    unsigned unsettled; /* how often in a row names changed while they were looked at */
    /* Files that are newer than the last generation are to be looked for; resuming: they were written long ago. */
    bool behind, resuming;
    bool sees;             /* the last generation is the file of the name, at this look */
    struct timespec added; /* when this source was */
    struct timespec seen;  /* when the file of the name had last changed; what came after it is newer */
    /* What was lost was written until then, and nothing that is newer was read; 0: nothing was lost. */
    struct timespec since;
    bool alias;       /* the file of this name is read as another source's */
    int64_t gone_ms;  /* since when the name has no file; 0: it has one */
    int64_t retry_ms; /* after a read error: when to read again; 0: there was none */
};

static inline struct follow *follow_of(struct source *source)
{
    return (struct follow *)source;
}

/* The open generation of this file; NULL: none. */
struct generation *follow_open_one(struct follow *follow, const struct stat *status);

/* Makes room for a generation before the one at `at`; NULL when there is none. */
struct generation *follow_insert(struct follow *follow, size_t at);
void follow_remove(struct follow *follow, size_t at, bool left);

/* ---- resume.c ---- */

/* Looks for the files of all positions that have none open. named: the file of the name; NULL: it has none. Tells what
 * is nowhere; sets lost_sight to false when there is nothing left to look for. */
void resume_find(struct follow *follow, const struct stat *named);

/* Opens what is newer than the last generation, and the file of the name last; clears `behind` when all of it is. */
void resume_catch_up(struct follow *follow, const struct stat *named);

/* The generation at `at` was truncated, or changed while it had no identity: it may have been copied and truncated
 * (again) before we saw the lines that it had then. Opens such copies in front of it. */
void resume_find_missed(struct follow *follow, size_t at);

/* Looks for the copy that was made before the generation at `at` was truncated, so that what was not read of it is read
 * there. True: it was put in front of it. */
bool resume_find_copy(struct follow *follow, size_t at);

/* ---- positions.c ---- */

void positions_save(struct source *source, struct store *store);
bool positions_load(struct source *source, struct load *load);

/* Tells the identities of saved positions whose source was not added; returns how many `numbers` they have. */
size_t positions_tell(struct identities *identities, struct load *load, void *saved, uint32_t numbers[GENERATIONS_MAX]);

#endif
