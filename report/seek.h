/* Finds the lines that a search for messages needs, without parsing the others: at nearly the speed of grep.
 *
 * What is looked for is a text that a line of the message has. The log is read for it; the queue ids and Message-IDs of
 * the lines that have it are looked for in turn, with those that these lines name, until no new one comes up. All lines
 * with one of these names, in order of time, go through the parser: what it makes of them is what it would make of the
 * whole log, but for messages that were with a content filter when the log began, if only other messages show that it
 * is one.
 *
 * Where that cannot be known (names that are too short or not unique, programs whose lines are understood by others,
 * too many names, standard input) seek_run() says so, and the whole log is to be parsed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SEEK_H
#define MAILTALLY_SEEK_H

#include "../config/config.h"
#include "../parser/parser.h"

struct seek; /* opaque */

enum seek_result {
    SEEK_DONE,
    SEEK_WHOLE, /* parse all of it */
};

/* The text: without regard to case from the octet nocase_from on. NULL without memory. */
struct seek *seek_new(const struct config *config, struct span text, size_t nocase_from);
void seek_free(struct seek *seek);

/* In the order of the operands. Both are copied. */
bool seek_add(struct seek *seek, const char *path, const char *host);

enum seek_result seek_run(struct seek *seek);

/* After SEEK_DONE: the lines found, to the parser. STATUS_ERROR (2) when a file could not be read: it is told now. */
int seek_feed(struct seek *seek, struct parser *parser);

#endif
