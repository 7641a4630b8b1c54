/* Order of names.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "order.h"

#include <stdio.h>
#include <stdlib.h>

#include "report.h"

#define KEY_OCTETS 256

static void *allocate(size_t n, size_t octets)
{
    void *memory = calloc(n ? n : 1, octets);

    if (!memory) {
        complain("no memory to put the names in order; --names-max lowers how many are kept");
        exit(STATUS_ERROR);
    }
    return memory;
}

static int compare_octets(struct span a, struct span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int difference = n ? memcmp(a.p, b.p, n) : 0;

    return difference ? difference : (a.n > b.n) - (a.n < b.n);
}

/* 192.0.2.1 as four octets. */
static bool take_dotted(struct span s, unsigned char *key)
{
    for (int i = 0; i < 4; i++) {
        uint64_t part;

        if (s.n == 0 || !span_take_number(&s, &part) || part > 255 || (i < 3 && !span_take_char(&s, '.')))
            return false;
        key[i] = (unsigned char)part;
    }
    return s.n == 0;
}

/* user@mx.example.org as orgexamplemxuser, so that a domain stands together. Up to the first blank. Returns the octets.
 */
static size_t host_key(struct span text, unsigned char key[KEY_OCTETS])
{
    struct span word = text, part;
    const char *blank = text.n ? span_chr_either(text, ' ', '\t') : NULL;
    size_t n = 0, end;

    if (blank)
        word = span_from(text.p, blank);
    if (take_dotted(word, key))
        return 4;
    for (end = word.n; n < KEY_OCTETS;) {
        size_t begin = end;

        while (begin > 0 && word.p[begin - 1] != '.' && word.p[begin - 1] != '@')
            begin--;
        part = (struct span){ word.p + begin, end - begin };
        for (size_t i = 0; i < part.n && n < KEY_OCTETS; i++)
            key[n++] = (unsigned char)to_lower(part.p[i]);
        if (begin == 0)
            break;
        end = begin - 1;
    }
    return n;
}

static int compare_hosts(struct span a, struct span b)
{
    unsigned char key_a[KEY_OCTETS], key_b[KEY_OCTETS];
    size_t n_a = host_key(a, key_a), n_b = host_key(b, key_b);
    int difference = compare_octets((struct span){ (char *)key_a, n_a }, (struct span){ (char *)key_b, n_b });

    return difference ? difference : compare_octets(a, b);
}

/* A row with what it is compared by; `begins`: the first octets of its host key, which spare most of the others. */
struct entry {
    const struct name *name;
    struct span text;
    uint64_t first, second;
    uint64_t begins[2];
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->first != y->first)
        return x->first < y->first ? 1 : -1;
    if (x->second != y->second)
        return x->second < y->second ? 1 : -1;
    for (int i = 0; i < 2; i++)
        if (x->begins[i] != y->begins[i])
            return x->begins[i] > y->begins[i] ? 1 : -1;
    return compare_hosts(x->text, y->text);
}

static int compare_entry_names(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->first != y->first)
        return x->first < y->first ? 1 : -1;
    if (x->second != y->second)
        return x->second < y->second ? 1 : -1;
    return compare_octets(x->text, y->text);
}

static struct entry entry_of(const struct names *names, const struct name *name, enum order order)
{
    struct entry entry = { .name = name, .text = names_text(names, name) };
    unsigned char key[KEY_OCTETS];
    size_t n;

    switch (order) {
    case ORDER_COUNT:
        entry.first = name->count;
        break;
    case ORDER_OCTETS:
        entry.first = name->octets;
        break;
    case ORDER_COUNT_OCTETS:
        entry.first = name->count;
        entry.second = name->octets;
        return entry;
    case ORDER_NAME:
        return entry;
    }
    n = host_key(entry.text, key);
    for (size_t i = 0; i < 16; i++)
        entry.begins[i / 8] = entry.begins[i / 8] << 8 | (i < n ? key[i] : 0);
    return entry;
}

typedef int compare_fn(const void *a, const void *b);

/* A heap of which the last in order stands first. `entries` has a free place at `at`, with all below it in order. */
static void sift_down(struct entry *entries, size_t n, size_t at, struct entry entry, compare_fn *compare)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && compare(&entries[child], &entries[child + 1]) < 0)
            child++;
        if (compare(&entry, &entries[child]) >= 0)
            break;
        entries[at] = entries[child];
    }
    entries[at] = entry;
}

/* Of many rows a few are wanted: what comes behind all that were found is dropped at once. */
static size_t take_first(const struct names *names, enum order order, bool counted, struct entry *entries, size_t limit,
                         compare_fn *compare)
{
    size_t found = 0;

    for (uint32_t i = 0; i < names_rows(names); i++) {
        const struct name *name = names_at(names, i);
        struct entry entry;

        if (counted && !name->count)
            continue;
        entry = entry_of(names, name, order);
        if (found < limit) {
            entries[found++] = entry;
            for (size_t at = found / 2; found == limit && at-- > 0;)
                sift_down(entries, limit, at, entries[at], compare);
        } else if (compare(&entry, &entries[0]) < 0) {
            sift_down(entries, limit, 0, entry, compare);
        }
    }
    qsort(entries, found, sizeof *entries, compare);
    return found;
}

const struct name **order_names(const struct names *names, enum order order, bool counted, int64_t limit, size_t *n)
{
    size_t most = limit >= 0 && (uint64_t)limit < names_rows(names) ? (size_t)limit : names_rows(names);
    struct entry *entries = allocate(most, sizeof *entries);
    const struct name **pointers = allocate(most, sizeof(const struct name *));

    *n = 0;
    if (most)
        *n = take_first(names, order, counted, entries, most,
                        order == ORDER_COUNT || order == ORDER_OCTETS ? compare_entries : compare_entry_names);
    for (size_t i = 0; i < *n; i++)
        pointers[i] = entries[i].name;
    free(entries);
    return pointers;
}

/* ---- branches ---- */

static int compare_branches(const void *a, const void *b)
{
    const struct branch *x = a, *y = b;
    unsigned last = x->levels_n - 1;

    for (unsigned i = 0; i < last && i < y->levels_n; i++) {
        int difference = compare_octets(x->levels[i], y->levels[i]);

        if (difference)
            return difference;
    }
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return compare_hosts(x->levels[last], y->levels[last]);
}

struct branch *order_branches(const struct names *names, size_t *n)
{
    struct branch *branches = allocate(names_rows(names), sizeof *branches);

    *n = names_rows(names);
    for (uint32_t i = 0; i < *n; i++) {
        const struct name *name = names_at(names, i);
        struct span text = names_text(names, name);
        struct branch *branch = &branches[i];

        branch->count = name->count;
        while (branch->levels_n + 1 < LEVELS_MAX && span_take_until(&text, '\0', &branch->levels[branch->levels_n]))
            branch->levels_n++;
        branch->levels[branch->levels_n++] = text;
    }
    qsort(branches, *n, sizeof *branches, compare_branches);
    return branches;
}

size_t branches_together(const struct branch *branches, size_t n, unsigned level, uint64_t *sum)
{
    size_t i = 0;

    *sum = 0;
    for (; i < n; i++) {
        for (unsigned l = 0; l <= level; l++)
            if (!span_eq(branches[i].levels[l], branches[0].levels[l]))
                return i;
        *sum += branches[i].count;
    }
    return i;
}
