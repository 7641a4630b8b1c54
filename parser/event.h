/* What a line says happened to mail.
 *
 * A recogniser fills in what the line says (kind and spans); flow.c decides from all lines of a message which
 * counter moves, and by how much; only then does the event reach the tally and the sinks, with `counter` and
 * `count` set. All spans point into the line and live during the callback only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_EVENT_H
#define MAILTALLY_EVENT_H

#include "header.h"

enum counter {
    COUNTER_NONE,
#define COUNTER(number, identifier, name, unit, rrd, meaning) COUNTER_##identifier = number,
#include "counters.def"
#undef COUNTER
    COUNTERS /* one more than the greatest number: the size of an array that is indexed by counter */
};

enum refusal_reason {
    REFUSAL_NONE,
#define REFUSAL(number, identifier, name) REFUSAL_##identifier = number,
#include "reasons.def"
    REFUSAL_REASONS
};

enum deferral_reason {
    DEFERRAL_NONE,
#define DEFERRAL(number, identifier, name) DEFERRAL_##identifier = number,
#include "reasons.def"
    DEFERRAL_REASONS
};

/* Names as users meet them. The numbers must be in range. */
const char *counter_name(enum counter counter);
const char *counter_meaning(enum counter counter);
bool counter_is_octets(enum counter counter); /* its events have no row of their own */
const char *refusal_reason_name(enum refusal_reason reason);
const char *deferral_reason_name(enum deferral_reason reason);

/* Of a number that was saved, maybe by another version: COUNTER_NONE when there is no such counter; OTHER when the
 * counter's reasons have none of that number. */
enum counter counter_of_number(uint64_t number);
uint8_t reason_of_number(enum counter counter, uint64_t number);

enum event_kind {
    EVENT_COUNT,      /* moves `counter` by `count`, whatever else is known of the message */
    EVENT_REFUSAL,    /* moves `counter`; `reason` is a refusal_reason; with once_per_id set, once for a queue id */
    EVENT_OPENED,     /* queue_id was opened for `client` (empty: local submission); `original_id`: see flow.h; with a
                         message_id (whose p is not NULL) EVENT_MESSAGE_ID, too */
    EVENT_REQUEUED,   /* queue_id continues the message that was original_id */
    EVENT_MESSAGE_ID, /* queue_id carries message_id, which may be empty */
    EVENT_QUEUED,     /* the queue manager took queue_id: from, size (where EVENT_OPENED did not say it) */
    EVENT_TAKEN,    /* queue_id was accepted from `from` in the session original_id (itself opened by EVENT_OPENED; or,
                       where that is empty, queue_id was); from nobody and locally: the server's own bounce */
    EVENT_DELIVERY, /* a recipient of queue_id: `counter` says how it ended; named_id: the id in the reply */
    EVENT_HELD,     /* queue_id is on hold: held, and received when it was not yet */
    EVENT_HELD_EARLY,               /* a client's message will be held (no reception yet) */
    EVENT_DISCARDED,                /* once per id */
    EVENT_EXPIRED,                  /* queue_id is returned to its sender after too long a time */
    EVENT_RELEASED,                 /* queue_id is no longer on hold */
    EVENT_REMOVED,                  /* queue_id is gone */
    EVENT_REMOVED_BY_ADMINISTRATOR, /* queue_id is gone; what was never queued had been held: received */
    EVENT_HANDED_OVER,              /* a filter says that queue_id came back as named_id */
    EVENT_ATTEMPT,      /* queue_id, a name of its own, is a delivery of original_id; its end is an EVENT_DELIVERY */
    EVENT_OWN_BOUNCE,   /* what will be opened with this ticket is a bounce of the server's own: no reception */
    EVENT_FRONT_QUEUED, /* a server in front of this host's MTA took a message for it: received; what the MTA then
                           takes from it is a re-injection */
    EVENT_VERDICT,      /* a filter's verdict on verdict_id: the worst one of its lines counts (verdict.h); delivered: a
                           mailbox server's line, which counts where no MTA logs on this host (tally.h) */
};

/* Which kind of agent carried a delivery: it decides what a success is, and how a filter is known. */
enum delivery_agent { AGENT_OTHER, AGENT_SMTP, AGENT_LMTP, AGENT_PIPE };

struct tally;
struct service;

/* A line on its way through the parser. */
struct line {
    struct span text; /* the whole line, without its newline */
    const char *file; /* the source's name */
    uint64_t number;  /* 1 is the source's first line */
    struct header header;
    int64_t reference;     /* now, or the archive's time: a stamp after it is from the future */
    struct tally *tally;   /* the row of the line's host */
    uint32_t instance_key; /* hash of header.instance */
    struct span id;        /* what the message begins with, if it may be a queue id; else empty */
    uint64_t id_key;       /* the flow's key of that */
    bool id_is_plain;      /* there is one, of less than 16 octets, which all are digits and upper case letters */
    const struct service *service; /* the rules for the lines of its program; NULL: there are none */
};

/* When the line was written; a stamp from the future, or none, is the reference. */
static inline int64_t line_time(const struct line *line)
{
    return line->header.time == TIME_UNKNOWN || line->header.time > line->reference ? line->reference
                                                                                    : line->header.time;
}

struct event {
    enum event_kind kind;
    enum counter counter;
    uint64_t count; /* how much the counter moves: 1, or octets, or N of a repeated line */
    uint8_t reason; /* enum refusal_reason or deferral_reason, by the counter; 0 none */
    uint8_t agent;  /* enum delivery_agent */
    bool temporary; /* of a warned refusal: its code was 4xx */
    bool once_per_id;
    bool takes_queue;     /* of a delivery: the first one is what EVENT_QUEUED is elsewhere (Sendmail) */
    bool maybe_of_front;  /* of what is opened: a server in front, where this host has one, may have sent it */
    bool id_is_unique;    /* of what is opened: by an MTA that gives no id twice; the line again is no news */
    bool maybe_copy;      /* the program may write this line twice (copies.h); ticket: what both have */
    uint32_t recipients;  /* of what is opened, by an MTA that does not log EVENT_REMOVED; 0: unknown */
    uint16_t code;        /* SMTP reply code, 0 unknown */
    struct span enhanced; /* enhanced status code, 5.7.1; empty: unknown */
    const struct line *line;
    struct span queue_id;
    struct span client; /* as the MTA wrote it: name[address] */
    struct span from;   /* without the <>; from.p is NULL where the line has none */
    struct span to;     /* likewise */
    struct span message_id;
    struct span original_id;
    struct span named_id;
    struct span ticket; /* see EVENT_OWN_BOUNCE and maybe_copy */
    struct span relay;  /* where a delivery went, as written */
    struct span verdict_id;
    struct span detail;  /* plugin, rule, zone, score: one word for the reader */
    struct span zone;    /* DNS blocklist of a refusal */
    struct span text;    /* the reason's text, as far as the line has it */
    int64_t size_octets; /* -1 unknown */
    int64_t delay_ms;    /* -1 unknown */
};

/* An event of a line, all else unknown. Most lines have one, and 280 octets are many stores: so each empty span is one
 * store, not two (0.97 of the time that a whole log takes; Sendmail's: 0.94). That they are noughts the compiler must
 * not know: it would clear all of them by one instruction, which takes longer to start than these take (1.10). */
static inline struct event event_of(enum event_kind kind, const struct line *line)
{
    typedef long long two_words __attribute__((vector_size(16), aligned(8), may_alias));
    two_words none = { 0, 0 };
    struct event e;

#ifdef __SSE2__
    __asm__("" : "+x"(none));
#endif

    _Static_assert(sizeof none == sizeof(struct span), "an empty span is one store");
    _Static_assert(sizeof(void *) != 8 || sizeof e == 280, "a new field wants its first value here");
    e.kind = kind;
    e.counter = COUNTER_NONE;
    e.count = 1;
    e.reason = e.agent = 0;
    e.temporary = e.once_per_id = e.takes_queue = e.maybe_of_front = e.id_is_unique = e.maybe_copy = false;
    e.recipients = 0;
    e.code = 0;
    e.line = line;
#define EMPTY(span) *(two_words *)&e.span = none
    EMPTY(enhanced), EMPTY(queue_id), EMPTY(client), EMPTY(from), EMPTY(to), EMPTY(message_id), EMPTY(original_id);
    EMPTY(named_id), EMPTY(ticket), EMPTY(relay), EMPTY(verdict_id), EMPTY(detail), EMPTY(zone), EMPTY(text);
#undef EMPTY
    e.size_octets = e.delay_ms = -1;
    return e;
}

#endif
