/* mailtallyTotals: the counters over all hosts.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mib.h"

#include "oids.h"

static const oid columns[] = {
#define COUNTER(number, identifier, name, unit, rrd, meaning) number,
#include "../parser/counters.def"
#undef COUNTER
};

static void value_of(struct mib_view *view, size_t row, oid column, struct mib_value *value)
{
    (void)row;
    mib_counter(value, tallies_total(view->snapshot->tallies)->counters[column]);
}

const struct mib_group mib_totals = {
    .name = "mailtallyTotals",
    .arcs = { OID_OBJECTS, OID_TOTALS },
    .arcs_n = 2,
    .columns = columns,
    .columns_n = sizeof columns / sizeof columns[0],
    .rows = mib_one_row,
    .index = mib_index_zero,
    .value = value_of,
};
