/* The pieces of a report: names, delays, keys and reasons, their order, notes on messages.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../parser/tally.h"
#include "../../report/delays.h"
#include "../../report/notes.h"
#include "../../report/order.h"
#include "../../report/report.h"
#include "../../report/words.h"

/* main.c's, which is not linked */
void complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

static void assert_span(struct span got, const char *wanted)
{
    char text[1024];

    snprintf(text, sizeof text, "%.*s", (int)got.n, got.n ? got.p : "");
    assert_string_equal(text, wanted);
}

/* ---- names ---- */

static struct name *row(struct names *names, unsigned i)
{
    char text[32];

    snprintf(text, sizeof text, "user%u@example.org", i);
    return names_row(names, span_of(text));
}

static uint64_t sum(const struct names *names)
{
    uint64_t n = names_other(names)->name.count;

    for (uint32_t i = 0; i < names_rows(names); i++)
        n += ((const struct name *)names_at(names, i))->count;
    return n;
}

static void names_below_the_cap_are_exact(void **state)
{
    struct names *names = names_new(sizeof(struct name), 5000, 7);

    (void)state;
    for (unsigned i = 0; i < 20000; i++)
        row(names, i * i % 5000)->count++;
    assert_true(names_is_exact(names));
    assert_int_equal(names_missed(names), 0);
    assert_int_equal(sum(names), 20000);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t wanted = 0;

        for (unsigned k = 0; k < 20000; k++)
            wanted += k * k % 5000 == i * i % 5000;
        assert_int_equal(row(names, i * i % 5000)->count, wanted);
    }
    names_free(names);
}

static void above_the_cap_the_frequent_stay_and_the_sum_is_exact(void **state)
{
    struct names *names = names_new(sizeof(struct name), 1000, 7);
    const unsigned distinct = 200000;

    (void)state;
    for (unsigned i = 0; i < distinct; i++) {
        row(names, i)->count++;
        if (i % 100 == 0)
            row(names, 1)->count++; /* 2000 times in all, and one more */
        assert_true(names_rows(names) <= 1000);
    }
    assert_false(names_is_exact(names));
    assert_int_equal(sum(names), distinct + distinct / 100);
    assert_in_range(names_distinct(names), distinct * 96 / 100, distinct * 104 / 100);
    assert_in_range(row(names, 1)->count + names_missed(names), distinct / 100 + 1, distinct);
    assert_true(row(names, 1)->count <= distinct / 100 + 1);
    assert_true(row(names, 1)->count > 1900);
    names_free(names);
}

static void there_is_room_also_where_all_are_frequent(void **state)
{
    struct names *names = names_new(sizeof(struct name), 50, 7);
    uint64_t all = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t count = i % 3 ? 1000 : 100000 + i;

        row(names, i)->count += count;
        all += count;
        assert_true(names_rows(names) <= 50);
    }
    assert_int_equal(sum(names), all);
    names_free(names);
}

static void a_domain_that_is_dropped_leaves_its_sums(void **state)
{
    struct names *names = names_new(sizeof(struct domain), 10, 7);
    uint64_t deferrals = 0;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        struct domain *domain = (struct domain *)(void *)row(names, i);

        domain->name.count += 1 + i % 3;
        domain->deferrals += i;
    }
    deferrals = names_other(names)->deferrals;
    for (uint32_t i = 0; i < names_rows(names); i++)
        deferrals += ((const struct domain *)names_at(names, i))->deferrals;
    assert_int_equal(deferrals, 99 * 100 / 2);
    names_free(names);
}

static void a_name_may_be_empty_or_very_long(void **state)
{
    struct names *names = names_new(sizeof(struct name), 10, 7);
    static char text[100000];

    (void)state;
    memset(text, 'x', sizeof text);
    ((struct name *)names_row(names, (struct span){ text, sizeof text }))->count++;
    ((struct name *)names_row(names, (struct span){ NULL, 0 }))->count += 2;
    assert_int_equal(names_rows(names), 2);
    assert_int_equal(names_text(names, names_at(names, 0)).n, NAME_OCTETS_MAX);
    names_free(names);
}

/* ---- delays ---- */

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void percentiles_are_within_their_bound(void **state)
{
    static struct delays delays;
    static uint64_t all[10007];
    uint64_t x = 12345;
    const size_t n = sizeof all / sizeof all[0];

    (void)state;
    for (size_t i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        all[i] = (x >> 33) % 100 < 90 ? (x >> 40) % 3000 : (x >> 30) % 500000000;
        delays_add(&delays, all[i], 1);
    }
    qsort(all, n, sizeof all[0], by_number);
    for (unsigned p = 1; p <= 100; p++) {
        uint64_t exact = all[(n * p + 99) / 100 - 1], got = delays_percentile(&delays, p);

        assert_in_range(got, exact, exact + exact / DELAYS_STEPS);
    }
    assert_int_equal(delays_percentile(&delays, 100), all[n - 1]);
}

static void any_delay_has_a_bucket(void **state)
{
    static struct delays delays;

    (void)state;
    assert_int_equal(delays_percentile(&delays, 50), 0);
    delays_add(&delays, UINT64_MAX / 2, 1);
    assert_int_equal(delays_percentile(&delays, 50), UINT64_MAX / 2);
    for (unsigned i = 1; i < DELAYS_BUCKETS; i++)
        assert_true(delays_bound_ms(i) > delays_bound_ms(i - 1));
}

/* ---- words ---- */

static void clients_are_called_by_their_domains(void **state)
{
    static const struct {
        const char *client, *domain;
    } rows[] = {
        { "mail.example.org[192.0.2.1]", "example.org" },
        { "a.b.MAIL.Example.ORG[192.0.2.1]", "example.org" },
        { "example.org[192.0.2.1]", "example.org" },
        { "mx.foo.de[192.0.2.1]", "mx.foo.de" },
        { "a.mx.foo.de[192.0.2.1]", "mx.foo.de" },
        { "a.mx.example.co.uk[192.0.2.1]", "example.co.uk" },
        { "mx.world.example[192.0.2.1]", "mx.world.example" },
        { "unknown[192.0.2.66]", "192.0.2.66" },
        { "[2001:db8::1]:4711", "2001:db8::1" },
        { "mail.example.org[2001:db8::1] ehlo=1 quit=1", "example.org" },
        { "192.0.2.9", "192.0.2.9" },
        { "mx.example.net (may be forged) [192.0.2.9]", "example.net" },
        { "no bracket [192.0.2.9", "no bracket" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct words words;

        assert_span(words_client(&words, span_of(rows[i].client)), rows[i].domain);
    }
}

static void addresses_are_folded_and_munged_as_asked(void **state)
{
    struct report_options plain = { 0 }, folded = { .ignore_case = true }, verp = { .verp_mung = 1 };
    struct report_options more = { .verp_mung = 2 }, uucp = { .uucp_mung = true };
    struct words words;
    char longest[2000];

    (void)state;
    assert_span(words_address(&words, SPAN("Alice@Example.ORG"), &plain, true), "Alice@example.org");
    assert_span(words_address(&words, SPAN("Alice@Example.ORG"), &folded, true), "alice@example.org");
    assert_span(words_address(&words, SPAN("list-return-12-u=there.dom@l.example"), &verp, true),
                "list-return-ID-u=there.dom@l.example");
    assert_span(words_address(&words, SPAN("list-return-12-u=there.dom@l.example"), &more, true),
                "list-return-ID@l.example");
    assert_span(words_address(&words, SPAN("list-return-12-u=there.dom@l.example"), &verp, false),
                "list-return-12-u=there.dom@l.example");
    assert_span(words_address(&words, SPAN("here.example!carol@next"), &uucp, true), "next!carol@here.example");
    assert_span(words_address(&words, SPAN("a!b.example!carol@next"), &uucp, true), "next!a!carol@b.example");
    assert_span(words_address(&words, SPAN("!@"), &uucp, true), "!@");
    assert_span(words_address(&words, SPAN("@"), &more, true), "@");
    assert_span(words_address(&words, SPAN("1-=@"), &more, true), "1-=@");
    memset(longest, '1', sizeof longest);
    assert_int_equal(words_address(&words, (struct span){ longest, sizeof longest }, &more, true).n, WORDS_OCTETS);
    assert_span(words_domain_of(SPAN("\"a@b\"@c.example")), "c.example");
    assert_span(words_domain_of(SPAN("nobody")), "nobody");
}

static void reasons_are_cut_as_pflogsumm_does(void **state)
{
    struct words words;

    (void)state;
    assert_span(words_said(&words,
                           SPAN("host mx.a.example[192.0.2.1] said: 550 5.1.1 no such user, nobody at all (in reply "
                                "to RCPT)"),
                           60),
                "5.1.1 no such user, nobody at all (in reply to RCPT)");
    assert_span(words_said(&words, SPAN("450 short"), 60), "short");
    assert_span(words_said(&words, SPAN("0123456789abcdef"), 10), "0123456...");
    assert_span(words_cut(&words, SPAN("0123456789"), 10), "0123456789");
}

static struct line line_of(struct tally *host, const char *service, const char *message)
{
    struct line line = { .tally = host };

    line.header.instance = SPAN("postfix");
    line.header.service = span_of(service);
    line.header.message = span_of(message);
    return line;
}

static void refusals_are_told_by_their_own_words(void **state)
{
    static const struct {
        const char *message, *stage, *client, *reason;
    } rows[] = {
        { "NOQUEUE: reject: RCPT from mx.example[192.0.2.1]: 550 5.1.1 <a: b; c>: Recipient address rejected: User "
          "unknown in "
          "local recipient table; from=<x> to=<y> proto=ESMTP helo=<z>",
          "RCPT", "mx.example[192.0.2.1]", "Recipient address rejected: User unknown in local recipient table" },
        { "NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 Service unavailable; Client host [192.0.2.1] "
          "blocked using "
          "zen.example; http://x; from=<x> to=<y>",
          "RCPT", "unknown[192.0.2.1]", "blocked using zen.example" },
        { "NOQUEUE: reject: RCPT from [192.0.2.1]:4711: 450 4.3.2 Service currently unavailable; from=<x>, to=<y>",
          "RCPT", "[192.0.2.1]:4711", "Service currently unavailable" },
        { "4AB: reject: MAIL from mx[192.0.2.1]: 552 5.3.4 Message size exceeds fixed limit; proto=ESMTP", "MAIL",
          "mx[192.0.2.1]", "5.3.4 Message size exceeds fixed limit" },
        { "proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject, id=1: spam; from=<x>", "END-OF-MESSAGE", "", "Reject" },
        { "reject: RCPT from a: b", "RCPT", "a", "b" },
    };
    struct tally host = { .key = 1 };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct line line = line_of(&host, "smtpd", rows[i].message);
        struct refusal refusal;
        struct words words;

        assert_true(words_split_refusal(&line, &refusal));
        assert_span(refusal.stage, rows[i].stage);
        assert_span(refusal.client, rows[i].client);
        assert_span(words_refusal(&words, &refusal), rows[i].reason);
    }
}

/* Every beginning of a line: nothing is read that is not there (the sanitiser looks). */
static void a_line_may_end_anywhere(void **state)
{
    static const char whole[] =
        "NOQUEUE: reject: RCPT from mx.example[192.0.2.1]: 550 5.1.1 <a>: Sender address rejected: [x] y; "
        "from=<x> to=<y>";
    struct tally host = { .key = 1 };

    (void)state;
    for (size_t n = 0; n < sizeof whole; n++) {
        char *octets = malloc(n ? n : 1);
        struct line line = line_of(&host, "smtpd", "");
        struct refusal refusal;
        struct words words;

        memcpy(octets, whole, n);
        line.header.message = (struct span){ octets, n };
        if (words_split_refusal(&line, &refusal))
            words_refusal(&words, &refusal);
        words_client(&words, line.header.message);
        words_said(&words, line.header.message, 20);
        free(octets);
    }
}

/* ---- order ---- */

static void equal_counts_stand_by_domain(void **state)
{
    static const char *const wanted[] = { "most@z.example", "10.0.0.2",    "10.0.0.10",
                                          "b@a.example",    "a@b.example", "c@b.example" };
    static const unsigned added[] = { 5, 3, 0, 2, 1, 4 };
    struct names *names = names_new(sizeof(struct name), 100, 7);
    const struct name **rows;
    size_t n;

    (void)state;
    for (size_t i = 0; i < 6; i++)
        ((struct name *)names_row(names, span_of(wanted[added[i]])))->count = added[i] ? 1 : 9;
    for (int64_t limit = -1; limit < 8; limit++) {
        rows = order_names(names, ORDER_COUNT, true, limit, &n);
        assert_int_equal(n, limit < 0 || limit > 6 ? 6 : limit);
        for (size_t i = 0; i < n; i++)
            assert_span(names_text(names, rows[i]), wanted[i]);
        free(rows);
    }
    names_free(names);
}

/* ---- notes ---- */

static void what_was_said_is_found_until_it_is_old(void **state)
{
    struct notes *notes = notes_new(3);
    struct tally host = { .key = 1 }, other = { .key = 2 };
    struct line line = line_of(&host, "smtpd", ""), elsewhere = line_of(&other, "smtpd", "");
    struct span client, address;
    char id[16];

    (void)state;
    notes_put(notes, &line, SPAN("A1"), SPAN("mx[192.0.2.1]"), (struct span){ NULL, 0 });
    assert_true(notes_find(notes, &line, SPAN("A1"), &client, &address));
    assert_span(client, "mx[192.0.2.1]");
    assert_null(address.p);
    assert_false(notes_find(notes, &elsewhere, SPAN("A1"), &client, &address));
    notes_put(notes, &line, SPAN("A1"), SPAN("other[192.0.2.2]"), SPAN(""));
    assert_true(notes_find(notes, &line, SPAN("A1"), &client, &address));
    assert_span(client, "other[192.0.2.2]");
    assert_non_null(address.p);
    for (unsigned i = 0; i < 200000; i++) {
        snprintf(id, sizeof id, "B%u", i);
        notes_put(notes, &line, span_of(id), SPAN("mx[192.0.2.1]"), span_of(id));
        assert_true(notes_find(notes, &line, span_of(id), &client, &address));
        assert_span(address, id);
    }
    assert_false(notes_find(notes, &line, SPAN("A1"), &client, &address));
    notes_free(notes);
}

#define SAID 60000

/* How many of the notes, from the last one back, are known when all was said; the older ones are not. */
static unsigned known(struct notes *notes, const struct line *line, unsigned ids)
{
    struct span client, address;
    char id[16];
    unsigned n = 0;

    for (unsigned i = ids; i-- > 0;) {
        snprintf(id, sizeof id, "C%u", i);
        if (notes_find(notes, line, span_of(id), &client, &address)) {
            assert_int_equal(n, ids - 1 - i);
            assert_span(address, id);
            assert_int_equal(client.n, i % 40 * 7 % 256);
            n++;
        }
    }
    return n;
}

static void say(struct notes *notes, const struct line *line, unsigned i, size_t client_octets)
{
    static const char client[256] = "";
    char id[16];

    snprintf(id, sizeof id, "C%u", i);
    notes_put(notes, line, span_of(id), (struct span){ client, client_octets }, span_of(id));
}

static void what_is_forgotten_does_not_depend_on_the_seed(void **state)
{
    struct tally host = { .key = 1 };
    struct line line = line_of(&host, "smtpd", "");
    unsigned least = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct notes *notes = notes_new(seed * 0x9e3779b97f4a7c15u);

        for (unsigned i = 0; i < SAID; i++) {
            if (i % 3 == 0) /* said twice, with other words: it counts once, and from then on */
                say(notes, &line, i, 200);
            say(notes, &line, i, i % 40 * 7 % 256);
        }
        if (seed == 1)
            least = known(notes, &line, SAID);
        assert_in_range(least, 4000, NOTES_MAX - 1); /* the texts are what fills it */
        assert_int_equal(known(notes, &line, SAID), least);
        notes_free(notes);
    }
}

static void as_many_short_notes_as_there_may_be_are_known(void **state)
{
    struct tally host = { .key = 1 };
    struct line line = line_of(&host, "smtpd", "");
    struct span client, address;
    char id[16];

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct notes *notes = notes_new(seed * 0x9e3779b97f4a7c15u);

        for (unsigned i = 0; i < 3 * NOTES_MAX + 77; i++)
            say(notes, &line, i, 0);
        for (unsigned i = 0; i < 3 * NOTES_MAX + 77; i++) {
            snprintf(id, sizeof id, "C%u", i);
            assert_int_equal(notes_find(notes, &line, span_of(id), &client, &address), i >= 2 * NOTES_MAX + 77);
        }
        notes_free(notes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_below_the_cap_are_exact),
        cmocka_unit_test(above_the_cap_the_frequent_stay_and_the_sum_is_exact),
        cmocka_unit_test(there_is_room_also_where_all_are_frequent),
        cmocka_unit_test(a_domain_that_is_dropped_leaves_its_sums),
        cmocka_unit_test(a_name_may_be_empty_or_very_long),
        cmocka_unit_test(percentiles_are_within_their_bound),
        cmocka_unit_test(any_delay_has_a_bucket),
        cmocka_unit_test(clients_are_called_by_their_domains),
        cmocka_unit_test(addresses_are_folded_and_munged_as_asked),
        cmocka_unit_test(reasons_are_cut_as_pflogsumm_does),
        cmocka_unit_test(refusals_are_told_by_their_own_words),
        cmocka_unit_test(a_line_may_end_anywhere),
        cmocka_unit_test(equal_counts_stand_by_domain),
        cmocka_unit_test(what_was_said_is_found_until_it_is_old),
        cmocka_unit_test(what_is_forgotten_does_not_depend_on_the_seed),
        cmocka_unit_test(as_many_short_notes_as_there_may_be_are_known),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
