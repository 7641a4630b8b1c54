/* What is told from the lines of all logs together: programs whose lines are not understood, filters that say the same,
 * files that hold the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../config/hosts.h"
#include "../parser/hash.h"
#include "lines.h"

#define SEED          0x6d61696c74616c6cu /* fixed: nothing is stored, and a collision would only mislead a sentence */
#define NOTED_MAX     (1u << 20)
#define LINE_SHORT    40
#define LINES_ENOUGH  20
#define SHARED_ENOUGH 10
#define PAIRS_MAX     64
#define VERDICTS_MIN  2 /* of each of two filters */

/* The row of the table of recognisers whose services have this one; recognisers_n: none. */
static size_t recogniser_of(const struct service *service)
{
    size_t i = 0;

    while (i < recognisers_n &&
           !(service >= recognisers[i]->services && service < recognisers[i]->services + recognisers[i]->services_n))
        i++;
    return i;
}

static void take_unrecognised(void *context, const struct line *line)
{
    struct sample *s = context;
    size_t row = line->service ? recogniser_of(line->service) : recognisers_n;

    if (row < recognisers_n && row < RECOGNISERS_MAX)
        s->programs[row].unrecognised++;
}

static struct verdicts_of *verdicts_of(struct sample *s, struct span host)
{
    int n = (int)(host.n < 64 ? host.n : 64);

    for (size_t i = 0; i < s->verdicts_n; i++)
        if (strlen(s->verdicts[i].host) == (size_t)n && memcmp(s->verdicts[i].host, host.p, (size_t)n) == 0)
            return &s->verdicts[i];
    if (s->verdicts_n == SAMPLE_HOSTS)
        return NULL;
    snprintf(s->verdicts[s->verdicts_n].host, sizeof s->verdicts[0].host, "%.*s", n, host.n ? host.p : "");
    return &s->verdicts[s->verdicts_n++];
}

static void take_event(void *context, const struct event *event)
{
    struct sample *s = context;
    size_t row = event->line && event->line->service ? recogniser_of(event->line->service) : recognisers_n;
    struct verdicts_of *verdicts;

    if (row >= recognisers_n || row >= RECOGNISERS_MAX)
        return;
    s->programs[row].lines++;
    if (event->counter != COUNTER_SPAM && event->counter != COUNTER_VIRUS)
        return;
    verdicts = verdicts_of(s, event->line->header.host);
    if (verdicts)
        verdicts->of[event->counter == COUNTER_VIRUS][row]++;
}

struct sample *sample_new(struct doctor *d, size_t files_max)
{
    struct sample *s = calloc(1, sizeof *s);
    struct parser_options options = { .seed = SEED };
    char error[CONFIG_ERROR_OCTETS];

    if (!s)
        return NULL;
    s->doctor = d;
    config_parser_options(d->config, &options);
    if (d->config->host_regex)
        s->hosts = host_filter_new(d->config->host_regex, error, sizeof error);
    s->files = calloc(files_max, sizeof *s->files);
    s->verdicts = calloc(SAMPLE_HOSTS, sizeof *s->verdicts);
    s->tallies = tallies_new(options.seed);
    s->parser = s->tallies ? parser_new(&options, s->tallies, NULL) : NULL;
    if (!s->parser || !s->files || !s->verdicts) {
        sample_free(s);
        return NULL;
    }
    parser_set_unrecognised(s->parser, take_unrecognised, s);
    parser_set_sink(s->parser, take_event, s);
    return s;
}

void sample_free(struct sample *s)
{
    for (size_t i = 0; s->files && i < s->files_n; i++)
        free(s->files[i].path);
    free(s->files);
    free(s->verdicts);
    free(s->noted);
    parser_free(s->parser);
    tallies_free(s->tallies);
    host_filter_free(s->hosts);
    free(s);
}

/* ---- lines that are not understood ---- */

void sample_check_programs(struct sample *s)
{
    struct doctor *d = s->doctor;
    char line[128], command[COMMAND_OCTETS];

    for (size_t i = 0; i < recognisers_n && i < RECOGNISERS_MAX; i++) {
        const struct program *program = &s->programs[i];
        const char *name = recognisers[i]->name;

        if (program->unrecognised < LINES_ENOUGH || program->unrecognised * 10 < program->lines)
            continue;
        memset(command, 0, sizeof command);
        if (program->lines == 0) {
            snprintf(line, sizeof line, "disableProgram %s", name);
            add_config_line(d, command, line);
            found(d, "other-program", command,
                  "%u lines of what calls itself like %s are not understood, and none is: it is another program",
                  program->unrecognised, name);
        } else {
            add(command, "mailtally events --unrecognised");
            for (size_t k = 0; k < s->files_n && k < 20; k++) {
                add(command, " ");
                add_quoted(command, s->files[k].path);
            }
            found_to_see(d, "lines-not-understood", command, "%u lines of %s are not understood, beside %u events",
                         program->unrecognised, name, program->lines);
        }
    }
}

/* ---- two filters ---- */

static void tell_two(struct sample *s, const char *host, unsigned virus, size_t one, size_t other, const unsigned *of)
{
    char command[COMMAND_OCTETS] = "", line[128];
    size_t fewer = of[one] < of[other] ? one : other;

    snprintf(line, sizeof line, "disableProgram %s", recognisers[fewer]->name);
    add_config_line(s->doctor, command, line);
    found(s->doctor, "two-filters", command,
          "two filters of %s say %s, %s (%u times) and %s (%u times): one message counts as two where both look at it",
          host, virus ? "virus" : "spam", recognisers[one]->name, of[one], recognisers[other]->name, of[other]);
}

void sample_check_verdicts(struct sample *s)
{
    bool told[RECOGNISERS_MAX] = { false };

    for (size_t h = 0; h < s->verdicts_n; h++)
        for (unsigned virus = 0; virus < 2; virus++) {
            const unsigned *of = s->verdicts[h].of[virus];
            size_t one = RECOGNISERS_MAX;

            for (size_t i = 0; i < RECOGNISERS_MAX; i++) {
                if (of[i] < VERDICTS_MIN)
                    continue;
                if (one < RECOGNISERS_MAX && !told[i]) {
                    told[i] = true;
                    tell_two(s, s->verdicts[h].host, virus, one, i, of);
                }
                one = one < RECOGNISERS_MAX ? one : i;
            }
        }
}

/* ---- two files with the same lines ---- */

void sample_note(struct sample *s, struct span text)
{
    if (text.n < LINE_SHORT)
        return;
    if (s->noted_n == s->noted_room) {
        size_t room = s->noted_room ? 2 * s->noted_room : 4096;
        struct noted *more = room <= NOTED_MAX ? realloc(s->noted, room * sizeof *more) : NULL;

        if (!more)
            return;
        s->noted = more;
        s->noted_room = room;
    }
    s->noted[s->noted_n++] = (struct noted){ hash_octets(SEED, text), s->file };
}

static int by_hash(const void *a, const void *b)
{
    const struct noted *one = a, *other = b;

    if (one->hash != other->hash)
        return one->hash < other->hash ? -1 : 1;
    return (one->file > other->file) - (one->file < other->file);
}

struct pair {
    uint32_t one, other;
    unsigned lines;
};

static void count_pair(struct pair *pairs, size_t *n, uint32_t one, uint32_t other)
{
    size_t i = 0;

    while (i < *n && (pairs[i].one != one || pairs[i].other != other))
        i++;
    if (i == *n && *n == PAIRS_MAX)
        return;
    if (i == *n)
        pairs[(*n)++] = (struct pair){ one, other, 0 };
    pairs[i].lines++;
}

/* The file of which there is less is left out: mail.info and mail.warn have a part of what is in mail.log. */
static void tell_twice(struct sample *s, const struct pair *pair)
{
    const struct log_file *a = &s->files[pair->one], *b = &s->files[pair->other];
    const struct log_file *keep = a->lines >= b->lines ? a : b, *leave = keep == a ? b : a;
    char command[COMMAND_OCTETS] = "", source[PATH_MAX + 16];
    const char *slash;
    struct conf_line line;

    if (conf_find(s->doctor, "source", leave->path, &line)) {
        add_comment_out(command, &line);
        add_service(s->doctor, command, " && ", SERVICE_MAILTALLYD, DEED_RELOAD);
    } else {
        for (size_t i = 0; i < s->doctor->config->sources_n; i++) { /* a glob that fits both becomes narrower */
            const char *glob = s->doctor->config->sources[i].path;

            slash = glob ? strrchr(glob, '/') : NULL;
            if (!slash || !strpbrk(slash, "*?[") || !conf_find(s->doctor, "source", glob, &line))
                continue;
            snprintf(source, sizeof source, "source file %.*s%s", (int)(slash - glob), glob, strrchr(keep->path, '/'));
            add_replace(command, &line, source);
            add_service(s->doctor, command, " && ", SERVICE_MAILTALLYD, DEED_RELOAD);
            break;
        }
    }
    found(s->doctor, "two-sources", command, "the same lines are in %s and in %s: mail counts twice", keep->path,
          leave->path);
}

void sample_check_twice(struct sample *s)
{
    struct pair pairs[PAIRS_MAX];
    size_t pairs_n = 0;

    if (s->noted_n)
        qsort(s->noted, s->noted_n, sizeof *s->noted, by_hash);
    for (size_t i = 1; i < s->noted_n; i++)
        if (s->noted[i].hash == s->noted[i - 1].hash && s->noted[i].file != s->noted[i - 1].file)
            count_pair(pairs, &pairs_n, s->noted[i - 1].file, s->noted[i].file);
    for (size_t i = 0; i < pairs_n; i++)
        if (pairs[i].lines >= SHARED_ENOUGH)
            tell_twice(s, &pairs[i]);
}
