/* The table of mounts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../parser/span.h"

#define MOUNTS_CAP 65536
#define LINKS_MAX  40

/* Their servers are elsewhere, or are programs. autofs: looking mounts it, which may take as long. */
static const struct span remote_types[] = {
    SPAN("nfs"),  SPAN("nfs4"),      SPAN("cifs"),   SPAN("smb3"), SPAN("smbfs"),  SPAN("fuse"),   SPAN("9p"),
    SPAN("ceph"), SPAN("glusterfs"), SPAN("lustre"), SPAN("afs"),  SPAN("autofs"), SPAN("beegfs"), SPAN("coda"),
};

struct mount {
    char *point;
    bool remote;
};

struct mounts {
    const char *table;
    int fd;               /* tells that it changed; -1: there is none */
    struct mount *mounts; /* in the order of mounting: of two at one place the later one covers the other */
    size_t n, room;
    unsigned version;
};

static bool is_remote(struct span type)
{
    if (span_has_prefix(type, "fuse."))
        return true;
    for (size_t i = 0; i < sizeof remote_types / sizeof remote_types[0]; i++)
        if (span_eq(type, remote_types[i]))
            return true;
    return false;
}

/* Blanks and the like are written as \040. */
static char *unescape(struct span escaped)
{
    char *text = malloc(escaped.n + 1), *to = text;

    if (!text)
        return NULL;
    for (size_t i = 0; i < escaped.n; i++) {
        const char *p = escaped.p + i;

        if (*p == '\\' && i + 3 < escaped.n && p[1] >= '0' && p[1] <= '3') {
            *to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            i += 3;
        } else {
            *to++ = *p;
        }
    }
    *to = '\0';
    return text;
}

/* "36 35 98:0 /root /point rw,noatime master:1 - type source options" */
static bool take(struct mounts *mounts, struct span line)
{
    struct span field = { 0 }, point = { 0 };
    struct mount *grown;

    for (int i = 0; i < 5; i++)
        if (!span_take_until(&line, ' ', i == 4 ? &point : &field))
            return true;
    while (!span_is(field, "-"))
        if (!span_take_until(&line, ' ', &field))
            return true;
    if (!span_take_until(&line, ' ', &field) || mounts->n == MOUNTS_CAP)
        return true;
    if (mounts->n == mounts->room) {
        size_t room = mounts->room ? mounts->room * 2 : 64;

        grown = realloc(mounts->mounts, room * sizeof *grown);
        if (!grown)
            return false;
        mounts->mounts = grown;
        mounts->room = room;
    }
    mounts->mounts[mounts->n] = (struct mount){ unescape(point), is_remote(field) };
    return mounts->mounts[mounts->n++].point != NULL;
}

static void forget(struct mounts *mounts)
{
    while (mounts->n)
        free(mounts->mounts[--mounts->n].point);
}

static void read_table(struct mounts *mounts)
{
    FILE *table = fopen(mounts->table, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    forget(mounts);
    if (!table)
        return;
    while ((n = getline(&line, &room, table)) > 0)
        if (!take(mounts, (struct span){ line, (size_t)n }))
            break;
    free(line);
    fclose(table);
}

struct mounts *mounts_new(const char *table)
{
    struct mounts *mounts = calloc(1, sizeof *mounts);

    if (!mounts)
        return NULL;
    mounts->table = table;
    mounts->fd = open(table, O_RDONLY | O_CLOEXEC);
    read_table(mounts);
    return mounts;
}

void mounts_free(struct mounts *mounts)
{
    if (!mounts)
        return;
    forget(mounts);
    free(mounts->mounts);
    if (mounts->fd >= 0)
        close(mounts->fd);
    free(mounts);
}

unsigned mounts_version(struct mounts *mounts)
{
    struct pollfd changed = { .fd = mounts->fd, .events = POLLPRI };

    if (mounts->fd >= 0 && poll(&changed, 1, 0) > 0 && changed.revents & (POLLPRI | POLLERR)) {
        read_table(mounts);
        mounts->version++;
    }
    return mounts->version;
}

static bool lies_below(const char *path, const char *point)
{
    size_t n = strlen(point);

    if (strcmp(point, "/") == 0)
        return true;
    return strncmp(path, point, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The file system that a path without links lies on. */
static const char *remote_of(const struct mounts *mounts, const char *path)
{
    const struct mount *found = NULL;

    for (size_t i = 0; i < mounts->n; i++)
        if (lies_below(path, mounts->mounts[i].point) &&
            (!found || strlen(mounts->mounts[i].point) >= strlen(found->point)))
            found = &mounts->mounts[i];
    return found && found->remote ? found->point : NULL;
}

/* A path that is gone through from the left: `done` has no links and lies on local file systems. */
struct walk {
    char done[PATH_MAX], left[2 * PATH_MAX];
    int links;
};

/* Takes the next part of the path off the left. */
static bool next_part(struct walk *walk, char part[NAME_MAX + 1])
{
    const char *begin = walk->left + strspn(walk->left, "/");
    size_t n = strcspn(begin, "/");

    if (n == 0 || n > NAME_MAX)
        return false;
    memcpy(part, begin, n);
    part[n] = '\0';
    memmove(walk->left, begin + n, strlen(begin + n) + 1);
    return true;
}

static void leave(struct walk *walk)
{
    char *slash = strrchr(walk->done, '/');

    if (slash)
        *slash = '\0';
}

/* Steps into `part`; `done` may then be a link, which is taken apart. False: the path ends here. */
static bool step(struct walk *walk, const char *part)
{
    size_t n = strlen(walk->done);

    if (strcmp(part, ".") == 0)
        return true;
    if (strcmp(part, "..") == 0) {
        leave(walk);
        return true;
    }
    return (size_t)snprintf(walk->done + n, sizeof walk->done - n, "/%s", part) < sizeof walk->done - n;
}

static bool follow_link(struct walk *walk)
{
    char target[PATH_MAX], left[2 * PATH_MAX];
    ssize_t n = readlink(walk->done, target, sizeof target - 1);

    if (n <= 0)
        return true; /* no link, or nothing at all */
    target[n] = '\0';
    if (++walk->links > LINKS_MAX || (size_t)snprintf(left, sizeof left, "%s/%s", target, walk->left) >= sizeof left)
        return false;
    memcpy(walk->left, left, sizeof left);
    if (target[0] == '/')
        walk->done[0] = '\0';
    else
        leave(walk);
    return true;
}

const char *mounts_remote(struct mounts *mounts, const char *path)
{
    struct walk walk = { 0 };
    char part[NAME_MAX + 1];
    size_t n = 0;

    (void)mounts_version(mounts);
    if (path[0] != '/' && getcwd(walk.left, PATH_MAX))
        n = strlen(walk.left);
    if ((size_t)snprintf(walk.left + n, sizeof walk.left - n, "/%s", path) >= sizeof walk.left - n)
        return NULL;
    while (next_part(&walk, part)) {
        const char *remote;

        if (!step(&walk, part))
            return NULL;
        remote = remote_of(mounts, walk.done);
        if (remote)
            return remote;
        if (!follow_link(&walk))
            return NULL;
    }
    return NULL;
}

const char *mounts_remote_pattern(struct mounts *mounts, const char *pattern)
{
    size_t fixed = strcspn(pattern, "*?[");
    char directory[PATH_MAX];
    const char *remote;

    while (fixed && pattern[fixed - 1] != '/')
        fixed--;
    if (fixed >= sizeof directory)
        return NULL;
    memcpy(directory, pattern, fixed);
    directory[fixed] = '\0';
    remote = mounts_remote(mounts, fixed ? directory : ".");
    if (fixed > 1)
        directory[fixed - 1] = '\0';
    /* The part with the wildcard may be, or lead through, a mount point. */
    for (size_t i = 0; !remote && pattern[0] == '/' && i < mounts->n; i++)
        if (mounts->mounts[i].remote && lies_below(mounts->mounts[i].point, directory))
            remote = mounts->mounts[i].point;
    return remote;
}
