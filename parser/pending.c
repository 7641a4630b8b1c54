/* Events that are kept for a moment.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "pending.h"

#include <stdlib.h>

#include "tally.h"

#define OWN_OCTETS 512  /* of what is no piece of the line, but was loaded */
#define TEXT_MAX   8192 /* of one such text, in any version */

struct kept {
    uint64_t key; /* 0: a free place */
    uint64_t order;
    int64_t due;
    struct event event;
    struct line line;
    char text[PENDING_LINE_OCTETS];
    char own[OWN_OCTETS]; /* of a loaded one: the source's name and such, each with a NUL behind it */
    size_t own_octets;
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

/* Every span of a header and of an event: what copy() must turn from the line to its copy. They are saved in this
 * order.
 */
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
    k->line.id.n = 0;
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

static struct kept *free_place(struct pending *p, bool *was_free)
{
    struct kept *earliest = &p->kept[0];

    *was_free = true;
    for (size_t i = 0; i < PENDING_EVENTS; i++) {
        if (p->kept[i].key == 0)
            return &p->kept[i];
        if (p->kept[i].due < earliest->due)
            earliest = &p->kept[i];
    }
    *was_free = false;
    decide(p, earliest);
    return earliest;
}

bool pending_keep(struct pending *p, uint64_t key, const struct event *e, int wait_s)
{
    bool was_free;
    struct kept *k = free_place(p, &was_free);

    copy(k, e);
    k->key = key;
    k->order = p->order++;
    k->due = line_time(e->line) + wait_s; /* a stamp from the future would never be due */
    p->kept_n++;
    if (k->due < p->next_due)
        p->next_due = k->due;
    return was_free;
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

/* ---- the saved state ---- */

void pending_forget(struct pending *p)
{
    for (size_t i = 0; i < PENDING_EVENTS; i++)
        p->kept[i].key = 0;
    p->kept_n = 0;
    p->next_due = INT64_MAX;
    p->order = 0;
}

/* How a span is saved: these, or where it begins in the line. */
enum { SPAN_NONE, SPAN_OWN, SPAN_IN_LINE };

static void save_span(const struct kept *k, const void *holder, size_t offset, struct store *store)
{
    struct span s = *(const struct span *)((const char *)holder + offset);

    if (!s.p) {
        store_number(store, SPAN_NONE);
    } else if (s.p >= k->text && s.p <= k->text + k->line.text.n) {
        store_number(store, SPAN_IN_LINE + (uint64_t)(s.p - k->text));
        store_number(store, s.n);
    } else {
        store_number(store, SPAN_OWN);
        store_octets(store, s);
    }
}

/* What does not fit is kept empty. */
static struct span own_text(struct kept *k, struct span s)
{
    char *own = k->own + k->own_octets;

    if (s.n >= sizeof k->own - k->own_octets)
        return (struct span){ "", 0 };
    memcpy(own, s.p, s.n);
    own[s.n] = '\0';
    k->own_octets += s.n + 1;
    return (struct span){ own, s.n };
}

static void load_span(struct kept *k, void *holder, size_t offset, struct load *load)
{
    struct span *s = (struct span *)((char *)holder + offset);
    uint64_t how = load_number_to(load, SPAN_IN_LINE + k->line.text.n);

    if (how == SPAN_NONE) {
        *s = (struct span){ NULL, 0 };
    } else if (how == SPAN_OWN) {
        *s = own_text(k, load_octets(load, TEXT_MAX));
    } else {
        s->p = k->text + (how - SPAN_IN_LINE);
        s->n = load_number_to(load, k->line.text.n - (how - SPAN_IN_LINE));
    }
}

static void save_line(const struct kept *k, const struct tallies *tallies, struct store *store)
{
    store_octets(store, k->line.text);
    store_text(store, k->line.file);
    store_number(store, k->line.number);
    store_signed(store, k->line.header.time);
    store_signed(store, k->line.reference);
    store_number(store, k->line.instance_key);
    tallies_save_row(tallies, store, k->line.tally);
    for (size_t i = 0; i < sizeof header_spans / sizeof header_spans[0]; i++)
        save_span(k, &k->line.header, header_spans[i], store);
}

static void load_line(struct kept *k, struct tallies *tallies, struct load *load)
{
    struct span text = load_octets(load, sizeof k->text);

    memcpy(k->text, text.p, text.n);
    k->line.text = (struct span){ k->text, text.n };
    k->line.file = own_text(k, load_octets(load, TEXT_MAX)).p;
    k->line.number = load_number(load);
    k->line.header.time = load_signed(load);
    k->line.reference = load_signed(load);
    k->line.instance_key = (uint32_t)load_number_to(load, UINT32_MAX);
    k->line.tally = tallies_load_row(tallies, load);
    if (!k->line.tally)
        load_fails(load);
    for (size_t i = 0; i < sizeof header_spans / sizeof header_spans[0]; i++)
        load_span(k, &k->line.header, header_spans[i], load);
}

/* Of an event that stands and waits these matter; the rest was for the flow. */
static void save_event(const struct kept *k, struct store *store)
{
    const struct event *e = &k->event;

    store_number(store, e->counter);
    store_number(store, e->count);
    store_number(store, e->reason);
    store_number(store, e->agent);
    store_number(store, e->temporary);
    store_number(store, e->code);
    store_signed(store, e->size_octets);
    store_signed(store, e->delay_ms);
    for (size_t i = 0; i < sizeof event_spans / sizeof event_spans[0]; i++)
        save_span(k, e, event_spans[i], store);
}

static void load_event(struct kept *k, enum event_kind kind, struct load *load)
{
    struct event *e = &k->event;

    *e = event_of(kind, &k->line);
    e->counter = counter_of_number(load_number(load));
    e->count = load_number(load);
    e->reason = reason_of_number(e->counter, load_number(load));
    e->agent = (uint8_t)load_number_to(load, AGENT_PIPE);
    e->temporary = load_number_to(load, 1) != 0;
    e->code = (uint16_t)load_number_to(load, UINT16_MAX);
    e->size_octets = load_signed(load);
    e->delay_ms = load_signed(load);
    if (e->size_octets < -1 || e->delay_ms < -1)
        load_fails(load);
    for (size_t i = 0; i < sizeof event_spans / sizeof event_spans[0]; i++)
        load_span(k, e, event_spans[i], load);
}

void pending_save(const struct pending *p, const struct tallies *tallies, struct store *store)
{
    store_number(store, p->order);
    store_number(store, p->kept_n);
    for (size_t i = 0; i < PENDING_EVENTS; i++) {
        const struct kept *k = &p->kept[i];

        if (!k->key)
            continue;
        store_number(store, i); /* of two that are due first, the one in the first place goes */
        store_number(store, k->key);
        store_number(store, k->order);
        store_signed(store, k->due);
        save_line(k, tallies, store);
        save_event(k, store);
    }
}

void pending_load(struct pending *p, enum event_kind kind, struct tallies *tallies, struct load *load)
{
    pending_forget(p);
    p->order = load_number(load);
    for (uint64_t n = load_number_to(load, PENDING_EVENTS); n && !load->failed; n--) {
        struct kept *k = &p->kept[load_number_to(load, PENDING_EVENTS - 1)];
        uint64_t key = load_number(load);

        if (!key || k->key) {
            load_fails(load);
            return;
        }
        memset(k, 0, sizeof *k);
        k->order = load_number(load);
        k->due = load_signed(load);
        load_line(k, tallies, load);
        load_event(k, kind, load);
        if (load->failed || k->event.counter == COUNTER_NONE)
            continue;
        k->key = key;
        p->kept_n++;
        if (k->due < p->next_due)
            p->next_due = k->due;
    }
}
