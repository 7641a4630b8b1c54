/* Lines that a program may write twice.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../parser/copies.h"
#include "../../parser/tally.h"

static struct copies *copies;
static struct tallies *tallies;
static struct tally *host, *other_host;

static int set_up(void **state)
{
    (void)state;
    copies = copies_new(5);
    tallies = tallies_new(5);
    if (!copies || !tallies)
        return -1;
    host = tallies_host(tallies, span_of("mx1"));
    other_host = tallies_host(tallies, span_of("mx2"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    copies_free(copies);
    tallies_free(tallies);
    return 0;
}

static struct line line_of(struct tally *of, const char *pid, int64_t time)
{
    struct line line = { .tally = of, .reference = 1000000 };

    line.header.time = time;
    line.header.pid = span_of(pid);
    return line;
}

/* Whether the line was taken for a copy. */
static bool is_copy(struct tally *of, const char *pid, int64_t time, const char *text)
{
    const struct line line = line_of(of, pid, time);
    struct event e = event_of(EVENT_REFUSAL, &line);

    e.ticket = span_of(text);
    return copies_is_copy(copies, &e);
}

/* How many of so many lines with the same text count. */
static unsigned counted(unsigned lines, int64_t time, const char *text)
{
    unsigned n = 0;

    while (lines--)
        n += !is_copy(host, "1", time, text);
    return n;
}

static void where_each_comes_twice_every_second_one_is_a_copy(void **state)
{
    (void)state;
    for (int64_t t = 0; t < 100; t += 10) {
        assert_int_equal(counted(2, t, "a"), 1);
        assert_int_equal(counted(6, t + 2, "b"), 3);
    }
}

static void where_they_come_once_a_client_may_repeat_itself(void **state)
{
    (void)state;
    assert_int_equal(counted(1, 0, "a"), 1);
    assert_int_equal(counted(1, 0, "b"), 1);
    assert_int_equal(counted(1, 0, "c"), 1);
    for (int64_t t = 10; t < 50; t += 10)
        assert_int_equal(counted(2, t, "d") + counted(3, t + 5, "e"), 5);
}

static void a_host_may_change_its_habit(void **state)
{
    (void)state;
    for (int64_t t = 0; t < 200; t += 10)
        assert_int_equal(counted(2, t, "a"), 1);
    for (int64_t t = 200; t < 300; t += 10)
        counted(1, t, "b");
    assert_int_equal(counted(2, 300, "c"), 2);
    for (int64_t t = 400; t < 1000; t += 10)
        counted(2, t, "d");
    assert_int_equal(counted(2, 1000, "e"), 1);
}

static void one_lost_line_changes_no_habit(void **state)
{
    (void)state;
    assert_int_equal(counted(1, 0, "the second of two, where the log begins"), 1);
    assert_int_equal(counted(2, 10, "a"), 1);
}

static void processes_write_between_each_other(void **state)
{
    (void)state;
    assert_false(is_copy(host, "1", 0, "a"));
    assert_false(is_copy(host, "2", 0, "a"));
    assert_false(is_copy(other_host, "1", 0, "a"));
    assert_true(is_copy(host, "1", 1, "a"));
    assert_true(is_copy(host, "2", 1, "a"));
    assert_true(is_copy(other_host, "1", 1, "a"));
}

/* With any hash: what is known of one host or process is not lost to another's. */
static void a_thousand_hosts_each_have_their_habit(void **state)
{
    struct tally *hosts[1000];

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        char name[16];

        snprintf(name, sizeof name, "host%zu", i);
        hosts[i] = tallies_host(tallies, span_of(name));
    }
    for (int64_t t = 0; t < 50; t += 10)
        for (size_t i = 0; i < 1000; i++) { /* each line of one between the lines of 100 others */
            is_copy(hosts[i], "1", t, "a");
            if (i % 2)
                is_copy(hosts[i], "1", t, "a");
            if (i >= 100 && i % 2 == 0)
                is_copy(hosts[i - 100], "2", t, "b");
        }
    for (size_t i = 0; i < 1000; i++) {
        assert_false(is_copy(hosts[i], "3", 100, "c"));
        assert_int_equal(is_copy(hosts[i], "3", 100, "c"), i % 2);
    }
}

static void the_process_that_is_silent_longest_is_forgotten(void **state)
{
    char pid[16];

    (void)state;
    is_copy(host, "first", 0, "a");
    is_copy(host, "second", 0, "a");
    for (size_t i = 0; i < 254; i++) {
        snprintf(pid, sizeof pid, "%zu", i);
        is_copy(other_host, pid, 0, "a");
    }
    assert_true(is_copy(host, "first", 0, "a"));
    is_copy(other_host, "one more", 0, "a"); /* now second is gone */
    assert_true(is_copy(other_host, "0", 0, "a"));
    assert_false(is_copy(host, "second", 0, "a"));
}

static void the_same_later_is_no_copy(void **state)
{
    (void)state;
    assert_false(is_copy(host, "1", 0, "a"));
    assert_false(is_copy(host, "1", 2, "a"));
}

static void repeats_that_syslog_counts_are_halved(void **state)
{
    const struct line line = line_of(host, "1", 0), stranger = line_of(host, "2", 0);

    (void)state;
    assert_int_equal(counted(1, 0, "a"), 1);
    assert_int_equal(copies_times(copies, &line, 3), 1);
    assert_int_equal(copies_times(copies, &stranger, 3), 3);
}

static void what_is_known_is_saved_between_a_line_and_its_copy(void **state)
{
    struct store store = { 0 };
    struct load load;

    (void)state;
    for (int64_t t = 0; t < 100; t += 10)
        counted(2, t, "a");
    counted(1, 100, "b");
    copies_save(copies, tallies, &store);
    assert_false(store.failed);
    copies_forget(copies);
    host->writes_twice = 0;
    load = load_of((struct span){ (const char *)store.octets, store.n });
    copies_load(copies, tallies, &load);
    assert_true(load_ended(&load));
    assert_int_equal(host->writes_twice, 10);
    assert_true(is_copy(host, "1", 100, "b"));

    for (size_t n = 0; n < store.n; n++) { /* cut anywhere, it is read within its bounds and found out */
        load = load_of((struct span){ (const char *)store.octets, n });
        copies_load(copies, tallies, &load);
        assert_false(load_ended(&load));
    }
    store_free(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(where_each_comes_twice_every_second_one_is_a_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_they_come_once_a_client_may_repeat_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_host_may_change_its_habit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_lost_line_changes_no_habit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(processes_write_between_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_thousand_hosts_each_have_their_habit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_process_that_is_silent_longest_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_later_is_no_copy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(repeats_that_syslog_counts_are_halved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_known_is_saved_between_a_line_and_its_copy, set_up, tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
