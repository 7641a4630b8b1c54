/* Asking DNS blocklists in a build without c-ares (WITH_CARES=0): nobody is asked, and why is said.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "lookup.h"

#ifndef MAILTALLY_CARES

struct lookup *lookup_new(const char *resolver, unsigned rate, unsigned timeout_ms, const char **why)
{
    (void)resolver, (void)rate, (void)timeout_ms;
    *why = "mailtally was built without c-ares: install libc-ares-dev and build it again (make config)";
    return NULL;
}

void lookup_free(struct lookup *lookup)
{
    (void)lookup;
}

bool lookup_add_zone(struct lookup *lookup, const char *name)
{
    (void)lookup, (void)name;
    return false;
}

size_t lookup_zones(const struct lookup *lookup)
{
    (void)lookup;
    return 0;
}

const struct lookup_zone *lookup_zone_at(const struct lookup *lookup, size_t i)
{
    (void)lookup, (void)i;
    return NULL;
}

void lookup_run(struct lookup *lookup, const struct lookup_address *addresses, size_t n, lookup_listed_fn *listed,
                lookup_progress_fn *progress, void *context)
{
    (void)lookup, (void)addresses, (void)n, (void)listed, (void)progress, (void)context;
}

#endif
