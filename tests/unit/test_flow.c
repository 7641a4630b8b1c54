/* What counts when several lines speak of one message: receptions, content filters, holds, sizes, hostile replies.
 *
 * Each test feeds lines and names every counter that moves; all others must stay at 0. Octet counters are compared
 * where they are named.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../parser/parser.h"

/* Ids: short ones of Postfix have at least six octets. */
#define A                  "AAAAA1"
#define B                  "BBBBB1"
#define C                  "CCCCC1"
#define CLIENT(id)         "postfix/smtpd[1]: " id ": client=mx.example.net[192.0.2.1]\n"
#define LOCALHOST(id)      "postfix/smtpd[2]: " id ": client=localhost[127.0.0.1]\n"
#define PICKUP(id)         "postfix/pickup[3]: " id ": uid=33 from=<www@example.org>\n"
#define NAMED(id, message) "postfix/cleanup[4]: " id ": message-id=<" message ">\n"
#define QUEUED(id)         "postfix/qmgr[5]: " id ": from=<www@example.org>, size=1000, nrcpt=1 (queue active)\n"
#define REMOVED(id)        "postfix/qmgr[5]: " id ": removed\n"
#define SENT_BY(id, service, relay, reply)                             \
    "postfix/" service "[6]: " id ": to=<x@example.com>, relay=" relay \
    ", delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (" reply ")\n"
#define SENT(id) SENT_BY(id, "smtp", "mx.example.com[198.51.100.7]:25", "250 2.0.0 Ok: queued as 12345678")
#define TO_FILTER(id, new_id)                         \
    SENT_BY(id, "smtp", "127.0.0.1[127.0.0.1]:10024", \
            "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as " new_id)

struct feed {
    struct tallies *tallies;
    struct parser *parser;
    struct parser_source source;
};

static struct feed feed_new(const struct parser_options *options)
{
    struct feed f = { .tallies = tallies_new(options->seed),
                      .source = { .name = "test", .default_host = SPAN("mx1") } };

    assert_non_null(f.tallies);
    f.parser = parser_new(options, f.tallies, NULL);
    assert_non_null(f.parser);
    header_clock_set(&f.source.clock, 1795255200); /* 2026-11-21 10:00:00 UTC */
    return f;
}

static void feed_free(struct feed *f)
{
    parser_free(f->parser);
    tallies_free(f->tallies);
}

/* Each line gets a header in front; one that begins with `@` sets the second within the hour from there on. */
static void feed_lines(struct feed *f, const char *lines)
{
    int second = 0;

    while (*lines) {
        const char *end = strchr(lines, '\n');
        char line[2048];
        int n;

        assert_non_null(end);
        if (*lines == '@') {
            second = atoi(lines + 1);
        } else {
            n = snprintf(line, sizeof line, "Nov 21 09:%02d:%02d mx1 %.*s", second / 60, second % 60,
                         (int)(end - lines), lines);
            parser_line(f->parser, &f->source, (struct span){ line, (size_t)n });
        }
        lines = end + 1;
    }
}

static bool is_named(const char *expected, const char *name, uint64_t *value)
{
    size_t n = strlen(name);

    for (const char *p = expected; (p = strstr(p, name)); p += n)
        if (p[n] == '=' && (p == expected || p[-1] == ' ')) {
            *value = strtoull(p + n + 1, NULL, 10);
            return true;
        }
    *value = 0;
    return false;
}

static void compare(const struct feed *f, const char *expected)
{
    const struct tally *total = tallies_total(f->tallies);

    for (enum counter c = COUNTER_RECEIVED; c < COUNTERS; c++) {
        uint64_t value;

        if (!is_named(expected, counter_name(c), &value) && counter_is_octets(c))
            continue;
        if (total->counters[c] != value)
            fail_msg("%s is %llu, expected: %s", counter_name(c), (unsigned long long)total->counters[c], expected);
    }
}

static void expect_with(const struct parser_options *options, const char *lines, const char *expected)
{
    struct feed f = feed_new(options);

    feed_lines(&f, lines);
    parser_settle(f.parser, INT64_MAX);
    compare(&f, expected);
    feed_free(&f);
}

static void expect(const char *lines, const char *expected)
{
    expect_with(&(struct parser_options){ .seed = 42 }, lines, expected);
}

static void expect_filter(enum content_filter filter, const char *lines, const char *expected)
{
    expect_with(&(struct parser_options){ .seed = 42, .content_filter = filter, .filter_hosts = { "10.0.0.5" } }, lines,
                expected);
}

/* ---- receptions ---- */

static void a_message_is_received_when_the_queue_manager_takes_it(void **state)
{
    (void)state;
    expect(CLIENT(A), "");
    expect(CLIENT(A) NAMED(A, "m@x"), "");
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A), "received=1 receivedOctets=1000");
    expect(CLIENT(A) QUEUED(A) QUEUED(A) QUEUED(A), "received=1 receivedOctets=1000");
    expect(PICKUP(A) QUEUED(A), "received=1 receivedOctets=1000");
}

static void what_was_never_opened_is_not_received(void **state)
{
    (void)state;
    expect(QUEUED(A) SENT(A) REMOVED(A), "sent=1 sentOctets=1000 receivedOctets=0");
    expect(NAMED(A, "bounce@mx1") "postfix/qmgr[5]: " A ": from=<>, size=2000, nrcpt=1 (queue active)\n", "");
}

static void an_id_that_is_used_again_is_another_message(void **state)
{
    (void)state;
    expect(CLIENT(A) QUEUED(A) REMOVED(A) CLIENT(A) QUEUED(A) REMOVED(A), "received=2");
    expect(CLIENT(A) QUEUED(A) CLIENT(A) QUEUED(A), "received=2"); /* `removed` was lost */
}

static void ids_of_two_instances_are_apart(void **state)
{
    (void)state;
    expect(CLIENT(A) "postfix-out/smtpd[1]: " A ": client=mx.example.net[192.0.2.1]\n" QUEUED(
               A) "postfix-out/qmgr[5]: " A ": from=<y@example.org>, size=7, nrcpt=1 (queue active)\n",
           "received=2 receivedOctets=1007");
}

static void a_service_may_log_under_a_name_of_its_own(void **state)
{
    (void)state;
    expect("submission/smtpd[1]: " A
           ": client=laptop[192.0.2.9], sasl_method=PLAIN, sasl_username=alice\n" NAMED(A, "m") QUEUED(A) SENT(A),
           "received=1 sent=1 authSucceeded=1 sentOctets=1000");
}

static void hosts_are_apart(void **state)
{
    struct feed f = feed_new(&(struct parser_options){ .seed = 42 });
    static const char *const lines[] = {
        "2026-11-21T09:00:00Z mx1 postfix/smtpd[1]: " A ": client=a[192.0.2.1]",
        "2026-11-21T09:00:01Z mx2 postfix/qmgr[1]: " A ": from=<a@b>, size=5, nrcpt=1 (queue active)",
        "2026-11-21T09:00:02Z MX1 postfix/qmgr[1]: " A ": from=<a@b>, size=6, nrcpt=1 (queue active)",
    };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        parser_line(f.parser, &f.source, span_of(lines[i]));
    compare(&f, "received=1 receivedOctets=6");
    assert_int_equal(tallies_hosts(f.tallies), 2);
    assert_string_equal(tallies_host_at(f.tallies, 0)->name, "mx1");
    assert_int_equal(tallies_host_at(f.tallies, 0)->counters[COUNTER_RECEIVED], 1);
    assert_int_equal(tallies_host_at(f.tallies, 1)->counters[COUNTER_RECEIVED], 0);
    feed_free(&f);
}

static void requeued_mail_is_received_once(void **state)
{
    (void)state;
    expect(CLIENT(A) QUEUED(A) "postfix/postsuper[9]: " A ": requeued\n"
                               "postfix/pickup[3]: " B ": uid=89 from=<www@example.org> orig_id=" A "\n" NAMED(B, "m@x")
                                   QUEUED(B) SENT(B),
           "received=1 sent=1 receivedOctets=1000");
}

/* ---- holds, refusals, the administrator ---- */

static void held_mail_is_received_at_once_by_cleanup(void **state)
{
    (void)state;
    expect(CLIENT(A) NAMED(A, "m@x") "postfix/cleanup[4]: " A
                                     ": hold: header Subject: x from mx[192.0.2.1]; from=<a@b> to=<c@d> proto=SMTP "
                                     "helo=<mx>: text\n",
           "received=1 held=1 receivedOctets=0");
    expect(CLIENT(A) NAMED(A, "m@x") "postfix/cleanup[4]: " A
                                     ": milter-hold: END-OF-MESSAGE from mx[192.0.2.1]: milter triggers HOLD action; "
                                     "from=<a@b> to=<c@d> proto=SMTP helo=<mx>\n"
                                     "postfix/postsuper[9]: " A ": released from hold\n" QUEUED(A),
           "received=1 held=1 receivedOctets=1000");
}

static void mail_quarantined_by_an_access_table_is_received(void **state)
{
    (void)state;
    expect("sm-mta[1]: 5AK836aA002136: ruleset=check_mail, arg1=<a@x.example>, relay=mx.example.net [192.0.2.1], "
           "quarantine=put aside\n"
           "sm-mta[1]: 5AK836aA002136: from=<a@x.example>, size=500, class=0, nrcpts=1, msgid=<m@x>, proto=ESMTP, "
           "daemon=MTA, relay=mx.example.net [192.0.2.1]\n",
           "held=1 received=1");
}

static void mail_held_at_the_door_is_received_when_it_is_released_or_removed(void **state)
{
    static const char door[] = "postfix/smtpd[1]: NOQUEUE: hold: RCPT from mx[192.0.2.1]: <c@d>: Recipient address "
                               "triggers HOLD action; from=<a@b> to=<c@d> proto=SMTP helo=<mx>\n";
    char lines[2048];

    (void)state;
    snprintf(lines, sizeof lines, "%s%s", door, CLIENT(A) NAMED(A, "m@x"));
    expect(lines, "held=1");
    snprintf(lines, sizeof lines, "%s%s", door,
             CLIENT(A) NAMED(A, "m@x") "postfix/postsuper[9]: " A ": released from hold\n" QUEUED(A));
    expect(lines, "held=1 received=1");
    snprintf(lines, sizeof lines, "%s%s", door, CLIENT(A) NAMED(A, "m@x") "postfix/postsuper[9]: " A ": removed\n");
    expect(lines, "held=1 received=1");
}

static void refused_or_discarded_mail_is_not_received(void **state)
{
    (void)state;
    expect(CLIENT(A)
               NAMED(A, "m@x") "postfix/cleanup[4]: " A
                               ": reject: header Subject: buy from mx[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP "
                               "helo=<mx>: 5.7.1 no\n",
           "rejected=1");
    expect(CLIENT(A) NAMED(A, "m@x") "postfix/cleanup[4]: " A
                                     ": milter-reject: END-OF-MESSAGE from mx[192.0.2.1]: 4.7.1 Try again later; "
                                     "from=<a@b> to=<c@d> proto=ESMTP helo=<mx>\n",
           "rejectedTemporarily=1");
    expect(CLIENT(A)
               NAMED(A, "m@x") "postfix/cleanup[4]: " A
                               ": discard: body x from mx[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<mx>: y\n"
                               "postfix/cleanup[4]: " A
                               ": discard: body z from mx[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<mx>: y\n",
           "discarded=1");
}

static void too_big_is_one_refusal_whoever_says_it(void **state)
{
    (void)state;
    expect(CLIENT(A) "postfix/cleanup[4]: warning: " A ": queue file size limit exceeded\n"
                     "postfix/smtpd[1]: warning: " A ": queue file size limit exceeded\n",
           "rejected=1");
}

static void expiry_counts_once_and_is_no_bounce(void **state)
{
    (void)state;
    expect(CLIENT(A) QUEUED(A) "postfix/smtp[6]: " A
                               ": to=<x@example.com>, relay=none, delay=9, delays=9/0/0/0, dsn=4.4.1, status=deferred "
                               "(connect to mx.example.com[198.51.100.7]:25: Connection refused)\n"
                               "postfix/qmgr[5]: " A ": from=<a@b>, status=expired, returned to sender\n"
                               "postfix/qmgr[5]: " A
                               ": from=<a@b>, status=force-expired, returned to sender\n" REMOVED(A),
           "received=1 deferred=1 expired=1");
}

/* ---- content filters ---- */

static void an_smtp_filter_is_told_by_the_message_id(void **state)
{
    static const char lines[] = CLIENT(A) NAMED(A, "m@x") QUEUED(A) LOCALHOST(B) NAMED(B, "m@x") QUEUED(B)
        TO_FILTER(A, B) REMOVED(A) SENT(B) REMOVED(B);

    (void)state;
    expect(lines, "received=1 reinjected=1 sent=1 sentOctets=1000 receivedOctets=1000");
    expect_filter(CONTENT_FILTER_NONE, lines, "received=2 sent=2");
    expect_filter(CONTENT_FILTER_LOOPBACK, lines, "received=1 reinjected=1 sent=1");
}

/* A bounce, or a copy by .forward: no line says where it came from, and it is no reception either way. */
static void what_the_server_makes_may_go_through_a_filter_too(void **state)
{
    (void)state;
    expect(NAMED(A, "m@x") QUEUED(A) LOCALHOST(B) NAMED(B, "m@x") QUEUED(B) TO_FILTER(A, B) REMOVED(A) SENT(B)
               REMOVED(B),
           "reinjected=1 sent=1");
    expect(NAMED(A, "m@x") QUEUED(A) REMOVED(A) LOCALHOST(B) NAMED(B, "m@x") QUEUED(B) SENT(B) REMOVED(B),
           "received=1 sent=1");
}

static void an_smtp_filter_is_told_by_orig_queue_id(void **state)
{
    (void)state;
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A) "postfix/smtpd[2]: " B ": client=localhost[127.0.0.1], orig_queue_id=" A
                                               ", orig_client=mx[192.0.2.1]\n" NAMED(B, "rewritten@x") QUEUED(B)
                                                   TO_FILTER(A, B) REMOVED(A) SENT(B) REMOVED(B),
           "received=1 reinjected=1 sent=1");
}

static void a_filter_on_another_machine_is_learned(void **state)
{
#define REMOTE_FILTER(id, new_id) SENT_BY(id, "smtp", "filter[10.0.0.5]:10024", "250 2.0.0 Ok: queued as " new_id)
    (void)state;
    expect(CLIENT(A) NAMED(A, "m@x")
               QUEUED(A) "postfix/smtpd[2]: " B ": client=filter[10.0.0.5], orig_queue_id=" A
                         ", orig_client=mx[192.0.2.1]\n" NAMED(B, "m@x") QUEUED(B) REMOTE_FILTER(A, B) REMOVED(A)
                             SENT(B) REMOVED(B) CLIENT(C) NAMED(C, "n@x") QUEUED(C)
                                 SENT_BY(C, "smtp", "filter[10.0.0.5]:10024", "250 2.7.0 Ok, discarded, id=1 - spam")
                                     REMOVED(C),
           "received=2 reinjected=1 sent=1");
    expect_filter(CONTENT_FILTER_HOSTS,
                  CLIENT(A) QUEUED(A) "postfix/smtpd[2]: " B ": client=filter[10.0.0.5]\n" QUEUED(B) REMOTE_FILTER(A, B)
                      SENT(B),
                  "received=1 reinjected=1 sent=1");
#undef REMOTE_FILTER
}

static void a_filter_at_an_address_of_its_own_is_told_by_reply_and_address(void **state)
{
#define OWN(id)            "postfix/smtpd[2]: " id ": client=mx1[10.0.0.1]\n"
#define TO_OWN(id, new_id) SENT_BY(id, "smtp", "10.0.0.1[10.0.0.1]:2501", "250 2.0.0 Ok: queued as " new_id)
    (void)state;
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A) OWN(B) NAMED(B, "m@x") QUEUED(B) TO_OWN(A, B) REMOVED(A) SENT(B)
               REMOVED(B),
           "received=1 reinjected=1 sent=1");
    /* from now on it is known */
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A) OWN(B) NAMED(B, "m@x") QUEUED(B) TO_OWN(A, B) REMOVED(A) SENT(B)
               REMOVED(B) CLIENT(C) NAMED(C, "n@x") QUEUED(C)
                   SENT_BY(C, "smtp", "10.0.0.1[10.0.0.1]:2501", "250 dropped") REMOVED(C),
           "received=2 reinjected=1 sent=1");
    /* the same mail twice from outside is two messages, whatever the world replies */
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A) CLIENT(B) NAMED(B, "m@x") QUEUED(B)
               SENT_BY(A, "smtp", "liar[203.0.113.6]:25", "250 2.0.0 Ok: queued as " B) REMOVED(A) SENT(B) REMOVED(B),
           "received=2 sent=2");
#undef OWN
#undef TO_OWN
}

static void a_hand_over_of_a_message_from_before_the_log_is_none_sent(void **state)
{
    (void)state;
    expect(LOCALHOST(B) NAMED(B, "m@x") QUEUED(B) TO_FILTER(A, B) REMOVED(A) SENT(B), "received=1 sent=1");
}

static void mail_that_the_filter_drops_is_a_hand_over_from_the_first_line(void **state)
{
    (void)state;
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A)
               SENT_BY(A, "smtp", "127.0.0.1[127.0.0.1]:10024", "250 2.7.0 Ok, discarded, id=1-1 - spam") REMOVED(A),
           "received=1");
}

static void the_filtered_id_may_be_gone_before_the_line_that_names_it(void **state)
{
    (void)state;
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A) LOCALHOST(B) NAMED(B, "m@x") QUEUED(B) SENT(B) REMOVED(B) TO_FILTER(A, B)
               REMOVED(A),
           "received=1 reinjected=1 sent=1");
}

static void without_a_message_id_the_reply_decides(void **state)
{
    (void)state;
    expect(CLIENT(A) NAMED(A, "") QUEUED(A) LOCALHOST(B) NAMED(B, "made-up@mx1") QUEUED(B) TO_FILTER(A, B) REMOVED(A)
               SENT(B) REMOVED(B),
           "received=1 reinjected=1 sent=1");
    /* a web application's mail at the same time is a reception */
    expect(CLIENT(A) NAMED(A, "") QUEUED(A) LOCALHOST(B) NAMED(B, "web@mx1") QUEUED(B) SENT(A) REMOVED(A) SENT(B)
               REMOVED(B),
           "received=2 sent=2 receivedOctets=2000");
    expect(CLIENT(A) NAMED(A, "") QUEUED(A) LOCALHOST(B) NAMED(B, "web@mx1") QUEUED(B), "received=2");
    /* amavisd-new's own line is evidence, too */
    expect(
        CLIENT(A) NAMED(A, "") QUEUED(A) LOCALHOST(B) NAMED(B, "made-up@mx1") QUEUED(
            B) "amavis[7]: (7-1) Passed CLEAN {RelayedInbound}, [192.0.2.1]:5 [192.0.2.1] <a@b> -> <c@d>, Queue-ID: " A
               ", mail_id: x, Hits: -, size: 9, queued_as: " B ", 10 ms\n" TO_FILTER(A, B) REMOVED(A) SENT(B),
        "received=1 reinjected=1 sent=1");
}

static void what_waits_may_come_back_itself(void **state)
{
#define N "NNNNN1"
    (void)state;
    expect(CLIENT(N) NAMED(N, "") QUEUED(N) LOCALHOST(A) NAMED(A, "web@mx1") QUEUED(A) LOCALHOST(B) NAMED(B, "web@mx1")
               QUEUED(B) TO_FILTER(A, B) REMOVED(A) SENT(B) REMOVED(B) SENT(N) REMOVED(N),
           "received=2 reinjected=1 sent=2");
#undef N
}

static void what_waits_for_a_name_is_received_when_none_comes_in_time(void **state)
{
    struct feed f = feed_new(&(struct parser_options){ .seed = 42 });

    (void)state;
    feed_lines(&f, "@0\n" CLIENT(A) NAMED(A, "") QUEUED(A) LOCALHOST(B) NAMED(B, "web@mx1") QUEUED(B) SENT(B));
    compare(&f, "received=1 sent=1");
    feed_lines(&f, "@29\n" CLIENT(C));
    compare(&f, "received=1 sent=1");
    feed_lines(&f, "@31\n" QUEUED(C));
    compare(&f, "received=3 sent=1");
    feed_free(&f);
}

/* Not of the time of the line that let it be noticed, which is another host's. */
static void what_waited_is_received_when_its_time_was_over(void **state)
{
    static const char late[] = "Nov 21 09:50:00 mx9 postfix/smtpd[1]: connect from a.example[192.0.2.1]";
    struct feed f = feed_new(&(struct parser_options){ .seed = 42 });
    const struct tally *mx1 = NULL;

    (void)state;
    feed_lines(&f, "@0\n" CLIENT(A) NAMED(A, "") QUEUED(A) LOCALHOST(B) NAMED(B, "web@mx1") QUEUED(B) SENT(B));
    parser_line(f.parser, &f.source, span_of(late));
    parser_settle(f.parser, 1795255200);
    compare(&f, "received=2 sent=1 connections=1");
    for (size_t i = 0; i < tallies_hosts(f.tallies); i++)
        if (tallies_host_at(f.tallies, i)->counters[COUNTER_RECEIVED])
            mx1 = tallies_host_at(f.tallies, i);
    assert_non_null(mx1);
    assert_int_equal(mx1->last_event, 1795255200 - 3600 + 30);
    feed_free(&f);
}

static void local_submissions_and_web_applications_are_received(void **state)
{
    (void)state;
    expect(LOCALHOST(A) NAMED(A, "web@mx1") QUEUED(A) SENT(A), "received=1 sent=1");
    expect(PICKUP(A) NAMED(A, "cron@mx1") QUEUED(A) SENT(A), "received=1 sent=1");
    /* the same Message-ID again, after the first is gone */
    expect(LOCALHOST(A) NAMED(A, "web@mx1") QUEUED(A) SENT(A) REMOVED(A) LOCALHOST(B) NAMED(B, "web@mx1") QUEUED(B)
               SENT(B),
           "received=2 sent=2");
}

static void two_filters_in_a_row_are_two_hops(void **state)
{
    (void)state;
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A) LOCALHOST(B) NAMED(B, "m@x") QUEUED(B) TO_FILTER(A, B) REMOVED(A)
               LOCALHOST(C) NAMED(C, "m@x") QUEUED(C)
                   SENT_BY(B, "smtp", "127.0.0.1[127.0.0.1]:10026", "250 2.0.0 Ok: queued as " C) REMOVED(B) SENT(C),
           "received=1 reinjected=2 sent=1");
}

#define PIPE(id) SENT_BY(id, "pipe", "spamfilter", "delivered via spamfilter service")

static void a_pipe_filter_is_told_in_any_order_of_lines(void **state)
{
    (void)state;
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A) PICKUP(B) NAMED(B, "m@x") QUEUED(B) PIPE(A) REMOVED(A) SENT(B),
           "received=1 reinjected=1 sent=1");
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A) PIPE(A) PICKUP(B) REMOVED(A) NAMED(B, "m@x") QUEUED(B) SENT(B),
           "received=1 reinjected=1 sent=1");
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A) PIPE(A) REMOVED(A) PICKUP(B) NAMED(B, "m@x") QUEUED(B) SENT(B),
           "received=1 reinjected=1 sent=1");
}

static void a_pipe_filter_is_told_without_a_message_id_by_the_sender(void **state)
{
    (void)state;
    expect(CLIENT(A) NAMED(A, "") QUEUED(A) PIPE(A) REMOVED(A) PICKUP(B) NAMED(B, "made-up@mx1") QUEUED(B) SENT(B),
           "received=1 reinjected=1 sent=1");
    expect(CLIENT(A) NAMED(A, "") QUEUED(A) PICKUP(B) NAMED(B, "made-up@mx1") QUEUED(B) PIPE(A) REMOVED(A) SENT(B),
           "received=1 reinjected=1 sent=1");
    expect(CLIENT(A) NAMED(A, "") QUEUED(A) PIPE(A)
               REMOVED(A) "postfix/pickup[3]: " B ": uid=0 from=<root>\n" NAMED(B, "cron@mx1") QUEUED(B) SENT(B),
           "received=2 delivered=1 sent=1");
}

static void a_pipe_that_brings_nothing_back_delivers(void **state)
{
#define DOVECOT(id) SENT_BY(id, "pipe", "dovecot", "delivered via dovecot service")
    struct feed f = feed_new(&(struct parser_options){ .seed = 42 });

    (void)state;
    feed_lines(&f, "@0\n" CLIENT(A) NAMED(A, "m@x") QUEUED(A) DOVECOT(A) DOVECOT(A) REMOVED(A));
    compare(&f, "received=1");
    feed_lines(&f, "@11\n" CLIENT(B) NAMED(B, "n@x") QUEUED(B));
    compare(&f, "received=2 delivered=2 deliveredOctets=2000");
    feed_lines(&f, "@12\n" DOVECOT(B) REMOVED(B)); /* now the pipe is known */
    compare(&f, "received=2 delivered=3 deliveredOctets=3000");
    feed_free(&f);
#undef DOVECOT
}

/* Sieve's redirect, a mailing list: what comes back of one message says nothing about the next. */
static void a_pipe_that_sends_some_mail_on_delivers_the_other(void **state)
{
#define LDA(id) SENT_BY(id, "pipe", "dovecot", "delivered via dovecot service")
    struct feed f = feed_new(&(struct parser_options){ .seed = 42 });

    (void)state;
    feed_lines(&f, "@0\n" CLIENT(A) NAMED(A, "m@x") QUEUED(A) PICKUP(B) NAMED(B, "m@x") LDA(A) REMOVED(A) QUEUED(B)
                       SENT(B) REMOVED(B));
    compare(&f, "received=1 reinjected=1 sent=1");
    feed_lines(&f, "@20\n" CLIENT(A) NAMED(A, "n@x") QUEUED(A) LDA(A) REMOVED(A));
    feed_lines(&f, "@40\n" CLIENT(B) NAMED(B, "o@x") QUEUED(B) LDA(B) REMOVED(B));
    feed_lines(&f, "@60\n" CLIENT(C) NAMED(C, "p@x") QUEUED(C));
    compare(&f, "received=4 reinjected=1 sent=1 delivered=2");
    feed_free(&f);
#undef LDA
}

/* ---- deliveries ---- */

static void each_agent_counts_as_what_it_does(void **state)
{
    (void)state;
    expect(SENT_BY(A, "local", "local", "delivered to mailbox"), "delivered=1");
    expect(SENT_BY(A, "local", "local", "forwarded as " B), "forwarded=1");
    expect(SENT_BY(A, "virtual", "virtual", "delivered to maildir"), "delivered=1");
    expect(SENT_BY(A, "lmtp", "mx1[private/dovecot-lmtp]", "250 2.0.0 <x> wArTL0T Saved"), "delivered=1");
    expect(SENT_BY(A, "relay/smtp", "mx[198.51.100.7]:25", "250 ok"), "sent=1");
    expect(SENT_BY(A, "discard", "none", "gone"), "discarded=1");
    expect("postfix/smtp[6]: " A ": to=<x@y>, relay=none, delay=0, delays=0/0/0/0, dsn=2.1.5, status=deliverable "
           "(250 ok)\npostfix/smtp[6]: " A ": to=<x@y>, relay=none, delay=0, dsn=5.1.1, status=undeliverable (no)\n",
           "");
    expect("postfix/error[6]: " A ": to=<x@y>, relay=none, delay=0, dsn=5.0.0, status=bounced (no)\n"
           "postfix/smtp[6]: " A ": to=<x@y>, relay=none, delay=0, dsn=5.0.0, status=SOFTBOUNCE (no)\n",
           "bounced=1 deferred=1");
}

/* ---- hostile text ---- */

static void a_remote_server_cannot_hide_mail_by_naming_our_ids(void **state)
{
#define LIAR(id, name) SENT_BY(id, "smtp", "liar.example[203.0.113.6]:25", "250 2.0.0 Ok: queued as " name)
    (void)state;
    expect(PICKUP(A) NAMED(A, "m@x") QUEUED(A) PICKUP(B) NAMED(B, "n@x") QUEUED(B) LIAR(A, B) LIAR(A, A),
           "received=2 sent=2");
    expect(CLIENT(A) NAMED(A, "m@x") QUEUED(A) LOCALHOST(B) NAMED(B, "m@x") QUEUED(B) TO_FILTER(A, B) REMOVED(A)
               LIAR(B, A) LIAR(B, B) LIAR(B, A),
           "received=1 reinjected=1 sent=3");
    expect(PICKUP(A) NAMED(A, "") QUEUED(A) PICKUP(B) NAMED(B, "n@x") QUEUED(B) LIAR(B, A), "received=2 sent=1");
#undef LIAR
}

static void lost_connections_may_have_an_id_in_front(void **state)
{
    (void)state;
    expect(CLIENT(A) "postfix/smtpd[1]: " A ": lost connection after DATA (9 bytes) from mx.example.net[192.0.2.1]\n"
                     "postfix/smtpd[1]: NOQUEUE: timeout after RCPT from mx.example.net[192.0.2.1]\n"
                     "postfix/smtpd[1]: NOQUEUE: too many errors after RCPT from mx.example.net[192.0.2.1]\n",
           "connectionsLost=2");
}

static void text_that_looks_like_fields_moves_nothing(void **state)
{
    (void)state;
    expect("postfix/smtp[6]: " A
           ": to=<\"a>, relay=x, dsn=2.0.0, status=bounced (x)\"@example.com>, relay=none, delay=1, "
           "delays=0/0/0/1, dsn=4.0.0, status=deferred (host x[198.51.100.7] said: 450 4.0.0 status=sent (ok))\n",
           "deferred=1");
    expect("postfix/smtp[6]: " A ": host x[198.51.100.7] said: 450 4.0.0 hm, status=sent (250 ok) (in reply to RCPT TO "
           "command)\n",
           "");
    expect("postfix/smtpd[1]: NOQUEUE: reject: RCPT from mx[192.0.2.1]: 550 5.1.1 <Greylisted@example.org>: Recipient "
           "address rejected: User unknown; from=<\"450 4.7.1 status=sent\"@x> to=<Greylisted@example.org> proto=ESMTP "
           "helo=<status=sent>\n",
           "rejected=1");
    expect(CLIENT(A) "postfix/cleanup[4]: " A
                     ": warning: header Subject: reject: 550 milter-reject: discard: hold: from "
                     "mx[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<x>: seen\n",
           "rejectWarnings=1");
    expect(
        "postfix/smtpd[1]: improper command pipelining after RCPT from x[192.0.2.1]: TLS connection established from \n"
        "postfix/smtpd[1]: warning: non-SMTP command from x[192.0.2.1]: SASL LOGIN authentication failed: x\n",
        "");
    expect(CLIENT(A) "postfix/cleanup[4]: " A ": message-id=<status=bounced-reject: RCPT@x>\n", "");
}

/* ---- bounds ---- */

static void a_flood_of_ids_stays_within_the_cap_and_counts_on(void **state)
{
    struct feed f = feed_new(&(struct parser_options){ .seed = 7, .flows_cap = 1000 });
    uint32_t in_use;
    uint64_t evicted;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        char lines[512];

        snprintf(lines, sizeof lines,
                 "postfix/smtpd[1]: %06X: client=localhost[127.0.0.1]\npostfix/cleanup[1]: %06X: message-id=<%s>\n",
                 i + 0x100000, i + 0x100000, i % 3 ? "same@x" : "");
        feed_lines(&f, lines);
    }
    parser_flows(f.parser, &in_use, &evicted);
    assert_int_equal(in_use, 1000);
    assert_true(evicted >= 19000); /* and what found no place to wait for evidence */
    feed_lines(&f, CLIENT(A) NAMED(A, "m@x") QUEUED(A) SENT(A));
    parser_settle(f.parser, INT64_MAX);
    compare(&f, "received=1 sent=1 sentOctets=1000");
    feed_free(&f);
}

/* `lines` for each of so many messages, whose number stands where %1$u does; how many were given up. */
static uint64_t given_up_of(unsigned messages, const char *before, const char *lines)
{
    struct feed f = feed_new(&(struct parser_options){ .seed = 7 });
    uint32_t in_use;
    uint64_t given_up;

    feed_lines(&f, before);
    for (unsigned i = 0; i < messages; i++) {
        char text[512];

        snprintf(text, sizeof text, lines, i + 1000000);
        feed_lines(&f, text);
    }
    parser_flows(f.parser, &in_use, &given_up);
    feed_free(&f);
    return given_up;
}

static void what_finds_no_place_to_wait_is_counted(void **state)
{
    static const char nameless[] = "postfix/smtpd[1]: %1$06X: client=localhost[127.0.0.1]\n"
                                   "postfix/cleanup[1]: %1$06X: message-id=<%1$u@mx1>\n";
    static const char verdict[] = "amavis[1]: (%1$u-01) Blocked SPAM, <a@b> -> <c@d>, Hits: 6.5\n";
    static const char filter[] = "postfix/smtpd[1]: A%1$u: client=filter[10.9.8.7], orig_queue_id=B%1$u\n";
    static const char instance[] = "postfix-%1$u/smtpd[1]: " A ": client=a[192.0.2.1]\n";

    (void)state;
    assert_int_equal(given_up_of(64, CLIENT(A) NAMED(A, "") QUEUED(A), nameless), 0);
    assert_int_equal(given_up_of(70, CLIENT(A) NAMED(A, "") QUEUED(A), nameless), 6);
    assert_int_equal(given_up_of(64, "", verdict), 0);
    assert_int_equal(given_up_of(70, "", verdict), 6);
    assert_int_equal(given_up_of(70, "", filter), 0); /* one filter, learned once */
    assert_int_equal(given_up_of(64, "", instance), 0);
    assert_int_equal(given_up_of(70, "", instance), 6); /* nor do so many instances have one id */
}

static void what_waits_when_it_is_pushed_out_is_a_reception(void **state)
{
    struct feed f = feed_new(&(struct parser_options){ .seed = 7, .flows_cap = 4 });

    (void)state;
    feed_lines(&f, CLIENT(A) NAMED(A, "") QUEUED(A) LOCALHOST(B) NAMED(B, "web@mx1") QUEUED(B));
    compare(&f, "received=1");
    feed_lines(&f, QUEUED(A) CLIENT("DDDDD1") CLIENT("DDDDD2") CLIENT("DDDDD3") CLIENT("DDDDD4") CLIENT("DDDDD5"));
    compare(&f, "received=2");
    feed_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_received_when_the_queue_manager_takes_it),
        cmocka_unit_test(what_was_never_opened_is_not_received),
        cmocka_unit_test(an_id_that_is_used_again_is_another_message),
        cmocka_unit_test(ids_of_two_instances_are_apart),
        cmocka_unit_test(a_service_may_log_under_a_name_of_its_own),
        cmocka_unit_test(hosts_are_apart),
        cmocka_unit_test(requeued_mail_is_received_once),
        cmocka_unit_test(held_mail_is_received_at_once_by_cleanup),
        cmocka_unit_test(mail_quarantined_by_an_access_table_is_received),
        cmocka_unit_test(mail_held_at_the_door_is_received_when_it_is_released_or_removed),
        cmocka_unit_test(refused_or_discarded_mail_is_not_received),
        cmocka_unit_test(too_big_is_one_refusal_whoever_says_it),
        cmocka_unit_test(expiry_counts_once_and_is_no_bounce),
        cmocka_unit_test(an_smtp_filter_is_told_by_the_message_id),
        cmocka_unit_test(what_the_server_makes_may_go_through_a_filter_too),
        cmocka_unit_test(an_smtp_filter_is_told_by_orig_queue_id),
        cmocka_unit_test(a_filter_on_another_machine_is_learned),
        cmocka_unit_test(a_filter_at_an_address_of_its_own_is_told_by_reply_and_address),
        cmocka_unit_test(a_hand_over_of_a_message_from_before_the_log_is_none_sent),
        cmocka_unit_test(mail_that_the_filter_drops_is_a_hand_over_from_the_first_line),
        cmocka_unit_test(the_filtered_id_may_be_gone_before_the_line_that_names_it),
        cmocka_unit_test(without_a_message_id_the_reply_decides),
        cmocka_unit_test(what_waits_may_come_back_itself),
        cmocka_unit_test(what_waits_for_a_name_is_received_when_none_comes_in_time),
        cmocka_unit_test(what_waited_is_received_when_its_time_was_over),
        cmocka_unit_test(local_submissions_and_web_applications_are_received),
        cmocka_unit_test(two_filters_in_a_row_are_two_hops),
        cmocka_unit_test(a_pipe_filter_is_told_in_any_order_of_lines),
        cmocka_unit_test(a_pipe_filter_is_told_without_a_message_id_by_the_sender),
        cmocka_unit_test(a_pipe_that_brings_nothing_back_delivers),
        cmocka_unit_test(a_pipe_that_sends_some_mail_on_delivers_the_other),
        cmocka_unit_test(each_agent_counts_as_what_it_does),
        cmocka_unit_test(a_remote_server_cannot_hide_mail_by_naming_our_ids),
        cmocka_unit_test(lost_connections_may_have_an_id_in_front),
        cmocka_unit_test(text_that_looks_like_fields_moves_nothing),
        cmocka_unit_test(a_flood_of_ids_stays_within_the_cap_and_counts_on),
        cmocka_unit_test(what_finds_no_place_to_wait_is_counted),
        cmocka_unit_test(what_waits_when_it_is_pushed_out_is_a_reception),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
