/* How the MIB is served: each part of it is a constant struct mib_group that says which rows and columns there are and
 * what stands in them; GET and GETNEXT over all of them is one piece of code.
 *
 * A group of scalars is a table with one row whose index is 0. Rows are asked for by their position in the order of
 * OIDs, so finding one is a binary search, whatever the number of rows, and nothing is allocated.
 *
 * Everything here runs on the SNMP thread, on the snapshot that is held; it neither waits nor does I/O.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_MIB_H
#define MAILTALLY_MIB_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "snapshot.h"

/* What a request is answered from. */
struct mib_view {
    const struct snapshot *snapshot; /* held; never NULL once the agent runs */
    int64_t now;                     /* seconds since 1970, of the request */
    int64_t since_cs;                /* since when the counters count: hundredths of a second of the monotonic clock */
    uint32_t discontinuity;          /* the last value of mailtallyAgentDiscontinuityTime (mib_agent.c) */
};

struct mib_value {
    u_char type; /* ASN_COUNTER64, ASN_GAUGE, ASN_INTEGER, ASN_TIMETICKS or ASN_OCTET_STR */
    uint64_t number;
    const char *text; /* of an octet string: in the snapshot, constant, or in buffer */
    size_t octets;
    char buffer[40];
};

#define MIB_INDEX_ARCS_MAX (1 + HOST_NAME_OCTETS)

struct mib_group {
    const char *name; /* for messages */
    oid arcs[3];      /* below the root; then come a column and an index */
    size_t arcs_n;
    const oid *columns; /* those that can be read, in order */
    size_t columns_n;
    size_t (*rows)(const struct mib_view *view);
    /* Writes the index of a row, below MIB_INDEX_ARCS_MAX arcs; returns their number. Grows from row to row. */
    size_t (*index)(const struct mib_view *view, size_t row, oid *index);
    void (*value)(struct mib_view *view, size_t row, oid column, struct mib_value *value);
};

extern const struct mib_group mib_agent, mib_totals, mib_hosts, mib_recent, mib_rejects, mib_deferrals, mib_zones,
    mib_sources, mib_delays, mib_queues;

/* Registers with the agent; the view lives as long as the agent. False when the agent refuses, which it has logged. */
bool mib_register(const struct mib_group *group, struct mib_view *view);

/* Appends an object as a request would get it: row and column must be there. False without memory. */
bool mib_append(netsnmp_variable_list **varbinds, const struct mib_group *group, struct mib_view *view, size_t row,
                oid column);

/* Net-SNMP's handler of every group; handler->myvoid is the struct mib_registration. For tests, which call it. */
struct mib_registration {
    const struct mib_group *group;
    struct mib_view *view;
    size_t last; /* the row that was answered last: a walk asks for the next one */
};
int mib_handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *reginfo, netsnmp_agent_request_info *reqinfo,
               netsnmp_request_info *requests);

/* Pieces that groups share. */
size_t mib_one_row(const struct mib_view *view); /* of scalars */
size_t mib_index_zero(const struct mib_view *view, size_t row, oid *index);
size_t mib_index_of_text(const char *text, size_t octets, oid *index); /* length, then octets */
void mib_counter(struct mib_value *value, uint64_t number);
void mib_gauge(struct mib_value *value, uint64_t number); /* stays at 4294967295 from there on */
void mib_integer(struct mib_value *value, uint64_t number);
void mib_text(struct mib_value *value, const char *text); /* at most 255 octets of it */
void mib_time(struct mib_value *value, int64_t time);     /* ISO 8601, UTC; empty when unknown */
void mib_age(struct mib_value *value, const struct mib_view *view, int64_t then); /* unknown: since the start */

#endif
