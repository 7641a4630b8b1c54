/* mailtallyRecentTable: what happened during the last minutes, summed up when it is asked for.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mib.h"

#include "oids.h"

static const oid columns[] = { OID_RECENT_NAME, OID_RECENT_LAST1_MINUTE, OID_RECENT_LAST5_MINUTES,
                               OID_RECENT_LAST15_MINUTES, OID_RECENT_LAST60_MINUTES };

static const enum counter counters[] = {
#define COUNTER(number, identifier, name, unit, rrd, meaning) COUNTER_##identifier,
#include "../parser/counters.def"
#undef COUNTER
};

static const int spans_s[] = {
    [OID_RECENT_LAST1_MINUTE] = 60,
    [OID_RECENT_LAST5_MINUTES] = 300,
    [OID_RECENT_LAST15_MINUTES] = 900,
    [OID_RECENT_LAST60_MINUTES] = 3600,
};

static size_t rows(const struct mib_view *view)
{
    (void)view;
    return sizeof counters / sizeof counters[0];
}

static size_t index_of(const struct mib_view *view, size_t row, oid *index)
{
    (void)view;
    index[0] = (oid)counters[row];
    return 1;
}

static void value_of(struct mib_view *view, size_t row, oid column, struct mib_value *value)
{
    if (column == OID_RECENT_NAME)
        mib_text(value, counter_name(counters[row]));
    else
        mib_gauge(value, tallies_recent(view->snapshot->tallies, counters[row], view->now, spans_s[column]));
}

const struct mib_group mib_recent = {
    .name = "mailtallyRecentTable",
    .arcs = { OID_OBJECTS, OID_RECENT_TABLE, OID_RECENT_ENTRY },
    .arcs_n = 3,
    .columns = columns,
    .columns_n = sizeof columns / sizeof columns[0],
    .rows = rows,
    .index = index_of,
    .value = value_of,
};
