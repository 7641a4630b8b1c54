/* Real lines, whole and damaged, through the whole parser between unreadable pages: nothing is read outside of the
 * line, and damage to one line does not change what another counts. Lines that are given by the block tell what they
 * tell one by one.
 *
 * The lines are those of the rigs and of the golden files (tests/data, tests/golden). SEED=n repeats a run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <glob.h>
#include <time.h>
#include <cmocka.h>

#include "guard.h"
#include "../../parser/parser.h"

#define LINES_CAP 40000
#define SAMPLE    400 /* lines that are cut at every length: every nth of all */

static char *lines[LINES_CAP];
static size_t lines_n;
static unsigned long seed;

static void read_lines(const char *pattern)
{
    glob_t files;
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    if (glob(pattern, 0, NULL, &files) != 0)
        return;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        FILE *f = fopen(files.gl_pathv[i], "r");

        assert_non_null(f);
        while (lines_n < LINES_CAP && (n = getline(&line, &room, f)) > 0) {
            if (line[n - 1] == '\n')
                line[n - 1] = '\0';
            if (n < GUARD_ROOM)
                lines[lines_n++] = strdup(line);
        }
        fclose(f);
    }
    free(line);
    globfree(&files);
}

static int set_up(void **state)
{
    (void)state;
    seed = getenv("SEED") ? strtoul(getenv("SEED"), NULL, 10) : (unsigned long)time(NULL);
    printf("# seed %lu\n", seed);
    srandom((unsigned)seed);
    read_lines("tests/data/postfix-*rig/mail*.log");
    read_lines("tests/golden/*.log");
    return lines_n > 5000 ? 0 : -1; /* run from the top of the tree */
}

static int tear_down(void **state)
{
    (void)state;
    while (lines_n)
        free(lines[--lines_n]);
    return 0;
}

struct feed {
    struct tallies *tallies;
    struct parser *parser;
    struct parser_source source;
};

static struct feed feed_new(void)
{
    struct parser_options options = { .seed = 3 };
    struct feed f = { .tallies = tallies_new(3), .source = { .name = "test", .default_host = SPAN("localhost") } };

    f.parser = parser_new(&options, f.tallies, NULL);
    assert_non_null(f.parser);
    header_clock_set(&f.source.clock, 1795312800);
    return f;
}

static void feed_free(struct feed *f)
{
    parser_settle(f->parser, INT64_MAX);
    parser_free(f->parser);
    tallies_free(f->tallies);
}

static void whole_lines_are_read_within_their_bounds(void **state)
{
    struct feed f = feed_new();

    (void)state;
    for (size_t i = 0; i < lines_n; i++) {
        parser_line(f.parser, &f.source, guard_behind(span_of(lines[i])));
        parser_line(f.parser, &f.source, guard_before(span_of(lines[i])));
    }
    assert_true(tallies_total(f.tallies)->counters[COUNTER_RECEIVED] > 0);
    feed_free(&f);
}

static void lines_cut_at_every_length_are_read_within_their_bounds(void **state)
{
    struct feed f = feed_new();

    (void)state;
    for (size_t i = (size_t)random() % SAMPLE; i < lines_n; i += lines_n / SAMPLE + 1)
        for (size_t n = 0, whole = strlen(lines[i]); n <= whole; n++) {
            parser_line(f.parser, &f.source, guard_behind((struct span){ lines[i], n }));
            parser_line(f.parser, &f.source, guard_behind((struct span){ lines[i] + n, whole - n }));
        }
    feed_free(&f);
}

static void damaged_lines_are_read_within_their_bounds(void **state)
{
    struct feed f = feed_new();
    char line[GUARD_ROOM];

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        const char *from = lines[(size_t)random() % lines_n];
        size_t n = strlen(from);

        memcpy(line, from, n);
        for (long changes = random() % 4; n && changes >= 0; changes--)
            line[(size_t)random() % n] = "\0<>\"[]{}(),;:=/ %\n\r\t\x80\xff"
                                         "0Aa"[(size_t)random() % 25];
        parser_line(f.parser, &f.source, guard_behind((struct span){ line, n }));
    }
    feed_free(&f);
}

/* Lines of one host say nothing about another: a victim's counts stay what they are, whatever a noisy host writes. */
static void noise_of_another_host_changes_no_count(void **state)
{
    static const char *const victim[] = {
        "2026-11-21T09:00:00Z victim postfix/smtpd[1]: AAAAA1: client=mx.example.net[192.0.2.1]",
        "2026-11-21T09:00:00Z victim postfix/cleanup[1]: AAAAA1: message-id=<m@x>",
        "2026-11-21T09:00:00Z victim postfix/qmgr[1]: AAAAA1: from=<a@b>, size=10, nrcpt=1 (queue active)",
        "2026-11-21T09:00:00Z victim postfix/smtpd[1]: BBBBB1: client=localhost[127.0.0.1]",
        "2026-11-21T09:00:00Z victim postfix/cleanup[1]: BBBBB1: message-id=<m@x>",
        "2026-11-21T09:00:00Z victim postfix/qmgr[1]: BBBBB1: from=<a@b>, size=20, nrcpt=1 (queue active)",
        "2026-11-21T09:00:01Z victim postfix/smtp[1]: AAAAA1: to=<c@d>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, "
        "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as BBBBB1)",
        "2026-11-21T09:00:01Z victim postfix/qmgr[1]: AAAAA1: removed",
        "2026-11-21T09:00:01Z victim postfix/smtp[1]: BBBBB1: to=<c@d>, relay=mx[198.51.100.7]:25, delay=1, dsn=2.0.0, "
        "status=sent (250 ok)",
    };
    struct feed f = feed_new();
    const struct tally *host = NULL;

    (void)state;
    for (size_t step = 0; step < sizeof victim / sizeof victim[0]; step++) {
        for (unsigned i = 0; i < 300; i++)
            parser_line(f.parser, &f.source, span_of(lines[(size_t)random() % lines_n]));
        parser_line(f.parser, &f.source, span_of(victim[step]));
    }
    for (size_t i = 0; i < tallies_hosts(f.tallies); i++)
        if (strcmp(tallies_host_at(f.tallies, i)->name, "victim") == 0)
            host = tallies_host_at(f.tallies, i);
    assert_non_null(host);
    assert_int_equal(host->counters[COUNTER_RECEIVED], 1);
    assert_int_equal(host->counters[COUNTER_REINJECTED], 1);
    assert_int_equal(host->counters[COUNTER_SENT], 1);
    assert_int_equal(host->counters[COUNTER_SENT_OCTETS], 20);
    feed_free(&f);
}

/* ---- lines by the block ---- */

#define LONGEST 600 /* octets: some of the real lines are overlong */

/* What the parser tells, as text. */
struct told {
    struct feed feed;
    FILE *stream;
    char *text;
    size_t octets;
};

static void tell_event(void *context, const struct event *e)
{
    const struct line *line = e->line;

    fprintf(context, "%llu %d %d %d %llu %lld %lld %.*s|%.*s|%.*s|%.*s\n", (unsigned long long)line->number,
            (int)e->kind, (int)e->counter, e->reason, (unsigned long long)e->count, (long long)line->header.time,
            (long long)e->size_octets, (int)line->header.host.n, line->header.host.p, (int)e->queue_id.n, e->queue_id.p,
            (int)e->from.n, e->from.p, (int)e->client.n, e->client.p);
}

static void tell_unrecognised(void *context, const struct line *line)
{
    fprintf(context, "%llu ? %.*s\n", (unsigned long long)line->number, (int)line->text.n, line->text.p);
}

static void told_begin(struct told *told)
{
    *told = (struct told){ .feed = feed_new() };
    told->stream = open_memstream(&told->text, &told->octets);
    assert_non_null(told->stream);
    parser_set_sink(told->feed.parser, tell_event, told->stream);
    parser_set_unrecognised(told->feed.parser, tell_unrecognised, told->stream);
}

static void told_end(struct told *told)
{
    const struct parser_counts *counts = parser_counts(told->feed.parser);

    parser_settle(told->feed.parser, INT64_MAX);
    fprintf(told->stream, "%llu lines, %llu recognised, %llu not, %llu ignored, %llu overlong, the last at %lld\n",
            (unsigned long long)counts->lines, (unsigned long long)counts->recognised,
            (unsigned long long)counts->unrecognised, (unsigned long long)counts->ignored,
            (unsigned long long)counts->overlong, (long long)counts->last_event);
    assert_int_equal(fclose(told->stream), 0);
    feed_free(&told->feed);
}

/* A run of the real lines, with empty ones between them. */
static size_t make_block(char *block, size_t first)
{
    size_t n = 0;

    for (size_t i = first; i < lines_n; i++) {
        size_t octets = strlen(lines[i]);

        if (n + octets + 2 > GUARD_ROOM)
            break;
        memcpy(block + n, lines[i], octets);
        n += octets;
        block[n++] = '\n';
        if (random() % 16 == 0)
            block[n++] = '\n';
    }
    return n;
}

static void take_one_by_one(struct feed *f, struct span block)
{
    struct span text;

    while (span_take_until(&block, '\n', &text)) {
        if (text.n > LONGEST)
            parser_overlong_line(f->parser, &f->source);
        else
            parser_line(f->parser, &f->source, text);
    }
}

/* In pieces that end behind any newline. */
static void take_in_pieces(struct feed *f, struct span block)
{
    while (block.n) {
        size_t most = 1 + (size_t)random() % block.n, n = random() % 4 ? most : 1 + (most - 1) % 300;
        const char *newline = memchr(block.p + n - 1, '\n', block.n - n + 1);

        n = (size_t)(newline - block.p) + 1;
        parser_lines(f->parser, &f->source, guard_behind(span_first(block, n)), LONGEST);
        block = span_skip(block, n);
    }
}

static void blocks_cut_anywhere_tell_what_single_lines_tell(void **state)
{
    static char block[GUARD_ROOM];
    struct told single, by_block;

    (void)state;
    told_begin(&single);
    told_begin(&by_block);
    for (size_t i = 0; i < lines_n; i += 40) {
        struct span lines_of_block = { block, make_block(block, i) };

        take_one_by_one(&single.feed, lines_of_block);
        take_in_pieces(&by_block.feed, lines_of_block);
    }
    told_end(&single);
    told_end(&by_block);
    assert_true(single.octets > 100000);
    assert_string_equal(single.text, by_block.text);
    free(single.text);
    free(by_block.text);
}

static void what_has_no_newline_yet_is_no_line_of_a_block(void **state)
{
    static char block[GUARD_ROOM];
    const size_t n = make_block(block, 0), last = n - (size_t)((char *)memrchr(block, '\n', n - 1) - block) - 1;
    struct feed f = feed_new();
    uint64_t all;

    (void)state;
    parser_lines(f.parser, &f.source, guard_behind((struct span){ block, n }), LONGEST);
    all = f.source.lines;
    feed_free(&f);
    for (size_t cut = 1; cut <= last; cut++) {
        f = feed_new();
        parser_lines(f.parser, &f.source, guard_behind((struct span){ block, n - cut }), LONGEST);
        assert_int_equal(f.source.lines, all - 1);
        assert_int_equal(parser_counts(f.parser)->lines, all - 1);
        feed_free(&f);
    }
    f = feed_new();
    parser_lines(f.parser, &f.source, (struct span){ block, 0 }, LONGEST);
    assert_int_equal(f.source.lines, 0);
    feed_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_lines_are_read_within_their_bounds),
        cmocka_unit_test(lines_cut_at_every_length_are_read_within_their_bounds),
        cmocka_unit_test(damaged_lines_are_read_within_their_bounds),
        cmocka_unit_test(noise_of_another_host_changes_no_count),
        cmocka_unit_test(blocks_cut_anywhere_tell_what_single_lines_tell),
        cmocka_unit_test(what_has_no_newline_yet_is_no_line_of_a_block),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
