/* The queues that the configuration names, each read by a thread of its own every minute: one whose file system hangs
 * holds nobody up. What was read is shown until the next reading ends; when that fails, or hangs, nothing is shown, for
 * old numbers would look like new ones.
 *
 * The ingest thread calls these; before it begins and after it ended, whoever starts and ends it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_QUEUES_H
#define MAILTALLY_QUEUES_H

#include "../config/config.h"
#include "../source/queue.h"
#include "snapshot.h"

struct queues;

struct queues_times {
    struct queue_limits limits;
    int64_t
        every_ms; /* from the beginning of a reading to that of the next; longer when one takes more than half of it */
    int64_t again_ms; /* likewise when one failed */
};

/* NULL as the times: those of the daemon. NULL without memory. */
struct queues *queues_new(const struct queues_times *times);

/* The queues of this configuration from now on; those that stay keep what was read, and are read again at once. False
 * when one cannot be watched, which is logged. */
bool queues_configure(struct queues *queues, const struct config *config);

/* Logs those that came into trouble or out of it. True when something is new since the last call. */
bool queues_look(struct queues *queues);

/* The queues' part of a snapshot. */
void queues_fill(const struct queues *queues, struct snapshot *snapshot);

/* A thread that hangs is left behind. */
void queues_free(struct queues *queues);

#endif
