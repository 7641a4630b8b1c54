/* What the SNMP thread answers from: a copy of the tallies and of all states, of one instant, in the order of OIDs.
 *
 * The ingest thread fills a snapshot and publishes it by a pointer swap; the SNMP thread holds the newest one while
 * requests come close together, so that one GETBULK is of one instant. There are three: one published, one held, one
 * being filled; so neither thread ever waits for the other longer than the swap takes.
 * A held snapshot is immutable. Memory of one is used again when it is filled the next time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SNAPSHOT_H
#define MAILTALLY_SNAPSHOT_H

#include "../parser/parser.h"
#include "../config/config.h"
#include "../source/queue.h"
#include "../source/source.h"

#define AGENT_TEXT_OCTETS 256

enum agent_status { AGENT_OK = 1, AGENT_CATCHING_UP, AGENT_DEGRADED };

struct snapshot_source {
    uint32_t number;              /* its index in the source table: kept as long as the daemon runs */
    char name[AGENT_TEXT_OCTETS]; /* of a longer name its end */
    struct source_status status;  /* status.name is not to be used: it belongs to the ingest thread */
};

struct snapshot_queue { /* of a Postfix instance whose queue could be read */
    char instance[CONFIG_QUEUE_INSTANCE_OCTETS];
    uint8_t instance_octets;
    struct queue_counts counts[QUEUES];
};

struct snapshot {
    struct tallies *tallies;
    uint32_t *hosts; /* rows of tallies_host_at() in the order of their OIDs */
    size_t hosts_n, hosts_room;
    uint32_t zones[ZONES_CAP + 1]; /* likewise */
    size_t zones_n;
    struct parser_counts counts;
    uint32_t flows; /* messages that are followed */
    uint64_t flows_evicted;
    struct snapshot_source *sources; /* in the order of their numbers */
    size_t sources_n, sources_room;
    struct snapshot_queue queues[CONFIG_QUEUES_MAX]; /* in the order of OIDs */
    size_t queues_n;
    bool queues_whole; /* there are some, and all that are configured were read */
    uint64_t behind_octets;
    int64_t start_time; /* of the daemon, seconds since 1970 */
    enum agent_status status;
    char status_text[AGENT_TEXT_OCTETS];
    bool backlog_read; /* the counters may be shown */
    uint64_t state_save_failures;
    bool state_at_risk;                  /* counts may be lost or were, by trouble with the state */
    char state_text[AGENT_TEXT_OCTETS];  /* the trouble as a sentence; empty: there is none */
    char rrd_text[AGENT_TEXT_OCTETS];    /* why RRD files are not written; empty: they are, or there are none */
    char twice_text[AGENT_TEXT_OCTETS];  /* two sources bring the same lines; empty: none do */
    char queue_text[AGENT_TEXT_OCTETS];  /* a queue cannot be read; empty: all that are configured can */
    char remark_text[AGENT_TEXT_OCTETS]; /* what is worth knowing when all is well; or empty */
};

/* Copies the tallies into the snapshot and puts hosts and zones in order. False without memory: then the snapshot is
 * not to be published, and may be filled again. */
bool snapshot_set_tallies(struct snapshot *snapshot, const struct tallies *tallies);

/* Makes room for n sources and sets sources_n; their contents are then to be filled. False without memory. */
bool snapshot_set_sources_n(struct snapshot *snapshot, size_t n);

/* Frees what a snapshot owns, not the struct. */
void snapshot_clear(struct snapshot *snapshot);

struct snapshots;

/* One empty snapshot, with this start time and status catchingUp, is published. NULL without memory. */
struct snapshots *snapshots_new(int64_t start_time);
void snapshots_free(struct snapshots *snapshots);

/* The ingest thread: one to be filled, as it was when it was filled last; then to be published, or not. */
struct snapshot *snapshots_begin(struct snapshots *snapshots);
void snapshots_publish(struct snapshots *snapshots);

/* The SNMP thread: the newest one; it does not change until the next call. The one held before must not be used any
 * more. */
const struct snapshot *snapshots_hold(struct snapshots *snapshots);

#endif
