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
    struct ingest_source *next; /* the row of the next one, made before that is added to the set */
};

/* The source of this type and name; NULL when there is none yet. */
struct ingest_source *status_source(const struct status *status, enum source_type type, const char *name);

/* The row that the next source gets: ask for it before the source is added to the set, and call status_add() when it
 * was. NULL without memory. */
struct ingest_source *status_row(struct status *status);
void status_add(struct status *status, const struct source_set *set);

/* Its lines count from now on; those that name no host are of this one. */
void status_want(struct ingest_source *source, const char *host);

/* Looks at every source; logs those that came into trouble or out of it. True when anything changed. */
bool status_look(struct status *status, const struct source_set *set);

/* No source is behind or in trouble: what is not read may still bring lines of the minutes that went by. */
bool status_all_is_read(const struct status *status);

/* What stamps without a year are nearest to. */
void status_clock(struct status *status, int64_t now);

/* The sources' part of a snapshot. False without memory. */
bool status_fill(const struct status *status, struct snapshot *snapshot);

/* Status and sentence of a snapshot whose other parts are filled in. */
void status_sentence(struct snapshot *snapshot);

void status_clear(struct status *status);

#endif
