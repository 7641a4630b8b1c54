/* From what lines say to what counts: the life of each message, tied together by queue ids.
 *
 * Events that need no more than their line pass through. The others are kept until the message's lines have said
 * enough:
 * - a message is received when the queue manager takes it or a hold does, not when a client announces it;
 * - a message that comes back from a content filter under another id is one message: `reinjected`, and the first id's
 *   delivery to the filter is neither sent nor delivered;
 * - octets of a delivery are those that the queue manager named.
 *
 * EVENT_OPENED with original_id (Postfix: orig_queue_id=, which only a trusted proxy may send) is a re-injection.
 * All limits are caps given at the start; what is pushed out is counted. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FLOW_H
#define MAILTALLY_FLOW_H

#include "event.h"
#include "parser.h"

struct flows;

/* counted: called with each event whose counter moves. NULL without memory. */
struct flows *flows_new(const struct parser_options *options, void (*counted)(void *context, struct event *event),
                        void *context);
void flows_free(struct flows *flows);

/* See parser_set_joined(). */
void flows_set_joined(struct flows *flows, parser_joined_fn *joined, void *context);

/* The keys of a queue id and of a Message-ID, of the event's host; the latter is not 0. */
uint64_t flows_id_key(const struct flows *flows, const struct event *e, struct span id);
uint64_t flows_message_id_key(const struct flows *flows, const struct event *e, struct span message_id);

void flows_event(struct flows *flows, struct event *event);

/* What can be done before the lines in front of this one: finds the id that its message begins with, and asks the
 * memory for the place where its flow is looked for. */
void flows_begin(const struct flows *flows, struct line *line);

/* The first of these alone, which reads nothing that flows_event() writes; and the second. */
void flows_find_id(const struct flows *flows, struct line *line);
void flows_fetch_slot(const struct flows *flows, const struct line *line);

/* The line is due soon: asks the memory for the flow. */
void flows_fetch(const struct flows *flows, const struct line *line);

/* Whether a message waits for a filter to name it. */
bool flows_wait_for_evidence(const struct flows *flows);

/* Decides what waited long enough at `now` (seconds since 1970, by the log's own stamps; INT64_MAX at the end of input:
 * all) on this host, whose clock says so; NULL: on all. `last`: the last line, for place and time of what is counted.
 */
void flows_settle(struct flows *flows, int64_t now, const struct tally *host, const struct line *last);

/* Something was decided with less evidence than there may be, because a table was full. */
void flows_gave_up(struct flows *flows);

/* Open messages; and how many were given up for want of room: forgotten, or counted without all of their lines. */
void flows_usage(const struct flows *flows, uint32_t *in_use, uint64_t *evicted);

/* ---- the saved state (flow_store.c) ---- */

/* Differs where what flows_save() wrote cannot be read: another seed, machine or version. */
uint64_t flows_layout(uint64_t seed);

/* The messages under way, what waits for evidence, learned filters. After a failure of load: flows_forget(). */
void flows_save(const struct flows *flows, const struct tallies *tallies, struct store *store);
void flows_load(struct flows *flows, struct tallies *tallies, struct load *load);

/* Deliveries that are not counted yet. These can be read whatever the layout is, since none may be lost. */
void flows_save_pipes(const struct flows *flows, const struct tallies *tallies, struct store *store);
void flows_load_pipes(struct flows *flows, struct tallies *tallies, struct load *load);

/* As flows_new() gives them. */
void flows_forget(struct flows *flows);

#endif
