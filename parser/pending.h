/* Events that are kept for a moment, because a later line may change what they count as: verdicts (verdict.h), and
 * deliveries to a pipe that may turn out to be a content filter (flow.c).
 *
 * What is kept is a copy of the line too, so its spans are good. The time is the log's own. One thread; when all places
 * are taken, the event that is due first is decided early.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PENDING_H
#define MAILTALLY_PENDING_H

#include "event.h"
#include "store.h"

#define PENDING_EVENTS      64
#define PENDING_LINE_OCTETS 1024 /* of a kept line; spans behind that are kept empty */

struct pending;

/* decided: called with each event that stood until it was due, and the key it was kept by. NULL without memory. */
struct pending *pending_new(void (*decided)(void *context, uint64_t key, struct event *event), void *context);
void pending_free(struct pending *pending);

/* Keeps a copy until wait_s seconds after the line's time. key is not 0; it may be kept more than once. False when
 * another one had to be decided before its time, for want of room. */
bool pending_keep(struct pending *pending, uint64_t key, const struct event *event, int wait_s);

/* The event kept by this key that was kept first; NULL when there is none. */
const struct event *pending_find(const struct pending *pending, uint64_t key);

/* Keeps another event in the place of the one that was kept first by this key; the time it is due stays. */
void pending_replace(struct pending *pending, uint64_t key, const struct event *event);

/* Forgets all that was kept by this key. */
void pending_drop(struct pending *pending, uint64_t key);

/* Decides what is due at `now` (seconds since 1970; INT64_MAX: all) on this host, whose clock says so; NULL: on all.
 * Costs a comparison when nothing is. */
void pending_settle(struct pending *pending, int64_t now, const struct tally *host);

/* All that is kept, to and from the saved state; `kind` is what all of it is. What this version has no counter for is
 * left out. After a failure of load: pending_forget(), which empties it. */
struct tallies;
void pending_save(const struct pending *pending, const struct tallies *tallies, struct store *store);
void pending_load(struct pending *pending, enum event_kind kind, struct tallies *tallies, struct load *load);
void pending_forget(struct pending *pending);

#endif
