/* Finds the phrases of a table in a piece of text, from left to right, in one pass.
 *
 * A table has one list for each first letter, so a word costs a look at the few phrases that begin like it, however
 * long the table is. Letters match without regard to case; '-', '_' and tab match a space (qmail logs spaces as '_').
 * What a client or a remote server chose is passed over: <...>, [...], URLs, and words within a host name or an
 * address (spam.example.org and spam@example.org are not the word "spam").
 *
 * The tables are const and belong to their files; the scan belongs to the caller and points into his text.
 * Pure; no allocation; any thread. Time is linear in the text, whatever it holds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PHRASE_H
#define MAILTALLY_PHRASE_H

#include "span.h"

#define PHRASE_OCTETS_MIN 3
#define PHRASE_OCTETS_MAX 43

struct phrase {
    char text[PHRASE_OCTETS_MAX]; /* lower case, a space for '-' and '_'; not NUL-terminated when it fills the field */
    uint8_t octets;
    uint8_t meaning; /* what it says: a reason, or one of the values that the table's file adds */
    uint8_t rank;    /* how much it says; the table's file knows */
    uint8_t about;   /* what it is said of, likewise */
    uint8_t flags;   /* PHRASE_PREFIX, and from bit 1 on those of the table's file */
};

/* The last word may go on: "greylist" is found in "greylisting". */
#define PHRASE_PREFIX 1

/* The phrases that begin with one letter; of several that fit at one place the first one is found, so a longer phrase
 * stands before the one it begins with. */
struct phrases {
    const struct phrase *phrase;
    size_t n;
};

#define PHRASE_LETTERS 26
#define PHRASES(array)                            \
    {                                             \
        array, sizeof(array) / sizeof((array)[0]) \
    }

struct phrase_scan {
    const char *p; /* what is not looked at yet; behind the phrase that was found */
    const char *begin;
    const char *end;
    struct span square; /* what stood in the last [...]; p is NULL before the first */
    struct span url;    /* the first URL, from behind its "://"; p is NULL where there was none */
    bool no_quote;      /* no further '"' closes, no further ']' stands: not to be looked for again */
    bool no_square;
};

static inline struct phrase_scan phrase_scan_of(struct span text)
{
    if (!text.p) /* the text of an event that has none */
        text.p = "";
    return (struct phrase_scan){ .p = text.p, .begin = text.p, .end = text.p + text.n };
}

/* The next phrase of the table (PHRASE_LETTERS lists) in the text, or NULL when there is none. */
const struct phrase *phrase_next(struct phrase_scan *scan, const struct phrases *table);

#endif
