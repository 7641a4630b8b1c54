/* Standard output of the command: the one place that knows how text from logs is escaped for each format.
 *
 *   text   what a terminal would act upon (controls, also those of UTF-8, direction marks) and octets that are no UTF-8
 *          become \xNN
 *   TSV    the same; tab, newline and backslash become \t, \n and \\
 *   JSON   as RFC 8259 says; what a terminal would act upon becomes \uNNNN, octets that are no UTF-8 become U+FFFD
 *
 *   HTML   as text, and & < > " ' become references, so that it may stand in an element or in a quoted attribute
 *
 * Buffered. When standard output cannot be written, the process says so (but not for a closed pipe: `| head` is no
 * mistake) and exits with status 2: nobody is left to report to. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_OUTPUT_H
#define MAILTALLY_OUTPUT_H

#include "../parser/span.h"
#include "options.h"

enum colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_BAD, COLOUR_WAITING, COLOUR_FAINT };

struct output;

/* NULL without memory. */
struct output *output_new(enum output_format format);

/* Writes what is buffered and closes standard output, so that also a late error (a full disk over NFS) is seen. */
void output_finish(struct output *output);

/* Writes what is buffered: another program is to write behind it. */
void output_flush(struct output *output);

/* What follows is kept in memory, not written, until output_kept() returns it, to be freed; NULL: it is empty. It is
 * written later by output_raw(). */
void output_keep(struct output *output);
char *output_kept(struct output *output, size_t *n);
void output_raw(struct output *output, const char *text, size_t n);

/* For a terminal each row is shown as it comes. Call it behind each. */
void output_end_row(struct output *output);

void output_literal(struct output *output, const char *literal); /* our own text */
/* The same, as printf(3) forms it, at most 511 octets. */
void output_print(struct output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));
void output_char(struct output *output, char c);
void output_number(struct output *output, uint64_t number);
void output_text(struct output *output, struct span text);   /* escaped; in JSON with its quotes */
void output_string(struct output *output, const char *text); /* the same */
void output_time_utc(struct output *output, int64_t time);   /* 2026-11-21T03:47:01Z; in JSON with quotes */
void output_time_local(struct output *output, int64_t time); /* 2026-11-21 03:47:01 */

/* Only where colour is wanted: a terminal, text, no NO_COLOR. */
void output_colour(struct output *output, enum colour colour);

/* Columns of the terminal, or 100. */
size_t output_width(const struct output *output);

#endif
