/* A pipe that is read as long as it lasts: standard input.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "set.h"

struct stream {
    struct source source;
    int fd; /* not ours to close, nor to make non-blocking: others may have it too */
    bool ended, skipping;
    size_t rest_n;
    char rest[READER_LINE_OCTETS + 1]; /* the beginning of a line; cheap to keep: only what is used is touched */
};

static struct stream *stream_of(struct source *source)
{
    return (struct stream *)source;
}

static void stream_look(struct source *source)
{
    struct stream *stream = stream_of(source);
    struct pollfd readable = { .fd = stream->fd, .events = POLLIN };

    source->restless = !stream->ended;
    source->ready = !stream->ended && poll(&readable, 1, 0) > 0;
}

static void end(struct stream *stream, const struct source_lines *lines, int why)
{
    source_give_rest(&stream->source, lines, (struct span){ stream->rest, stream->rest_n }, &stream->skipping);
    stream->rest_n = 0;
    stream->ended = true;
    source_trouble(&stream->source, SOURCE_MISSING, why ? "cannot be read" : "has ended", why,
                   "start the daemon again with a pipe");
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

static size_t stream_read(struct source *source, size_t octets, const struct source_lines *lines)
{
    struct stream *stream = stream_of(source);
    char *block = source->set->block;
    size_t room = READER_BUFFER_OCTETS - stream->rest_n, given;
    ssize_t n;

    stream_look(source);
    if (!source->ready)
        return 0;
    memcpy(block, stream->rest, stream->rest_n);
    n = read(stream->fd, block + stream->rest_n, octets < room ? octets : room);
    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (n <= 0) {
        end(stream, lines, n < 0 ? errno : 0);
        return 0;
    }
    n += (ssize_t)stream->rest_n;
    given = source_give_lines(source, lines, (struct span){ block, (size_t)n }, &stream->skipping);
    keep(stream, block + given, (size_t)n - given);
    return given;
}

static int stream_descriptor(const struct source *source)
{
    const struct stream *stream = (const struct stream *)source;

    return stream->ended ? -1 : stream->fd;
}

static void stream_close(struct source *source)
{
    (void)source;
}

const struct source_ops stream_ops = {
    .type = SOURCE_STDIN,
    .look = stream_look,
    .read = stream_read,
    .descriptor = stream_descriptor,
    .close = stream_close,
};

bool source_set_add_stdin(struct source_set *set, const char *host)
{
    struct stream *stream = calloc(1, sizeof *stream);

    if (!stream)
        return false;
    stream->fd = STDIN_FILENO;
    return source_adopt(set, &stream->source, &stream_ops, "standard input", host);
}
