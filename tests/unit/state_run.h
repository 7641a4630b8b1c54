/* For the tests of the saved state: a log in memory, and a run of a parser over a part of it that writes down every
 * event and can be cut: saved, and loaded into a new one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_STATE_RUN_H
#define MAILTALLY_STATE_RUN_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../parser/parser.h"

#define RUN_REFERENCE INT64_C(1800000000) /* 2027-01-15: after every log here */

/* ---- logs ---- */

struct log {
    char *octets;
    size_t lines_n;
    struct span *lines;
};

/* Takes over `octets` (allocated). */
static inline struct log log_of(char *octets, size_t n)
{
    struct log log = { .octets = octets };

    for (size_t i = 0; i < n; i++)
        log.lines_n += octets[i] == '\n';
    log.lines = calloc(log.lines_n + 1, sizeof *log.lines);
    assert_non_null(log.lines);
    log.lines_n = 0;
    for (const char *p = octets, *end = octets + n, *newline; p < end; p = newline + 1) {
        newline = memchr(p, '\n', (size_t)(end - p));
        if (!newline)
            break;
        log.lines[log.lines_n++] = span_from(p, newline);
    }
    return log;
}

static inline struct log log_read(const char *path)
{
    FILE *file = fopen(path, "r");
    char *octets = NULL;
    long n;

    if (!file)
        fail_msg("cannot open %s", path);
    fseek(file, 0, SEEK_END);
    n = ftell(file);
    rewind(file);
    octets = malloc((size_t)n + 1);
    assert_non_null(octets);
    assert_int_equal(fread(octets, 1, (size_t)n, file), n);
    fclose(file);
    return log_of(octets, (size_t)n);
}

static inline void log_free(struct log *log)
{
    free(log->lines);
    free(log->octets);
}

/* ---- runs ---- */

#define RUN_SOURCES 2

struct run {
    struct parser_options options;
    struct tallies *tallies;
    struct parser *parser;
    struct parser_source sources[RUN_SOURCES]; /* lines go to them by turns of 7 */
    char *events;                              /* a line for each */
    size_t events_n;
    FILE *writer;
};

static inline void write_span(FILE *file, struct span s)
{
    if (s.p)
        fprintf(file, " %zu:%.*s", s.n, (int)s.n, s.p);
    else
        fputs(" -", file);
}

static inline void write_event(void *context, const struct event *e)
{
    FILE *file = context;
    const struct span spans[] = {
        e->line->header.program, e->enhanced, e->queue_id, e->client, e->from, e->to, e->relay, e->named_id, e->zone,
        e->verdict_id,           e->detail
    };

    fprintf(file, "%s %s:%ju %jd %s %ju %d %d %d %jd %jd", e->line->tally->name, e->line->file,
            (uintmax_t)e->line->number, (intmax_t)e->line->header.time, counter_name(e->counter), (uintmax_t)e->count,
            e->reason, e->temporary, e->code, (intmax_t)e->size_octets, (intmax_t)e->delay_ms);
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        write_span(file, spans[i]);
    fputc('\n', file);
}

static inline void run_start_parser(struct run *run)
{
    run->parser = parser_new(&run->options, run->tallies, NULL);
    assert_non_null(run->parser);
    parser_set_sink(run->parser, write_event, run->writer);
}

static inline void run_set_sources(struct run *run)
{
    static const char *const names[RUN_SOURCES] = { "/var/log/mail.log", "/var/log/exim4/mainlog" };

    for (size_t i = 0; i < RUN_SOURCES; i++) {
        run->sources[i] = (struct parser_source){ .name = names[i], .default_host = SPAN("here") };
        header_clock_set(&run->sources[i].clock, RUN_REFERENCE);
    }
}

static inline void run_start(struct run *run, const struct parser_options *options)
{
    *run = (struct run){ .options = *options };
    run->writer = open_memstream(&run->events, &run->events_n);
    assert_non_null(run->writer);
    run->tallies = tallies_new(options->seed);
    assert_non_null(run->tallies);
    run_start_parser(run);
    run_set_sources(run);
}

static inline void run_end(struct run *run)
{
    parser_free(run->parser);
    tallies_free(run->tallies);
    fclose(run->writer);
    free(run->events);
}

static inline void run_line(struct run *run, const struct log *log, size_t i)
{
    parser_line(run->parser, &run->sources[i / 7 % RUN_SOURCES], log->lines[i]);
}

static inline void run_lines(struct run *run, const struct log *log, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        run_line(run, log, i);
    fflush(run->writer);
}

static inline void run_settle(struct run *run)
{
    parser_settle(run->parser, INT64_MAX);
    fflush(run->writer);
}

/* ---- saved ---- */

struct saved {
    struct store tallies, parser, sources[RUN_SOURCES];
};

static inline void run_save(const struct run *run, struct saved *saved)
{
    *saved = (struct saved){ .tallies.n = 0 };
    tallies_save(run->tallies, &saved->tallies);
    parser_save(run->parser, &saved->parser);
    assert_false(saved->tallies.failed || saved->parser.failed);
    for (size_t i = 0; i < RUN_SOURCES; i++) {
        parser_source_save(&run->sources[i], &saved->sources[i]);
        assert_false(saved->sources[i].failed);
    }
}

static inline void saved_free(struct saved *saved)
{
    store_free(&saved->tallies);
    store_free(&saved->parser);
    for (size_t i = 0; i < RUN_SOURCES; i++)
        store_free(&saved->sources[i]);
}

static inline struct load load_stored(const struct store *store)
{
    return load_of((struct span){ (const char *)store->octets, store->n });
}

/* A run that goes on from what was saved, in memory of its own; its seed is that of the saved one. */
static inline void run_load(struct run *run, const struct parser_options *options, const struct saved *saved)
{
    struct load load = load_stored(&saved->tallies);

    *run = (struct run){ .options = *options };
    run->writer = open_memstream(&run->events, &run->events_n);
    run->tallies = tallies_new(options->seed + 1);
    assert_true(run->writer && run->tallies);
    assert_true(tallies_load(run->tallies, &load) && load_ended(&load));
    assert_int_equal(tallies_seed(run->tallies), options->seed);
    run_start_parser(run);
    load = load_stored(&saved->parser);
    assert_true(parser_load(run->parser, &load) && load_ended(&load));
    assert_false(parser_forgot_flows(run->parser));
    run_set_sources(run);
    for (size_t i = 0; i < RUN_SOURCES; i++) {
        load = load_stored(&saved->sources[i]);
        assert_true(parser_source_load(&run->sources[i], &load) && load_ended(&load));
    }
}

/* ---- equality ---- */

static inline void assert_same_rows(const struct tallies *a, const struct tallies *b)
{
    assert_int_equal(tallies_hosts(a), tallies_hosts(b));
    for (size_t i = 0; i < tallies_hosts(a); i++) {
        const struct tally *x = tallies_host_at(a, i), *y = tallies_host_at(b, i);

        assert_string_equal(x->name, y->name);
        assert_true(x->last_event == y->last_event && x->wrote_mta == y->wrote_mta && x->key == y->key);
        assert_memory_equal(x->counters, y->counters, sizeof x->counters);
    }
    assert_int_equal(tallies_zones(a), tallies_zones(b));
    for (size_t i = 0; i < tallies_zones(a); i++) {
        const struct zone *x = tallies_zone_at(a, i), *y = tallies_zone_at(b, i);

        assert_string_equal(x->name, y->name);
        assert_true(x->permanent == y->permanent && x->temporary == y->temporary && x->warned == y->warned);
    }
    assert_int_equal(tallies_hosts_over_cap(a), tallies_hosts_over_cap(b));
    assert_int_equal(tallies_zones_over_cap(a), tallies_zones_over_cap(b));
}

static inline void assert_same_reasons(const struct tallies *a, const struct tallies *b)
{
    for (enum refusal_reason r = 1; r < REFUSAL_REASONS; r++) {
        struct reason_counts x = tallies_refusals(a, r), y = tallies_refusals(b, r);

        assert_true(x.permanent == y.permanent && x.temporary == y.temporary && x.warned == y.warned);
    }
    for (enum deferral_reason r = 1; r < DEFERRAL_REASONS; r++)
        assert_int_equal(tallies_deferrals(a, r), tallies_deferrals(b, r));
    for (int bucket = 0; bucket < DELAY_BUCKETS; bucket++) {
        assert_int_equal(tallies_delays(a, COUNTER_SENT, bucket), tallies_delays(b, COUNTER_SENT, bucket));
        assert_int_equal(tallies_delays(a, COUNTER_DELIVERED, bucket), tallies_delays(b, COUNTER_DELIVERED, bucket));
    }
}

static inline void assert_same_tallies(const struct tallies *a, const struct tallies *b)
{
    const struct tally *x = tallies_total(a), *y = tallies_total(b);

    assert_memory_equal(x->counters, y->counters, sizeof x->counters);
    assert_true(x->last_event == y->last_event);
    assert_same_rows(a, b);
    assert_same_reasons(a, b);
    for (enum counter c = 1; c < COUNTERS; c++)
        for (int64_t back = 0; x->last_event != TIME_UNKNOWN && back < 3600; back += 600)
            assert_int_equal(tallies_recent(a, c, x->last_event - back, 900),
                             tallies_recent(b, c, x->last_event - back, 900));
}

/* b stands where a does; its events begin where a had written `from` octets. */
static inline void assert_same_run(const struct run *a, const struct run *b, size_t from)
{
    uint32_t flows_a, flows_b;
    uint64_t evicted_a, evicted_b;

    assert_int_equal(a->events_n - from, b->events_n);
    assert_memory_equal(a->events + from, b->events, b->events_n);
    assert_same_tallies(a->tallies, b->tallies);
    assert_memory_equal(parser_counts(a->parser), parser_counts(b->parser), sizeof(struct parser_counts));
    parser_flows(a->parser, &flows_a, &evicted_a);
    parser_flows(b->parser, &flows_b, &evicted_b);
    assert_true(flows_a == flows_b && evicted_a == evicted_b);
    for (size_t i = 0; i < RUN_SOURCES; i++)
        assert_int_equal(a->sources[i].lines, b->sources[i].lines);
}

#endif
