/* RRD files beside the counting: the ingest thread counts by minute, and a thread of its own writes what was closed,
 * however long that takes. Nothing is written before the state that holds it is on the disk (see ../rrd/minutes.h), so
 * after a crash it is written again where it is missing, and nowhere twice.
 *
 *     recorder_new -> recorder_attach -> ( recorder_turn, recorder_save, recorder_saved ) ... -> recorder_free
 *
 * All functions but the thread's own belong to the ingest thread. Whatever goes wrong with the files is a sentence; it
 * is logged here, once for each new reason, and never stops the counting.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RECORDER_H
#define MAILTALLY_RECORDER_H

#include "../config/config.h"
#include "snapshot.h"
#include "state.h"

struct recorder;

/* Starts the thread; goes on from the state's section. wake_fd, an eventfd, is written to when a batch has ended.
 * locked: whoever started us has the lock on the directory; else it is tried before writing. NULL without memory. */
struct recorder *recorder_new(const struct config *config, const struct state *state, bool locked, int wake_fd);

/* Counts what this parser counts. Again for each new parser. */
void recorder_attach(struct recorder *recorder, struct parser *parser);

/* All sources are read to their ends. */
void recorder_clock(struct recorder *recorder, int64_t now);

/* Takes the result of a batch, and hands out the next when there is one. live: the sources are read to their ends; else
 * batches are large. state_is_lost: no state can be saved, so that waiting for one is of no use. True when what
 * recorder_trouble() says has changed. */
bool recorder_turn(struct recorder *recorder, bool live, bool state_is_lost);

/* Somebody waits for the next state: a minute is closed. */
bool recorder_wants_saving(const struct recorder *recorder, bool live);

/* Too much waits to be written: read on when there is less. */
bool recorder_is_full(const struct recorder *recorder);

/* What waits in the queues, as the snapshot has it: written into a file once a minute. Nothing is written of a time
 * when one of them could not be read. */
void recorder_queues(struct recorder *recorder, const struct snapshot *snapshot);

/* The section of a state; and that this state is on the disk. */
void recorder_save(struct recorder *recorder, struct store *section);
void recorder_saved(struct recorder *recorder);

/* What of another configuration needs a restart is logged. */
void recorder_tell_changes(const struct config *from, const struct config *to);

/* Why files or pages are not written: a sentence; "" when all is well. */
const char *recorder_trouble(struct recorder *recorder);

/* Ends the thread, in the middle of a batch: the state has what is not written. False when it hangs after wait_ms: then
 * all is left as it is, and the process should _exit(). */
bool recorder_free(struct recorder *recorder, int64_t wait_ms);

#endif
