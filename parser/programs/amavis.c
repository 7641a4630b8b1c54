/* amavisd-new.
 *
 *   line                                                      becomes
 *   (id) Passed|Blocked INFECTED (name) ..                    virus
 *   (id) Passed|Blocked BANNED (name) ..                      banned
 *   (id) Passed|Blocked SPAM, SPAMMY ..                       spam
 *   (id) Passed|Blocked BAD-HEADER[-n] ..                     badHeader
 *   CLEAN, UNCHECKED, OVERSIZED, MTA-BLOCKED, TEMPFAIL, OTHER nothing
 *   releases before 2.3: (id) INFECTED (..), (id) SPAM, ..    likewise
 *   of 2003: (id) Passed|Not-Delivered, .. quarantine spam..  spam
 *   AMaViS 0.3: Virus found ..                                virus
 *   .. Queue-ID: A, .. queued_as: B                           A came back as B
 *
 * A message may have a line for each group of its recipients: the worst one of an id counts (verdict.c).
 *
 * Source of the format: amavisd, $log_templ and the release notes of 2.3, 2.7 and 2.8.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "put.h"
#include "../fields.h"

static const struct {
    struct span word;
    enum counter counter;
} categories[] = {
    { SPAN("INFECTED"), COUNTER_VIRUS }, { SPAN("BANNED"), COUNTER_BANNED },         { SPAN("SPAMMY"), COUNTER_SPAM },
    { SPAN("SPAM"), COUNTER_SPAM },      { SPAN("BAD-HEADER"), COUNTER_BAD_HEADER },
};

static bool ends_word(struct span s)
{
    return s.n == 0 || !is_alnum(s.p[0]);
}

static enum counter category_of(struct span *rest)
{
    for (size_t i = 0; i < sizeof categories / sizeof categories[0]; i++) {
        struct span s = *rest;

        if (span_take(&s, categories[i].word) && ends_word(s)) {
            *rest = s;
            return categories[i].counter;
        }
    }
    return COUNTER_NONE;
}

/* Advances to what stands behind `key` outside of <..>: addresses and the Message-ID may hold anything. */
static bool skip_to(struct span *s, struct span key)
{
    struct span rest = *s, inside;

    while (rest.n) {
        const char *open = span_chr(rest, '<');
        struct span plain = open ? span_from(rest.p, open) : rest;
        size_t at = span_find(plain, key);

        if (at < plain.n) {
            *s = span_skip(rest, at + key.n);
            return true;
        }
        rest = span_skip(rest, plain.n);
        if (rest.n && !span_take_bracketed(&rest, &inside))
            rest = span_skip(rest, 1);
    }
    return false;
}

/* What is read of a message's line. */
struct message {
    struct span queue_id, queued_as, hits;
};

static void take_field(struct message *m, struct span field)
{
    if (span_take_literal(&field, "Queue-ID: "))
        m->queue_id = span_words(field);
    else if (span_take_literal(&field, "queued_as: "))
        m->queued_as = span_words(field);
    else if (span_take_literal(&field, "Hits: "))
        m->hits = span_words(field);
}

/* Walks the fields between the commas, past what stands in <..>. */
static struct message message_of(struct span rest)
{
    struct message m = { .queue_id = { rest.p, 0 }, .queued_as = { rest.p, 0 }, .hits = { rest.p, 0 } };
    struct span inside;

    while (rest.n) {
        const char *stop = span_chr_either(rest, ',', '<');
        struct span field = stop ? span_from(rest.p, stop) : rest;

        rest = span_skip(rest, field.n);
        if (stop && *stop == '<') {
            if (!span_take_bracketed(&rest, &inside))
                rest = span_skip(rest, 1);
            continue;
        }
        take_field(&m, field);
        while (rest.n && (rest.p[0] == ',' || rest.p[0] == ' '))
            rest = span_skip(rest, 1);
    }
    return m;
}

static void take_addresses(struct span rest, struct event *e)
{
    size_t at = span_find(rest, SPAN(" <"));

    if (at == rest.n)
        return;
    rest = span_skip(rest, at + 1);
    if (span_take_bracketed(&rest, &e->from) && span_take_literal(&rest, " -> "))
        span_take_bracketed(&rest, &e->to);
}

/* The last id only: a message that was split has several, with slashes between. */
static void put_hand_over(const struct line *line, const struct message *m, struct events *events)
{
    struct event e = event_of(EVENT_HANDED_OVER, line);
    struct span first;

    e.queue_id = m->queue_id;
    e.named_id = m->queued_as;
    while (span_take_until(&e.named_id, '/', &first))
        ;
    events_put(events, &e);
}

static void put_category(const struct line *line, struct span id, enum counter counter, struct span rest,
                         const struct message *m, struct events *events)
{
    struct event e = event_of(EVENT_VERDICT, line);
    struct span name = rest, skipped;

    e.verdict_id = id;
    e.counter = counter;
    e.queue_id = m->queue_id;
    if (counter == COUNTER_VIRUS || counter == COUNTER_BANNED) {
        if (span_take_until(&name, '(', &skipped) && skipped.n <= 1 && span_take_until(&name, ')', &skipped))
            e.detail = skipped;
    } else {
        e.detail = m->hits;
    }
    take_addresses(rest, &e);
    events_put(events, &e);
}

/* `(id) INFECTED (..), <a> -> <b>`: where Passed and Blocked were not yet written. Other lines with these words are
 * details of a message whose own line follows. */
static enum counter old_category_of(struct span *rest)
{
    struct span ahead = *rest;
    enum counter counter;

    if (span_has_prefix(ahead, "Passed, <") || span_has_prefix(ahead, "Not-Delivered, <"))
        return skip_to(&ahead, SPAN("quarantine spam")) ? COUNTER_SPAM : COUNTER_NONE;
    counter = category_of(rest);
    return skip_to(&ahead, SPAN("tag2=")) || !span_mentions(*rest, " -> <") ? COUNTER_NONE : counter;
}

static bool amavis(const struct line *line, struct events *events)
{
    struct span rest = line->header.message, id;
    enum counter counter;
    struct message m;

    if (span_has_prefix(rest, "Virus found"))
        return put_count(line, events, COUNTER_VIRUS, NO_DETAIL);
    if (!span_take_char(&rest, '(') || !span_take_until(&rest, ')', &id) || !span_take_char(&rest, ' '))
        return true; /* start-up and housekeeping */
    bool current = span_take_literal(&rest, "Passed ") || span_take_literal(&rest, "Blocked ");

    counter = current ? category_of(&rest) : old_category_of(&rest);
    if (counter == COUNTER_NONE && !(current && events->evidence_wanted))
        return true;
    m = message_of(rest);
    if (current && m.queue_id.n && m.queued_as.n)
        put_hand_over(line, &m, events);
    if (counter != COUNTER_NONE)
        put_category(line, id, counter, rest, &m, events);
    return true;
}

static const struct service services[] = {
    { SPAN("amavis"), amavis },
    { SPAN("amavisd"), amavis },
    { SPAN("amavisd-new"), amavis },
};

const struct recogniser recogniser_amavis = { .name = "amavis", SERVICES(services) };
