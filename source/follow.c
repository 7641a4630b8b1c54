/* A followed file: what is appended to a name, through rename, truncation, disappearance and return.
 *
 *   what is seen                                    what is done
 *   the name has another file (rename, create)      the new one is opened at once and waits in line; the old one is
 *                                                   read until nothing came for quiet_ms: its writer goes on with it
 *                                                   until it is told to reopen
 *   ... with the same first octets, the old one     the same file after a remount, or a copy that an editor put in its
 *       has no name any more or is on another device place: read on where we were
 *   it is shorter, or its first octets changed      truncated (copytruncate): read from its beginning
 *   the name is gone                                the open file is read on; it is let go when it was deleted
 *   it never was there, or may not be read          trouble that is told, and looked at again every second
 *
 * The position is always behind a whole line; the beginning of a line is read again when more has come, so there is
 * nothing to keep but the offset. Never mapped: a truncated mapping is SIGBUS.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fingerprint.h"
#include "set.h"

#define HANDLES_MAX   16 /* generations of one log that are open at the same time */
#define GONE_QUIETS   5  /* so many quiet_ms without a file under the name are trouble */
#define READ_AT_LEAST (READER_LINE_OCTETS + 1)

struct handle {
    int fd;
    dev_t device;
    ino_t inode;
    uint64_t offset;  /* behind the last whole line, or inside one that is skipped */
    uint64_t partial; /* octets behind it that were seen and are no whole line */
    uint64_t size;
    struct timespec modified;
    int64_t changed_ms; /* when something last came to it, or its successor appeared */
    bool skipping;
    struct fingerprint fingerprint;
};

struct follow {
    struct source source;
    char *directory;
    const char *base; /* the last part of the name */
    int watch;
    struct handle handles[HANDLES_MAX]; /* the oldest first: it is the one that is read */
    size_t handles_n;
    int64_t gone_ms;  /* since when the name has no file; 0: it has one */
    int64_t retry_ms; /* after a read error: when to read again; 0: there was none */
};

static struct follow *follow_of(struct source *source)
{
    return (struct follow *)source;
}

static uint64_t unread(const struct handle *handle)
{
    uint64_t seen = handle->offset + handle->partial;

    return handle->size > seen ? handle->size - seen : 0;
}

static void restart(struct handle *handle)
{
    handle->offset = handle->partial = 0;
    handle->skipping = false;
    handle->fingerprint = (struct fingerprint){ 0 };
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* An open file: did it grow, was it cut off? Those that wait for their turn are looked at, too, to know when they are
 * quiet. */
static void look_at_open(struct follow *follow, struct handle *handle)
{
    struct stat status;
    uint64_t size;

    if (fstat(handle->fd, &status) != 0) {
        source_trouble(&follow->source, SOURCE_FAILED, "cannot be examined", errno, "it is tried again");
        return;
    }
    size = (uint64_t)status.st_size;
    if (size == handle->size && is_same_time(status.st_mtim, handle->modified))
        return;
    handle->modified = status.st_mtim;
    if (size < handle->offset || (handle->fingerprint.octets && !fingerprint_fits(&handle->fingerprint, handle->fd))) {
        if (unread(handle))
            follow->source.errors++; /* these octets are lost */
        restart(handle);
        follow->source.rotations++;
    }
    if (size < handle->offset + handle->partial)
        handle->partial = 0;
    handle->size = size;
    handle->changed_ms = source_clock_ms();
}

static bool is_open(const struct follow *follow, const struct stat *status)
{
    for (size_t i = 0; i < follow->handles_n; i++)
        if (follow->handles[i].inode == status->st_ino && follow->handles[i].device == status->st_dev)
            return true;
    return false;
}

/* Two files that both exist on one device are two, however alike they begin. */
static bool is_same_file(const struct handle *old, const struct handle *new)
{
    struct stat status;

    if (fstat(old->fd, &status) == 0 && status.st_nlink > 0 && status.st_dev == new->device)
        return false;
    return fingerprint_fits(&old->fingerprint, new->fd) && new->size >= old->offset;
}

static void enqueue(struct follow *follow, struct handle *new)
{
    struct handle *last = follow->handles_n ? &follow->handles[follow->handles_n - 1] : NULL;

    if (last && is_same_file(last, new)) {
        close(last->fd);
        last->fd = new->fd;
        last->device = new->device;
        last->inode = new->inode;
        last->size = new->size;
    } else {
        follow->handles[follow->handles_n++] = *new;
    }
    if (last)
        last->changed_ms = new->changed_ms;
}

static void open_file(struct follow *follow)
{
    struct source *source = &follow->source;
    struct stat status;
    /* Non-blocking: a pipe under this name must not stop the others; for a file it means nothing. */
    int fd = open(source->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        source_trouble(source, SOURCE_UNREADABLE, "cannot be opened", errno,
                       errno == EACCES ? "let the daemon's user read it (on Debian: group adm)" : "it is tried again");
        return;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        source_trouble(source, SOURCE_UNREADABLE, "is not a file", 0, "name a log file");
        close(fd);
        return;
    }
    enqueue(follow, &(struct handle){ .fd = fd,
                                      .device = status.st_dev,
                                      .inode = status.st_ino,
                                      .size = (uint64_t)status.st_size,
                                      .modified = status.st_mtim,
                                      .changed_ms = source_clock_ms() });
    source_trouble_ends(source);
}

static void drop_oldest(struct follow *follow)
{
    close(follow->handles[0].fd);
    follow->handles_n--;
    memmove(follow->handles, follow->handles + 1, follow->handles_n * sizeof follow->handles[0]);
}

static void name_is_gone(struct follow *follow, int why)
{
    struct source *source = &follow->source;
    int64_t now = source_clock_ms();

    if (why != ENOENT && why != ENOTDIR) {
        source_trouble(source, SOURCE_UNREADABLE, "cannot be found", why,
                       why == EACCES ? "let the daemon's user search its directory" : "it is tried again");
        return;
    }
    if (!follow->gone_ms)
        follow->gone_ms = now;
    /* Between a rename and the new file there is always a moment without one. */
    if (follow->handles_n == 0 || now - follow->gone_ms >= GONE_QUIETS * source->set->quiet_ms)
        source_trouble(source, SOURCE_MISSING, "does not exist", 0, "it is read as soon as it appears");
}

static void look_at_name(struct follow *follow)
{
    struct source *source = &follow->source;
    struct stat status;

    if (stat(source->name, &status) != 0) {
        name_is_gone(follow, errno);
        return;
    }
    follow->gone_ms = 0;
    if (is_open(follow, &status)) {
        if (!follow->retry_ms)
            source_trouble_ends(source);
    } else if (!S_ISREG(status.st_mode)) {
        source_trouble(source, SOURCE_UNREADABLE, S_ISDIR(status.st_mode) ? "is a directory" : "is not a file", 0,
                       "name a log file");
    } else if (follow->handles_n == HANDLES_MAX) {
        source_trouble(source, SOURCE_FAILED, "is rotated faster than it is read", 0, "rotate less often");
    } else {
        open_file(follow);
    }
}

/* Whether the oldest file will not grow any more. */
static bool is_finished(const struct follow *follow)
{
    int64_t now = source_clock_ms(), quiet_ms = follow->source.set->quiet_ms;
    struct stat status;

    if (follow->handles_n == 0 || unread(&follow->handles[0]) || now - follow->handles[0].changed_ms < quiet_ms)
        return false;
    if (follow->handles_n > 1)
        return true;
    /* Deleted and without a successor: its blocks are only freed when we let go. */
    return follow->gone_ms && now - follow->gone_ms >= GONE_QUIETS * quiet_ms &&
           fstat(follow->handles[0].fd, &status) == 0 && status.st_nlink == 0;
}

static void measure(struct follow *follow)
{
    follow->source.behind_octets = 0;
    for (size_t i = 0; i < follow->handles_n; i++)
        follow->source.behind_octets += unread(&follow->handles[i]);
}

static void follow_look(struct source *source)
{
    struct follow *follow = follow_of(source);

    /* Asked each time: the directory may have been made, or replaced, since. */
    if (source->set->watch)
        follow->watch = watch_directory(source->set->watch, follow->directory);
    look_at_name(follow);
    for (size_t i = 0; i < follow->handles_n; i++)
        look_at_open(follow, &follow->handles[i]);
    measure(follow);
    source->ready = (follow->handles_n && unread(&follow->handles[0])) || is_finished(follow);
    if (follow->retry_ms > source_clock_ms())
        source->ready = false;
    source->restless = follow->handles_n > 1 || follow->gone_ms;
}

static void consumed(struct handle *handle, uint64_t octets)
{
    handle->offset += octets;
    handle->partial = 0;
    if (handle->fingerprint.octets < FINGERPRINT_OCTETS)
        (void)fingerprint_take(&handle->fingerprint, handle->fd, handle->offset);
}

/* One block of the oldest file. 0: no whole line is left in it. */
static size_t read_oldest(struct follow *follow, size_t octets, const struct source_lines *lines)
{
    struct source *source = &follow->source;
    struct handle *handle = &follow->handles[0];
    size_t wanted = octets < READ_AT_LEAST ? READ_AT_LEAST : octets;
    ssize_t n = pread(handle->fd, source->set->block, wanted < READER_BUFFER_OCTETS ? wanted : READER_BUFFER_OCTETS,
                      (off_t)handle->offset);
    size_t given;

    if (n < 0) {
        source_trouble(source, SOURCE_FAILED, "cannot be read", errno, "it is tried again");
        follow->retry_ms = source_clock_ms() + SOURCE_SWEEP_MS;
        return 0;
    }
    follow->retry_ms = 0;
    given = source_give_lines(source, lines, (struct span){ source->set->block, (size_t)n }, &handle->skipping);
    if (given == 0 && (handle->skipping || n > READER_LINE_OCTETS)) {
        handle->skipping = true;
        given = (size_t)n;
        source->octets += given;
    }
    if (given)
        consumed(handle, given);
    else
        handle->partial = (uint64_t)n;
    if (handle->size < handle->offset + handle->partial) {
        handle->size = handle->offset + handle->partial;
        handle->changed_ms = source_clock_ms();
    }
    return given;
}

/* The oldest is finished; its last line may have no newline. */
static size_t move_on(struct follow *follow, const struct source_lines *lines)
{
    struct source *source = &follow->source;
    struct handle *handle = &follow->handles[0];
    ssize_t n = pread(handle->fd, source->set->block, handle->partial, (off_t)handle->offset);
    size_t rest = n > 0 ? (size_t)n : 0;

    source_give_rest(source, lines, (struct span){ source->set->block, rest }, &handle->skipping);
    drop_oldest(follow);
    source->rotations++;
    return rest;
}

static size_t follow_read(struct source *source, size_t octets, const struct source_lines *lines)
{
    struct follow *follow = follow_of(source);
    size_t given = 0;

    while (!given && follow->handles_n) {
        given = read_oldest(follow, octets, lines);
        if (given || follow->retry_ms || !is_finished(follow))
            break;
        given = move_on(follow, lines);
    }
    measure(follow);
    return given;
}

static bool follow_concerns(const struct source *source, int watch, const char *name)
{
    const struct follow *follow = (const struct follow *)source;

    /* While it is being rotated, its old file is written under a name that we do not know. */
    return watch == follow->watch && (source->restless || *name == '\0' || strcmp(name, follow->base) == 0);
}

static void follow_close(struct source *source)
{
    struct follow *follow = follow_of(source);

    while (follow->handles_n)
        drop_oldest(follow);
    free(follow->directory);
}

const struct source_ops follow_ops = {
    .type = SOURCE_FILE,
    .look = follow_look,
    .read = follow_read,
    .concerns = follow_concerns,
    .close = follow_close,
};

/* "/a/b" is in "/a", "/b" in "/", "b" in ".". */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

bool source_set_add_file(struct source_set *set, const char *path, const char *host)
{
    struct follow *follow = calloc(1, sizeof *follow);

    if (!follow)
        return false;
    follow->watch = WATCH_NONE;
    follow->directory = directory_of(path);
    if (!follow->directory) {
        free(follow);
        return false;
    }
    if (!source_adopt(set, &follow->source, &follow_ops, path, host))
        return false;
    follow->base = strrchr(follow->source.name, '/') ? strrchr(follow->source.name, '/') + 1 : follow->source.name;
    return true;
}
