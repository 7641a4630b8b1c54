/* Asking DNS blocklists for many addresses.
 *
 *     lookup_new -> lookup_zone ... -> lookup_run -> lookup_free
 *
 * Polite: at most LOOKUP_IN_FLIGHT questions are open, and no more than `rate` are asked a second. Each zone is first
 * asked for 127.0.0.1, which no list has (RFC 5782): one that has it lists everything, and is not asked further.
 * Neither is a zone that answers to who asks in place of what (127.255.255.x: it does not serve this resolver), nor one
 * that is silent or fails LOOKUP_PATIENCE times in a row.
 *
 * One thread. What is given to the callback lives during the call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_LOOKUP_H
#define MAILTALLY_LOOKUP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOKUP_IN_FLIGHT     50
#define LOOKUP_RATE          200
#define LOOKUP_RATE_MAX      100000
#define LOOKUP_TIMEOUT_MS    3000 /* of the first try; the second waits longer */
#define LOOKUP_PATIENCE      10
#define LOOKUP_ZONES_MAX     100
#define LOOKUP_ZONE_OCTETS   180 /* with 64 nibbles and dots in front it is a name */
#define LOOKUP_ANSWER_OCTETS 64
#define LOOKUP_TEXT_OCTETS   512

struct lookup_address {
    bool is_v6;
    unsigned char octets[16]; /* the first four of IPv4 */
};

/* Takes an address as text, with or without `IPv6:` in front; ::ffff:192.0.2.1 is 192.0.2.1. */
bool lookup_address(const char *text, size_t n, struct lookup_address *address);

/* No list has it: loopback, private, link-local, multicast and the like. */
bool lookup_is_private(const struct lookup_address *address);

/* The name that is asked for: 1.2.0.192.zone, or the nibbles of IPv6. */
void lookup_name(const struct lookup_address *address, const char *zone, char *name, size_t octets);

struct lookup_zone {
    char name[LOOKUP_ZONE_OCTETS + 1];
    uint64_t listed, unlisted, silent, failed, unasked;
    char trouble[160]; /* why it is not asked any more, or what its last failure was; empty: none */
    bool is_given_up;
    unsigned troubles_in_a_row;
    bool was_tried; /* 127.0.0.1 was asked for */
};

/* Address `i` is on the list of zone `zone`: what it says (127.0.0.2, or several with blanks), and its text, maybe
 * empty. */
typedef void lookup_listed_fn(void *context, size_t i, const struct lookup_zone *zone, const char *answer,
                              const char *text);
typedef void lookup_progress_fn(void *context, uint64_t asked, uint64_t all);

struct lookup;

/* resolver: ADDRESS[:PORT] or [ADDRESS]:PORT; NULL: the system's. NULL when it cannot begin: then *why says why. */
struct lookup *lookup_new(const char *resolver, unsigned rate, unsigned timeout_ms, const char **why);
void lookup_free(struct lookup *lookup);

/* False: this is no name of a zone, or there are too many. */
bool lookup_add_zone(struct lookup *lookup, const char *name);

size_t lookup_zones(const struct lookup *lookup);
const struct lookup_zone *lookup_zone_at(const struct lookup *lookup, size_t i);

/* Asks each zone for each address. */
void lookup_run(struct lookup *lookup, const struct lookup_address *addresses, size_t n, lookup_listed_fn *listed,
                lookup_progress_fn *progress, void *context);

#endif
