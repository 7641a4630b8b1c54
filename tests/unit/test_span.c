/* The primitives of parser/span.h: they advance on success only, and never leave the line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard.h"

static void finds_the_first_place_of_a_literal(void **state)
{
    (void)state;
    assert_int_equal(span_find(SPAN("a status=sent status=sent"), SPAN("status=")), 2);
    assert_int_equal(span_find(SPAN("status="), SPAN("status=")), 0);
    assert_int_equal(span_find(SPAN("status"), SPAN("status=")), 6);
    assert_int_equal(span_find(SPAN(""), SPAN("status=")), 0);
    assert_int_equal(span_find((struct span){ NULL, 0 }, SPAN("x")), 0);
    assert_int_equal(span_find((struct span){ "a\0b", 3 }, SPAN("b")), 2);
    assert_true(span_mentions(SPAN("x queued as y"), "queued as"));
    assert_false(span_mentions(SPAN("x queued a"), "queued as"));
}

static void finds_without_regard_to_case(void **state)
{
    (void)state;
    assert_int_equal(span_find_nocase(SPAN("You are GreyListed, come back"), SPAN("greylist")), 8);
    assert_int_equal(span_find_nocase(SPAN("grey grEYLIST"), SPAN("greylist")), 5);
    assert_int_equal(span_find_nocase(SPAN("greylis"), SPAN("greylist")), 7);
    assert_int_equal(span_find_nocase(SPAN("greylist"), SPAN("")), 0);
    assert_true(span_eq_nocase(SPAN("LocalHost"), SPAN("localhost")));
    assert_false(span_eq_nocase(SPAN("LocalHosts"), SPAN("localhost")));
}

static void finds_nothing_behind_the_end_of_a_line(void **state)
{
    struct span text = SPAN("Greylisted, status=sent");

    (void)state;
    for (size_t n = 0; n <= text.n; n++) {
        struct span cut = guard_behind(span_first(text, n));

        assert_int_equal(span_find(cut, SPAN("status=sent")), n == text.n ? 12 : n);
        assert_int_equal(span_find_nocase(cut, SPAN("greylisted")), n >= 10 ? 0 : n);
    }
}

struct bracketed {
    const char *text, *inside, *behind; /* inside NULL: refused */
};

static const struct bracketed bracketed[] = {
    { "<a@b>, relay", "a@b", ", relay" },
    { "<>", "", "" },
    { "<a@b>>", "a@b", ">" },
    { "<\"a status=bounced>\"@x> y", "\"a status=bounced>\"@x", " y" },
    { "<\"a\\\">b\"@x>", "\"a\\\">b\"@x", "" },
    { "<a.\"b>c\".d@x>", "a.\"b>c\".d@x", "" },
    { "<\">\".\">\"@x>.", "\">\".\">\"@x", "." },
    /* Quotes that do not come out even, or stand where an address has none, give no more than the first '>'. */
    { "<\"a> to=<\"b>", "\"a", " to=<\"b>" },
    { "<\"> helo=<\">", "\"", " helo=<\">" },
    { "<a\"b> c\"@x>", "a\"b", " c\"@x>" },
    { "<a@\"b> c\">", "a@\"b", " c\">" },
    { "<\"a\\", NULL, NULL },
    { "<a@b", NULL, NULL },
    { "a <b>", NULL, NULL },
    { "", NULL, NULL },
};

static void takes_what_brackets_hold_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bracketed / sizeof *bracketed; i++) {
        const struct bracketed *b = &bracketed[i];
        struct span text = guard_behind(span_of(b->text)), rest = text, inside = SPAN("untouched");

        assert_int_equal(span_take_bracketed(&rest, &inside), b->inside != NULL);
        if (b->inside) {
            assert_true(span_eq(inside, span_of(b->inside)));
            assert_true(span_eq(rest, span_of(b->behind)));
        } else {
            assert_ptr_equal(rest.p, text.p);
            assert_int_equal(rest.n, text.n);
        }
        for (size_t n = 0; n < text.n; n++) {
            rest = guard_behind(span_first(span_of(b->text), n));
            span_take_bracketed(&rest, &inside);
        }
    }
}

static void a_failed_step_leaves_the_cursor(void **state)
{
    struct span s = SPAN("1234567890123456789 x"), start = s, taken;
    uint64_t number;

    (void)state;
    assert_false(span_take_number(&s, &number)); /* 19 digits */
    assert_false(span_take_literal(&s, "12x"));
    assert_false(span_take_char(&s, 'x'));
    assert_false(span_take_until(&s, ':', &taken));
    assert_true(s.p == start.p && s.n == start.n);
    assert_true(span_take_until(&s, ' ', &taken) && span_take_char(&s, 'x') && s.n == 0);
    assert_int_equal(taken.n, 19);
    assert_false(span_take_char(&s, 'x'));
    s = SPAN("42,");
    assert_true(span_take_number(&s, &number) && number == 42 && span_is(s, ","));
    assert_true(span_is(span_trim(SPAN(" \t a b \t")), "a b"));
    assert_true(span_starts(SPAN("abc"), SPAN("ab")) && span_ends(SPAN("abc"), SPAN("bc")));
    assert_false(span_starts(SPAN("a"), SPAN("ab")) || span_ends(SPAN("c"), SPAN("bc")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "a search gives the first place of a literal, or the length", finds_the_first_place_of_a_literal, 0, 0, 0 },
        { "a search can do without the case of letters", finds_without_regard_to_case, 0, 0, 0 },
        { "a search never reads behind the end of a line", finds_nothing_behind_the_end_of_a_line, 0, 0, 0 },
        { "a value in <> is taken whole, quoted '>' and all", takes_what_brackets_hold_whole, 0, 0, 0 },
        { "a step that fails leaves the cursor where it was", a_failed_step_leaves_the_cursor, 0, 0, 0 },
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
