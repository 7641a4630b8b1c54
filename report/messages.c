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

/* ---- fates ---- */

/* Of several recipients the worst fate is the message's. */
static unsigned weight(enum counter fate)
{
    static const unsigned char weights[COUNTERS] = {
        [COUNTER_FORWARDED] = 1, [COUNTER_DELIVERED] = 2,  [COUNTER_SENT] = 3,
        [COUNTER_DISCARDED] = 4, [COUNTER_GREYLISTED] = 5, [COUNTER_REJECTED_TEMPORARILY] = 6,
        [COUNTER_REJECTED] = 7,  [COUNTER_DEFERRED] = 8,   [COUNTER_EXPIRED] = 9,
        [COUNTER_BOUNCED] = 10,
    };

    return weights[fate];
}

static bool is_refusal(enum counter counter)
{
    return counter == COUNTER_REJECTED || counter == COUNTER_REJECTED_TEMPORARILY || counter == COUNTER_GREYLISTED;
}

void messages_set_fate(struct message *m)
{
    const struct recipient *worst = NULL;

    if (m->fate != COUNTER_NONE && m->fate != COUNTER_HELD)
        return;
    for (const struct recipient *r = m->recipients; r; r = r->next)
        if (r->fate != COUNTER_NONE && !(is_refusal(r->fate) && m->received) &&
            (!worst || weight(r->fate) > weight(worst->fate)))
            worst = r;
    if (!worst || (m->fate == COUNTER_HELD && worst->fate == COUNTER_DEFERRED))
        return;
    m->fate = worst->fate;
    m->reason = worst->reason;
    m->code = worst->code;
    m->enhanced = worst->enhanced;
    m->text = worst->text;
    m->detail = worst->detail;
}

/* ---- finding ---- */

static struct name_entry *entry_of(struct messages *messages, const struct event *e, struct span id)
{
    return id.n ? messages_find(messages, parser_id_key(messages->parser, e, id)) : NULL;
}

static struct record *record_of(struct messages *messages, const struct event *e, struct span id)
{
    struct name_entry *entry = entry_of(messages, e, id);

    return entry ? entry->record : NULL;
}

static struct name_entry *add_id(struct messages *messages, struct record *record, const struct event *e,
                                 struct span id)
{
    struct name_entry *entry = messages_name(messages, record, parser_id_key(messages->parser, e, id));
    struct message_id *text = messages_memory(messages, record, sizeof *text);

    *text = (struct message_id){ .id = messages_copy(messages, record, id) };
    *record->last_id = text;
    record->last_id = &text->next;
    entry->is_open = true;
    return entry;
}

/* The message of e->queue_id: where the log begins within its life, a new one. */
static struct name_entry *find_or_add(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = entry_of(messages, e, e->queue_id);

    return entry ? entry : add_id(messages, messages_record(messages, e->line), e, e->queue_id);
}

/* ---- what lines say of a message ---- */

static void set_text(struct messages *messages, struct record *r, struct span *to, struct span text)
{
    if (text.n && !to->n)
        *to = messages_copy(messages, r, text);
}

static void set_envelope(struct messages *messages, struct record *r, const struct event *e)
{
    set_text(messages, r, &r->m.client, e->client);
    set_text(messages, r, &r->m.message_id, e->message_id);
    if (e->from.p && !r->m.from.p)
        r->m.from = messages_copy(messages, r, e->from);
    if (e->size_octets >= 0 && r->m.size_octets < 0)
        r->m.size_octets = e->size_octets;
}

/* `helo=<name>` of Postfix' refusals: the last one, since addresses stand before it. */
static void set_helo(struct messages *messages, struct record *r, const struct event *e)
{
    struct span rest = e->line->header.message, found = { NULL, 0 }, inside;
    size_t at;

    if (r->m.helo.n)
        return;
    while ((at = span_find(rest, SPAN(" helo=<"))) < rest.n) {
        rest = span_skip(rest, at + sizeof " helo=" - 1);
        found = rest;
    }
    if (found.n && span_take_bracketed(&found, &inside))
        set_text(messages, r, &r->m.helo, inside);
}

/* One whose fate is open: aliases may lead a message to one address twice. */
static struct recipient *find_recipient(const struct message *m, struct span to)
{
    for (struct recipient *r = m->recipients; r; r = r->next)
        if ((r->fate == COUNTER_NONE || r->fate == COUNTER_DEFERRED) && to.p && r->to.p && span_eq(r->to, to))
            return r;
    return NULL;
}

static struct recipient *add_recipient(struct messages *messages, struct record *record, struct span to)
{
    struct recipient *r = find_recipient(&record->m, to);

    if (r)
        return r;
    if (record->m.recipients_n >= RECIPIENTS_MAX) {
        record->m.recipients_more++;
        return NULL;
    }
    r = messages_memory(messages, record, sizeof *r);
    *r = (struct recipient){ .to = messages_copy(messages, record, to), .delay_ms = -1, .count = 1 };
    *record->last_recipient = r;
    record->last_recipient = &r->next;
    record->m.recipients_n++;
    return r;
}

/* Deferrals come again and again: a text that is there already is not copied. */
static void renew_text(struct messages *messages, struct record *record, struct span *to, struct span text)
{
    if (text.n > TEXT_MAX)
        text.n = TEXT_MAX;
    if (!span_eq(*to, text))
        *to = messages_copy(messages, record, text);
}

static void set_recipient(struct messages *messages, struct record *record, const struct event *e, struct span to)
{
    struct recipient *r = add_recipient(messages, record, to);

    if (!r)
        return;
    r->fate = e->counter;
    r->reason = e->reason;
    r->code = e->code;
    r->attempts++;
    r->count = e->count;
    r->time = e->line->header.time;
    if (e->delay_ms >= 0)
        r->delay_ms = e->delay_ms;
    renew_text(messages, record, &r->enhanced, e->enhanced);
    renew_text(messages, record, &r->relay, e->relay);
    renew_text(messages, record, &r->text, e->text);
    renew_text(messages, record, &r->detail, e->detail);
}

/* Of the whole message. */
static void set_fate(struct messages *messages, struct record *record, const struct event *e)
{
    struct message *m = &record->m;

    m->fate = e->counter;
    m->reason = e->reason;
    m->code = e->code;
    renew_text(messages, record, &m->enhanced, e->enhanced);
    renew_text(messages, record, &m->text, e->text);
    renew_text(messages, record, &m->detail, e->detail);
    renew_text(messages, record, &m->zone, e->zone);
}

/* ---- the end ---- */

static void done(struct messages *messages, struct record *record)
{
    record->m.is_complete = true;
    messages_place(messages, record, record->is_pipe || record->is_front ? PLACE_LATE : PLACE_DONE);
}

static void close_name(struct messages *messages, struct name_entry *entry)
{
    struct record *record = entry->record;

    entry->is_open = false;
    entry->left = 0;
    for (const struct name_entry *other = record->names; other; other = other->sibling)
        if (other->is_open)
            return;
    done(messages, record);
}

static void dealt_with(struct messages *messages, struct name_entry *entry, uint64_t count)
{
    if (!entry->left)
        return;
    entry->left = count < entry->left ? entry->left - (uint32_t)count : 0;
    if (!entry->left)
        close_name(messages, entry);
}

/* ---- the watch: events as lines have them ---- */

/* Ids are used again: what has this one and is complete, or was opened before, is another message, unless the MTA gives
 * no id twice and says the same again. */
static struct name_entry *open_message(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = entry_of(messages, e, e->queue_id);

    if (entry && entry->is_attempt) {
        messages_forget(messages, entry);
        entry = NULL;
    }
    if (entry && (entry->record->m.is_complete || (entry->record->is_opened && !e->id_is_unique))) {
        messages_give_out(messages, entry->record);
        entry = NULL;
    }
    if (!entry)
        entry = find_or_add(messages, e);
    entry->record->is_opened = entry->record->m.is_whole = true;
    /* OpenSMTPD's: its messages have names of their own. */
    entry->record->is_session = span_is(e->line->header.program, "smtpd");
    if (!entry->left)
        entry->left = e->recipients;
    set_envelope(messages, entry->record, e);
    if (messages->options.connections)
        messages_hold_session(entry->record, messages_session_of(messages, e->line));
    return entry;
}

static struct name_entry *queued(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = find_or_add(messages, e);

    set_envelope(messages, entry->record, e);
    entry->record->is_queued = messages->has_queue = true;
    if (entry->record->place == PLACE_ATTEMPT)
        messages_place(messages, entry->record, PLACE_OPEN);
    return entry;
}

/* In a session that was opened by a name of its own (OpenSMTPD), which is no message. */
static struct name_entry *taken(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = queued(messages, e);
    struct name_entry *session = entry_of(messages, e, e->original_id);

    if (session && session->record != entry->record) {
        session->record->is_session = true;
        set_text(messages, entry->record, &entry->record->m.client, session->record->m.client);
        entry->record->m.is_whole = true;
    }
    if (!e->original_id.n)
        entry->record->m.is_whole = true;
    if (e->to.p && e->original_id.n) {
        add_recipient(messages, entry->record, e->to);
        entry->left++;
    }
    return entry;
}

static struct name_entry *attempt(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = entry_of(messages, e, e->original_id), *mine;
    struct record *record = entry ? entry->record : messages_record(messages, e->line);

    if (!entry)
        entry = add_id(messages, record, e, e->original_id);
    mine = entry_of(messages, e, e->queue_id);
    if (mine)
        messages_forget(messages, mine);
    mine = messages_name(messages, record, parser_id_key(messages->parser, e, e->queue_id));
    mine->is_attempt = true;
    mine->to = messages_copy(messages, record, e->to);
    return entry;
}

static struct name_entry *delivery(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = entry_of(messages, e, e->queue_id);

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

/* All recipients `<a>,<b>` of logterse, of which the event names the first. */
static void add_listed(struct messages *messages, struct record *record, const struct event *e)
{
    const char *end = e->line->text.p + e->line->text.n;
    struct span list, to;

    if (!e->to.p || e->to.p <= e->line->text.p || e->to.p > end)
        return;
    list = span_from(e->to.p - 1, end);
    while (span_take_bracketed(&list, &to)) {
        add_recipient(messages, record, to);
        if (!span_take_char(&list, ','))
            break;
    }
}

static struct name_entry *front_queued(struct messages *messages, const struct event *e)
{
    struct record *record = messages_qpsmtpd_record(messages, e->line);

    set_envelope(messages, record, e);
    add_listed(messages, record, e);
    record->m.is_whole = record->is_front = record->is_queued = true;
    if (e->message_id.n)
        messages_name(messages, record, parser_message_id_key(messages->parser, e, e->message_id));
    messages->at = record;
    done(messages, record);
    return NULL;
}

static struct name_entry *refused(struct messages *messages, const struct event *e)
{
    struct name_entry *entry;
    struct record *record;

    if (!e->queue_id.n)
        return NULL;
    entry = find_or_add(messages, e);
    record = entry->record;
    set_envelope(messages, record, e);
    set_helo(messages, record, e);
    record->is_refused = true;
    if (e->counter == COUNTER_REJECT_WARNINGS)
        return entry;
    if (e->once_per_id)
        close_name(messages, entry);
    else if (!record->is_opened)
        messages_place(messages, record, PLACE_REFUSED);
    return entry;
}

static struct name_entry *verdict(struct messages *messages, const struct event *e)
{
    static const unsigned char weights[COUNTERS] = {
        [COUNTER_BAD_HEADER] = 1, [COUNTER_SPAM] = 2, [COUNTER_BANNED] = 3, [COUNTER_VIRUS] = 4
    };
    struct name_entry *entry = entry_of(messages, e, e->queue_id);
    struct message *m;

    if (!entry)
        entry = entry_of(messages, e, e->named_id);
    if (!entry)
        return NULL;
    m = &entry->record->m;
    if (weights[e->counter] > weights[m->verdict]) {
        m->verdict = e->counter;
        m->score = messages_copy(messages, entry->record, e->detail);
    }
    return entry;
}

static struct name_entry *watch_kind(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = NULL;

    switch (e->kind) {
    case EVENT_OPENED:
        return open_message(messages, e);
    case EVENT_REQUEUED:
        entry = find_or_add(messages, e);
        entry->record->is_opened = true;
        return entry;
    case EVENT_MESSAGE_ID:
        entry = find_or_add(messages, e);
        set_envelope(messages, entry->record, e);
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
            set_envelope(messages, entry->record, e);
        return entry;
    case EVENT_DISCARDED:
        entry = e->queue_id.n ? find_or_add(messages, e) : NULL;
        if (entry) {
            set_envelope(messages, entry->record, e);
            close_name(messages, entry);
        }
        return entry;
    case EVENT_RELEASED:
        entry = entry_of(messages, e, e->queue_id);
        if (entry && entry->record->m.fate == COUNTER_HELD)
            entry->record->m.fate = COUNTER_NONE;
        return entry;
    case EVENT_REMOVED:
    case EVENT_REMOVED_BY_ADMINISTRATOR:
        entry = entry_of(messages, e, e->queue_id);
        if (entry && entry->is_open)
            close_name(messages, entry);
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
        return entry_of(messages, e, e->queue_id);
    case EVENT_HELD_EARLY:
        break;
    }
    return NULL;
}

static void watch(void *context, const struct event *e)
{
    struct messages *messages = context;
    struct name_entry *entry;

    messages->now = line_time(e->line);
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

/* ---- the sink: what is counted ---- */

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

    set_envelope(messages, record, e);
    set_helo(messages, record, e);
    if (e->counter == COUNTER_REJECT_WARNINGS)
        return;
    if (messages_is_qpsmtpd(e->line))
        add_listed(messages, record, e);
    if (e->to.p || !is_whole)
        set_recipient(messages, record, e, e->to);
    if (is_whole)
        set_fate(messages, record, e);
    if (record->session && record->session->current == record)
        done(messages, record);
}

/* The record of what is counted; NULL: it has none. */
static struct record *sink_record(struct messages *messages, const struct event *e)
{
    if (messages->at && e->queue_id.p == messages->at_id.p && e->queue_id.n == messages->at_id.n)
        return messages->at;
    return record_of(messages, e, e->queue_id);
}

static void sink(void *context, const struct event *e)
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
        set_envelope(messages, record, e);
        set_recipient(messages, record, e, e->to.p ? e->to : messages->at_to);
        break;
    case COUNTER_EXPIRED:
        if (e->to.p)
            set_recipient(messages, record, e, e->to);
        else
            set_fate(messages, record, e);
        break;
    case COUNTER_HELD:
    case COUNTER_DISCARDED:
        set_envelope(messages, record, e);
        if (e->to.p && e->counter == COUNTER_DISCARDED)
            set_recipient(messages, record, e, e->to);
        else
            set_fate(messages, record, e);
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
        set_envelope(messages, record, e);
        if (record->m.verdict == COUNTER_NONE) {
            record->m.verdict = e->counter;
            record->m.score = messages_copy(messages, record, e->detail);
        }
        break;
    case COUNTER_CONNECTIONS: /* n/m is the connection's */
        set_envelope(messages, record, e);
        break;
    default:
        set_envelope(messages, record, e);
        renew_text(messages, record, &record->m.detail, e->detail);
        break;
    }
}

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
    parser_set_watch(parser, watch, messages);
    parser_set_sink(parser, sink, messages);
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
