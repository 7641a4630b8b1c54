/* Calendar arithmetic: see civil.h.
 *
 * The C library's mktime() is not used: it says nothing about hours that occur twice, and libraries differ in what they
 * make of tm_isdst. localtime_r() is unambiguous.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "civil.h"

#include <time.h>

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Leap days in the years 1 to `year`. */
static int leap_days(int year)
{
    return year / 4 - year / 100 + year / 400;
}

bool civil_day(int year, unsigned month, unsigned day, int64_t *seconds)
{
    /* Days of a common year before each month, and before the next year. */
    static const uint16_t before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };

    if (year < CIVIL_YEAR_MIN || year > CIVIL_YEAR_MAX || month < 1 || month > 12 || day < 1)
        return false;
    const uint16_t *start = &before[month - 1];
    unsigned leap = is_leap(year);

    if (day > (unsigned)(start[1] - start[0]) + (month == 2 ? leap : 0))
        return false;
    int64_t days = 365 * (int64_t)(year - 1970) + leap_days(year - 1) - leap_days(1969);

    days += start[0] + (month > 2 ? leap : 0) + day - 1;
    *seconds = days * CIVIL_DAY_S;
    return true;
}

int civil_year(int64_t seconds)
{
    const int64_t average_year_s = 31556952;
    int64_t start, year = CIVIL_YEAR_MIN + (seconds > 0 ? seconds / average_year_s : 0);
    int guess = year > CIVIL_YEAR_MAX ? CIVIL_YEAR_MAX : (int)year;

    /* The division is off by a year at most, and only near New Year. */
    if (civil_day(guess + 1, 1, 1, &start) && start <= seconds)
        return guess + 1;
    if (civil_day(guess, 1, 1, &start) && start > seconds && guess > CIVIL_YEAR_MIN)
        return guess - 1;
    return guess;
}

static int64_t offset_at(int64_t time)
{
    time_t t = (time_t)time;
    struct tm tm;

    return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

int64_t civil_local(int64_t time)
{
    return time + offset_at(time);
}

void civil_times(int64_t local, int64_t *first, int64_t *repeat)
{
    /* No zone is a day away from UTC, so these two times lie on either side of any change near `local`. */
    int64_t offset_before = offset_at(local - CIVIL_DAY_S);
    int64_t offset_after = offset_at(local + CIVIL_DAY_S);
    int64_t old = local - offset_before;
    int64_t new = local - offset_after;
    bool old_is = offset_at(old) == offset_before;
    bool new_is = offset_at(new) == offset_after;

    *first = old_is || !new_is ? old : new;
    *repeat = old_is && new_is ? new : *first;
}
