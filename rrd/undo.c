/* Copies of what is being changed.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "undo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../parser/hash.h"
#include "file.h"

#define NAME        ".undo"
#define MAGIC       UINT64_C(0x6f646e75796c6174) /* "talyundo" */
#define PATH_OCTETS 1024                         /* below the directory */
#define FILE_OCTETS (16 << 20)                   /* no RRD of ours is as large */

struct head {
    uint64_t magic; /* 0: nothing is being changed */
    uint64_t octets, hash;
    int64_t upto;
    char path[PATH_OCTETS];
};

struct undo {
    char *directory;
    int fd;
    bool in_use;
    char *copy;
    size_t room;
    struct head head;
};

struct undo *undo_new(const char *directory)
{
    struct undo *u = calloc(1, sizeof *u);

    if (!u)
        return NULL;
    u->fd = -1;
    u->directory = strdup(directory);
    if (u->directory)
        return u;
    free(u);
    return NULL;
}

void undo_free(struct undo *u)
{
    if (!u)
        return;
    if (u->fd >= 0)
        close(u->fd);
    free(u->copy);
    free(u->directory);
    free(u);
}

static uint64_t hash_of(const struct undo *u)
{
    return hash_octets(MAGIC, (struct span){ u->copy, (size_t)u->head.octets }) ^
           hash_octets((uint64_t)u->head.upto, (struct span){ u->head.path, strnlen(u->head.path, PATH_OCTETS) });
}

static bool make_room(struct undo *u, size_t octets)
{
    char *copy;

    if (octets <= u->room)
        return true;
    copy = realloc(u->copy, octets);
    if (!copy)
        return false;
    u->copy = copy;
    u->room = octets;
    return true;
}

static bool open_own(struct undo *u)
{
    char path[PATH_MAX];

    if (u->fd >= 0)
        return true;
    snprintf(path, sizeof path, "%s/" NAME, u->directory);
    u->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    return u->fd >= 0;
}

/* ---- before and after ---- */

static bool read_file(struct undo *u, const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC), why = EIO;
    bool good = fd >= 0 && fstat(fd, &status) == 0;

    if (good && (status.st_size > FILE_OCTETS || !make_room(u, (size_t)status.st_size))) {
        errno = ENOMEM;
        good = false;
    }
    if (good) {
        u->head.octets = (uint64_t)status.st_size;
        good = read(fd, u->copy, (size_t)status.st_size) == status.st_size;
    }
    why = errno ? errno : EIO;
    if (fd >= 0)
        close(fd);
    errno = why;
    return good;
}

static bool put(int fd, const void *octets, size_t n, off_t at)
{
    ssize_t done = pwrite(fd, octets, n, at);

    if (done >= 0 && done != (ssize_t)n)
        errno = ENOSPC;
    return done == (ssize_t)n;
}

bool undo_begin(struct undo *u, const char *path, int64_t upto)
{
    size_t top = strlen(u->directory);

    if (strncmp(path, u->directory, top) != 0 || strlen(path) - top > PATH_OCTETS - 1) {
        errno = ENAMETOOLONG;
        return false;
    }
    memset(&u->head, 0, sizeof u->head);
    errno = 0;
    if (!open_own(u) || !read_file(u, path))
        return false;
    strcpy(u->head.path, path + top);
    u->head.upto = upto;
    u->head.magic = MAGIC;
    u->head.hash = hash_of(u);
    /* The head last: until then there is nothing to be undone, and nothing was changed. */
    u->in_use = put(u->fd, u->copy, (size_t)u->head.octets, sizeof u->head) && put(u->fd, &u->head, sizeof u->head, 0);
    return u->in_use;
}

void undo_end(struct undo *u)
{
    const uint64_t nothing = 0;

    if (u->in_use && !put(u->fd, &nothing, sizeof nothing, 0))
        u->in_use = false; /* the file is newer than the copy says: it will not be used */
    u->in_use = false;
}

/* ---- after a crash ---- */

static bool is_whole(struct undo *u)
{
    return pread(u->fd, &u->head, sizeof u->head, 0) == sizeof u->head && u->head.magic == MAGIC &&
           u->head.octets <= FILE_OCTETS && make_room(u, (size_t)u->head.octets + 1) &&
           pread(u->fd, u->copy, (size_t)u->head.octets, sizeof u->head) == (ssize_t)u->head.octets &&
           memchr(u->head.path, '\0', PATH_OCTETS) && !strstr(u->head.path, "/..") && u->head.hash == hash_of(u);
}

void undo_recover(struct undo *u)
{
    char path[PATH_MAX];
    struct stat status;
    int fd;

    if (!open_own(u) || !is_whole(u))
        return;
    snprintf(path, sizeof path, "%s%s", u->directory, u->head.path);
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    /* Somebody else who wrote to it since has made it newer. */
    if (fd >= 0 && fstat(fd, &status) == 0 && (uint64_t)status.st_size == u->head.octets &&
        rrd_file_last(path) <= u->head.upto)
        u->in_use = put(fd, u->copy, (size_t)u->head.octets, 0);
    else
        u->in_use = true; /* nothing to put back: forget it */
    if (fd >= 0)
        close(fd);
    undo_end(u);
}
