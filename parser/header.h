/* The header of a log line: when, on which host, by which program it was written; what follows is the message.
 *
 * The format is found line by line, so a file may change it in the middle. A new format of time stamps is one row in
 * the table of stamp.c. Pure: the clock below belongs to the caller, one for each source of lines; no call allocates.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_HEADER_H
#define MAILTALLY_HEADER_H

#include "store.h"

#define TIME_UNKNOWN INT64_MIN

struct header_origin;

struct header {
    int64_t time;         /* seconds since 1970 UTC, or TIME_UNKNOWN */
    struct span host;     /* as written; empty where the format has none */
    struct span program;  /* the tag without path and pid: postfix/submission/smtpd */
    struct span instance; /* what stands before its first slash: postfix; empty where there is none */
    struct span service;  /* what follows its last slash: smtpd; the whole program where there is none */
    struct span pid;      /* as written; empty where there is none */
    struct span message;
    struct header_origin *origin; /* where the same host and tag, or none, were met before in this source; or NULL */
};

/* What is remembered from line to line of one source: where its stamps without a year are in time, and the last
 * conversions, since many lines carry the same stamp. Zero-initialise, then header_clock_set(). */
#define HEADER_ORIGINS       64
#define HEADER_ORIGIN_OCTETS 64

/* `mx1 postfix/smtpd`, which stood before `[pid]: ` of a line, and how it was split. */
struct header_origin {
    char octets[HEADER_ORIGIN_OCTETS];
    uint8_t n; /* 0: free */
    uint8_t host_octets, instance_octets, service_at;
    uint64_t noted_by;    /* what the caller looked up for this host and tag, so that it need not again: */
    const void *noted[2]; /* free for its use, good only while noted_by is what it wrote */
    uint64_t noted_number;
};

struct header_clock {
    int64_t reference; /* no line is much newer than this */
    int64_t previous;  /* the last time that was read from a local stamp; TIME_UNKNOWN before the first */
    struct header_origin origins[HEADER_ORIGINS]; /* private to header.c: hosts and tags that were met lately, */
    struct header_origin nameless;                /* and of lines that have neither: the host is the caller's */
    /* The rest is private to stamp.c. */
    bool set;
    uint8_t remembered;    /* enum stamp_memory: what `stamp` is */
    char stamp[16];        /* the first octets of the last stamp */
    int64_t stamp_base;    /* the hour or minute that they begin with, in seconds of local time */
    int64_t stamp_time;    /* what the whole stamp means */
    char whole[32];        /* a stamp like 2026-11-21 03:47:01 +0100, with the space behind it */
    uint8_t whole_octets;  /* of it; 0: none is remembered */
    uint8_t whole_follows; /* enum stamp_follows */
    bool whole_is_local;
    int64_t whole_time;
    int64_t hour;                    /* where the last hour that was converted begins, in seconds of local time */
    int64_t hour_start, hour_repeat; /* its time; and again, where clocks are put back: else the same */
};

/* `reference`: now for a log that is followed, the modification time of an archive; seconds since 1970. While a log is
 * followed, call it again whenever the clock is at hand (it costs nothing) and at least once a week: a stamp without a
 * year is never put far behind the reference, so an old one makes new lines a year old. What was remembered of the
 * lines is kept; another file wants a clock of its own. */
void header_clock_set(struct header_clock *clock, int64_t reference);

/* What decides the time of later lines, to and from the saved state (stamp_store.c). A clock that is set keeps its
 * reference, since the time of day went on; else it is set to the saved one. A failure leaves the clock as it was. */
void header_clock_save(const struct header_clock *clock, struct store *store);
void header_clock_load(struct header_clock *clock, struct load *load);

/* Splits a line, given without its newline. False when no format fits; then *header has the whole line as message
 * and TIME_UNKNOWN. Traditional stamps are in the local time of this process (TZ).
 *
 * - Lines of a program's own log (Exim's, multilog's, rspamd's) and "last message repeated N times" have no tag: then
 *   program is empty and message begins behind the stamp.
 * - Exim writes its own date before each message also when it logs through syslog: there the message begins with it.
 * - A host name `source@mx1` or `mx1/relay`, as syslog-ng chains them, is mx1.
 * - `deliver(user): text` is program deliver, message `(user): text`.
 * - A stamp that stands before a whole header (docker logs -t, Kubernetes, multilog behind socklog) gives the time,
 *   the inner header the rest. */
bool header_parse(struct header *header, struct header_clock *clock, struct span line);

#endif
