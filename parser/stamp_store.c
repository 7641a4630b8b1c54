/* A clock's part of the saved state: where the last lines were in time, so that a stamp without a year, or of an hour
 * that occurs twice, means what it would have meant. Conversions of hours and the tags that were met are only
 * remembered to be quick: they are not saved.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "civil.h"
#include "stamp.h"

void header_clock_save(const struct header_clock *clock, struct store *store)
{
    store_signed(store, clock->reference);
    store_number(store, clock->previous != TIME_UNKNOWN);
    if (clock->previous != TIME_UNKNOWN)
        store_signed(store, clock->previous);
    store_number(store, clock->remembered);
    store_octets(store, (struct span){ clock->stamp, sizeof clock->stamp });
    store_signed(store, clock->stamp_base);
    store_signed(store, clock->stamp_time);
}

/* Within a day of the years that a stamp can have: arithmetic with it cannot overflow. */
static int64_t load_time(struct load *load)
{
    int64_t last, time = load_signed(load);

    civil_day(CIVIL_YEAR_MAX, 12, 31, &last);
    if (time < -2 * (int64_t)CIVIL_DAY_S || time > last + 2 * (int64_t)CIVIL_DAY_S)
        load_fails(load);
    return time;
}

void header_clock_load(struct header_clock *clock, struct load *load)
{
    int64_t reference = load_time(load), base, time;
    int64_t previous = load_number_to(load, 1) ? load_time(load) : TIME_UNKNOWN;
    uint8_t remembered = (uint8_t)load_number_to(load, MEMORY_MINUTE);
    struct span stamp = load_octets(load, sizeof clock->stamp);

    base = load_time(load);
    time = load_time(load);
    if (stamp.n != sizeof clock->stamp)
        load_fails(load);
    if (load->failed)
        return;
    if (!clock->set)
        header_clock_set(clock, reference);
    clock->previous = previous;
    clock->remembered = remembered;
    memcpy(clock->stamp, stamp.p, stamp.n);
    clock->stamp_base = base;
    clock->stamp_time = time;
    clock->whole_octets = 0;
}
