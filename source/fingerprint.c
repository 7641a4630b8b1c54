/* The fingerprint of a file's beginning.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fingerprint.h"

#include <unistd.h>

bool fingerprint_take(struct fingerprint *fingerprint, int fd, uint64_t octets)
{
    unsigned char first[FINGERPRINT_OCTETS];
    size_t wanted = octets < FINGERPRINT_OCTETS ? (size_t)octets : FINGERPRINT_OCTETS;
    uint64_t hash = 0xcbf29ce484222325;

    if (pread(fd, first, wanted, 0) != (ssize_t)wanted)
        return false;
    for (size_t i = 0; i < wanted; i++)
        hash = (hash ^ first[i]) * 0x100000001b3;
    *fingerprint = (struct fingerprint){ (uint32_t)wanted, hash };
    return true;
}

bool fingerprint_fits(const struct fingerprint *fingerprint, int fd)
{
    struct fingerprint now;

    return fingerprint->octets && fingerprint_take(&now, fd, fingerprint->octets) && now.hash == fingerprint->hash;
}
