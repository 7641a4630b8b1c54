/* Verdicts of filters that log several lines for one message (amavisd-new: one for each group of recipients). The worst
 * line of a verdict's id counts, once, when a moment has passed by the log's own time and no more lines come.
 *
 * One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_VERDICT_H
#define MAILTALLY_VERDICT_H

#include "event.h"
#include "store.h"

#define VERDICT_WAIT_S   2
#define VERDICTS_DECIDED 256 /* ids that are remembered after they were counted */

struct verdicts;

/* decided: called with each verdict that counts. NULL without memory. */
struct verdicts *verdicts_new(uint64_t seed, void (*decided)(void *context, struct event *event), void *context);
void verdicts_free(struct verdicts *verdicts);

/* A verdict (EVENT_VERDICT, with verdict_id). False when another one had to be decided before all its lines were in. */
bool verdicts_put(struct verdicts *verdicts, const struct event *event);

/* Decides what is older than `now` allows on this host, NULL: on all; INT64_MAX: everything. */
void verdicts_settle(struct verdicts *verdicts, int64_t now, const struct tally *host);

/* The saved state: what is not counted yet; and, good for the same seed and layout of keys only, the ids of what was.
 * After a failure of load: verdicts_forget(), which empties both. */
struct tallies;
void verdicts_save(const struct verdicts *verdicts, const struct tallies *tallies, struct store *store);
void verdicts_load(struct verdicts *verdicts, struct tallies *tallies, struct load *load);
void verdicts_save_decided(const struct verdicts *verdicts, struct store *store);
void verdicts_load_decided(struct verdicts *verdicts, struct load *load);
void verdicts_forget(struct verdicts *verdicts);

#endif
