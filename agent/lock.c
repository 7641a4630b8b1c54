/* The lock on the state directory.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who has the lock, as far as its file says; 0 when it says nothing. */
static long owner(const char *path)
{
    char text[24] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t octets = fd < 0 ? 0 : pread(fd, text, sizeof text - 1, 0);

    if (fd >= 0)
        close(fd);
    return octets > 0 ? strtol(text, NULL, 10) : 0;
}

static enum lock_result fail(char *error, size_t error_octets, const char *doing, const char *what)
{
    int why = errno;

    snprintf(error, error_octets, "cannot %s %s: %s; the user of mailtallyd must be able to write in stateDirectory",
             doing, what, strerror(why));
    return LOCK_ERROR;
}

/* flock and not fcntl: it outlives the fork of a daemon. True also where such a thing cannot be locked (a directory on
 * NFS): then the other lock must do. */
static bool try_lock(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

static bool disk_takes_nothing(int why)
{
    return why == EROFS || why == ENOSPC || why == EDQUOT;
}

/* -1 with errno. */
static int open_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    int why = errno;

    if (fd < 0 && disk_takes_nothing(why)) {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        errno = why;
    }
    return fd;
}

static enum lock_result take_file(const char *path, uid_t uid, gid_t gid, struct lock *lock, char *error,
                                  size_t error_octets)
{
    lock->file = open_file(path);
    if (lock->file < 0)
        return lock->directory >= 0 && disk_takes_nothing(errno) ? LOCK_TAKEN
                                                                 : fail(error, error_octets, "open the lock", path);
    if (geteuid() == 0 && fchown(lock->file, uid, gid) != 0 && errno != EROFS)
        return fail(error, error_octets, "give away the lock", path);
    return try_lock(lock->file) ? LOCK_TAKEN : LOCK_BUSY;
}

enum lock_result lock_take(const char *directory, uid_t uid, gid_t gid, struct lock *lock, char *error,
                           size_t error_octets)
{
    char path[PATH_MAX];
    enum lock_result result = LOCK_BUSY;

    *lock = (struct lock){ -1, -1 };
    if (mkdir(directory, 0750) == 0) {
        if (geteuid() == 0 && chown(directory, uid, gid) != 0)
            return fail(error, error_octets, "give away the state directory", directory);
    } else if (errno != EEXIST) {
        return fail(error, error_octets, "make the state directory", directory);
    }
    snprintf(path, sizeof path, "%s/" LOCK_FILE, directory);
    lock->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock->directory < 0 || try_lock(lock->directory))
        result = take_file(path, uid, gid, lock, error, error_octets);
    if (result == LOCK_BUSY)
        snprintf(error, error_octets,
                 "another mailtallyd, process %ld, is using the state directory %s: stop it, or give this one another "
                 "stateDirectory",
                 owner(path), directory);
    if (result != LOCK_TAKEN)
        lock_free(lock);
    return result;
}

void lock_sign(const struct lock *lock)
{
    char text[24];
    int octets = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    /* What cannot be written is missing in a message only. */
    if (lock->file < 0 || ftruncate(lock->file, 0) != 0 || pwrite(lock->file, text, (size_t)octets, 0) != octets)
        return;
}

void lock_free(struct lock *lock)
{
    if (lock->directory >= 0)
        close(lock->directory);
    if (lock->file >= 0)
        close(lock->file);
    *lock = (struct lock){ -1, -1 };
}
