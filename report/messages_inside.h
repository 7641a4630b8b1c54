/* What the files of messages.h share: messages.c has the rules, messages_table.c the records and their memory,
 * messages_session.c connections and lines. For these only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_MESSAGES_INSIDE_H
#define MAILTALLY_MESSAGES_INSIDE_H

#include "messages.h"

struct record;

/* A name by which lines speak of a message: a queue id, the Message-ID of what a server in front took, a connection of
 * qpsmtpd's, or a delivery that has a name of its own (qmail). Lies in its record's memory. */
struct name_entry {
    uint64_t key;
    struct record *record;
    struct name_entry *chained; /* of the same slot */
    struct name_entry *sibling; /* of the same record */
    uint32_t left;              /* recipients not dealt with, where the MTA logs no end; 0: unknown */
    bool is_open;               /* a queue id whose end was not seen */
    bool is_attempt;
    struct span to; /* of an attempt */
};

/* Where a record stands. Each is a list in the order of the last touch. */
enum place {
    PLACE_OPEN,    /* the queue has it */
    PLACE_ATTEMPT, /* the queue has not taken it */
    PLACE_REFUSED, /* nothing but refusals */
    PLACE_DONE,    /* complete; late lines may follow */
    PLACE_LATE,    /* complete, but what it went to may be a filter, or a server behind this one says more */
    PLACES
};

struct piece {
    struct piece *next;
    uint32_t n, room;
    char octets[];
};

/* A connection; messages that came by it hold it. */
struct session {
    struct session *chained;
    uint64_t key;
    uint32_t holders;
    bool is_listed; /* lines may still speak of it */
    int64_t begin, end;
    struct span connection;
    struct record *current; /* of qpsmtpd: what its next line belongs to */
    char text[32];
};

struct record {
    struct message m;
    struct record *newer, *older; /* in its list */
    enum place place;
    int64_t touched; /* by the log's time */
    struct name_entry *names;
    struct message_id **last_id;
    struct recipient **last_recipient;
    struct message_line **last_line;
    struct piece *pieces;
    uint64_t octets;
    struct session *session;
    bool is_opened, is_queued, is_refused, is_pipe, is_front, is_session, is_held;
    const char *lone_file; /* of a lone one: its line */
    uint64_t lone_line;
};

struct list {
    struct record *newest, *oldest;
};

#define TOUCHED_MAX   8
#define SESSIONS_CAP  8192
#define SESSION_SLOTS 4096 /* a power of two */

struct messages {
    struct messages_options options;
    messages_fn *take;
    void *context;
    struct parser *parser;
    struct name_entry **slots;
    uint32_t slots_n, names_n; /* slots_n: a power of two */
    struct list places[PLACES];
    uint32_t records_n;
    uint64_t octets;
    uint64_t given_up;
    struct record *lone; /* the last lone one: the next event of its line belongs to it */
    struct record *touched[TOUCHED_MAX];
    size_t touched_n;
    /* The event at work, as the watch had it: the sink asks for the same. */
    struct span at_id;
    struct record *at;
    struct span at_to;
    uint64_t order;
    bool has_queue; /* an MTA logs here */
    int64_t now;
    struct session *sessions[SESSION_SLOTS];
    uint32_t sessions_n;
    uint32_t next_slot; /* where old sessions are looked for next */
};

/* ---- records (messages_table.c) ---- */

/* Never NULL: without memory the process ends, and says so. */
struct record *messages_record(struct messages *messages, const struct line *line);
void *messages_memory(struct messages *messages, struct record *record, size_t octets);
struct span messages_copy(struct messages *messages, struct record *record, struct span text);

struct name_entry *messages_find(const struct messages *messages, uint64_t key);
struct name_entry *messages_name(struct messages *messages, struct record *record, uint64_t key);
void messages_forget(struct messages *messages, struct name_entry *entry);

/* To the young end of this list, at the time of the line at work. */
void messages_place(struct messages *messages, struct record *record, enum place place);

/* Hands it over and frees it. */
void messages_give_out(struct messages *messages, struct record *record);

/* All of `b` goes to `a`. */
void messages_join(struct messages *messages, struct record *a, struct record *b);

void messages_release_session(struct messages *messages, struct session *session);

/* ---- what became of it (messages.c) ---- */
void messages_set_fate(struct message *message);

/* ---- lines and connections (messages_session.c) ---- */
void messages_add_line(struct messages *messages, struct record *record, const struct line *line);
void messages_touch(struct messages *messages, struct record *record);

/* Of an event: a connection begins. */
void messages_connected(struct messages *messages, const struct event *e);
/* The session of the line's process, or NULL. */
struct session *messages_session_of(struct messages *messages, const struct line *line);
void messages_hold_session(struct record *record, struct session *session);
/* qpsmtpd's: the record that this process' lines belong to, without a fate yet. */
struct record *messages_qpsmtpd_record(struct messages *messages, const struct line *line);
bool messages_is_qpsmtpd(const struct line *line);

/* Behind each line: parser_unrecognised_fn. */
void messages_line(void *context, const struct line *line);

void messages_free_sessions(struct messages *messages);

#endif
