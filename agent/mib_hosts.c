/* mailtallyHostTable: the counters of each host, and the last 15 minutes of some.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mib.h"

#include "oids.h"

static const oid columns[] = {
    OID_HOST_LAST_EVENT_AGE,
#define COUNTER(number, identifier, name, unit, rrd, meaning) OID_HOST_COUNTERS + number,
#include "../parser/counters.def"
#undef COUNTER
    OID_HOST_RECENT_BOUNCED, OID_HOST_RECENT_DEFERRED, OID_HOST_RECENT_REJECTED,
    OID_HOST_RECENT_SPAM,    OID_HOST_RECENT_VIRUS,    OID_HOST_RECENT_AUTH_FAILED,
};

static const struct tally *host(const struct mib_view *view, size_t row)
{
    return tallies_host_at(view->snapshot->tallies, view->snapshot->hosts[row]);
}

static size_t rows(const struct mib_view *view)
{
    return view->snapshot->hosts_n;
}

static size_t index_of(const struct mib_view *view, size_t row, oid *index)
{
    const struct tally *tally = host(view, row);

    return mib_index_of_text(tally->name, tally->name_octets, index);
}

static void value_of(struct mib_view *view, size_t row, oid column, struct mib_value *value)
{
    const struct tally *tally = host(view, row);

    if (column == OID_HOST_LAST_EVENT_AGE)
        mib_age(value, view, tally->last_event);
    else if (column >= OID_HOST_RECENT_BOUNCED)
        mib_gauge(value, tallies_host_recent(view->snapshot->tallies, tally,
                                             recents_counter((enum recents_kind)(column - OID_HOST_RECENT_BOUNCED)),
                                             view->now));
    else
        mib_counter(value, tally->counters[column - OID_HOST_COUNTERS]);
}

const struct mib_group mib_hosts = {
    .name = "mailtallyHostTable",
    .arcs = { OID_OBJECTS, OID_HOST_TABLE, OID_HOST_ENTRY },
    .arcs_n = 3,
    .columns = columns,
    .columns_n = sizeof columns / sizeof columns[0],
    .rows = rows,
    .index = index_of,
    .value = value_of,
};
