/* Which file this is, whatever its name, inode or device: the first octets of its content.
 *
 * A log's first lines carry times and ids, so two logs differ there; a copy, a rename, compression or another mount do
 * not change them. Device and inode number are hints within one run at most.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FINGERPRINT_H
#define MAILTALLY_FINGERPRINT_H

#include "../parser/span.h"

#define FINGERPRINT_OCTETS 1024

/* Written to the state file: the hash (64-bit FNV-1a) is for ever. */
struct fingerprint {
    uint32_t octets; /* how many it is of; 0: the file has no whole line yet, and no identity */
    uint64_t hash;
};

/* Makes it that of more octets; `next` stands in the file behind those that it is of. */
void fingerprint_extend(struct fingerprint *fingerprint, struct span next);

/* first: the file's first octets, FINGERPRINT_OCTETS where it has as many. False when it is another file, is shorter,
 * or the fingerprint is empty. */
bool fingerprint_fits(const struct fingerprint *fingerprint, struct span first);

/* hashes[n] is the hash of the first n octets, for one file and many fingerprints; first.n + 1 are filled in. */
void fingerprint_hashes(struct span first, uint64_t hashes[FINGERPRINT_OCTETS + 1]);

#endif
