/* What a new RRD file has after many minutes, computed here: librrd takes one to two microseconds for each value of
 * each minute, 0 or not, which for years of logs is a hundred times as long as reading them. Here a minute costs what
 * happened in it.
 *
 * The same operations in the same order as in librrd's rrd_update.c, so that the same numbers come out; a test holds
 * both against each other. Each archive keeps its last rows only: memory does not grow with the log.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_ROWS_H
#define MAILTALLY_RRD_ROWS_H

#include <stdio.h>

#include "kinds.h"

struct rows;

/* The file's first value is of the minute `first` (seconds since 1970), and not 0 or later than 2106. NULL without
 * memory. */
struct rows *rows_new(enum rrd_kind kind, int64_t first);
void rows_free(struct rows *rows);

/* The value of one of the kind's data sources in a minute that is later than those told before, or nothing happens; not
 * told is 0. False without memory. */
bool rows_add(struct rows *rows, unsigned source, int64_t minute, uint64_t value);

/* All minutes until this one are told. */
void rows_end(struct rows *rows, int64_t upto);
int64_t rows_upto(const struct rows *rows);

/* How many minutes it has. */
uint64_t rows_minutes(const struct rows *rows);

/* As "rrdtool dump" would print it, with all digits. */
void rows_put_xml(const struct rows *rows, FILE *file);

#endif
