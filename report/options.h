/* The command line of a subcommand. The options are rows of one table in options.c, from which the help is printed,
 * too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_OPTIONS_H
#define MAILTALLY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum output_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_TSV };

/* Which options a subcommand has, as bits. */
enum option_set {
    OPTIONS_COMMON = 1,
    OPTIONS_EVENTS = 2,
    OPTIONS_RRD = 4,
    OPTIONS_GRAPH = 8,
};

#define SWITCHES_MAX 64

/* All strings are the caller's argv. */
struct options {
    enum output_format format;
    int64_t since, until;   /* seconds since 1970; both 0: everything */
    const char *host_regex; /* NULL: not given, likewise below */
    const char *content_filter;
    const char *config_file;
    struct {
        const char *program;
        bool on;
    } switches[SWITCHES_MAX];
    size_t switches_n;
    bool unrecognised;
    const char *rrd_directory, *span, *output, *html;
    bool wants_config; /* also when files are named */
    char **files;      /* operands */
    size_t files_n;
};

enum parsed { PARSED, PARSED_HELP, PARSED_VERSION, PARSED_WRONG /* it was told */ };

/* argv[0] is the subcommand. `sets`: enum option_set. now: seconds since 1970. */
enum parsed options_parse(struct options *options, unsigned sets, int argc, char **argv, int64_t now);

/* The rows of the options in `sets`, for --help, to standard output. */
void options_help(unsigned sets);

#endif
