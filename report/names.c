/* Names and their counts.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "names.h"

#include <stdlib.h>

#include "../parser/hash.h"
#include "report.h"

#define ROWS_AT_FIRST   64
#define SKETCH_BITS     14 /* 0.8 % standard error */
#define SKETCH_OCTETS   (1u << SKETCH_BITS)
#define COUNTS_SEPARATE 256

struct names {
    size_t row_octets;
    uint32_t cap;
    uint64_t seed;
    char *rows;
    uint32_t rows_n, rows_room;
    uint32_t *slots; /* a row's number + 1; 0: free */
    uint32_t slots_n;
    char *texts;
    uint32_t texts_n, texts_room;
    uint8_t *sketch; /* from the first drop on; NULL: exact */
    uint64_t missed;
    struct domain other;
    bool is_cut; /* of what was added, names had been dropped: there were at least so many in one table: */
    uint64_t distinct;
};

static void *grow(void *memory, size_t octets)
{
    void *grown = realloc(memory, octets);

    if (!grown) {
        complain("no memory for the names of this log; --names-max lowers how many are kept");
        exit(STATUS_ERROR);
    }
    return grown;
}

static struct name *row_at(const struct names *names, uint32_t i)
{
    return (struct name *)(void *)(names->rows + (size_t)i * names->row_octets);
}

struct names *names_new(size_t row_octets, uint32_t cap, uint64_t seed)
{
    struct names *names = calloc(1, sizeof *names);

    if (!names)
        return NULL;
    names->row_octets = row_octets;
    names->cap = cap < 2 ? 2 : cap;
    names->seed = seed;
    return names;
}

void names_free(struct names *names)
{
    if (!names)
        return;
    free(names->rows);
    free(names->slots);
    free(names->texts);
    free(names->sketch);
    free(names);
}

/* ---- how many there are, when not all are kept ---- */

static void sketch_add(struct names *names, uint64_t hash)
{
    uint32_t place = (uint32_t)(hash >> (64 - SKETCH_BITS));
    uint64_t rest = hash << SKETCH_BITS | (UINT64_C(1) << (SKETCH_BITS - 1));
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);

    if (names->sketch[place] < rank)
        names->sketch[place] = rank;
}

static uint64_t sketch_estimate(const struct names *names)
{
    const double m = SKETCH_OCTETS, alpha = 0.7213 / (1 + 1.079 / m);
    double sum = 0;

    for (uint32_t i = 0; i < SKETCH_OCTETS; i++)
        sum += 1.0 / (double)(UINT64_C(1) << names->sketch[i]); /* at most 51 */
    return (uint64_t)(alpha * m * m / sum + 0.5);
}

/* ---- the table ---- */

static void place(struct names *names, uint32_t row)
{
    uint32_t slot = (uint32_t)row_at(names, row)->hash & (names->slots_n - 1);

    while (names->slots[slot])
        slot = (slot + 1) & (names->slots_n - 1);
    names->slots[slot] = row + 1;
}

static void place_all(struct names *names)
{
    memset(names->slots, 0, names->slots_n * sizeof *names->slots);
    for (uint32_t i = 0; i < names->rows_n; i++)
        place(names, i);
}

static void make_room(struct names *names)
{
    uint32_t room = names->rows_room ? names->rows_room * 2 : ROWS_AT_FIRST;

    if (names->rows_n < names->rows_room)
        return;
    if (room > names->cap)
        room = names->cap;
    names->rows = grow(names->rows, room * names->row_octets);
    names->rows_room = room;
    if (names->slots_n >= room * 2)
        return;
    for (names->slots_n = 2 * ROWS_AT_FIRST; names->slots_n < room * 2;)
        names->slots_n *= 2;
    names->slots = grow(names->slots, names->slots_n * sizeof *names->slots);
    place_all(names);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The greatest count of the half that is to go. In nearly all logs that is a small number, which is found without
 * putting all in order. */
static uint64_t threshold(const struct names *names)
{
    uint32_t rows_of[COUNTS_SEPARATE] = { 0 }, sum = 0, half = names->rows_n / 2;
    uint64_t *counts, median;

    for (uint32_t i = 0; i < names->rows_n; i++)
        if (row_at(names, i)->count < COUNTS_SEPARATE)
            rows_of[row_at(names, i)->count]++;
    for (uint64_t count = 0; count < COUNTS_SEPARATE; count++)
        if ((sum += rows_of[count]) >= half)
            return count;
    counts = grow(NULL, names->rows_n * sizeof *counts);
    for (uint32_t i = 0; i < names->rows_n; i++)
        counts[i] = row_at(names, i)->count;
    qsort(counts, names->rows_n, sizeof *counts, by_number);
    median = counts[half];
    free(counts);
    return median;
}

/* row: of the table, or one that is wide enough for any. */
static void take_other(struct names *names, const struct name *row)
{
    names->other.name.count += row->count;
    names->other.name.octets += row->octets;
    if (names->row_octets >= sizeof(struct domain)) {
        const struct domain *domain = (const struct domain *)(const void *)row;

        names->other.deferrals += domain->deferrals;
        names->other.timed += domain->timed;
        names->other.delay_ms += domain->delay_ms;
    }
}

/* Rows and texts stand in the same order, so both can move down in place. */
static void drop_least(struct names *names)
{
    uint64_t least = threshold(names);
    uint32_t kept = 0, texts_n = 0;

    if (!names->sketch) {
        names->sketch = grow(NULL, SKETCH_OCTETS);
        memset(names->sketch, 0, SKETCH_OCTETS);
        for (uint32_t i = 0; i < names->rows_n; i++)
            sketch_add(names, row_at(names, i)->hash);
    }
    for (uint32_t i = 0; i < names->rows_n; i++) {
        struct name *row = row_at(names, i);

        if (row->count <= least) {
            take_other(names, row);
            continue;
        }
        memmove(names->texts + texts_n, names->texts + row->text_at, row->text_n);
        row->text_at = texts_n;
        texts_n += row->text_n;
        memmove(row_at(names, kept++), row, names->row_octets);
    }
    names->rows_n = kept;
    names->texts_n = texts_n;
    names->missed += least;
    place_all(names);
}

static uint32_t keep_text(struct names *names, struct span text)
{
    uint32_t at = names->texts_n;

    if (text.n > names->texts_room - names->texts_n) {
        size_t room = names->texts_room ? (size_t)names->texts_room * 2 : 4096;

        if (room > UINT32_MAX)
            room = UINT32_MAX;
        if (text.n > room - names->texts_n) { /* 4 GB of texts */
            drop_least(names);
            return keep_text(names, text);
        }
        names->texts = grow(names->texts, room);
        names->texts_room = (uint32_t)room;
    }
    if (text.n)
        memcpy(names->texts + at, text.p, text.n);
    names->texts_n += (uint32_t)text.n;
    return at;
}

static struct name *add(struct names *names, struct span text, uint64_t hash)
{
    struct name *row;
    uint32_t at;

    if (names->rows_n == names->cap)
        drop_least(names);
    make_room(names);
    at = keep_text(names, text);
    row = row_at(names, names->rows_n);
    memset(row, 0, names->row_octets);
    row->hash = hash;
    row->text_at = at;
    row->text_n = (uint32_t)text.n;
    place(names, names->rows_n++);
    if (names->sketch)
        sketch_add(names, hash);
    return row;
}

void *names_row(struct names *names, struct span text)
{
    uint64_t hash;

    if (text.n > NAME_OCTETS_MAX)
        text.n = NAME_OCTETS_MAX;
    hash = hash_octets(names->seed, text);
    if (names->slots_n)
        for (uint32_t slot = (uint32_t)hash & (names->slots_n - 1); names->slots[slot];
             slot = (slot + 1) & (names->slots_n - 1)) {
            struct name *row = row_at(names, names->slots[slot] - 1);

            if (row->hash == hash && span_eq(names_text(names, row), text))
                return row;
        }
    return add(names, text, hash);
}

uint32_t names_rows(const struct names *names)
{
    return names->rows_n;
}

const void *names_at(const struct names *names, uint32_t i)
{
    return row_at(names, i);
}

struct span names_text(const struct names *names, const struct name *name)
{
    const struct span texts = { names->texts, names->texts_n }; /* NULL while all names are empty */

    return span_first(span_skip(texts, name->text_at), name->text_n);
}

bool names_is_exact(const struct names *names)
{
    return !names->sketch && !names->is_cut;
}

uint64_t names_distinct(const struct names *names)
{
    uint64_t known = names->sketch ? sketch_estimate(names) : names->rows_n;

    return known > names->distinct ? known : names->distinct;
}

uint64_t names_missed(const struct names *names)
{
    return names->missed;
}

const struct domain *names_other(const struct names *names)
{
    return &names->other;
}

void names_add_dropped(struct names *names, const struct domain *other, uint64_t missed, uint64_t distinct)
{
    take_other(names, &other->name);
    names->is_cut = true;
    names->missed += missed;
    if (distinct > names->distinct)
        names->distinct = distinct;
}
