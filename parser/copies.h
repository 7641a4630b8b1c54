/* Lines that a program writes twice, one behind the other, into the same log: Exim through syslog writes each refusal
 * for its main log and again for its reject log, unless syslog_duplication is false, and nothing in the text tells one
 * from the other.
 *
 * Where it does, the same text of one process comes an even number of times in a row; where it does not, it mostly
 * comes once. So what a host does is learned from its lines, and in doubt it is the program's default: that every
 * second line is a copy. A client that repeats itself within a second is counted right once that is known: four lines
 * are two refusals of a host that writes each twice, and four of one that does not.
 *
 * What a host does stands in its row of the tallies; of the processes, the 256 that wrote last are known. Nothing here
 * hangs on how hashes fall, for the same log counts the same each time. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_COPIES_H
#define MAILTALLY_COPIES_H

#include "event.h"
#include "store.h"
#include "tally.h"

struct copies; /* opaque */

/* seed: for the hashes of log data. NULL without memory. */
struct copies *copies_new(uint64_t seed);
void copies_free(struct copies *copies);

/* Whether this event, of a line with maybe_copy, is what the line before it said. To be asked once for each. */
bool copies_is_copy(struct copies *copies, const struct event *event);

/* How many more events the line's program means that says `the line before came so many times again`: as many, or half
 * of them where the line before was one that may have a copy. */
uint64_t copies_times(struct copies *copies, const struct line *line, uint64_t times);

/* To and from the saved state, with what is known of the tallies' hosts; good for the same seed only. After a failure
 * of load: copies_forget(). */
void copies_save(const struct copies *copies, const struct tallies *tallies, struct store *store);
void copies_load(struct copies *copies, struct tallies *tallies, struct load *load);
void copies_forget(struct copies *copies);

#endif
