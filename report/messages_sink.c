/* What is counted: a delivery that only hands a message to a filter is not, and so it is no fate.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "messages_inside.h"

static void note(struct record *record, const struct event *e)
{
    int64_t time = e->line->header.time;
    int64_t *first = &record->m.first_of[e->counter], *last = &record->m.last_of[e->counter];

    if (!*first || time < *first)
        *first = time;
    if (time > *last)
        *last = time;
    if (e->counter == COUNTER_DEFERRED)
        record->m.deferrals |= UINT64_C(1) << (e->reason & 63);
    else if (e->reason)
        record->m.refusals |= UINT64_C(1) << (e->reason & 63);
}

/* An event without a message; another one of the same line is of the same. qpsmtpd's belong to what its process is at.
 */
static struct record *lone(struct messages *messages, const struct event *e)
{
    struct record *record = messages->lone;

    if (messages_is_qpsmtpd(e->line))
        return messages_qpsmtpd_record(messages, e->line);
    if (record && record->lone_file == e->line->file && record->lone_line == e->line->number)
        return record;
    record = messages_record(messages, e->line);
    record->m.is_lone = record->m.is_whole = record->m.is_complete = true;
    record->lone_file = e->line->file;
    record->lone_line = e->line->number;
    messages_place(messages, record, PLACE_DONE);
    if (messages->options.connections)
        messages_hold_session(record, messages_session_of(messages, e->line));
    messages_add_line(messages, record, e->line);
    messages->lone = record;
    return record;
}

static void sink_refusal(struct messages *messages, struct record *record, const struct event *e)
{
    bool is_whole = e->once_per_id || !record->is_opened;

    messages_set_envelope(messages, record, e);
    messages_set_helo(messages, record, e);
    if (e->counter == COUNTER_REJECT_WARNINGS)
        return;
    if (messages_is_qpsmtpd(e->line))
        messages_add_listed(messages, record, e);
    if (e->to.p || !is_whole)
        messages_set_recipient(messages, record, e, e->to);
    if (is_whole)
        messages_take_fate(messages, record, e);
    if (record->session && record->session->current == record)
        messages_done(messages, record);
}

/* The watch has it of those that name their message. */
static void sink_verdict(struct messages *messages, struct record *record, const struct event *e)
{
    messages_set_envelope(messages, record, e);
    if (record->m.is_lone && e->to.p)
        messages_add_recipient(messages, record, e->to);
    if (record->m.verdict != COUNTER_NONE)
        return;
    record->m.verdict = e->counter;
    record->m.score = messages_copy(messages, record, e->detail);
}

/* The record of what is counted; NULL: it has none. */
static struct record *sink_record(struct messages *messages, const struct event *e)
{
    if (messages->at && e->queue_id.p == messages->at_id.p && e->queue_id.n == messages->at_id.n)
        return messages->at;
    return messages_record_of(messages, e, e->queue_id);
}

/* Where the event names none, that of the delivery which the watch had just now, if it is of the same message. */
static struct span recipient_of(const struct messages *messages, const struct record *record, const struct event *e)
{
    return e->to.p || record != messages->at ? e->to : messages->at_to;
}

void messages_counted(void *context, const struct event *e)
{
    struct messages *messages = context;
    struct record *record;

    if (counter_is_octets(e->counter))
        return;
    record = sink_record(messages, e);
    if (!record)
        record = lone(messages, e);
    note(record, e);
    switch (e->counter) {
    case COUNTER_RECEIVED:
        record->m.received = true;
        break;
    case COUNTER_REINJECTED:
        record->m.reinjected = true;
        break;
    case COUNTER_SENT:
    case COUNTER_DELIVERED:
    case COUNTER_FORWARDED:
    case COUNTER_BOUNCED:
    case COUNTER_DEFERRED:
        messages_set_envelope(messages, record, e);
        messages_set_recipient(messages, record, e, recipient_of(messages, record, e));
        break;
    case COUNTER_EXPIRED:
        if (e->to.p)
            messages_set_recipient(messages, record, e, e->to);
        else
            messages_take_fate(messages, record, e);
        break;
    case COUNTER_HELD:
    case COUNTER_DISCARDED:
        messages_set_envelope(messages, record, e);
        if (e->to.p && e->counter == COUNTER_DISCARDED)
            messages_set_recipient(messages, record, e, e->to);
        else
            messages_take_fate(messages, record, e);
        break;
    case COUNTER_REJECTED:
    case COUNTER_REJECTED_TEMPORARILY:
    case COUNTER_GREYLISTED:
    case COUNTER_REJECT_WARNINGS:
        sink_refusal(messages, record, e);
        break;
    case COUNTER_SPAM:
    case COUNTER_VIRUS:
    case COUNTER_BANNED:
    case COUNTER_BAD_HEADER:
        sink_verdict(messages, record, e);
        break;
    case COUNTER_CONNECTIONS: /* n/m is the connection's */
        messages_set_envelope(messages, record, e);
        break;
    case COUNTER_AUTH_SUCCEEDED: /* its mechanism decided nothing of the message */
        messages_set_envelope(messages, record, e);
        if (record->m.is_lone)
            messages_renew_text(messages, record, &record->m.detail, e->detail);
        break;
    default:
        messages_set_envelope(messages, record, e);
        messages_renew_text(messages, record, &record->m.detail, e->detail);
        break;
    }
}
