/* Verdicts that wait for their worst line.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.h"

#include <stdlib.h>

#include "hash.h"
#include "pending.h"
#include "tally.h"

struct verdicts {
    uint64_t seed;
    struct pending *pending;
    void (*decided)(void *context, struct event *event);
    void *context;
    uint64_t decided_keys[VERDICTS_DECIDED];
    uint32_t decided_next;
};

static void decided(void *context, uint64_t key, struct event *e)
{
    struct verdicts *v = context;

    v->decided_keys[v->decided_next++ % VERDICTS_DECIDED] = key;
    v->decided(v->context, e);
}

struct verdicts *verdicts_new(uint64_t seed, void (*callback)(void *context, struct event *event), void *context)
{
    struct verdicts *v = calloc(1, sizeof *v);

    if (!v)
        return NULL;
    v->seed = seed;
    v->decided = callback;
    v->context = context;
    v->pending = pending_new(decided, v);
    if (!v->pending) {
        free(v);
        return NULL;
    }
    return v;
}

void verdicts_free(struct verdicts *v)
{
    if (!v)
        return;
    pending_free(v->pending);
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

static bool was_decided(const struct verdicts *v, uint64_t key)
{
    for (size_t i = 0; i < VERDICTS_DECIDED; i++)
        if (v->decided_keys[i] == key)
            return true;
    return false;
}

bool verdicts_put(struct verdicts *v, const struct event *e)
{
    uint64_t key = hash_octets(v->seed ^ e->line->tally->key, e->verdict_id) | 1;
    const struct event *kept = pending_find(v->pending, key);

    if (kept) {
        if (badness(e->counter) > badness(kept->counter))
            pending_replace(v->pending, key, e);
    } else if (!was_decided(v, key)) {
        return pending_keep(v->pending, key, e, VERDICT_WAIT_S);
    }
    return true;
}

void verdicts_settle(struct verdicts *v, int64_t now, const struct tally *host)
{
    pending_settle(v->pending, now, host);
}

/* ---- the saved state ---- */

void verdicts_save(const struct verdicts *v, const struct tallies *tallies, struct store *store)
{
    pending_save(v->pending, tallies, store);
}

void verdicts_load(struct verdicts *v, struct tallies *tallies, struct load *load)
{
    pending_load(v->pending, EVENT_VERDICT, tallies, load);
}

/* From the one that is forgotten next on. */
void verdicts_save_decided(const struct verdicts *v, struct store *store)
{
    store_number(store, VERDICTS_DECIDED);
    for (uint32_t i = 0; i < VERDICTS_DECIDED; i++)
        store_number(store, v->decided_keys[(v->decided_next + i) % VERDICTS_DECIDED]);
}

void verdicts_load_decided(struct verdicts *v, struct load *load)
{
    for (uint64_t n = load_number_to(load, UINT16_MAX); n && !load->failed; n--)
        v->decided_keys[v->decided_next++ % VERDICTS_DECIDED] = load_number(load);
}

void verdicts_forget(struct verdicts *v)
{
    pending_forget(v->pending);
    memset(v->decided_keys, 0, sizeof v->decided_keys);
    v->decided_next = 0;
}
