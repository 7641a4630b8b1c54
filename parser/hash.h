/* Seeded hash of octets from a log. The seed is secret in a daemon, so that nobody who writes to the log can choose
 * names that fall into one slot. Not for state that outlives its seed: that keeps the seed beside it.
 *
 * Folded 64x64 multiplication, both factors masked with values that depend on the seed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_HASH_H
#define MAILTALLY_HASH_H

#include "span.h"

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_load(const char *p, size_t n)
{
    uint64_t v = 0;

    memcpy(&v, p, n); /* n is a constant at each call: one load */
    return v;
}

/* Of up to 16 octets, with noughts behind them. */
static inline uint64_t hash_short(uint64_t seed, uint64_t first, uint64_t second, size_t n)
{
    uint64_t h = hash_fold(seed ^ 0xd6e8feb86659fd93u, n ^ 0xa0761d6478bd642fu);

    return hash_fold(first ^ seed ^ 0x9e3779b97f4a7c15u, second ^ h);
}

static inline uint64_t hash_octets(uint64_t seed, struct span s)
{
    uint64_t h, first = 0, second = 0;

    if (s.n <= 16) {
        if (s.n > 8)
            second = hash_load(s.p + s.n - 8, 8) >> (16 - s.n) * 8;
        if (s.n >= 8)
            first = hash_load(s.p, 8);
        else if (s.n >= 4)
            first = hash_load(s.p, 4) | hash_load(s.p + s.n - 4, 4) << (s.n - 4) * 8;
        else
            for (size_t i = 0; i < s.n; i++)
                first |= (uint64_t)(uint8_t)s.p[i] << i * 8;
        return hash_short(seed, first, second, s.n);
    }
    h = hash_fold(seed ^ 0xd6e8feb86659fd93u, s.n ^ 0xa0761d6478bd642fu);
    for (; s.n > 16; s = span_skip(s, 16))
        h = hash_fold(hash_load(s.p, 8) ^ seed ^ 0x9e3779b97f4a7c15u, hash_load(s.p + 8, 8) ^ h);
    first = hash_load(s.p + s.n - 16, 8);
    second = hash_load(s.p + s.n - 8, 8);
    return hash_fold(first ^ seed ^ 0x9e3779b97f4a7c15u, second ^ h);
}

/* Of an open table with linear probing, `slots` of them, a power of two: whether what stands at i, and belongs at home,
 * is found at free_slot, too, so that it may move up when that one is given back. */
static inline bool hash_may_move(size_t i, size_t home, size_t free_slot, size_t slots)
{
    return ((i - home) & (slots - 1)) >= ((i - free_slot) & (slots - 1));
}

#endif
