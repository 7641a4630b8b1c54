/* Which files are known, and who reads them: so that two names of one file (a hard or symbolic link, a glob that also
 * fits a rotated name, one directory mounted twice) count once.
 *
 *   what is known of a file                           it is the same when
 *   a source has it open, on the same device          the inode is. Two open files of one device that begin alike are
 *                                                     two: the same mail was logged twice
 *   ... on another device (mounted twice), or it was  its first octets fit, and they are FINGERPRINT_OCTETS or the
 *       open, or is a saved position not found yet    inode is the same
 *
 * One for all sets of a daemon, called from any thread; its lock is never held while a file is touched.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_IDENTITIES_H
#define MAILTALLY_IDENTITIES_H

#include <sys/types.h>

#include "fingerprint.h"

#define IDENTITIES_CAP 65536
#define IDENTITY_NONE  0

struct identity {
    struct fingerprint fingerprint;
    uint64_t offset; /* up to where its lines were handed over */
    dev_t device;
    ino_t inode;
    bool skipping;     /* which is inside a line above the cap */
    bool open;         /* so its inode cannot be another file's */
    const char *owner; /* who reads it: the name of a source, the same pointer each time; NULL nobody */
    void *saved;       /* a position whose source was not added yet; the set's own, for its thread alone */
};

/* A file that somebody is about to open. */
struct identity_query {
    struct span first; /* its first octets, FINGERPRINT_OCTETS where it has as many */
    dev_t device;
    ino_t inode;
    const char *owner; /* who asks; what is his own is not found */
};

struct identities;

struct identities *identities_new(void); /* NULL without memory */
struct identities *identities_share(struct identities *identities);
void identities_free(struct identities *identities); /* when all that share it have */

/* Its number; IDENTITY_NONE without memory or above the cap: then it is simply not known. */
uint32_t identities_add(struct identities *identities, const struct identity *identity);
void identities_change(struct identities *identities, uint32_t number, const struct identity *identity);
/* Nobody reads it any more, but it stays known for a while (until IDENTITIES_LEFT more are left behind). */
void identities_leave(struct identities *identities, uint32_t number);
void identities_remove(struct identities *identities, uint32_t number);

#define IDENTITIES_LEFT 4096

/* True when it is known to others; *found is a copy. One that somebody reads goes before one that nobody does, and the
 * one that was read furthest before others. */
bool identities_find(struct identities *identities, const struct identity_query *query, struct identity *found);

#endif
