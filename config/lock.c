/* The locks on the state directory and on that of the RRD files.
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

/* What is locked, in the words of its messages. */
struct kind {
    const char *name, *token;
    mode_t mode;
};
static const struct kind state_directory = { "state directory", "stateDirectory", 0750 };
static const struct kind rrd_directory = { "RRD directory", "rrdDirectory", 0755 }; /* web servers read there */

static enum lock_result fail(const struct kind *kind, char *error, size_t error_octets, const char *doing,
                             const char *what)
{
    int why = errno;

    snprintf(error, error_octets, "cannot %s %s: %s; the user of mailtallyd must be able to write in %s", doing, what,
             strerror(why), kind->token);
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

static enum lock_result take_file(const struct kind *kind, const char *path, uid_t uid, gid_t gid, struct lock *lock,
                                  char *error, size_t error_octets)
{
    lock->file = open_file(path);
    if (lock->file < 0)
        return lock->directory >= 0 && disk_takes_nothing(errno)
                   ? LOCK_TAKEN
                   : fail(kind, error, error_octets, "open the lock", path);
    if (geteuid() == 0 && fchown(lock->file, uid, gid) != 0 && errno != EROFS)
        return fail(kind, error, error_octets, "give away the lock", path);
    return try_lock(lock->file) ? LOCK_TAKEN : LOCK_BUSY;
}

static enum lock_result make(const struct kind *kind, const char *directory, uid_t uid, gid_t gid, char *error,
                             size_t error_octets)
{
    char doing[64];

    if (mkdir(directory, kind->mode) == 0) {
        if (geteuid() == 0 && chown(directory, uid, gid) != 0) {
            snprintf(doing, sizeof doing, "give away the %s", kind->name);
            return fail(kind, error, error_octets, doing, directory);
        }
    } else if (errno != EEXIST) {
        snprintf(doing, sizeof doing, "make the %s", kind->name);
        return fail(kind, error, error_octets, doing, directory);
    }
    return LOCK_TAKEN;
}

static enum lock_result take(const struct kind *kind, const char *directory, uid_t uid, gid_t gid, struct lock *lock,
                             char *error, size_t error_octets)
{
    char path[PATH_MAX];
    enum lock_result result = LOCK_BUSY;

    *lock = (struct lock){ -1, -1 };
    if (make(kind, directory, uid, gid, error, error_octets) != LOCK_TAKEN)
        return LOCK_ERROR;
    snprintf(path, sizeof path, "%s/" LOCK_FILE, directory);
    lock->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock->directory < 0 || try_lock(lock->directory))
        result = take_file(kind, path, uid, gid, lock, error, error_octets);
    if (result == LOCK_BUSY)
        snprintf(error, error_octets,
                 "another mailtallyd, process %ld, is using the %s %s: stop it, or give this one another %s",
                 owner(path), kind->name, directory, kind->token);
    if (result != LOCK_TAKEN)
        lock_free(lock);
    return result;
}

enum lock_result lock_take(const char *directory, uid_t uid, gid_t gid, struct lock *lock, char *error,
                           size_t error_octets)
{
    return take(&state_directory, directory, uid, gid, lock, error, error_octets);
}

enum lock_result lock_take_rrd(const char *directory, uid_t uid, gid_t gid, struct lock *lock, char *error,
                               size_t error_octets)
{
    return take(&rrd_directory, directory, uid, gid, lock, error, error_octets);
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
