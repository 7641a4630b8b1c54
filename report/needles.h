/* Many texts are looked for in a block of a log at once, at the speed of memory.
 *
 * Each text is known by three octets in its middle, those that are the rarest in a sample of the log; what has them is
 * compared as a whole. Owned by the caller; one thread; after needles_prepare() it is only read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_NEEDLES_H
#define MAILTALLY_NEEDLES_H

#include "../parser/span.h"

#define NEEDLE_OCTETS_MIN 3 /* a shorter one cannot be looked for */
#define NEEDLES_MAX       64

struct needles; /* opaque */

struct needles *needles_new(void); /* NULL without memory */
void needles_free(struct needles *needles);

/* Copies it. nocase: without regard to the case of ASCII letters from octet `nocase_from` on. False when it is too
 * short, there are too many, or there is no memory. */
bool needles_add(struct needles *needles, struct span text, size_t nocase_from);

/* Before the first search, and after needles_add(). */
void needles_prepare(struct needles *needles, struct span sample);

/* Where one of them stands first in [p, end), by the place of its rare octets; NULL: none does. */
const char *needles_next(const struct needles *needles, const char *p, const char *end);

#endif
