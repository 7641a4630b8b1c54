/* What recognisers put: one count, or one verdict on a message that has several lines.
 *
 * All return true, so that a recogniser can end with them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PROGRAMS_PUT_H
#define MAILTALLY_PROGRAMS_PUT_H

#include "../recogniser.h"

#define NO_DETAIL ((struct span){ NULL, 0 })

/* With what the event has already: id, client .. */
static inline bool put_event_count(struct event *e, enum counter counter, struct events *events)
{
    e->kind = EVENT_COUNT;
    e->counter = counter;
    events_put(events, e);
    return true;
}

static inline bool put_count_of(const struct line *line, struct events *events, enum counter counter, uint64_t count,
                                struct span detail)
{
    struct event e = event_of(EVENT_COUNT, line);

    e.count = count;
    e.detail = detail;
    return count == 0 || put_event_count(&e, counter, events);
}

static inline bool put_count(const struct line *line, struct events *events, enum counter counter, struct span detail)
{
    return put_count_of(line, events, counter, 1, detail);
}

/* Once for all lines with this id, the worst of them (verdict.h). Ids of one host share a name space: one that is not
 * the filter's own but the MTA's must be given with some of the words around it. */
static inline bool put_verdict(const struct line *line, struct events *events, struct span id, enum counter counter,
                               struct span queue_id, struct span detail)
{
    struct event e = event_of(EVENT_VERDICT, line);

    e.verdict_id = id;
    e.counter = counter;
    e.queue_id = queue_id;
    e.detail = detail;
    events_put(events, &e);
    return true;
}

#endif
