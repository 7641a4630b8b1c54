/* The clock that nobody sets: for intervals, from any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_CLOCK_H
#define MAILTALLY_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since some time in the past. */
static inline int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
