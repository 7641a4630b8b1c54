/* Followed files: every line once, in order, whatever becomes of the file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "following.h"

#include <pthread.h>

static void reads_a_file_from_its_beginning_and_what_is_appended(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\ntwo\n");
    add(f, "log");
    expect(f, "one\ntwo\n");
    scratch_append(f->scratch, "log", "three\n");
    expect(f, "three\n");
    assert_int_equal(status_of(f, 0).state, SOURCE_OK);
    assert_int_equal(status_of(f, 0).lines, 3);
    assert_int_equal(status_of(f, 0).octets, 14);
    assert_int_equal(status_of(f, 0).rotations, 0);
}

static void waits_for_the_newline_of_the_last_line(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\ntw");
    add(f, "log");
    expect(f, "one\n");
    expect_nothing_for(f, 50);
    assert_int_equal(status_of(f, 0).behind_octets, 0);
    scratch_append(f->scratch, "log", "o");
    expect_nothing_for(f, 50);
    scratch_append(f->scratch, "log", "\n");
    expect(f, "two\n");
}

static void reads_a_renamed_file_to_its_end_before_the_new_one(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    scratch_rename(f->scratch, "log", "log.1");
    scratch_append(f->scratch, "log.1", "two, to the old handle\n");
    scratch_write(f->scratch, "log", "four\n");
    expect(f, "two, to the old handle\n");
    scratch_append(f->scratch, "log.1", "three, late\n");
    expect(f, "three, late\nfour\n");
    assert_int_equal(status_of(f, 0).rotations, 1);
    scratch_append(f->scratch, "log", "five\n");
    expect(f, "five\n");
}

static void gives_the_unfinished_last_line_of_a_renamed_file(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\ntwo without newline");
    add(f, "log");
    expect(f, "one\n");
    scratch_rename(f->scratch, "log", "log.1");
    scratch_write(f->scratch, "log", "three\n");
    expect(f, "two without newline\nthree\n");
}

static void reads_every_generation_of_a_file_that_is_rotated_often(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "1\n");
    add(f, "log");
    read_all(f);
    scratch_rename(f->scratch, "log", "log.1");
    scratch_write(f->scratch, "log", "2\n");
    read_all(f);
    scratch_rename(f->scratch, "log", "log.2");
    scratch_write(f->scratch, "log", "3\n");
    read_all(f);
    scratch_rename(f->scratch, "log", "log.3");
    scratch_write(f->scratch, "log", "4\n");
    expect(f, "1\n2\n3\n4\n");
    assert_int_equal(status_of(f, 0).rotations, 3);
}

/* Two files that are the same to the last octet, both there: the same mail was logged twice. */
static void takes_a_new_file_with_equal_content_for_a_new_one(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "same\n");
    add(f, "log");
    expect(f, "same\n");
    scratch_rename(f->scratch, "log", "log.1");
    scratch_write(f->scratch, "log", "same\n");
    expect(f, "same\n");
}

static void goes_on_in_a_copy_that_replaced_the_file(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\ntwo\n");
    add(f, "log");
    expect(f, "one\ntwo\n");
    assert_int_equal(scratch_shell(f->scratch, "cp log copy && echo three >>copy && mv copy log"), 0);
    expect(f, "three\n");
    assert_int_equal(status_of(f, 0).rotations, 0);
}

static void begins_again_when_the_file_is_truncated(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\ntwo\n");
    add(f, "log");
    expect(f, "one\ntwo\n");
    scratch_write(f->scratch, "log", "3\n");
    expect(f, "3\n");
    assert_int_equal(status_of(f, 0).rotations, 1);
}

static void notices_a_truncated_file_that_has_grown_again(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\ntwo\n");
    add(f, "log");
    expect(f, "one\ntwo\n");
    scratch_write(f->scratch, "log", "three\nfour\nfive\nsix\n");
    expect(f, "three\nfour\nfive\nsix\n");
    assert_int_equal(status_of(f, 0).rotations, 1);
}

static void notices_a_truncated_file_of_the_same_size(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\ntwo\n");
    add(f, "log");
    expect(f, "one\ntwo\n");
    scratch_write(f->scratch, "log", "ten\nsix\n");
    expect(f, "ten\nsix\n");
}

/* A mail server's day in half a second: it appends pieces, its log is renamed under it, it reopens later, or its log is
 * copied and truncated when all was read. Every line once, in order. */
static void loses_and_repeats_nothing_in_a_long_run_of_rotations(void **state)
{
    struct following *f = *state;
    struct source_lines lines = { take_line, take_overlong, &f->given };
    int written = 0, fd, generation = 0;
    uint32_t random = 4711;
    char path[128], text[64];
    bool renamed = false;

    f->set->quiet_ms = 40;
    strcpy(path, scratch_path(f->scratch, "log"));
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    add(f, "log");
    for (int step = 0; step < 3000; step++) {
        random = random * 1664525 + 1013904223;
        switch (random >> 27) {
        case 0: /* a line in two pieces */
            snprintf(text, sizeof text, "%08d", ++written);
            assert_int_equal(write(fd, text, 3), 3);
            source_set_read(f->set, 1 << 20, &lines);
            snprintf(text, sizeof text, "%08d\n", written);
            assert_int_equal(write(fd, text + 3, 6), 6);
            break;
        case 1:
            source_set_wait(f->set, 3, -1);
            break;
        case 2:
            if (renamed)
                break;
            snprintf(text, sizeof text, "log.%d", ++generation);
            scratch_rename(f->scratch, "log", text);
            renamed = true;
            break;
        case 3:
            if (!renamed)
                break;
            close(fd);
            fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
            source_set_read(f->set, 1 << 20, &lines); /* sixteen generations in less than quiet_ms are too many */
            usleep(20000);
            renamed = false;
            break;
        case 4:
            if (renamed || f->given.lines != (size_t)written)
                break;
            assert_int_equal(ftruncate(fd, 0), 0);
            break;
        default:
            snprintf(text, sizeof text, "%08d\n", ++written);
            assert_int_equal(write(fd, text, 9), 9);
            if (random & 0x10000)
                source_set_read(f->set, 1 + (random & 0xff), &lines);
        }
    }
    for (int64_t deadline = source_clock_ms() + PATIENCE_MS;
         f->given.lines < (size_t)written && source_clock_ms() < deadline; source_set_wait(f->set, 50, -1))
        read_all(f);
    close(fd);
    assert_true(generation > 10);
    assert_int_equal(f->given.lines, written);
    for (int i = 0; i < written; i++)
        assert_int_equal(atoi(f->given.text + 9 * i), i + 1);
}

static void reads_a_missing_file_when_it_appears(void **state)
{
    struct following *f = *state;
    struct source_status status;

    add(f, "log");
    expect_nothing_for(f, 30);
    status = status_of(f, 0);
    assert_int_equal(status.state, SOURCE_MISSING);
    assert_non_null(strstr(status.last_error, "log: does not exist; it is read as soon as it appears"));
    assert_int_equal(status.errors, 1);
    scratch_write(f->scratch, "log", "one\n");
    expect(f, "one\n");
    assert_int_equal(status_of(f, 0).state, SOURCE_OK);
    assert_string_equal(status_of(f, 0).last_error, "");
}

static void reads_a_file_in_a_directory_that_is_made_later(void **state)
{
    struct following *f = *state;

    add(f, "sub/log");
    expect_nothing_for(f, 30);
    assert_int_equal(scratch_shell(f->scratch, "mkdir sub && echo one >sub/log"), 0);
    expect(f, "one\n");
    assert_int_equal(scratch_shell(f->scratch, "rm -r sub && mkdir sub && echo two >sub/log"), 0);
    expect(f, "two\n");
}

static void tells_that_a_file_went_and_lets_go_of_it(void **state)
{
    struct following *f = *state;
    int64_t deadline = source_clock_ms() + PATIENCE_MS;

    scratch_write(f->scratch, "log", "one\ntw");
    add(f, "log");
    expect(f, "one\n");
    assert_int_equal(scratch_shell(f->scratch, "rm log"), 0);
    /* Its last line is given when it is let go. */
    expect(f, "tw\n");
    while (status_of(f, 0).state != SOURCE_MISSING && source_clock_ms() < deadline)
        expect_nothing_for(f, 20);
    assert_int_equal(status_of(f, 0).state, SOURCE_MISSING);
    scratch_write(f->scratch, "log", "new\n");
    expect(f, "new\n");
}

static void tells_a_directory_from_a_file(void **state)
{
    struct following *f = *state;
    struct source_status status;

    assert_true(source_set_add_file(f->set, f->scratch->directory, NULL));
    expect_nothing_for(f, 30);
    status = status_of(f, 0);
    assert_int_equal(status.state, SOURCE_UNREADABLE);
    assert_non_null(strstr(status.last_error, "is a directory; name a log file"));
}

static void does_not_hang_on_a_pipe(void **state)
{
    struct following *f = *state;

    assert_int_equal(scratch_shell(f->scratch, "mkfifo pipe"), 0);
    add(f, "pipe");
    expect_nothing_for(f, 30);
    assert_int_equal(status_of(f, 0).state, SOURCE_UNREADABLE);
}

static void skips_an_overlong_line_that_grows_slowly(void **state)
{
    struct following *f = *state;
    static char piece[30001];

    memset(piece, 'x', sizeof piece - 1);
    scratch_write(f->scratch, "log", "before\n");
    add(f, "log");
    expect(f, "before\n");
    for (int i = 0; i < 20; i++) {
        scratch_append(f->scratch, "log", piece);
        read_all(f);
    }
    assert_int_equal(f->given.overlong, 0);
    scratch_append(f->scratch, "log", "\nafter\n");
    expect(f, "after\n");
    assert_int_equal(f->given.overlong, 1);
    assert_int_equal(status_of(f, 0).lines, 3);
    assert_int_equal(status_of(f, 0).octets, 7 + 20 * 30000 + 1 + 6);
}

static void shares_its_time_fairly_among_sources_by_octets(void **state)
{
    struct following *f = *state;
    struct source_lines lines = { take_line, take_overlong, &f->given };

    assert_int_equal(scratch_shell(f->scratch, "yes 'a line of a very busy server' | head -c 4000000 >busy"), 0);
    scratch_write(f->scratch, "quiet", "one\ntwo\n");
    add(f, "busy");
    add(f, "quiet");
    source_set_read(f->set, READER_BUFFER_OCTETS + 1000, &lines);
    assert_int_equal(status_of(f, 1).lines, 2);
    assert_in_range(status_of(f, 0).octets, 1, 2 * READER_BUFFER_OCTETS);
    assert_int_equal(status_of(f, 0).state, SOURCE_CATCHING_UP);
    assert_int_equal(status_of(f, 0).behind_octets, 4000000 - status_of(f, 0).octets);
    read_all(f);
    /* It is cut inside a line. */
    assert_in_range(4000000 - status_of(f, 0).octets, 0, 33);
    assert_int_equal(status_of(f, 0).state, SOURCE_OK);
}

static void follows_many_files_at_once(void **state)
{
    struct following *f = *state;
    char name[32];

    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "log%d", i);
        scratch_write(f->scratch, name, "first\n");
        add(f, name);
    }
    read_all(f);
    assert_int_equal(f->given.lines, 300);
    for (int i = 299; i >= 0; i--) {
        snprintf(name, sizeof name, "log%d", i);
        scratch_append(f->scratch, name, "second\n");
    }
    read_all(f);
    assert_int_equal(f->given.lines, 600);
    f->given.n = 0;
    f->given.tagged = true;
    scratch_append(f->scratch, "log123", "third\n");
    expect(f, "123:third\n");
}

static void *append_later(void *context)
{
    usleep(100 * 1000);
    scratch_append(context, "log", "news\n");
    return NULL;
}

static void wakes_at_once_when_a_line_comes(void **state)
{
    struct following *f = *state;
    int64_t begun;
    pthread_t writer;
    struct scratch copy;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    if (!f->set->watch)
        skip();
    copy = *f->scratch;
    begun = source_clock_ms();
    pthread_create(&writer, NULL, append_later, &copy);
    source_set_wait(f->set, 10000, -1);
    assert_in_range(source_clock_ms() - begun, 90, 900);
    pthread_join(writer, NULL);
    expect(f, "news\n");
}

static void finds_news_without_inotify(void **state)
{
    struct following *f = *state;

    watch_free(f->set->watch);
    f->set->watch = NULL;
    add(f, "log");
    expect_nothing_for(f, 20);
    scratch_write(f->scratch, "log", "one\n");
    expect(f, "one\n");
    scratch_append(f->scratch, "log", "two\n");
    expect(f, "two\n");
    scratch_rename(f->scratch, "log", "log.1");
    scratch_write(f->scratch, "log", "three\n");
    expect(f, "three\n");
}

static void returns_from_a_wait_when_it_is_woken(void **state)
{
    struct following *f = *state;
    int64_t begun = source_clock_ms();
    int wake[2];

    add(f, "log");
    read_all(f);
    assert_int_equal(pipe(wake), 0);
    assert_int_equal(write(wake[1], "", 1), 1);
    source_set_wait(f->set, 10000, wake[0]);
    assert_in_range(source_clock_ms() - begun, 0, 1000);
    source_set_wait(f->set, 30, -1);
    assert_in_range(source_clock_ms() - begun, 29, 2000);
    close(wake[0]);
    close(wake[1]);
}

static void reads_standard_input_until_it_ends(void **state)
{
    struct following *f = *state;
    int saved = dup(STDIN_FILENO), ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
    close(ends[0]);
    assert_true(source_set_add_stdin(f->set, "mx1", SOURCE_STDIN_STAYS));
    assert_string_equal(source_set_host(f->set, 0), "mx1");
    expect_nothing_for(f, 30);
    assert_int_equal(write(ends[1], "one\ntw", 6), 6);
    expect(f, "one\n");
    assert_int_equal(write(ends[1], "o\nthree", 7), 7);
    expect(f, "two\n");
    close(ends[1]);
    expect(f, "three\n");
    assert_int_equal(status_of(f, 0).state, SOURCE_MISSING);
    assert_non_null(strstr(status_of(f, 0).last_error, "standard input: has ended"));
    assert_int_equal(status_of(f, 0).octets, 13);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_a_file_from_its_beginning_and_what_is_appended),
        TEST(waits_for_the_newline_of_the_last_line),
        TEST(reads_a_renamed_file_to_its_end_before_the_new_one),
        TEST(gives_the_unfinished_last_line_of_a_renamed_file),
        TEST(reads_every_generation_of_a_file_that_is_rotated_often),
        TEST(takes_a_new_file_with_equal_content_for_a_new_one),
        TEST(goes_on_in_a_copy_that_replaced_the_file),
        TEST(begins_again_when_the_file_is_truncated),
        TEST(notices_a_truncated_file_that_has_grown_again),
        TEST(notices_a_truncated_file_of_the_same_size),
        TEST(loses_and_repeats_nothing_in_a_long_run_of_rotations),
        TEST(reads_a_missing_file_when_it_appears),
        TEST(reads_a_file_in_a_directory_that_is_made_later),
        TEST(tells_that_a_file_went_and_lets_go_of_it),
        TEST(tells_a_directory_from_a_file),
        TEST(does_not_hang_on_a_pipe),
        TEST(skips_an_overlong_line_that_grows_slowly),
        TEST(shares_its_time_fairly_among_sources_by_octets),
        TEST(follows_many_files_at_once),
        TEST(wakes_at_once_when_a_line_comes),
        TEST(finds_news_without_inotify),
        TEST(returns_from_a_wait_when_it_is_woken),
        TEST(reads_standard_input_until_it_ends),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
