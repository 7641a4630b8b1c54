/* mailtally: from the shell what the daemon counts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report.h"

static const struct subcommand {
    const char *name;
    unsigned options; /* enum option_set */
    enum status (*run)(const struct options *options);
    const char *summary;
    void (*help)(void); /* what stands above the options; NULL: what most have */
} subcommands[] = {
    { "count", OPTIONS_COMMON | OPTIONS_JOBS | OPTIONS_TABLES, count_run, "print every counter", NULL },
    { "events", OPTIONS_COMMON | OPTIONS_JOBS | OPTIONS_EVENTS | OPTIONS_TABLES, events_run,
      "print each event and the line that is its evidence", NULL },
    { "report", OPTIONS_COMMON | OPTIONS_JOBS | OPTIONS_REPORT, report_run,
      "sum up a log, as pflogsumm does, for any mail server", NULL },
    { "tail", OPTIONS_COMMON | OPTIONS_TABLES | OPTIONS_SEARCH | OPTIONS_TAIL, tail_run,
      "follow the log, a line for each message when its fate is known", NULL },
    { "grep", OPTIONS_COMMON | OPTIONS_TABLES | OPTIONS_SEARCH | OPTIONS_GREP, grep_run,
      "find messages, and print all lines of each", NULL },
    { "export", OPTIONS_COMMON | OPTIONS_EXPORT, export_run, "for AWStats, or as JSON, an event or message a line",
      NULL },
    { "dnsbl", OPTIONS_COMMON | OPTIONS_TABLES | OPTIONS_DNSBL, dnsbl_run,
      "count refusals by DNS blocklists, or test who is on them", dnsbl_help },
    { "merge", OPTIONS_MERGE, merge_reports_run, "add up reports of many machines", merge_reports_help },
    { "graph", OPTIONS_GRAPH, graph_run, "draw graphs from RRD files, as pictures or pages", graph_help },
    { "rrd", OPTIONS_COMMON | OPTIONS_RRD | OPTIONS_TABLES, rrd_run,
      "import logs into RRD files, adopt mailgraph's, show what is in them", rrd_help },
    { "doctor", OPTIONS_DOCTOR | OPTIONS_TABLES, doctor_run, "look for what usually goes wrong, and say how to mend it",
      doctor_help },
};
#define SUBCOMMANDS (sizeof subcommands / sizeof subcommands[0])

void complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    flockfile(stderr);
    fputs("mailtally: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    funlockfile(stderr);
    va_end(arguments);
}

static const struct subcommand *find(const char *name)
{
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        if (strcmp(subcommands[i].name, name) == 0)
            return &subcommands[i];
    return NULL;
}

static void print_usage(FILE *stream)
{
    fprintf(stream,
            "Usage: mailtally SUBCOMMAND [OPTION...] [FILE...]\n\nCounts what mail servers do, from their logs.\n"
            "\nSubcommands:\n");
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        fprintf(stream, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
    fprintf(stream, "\nmailtally SUBCOMMAND --help tells its options, mailtally --version the version.\n");
}

static void print_help(const struct subcommand *subcommand)
{
    if (subcommand->help) {
        subcommand->help();
        options_help(subcommand->options);
        return;
    }
    printf("Usage: mailtally %s [OPTION...] [FILE...]\n\nmailtally %s: %s.\n\n"
           "%s; \"-\" is standard input; several are put in order of time.\n"
           "Without FILE the files that the daemon is configured to follow are read.\n\n",
           subcommand->name, subcommand->name, subcommand->summary,
           subcommand->run == tail_run ? "FILE is not compressed" : "FILE may be plain, gzip, bzip2, xz or zstd");
    if (subcommand->run == grep_run)
        printf("The first operand is what to look for, an address or a text, unless one of --address to --plugin says "
               "it,\nor --sort is given. Of several all must fit. Exit status 1: nothing was found.\n\n");
    options_help(subcommand->options);
    printf("\nExit status: 0 done; 2 error (a file that cannot be read does not stop the others).\n");
}

/* Help and version go through stdio: a full disk is an error there, too. */
static int flushed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return STATUS_DONE;
    if (errno != EPIPE)
        complain("standard output cannot be written: %s", strerror(errno));
    return STATUS_ERROR;
}

static int print_version(void)
{
    puts("mailtally " MAILTALLY_VERSION);
    return flushed();
}

/* `help`, and `help SUBCOMMAND`, which is its --help. */
static int help(const char *name)
{
    const struct subcommand *subcommand = name ? find(name) : NULL;

    if (name && !subcommand) {
        complain("there is no subcommand \"%s\"; mailtally help lists them", name);
        return STATUS_ERROR;
    }
    if (subcommand)
        print_help(subcommand);
    else
        print_usage(stdout);
    return flushed();
}

static int run(const struct subcommand *subcommand, int argc, char **argv)
{
    struct options options;

    switch (options_parse(&options, subcommand->options, argc, argv, (int64_t)time(NULL))) {
    case PARSED:
        return (int)subcommand->run(&options);
    case PARSED_HELP:
        print_help(subcommand);
        return flushed();
    case PARSED_VERSION:
        return print_version();
    case PARSED_WRONG:
        break;
    }
    return STATUS_ERROR;
}

/* Started under the name mailtally.cgi. */
static bool is_cgi(const char *program)
{
    const char *slash = program ? strrchr(program, '/') : NULL;

    return program && strcmp(slash ? slash + 1 : program, "mailtally.cgi") == 0;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    const struct subcommand *subcommand = find(word);

    /* A reader that goes away is an error of write(2), so that the status is ours. */
    signal(SIGPIPE, SIG_IGN);
    if (is_cgi(argv[0]))
        return cgi_run();
    if (subcommand)
        return run(subcommand, argc - 1, argv + 1);
    if (strcmp(word, "--version") == 0)
        return print_version();
    if (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0)
        return help(argc > 2 ? argv[2] : NULL);
    if (*word)
        complain("there is no subcommand \"%s\"", word);
    print_usage(stderr);
    return STATUS_ERROR;
}
