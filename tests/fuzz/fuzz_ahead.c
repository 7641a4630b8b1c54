/* Fuzzes the ways in which a log goes through the parser: line by line, block by block, and in batches that are looked
 * at ahead of their turn. Whatever the lines are and wherever the batches end, what is told of them is the same.
 *
 * The first octet chooses what is watched, the second where batches end; the rest is a log.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../parser/ahead.h"
#include "../../parser/tally.h"

#include <stdio.h>
#include <stdlib.h>

#define REFERENCE INT64_C(1795262400) /* 2026-11-21 12:00 UTC */
#define LONGEST   600                 /* octets of a line; longer ones are overlong */

enum way { WAY_LINES, WAY_BLOCKS, WAY_AHEAD, WAYS };

/* What was told, in its order, as one number; and, when a file is set, in words. */
struct told {
    uint64_t sum;
    FILE *words;
};

struct run {
    struct parser *parser;
    struct tallies *tallies;
    struct parser_source source;
    struct told told;
};

static void add_octets(struct told *told, const void *p, size_t n)
{
    const unsigned char *octets = p;

    for (size_t i = 0; i < n; i++)
        told->sum = (told->sum ^ octets[i]) * UINT64_C(0x100000001b3);
}

static void add_number(struct told *told, uint64_t number)
{
    add_octets(told, &number, sizeof number);
    if (told->words)
        fprintf(told->words, " %llu", (unsigned long long)number);
}

static void add_span(struct told *told, struct span s)
{
    add_number(told, s.p ? s.n + 1 : 0);
    add_octets(told, s.p, s.n);
    if (told->words)
        fprintf(told->words, " \"%.*s\"", (int)s.n, s.n ? s.p : "");
}

static void begin_row(struct told *told, const char *what, const struct line *line)
{
    if (told->words)
        fprintf(told->words, "\n%s", what);
    add_octets(told, what, strlen(what));
    add_number(told, line->number);
    add_number(told, (uint64_t)line->header.time);
    add_number(told, line->tally->key);
}

static void tell_event(struct told *told, const char *what, const struct event *e)
{
    const struct span spans[] = { e->enhanced,   e->queue_id,    e->client,   e->from,   e->to,
                                  e->message_id, e->original_id, e->named_id, e->ticket, e->relay,
                                  e->verdict_id, e->detail,      e->zone,     e->text };

    begin_row(told, what, e->line);
    add_number(told, e->kind);
    add_number(told, e->counter);
    add_number(told, e->count);
    add_number(told, e->reason);
    add_number(told, e->agent);
    add_number(told, e->code);
    add_number(told, (uint64_t)e->size_octets);
    add_number(told, (uint64_t)e->delay_ms);
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
        add_span(told, spans[i]);
}

static void counted(void *context, const struct event *e)
{
    tell_event(context, "counted", e);
}

static void watched(void *context, const struct event *e)
{
    tell_event(context, "watched", e);
}

static void unrecognised(void *context, const struct line *line)
{
    begin_row(context, "unrecognised", line);
}

static void seen(void *context, const struct line *line)
{
    begin_row(context, "line", line);
}

static void after(void *context, const struct line *line)
{
    begin_row(context, "after", line);
}

/* ---- the ways ---- */

static void read_lines(struct run *run, struct span log)
{
    struct span line;

    while (span_take_until(&log, '\n', &line)) {
        if (line.n > LONGEST)
            parser_overlong_line(run->parser, &run->source);
        else
            parser_line(run->parser, &run->source, line);
    }
}

static void give_batch(struct ahead *ahead)
{
    ahead_recognise(ahead);
    ahead_take(ahead);
}

/* Batches that end where they are full, or earlier; some lines one by one, as merged files come. */
static void read_ahead(struct run *run, struct span log, unsigned ends)
{
    struct ahead *ahead = ahead_new(run->parser);

    if (!ahead)
        abort();
    for (unsigned i = 0; log.n; i++) {
        struct span block = log, line;
        size_t taken;

        if (ends && i % 3 == 0 && span_take_until(&block, '\n', &line) && line.n <= LONGEST) {
            if (ahead_fill_line(ahead, &run->source, line, NULL, false)) {
                log = block;
                continue;
            }
        }
        block = log;
        if (ends) { /* so many lines, or a few more */
            const char *end = log.p;

            for (unsigned n = 0; n <= (ends + i) % 7 && end && end < log.p + log.n; n++)
                end = (const char *)memchr(end, '\n', (size_t)(log.p + log.n - end)) + 1;
            block = span_from(log.p, end);
        }
        taken = ahead_fill(ahead, &run->source, block, LONGEST);
        if (taken == 0 || (ends && i % (ends % 5 + 1) == 0))
            give_batch(ahead);
        log = span_skip(log, taken);
    }
    give_batch(ahead);
    ahead_free(ahead);
}

static void begin(struct run *run, unsigned watch)
{
    struct parser_options options = { .seed = 1, .flows_cap = 64, .filter_hosts = { "10.0.0.5" } };

    options.content_filter = (enum content_filter)(watch % 4);
    run->told.sum = UINT64_C(0xcbf29ce484222325);
    run->tallies = tallies_new(options.seed);
    run->parser = run->tallies ? parser_new(&options, run->tallies, NULL) : NULL;
    if (!run->parser)
        abort();
    run->source = (struct parser_source){ .name = "fuzz", .default_host = SPAN("localhost") };
    header_clock_set(&run->source.clock, REFERENCE);
    parser_set_sink(run->parser, counted, &run->told);
    parser_set_unrecognised(run->parser, unrecognised, &run->told);
    if (watch & 4)
        parser_set_watch(run->parser, watched, &run->told);
    if (watch & 8)
        parser_set_line_watch(run->parser, "acdwN4", seen, &run->told);
    if (watch & 16)
        parser_set_after(run->parser, after, &run->told);
}

/* Of one way. In words, when `words` is not NULL. */
static void go(enum way way, const uint8_t *data, struct span log, FILE *words, struct run *run)
{
    *run = (struct run){ .told.words = words };
    begin(run, data[0]);
    switch (way) {
    case WAY_LINES:
        read_lines(run, log);
        break;
    case WAY_BLOCKS:
        parser_lines(run->parser, &run->source, log, LONGEST);
        break;
    case WAY_AHEAD:
    case WAYS:
        read_ahead(run, log, data[1]);
        break;
    }
    parser_settle(run->parser, INT64_MAX);
    add_octets(&run->told, parser_counts(run->parser), sizeof *parser_counts(run->parser));
    add_octets(&run->told, tallies_total(run->tallies)->counters, sizeof tallies_total(run->tallies)->counters);
    add_number(&run->told, run->source.lines);
    parser_free(run->parser);
    tallies_free(run->tallies);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run runs[WAYS];
    struct span log;
    char *copy;

    if (size < 3)
        return 0;
    copy = malloc(size - 2 + 1);
    if (!copy)
        abort();
    memcpy(copy, data + 2, size - 2);
    copy[size - 2] = '\n'; /* the last one has no newline mostly */
    log = (struct span){ copy, size - 2 + (copy[size - 3] != '\n') };
    for (enum way way = 0; way < WAYS; way++)
        go(way, data, log, NULL, &runs[way]);
    for (enum way way = 1; way < WAYS; way++)
        if (runs[way].told.sum != runs[0].told.sum) {
            fprintf(stderr, "line by line:");
            go(WAY_LINES, data, log, stderr, &runs[0]);
            fprintf(stderr, "\n\n%s:", way == WAY_BLOCKS ? "block by block" : "ahead");
            go(way, data, log, stderr, &runs[way]);
            fprintf(stderr, "\n");
            abort();
        }
    free(copy);
    return 0;
}
