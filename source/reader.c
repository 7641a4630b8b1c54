/* The reader: one buffer, refilled in front of what is left of the last block.
 *
 * The buffer is a room for the beginning of a line, then a room for a block. Blocks are read to the same aligned
 * place; the beginning of a line that did not end in a block is moved in front of it. So a line is always in one piece
 * and only the first line of a block is ever copied.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "unpack.h"
#include "unpack_ahead.h"

/* A line of the cap's length with its newline may be split anywhere. */
#define CARRY_OCTETS (READER_LINE_OCTETS + 4096)

struct reader {
    char *next;    /* where the next line begins */
    char *end;     /* of what was read */
    bool skipping; /* the line that is being read is above the cap */
    bool ended, failed;
    bool begun;
    bool judged; /* its first octets were looked at: they are of a log */
    int fd;
    int64_t reference_time;
    uint64_t left; /* octets up to where reading is to end */
    uint64_t lines;
    struct unpack *unpack;      /* NULL: plain */
    struct unpack_ahead *ahead; /* has `unpack`, if it is not NULL */
    bool wants_ahead;
    char *first; /* what the decompressor reads from while it begins */
    char *name;
    char error[512];
    char buffer[CARRY_OCTETS + READER_BUFFER_OCTETS];
};

static void say(char *error, size_t octets, const char *name, int why)
{
    static const struct {
        int why;
        const char *advice;
    } advices[] = {
        { EACCES, " (may this user read it? On Debian the group adm may read /var/log)" },
        { EISDIR, "; name the files in it" },
        { ENOENT, "" },
    };
    const char *advice = "";

    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if (advices[i].why == why)
            advice = advices[i].advice;
    snprintf(error, octets, "%s: cannot be read: %s%s", name, strerror(why), advice);
}

/* Fills in what fstat says; false with errno when this is nothing to read lines from. */
static bool examine(struct reader *reader, bool is_stdin)
{
    struct stat status;

    if (fstat(reader->fd, &status) != 0)
        return false;
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return false;
    }
    /* A shell's `<file` is a file after all: its stamps have the year of the file. */
    reader->reference_time = S_ISREG(status.st_mode) ? (int64_t)status.st_mtime : (int64_t)time(NULL);
#ifdef POSIX_FADV_SEQUENTIAL
    if (!is_stdin)
        (void)posix_fadvise(reader->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
    return true;
}

struct reader *reader_open(const char *path, char *error, size_t error_octets)
{
    bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "standard input" : path;
    struct reader *reader = malloc(sizeof *reader);

    if (!reader) {
        say(error, error_octets, name, ENOMEM);
        return NULL;
    }
    /* Not the buffer: its pages are touched when they are needed. */
    memset(reader, 0, offsetof(struct reader, buffer));
    reader->next = reader->end = reader->buffer + CARRY_OCTETS;
    reader->left = UINT64_MAX;
    reader->name = strdup(name);
    reader->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (!reader->name || reader->fd < 0 || !examine(reader, is_stdin)) {
        say(error, error_octets, name, reader->name ? errno : ENOMEM);
        reader_close(reader);
        return NULL;
    }
    return reader;
}

void reader_close(struct reader *reader)
{
    if (!reader)
        return;
    if (reader->ahead)
        unpack_ahead_free(reader->ahead);
    else
        unpack_free(reader->unpack);
    if (reader->fd > STDIN_FILENO)
        close(reader->fd);
    free(reader->first);
    free(reader->name);
    free(reader);
}

static ssize_t fail(struct reader *reader, const char *doing, const char *why)
{
    snprintf(reader->error, sizeof reader->error, "%s: %s after line %llu: %s; the lines before it were read",
             reader->name, doing, (unsigned long long)reader->lines, why);
    reader->failed = true;
    return -1;
}

/* The first block decides whether the rest is decompressed. A pipe may give less than it takes to decide. */
static ssize_t begin(struct reader *reader, char *into)
{
    size_t n = 0;
    enum unpack_format format;

    reader->begun = true;
    do {
        ssize_t got = read_fully_awake(reader->fd, into + n, READER_BUFFER_OCTETS - n);

        if (got < 0)
            return fail(reader, "reading failed", strerror(errno));
        n += (size_t)got;
        format = unpack_format_of((struct span){ into, n });
        if (got == 0)
            break;
    } while (format == UNPACK_UNDECIDED);
    if (format != UNPACK_COMPRESSED)
        return (ssize_t)n;

    reader->first = malloc(n);
    if (reader->first) {
        memcpy(reader->first, into, n);
        reader->unpack = unpack_new(reader->fd, (struct span){ reader->first, n });
    }
    if (reader->unpack && reader->wants_ahead)
        reader->ahead = unpack_ahead_new(reader->unpack); /* where it cannot be had, this thread does it */
    return reader->unpack ? 0 : fail(reader, "decompressing failed", strerror(ENOMEM));
}

/* What can be told from its first octets to be no log, and is not unpacked. Of a tar archive all would be read but the
 * first line of each file in it, and nobody would know. */
static const char *stranger(struct span first)
{
    static const struct {
        size_t at;
        struct span magic;
        const char *what;
    } strangers[] = {
        { 257, SPAN("ustar"), "a tar archive: unpack it, or read what `tar -xOf FILE` writes" },
        { 0, SPAN("PK\3\4"), "a zip archive: unpack it, or read what `unzip -p FILE` writes" },
        { 0, SPAN("\x04\x22\x4d\x18"), "compressed by lz4: unpack it, or read what `lz4cat FILE` writes" },
        { 0, SPAN("LZIP"), "compressed by lzip: unpack it, or read what `lzip -cd FILE` writes" },
        { 0, SPAN("\x1f\x9d"), "compressed by compress: unpack it, or read what `zcat FILE` writes" },
    };

    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        size_t at = strangers[i].at;

        /* Where a client's words may stand, it must be behind what no syslog daemon writes. */
        if (first.n > at && span_starts(span_skip(first, at), strangers[i].magic) &&
            (at == 0 || memchr(first.p, '\0', at)))
            return strangers[i].what;
    }
    return NULL;
}

/* A block of what is in the file: octets, 0 at the end, -1 after fail(). */
static ssize_t read_any(struct reader *reader, char *into)
{
    ssize_t n;

    if (!reader->begun) {
        n = begin(reader, into);
        if (n < 0 || !reader->unpack)
            return n;
    }
    if (reader->ahead) {
        n = unpack_ahead_read(reader->ahead, into, READER_BUFFER_OCTETS);
        return n < 0 ? fail(reader, "decompressing failed", unpack_ahead_error(reader->ahead)) : n;
    }
    if (reader->unpack) {
        n = unpack_read(reader->unpack, into, READER_BUFFER_OCTETS);
        return n < 0 ? fail(reader, "decompressing failed", unpack_error(reader->unpack)) : n;
    }
    n = read_fully_awake(reader->fd, into,
                         (size_t)(reader->left < READER_BUFFER_OCTETS ? reader->left : READER_BUFFER_OCTETS));
    if (n < 0)
        return fail(reader, "reading failed", strerror(errno));
    reader->left -= (uint64_t)n;
    return n;
}

/* A block to where blocks go; likewise. */
static ssize_t read_block(struct reader *reader, char *into)
{
    ssize_t n = read_any(reader, into);
    const char *what = n > 0 && !reader->judged ? stranger((struct span){ into, (size_t)n }) : NULL;

    reader->judged |= n > 0;
    if (!what)
        return n;
    snprintf(reader->error, sizeof reader->error, "%s: is no log, but %s", reader->name, what);
    reader->failed = true;
    return -1;
}

bool reader_limit(struct reader *reader, off_t begin, off_t end)
{
    if (lseek(reader->fd, begin, SEEK_SET) != begin)
        return false;
    reader->begun = reader->judged = true; /* as a plain file: it was looked at */
    reader->left = end > begin ? (uint64_t)(end - begin) : 0;
    return true;
}

void reader_unpack_ahead(struct reader *reader)
{
    reader->wants_ahead = true;
}

uint64_t reader_position(const struct reader *reader)
{
    off_t at = lseek(reader->fd, 0, SEEK_CUR);

    return at > 0 ? (uint64_t)at : 0;
}

int reader_descriptor(const struct reader *reader)
{
    return reader->fd;
}

/* The next block behind what is left of the last one, or nothing of it when that is above the cap already. */
static void refill(struct reader *reader)
{
    char *block = reader->buffer + CARRY_OCTETS;
    size_t left = (size_t)(reader->end - reader->next);
    ssize_t n;

    if (left > READER_LINE_OCTETS)
        reader->skipping = true;
    if (reader->skipping)
        left = 0;
    memmove(block - left, reader->next, left);
    reader->next = block - left;
    n = read_block(reader, block);
    reader->end = block + (n > 0 ? n : 0);
    reader->ended = n <= 0;
}

/* The last line may have no newline. After an error the half line is not given: nobody knows how it went on. */
static enum reader_result finish(struct reader *reader, struct span *line)
{
    bool overlong = reader->skipping;
    bool more = overlong || reader->next < reader->end;

    *line = span_from(reader->next, reader->end);
    reader->next = reader->end;
    reader->skipping = false;
    if (reader->failed)
        return READER_ERROR;
    if (!more)
        return READER_END;
    reader->lines++;
    return overlong || line->n > READER_LINE_OCTETS ? READER_OVERLONG : READER_LINE;
}

enum reader_result reader_next(struct reader *reader, struct span *line)
{
    for (;;) {
        char *begin_of_line = reader->next;
        char *newline = memchr(begin_of_line, '\n', (size_t)(reader->end - begin_of_line));

        if (newline) {
            *line = span_from(begin_of_line, newline);
            reader->next = newline + 1;
            reader->lines++;
            if (reader->skipping || line->n > READER_LINE_OCTETS) {
                reader->skipping = false;
                return READER_OVERLONG;
            }
            return READER_LINE;
        }
        if (reader->ended)
            return finish(reader, line);
        refill(reader);
    }
}

struct span reader_lines(struct reader *reader, uint64_t taken)
{
    struct span lines = span_from(reader->next, reader->end);
    const char *last = reader->skipping ? NULL : memrchr(lines.p, '\n', lines.n);

    reader->lines += taken;
    lines.n = last ? (size_t)(last + 1 - lines.p) : 0;
    reader->next += lines.n;
    return lines;
}

const char *reader_error(const struct reader *reader)
{
    return reader->error;
}

int64_t reader_reference_time(const struct reader *reader)
{
    return reader->reference_time;
}
