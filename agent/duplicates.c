/* Whether two sources bring the same lines.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "duplicates.h"

#include <stdlib.h>

#include "../parser/hash.h"

#define LINES      8192 /* a power of two; one line in SAMPLE of some ten MB of log */
#define SAMPLE     16   /* likewise */
#define LINE_SHORT 40   /* shorter ones are not sure to be of one event */
#define PAIRS      8
#define NO_SOURCE  UINT32_MAX

struct remembered {
    uint64_t hash;
    uint32_t source;
    bool told; /* it was found twice already: once more is no more evidence */
};

struct pair {
    uint32_t one, other; /* one < other */
    uint32_t lines;
    int64_t last_ms;
};

struct duplicates {
    uint64_t seed;
    struct remembered lines[LINES];
    struct pair pairs[PAIRS];
};

struct duplicates *duplicates_new(uint64_t seed)
{
    struct duplicates *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    d->seed = seed;
    duplicates_forget(d);
    return d;
}

void duplicates_free(struct duplicates *d)
{
    free(d);
}

void duplicates_forget(struct duplicates *d)
{
    for (size_t i = 0; i < LINES; i++)
        d->lines[i].source = NO_SOURCE;
    memset(d->pairs, 0, sizeof d->pairs);
}

/* The pair, or the place of the one that was seen longest ago. */
static struct pair *pair_of(struct duplicates *d, uint32_t one, uint32_t other)
{
    struct pair *place = d->pairs;

    for (struct pair *pair = d->pairs; pair < d->pairs + PAIRS; pair++) {
        if (pair->lines && pair->one == one && pair->other == other)
            return pair;
        if (!pair->lines || (place->lines && pair->last_ms < place->last_ms))
            place = pair;
    }
    *place = (struct pair){ one, other, 0, 0 };
    return place;
}

static void count(struct duplicates *d, uint32_t a, uint32_t b, int64_t now_ms)
{
    struct pair *pair = a < b ? pair_of(d, a, b) : pair_of(d, b, a);

    if (pair->lines && now_ms - pair->last_ms > DUPLICATES_FOR_MS)
        pair->lines = 0;
    if (pair->lines < UINT32_MAX)
        pair->lines++;
    pair->last_ms = now_ms;
}

/* Cheaply, from octets that differ from line to line and are the same in both files. */
static bool is_sampled(const struct duplicates *d, struct span line)
{
    uint64_t middle, end;

    if (line.n < LINE_SHORT)
        return false;
    middle = hash_load(line.p + line.n / 2, 8);
    end = hash_load(line.p + line.n - 8, 8);
    return hash_fold(middle ^ d->seed, end ^ line.n ^ 0x9e3779b97f4a7c15u) % SAMPLE == 0;
}

void duplicates_line(struct duplicates *d, size_t source, struct span line, int64_t now_ms)
{
    struct remembered *known;
    uint64_t hash;

    if (!is_sampled(d, line))
        return;
    hash = hash_octets(d->seed, line);
    known = &d->lines[hash % LINES];
    if (known->source != NO_SOURCE && known->hash == hash) {
        if (known->source != source && !known->told) {
            known->told = true;
            count(d, known->source, (uint32_t)source, now_ms);
        }
        return;
    }
    *known = (struct remembered){ hash, (uint32_t)source, false };
}

bool duplicates_found(const struct duplicates *d, int64_t now_ms, size_t *one, size_t *other)
{
    const struct pair *most = NULL;

    for (const struct pair *pair = d->pairs; pair < d->pairs + PAIRS; pair++)
        if (pair->lines >= DUPLICATES_ENOUGH && now_ms - pair->last_ms <= DUPLICATES_FOR_MS &&
            (!most || pair->lines > most->lines))
            most = pair;
    if (!most)
        return false;
    *one = most->one;
    *other = most->other;
    return true;
}
