/* Waiting for the end of a thread, but not for ever.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_JOIN_H
#define MAILTALLY_JOIN_H

#include <errno.h>
#include <pthread.h>
#include <time.h>

/* As pthread_join(); ETIMEDOUT when the thread still runs at `until`, by the clock that nobody sets. */
static inline int join_until(pthread_t thread, const struct timespec *until)
{
#ifdef __SANITIZE_THREAD__ /* it does not know pthread_clockjoin_np(): all that the thread did would be a race */
    const struct timespec pause = { .tv_nsec = 1000000 };
    struct timespec now;

    while (pthread_tryjoin_np(thread, NULL) != 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > until->tv_sec || (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec))
            return ETIMEDOUT;
        nanosleep(&pause, NULL);
    }
    return 0;
#else
    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, until);
#endif
}

#endif
