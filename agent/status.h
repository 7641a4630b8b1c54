/* The sources as the daemon sees them, and what is said of them: states, log messages when one changes, and the
 * sentence that the MIB shows. The ingest thread's own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_STATUS_H
#define MAILTALLY_STATUS_H

#include "../source/source.h"
#include "snapshot.h"

/* What a set of sources calls standard input. */
#define STANDARD_INPUT "standard input"

struct ingest_source {
    struct parser_source parser;     /* the parser's memory of this source */
    char host[HOST_NAME_OCTETS + 1]; /* of lines that name none */
    bool wanted;                     /* it is configured; lines of others are dropped */
    struct source_status status;     /* as it was last seen */
};

struct status {
    struct ingest_source **sources; /* by the index in the set; each stays where it is */
    size_t sources_n, room;
};

/* The source of this name; NULL when there is none yet. */
struct ingest_source *status_source(const struct status *status, const char *name);

/* Adds a source to the set, and its row here, which has the same index: a file, or STANDARD_INPUT. NULL without memory
 * or when the set is full; then nothing was added. */
struct ingest_source *status_add(struct status *status, struct source_set *set, const char *path, const char *host);

/* Its lines count from now on; those that name no host are of this one. */
void status_want(struct ingest_source *source, const char *host);

/* Looks at every source; logs those that came into trouble or out of it. True when anything changed. */
bool status_look(struct status *status, const struct source_set *set);

/* What stamps without a year are nearest to. */
void status_clock(struct status *status, int64_t now);

/* The sources' part of a snapshot. False without memory. */
bool status_fill(const struct status *status, struct snapshot *snapshot);

/* Status and sentence of a snapshot whose other parts are filled in. */
void status_sentence(struct snapshot *snapshot);

void status_clear(struct status *status);

#endif
