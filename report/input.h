/* What a subcommand reads: the operands, or the daemon's configured files, through the parser.
 *
 *     input_open -> parser_set_sink(input_parser()) ... -> input_read -> input_tallies ... -> input_close
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_INPUT_H
#define MAILTALLY_INPUT_H

#include "../config/config.h"
#include "../parser/parser.h"
#include "report.h"

struct input;

/* NULL when nothing can be read with these options; it was told. */
struct input *input_open(const struct options *options);
void input_close(struct input *input);

/* Valid until input_close(). */
struct parser *input_parser(struct input *input);
struct tallies *input_tallies(const struct input *input);
const struct config *input_config(const struct input *input);

/* Calls `progress` from time to time while input_read() reads, with the octets that were read, decompressed. */
void input_set_progress(struct input *input, void (*progress)(void *context, uint64_t octets), void *context);

/* Called with each line whose header could be read and whose message begins with one of these octets, before the parser
 * has it, of the hosts and the time that are asked for; line->tally is NULL. Before input_read(). */
typedef void input_line_fn(void *context, const struct line *line);
void input_watch(struct input *input, const char *first_octets, input_line_fn *watch, void *context);

/* Calls `each` for the files that input_read() would read, in the order of the operands. */
void input_each_file(const struct input *input, void (*each)(void *context, const char *path, const char *host),
                     void *context);

/* Reads everything. STATUS_ERROR when a file could not be read, or not to its end: it was told, and the others were
 * read. */
enum status input_read(struct input *input);

#endif
