/* The parser's part of the saved state, and that of its sources.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "parser_inside.h"

static void save_counts(const void *holder, struct store *store)
{
    const struct parser_counts *counts = &((const struct parser *)holder)->counts;

    store_number(store, counts->lines);
    store_number(store, counts->recognised);
    store_number(store, counts->unrecognised);
    store_number(store, counts->ignored);
    store_number(store, counts->overlong);
    store_signed(store, counts->last_event);
}

static void load_counts(void *holder, struct load *load)
{
    struct parser_counts *counts = &((struct parser *)holder)->counts;

    counts->lines = load_number(load);
    counts->recognised = load_number(load);
    counts->unrecognised = load_number(load);
    counts->ignored = load_number(load);
    counts->overlong = load_number(load);
    counts->last_event = load_signed(load);
}

/* The last line's place, and when was settled. */
static void save_place(const void *holder, struct store *store)
{
    const struct parser *parser = holder;

    tallies_save_row(parser->tallies, store, parser->last.tally);
    store_text(store, parser->last.file);
    store_number(store, parser->last.number);
    store_signed(store, parser->last.header.time);
    store_signed(store, parser->last.reference);
    store_signed(store, parser->settled);
    tallies_save_row(parser->tallies, store, parser->settled_host);
}

static void load_place(void *holder, struct load *load)
{
    struct parser *parser = holder;
    struct span file;

    parser->last.tally = tallies_load_row(parser->tallies, load);
    file = load_octets(load, SIZE_MAX);
    parser->last.number = load_number(load);
    parser->last.header.time = load_signed(load);
    parser->last.reference = load_signed(load);
    parser->settled = load_signed(load);
    parser->settled_host = tallies_load_row(parser->tallies, load);
    if (file.n > LAST_FILE_OCTETS)
        file.n = 0;
    memcpy(parser->last_file, file.p, file.n);
    parser->last_file[file.n] = '\0';
    parser->last.file = parser->last_file;
}

static void save_repeats(const void *holder, struct store *store)
{
    const struct parser *parser = holder;

    repeats_save(parser->repeats, parser->tallies, store);
}

static void load_repeats(void *holder, struct load *load)
{
    struct parser *parser = holder;

    repeats_load(parser->repeats, parser->tallies, load);
}

/* What waits to be counted. */
static void save_uncounted(const void *holder, struct store *store)
{
    const struct parser *parser = holder;

    verdicts_save(parser->verdicts, parser->tallies, store);
    flows_save_pipes(parser->flows, parser->tallies, store);
}

static void load_uncounted(void *holder, struct load *load)
{
    struct parser *parser = holder;

    verdicts_load(parser->verdicts, parser->tallies, load);
    flows_load_pipes(parser->flows, parser->tallies, load);
}

/* What is found again by keys. */
static void save_keyed(const void *holder, struct store *store)
{
    const struct parser *parser = holder;

    verdicts_save_decided(parser->verdicts, store);
    flows_save(parser->flows, parser->tallies, store);
}

static void load_keyed(void *holder, struct load *load)
{
    struct parser *parser = holder;

    if (parser->forgot_flows) {
        load->n = 0;
        return;
    }
    verdicts_load_decided(parser->verdicts, load);
    flows_load(parser->flows, parser->tallies, load);
}

static void save_copies(const void *holder, struct store *store)
{
    const struct parser *parser = holder;

    copies_save(parser->copies, parser->tallies, store);
}

static void load_copies(void *holder, struct load *load)
{
    struct parser *parser = holder;

    if (parser->forgot_flows)
        load->n = 0;
    else
        copies_load(parser->copies, parser->tallies, load);
}

static const struct store_part parts[] = {
    { 1, save_counts, load_counts },   { 2, save_place, load_place },
    { 3, save_repeats, load_repeats }, { 4, save_uncounted, load_uncounted },
    { 5, save_keyed, load_keyed },     { 7, save_copies, load_copies }, /* 6 was copies, too */
};

void parser_save(const struct parser *parser, struct store *store)
{
    store_number(store, flows_layout(parser->seed));
    store_parts(store, parts, sizeof parts / sizeof *parts, parser);
}

static void forget(struct parser *parser)
{
    parser->counts = (struct parser_counts){ .last_event = TIME_UNKNOWN };
    parser->last = (struct line){ .file = NULL };
    parser->settled = TIME_UNKNOWN;
    parser->settled_host = NULL;
    repeats_forget(parser->repeats);
    copies_forget(parser->copies);
    verdicts_forget(parser->verdicts);
    flows_forget(parser->flows);
}

bool parser_load(struct parser *parser, struct load *load)
{
    forget(parser);
    parser->forgot_flows = load_number(load) != flows_layout(parser->seed);
    load_parts(load, parts, sizeof parts / sizeof *parts, parser);
    if (load->failed)
        forget(parser);
    parser->events.evidence_wanted = flows_wait_for_evidence(parser->flows);
    return !load->failed;
}

bool parser_forgot_flows(const struct parser *parser)
{
    return parser->forgot_flows;
}

bool parser_take_over(struct parser *parser, const struct parser *old)
{
    struct store store = { 0 };
    bool done = parser->seed == old->seed && parser->tallies == old->tallies;

    if (done)
        parser_save(old, &store);
    if (done && !store.failed) {
        struct load load = load_of((struct span){ (const char *)store.octets, store.n });

        done = parser_load(parser, &load);
    }
    done = done && !store.failed;
    store_free(&store);
    return done;
}

void parser_source_save(const struct parser_source *source, struct store *store)
{
    store_number(store, source->lines);
    header_clock_save(&source->clock, store);
}

bool parser_source_load(struct parser_source *source, struct load *load)
{
    uint64_t lines = load_number(load);

    header_clock_load(&source->clock, load);
    if (!load->failed)
        source->lines = lines;
    return !load->failed;
}
