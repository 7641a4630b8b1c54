/* From files to the parser.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"

#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../config/hosts.h"
#include "../parser/tally.h"
#include "../source/merge.h"
#include "../source/reader.h"
#include "progress.h"
#include "team.h"

#define PROGRESS_LINES 16384
#define DEFAULT_HOST   "localhost" /* of lines that name none: the log may be from anywhere */

#define LINES_ENOUGH 10 /* fewer say nothing of what a file is */

struct input {
    struct config *config;
    struct host_filter *hosts;
    struct tallies *tallies;
    struct parser *parser;
    struct merge *merge;
    size_t files_n;
    bool has_trouble;
    int64_t since, until; /* of what is read; both 0: all */
    struct progress shown;
    bool reads_all, wants_numbers;
    unsigned jobs;
    struct team *team; /* NULL: this thread does all */
    void (*progress)(void *context, uint64_t octets);
    void *progress_context;
    uint64_t octets, lines;
    bool is_configured; /* no operands: the files are those of the configuration */
};

/* A pipe or file that nobody would read. cron gives an empty pipe that is at its end, a service /dev/null: both are
 * no reason. */
static bool stdin_is_offered(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    struct stat status;

    if (fstat(STDIN_FILENO, &status) != 0)
        return false;
    if (S_ISREG(status.st_mode))
        return status.st_size > 0;
    if (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode))
        return false;
    return poll(&input, 1, 0) <= 0 || (input.revents & POLLIN);
}

static struct config *read_config(struct input *input, const struct options *options)
{
    struct config *config;
    unsigned errors = 0;

    if (options->files_n && !options->config_file && !options->wants_config)
        return config_new();
    input->is_configured = options->files_n == 0;
    config = config_read(options->config_file, &errors);
    input->has_trouble = errors > 0;
    return config;
}

/* A list that is separated by commas or blanks. */
static bool set_content_filter(struct config *config, const char *list, char *error)
{
    static const char separators[] = ", \t";
    char word[256];

    config_reset_content_filter(config);
    for (list += strspn(list, separators); *list; list += strspn(list, separators)) {
        size_t n = strcspn(list, separators);

        if (n >= sizeof word)
            n = sizeof word - 1;
        memcpy(word, list, n);
        word[n] = '\0';
        if (!config_set_content_filter(config, word, error))
            return false;
        list += n;
    }
    return true;
}

/* Options go before the configuration. */
static bool set_options(struct config *config, const struct options *options)
{
    char error[CONFIG_ERROR_OCTETS];
    bool fine = (!options->host_regex || config_set_host_regex(config, options->host_regex, error)) &&
                (!options->content_filter || set_content_filter(config, options->content_filter, error));

    for (size_t i = 0; fine && i < options->switches_n; i++)
        fine = config_switch(config, options->switches[i].program, options->switches[i].on, error);
    if (!fine)
        complain("%s", error);
    return fine;
}

/* Those that this process may use. */
static unsigned processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n > TEAM_MAX ? TEAM_MAX : n < 1 ? 1 : (unsigned)n;
}

static bool make_parser(struct input *input, const struct options *options)
{
    struct parser_options parser = { .since = options->since, .until = options->until };
    char error[CONFIG_ERROR_OCTETS];
    const char *unknown = NULL;

    input->since = options->since;
    input->until = options->until;
    input->reads_all = options->read_all;
    input->jobs = options->jobs ? options->jobs : processors();
    config_parser_options(input->config, &parser);
    if (input->config->host_regex) {
        input->hosts = host_filter_new(input->config->host_regex, error, sizeof error);
        if (!input->hosts) {
            complain("%s", error);
            return false;
        }
        parser.wants_host = host_filter_wants;
        parser.wants_host_context = input->hosts;
    }
    if (getrandom(&parser.seed, sizeof parser.seed, GRND_NONBLOCK) != (ssize_t)sizeof parser.seed)
        parser.seed = (uint64_t)time(NULL);
    input->tallies = tallies_new(parser.seed);
    if (input->tallies)
        tallies_without_recent(input->tallies);
    input->parser = input->tallies ? parser_new(&parser, input->tallies, &unknown) : NULL;
    if (!input->parser)
        complain(unknown ? "no mail program \"%s\" is known" : "no memory", unknown);
    return input->parser != NULL;
}

static void add_file(void *context, const char *path, const char *host)
{
    struct input *input = context;

    if (merge_add(input->merge, path, host ? host : DEFAULT_HOST)) {
        input->files_n++;
        return;
    }
    complain("%s: no memory", path);
    input->has_trouble = true;
}

static void add_configured(struct input *input)
{
    config_each_file(input->config, add_file, input);
    config_each_file_in_directories(input->config, add_file, input);
    for (size_t i = 0; i < input->config->sources_n; i++)
        if (input->config->sources[i].type == CONFIG_SOURCE_JOURNAL) {
            complain("the journal is read with: journalctl -o short-iso-precise SYSLOG_FACILITY=2 | mailtally ... -");
            input->has_trouble = true;
        }
}

static bool names_stdin_twice(const struct options *options)
{
    unsigned times = 0;

    for (size_t i = 0; i < options->files_n; i++)
        times += strcmp(options->files[i], "-") == 0;
    return times > 1;
}

static bool add_files(struct input *input, const struct options *options)
{
    input->merge = merge_new();
    if (!input->merge) {
        complain("no memory");
        return false;
    }
    if (names_stdin_twice(options)) {
        complain("\"-\" stands there twice: standard input can be read once");
        return false;
    }
    for (size_t i = 0; i < options->files_n; i++)
        add_file(input, options->files[i], NULL);
    if (options->files_n == 0)
        add_configured(input);
    if (input->files_n == 0 && !input->has_trouble)
        complain("the configuration names no file that is there; name a FILE, or \"-\" for standard input");
    return input->files_n > 0;
}

struct input *input_open(const struct options *options)
{
    struct input *input;

    if (options->files_n == 0 && stdin_is_offered()) {
        complain("standard input is a pipe or a file: give \"-\" to read it, or </dev/null to read the configured "
                 "logs");
        return NULL;
    }
    input = calloc(1, sizeof *input);
    if (!input) {
        complain("no memory");
        return NULL;
    }
    input->config = read_config(input, options);
    if (input->config && set_options(input->config, options) && make_parser(input, options) &&
        add_files(input, options))
        return input;
    input_close(input);
    return NULL;
}

void input_close(struct input *input)
{
    if (!input)
        return;
    merge_free(input->merge);
    parser_free(input->parser);
    tallies_free(input->tallies);
    host_filter_free(input->hosts);
    config_free(input->config);
    free(input);
}

struct parser *input_parser(struct input *input)
{
    return input->parser;
}

struct tallies *input_tallies(const struct input *input)
{
    return input->tallies;
}

const struct config *input_config(const struct input *input)
{
    return input->config;
}

void input_set_progress(struct input *input, void (*progress)(void *context, uint64_t octets), void *context)
{
    input->progress = progress;
    input->progress_context = context;
}

void input_each_file(const struct input *input, void (*each)(void *context, const char *path, const char *host),
                     void *context)
{
    merge_each_file(input->merge, each, context);
}

static void take_line(void *context, struct parser_source *source, struct span line, const struct header *header,
                      bool header_found)
{
    struct input *input = context;

    if (input->team)
        team_line(input->team, source, line, header, header_found);
    else if (header)
        parser_line_parsed(input->parser, source, line, header, header_found);
    else
        parser_line(input->parser, source, line);
}

/* Likewise, with progress. */
static void take_line_and_tell(void *context, struct parser_source *source, struct span line,
                               const struct header *header, bool header_found)
{
    struct input *input = context;

    take_line(context, source, line, header, header_found);
    input->octets += line.n + 1;
    if (++input->lines % PROGRESS_LINES == 0)
        input->progress(input->progress_context, input->octets);
}

static void take_lines(void *context, struct parser_source *source, struct span block)
{
    struct input *input = context;

    if (input->team)
        team_lines(input->team, source, block);
    else
        parser_lines(input->parser, source, block, READER_LINE_OCTETS);
    if (input->progress) {
        input->octets += block.n;
        input->progress(input->progress_context, input->octets);
    }
}

static void take_overlong(void *context, struct parser_source *source)
{
    struct input *input = context;

    if (input->team)
        team_overlong(input->team, source);
    else
        parser_overlong_line(input->parser, source);
}

static void take_trouble(void *context, const char *sentence)
{
    struct input *input = context;

    input->has_trouble = true;
    progress_end(&input->shown);
    complain("%s", sentence);
}

static void show_progress(void *context, uint64_t octets)
{
    struct input *input = context;
    double seconds, megabytes = (double)octets / 1e6;

    if (!progress_is_due(&input->shown))
        return;
    seconds = progress_seconds(&input->shown);
    progress_show(&input->shown, input_part(input), "%.0f MB  %.0f MB/s", megabytes,
                  seconds > 0 ? megabytes / seconds : 0);
}

void input_show_progress(struct input *input)
{
    progress_begin(&input->shown);
    if (input->shown.is_terminal)
        input_set_progress(input, show_progress, input);
}

double input_part(const struct input *input)
{
    return merge_part(input->merge);
}

void input_limit(struct input *input, int64_t since, int64_t until)
{
    input->since = since;
    input->until = until;
}

void input_want_numbers(struct input *input)
{
    input->wants_numbers = true;
}

void input_tell_configured(const struct input *input)
{
    if (input->is_configured)
        complain("these are the files of the daemon's configuration (default %s); name a FILE to read another",
                 CONFIG_DEFAULT_SOURCE);
}

/* Noughts would look like an answer. Not told of a part of a log, where others' lines may be all that there is. */
static void tell_no_mail_log(const struct input *input)
{
    const struct parser_counts *counts = parser_counts(input->parser);

    if (counts->lines < LINES_ENOUGH || counts->recognised + counts->unrecognised > 0 || input->since || input->until ||
        input->hosts || input->config->switched_off[0])
        return;
    complain("none of the %llu lines that were read is of a mail program that mailtally knows: is this a mail log?",
             (unsigned long long)counts->lines);
}

enum status input_read(struct input *input)
{
    const struct window window = { input->since, input->until, input->wants_numbers };
    struct merge_sink sink = { .line = input->progress ? take_line_and_tell : take_line,
                               .overlong = take_overlong,
                               .trouble = take_trouble,
                               .context = input,
                               .lines = take_lines };

    if (!input->reads_all)
        merge_set_window(input->merge, &window);
    if (processors() > 1)
        merge_unpack_ahead(input->merge);
    if (input->jobs > 1) /* where threads cannot be had, one does it */
        input->team = team_new(input->parser, input->jobs);
    merge_run(input->merge, &sink);
    if (input->team)
        team_finish(input->team);
    team_free(input->team);
    input->team = NULL;
    progress_end(&input->shown);
    if (input->has_trouble)
        input_tell_configured(input);
    parser_settle(input->parser, INT64_MAX);
    tell_no_mail_log(input);
    if (merge_over_cap(input->merge))
        complain("more than %d files overlap in time: %llu of them were read late, so that mail that passes from one "
                 "file to another may count as two",
                 MERGE_OPEN_MAX, (unsigned long long)merge_over_cap(input->merge));
    return input->has_trouble ? STATUS_ERROR : STATUS_DONE;
}
