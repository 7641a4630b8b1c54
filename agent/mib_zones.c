/* mailtallyZoneTable: refusals by the zone of the DNS blocklist.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mib.h"

#include "oids.h"

static const oid columns[] = { OID_ZONE_PERMANENT, OID_ZONE_TEMPORARY, OID_ZONE_WARNED };

static const struct zone *zone(const struct mib_view *view, size_t row)
{
    return tallies_zone_at(view->snapshot->tallies, view->snapshot->zones[row]);
}

static size_t rows(const struct mib_view *view)
{
    return view->snapshot->zones_n;
}

static size_t index_of(const struct mib_view *view, size_t row, oid *index)
{
    return mib_index_of_text(zone(view, row)->name, zone(view, row)->name_octets, index);
}

static void value_of(struct mib_view *view, size_t row, oid column, struct mib_value *value)
{
    const struct zone *counts = zone(view, row);

    if (column == OID_ZONE_PERMANENT)
        mib_counter(value, counts->permanent);
    else
        mib_counter(value, column == OID_ZONE_TEMPORARY ? counts->temporary : counts->warned);
}

const struct mib_group mib_zones = {
    .name = "mailtallyZoneTable",
    .arcs = { OID_OBJECTS, OID_ZONE_TABLE, OID_ZONE_ENTRY },
    .arcs_n = 3,
    .columns = columns,
    .columns_n = sizeof columns / sizeof columns[0],
    .rows = rows,
    .index = index_of,
    .value = value_of,
};
