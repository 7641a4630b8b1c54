/* Fuzzes header_parse(): the input is a log, a header_clock goes from line to line as in a source.
 *
 * Beyond what the sanitisers see: every field lies in its line, the message ends it, the fields of the program are
 * consistent, and no time is far from what its reference allows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../parser/header.h"

#include <stdlib.h>
#include <string.h>

#define REFERENCE INT64_C(1795262400) /* 2026-11-21 12:00 UTC */

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void require_within(struct span s, struct span line)
{
    require(s.p >= line.p && s.n <= line.n && s.p + s.n <= line.p + line.n);
}

static void check(const struct header *h, bool found, struct span line)
{
    require_within(h->host, line);
    require_within(h->program, line);
    require_within(h->instance, line);
    require_within(h->service, line);
    require_within(h->pid, line);
    require_within(h->message, line);
    require(h->message.p + h->message.n == line.p + line.n);
    require(h->instance.n + h->service.n <= h->program.n);
    require(span_starts(h->program, h->instance) && span_ends(h->program, h->service));
    if (!found)
        require(h->time == TIME_UNKNOWN && h->message.n == line.n && h->host.n + h->program.n + h->pid.n == 0);
    else if (h->time != TIME_UNKNOWN)
        require(h->time > -2 * 86400 && h->time < INT64_C(253402387200));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of the exact size lets the sanitiser see an octet read behind the end. */
    char *copy = malloc(size ? size : 1);
    struct header_clock clock = { 0 };

    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    header_clock_set(&clock, REFERENCE);
    for (const char *p = copy, *end = copy + size; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        struct span line = span_from(p, newline ? newline : end);
        struct header header;
        bool found = header_parse(&header, &clock, line);

        check(&header, found, line);
        p = newline ? newline + 1 : end;
    }
    free(copy);
    return 0;
}
