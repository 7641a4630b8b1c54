/* What stands in which RRD file: const tables, and how a file is laid out.
 *
 * The first three kinds are mailgraph's own files, data source for data source, so that its files are continued and its
 * readers go on. What mailgraph never had stands in files of our own; a file that exists never gets another data
 * source: what is new gets a new kind. A data source has the RRD name that counters.def gives to its first counter.
 *
 * A slot is the place of one data source among all of them: 0 is the first one of the first kind.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_KINDS_H
#define MAILTALLY_RRD_KINDS_H

#include "../parser/event.h"

enum rrd_kind {
    RRD_MAIL,
    RRD_VIRUS,
    RRD_GREYLIST,
    RRD_DELIVERY,
    RRD_REFUSAL,
    RRD_VOLUME,
    RRD_CONNECTION,
    RRD_HOST_KINDS, /* those of a host; the sum of all hosts has all of them */
    RRD_REJECT_REASONS = RRD_HOST_KINDS,
    RRD_DEFER_REASONS,
    RRD_KINDS,             /* so far: what is counted by the minute, from the log */
    RRD_QUEUE = RRD_KINDS, /* what waits in the queues: gauges, of the sum only; see queue_file.h */
    RRD_FILES
};

#define RRD_STEP_S      60
#define RRD_HEARTBEAT_S 120
#define RRD_ROWS        198 /* of each archive: 180 and a tenth more, as mailgraph has it */

/* Steps of the archives, AVERAGE and MAX of each: a day, a week, five weeks and a year have 180 rows. */
extern const unsigned rrd_archive_steps[];
#define RRD_ARCHIVES 4

#define RRD_HOST_SLOTS 32
#define RRD_REFUSALS   34 /* reasons that have a data source; see the assertion in kinds.c */
#define RRD_DEFERRALS  17
#define RRD_SLOTS      (RRD_HOST_SLOTS + RRD_REFUSALS + RRD_DEFERRALS)
#define RRD_SOURCES    40 /* a file has at most so many */
#define RRD_NAME_MAX   19 /* octets of a data source's name, by librrd */

/* Data sources of RRD_QUEUE, behind all slots. */
enum rrd_queue_source {
    RRD_QUEUE_MAILDROP,
    RRD_QUEUE_HOLD,
    RRD_QUEUE_INCOMING,
    RRD_QUEUE_ACTIVE,
    RRD_QUEUE_DEFERRED,
    RRD_QUEUE_OCTETS,
    RRD_QUEUE_OLDEST_AGE,
    RRD_QUEUE_SOURCES
};

/* The file's name in its directory. */
const char *rrd_kind_file(enum rrd_kind kind);

/* Slots first .. first + n - 1 are the kind's data sources, in the order of the file. */
unsigned rrd_kind_first(enum rrd_kind kind);
unsigned rrd_kind_sources(enum rrd_kind kind);

/* "ABSOLUTE" or "GAUGE", and the heartbeat that goes with it. */
const char *rrd_kind_type(enum rrd_kind kind);
unsigned rrd_kind_heartbeat_s(enum rrd_kind kind);

enum rrd_kind rrd_slot_kind(unsigned slot);
const char *rrd_slot_name(unsigned slot);

/* The slots of every host that a counter adds to, at most three; *n is how many. */
#define RRD_COUNTER_SLOTS 3
const uint8_t *rrd_counter_slots(enum counter counter, unsigned *n);

/* The further slot of the sum, for the event's reason; 0: it has none. */
unsigned rrd_reason_slot(enum counter counter, uint8_t reason);

#endif
