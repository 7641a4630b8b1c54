/* What stands in which RRD file.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds.h"

const unsigned rrd_archive_steps[RRD_ARCHIVES] = { 8, 56, 280, 3360 };

static const char *const rrd_names[COUNTERS] = {
#define COUNTER(number, identifier, name, unit, rrd, meaning) [COUNTER_##identifier] = #rrd,
#include "../parser/counters.def"
#undef COUNTER
};

static const struct kind {
    const char *file;
    uint8_t first, sources;
} kinds[RRD_FILES] = {
    [RRD_MAIL] = { "mailgraph.rrd", 0, 4 },
    [RRD_VIRUS] = { "mailgraph_virus.rrd", 4, 2 },
    [RRD_GREYLIST] = { "mailgraph_greylist.rrd", 6, 2 },
    [RRD_DELIVERY] = { "mailtally_delivery.rrd", 8, 7 },
    [RRD_REFUSAL] = { "mailtally_refusal.rrd", 15, 8 },
    [RRD_VOLUME] = { "mailtally_volume.rrd", 23, 3 },
    [RRD_CONNECTION] = { "mailtally_connection.rrd", 26, 6 },
    [RRD_REJECT_REASONS] = { "mailtally_reject_reasons.rrd", RRD_HOST_SLOTS, RRD_REFUSALS },
    [RRD_DEFER_REASONS] = { "mailtally_defer_reasons.rrd", RRD_HOST_SLOTS + RRD_REFUSALS, RRD_DEFERRALS },
    [RRD_QUEUE] = { "mailtally_queue.rrd", RRD_SLOTS, RRD_QUEUE_SOURCES },
};

static const char *const queue_names[RRD_QUEUE_SOURCES] = {
    [RRD_QUEUE_MAILDROP] = "maildrop",    [RRD_QUEUE_HOLD] = "hold",         [RRD_QUEUE_INCOMING] = "incoming",
    [RRD_QUEUE_ACTIVE] = "active",        [RRD_QUEUE_DEFERRED] = "deferred", [RRD_QUEUE_OCTETS] = "octets",
    [RRD_QUEUE_OLDEST_AGE] = "oldestAge",
};

/* The data sources of a host's kinds, in the order of the slots, and the counters that each is the sum of. */
static const uint8_t sums[RRD_HOST_SLOTS][3] = {
    /* mailgraph's */
    { COUNTER_SENT },
    { COUNTER_RECEIVED },
    { COUNTER_BOUNCED, COUNTER_EXPIRED },
    { COUNTER_REJECTED, COUNTER_REJECTED_TEMPORARILY, COUNTER_DISCARDED },
    { COUNTER_VIRUS, COUNTER_BANNED },
    { COUNTER_SPAM },
    { COUNTER_GREYLISTED },
    { COUNTER_GREYLIST_PASSED },
    /* delivery */
    { COUNTER_DELIVERED },
    { COUNTER_FORWARDED },
    { COUNTER_DEFERRED },
    { COUNTER_EXPIRED },
    { COUNTER_HELD },
    { COUNTER_DISCARDED },
    { COUNTER_REINJECTED },
    /* refusal */
    { COUNTER_REJECTED },
    { COUNTER_REJECTED_TEMPORARILY },
    { COUNTER_REJECT_WARNINGS },
    { COUNTER_BANNED },
    { COUNTER_BAD_HEADER },
    { COUNTER_SPF_FAILED },
    { COUNTER_DKIM_FAILED },
    { COUNTER_DMARC_FAILED },
    /* volume */
    { COUNTER_RECEIVED_OCTETS },
    { COUNTER_SENT_OCTETS },
    { COUNTER_DELIVERED_OCTETS },
    /* connection */
    { COUNTER_CONNECTIONS },
    { COUNTER_CONNECTIONS_LOST },
    { COUNTER_AUTH_FAILED },
    { COUNTER_AUTH_SUCCEEDED },
    { COUNTER_TLS_INBOUND },
    { COUNTER_TLS_OUTBOUND },
};

/* The same the other way round, for the path of every event: how many slots, and which. test_rrd.c holds it against
 * the table above. */
static const uint8_t adds_to[COUNTERS][1 + RRD_COUNTER_SLOTS] = {
    [COUNTER_SENT] = { 1, 0 },
    [COUNTER_RECEIVED] = { 1, 1 },
    [COUNTER_BOUNCED] = { 1, 2 },
    [COUNTER_EXPIRED] = { 2, 2, 11 },
    [COUNTER_REJECTED] = { 2, 3, 15 },
    [COUNTER_REJECTED_TEMPORARILY] = { 2, 3, 16 },
    [COUNTER_DISCARDED] = { 2, 3, 13 },
    [COUNTER_VIRUS] = { 1, 4 },
    [COUNTER_BANNED] = { 2, 4, 18 },
    [COUNTER_SPAM] = { 1, 5 },
    [COUNTER_GREYLISTED] = { 1, 6 },
    [COUNTER_GREYLIST_PASSED] = { 1, 7 },
    [COUNTER_DELIVERED] = { 1, 8 },
    [COUNTER_FORWARDED] = { 1, 9 },
    [COUNTER_DEFERRED] = { 1, 10 },
    [COUNTER_HELD] = { 1, 12 },
    [COUNTER_REINJECTED] = { 1, 14 },
    [COUNTER_REJECT_WARNINGS] = { 1, 17 },
    [COUNTER_BAD_HEADER] = { 1, 19 },
    [COUNTER_SPF_FAILED] = { 1, 20 },
    [COUNTER_DKIM_FAILED] = { 1, 21 },
    [COUNTER_DMARC_FAILED] = { 1, 22 },
    [COUNTER_RECEIVED_OCTETS] = { 1, 23 },
    [COUNTER_SENT_OCTETS] = { 1, 24 },
    [COUNTER_DELIVERED_OCTETS] = { 1, 25 },
    [COUNTER_CONNECTIONS] = { 1, 26 },
    [COUNTER_CONNECTIONS_LOST] = { 1, 27 },
    [COUNTER_AUTH_FAILED] = { 1, 28 },
    [COUNTER_AUTH_SUCCEEDED] = { 1, 29 },
    [COUNTER_TLS_INBOUND] = { 1, 30 },
    [COUNTER_TLS_OUTBOUND] = { 1, 31 },
};

_Static_assert(REFUSAL_REASONS - 1 == RRD_REFUSALS && DEFERRAL_REASONS - 1 == RRD_DEFERRALS,
               "the files of the reasons exist already: new reasons want a kind of their own");

const char *rrd_kind_file(enum rrd_kind kind)
{
    return kinds[kind].file;
}

unsigned rrd_kind_first(enum rrd_kind kind)
{
    return kinds[kind].first;
}

unsigned rrd_kind_sources(enum rrd_kind kind)
{
    return kinds[kind].sources;
}

const char *rrd_kind_type(enum rrd_kind kind)
{
    return kind == RRD_QUEUE ? "GAUGE" : "ABSOLUTE";
}

/* A queue that is slow to read is read less often than once a minute. */
unsigned rrd_kind_heartbeat_s(enum rrd_kind kind)
{
    return kind == RRD_QUEUE ? 5 * RRD_STEP_S : RRD_HEARTBEAT_S;
}

enum rrd_kind rrd_slot_kind(unsigned slot)
{
    unsigned kind = 0;

    while (slot >= (unsigned)kinds[kind].first + kinds[kind].sources)
        kind++;
    return (enum rrd_kind)kind;
}

const char *rrd_slot_name(unsigned slot)
{
    if (slot >= RRD_SLOTS)
        return queue_names[slot - RRD_SLOTS];
    if (slot < RRD_HOST_SLOTS)
        return rrd_names[sums[slot][0]];
    slot -= RRD_HOST_SLOTS - 1;
    if (slot <= RRD_REFUSALS)
        return refusal_reason_name((enum refusal_reason)slot);
    return deferral_reason_name((enum deferral_reason)(slot - RRD_REFUSALS));
}

const uint8_t *rrd_counter_slots(enum counter counter, unsigned *n)
{
    *n = adds_to[counter][0];
    return adds_to[counter] + 1;
}

unsigned rrd_reason_slot(enum counter counter, uint8_t reason)
{
    switch (counter) {
    case COUNTER_REJECTED:
    case COUNTER_REJECTED_TEMPORARILY:
    case COUNTER_GREYLISTED:
        return RRD_HOST_SLOTS - 1 + (reason ? reason : REFUSAL_OTHER);
    case COUNTER_DEFERRED:
        return RRD_HOST_SLOTS - 1 + RRD_REFUSALS + (reason ? reason : DEFERRAL_OTHER);
    default:
        return 0;
    }
}
