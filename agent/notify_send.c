/* Notifications as traps.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "notify.h"

#include <net-snmp/agent/agent_trap.h>

#include "link.h"
#include "log.h"
#include "oids.h"

static const struct {
    oid number;
    const char *name;
} kinds[] = {
    [NOTIFY_SOURCE_DOWN] = { OID_SOURCE_DOWN, "mailtallySourceDown" },
    [NOTIFY_SOURCE_UP] = { OID_SOURCE_UP, "mailtallySourceUp" },
    [NOTIFY_SILENT] = { OID_SILENT, "mailtallySilent" },
    [NOTIFY_SILENT_ENDED] = { OID_SILENT_ENDED, "mailtallySilentEnded" },
    [NOTIFY_RATE_HIGH] = { OID_RATE_HIGH, "mailtallyRateHigh" },
    [NOTIFY_RATE_NORMAL] = { OID_RATE_NORMAL, "mailtallyRateNormal" },
    [NOTIFY_STATE_AT_RISK] = { OID_STATE_AT_RISK, "mailtallyStateAtRisk" },
};

/* The column of the recent table that a rate is measured by. */
static oid span_column(const struct config_rate *rate)
{
    switch (rate->span_s) {
    case 60:
        return OID_RECENT_LAST1_MINUTE;
    case 300:
        return OID_RECENT_LAST5_MINUTES;
    case 3600:
        return OID_RECENT_LAST60_MINUTES;
    default:
        return OID_RECENT_LAST15_MINUTES;
    }
}

static size_t recent_row(const struct mib_view *view, enum counter counter)
{
    oid index[MIB_INDEX_ARCS_MAX];
    size_t row = 0;

    while (row + 1 < mib_recent.rows(view) && (mib_recent.index(view, row, index), index[0] != (oid)counter))
        row++;
    return row;
}

/* The objects that the MIB promises with each. */
static bool append_objects(netsnmp_variable_list **varbinds, struct mib_view *view, const struct notify_about *about)
{
    size_t row = about->row;

    switch (about->what) {
    case NOTIFY_SOURCE_DOWN:
    case NOTIFY_SOURCE_UP:
        return mib_append(varbinds, &mib_sources, view, row, OID_SOURCE_NAME) &&
               mib_append(varbinds, &mib_sources, view, row, OID_SOURCE_STATE) &&
               mib_append(varbinds, &mib_sources, view, row, OID_SOURCE_LAST_ERROR);
    case NOTIFY_SILENT:
    case NOTIFY_SILENT_ENDED:
        return mib_append(varbinds, &mib_agent, view, 0, OID_AGENT_LAST_EVENT_AGE) &&
               (row == NOTIFY_ALL_HOSTS || mib_append(varbinds, &mib_hosts, view, row, OID_HOST_LAST_EVENT_AGE));
    case NOTIFY_RATE_HIGH:
    case NOTIFY_RATE_NORMAL:
        row = recent_row(view, about->rate->counter);
        return mib_append(varbinds, &mib_recent, view, row, OID_RECENT_NAME) &&
               mib_append(varbinds, &mib_recent, view, row, span_column(about->rate));
    case NOTIFY_STATE_AT_RISK:
        break;
    }
    return mib_append(varbinds, &mib_agent, view, 0, OID_AGENT_STATUS_TEXT) &&
           mib_append(varbinds, &mib_agent, view, 0, OID_AGENT_STATE_SAVE_FAILURES);
}

bool notify_send(void *context, struct mib_view *view, const struct notify_about *about)
{
    static const oid trap_oid[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 }; /* snmpTrapOID.0 */
    const oid what[] = { OID_ROOT, OID_NOTIFICATIONS, kinds[about->what].number };
    netsnmp_variable_list *varbinds = NULL;
    bool done;

    (void)context;
    if (!link_is_up())
        return false;
    done = snmp_varlist_add_variable(&varbinds, trap_oid, OID_LENGTH(trap_oid), ASN_OBJECT_ID, what, sizeof what) &&
           append_objects(&varbinds, view, about);
    if (done) {
        send_v2trap(varbinds);
        log_message(LOG_NOTICE, "sent the notification %s", kinds[about->what].name);
    }
    snmp_free_varbind(varbinds);
    return done;
}
