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
