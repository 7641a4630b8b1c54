/* Repeated lines: `message repeated 3 times: [ text ]`, `last message repeated 3 times`, `above message repeats 3
 * times` stand for so many more of the previous line's events of that host.
 *
 * What the last line of each host counted is kept beside its row. One thread, and one of these at a time for the same
 * tallies.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_REPEAT_H
#define MAILTALLY_REPEAT_H

#include "tally.h"

#define REPEAT_EVENTS       4  /* of one line */
#define REPEAT_ZONES_OCTETS 72 /* of one line together */

struct repeats; /* opaque */

struct repeats *repeats_new(void);
void repeats_free(struct repeats *repeats);

/* How often the line says that the one before it came again; 0: it is no such line. */
uint64_t repeat_count(const struct header *header);

/* A line of this host begins: what the one before it counted is forgotten. */
static inline void repeats_begin(const struct line *line)
{
    line->tally->last_events = 0;
}

/* The line counted this. */
void repeats_note(struct repeats *repeats, const struct event *event);

/* Counts the events of the host's previous line again, `times` times each, with this line as evidence. */
void repeats_again(const struct repeats *repeats, const struct line *line, uint64_t times,
                   void (*counted)(void *context, struct event *event), void *context);

/* To and from the saved state. After a failure of load: repeats_forget(), which empties it. */
void repeats_save(const struct repeats *repeats, const struct tallies *tallies, struct store *store);
void repeats_load(struct repeats *repeats, struct tallies *tallies, struct load *load);
void repeats_forget(struct repeats *repeats);

#endif
