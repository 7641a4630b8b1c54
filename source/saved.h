/* Saved positions one by one, for who shows them or moves them to another host: what source_set_save() writes and
 * source_set_load() reads. What a position is made of stays its source's secret.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SAVED_H
#define MAILTALLY_SAVED_H

#include "source.h"

struct saved_position {
    enum source_type type;
    struct span name;
    int64_t seen;           /* when its source was last in a set: seconds since 1970 */
    uint64_t lines, octets; /* read from it so far; they are in `part` and only told */
    struct span part;
};

/* How many there are; false when the octets make no sense. Then each of them; false at the end, or when they make no
 * sense, which load->failed tells. */
bool saved_begin(struct load *load, uint64_t *n);
bool saved_next(struct load *load, uint64_t *n, struct saved_position *position);

/* Adds one to a list that is written; then makes of the list, and of how many there are, what source_set_load()
 * reads. */
void saved_add(struct store *list, const struct saved_position *position);
void saved_end(struct store *store, uint64_t n, const struct store *list);

#endif
