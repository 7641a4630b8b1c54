/* The pipeline's own promises: repeated lines, verdicts of several lines, switches, hosts, spans of time, tallies.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../parser/parser.h"

#define NOW INT64_C(1795255200) /* 2026-11-21 10:00 UTC */

struct feed {
    struct tallies *tallies;
    struct parser *parser;
    struct parser_source source;
};

static struct feed feed_new(struct parser_options options)
{
    struct feed f = { .source = { .name = "test", .default_host = SPAN("localhost") } };

    options.seed = 5;
    f.tallies = tallies_new(options.seed);
    f.parser = parser_new(&options, f.tallies, NULL);
    assert_non_null(f.parser);
    header_clock_set(&f.source.clock, NOW);
    return f;
}

static void feed_free(struct feed *f)
{
    parser_free(f->parser);
    tallies_free(f->tallies);
}

static void feed_line(struct feed *f, const char *line)
{
    parser_line(f->parser, &f->source, span_of(line));
}

static uint64_t total(const struct feed *f, enum counter counter)
{
    return tallies_total(f->tallies)->counters[counter];
}

/* ---- repeated lines ---- */

static void a_repeated_line_counts_as_often_as_it_says(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });

    (void)state;
    feed_line(&f, "Nov 21 09:00:00 mx1 postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.9]: 554 5.7.1 Service "
                  "unavailable; Client host [192.0.2.9] blocked using zen.example.org; from=<a@b> to=<c@d> proto=SMTP "
                  "helo=<x>");
    feed_line(&f, "Nov 21 09:00:00 mx2 postfix/smtpd[1]: connect from y[192.0.2.8]");
    feed_line(&f, "Nov 21 09:00:01 mx1 postfix/smtpd[1]: message repeated 3 times: [ NOQUEUE: reject: RCPT from ...]");
    feed_line(&f, "Nov 21 09:00:02 mx2 last message repeated 2 times");
    feed_line(&f, "Nov 21 09:00:03 mx2 last message repeated 1 time");
    assert_int_equal(total(&f, COUNTER_REJECTED), 4);
    assert_int_equal(tallies_refusals(f.tallies, REFUSAL_DNSBL).permanent, 4);
    assert_int_equal(tallies_zone_at(f.tallies, 0)->permanent, 4);
    assert_int_equal(total(&f, COUNTER_CONNECTIONS), 4);
    feed_free(&f);
}

static void a_repeated_line_of_another_program_repeats_no_mail(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });

    (void)state;
    feed_line(&f, "Nov 21 09:00:00 mx1 postfix/smtpd[1]: connect from y[192.0.2.8]");
    feed_line(&f, "Nov 21 09:00:00 mx1 sshd[2]: Failed password for root");
    feed_line(&f, "Nov 21 09:00:01 mx1 sshd[2]: message repeated 5 times: [ Failed password for root]");
    feed_line(&f, "Nov 21 09:00:01 mx1 last message repeated 7 times");
    assert_int_equal(total(&f, COUNTER_CONNECTIONS), 1);
    assert_int_equal(parser_counts(f.parser)->ignored, 2);
    feed_free(&f);
}

static void of_a_thousand_hosts_each_has_its_last_line(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });
    char line[200];

    (void)state;
    for (int host = 0; host < 1000; host++) {
        snprintf(line, sizeof line, "Nov 21 09:00:00 mx%d postfix/smtpd[1]: connect from y[192.0.2.8]", host);
        feed_line(&f, line);
    }
    for (int host = 0; host < 1000; host++) {
        snprintf(line, sizeof line, "Nov 21 09:00:01 mx%d last message repeated 2 times", host);
        feed_line(&f, line);
    }
    assert_int_equal(total(&f, COUNTER_CONNECTIONS), 3000);
    feed_free(&f);
}

static void what_happens_once_to_a_message_is_not_repeated(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });

    (void)state;
    feed_line(&f, "Nov 21 09:00:00 mx1 postfix/smtpd[1]: AAAAA1: client=y[192.0.2.8]");
    feed_line(&f, "Nov 21 09:00:00 mx1 postfix/qmgr[1]: AAAAA1: from=<a@b>, size=10, nrcpt=1 (queue active)");
    feed_line(&f, "Nov 21 09:00:01 mx1 postfix/qmgr[1]: message repeated 2 times: [ AAAAA1: from=<a@b> ...]");
    feed_line(&f, "Nov 21 09:00:02 mx1 postfix/smtpd[1]: warning: BBBBB1: queue file size limit exceeded");
    feed_line(&f, "Nov 21 09:00:02 mx1 postfix/smtpd[1]: message repeated 2 times: [ warning: BBBBB1: ...]");
    assert_int_equal(total(&f, COUNTER_RECEIVED), 1);
    assert_int_equal(total(&f, COUNTER_REJECTED), 1);
    feed_free(&f);
}

/* ---- verdicts ---- */

#define AMAVIS(time, id, verdict)                                                                                     \
    "Nov 21 09:00:" time " mx1 amavis[7]: (" id ") " verdict " {Relayed}, [192.0.2.1] <a@b> -> <c@d>, Hits: 9.5, 10 " \
    "ms"

static void the_worst_line_of_a_message_is_its_verdict(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });

    (void)state;
    feed_line(&f, AMAVIS("00", "7-01", "Passed SPAMMY"));
    feed_line(&f, AMAVIS("00", "7-01", "Blocked INFECTED (Eicar)"));
    feed_line(&f, AMAVIS("01", "7-01", "Passed BAD-HEADER-2"));
    assert_int_equal(total(&f, COUNTER_VIRUS), 0); /* more lines may come */
    feed_line(&f, "Nov 21 09:00:05 mx1 postfix/smtpd[1]: connect from y[192.0.2.8]");
    assert_int_equal(total(&f, COUNTER_VIRUS), 1);
    assert_int_equal(total(&f, COUNTER_SPAM), 0);
    feed_line(&f, AMAVIS("06", "7-01", "Passed SPAM")); /* too late to be anything else */
    feed_line(&f, AMAVIS("06", "7-02", "Passed SPAM"));
    parser_settle(f.parser, INT64_MAX);
    assert_int_equal(total(&f, COUNTER_SPAM), 1);
    feed_free(&f);
}

static void idle_time_decides_what_waits(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });
    int64_t line_time = NOW - 3600;

    (void)state;
    feed_line(&f, AMAVIS("00", "7-01", "Passed SPAM"));
    parser_settle(f.parser, line_time + 1);
    assert_int_equal(total(&f, COUNTER_SPAM), 0);
    parser_settle(f.parser, line_time + 2);
    assert_int_equal(total(&f, COUNTER_SPAM), 1);
    feed_free(&f);
}

/* ---- options ---- */

static void programs_are_switched_on_and_off(void **state)
{
    struct parser_options options = { .switched_on = { "clamd" }, .switched_off = { "postfix" } };
    struct tallies *tallies = tallies_new(1);
    struct feed f = feed_new(options);
    const char *unknown;

    (void)state;
    feed_line(&f, "Nov 21 09:00:00 mx1 postfix/smtpd[1]: connect from y[192.0.2.8]");
    feed_line(&f, "Nov 21 09:00:00 mx1 clamd[3]: /tmp/x: Eicar-Signature FOUND");
    assert_int_equal(total(&f, COUNTER_CONNECTIONS), 0);
    assert_int_equal(total(&f, COUNTER_VIRUS), 1);
    feed_free(&f);
    options.switched_off[0] = "sendmial";
    assert_null(parser_new(&options, tallies, &unknown));
    assert_string_equal(unknown, "sendmial");
    tallies_free(tallies);
}

static void named_filters_are_copied(void **state)
{
    char name[] = "10.0.0.5";
    struct parser_options options = { .content_filter = CONTENT_FILTER_HOSTS, .filter_hosts = { name } };
    struct feed f = feed_new(options);

    (void)state;
    memset(name, 'x', sizeof name - 1);
    memset(&options, 0, sizeof options);
    feed_line(&f, "Nov 21 09:00:00 mx1 postfix/smtpd[1]: AAAAA1: client=filter[10.0.0.5]");
    feed_line(&f, "Nov 21 09:00:00 mx1 postfix/qmgr[1]: AAAAA1: from=<a@b>, size=10, nrcpt=1 (queue active)");
    assert_int_equal(total(&f, COUNTER_REINJECTED), 1);
    feed_free(&f);
}

static void a_clock_that_is_ahead_decides_nothing_early(void **state)
{
    static const char *const lines[] = {
        "2026-11-21T10:30:00Z mx1 postfix/smtpd[1]: AAAAA1: client=y[192.0.2.8]",
        "2026-11-21T10:30:00Z mx1 postfix/cleanup[1]: AAAAA1: message-id=<m@x>",
        "2026-11-21T10:30:00Z mx1 postfix/qmgr[1]: AAAAA1: from=<a@b>, size=10, nrcpt=1 (queue active)",
        "2026-11-21T10:30:01Z mx1 postfix/pipe[1]: AAAAA1: to=<c@d>, relay=filter, delay=1, dsn=2.0.0, status=sent "
        "(ok)",
        "2026-11-21T10:30:02Z mx1 postfix/pickup[1]: BBBBB1: uid=1 from=<a@b>",
        "2026-11-21T10:30:02Z mx1 postfix/cleanup[1]: BBBBB1: message-id=<m@x>",
        "2026-11-21T10:30:02Z mx1 postfix/qmgr[1]: BBBBB1: from=<a@b>, size=10, nrcpt=1 (queue active)",
    };
    struct feed f = feed_new((struct parser_options){ 0 }); /* it is 10:00 here */

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        feed_line(&f, lines[i]);
    parser_settle(f.parser, INT64_MAX);
    assert_int_equal(total(&f, COUNTER_RECEIVED), 1);
    assert_int_equal(total(&f, COUNTER_REINJECTED), 1);
    assert_int_equal(total(&f, COUNTER_DELIVERED), 0);
    feed_free(&f);
}

static bool only_mx2(void *context, struct span host)
{
    ++*(unsigned *)context;
    return span_is(host, "mx2");
}

static void unwanted_hosts_are_ignored(void **state)
{
    unsigned asked = 0;
    struct feed f = feed_new((struct parser_options){ .wants_host = only_mx2, .wants_host_context = &asked });

    (void)state;
    for (int i = 0; i < 3; i++)
        feed_line(&f, "Nov 21 09:00:00 mx1 postfix/smtpd[1]: connect from y[192.0.2.8]");
    feed_line(&f, "Nov 21 09:00:00 mx2 postfix/smtpd[1]: connect from y[192.0.2.8]");
    assert_int_equal(total(&f, COUNTER_CONNECTIONS), 1);
    assert_int_equal(tallies_hosts(f.tallies), 1);
    assert_int_equal(asked, 2);
    feed_free(&f);
}

static void events_outside_of_the_span_do_not_count_but_are_remembered(void **state)
{
    struct feed f = feed_new((struct parser_options){ .since = NOW - 3600 + 10, .until = NOW - 3600 + 20 });

    (void)state;
    feed_line(&f, "Nov 21 09:00:05 mx1 postfix/smtpd[1]: AAAAA1: client=y[192.0.2.8]");
    feed_line(&f, "Nov 21 09:00:09 mx1 postfix/smtpd[1]: connect from y[192.0.2.8]");
    feed_line(&f, "Nov 21 09:00:10 mx1 postfix/qmgr[1]: AAAAA1: from=<a@b>, size=10, nrcpt=1 (queue active)");
    feed_line(&f, "Nov 21 09:00:20 mx1 postfix/smtpd[1]: connect from y[192.0.2.8]");
    assert_int_equal(total(&f, COUNTER_RECEIVED), 1);
    assert_int_equal(total(&f, COUNTER_CONNECTIONS), 0);
    feed_free(&f);
}

static void lines_are_told_apart(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });
    const struct parser_counts *counts = parser_counts(f.parser);

    (void)state;
    feed_line(&f, "Nov 21 09:00:05 mx1 postfix/smtpd[1]: connect from y[192.0.2.8]\r");
    feed_line(&f, "Nov 21 09:00:05 mx1 postfix/smtpd[1]: never written by any smtpd");
    feed_line(&f, "Nov 21 09:00:05 mx1 kernel: hello");
    feed_line(&f, "no header at all");
    feed_line(&f, "");
    parser_overlong_line(f.parser, &f.source);
    assert_int_equal(counts->lines, 6);
    assert_int_equal(counts->recognised, 1);
    assert_int_equal(counts->unrecognised, 1);
    assert_int_equal(counts->ignored, 4);
    assert_int_equal(counts->overlong, 1);
    assert_int_equal(counts->last_event, NOW - 3600 + 5);
    feed_free(&f);
}

/* ---- tallies ---- */

static void host_names_are_canonical(void **state)
{
    struct tallies *t = tallies_new(1);
    const char *a = "A-Very-Long-Name-That-Goes-On-And-On.Until-It-Is-Longer-Than.All.Others.Example.Org.1";
    const char *b = "a-very-long-name-that-goes-on-and-on.until-it-is-longer-than.all.others.example.org.2";

    (void)state;
    assert_ptr_equal(tallies_host(t, SPAN("MX1.Example.ORG")), tallies_host(t, SPAN("mx1.example.org")));
    assert_string_equal(tallies_host(t, SPAN("a<b>\x1b[31m\xc3\xa4"))->name, "a?b???31m??");
    assert_int_equal(strlen(tallies_host(t, span_of(a))->name), HOST_NAME_OCTETS);
    assert_memory_equal(tallies_host(t, span_of(a))->name, b, HOST_NAME_OCTETS - 9);
    assert_int_equal(tallies_host(t, span_of(a))->name[HOST_NAME_OCTETS - 9], '~');
    assert_ptr_not_equal(tallies_host(t, span_of(a)), tallies_host(t, span_of(b)));
    tallies_free(t);
}

static void hosts_beyond_the_cap_share_a_row(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });
    char line[128];

    (void)state;
    for (unsigned i = 0; i < HOSTS_CAP + 1000; i++) {
        snprintf(line, sizeof line, "Nov 21 09:00:00 host%u postfix/smtpd[1]: connect from y[192.0.2.8]", i);
        feed_line(&f, line);
    }
    feed_line(&f, "Nov 21 09:00:00 host0 postfix/smtpd[1]: connect from y[192.0.2.8]");
    assert_int_equal(tallies_hosts(f.tallies), HOSTS_CAP + 1);
    assert_int_equal(tallies_host_at(f.tallies, 0)->counters[COUNTER_CONNECTIONS], 2);
    assert_string_equal(tallies_host_at(f.tallies, HOSTS_CAP)->name, "(other)");
    assert_int_equal(tallies_host_at(f.tallies, HOSTS_CAP)->counters[COUNTER_CONNECTIONS], 1000);
    assert_int_equal(tallies_hosts_over_cap(f.tallies), 1000);
    assert_int_equal(total(&f, COUNTER_CONNECTIONS), HOSTS_CAP + 1001);
    feed_free(&f);
}

static void recent_events_are_those_of_their_own_time(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });

    (void)state;
    feed_line(&f, "2026-11-21T08:59:00Z mx1 postfix/smtpd[1]: connect from y[192.0.2.8]"); /* more than an hour ago */
    feed_line(&f, "2026-11-21T09:30:00Z mx1 postfix/smtpd[1]: connect from y[192.0.2.8]");
    feed_line(&f, "2026-11-21T09:58:00Z mx1 postfix/smtpd[1]: connect from y[192.0.2.8]");
    feed_line(&f, "2027-01-01T00:00:00Z mx1 postfix/smtpd[1]: connect from y[192.0.2.8]"); /* counts as now */
    feed_line(&f, "2026-11-21T09:59:55Z mx1 postfix/smtpd[1]: connect from y[192.0.2.8]");
    assert_int_equal(tallies_recent(f.tallies, COUNTER_CONNECTIONS, NOW, 60), 2);
    assert_int_equal(tallies_recent(f.tallies, COUNTER_CONNECTIONS, NOW, 300), 3);
    assert_int_equal(tallies_recent(f.tallies, COUNTER_CONNECTIONS, NOW, 3600), 4);
    assert_int_equal(tallies_recent(f.tallies, COUNTER_CONNECTIONS, NOW + 3600, 3600), 0);
    feed_free(&f);
}

static void delays_are_cumulative_and_those_of_deliveries_alone(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });
    static const char *const delays[] = { "0.5", "1", "1.1", "60", "100000" };
    char line[256];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        snprintf(line, sizeof line,
                 "Nov 21 09:00:00 mx1 postfix/smtp[1]: AAAAA1: to=<a@b>, relay=x[198.51.100.1]:25, delay=%s, "
                 "delays=0/0/0/0, "
                 "dsn=2.0.0, status=sent (250 ok)",
                 delays[i]);
        feed_line(&f, line);
    }
    feed_line(&f,
              "Nov 21 09:00:00 mx1 postfix/smtp[1]: AAAAA1: to=<a@b>, relay=none, delay=3, delays=0/0/0/0, dsn=4.0.0, "
              "status=deferred (no)");
    assert_int_equal(tallies_delays(f.tallies, COUNTER_SENT, 0), 2);
    assert_int_equal(tallies_delays(f.tallies, COUNTER_SENT, 1), 3);
    assert_int_equal(tallies_delays(f.tallies, COUNTER_SENT, 3), 4);
    assert_int_equal(tallies_delays(f.tallies, COUNTER_SENT, DELAY_BUCKETS - 2), 4);
    assert_int_equal(tallies_delays(f.tallies, COUNTER_SENT, DELAY_BUCKETS - 1), 5);
    assert_int_equal(tallies_delays(f.tallies, COUNTER_DELIVERED, DELAY_BUCKETS - 1), 0);
    feed_free(&f);
}

static void a_copy_is_equal_and_stays_as_it_was(void **state)
{
    struct feed f = feed_new((struct parser_options){ 0 });
    struct tallies *copy;

    (void)state;
    feed_line(&f, "Nov 21 09:00:00 mx1 postfix/smtpd[1]: connect from y[192.0.2.8]");
    copy = tallies_copy(NULL, f.tallies);
    feed_line(&f, "Nov 21 09:00:00 mx2 postfix/smtpd[1]: connect from y[192.0.2.8]");
    assert_int_equal(tallies_total(copy)->counters[COUNTER_CONNECTIONS], 1);
    assert_int_equal(tallies_hosts(copy), 1);
    copy = tallies_copy(copy, f.tallies);
    assert_int_equal(tallies_total(copy)->counters[COUNTER_CONNECTIONS], 2);
    assert_string_equal(tallies_host_at(copy, 1)->name, "mx2");
    tallies_free(copy);
    feed_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_line_counts_as_often_as_it_says),
        cmocka_unit_test(a_repeated_line_of_another_program_repeats_no_mail),
        cmocka_unit_test(of_a_thousand_hosts_each_has_its_last_line),
        cmocka_unit_test(what_happens_once_to_a_message_is_not_repeated),
        cmocka_unit_test(the_worst_line_of_a_message_is_its_verdict),
        cmocka_unit_test(idle_time_decides_what_waits),
        cmocka_unit_test(programs_are_switched_on_and_off),
        cmocka_unit_test(named_filters_are_copied),
        cmocka_unit_test(a_clock_that_is_ahead_decides_nothing_early),
        cmocka_unit_test(unwanted_hosts_are_ignored),
        cmocka_unit_test(events_outside_of_the_span_do_not_count_but_are_remembered),
        cmocka_unit_test(lines_are_told_apart),
        cmocka_unit_test(host_names_are_canonical),
        cmocka_unit_test(hosts_beyond_the_cap_share_a_row),
        cmocka_unit_test(recent_events_are_those_of_their_own_time),
        cmocka_unit_test(delays_are_cumulative_and_those_of_deliveries_alone),
        cmocka_unit_test(a_copy_is_equal_and_stays_as_it_was),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
