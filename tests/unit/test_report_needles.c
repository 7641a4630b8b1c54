/* Many texts at once: whatever the block, what is found is what a plain search finds; and nothing behind the block is
 * read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../report/needles.h"
#include "../../report/report.h"
#include "guard.h"

/* main.c's, which is not linked */
void complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

static uint64_t state = 7;

static unsigned at_random(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static bool stands_at(struct span text, size_t nocase_from, const char *p)
{
    for (size_t i = 0; i < text.n; i++)
        if (p[i] != text.p[i] && !(i >= nocase_from && to_lower(p[i]) == to_lower(text.p[i])))
            return false;
    return true;
}

struct text {
    char octets[24];
    size_t n, nocase_from;
};

/* How many places have one of the texts, by both ways. */
static void compare(const struct text *texts, size_t n, const char *block, size_t octets)
{
    struct needles *needles = needles_new();
    const char *end = block + octets, *p = block, *hit;
    size_t found = 0, wanted = 0;

    for (size_t i = 0; i < n; i++)
        assert_true(needles_add(needles, (struct span){ texts[i].octets, texts[i].n }, texts[i].nocase_from));
    needles_prepare(needles, (struct span){ block, octets });
    for (const char *at = block; at < end; at++) {
        bool stands = false;

        for (size_t i = 0; i < n; i++)
            stands |= texts[i].n <= (size_t)(end - at) &&
                      stands_at((struct span){ texts[i].octets, texts[i].n }, texts[i].nocase_from, at);
        wanted += stands;
    }
    /* Each line of it, once: the texts of one block have no newline. */
    while (p < end && (hit = needles_next(needles, p, end))) {
        bool stands = false;

        for (size_t i = 0; i < n; i++)
            stands |= texts[i].n <= (size_t)(end - hit) &&
                      stands_at((struct span){ texts[i].octets, texts[i].n }, texts[i].nocase_from, hit);
        assert_true(stands);
        found++;
        p = hit + 1;
    }
    assert_true(found <= wanted);
    assert_true((found > 0) == (wanted > 0));
    needles_free(needles);
}

static void what_is_found_is_what_a_plain_search_finds(void **unused)
{
    char *end = guard_room() + GUARD_ROOM;

    (void)unused;
    for (unsigned round = 0; round < 4000; round++) {
        const unsigned letters = 2 + at_random(30);
        const size_t octets = at_random(600), n = 1 + at_random(round % 7 ? 4 : NEEDLES_MAX);
        struct text texts[NEEDLES_MAX];
        char *block = end - octets;

        for (size_t i = 0; i < octets; i++)
            block[i] = (char)((at_random(2) ? 'A' : 'a') + at_random(letters));
        for (size_t k = 0; k < n; k++) {
            texts[k].n = NEEDLE_OCTETS_MIN + at_random(20);
            texts[k].nocase_from = at_random(2) ? at_random(20) : SIZE_MAX;
            for (size_t i = 0; i < texts[k].n; i++)
                texts[k].octets[i] = (char)((at_random(2) ? 'A' : 'a') + at_random(letters));
        }
        if (octets > 30) /* it stands there, at the very end every other time */
            memcpy(at_random(2) ? end - texts[0].n : block + at_random((unsigned)(octets - 24)), texts[0].octets,
                   texts[0].n);
        compare(texts, n, block, octets);
    }
}

static void too_short_and_too_many_are_refused(void **unused)
{
    struct needles *needles = needles_new();

    (void)unused;
    assert_false(needles_add(needles, SPAN("ab"), SIZE_MAX));
    for (unsigned i = 0; i < NEEDLES_MAX; i++)
        assert_true(needles_add(needles, SPAN("abc"), SIZE_MAX));
    assert_false(needles_add(needles, SPAN("abc"), SIZE_MAX));
    needles_free(needles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_found_is_what_a_plain_search_finds),
        cmocka_unit_test(too_short_and_too_many_are_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
