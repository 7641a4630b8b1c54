/* Where the lines of a block end: many newlines are found in one pass that hardly branches, where a search for each
 * would end at a distance that no processor foretells.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_NEWLINES_H
#define MAILTALLY_NEWLINES_H

#include "span.h"

#define NEWLINES_MAX 32

/* The offsets of the first newlines of a block, at most NEWLINES_MAX; beyond them `ends` needs room for the octets that
 * are looked at together. Returns how many there are. */
#define NEWLINES_ROOM (NEWLINES_MAX + 64)
size_t newlines_find(struct span block, size_t *ends);

#endif
