/* Notes on messages: a ring of texts, and a table of where each id's note begins. What is forgotten depends on what was
 * said alone, not on how the ids are hashed: so the table never gives up a note by itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "notes.h"

#include <stdlib.h>

#include "../parser/hash.h"
#include "../parser/tally.h"

#define SLOTS         (2 * NOTES_MAX) /* half of them stay free */
#define FETCHED_AHEAD 256
#define TEXT_OCTETS   255 /* of each text; longer ones are cut */

struct note {
    uint64_t key;
    uint8_t client_n, address_n;
    bool has_address;
};

/* Of the open table; linear probing. */
struct slot {
    uint32_t tag; /* of the key: says where the slot of its own would be, and most notes of others are not looked at */
    uint32_t at;  /* 1 + where its note begins in the ring; 0: free */
};

struct notes {
    uint64_t seed;
    uint64_t begin, end; /* of the notes in the ring; both count on */
    uint64_t gap;        /* the last note before the ring's end ends here: a note lies in one piece */
    size_t n;            /* slots in use */
    struct slot slots[SLOTS];
    char ring[NOTES_OCTETS];
};

struct notes *notes_new(uint64_t seed)
{
    struct notes *notes = calloc(1, sizeof *notes); /* pages that are not touched take no memory */

    if (notes) {
        notes->seed = seed;
        notes->gap = UINT64_MAX;
    }
    return notes;
}

void notes_free(struct notes *notes)
{
    free(notes);
}

static uint64_t key_of(const struct notes *notes, const struct line *line, struct span id)
{
    return hash_octets(notes->seed ^ line->tally->key, id);
}

static uint32_t tag_of(uint64_t key)
{
    return (uint32_t)(key >> 32);
}

static size_t home_of(uint32_t tag)
{
    return tag % SLOTS;
}

static struct note note_at(const struct notes *notes, uint64_t at)
{
    struct note note;

    memcpy(&note, notes->ring + at % NOTES_OCTETS, sizeof note);
    return note;
}

static void fetch_slot(const struct notes *notes, uint64_t key)
{
    __builtin_prefetch(&notes->slots[home_of(tag_of(key))]);
}

static size_t octets_of(const struct note *note)
{
    return sizeof *note + note->client_n + note->address_n;
}

/* The slot of this key, or the free one where it would be. */
static size_t slot_of(const struct notes *notes, uint64_t key)
{
    const uint32_t tag = tag_of(key);
    size_t i = home_of(tag);

    while (notes->slots[i].at && (notes->slots[i].tag != tag || note_at(notes, notes->slots[i].at - 1).key != key))
        i = (i + 1) % SLOTS;
    return i;
}

/* Who stands behind it and would not be found any more moves up. */
static void remove_slot(struct notes *notes, size_t free_slot)
{
    for (size_t i = (free_slot + 1) % SLOTS; notes->slots[i].at; i = (i + 1) % SLOTS) {
        if (hash_may_move(i, home_of(notes->slots[i].tag), free_slot, SLOTS)) {
            notes->slots[free_slot] = notes->slots[i];
            free_slot = i;
        }
    }
    notes->slots[free_slot].at = 0;
    notes->n--;
}

static void forget_oldest(struct notes *notes)
{
    struct note note;
    size_t slot;

    if (notes->begin == notes->gap)
        notes->begin += NOTES_OCTETS - notes->begin % NOTES_OCTETS;
    note = note_at(notes, notes->begin);
    slot = slot_of(notes, note.key);
    if (notes->slots[slot].at == notes->begin % NOTES_OCTETS + 1) /* else something newer was said */
        remove_slot(notes, slot);
    notes->begin += octets_of(&note);
    /* The next one to go is asked of the memory in time: both places were last used 12 000 messages ago. */
    __builtin_prefetch(notes->ring + (notes->begin + FETCHED_AHEAD) % NOTES_OCTETS);
    if (notes->begin < notes->end && notes->begin != notes->gap)
        fetch_slot(notes, note_at(notes, notes->begin).key);
}

/* Where a note of so many octets begins. */
static uint64_t make_room(struct notes *notes, size_t octets)
{
    const uint64_t left = NOTES_OCTETS - notes->end % NOTES_OCTETS;
    const uint64_t at = octets > left ? notes->end + left : notes->end;

    while (notes->begin < notes->end && (at + octets - notes->begin > NOTES_OCTETS || notes->n == NOTES_MAX))
        forget_oldest(notes);
    if (at != notes->end)
        notes->gap = notes->end;
    if (notes->begin == notes->end) /* nothing is left */
        notes->begin = at;
    return at;
}

static uint8_t cut(struct span text)
{
    return (uint8_t)(text.n < TEXT_OCTETS ? text.n : TEXT_OCTETS);
}

void notes_put(struct notes *notes, const struct line *line, struct span id, struct span client, struct span address)
{
    const struct note note = { key_of(notes, line, id), cut(client), cut(address), address.p != NULL };
    uint64_t at;
    struct slot *slot;
    char *p;

    fetch_slot(notes, note.key);
    at = make_room(notes, octets_of(&note));
    slot = &notes->slots[slot_of(notes, note.key)];
    p = notes->ring + at % NOTES_OCTETS;
    memcpy(p, &note, sizeof note);
    if (note.client_n)
        memcpy(p + sizeof note, client.p, note.client_n);
    if (note.address_n)
        memcpy(p + sizeof note + note.client_n, address.p, note.address_n);
    notes->n += slot->at == 0;
    *slot = (struct slot){ tag_of(note.key), (uint32_t)(at % NOTES_OCTETS + 1) };
    notes->end = at + octets_of(&note);
}

bool notes_find(const struct notes *notes, const struct line *line, struct span id, struct span *client,
                struct span *address)
{
    const struct slot *slot = &notes->slots[slot_of(notes, key_of(notes, line, id))];
    struct note note;
    const char *p;

    if (!slot->at)
        return false;
    note = note_at(notes, slot->at - 1);
    p = notes->ring + slot->at - 1;
    *client = (struct span){ p + sizeof note, note.client_n };
    *address = (struct span){ note.has_address ? p + sizeof note + note.client_n : NULL, note.address_n };
    return true;
}
