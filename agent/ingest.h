/* The ingest thread: sources -> parser -> tallies -> snapshots. It alone touches the sources, the parser and the
 * tallies; it never waits for the SNMP thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_INGEST_H
#define MAILTALLY_INGEST_H

#include "../config/config.h"
#include "snapshot.h"

struct ingest;

/* Reads the saved state and starts the thread, which owns the configuration from then on. It publishes into `snapshots`
 * at most four times a second, and writes to wake_fd, an eventfd, when it begins to read, when it has taken a new
 * configuration, and when the first backlog has been read. NULL when it
 * cannot start, which is logged; the configuration is freed then, too. Call with all signals blocked that others are to
 * get. rrd_locked: the lock on rrdDirectory is had. */
struct ingest *ingest_start(struct config *config, struct snapshots *snapshots, int wake_fd, bool rrd_locked);

/* When the counters began, on the monotonic clock, in hundredths of a second; and the value of
 * mailtallyAgentDiscontinuityTime when the state was saved. Before the thread has been running for long; the value is
 * noted from time to time. */
int64_t ingest_since_cs(const struct ingest *ingest, uint32_t *ticks);
void ingest_note_discontinuity(struct ingest *ingest, uint32_t ticks);

/* A sender on standard input has ended, and with it the daemon that it started. */
bool ingest_asks_to_end(const struct ingest *ingest);

/* Hands over a new configuration; it is used from the next line on, and owned by the thread. */
void ingest_reconfigure(struct ingest *ingest, struct config *config);
bool ingest_has_reconfigured(struct ingest *ingest); /* none that was handed over waits */

/* The turns that the thread has made: 0 before it begins to read, and more from second to second while it does not
 * hang. */
uint64_t ingest_beats(const struct ingest *ingest);

/* Ends the thread: what can be read at once is read, the state is saved, and all is freed. False when it does not end
 * in time (a read or a write that hangs): then everything is left as it is, and the process should _exit(). */
bool ingest_stop(struct ingest *ingest);

#endif
