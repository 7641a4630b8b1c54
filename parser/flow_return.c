/* Which message came back from a filter under another id: told by its Message-ID, by a name in a reply, or by waiting
 * for either. SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow_rules.h"

/* ---- waiting for evidence by name ---- */

static void wait_for_evidence(struct flows *flows, struct event *e, struct flow *f, uint64_t awaited)
{
    for (size_t i = 0; i < WAITING_CAP; i++)
        if (!flows->waiting[i].flow) {
            struct waiting *w = &flows->waiting[i];

            *w = (struct waiting){ .flow = f, .host_key = flows_host_key(e), .tally = e->line->tally };
            w->due = line_time(e->line) + WAITING_S;
            w->awaited = awaited;
            w->client = f->origin == ORIGIN_CLIENT ? f->client : 0;
            if (e->queue_id.n <= sizeof w->id) {
                w->id_octets = (uint8_t)e->queue_id.n;
                memcpy(w->id, e->queue_id.p, w->id_octets);
            }
            f->state |= FLOW_WAITING;
            flows->waiting_n++;
            return;
        }
    flows_gave_up(flows);
}

void flows_decide(struct flows *flows, struct event *e, struct flow *f, bool reinjected)
{
    struct line line = *e->line;
    struct event decided = event_of(EVENT_COUNT, &line);

    for (size_t i = 0; i < WAITING_CAP; i++)
        if (flows->waiting[i].flow == f) {
            /* e may be another host's, and much later: time that went by, the end of input. */
            line.tally = flows->waiting[i].tally;
            if (line.header.time > flows->waiting[i].due)
                line.header.time = flows->waiting[i].due;
            decided.queue_id = (struct span){ flows->waiting[i].id, flows->waiting[i].id_octets };
            flows->waiting[i].flow = NULL;
            flows->waiting_n--;
        }
    decided.size_octets = f->size_octets ? (int64_t)f->size_octets : -1;
    f->state &= (uint16_t)~FLOW_WAITING;
    if (reinjected)
        f->state |= FLOW_REINJECTED;
    if (f->state & FLOW_QUEUED)
        flows_count_reception(flows, &decided, f);
}

bool flows_wait_for_evidence(const struct flows *flows)
{
    return flows->waiting_n > 0;
}

/* A message of this host with this Message-ID, received and still there, that was opened before `f`. */
static bool has_one_before(struct flows *flows, uint64_t message_id, const struct flow *f)
{
    unsigned steps;
    bool more = false;

    for (struct flow *a = NULL; (a = flow_table_next_with_id(flows->table, message_id, a, &steps, &more));)
        if (a != f && a->state & FLOW_COUNTED && !(a->state & FLOW_REMOVED) && (int32_t)(a->opened - f->opened) < 0)
            return true;
    return more;
}

void flows_is_gone(struct flows *flows, struct event *e, uint64_t message_id)
{
    for (uint32_t i = 0, left = flows->waiting_n; left && i < WAITING_CAP; i++) {
        const struct waiting *w = &flows->waiting[i];

        if (!w->flow)
            continue;
        left--;
        if (w->awaited == message_id && !has_one_before(flows, message_id, w->flow))
            flows_decide(flows, e, w->flow, false);
    }
}

bool flows_came_from_relay(const struct flows *flows, const struct event *e, const struct flow *a, const struct flow *b)
{
    if (!(b->state & FLOW_WAITING) || b->origin != ORIGIN_CLIENT || a->message_id != b->message_id)
        return false;
    for (size_t i = 0; i < WAITING_CAP; i++)
        if (flows->waiting[i].flow == b)
            return flows->waiting[i].client == flows_client_key(flows, filter_address(e->relay));
    return false;
}

void flows_waited_enough(struct flows *flows, int64_t now, const struct tally *host, const struct line *last)
{
    struct event e = event_of(EVENT_COUNT, last);

    for (uint32_t i = 0, left = flows->waiting_n; left && i < WAITING_CAP; i++) {
        if (!flows->waiting[i].flow)
            continue;
        left--;
        if (flows->waiting[i].due <= now && (!host || flows->waiting[i].tally == host))
            flows_decide(flows, &e, flows->waiting[i].flow, false);
    }
}

void flows_leaving(void *context, struct flow *f)
{
    struct flows *flows = context;

    if (f->state & FLOW_WAITING)
        flows_decide(flows, flows->current, f, false);
}

/* ---- by Message-ID ---- */

/* `a` came back. What a pipe took may be gone from the queue by then: the delivery that was kept for this moment was a
 * hand-over, and the pipe is a filter. */
static void set_filtered(struct flows *flows, struct event *e, struct flow *a)
{
    const struct event *kept = a->state & FLOW_PIPED ? pending_find(flows->pipes, a->key) : NULL;

    a->state |= FLOW_FILTERED;
    if (!kept)
        return;
    flows_learn_pipe(flows, e, kept->relay);
    pending_drop(flows->pipes, a->key);
}

/* Whether `a` may come back: it was received, or will be (it waits, or is Sendmail's before its first delivery), or the
 * server made it itself (a bounce, a copy by .forward; nothing said where it came from), and is still here. */
static bool may_return(const struct flow *a, bool reinjected)
{
    if (!!(a->state & FLOW_REINJECTED) != reinjected ||
        (a->state & FLOW_REMOVED && !(a->state & (FLOW_PIPED | FLOW_FRONT))))
        return false;
    return a->state & (FLOW_COUNTED | FLOW_WAITING) || (a->recipients_left && a->origin != ORIGIN_PICKUP) ||
           (a->state & FLOW_QUEUED && a->origin == ORIGIN_UNKNOWN);
}

static bool mark_those(struct flows *flows, struct event *e, uint64_t key, struct flow *f, bool reinjected)
{
    unsigned steps;
    bool found = false, more = false;

    for (struct flow *a = NULL; (a = flow_table_next_with_id(flows->table, key, a, &steps, &more));)
        if (a != f && may_return(a, reinjected)) {
            if (a->state & FLOW_FRONT)
                f->state |= FLOW_OF_FRONT;
            a->state &= (uint16_t)~FLOW_FRONT; /* it came in: no second message of this name is it */
            set_filtered(flows, e, a);
            flows_tell_joined(flows, e, a->key, f->key);
            found = true;
        }
    return found;
}

/* Marks the messages of this Message-ID that came to this host before `f` and may come back: first those that came from
 * outside, else (two filters in a row) those that came back before. True if there is one. */
static bool mark_filtered(struct flows *flows, struct event *e, uint64_t key, struct flow *f)
{
    return mark_those(flows, e, key, f, false) || mark_those(flows, e, key, f, true);
}

/* What a pipe took has no reply that names another id. A message without a Message-ID is known again by its sender,
 * when local submission brings it: `f`, whose pipe's line may be here already, or come later (pipe_took_nameless). */
static bool came_from_pipe(struct flows *flows, struct event *e, uint64_t empty_key, const struct flow *f)
{
    const uint16_t want = FLOW_EMPTY_ID | FLOW_COUNTED | FLOW_PIPED;
    unsigned steps;
    bool more = false;

    if (f->origin != ORIGIN_PICKUP)
        return false;
    for (struct flow *a = NULL; (a = flow_table_next_with_id(flows->table, empty_key, a, &steps, &more));)
        if (a != f && (a->state & want) == want && !(a->state & FLOW_FILTERED) && a->sender == f->sender) {
            set_filtered(flows, e, a);
            flows_tell_joined(flows, e, a->key, f->key);
            return true;
        }
    return false;
}

void flows_pipe_took_nameless(struct flows *flows, struct event *e, struct flow *a)
{
    for (size_t i = 0; flows->waiting_n && i < WAITING_CAP; i++) {
        struct flow *f = flows->waiting[i].flow;

        if (f && f->origin == ORIGIN_PICKUP && flows->waiting[i].host_key == flows_host_key(e) &&
            f->sender == a->sender) {
            set_filtered(flows, e, a);
            flows_tell_joined(flows, e, a->key, f->key);
            flows_decide(flows, e, f, true);
            return;
        }
    }
}

/* Mail from near: did it come back, or is it new? */
static void tell_where_from(struct flows *flows, struct event *e, uint64_t key, struct flow *f)
{
    uint64_t empty_key = flows_message_id_key(flows, e, (struct span){ "", 0 });

    if ((e->message_id.n && mark_filtered(flows, e, key, f)) || came_from_pipe(flows, e, empty_key, f))
        f->state |= FLOW_REINJECTED;
    else if (has_one_before(flows, empty_key, f))
        wait_for_evidence(flows, e, f, empty_key);
}

void flows_message_id(struct flows *flows, struct event *e, uint64_t key)
{
    struct flow *f = flows_find_or_add(flows, e);

    if (e->message_id.n == 0)
        f->state |= FLOW_EMPTY_ID;
    else
        f->state &= (uint16_t)~FLOW_EMPTY_ID;
    if (flows->filters.mode == CONTENT_FILTER_AUTO && !(f->state & (FLOW_REINJECTED | FLOW_COUNTED | FLOW_WAITING))) {
        if (flow_opened_near(f))
            tell_where_from(flows, e, key, f);
        else if (f->origin == ORIGIN_CLIENT && e->message_id.n && has_one_before(flows, key, f))
            wait_for_evidence(flows, e, f, key); /* a filter at an address of its own, or the same mail twice */
    }
    flow_table_set_message_id(flows->table, f, key);
}
