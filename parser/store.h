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
void store_more(struct store *store, struct span octets);   /* no length: what was stored elsewhere, as it is */
void store_free(struct store *store);

/* The same for octets that are written in place. Room for so many, which the caller fills before the next call; NULL
 * after a failure. And octets of which it is not known how many they will be: begin, write, end. */
unsigned char *store_room(struct store *store, size_t octets);
size_t store_begin(struct store *store);
void store_end(struct store *store, size_t begun);

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

/* What is saved in parts, each under a number that it has for ever. A version may add one or give one up: parts that
 * are not known are skipped, and those that were not saved leave the holder as it is. The order of the table is that of
 * saving. A part must read all of its octets, or it fails. */
struct store_part {
    unsigned number;
    void (*save)(const void *holder, struct store *store);
    void (*load)(void *holder, struct load *load);
};
void store_parts(struct store *store, const struct store_part *parts, size_t n, const void *holder);
void load_parts(struct load *load, const struct store_part *parts, size_t n, void *holder);

#endif
