/* parser/newlines.h: the same places as memchr() finds, and nothing is read outside of the block.
 *
 * SEED=n repeats a run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "guard.h"
#include "../../parser/newlines.h"

static size_t find_one_by_one(struct span block, size_t *ends)
{
    size_t n = 0;

    for (size_t at = 0; at < block.n && n < NEWLINES_MAX; at++)
        if (block.p[at] == '\n')
            ends[n++] = at;
    return n;
}

static void assert_finds_all(struct span block)
{
    size_t expected[NEWLINES_MAX], found[NEWLINES_ROOM];
    size_t n = find_one_by_one(block, expected);

    assert_int_equal(newlines_find(block, found), n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(found[i], expected[i]);
}

static void assert_finds_all_at_both_ends_of_a_page(struct span block)
{
    assert_finds_all(guard_behind(block));
    assert_finds_all(guard_before(block));
}

static void a_block_without_newline_has_none(void **state)
{
    char block[200];
    size_t ends[NEWLINES_ROOM];

    (void)state;
    memset(block, 'x', sizeof block);
    for (size_t n = 0; n <= sizeof block; n++)
        assert_int_equal(newlines_find(guard_behind((struct span){ block, n }), ends), 0);
}

static void a_newline_is_found_wherever_it_stands(void **state)
{
    char block[200];

    (void)state;
    memset(block, 'x', sizeof block);
    for (size_t n = 1; n <= sizeof block; n++)
        for (size_t at = 0; at < n; at++) {
            block[at] = '\n';
            assert_finds_all_at_both_ends_of_a_page((struct span){ block, n });
            block[at] = 'x';
        }
}

/* Also where more of them than are wanted stand together. */
static void newlines_alone_are_found_up_to_the_most(void **state)
{
    char block[200];

    (void)state;
    memset(block, '\n', sizeof block);
    for (size_t n = 0; n <= sizeof block; n++)
        assert_finds_all_at_both_ends_of_a_page((struct span){ block, n });
    memset(block, 'x', 63); /* what is looked at together has one more than fits */
    assert_finds_all((struct span){ block, sizeof block });
}

/* Octets near the newline's in value, or with the highest bit, are none. */
static void random_blocks_have_the_newlines_that_they_have(void **state)
{
    static const char octets[] = "\x09\x0b\x8a\xff\0 ";
    const char *given = getenv("SEED");
    const unsigned long seed = given ? strtoul(given, NULL, 10) : (unsigned long)time(NULL);
    char block[1000];

    (void)state;
    printf("# seed %lu\n", seed);
    srandom((unsigned)seed);
    for (unsigned round = 0; round < 20000; round++) {
        const size_t n = (size_t)random() % sizeof block;
        const long line = 1 + random() % 100; /* octets of one, about */

        for (size_t i = 0; i < n; i++)
            block[i] = random() % line == 0 ? '\n' : octets[(size_t)random() % (sizeof octets - 1)];
        assert_finds_all_at_both_ends_of_a_page((struct span){ block, n });
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_without_newline_has_none),
        cmocka_unit_test(a_newline_is_found_wherever_it_stands),
        cmocka_unit_test(newlines_alone_are_found_up_to_the_most),
        cmocka_unit_test(random_blocks_have_the_newlines_that_they_have),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
