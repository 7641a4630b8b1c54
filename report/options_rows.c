/* Options of the subcommands: a row for each, and what it sets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "options_inside.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../parser/event.h"
#include "lookup.h"
#include "report.h"
#include "team.h"
#include "when.h"

static bool set_format(struct options *options, const char *value, int64_t now)
{
    static const char *const names[] = {
        [FORMAT_TEXT] = "text", [FORMAT_JSON] = "json",       [FORMAT_TSV] = "tsv",
        [FORMAT_HTML] = "html", [FORMAT_AWSTATS] = "awstats", [FORMAT_NDJSON] = "ndjson"
    };

    (void)now;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(value, names[i]) == 0) {
            options->format = (enum output_format)i;
            return true;
        }
    options->format = FORMATS; /* the subcommand's own formats are told when it is known */
    return true;
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

/* -j 0: as many as there are processors for this process. */
static bool set_jobs(struct options *options, const char *value, int64_t now)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);

    (void)now;
    if (*end || !is_digit(*value) || n > TEAM_MAX) {
        complain("-j: \"%s\" is no number from 0 to %d", value, TEAM_MAX);
        return false;
    }
    options->jobs = (unsigned)n;
    return true;
}

static bool set_read_all(struct options *options, const char *value, int64_t now)
{
    (void)value;
    (void)now;
    return options->read_all = true;
}

/* ---- of dnsbl test ---- */

static bool set_resolver(struct options *options, const char *value, int64_t now)
{
    (void)now;
    options->lookup.resolver = value;
    return true;
}

static bool set_rate(struct options *options, const char *value, int64_t now)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);

    (void)now;
    options->lookup.rate = (unsigned)n;
    if (*end || !is_digit(*value) || n < 1 || n > LOOKUP_RATE_MAX)
        complain("--rate: \"%s\" is no number from 1 to %d", value, LOOKUP_RATE_MAX);
    else
        return true;
    return false;
}

static bool set_timeout(struct options *options, const char *value, int64_t now)
{
    char *end;
    double seconds = strtod(value, &end);

    (void)now;
    if (*end || !is_digit(*value) || !(seconds >= 0.1 && seconds <= 60)) {
        complain("--timeout: \"%s\" is no number of seconds from 0.1 to 60", value);
        return false;
    }
    options->lookup.timeout_ms = (unsigned)(seconds * 1000);
    return true;
}

/* ---- of report ---- */

/* The day's span of time. */
static bool set_day(struct options *options, const char *value, int64_t now)
{
    struct tm tm;
    time_t begin;

    if (strcmp(value, "today") != 0 && strcmp(value, "yesterday") != 0) {
        complain("-d: \"%s\" is neither today nor yesterday; --since and --until take other days", value);
        return false;
    }
    options->report.day = value;
    if (!when_parse(value, now, &options->report.day_begin))
        return false;
    begin = (time_t)options->report.day_begin;
    localtime_r(&begin, &tm);
    tm.tm_mday++;
    tm.tm_isdst = -1;
    options->report.day_end = (int64_t)mktime(&tm);
    return true;
}

static bool set_verp_mung(struct options *options, const char *value, int64_t now)
{
    (void)now;
    if (value && strcmp(value, "0") != 0 && strcmp(value, "1") != 0 && strcmp(value, "2") != 0) {
        complain("--verp-mung: \"%s\" is neither 1 nor 2", value);
        return false;
    }
    options->report.verp_mung = value && *value == '2' ? 2 : 1;
    return true;
}

static bool set_syslog_name(struct options *options, const char *value, int64_t now)
{
    (void)now;
    options->report.syslog_name = value;
    return true;
}

static bool set_names_max(struct options *options, const char *value, int64_t now)
{
    char *end;
    unsigned long long n = strtoull(value, &end, 10);

    (void)now;
    if (*end || !is_digit(*value) || n < 100 || n > 100000000) {
        complain("--names-max: \"%s\" is no number from 100 to 100000000", value);
        return false;
    }
    options->report.names_max = (uint32_t)n;
    return true;
}

/* A limit of rows to print. */
static bool set_limit(int64_t *limit, const char *name, const char *of, const char *value)
{
    char *end;
    long long n = strtoll(value, &end, 10);

    if (*end || !is_digit(*value) || n > 1000000000) {
        complain("--%s: \"%s\" is no number of %s", name, value, of);
        return false;
    }
    *limit = n;
    return true;
}

#define LIMIT_OPTION(field, name)                                                    \
    static bool set_##field(struct options *options, const char *value, int64_t now) \
    {                                                                                \
        (void)now;                                                                   \
        return set_limit(&options->report.field, name, "rows", value);               \
    }
#define FLAG_OPTION(field)                                                           \
    static bool set_##field(struct options *options, const char *value, int64_t now) \
    {                                                                                \
        (void)value;                                                                 \
        (void)now;                                                                   \
        return options->report.field = true;                                         \
    }
#define NO_ROWS_OPTION(field)                                                           \
    static bool set_no_##field(struct options *options, const char *value, int64_t now) \
    {                                                                                   \
        (void)value;                                                                    \
        (void)now;                                                                      \
        options->report.field = 0;                                                      \
        return true;                                                                    \
    }
LIMIT_OPTION(hosts, "hosts")
LIMIT_OPTION(users, "users")
LIMIT_OPTION(detail, "detail")
LIMIT_OPTION(bounce_detail, "bounce-detail")
LIMIT_OPTION(deferral_detail, "deferral-detail")
LIMIT_OPTION(reject_detail, "reject-detail")
LIMIT_OPTION(smtp_detail, "smtp-detail")
LIMIT_OPTION(warning_detail, "smtpd-warning-detail")
FLAG_OPTION(extended)
FLAG_OPTION(ignore_case)
FLAG_OPTION(iso_date_time)
FLAG_OPTION(uucp_mung)
FLAG_OPTION(mailq)
FLAG_OPTION(no_no_msg_size)
FLAG_OPTION(problems_first)
FLAG_OPTION(quiet)
FLAG_OPTION(rej_add_from)
FLAG_OPTION(smtpd_stats)
FLAG_OPTION(verbose)
FLAG_OPTION(zero_fill)
NO_ROWS_OPTION(bounce_detail)
NO_ROWS_OPTION(deferral_detail)
NO_ROWS_OPTION(reject_detail)
NO_ROWS_OPTION(warning_detail)

/* ---- of grep, tail and export ---- */

#define TEXT_OPTION(field)                                                           \
    static bool set_##field(struct options *options, const char *value, int64_t now) \
    {                                                                                \
        (void)now;                                                                   \
        options->search.field = value;                                               \
        return true;                                                                 \
    }
#define SEARCH_FLAG_OPTION(field)                                                           \
    static bool set_search_##field(struct options *options, const char *value, int64_t now) \
    {                                                                                       \
        (void)value;                                                                        \
        (void)now;                                                                          \
        return options->search.field = true;                                                \
    }
TEXT_OPTION(address)
TEXT_OPTION(from)
TEXT_OPTION(to)
TEXT_OPTION(domain)
TEXT_OPTION(client)
TEXT_OPTION(queue_id)
TEXT_OPTION(message_id)
TEXT_OPTION(text)
TEXT_OPTION(plugin)
SEARCH_FLAG_OPTION(ignore_case)
SEARCH_FLAG_OPTION(summary)
SEARCH_FLAG_OPTION(whole)
SEARCH_FLAG_OPTION(connections)
SEARCH_FLAG_OPTION(messages)
SEARCH_FLAG_OPTION(no_follow)

static bool set_follow(struct options *options, const char *value, int64_t now)
{
    (void)value, (void)now;
    options->search.no_follow = false;
    return true;
}

static bool set_event(struct options *options, const char *value, int64_t now)
{
    (void)now;
    for (int counter = 1; counter < COUNTERS; counter++)
        if (!counter_is_octets((enum counter)counter) && strcmp(counter_name((enum counter)counter), value) == 0) {
            options->search.event = counter;
            return true;
        }
    complain("--event: there is no event \"%s\"; mailtally count lists them", value);
    return false;
}

static bool set_reason(struct options *options, const char *value, int64_t now)
{
    (void)now;
    for (int reason = 1; reason < REFUSAL_REASONS; reason++)
        if (strcmp(refusal_reason_name((enum refusal_reason)reason), value) == 0)
            options->search.refusal_reason = reason;
    for (int reason = 1; reason < DEFERRAL_REASONS; reason++)
        if (strcmp(deferral_reason_name((enum deferral_reason)reason), value) == 0)
            options->search.deferral_reason = reason;
    if (options->search.refusal_reason || options->search.deferral_reason)
        return true;
    complain("--reason: there is no reason \"%s\"; mailtally count -F json lists them", value);
    return false;
}

static bool set_sort(struct options *options, const char *value, int64_t now)
{
    static const char *const names[] = { [SORT_CONNECTION_TIME] = "connection-time",
                                         [SORT_CONNECTIONS] = "connections",
                                         [SORT_SIZE] = "size",
                                         [SORT_DELAY] = "delay" };

    (void)now;
    for (size_t i = 1; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(value, names[i]) == 0) {
            options->search.sort = (enum search_sort)i;
            return true;
        }
    complain("--sort: \"%s\" is none of connection-time, connections, size, delay", value);
    return false;
}

static bool set_last(struct options *options, const char *value, int64_t now)
{
    (void)now;
    return set_limit(&options->search.last, "last", "messages", value);
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

#define DOCTOR_OPTION(field)                                                         \
    static bool set_##field(struct options *options, const char *value, int64_t now) \
    {                                                                                \
        (void)now;                                                                   \
        options->doctor.field = value;                                               \
        return true;                                                                 \
    }
DOCTOR_OPTION(user)
DOCTOR_OPTION(agentx)
DOCTOR_OPTION(snmp_address)
DOCTOR_OPTION(community)

#define OPTIONS_ALL (OPTIONS_COMMON | OPTIONS_GRAPH | OPTIONS_MERGE | OPTIONS_DOCTOR)

const struct options_row options_rows[] = {
    { OPTIONS_TABLES, 'F', "format", "text|json|tsv", set_format, PARSED, "form of the output; default text" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 'F', "format", "text|json|tsv|html", set_format, PARSED,
      "form of the output; default text" },
    { OPTIONS_COMMON | OPTIONS_GRAPH, 0, "since", "TIME", set_since, PARSED, "only what happened at TIME or later" },
    { OPTIONS_COMMON | OPTIONS_GRAPH, 0, "until", "TIME", set_until, PARSED, "only what happened before TIME" },
    { OPTIONS_JOBS, 'j', "jobs", "N", set_jobs, PARSED,
      "work with so many threads; 0: one for each processor; default 1" },
    { OPTIONS_COMMON, 0, "read-all", NULL, set_read_all, PARSED,
      "read whole files, also where --since and --until need but a part of them" },
    { OPTIONS_COMMON, 0, "host", "REGEX", set_host, PARSED, "only hosts whose name matches; case is ignored" },
    { OPTIONS_GRAPH, 0, "host", "HOST", set_host, PARSED, "the files of this host, by its whole name" },
    { OPTIONS_COMMON, 0, "content-filter", "auto|none|loopback|ADDRESS[,...]", set_content_filter, PARSED,
      "what is a content filter and no delivery; default auto" },
    { OPTIONS_COMMON, 0, "enable-program", "NAME", enable_program, PARSED, "count this mail program too (clamd)" },
    { OPTIONS_COMMON, 0, "disable-program", "NAME", disable_program, PARSED, "do not count this mail program" },
    { OPTIONS_EVENTS, 0, "unrecognised", NULL, set_unrecognised, PARSED,
      "the lines of known mail programs that no rule matched" },
    { OPTIONS_REPORT, 'd', "day", "today|yesterday", set_day, PARSED, "only this day, of midnight to midnight here" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 'h', "hosts", "N", set_hosts, PARSED,
      "so many rows in tables of hosts and domains; 0: none" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 'u', "users", "N", set_users, PARSED,
      "so many rows in tables of senders and recipients; 0: none" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "detail", "N", set_detail, PARSED,
      "-h, -u and all of --*-detail that are not given" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "bounce-detail", "N", set_bounce_detail, PARSED,
      "so many reasons of bounces each" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "deferral-detail", "N", set_deferral_detail, PARSED, "likewise of deferrals" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "reject-detail", "N", set_reject_detail, PARSED,
      "likewise of refusals, warnings of them, holds and discards" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "smtp-detail", "N", set_smtp_detail, PARSED, "likewise of hosts not reached" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "smtpd-warning-detail", "N", set_warning_detail, PARSED,
      "likewise of warnings" },
    { OPTIONS_REPORT, 'e', "extended", NULL, set_extended, PARSED, "sender and recipients of each message" },
    { OPTIONS_REPORT, 'i', "ignore-case", NULL, set_ignore_case, PARSED,
      "whole addresses in lower case, not only their domains" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "iso-date-time", NULL, set_iso_date_time, PARSED,
      "dates as 2026-11-21, hours as 03:00" },
    { OPTIONS_REPORT, 'm', "uucp-mung", NULL, set_uucp_mung, PARSED, "a!b@c is counted as c!b@a" },
    { OPTIONS_REPORT, 0, "mailq", NULL, set_mailq, PARSED, "run mailq at the end" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "names-max", "N", set_names_max, PARSED,
      "keep so many addresses (1000000); above it tables are approximate" },
    { OPTIONS_REPORT, 0, "no-no-msg-size", NULL, set_no_no_msg_size, PARSED, "no list of messages of unknown size" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "problems-first", NULL, set_problems_first, PARSED,
      "bounces, refusals and warnings at the top" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 'q', "quiet", NULL, set_quiet, PARSED, "no headings of empty lists" },
    { OPTIONS_REPORT, 0, "rej-add-from", NULL, set_rej_add_from, PARSED, "the sender behind each refused client" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "smtpd-stats", NULL, set_smtpd_stats, PARSED,
      "connections, and how long they lasted" },
    { OPTIONS_REPORT, 0, "syslog-name", "NAME", set_syslog_name, PARSED,
      "only the Postfix instances NAME and postfix; default all programs" },
    { OPTIONS_REPORT, 0, "verbose-msg-detail", NULL, set_verbose, PARSED, "reasons in full" },
    { OPTIONS_REPORT, 0, "verp-mung", "[=2]", set_verp_mung, PARSED,
      "numbers in list senders as ID; with =2 without the subscriber" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "zero-fill", NULL, set_zero_fill, PARSED, "noughts in each column of a day" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "no-bounce-detail", NULL, set_no_bounce_detail, PARSED,
      "old name of --bounce-detail 0" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "no-deferral-detail", NULL, set_no_deferral_detail, PARSED, "likewise" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "no-reject-detail", NULL, set_no_reject_detail, PARSED, "likewise" },
    { OPTIONS_REPORT | OPTIONS_MERGE, 0, "no-smtpd-warnings", NULL, set_no_warning_detail, PARSED,
      "likewise of --smtpd-warning-detail" },
    { OPTIONS_EXPORT, 'F', "format", "awstats|ndjson", set_format, PARSED, "form of the output; must be given" },
    { OPTIONS_EXPORT, 0, "messages", NULL, set_search_messages, PARSED,
      "ndjson: one whole message a line, not one event" },
    { OPTIONS_SEARCH, 0, "address", "ADDRESS", set_address, PARSED, "sender or recipient" },
    { OPTIONS_SEARCH, 0, "from", "ADDRESS", set_from, PARSED, "sender; <> is the null sender" },
    { OPTIONS_SEARCH, 0, "to", "ADDRESS", set_to, PARSED, "a recipient" },
    { OPTIONS_SEARCH, 0, "domain", "DOMAIN", set_domain, PARSED,
      "the domain of sender or recipient; .DOMAIN: those below it" },
    { OPTIONS_SEARCH, 0, "client", "NAME|ADDRESS", set_client, PARSED,
      "the host that it came from; .DOMAIN: those below it" },
    { OPTIONS_SEARCH, 0, "queue-id", "ID", set_queue_id, PARSED, "one of its queue ids" },
    { OPTIONS_SEARCH, 0, "message-id", "ID", set_message_id, PARSED, "its Message-ID, with or without <>" },
    { OPTIONS_SEARCH, 0, "text", "TEXT", set_text, PARSED, "in one of its lines" },
    { OPTIONS_SEARCH, 0, "event", "EVENT", set_event, PARSED, "what happened to it: received, bounced, spam ..." },
    { OPTIONS_SEARCH, 0, "reason", "REASON", set_reason, PARSED, "why it was refused or deferred: greylist, dnsbl .." },
    { OPTIONS_SEARCH, 0, "plugin", "NAME", set_plugin, PARSED,
      "the plugin or rule that decided (qpsmtpd's, rspamd's)" },
    { OPTIONS_SEARCH, 'i', "ignore-case", NULL, set_search_ignore_case, PARSED,
      "in local parts and texts, too; domains always" },
    { OPTIONS_GREP, 0, "sort", "ORDER", set_sort, PARSED,
      "connection-time, connections, size or delay: the greatest first" },
    { OPTIONS_GREP, 's', "summary", NULL, set_search_summary, PARSED,
      "one line for each message, not all of its lines" },
    { OPTIONS_GREP, 0, "whole", NULL, set_search_whole, PARSED,
      "parse all of the log, not only what may be of interest: slower; see mailtally-grep(1)" },
    { OPTIONS_TAIL, 'n', "last", "N", set_last, PARSED, "begin with the last N messages; default 10" },
    { OPTIONS_TAIL, 'f', "follow", NULL, set_follow, PARSED, "go on with what is written later; the default" },
    { OPTIONS_TAIL, 0, "no-follow", NULL, set_search_no_follow, PARSED, "end when the log has been read" },
    { OPTIONS_TAIL, 0, "connections", NULL, set_search_connections, PARSED,
      "connections, logins and all else that is no message, too" },
    { OPTIONS_DNSBL, 0, "resolver", "ADDRESS[:PORT]", set_resolver, PARSED,
      "ask this name server; default the system's" },
    { OPTIONS_DNSBL, 0, "rate", "N", set_rate, PARSED, "at most so many questions a second; default 200" },
    { OPTIONS_DNSBL, 0, "timeout", "SECONDS", set_timeout, PARSED,
      "wait so long for an answer, then once more; default 3" },
    { OPTIONS_GRAPH, 'o', "output", "FILE", set_output, PARSED, "the picture: FILE.png or FILE.svg" },
    { OPTIONS_GRAPH, 0, "span", "day|week|month|year", set_span, PARSED, "what the graph shows; default day" },
    { OPTIONS_GRAPH, 0, "html", "DIRECTORY", set_html, PARSED, "write pages with all graphs there" },
    { OPTIONS_RRD | OPTIONS_GRAPH, 0, "rrd-dir", "DIR", set_rrd_directory, PARSED,
      "the directory of the RRD files; default the daemon's" },
    { OPTIONS_DOCTOR, 0, "user", "NAME", set_user, PARSED,
      "whom the daemon runs as; default: whoever it does, else mailtally" },
    { OPTIONS_DOCTOR, 'x', "agentx", "ADDRESS", set_agentx, PARSED,
      "snmpd's AgentX socket; default the daemon's, else /var/agentx/master" },
    { OPTIONS_DOCTOR, 0, "snmp", "ADDRESS", set_snmp_address, PARSED,
      "where snmpd answers; default udp:127.0.0.1:161" },
    { OPTIONS_DOCTOR, 0, "community", "NAME", set_community, PARSED,
      "the SNMPv2c community to ask with; default public" },
    { OPTIONS_DOCTOR, 'c', "config", "FILE", set_config, PARSED,
      "the daemon's configuration; default the one that it was started with, or the usual one" },
    { OPTIONS_COMMON | OPTIONS_GRAPH, 'c', "config", "FILE", set_config, PARSED,
      "the daemon's configuration; it names the files if no FILE is given" },
    { OPTIONS_ALL, 0, "help", NULL, NULL, PARSED_HELP, "print this" },
    { OPTIONS_ALL, 0, "version", NULL, NULL, PARSED_VERSION, "print the version" },
};
_Static_assert(sizeof options_rows / sizeof options_rows[0] == OPTIONS_ROWS, "OPTIONS_ROWS is their number");
