/* Several threads at one log (-j): the caller reads and splits, and all of them work at the stages of parser/ahead.h.
 *
 *     team_new -> team_line, team_lines, team_overlong ... -> team_finish -> team_free
 *
 * Called by one thread. The parser's sinks and watches are called in the order of the log by whichever thread is at it,
 * one at a time; between team_new() and the end of team_finish() the caller leaves parser and tallies alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_TEAM_H
#define MAILTALLY_TEAM_H

#include "../parser/parser.h"

#define TEAM_MAX 64

struct team; /* opaque */

/* threads: with the caller's, 2 to TEAM_MAX. NULL when they cannot be had. */
struct team *team_new(struct parser *parser, unsigned threads);
void team_free(struct team *team);

/* As the calls of merge_sink. */
void team_line(struct team *team, struct parser_source *source, struct span line, const struct header *header,
               bool header_found);
void team_lines(struct team *team, struct parser_source *source, struct span block);
void team_overlong(struct team *team, struct parser_source *source);

/* Waits until all that was given has been counted. */
void team_finish(struct team *team);

#endif
