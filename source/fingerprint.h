/* Which file this is, whatever its name, inode or device: the first octets of its content.
 *
 * A log's first lines carry times and ids, so two logs differ there; a copy, a rename or another mount do not change
 * them. Device and inode number are hints within one run at most.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FINGERPRINT_H
#define MAILTALLY_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FINGERPRINT_OCTETS 1024

/* Written to the state file: the hash (64-bit FNV-1a) is for ever. */
struct fingerprint {
    uint32_t octets; /* how many it is of; 0: the file has no whole line yet, and no identity */
    uint64_t hash;
};

/* Of the first `octets` (at most FINGERPRINT_OCTETS count). False when they cannot be read. */
bool fingerprint_take(struct fingerprint *fingerprint, int fd, uint64_t octets);

/* False when the file is another one, is shorter, cannot be read, or the fingerprint is empty. */
bool fingerprint_fits(const struct fingerprint *fingerprint, int fd);

#endif
