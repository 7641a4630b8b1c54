/* Repeated lines: `message repeated 3 times: [ text ]`, `last message repeated 3 times`, `above message repeats 3
 * times` stand for so many more of the previous line's events of that host.
 *
 * What the last line of each host counted is kept in a small table: of hosts that crowd each other out of it, only the
 * latest is known. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_REPEAT_H
#define MAILTALLY_REPEAT_H

#include "event.h"
#include "store.h"

#define REPEAT_HOSTS       256 /* a power of two */
#define REPEAT_EVENTS      4   /* of one line */
#define REPEAT_ZONE_OCTETS 64

struct repeats; /* opaque */

struct repeats *repeats_new(void);
void repeats_free(struct repeats *repeats);

/* How often the line says that the one before it came again; 0: it is no such line. */
uint64_t repeat_count(const struct header *header);

/* A line of this host begins: what the one before it counted is forgotten. */
void repeats_begin(struct repeats *repeats, const struct tally *host);

/* The line counted this. */
void repeats_note(struct repeats *repeats, const struct event *event);

/* Counts the events of the host's previous line again, `times` times each, with this line as evidence. */
void repeats_again(const struct repeats *repeats, const struct line *line, uint64_t times,
                   void (*counted)(void *context, struct event *event), void *context);

/* To and from the saved state. After a failure of load: repeats_forget(), which empties it. */
struct tallies;
void repeats_save(const struct repeats *repeats, const struct tallies *tallies, struct store *store);
void repeats_load(struct repeats *repeats, struct tallies *tallies, struct load *load);
void repeats_forget(struct repeats *repeats);

#endif
