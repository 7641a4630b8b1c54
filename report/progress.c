/* The line of progress.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define BAR       30
#define FIRST_S   0.5
#define BETWEEN_S 0.2

static double seconds_since(const struct timespec *from)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - from->tv_sec) + (double)(now.tv_nsec - from->tv_nsec) / 1e9;
}

void progress_begin(struct progress *progress)
{
    *progress = (struct progress){ .is_terminal = isatty(STDERR_FILENO) == 1 };
    clock_gettime(CLOCK_MONOTONIC, &progress->begun);
    progress->shown = progress->begun;
}

bool progress_is_due(struct progress *progress)
{
    return progress->is_terminal && seconds_since(&progress->shown) > (progress->is_shown ? BETWEEN_S : FIRST_S);
}

double progress_seconds(const struct progress *progress)
{
    return seconds_since(&progress->begun);
}

static void put_bar(double part)
{
    char bar[BAR + 1];
    int full = (int)(part * BAR);

    for (int i = 0; i < BAR; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR] = '\0';
    fprintf(stderr, "[%s] %3.0f %%  ", bar, part * 100);
}

void progress_show(struct progress *progress, double part, const char *format, ...)
{
    double seconds = progress_seconds(progress);
    va_list arguments;

    if (part > 1)
        part = 1;
    fputs("\r\033[K", stderr);
    if (part >= 0)
        put_bar(part);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (part > 0.01 && seconds > 1) {
        long left = (long)(seconds / part * (1 - part) + 0.5);

        fprintf(stderr, left >= 3600 ? "  %ld:%02ld:%02ld left" : "  %.0ld%ld:%02ld left", left / 3600, left / 60 % 60,
                left % 60);
    }
    fflush(stderr);
    progress->is_shown = true;
    clock_gettime(CLOCK_MONOTONIC, &progress->shown);
}

void progress_end(struct progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", stderr);
    progress->is_shown = false;
}
