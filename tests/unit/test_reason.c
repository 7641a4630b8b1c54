/* Reasons of refusals and deferrals, against a table that was labelled by hand (tests/data/reasons.tsv).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../parser/reason.h"
#include "../../parser/reason_words.h"

#define TABLE    "tests/data/reasons.tsv"
#define ROWS_MAX 1000
#define COLUMNS  7

struct row {
    bool refusal;
    uint16_t code;
    struct span enhanced, text, reason, zone, source;
    unsigned line;
};

static struct row rows[ROWS_MAX];
static size_t rows_n;
static char *table;

/* Names stand in the .def alone, so the test needs no other module. */
static const char *const refusal_names[] = {
#define REFUSAL(number, identifier, name) [number] = #name,
#include "../../parser/reasons.def"
};
static const char *const deferral_names[] = {
#define DEFERRAL(number, identifier, name) [number] = #name,
#include "../../parser/reasons.def"
};

static struct span dash_is_empty(struct span s)
{
    return span_is(s, "-") ? (struct span){ s.p, 0 } : s;
}

static void row_add(struct span line, unsigned number)
{
    struct span column[COLUMNS];
    struct row *row = &rows[rows_n];
    uint64_t code;

    for (int i = 0; i < COLUMNS - 1; i++)
        if (!span_take_until(&line, '\t', &column[i]))
            fail_msg("%s:%u: fewer than %d columns", TABLE, number, COLUMNS);
    column[COLUMNS - 1] = line;
    if (rows_n == ROWS_MAX || !span_take_number(&column[1], &code) || code > 599)
        fail_msg("%s:%u: more than %d rows, or not a reply code", TABLE, number, ROWS_MAX);
    *row = (struct row){ span_is(column[0], "R"),
                         (uint16_t)code,
                         dash_is_empty(column[2]),
                         column[3],
                         column[4],
                         dash_is_empty(column[5]),
                         column[6],
                         number };
    rows_n++;
}

static int load(void **state)
{
    FILE *file = fopen(TABLE, "r");
    unsigned number = 0;
    struct span rest, line;
    size_t size = 1 << 20;

    (void)state;
    table = malloc(size);
    if (!file || !table) {
        print_error("cannot open %s: run the test from the project's top directory\n", TABLE);
        return -1;
    }
    rest = (struct span){ table, fread(table, 1, size, file) };
    fclose(file);
    while (span_take_until(&rest, '\n', &line)) {
        number++;
        if (line.n && line.p[0] != '#')
            row_add(line, number);
    }
    return rest.n ? -1 : 0;
}

static int unload(void **state)
{
    (void)state;
    free(table);
    return 0;
}

static const char *reason_of(const struct row *row, struct span text, struct span *zone)
{
    *zone = (struct span){ text.p, 0 };
    if (row->refusal)
        return refusal_names[refusal_reason_of(row->code, row->enhanced, text, zone)];
    return deferral_names[deferral_reason_of(row->enhanced, text)];
}

/* The goal is 95 % of any texts; of these all are right, so a miss is something that was lost. */
static void every_row_has_the_reason_of_its_label(void **state)
{
    size_t right = 0, refusals = 0, other = 0;

    (void)state;
    for (size_t i = 0; i < rows_n; i++) {
        const struct row *row = &rows[i];
        struct span zone;
        const char *reason = reason_of(row, row->text, &zone);

        refusals += row->refusal;
        other += span_is(row->reason, "other");
        if (span_eq(span_of(reason), row->reason) && span_eq(zone, row->zone))
            right++;
        else
            print_message("# %s:%u: %s zone '%.*s', label %.*s zone '%.*s': %.*s\n", TABLE, row->line, reason,
                          (int)zone.n, zone.p, (int)row->reason.n, row->reason.p, (int)row->zone.n, row->zone.p,
                          (int)row->text.n, row->text.p);
    }
    print_message("# %zu of %zu rows right (%zu refusals, %zu deferrals)\n", right, rows_n, refusals,
                  rows_n - refusals);
    assert_true(refusals >= 130 && rows_n - refusals >= 70 && other >= 15);
    assert_int_equal(right, rows_n);
}

/* So that a shorter table cannot pass for this one. */
static void the_table_has_hostile_rows_and_zones(void **state)
{
    size_t hostile = 0, zones = 0;

    (void)state;
    for (size_t i = 0; i < rows_n; i++) {
        hostile += span_mentions(rows[i].source, "hostile");
        zones += rows[i].zone.n > 0;
    }
    assert_true(hostile >= 15 && zones >= 20);
}

static void every_reason_has_a_row(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        int n = kind ? (int)REFUSAL_REASONS : (int)DEFERRAL_REASONS;

        for (int reason = 1; reason < n; reason++) {
            const char *name = kind ? refusal_names[reason] : deferral_names[reason];
            bool found = false;

            for (size_t i = 0; i < rows_n && !found; i++)
                found = rows[i].refusal == (kind == 1) && span_eq(rows[i].reason, span_of(name));
            /* earlyTalker and the like: a reason that no text leads to would be a row of zeros in the MIB for ever */
            if (!found)
                fail_msg("no row of %s has the reason %s", TABLE, name);
        }
    }
}

/* qmail writes '_' for spaces; some administrators shout. Not the hostile rows: where an address ends is told by the
 * exact shape of Postfix' own refusals. */
static void case_and_underscores_do_not_matter(void **state)
{
    char text[2048];

    (void)state;
    for (size_t i = 0; i < rows_n; i++) {
        const struct row *row = &rows[i];
        struct span zone, upper = { text, row->text.n };

        if (row->zone.n || span_mentions(row->text, "://") || span_mentions(row->source, "hostile"))
            continue;
        for (size_t j = 0; j < row->text.n; j++)
            text[j] = row->text.p[j] >= 'a' && row->text.p[j] <= 'z' ? (char)(row->text.p[j] - 32) : row->text.p[j];
        assert_string_equal(reason_of(row, upper, &zone), reason_of(row, row->text, &zone));
    }
    assert_int_equal(deferral_reason_of(SPAN(""), SPAN("I_said:_no._Remote_host_said:_451_GREYLISTED")),
                     DEFERRAL_GREYLIST);
}

/* The end of a mapping whose next page cannot be read. */
static char *guarded(size_t *size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(p != MAP_FAILED && mprotect(p + page, page, PROT_NONE) == 0);
    *size = page;
    return p;
}

static void check_result(const struct row *row, struct span text)
{
    struct span zone;

    assert_non_null(reason_of(row, text, &zone));
    assert_true(zone.p >= text.p && zone.p + zone.n <= text.p + text.n);
}

static void a_text_cut_anywhere_is_read_to_its_end_only(void **state)
{
    size_t page;
    char *memory = guarded(&page);

    (void)state;
    for (size_t i = 0; i < rows_n; i++)
        for (size_t n = 0; n <= rows[i].text.n; n++) {
            char *at = memory + page - n;

            memcpy(at, rows[i].text.p, n);
            check_result(&rows[i], (struct span){ at, n });
        }
    munmap(memory, 2 * page);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Words of the rows, octets that mean something to the reader, and any octet. */
static size_t random_text(uint64_t *seed, char *at, size_t max)
{
    static const char special[] = "<>[]\"\\:/.@-_# ;()4159";
    size_t n = 0;

    while (n < max) {
        uint64_t r = next_random(seed);
        const struct row *row = &rows[(r >> 8) % rows_n];

        if (r % 4 == 0 && row->text.n) {
            size_t from = (r >> 20) % row->text.n, take = (r >> 40) % 24;

            for (size_t i = from; i < row->text.n && take-- && n < max; i++)
                at[n++] = row->text.p[i];
        } else {
            at[n++] = r % 4 == 1 ? (char)(r >> 16) : special[(r >> 16) % (sizeof(special) - 1)];
        }
    }
    return n;
}

static void random_octets_do_no_harm(void **state)
{
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u + 1;
    size_t page;
    char *memory = guarded(&page);

    (void)state;
    print_message("# SEED=%llu\n", (unsigned long long)seed);
    for (int round = 0; round < 20000; round++) {
        size_t n = next_random(&seed) % 300;
        char *at = memory + page - n;
        struct row row = rows[next_random(&seed) % rows_n];

        random_text(&seed, at, n);
        check_result(&row, (struct span){ at, n });
    }
    munmap(memory, 2 * page);
}

/* Of this process, whatever else the machine does. */
static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Patterns that would make a careless scanner look ahead from each octet: 1 MiB of each, and time for 10000 times as
 * much under the sanitisers; a quadratic scan needs hours. */
static void time_is_linear_in_hostile_texts(void **state)
{
    static const char *const patterns[] = {
        "<",  "<\"", "<\"\\\"", "[",     "[]",         "://",       "a-spam-",
        "@a", "<[",  "(#",      "4.7.1", "listed in ", "spam.a@b ", "blocked using "
    };
    size_t size = 1 << 20;
    char *text = malloc(size);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        size_t n = strlen(patterns[i]);
        struct span zone;
        double start = seconds();

        for (size_t j = 0; j < size; j++)
            text[j] = patterns[i][j % n];
        refusal_reason_of(550, SPAN("5.7.1"), (struct span){ text, size }, &zone);
        deferral_reason_of(SPAN("4.7.1"), (struct span){ text, size });
        if (seconds() - start > 60)
            fail_msg("1 MiB of '%s' took %.1f s", patterns[i], seconds() - start);
    }
    free(text);
}

static void no_text_at_all_is_other(void **state)
{
    struct span none = { NULL, 0 }, zone;

    (void)state;
    assert_int_equal(refusal_reason_of(0, none, none, &zone), REFUSAL_OTHER);
    assert_int_equal(zone.n, 0);
    assert_int_equal(deferral_reason_of(none, none), DEFERRAL_OTHER);
}

static bool is_table_text(const struct phrase *phrase, char letter)
{
    if (phrase->octets < PHRASE_OCTETS_MIN || phrase->octets > PHRASE_OCTETS_MAX || phrase->text[0] != letter)
        return false;
    for (size_t i = 0; i < phrase->octets; i++) {
        char c = phrase->text[i];

        if ((c >= 'A' && c <= 'Z') || c == '-' || c == '_' || (unsigned char)c < ' ' || (unsigned char)c > '~')
            return false;
    }
    return true;
}

/* An earlier phrase that the later one begins with would hide it. */
static bool hides(const struct phrase *earlier, const struct phrase *later)
{
    if (earlier->octets > later->octets || memcmp(earlier->text, later->text, earlier->octets) != 0)
        return false;
    return earlier->octets == later->octets || earlier->flags & PHRASE_PREFIX ||
           !is_alnum(later->text[earlier->octets]);
}

static void check_words(const struct phrases *words, uint8_t meanings)
{
    for (int letter = 0; letter < PHRASE_LETTERS; letter++)
        for (size_t i = 0; i < words[letter].n; i++) {
            const struct phrase *phrase = &words[letter].phrase[i];

            if (!is_table_text(phrase, (char)('a' + letter)) || phrase->meaning >= meanings || phrase->rank > DECIDES ||
                phrase->about >= ABOUTS)
                fail_msg("the row \"%.*s\" can never match", phrase->octets, phrase->text);
            for (size_t j = 0; j < i; j++)
                if (hides(&words[letter].phrase[j], phrase))
                    fail_msg("the row \"%.*s\" is hidden by \"%.*s\"", phrase->octets, phrase->text,
                             words[letter].phrase[j].octets, words[letter].phrase[j].text);
        }
}

static void every_row_of_the_word_tables_can_match(void **state)
{
    (void)state;
    check_words(refusal_words, REFUSAL_MEANINGS);
    check_words(deferral_words, DEFERRAL_MEANINGS);
}

/* Each phrase of the tables alone, as the whole text, is found: what a row is for. */
static void every_phrase_is_found_where_it_stands_alone(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++)
        for (int letter = 0; letter < PHRASE_LETTERS; letter++) {
            const struct phrases *list = kind ? &refusal_words[letter] : &deferral_words[letter];

            for (size_t i = 0; i < list->n; i++) {
                struct phrase_scan scan = phrase_scan_of((struct span){ list->phrase[i].text, list->phrase[i].octets });

                assert_ptr_equal(phrase_next(&scan, kind ? refusal_words : deferral_words), &list->phrase[i]);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_the_reason_of_its_label),
        cmocka_unit_test(the_table_has_hostile_rows_and_zones),
        cmocka_unit_test(every_reason_has_a_row),
        cmocka_unit_test(case_and_underscores_do_not_matter),
        cmocka_unit_test(a_text_cut_anywhere_is_read_to_its_end_only),
        cmocka_unit_test(random_octets_do_no_harm),
        cmocka_unit_test(time_is_linear_in_hostile_texts),
        cmocka_unit_test(no_text_at_all_is_other),
        cmocka_unit_test(every_row_of_the_word_tables_can_match),
        cmocka_unit_test(every_phrase_is_found_where_it_stands_alone),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, load, unload);
}
