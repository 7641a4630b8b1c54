/* Saving the state beside the counting: the ingest thread fills the sections in memory, at a line boundary, and a
 * thread of its own puts them on the disk, however long that takes. When to save is decided here, too: at most every
 * interval, sooner when somebody waits for it, more and more seldom while it fails.
 *
 *     saver_new -> ( saver_due -> saver_sections, fill -> saver_write -> saver_news ) ... -> saver_free
 *
 * All functions but the thread's own belong to one thread, the ingest thread. Failures are sentences; they are logged
 * here, once for each new reason.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SAVER_H
#define MAILTALLY_SAVER_H

#include "state_file.h"

#define SAVER_URGENT_MS  20    /* between two saves that somebody waits for */
#define SAVER_BACKOFF_MS 60000 /* the longest pause after a failure */

struct saver;

/* Starts the thread. wake_fd, an eventfd, is written to when a save has ended. set_aside: the state that is on the disk
 * is damaged or foreign, which this word says; it is renamed before anything is written. NULL without memory. */
struct saver *saver_new(const char *directory, int64_t interval_ms, const char *set_aside, int wake_fd);

/* Whether the state is to be saved now; never while the thread is at work. changed: there is something new. urgent:
 * somebody waits for it to be saved. */
bool saver_due(const struct saver *saver, bool changed, bool urgent);

/* Milliseconds until it may be due, at most `most`. */
int64_t saver_wait_ms(const struct saver *saver, bool changed, bool urgent, int64_t most);

/* Empty sections, to be filled; only when it was due, or nothing is under way. Then to be written. */
struct store *saver_sections(struct saver *saver);
void saver_write(struct saver *saver);

/* What became of the last save: each once. Whoever waits for a save gives `wait_ms`. */
enum saver_news { SAVER_NOTHING, SAVER_SAVED, SAVER_FAILED };
enum saver_news saver_news(struct saver *saver, int64_t wait_ms);

bool saver_is_busy(const struct saver *saver); /* the thread is at work */
void saver_set_interval(struct saver *saver, int64_t interval_ms);
/* When it is due is told by this clock instead of monotonic_ms(): for whoever cannot wait. Before the first save. */
void saver_set_clock(struct saver *saver, int64_t (*clock_ms)(void));

uint64_t saver_failures(const struct saver *saver); /* since saver_new() */
/* Why the state is at risk: a sentence; "" when the last save was good. */
const char *saver_trouble(const struct saver *saver);

/* Ends the thread. False when it is still writing after wait_ms: then all is left as it is, and the process should
 * _exit(). */
bool saver_free(struct saver *saver, int64_t wait_ms);

#endif
