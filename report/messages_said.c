/* What lines say of a message: its names, envelope, recipients and fates.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "messages_inside.h"

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

struct name_entry *messages_entry_of(struct messages *messages, const struct event *e, struct span id)
{
    return id.n ? messages_find(messages, parser_id_key(messages->parser, e, id)) : NULL;
}

struct record *messages_record_of(struct messages *messages, const struct event *e, struct span id)
{
    struct name_entry *entry = messages_entry_of(messages, e, id);

    return entry ? entry->record : NULL;
}

struct name_entry *messages_add_id(struct messages *messages, struct record *record, const struct event *e,
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
struct name_entry *messages_find_or_add(struct messages *messages, const struct event *e)
{
    struct name_entry *entry = messages_entry_of(messages, e, e->queue_id);

    return entry ? entry : messages_add_id(messages, messages_record(messages, e->line), e, e->queue_id);
}

/* ---- what lines say of a message ---- */

void messages_set_text(struct messages *messages, struct record *r, struct span *to, struct span text)
{
    if (text.n && !to->n)
        *to = messages_copy(messages, r, text);
}

void messages_set_envelope(struct messages *messages, struct record *r, const struct event *e)
{
    messages_set_text(messages, r, &r->m.client, e->client);
    messages_set_text(messages, r, &r->m.message_id, e->message_id);
    if (e->from.p && !r->m.from.p)
        r->m.from = messages_copy(messages, r, e->from);
    if (e->size_octets >= 0 && r->m.size_octets < 0)
        r->m.size_octets = e->size_octets;
}

/* `helo=<name>` of Postfix' refusals: the last one, since addresses stand before it. */
void messages_set_helo(struct messages *messages, struct record *r, const struct event *e)
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
        messages_set_text(messages, r, &r->m.helo, inside);
}

/* One whose fate is open: aliases may lead a message to one address twice. */
static struct recipient *find_recipient(const struct message *m, struct span to)
{
    for (struct recipient *r = m->recipients; r; r = r->next)
        if ((r->fate == COUNTER_NONE || r->fate == COUNTER_DEFERRED) && to.p && r->to.p && span_eq(r->to, to))
            return r;
    return NULL;
}

struct recipient *messages_add_recipient(struct messages *messages, struct record *record, struct span to)
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
void messages_renew_text(struct messages *messages, struct record *record, struct span *to, struct span text)
{
    if (text.n > TEXT_MAX)
        text.n = TEXT_MAX;
    if (!span_eq(*to, text))
        *to = messages_copy(messages, record, text);
}

static struct recipient *set_one(struct messages *messages, struct record *record, const struct event *e,
                                 struct span to)
{
    struct recipient *r = messages_add_recipient(messages, record, to);

    if (!r)
        return NULL;
    r->fate = e->counter;
    r->reason = e->reason;
    r->code = e->code;
    r->attempts++;
    r->count = e->count;
    r->time = e->line->header.time;
    if (e->delay_ms >= 0)
        r->delay_ms = e->delay_ms;
    messages_renew_text(messages, record, &r->enhanced, e->enhanced);
    messages_renew_text(messages, record, &r->relay, e->relay);
    messages_renew_text(messages, record, &r->text, e->text);
    messages_renew_text(messages, record, &r->detail, e->detail);
    return r;
}

/* `to=<a>,<b>,c, delay=` of Sendmail, of which the event has the first: each of them, once. What is counted beyond
 * those that can be told apart stays with the last. */
static void set_each(struct messages *messages, struct record *record, const struct event *e)
{
    struct span rest = span_from(e->to.p, e->line->text.p + e->line->text.n), to;
    struct recipient *last = NULL;
    uint64_t n = 0;

    if (rest.p > e->line->text.p && rest.p[-1] == '<')
        rest = (struct span){ rest.p - 1, rest.n + 1 };
    while (n < e->count) {
        if (rest.n && rest.p[0] == '<' ? !span_take_bracketed(&rest, &to)
                                       : !(to = span_first(rest, span_find(rest, SPAN(",")))).n)
            break;
        if (to.p + to.n > rest.p) /* it had no brackets */
            rest = span_skip(rest, to.n);
        last = set_one(messages, record, e, to);
        if (last)
            last->count = 1;
        n++;
        if (!span_take_char(&rest, ',') || (rest.n && rest.p[0] == ' '))
            break;
    }
    if (last)
        last->count += e->count - n;
}

static bool is_in_line(const struct event *e, struct span to)
{
    return to.p && to.p >= e->line->text.p && to.p + to.n <= e->line->text.p + e->line->text.n;
}

void messages_set_recipient(struct messages *messages, struct record *record, const struct event *e, struct span to)
{
    if (e->count > 1 && to.p == e->to.p && is_in_line(e, to))
        set_each(messages, record, e);
    else
        set_one(messages, record, e, to);
}

/* Of the whole message. */
void messages_take_fate(struct messages *messages, struct record *record, const struct event *e)
{
    struct message *m = &record->m;

    m->fate = e->counter;
    m->reason = e->reason;
    m->code = e->code;
    messages_renew_text(messages, record, &m->enhanced, e->enhanced);
    messages_renew_text(messages, record, &m->text, e->text);
    messages_renew_text(messages, record, &m->detail, e->detail);
    messages_renew_text(messages, record, &m->zone, e->zone);
}

/* ---- the end ---- */

void messages_done(struct messages *messages, struct record *record)
{
    record->m.is_complete = true;
    messages_place(messages, record, record->is_pipe || record->is_front ? PLACE_LATE : PLACE_DONE);
}

void messages_close_name(struct messages *messages, struct name_entry *entry)
{
    struct record *record = entry->record;

    entry->is_open = false;
    entry->left = 0;
    for (const struct name_entry *other = record->names; other; other = other->sibling)
        if (other->is_open)
            return;
    messages_done(messages, record);
}

/* All recipients `<a>,<b>` of logterse, of which the event names the first. */
void messages_add_listed(struct messages *messages, struct record *record, const struct event *e)
{
    const char *end = e->line->text.p + e->line->text.n;
    struct span list, to;

    if (!e->to.p || e->to.p <= e->line->text.p || e->to.p > end)
        return;
    list = span_from(e->to.p - 1, end);
    while (span_take_bracketed(&list, &to)) {
        messages_add_recipient(messages, record, to);
        if (!span_take_char(&list, ','))
            break;
    }
}
