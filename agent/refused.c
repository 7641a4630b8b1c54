/* OIDs that snmpd would not take, asked for again.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "refused.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>

#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "log.h"

#define GROUPS_MAX 16 /* more than there are */
#define FIRST_MS   1000
#define MOST_MS    60000
#define NAME_ARCS  32

struct refused {
    oid name[NAME_ARCS];
    struct register_parameters how; /* its name is this one's */
};

static struct {
    struct refused list[GROUPS_MAX];
    size_t n;
    unsigned refusals; /* log_refusals() before the question under way */
    int64_t pause_ms, next_ms;
} state;

/* The library's own callback, which asks snmpd and waits for the answer, comes between these two. */
static int before(int major, int minor, void *server, void *client)
{
    (void)major, (void)minor, (void)server, (void)client;
    state.refusals = log_refusals();
    return 0;
}

static int after(int major, int minor, void *server, void *client)
{
    const struct register_parameters *asked = server;
    struct refused *refused = &state.list[state.n];

    (void)major, (void)minor, (void)client;
    if (log_refusals() == state.refusals || state.n == GROUPS_MAX || asked->namelen > NAME_ARCS)
        return 0;
    memcpy(refused->name, asked->name, asked->namelen * sizeof(oid));
    refused->how = *asked;
    if (state.n++ == 0 && state.pause_ms == 0) {
        state.pause_ms = FIRST_MS;
        state.next_ms = monotonic_ms() + FIRST_MS;
    }
    return 0;
}

void refused_prepare(void)
{
    netsnmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_REGISTER_OID, before, NULL,
                              NETSNMP_CALLBACK_HIGHEST_PRIORITY);
    netsnmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_REGISTER_OID, after, NULL,
                              NETSNMP_CALLBACK_LOWEST_PRIORITY);
}

void refused_forget(void)
{
    state.n = 0;
    state.pause_ms = 0;
}

/* The first one tells whether it is of use to ask for the others. One that is refused again puts itself behind them. */
void refused_look(void)
{
    bool again = false;

    if (state.n == 0 || monotonic_ms() < state.next_ms)
        return;
    for (size_t left = state.n; left > 0 && state.n > 0 && !again; left--) {
        struct refused first = state.list[0];
        size_t n = --state.n;

        memmove(&state.list[0], &state.list[1], n * sizeof first);
        first.how.name = first.name;
        snmp_call_callbacks(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_REGISTER_OID, &first.how);
        again = state.n > n;
    }
    if (state.n == 0) {
        state.pause_ms = 0;
        log_message(LOG_NOTICE, "snmpd has taken the OIDs that it refused before");
        return;
    }
    state.pause_ms = state.pause_ms < MOST_MS / 2 ? 2 * state.pause_ms : MOST_MS;
    state.next_ms = monotonic_ms() + state.pause_ms;
}
