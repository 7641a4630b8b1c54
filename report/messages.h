/* Whole messages, put together from the events of a parser: one record for what came in once, whatever number of queue
 * ids it had on its way (the flows tell which id is the re-injection of which), with all that the log says of it.
 *
 *     messages_new -> messages_watch(input_parser()) -> lines through the parser -> messages_settle(INT64_MAX)
 *
 * `take` is called with each message once: when it is complete (removed, Completed, end msg, its last recipient dealt
 * with where the MTA logs no end; refused or discarded), a moment after that by the log's own time, since verdicts and
 * other late lines follow; or when it is given up (see below); or, with what is known, at messages_settle(INT64_MAX).
 * What has no queue id (a refusal, a failed login, a connection) is a record of its own, with `is_lone`.
 *
 * Bounded memory. At most `cap` messages with `octets_cap` of text are open; of one more, the one of which nothing was
 * heard the longest is given out as it stands, without `is_complete`, and messages_given_up() counts it. The same
 * becomes of a message that the queue never took after ATTEMPT_AGE_S, and of others after MESSAGE_AGE_S, without being
 * counted. Of one message RECIPIENTS_MAX recipients are named, and LINES_MAX lines kept; recipients_more and lines_more
 * count the rest. Texts are cut at TEXT_MAX octets.
 *
 * All spans and lists of a message live during the call of `take` only. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_MESSAGES_H
#define MAILTALLY_MESSAGES_H

#include "../parser/parser.h"

#define MESSAGES_CAP        65536
#define MESSAGES_OCTETS_CAP (UINT64_C(256) << 20)
#define RECIPIENTS_MAX      1000
#define LINES_MAX           5000
#define TEXT_MAX            4096
#define MESSAGE_AGE_S       (6 * 86400) /* longer than any queue's life time */
#define ATTEMPT_AGE_S       3600

/* A recipient, and what became of it at last. */
struct recipient {
    struct recipient *next;
    struct span to;    /* p is NULL: not in the log */
    enum counter fate; /* sent, delivered, forwarded, bounced, deferred, discarded, expired, or a refusal; NONE: open */
    uint8_t reason;    /* of a deferral: enum deferral_reason; of a refusal: enum refusal_reason */
    uint16_t code;     /* 0: unknown */
    uint32_t attempts; /* lines of deliveries */
    uint64_t count;    /* more than 1: the line spoke of so many, and named the first */
    int64_t time;      /* of the last of them */
    int64_t delay_ms;  /* -1: unknown */
    struct span enhanced, relay, text, detail;
};

/* A queue id of the message, in the order in which they were met. */
struct message_id {
    struct message_id *next;
    struct span id;
};

/* A line of the message: as it stands in its file, without newline. */
struct message_line {
    struct message_line *next;
    struct span text;
    const char *file;
    uint64_t number;
    uint64_t order; /* counts up over all lines that were read */
};

struct message {
    int64_t first, last;    /* seconds since 1970 of its first and last line; TIME_UNKNOWN */
    const char *host;       /* NUL-terminated */
    struct span program;    /* of the first line that was an event: postfix/smtpd */
    struct message_id *ids; /* NULL: lone, or qpsmtpd's without an id */
    struct span message_id; /* without <> where the program writes them; empty: unknown */
    struct span client;     /* name[address], as written; empty: submitted here, or unknown */
    struct span helo;       /* empty: unknown */
    struct span from;       /* p is NULL: unknown; empty: the null sender */
    int64_t size_octets;    /* -1: unknown */
    struct recipient *recipients;
    uint32_t recipients_n, recipients_more;
    /* What became of it: of several recipients the worst (bounced, expired, deferred, held, then the others). NONE: it
     * is not known. */
    enum counter fate;
    uint8_t reason; /* of that; likewise the next four */
    uint16_t code;
    struct span enhanced, text, detail;
    struct span zone;                              /* DNS blocklist of the refusal */
    enum counter verdict;                          /* spam, virus, banned, badHeader: the worst; NONE */
    struct span score;                             /* the verdict's detail: score, name of a virus */
    int64_t first_of[COUNTERS], last_of[COUNTERS]; /* when it moved each counter; 0: it did not */
    uint64_t refusals, deferrals;                  /* a bit for each reason that it met */
    bool received;                                 /* counted as received: the queue took it from outside */
    bool reinjected;                               /* came back from a filter */
    bool is_front;                                 /* the log has no more of it than that a server in front took it */
    bool is_lone;                                  /* an event without a message */
    bool is_whole;                                 /* its beginning was seen */
    bool is_complete;                              /* its end was seen */
    struct message_line *lines;                    /* in the order in which they were read */
    uint32_t lines_n, lines_more;
    struct span connection;          /* qpsmtpd's 3/40: connections at the same time / at most; empty: unknown */
    int64_t connected, disconnected; /* when its connection began and ended; TIME_UNKNOWN */
};

struct messages_options {
    uint32_t cap;        /* messages that are open at the same time; 0: MESSAGES_CAP */
    uint64_t octets_cap; /* of their texts; 0: MESSAGES_OCTETS_CAP */
    bool keep_lines;     /* `lines` are wanted */
    bool connections;    /* also of other servers than qpsmtpd */
    bool is_followed;    /* the log is read as it is written: nothing waits for the end of its connection */
};

typedef void messages_fn(void *context, const struct message *message);

struct messages; /* opaque */

/* NULL without memory. */
struct messages *messages_new(const struct messages_options *options, messages_fn *take, void *context);
void messages_free(struct messages *messages);

/* Takes the parser's sink, watch, joined and after from now on; the parser outlives the messages, or is not used any
 * more. */
void messages_watch(struct messages *messages, struct parser *parser);

/* Gives out what is complete long enough at `now` (seconds since 1970) or too old; INT64_MAX at the end of input: all.
 * Call parser_settle() first. Where lines come, nobody needs to call it before the end. */
void messages_settle(struct messages *messages, int64_t now);

/* The time of the newest line, by the log; TIME_UNKNOWN. */
int64_t messages_time(const struct messages *messages);

/* How many messages were given out before their end, because too many were open. */
uint64_t messages_given_up(const struct messages *messages);

#endif
