/* Two sources with the same lines are found, and others are not suspected.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "../../agent/duplicates.h"

/* A line of a mail server with its own time, process and id. */
static struct span line(char *room, const char *program, unsigned n)
{
    int octets =
        snprintf(room, 200, "Nov 21 03:%02u:%02u mx1 %s[%u]: 4D%08X: to=<bob%u@example.org>, status=sent (250 ok)",
                 n / 60 % 60, n % 60, program, 1000 + n % 7, n * 2654435761u, n % 1000);

    return (struct span){ room, (size_t)octets };
}

static void feed(struct duplicates *d, size_t source, const char *program, unsigned from, unsigned to, int64_t now_ms)
{
    char room[200];

    for (unsigned n = from; n < to; n++)
        duplicates_line(d, source, line(room, program, n), now_ms);
}

static bool found(const struct duplicates *d, int64_t now_ms, size_t one, size_t other)
{
    size_t a = 99, b = 99;

    return duplicates_found(d, now_ms, &a, &b) && a == one && b == other;
}

static int make(void **state)
{
    *state = duplicates_new(12345);
    return *state ? 0 : -1;
}

static int unmake(void **state)
{
    duplicates_free(*state);
    return 0;
}

static void the_same_lines_line_by_line_are_found(void **state)
{
    struct duplicates *d = *state;
    size_t a, b;

    for (unsigned n = 0; n < 2000; n++) {
        feed(d, 3, "postfix/smtp", n, n + 1, n);
        feed(d, 1, "postfix/smtp", n, n + 1, n);
    }
    assert_true(found(d, 2000, 1, 3));
    assert_true(found(d, 2000 + DUPLICATES_FOR_MS - 100, 1, 3));
    assert_false(duplicates_found(d, 2000 + DUPLICATES_FOR_MS + 100, &a, &b)); /* it was mended */
}

static void the_same_lines_block_by_block_are_found(void **state)
{
    struct duplicates *d = *state;

    for (unsigned n = 0; n < 40000; n += 5000) {
        feed(d, 0, "postfix/smtp", n, n + 5000, 1);
        feed(d, 1, "postfix/smtp", n, n + 5000, 2);
    }
    assert_true(found(d, 2, 0, 1));
}

/* syslog holds more than mail.log: only a part of one is in the other. */
static void a_part_that_is_the_same_is_found(void **state)
{
    struct duplicates *d = *state;

    for (unsigned n = 0; n < 4000; n++) {
        feed(d, 0, "postfix/smtp", n, n + 1, 5);
        feed(d, 1, n % 4 ? "CRON" : "postfix/smtp", n, n + 1, 5);
    }
    assert_true(found(d, 5, 0, 1));
}

static void other_lines_of_the_same_host_are_no_evidence(void **state)
{
    struct duplicates *d = *state;
    size_t a, b;

    for (unsigned n = 0; n < 200000; n++) {
        feed(d, 0, "postfix/smtp", n, n + 1, 5);
        feed(d, 1, "dovecot/lmtp", n, n + 1, 5);
    }
    assert_false(duplicates_found(d, 5, &a, &b));
}

static void a_source_that_repeats_itself_is_no_evidence(void **state)
{
    struct duplicates *d = *state;
    size_t a, b;

    for (int i = 0; i < 100; i++)
        feed(d, 0, "postfix/smtp", 0, 500, 5);
    assert_false(duplicates_found(d, 5, &a, &b));
}

/* One line that is in both, over and over: a message of the system, and no mail. */
static void one_line_is_not_enough(void **state)
{
    struct duplicates *d = *state;
    size_t a, b;

    for (unsigned n = 0; n < 100; n++)
        for (int i = 0; i < 50; i++) {
            feed(d, 0, "postfix/smtp", 17, 18 + n % 20, 5);
            feed(d, 1, "postfix/smtp", 17, 18, 5);
        }
    assert_false(duplicates_found(d, 5, &a, &b));
}

static void what_was_forgotten_is_not_told(void **state)
{
    struct duplicates *d = *state;
    size_t a, b;

    feed(d, 0, "postfix/smtp", 0, 3000, 5);
    feed(d, 1, "postfix/smtp", 0, 3000, 5);
    assert_true(found(d, 5, 0, 1));
    duplicates_forget(d);
    assert_false(duplicates_found(d, 5, &a, &b));
    feed(d, 1, "postfix/smtp", 0, 3000, 5);
    assert_false(duplicates_found(d, 5, &a, &b));
}

static void the_pair_with_the_most_lines_is_told_of_many(void **state)
{
    struct duplicates *d = *state;

    for (size_t source = 0; source < 20; source++)
        feed(d, source, "postfix/smtp", 0, 1000, (int64_t)source);
    for (unsigned n = 5000; n < 20000; n++) {
        feed(d, 7, "postfix/smtp", n, n + 1, 30);
        feed(d, 5, "postfix/smtp", n, n + 1, 30);
    }
    assert_true(found(d, 30, 5, 7));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_same_lines_line_by_line_are_found),
        TEST(the_same_lines_block_by_block_are_found),
        TEST(a_part_that_is_the_same_is_found),
        TEST(other_lines_of_the_same_host_are_no_evidence),
        TEST(a_source_that_repeats_itself_is_no_evidence),
        TEST(one_line_is_not_enough),
        TEST(what_was_forgotten_is_not_told),
        TEST(the_pair_with_the_most_lines_is_told_of_many),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("duplicates", tests, NULL, NULL);
}
