/* Who is a content filter: the loopback addresses, the hosts that the administrator named, and those that were learned
 * from mail that came back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FILTER_H
#define MAILTALLY_FILTER_H

#include "event.h"
#include "parser.h"

#define FILTERS_LEARNED_CAP 1024 /* on a log host: a few for each mail server */

struct filter_set {
    uint32_t n;
    uint64_t keys[2 * FILTERS_LEARNED_CAP]; /* open addressing; 0: free */
};

struct filters {
    enum content_filter mode;
    char *hosts[CONTENT_FILTER_HOSTS_MAX + 1]; /* copies; ends with NULL */
    uint64_t seed;
    struct filter_set learned; /* these are filters */
    struct filter_set final;   /* pipes that are none: what they took did not come back */
};

/* The address of `name[192.0.2.1]`, `name[192.0.2.1]:10024` or a bare address; empty for a socket's path. */
struct span filter_address(struct span host);

/* 127.0.0.0/24, ::1, and the IPv4-mapped form. */
bool filter_is_loopback(struct span address);

/* One of the hosts that the administrator named, by name or address. */
bool filter_is_named(const struct filters *filters, struct span host);

/* A relay (name[address]:port, a socket, a pipe's service) or a client's address of a mail server with this key. False
 * when there is no room for it. */
bool filter_learn(struct filters *filters, uint64_t host_key, struct span who);
bool filter_is_learned(const struct filters *filters, uint64_t host_key, struct span who);

/* A pipe brought a message back: the first makes it a filter for all that is known, the second proves it, unless
 * something that it took did not come back. (A delivery agent sends some mail on.) False without room. */
bool filter_learn_pipe(struct filters *filters, uint64_t host_key, struct span who);
bool filter_is_proven(const struct filters *filters, uint64_t host_key, struct span who);

bool filter_learn_final(struct filters *filters, uint64_t host_key, struct span who);
bool filter_is_final(const struct filters *filters, uint64_t host_key, struct span who);

/* What was learned, to and from the saved state; good for the same seed only. */
void filters_save(const struct filters *filters, struct store *store);
void filters_load(struct filters *filters, struct load *load);
void filters_forget(struct filters *filters);

#endif
