/* Which paths lie on file systems whose server may stop answering: found in the table of mounts, never by touching the
 * path (a stat of a dead NFS or sshfs mount hangs until it comes back, if it does).
 *
 * Symbolic links on the way are followed as long as they lie on local file systems. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_MOUNTS_H
#define MAILTALLY_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

struct mounts;

/* table: MOUNTS_TABLE, or a file like it. NULL without memory. Without a table everything is local. */
#define MOUNTS_TABLE "/proc/self/mountinfo"
struct mounts *mounts_new(const char *table);
void mounts_free(struct mounts *mounts);

/* Another number each time that something was mounted or unmounted. */
unsigned mounts_version(struct mounts *mounts);

/* Where the remote file system is mounted on which `path` lies, or, of a pattern, could lead to; NULL: on none. Lives
 * until the next call. */
const char *mounts_remote(struct mounts *mounts, const char *path);
const char *mounts_remote_pattern(struct mounts *mounts, const char *pattern);

#endif
