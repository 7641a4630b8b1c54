/* The last 15 minutes of each host.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "recents.h"

#include <stdlib.h>

/* ---- kinds ---- */

static const enum counter counters[RECENTS_KINDS] = {
    [RECENTS_BOUNCED] = COUNTER_BOUNCED,   [RECENTS_DEFERRED] = COUNTER_DEFERRED,
    [RECENTS_REJECTED] = COUNTER_REJECTED, [RECENTS_SPAM] = COUNTER_SPAM,
    [RECENTS_VIRUS] = COUNTER_VIRUS,       [RECENTS_AUTH_FAILED] = COUNTER_AUTH_FAILED,
};

/* The other way, for each event: 1 + kind; 0: none. */
static const uint8_t kinds[COUNTERS] = {
    [COUNTER_BOUNCED] = 1 + RECENTS_BOUNCED,   [COUNTER_DEFERRED] = 1 + RECENTS_DEFERRED,
    [COUNTER_REJECTED] = 1 + RECENTS_REJECTED, [COUNTER_SPAM] = 1 + RECENTS_SPAM,
    [COUNTER_VIRUS] = 1 + RECENTS_VIRUS,       [COUNTER_AUTH_FAILED] = 1 + RECENTS_AUTH_FAILED,
};

enum recents_kind recents_kind(enum counter counter)
{
    return kinds[counter] ? (enum recents_kind)(kinds[counter] - 1) : RECENTS_KINDS;
}

enum counter recents_counter(enum recents_kind kind)
{
    return counters[kind];
}

/* ---- the pool ---- */

/* The fine cells, and in each list as many coarse ones as fit. */
static uint32_t chunks_most(const struct recents *r)
{
    return (RECENTS_FINE + r->lists * RECENTS_COARSE_STEPS + RECENTS_CHUNK - 1) / RECENTS_CHUNK;
}

static struct recents_cell *cell_at(const struct recents *r, uint32_t number)
{
    return &r->chunks[(number - 1) / RECENTS_CHUNK][(number - 1) % RECENTS_CHUNK];
}

static bool grow(struct recents *r)
{
    uint32_t chunk = r->made / RECENTS_CHUNK;

    if (!r->chunks && !(r->chunks = calloc(chunks_most(r), sizeof(*r->chunks))))
        return false;
    if (chunk == chunks_most(r))
        return false;
    r->chunks[chunk] = calloc(RECENTS_CHUNK, sizeof(**r->chunks));
    return r->chunks[chunk] != NULL;
}

/* The number of a cell, of which only the counts are set; 0: there is none. */
static uint32_t take(struct recents *r)
{
    uint32_t number = r->free;

    if (number)
        r->free = cell_at(r, number)->next;
    else if (r->made % RECENTS_CHUNK || grow(r))
        number = ++r->made;
    if (!number)
        return 0;
    r->used++;
    memset(cell_at(r, number)->counts, 0, sizeof cell_at(r, number)->counts);
    return number;
}

static void give_back(struct recents *r, uint32_t *link)
{
    uint32_t number = *link;
    struct recents_cell *cell = cell_at(r, number);

    *link = cell->next;
    cell->next = r->free;
    r->free = number;
    r->used--;
}

void recents_free(struct recents *r)
{
    for (uint32_t i = 0; i * RECENTS_CHUNK < r->made; i++)
        free(r->chunks[i]);
    free(r->chunks);
    *r = (struct recents){ .lists = r->lists };
}

/* ---- lists ---- */

/* The first link whose cell is not after the step. */
static uint32_t *find(const struct recents *r, uint32_t *link, int64_t step)
{
    while (*link && cell_at(r, *link)->step > step)
        link = &cell_at(r, *link)->next;
    return link;
}

static void forget_before(struct recents *r, uint32_t *list, int64_t step)
{
    uint32_t *link = find(r, list, step - 1);

    while (*link)
        give_back(r, link);
}

static bool is_too_old(const struct recents *r, const uint32_t *list, int64_t step)
{
    return *list && step + RECENTS_STEPS <= cell_at(r, *list)->step;
}

static void add(struct recents_cell *cell, enum recents_kind kind, uint64_t n)
{
    uint32_t room = UINT32_MAX - cell->counts[kind];

    cell->counts[kind] += n < room ? (uint32_t)n : room;
}

void recents_put(struct recents *r, uint32_t *list, enum recents_kind kind, int64_t step, uint64_t n)
{
    uint32_t *link, number;

    if (step < 0 || step > UINT32_MAX || n == 0 || is_too_old(r, list, step))
        return;
    link = find(r, list, step);
    if (!*link || cell_at(r, *link)->step != step) {
        number = take(r);
        if (!number)
            return;
        cell_at(r, number)->step = (uint32_t)step;
        cell_at(r, number)->next = *link;
        *link = number;
        if (link == list)
            forget_before(r, list, step - RECENTS_STEPS + 1);
    }
    add(cell_at(r, *link), kind, n);
    if (step > r->newest)
        r->newest = (uint32_t)step;
}

void recents_count(struct recents *r, uint32_t *list, enum recents_kind kind, int64_t step, uint64_t n)
{
    if (r->used >= RECENTS_FINE && step >= 0) {
        int64_t coarse = step - step % RECENTS_COARSE;
        const uint32_t *link = find(r, list, step);

        step = *link && cell_at(r, *link)->step > coarse ? cell_at(r, *link)->step : coarse;
    }
    recents_put(r, list, kind, step, n);
}

/* ---- what is over ---- */

/* Once for each step at most: where nothing is over, another look would find nothing either. */
bool recents_wants_sweep(const struct recents *r)
{
    bool grows = !r->free && r->made && r->made % RECENTS_CHUNK == 0;

    return r->newest > r->swept && (grows || r->used >= RECENTS_FINE);
}

void recents_begin_sweep(struct recents *r)
{
    r->swept = r->newest;
}

void recents_forget_old(struct recents *r, uint32_t *list)
{
    if (*list)
        forget_before(r, list, (int64_t)r->newest - RECENTS_STEPS + 1);
}

void recents_clock(struct recents *r, int64_t step)
{
    if (step < r->newest)
        r->newest = r->swept = step > 0 ? (uint32_t)step : 0;
}

void recents_forget_after(struct recents *r, uint32_t *list, int64_t step)
{
    while (*list && cell_at(r, *list)->step > step)
        give_back(r, list);
}

/* ---- reading ---- */

const struct recents_cell *recents_cell(const struct recents *r, uint32_t list)
{
    return list ? cell_at(r, list) : NULL;
}

uint64_t recents_sum(const struct recents *r, uint32_t list, enum recents_kind kind, int64_t first, int64_t last)
{
    uint64_t sum = 0;

    for (const struct recents_cell *cell; (cell = recents_cell(r, list)) && cell->step >= first; list = cell->next)
        if (cell->step <= last)
            sum += cell->counts[kind];
    return sum;
}

bool recents_copy(struct recents *copy, const struct recents *r)
{
    struct recents had = *copy;

    had.lists = r->lists;
    had.made += (RECENTS_CHUNK - had.made % RECENTS_CHUNK) % RECENTS_CHUNK; /* what there is room for */
    while (had.made < r->made) {
        if (!grow(&had)) {
            recents_free(&had);
            *copy = had;
            return false;
        }
        had.made += RECENTS_CHUNK;
    }
    *copy = *r;
    copy->chunks = had.chunks;
    copy->made = had.made;
    for (uint32_t i = 0; i * RECENTS_CHUNK < r->made; i++)
        memcpy(copy->chunks[i], r->chunks[i], RECENTS_CHUNK * sizeof(**r->chunks));
    return true;
}
