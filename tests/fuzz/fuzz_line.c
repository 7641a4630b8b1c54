/* Fuzzes the whole pipeline: the input is a log, one parser reads it from its first line to its last.
 *
 * Beyond what the sanitisers see: the sums that COUNTING.md promises hold, no row is above its cap, spans lie in the
 * line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../parser/parser.h"

#include <stdlib.h>
#include <string.h>

#define REFERENCE INT64_C(1795262400) /* 2026-11-21 12:00 UTC */

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* It can be read from its beginning to its end: the sanitisers look. */
static void check_span(struct span s)
{
    volatile char last;

    require(s.n <= 65536);
    for (size_t i = 0; i < s.n; i++)
        last = s.p[i];
    (void)last;
}

static void check_event(void *context, const struct event *e)
{
    (void)context;
    require(e->counter > COUNTER_NONE && e->counter < COUNTERS);
    require(e->counter == COUNTER_DEFERRED ? e->reason < DEFERRAL_REASONS : e->reason < REFUSAL_REASONS);
    require(e->line && e->line->tally);
    check_span(e->queue_id);
    check_span(e->client);
    check_span(e->from);
    check_span(e->to);
    check_span(e->text);
    check_span(e->relay);
    require(e->zone.n == 0 || e->zone.p);
    require(e->size_octets >= -1 && e->delay_ms >= -1);
}

static void check_sums(const struct tallies *tallies)
{
    const struct tally *total = tallies_total(tallies);
    uint64_t permanent = 0, temporary = 0, warned = 0, deferred = 0;
    struct tally sum = { .name = "" };

    for (enum refusal_reason r = REFUSAL_OTHER; r < REFUSAL_REASONS; r++) {
        permanent += tallies_refusals(tallies, r).permanent;
        temporary += tallies_refusals(tallies, r).temporary;
        warned += tallies_refusals(tallies, r).warned;
    }
    for (enum deferral_reason r = DEFERRAL_OTHER; r < DEFERRAL_REASONS; r++)
        deferred += tallies_deferrals(tallies, r);
    require(permanent == total->counters[COUNTER_REJECTED]);
    require(temporary == total->counters[COUNTER_REJECTED_TEMPORARILY] + total->counters[COUNTER_GREYLISTED]);
    require(warned == total->counters[COUNTER_REJECT_WARNINGS]);
    require(deferred == total->counters[COUNTER_DEFERRED]);
    require(tallies_hosts(tallies) <= HOSTS_CAP + 1 && tallies_zones(tallies) <= ZONES_CAP + 1);
    for (size_t i = 0; i < tallies_hosts(tallies); i++)
        for (size_t c = 0; c < COUNTERS; c++)
            sum.counters[c] += tallies_host_at(tallies, i)->counters[c];
    require(memcmp(sum.counters, total->counters, sizeof sum.counters) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first octet chooses how content filters are told. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parser_options options = { .seed = 1, .flows_cap = 64, .filter_hosts = { "10.0.0.5" } };
    struct parser_source source = { .name = "fuzz", .default_host = SPAN("localhost") };
    struct tallies *tallies;
    struct parser *parser;
    char *copy;

    if (size < 1)
        return 0;
    options.content_filter = (enum content_filter)(data[0] % 4);
    tallies = tallies_new(options.seed);
    parser = tallies ? parser_new(&options, tallies, NULL) : NULL;
    copy = malloc(size);
    if (!parser || !copy)
        abort();
    memcpy(copy, data, size);
    header_clock_set(&source.clock, REFERENCE);
    parser_set_sink(parser, check_event, NULL);
    for (const char *p = copy + 1, *end = copy + size; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));

        parser_line(parser, &source, span_from(p, newline ? newline : end));
        p = newline ? newline + 1 : end;
    }
    parser_settle(parser, INT64_MAX);
    check_sums(tallies);
    free(copy);
    parser_free(parser);
    tallies_free(tallies);
    return 0;
}
