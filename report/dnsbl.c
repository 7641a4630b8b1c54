/* mailtally dnsbl: the actions, and counting.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "dnsbl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "output.h"

static const struct {
    const char *name;
    enum status (*run)(const struct options *options);
    const char *operands, *summary;
} actions[] = {
    { "count", dnsbl_count, "[FILE...]", "how many refusals each blocklist made, by any mail server" },
    { "test", dnsbl_test, "ZONE... [FILE...]",
      "which clients of accepted messages are on these lists now, and what came from them.\n"
      "      An operand is a FILE if there is such a file, or it has a slash; \"-\" is standard input" },
};
#define ACTIONS (sizeof actions / sizeof actions[0])

void dnsbl_help(void)
{
    printf("Usage: mailtally dnsbl ACTION [OPTION...] [OPERAND...]\n\n"
           "mailtally dnsbl: refusals by DNS blocklists, and who could be refused.\n\nActions:\n");
    for (size_t i = 0; i < ACTIONS; i++)
        printf("  %s %s\n      %s.\n", actions[i].name, actions[i].operands, actions[i].summary);
    printf("\nWithout FILE the files that the daemon is configured to follow are read.\n"
           "Exit status of test: 0 some are listed; 1 none is; 2 error.\n\n");
}

enum status dnsbl_run(const struct options *options)
{
    struct options rest = *options;

    if (options->files_n == 0) {
        complain("an action is missing: count or test; see mailtally dnsbl --help");
        return STATUS_ERROR;
    }
    rest.files++;
    rest.files_n--;
    for (size_t i = 0; i < ACTIONS; i++)
        if (strcmp(options->files[0], actions[i].name) == 0)
            return actions[i].run(&rest);
    complain("there is no action \"%s\"; there are count and test", options->files[0]);
    return STATUS_ERROR;
}

/* ---- count ---- */

static uint64_t refusals_of(const struct zone *zone)
{
    return zone->permanent + zone->temporary;
}

static int by_refusals(const void *a, const void *b)
{
    const struct zone *x = *(const struct zone *const *)a, *y = *(const struct zone *const *)b;

    if (refusals_of(x) != refusals_of(y))
        return refusals_of(x) > refusals_of(y) ? -1 : 1;
    return x->warned != y->warned ? (x->warned > y->warned ? -1 : 1) : strcmp(x->name, y->name);
}

static void put_text(struct output *output, const struct zone *const *zones, size_t n, uint64_t all)
{
    output_literal(output, "refusals   share  permanent  temporary   warnings  blocklist\n");
    for (size_t i = 0; i < n; i++) {
        output_print(output, "%8" PRIu64 "  %5.1f%%  %9" PRIu64 "  %9" PRIu64 "  %9" PRIu64 "  ", refusals_of(zones[i]),
                     all ? 100.0 * (double)refusals_of(zones[i]) / (double)all : 0, zones[i]->permanent,
                     zones[i]->temporary, zones[i]->warned);
        output_string(output, zones[i]->name);
        output_char(output, '\n');
    }
    output_print(output, "%8" PRIu64 "  in all\n", all);
}

static void put_tsv(struct output *output, const struct zone *const *zones, size_t n)
{
    output_literal(output, "zone\tpermanent\ttemporary\twarned\n");
    for (size_t i = 0; i < n; i++) {
        output_string(output, zones[i]->name);
        output_print(output, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", zones[i]->permanent, zones[i]->temporary,
                     zones[i]->warned);
    }
}

static void put_json(struct output *output, const struct zone *const *zones, size_t n, uint64_t all)
{
    output_print(output, "{\"refusals\":%" PRIu64 ",\n\"zones\":[", all);
    for (size_t i = 0; i < n; i++) {
        output_literal(output, i ? ",\n{\"zone\":" : "\n{\"zone\":");
        output_string(output, zones[i]->name);
        output_print(output, ",\"permanent\":%" PRIu64 ",\"temporary\":%" PRIu64 ",\"warned\":%" PRIu64 "}",
                     zones[i]->permanent, zones[i]->temporary, zones[i]->warned);
    }
    output_literal(output, "]}\n");
}

static void put_zones(struct output *output, const struct options *options, const struct tallies *tallies)
{
    size_t n = tallies_zones(tallies);
    const struct zone **zones = calloc(n ? n : 1, sizeof *zones);
    uint64_t all = 0;

    if (!zones) {
        complain("no memory");
        exit(STATUS_ERROR);
    }
    for (size_t i = 0; i < n; i++) {
        zones[i] = tallies_zone_at(tallies, i);
        all += refusals_of(zones[i]);
    }
    qsort(zones, n, sizeof *zones, by_refusals);
    if (options->format == FORMAT_TSV)
        put_tsv(output, zones, n);
    else if (options->format == FORMAT_JSON)
        put_json(output, zones, n, all);
    else
        put_text(output, zones, n, all);
    free(zones);
}

enum status dnsbl_count(const struct options *options)
{
    struct input *input = input_open(options);
    struct output *output = input ? output_new(options->format) : NULL;
    enum status status = STATUS_ERROR;

    if (output) {
        input_show_progress(input);
        status = input_read(input);
        if (status == STATUS_DONE || parser_counts(input_parser(input))->lines)
            put_zones(output, options, input_tallies(input));
        if (tallies_zones_over_cap(input_tallies(input)))
            complain("there were more blocklists than are counted one by one: (other) has the rest");
        output_finish(output);
    }
    input_close(input);
    return status;
}
