/* Pipes: standard input, which is read until it ends, and a FIFO, whose writers come and go.
 *
 * What stands in a pipe when the daemon ends is gone, or in the way of the next reader: so source_set_drain() reads it
 * first. The beginning of a line whose end has not come is kept, also in the saved state, where it is good for the same
 * pipe only: nobody writes the rest of a line into another one.
 *
 * A FIFO whose last writer has gone is opened again, before the old descriptor is closed so that nothing is lost: the
 * old one would be "hung up" for ever, and poll(2) would never wait.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confirm.h"
#include "set.h"

struct stream {
    struct source source;
    int fd; /* standard input is not ours to close, nor to make non-blocking: others may have it too; -1: not open */
    uint64_t device, inode;
    bool ended, skipping;
    bool exits;              /* the end of standard input is that of the daemon */
    struct confirm *confirm; /* of standard input; NULL: nobody waits for answers */
    size_t rest_n;
    char rest[READER_LINE_OCTETS + 1]; /* the beginning of a line; cheap to keep: only what is used is touched */
};

static struct stream *stream_of(struct source *source)
{
    return (struct stream *)source;
}

static bool is_fifo(const struct stream *stream)
{
    return stream->source.ops->type == SOURCE_FIFO;
}

/* ---- lines, but for the marks of omprog's transactions ---- */

struct sieve {
    struct stream *stream;
    const struct source_lines *lines;
};

static void sift_line(void *context, size_t index, struct span line)
{
    struct sieve *sieve = context;
    struct stream *stream = sieve->stream;

    if (stream->confirm ? confirm_takes(stream->confirm, line) : !is_fifo(stream) && confirm_is_mark(line))
        stream->source.lines--;
    else
        sieve->lines->line(sieve->lines->context, index, line);
}

static void sift_overlong(void *context, size_t index)
{
    struct sieve *sieve = context;

    if (sieve->stream->confirm && confirm_takes(sieve->stream->confirm, SPAN("")))
        return;
    sieve->lines->overlong(sieve->lines->context, index);
}

static void give_rest(struct stream *stream, const struct source_lines *lines)
{
    struct sieve sieve = { stream, lines };

    source_give_rest(&stream->source, &(struct source_lines){ sift_line, sift_overlong, &sieve },
                     (struct span){ stream->rest, stream->rest_n }, &stream->skipping);
    stream->rest_n = 0;
}

/* Keeps the beginning of a line for the next block; what is above the cap is not kept. */
static void keep(struct stream *stream, const char *p, size_t n)
{
    if (stream->skipping || n > READER_LINE_OCTETS) {
        stream->skipping = true;
        stream->source.octets += n;
        n = 0;
    }
    memcpy(stream->rest, p, n);
    stream->rest_n = n;
}

/* ---- the pipe ---- */

static bool has_something(int fd)
{
    struct pollfd readable = { .fd = fd, .events = POLLIN };

    return fd >= 0 && poll(&readable, 1, 0) > 0;
}

/* A rest that was kept of another pipe will never be ended. */
static void set_pipe(struct stream *stream, int fd, const struct stat *status)
{
    if (stream->device != (uint64_t)status->st_dev || stream->inode != (uint64_t)status->st_ino) {
        stream->rest_n = 0;
        stream->skipping = false;
    }
    stream->device = (uint64_t)status->st_dev;
    stream->inode = (uint64_t)status->st_ino;
    stream->fd = fd;
}

static void answer(struct stream *stream)
{
    if (!stream->confirm || stream->ended)
        return;
    if (confirm_write(stream->confirm, source_clock_ms()))
        source_trouble_ends(&stream->source);
    else
        source_trouble(&stream->source, SOURCE_FAILED, "whoever writes does not read the confirmations", 0,
                       "set confirmMessages=\"on\" in rsyslog's omprog, or leave confirmMessages out here");
}

static void stdin_look(struct source *source)
{
    struct stream *stream = stream_of(source);

    source->restless = !stream->ended;
    source->ready = !stream->ended && has_something(stream->fd);
    answer(stream);
}

static void stdin_ends(struct stream *stream, const struct source_lines *lines, int why)
{
    give_rest(stream, lines);
    stream->ended = true;
    stream->source.asks_to_end = stream->exits;
    source_trouble(&stream->source, SOURCE_MISSING, why ? "cannot be read" : "has ended", why,
                   stream->exits ? "mailtallyd ends" : "start mailtallyd again with a pipe, or use the word exitAtEnd");
}

/* The FIFO of this name, unless it is the one that is open. */
static void open_fifo(struct stream *stream)
{
    struct source *source = &stream->source;
    struct stat status;
    int fd = open(source->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        source_trouble(source, errno == ENOENT ? SOURCE_MISSING : SOURCE_UNREADABLE, "cannot be opened", errno,
                       errno == ENOENT   ? "make it: mkfifo -m 640, with a group that the log daemon may write as"
                       : errno == EACCES ? "let the daemon's user read it"
                                         : "it is tried again");
        return;
    }
    if (fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) {
        source_trouble(source, SOURCE_UNREADABLE, "is no FIFO", 0,
                       "make one with mkfifo; a file is followed with \"source file\"");
        close(fd);
        return;
    }
    if (stream->fd >= 0)
        close(stream->fd);
    set_pipe(stream, fd, &status);
    source_trouble_ends(source);
}

/* Whether the name has another FIFO, or none, by now. */
static bool is_replaced(const struct stream *stream)
{
    struct stat status;

    return stat(stream->source.name, &status) != 0 || stream->device != (uint64_t)status.st_dev ||
           stream->inode != (uint64_t)status.st_ino;
}

static void fifo_look(struct source *source)
{
    struct stream *stream = stream_of(source);

    source->restless = true;
    source->ready = has_something(stream->fd);
    if (!source->ready && (stream->fd < 0 || is_replaced(stream))) {
        open_fifo(stream);
        source->ready = has_something(stream->fd);
    }
}

/* The last writer has gone. A line that he did not end will not be ended by the next. */
static void fifo_hangs_up(struct stream *stream, const struct source_lines *lines)
{
    int old = stream->fd;

    give_rest(stream, lines);
    open_fifo(stream);
    if (stream->fd != old)
        return;
    close(old); /* it would stay readable for ever */
    stream->fd = -1;
}

static void ends(struct stream *stream, const struct source_lines *lines, int why)
{
    if (is_fifo(stream))
        fifo_hangs_up(stream, lines);
    else
        stdin_ends(stream, lines, why);
}

static size_t stream_read(struct source *source, size_t octets, const struct source_lines *lines)
{
    struct stream *stream = stream_of(source);
    struct sieve sieve = { stream, lines };
    char *block = source->set->block;
    size_t room = READER_BUFFER_OCTETS - stream->rest_n, given;
    ssize_t n;

    if (stream->ended || !has_something(stream->fd))
        return 0;
    memcpy(block, stream->rest, stream->rest_n);
    n = read(stream->fd, block + stream->rest_n, octets < room ? octets : room);
    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (n <= 0) {
        ends(stream, lines, n < 0 ? errno : 0);
        return 0;
    }
    n += (ssize_t)stream->rest_n;
    given = source_give_lines(source, &(struct source_lines){ sift_line, sift_overlong, &sieve },
                              (struct span){ block, (size_t)n }, &stream->skipping);
    keep(stream, block + given, (size_t)n - given);
    answer(stream);
    return given;
}

/* Where lines are confirmed, a new one comes only after an answer: poll(2) is told to listen to it all the same. */
static int stream_descriptor(const struct source *source)
{
    const struct stream *stream = (const struct stream *)source;

    return stream->ended ? -1 : stream->fd;
}

static void stream_close(struct source *source)
{
    struct stream *stream = stream_of(source);

    if (is_fifo(stream) && stream->fd >= 0)
        close(stream->fd);
    confirm_free(stream->confirm);
}

/* ---- the saved state ---- */

static void stream_save(struct source *source, struct store *store)
{
    struct stream *stream = stream_of(source);

    store_number(store, stream->device);
    store_number(store, stream->inode);
    store_number(store, stream->skipping);
    store_octets(store, (struct span){ stream->rest, stream->rest_n });
    store_number(store, stream->confirm != NULL);
    if (!stream->confirm)
        return;
    confirm_save(stream->confirm, store);
    confirm_saving(stream->confirm);
}

static bool stream_load(struct source *source, struct load *load)
{
    struct stream *stream = stream_of(source);
    struct confirm *unused = NULL;
    uint64_t device = load_number(load), inode = load_number(load), skipping = load_number_to(load, 1);
    struct span rest = load_octets(load, READER_LINE_OCTETS);
    struct stat status;
    bool fine = true;

    /* Whether it is confirmed is the configuration's affair, which may have changed. */
    if (load_number_to(load, 1)) {
        unused = stream->confirm ? NULL : confirm_new(-1);
        fine = (stream->confirm || unused) && confirm_load(stream->confirm ? stream->confirm : unused, load);
        confirm_free(unused);
    }
    if (!fine || !load_ended(load))
        return false;
    stream->device = device;
    stream->inode = inode;
    stream->skipping = skipping;
    memcpy(stream->rest, rest.p, rest.n);
    stream->rest_n = rest.n;
    if (!is_fifo(stream) && fstat(stream->fd, &status) == 0)
        set_pipe(stream, stream->fd, &status);
    return true;
}

static void stream_saved(struct source *source)
{
    struct stream *stream = stream_of(source);

    if (!stream->confirm)
        return;
    confirm_saved(stream->confirm);
    answer(stream);
}

static bool stream_wants_saving(const struct source *source)
{
    const struct stream *stream = (const struct stream *)source;

    return stream->confirm && confirm_waits(stream->confirm);
}

/* ---- adding ---- */

const struct source_ops stdin_ops = {
    .type = SOURCE_STDIN,
    .fleeting = true,
    .look = stdin_look,
    .read = stream_read,
    .descriptor = stream_descriptor,
    .close = stream_close,
    .save = stream_save,
    .load = stream_load,
    .saved = stream_saved,
    .wants_saving = stream_wants_saving,
};

const struct source_ops fifo_ops = {
    .type = SOURCE_FIFO,
    .fleeting = true,
    .look = fifo_look,
    .read = stream_read,
    .descriptor = stream_descriptor,
    .close = stream_close,
    .save = stream_save,
    .load = stream_load,
};

bool source_set_add_stdin(struct source_set *set, const char *host, enum source_stdin how)
{
    bool confirms = how == SOURCE_STDIN_CONFIRMS;
    struct stream *stream = calloc(1, sizeof *stream);
    struct stat status;

    if (!stream)
        return false;
    if (fstat(STDIN_FILENO, &status) == 0)
        set_pipe(stream, STDIN_FILENO, &status);
    stream->exits = how != SOURCE_STDIN_STAYS;
    stream->confirm = confirms ? confirm_new(STDOUT_FILENO) : NULL;
    if (confirms && !stream->confirm) {
        free(stream);
        return false;
    }
    return source_adopt(set, &stream->source, &stdin_ops, "standard input", host);
}

bool source_set_add_fifo(struct source_set *set, const char *path, const char *host)
{
    struct stream *stream = calloc(1, sizeof *stream);

    if (!stream)
        return false;
    stream->fd = -1;
    return source_adopt(set, &stream->source, &fifo_ops, path, host);
}
