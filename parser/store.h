/* Octets of the saved state: numbers and texts written one behind the other into memory that grows, and read back.
 *
 * Numbers take as many octets as they need (seven bits each, the lowest first), so the form does not depend on the
 * machine. Neither side aborts: the first failure (no memory; octets that end too early or make no sense) sticks, later
 * calls do nothing, and the caller looks at `failed` once at the end. One thread each.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_STORE_H
#define MAILTALLY_STORE_H

#include "span.h"

/* Zero-initialise; the caller's, freed with store_free(). n = 0 uses the memory again. */
struct store {
    unsigned char *octets;
    size_t n, room;
    bool failed;
};

void store_number(struct store *store, uint64_t number);
void store_signed(struct store *store, int64_t number);
void store_octets(struct store *store, struct span octets); /* its length first */
void store_text(struct store *store, const char *text);     /* as store_octets(); NULL as the empty text */
void store_free(struct store *store);

/* What a whole struct store_octets() returned, or a part of it that was stored as octets. Nothing is copied. */
struct load {
    const unsigned char *octets;
    size_t n; /* left */
    bool failed;
};

struct load load_of(struct span octets);
uint64_t load_number(struct load *load);                   /* 0 after a failure */
uint64_t load_number_to(struct load *load, uint64_t most); /* fails above `most` */
int64_t load_signed(struct load *load);
struct span load_octets(struct load *load, size_t most);    /* points into the loaded octets; fails above `most` */
void load_text(struct load *load, char *text, size_t room); /* NUL-terminated; fails when it does not fit */
void load_fails(struct load *load);                         /* what was read makes no sense */
bool load_ended(const struct load *load);                   /* nothing failed and nothing is left */

#endif
