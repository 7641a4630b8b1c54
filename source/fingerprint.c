/* The fingerprint of a file's beginning.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fingerprint.h"

#define HASH_OF_NOTHING 0xcbf29ce484222325

static uint64_t hash_of(uint64_t hash, char octet)
{
    return (hash ^ (unsigned char)octet) * 0x100000001b3;
}

void fingerprint_extend(struct fingerprint *fingerprint, struct span next)
{
    size_t wanted = FINGERPRINT_OCTETS - fingerprint->octets;
    uint64_t hash = fingerprint->octets ? fingerprint->hash : HASH_OF_NOTHING;

    if (next.n > wanted)
        next.n = wanted;
    for (size_t i = 0; i < next.n; i++)
        hash = hash_of(hash, next.p[i]);
    fingerprint->octets += (uint32_t)next.n;
    fingerprint->hash = fingerprint->octets ? hash : 0;
}

bool fingerprint_fits(const struct fingerprint *fingerprint, struct span first)
{
    struct fingerprint now = { 0 };

    if (!fingerprint->octets || first.n < fingerprint->octets)
        return false;
    fingerprint_extend(&now, span_first(first, fingerprint->octets));
    return now.hash == fingerprint->hash;
}

void fingerprint_hashes(struct span first, uint64_t hashes[FINGERPRINT_OCTETS + 1])
{
    hashes[0] = HASH_OF_NOTHING;
    for (size_t i = 0; i < first.n && i < FINGERPRINT_OCTETS; i++)
        hashes[i + 1] = hash_of(hashes[i], first.p[i]);
}
