/* The tallies: all counters of each host and of all hosts together, with reasons, DNS blocklists, delays and the last
 * hour. Everything here grows with the log up to a cap that is given when it is made; what is over goes to a row
 * `(other)`, and a number tells how often that happened.
 *
 * One thread (the one that parses) calls these; a snapshot for others is a tallies_copy() of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_TALLY_H
#define MAILTALLY_TALLY_H

#include "event.h"
#include "recents.h"
#include "store.h"

#define HOST_NAME_OCTETS 64
#define HOSTS_CAP        16384
#define ZONE_NAME_OCTETS 64
#define ZONES_CAP        1024

/* Events of the last hour by their own time, in steps of 10 s. */
#define RECENT_STEP_S 10
#define RECENT_STEPS  361

/* The span of a host's recent events. */
#define HOST_RECENT_S ((RECENTS_STEPS - 1) * RECENT_STEP_S)

/* Delivery delays: cumulative counts up to these bounds in seconds, and one without a bound. */
#define DELAY_BUCKETS 10
extern const uint32_t delay_bounds_s[DELAY_BUCKETS - 1];

struct tally {
    char name[HOST_NAME_OCTETS + 1]; /* NUL-terminated */
    uint8_t name_octets;
    uint64_t key;       /* hash of the name: the host's part of a flow's key */
    char apart[64];     /* the key is read by one thread while another counts (ahead.h) */
    int64_t last_event; /* seconds since 1970; TIME_UNKNOWN before the first */
    uint64_t counters[COUNTERS];
    bool wrote_mta;      /* an MTA of this host wrote a line about a message */
    int8_t writes_twice; /* how far it is believed that it writes each refusal twice: copies.c */
    uint8_t last_events; /* that its last line counted, and */
    uint32_t last_line;  /* their place: repeat.c */
    uint32_t recent;     /* its list of recent events: tallies_host_recent() */
};

/* Whether an MTA logs on this host: then its lines are the deliveries and the logins, and what Dovecot, Cyrus or
 * saslauthd say of the same is not counted. What they said before the MTA's first line stays. The counters tell it
 * too after a restart, and of MTAs whose lines are no more than counts. */
static inline bool tally_has_mta(const struct tally *tally)
{
    return tally->wrote_mta || tally->counters[COUNTER_RECEIVED] || tally->counters[COUNTER_CONNECTIONS];
}

struct zone {
    char name[ZONE_NAME_OCTETS + 1];
    uint8_t name_octets;
    uint64_t permanent, temporary, warned;
};

struct reason_counts {
    uint64_t permanent, temporary, warned;
};

struct tallies; /* opaque */

/* seed: for the hashes of log data; at random in a daemon, fixed where runs are compared. NULL without memory. */
struct tallies *tallies_new(uint64_t seed);
void tallies_free(struct tallies *tallies);

/* The events of the last hour are not kept, nor those of hosts: for who prints what a log has, for which they are 1 to
 * 3 % of the work. */
void tallies_without_recent(struct tallies *tallies);

uint64_t tallies_seed(const struct tallies *tallies);

/* A number that no other caller of these tallies gets, nor one of tallies with another seed; never 0. */
uint64_t tallies_ticket(struct tallies *tallies);

/* The row of a host, by COUNTING.md's canonical form of its name; made at its first line. Never NULL; rows stay
 * where they are until tallies_free(). */
struct tally *tallies_host(struct tallies *tallies, struct span name);

/* Counts an event that flow.c has decided: event->line->tally's row, the totals, reasons, zones, recent, and the delay
 * of what was sent or delivered. */
void tallies_event(struct tallies *tallies, const struct event *event);

/* What the clock says now, from time to time. When it was put back, no event is later than that any more: those of the
 * recent ones that were are taken out, for they would be seen again when their times come. */
void tallies_clock(struct tallies *tallies, int64_t now);

/* Reading. */
const struct tally *tallies_total(const struct tallies *tallies);
size_t tallies_hosts(const struct tallies *tallies);                          /* how many rows */
const struct tally *tallies_host_at(const struct tallies *tallies, size_t i); /* in order of appearance */
size_t tallies_zones(const struct tallies *tallies);
const struct zone *tallies_zone_at(const struct tallies *tallies, size_t i);
struct reason_counts tallies_refusals(const struct tallies *tallies, enum refusal_reason reason);
uint64_t tallies_deferrals(const struct tallies *tallies, enum deferral_reason reason);
/* Events of `counter` whose own time lies in the last `span_s` seconds (at most 3600) before `now`. */
uint64_t tallies_recent(const struct tallies *tallies, enum counter counter, int64_t now, int span_s);
/* Likewise of one host, of these tallies or of the copy that the row is in, in the last HOST_RECENT_S seconds; of the
 * counters in recents.h, 0 of others. */
uint64_t tallies_host_recent(const struct tallies *tallies, const struct tally *host, enum counter counter,
                             int64_t now);
/* Cumulative: deliveries of `counter` (SENT or DELIVERED) that took at most delay_bounds_s[bucket]; the last bucket
 * has them all. */
uint64_t tallies_delays(const struct tallies *tallies, enum counter counter, int bucket);
/* How often a row of its own was refused because a cap was reached. */
uint64_t tallies_hosts_over_cap(const struct tallies *tallies);
uint64_t tallies_zones_over_cap(const struct tallies *tallies);

/* Makes *copy, from an earlier tallies_copy() or NULL, equal to `tallies`; its memory is used again. NULL without
 * memory, and then the old copy is freed. A copy is for reading only. */
struct tallies *tallies_copy(struct tallies *copy, const struct tallies *tallies);

/* ---- the saved state (tally_store.c) ---- */

/* Counters and reasons are saved by their numbers, rows by their names, so that other versions read them, too: what
 * this version has no counter for is left out, an unknown reason is `other`. */
void tallies_save(const struct tallies *tallies, struct store *store);

/* Into tallies that are new: no row was asked for. They take the saved seed (tallies_seed()), which the parser wants,
 * too. False when what was saved makes no sense, or without memory: then they are new again, with the seed they had. */
bool tallies_load(struct tallies *tallies, struct load *load);

/* A row, or NULL, for those who save what points to it; tallies that were loaded give back the row of the same number.
 * A number that there is no row for fails. */
void tallies_save_row(const struct tallies *tallies, struct store *store, const struct tally *row);
struct tally *tallies_load_row(struct tallies *tallies, struct load *load);

/* For counts that come from elsewhere, another host's dump: each adds to what is there. A host's do not move the
 * totals. last_event may be TIME_UNKNOWN; the bucket is not cumulative. */
void tallies_add_total(struct tallies *tallies, enum counter counter, uint64_t n, int64_t last_event);
void tallies_add_host(struct tallies *tallies, struct span name, enum counter counter, uint64_t n, int64_t last_event);
void tallies_add_zone(struct tallies *tallies, struct span name, struct reason_counts counts);
void tallies_add_refusals(struct tallies *tallies, enum refusal_reason reason, struct reason_counts counts);
void tallies_add_deferrals(struct tallies *tallies, enum deferral_reason reason, uint64_t n);
void tallies_add_delays(struct tallies *tallies, enum counter counter, int bucket, uint64_t n);

#endif
