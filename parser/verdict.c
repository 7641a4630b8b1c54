/* Verdicts that wait for their worst line.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.h"

#include <stdlib.h>

#include "hash.h"
#include "tally.h"

struct pending {
    uint64_t key; /* host and id; 0: a free place */
    int64_t due;
    struct event event;
    struct line line;
    char text[VERDICT_LINE_OCTETS];
};

struct verdicts {
    uint64_t seed;
    void (*decided)(void *context, struct event *event);
    void *context;
    uint32_t pending_n;
    int64_t next_due; /* of the pending ones the earliest */
    struct pending pending[VERDICTS_PENDING];
    uint64_t decided_keys[VERDICTS_DECIDED];
    uint32_t decided_next;
};

struct verdicts *verdicts_new(uint64_t seed, void (*decided)(void *context, struct event *event), void *context)
{
    struct verdicts *v = calloc(1, sizeof *v);

    if (!v)
        return NULL;
    v->seed = seed;
    v->decided = decided;
    v->context = context;
    v->next_due = INT64_MAX;
    return v;
}

void verdicts_free(struct verdicts *v)
{
    free(v);
}

/* Worst first: COUNTING.md section 4. */
static int badness(enum counter counter)
{
    switch (counter) {
    case COUNTER_VIRUS:
        return 4;
    case COUNTER_BANNED:
        return 3;
    case COUNTER_SPAM:
        return 2;
    default:
        return 1;
    }
}

/* Every span of a header and of an event: what keep() must turn from the line to its copy. */
static const size_t header_spans[] = {
    offsetof(struct header, host),    offsetof(struct header, program), offsetof(struct header, instance),
    offsetof(struct header, service), offsetof(struct header, pid),     offsetof(struct header, message),
};
static const size_t event_spans[] = {
    offsetof(struct event, enhanced), offsetof(struct event, queue_id),    offsetof(struct event, client),
    offsetof(struct event, from),     offsetof(struct event, to),          offsetof(struct event, message_id),
    offsetof(struct event, relay),    offsetof(struct event, original_id), offsetof(struct event, named_id),
    offsetof(struct event, zone),     offsetof(struct event, verdict_id),  offsetof(struct event, detail),
    offsetof(struct event, text),
};

/* The span at `offset` of *holder points into the line; make it point into the copy. */
static void move(void *holder, size_t offset, const struct event *from, struct pending *to)
{
    struct span *s = (struct span *)((char *)holder + offset);
    struct span line = from->line->text;

    if (!s->p || s->p < line.p || s->p > line.p + line.n)
        return; /* a constant */
    if ((size_t)(s->p - line.p) + s->n > sizeof to->text)
        *s = (struct span){ to->text, 0 };
    else
        s->p = to->text + (s->p - line.p);
}

static void keep(struct pending *p, const struct event *e)
{
    size_t n = e->line->text.n < sizeof p->text ? e->line->text.n : sizeof p->text;

    memcpy(p->text, e->line->text.p, n);
    p->event = *e;
    p->line = *e->line;
    p->line.text = (struct span){ p->text, n };
    for (size_t i = 0; i < sizeof header_spans / sizeof header_spans[0]; i++)
        move(&p->line.header, header_spans[i], e, p);
    for (size_t i = 0; i < sizeof event_spans / sizeof event_spans[0]; i++)
        move(&p->event, event_spans[i], e, p);
    p->event.line = &p->line;
}

static void decide(struct verdicts *v, struct pending *p)
{
    v->decided_keys[v->decided_next++ % VERDICTS_DECIDED] = p->key;
    p->key = 0;
    v->pending_n--;
    v->decided(v->context, &p->event);
}

static bool was_decided(const struct verdicts *v, uint64_t key)
{
    for (size_t i = 0; i < VERDICTS_DECIDED; i++)
        if (v->decided_keys[i] == key)
            return true;
    return false;
}

static struct pending *place_for(struct verdicts *v)
{
    struct pending *oldest = &v->pending[0];

    for (size_t i = 0; i < VERDICTS_PENDING; i++) {
        if (v->pending[i].key == 0)
            return &v->pending[i];
        if (v->pending[i].due < oldest->due)
            oldest = &v->pending[i];
    }
    decide(v, oldest);
    return oldest;
}

void verdicts_put(struct verdicts *v, const struct event *e)
{
    uint64_t key = hash_octets(v->seed ^ e->line->tally->key, e->verdict_id) | 1;
    int64_t time = e->line->header.time;
    struct pending *p;

    for (size_t i = 0; i < VERDICTS_PENDING; i++)
        if (v->pending[i].key == key) {
            if (badness(e->counter) > badness(v->pending[i].event.counter))
                keep(&v->pending[i], e);
            return;
        }
    if (was_decided(v, key))
        return;
    p = place_for(v);
    keep(p, e);
    p->key = key;
    if (time == TIME_UNKNOWN || time > e->line->reference)
        time = e->line->reference;
    p->due = time + VERDICT_WAIT_S;
    v->pending_n++;
    if (p->due < v->next_due)
        v->next_due = p->due;
}

void verdicts_settle(struct verdicts *v, int64_t now)
{
    if (v->pending_n == 0 || now < v->next_due)
        return;
    v->next_due = INT64_MAX;
    for (size_t i = 0; i < VERDICTS_PENDING; i++) {
        struct pending *p = &v->pending[i];

        if (p->key && p->due <= now)
            decide(v, p);
        else if (p->key && p->due < v->next_due)
            v->next_due = p->due;
    }
}
