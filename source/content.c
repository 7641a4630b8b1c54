/* A log file at any offset.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "reader.h"
#include "unpack.h"

/* A log host follows thousands of files; low numbers are left to libraries that select(2). */
#define DESCRIPTORS_FROM 512

struct content {
    int fd;
    int why; /* errno of the last read(2) */
    bool compressed, failed, ended;
    struct unpack *unpack;
    char first[UNPACK_MAGIC_OCTETS];
    char *window;    /* READER_BUFFER_OCTETS; unpacked octets [at, at + window_n) */
    size_t window_n; /* what stands in it */
    uint64_t at;
};

static int move_up(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTORS_FROM);

    if (moved < 0)
        return fd;
    close(fd);
    return moved;
}

struct content *content_open(const char *path, bool compressed, struct stat *status)
{
    struct content *content;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), why;

    if (fd < 0)
        return NULL;
    fd = move_up(fd);
    if (fstat(fd, status) == 0 && !S_ISREG(status->st_mode))
        errno = EINVAL;
    else if ((content = calloc(1, sizeof *content)) != NULL) {
        ssize_t n = compressed ? pread(fd, content->first, sizeof content->first, 0) : 0;

        content->fd = fd;
        content->compressed = n == (ssize_t)sizeof content->first &&
                              unpack_format_of((struct span){ content->first, (size_t)n }) == UNPACK_COMPRESSED;
        return content;
    }
    why = errno;
    close(fd);
    errno = why;
    return NULL;
}

void content_close(struct content *content)
{
    if (!content)
        return;
    unpack_free(content->unpack);
    close(content->fd);
    free(content->window);
    free(content);
}

int content_descriptor(const struct content *content)
{
    return content->fd;
}

bool content_is_compressed(const struct content *content)
{
    return content->compressed;
}

static bool begin(struct content *content)
{
    unpack_free(content->unpack);
    content->unpack = NULL;
    content->window_n = 0;
    content->at = 0;
    content->ended = content->failed = false;
    if (!content->window)
        content->window = malloc(READER_BUFFER_OCTETS);
    if (content->window && lseek(content->fd, sizeof content->first, SEEK_SET) >= 0)
        content->unpack = unpack_new(content->fd, (struct span){ content->first, sizeof content->first });
    content->why = content->unpack ? 0 : errno;
    return content->unpack;
}

/* Lets go of what stands before `offset`. */
static void advance(struct content *content, uint64_t offset)
{
    uint64_t ahead = offset - content->at;
    size_t dropped = ahead < content->window_n ? (size_t)ahead : content->window_n;

    content->window_n -= dropped;
    memmove(content->window, content->window + dropped, content->window_n);
    content->at += dropped;
}

/* More behind what the window holds; false at the end, or when nothing more can be had. */
static bool refill(struct content *content)
{
    ssize_t n =
        unpack_read(content->unpack, content->window + content->window_n, READER_BUFFER_OCTETS - content->window_n);

    content->failed = n < 0;
    content->ended = n <= 0;
    content->window_n += n > 0 ? (size_t)n : 0;
    return n > 0;
}

static ssize_t read_compressed(struct content *content, char *into, size_t octets, uint64_t offset)
{
    uint64_t unpacked = 0;

    if ((!content->unpack || offset < content->at) && !begin(content))
        return -1;
    for (;;) {
        size_t before;

        advance(content, offset);
        if (content->ended || (content->at == offset && content->window_n >= octets))
            break;
        if (content->at < offset && unpacked >= CONTENT_UNPACK_OCTETS)
            return CONTENT_UNDERWAY;
        before = content->window_n;
        if (!refill(content))
            break;
        unpacked += content->window_n - before;
    }
    /* What came before the damage is good. */
    if (content->failed && (content->at < offset || content->window_n == 0))
        return -1;
    if (content->at < offset)
        return 0;
    if (octets > content->window_n)
        octets = content->window_n;
    memcpy(into, content->window, octets);
    return (ssize_t)octets;
}

ssize_t content_read(struct content *content, char *into, size_t octets, uint64_t offset)
{
    ssize_t n;

    if (content->compressed)
        return read_compressed(content, into, octets < READER_BUFFER_OCTETS ? octets : READER_BUFFER_OCTETS, offset);
    do
        n = pread(content->fd, into, octets, (off_t)offset);
    while (n < 0 && errno == EINTR);
    content->why = n < 0 ? errno : 0;
    return n;
}

bool content_breaks_off(const struct content *content)
{
    return content->failed;
}

const char *content_error(const struct content *content)
{
    return content->failed ? unpack_error(content->unpack) : strerror(content->why);
}

uint64_t content_left(const struct content *content, uint64_t size, uint64_t offset)
{
    off_t at;

    if (!content->compressed)
        return size > offset ? size - offset : 0;
    if (content->ended)
        return content->at + content->window_n > offset ? content->at + content->window_n - offset : 0;
    at = content->unpack ? lseek(content->fd, 0, SEEK_CUR) : 0;
    return at >= 0 && (uint64_t)at < size ? size - (uint64_t)at : 1;
}
