/* Lines looked at ahead of their turn, so that several threads can work at one log and count what one would.
 *
 * What a line says depends on the line alone, but for the year of its stamp; what it counts as depends on all before
 * it. So a batch of lines goes through three stages:
 *
 *     ahead_fill        headers, in the order of the log; one thread at a time
 *     ahead_recognise   what each line says: any thread, beside all other stages
 *     ahead_take        flows, tallies and sinks, in the order of the log; one thread at a time
 *
 * ahead_fill() of later batches may run beside ahead_take() of earlier ones: the first makes rows of hosts, the second
 * counts in them. The result is that of parser_lines() on the same lines. Fixed memory; the batch holds the text.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_AHEAD_H
#define MAILTALLY_AHEAD_H

#include "parser.h"

struct ahead; /* opaque */

struct ahead *ahead_new(struct parser *parser); /* NULL without memory */
void ahead_free(struct ahead *ahead);

/* Takes whole lines from the front of the block, as many as there is room for; returns the octets that it took. What it
 * holds already stays. `longest` as with parser_lines(). 0: it is full. */
size_t ahead_fill(struct ahead *ahead, struct parser_source *source, struct span block, size_t longest);

/* One line, without its newline, as parser_line_parsed() takes it. False: it is full, and the line was not taken. */
bool ahead_fill_line(struct ahead *ahead, struct parser_source *source, struct span line, const struct header *header,
                     bool header_found);

/* A line that was longer than the reader's cap. */
void ahead_fill_overlong(struct ahead *ahead, struct parser_source *source);

bool ahead_is_empty(const struct ahead *ahead);
void ahead_recognise(struct ahead *ahead);
void ahead_take(struct ahead *ahead); /* it is empty then */

#endif
