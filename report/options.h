/* The command line of a subcommand. The options are rows of one table in options.c, from which the help is printed,
 * too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_OPTIONS_H
#define MAILTALLY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../doctor/doctor.h"

enum output_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_TSV, FORMAT_HTML, FORMAT_AWSTATS, FORMAT_NDJSON, FORMATS };

/* Which options a subcommand has, as bits. */
enum option_set {
    OPTIONS_COMMON = 1,
    OPTIONS_EVENTS = 2,
    OPTIONS_REPORT = 4,
    OPTIONS_TABLES = 8, /* those whose output is rows: -F tsv */
    OPTIONS_RRD = 16,
    OPTIONS_GRAPH = 32,
    OPTIONS_JOBS = 64,
    OPTIONS_DNSBL = 256,
    OPTIONS_MERGE = 128,   /* those of report that are about the output */
    OPTIONS_SEARCH = 1024, /* what messages are to have: grep, tail */
    OPTIONS_GREP = 2048,
    OPTIONS_TAIL = 4096,
    OPTIONS_EXPORT = 8192,
    OPTIONS_DOCTOR = 16384,
};

/* Those of `dnsbl test`; 0 and NULL: not given. */
struct lookup_options {
    const char *resolver;
    unsigned rate, timeout_ms;
};

#define SWITCHES_MAX 64

#define LIMIT_NONE        (-1) /* print all */
#define NAMES_MAX_DEFAULT 1000000

/* Those of `report`, by pflogsumm's names. Limits: how many rows to print; 0: leave the table out. */
struct report_options {
    int64_t bounce_detail, deferral_detail, reject_detail, smtp_detail, warning_detail;
    int64_t hosts, users;
    int64_t detail;  /* what those become that are not given */
    const char *day; /* today or yesterday; NULL: all days */
    int64_t day_begin, day_end;
    const char *syslog_name; /* only lines of this instance and of `postfix`; NULL: all */
    uint32_t names_max;      /* distinct addresses that are kept */
    int verp_mung;           /* 0, 1, or 2: the shorter form */
    bool extended, ignore_case, iso_date_time, uucp_mung, mailq, no_no_msg_size, problems_first, rej_add_from, quiet;
    bool smtpd_stats, verbose, zero_fill;
};

/* Of grep, tail and export: what a message is to have, all of it. NULL: not asked for. */
enum search_sort { SORT_NONE, SORT_CONNECTION_TIME, SORT_CONNECTIONS, SORT_SIZE, SORT_DELAY };
struct search_options {
    const char *any; /* an address of it, or its Message-ID */
    const char *address, *from, *to, *domain, *client, *queue_id, *message_id, *text;
    int event;                           /* enum counter; 0: not asked for */
    int refusal_reason, deferral_reason; /* both may have the name; 0: not asked for */
    const char *plugin;
    bool ignore_case;
    enum search_sort sort;
    int64_t last; /* -n: so many; LIMIT_NONE: not given */
    bool summary, whole, connections, messages, no_follow;
};

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
    unsigned jobs; /* threads; 0: one for each processor */
    bool read_all; /* also what lies before --since and behind --until */
    struct report_options report;
    struct search_options search;
    struct lookup_options lookup;
    const char *rrd_directory, *span, *output, *html;
    struct doctor_wishes doctor;
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
