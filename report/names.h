/* Names from a log (addresses, domains, texts) with what was counted of each, in bounded memory.
 *
 * Up to the cap everything is exact. A name more makes room: those that were counted least are dropped, half of the
 * table at once, and what they had goes to the sum `other`. From then on a count may be too low by names_missed() at
 * most, and names_distinct() is an estimate (HyperLogLog, 1 %). Sums over the table and `other` are always exact.
 *
 * Rows move when a name is added: a pointer is good until the next names_row(). One thread. Hashes are seeded.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_NAMES_H
#define MAILTALLY_NAMES_H

#include "../parser/span.h"

#define NAME_OCTETS_MAX 1024 /* a longer name is cut */

struct name {
    uint64_t count, octets;
    uint64_t hash;
    uint32_t text_at; /* in the table's texts */
    uint32_t text_n;
};

/* With what a host or domain has besides. `name` first: a row of either kind begins with it. */
struct domain {
    struct name name;
    uint64_t deferrals;
    uint64_t timed;    /* of what `name.count` counts, those whose delay is known, */
    uint64_t delay_ms; /* and its sum over these */
    uint64_t delay_max_ms;
};

struct names; /* opaque */

/* row_octets: sizeof(struct name) or of a struct that begins with one. cap: rows, at least 2. NULL without memory. */
struct names *names_new(size_t row_octets, uint32_t cap, uint64_t seed);
void names_free(struct names *names);

/* The row of this name; made, with zeros, where there is none. Never NULL: without memory the process ends, and says
 * so. */
void *names_row(struct names *names, struct span text);

uint32_t names_rows(const struct names *names);
const void *names_at(const struct names *names, uint32_t i); /* i < names_rows(); in no order */
struct span names_text(const struct names *names, const struct name *name);

bool names_is_exact(const struct names *names);
uint64_t names_distinct(const struct names *names);
uint64_t names_missed(const struct names *names);

/* What the dropped rows had: `name` and what follows it, but for delay_max_ms. */
const struct domain *names_other(const struct names *names);

/* Takes in what another table like this one dropped: it had so many distinct names, and its counts may miss so much. */
void names_add_dropped(struct names *names, const struct domain *other, uint64_t missed, uint64_t distinct);

#endif
