/* mailtallyQueueTable: what waits in the queues of Postfix.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mib.h"

#include "oids.h"

static const oid columns[] = { OID_QUEUE_MESSAGES, OID_QUEUE_OCTETS, OID_QUEUE_OLDEST_AGE };

/* The row of an instance behind those of its queues. */
#define ALL           QUEUES
#define INSTANCE_ROWS (QUEUES + 1)

static size_t rows(const struct mib_view *view)
{
    return view->snapshot->queues_n * INSTANCE_ROWS;
}

static size_t index_of(const struct mib_view *view, size_t row, oid *index)
{
    const struct snapshot_queue *queue = &view->snapshot->queues[row / INSTANCE_ROWS];
    size_t n = mib_index_of_text(queue->instance, queue->instance_octets, index);

    index[n] = row % INSTANCE_ROWS + 1;
    return n + 1;
}

/* What waits for a delivery: mail on hold waits for the administrator. */
static struct queue_counts all_of(const struct queue_counts counts[QUEUES])
{
    struct queue_counts all = { .oldest = INT64_MAX };

    for (int i = 0; i < QUEUES; i++) {
        if (i == QUEUE_HOLD)
            continue;
        all.messages += counts[i].messages;
        all.octets += counts[i].octets < UINT64_MAX - all.octets ? counts[i].octets : UINT64_MAX - all.octets;
        if (counts[i].oldest < all.oldest)
            all.oldest = counts[i].oldest;
    }
    return all;
}

/* 0 is for queues without a message. */
static uint64_t age_of(const struct queue_counts *counts, int64_t now)
{
    if (counts->messages == 0)
        return 0;
    return counts->oldest < now ? (uint64_t)(now - counts->oldest) : 1;
}

static void value_of(struct mib_view *view, size_t row, oid column, struct mib_value *value)
{
    const struct snapshot_queue *queue = &view->snapshot->queues[row / INSTANCE_ROWS];
    size_t which = row % INSTANCE_ROWS;
    struct queue_counts counts = which == ALL ? all_of(queue->counts) : queue->counts[which];

    if (column == OID_QUEUE_MESSAGES)
        mib_gauge(value, counts.messages);
    else if (column == OID_QUEUE_OCTETS)
        mib_gauge(value, counts.octets);
    else
        mib_gauge(value, age_of(&counts, view->now));
}

const struct mib_group mib_queues = {
    .name = "mailtallyQueueTable",
    .arcs = { OID_OBJECTS, OID_QUEUE_TABLE, OID_QUEUE_ENTRY },
    .arcs_n = 3,
    .columns = columns,
    .columns_n = sizeof columns / sizeof columns[0],
    .rows = rows,
    .index = index_of,
    .value = value_of,
};
