/* The positions in a followed file as octets:
 *
 *   1, since (seconds, nanoseconds), number of generations, then for each, the oldest first:
 *   fingerprint (octets, hash), offset, flags, inode, modified (seconds, nanoseconds)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow.h"

#define FORM 1

#define NANOSECONDS 1000000000 /* in a second; one more than there can be is harmless */

#define FLAG_SKIPPING 1
#define FLAG_FINISHED 2

void positions_save(struct source *source, struct store *store)
{
    const struct follow *follow = follow_of(source);
    bool is_new = follow->generations_n == 0 && !follow->since.tv_sec;
    struct timespec since = is_new ? follow->added : follow->since;

    store_number(store, FORM);
    store_signed(store, since.tv_sec);
    store_number(store, (uint64_t)since.tv_nsec);
    store_number(store, follow->generations_n);
    for (size_t i = 0; i < follow->generations_n; i++) {
        const struct generation *generation = &follow->generations[i];

        store_number(store, generation->fingerprint.octets);
        store_number(store, generation->fingerprint.hash);
        store_number(store, generation->offset);
        store_number(store, (generation->skipping ? FLAG_SKIPPING : 0) | (generation->finished ? FLAG_FINISHED : 0));
        store_number(store, generation->inode);
        store_signed(store, generation->modified.tv_sec);
        store_number(store, (uint64_t)generation->modified.tv_nsec);
    }
}

static void load_generation(struct generation *generation, struct load *load)
{
    uint64_t flags, octets;

    generation->fingerprint.octets = (uint32_t)load_number_to(load, FINGERPRINT_OCTETS);
    generation->fingerprint.hash = load_number(load);
    generation->offset = load_number_to(load, INT64_MAX);
    flags = load_number_to(load, FLAG_SKIPPING | FLAG_FINISHED);
    generation->skipping = flags & FLAG_SKIPPING;
    generation->finished = flags & FLAG_FINISHED;
    generation->inode = (ino_t)load_number(load);
    generation->modified.tv_sec = (time_t)load_signed(load);
    generation->modified.tv_nsec = (long)load_number_to(load, NANOSECONDS);
    octets = generation->offset < FINGERPRINT_OCTETS ? generation->offset : FINGERPRINT_OCTETS;
    if (generation->fingerprint.octets < octets)
        load_fails(load);
}

/* Returns how many; 0 when load->failed. */
static size_t load_all(struct generation generations[GENERATIONS_MAX], struct timespec *since, struct load *load)
{
    uint64_t n;

    if (load_number(load) != FORM)
        load_fails(load);
    since->tv_sec = (time_t)load_signed(load);
    since->tv_nsec = (long)load_number_to(load, NANOSECONDS);
    n = load_number_to(load, GENERATIONS_MAX);
    for (uint64_t i = 0; i < n; i++)
        load_generation(&generations[i], load);
    if (!load_ended(load))
        load_fails(load);
    return load->failed ? 0 : (size_t)n;
}

bool positions_load(struct source *source, struct load *load)
{
    struct follow *follow = follow_of(source);
    struct generation generations[GENERATIONS_MAX] = { 0 };
    struct timespec since;
    size_t n = load_all(generations, &since, load);

    if (load->failed)
        return false;
    memcpy(follow->generations, generations, sizeof generations);
    follow->generations_n = n;
    follow->since = since;
    for (size_t i = 0; i < follow->generations_n; i++) {
        generation_tell(&follow->generations[i], source->set->identities, source->name);
        if (follow->generations[i].offset)
            follow->seen = follow->generations[i].modified;
    }
    follow->lost_sight = follow->generations_n > 0;
    follow->behind = follow->since.tv_sec != 0;
    return true;
}

size_t positions_tell(struct identities *identities, struct load *load, void *saved, uint32_t numbers[GENERATIONS_MAX])
{
    struct generation generations[GENERATIONS_MAX] = { 0 };
    struct timespec since;
    size_t n = load_all(generations, &since, load);

    for (size_t i = 0; i < n; i++)
        numbers[i] = identities_add(identities, &(struct identity){ .fingerprint = generations[i].fingerprint,
                                                                    .offset = generations[i].offset,
                                                                    .skipping = generations[i].skipping,
                                                                    .inode = generations[i].inode,
                                                                    .saved = saved });
    return n;
}
