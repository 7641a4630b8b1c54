/* The tables of words behind reason.h, and what their columns mean. For reason.c and the test of the tables only.
 *
 * The text is read from left to right. A phrase that DECIDES ends the search: what follows it is detail, often quoted
 * from elsewhere (a blocklist's TXT record, the reply to an address probe). A phrase that SUGGESTS is overruled by one
 * that decides. A FALLBACK is overruled by the enhanced code, too: it says which address or name was refused, not why.
 * CONTEXT is no reason at all, but says of what the following words speak.
 *
 * A new phrase is one row in the list of its first letter, before any shorter phrase that it begins with; and one row
 * in tests/data/reasons.tsv. const tables; any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_REASON_WORDS_H
#define MAILTALLY_REASON_WORDS_H

#include "event.h"
#include "phrase.h"

enum rank { CONTEXT, FALLBACK, SUGGESTS, DECIDES };

/* Of refusals: what was refused. "Domain not found" is senderDomain or recipientDomain by what the MTA said before. */
enum about { NOBODY, SENDER, RECIPIENT, CLIENT, HELO, ABOUTS };

/* Meanings of refusal words beyond enum refusal_reason: they depend on enum about. */
enum { ADDRESS_UNKNOWN = REFUSAL_REASONS, DOMAIN_UNKNOWN, NOT_QUALIFIED, LISTED_HERE, REFUSAL_MEANINGS };

/* Flags of refusal words; bit 0 is PHRASE_PREFIX. */
enum {
    TEMPORARY = 2,    /* holds only when the refusal is not permanent */
    PERMANENT = 4,    /* holds only when it is not temporary */
    ZONE_FOLLOWS = 8, /* the next word is the zone, whatever it looks like */
    ZONE_LIKELY = 16, /* the phrase holds only when the next word looks like a zone */
};

/* Meaning of deferral words beyond enum deferral_reason: what follows was said by the other server. */
enum { REMOTE_SPEAKS = DEFERRAL_REASONS, DEFERRAL_MEANINGS };

/* Flags of deferral words: in whose words the phrase holds. "Connection timed out" is this host's own trouble only
 * when this host says it. */
enum { OURS = 2, THEIRS = 4 };

extern const struct phrases refusal_words[PHRASE_LETTERS];
extern const struct phrases deferral_words[PHRASE_LETTERS];

/* A row: the words, the meaning, enum rank, enum about, flags. */
#define ROW(words, meaning, rank, about, flags)                          \
    {                                                                    \
        "" words, sizeof(words) - 1, (meaning), (rank), (about), (flags) \
    }

#endif
