/* Fuzzes what report makes of a log, in each of its forms.
 *
 * Beyond what the sanitisers see: nothing that was printed acts on a terminal, and the report in JSON, when merge reads
 * it, is the same report: what merge cannot read would be lost, and what it reads otherwise miscounted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "printed.h"
#include "reports.h"

#define OPTIONS_FIRST 2 /* octets of the input, whose bits choose options */

/* False: the report is not whole, so merge refuses it, or says that it is not exact. */
static bool choose(struct options *options, const uint8_t *data)
{
    static char name[] = "report";
    char *argv[] = { name, NULL };
    struct report_options *o = &options->report;
    const unsigned bits = data[0] + 256u * data[1];

    require(options_parse(options, OPTIONS_COMMON | OPTIONS_REPORT, 1, argv, REFERENCE) == PARSED);
    options->format = FORMAT_JSON; /* for which all is counted */
    o->smtpd_stats = bits & 1;
    o->extended = bits & 2;
    o->ignore_case = bits & 4;
    o->rej_add_from = bits & 8;
    o->verbose = bits & 16;
    o->uucp_mung = bits & 32;
    o->quiet = bits & 64;
    o->zero_fill = bits & 128;
    o->problems_first = bits & 256;
    o->iso_date_time = bits & 512;
    o->no_no_msg_size = bits & 1024;
    o->verp_mung = (int)(bits >> 11) % 3;
    if (bits & 1 << 13)
        o->syslog_name = "postfix-out";
    if (bits & 1 << 14)
        o->names_max = 4;
    if (bits & 1 << 15)
        o->hosts = o->users = o->bounce_detail = o->reject_detail = 1;
    return bits < 1 << 14;
}

/* Octets that are no UTF-8 are U+FFFD in JSON, for merge an octet like any other: only from then on all is the same. */
static void check_merged(const struct options *options, const char *json, size_t n)
{
    struct options merging = *options;
    size_t merged_n;
    char *merged = merge_one(&merging, json, n, &merged_n);

    require(merged);
    if (memmem(json, n, "\\ufffd", 6))
        check_stays(&merging, merged, merged_n);
    else
        require(merged_n == n && memcmp(merged, json, n) == 0);
    free(merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parser_options how = { .seed = 1, .flows_cap = 64, .filter_hosts = { "10.0.0.5" } };
    struct options options;
    struct summary *summary;
    struct tallies *tallies;
    struct parser *parser;
    bool is_whole;
    char *copy;

    if (size < OPTIONS_FIRST)
        return 0;
    is_whole = choose(&options, data);
    tallies = tallies_new(how.seed);
    parser = tallies ? parser_new(&how, tallies, NULL) : NULL;
    summary = summary_new(&options, how.seed);
    copy = malloc(size);
    if (!parser || !summary || !copy)
        abort();
    memcpy(copy, data, size);
    summary_watch(summary, parser);
    read_log(parser, copy + OPTIONS_FIRST, copy + size);
    for (size_t i = 0; i < sizeof report_formats / sizeof report_formats[0]; i++) {
        size_t n;
        char *printed = print_report(summary, report_formats[i], parser_counts(parser), &n);

        if (report_formats[i] == FORMAT_JSON && is_whole)
            check_merged(&options, printed, n);
        free(printed);
    }
    free(copy);
    summary_free(summary);
    parser_free(parser);
    tallies_free(tallies);
    return 0;
}
