/* What earlier lines said of a message by its queue id, for the line that counts and does not say it again: the client
 * that brought it and its sender; of a delivery that has a name of its own (qmail), the recipient.
 *
 * The last NOTES_OCTETS of what was said are known, some 12 000 messages, NOTES_MAX at most: what is older is
 * forgotten. Fixed memory; one thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_NOTES_H
#define MAILTALLY_NOTES_H

#include "../parser/event.h"

#define NOTES_OCTETS (1u << 20)
#define NOTES_MAX    (1u << 14)

struct notes; /* opaque */

struct notes *notes_new(uint64_t seed);
void notes_free(struct notes *notes);

/* Takes down the client and address (from, to) of this id, in place of what was said before. An address whose p is NULL
 * is unknown. */
void notes_put(struct notes *notes, const struct line *line, struct span id, struct span client, struct span address);

/* False when nothing is known. The spans are good until the next notes_put(). */
bool notes_find(const struct notes *notes, const struct line *line, struct span id, struct span *client,
                struct span *address);

#endif
