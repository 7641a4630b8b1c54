/* Names and meanings of counters and reasons, from their tables.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "event.h"

static const struct {
    const char *name, *unit, *meaning;
} counters[COUNTERS] = {
#define COUNTER(number, identifier, name, unit, rrd, meaning) [number] = { #name, #unit, meaning },
#include "counters.def"
#undef COUNTER
};

static const char *const refusals[REFUSAL_REASONS] = {
#define REFUSAL(number, identifier, name) [number] = #name,
#include "reasons.def"
};

static const char *const deferrals[DEFERRAL_REASONS] = {
#define DEFERRAL(number, identifier, name) [number] = #name,
#include "reasons.def"
};

const char *counter_name(enum counter counter)
{
    return counters[counter].name;
}

const char *counter_meaning(enum counter counter)
{
    return counters[counter].meaning;
}

bool counter_is_octets(enum counter counter)
{
    return strcmp(counters[counter].unit, "octets") == 0;
}

const char *refusal_reason_name(enum refusal_reason reason)
{
    return refusals[reason];
}

const char *deferral_reason_name(enum deferral_reason reason)
{
    return deferrals[reason];
}

enum counter counter_of_number(uint64_t number)
{
    return number < COUNTERS && counters[number].name ? (enum counter)number : COUNTER_NONE;
}

uint8_t reason_of_number(enum counter counter, uint64_t number)
{
    if (counter == COUNTER_DEFERRED)
        return number < DEFERRAL_REASONS ? (uint8_t)number : DEFERRAL_OTHER;
    return number < REFUSAL_REASONS ? (uint8_t)number : REFUSAL_OTHER;
}
