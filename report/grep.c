/* mailtally grep: finds messages, and prints all lines of each, across queue ids.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "message_rows.h"
#include "messages.h"
#include "seek.h"
#include "wanted.h"

#define SORT_OCTETS_MAX (UINT64_C(1) << 30) /* of messages that are to be sorted */

struct found {
    int64_t key;
    uint64_t order;
    char *text;
    size_t n;
};

struct grep {
    const struct options *options;
    struct output *output;
    uint64_t found_n;
    struct found *found; /* with --sort */
    size_t room;
    uint64_t octets;
};

/* ---- what is asked for ---- */

/* The first operand is what to look for when no option says it: an address if it looks like one. */
static bool take_pattern(struct options *options)
{
    const char *pattern;

    if (wanted_anything(&options->search) || options->search.sort != SORT_NONE)
        return true;
    if (!options->files_n) {
        complain("what is to be looked for? Give an address or a text, or an option; see mailtally grep --help");
        return false;
    }
    pattern = options->files[0];
    options->files++;
    options->files_n--;
    if (strchr(pattern, '@') && !strpbrk(pattern, " \t<>=,;"))
        options->search.any = pattern;
    else
        options->search.text = pattern;
    return true;
}

/* ---- what is found ---- */

/* n of `n/m`. */
static int64_t connections_of(const struct message *m)
{
    struct span s = m->connection;
    uint64_t n;

    return span_take_number(&s, &n) ? (int64_t)n : -1;
}

static int64_t sort_key(enum search_sort sort, const struct message *m)
{
    switch (sort) {
    case SORT_CONNECTION_TIME:
        return message_connection_s(m);
    case SORT_CONNECTIONS:
        return connections_of(m);
    case SORT_SIZE:
        return m->size_octets;
    case SORT_DELAY:
        return message_delay_ms(m);
    case SORT_NONE:
        break;
    }
    return 0;
}

static void put(struct grep *grep, const struct message *m)
{
    const struct options *options = grep->options;

    if (options->format != FORMAT_TEXT || options->search.summary) {
        message_row(grep->output, options->format, m);
        return;
    }
    message_lines(grep->output, m);
}

static void *must_have(void *memory)
{
    if (!memory) {
        complain("no memory");
        exit(STATUS_ERROR);
    }
    return memory;
}

static void keep(struct grep *grep, const struct message *m)
{
    struct found *found;

    if (grep->found_n == grep->room) {
        grep->room = grep->room ? 2 * grep->room : 256;
        grep->found = must_have(realloc(grep->found, grep->room * sizeof *grep->found));
    }
    found = &grep->found[grep->found_n];
    output_keep(grep->output);
    put(grep, m);
    *found = (struct found){ .key = sort_key(grep->options->search.sort, m), .order = grep->found_n };
    found->text = output_kept(grep->output, &found->n);
    grep->octets += found->n + sizeof *found;
    if (grep->octets > SORT_OCTETS_MAX) {
        complain("more was found than can be sorted: name a span of time, or use --summary");
        exit(STATUS_ERROR);
    }
}

static void separate(const struct grep *grep, bool is_first)
{
    if (!is_first && grep->options->format == FORMAT_TEXT && !grep->options->search.summary)
        output_char(grep->output, '\n');
}

static void take(void *context, const struct message *m)
{
    struct grep *grep = context;
    const struct options *options = grep->options;

    if (!wanted_message(&options->search, options->since, options->until, m))
        return;
    if (!options->search.event && wanted_is_noise(m))
        return;
    if (options->search.sort != SORT_NONE) {
        if (sort_key(options->search.sort, m) < 0)
            return;
        keep(grep, m);
    } else {
        separate(grep, grep->found_n == 0);
        put(grep, m);
        output_end_row(grep->output);
    }
    grep->found_n++;
}

static int by_key(const void *a, const void *b)
{
    const struct found *one = a, *other = b;

    if (one->key != other->key)
        return one->key > other->key ? -1 : 1;
    return one->order < other->order ? -1 : one->order > other->order;
}

static void put_sorted(struct grep *grep)
{
    if (!grep->found)
        return;
    qsort(grep->found, grep->found_n, sizeof *grep->found, by_key);
    for (size_t i = 0; i < grep->found_n; i++) {
        separate(grep, i == 0);
        output_raw(grep->output, grep->found[i].text, grep->found[i].n);
        free(grep->found[i].text);
    }
    free(grep->found);
}

/* ---- what lines of it must have ---- */

/* The text that some line of each message that is asked for has; false: there is none. An address stands in its line
 * with its own local part, and a domain in letters of any case. */
static bool set_needle(const struct search_options *search, struct span *text, size_t *nocase_from)
{
    const char *const addresses[] = { search->any, search->address, search->from, search->to };
    const char *exact = search->queue_id ? search->queue_id : search->message_id ? search->message_id : search->text;

    *nocase_from = search->ignore_case ? 0 : SIZE_MAX;
    if (exact) {
        *text = span_of(exact);
        if (exact == search->message_id && text->n > 2 && text->p[0] == '<')
            *text = span_first(span_skip(*text, 1), text->n - 2);
        if (exact != search->text)
            *nocase_from = SIZE_MAX;
        return text->n > 0;
    }
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        const char *at = addresses[i] ? strrchr(addresses[i], '@') : NULL;

        if (!addresses[i] || !*addresses[i] || strpbrk(addresses[i], "<>"))
            continue;
        *text = span_of(addresses[i]);
        if (!search->ignore_case)
            *nocase_from = at ? (size_t)(at - addresses[i]) : *addresses[i] == '.' ? 0 : SIZE_MAX;
        return true;
    }
    if (!search->domain && !search->client)
        return false;
    *text = span_of(search->domain ? search->domain : search->client);
    *nocase_from = 0;
    return true;
}

struct seek_files {
    struct seek *seek;
    bool is_fine;
};

static void add_file(void *context, const char *path, const char *host)
{
    struct seek_files *files = context;

    files->is_fine = seek_add(files->seek, path, host) && files->is_fine;
}

/* NULL: the whole log is to be parsed. */
static struct seek *find_lines(const struct options *options, const struct input *input)
{
    struct span text;
    size_t nocase_from;
    struct seek_files files = { .is_fine = true };

    if (options->search.whole || options->search.sort == SORT_CONNECTION_TIME ||
        options->search.sort == SORT_CONNECTIONS || !set_needle(&options->search, &text, &nocase_from))
        return NULL;
    files.seek = seek_new(input_config(input), text, nocase_from);
    if (!files.seek)
        return NULL;
    input_each_file(input, add_file, &files);
    if (files.is_fine && seek_run(files.seek) == SEEK_DONE)
        return files.seek;
    seek_free(files.seek);
    return NULL;
}

/* ---- the run ---- */

static enum status search(struct grep *grep, const struct options *options, struct input *input)
{
    const struct messages_options how = { .keep_lines = true,
                                          .connections = options->search.sort == SORT_CONNECTION_TIME };
    struct messages *messages = messages_new(&how, take, grep);
    struct seek *seek;
    enum status status;

    if (!messages) {
        complain("no memory");
        return STATUS_ERROR;
    }
    messages_watch(messages, input_parser(input));
    seek = find_lines(options, input);
    status = seek ? (enum status)seek_feed(seek, input_parser(input)) : input_read(input);
    if (seek && status == STATUS_ERROR)
        input_tell_configured(input);
    messages_settle(messages, INT64_MAX);
    put_sorted(grep);
    if (messages_given_up(messages))
        complain("%" PRIu64 " messages were printed without their end: more than %d were under way at one time",
                 messages_given_up(messages), MESSAGES_CAP);
    messages_free(messages);
    seek_free(seek);
    return status;
}

enum status grep_run(const struct options *given)
{
    struct options options = *given, reading;
    struct grep grep = { .options = &options };
    struct input *input;
    enum status status = STATUS_ERROR;

    if (!take_pattern(&options))
        return STATUS_ERROR;
    reading = options;
    reading.since = reading.until = 0; /* a message may begin before the span of time that is asked for */
    input = input_open(&reading);
    grep.output = input ? output_new(options.format) : NULL;
    if (grep.output) {
        if (options.format == FORMAT_TSV)
            message_rows_header(grep.output);
        status = search(&grep, &options, input);
        output_finish(grep.output);
    }
    input_close(input);
    return status == STATUS_DONE && grep.found_n == 0 ? STATUS_NOTHING_FOUND : status;
}
