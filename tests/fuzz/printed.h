/* What the fuzz targets of report/ share: a log from memory, and whether what was printed is harmless. For these only;
 * each includes it once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FUZZ_PRINTED_H
#define MAILTALLY_FUZZ_PRINTED_H

#include "../../parser/parser.h"
#include "../../report/options.h"
#include "../../report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCE INT64_C(1795262400) /* 2026-11-21 12:00 UTC */

/* A macro, so that each has its own line in the trace. */
#define require(holds)                                                        \
    do {                                                                      \
        if (!(holds)) {                                                       \
            fprintf(stderr, "line %d: %s does not hold\n", __LINE__, #holds); \
            abort();                                                          \
        }                                                                     \
    } while (0)

/* main.c's, which is not linked */
void complain(const char *format, ...)
{
    (void)format;
}

static inline void read_log(struct parser *parser, const char *p, const char *end)
{
    struct parser_source source = { .name = "fuzz", .default_host = SPAN("localhost") };

    header_clock_set(&source.clock, REFERENCE);
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));

        parser_line(parser, &source, span_from(p, newline ? newline : end));
        p = newline ? newline + 1 : end;
    }
    parser_settle(parser, INT64_MAX);
}

/* Nothing of it acts on a terminal. */
static inline bool is_harmless(const char *text, size_t n, enum output_format format)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < ' ' || c == 0x7f) && c != '\n' && !(c == '\t' && format == FORMAT_TSV))
            return false;
        if (c == 0xc2 && i + 1 < n && (unsigned char)text[i + 1] < 0xa0) /* a control of UTF-8 */
            return false;
    }
    return true;
}

#endif
