/* Numbers and texts as octets of the saved state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_OCTETS 10 /* 64 bits, seven at a time */
#define PARTS_MAX     64 /* of one holder */

static unsigned char *make_room(struct store *store, size_t octets)
{
    size_t room = store->room ? store->room : 4096;
    unsigned char *grown;

    if (store->failed)
        return NULL;
    while (room - store->n < octets && room <= SIZE_MAX / 2)
        room *= 2;
    if (room == store->room)
        return store->octets + store->n;
    grown = room - store->n < octets ? NULL : realloc(store->octets, room);
    if (!grown) {
        store->failed = true;
        return NULL;
    }
    store->octets = grown;
    store->room = room;
    return grown + store->n;
}

void store_number(struct store *store, uint64_t number)
{
    unsigned char *p = make_room(store, NUMBER_OCTETS);

    if (!p)
        return;
    for (; number >= 0x80; number >>= 7)
        *p++ = (unsigned char)(number | 0x80);
    *p++ = (unsigned char)number;
    store->n = (size_t)(p - store->octets);
}

/* The sign goes into the lowest bit, so that small negative numbers stay short. */
void store_signed(struct store *store, int64_t number)
{
    store_number(store, (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0));
}

unsigned char *store_room(struct store *store, size_t octets)
{
    unsigned char *p;

    store_number(store, octets);
    p = make_room(store, octets);
    if (p)
        store->n += octets;
    return p;
}

void store_octets(struct store *store, struct span octets)
{
    unsigned char *p = store_room(store, octets.n);

    if (p && octets.n)
        memcpy(p, octets.p, octets.n);
}

void store_more(struct store *store, struct span octets)
{
    unsigned char *p = make_room(store, octets.n);

    if (!p || !octets.n)
        return;
    memcpy(p, octets.p, octets.n);
    store->n += octets.n;
}

/* Keeps a place for the longest number. */
size_t store_begin(struct store *store)
{
    if (make_room(store, NUMBER_OCTETS))
        store->n += NUMBER_OCTETS;
    return store->n;
}

void store_end(struct store *store, size_t begun)
{
    uint64_t number = store->n - begun;

    if (store->failed)
        return;
    for (size_t i = begun - NUMBER_OCTETS; i < begun; i++, number >>= 7)
        store->octets[i] = (unsigned char)((number & 0x7f) | (i == begun - 1 ? 0 : 0x80));
}

void store_text(struct store *store, const char *text)
{
    store_octets(store, (struct span){ text, text ? strlen(text) : 0 });
}

void store_free(struct store *store)
{
    free(store->octets);
    *store = (struct store){ 0 };
}

struct load load_of(struct span octets)
{
    return (struct load){ (const unsigned char *)octets.p, octets.n, false };
}

void load_fails(struct load *load)
{
    *load = (struct load){ .failed = true };
}

uint64_t load_number(struct load *load)
{
    uint64_t number = 0;

    for (size_t i = 0; i < load->n && i < NUMBER_OCTETS; i++) {
        unsigned char octet = load->octets[i];

        if (i == NUMBER_OCTETS - 1 && octet > 1)
            break;
        number |= (uint64_t)(octet & 0x7f) << 7 * i;
        if (octet < 0x80) {
            load->octets += i + 1;
            load->n -= i + 1;
            return number;
        }
    }
    load_fails(load);
    return 0;
}

uint64_t load_number_to(struct load *load, uint64_t most)
{
    uint64_t number = load_number(load);

    if (number <= most)
        return number;
    load_fails(load);
    return 0;
}

int64_t load_signed(struct load *load)
{
    uint64_t number = load_number(load);

    return (int64_t)(number >> 1 ^ (number & 1 ? UINT64_MAX : 0));
}

struct span load_octets(struct load *load, size_t most)
{
    uint64_t n = load_number_to(load, most);
    struct span octets = { (const char *)load->octets, (size_t)n };

    if (n > load->n) {
        load_fails(load);
        return (struct span){ "", 0 };
    }
    if (load->failed)
        return (struct span){ "", 0 };
    load->octets += n;
    load->n -= (size_t)n;
    return octets;
}

void load_text(struct load *load, char *text, size_t room)
{
    struct span octets = load_octets(load, room - 1);

    memcpy(text, octets.p, octets.n);
    text[octets.n] = '\0';
}

bool load_ended(const struct load *load)
{
    return !load->failed && load->n == 0;
}

void store_parts(struct store *store, const struct store_part *parts, size_t n, const void *holder)
{
    store_number(store, n);
    for (size_t i = 0; i < n; i++) {
        size_t begun;

        store_number(store, parts[i].number);
        begun = store_begin(store);
        parts[i].save(holder, store);
        store_end(store, begun);
    }
}

void load_parts(struct load *load, const struct store_part *parts, size_t n, void *holder)
{
    for (uint64_t left = load_number_to(load, PARTS_MAX); left && !load->failed; left--) {
        uint64_t number = load_number(load);
        struct load part = load_of(load_octets(load, SIZE_MAX));

        for (size_t i = 0; i < n && !load->failed; i++)
            if (parts[i].number == number) {
                parts[i].load(holder, &part);
                if (!load_ended(&part))
                    load_fails(load);
            }
    }
}
