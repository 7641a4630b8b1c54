/* The lock on the state directory.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who has the lock, as far as its file says; 0 when it says nothing. */
static long owner(int fd)
{
    char text[24] = "";
    ssize_t octets = pread(fd, text, sizeof text - 1, 0);

    return octets > 0 ? strtol(text, NULL, 10) : 0;
}

static enum lock_result fail(char *error, size_t error_octets, const char *doing, const char *what)
{
    int why = errno;

    snprintf(error, error_octets, "cannot %s %s: %s; the user of mailtallyd must be able to write in stateDirectory",
             doing, what, strerror(why));
    return LOCK_ERROR;
}

enum lock_result lock_take(const char *directory, uid_t uid, gid_t gid, int *fd, char *error, size_t error_octets)
{
    char path[PATH_MAX];

    if (mkdir(directory, 0750) == 0) {
        if (geteuid() == 0 && chown(directory, uid, gid) != 0)
            return fail(error, error_octets, "give away the state directory", directory);
    } else if (errno != EEXIST) {
        return fail(error, error_octets, "make the state directory", directory);
    }
    snprintf(path, sizeof path, "%s/%s", directory, LOCK_FILE);
    /* flock and not fcntl: it outlives the fork of a daemon. */
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (*fd < 0)
        return fail(error, error_octets, "open the lock", path);
    if (geteuid() == 0 && fchown(*fd, uid, gid) != 0) {
        fail(error, error_octets, "give away the lock", path);
        close(*fd);
        return LOCK_ERROR;
    }
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return LOCK_TAKEN;
    if (errno == EWOULDBLOCK) {
        snprintf(error, error_octets,
                 "another mailtallyd, process %ld, is using the state directory %s: stop it, or give this one another "
                 "stateDirectory",
                 owner(*fd), directory);
        close(*fd);
        return LOCK_BUSY;
    }
    fail(error, error_octets, "lock", path);
    close(*fd);
    return LOCK_ERROR;
}

void lock_sign(int fd)
{
    char text[24];
    int octets = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    /* What cannot be written is missing in a message only. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)octets, 0) != octets)
        return;
}
