/* mailtallyAgent: how the daemon itself is.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mib.h"

#include <stdlib.h>
#include <time.h>

#include "oids.h"
#include "clock.h"
#include "state.h"

static const oid columns[] = {
    OID_AGENT_VERSION,
    OID_AGENT_START_TIME,
    OID_AGENT_DISCONTINUITY_TIME,
    OID_AGENT_STATUS,
    OID_AGENT_STATUS_TEXT,
    OID_AGENT_LINES_READ,
    OID_AGENT_LINES_RECOGNISED,
    OID_AGENT_LINES_IGNORED,
    OID_AGENT_LINES_UNRECOGNISED,
    OID_AGENT_LAST_EVENT_TIME,
    OID_AGENT_LAST_EVENT_AGE,
    OID_AGENT_BACKLOG_OCTETS,
    OID_AGENT_STATE_SAVE_FAILURES,
    OID_AGENT_LINES_OVERLONG,
    OID_AGENT_HOSTS_OVER_CAP,
    OID_AGENT_ZONES_OVER_CAP,
    OID_AGENT_MESSAGES_FOLLOWED,
    OID_AGENT_MESSAGES_FORGOTTEN,
};

/* When the counters began, on the clock of sysUpTime, which is the master's and starts anew with it. Two clocks are
 * compared, so the result trembles by hundredths of a second; it must not, for a change means that counters were
 * reset: what is nearly the last value is the last value. Nearly is meant modulo 2^32, for sysUpTime goes round after
 * 497 days. */
static void discontinuity(struct mib_view *view, struct mib_value *value)
{
    const int64_t near_cs = 200;
    int64_t ticks = (int64_t)netsnmp_get_agent_uptime() - (monotonic_ms() / 10 - view->since_cs);
    int64_t away = (int32_t)((uint32_t)ticks - view->discontinuity);

    if (view->discontinuity == STATE_TICKS_UNKNOWN || llabs(away) > near_cs)
        view->discontinuity = ticks < 0 ? 0 : (uint32_t)ticks;
    value->type = ASN_TIMETICKS;
    value->number = view->discontinuity;
}

static void agent_value(struct mib_view *view, const struct snapshot *s, oid column, struct mib_value *value)
{
    switch (column) {
    case OID_AGENT_VERSION:
        mib_text(value, MAILTALLY_VERSION);
        break;
    case OID_AGENT_START_TIME:
        mib_time(value, s->start_time);
        break;
    case OID_AGENT_DISCONTINUITY_TIME:
        discontinuity(view, value);
        break;
    case OID_AGENT_STATUS:
        mib_integer(value, s->status);
        break;
    case OID_AGENT_STATUS_TEXT:
        mib_text(value, s->status_text);
        break;
    case OID_AGENT_LAST_EVENT_TIME:
        mib_time(value, s->counts.last_event);
        break;
    case OID_AGENT_LAST_EVENT_AGE:
        mib_age(value, view, s->counts.last_event);
        break;
    case OID_AGENT_BACKLOG_OCTETS:
        mib_gauge(value, s->behind_octets);
        break;
    case OID_AGENT_MESSAGES_FOLLOWED:
        mib_gauge(value, s->flows);
        break;
    default:
        break;
    }
}

/* The counters of the agent, by column; 0 for those that are none. */
static uint64_t agent_counter(const struct snapshot *s, oid column)
{
    switch (column) {
    case OID_AGENT_LINES_READ:
        return s->counts.lines;
    case OID_AGENT_LINES_RECOGNISED:
        return s->counts.recognised;
    case OID_AGENT_LINES_IGNORED:
        return s->counts.ignored;
    case OID_AGENT_LINES_UNRECOGNISED:
        return s->counts.unrecognised;
    case OID_AGENT_STATE_SAVE_FAILURES:
        return s->state_save_failures;
    case OID_AGENT_LINES_OVERLONG:
        return s->counts.overlong;
    case OID_AGENT_HOSTS_OVER_CAP:
        return tallies_hosts_over_cap(s->tallies);
    case OID_AGENT_ZONES_OVER_CAP:
        return tallies_zones_over_cap(s->tallies);
    case OID_AGENT_MESSAGES_FORGOTTEN:
        return s->flows_evicted;
    default:
        return 0;
    }
}

static void value_of(struct mib_view *view, size_t row, oid column, struct mib_value *value)
{
    (void)row;
    mib_counter(value, agent_counter(view->snapshot, column));
    agent_value(view, view->snapshot, column, value);
}

const struct mib_group mib_agent = {
    .name = "mailtallyAgent",
    .arcs = { OID_OBJECTS, OID_AGENT },
    .arcs_n = 2,
    .columns = columns,
    .columns_n = sizeof columns / sizeof columns[0],
    .rows = mib_one_row,
    .index = mib_index_zero,
    .value = value_of,
};
