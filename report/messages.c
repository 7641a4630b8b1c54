/* The rules by which events become messages.
 *
 * Two views of each line: the watch shows the event as the line has it (which ids are opened, queued, gone), the sink
 * what is counted of it. What is not counted, as a delivery that hands a message to a filter, is no fate.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "messages.h"

#include <stdlib.h>
#include <string.h>

#include "messages_inside.h"

#define DONE_LINGER_S    2   /* for verdicts and other late lines */
#define LATE_LINGER_S    12  /* for what comes back from a pipe, or what the server behind says (flow_delivery.c) */
#define REFUSED_LINGER_S 10  /* for more recipients of a refused one */
#define SESSION_LINGER_S 300 /* for the end of its connection, where nobody waits */

/* ---- joining ---- */

static void joined(void *context, const struct event *e, uint64_t a, uint64_t b)
{
    struct messages *messages = context;
    struct name_entry *first = messages_find(messages, a), *again = messages_find(messages, b);
    bool was_done;

    (void)e;
    if (!first || !again || first->record == again->record)
        return;
    was_done = first->record->m.is_complete;
    messages_join(messages, first->record, again->record);
    for (const struct name_entry *entry = first->record->names; was_done && entry; entry = entry->sibling)
        if (entry->is_open) { /* it goes on */
            first->record->m.is_complete = false;
            messages_place(messages, first->record, PLACE_OPEN);
            return;
        }
    messages_place(messages, first->record, first->record->place);
}

/* ---- all of it ---- */

struct messages *messages_new(const struct messages_options *options, messages_fn *take, void *context)
{
    struct messages *messages = calloc(1, sizeof *messages);

    if (!messages)
        return NULL;
    messages->options = *options;
    if (!messages->options.cap)
        messages->options.cap = MESSAGES_CAP;
    if (!messages->options.octets_cap)
        messages->options.octets_cap = MESSAGES_OCTETS_CAP;
    messages->now = TIME_UNKNOWN;
    messages->take = take;
    messages->context = context;
    return messages;
}

static void ignore(void *context, const struct message *message)
{
    (void)context;
    (void)message;
}

void messages_free(struct messages *messages)
{
    if (!messages)
        return;
    messages->take = ignore;
    messages_settle(messages, INT64_MAX);
    messages_free_sessions(messages);
    free(messages->slots);
    free(messages);
}

void messages_watch(struct messages *messages, struct parser *parser)
{
    messages->parser = parser;
    parser_set_watch(parser, messages_event, messages);
    parser_set_sink(parser, messages_counted, messages);
    parser_set_joined(parser, joined, messages);
    parser_set_after(parser, messages_line, messages);
}

/* When it is due to be given out. A connection that goes on may say more, but where the log is followed, somebody waits
 * for this line. */
static int64_t due(const struct messages *messages, const struct record *record)
{
    static const int64_t ages[PLACES] = { [PLACE_OPEN] = MESSAGE_AGE_S,
                                          [PLACE_ATTEMPT] = ATTEMPT_AGE_S,
                                          [PLACE_REFUSED] = REFUSED_LINGER_S,
                                          [PLACE_DONE] = DONE_LINGER_S,
                                          [PLACE_LATE] = LATE_LINGER_S };
    bool waits = record->place >= PLACE_REFUSED && record->session && record->session->end == TIME_UNKNOWN &&
                 !messages->options.is_followed;

    return record->touched + (waits ? SESSION_LINGER_S : ages[record->place]);
}

/* The one that is due first, so that the order does not depend on when it was asked for. */
static struct record *first_due(const struct messages *messages)
{
    struct record *first = NULL;

    for (int place = 0; place < PLACES; place++) {
        struct record *r = messages->places[place].oldest;

        if (r && (!first || due(messages, r) < due(messages, first)))
            first = r;
    }
    return first;
}

void messages_settle(struct messages *messages, int64_t now)
{
    struct record *first;

    while ((first = first_due(messages)) && (now == INT64_MAX || due(messages, first) < now))
        messages_give_out(messages, first);
}

int64_t messages_time(const struct messages *messages)
{
    return messages->now;
}

uint64_t messages_given_up(const struct messages *messages)
{
    return messages->given_up;
}
