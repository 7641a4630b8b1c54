/* Whole messages from the lines of each mail server: joined across queue ids, with their fates.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../report/messages.h"
#include "../../report/report.h"

/* main.c's, which is not linked */
void complain(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

/* ---- a run: lines in, one line of text per message out ---- */

struct run {
    struct tallies *tallies;
    struct parser *parser;
    struct parser_source source;
    struct messages *messages;
    char text[65536]; /* ids client from -> to=fate(reason) .. fate verdict lines */
    size_t n;
    unsigned messages_n;
};

static void put(struct run *run, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    run->n += (size_t)vsnprintf(run->text + run->n, sizeof run->text - run->n, format, arguments);
    va_end(arguments);
    assert_true(run->n < sizeof run->text);
}

static void put_span(struct run *run, const char *label, struct span s)
{
    if (s.n)
        put(run, "%s%.*s", label, (int)s.n, s.p);
}

static void take(void *context, const struct message *m)
{
    struct run *run = context;
    const char *separator = "";

    run->messages_n++;
    for (const struct message_id *id = m->ids; id; id = id->next, separator = "+") {
        put(run, "%s", separator);
        put_span(run, "", id->id);
    }
    if (!m->ids)
        put(run, "-");
    put_span(run, " c=", m->client);
    put_span(run, " h=", m->helo);
    if (m->from.p)
        put(run, " f=<%.*s>", (int)m->from.n, m->from.p);
    for (const struct recipient *r = m->recipients; r; r = r->next) {
        put_span(run, " t=", r->to);
        put(run, ":%s", r->fate ? counter_name(r->fate) : "?");
    }
    put(run, " %s", m->fate ? counter_name(m->fate) : "?");
    if (m->verdict)
        put(run, " v=%s", counter_name(m->verdict));
    put_span(run, " n/m=", m->connection);
    if (m->disconnected != TIME_UNKNOWN)
        put(run, " %ds", (int)(m->disconnected - m->connected));
    put(run, "%s%s%s%s lines=%u\n", m->received ? " received" : "", m->is_lone ? " lone" : "",
        m->is_whole ? "" : " headless", m->is_complete ? "" : " endless", m->lines_n + m->lines_more);
}

static void begin(struct run *run, const struct messages_options *options)
{
    struct parser_options parser = { .seed = 11 };

    *run = (struct run){ .source.name = "mail.log" };
    run->tallies = tallies_new(11);
    run->parser = parser_new(&parser, run->tallies, NULL);
    run->messages = messages_new(options, take, run);
    assert_non_null(run->parser);
    assert_non_null(run->messages);
    parser_source_host(&run->source, SPAN("mx1"));
    header_clock_set(&run->source.clock, 1795000000);
    messages_watch(run->messages, run->parser);
}

static void end(struct run *run)
{
    parser_settle(run->parser, INT64_MAX);
    messages_settle(run->messages, INT64_MAX);
    messages_free(run->messages);
    parser_free(run->parser);
    tallies_free(run->tallies);
}

static void lines_give(const char *const *lines, const char *wanted)
{
    const struct messages_options options = { .keep_lines = true, .connections = true };
    struct run run;

    begin(&run, &options);
    for (; *lines; lines++)
        parser_line(run.parser, &run.source, span_of(*lines));
    end(&run);
    assert_string_equal(run.text, wanted);
}

/* ---- the mail servers ---- */

static void postfix_through_amavis_is_one_message(void **state)
{
    static const char *const lines[] = {
        "Nov 16 06:00:01 mx1 postfix/smtpd[10]: connect from a.example[192.0.2.1]",
        "Nov 16 06:00:01 mx1 postfix/smtpd[10]: AAAA1: client=a.example[192.0.2.1]",
        "Nov 16 06:00:01 mx1 postfix/cleanup[11]: AAAA1: message-id=<m1@a.example>",
        "Nov 16 06:00:01 mx1 postfix/qmgr[12]: AAAA1: from=<x@a.example>, size=500, nrcpt=2 (queue active)",
        "Nov 16 06:00:04 mx1 postfix/smtpd[10]: disconnect from a.example[192.0.2.1] quit=1 commands=1",
        "Nov 16 06:00:05 mx1 postfix/smtpd[13]: BBBB2: client=localhost[127.0.0.1]",
        "Nov 16 06:00:05 mx1 postfix/cleanup[11]: BBBB2: message-id=<m1@a.example>",
        "Nov 16 06:00:05 mx1 postfix/qmgr[12]: BBBB2: from=<x@a.example>, size=800, nrcpt=2 (queue active)",
        "Nov 16 06:00:05 mx1 amavis[14]: (14-01) Passed SPAMMY {RelayedTaggedInbound}, [192.0.2.1]:4 [192.0.2.1] "
        "<x@a.example> -> <b@example.org>, Queue-ID: AAAA1, Message-ID: <m1@a.example>, mail_id: q, Hits: 6.5, "
        "size: 500, queued_as: BBBB2, 90 ms",
        "Nov 16 06:00:05 mx1 postfix/smtp[15]: AAAA1: to=<b@example.org>, relay=127.0.0.1[127.0.0.1]:10024, delay=4, "
        "delays=0/0/0/4, dsn=2.0.0, status=sent (250 2.0.0 from MTA: 250 2.0.0 Ok: queued as BBBB2)",
        "Nov 16 06:00:05 mx1 postfix/qmgr[12]: AAAA1: removed",
        "Nov 16 06:00:06 mx1 postfix/local[16]: BBBB2: to=<b@example.org>, relay=local, delay=1, delays=0/0/0/1, "
        "dsn=2.0.0, status=sent (delivered to mailbox)",
        "Nov 16 06:00:06 mx1 postfix/smtp[16]: BBBB2: to=<c@b.example>, relay=mx[192.0.2.9]:25, delay=1, "
        "delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx[192.0.2.9] said: 550 5.1.1 no)",
        "Nov 16 06:00:07 mx1 postfix/qmgr[12]: BBBB2: removed",
        NULL
    };

    (void)state;
    lines_give(lines, "- c=a.example[192.0.2.1] ? 3s lone lines=1\n"
                      "AAAA1+BBBB2 c=a.example[192.0.2.1] f=<x@a.example> t=b@example.org:delivered "
                      "t=c@b.example:bounced bounced v=spam 3s received lines=12\n");
}

static void a_refusal_is_a_message_of_its_own(void **state)
{
    static const char *const lines[] = {
        "Nov 16 06:00:01 mx1 postfix/smtpd[10]: NOQUEUE: reject: RCPT from a.example[192.0.2.1]: 550 5.1.1 "
        "<no@example.org>: Recipient address rejected: User unknown; from=<\" helo=<y>\"@a.example> "
        "to=<no@example.org> "
        "proto=ESMTP helo=<client.example>",
        "Nov 16 06:00:09 mx1 postfix/qmgr[12]: CCCC3: from=<>, size=500, nrcpt=1 (queue active)", NULL
    };

    (void)state;
    lines_give(lines, "- c=a.example[192.0.2.1] h=client.example f=<\" helo=<y>\"@a.example> "
                      "t=no@example.org:rejected rejected lone lines=1\n"
                      "CCCC3 f=<> ? headless endless lines=1\n");
}

static void sendmail_ends_with_the_last_recipient(void **state)
{
    static const char *const lines[] = {
        "Nov 16 08:00:02 mx1 sm-mta[21]: 5AK800aA002101: from=<alice@example.net>, size=1500, class=0, nrcpts=2, "
        "msgid=<m1@example.net>, proto=ESMTPS, daemon=MTA, relay=relay.example.net [192.0.2.10]",
        "Nov 16 08:00:03 mx1 sm-mta[23]: 5AK800aA002101: to=<bob@example.com>, delay=00:00:01, xdelay=00:00:01, "
        "mailer=esmtp, pri=121500, relay=mx.example.com. [198.51.100.20], dsn=2.0.0, stat=Sent (250 ok)",
        "Nov 16 08:00:04 mx1 sm-mta[23]: 5AK800aA002101: to=<no@example.com>, delay=00:00:02, xdelay=00:00:01, "
        "mailer=esmtp, pri=121500, relay=mx.example.com. [198.51.100.20], dsn=5.1.1, stat=User unknown",
        NULL
    };

    (void)state;
    lines_give(lines, "5AK800aA002101 c=relay.example.net [192.0.2.10] f=<alice@example.net> t=bob@example.com:sent "
                      "t=no@example.com:bounced bounced received lines=3\n");
}

static void sendmail_names_several_recipients_in_a_line(void **state)
{
    static const char *const lines[] = {
        "Nov 16 08:00:02 mx1 sm-mta[21]: 5AK800aA002101: from=<alice@example.net>, size=1500, class=0, nrcpts=4, "
        "msgid=<m1@example.net>, proto=ESMTPS, daemon=MTA, relay=relay.example.net [192.0.2.10]",
        "Nov 16 08:00:03 mx1 sm-mta[23]: 5AK800aA002101: to=<bob@example.com>,<\"x, mailer=local, stat=Deferred\""
        "@example.com>,carol, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=121500, relay=mx.example.com. "
        "[198.51.100.20], dsn=2.0.0, stat=Sent (250 ok)",
        "Nov 16 08:00:04 mx1 sm-mta[23]: 5AK800aA002101: to=<no@example.com>, delay=00:00:02, xdelay=00:00:01, "
        "mailer=esmtp, pri=121500, relay=mx.example.com. [198.51.100.20], dsn=5.1.1, stat=User unknown",
        NULL
    };

    (void)state;
    lines_give(lines, "5AK800aA002101 c=relay.example.net [192.0.2.10] f=<alice@example.net> t=bob@example.com:sent "
                      "t=\"x, mailer=local, stat=Deferred\"@example.com:sent t=carol:sent "
                      "t=no@example.com:bounced bounced received lines=3\n");
}

static void qmail_knows_recipients_by_deliveries(void **state)
{
    static const char *const lines[] = {
        "@400000006b01690000000000 new msg 4711",
        "@400000006b01690000000000 info msg 4711: bytes 300 from <a@example.org> qp 9 uid 0",
        "@400000006b01690100000000 starting delivery 5: msg 4711 to remote b@b.example",
        "@400000006b01690100000000 starting delivery 6: msg 4711 to local c@example.org",
        "@400000006b01690200000000 delivery 6: success: did_0+0+1/",
        "@400000006b01690300000000 delivery 5: failure: 192.0.2.7_does_not_like_recipient./Remote_host_said:_550_no/",
        "@400000006b01690400000000 end msg 4711",
        NULL
    };

    (void)state;
    lines_give(lines, "4711 f=<a@example.org> t=c@example.org:delivered t=b@b.example:bounced bounced received "
                      "lines=6\n");
}

/* What Dovecot says counts two seconds later, when another host's delivery was at work. */
static void a_delivery_that_names_nobody_has_nobody_elses_recipient(void **state)
{
    static const char *const lines[] = {
        "2026-11-21T03:47:05+00:00 box1 dovecot: lmtp(bob)<50><aB1xY2>: msgid=<m1@example.org>: saved mail to INBOX",
        "@400000006b01690100000000 starting delivery 6: msg 4711 to remote b@b.example",
        "@400000006b01690200000000 delivery 6: deferral: Connected_to_192.0.2.7_but_greeting_failed./", NULL
    };

    (void)state;
    lines_give(lines, "-:delivered delivered lone lines=1\n"
                      "4711 t=b@b.example:deferred deferred headless endless lines=2\n");
}

static void opensmtpd_has_the_client_from_the_session(void **state)
{
    static const char *const lines[] = {
        "Nov 16 08:00:01 mx1 smtpd[100]: f274cf34b7d0786b smtp connected address=192.0.2.11 host=mx.example.org",
        "Nov 16 08:00:02 mx1 smtpd[100]: f274cf34b7d0786b smtp envelope evpid=78e5c402920bcc4f "
        "from=<alice@example.org> to=<bob@example.net>",
        "Nov 16 08:00:02 mx1 smtpd[100]: f274cf34b7d0786b smtp message msgid=78e5c402 size=500 nrcpt=1 proto=ESMTP",
        "Nov 16 08:00:02 mx1 smtpd[100]: f274cf34b7d0786b smtp disconnected reason=quit",
        "Nov 16 08:00:03 mx1 smtpd[100]: f274cf35d39a7d0b mda delivery evpid=78e5c402920bcc4f from=<alice@example.org> "
        "to=<bob@example.net> rcpt=<bob@example.net> user=bob delay=1s result=Ok stat=Delivered",
        NULL
    };

    (void)state;
    lines_give(lines,
               "78e5c402 c=192.0.2.11 f=<alice@example.org> t=bob@example.net:delivered delivered received lines=3\n"
               "- c=192.0.2.11 ? lone lines=1\n");
}

static void exim_ends_with_completed(void **state)
{
    static const char *const lines[] = {
        "2026-11-16 09:00:00 1kAAAA-000001-AA <= a@a.example H=a.example (helo) [192.0.2.1] P=esmtp S=600 "
        "id=m@a.example",
        "2026-11-16 09:00:01 1kAAAA-000001-AA == b@b.example R=dnslookup T=remote_smtp defer (-44): timeout",
        "2026-11-16 09:10:01 1kAAAA-000001-AA => b@b.example R=dnslookup T=remote_smtp H=b.example [192.0.2.2] C=\"250 "
        "ok\"",
        "2026-11-16 09:10:01 1kAAAA-000001-AA Completed", NULL
    };

    (void)state;
    lines_give(lines, "1kAAAA-000001-AA c=[192.0.2.1] f=<a@a.example> t=b@b.example:sent sent received "
                      "lines=4\n");
}

static void qpsmtpd_has_the_lines_of_its_connection(void **state)
{
    static const char *const lines[] = {
        "Nov 16 09:49:18 mx1 qpsmtpd[182]: Accepted connection 3/40 from 192.0.2.10 / mail.friend.example",
        "Nov 16 09:49:19 mx1 qpsmtpd[183]: Accepted connection 4/40 from 192.0.2.11 / Unknown",
        "Nov 16 09:49:19 mx1 qpsmtpd[182]: dispatching MAIL FROM:<s@world.example>",
        "Nov 16 09:49:19 mx1 qpsmtpd[182]: ` 192.0.2.10\tmail.friend.example\tclient.example\t<s@world.example>\t"
        "<alice@example.org>,<bob@example.org>\tqueued\t\t<1@world.example>",
        "Nov 16 09:49:19 mx1 qpsmtpd[183]: ` 192.0.2.11\tUnknown\tx.example\t<t@world.example>\t<c@example.org>\t"
        "rcpt_ok\t901\trelaying denied\tmsg denied before queued",
        "Nov 16 09:49:20 mx1 qpsmtpd[182]: 250 Queued!",
        "Nov 16 09:49:20 mx1 qpsmtpd[182]: dispatching MAIL FROM:<>",
        "Nov 16 09:49:23 mx1 qpsmtpd[182]: ` 192.0.2.10\tmail.friend.example\tclient.example\t<>\t<d@example.org>\t"
        "virus::clamdscan\t901\tVirus found: Eicar\tmsg denied before queued",
        "Nov 16 09:49:24 mx1 qpsmtpd[182]: click, disconnecting",
        "Nov 16 09:49:25 mx1 qpsmtpd[183]: click, disconnecting",
        NULL
    };

    (void)state;
    lines_give(lines, "- c=192.0.2.10 f=<> t=d@example.org:rejected rejected v=virus n/m=3/40 6s lines=3\n"
                      "- c=192.0.2.11 f=<t@world.example> t=c@example.org:rejected rejected n/m=4/40 6s lines=3\n"
                      "- c=192.0.2.10 f=<s@world.example> t=alice@example.org:? t=bob@example.org:? ? n/m=3/40 6s "
                      "received lines=4\n");
}

/* ---- bounds ---- */

static void above_the_cap_the_one_not_heard_of_longest_goes(void **state)
{
    const struct messages_options options = { .cap = 10 };
    struct run run;
    char line[200];

    (void)state;
    begin(&run, &options);
    for (unsigned i = 0; i < 25; i++) {
        snprintf(line, sizeof line, "Nov 16 06:00:00 mx1 postfix/smtpd[10]: ABC%03u: client=a.example[192.0.2.1]", i);
        parser_line(run.parser, &run.source, span_of(line));
    }
    assert_int_equal(run.messages_n, 15);
    assert_memory_equal(run.text, "ABC000 ", 7);
    assert_int_equal(messages_given_up(run.messages), 15);
    end(&run);
    assert_int_equal(run.messages_n, 25);
}

static void one_message_has_bounds_of_its_own(void **state)
{
    const struct messages_options options = { .keep_lines = true };
    struct run run;
    char line[300];

    (void)state;
    begin(&run, &options);
    parser_line(run.parser, &run.source, SPAN("Nov 16 06:00:00 mx1 postfix/smtpd[10]: ABC1: client=a[192.0.2.1]"));
    for (unsigned i = 0; i < LINES_MAX + 500; i++) {
        snprintf(line, sizeof line,
                 "Nov 16 06:00:00 mx1 postfix/smtp[15]: ABC1: to=<u%u@b.example>, relay=mx[192.0.2.2]:25, delay=4, "
                 "delays=0/0/0/4, dsn=2.0.0, status=sent (250 ok)",
                 i);
        parser_line(run.parser, &run.source, span_of(line));
    }
    assert_int_equal(run.messages_n, 0);
    messages_free(run.messages); /* gives nothing out */
    assert_int_equal(run.messages_n, 0);
    parser_free(run.parser);
    tallies_free(run.tallies);
}

static void what_the_queue_never_took_is_given_out_by_age(void **state)
{
    static const char *const lines[] = { "Nov 16 06:00:01 mx1 postfix/smtpd[10]: AAAA1: client=a.example[192.0.2.1]",
                                         "Nov 16 08:00:01 mx1 postfix/smtpd[10]: AAAA2: client=a.example[192.0.2.1]",
                                         "Nov 16 08:00:01 mx1 postfix/qmgr[12]: AAAA2: removed",
                                         "Nov 16 08:00:09 mx1 postfix/smtpd[10]: AAAA2: client=b.example[192.0.2.2]",
                                         NULL };

    (void)state;
    lines_give(lines, "AAAA1 c=a.example[192.0.2.1] ? endless lines=1\n"
                      "AAAA2 c=a.example[192.0.2.1] ? lines=2\n"
                      "AAAA2 c=b.example[192.0.2.2] ? endless lines=1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(postfix_through_amavis_is_one_message),
        cmocka_unit_test(a_refusal_is_a_message_of_its_own),
        cmocka_unit_test(sendmail_ends_with_the_last_recipient),
        cmocka_unit_test(sendmail_names_several_recipients_in_a_line),
        cmocka_unit_test(qmail_knows_recipients_by_deliveries),
        cmocka_unit_test(a_delivery_that_names_nobody_has_nobody_elses_recipient),
        cmocka_unit_test(opensmtpd_has_the_client_from_the_session),
        cmocka_unit_test(exim_ends_with_completed),
        cmocka_unit_test(qpsmtpd_has_the_lines_of_its_connection),
        cmocka_unit_test(above_the_cap_the_one_not_heard_of_longest_goes),
        cmocka_unit_test(one_message_has_bounds_of_its_own),
        cmocka_unit_test(what_the_queue_never_took_is_given_out_by_age),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
