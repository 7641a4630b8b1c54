/* What the files of the Exim recogniser share.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_EXIM_H
#define MAILTALLY_EXIM_H

#include "../recogniser.h"

/* Digits and letters, by octet. */
extern const bool exim_alnum[256];

/* Like span_starts(), for tables of words that are tried one after another: most differ in their first octet. */
static inline bool exim_begins(struct span s, struct span words)
{
    return s.n >= words.n && s.p[0] == words.p[0] && memcmp(s.p, words.p, words.n) == 0;
}

/* `[1/3] `, or `[1\18] ` where the piece ends at a newline. False at a piece that is not the first: what it begins with
 * may be anybody's text. */
bool exim_skip_piece(struct span *s);

/* `name (helo) [192.0.2.1]:25`, of which only the address must be there. *client is `name [192.0.2.1]:25`, or without
 * the name where a HELO name stands between them or the name has a bracket in it: nothing that the client chose. */
bool exim_take_host(struct span *s, struct span *client);

/* The next word of a line, with the blanks before it: `K=value`, `K="va\"lue"` (given without its quotes), or a word
 * alone, which is then the key. */
bool exim_take_word(struct span *s, struct span *key, struct span *value);

/* The same for a word that is awaited here, ` P=`: to compare it costs less than to find where it ends. Not for quoted
 * or empty values. */
static inline bool exim_take_awaited(struct span *s, struct span key, struct span *value)
{
    struct span rest = *s;
    const char *end = s->p + s->n, *blank;

    if (!span_take(&rest, key) || rest.n == 0 || rest.p[0] == '"' || rest.p[0] == ' ')
        return false;
    blank = span_chr(rest, ' ');
    *value = span_from(rest.p, blank ? blank : end);
    *s = span_from(blank ? blank : end, end);
    return true;
}

/* How many octets of `s` are an address with a blank, or the end, behind it. Both quotes and a backslash may hide
 * blanks. */
size_t exim_address_octets(struct span s);

/* `=> `, `-> ` and `>> `: what follows the flag. */
bool exim_delivered(const struct line *line, struct span id, struct span rest, struct events *events);

/* `** ` and `== `: counter is bounced or deferred. */
bool exim_failed(const struct line *line, struct span id, struct span rest, enum counter counter,
                 struct events *events);

/* Lines about connections, logins and refusals. id: the message's, or empty. */
bool exim_session(const struct line *line, struct span id, struct span rest, struct events *events);

#endif
