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

/* While input_read() reads, how far it is stands on standard error, if that is a terminal. Before input_read(). */
void input_show_progress(struct input *input);

/* Which part of the input has been read, from 0 to 1; below 0: unknown. */
double input_part(const struct input *input);

/* Of plain files only what this span of time needs is read, as with the options' --since and --until, but the parser
 * takes events of all times: for those who put messages together. Both 0: all. Before input_read(). */
void input_limit(struct input *input, int64_t since, int64_t until);

/* The lines' numbers in their files are wanted. Else they are wrong where --since made the reading begin further on;
 * the lines that are left out are counted, which is faster than reading them. Before input_read(). */
void input_want_numbers(struct input *input);

/* Calls `each` for the files that input_read() would read, in the order of the operands. */
void input_each_file(const struct input *input, void (*each)(void *context, const char *path, const char *host),
                     void *context);

/* Reads everything, or of plain files what --since and --until need (source/window.h). STATUS_ERROR when a file could
 * not be read, or not to its end: it was told, and the others were read. */
/* Behind the troubles of files that no operand named. */
void input_tell_configured(const struct input *input);

enum status input_read(struct input *input);

#endif
