/* What the three files of the Exim recogniser share.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_EXIM_H
#define MAILTALLY_EXIM_H

#include "../recogniser.h"

/* `name (helo) [192.0.2.1]:25`, of which only the address must be there. *client is `name [192.0.2.1]:25`, or without
 * the name where a HELO name stands between them or the name has a bracket in it: nothing that the client chose. */
bool exim_take_host(struct span *s, struct span *client);

/* The next word of a line, with the blanks before it: `K=value`, `K="va\"lue"` (given without its quotes), or a word
 * alone, which is then the key. */
bool exim_take_word(struct span *s, struct span *key, struct span *value);

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
