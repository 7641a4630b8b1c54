/* Notes on messages: a ring of texts, and a table of where each id's note begins.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "notes.h"

#include <stdlib.h>

#include "../parser/hash.h"
#include "../parser/tally.h"

#define SLOTS       (1u << 14)
#define WAYS        4
#define TEXT_OCTETS 255 /* of each text; longer ones are cut */

struct note {
    uint64_t key;
    uint8_t client_n, address_n;
    bool has_address;
};

struct notes {
    uint64_t seed;
    uint64_t end; /* where the next note begins; counts on, so that old ones are told from new ones */
    struct {
        uint64_t key;
        uint64_t at; /* 0: free */
    } slots[SLOTS];
    char ring[NOTES_OCTETS];
};

struct notes *notes_new(uint64_t seed)
{
    struct notes *notes = calloc(1, sizeof *notes); /* pages that are not touched take no memory */

    if (notes) {
        notes->seed = seed;
        notes->end = NOTES_OCTETS;
    }
    return notes;
}

void notes_free(struct notes *notes)
{
    free(notes);
}

static uint64_t key_of(const struct notes *notes, const struct line *line, struct span id)
{
    return hash_octets(notes->seed ^ line->tally->key, id) | 1;
}

static bool is_there(const struct notes *notes, uint64_t at)
{
    return at && notes->end - at <= NOTES_OCTETS;
}

/* The slot of this key, or the one that is to be given up for it: the oldest of its set. */
static size_t slot_of(const struct notes *notes, uint64_t key)
{
    size_t set = (size_t)(key >> 32) % (SLOTS / WAYS) * WAYS, oldest = set;

    for (size_t i = set; i < set + WAYS; i++) {
        if (notes->slots[i].key == key)
            return i;
        if (notes->slots[i].at < notes->slots[oldest].at)
            oldest = i;
    }
    return oldest;
}

static uint8_t cut(struct span text)
{
    return (uint8_t)(text.n < TEXT_OCTETS ? text.n : TEXT_OCTETS);
}

void notes_put(struct notes *notes, const struct line *line, struct span id, struct span client, struct span address)
{
    const struct note note = { key_of(notes, line, id), cut(client), cut(address), address.p != NULL };
    size_t slot = slot_of(notes, note.key), octets = sizeof note + note.client_n + note.address_n;
    char *p;

    if (notes->end % NOTES_OCTETS + octets > NOTES_OCTETS) /* a note lies in one piece */
        notes->end += NOTES_OCTETS - notes->end % NOTES_OCTETS;
    p = notes->ring + notes->end % NOTES_OCTETS;
    memcpy(p, &note, sizeof note);
    if (note.client_n)
        memcpy(p + sizeof note, client.p, note.client_n);
    if (note.address_n)
        memcpy(p + sizeof note + note.client_n, address.p, note.address_n);
    notes->slots[slot].key = note.key;
    notes->slots[slot].at = notes->end;
    notes->end += octets;
}

bool notes_find(const struct notes *notes, const struct line *line, struct span id, struct span *client,
                struct span *address)
{
    const uint64_t key = key_of(notes, line, id);
    size_t slot = slot_of(notes, key);
    const char *p = notes->ring + notes->slots[slot].at % NOTES_OCTETS;
    struct note note;

    if (notes->slots[slot].key != key || !is_there(notes, notes->slots[slot].at))
        return false;
    memcpy(&note, p, sizeof note);
    *client = (struct span){ p + sizeof note, note.client_n };
    *address = (struct span){ note.has_address ? p + sizeof note + note.client_n : NULL, note.address_n };
    return true;
}
