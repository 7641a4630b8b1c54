/* mailtallyDelayTable: how long deliveries took.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mib.h"

#include "oids.h"

static const oid columns[] = { OID_DELAY_BOUND, OID_DELAY_RECIPIENTS };

static size_t rows(const struct mib_view *view)
{
    (void)view;
    return DELAY_BUCKETS;
}

static size_t index_of(const struct mib_view *view, size_t row, oid *index)
{
    (void)view;
    index[0] = row + 1;
    return 1;
}

static void value_of(struct mib_view *view, size_t row, oid column, struct mib_value *value)
{
    const struct tallies *tallies = view->snapshot->tallies;
    int bucket = (int)row;

    if (column == OID_DELAY_BOUND)
        mib_gauge(value, bucket < DELAY_BUCKETS - 1 ? delay_bounds_s[bucket] : UINT32_MAX);
    else
        mib_counter(value,
                    tallies_delays(tallies, COUNTER_SENT, bucket) + tallies_delays(tallies, COUNTER_DELIVERED, bucket));
}

const struct mib_group mib_delays = {
    .name = "mailtallyDelayTable",
    .arcs = { OID_OBJECTS, OID_DELAY_TABLE, OID_DELAY_ENTRY },
    .arcs_n = 3,
    .columns = columns,
    .columns_n = sizeof columns / sizeof columns[0],
    .rows = rows,
    .index = index_of,
    .value = value_of,
};
