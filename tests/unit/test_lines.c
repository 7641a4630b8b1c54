/* Real lines, whole and damaged, through the whole parser between unreadable pages: nothing is read outside of the
 * line, and damage to one line does not change what another counts.
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_lines_are_read_within_their_bounds),
        cmocka_unit_test(lines_cut_at_every_length_are_read_within_their_bounds),
        cmocka_unit_test(damaged_lines_are_read_within_their_bounds),
        cmocka_unit_test(noise_of_another_host_changes_no_count),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
