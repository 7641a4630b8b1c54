/* Delays.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "delays.h"

/* Values below 2 * STEPS are their own buckets; from there on each power of two has STEPS of them. */
unsigned delays_bucket(uint64_t ms)
{
    unsigned shift, bucket;

    if (ms < DELAYS_STEPS)
        return (unsigned)ms;
    shift = 57u - (unsigned)__builtin_clzll(ms); /* leaves the seven highest bits: 64 to 127 */
    if (shift > DELAYS_BUCKETS / DELAYS_STEPS)
        return DELAYS_BUCKETS - 1;
    bucket = shift * DELAYS_STEPS + (unsigned)(ms >> shift);
    return bucket < DELAYS_BUCKETS ? bucket : DELAYS_BUCKETS - 1;
}

uint64_t delays_bound_ms(unsigned i)
{
    unsigned shift;

    if (i < 2 * DELAYS_STEPS)
        return i;
    shift = i / DELAYS_STEPS - 1;
    return ((uint64_t)(i % DELAYS_STEPS + DELAYS_STEPS + 1) << shift) - 1;
}

void delays_add(struct delays *delays, uint64_t delay_ms, uint64_t count)
{
    delays->count += count;
    delays->sum_ms += delay_ms * count;
    if (delay_ms > delays->max_ms)
        delays->max_ms = delay_ms;
    delays->buckets[delays_bucket(delay_ms)] += count;
}

uint64_t delays_percentile(const struct delays *delays, unsigned per_cent)
{
    uint64_t wanted = delays->count / 100 * per_cent + (delays->count % 100 * per_cent + 99) / 100, sum = 0;

    if (delays->count == 0)
        return 0;
    for (unsigned i = 0; i < DELAYS_BUCKETS; i++)
        if ((sum += delays->buckets[i]) >= wanted) {
            uint64_t bound = delays_bound_ms(i);

            return bound < delays->max_ms && i + 1 < DELAYS_BUCKETS ? bound : delays->max_ms;
        }
    return delays->max_ms;
}
