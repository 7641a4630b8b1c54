/* What Postfix's showq says of its queues, taken in as it comes: nothing of it is kept but the sums, so a queue of a
 * million messages needs no more memory than an empty one.
 *
 * showq writes lists of attributes, each a name and a value that end with a NUL; an empty name ends a list. There is
 * one list for each message (Postfix 3.1 and later):
 *
 *     protocol mail_queue_list_protocol                     the first list; not written by older releases
 *     queue_name deferred  queue_id 4D00000001  time 1795907224  size 258  sender ann@example.org
 *         recipient bob@example.com  reason ...             as often as there are recipients
 *                                                           an empty list is the end
 *
 * `time` is the arrival, `size` that of the message. Attributes that are not known are skipped, so are queues: later
 * releases have more. Whatever else is not as above is refused as a whole: half a queue would look like a short one.
 * Releases before 3.1 write a table for people, which is refused.
 *
 * No I/O; any thread, one at a time for each struct.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SHOWQ_H
#define MAILTALLY_SHOWQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of mailtallyQueueName. */
enum queue_name { QUEUE_MAILDROP, QUEUE_HOLD, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED, QUEUES };

struct queue_counts {
    uint64_t messages, octets;
    int64_t oldest; /* when the message arrived that waits longest; of an empty queue INT64_MAX */
};

#define SHOWQ_TOKEN_OCTETS 64

/* Set up by showq_begin(); counts are right when showq_ended(). */
struct showq {
    struct queue_counts counts[QUEUES];
    bool ended;
    const char *wrong; /* why it was refused, half a sentence; NULL: it was not */
    /* The rest is showq.c's own. */
    char token[SHOWQ_TOKEN_OCTETS]; /* the beginning of the name or value that is coming */
    size_t token_n;                 /* its octets so far, which may be more */
    bool in_value, first;
    uint8_t attribute;     /* whose value is coming */
    uint8_t seen;          /* of the list */
    enum queue_name queue; /* of the message that is coming, QUEUES when unknown */
    uint64_t time, size;
};

void showq_begin(struct showq *showq);

/* Takes in what came. False: it is refused. */
bool showq_take(struct showq *showq, const char *octets, size_t n);

#endif
