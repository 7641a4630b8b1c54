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

static inline uint64_t hash_octets(uint64_t seed, struct span s)
{
    const uint64_t first_mask = seed ^ 0x9e3779b97f4a7c15u;
    uint64_t h = hash_fold(seed ^ 0xd6e8feb86659fd93u, s.n ^ 0xa0761d6478bd642fu);
    uint64_t a, b;

    for (; s.n > 16; s = span_skip(s, 16))
        h = hash_fold(hash_load(s.p, 8) ^ first_mask, hash_load(s.p + 8, 8) ^ h);
    if (s.n >= 8) {
        a = hash_load(s.p, 8);
        b = hash_load(s.p + s.n - 8, 8);
    } else if (s.n >= 4) {
        a = hash_load(s.p, 4);
        b = hash_load(s.p + s.n - 4, 4);
    } else if (s.n > 0) {
        a = (uint64_t)(uint8_t)s.p[0] << 16 | (uint64_t)(uint8_t)s.p[s.n / 2] << 8 | (uint8_t)s.p[s.n - 1];
        b = 0;
    } else {
        a = b = 0;
    }
    return hash_fold(a ^ first_mask, b ^ h);
}

#endif
