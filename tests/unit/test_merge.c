/* The merge: lines of several files in order of time, each file open only while its lines are due.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include <sys/resource.h>

#include "../../source/merge.h"

#define COLLECTED_OCTETS (1024 * 1024)

/* What came, in order: a line's last word, a comma each. */
struct collected {
    char words[COLLECTED_OCTETS];
    size_t n;
    size_t lines, overlong, troubles, unparsed;
    char trouble[512];
};

static void collect(void *context, struct parser_source *source, struct span line, const struct header *header,
                    bool header_found)
{
    struct collected *collected = context;
    size_t begin = line.n;

    (void)source;
    while (begin && line.p[begin - 1] != ' ')
        begin--;
    collected->lines++;
    collected->unparsed += header == NULL;
    if (header)
        assert_int_equal(header_found, header->time != TIME_UNKNOWN);
    collected->n += (size_t)snprintf(collected->words + collected->n, COLLECTED_OCTETS - collected->n, "%.*s,",
                                     (int)(line.n - begin), line.p + begin);
}

static void collect_overlong(void *context, struct parser_source *source)
{
    struct collected *collected = context;

    (void)source;
    collected->overlong++;
    collected->words[collected->n++] = '!';
}

static void collect_trouble(void *context, const char *sentence)
{
    struct collected *collected = context;

    collected->troubles++;
    snprintf(collected->trouble, sizeof collected->trouble, "%s", sentence);
}

static struct collected *run(struct merge *merge)
{
    struct collected *collected = calloc(1, sizeof *collected);
    struct merge_sink sink = {
        .line = collect, .overlong = collect_overlong, .trouble = collect_trouble, .context = collected
    };

    assert_non_null(collected);
    merge_run(merge, &sink);
    merge_free(merge);
    return collected;
}

/* Names that are separated by blanks. */
static struct collected *run_files(struct scratch *scratch, const char *names)
{
    struct merge *merge = merge_new();
    char copy[256], *rest = copy, *name;

    strcpy(copy, names);
    while ((name = strsep(&rest, " ")))
        assert_true(merge_add(merge, scratch_path(scratch, name), "here"));
    return run(merge);
}

static void assert_order(struct scratch *scratch, const char *names, const char *words)
{
    struct collected *collected = run_files(scratch, names);

    assert_string_equal(collected->words, words);
    assert_int_equal(collected->troubles, 0);
    free(collected);
}

#define AT(time, word) "2026-11-21T" time "+00:00 mx1 postfix/smtpd[1]: " word "\n"

static void reads_rotated_files_in_order_whatever_the_order_of_names(void **state)
{
    scratch_write(*state, "old", AT("01:00:00", "a") AT("02:00:00", "b"));
    scratch_write(*state, "new", AT("03:00:00", "c") AT("04:00:00", "d"));
    assert_order(*state, "old new", "a,b,c,d,");
    assert_order(*state, "new old", "a,b,c,d,");
}

static void merges_files_that_overlap_line_by_line(void **state)
{
    scratch_write(*state, "one", AT("01:00:00", "a") AT("03:00:00", "c") AT("05:00:00", "e"));
    scratch_write(*state, "two", AT("02:00:00", "b") AT("04:00:00", "d") AT("06:00:00", "f"));
    scratch_write(*state, "three", AT("02:30:00", "B") AT("05:30:00", "E"));
    assert_order(*state, "one two three", "a,b,B,c,d,e,E,f,");
    assert_order(*state, "three two one", "a,b,B,c,d,e,E,f,");
}

static void takes_the_earlier_file_first_among_equal_times(void **state)
{
    scratch_write(*state, "one", AT("01:00:00", "a") AT("02:00:00", "b1") AT("02:00:00", "b2"));
    scratch_write(*state, "two", AT("02:00:00", "c1") AT("02:00:00", "c2"));
    assert_order(*state, "two one", "a,b1,b2,c1,c2,");
}

static void takes_the_file_written_first_where_both_begin_in_the_same_second(void **state)
{
    scratch_write(*state, "log.1", AT("01:00:00", "a") AT("01:00:00", "b"));
    scratch_write(*state, "log", AT("01:00:00", "c") AT("01:00:01", "d"));
    assert_int_equal(
        scratch_shell(*state, "touch -d '2026-11-21 01:00:00.1Z' log.1; touch -d '2026-11-21 01:00:01Z' log"), 0);
    assert_order(*state, "log log.1", "a,b,c,d,");
    assert_order(*state, "log.1 log", "a,b,c,d,");
}

static void keeps_lines_without_a_time_behind_the_line_before(void **state)
{
    scratch_write(*state, "one", "x first\n" AT("02:00:00", "b") "no time\n" AT("04:00:00", "d"));
    scratch_write(*state, "two", AT("01:00:00", "a") AT("03:00:00", "c") "at all\n");
    assert_order(*state, "one two", "a,first,b,time,c,all,d,");
}

static void reads_a_file_without_any_time(void **state)
{
    scratch_write(*state, "one", "no stamp\nhere either\n");
    scratch_write(*state, "two", AT("01:00:00", "a"));
    assert_order(*state, "two one", "stamp,either,a,");
}

static void does_not_let_a_stamp_of_the_far_future_hold_up_a_file(void **state)
{
    scratch_write(*state, "one",
                  AT("01:00:00", "a") "2099-01-01T00:00:00Z mx1 postfix/smtpd[1]: wrong\n" AT("03:00:00", "c"));
    scratch_write(*state, "two", AT("02:00:00", "b") AT("04:00:00", "d"));
    scratch_shell(*state, "touch -d 2026-11-21T12:00:00Z one two");
    assert_order(*state, "one two", "a,wrong,b,c,d,");
}

static void does_not_believe_a_first_stamp_of_the_far_future(void **state)
{
    scratch_write(*state, "one",
                  "2099-01-01T00:00:00Z mx1 postfix/smtpd[1]: wrong\n" AT("01:00:00", "a") AT("03:00:00", "c"));
    scratch_write(*state, "two", AT("02:00:00", "b") AT("04:00:00", "d"));
    scratch_shell(*state, "touch -d 2026-11-21T12:00:00Z one two");
    assert_order(*state, "two one", "wrong,a,b,c,d,");
}

static void merges_files_whose_own_time_is_older_than_their_lines(void **state)
{
    scratch_write(*state, "one", AT("01:00:00", "a") AT("03:00:00", "c"));
    scratch_write(*state, "two", AT("02:00:00", "b") AT("04:00:00", "d"));
    scratch_shell(*state, "touch -d 2001-01-01T00:00:00Z one two");
    assert_order(*state, "two one", "a,b,c,d,");
}

static void parses_no_header_of_a_single_file(void **state)
{
    struct collected *collected;

    scratch_write(*state, "one", AT("01:00:00", "a") AT("02:00:00", "b"));
    collected = run_files(*state, "one");
    assert_string_equal(collected->words, "a,b,");
    assert_int_equal(collected->unparsed, 2);
    free(collected);
}

static void tells_a_missing_file_and_reads_the_others(void **state)
{
    struct collected *collected;

    scratch_write(*state, "one", AT("01:00:00", "a"));
    scratch_write(*state, "two", AT("02:00:00", "b"));
    collected = run_files(*state, "two nothing one");
    assert_string_equal(collected->words, "a,b,");
    assert_int_equal(collected->troubles, 1);
    assert_non_null(strstr(collected->trouble, "nothing: cannot be read: No such file or directory"));
    free(collected);
}

static void tells_an_archive_that_breaks_off_and_reads_the_others(void **state)
{
    struct collected *collected;

    scratch_write(*state, "one", AT("01:00:00", "a"));
    scratch_put(*state, "two", O_TRUNC, "\x1f\x8b\x08\0\0\0\0\0\0\x03cut", 13);
    collected = run_files(*state, "one two");
    assert_string_equal(collected->words, "a,");
    assert_int_equal(collected->troubles, 1);
    assert_non_null(strstr(collected->trouble, "two: decompressing failed"));
    free(collected);
}

static void gives_overlong_lines_their_place(void **state)
{
    static char overlong[70000];
    struct collected *collected;

    memset(overlong, 'x', sizeof overlong - 2);
    overlong[sizeof overlong - 2] = '\n';
    scratch_write(*state, "one", AT("01:00:00", "a"));
    scratch_append(*state, "one", overlong);
    scratch_append(*state, "one", AT("03:00:00", "c"));
    scratch_write(*state, "two", AT("02:00:00", "b"));
    collected = run_files(*state, "one two");
    assert_string_equal(collected->words, "a,!b,c,");
    assert_int_equal(collected->overlong, 1);
    free(collected);
}

static void merges_a_pipe_with_files(void **state)
{
    struct scratch *scratch = *state;
    char command[256];

    scratch_write(scratch, "one", AT("01:00:00", "a") AT("03:00:00", "c"));
    scratch_write(scratch, "two", AT("02:00:00", "b") AT("04:00:00", "d"));
    snprintf(command, sizeof command, "cd '%s' && mkfifo pipe && { cat two >pipe & }", scratch->directory);
    assert_int_equal(system(command), 0);
    assert_order(scratch, "one pipe", "a,b,c,d,");
}

static void reads_a_thousand_rotated_files_with_few_descriptors(void **state)
{
    struct scratch *scratch = *state;
    struct merge *merge = merge_new();
    struct rlimit limit, few = { 20, 20 };
    struct collected *collected;

    getrlimit(RLIMIT_NOFILE, &limit);
    few.rlim_max = limit.rlim_max;
    for (int i = 999; i >= 0; i--) {
        char name[32], text[128];

        snprintf(name, sizeof name, "mail.log.%d", i);
        snprintf(text, sizeof text, "2026-11-21T%02d:%02d:00Z mx1 postfix/smtpd[1]: %d\n", i / 60, i % 60, i);
        assert_true(merge_add(merge, scratch_write(scratch, name, text), "here"));
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    collected = run(merge);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(collected->troubles, 0);
    assert_int_equal(collected->lines, 1000);
    assert_memory_equal(collected->words, "0,1,2,3,", 8);
    assert_string_equal(collected->words + collected->n - 8, "998,999,");
    free(collected);
}

static void reads_all_and_tells_when_too_many_files_overlap(void **state)
{
    struct scratch *scratch = *state;
    struct merge *merge = merge_new();
    struct collected *collected = calloc(1, sizeof *collected);
    struct merge_sink sink = {
        .line = collect, .overlong = collect_overlong, .trouble = collect_trouble, .context = collected
    };

    for (int i = 0; i < MERGE_OPEN_MAX + 10; i++) {
        char name[32];

        snprintf(name, sizeof name, "host%d", i);
        assert_true(merge_add(merge, scratch_write(scratch, name, AT("01:00:00", "a") AT("02:00:00", "b")), "here"));
    }
    merge_run(merge, &sink);
    assert_int_equal(collected->lines, 2 * (MERGE_OPEN_MAX + 10));
    assert_in_range(merge_over_cap(merge), 1, 10);
    merge_free(merge);
    free(collected);
}

static void gives_nothing_when_there_is_no_file(void **state)
{
    struct collected *collected = run(merge_new());

    (void)state;
    assert_int_equal(collected->lines, 0);
    free(collected);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_rotated_files_in_order_whatever_the_order_of_names),
        TEST(merges_files_that_overlap_line_by_line),
        TEST(takes_the_earlier_file_first_among_equal_times),
        TEST(takes_the_file_written_first_where_both_begin_in_the_same_second),
        TEST(keeps_lines_without_a_time_behind_the_line_before),
        TEST(reads_a_file_without_any_time),
        TEST(does_not_let_a_stamp_of_the_far_future_hold_up_a_file),
        TEST(does_not_believe_a_first_stamp_of_the_far_future),
        TEST(merges_files_whose_own_time_is_older_than_their_lines),
        TEST(parses_no_header_of_a_single_file),
        TEST(tells_a_missing_file_and_reads_the_others),
        TEST(tells_an_archive_that_breaks_off_and_reads_the_others),
        TEST(gives_overlong_lines_their_place),
        TEST(merges_a_pipe_with_files),
        TEST(reads_a_thousand_rotated_files_with_few_descriptors),
        TEST(reads_all_and_tells_when_too_many_files_overlap),
        TEST(gives_nothing_when_there_is_no_file),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
