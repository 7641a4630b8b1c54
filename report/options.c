/* Options of the subcommands: what is given is looked up in the rows of options_rows.c, by getopt.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "options_inside.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "when.h"

/* getopt's two forms of the table; `val` is the row's index, above all letters. */
#define ROW_BASE 256

static void for_getopt(unsigned sets, struct option *longs, char *shorts)
{
    *shorts++ = ':'; /* a missing value is told from an unknown option */
    for (size_t i = 0; i < OPTIONS_ROWS; i++) {
        if (!(options_rows[i].sets & sets))
            continue;
        *longs++ = (struct option){ options_rows[i].name,
                                    !options_rows[i].value            ? no_argument
                                    : options_rows[i].value[0] == '[' ? optional_argument
                                                                      : required_argument,
                                    NULL, ROW_BASE + (int)i };
        if (!options_rows[i].letter)
            continue;
        *shorts++ = options_rows[i].letter;
        if (options_rows[i].value)
            *shorts++ = ':';
    }
    *longs = (struct option){ 0 };
    *shorts = '\0';
}

static const struct options_row *row_of(unsigned sets, int value)
{
    if (value >= ROW_BASE)
        return &options_rows[value - ROW_BASE];
    for (size_t i = 0; i < OPTIONS_ROWS; i++)
        if (options_rows[i].letter == value && options_rows[i].sets & sets)
            return &options_rows[i];
    return NULL;
}

/* What getopt could not take: after a long option optopt is 0, or its val when only the value is wrong. */
static enum parsed tell(int result, char **argv)
{
    const char *word = argv[optind - 1];

    if (result == ':')
        complain("%s needs a value; see mailtally %s --help", word, argv[0]);
    else if (optopt >= ROW_BASE)
        complain("%s takes no value; see mailtally %s --help", word, argv[0]);
    else if (optopt)
        complain("there is no option -%c; see mailtally %s --help", optopt, argv[0]);
    else
        complain("there is no option %s, or it could be several; see mailtally %s --help", word, argv[0]);
    return PARSED_WRONG;
}

static enum parsed take_all(struct options *options, unsigned sets, const struct option *longs, const char *shorts,
                            int argc, char **argv, int64_t now)
{
    int result;

    opterr = 0;
    optind = 1;
    while ((result = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const struct options_row *row = result == '?' || result == ':' ? NULL : row_of(sets, result);

        if (!row)
            return tell(result, argv);
        if (row->special != PARSED)
            return row->special;
        if (!row->set(options, optarg, now))
            return PARSED_WRONG;
    }
    return PARSED;
}

static const struct report_options report_defaults = {
    .bounce_detail = LIMIT_NONE,
    .deferral_detail = LIMIT_NONE,
    .reject_detail = LIMIT_NONE,
    .smtp_detail = LIMIT_NONE,
    .warning_detail = LIMIT_NONE,
    .hosts = LIMIT_NONE,
    .users = LIMIT_NONE,
    .detail = LIMIT_NONE,
    .names_max = NAMES_MAX_DEFAULT,
};

static bool is_long_name(unsigned sets, const char *word)
{
    size_t n = strcspn(word, "=");

    for (size_t i = 0; i < OPTIONS_ROWS; i++)
        if (options_rows[i].sets & sets && n > 1 && strlen(options_rows[i].name) == n &&
            strncmp(options_rows[i].name, word, n) == 0)
            return true;
    return false;
}

/* pflogsumm takes --zero_fill and -zero-fill, too. */
static void make_plain(unsigned sets, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        char *plain;

        if (argv[i][0] != '-' || asprintf(&plain, "%s%s", argv[i][1] == '-' ? "" : "-", argv[i]) < 0)
            continue;
        for (char *p = plain; *p && *p != '='; p++)
            if (*p == '_')
                *p = '-';
        if (argv[i][1] == '-' || is_long_name(sets, plain + 2))
            argv[i] = plain; /* until the end of the process */
        else
            free(plain);
    }
}

static void spread_detail(struct report_options *report)
{
    int64_t *const limits[] = { &report->bounce_detail, &report->deferral_detail, &report->reject_detail,
                                &report->smtp_detail,   &report->warning_detail,  &report->hosts,
                                &report->users };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (*limits[i] == LIMIT_NONE)
            *limits[i] = report->detail;
}

static bool format_is_there(const struct options *options, unsigned sets)
{
    bool has_page = sets & (OPTIONS_REPORT | OPTIONS_MERGE);

    if (sets & OPTIONS_EXPORT) {
        if (options->format == FORMAT_AWSTATS || options->format == FORMAT_NDJSON)
            return true;
        complain("-F awstats or -F ndjson must be given");
        return false;
    }
    if (options->format == FORMAT_AWSTATS || options->format == FORMAT_NDJSON) {
        complain("%s is a format of mailtally export", options->format == FORMAT_NDJSON ? "ndjson" : "awstats");
        return false;
    }
    if (options->format != FORMATS && (options->format != FORMAT_HTML || has_page))
        return true;
    complain("there is no such format; there are text, json%s", has_page ? ", tsv and html" : " and tsv");
    return false;
}

/* False when there is nothing between the two. */
static bool settle_times(struct options *options)
{
    bool is_given = options->since != INT64_MIN || options->until != INT64_MAX;

    if (options->report.day && is_given) {
        complain("-d stands for --since and --until: give it, or them");
        return false;
    }
    if (options->report.day) {
        options->since = options->report.day_begin;
        options->until = options->report.day_end;
    }
    if (options->since >= options->until) {
        complain("--since is not before --until: nothing could be counted");
        return false;
    }
    if (options->since == INT64_MIN && options->until == INT64_MAX)
        options->since = options->until = 0;
    else if (options->since == INT64_MIN)
        options->since++; /* INT64_MIN is TIME_UNKNOWN: what has no time is in no span of time */
    return true;
}

enum parsed options_parse(struct options *options, unsigned sets, int argc, char **argv, int64_t now)
{
    struct option longs[OPTIONS_ROWS + 1];
    char shorts[2 * OPTIONS_ROWS + 2];
    enum parsed parsed;

    /* From the beginning to the end of time, until one of them is given. */
    *options = (struct options){
        .since = INT64_MIN, .until = INT64_MAX, .jobs = 1, .report = report_defaults, .search.last = LIMIT_NONE
    };
    for_getopt(sets, longs, shorts);
    if (sets & (OPTIONS_REPORT | OPTIONS_MERGE))
        make_plain(sets, argc, argv);
    parsed = take_all(options, sets, longs, shorts, argc, argv, now);
    if (parsed != PARSED)
        return parsed;
    if (!format_is_there(options, sets))
        return PARSED_WRONG;
    spread_detail(&options->report);
    options->files = argv + optind;
    options->files_n = (size_t)(argc - optind);
    return settle_times(options) ? PARSED : PARSED_WRONG;
}

void options_help(unsigned sets)
{
    printf("Options:\n");
    for (size_t i = 0; i < OPTIONS_ROWS; i++) {
        char left[80];

        if (!(options_rows[i].sets & sets))
            continue;
        snprintf(left, sizeof left, "%s%c%s--%s%s%s", options_rows[i].letter ? "-" : "  ",
                 options_rows[i].letter ? options_rows[i].letter : ' ', options_rows[i].letter ? ", " : " ",
                 options_rows[i].name, options_rows[i].value && options_rows[i].value[0] != '[' ? " " : "",
                 options_rows[i].value ? options_rows[i].value : "");
        if (strlen(left) > 30)
            printf("  %s\n  %30s  %s\n", left, "", options_rows[i].help);
        else
            printf("  %-30s  %s\n", left, options_rows[i].help);
    }
    if (sets & (OPTIONS_COMMON | OPTIONS_GRAPH))
        printf("\nTIME is one of:\n  " WHEN_FORMS "\n");
}
