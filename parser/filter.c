/* Who is a content filter.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter.h"

#include "hash.h"

struct span filter_address(struct span host)
{
    struct span name, address = host;

    if (!span_take_until(&address, '[', &name))
        return memchr(host.p, '/', host.n) ? (struct span){ host.p, 0 } : host;
    if (!span_take_until(&address, ']', &name) || memchr(name.p, '/', name.n))
        return (struct span){ host.p, 0 };
    return name;
}

bool filter_is_loopback(struct span address)
{
    return span_has_prefix(address, "127.") || span_is(address, "::1") || span_has_prefix(address, "::ffff:127.") ||
           span_has_prefix(address, "IPv6:::1");
}

bool filter_is_named(const struct filters *filters, struct span host)
{
    struct span address = filter_address(host);
    struct span rest = host, name = host;

    span_take_until(&rest, '[', &name);
    for (const char *const *h = filters->hosts; h && *h; h++)
        if (span_eq(address, span_of(*h)) || span_eq_nocase(name, span_of(*h)))
            return true;
    return false;
}

/* The port stays in a relay's key, the name in front of the address does not: it may change between look-ups. */
static uint64_t key_of(const struct filters *filters, uint64_t host_key, struct span who)
{
    const char *bracket = memchr(who.p, '[', who.n);

    if (bracket)
        who = span_from(bracket, who.p + who.n);
    return hash_octets(filters->seed ^ host_key, who) | 1;
}

static size_t slot_of(const struct filters *filters, uint64_t key)
{
    size_t slot = (key >> 1) % (2 * FILTERS_LEARNED_CAP);

    while (filters->learned[slot] && filters->learned[slot] != key)
        slot = (slot + 1) % (2 * FILTERS_LEARNED_CAP);
    return slot;
}

void filter_learn(struct filters *filters, uint64_t host_key, struct span who)
{
    uint64_t key = key_of(filters, host_key, who);
    size_t slot = slot_of(filters, key);

    if (who.n == 0 || filters->learned[slot] || filters->learned_n >= FILTERS_LEARNED_CAP)
        return;
    filters->learned[slot] = key;
    filters->learned_n++;
}

bool filter_is_learned(const struct filters *filters, uint64_t host_key, struct span who)
{
    if (filters->learned_n == 0 || who.n == 0)
        return false;
    return filters->learned[slot_of(filters, key_of(filters, host_key, who))] != 0;
}
