/* Who is a content filter.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter.h"

#include "hash.h"

struct span filter_address(struct span host)
{
    struct span name, address = host;

    if (!span_take_until(&address, '[', &name))
        return span_chr(host, '/') ? (struct span){ host.p, 0 } : host;
    if (!span_take_until(&address, ']', &name) || span_chr(name, '/'))
        return (struct span){ host.p, 0 };
    return name;
}

/* Only the addresses that filters are reached at: a test bed, or a host of containers, may have the whole world in the
 * rest of 127.0.0.0/8. */
bool filter_is_loopback(struct span address)
{
    return span_has_prefix(address, "127.0.0.") || span_is(address, "::1") ||
           span_has_prefix(address, "::ffff:127.0.0.") || span_is(address, "IPv6:::1") ||
           span_is(address, "IPv6:0:0:0:0:0:0:0:1");
}

bool filter_is_named(const struct filters *filters, struct span host)
{
    struct span address = filter_address(host);
    struct span rest = host, name = host;

    span_take_until(&rest, '[', &name);
    for (char *const *h = filters->hosts; *h; h++)
        if (span_eq(address, span_of(*h)) || span_eq_nocase(name, span_of(*h)))
            return true;
    return false;
}

/* The port stays in a relay's key, the name in front of the address does not: it may change between look-ups. */
static uint64_t key_of(const struct filters *filters, uint64_t host_key, struct span who)
{
    const char *bracket = span_chr(who, '[');

    if (bracket)
        who = span_from(bracket, who.p + who.n);
    return hash_octets(filters->seed ^ host_key, who) | 1;
}

static size_t slot_of(const struct filter_set *set, uint64_t key)
{
    size_t slot = (key >> 1) % (2 * FILTERS_LEARNED_CAP);

    while (set->keys[slot] && set->keys[slot] != key)
        slot = (slot + 1) % (2 * FILTERS_LEARNED_CAP);
    return slot;
}

static bool set_add(struct filter_set *set, uint64_t key)
{
    size_t slot = slot_of(set, key);

    if (set->keys[slot])
        return true;
    if (set->n >= FILTERS_LEARNED_CAP)
        return false;
    set->keys[slot] = key;
    set->n++;
    return true;
}

/* `name [address]`: some programs log no port. All services of that address would be taken for the filter. */
static bool lacks_port(struct span who)
{
    const char *bracket = span_chr(who, '[');

    return bracket && memrchr(who.p, ']', who.n) == who.p + who.n - 1;
}

bool filter_learn(struct filters *filters, uint64_t host_key, struct span who)
{
    return who.n == 0 || lacks_port(who) || set_add(&filters->learned, key_of(filters, host_key, who));
}

bool filter_is_learned(const struct filters *filters, uint64_t host_key, struct span who)
{
    uint64_t key;

    if (filters->learned.n == 0 || who.n == 0)
        return false;
    key = key_of(filters, host_key, who);
    return filters->learned.keys[slot_of(&filters->learned, key)] != 0;
}

/* Proof is an entry of its own in the set of what was learned. */
static uint64_t proof_of(uint64_t host_key)
{
    return ~host_key;
}

bool filter_learn_pipe(struct filters *filters, uint64_t host_key, struct span who)
{
    if (filter_is_learned(filters, host_key, who) && !filter_is_final(filters, host_key, who))
        return filter_learn(filters, proof_of(host_key), who);
    return filter_learn(filters, host_key, who);
}

bool filter_is_proven(const struct filters *filters, uint64_t host_key, struct span who)
{
    return filter_is_learned(filters, proof_of(host_key), who);
}

bool filter_learn_final(struct filters *filters, uint64_t host_key, struct span who)
{
    return set_add(&filters->final, key_of(filters, host_key, who));
}

bool filter_is_final(const struct filters *filters, uint64_t host_key, struct span who)
{
    uint64_t key = key_of(filters, host_key, who);

    return filters->final.n >= FILTERS_LEARNED_CAP || filters->final.keys[slot_of(&filters->final, key)] != 0;
}

/* ---- the saved state ---- */

static void set_save(const struct filter_set *set, struct store *store)
{
    store_number(store, set->n);
    for (size_t i = 0; i < 2 * FILTERS_LEARNED_CAP; i++)
        if (set->keys[i])
            store_number(store, set->keys[i]);
}

static void set_load(struct filter_set *set, struct load *load)
{
    for (uint64_t n = load_number_to(load, FILTERS_LEARNED_CAP); n && !load->failed; n--) {
        uint64_t key = load_number(load);

        if (key)
            set_add(set, key);
        else
            load_fails(load);
    }
}

void filters_save(const struct filters *filters, struct store *store)
{
    set_save(&filters->learned, store);
    set_save(&filters->final, store);
}

void filters_load(struct filters *filters, struct load *load)
{
    set_load(&filters->learned, load);
    set_load(&filters->final, load);
}

void filters_forget(struct filters *filters)
{
    memset(&filters->learned, 0, sizeof filters->learned);
    memset(&filters->final, 0, sizeof filters->final);
}
