/* Lines of messages, and the connections that they came by.
 *
 * A connection is known by host, program and process: `connect from` and `disconnect from` of Postfix' smtpd, `Accepted
 * connection 3/40` and `click, disconnecting` of qpsmtpd. qpsmtpd has no queue ids: what its process says between two
 * messages belongs to the second.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "../parser/hash.h"
#include "messages_inside.h"
#include "report.h"

#define SESSION_AGE_S 86400

/* ---- lines ---- */

/* Whole: it is searched. */
static struct span copy_line(struct messages *messages, struct record *record, struct span text)
{
    char *copy = messages_memory(messages, record, text.n + 1);

    memcpy(copy, text.p, text.n);
    return (struct span){ copy, text.n };
}

void messages_add_line(struct messages *messages, struct record *record, const struct line *line)
{
    struct message *m = &record->m;
    struct message_line *kept;
    int64_t time = line->header.time;

    if (time != TIME_UNKNOWN) {
        m->last = time > m->last ? time : m->last;
        m->first = time < m->first || m->first == TIME_UNKNOWN ? time : m->first;
    }
    if (!messages->options.keep_lines || !line->text.p) /* what was decided later may have no line of its own */
        return;
    if (m->lines_n >= LINES_MAX) {
        m->lines_more++;
        return;
    }
    kept = messages_memory(messages, record, sizeof *kept);
    *kept = (struct message_line){ .text = copy_line(messages, record, line->text),
                                   .file = line->file,
                                   .number = line->number,
                                   .order = messages->order };
    *record->last_line = kept;
    record->last_line = &kept->next;
    m->lines_n++;
}

void messages_pass_time(struct messages *messages, const struct line *line)
{
    if (line->header.time == TIME_UNKNOWN || messages->now == line_time(line))
        return;
    messages->now = line_time(line);
    messages_settle(messages, messages->now);
}

void messages_touch(struct messages *messages, struct record *record)
{
    for (size_t i = 0; i < messages->touched_n; i++)
        if (messages->touched[i] == record)
            return;
    if (messages->touched_n < TOUCHED_MAX)
        messages->touched[messages->touched_n++] = record;
}

/* ---- connections ---- */

/* qpsmtpd's pid begins the message where the line has no tag. */
static struct span process_of(const struct line *line)
{
    if (line->header.pid.n)
        return line->header.pid;
    return span_first(line->header.message, line->header.service.n ? 0 : span_digits(line->header.message));
}

static uint64_t session_key(const struct line *line, struct span process)
{
    return hash_octets(hash_octets(line->tally->key, line->header.program), process);
}

struct session *messages_session_of(struct messages *messages, const struct line *line)
{
    struct span process = process_of(line);
    uint64_t key;
    struct session *session;

    if (!process.n || !messages->sessions_n)
        return NULL;
    key = session_key(line, process);
    session = messages->sessions[key % SESSION_SLOTS];
    while (session && session->key != key)
        session = session->chained;
    return session;
}

static void unlist(struct messages *messages, struct session *session)
{
    struct session **at = &messages->sessions[session->key % SESSION_SLOTS];

    while (*at != session)
        at = &(*at)->chained;
    *at = session->chained;
    messages->sessions_n--;
    session->is_listed = false;
}

void messages_release_session(struct messages *messages, struct session *session)
{
    (void)messages;
    if (--session->holders == 0 && !session->is_listed)
        free(session);
}

static void drop(struct messages *messages, struct session *session)
{
    unlist(messages, session);
    if (session->current) {
        if (session->current->place == PLACE_ATTEMPT)
            messages_place(messages, session->current, PLACE_DONE);
        session->current = NULL;
    }
    if (session->holders == 0)
        free(session);
}

void messages_hold_session(struct record *record, struct session *session)
{
    if (!session || record->session)
        return;
    record->session = session;
    session->holders++;
}

/* A session that ended, or whose end was lost; where there is none, whichever comes next. */
static void make_room(struct messages *messages)
{
    struct session *any = NULL;

    for (unsigned looked = 0; looked < SESSION_SLOTS; looked++) {
        struct session *session = messages->sessions[messages->next_slot++ % SESSION_SLOTS];

        any = any ? any : session;
        if (session && (session->end != TIME_UNKNOWN || messages->now - session->begin > SESSION_AGE_S)) {
            drop(messages, session);
            return;
        }
    }
    if (any)
        drop(messages, any);
}

void messages_connected(struct messages *messages, const struct event *e)
{
    struct span process = process_of(e->line);
    struct session *session = messages_session_of(messages, e->line);
    size_t n;

    if (!process.n)
        return;
    if (session) /* the process serves another client, or its number was used again */
        drop(messages, session);
    if (messages->sessions_n >= SESSIONS_CAP)
        make_room(messages);
    session = calloc(1, sizeof *session);
    if (!session)
        return;
    session->key = session_key(e->line, process);
    session->begin = e->line->header.time;
    session->end = TIME_UNKNOWN;
    session->is_listed = true;
    n = e->detail.n < sizeof session->text ? e->detail.n : 0;
    if (n && messages_is_qpsmtpd(e->line)) {
        memcpy(session->text, e->detail.p, n);
        session->connection = (struct span){ session->text, n };
    }
    session->chained = messages->sessions[session->key % SESSION_SLOTS];
    messages->sessions[session->key % SESSION_SLOTS] = session;
    messages->sessions_n++;
}

void messages_free_sessions(struct messages *messages)
{
    for (size_t i = 0; i < SESSION_SLOTS; i++)
        while (messages->sessions[i])
            drop(messages, messages->sessions[i]);
}

/* ---- qpsmtpd ---- */

bool messages_is_qpsmtpd(const struct line *line)
{
    struct span rest = line->header.message;
    uint64_t pid;

    if (line->header.service.n)
        return span_has_prefix(line->header.service, "qpsmtpd");
    return span_take_number(&rest, &pid) && span_take_char(&rest, ' ');
}

static bool is_lone_of(const struct record *record, const struct line *line)
{
    return record->lone_file == line->file && record->lone_line == line->number;
}

struct record *messages_qpsmtpd_record(struct messages *messages, const struct line *line)
{
    struct session *session = messages_session_of(messages, line);
    struct record *record = session ? session->current : NULL;

    for (size_t i = 0; i < messages->touched_n; i++) { /* by another event of this line */
        struct record *touched = messages->touched[i];

        if (touched && (touched == record || (!session && is_lone_of(touched, line))))
            return touched;
    }
    if (record && !record->is_queued && record->m.fate == COUNTER_NONE) {
        messages_touch(messages, record);
        return record;
    }
    record = messages_record(messages, line);
    messages_touch(messages, record);
    record->m.is_lone = false;
    record->m.is_whole = session != NULL;
    if (session) {
        messages_hold_session(record, session);
        session->current = record;
    } else { /* nothing tells what else belongs to it */
        record->m.is_complete = true;
        record->lone_file = line->file;
        record->lone_line = line->number;
        messages_place(messages, record, PLACE_DONE);
    }
    return record;
}

/* What a process of qpsmtpd says: to the message that it is at. */
static void qpsmtpd_line(struct messages *messages, const struct line *line)
{
    struct session *session = messages_session_of(messages, line);
    bool ends = span_mentions(line->header.message, "click, disconnecting");

    if (!session)
        return;
    if (!session->current || span_mentions(line->header.message, "dispatching MAIL "))
        messages_qpsmtpd_record(messages, line);
    messages_touch(messages, session->current);
    if (ends) {
        session->end = line->header.time;
        session->current->m.is_complete = true;
        if (session->current->place == PLACE_ATTEMPT)
            messages_place(messages, session->current, PLACE_DONE);
    }
}

/* ---- behind each line ---- */

static void postfix_line(struct messages *messages, const struct line *line)
{
    struct session *session;

    if (!span_has_prefix(line->header.message, "disconnect from "))
        return;
    session = messages_session_of(messages, line);
    if (session)
        session->end = line->header.time;
}

void messages_line(void *context, const struct line *line)
{
    struct messages *messages = context;
    struct name_entry *entry;

    messages_pass_time(messages, line);
    entry = line->id.n ? messages_find(messages, line->id_key) : NULL;

    messages->order++;
    if (entry)
        messages_touch(messages, entry->record);
    if (messages_is_qpsmtpd(line))
        qpsmtpd_line(messages, line);
    else if (span_is(line->header.service, "smtpd"))
        postfix_line(messages, line);
    for (size_t i = 0; i < messages->touched_n; i++) {
        struct record *record = messages->touched[i];

        if (!record || (record->m.is_lone && record->lone_line == line->number))
            continue;
        messages_add_line(messages, record, line);
        if (record->place != PLACE_ATTEMPT)
            messages_place(messages, record, record->place);
    }
    messages->touched_n = 0;
    messages->at = NULL;
}
