/* Events that are kept for a moment.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "pending.h"

#include <stdlib.h>

struct kept {
    uint64_t key; /* 0: a free place */
    uint64_t order;
    int64_t due;
    struct event event;
    struct line line;
    char text[PENDING_LINE_OCTETS];
};

struct pending {
    void (*decided)(void *context, uint64_t key, struct event *event);
    void *context;
    uint32_t kept_n;
    int64_t next_due; /* never later than the earliest that is kept */
    uint64_t order;
    struct kept kept[PENDING_EVENTS];
};

struct pending *pending_new(void (*decided)(void *context, uint64_t key, struct event *event), void *context)
{
    struct pending *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->decided = decided;
    p->context = context;
    p->next_due = INT64_MAX;
    return p;
}

void pending_free(struct pending *p)
{
    free(p);
}

/* ---- copies ---- */

/* Every span of a header and of an event: what copy() must turn from the line to its copy. */
static const size_t header_spans[] = {
    offsetof(struct header, host),    offsetof(struct header, program), offsetof(struct header, instance),
    offsetof(struct header, service), offsetof(struct header, pid),     offsetof(struct header, message),
};
static const size_t event_spans[] = {
    offsetof(struct event, enhanced), offsetof(struct event, queue_id),    offsetof(struct event, client),
    offsetof(struct event, from),     offsetof(struct event, to),          offsetof(struct event, message_id),
    offsetof(struct event, relay),    offsetof(struct event, original_id), offsetof(struct event, named_id),
    offsetof(struct event, zone),     offsetof(struct event, verdict_id),  offsetof(struct event, detail),
    offsetof(struct event, text),     offsetof(struct event, ticket),
};

/* The span at `offset` of *holder points into the line; make it point into the copy. */
static void move(void *holder, size_t offset, const struct event *from, struct kept *to)
{
    struct span *s = (struct span *)((char *)holder + offset);
    struct span line = from->line->text;

    if (!s->p || s->p < line.p || s->p > line.p + line.n)
        return; /* a constant, or the source's name */
    if ((size_t)(s->p - line.p) + s->n > sizeof to->text)
        *s = (struct span){ to->text, 0 };
    else
        s->p = to->text + (s->p - line.p);
}

static void copy(struct kept *k, const struct event *e)
{
    size_t n = e->line->text.n < sizeof k->text ? e->line->text.n : sizeof k->text;

    memcpy(k->text, e->line->text.p, n);
    k->event = *e;
    k->line = *e->line;
    k->line.text = (struct span){ k->text, n };
    for (size_t i = 0; i < sizeof header_spans / sizeof header_spans[0]; i++)
        move(&k->line.header, header_spans[i], e, k);
    for (size_t i = 0; i < sizeof event_spans / sizeof event_spans[0]; i++)
        move(&k->event, event_spans[i], e, k);
    k->event.line = &k->line;
}

/* ---- places ---- */

static void decide(struct pending *p, struct kept *k)
{
    uint64_t key = k->key;

    k->key = 0; /* before the call: it may drop others */
    p->kept_n--;
    p->decided(p->context, key, &k->event);
}

static struct kept *first_of(const struct pending *p, uint64_t key)
{
    const struct kept *first = NULL;

    for (size_t i = 0; p->kept_n && i < PENDING_EVENTS; i++)
        if (p->kept[i].key == key && (!first || p->kept[i].order < first->order))
            first = &p->kept[i];
    return (struct kept *)first;
}

static struct kept *free_place(struct pending *p)
{
    struct kept *earliest = &p->kept[0];

    for (size_t i = 0; i < PENDING_EVENTS; i++) {
        if (p->kept[i].key == 0)
            return &p->kept[i];
        if (p->kept[i].due < earliest->due)
            earliest = &p->kept[i];
    }
    decide(p, earliest);
    return earliest;
}

void pending_keep(struct pending *p, uint64_t key, const struct event *e, int wait_s)
{
    struct kept *k = free_place(p);

    copy(k, e);
    k->key = key;
    k->order = p->order++;
    k->due = line_time(e->line) + wait_s; /* a stamp from the future would never be due */
    p->kept_n++;
    if (k->due < p->next_due)
        p->next_due = k->due;
}

const struct event *pending_find(const struct pending *p, uint64_t key)
{
    const struct kept *k = first_of(p, key);

    return k ? &k->event : NULL;
}

void pending_replace(struct pending *p, uint64_t key, const struct event *e)
{
    struct kept *k = first_of(p, key);

    if (k)
        copy(k, e);
}

void pending_drop(struct pending *p, uint64_t key)
{
    for (size_t i = 0; p->kept_n && i < PENDING_EVENTS; i++)
        if (p->kept[i].key == key) {
            p->kept[i].key = 0;
            p->kept_n--;
        }
}

static struct kept *first_due(struct pending *p, int64_t now, const struct tally *host)
{
    struct kept *first = NULL;

    p->next_due = INT64_MAX;
    for (size_t i = 0; p->kept_n && i < PENDING_EVENTS; i++) {
        struct kept *k = &p->kept[i];

        if (k->key && k->due < p->next_due)
            p->next_due = k->due;
        if (k->key && k->due <= now && (!host || k->line.tally == host) && (!first || k->order < first->order))
            first = k;
    }
    return first;
}

void pending_settle(struct pending *p, int64_t now, const struct tally *host)
{
    struct kept *k;

    while (p->kept_n && now >= p->next_due && (k = first_due(p, now, host)))
        decide(p, k);
}
