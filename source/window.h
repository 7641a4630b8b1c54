/* The part of a plain log file that a span of time needs, found by binary search.
 *
 * Lines of a log are nearly in order of time. What is left out is more than WINDOW_MARGIN_S before or after the span:
 * what began before it (a message that waited) is still read, and clocks of hosts may differ. Some hundred places are
 * looked at; where they are out of order by more than a quarter of the margin, or lines of one place are, or have no
 * stamps, nothing is left out: then reading all is right, and the search has cost milliseconds.
 *
 * Pure but for pread(2) on the caller's descriptor, whose position stays. Any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_WINDOW_H
#define MAILTALLY_WINDOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WINDOW_MARGIN_S (24 * 3600)

struct window {
    int64_t since, until; /* seconds since 1970, since <= time < until; both 0: all */
    bool counts_lines;    /* somebody wants the lines' numbers: those that are left out are counted */
};

struct window_part {
    off_t begin, end; /* both at the beginning of a line; end: INT64_MAX where nothing behind it is left out */
    uint64_t lines;   /* in front of begin, where they were to be counted */
};

/* reference: what stamps without a year go by (reader.h). False: read it all (a pipe, compressed, small, or in doubt).
 */
bool window_find(const struct window *window, int fd, int64_t reference, struct window_part *part);

#endif
