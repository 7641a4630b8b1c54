/* The records of messages, their memory, and the names by which lines speak of them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "messages_inside.h"
#include "report.h"

#define SLOTS_FIRST  4096u
#define PIECE_OCTETS 448u
#define PIECE_GREAT  16384u

static void *must_have(void *memory)
{
    if (!memory) {
        complain("no memory");
        exit(STATUS_ERROR);
    }
    return memory;
}

/* ---- memory ---- */

/* Pieces of a record grow with it, so that a small one is small and a great one has few. */
void *messages_memory(struct messages *messages, struct record *record, size_t octets)
{
    struct piece *piece = record->pieces;
    void *memory;

    octets = (octets + 7) & ~(size_t)7;
    if (!piece || (size_t)piece->room - piece->n < octets) {
        size_t room = piece ? 2 * (size_t)piece->room : PIECE_OCTETS;

        if (room > PIECE_GREAT)
            room = PIECE_GREAT;
        if (room < octets)
            room = octets;
        piece = must_have(malloc(sizeof *piece + room));
        *piece = (struct piece){ .next = record->pieces, .room = (uint32_t)room };
        record->pieces = piece;
        record->octets += sizeof *piece + room;
        messages->octets += sizeof *piece + room;
    }
    memory = piece->octets + piece->n;
    piece->n += (uint32_t)octets;
    return memory;
}

struct span messages_copy(struct messages *messages, struct record *record, struct span text)
{
    size_t n = text.n < TEXT_MAX ? text.n : TEXT_MAX;
    char *copy;

    if (!text.p)
        return text;
    copy = messages_memory(messages, record, n + 1); /* an empty one is not NULL, either */
    memcpy(copy, text.p, n);
    return (struct span){ copy, n };
}

/* ---- names ---- */

struct name_entry *messages_find(const struct messages *messages, uint64_t key)
{
    struct name_entry *entry = messages->slots ? messages->slots[key & (messages->slots_n - 1)] : NULL;

    while (entry && entry->key != key)
        entry = entry->chained;
    return entry;
}

static void grow(struct messages *messages)
{
    uint32_t slots_n = messages->slots_n ? 2 * messages->slots_n : SLOTS_FIRST;
    struct name_entry **slots = must_have(calloc(slots_n, sizeof(struct name_entry *)));

    for (uint32_t i = 0; i < messages->slots_n; i++)
        for (struct name_entry *entry = messages->slots[i], *next; entry; entry = next) {
            next = entry->chained;
            entry->chained = slots[entry->key & (slots_n - 1)];
            slots[entry->key & (slots_n - 1)] = entry;
        }
    free(messages->slots);
    messages->slots = slots;
    messages->slots_n = slots_n;
}

static void unchain(struct messages *messages, const struct name_entry *entry)
{
    struct name_entry **at = &messages->slots[entry->key & (messages->slots_n - 1)];

    while (*at != entry)
        at = &(*at)->chained;
    *at = entry->chained;
    messages->names_n--;
}

struct name_entry *messages_name(struct messages *messages, struct record *record, uint64_t key)
{
    struct name_entry *entry = messages_memory(messages, record, sizeof *entry);
    struct name_entry **slot;

    if (messages->names_n >= messages->slots_n / 2)
        grow(messages);
    slot = &messages->slots[key & (messages->slots_n - 1)];
    *entry = (struct name_entry){ .key = key, .record = record, .chained = *slot, .sibling = record->names };
    *slot = entry;
    record->names = entry;
    messages->names_n++;
    return entry;
}

void messages_forget(struct messages *messages, struct name_entry *entry)
{
    struct name_entry **at = &entry->record->names;

    while (*at != entry)
        at = &(*at)->sibling;
    *at = entry->sibling;
    unchain(messages, entry);
}

/* ---- lists ---- */

static void unlist(struct messages *messages, struct record *record)
{
    struct list *list = &messages->places[record->place];

    if (record->newer)
        record->newer->older = record->older;
    else
        list->newest = record->older;
    if (record->older)
        record->older->newer = record->newer;
    else
        list->oldest = record->newer;
}

static void enlist(struct messages *messages, struct record *record, enum place place)
{
    struct list *list = &messages->places[place];

    record->place = place;
    record->newer = NULL;
    record->older = list->newest;
    if (list->newest)
        list->newest->newer = record;
    else
        list->oldest = record;
    list->newest = record;
}

void messages_place(struct messages *messages, struct record *record, enum place place)
{
    unlist(messages, record);
    enlist(messages, record, place);
    record->touched = messages->now;
}

/* ---- records ---- */

static struct record *oldest_of_all(const struct messages *messages)
{
    static const enum place order[] = { PLACE_DONE, PLACE_LATE, PLACE_REFUSED, PLACE_ATTEMPT, PLACE_OPEN };
    struct record *oldest = NULL;

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct record *r = messages->places[order[i]].oldest;

        if (r && order[i] <= PLACE_ATTEMPT)
            oldest = !oldest || r->touched < oldest->touched ? r : oldest;
        else if (r) /* complete or refused: it need not wait */
            return r;
    }
    return oldest;
}

static void make_room(struct messages *messages)
{
    while (messages->records_n >= messages->options.cap || messages->octets > messages->options.octets_cap) {
        struct record *oldest = oldest_of_all(messages);

        if (!oldest)
            return;
        if (oldest->place == PLACE_OPEN || oldest->place == PLACE_ATTEMPT)
            messages->given_up++;
        messages_give_out(messages, oldest);
    }
}

struct record *messages_record(struct messages *messages, const struct line *line)
{
    struct record *record;

    make_room(messages);
    record = must_have(calloc(1, sizeof *record));
    record->last_id = &record->m.ids;
    record->last_recipient = &record->m.recipients;
    record->last_line = &record->m.lines;
    record->m.first = record->m.last = line->header.time;
    record->m.host = line->tally->name;
    record->m.size_octets = -1;
    record->m.connected = record->m.disconnected = TIME_UNKNOWN;
    record->m.program = messages_copy(messages, record, line->header.program);
    record->touched = messages->now;
    enlist(messages, record, PLACE_ATTEMPT);
    messages->records_n++;
    messages->octets += sizeof *record;
    record->octets += sizeof *record;
    return record;
}

static void free_record(struct messages *messages, struct record *record)
{
    if (messages->lone == record)
        messages->lone = NULL;
    if (messages->at == record)
        messages->at = NULL;
    for (size_t i = 0; i < messages->touched_n; i++)
        if (messages->touched[i] == record)
            messages->touched[i] = NULL;
    for (struct name_entry *entry = record->names; entry; entry = entry->sibling)
        unchain(messages, entry);
    unlist(messages, record);
    if (record->session && record->session->current == record)
        record->session->current = NULL;
    if (record->session)
        messages_release_session(messages, record->session);
    for (struct piece *piece = record->pieces, *next; piece; piece = next) {
        next = piece->next;
        free(piece);
    }
    messages->octets -= record->octets;
    messages->records_n--;
    free(record);
}

void messages_give_out(struct messages *messages, struct record *record)
{
    struct message *m = &record->m;

    if (record->session) {
        m->connected = record->session->begin;
        m->disconnected = record->session->end;
        m->connection = record->session->connection;
    }
    m->is_front = record->is_front && !m->ids && !messages->has_queue;
    messages_set_fate(m);
    if (!record->is_session) /* of a program that names sessions: no message */
        messages->take(messages->context, m);
    free_record(messages, record);
}

/* ---- joining ---- */

/* Both are in order; so is what comes of it. */
static void merge_lines(struct record *a, struct record *b)
{
    struct message_line *x = a->m.lines, *y = b->m.lines, **at = &a->m.lines;

    while (x || y) {
        struct message_line **from = !y || (x && x->order <= y->order) ? &x : &y;

        *at = *from;
        *from = (*from)->next;
        at = &(*at)->next;
    }
    a->last_line = at;
    a->m.lines_n += b->m.lines_n;
    a->m.lines_more += b->m.lines_more;
}

static void take_over_texts(struct message *a, const struct message *b)
{
    const struct {
        struct span *to;
        struct span from;
    } texts[] = {
        { &a->message_id, b->message_id }, { &a->client, b->client }, { &a->helo, b->helo }, { &a->score, b->score }
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!texts[i].to->n)
            *texts[i].to = texts[i].from;
    if (!a->from.p)
        a->from = b->from;
    if (a->size_octets < 0)
        a->size_octets = b->size_octets;
    if (a->verdict == COUNTER_NONE)
        a->verdict = b->verdict;
    if (a->fate == COUNTER_NONE) {
        a->fate = b->fate;
        a->reason = b->reason;
        a->code = b->code;
        a->enhanced = b->enhanced;
        a->text = b->text;
        a->detail = b->detail;
        a->zone = b->zone;
    }
}

static void take_over_counts(struct message *a, const struct message *b)
{
    for (size_t i = 0; i < COUNTERS; i++) {
        if (b->first_of[i] && (!a->first_of[i] || b->first_of[i] < a->first_of[i]))
            a->first_of[i] = b->first_of[i];
        if (b->last_of[i] > a->last_of[i])
            a->last_of[i] = b->last_of[i];
    }
    a->refusals |= b->refusals;
    a->deferrals |= b->deferrals;
    a->received |= b->received;
    a->reinjected |= b->reinjected;
    if (b->first < a->first && b->first != TIME_UNKNOWN)
        a->first = b->first;
    if (b->last > a->last)
        a->last = b->last;
}

static bool has_recipient(const struct message *m, struct span to)
{
    for (const struct recipient *r = m->recipients; r; r = r->next)
        if (to.p && r->to.p && span_eq(r->to, to))
            return true;
    return false;
}

/* Behind those of `a`, but for those that it has and of which nothing more is known. */
static void take_over_recipients(struct record *a, struct record *b)
{
    struct recipient **at = &b->m.recipients;

    while (*at) {
        if ((*at)->fate == COUNTER_NONE && has_recipient(&a->m, (*at)->to)) {
            *at = (*at)->next;
            b->m.recipients_n--;
        } else {
            at = &(*at)->next;
        }
    }
    *a->last_recipient = b->m.recipients;
    if (b->m.recipients)
        a->last_recipient = at;
    a->m.recipients_n += b->m.recipients_n;
    a->m.recipients_more += b->m.recipients_more;
}

void messages_join(struct messages *messages, struct record *a, struct record *b)
{
    struct piece **last = &b->pieces;
    struct name_entry **name = &b->names;

    for (; *name; name = &(*name)->sibling)
        (*name)->record = a;
    *name = a->names;
    a->names = b->names;
    b->names = NULL;
    *a->last_id = b->m.ids;
    if (b->m.ids)
        a->last_id = b->last_id;
    take_over_recipients(a, b);
    merge_lines(a, b);
    take_over_texts(&a->m, &b->m);
    take_over_counts(&a->m, &b->m);
    a->is_queued |= b->is_queued;
    a->is_pipe |= b->is_pipe;
    for (; *last; last = &(*last)->next)
        ;
    if (a->pieces) { /* those of `b` behind them: what is not full stands first */
        *last = a->pieces->next;
        a->pieces->next = b->pieces;
    } else {
        a->pieces = b->pieces;
    }
    a->octets += b->octets - sizeof *b;
    b->octets = sizeof *b;
    b->pieces = NULL;
    for (size_t i = 0; i < messages->touched_n; i++)
        if (messages->touched[i] == b)
            messages->touched[i] = a;
    if (messages->at == b)
        messages->at = a;
    free_record(messages, b);
}
