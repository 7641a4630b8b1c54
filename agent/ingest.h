/* The ingest thread: sources -> parser -> tallies -> snapshots. It alone touches the sources, the parser and the
 * tallies; it never waits for the SNMP thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_INGEST_H
#define MAILTALLY_INGEST_H

#include "../config/config.h"
#include "snapshot.h"

struct ingest;

/* Starts the thread, which owns the configuration from then on. It publishes into `snapshots` at most four times a
 * second, and writes to wake_fd, an eventfd, when the first backlog has been read. NULL when it cannot start, which is
 * logged; the configuration is freed then, too. Call with all signals blocked that others are to get. */
struct ingest *ingest_start(struct config *config, struct snapshots *snapshots, int wake_fd);

/* Hands over a new configuration; it is used from the next line on, and owned by the thread. */
void ingest_reconfigure(struct ingest *ingest, struct config *config);

/* Ends the thread and frees all. False when it does not end within two seconds (a read that hangs): then everything
 * is left as it is, and the process should _exit(). */
bool ingest_stop(struct ingest *ingest);

#endif
