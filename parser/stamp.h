/* The time stamp at the beginning of a line, in every format; part of header.c, which is the only caller.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_STAMP_H
#define MAILTALLY_STAMP_H

#include "header.h"

/* What stands behind a stamp. */
enum stamp_follows {
    STAMP_NONE,        /* there is no stamp */
    STAMP_TRADITIONAL, /* host and tag */
    STAMP_SYSLOG,      /* host and tag, or a second header */
    STAMP_OWN,         /* a program's own log: its message; or a second header */
    STAMP_MULTILOG,    /* the like, where several programs may write into one log */
    STAMP_RFC5424,     /* the fields of RFC 5424 from the host on */
};

/* What the octets in clock->stamp are. */
enum stamp_memory {
    MEMORY_NONE,
    MEMORY_HOUR,   /* `Nov  1 03:47:01.`: the hour's nine octets are of use */
    MEMORY_SECOND, /* `Nov  1 03:47:01 `: the whole of it is */
    MEMORY_MINUTE, /* `2026-11-21T03:47` */
};

/* Consumes the stamp and the space behind it, and gives its time. What the clock knows of times is changed on success
 * only. */
enum stamp_follows stamp_take(struct header_clock *clock, struct span *line, int64_t *time);

/* The same for two formats only; stamp_take() knows them, too. ISO 8601 and what derives from it; and the traditional
 * stamp, when its hour is that of the one before. */
enum stamp_follows stamp_take_iso(struct header_clock *clock, struct span *line, int64_t *time);
bool stamp_take_same_hour(struct header_clock *clock, struct span *line, int64_t *time);

/* The line begins with the traditional stamp of the one before, whose time is clock->stamp_time. */
static inline bool stamp_is_same(const struct header_clock *clock, struct span line)
{
    return clock->remembered == MEMORY_SECOND && line.n > sizeof clock->stamp &&
           memcmp(line.p, clock->stamp, sizeof clock->stamp) == 0;
}

/* The line begins with the stamp of the one before, which is that of a program's own log. */
static inline bool stamp_is_same_own(const struct header_clock *clock, struct span line)
{
    return clock->remembered == MEMORY_MINUTE && clock->whole_octets && clock->whole_follows == STAMP_OWN &&
           line.n > sizeof clock->whole && span_equal_octets(clock->whole, line, clock->whole_octets) &&
           line.p[clock->whole_octets] != '+' && line.p[clock->whole_octets] != '-';
}

/* Its time, as stamp_take() would give it. */
static inline int64_t stamp_own_again(struct header_clock *clock)
{
    if (clock->whole_is_local)
        clock->previous = clock->whole_time;
    return clock->whole_time;
}

/* The common case in two loads: the line begins with the stamp that the one before had, or with the hour of a
 * traditional or the minute of an ISO 8601 stamp. STAMP_NONE: stamp_take() has to look. */
static inline enum stamp_follows stamp_take_same(struct header_clock *clock, struct span *line, int64_t *time)
{
    uint64_t is[2], was[2];

    if (line->n < sizeof is)
        return STAMP_NONE;
    memcpy(is, line->p, sizeof is);
    memcpy(was, clock->stamp, sizeof was);
    if (is[0] != was[0])
        return STAMP_NONE;
    if (clock->remembered == MEMORY_SECOND && is[1] == was[1]) {
        *time = clock->stamp_time;
        *line = span_skip(*line, sizeof is);
        return STAMP_TRADITIONAL;
    }
    if (clock->remembered == MEMORY_MINUTE && clock->whole_octets && line->n >= sizeof clock->whole &&
        span_equal_octets(clock->whole, *line, clock->whole_octets)) {
        char next = line->p[clock->whole_octets];

        if (clock->whole_is_local && (next == '+' || next == '-')) /* this one has an offset */
            return stamp_take_iso(clock, line, time);
        if (clock->whole_is_local)
            clock->previous = clock->whole_time;
        *time = clock->whole_time;
        *line = span_skip(*line, clock->whole_octets);
        return (enum stamp_follows)clock->whole_follows;
    }
    if (clock->remembered == MEMORY_MINUTE)
        return is[1] == was[1] ? stamp_take_iso(clock, line, time) : STAMP_NONE;
    return stamp_take_same_hour(clock, line, time) ? STAMP_TRADITIONAL : STAMP_NONE;
}

#endif
