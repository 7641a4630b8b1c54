/* Pipes: standard input, FIFOs, and rsyslog's omprog with confirmMessages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reading.h"

#include <poll.h>
#include <time.h>

/* ---- standard input and output of the test are pipes ---- */

struct ends {
    int to_stdin, from_stdout; /* -1: closed */
    int stdin_before, stdout_before;
};

static struct ends ends;

static void new_stdin(void)
{
    int both[2];

    assert_int_equal(pipe(both), 0);
    assert_true(dup2(both[0], STDIN_FILENO) >= 0);
    close(both[0]);
    if (ends.to_stdin >= 0)
        close(ends.to_stdin);
    ends.to_stdin = both[1];
}

static int begin(void **state)
{
    int both[2];

    ends.stdin_before = dup(STDIN_FILENO);
    ends.to_stdin = -1;
    new_stdin();
    fflush(stdout);
    ends.stdout_before = dup(STDOUT_FILENO);
    if (pipe(both) != 0)
        return -1;
    dup2(both[1], STDOUT_FILENO);
    close(both[1]);
    ends.from_stdout = both[0];
    return reading_begin(state);
}

static int end(void **state)
{
    dup2(ends.stdin_before, STDIN_FILENO);
    dup2(ends.stdout_before, STDOUT_FILENO);
    close(ends.stdin_before);
    close(ends.stdout_before);
    if (ends.to_stdin >= 0)
        close(ends.to_stdin);
    close(ends.from_stdout);
    return reading_end(state);
}

static void say(const char *text)
{
    assert_int_equal(write(ends.to_stdin, text, strlen(text)), strlen(text));
}

static void close_stdin(void)
{
    close(ends.to_stdin);
    ends.to_stdin = -1;
}

/* What was answered since the last time. */
static void expect_answer(const char *text)
{
    struct pollfd readable = { .fd = ends.from_stdout, .events = POLLIN };
    char answers[1024] = "";
    ssize_t n = poll(&readable, 1, 0) > 0 ? read(ends.from_stdout, answers, sizeof answers - 1) : 0;

    answers[n > 0 ? n : 0] = '\0';
    assert_string_equal(answers, text);
}

static void add(struct reading *r)
{
    assert_true(source_set_add_stdin(r->set, "mx1", SOURCE_STDIN_CONFIRMS));
}

/* The state is saved; it reaches the disk. */
static void save(struct reading *r)
{
    reading_save(r);
    source_set_saved(r->set);
}

static void restart(struct reading *r)
{
    reading_restart(r);
    new_stdin();
    add(r);
}

/* ---- standard input ---- */

static void reads_standard_input_without_a_word(void **state)
{
    struct reading *r = *state;

    assert_true(source_set_add_stdin(r->set, NULL, SOURCE_STDIN_STAYS));
    say("one\nBEGIN TRANSACTION\ntwo\nCOMMIT TRANSACTION\nth");
    reading_expect(r, "one\ntwo\n");
    assert_int_equal(reading_status(r).lines, 2);
    assert_int_equal(reading_status(r).state, SOURCE_OK);
    save(r);
    assert_false(source_set_wants_saving(r->set));
    expect_answer("");
    say("ree\nfour");
    close_stdin();
    reading_expect(r, "three\nfour\n");
    assert_int_equal(reading_status(r).state, SOURCE_MISSING);
    assert_false(source_set_asks_to_end(r->set));
}

static void keeps_the_beginning_of_a_line_for_the_same_pipe(void **state)
{
    struct reading *r = *state;

    assert_true(source_set_add_stdin(r->set, NULL, SOURCE_STDIN_STAYS));
    say("one\ntw");
    reading_expect(r, "one\n");
    reading_save(r);
    reading_restart(r);
    assert_true(source_set_add_stdin(r->set, NULL, SOURCE_STDIN_STAYS));
    say("o\nthr");
    reading_expect(r, "two\n");
    reading_save(r);
    reading_restart(r);
    new_stdin();
    assert_true(source_set_add_stdin(r->set, NULL, SOURCE_STDIN_STAYS));
    say("four\n"); /* by another writer, who does not know of the rest */
    reading_expect(r, "four\n");
}

static void reads_what_stands_in_pipes_before_it_ends(void **state)
{
    struct reading *r = *state;
    struct source_lines lines = reading_lines(r);
    char block[4096];

    memset(block, 'x', sizeof block);
    for (size_t i = 63; i < sizeof block; i += 64)
        block[i] = '\n';
    assert_true(source_set_add_stdin(r->set, NULL, SOURCE_STDIN_STAYS));
    for (unsigned i = 0; i < 15; i++)
        assert_int_equal(write(ends.to_stdin, block, sizeof block), sizeof block);
    say("beginn");
    assert_int_equal(source_set_drain(r->set, &lines), 15 * sizeof block);
    assert_int_equal(r->lines, 15 * 64);
    say("ing\n");
    assert_int_equal(source_set_drain(r->set, &lines), 10);
    assert_int_equal(source_set_drain(r->set, &lines), 0);
}

/* ---- confirmMessages ---- */

static void says_that_it_is_ready(void **state)
{
    struct reading *r = *state;

    add(r);
    expect_answer("");
    reading_expect_nothing(r, 10);
    expect_answer("OK\n");
    assert_false(source_set_wants_saving(r->set));
    reading_expect_nothing(r, 10);
    expect_answer("");
}

static void confirms_a_message_when_it_is_saved(void **state)
{
    struct reading *r = *state;

    add(r);
    say("one\n");
    reading_expect(r, "one\n");
    expect_answer("OK\n");
    assert_true(source_set_wants_saving(r->set));
    reading_save(r);
    reading_expect_nothing(r, 10);
    expect_answer(""); /* not on disk yet */
    assert_true(source_set_wants_saving(r->set));
    source_set_saved(r->set);
    expect_answer("OK\n");
    assert_false(source_set_wants_saving(r->set));
    say("two\n");
    reading_expect(r, "two\n");
    expect_answer("");
    save(r);
    expect_answer("OK\n");
}

static void does_not_confirm_what_came_while_it_was_saved(void **state)
{
    struct reading *r = *state;

    add(r);
    say("one\n");
    reading_expect(r, "one\n");
    expect_answer("OK\n");
    reading_save(r);
    say("two\n");
    reading_expect(r, "two\n");
    source_set_saved(r->set);
    expect_answer("OK\n");
    assert_true(source_set_wants_saving(r->set));
    source_set_saved(r->set); /* of nothing */
    expect_answer("");
    save(r);
    expect_answer("OK\n");
}

static void confirms_transactions_when_their_messages_are_saved(void **state)
{
    struct reading *r = *state;

    add(r);
    say("BEGIN TRANSACTION\n");
    reading_expect_nothing(r, 10);
    expect_answer("OK\nOK\n");
    say("one\n");
    reading_expect(r, "one\n");
    expect_answer("");
    assert_true(source_set_wants_saving(r->set));
    save(r);
    expect_answer("DEFER_COMMIT\n");
    say("two\n");
    reading_expect(r, "two\n");
    expect_answer("");
    save(r);
    expect_answer("DEFER_COMMIT\n");
    say("COMMIT TRANSACTION\n");
    reading_expect_nothing(r, 10);
    expect_answer("OK\n");
    assert_false(source_set_wants_saving(r->set));
    assert_int_equal(reading_status(r).lines, 2);
}

static void confirms_a_message_that_is_too_long(void **state)
{
    struct reading *r = *state;
    char block[4096];

    memset(block, 'x', sizeof block);
    add(r);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(write(ends.to_stdin, block, sizeof block), sizeof block);
        reading_expect_nothing(r, 5);
    }
    say("\n");
    reading_expect_nothing(r, 10);
    assert_int_equal(r->overlong, 1);
    save(r);
    expect_answer("OK\nOK\n");
}

/* rsyslog sends again what it got no answer to. */
static void does_not_count_again_what_is_sent_again(void **state)
{
    struct reading *r = *state;

    add(r);
    say("one\n");
    reading_expect(r, "one\n");
    save(r);
    say("two\n");
    reading_expect(r, "two\n");
    reading_save(r); /* and killed before the answer */
    expect_answer("OK\nOK\n");
    restart(r);
    say("two\n");
    reading_expect_nothing(r, 10);
    expect_answer("OK\n");
    save(r);
    expect_answer("OK\n");
    say("two\n"); /* another one, after the answer */
    reading_expect(r, "two\n");
    save(r);
    restart(r);
    say("three\n");
    reading_expect(r, "three\n");
    say("two\n");
    reading_expect(r, "two\n");
}

static void counts_again_what_was_not_saved(void **state)
{
    struct reading *r = *state;

    add(r);
    say("one\n");
    reading_expect(r, "one\n");
    save(r);
    say("two\n");
    reading_expect(r, "two\n");
    restart(r);
    say("two\n");
    reading_expect(r, "two\n");
}

static void does_not_count_a_transaction_again(void **state)
{
    struct reading *r = *state;

    add(r);
    say("BEGIN TRANSACTION\none\ntwo\n");
    reading_expect(r, "one\ntwo\n");
    reading_save(r); /* on its timer, in the middle */
    say("three\n");
    reading_expect(r, "three\n");
    restart(r);
    say("BEGIN TRANSACTION\none\ntwo\nthree\nCOMMIT TRANSACTION\n");
    reading_expect(r, "three\n");
    reading_save(r);
    restart(r);
    /* One by one, as rsyslog does after an error. */
    say("BEGIN TRANSACTION\ntwo\nCOMMIT TRANSACTION\nBEGIN TRANSACTION\nthree\nfour\nCOMMIT TRANSACTION\n");
    reading_expect(r, "four\n");
    say("BEGIN TRANSACTION\nfour\nCOMMIT TRANSACTION\n");
    reading_expect(r, "four\n");
}

static void asks_rsyslog_for_patience(void **state)
{
    struct reading *r = *state;
    char answers[64];
    ssize_t n;

    add(r);
    say("one\n");
    reading_expect(r, "one\n");
    expect_answer("OK\n");
    reading_expect_nothing(r, 4500);
    n = read(ends.from_stdout, answers, sizeof answers);
    assert_in_range(n, 2, 3);
    assert_memory_equal(answers, "...", (size_t)n);
    save(r);
    expect_answer("OK\n");
}

static void asks_to_end_when_its_sender_ends(void **state)
{
    struct reading *r = *state;

    add(r);
    say("one\n");
    reading_expect(r, "one\n");
    assert_false(source_set_asks_to_end(r->set));
    close_stdin();
    reading_expect_nothing(r, 10);
    assert_true(source_set_asks_to_end(r->set));
    source_set_free(r->set);
    reading_new_set(r);
    new_stdin();
    assert_true(source_set_add_stdin(r->set, NULL, SOURCE_STDIN_EXITS));
    say("two");
    reading_expect_nothing(r, 10);
    assert_false(source_set_asks_to_end(r->set));
    close_stdin();
    reading_expect(r, "two\n");
    assert_true(source_set_asks_to_end(r->set));
}

static void says_when_nobody_reads_the_answers(void **state)
{
    struct reading *r = *state;

    add(r);
    for (unsigned i = 0; i < 1500; i++) {
        say("one\n");
        reading_read(r);
    }
    reading_expect_state(r, SOURCE_FAILED);
    assert_non_null(strstr(reading_status(r).last_error, "does not read the confirmations"));
    assert_int_equal(r->lines, 1500);
}

/* ---- FIFO ---- */

static void add_fifo(struct reading *r)
{
    assert_true(source_set_add_fifo(r->set, scratch_path(r->scratch, "fifo"), "mx1"));
}

static void make_fifo(struct reading *r)
{
    assert_int_equal(mkfifo(scratch_path(r->scratch, "fifo"), 0600), 0);
}

static int open_writer(struct reading *r)
{
    int fd = open(scratch_path(r->scratch, "fifo"), O_WRONLY | O_NONBLOCK);

    assert_true(fd >= 0);
    return fd;
}

static void put(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void reads_a_fifo_whose_writers_come_and_go(void **state)
{
    struct reading *r = *state;
    int one, other;

    make_fifo(r);
    add_fifo(r);
    reading_expect_nothing(r, 10);
    assert_int_equal(reading_status(r).type, SOURCE_FIFO);
    assert_int_equal(reading_status(r).state, SOURCE_OK);
    one = open_writer(r);
    put(one, "one\n");
    reading_expect(r, "one\n");
    close(one);
    reading_expect_nothing(r, 50);
    one = open_writer(r);
    other = open_writer(r);
    put(one, "two\n");
    put(other, "three\nfo");
    reading_expect(r, "two\nthree\n");
    close(one);
    reading_expect_nothing(r, 50);
    put(other, "ur\nfive");
    reading_expect(r, "four\n");
    close(other);
    reading_expect(r, "five\n");
    one = open_writer(r);
    put(one, "six\n");
    close(one); /* before it was read */
    reading_expect(r, "six\n");
    assert_int_equal(reading_status(r).errors, 0);
}

static double cpu_seconds(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void costs_nothing_without_a_writer(void **state)
{
    struct reading *r = *state;
    double before;
    int writer;

    make_fifo(r);
    add_fifo(r);
    reading_expect_nothing(r, 10);
    writer = open_writer(r);
    put(writer, "one\n");
    reading_expect(r, "one\n");
    close(writer);
    before = cpu_seconds();
    for (int64_t until = source_clock_ms() + 1000; source_clock_ms() < until;) {
        reading_read(r);
        source_set_wait(r->set, 1000, -1);
    }
    assert_true(cpu_seconds() - before < 0.2);
}

static void continues_a_line_after_a_stop(void **state)
{
    struct reading *r = *state;
    int writer;

    make_fifo(r);
    add_fifo(r);
    reading_expect_nothing(r, 10);
    writer = open_writer(r);
    put(writer, "one\ntw");
    reading_expect(r, "one\n");
    reading_save(r);
    put(writer, "o\nthree\n"); /* stays in the FIFO, which has a writer */
    reading_restart(r);
    add_fifo(r);
    reading_expect(r, "two\nthree\n");
    close(writer);
}

static void says_what_is_no_fifo(void **state)
{
    struct reading *r = *state;

    add_fifo(r);
    reading_expect_nothing(r, 10);
    assert_int_equal(reading_status(r).state, SOURCE_MISSING);
    assert_non_null(strstr(reading_status(r).last_error, "No such file or directory; make it: mkfifo"));
    scratch_write(r->scratch, "fifo", "one\n");
    reading_expect_state(r, SOURCE_UNREADABLE);
    assert_non_null(strstr(reading_status(r).last_error, "is no FIFO; make one with mkfifo; a file is followed with"));
    unlink(scratch_path(r->scratch, "fifo"));
    make_fifo(r);
    reading_expect_state(r, SOURCE_OK);
}

static void follows_a_fifo_that_is_made_anew(void **state)
{
    struct reading *r = *state;
    int one, other;

    make_fifo(r);
    add_fifo(r);
    reading_expect_nothing(r, 10);
    one = open_writer(r);
    put(one, "one\n");
    unlink(scratch_path(r->scratch, "fifo"));
    reading_expect(r, "one\n");
    reading_expect_state(r, SOURCE_MISSING);
    put(one, "two\n");
    reading_expect(r, "two\n");
    make_fifo(r);
    reading_expect_state(r, SOURCE_OK);
    other = open_writer(r);
    put(other, "three\n");
    reading_expect(r, "three\n");
    close(one);
    close(other);
    unlink(scratch_path(r->scratch, "fifo"));
    reading_expect_state(r, SOURCE_MISSING);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(reads_standard_input_without_a_word),
        TEST(keeps_the_beginning_of_a_line_for_the_same_pipe),
        TEST(reads_what_stands_in_pipes_before_it_ends),
        TEST(says_that_it_is_ready),
        TEST(confirms_a_message_when_it_is_saved),
        TEST(does_not_confirm_what_came_while_it_was_saved),
        TEST(confirms_transactions_when_their_messages_are_saved),
        TEST(confirms_a_message_that_is_too_long),
        TEST(does_not_count_again_what_is_sent_again),
        TEST(counts_again_what_was_not_saved),
        TEST(does_not_count_a_transaction_again),
        TEST(asks_rsyslog_for_patience),
        TEST(asks_to_end_when_its_sender_ends),
        TEST(says_when_nobody_reads_the_answers),
        TEST(reads_a_fifo_whose_writers_come_and_go),
        TEST(costs_nothing_without_a_writer),
        TEST(continues_a_line_after_a_stop),
        TEST(says_what_is_no_fifo),
        TEST(follows_a_fifo_that_is_made_anew),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
