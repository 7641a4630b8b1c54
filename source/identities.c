/* Known files, in one dense array: it is gone through when a file is opened, which is rare, and changed in place when
 * lines were read, which is not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "identities.h"

#include <pthread.h>
#include <stdlib.h>

struct identities {
    pthread_mutex_t lock;
    size_t owners;
    struct identity *rows; /* number - 1; those that are free have `used` false */
    bool *used;
    size_t rows_n, room;
    uint32_t left[IDENTITIES_LEFT]; /* numbers of those that were left, a ring */
    size_t left_next;
};

struct identities *identities_new(void)
{
    struct identities *identities = calloc(1, sizeof *identities);

    if (identities) {
        pthread_mutex_init(&identities->lock, NULL);
        identities->owners = 1;
    }
    return identities;
}

struct identities *identities_share(struct identities *identities)
{
    pthread_mutex_lock(&identities->lock);
    identities->owners++;
    pthread_mutex_unlock(&identities->lock);
    return identities;
}

void identities_free(struct identities *identities)
{
    bool last;

    if (!identities)
        return;
    pthread_mutex_lock(&identities->lock);
    last = identities->owners-- == 1;
    pthread_mutex_unlock(&identities->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&identities->lock);
    free(identities->rows);
    free(identities->used);
    free(identities);
}

static bool make_room(struct identities *identities)
{
    size_t room = identities->room ? identities->room * 2 : 64;
    struct identity *rows;
    bool *used;

    if (identities->rows_n < identities->room)
        return true;
    if (room > IDENTITIES_CAP)
        return false;
    rows = realloc(identities->rows, room * sizeof *rows);
    if (rows)
        identities->rows = rows;
    used = realloc(identities->used, room * sizeof *used);
    if (used)
        identities->used = used;
    if (!rows || !used)
        return false;
    identities->room = room;
    return true;
}

static uint32_t free_row(struct identities *identities)
{
    bool *hole = identities->rows_n ? memchr(identities->used, false, identities->rows_n) : NULL;

    if (hole)
        return (uint32_t)(hole - identities->used) + 1;
    if (!make_room(identities))
        return IDENTITY_NONE;
    return (uint32_t)++identities->rows_n;
}

uint32_t identities_add(struct identities *identities, const struct identity *identity)
{
    uint32_t number;

    pthread_mutex_lock(&identities->lock);
    number = free_row(identities);
    if (number != IDENTITY_NONE) {
        identities->used[number - 1] = true;
        identities->rows[number - 1] = *identity;
    }
    pthread_mutex_unlock(&identities->lock);
    return number;
}

void identities_change(struct identities *identities, uint32_t number, const struct identity *identity)
{
    if (number == IDENTITY_NONE)
        return;
    pthread_mutex_lock(&identities->lock);
    identities->rows[number - 1] = *identity;
    pthread_mutex_unlock(&identities->lock);
}

void identities_remove(struct identities *identities, uint32_t number)
{
    if (number == IDENTITY_NONE)
        return;
    pthread_mutex_lock(&identities->lock);
    identities->used[number - 1] = false;
    pthread_mutex_unlock(&identities->lock);
}

void identities_leave(struct identities *identities, uint32_t number)
{
    uint32_t *place;

    if (number == IDENTITY_NONE)
        return;
    pthread_mutex_lock(&identities->lock);
    identities->rows[number - 1].owner = NULL;
    identities->rows[number - 1].open = false;
    place = &identities->left[identities->left_next++ % IDENTITIES_LEFT];
    if (*place != IDENTITY_NONE)
        identities->used[*place - 1] = false;
    *place = number;
    pthread_mutex_unlock(&identities->lock);
}

static bool is_same(const struct identity *known, const struct identity_query *query, const uint64_t *hashes)
{
    uint32_t octets = known->fingerprint.octets;
    bool fits = octets && octets <= query->first.n && known->fingerprint.hash == hashes[octets];

    if (known->open && known->device == query->device)
        return known->inode == query->inode;
    return fits && (octets == FINGERPRINT_OCTETS || known->inode == query->inode);
}

bool identities_find(struct identities *identities, const struct identity_query *query, struct identity *found)
{
    uint64_t hashes[FINGERPRINT_OCTETS + 1];
    bool any = false;

    fingerprint_hashes(query->first, hashes);
    pthread_mutex_lock(&identities->lock);
    for (size_t i = 0; i < identities->rows_n; i++) {
        const struct identity *known = &identities->rows[i];

        if (!identities->used[i] || (known->owner && known->owner == query->owner) || !is_same(known, query, hashes))
            continue;
        if (any && (found->owner ? !known->owner || known->offset <= found->offset
                                 : !known->owner && known->offset <= found->offset))
            continue;
        *found = *known;
        any = true;
    }
    pthread_mutex_unlock(&identities->lock);
    return any;
}
