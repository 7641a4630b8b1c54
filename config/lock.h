/* The lock on the state directory: two daemons that kept one state would overwrite each other's counts. And the one on
 * the directory of the RRD files, which the command takes, too, when it writes there.
 *
 * Locked are the directory itself, which can be locked where nothing can be written and stays locked when somebody
 * tidies its files up, and a file in it, which names the owner and is what NFS can lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_LOCK_H
#define MAILTALLY_LOCK_H

#include <stddef.h>
#include <sys/types.h>

#define LOCK_FILE "lock"

enum lock_result {
    LOCK_TAKEN,
    LOCK_BUSY, /* another daemon has it */
    LOCK_ERROR,
};

struct lock {
    int directory, file; /* descriptors; -1: this one could not be had */
};

/* Makes the directory where it is missing, owned by uid and gid, and locks it for this process and those it forks,
 * until all of them have ended. A disk that is full or read-only is no error: what is there can be locked all the same,
 * and the daemon counts on. When the result is not LOCK_TAKEN, `error` has a sentence. */
enum lock_result lock_take(const char *directory, uid_t uid, gid_t gid, struct lock *lock, char *error,
                           size_t error_octets);

/* Likewise for the directory of the RRD files. */
enum lock_result lock_take_rrd(const char *directory, uid_t uid, gid_t gid, struct lock *lock, char *error,
                               size_t error_octets);

/* Writes this process' number into the lock, for the message of a second daemon. After the fork. */
void lock_sign(const struct lock *lock);

void lock_free(struct lock *lock);

#endif
