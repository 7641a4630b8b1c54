/* Events that are far ahead of those before them: did time go on, or is one clock wrong? The lines vote.
 *
 * While the vote is open, events ahead wait here, and the others go their way. When more lines were ahead than not,
 * time went on; else those that wait belong to the time of the others. At the beginning, too: the first line of a log
 * may be the wrong one, so the first lines wait, and the earliest of them begins.
 *
 * One thread. Nothing here is allocated.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_AHEAD_H
#define MAILTALLY_RRD_AHEAD_H

#include "../parser/event.h"

#define AHEAD_FROM_S (10 * 60) /* less is no jump */
#define AHEAD_LINES  32        /* so many lines decide */
#define AHEAD_EVENTS 256

struct ahead_event {
    int64_t time;
    uint64_t count;
    uint16_t host;
    uint8_t counter, reason;
};

/* Zero-initialise. */
struct ahead {
    struct ahead_event events[AHEAD_EVENTS];
    uint32_t n;
    uint32_t ahead, behind; /* lines */
    uint64_t line;          /* the last one that voted */
    const char *file;
};

enum ahead_verdict { AHEAD_OPEN, AHEAD_WENT_ON, AHEAD_WAS_WRONG };

/* Keeps the event; its line votes. */
enum ahead_verdict ahead_put(struct ahead *ahead, const struct line *line, const struct ahead_event *event);

/* An event of the present time was counted while others wait. */
enum ahead_verdict ahead_not(struct ahead *ahead, const struct line *line);

/* The vote as it stands, when no more lines come. */
enum ahead_verdict ahead_close(const struct ahead *ahead);

#endif
