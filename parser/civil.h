/* Calendar arithmetic without a time zone, and the passage to and from local time.
 *
 * Local seconds are what a clock on the wall shows, counted from 1970 as if all days had 24 hours. Pure, but for the
 * C library's time zone (TZ); any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_CIVIL_H
#define MAILTALLY_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#define CIVIL_YEAR_MIN 1970
#define CIVIL_YEAR_MAX 9999
#define CIVIL_HOUR_S   3600
#define CIVIL_DAY_S    86400

/* Seconds from 1970 to the beginning of a day; false when there is no such day. */
bool civil_day(int year, unsigned month, unsigned day, int64_t *seconds);

/* The year of a time or of local seconds, within CIVIL_YEAR_MIN .. CIVIL_YEAR_MAX. */
int civil_year(int64_t seconds);

/* What the clock on the wall shows at a time. */
int64_t civil_local(int64_t time);

/* When the clock on the wall shows `local`: *first, and a second time at *repeat where clocks are put back (else the
 * same). Where clocks are put forward there is no such time; then the time is counted on from before the gap. */
void civil_times(int64_t local, int64_t *first, int64_t *repeat);

#endif
