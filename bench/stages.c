/* What each stage of the parser costs: stages FILE
 *
 * Reads the file several times through the reader of the programs, each time one stage further:
 *   lines        the reader alone: read(2) and the search for newlines
 *   header       and the header of each line: time, host, tag
 *   recognise    and the host's row, the look-up of the program, its recogniser; the events go nowhere
 *   all          parser_line(): and verdicts, flows, tallies
 * Prints a row for each, separated by tabs: stage, ns a line, MB/s, ns a line more than the stage before. The rounds
 * are interleaved and of each stage the fastest counts: what disturbs only ever adds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../parser/parser.h"
#include "../parser/recogniser.h"
#include "../source/reader.h"

#define ROUNDS 5
#define SEED   20261121u /* any: the same for each run */

struct run {
    struct parser *parser;
    struct tallies *tallies;
    struct parser_source source;
    struct dispatch dispatch;
    struct events events; /* of the stage that throws them away; its `seen` counts them */
    uint64_t seen;        /* what was found, summed up, so that no stage can be optimised away */
};

static struct run run;

static void count_event(struct events *events, struct event *event)
{
    (void)events;
    run.seen += event->count;
}

static void take_none(struct span line)
{
    run.seen += line.n;
}

static void take_header(struct span text)
{
    struct header header;

    header_parse(&header, &run.source.clock, text);
    run.seen += header.message.n;
}

static void take_recognised(struct span text)
{
    struct line line;

    line.text = text;
    line.file = run.source.name;
    line.number = ++run.source.lines;
    line.id.n = 0;
    line.id_is_plain = false;
    header_parse(&line.header, &run.source.clock, text);
    line.reference = run.source.clock.reference;
    line.tally = tallies_host(run.tallies, line.header.host);
    line.service = dispatch_find(&run.dispatch, &line.header);
    if (line.service && line.service->recognise(&line, &run.events))
        run.seen++;
}

static void take_all(struct span text)
{
    parser_line(run.parser, &run.source, text);
}

static const struct stage {
    const char *name;
    void (*take)(struct span line);
} stages[] = {
    { "lines", take_none },
    { "header", take_header },
    { "recognise", take_recognised },
    { "all", take_all },
};
#define STAGES (sizeof stages / sizeof stages[0])

static void fail(const char *why)
{
    fprintf(stderr, "stages: %s\n", why);
    exit(2);
}

static void begin_run(const struct reader *reader)
{
    struct parser_options options = { .seed = SEED };
    bool enabled[RECOGNISERS_MAX];

    run = (struct run){ .events.event = count_event };
    for (size_t i = 0; i < recognisers_n; i++)
        enabled[i] = !recognisers[i]->off_by_default;
    dispatch_build(&run.dispatch, enabled);
    run.tallies = tallies_new(SEED);
    run.parser = run.tallies ? parser_new(&options, run.tallies, NULL) : NULL;
    if (!run.parser)
        fail("no memory");
    run.source.name = "bench";
    parser_source_host(&run.source, SPAN("localhost"));
    header_clock_set(&run.source.clock, reader_reference_time(reader));
}

static void end_run(void)
{
    parser_settle(run.parser, INT64_MAX);
    run.seen += parser_counts(run.parser)->recognised;
    parser_free(run.parser);
    tallies_free(run.tallies);
}

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The seconds that the whole file takes. */
static double time_stage(const struct stage *stage, const char *file, uint64_t *lines, uint64_t *octets)
{
    char error[512];
    struct reader *reader = reader_open(file, error, sizeof error);
    enum reader_result result;
    struct span line;
    double begun;

    if (!reader)
        fail(error);
    begin_run(reader);
    *lines = *octets = 0;
    begun = cpu_s();
    while ((result = reader_next(reader, &line)) == READER_LINE || result == READER_OVERLONG) {
        if (result == READER_OVERLONG)
            continue;
        ++*lines;
        *octets += line.n + 1;
        stage->take(line);
    }
    if (result == READER_ERROR)
        fail(reader_error(reader));
    begun = cpu_s() - begun;
    end_run();
    reader_close(reader);
    if (run.seen == 0)
        fail("nothing was found in the lines");
    return begun;
}

int main(int argc, char **argv)
{
    double best[STAGES] = { 0 }, before = 0;
    uint64_t lines = 0, octets = 0;

    if (argc != 2)
        fail("usage: stages FILE");
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < STAGES; i++) {
            double took = time_stage(&stages[i], argv[1], &lines, &octets);

            if (round == 0 || took < best[i])
                best[i] = took;
        }
    if (lines == 0)
        fail("the file has no line");
    for (size_t i = 0; i < STAGES; i++) {
        double ns = best[i] * 1e9 / (double)lines;

        printf("%s\t%.1f\t%.0f\t%.1f\n", stages[i].name, ns, (double)octets / best[i] / 1e6, ns - before);
        before = ns;
    }
    return 0;
}
