/* How long deliveries took: a histogram from which percentiles are read, and which adds up over machines.
 *
 * A bucket is 1/64 of a power of two wide, so a percentile is at most 1.6 % above the true one; below 64 ms, and for
 * the longest, it is exact. Fixed memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_DELAYS_H
#define MAILTALLY_DELAYS_H

#include <stdbool.h>
#include <stdint.h>

#define DELAYS_STEPS   64 /* buckets for each power of two */
#define DELAYS_BUCKETS (DELAYS_STEPS * 36)

struct delays {
    uint64_t count, sum_ms, max_ms;
    uint64_t buckets[DELAYS_BUCKETS];
};

void delays_add(struct delays *delays, uint64_t delay_ms, uint64_t count);

/* The least bound, in ms, that so many per cent of the deliveries did not exceed; 0 where there are none. */
uint64_t delays_percentile(const struct delays *delays, unsigned per_cent);

/* The bucket of a delay. */
unsigned delays_bucket(uint64_t ms);

/* The longest delay that bucket i holds, in ms. */
uint64_t delays_bound_ms(unsigned i);

#endif
