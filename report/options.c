/* Options of the subcommands.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "when.h"

static bool set_format(struct options *options, const char *value, int64_t now)
{
    static const char *const names[] = { [FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_TSV] = "tsv" };

    (void)now;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(value, names[i]) == 0) {
            options->format = (enum output_format)i;
            return true;
        }
    complain("there is no format \"%s\"; there are text, json and tsv", value);
    return false;
}

static bool set_time(int64_t *time, const char *name, const char *value, int64_t now)
{
    if (when_parse(value, now, time))
        return true;
    complain("--%s: \"%s\" is no time; it may be " WHEN_FORMS, name, value);
    return false;
}

static bool set_since(struct options *options, const char *value, int64_t now)
{
    return set_time(&options->since, "since", value, now);
}

static bool set_until(struct options *options, const char *value, int64_t now)
{
    return set_time(&options->until, "until", value, now);
}

static bool set_host(struct options *options, const char *value, int64_t now)
{
    (void)now;
    options->host_regex = value;
    return true;
}

static bool set_content_filter(struct options *options, const char *value, int64_t now)
{
    (void)now;
    options->content_filter = value;
    return true;
}

static bool add_switch(struct options *options, const char *program, bool on)
{
    if (options->switches_n == SWITCHES_MAX) {
        complain("%s: too many programs are switched on or off", program);
        return false;
    }
    options->switches[options->switches_n].program = program;
    options->switches[options->switches_n++].on = on;
    return true;
}

static bool enable_program(struct options *options, const char *value, int64_t now)
{
    (void)now;
    return add_switch(options, value, true);
}

static bool disable_program(struct options *options, const char *value, int64_t now)
{
    (void)now;
    return add_switch(options, value, false);
}

static bool set_config(struct options *options, const char *value, int64_t now)
{
    (void)now;
    options->config_file = value;
    return true;
}

static bool set_unrecognised(struct options *options, const char *value, int64_t now)
{
    (void)value;
    (void)now;
    options->unrecognised = true;
    return true;
}

static bool set_rrd_directory(struct options *options, const char *value, int64_t now)
{
    (void)now;
    options->rrd_directory = value;
    return true;
}

static bool set_span(struct options *options, const char *value, int64_t now)
{
    (void)now;
    options->span = value;
    return true;
}

static bool set_output(struct options *options, const char *value, int64_t now)
{
    (void)now;
    options->output = value;
    return true;
}

static bool set_html(struct options *options, const char *value, int64_t now)
{
    (void)now;
    options->html = value;
    return true;
}

static const struct row {
    unsigned sets;
    char letter; /* 0: it has only its long name */
    const char *name;
    const char *value; /* what is to be given; NULL: nothing */
    bool (*set)(struct options *options, const char *value, int64_t now);
    enum parsed special; /* or it does not set, but ask for help or version */
    const char *help;
} rows[] = {
    { OPTIONS_COMMON, 'F', "format", "text|json|tsv", set_format, PARSED, "form of the output; default text" },
    { OPTIONS_COMMON | OPTIONS_GRAPH, 0, "since", "TIME", set_since, PARSED, "only what happened at TIME or later" },
    { OPTIONS_COMMON | OPTIONS_GRAPH, 0, "until", "TIME", set_until, PARSED, "only what happened before TIME" },
    { OPTIONS_COMMON | OPTIONS_GRAPH, 0, "host", "REGEX", set_host, PARSED,
      "only hosts whose name matches; case is ignored" },
    { OPTIONS_COMMON, 0, "content-filter", "auto|none|loopback|ADDRESS[,...]", set_content_filter, PARSED,
      "what is a content filter and no delivery; default auto" },
    { OPTIONS_COMMON, 0, "enable-program", "NAME", enable_program, PARSED, "count this mail program too (clamd)" },
    { OPTIONS_COMMON, 0, "disable-program", "NAME", disable_program, PARSED, "do not count this mail program" },
    { OPTIONS_EVENTS, 0, "unrecognised", NULL, set_unrecognised, PARSED,
      "the lines of known mail programs that no rule matched" },
    { OPTIONS_GRAPH, 'o', "output", "FILE", set_output, PARSED, "the picture: FILE.png or FILE.svg" },
    { OPTIONS_GRAPH, 0, "span", "day|week|month|year", set_span, PARSED, "what the graph shows; default day" },
    { OPTIONS_GRAPH, 0, "html", "DIRECTORY", set_html, PARSED, "write pages with all graphs there" },
    { OPTIONS_RRD | OPTIONS_GRAPH, 0, "rrd-dir", "DIR", set_rrd_directory, PARSED,
      "the directory of the RRD files; default the daemon's" },
    { OPTIONS_COMMON | OPTIONS_GRAPH, 'c', "config", "FILE", set_config, PARSED,
      "the daemon's configuration; it names the files when no FILE is given" },
    { OPTIONS_COMMON | OPTIONS_GRAPH, 0, "help", NULL, NULL, PARSED_HELP, "print this" },
    { OPTIONS_COMMON | OPTIONS_GRAPH, 0, "version", NULL, NULL, PARSED_VERSION, "print the version" },
};
#define ROWS (sizeof rows / sizeof rows[0])

/* getopt's two forms of the table; `val` is the row's index, above all letters. */
#define ROW_BASE 256

static void for_getopt(unsigned sets, struct option *longs, char *shorts)
{
    *shorts++ = ':'; /* a missing value is told from an unknown option */
    for (size_t i = 0; i < ROWS; i++) {
        if (!(rows[i].sets & sets))
            continue;
        *longs++ =
            (struct option){ rows[i].name, rows[i].value ? required_argument : no_argument, NULL, ROW_BASE + (int)i };
        if (!rows[i].letter)
            continue;
        *shorts++ = rows[i].letter;
        if (rows[i].value)
            *shorts++ = ':';
    }
    *longs = (struct option){ 0 };
    *shorts = '\0';
}

static const struct row *row_of(int value)
{
    if (value >= ROW_BASE)
        return &rows[value - ROW_BASE];
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].letter == value)
            return &rows[i];
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

static enum parsed take_all(struct options *options, const struct option *longs, const char *shorts, int argc,
                            char **argv, int64_t now)
{
    int result;

    opterr = 0;
    optind = 1;
    while ((result = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const struct row *row = result == '?' || result == ':' ? NULL : row_of(result);

        if (!row)
            return tell(result, argv);
        if (row->special != PARSED)
            return row->special;
        if (!row->set(options, optarg, now))
            return PARSED_WRONG;
    }
    return PARSED;
}

enum parsed options_parse(struct options *options, unsigned sets, int argc, char **argv, int64_t now)
{
    struct option longs[ROWS + 1];
    char shorts[2 * ROWS + 2];
    enum parsed parsed;

    /* From the beginning to the end of time, until one of them is given. */
    *options = (struct options){ .since = INT64_MIN, .until = INT64_MAX };
    for_getopt(sets, longs, shorts);
    parsed = take_all(options, longs, shorts, argc, argv, now);
    if (parsed != PARSED)
        return parsed;
    options->files = argv + optind;
    options->files_n = (size_t)(argc - optind);
    if (options->since >= options->until) {
        complain("--since is not before --until: nothing could be counted");
        return PARSED_WRONG;
    }
    if (options->since == INT64_MIN && options->until == INT64_MAX)
        options->since = options->until = 0;
    else if (options->since == INT64_MIN)
        options->since++; /* INT64_MIN is TIME_UNKNOWN: what has no time is in no span of time */
    return PARSED;
}

void options_help(unsigned sets)
{
    printf("Options:\n");
    for (size_t i = 0; i < ROWS; i++) {
        char left[80];

        if (!(rows[i].sets & sets))
            continue;
        snprintf(left, sizeof left, "%s%c%s--%s%s%s", rows[i].letter ? "-" : "  ",
                 rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ", " : " ", rows[i].name,
                 rows[i].value ? " " : "", rows[i].value ? rows[i].value : "");
        if (strlen(left) > 30)
            printf("  %s\n  %30s  %s\n", left, "", rows[i].help);
        else
            printf("  %-30s  %s\n", left, rows[i].help);
    }
    printf("\nTIME is " WHEN_FORMS ".\n");
}
