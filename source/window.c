/* Looking for a time in a log.
 *
 * Places all over the file first: they show whether there is an order at all, and between which two the time lies. Then
 * halves between these two. The time of a place is the median of some lines, so that a few wrong clocks do no harm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "window.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../parser/header.h"
#include "reader.h"
#include "unpack.h"

#define FILE_OCTETS_MIN (1 << 20) /* of smaller files all is read */
#define PLACES          64        /* looked at all over the file */
#define PLACE_OCTETS    (READER_LINE_OCTETS + 16 * 1024)
#define PLACE_LINES     64 /* among which stamps are looked for */
#define PLACE_TIMES     15
#define GRAIN_OCTETS    (256 * 1024) /* so near is near enough */
#define DOUBT_S         (WINDOW_MARGIN_S / 4)

struct place {
    off_t offset; /* of the beginning of a line */
    int64_t time;
};

struct search {
    int fd;
    int64_t reference;
    off_t size;
    struct place places[PLACES];
    char octets[PLACE_OCTETS];
};

/* At most so many octets; 0 at the end or after an error. */
static size_t read_at(int fd, char *into, size_t octets, off_t offset)
{
    size_t n = 0;

    while (n < octets) {
        ssize_t got = pread(fd, into + n, octets - n, offset + (off_t)n);

        if (got <= 0)
            break;
        n += (size_t)got;
    }
    return n;
}

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The times of the first lines of the octets; TIME_UNKNOWN where there are none, or they do not go together. */
static int64_t time_of(const struct search *s, struct span octets)
{
    struct header_clock clock = { 0 };
    int64_t times[PLACE_TIMES];
    size_t n = 0;
    struct span line;
    struct header header;

    header_clock_set(&clock, s->reference);
    for (int i = 0; i < PLACE_LINES && n < PLACE_TIMES && span_take_until(&octets, '\n', &line); i++)
        if (header_parse(&header, &clock, line) && header.time != TIME_UNKNOWN)
            times[n++] = header.time;
    if (n == 0)
        return TIME_UNKNOWN;
    qsort(times, n, sizeof times[0], by_time);
    return times[n - 1] - times[0] > DOUBT_S ? TIME_UNKNOWN : times[n / 2];
}

/* The first line that begins behind the offset, or at it where it is 0. False in doubt. */
static bool look(struct search *s, off_t offset, struct place *place)
{
    struct span octets = { s->octets, read_at(s->fd, s->octets, sizeof s->octets, offset) }, cut;

    place->offset = offset;
    if (offset > 0) {
        if (!span_take_until(&octets, '\n', &cut))
            return false;
        place->offset += (off_t)cut.n + 1;
    }
    place->time = time_of(s, octets);
    return place->time != TIME_UNKNOWN;
}

static bool look_all_over(struct search *s)
{
    int64_t latest = INT64_MIN;

    for (int i = 0; i < PLACES; i++) {
        if (!look(s, s->size / PLACES * i, &s->places[i]))
            return false;
        if (s->places[i].time > latest)
            latest = s->places[i].time;
        if (latest - s->places[i].time > DOUBT_S)
            return false;
    }
    return true;
}

/* The beginning of a line before which nothing is later than `time`, but for what is out of order; near to the last
 * one. *place is the last place before `time`, *next the offset of one that is not. False in doubt. */
static bool find(struct search *s, int64_t time, struct place *place, off_t *next)
{
    int i = 0;
    struct place middle;

    while (i < PLACES && s->places[i].time < time)
        i++;
    *next = i < PLACES ? s->places[i].offset : s->size;
    *place = i > 0 ? s->places[i - 1] : (struct place){ 0, INT64_MIN };
    while (i > 0 && *next - place->offset > GRAIN_OCTETS) {
        if (!look(s, place->offset + (*next - place->offset) / 2, &middle))
            return false;
        if (middle.offset >= *next) /* one line fills the rest */
            break;
        if (middle.time < place->time - DOUBT_S || (i < PLACES && middle.time > s->places[i].time + DOUBT_S))
            return false;
        if (middle.time < time)
            *place = middle;
        else
            *next = middle.offset;
    }
    return true;
}

static uint64_t count_lines(int fd, off_t end)
{
    uint64_t lines = 0;
    char octets[64 * 1024];

    for (off_t at = 0; at < end;) {
        size_t n = read_at(fd, octets, (size_t)(end - at) < sizeof octets ? (size_t)(end - at) : sizeof octets, at);

        for (const char *p = octets; n && (p = memchr(p, '\n', (size_t)(octets + n - p))); p++)
            lines++;
        if (n == 0)
            break;
        at += (off_t)n;
    }
    return lines;
}

static bool is_plain_and_big(struct search *s)
{
    struct stat status;
    char first[UNPACK_MAGIC_OCTETS];
    size_t n;

    if (fstat(s->fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < FILE_OCTETS_MIN ||
        lseek(s->fd, 0, SEEK_CUR) != 0)
        return false;
    s->size = status.st_size;
    n = read_at(s->fd, first, sizeof first, 0);
    return unpack_format_of((struct span){ first, n }) == UNPACK_PLAIN;
}

static bool find_part(struct search *s, const struct window *window, struct window_part *part)
{
    struct place place;
    off_t next;

    *part = (struct window_part){ 0, INT64_MAX, 0 };
    if (window->since > INT64_MIN + WINDOW_MARGIN_S + 1) {
        if (!find(s, window->since - WINDOW_MARGIN_S, &place, &next))
            return false;
        part->begin = place.offset;
    }
    if (window->until < INT64_MAX - WINDOW_MARGIN_S) {
        if (!find(s, window->until + WINDOW_MARGIN_S, &place, &next))
            return false;
        if (next < s->size)
            part->end = next;
    }
    return true;
}

bool window_find(const struct window *window, int fd, int64_t reference, struct window_part *part)
{
    struct search *s;
    bool found;

    if (window->since == 0 && window->until == 0)
        return false;
    s = malloc(sizeof *s);
    if (!s)
        return false;
    s->fd = fd;
    s->reference = reference;
    found = is_plain_and_big(s) && look_all_over(s) && find_part(s, window, part);
    free(s);
    if (found && window->counts_lines)
        part->lines = count_lines(fd, part->begin);
    return found;
}
