/* How far long work is, on standard error: only where that is a terminal, and only from half a second on.
 *
 *     [#########.....................]  31 %  2026-11-21  412 MB  905 MB/s  0:02 left
 *
 * One thread at a time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PROGRESS_H
#define MAILTALLY_PROGRESS_H

#include <stdbool.h>
#include <time.h>

struct progress {
    bool is_terminal, is_shown;
    struct timespec begun, shown;
};

void progress_begin(struct progress *progress);

/* Whether it is time to call progress_show(), which costs a system call. */
bool progress_is_due(struct progress *progress);

/* part: from 0 to 1, of the work; below 0: unknown. The words stand between the bar and the time that is left. */
void progress_show(struct progress *progress, double part, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

double progress_seconds(const struct progress *progress);

/* The line is wiped away. */
void progress_end(struct progress *progress);

#endif
