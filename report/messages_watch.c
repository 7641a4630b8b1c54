/* Events as lines have them: which ids are opened, queued, gone.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "messages_inside.h"

static void dealt_with(struct messages *messages, struct name_entry *entry, uint64_t count)
{
    if (!entry->left)
        return;
    entry->left = count < entry->left ? entry->left - (uint32_t)count : 0;
    if (!entry->left)
        messages_close_name(messages, entry);
}

/* Ids are used again: what has this one and is complete, or was opened before, is another message, unless the MTA gives
 * no id twice and says the same again. */
static struct name_entry *open_message(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = messages_entry_of(messages, e, e->queue_id);

    if (entry && entry->is_attempt) {
        messages_forget(messages, entry);
        entry = NULL;
    }
    if (entry && (entry->record->m.is_complete || (entry->record->is_opened && !e->id_is_unique))) {
        messages_give_out(messages, entry->record);
        entry = NULL;
    }
    if (!entry)
        entry = messages_find_or_add(messages, e);
    entry->record->is_opened = entry->record->m.is_whole = true;
    /* OpenSMTPD's: its messages have names of their own. */
    entry->record->is_session = span_is(e->line->header.program, "smtpd");
    if (!entry->left)
        entry->left = e->recipients;
    messages_set_envelope(messages, entry->record, e);
    if (messages->options.connections)
        messages_hold_session(entry->record, messages_session_of(messages, e->line));
    return entry;
}

static struct name_entry *queued(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = messages_find_or_add(messages, e);

    messages_set_envelope(messages, entry->record, e);
    entry->record->is_queued = messages->has_queue = true;
    if (entry->record->place == PLACE_ATTEMPT)
        messages_place(messages, entry->record, PLACE_OPEN);
    return entry;
}

/* In a session that was opened by a name of its own (OpenSMTPD), which is no message. */
static struct name_entry *taken(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = queued(messages, e);
    struct name_entry *session = messages_entry_of(messages, e, e->original_id);

    if (session && session->record != entry->record) {
        session->record->is_session = true;
        messages_set_text(messages, entry->record, &entry->record->m.client, session->record->m.client);
        entry->record->m.is_whole = true;
    }
    if (!e->original_id.n)
        entry->record->m.is_whole = true;
    if (e->to.p && e->original_id.n) {
        messages_add_recipient(messages, entry->record, e->to);
        entry->left++;
        entry->record->is_pipe = true; /* aliases make more recipients of one */
    }
    return entry;
}

static struct name_entry *attempt(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = messages_entry_of(messages, e, e->original_id), *mine;
    struct record *record = entry ? entry->record : messages_record(messages, e->line);

    if (!entry)
        entry = messages_add_id(messages, record, e, e->original_id);
    mine = messages_entry_of(messages, e, e->queue_id);
    if (mine)
        messages_forget(messages, mine);
    mine = messages_name(messages, record, parser_id_key(messages->parser, e, e->queue_id));
    mine->is_attempt = true;
    mine->to = messages_copy(messages, record, e->to);
    return entry;
}

static struct name_entry *delivery(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = messages_entry_of(messages, e, e->queue_id);

    if (entry && entry->is_attempt) {
        messages->at_to = entry->to;
        messages_forget(messages, entry);
        return entry; /* its memory is the record's */
    }
    entry = e->queue_id.n ? queued(messages, e) : NULL;
    if (!entry)
        return NULL;
    entry->record->is_pipe |= e->agent == AGENT_PIPE;
    if (e->kind == EVENT_EXPIRED && !e->to.p)
        dealt_with(messages, entry, UINT32_MAX);
    else if (e->counter != COUNTER_DEFERRED)
        dealt_with(messages, entry, e->count);
    return entry;
}

static struct name_entry *front_queued(struct messages *messages, const struct event *e)
{
    struct record *record = messages_qpsmtpd_record(messages, e->line);

    messages_set_envelope(messages, record, e);
    messages_add_listed(messages, record, e);
    record->m.is_whole = record->is_front = record->is_queued = true;
    if (e->message_id.n)
        messages_name(messages, record, parser_message_id_key(messages->parser, e, e->message_id));
    messages->at = record;
    messages_done(messages, record);
    return NULL;
}

static struct name_entry *refused(struct messages *messages, const struct event *e)
{
    struct name_entry *entry;
    struct record *record;

    if (!e->queue_id.n)
        return NULL;
    entry = messages_find_or_add(messages, e);
    record = entry->record;
    messages_set_envelope(messages, record, e);
    messages_set_helo(messages, record, e);
    record->is_refused = true;
    if (e->counter == COUNTER_REJECT_WARNINGS)
        return entry;
    if (e->once_per_id)
        messages_close_name(messages, entry);
    else if (!record->is_opened)
        messages_place(messages, record, PLACE_REFUSED);
    return entry;
}

static struct name_entry *verdict(struct messages *messages, const struct event *e)
{
    static const unsigned char weights[COUNTERS] = {
        [COUNTER_BAD_HEADER] = 1, [COUNTER_SPAM] = 2, [COUNTER_BANNED] = 3, [COUNTER_VIRUS] = 4
    };
    struct name_entry *entry = messages_entry_of(messages, e, e->queue_id);
    struct message *m;

    if (!entry)
        entry = messages_entry_of(messages, e, e->named_id);
    if (!entry)
        return NULL;
    m = &entry->record->m;
    if (weights[e->counter] > weights[m->verdict]) {
        m->verdict = e->counter;
        m->score = messages_copy(messages, entry->record, e->detail);
    }
    return entry;
}

static struct name_entry *discarded(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = e->queue_id.n ? messages_find_or_add(messages, e) : NULL;

    if (!entry)
        return NULL;
    messages_set_envelope(messages, entry->record, e);
    messages_close_name(messages, entry);
    return entry;
}

static struct name_entry *watch_kind(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = NULL;

    switch (e->kind) {
    case EVENT_OPENED:
        return open_message(messages, e);
    case EVENT_REQUEUED:
        entry = messages_find_or_add(messages, e);
        entry->record->is_opened = true;
        return entry;
    case EVENT_MESSAGE_ID:
        entry = messages_find_or_add(messages, e);
        messages_set_envelope(messages, entry->record, e);
        return entry;
    case EVENT_QUEUED:
        return queued(messages, e);
    case EVENT_TAKEN:
        return taken(messages, e);
    case EVENT_ATTEMPT:
        return attempt(messages, e);
    case EVENT_DELIVERY:
    case EVENT_EXPIRED:
        return delivery(messages, e);
    case EVENT_HELD:
        entry = e->queue_id.n ? queued(messages, e) : NULL;
        if (entry)
            messages_set_envelope(messages, entry->record, e);
        return entry;
    case EVENT_DISCARDED:
        return discarded(messages, e);
    case EVENT_RELEASED:
        entry = messages_entry_of(messages, e, e->queue_id);
        if (entry && entry->record->m.fate == COUNTER_HELD)
            entry->record->m.fate = COUNTER_NONE;
        return entry;
    case EVENT_REMOVED:
    case EVENT_REMOVED_BY_ADMINISTRATOR:
        entry = messages_entry_of(messages, e, e->queue_id);
        if (entry && entry->is_open)
            messages_close_name(messages, entry);
        return entry;
    case EVENT_REFUSAL:
        return refused(messages, e);
    case EVENT_FRONT_QUEUED:
        return front_queued(messages, e);
    case EVENT_VERDICT:
        return verdict(messages, e);
    case EVENT_HANDED_OVER:
    case EVENT_OWN_BOUNCE:
    case EVENT_COUNT:
        return messages_entry_of(messages, e, e->queue_id);
    case EVENT_HELD_EARLY:
        break;
    }
    return NULL;
}

void messages_event(void *context, const struct event *e)
{
    struct messages *messages = context;
    struct name_entry *entry;

    messages_pass_time(messages, e->line);
    messages->at = NULL;
    messages->at_to = (struct span){ NULL, 0 };
    entry = watch_kind(messages, e);
    if (entry)
        messages->at = entry->record;
    messages->at_id = e->queue_id;
    if (messages->at)
        messages_touch(messages, messages->at);
    if (e->kind == EVENT_COUNT && e->counter == COUNTER_CONNECTIONS)
        messages_connected(messages, e);
}
