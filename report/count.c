/* mailtally count: every counter, once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "input.h"
#include "output.h"

#define NAME_COLUMNS   21
#define NUMBER_COLUMNS 15

static void put_tsv(struct output *output, const struct tally *total)
{
    for (int i = 1; i < COUNTERS; i++) {
        output_literal(output, counter_name((enum counter)i));
        output_char(output, '\t');
        output_number(output, total->counters[i]);
        output_char(output, '\n');
    }
}

/* A meaning in the columns that are left, broken between words. */
static void put_wrapped(struct output *output, const char *text, size_t indent, size_t width)
{
    size_t room = width > indent + 20 ? width - indent : 20;

    for (;;) {
        size_t n = strlen(text);

        if (n > room)
            for (n = room; n > 0 && text[n] != ' '; n--)
                continue;
        if (n == 0)
            n = strcspn(text, " ");
        output_text(output, (struct span){ text, n });
        output_char(output, '\n');
        text += n + (text[n] == ' ');
        if (!*text)
            return;
        for (size_t i = 0; i < indent; i++)
            output_char(output, ' ');
    }
}

static void put_row(struct output *output, const char *name, uint64_t number, const char *meaning)
{
    char left[NAME_COLUMNS + NUMBER_COLUMNS + 32];
    int n = snprintf(left, sizeof left, "%-*s%*llu  ", NAME_COLUMNS, name, NUMBER_COLUMNS, (unsigned long long)number);

    if (number == 0)
        output_colour(output, COLOUR_FAINT);
    output_literal(output, left);
    put_wrapped(output, meaning, (size_t)n, output_width(output));
    if (number == 0)
        output_colour(output, COLOUR_NONE);
}

/* The lines of the input by what became of them, for the footer and for JSON. */
struct line_count {
    const char *name, *meaning;
    uint64_t number;
};
#define LINE_COUNTS 5

static void line_counts(struct line_count *counts, const struct parser_counts *lines)
{
    counts[0] = (struct line_count){ "read", "lines in all", lines->lines };
    counts[1] = (struct line_count){ "recognised", "of known mail programs, and understood", lines->recognised };
    counts[2] = (struct line_count){ "ignored", "of other programs, or without a header", lines->ignored };
    counts[3] =
        (struct line_count){ "unrecognised", "of known mail programs, no rule matched: mailtally events --unrecognised",
                             lines->unrecognised };
    counts[4] = (struct line_count){ "overlong", "longer than 65536 octets: ignored", lines->overlong };
}

static void put_text(struct output *output, const struct tally *total, const struct parser_counts *lines)
{
    struct line_count counts[LINE_COUNTS];

    for (int i = 1; i < COUNTERS; i++)
        put_row(output, counter_name((enum counter)i), total->counters[i], counter_meaning((enum counter)i));
    output_literal(output, "\nLines\n");
    line_counts(counts, lines);
    for (size_t i = 0; i < LINE_COUNTS; i++)
        put_row(output, counts[i].name, counts[i].number, counts[i].meaning);
}

/* "name": behind a comma but for the first of its object. */
static void put_key(struct output *output, bool *is_first, const char *name)
{
    if (!*is_first)
        output_char(output, ',');
    *is_first = false;
    output_string(output, name);
    output_char(output, ':');
}

static void put_json_number(struct output *output, bool *is_first, const char *name, uint64_t number)
{
    put_key(output, is_first, name);
    output_number(output, number);
}

static void put_json_counters(struct output *output, const struct tally *tally)
{
    bool is_first = true;

    output_char(output, '{');
    for (int i = 1; i < COUNTERS; i++)
        put_json_number(output, &is_first, counter_name((enum counter)i), tally->counters[i]);
    output_char(output, '}');
}

static void put_json_severities(struct output *output, uint64_t permanent, uint64_t temporary, uint64_t warned)
{
    bool is_first = true;

    output_char(output, '{');
    put_json_number(output, &is_first, "permanent", permanent);
    put_json_number(output, &is_first, "temporary", temporary);
    put_json_number(output, &is_first, "warned", warned);
    output_char(output, '}');
}

/* Reasons and zones: those that occurred. */
static void put_json_refusals(struct output *output, const struct tallies *tallies)
{
    bool is_first = true;

    output_char(output, '{');
    for (int i = 1; i < REFUSAL_REASONS; i++) {
        struct reason_counts counts = tallies_refusals(tallies, (enum refusal_reason)i);

        if (counts.permanent + counts.temporary + counts.warned == 0)
            continue;
        put_key(output, &is_first, refusal_reason_name((enum refusal_reason)i));
        put_json_severities(output, counts.permanent, counts.temporary, counts.warned);
    }
    output_char(output, '}');
}

static void put_json_deferrals(struct output *output, const struct tallies *tallies)
{
    bool is_first = true;

    output_char(output, '{');
    for (int i = 1; i < DEFERRAL_REASONS; i++)
        if (tallies_deferrals(tallies, (enum deferral_reason)i))
            put_json_number(output, &is_first, deferral_reason_name((enum deferral_reason)i),
                            tallies_deferrals(tallies, (enum deferral_reason)i));
    output_char(output, '}');
}

static void put_json_zones(struct output *output, const struct tallies *tallies)
{
    bool is_first = true;

    output_char(output, '{');
    for (size_t i = 0; i < tallies_zones(tallies); i++) {
        const struct zone *zone = tallies_zone_at(tallies, i);

        put_key(output, &is_first, zone->name);
        put_json_severities(output, zone->permanent, zone->temporary, zone->warned);
    }
    output_char(output, '}');
}

static bool has_events(const struct tally *tally)
{
    for (int i = 1; i < COUNTERS; i++)
        if (tally->counters[i])
            return true;
    return false;
}

/* Of a span of time those that had events in it: which others wrote lines depends on how much was read. */
static void put_json_hosts(struct output *output, const struct tallies *tallies, bool is_span)
{
    bool is_first = true;

    output_char(output, '{');
    for (size_t i = 0; i < tallies_hosts(tallies); i++) {
        const struct tally *host = tallies_host_at(tallies, i);

        if (is_span && !has_events(host))
            continue;
        put_key(output, &is_first, host->name);
        put_json_counters(output, host);
    }
    output_char(output, '}');
}

static void put_json(struct output *output, const struct tallies *tallies, const struct parser_counts *lines,
                     bool is_span)
{
    struct line_count counts[LINE_COUNTS];
    bool is_first = true;

    output_literal(output, "{\"counters\":");
    put_json_counters(output, tallies_total(tallies));
    output_literal(output, ",\n\"lines\":{");
    line_counts(counts, lines);
    for (size_t i = 0; i < LINE_COUNTS; i++)
        put_json_number(output, &is_first, counts[i].name, counts[i].number);
    output_literal(output, "},\n\"refusals\":");
    put_json_refusals(output, tallies);
    output_literal(output, ",\n\"deferrals\":");
    put_json_deferrals(output, tallies);
    output_literal(output, ",\n\"zones\":");
    put_json_zones(output, tallies);
    output_literal(output, ",\n\"hosts\":");
    put_json_hosts(output, tallies, is_span);
    output_literal(output, "}\n");
}

static void put_all(struct output *output, const struct options *options, struct input *input)
{
    const struct tallies *tallies = input_tallies(input);
    const struct parser_counts *lines = parser_counts(input_parser(input));

    switch (options->format) {
    case FORMAT_TSV:
        put_tsv(output, tallies_total(tallies));
        break;
    case FORMAT_JSON:
        put_json(output, tallies, lines, options->since || options->until);
        break;
    case FORMAT_TEXT:
    case FORMAT_HTML: /* not of this subcommand */
    case FORMAT_AWSTATS:
    case FORMAT_NDJSON:
    case FORMATS:
        put_text(output, tallies_total(tallies), lines);
        break;
    }
}

enum status count_run(const struct options *options)
{
    struct input *input = input_open(options);
    struct output *output = input ? output_new(options->format) : NULL;
    enum status status = STATUS_ERROR;

    if (output) {
        input_show_progress(input);
        status = input_read(input);
        /* Noughts of a log that could not be read look like a quiet day. */
        if (status == STATUS_DONE || parser_counts(input_parser(input))->lines)
            put_all(output, options, input);
        output_finish(output);
    }
    input_close(input);
    return status;
}
