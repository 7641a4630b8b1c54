/* The rows of a table of names in the order in which a report lists them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_ORDER_H
#define MAILTALLY_ORDER_H

#include "names.h"

enum order {
    ORDER_COUNT,        /* the most first; those of one count by their domains, as pflogsumm does it */
    ORDER_OCTETS,       /* likewise by size */
    ORDER_COUNT_OCTETS, /* the most first, the largest of them first, then by name */
    ORDER_NAME,
};

/* Pointers to the first `limit` rows (negative: all), without those whose count is 0 where `counted`; *n is their
 * number. Good until the next names_row(); to be freed. Without memory the process ends, and says so. */
const struct name **order_names(const struct names *names, enum order order, bool counted, int64_t limit, size_t *n);

/* A row whose name has levels, with NUL between them. */
#define LEVELS_MAX 3
struct branch {
    struct span levels[LEVELS_MAX];
    unsigned levels_n;
    uint64_t count;
};

/* Groups by name, the last level by count. To be freed. */
struct branch *order_branches(const struct names *names, size_t *n);

/* How many of `branches`, from the first on, share its levels up to `level` (0 is the outermost), and their sum. */
size_t branches_together(const struct branch *branches, size_t n, unsigned level, uint64_t *sum);

#endif
