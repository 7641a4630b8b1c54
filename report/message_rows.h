/* How a message is printed: as one line of text, as a row of TSV, as a JSON object, or as all of its lines.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_MESSAGE_ROWS_H
#define MAILTALLY_MESSAGE_ROWS_H

#include "messages.h"
#include "output.h"

/* The names of the TSV columns, before the first row. */
void message_rows_header(struct output *output);

/* By the output's format, with a newline. JSON: with `lines` if it has any. */
void message_row(struct output *output, enum output_format format, const struct message *message);

/* Its lines as they were written, escaped as text is; what was left out for its number is told. */
void message_lines(struct output *output, const struct message *message);

/* How long it took: the longest delay of its recipients, else from its first line to its last; -1: unknown. */
int64_t message_delay_ms(const struct message *message);

/* How long its connection lasted, in seconds; -1: unknown. */
int64_t message_connection_s(const struct message *message);

#endif
