/* Being a daemon: the background, the pid file, and giving up root.
 *
 * Functions that can fail write a sentence to `error` (of PROCESS_ERROR_OCTETS).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PROCESS_H
#define MAILTALLY_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#define PROCESS_ERROR_OCTETS 512

struct identity {
    const char *user, *group; /* names or numbers; NULL: as it is */
    uid_t uid;                /* what they are; of this process where none was given */
    gid_t gid;
};

/* Finds uid and gid: a user without a group has the group of his account. */
bool process_identify(struct identity *identity, char *error);

/* Becomes that user for good, with the groups of his account, in the only order that works: groups, group, user. Does
 * nothing when neither user nor group was given. */
bool process_become(const struct identity *identity, char *error);

/* Goes to the background. The process that was started waits until process_ready() and then exits with that status;
 * when the daemon ends before, with 1. Returns in the daemon only; false when there can be no fork. */
bool process_daemonise(char *error);
void process_ready(int exit_status);

/* As many descriptors as may be, up to what a log host's files need: the usual soft limit is 1024. */
void process_allow_descriptors(void);

bool process_write_pid(const char *path, char *error);

#endif
