/* Fuzzes what a saved state is read from: first a state is made or given, damaged, and loaded; then lines follow, and
 * what came of it is saved and must load.
 *
 * The first octet: its lowest two bits choose how content filters are told; with bit 2 the state is made of the first
 * half of the lines, and damaged: three octets behind it, for each of as many places as the second octet says, are a
 * place and what it is XORed with. Without bit 2 the state itself is given: the octets of tallies, parser and source,
 * each as store_octets() writes them. The lines are what is left.
 *
 * With MAILTALLY_FUZZ_KEEP=FILE a state that was made is written there as an input of the other kind: so new kept
 * inputs are had when the form of the state changes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../parser/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCE INT64_C(1800000000)
#define SEED      1

static void require(bool holds)
{
    if (!holds)
        abort();
}

struct run {
    struct parser_options options;
    struct tallies *tallies;
    struct parser *parser;
    struct parser_source source;
};

struct state {
    struct store tallies, parser, source;
};

static void check_event(void *context, const struct event *e)
{
    size_t sum = strlen(e->line->file) + e->line->text.n;

    (void)context;
    for (size_t i = 0; i < e->queue_id.n; i++) /* what spans point to is there */
        sum += (unsigned char)e->queue_id.p[i];
    for (size_t i = 0; i < e->detail.n; i++)
        sum += (unsigned char)e->detail.p[i];
    for (size_t i = 0; i < e->line->header.program.n; i++)
        sum += (unsigned char)e->line->header.program.p[i];
    require(sum != 1);
    require(e->counter > COUNTER_NONE && e->counter < COUNTERS);
    require(e->counter == COUNTER_DEFERRED ? e->reason < DEFERRAL_REASONS : e->reason < REFUSAL_REASONS);
    require(e->line->tally && e->size_octets >= -1 && e->delay_ms >= -1);
}

static void start_parser(struct run *run)
{
    run->options.seed = tallies_seed(run->tallies);
    run->parser = parser_new(&run->options, run->tallies, NULL);
    require(run->parser != NULL);
    parser_set_sink(run->parser, check_event, NULL);
    run->source = (struct parser_source){ .name = "fuzz", .default_host = SPAN("localhost") };
    header_clock_set(&run->source.clock, REFERENCE);
}

static void start(struct run *run, unsigned mode)
{
    *run = (struct run){ .options = { .flows_cap = 64, .filter_hosts = { "10.0.0.5" } } };
    run->options.content_filter = (enum content_filter)(mode % 4);
    run->tallies = tallies_new(SEED);
    require(run->tallies != NULL);
}

static void end(struct run *run)
{
    parser_free(run->parser);
    tallies_free(run->tallies);
}

static void read_lines(struct run *run, struct span lines)
{
    for (const char *p = lines.p, *stop = lines.p + lines.n; p < stop;) {
        const char *newline = memchr(p, '\n', (size_t)(stop - p));

        parser_line(run->parser, &run->source, span_from(p, newline ? newline : stop));
        p = newline ? newline + 1 : stop;
    }
}

/* ---- states ---- */

static struct span stored(const struct store *store)
{
    return (struct span){ (const char *)store->octets, store->n };
}

static void save(const struct run *run, struct state *state)
{
    *state = (struct state){ .tallies = { 0 } };
    tallies_save(run->tallies, &state->tallies);
    parser_save(run->parser, &state->parser);
    parser_source_save(&run->source, &state->source);
    require(!state->tallies.failed && !state->parser.failed && !state->source.failed);
}

static void free_state(struct state *state)
{
    store_free(&state->tallies);
    store_free(&state->parser);
    store_free(&state->source);
}

/* True when all of it was taken; whatever was not is as new. */
static bool load(struct run *run, struct span tallies, struct span parser, struct span source)
{
    struct load from = load_of(tallies);
    bool loaded = tallies_load(run->tallies, &from);

    start_parser(run);
    from = load_of(parser);
    loaded = parser_load(run->parser, &from) && loaded;
    from = load_of(source);
    return parser_source_load(&run->source, &from) && loaded;
}

static void damage(struct state *state, const uint8_t *places, size_t n)
{
    struct store *parts[] = { &state->tallies, &state->parser, &state->source };

    for (size_t i = 0; i < n; i++) {
        size_t place = (size_t)places[3 * i] << 8 | places[3 * i + 1];
        struct store *part = parts[place % 3];

        part->octets[place / 3 % part->n] ^= places[3 * i + 2];
    }
}

static void keep(const char *path, unsigned mode, const struct state *state, struct span lines)
{
    struct store input = { 0 };
    FILE *file = fopen(path, "w");

    store_octets(&input, stored(&state->tallies));
    store_octets(&input, stored(&state->parser));
    store_octets(&input, stored(&state->source));
    require(file && !input.failed);
    fputc((int)(mode & 3), file);
    fwrite(input.octets, 1, input.n, file);
    fwrite(lines.p, 1, lines.n, file);
    fclose(file);
    store_free(&input);
}

/* ---- inputs ---- */

/* The state is made of the first half of the lines; returns the second. */
static struct span made(struct run *run, unsigned mode, struct span input)
{
    size_t places = input.n ? (uint8_t)input.p[0] : 0;
    struct span second;
    struct run first;
    struct state state;

    if (input.n < 1 + 3 * places)
        places = 0;
    second = span_skip(input, input.n ? 1 + 3 * places : 0);
    start(&first, mode);
    start_parser(&first);
    read_lines(&first, (struct span){ second.p, second.n / 2 });
    second = span_skip(second, second.n / 2);
    save(&first, &state);
    if (getenv("MAILTALLY_FUZZ_KEEP"))
        keep(getenv("MAILTALLY_FUZZ_KEEP"), mode, &state, second);
    if (places)
        damage(&state, (const uint8_t *)input.p + 1, places);
    if (!load(run, stored(&state.tallies), stored(&state.parser), stored(&state.source)))
        require(places > 0);
    free_state(&state);
    end(&first);
    return second;
}

static struct span given(struct run *run, struct span input)
{
    struct load parts = load_of(input);
    struct span tallies = load_octets(&parts, SIZE_MAX), parser = load_octets(&parts, SIZE_MAX);
    struct span source = load_octets(&parts, SIZE_MAX);

    load(run, tallies, parser, source);
    return parts.failed ? (struct span){ "", 0 } : (struct span){ (const char *)parts.octets, parts.n };
}

/* What the parser made of the state is a state. */
static void require_good_state(struct run *run, unsigned mode)
{
    struct run again;
    struct state state;

    save(run, &state);
    start(&again, mode);
    require(load(&again, stored(&state.tallies), stored(&state.parser), stored(&state.source)));
    require(!parser_forgot_flows(again.parser));
    end(&again);
    free_state(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input, lines;
    struct run run;

    if (size < 1)
        return 0;
    input = span_from((const char *)data + 1, (const char *)data + size);
    start(&run, data[0]);
    lines = data[0] & 4 ? made(&run, data[0], input) : given(&run, input);
    require_good_state(&run, data[0]);
    read_lines(&run, lines);
    require(tallies_hosts(run.tallies) <= HOSTS_CAP + 1 && tallies_zones(run.tallies) <= ZONES_CAP + 1);
    require_good_state(&run, data[0]);
    parser_settle(run.parser, INT64_MAX);
    end(&run);
    return 0;
}
