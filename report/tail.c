/* mailtally tail: follows the log, and prints a line for each message when its fate is known.
 *
 * What is there already is read first, and the last messages of it are printed (-n). Then the sources are followed
 * through rotations as the daemon follows them. Time is the log's own: when it is silent, its clock goes on with ours.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../parser/tally.h"
#include "../source/source.h"
#include "../source/unpack.h"
#include "input.h"
#include "message_rows.h"
#include "messages.h"
#include "wanted.h"

#define READ_OCTETS  (1u << 20)
#define WAIT_MS      500
#define SOURCES_MAX  1024
#define LAST_DEFAULT 10
#define LAST_MAX     100000
#define SILENCE_S    15   /* longer than a message waits for late lines */
#define LOOK_MS      5000 /* for new files that a pattern of the configuration fits */

struct tail {
    const struct options *options;
    struct input *input; /* configuration, parser */
    struct output *output;
    struct messages *messages;
    struct source_set *set;
    struct parser_source *sources; /* by the index in the set */
    size_t sources_n;
    bool has_trouble;
    bool caught_up; /* what was there at the start was read, and its last messages were printed */
    struct kept {
        char *text;
        size_t n;
    } * last; /* a ring, until then */
    size_t last_n, last_next;
    int64_t log_time;           /* of the newest line; TIME_UNKNOWN */
    int64_t read_ms;            /* when it was read */
    int64_t looked_ms;          /* when new files were looked for */
    char told[SOURCES_MAX][64]; /* the beginning of what was told of each source's trouble */
};

static int wake_fd = -1; /* the handler's; nothing else is safe there */

static void on_signal(int number)
{
    const uint64_t one = 1;
    int why = errno;

    (void)number;
    if (write(wake_fd, &one, sizeof one) < 0) {
        /* it is full of such requests: one is enough */
    }
    errno = why;
}

static bool asked_to_end(void)
{
    uint64_t n;

    return read(wake_fd, &n, sizeof n) == (ssize_t)sizeof n;
}

static bool catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    sigemptyset(&action.sa_mask);
    return wake_fd >= 0 && sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- messages ---- */

static bool is_shown(const struct tail *tail, const struct message *m)
{
    const struct options *options = tail->options;

    if (!wanted_message(&options->search, options->since, options->until, m))
        return false;
    if (options->search.connections || options->search.event)
        return true;
    if (wanted_is_noise(m) || (m->is_lone && m->first_of[COUNTER_CONNECTIONS_LOST] && m->fate == COUNTER_NONE))
        return false;
    /* What was announced and never came is no message. */
    return m->received || m->reinjected || m->is_lone || m->fate != COUNTER_NONE || m->verdict != COUNTER_NONE ||
           m->first_of[COUNTER_AUTH_FAILED];
}

/* Until all that is there was read only the last ones are of interest. */
static void keep(struct tail *tail, const struct message *m, size_t room)
{
    struct kept *kept = &tail->last[tail->last_next];

    free(kept->text);
    output_keep(tail->output);
    message_row(tail->output, tail->options->format, m);
    kept->text = output_kept(tail->output, &kept->n);
    tail->last_next = (tail->last_next + 1) % room;
    tail->last_n += tail->last_n < room;
}

static size_t last_room(const struct tail *tail)
{
    int64_t last = tail->options->search.last;

    return last == LIMIT_NONE ? LAST_DEFAULT : last > LAST_MAX ? LAST_MAX : (size_t)last;
}

static void take(void *context, const struct message *m)
{
    struct tail *tail = context;
    size_t room = last_room(tail);

    if (!is_shown(tail, m))
        return;
    if (!tail->caught_up && room) {
        keep(tail, m, room);
    } else if (tail->caught_up) {
        message_row(tail->output, tail->options->format, m);
        output_flush(tail->output);
    }
}

static void print_last(struct tail *tail)
{
    size_t room = last_room(tail);

    for (size_t i = 0; i < tail->last_n; i++) {
        struct kept *kept = &tail->last[(tail->last_next + room - tail->last_n + i) % room];

        output_raw(tail->output, kept->text, kept->n);
        free(kept->text);
        kept->text = NULL;
    }
    tail->last_n = 0;
    output_flush(tail->output);
    tail->caught_up = true;
}

/* ---- lines ---- */

static void take_line(void *context, size_t source, struct span line)
{
    struct tail *tail = context;

    if (source < tail->sources_n)
        parser_line(input_parser(tail->input), &tail->sources[source], line);
}

static void take_overlong(void *context, size_t source)
{
    struct tail *tail = context;

    if (source < tail->sources_n)
        parser_overlong_line(input_parser(tail->input), &tail->sources[source]);
}

/* Behind the lines of one reading. */
static void note_time(struct tail *tail)
{
    int64_t newest = messages_time(tail->messages);

    if (newest != TIME_UNKNOWN)
        tail->log_time = newest;
    tail->read_ms = now_ms();
}

static void settle_in_silence(struct tail *tail)
{
    int64_t now;

    if (tail->log_time == TIME_UNKNOWN)
        return;
    now = tail->log_time + (now_ms() - tail->read_ms) / 1000;
    if (now > tail->log_time) {
        parser_settle(input_parser(tail->input), now);
        messages_settle(tail->messages, now);
    }
}

/* What a log has that nobody writes to any more is not news, and of the last messages: nothing waits for late lines. */
static void settle_at_start(struct tail *tail)
{
    int64_t now = tail->log_time == TIME_UNKNOWN ? INT64_MAX : tail->log_time + SILENCE_S;

    if (now > (int64_t)time(NULL))
        return;
    parser_settle(input_parser(tail->input), now);
    messages_settle(tail->messages, now);
}

static void set_clocks(struct tail *tail)
{
    for (size_t i = 0; i < tail->sources_n; i++)
        header_clock_set(&tail->sources[i].clock, (int64_t)time(NULL));
}

/* What is wrong with a source is told once, and again when it is another trouble. */
static void tell_troubles(struct tail *tail)
{
    struct source_status status;

    for (size_t i = 0; i < tail->sources_n; i++) {
        source_set_status(tail->set, i, &status);
        if (strncmp(tail->told[i], status.last_error, sizeof tail->told[i] - 1) == 0)
            continue;
        snprintf(tail->told[i], sizeof tail->told[i], "%.63s", status.last_error);
        if (status.last_error[0] && status.state != SOURCE_OK && status.state != SOURCE_CATCHING_UP) {
            if (status.state == SOURCE_MISSING && tail->options->search.no_follow)
                complain("%s: does not exist", status.name);
            else
                complain("%s", status.last_error);
            tail->has_trouble = true;
        }
    }
}

/* ---- sources ---- */

static void add_source(struct tail *tail, bool added, const char *name, const char *host)
{
    struct parser_source *source = &tail->sources[tail->sources_n];

    if (!added) {
        complain("%s: no memory", name);
        tail->has_trouble = true;
        return;
    }
    source->name = name;
    parser_source_host(source, span_of(host ? host : "localhost"));
    header_clock_set(&source->clock, (int64_t)time(NULL));
    tail->sources_n++;
}

/* What does not grow is not followed. */
static bool is_compressed(const char *path)
{
    char first[UNPACK_MAGIC_OCTETS];
    struct stat status;
    int fd = stat(path, &status) == 0 && S_ISREG(status.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd < 0 ? -1 : read(fd, first, sizeof first);

    if (fd >= 0)
        close(fd);
    return n > 0 && unpack_format_of((struct span){ first, (size_t)n }) == UNPACK_COMPRESSED;
}

static void add_file(void *context, const char *path, const char *host)
{
    struct tail *tail = context;
    bool is_stdin = strcmp(path, "-") == 0;

    if (!is_stdin && is_compressed(path)) {
        complain("%s: is compressed, and will not grow: unpack it into `mailtally tail -`, or look with mailtally grep",
                 path);
        tail->has_trouble = true;
        return;
    }
    if (tail->sources_n == SOURCES_MAX) {
        complain("%s: more than %d files cannot be followed", path, SOURCES_MAX);
        tail->has_trouble = true;
        return;
    }
    add_source(tail,
               is_stdin ? source_set_add_stdin(tail->set, host, SOURCE_STDIN_EXITS)
                        : source_set_add_file(tail->set, path, host),
               strdup(path), host);
}

static bool add_sources(struct tail *tail)
{
    const struct options *options = tail->options;

    for (size_t i = 0; i < options->files_n; i++)
        add_file(tail, options->files[i], NULL);
    if (options->files_n == 0) {
        config_each_file(input_config(tail->input), add_file, tail);
        config_each_file_in_directories(input_config(tail->input), add_file, tail);
    }
    return tail->sources_n > 0;
}

static void add_new_file(void *context, const char *path, const char *host)
{
    struct tail *tail = context;

    for (size_t i = 0; i < tail->sources_n; i++)
        if (strcmp(tail->sources[i].name, path) == 0)
            return;
    if (tail->sources_n < SOURCES_MAX) /* else it was told at the start, or is one of too many */
        add_file(tail, path, host);
}

/* A directory that hangs must not stop the others. */
static void expand(void *context, const char *pattern, void (*each)(void *found, const char *path), void *found)
{
    (void)source_set_glob(context, pattern, each, found);
}

/* Files that are named are followed, there or not; patterns are the configuration's, and new hosts bring new files. */
static void look_for_files(struct tail *tail)
{
    const struct config_glob glob = { expand, tail->set };

    if (tail->options->files_n || now_ms() - tail->looked_ms < LOOK_MS)
        return;
    tail->looked_ms = now_ms();
    config_each_file_by(input_config(tail->input), &glob, add_new_file, tail);
}

/* ---- the run ---- */

/* False when nothing more will come. */
static bool step(struct tail *tail, const struct source_lines *lines)
{
    if (source_set_read(tail->set, READ_OCTETS, lines) > 0) {
        note_time(tail);
        return true;
    }
    if (!source_set_settles(tail->set)) {
        if (source_set_asks_to_end(tail->set)) /* standard input has ended */
            return false;
        tell_troubles(tail);
        if (tail->options->search.no_follow)
            return false;
        if (!tail->caught_up) {
            settle_at_start(tail);
            print_last(tail);
        }
    }
    settle_in_silence(tail);
    look_for_files(tail);
    set_clocks(tail);
    source_set_wait(tail->set, WAIT_MS, wake_fd);
    return true;
}

static enum status follow(struct tail *tail)
{
    const struct source_lines lines = { .line = take_line, .overlong = take_overlong, .context = tail };

    while (step(tail, &lines))
        if (asked_to_end())
            return STATUS_DONE;
    parser_settle(input_parser(tail->input), INT64_MAX);
    messages_settle(tail->messages, INT64_MAX);
    if (!tail->caught_up)
        print_last(tail);
    return tail->has_trouble ? STATUS_ERROR : STATUS_DONE;
}

static bool prepare(struct tail *tail)
{
    const struct messages_options how = { .keep_lines = tail->options->search.text || tail->options->search.address ||
                                                        tail->options->search.to,
                                          .connections = true,
                                          .is_followed = true };

    tail->messages = messages_new(&how, take, tail);
    tail->set = source_set_new();
    tail->sources = calloc(SOURCES_MAX, sizeof *tail->sources);
    tail->last = calloc(last_room(tail) + 1, sizeof *tail->last);
    tail->output = output_new(tail->options->format);
    if (!tail->messages || !tail->set || !tail->sources || !tail->last || !tail->output || !catch_signals()) {
        complain("no memory");
        return false;
    }
    tail->log_time = TIME_UNKNOWN;
    tail->looked_ms = now_ms();
    messages_watch(tail->messages, input_parser(tail->input));
    return add_sources(tail);
}

static void release(struct tail *tail)
{
    messages_free(tail->messages);
    source_set_free(tail->set);
    for (size_t i = 0; i < tail->sources_n; i++)
        free((char *)(uintptr_t)tail->sources[i].name);
    free(tail->sources);
    free(tail->last);
    free(tail);
}

enum status tail_run(const struct options *options)
{
    struct options reading = *options;
    struct tail *tail = calloc(1, sizeof *tail);
    enum status status = STATUS_ERROR;
    struct input *input;

    reading.since = reading.until = 0;
    input = input_open(&reading);
    if (!tail || !input) {
        free(tail);
        input_close(input);
        return STATUS_ERROR;
    }
    tail->options = options;
    tail->input = input;
    if (prepare(tail)) {
        if (options->format == FORMAT_TSV)
            message_rows_header(tail->output);
        status = follow(tail);
        output_finish(tail->output);
    }
    release(tail);
    input_close(input);
    return status;
}
