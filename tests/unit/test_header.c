/* Headers of log lines in every format, with exact fields; years, clock changes, cut and hostile lines.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard.h"

#include "../../parser/header.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Central Europe by rule, so that no zone files are needed. */
#define ZONE "CET-1CEST,M3.5.0,M10.5.0/3"

#define NOV_01     INT64_C(1793501221) /* 2026-11-01 03:47:01 +01:00 */
#define NOV_21     INT64_C(1795229221) /* 2026-11-21 03:47:01 +01:00 */
#define NOV_21_UTC INT64_C(1795232821) /* 2026-11-21 03:47:01 UTC */
#define NOON_2025  INT64_C(1763726400) /* 2025-11-21 12:00 UTC */
#define NOON_2026  INT64_C(1795262400) /* 2026-11-21 12:00 UTC */
#define NOON_2027  INT64_C(1826798400) /* 2027-11-21 12:00 UTC */
#define TAI        "@400000006b01143f1c9c3800"

static struct header_clock clock_at(int64_t reference)
{
    struct header_clock clock = { 0 };

    header_clock_set(&clock, reference);
    return clock;
}

static int64_t time_of(struct header_clock *clock, const char *stamp)
{
    char line[120];
    struct header header;

    snprintf(line, sizeof line, "%s mx1 postfix/smtpd[1]: x", stamp);
    if (!header_parse(&header, clock, span_of(line)))
        return TIME_UNKNOWN;
    assert_true(span_is(header.host, "mx1") && span_is(header.message, "x"));
    return header.time;
}

struct expected {
    const char *line;
    int64_t time;
    const char *host, *program, *instance, *service, *pid, *message;
};

/* A program without a slash has no instance, and is its own service. */
#define PLAIN(program) program, "", program
#define SMTPD          "postfix/smtpd", "postfix", "smtpd"
#define NO_TAG         "", "", ""
#define TAG_63         "a123456789b123456789c123456789d123456789e123456789f123456789g12"

/* Each line stands alone: the clock is new and the reference is noon of 21 November 2026. */
static const struct expected formats[] = {
    /* Traditional */
    { "Nov  1 03:47:01 mx1 postfix/smtpd[123]: connect from", NOV_01, "mx1", SMTPD, "123", "connect from" },
    { "Nov 01 03:47:01 mx1 postfix/smtpd[123]: connect from", NOV_01, "mx1", SMTPD, "123", "connect from" },
    { "Nov 1 03:47:01 mx1 postfix/smtpd[123]: connect from", NOV_01, "mx1", SMTPD, "123", "connect from" },
    { "Nov 21 03:47:01 mx1 postfix/submission/smtpd[123]: connect from", NOV_21, "mx1", "postfix/submission/smtpd",
      "postfix", "smtpd", "123", "connect from" },
    { "Nov 21 03:47:01.123456 mx1 sm-mta[9]: x", NOV_21, "mx1", PLAIN("sm-mta"), "9", "x" },
    { "Nov  1 2026 03:47:01 mx1 sm-mta[9]: x", NOV_01, "mx1", PLAIN("sm-mta"), "9", "x" },
    { "2026 Nov  1 03:47:01 mx1 sm-mta[9]: x", NOV_01, "mx1", PLAIN("sm-mta"), "9", "x" },
    { "<22>Nov  1 03:47:01 mx1 postfix/smtpd[123]: x", NOV_01, "mx1", SMTPD, "123", "x" },
    { "<191>Nov  1 03:47:01 mx1 postfix/smtpd[123]: x", NOV_01, "mx1", SMTPD, "123", "x" },
    { "Nov  1 03:47:60 mx1 x: y", NOV_01 + 59, "mx1", PLAIN("x"), "", "y" },
    /* ISO 8601 */
    { "2026-11-21T03:47:01.123456+01:00 mx1 postfix/smtpd[123]: x", NOV_21, "mx1", SMTPD, "123", "x" },
    { "2026-11-21T03:47:01.123456789-00:30 mx1 postfix/smtpd[123]: x", NOV_21_UTC + 1800, "mx1", SMTPD, "123", "x" },
    { "2026-11-21T03:47:01+01:00 mx1 postfix/smtpd[123]: x", NOV_21, "mx1", SMTPD, "123", "x" },
    { "2026-11-21T03:47:01,123Z mx1 postfix/smtpd[123]: x", NOV_21_UTC, "mx1", SMTPD, "123", "x" },
    { "2026-11-21T03:47:01+0100 mx1 postfix/smtpd[123]: x", NOV_21, "mx1", SMTPD, "123", "x" },
    { "2026-11-21T03:47:01.123456+0100 mx1 postfix/smtpd[123]: x", NOV_21, "mx1", SMTPD, "123", "x" },
    { "2026-11-21T03:47:01 mx1 postfix/smtpd[123]: x", NOV_21, "mx1", SMTPD, "123", "x" },
    { "<22>2026-11-21T03:47:01.1Z mx1 postfix/smtpd[123]: x", NOV_21_UTC, "mx1", SMTPD, "123", "x" },
    { "2024-02-29T00:00:00Z mx1 a: x", 1709164800, "mx1", PLAIN("a"), "", "x" },
    { "2016-12-31T23:59:60Z mx1 a: x", 1483228800, "mx1", PLAIN("a"), "", "x" },
    /* RFC 5424 */
    { "<22>1 2026-11-21T03:47:01.123Z mx1 postfix/smtpd 123 - - x", NOV_21_UTC, "mx1", SMTPD, "123", "x" },
    { "1 2026-11-21T03:47:01.123Z mx1 postfix/smtpd 123 - - x", NOV_21_UTC, "mx1", SMTPD, "123", "x" },
    { "<22>1 2026-11-21T03:47:01.123456+01:00 mx1 postfix 123 - -  4F: client=a", NOV_21, "mx1", PLAIN("postfix"),
      "123", "4F: client=a" },
    { "<22>1 2026-11-21T03:47:01Z mx1 exim - - - \xef\xbb\xbfx", NOV_21_UTC, "mx1", PLAIN("exim"), "", "x" },
    { "<22>1 2026-11-21T03:47:01Z mx1 exim 7 ID1 [a@1 x=\"] \\\" [\" y=\"\\\\\"][b] x [c]", NOV_21_UTC, "mx1",
      PLAIN("exim"), "7", "x [c]" },
    { "<22>1 2026-11-21T03:47:01Z - - - - - x", NOV_21_UTC, "", NO_TAG, "", "x" },
    { "<22>1 2026-11-21T03:47:01Z mx1 - - - - postfix/smtpd[1]: x", NOV_21_UTC, "mx1", SMTPD, "1", "x" },
    { "<22>1 - mx1 exim 7 - - x", TIME_UNKNOWN, "mx1", PLAIN("exim"), "7", "x" },
    { "<22>1 2026-11-21T03:47:01Z mx1 exim 7 - -", NOV_21_UTC, "mx1", PLAIN("exim"), "7", "" },
    /* TAI64N */
    { TAI " new msg 123", NOV_21_UTC, "", NO_TAG, "", "new msg 123" },
    { TAI " status: local 0/10 remote 0/20", NOV_21_UTC, "", NO_TAG, "", "status: local 0/10 remote 0/20" },
    { TAI " delivery 3: success: did_1+0+0/", NOV_21_UTC, "", NO_TAG, "", "delivery 3: success: did_1+0+0/" },
    { TAI " warning: unable to x", NOV_21_UTC, "", NO_TAG, "", "warning: unable to x" },
    { TAI " qmail-send: x", NOV_21_UTC, "", PLAIN("qmail-send"), "", "x" },
    { TAI " postfix/smtpd[123]: x", NOV_21_UTC, "", SMTPD, "123", "x" },
    { TAI " 2026-11-21 05:44:01.5 new msg 123", NOV_21_UTC, "", NO_TAG, "", "new msg 123" },
    { TAI " mail.info: Nov 20 03:47:01 postfix/smtpd[123]: x", NOV_21_UTC, "", SMTPD, "123", "x" },
    { "2026-11-21_03:47:01.12345 mail.info: Nov 20 03:47:01 mx1 exim[1]: x", NOV_21_UTC, "mx1", PLAIN("exim"), "1",
      "x" },
    { "2026-11-21_03:47:01.12345 new msg 123", NOV_21_UTC, "", NO_TAG, "", "new msg 123" },
    /* Exim's own log, and the like */
    { "2026-11-21 03:47:01 1raAO9-0001Cv-IH <= a@b", NOV_21, "", NO_TAG, "", "1raAO9-0001Cv-IH <= a@b" },
    { "2026-11-21 03:47:01.123 1raAO9-0001Cv-IH <= a@b", NOV_21, "", NO_TAG, "", "1raAO9-0001Cv-IH <= a@b" },
    { "2026-11-21 03:47:01 +0000 1raAO9-0001Cv-IH <= a@b", NOV_21_UTC, "", NO_TAG, "", "1raAO9-0001Cv-IH <= a@b" },
    { "2026-11-21 03:47:01 -0100 [77] 1raAO9-0001Cv-IH <= a@b", NOV_21_UTC + 3600, "", NO_TAG, "77",
      "1raAO9-0001Cv-IH <= a@b" },
    { "2026-11-21 03:47:01.9 +0100 [77] Start queue run: pid=77", NOV_21, "", NO_TAG, "77", "Start queue run: pid=77" },
    { "2026-11-21 03:47:01 [77] 1raAO9-0001Cv-IH <= a@b", NOV_21, "", NO_TAG, "77", "1raAO9-0001Cv-IH <= a@b" },
    { "2026-11-21 03:47:01 H=(x) [192.0.2.1]:25 rejected", NOV_21, "", NO_TAG, "", "H=(x) [192.0.2.1]:25 rejected" },
    { "2026-11-21 03:47:01 Warning: purging the environment.", NOV_21, "", NO_TAG, "",
      "Warning: purging the environment." },
    { "2026-11-21 03:47:01 no-one: x", NOV_21, "", NO_TAG, "", "no-one: x" },
    { "2026-11-21 03:47:01 mx1 exim[12]: x", NOV_21, "mx1", PLAIN("exim"), "12", "x" },
    { "2026-11-21 03:47:01 info exim[12]: [12] x", NOV_21, "", PLAIN("exim"), "12", "[12] x" },
    { "2026-11-21 03:47:01.123 #81(normal) <ab>; rspamd_task_write_log: x", NOV_21, "", NO_TAG, "",
      "#81(normal) <ab>; rspamd_task_write_log: x" },
    { "Sat Nov 21 03:47:01 2026 [81] info: spamd: result: Y", NOV_21, "", NO_TAG, "81", "info: spamd: result: Y" },
    { "Nov  1 03:47:01 mx1 exim[3]: 2026-11-01 03:47:01 1raAO9-0001Cv-IH <= a@b", NOV_01, "mx1", PLAIN("exim"), "3",
      "2026-11-01 03:47:01 1raAO9-0001Cv-IH <= a@b" },
    /* journalctl, docker, Kubernetes */
    { "Sat 2026-11-21 03:47:01 UTC mx1 prog[1]: x", NOV_21_UTC, "mx1", PLAIN("prog"), "1", "x" },
    { "Sat 2026-11-21 03:47:01 CET mx1 prog[1]: x", NOV_21, "mx1", PLAIN("prog"), "1", "x" },
    { "Sat 2026-11-21 03:47:01.123456 +0130 mx1 prog[1]: x", NOV_21_UTC - 5400, "mx1", PLAIN("prog"), "1", "x" },
    { "1795232821.123456 mx1 postfix/smtpd[123]: x", NOV_21_UTC, "mx1", SMTPD, "123", "x" },
    { "mail-1  | Nov  1 03:47:01 mx1 postfix/smtpd[123]: x", NOV_01, "mx1", SMTPD, "123", "x" },
    { "mail_1 | 2026-11-21 03:47:01 1raAO9-0001Cv-IH Completed", NOV_21, "", NO_TAG, "", "1raAO9-0001Cv-IH Completed" },
    { "2026-11-21T03:47:01.123456789Z Nov 21 04:47:00 mx1 postfix/smtpd[123]: x", NOV_21_UTC, "mx1", SMTPD, "123",
      "x" },
    { "mail-1  | 2026-11-21T03:47:01.1Z <22>Nov 21 04:47:00 mx1 a[1]: x", NOV_21_UTC, "mx1", PLAIN("a"), "1", "x" },
    { "2026-11-21T03:47:01.123456789Z stdout F Nov 01 03:47:00 mx1 postfix/smtpd[123]: x", NOV_21_UTC, "mx1", SMTPD,
      "123", "x" },
    { "2026-11-21T03:47:01.123456789Z stderr F new msg 123", NOV_21_UTC, "", NO_TAG, "", "new msg 123" },
    /* Tags */
    { "Nov  1 03:47:01 mx1 /usr/sbin/amavisd-new[123]: (1) x", NOV_01, "mx1", PLAIN("amavisd-new"), "123", "(1) x" },
    { "Nov  1 03:47:01 mx1 dovecot: imap-login: x", NOV_01, "mx1", PLAIN("dovecot"), "", "imap-login: x" },
    { "Nov  1 03:47:01 mx1 deliver(a@b): msgid=<c>", NOV_01, "mx1", PLAIN("deliver"), "", "(a@b): msgid=<c>" },
    { "Nov  1 03:47:01 mx1 postfix/cleanup[9]:4F: x", NOV_01, "mx1", "postfix/cleanup", "postfix", "cleanup", "9",
      "4F: x" },
    { "Nov  1 03:47:01 mx1 postfix/smtpd[123] x", NOV_01, "mx1", SMTPD, "123", "x" },
    { "Nov  1 03:47:01 mx1 postfix/smtpd x", NOV_01, "mx1", NO_TAG, "", "postfix/smtpd x" },
    { "Nov  1 03:47:01 mx1 postfix/smtpd", NOV_01, "mx1", NO_TAG, "", "postfix/smtpd" },
    { "Nov  1 03:47:01 mx1 http://a.example/ x", NOV_01, "mx1", NO_TAG, "", "http://a.example/ x" },
    { "Nov  1 03:47:01 mx1 sm-mta[12]: [ID 801593 mail.info] oA1: x", NOV_01, "mx1", PLAIN("sm-mta"), "12", "oA1: x" },
    { "Nov  1 03:47:01 mx1 sm-mta[12]: [ID", NOV_01, "mx1", PLAIN("sm-mta"), "12", "[ID" },
    { "Nov  1 03:47:01 [postfix/smtpd] x", NOV_01, "", SMTPD, "", "x" },
    { "Nov  1 03:47:01 [192.0.2.1] postfix/smtpd[1]: x", NOV_01, "[192.0.2.1]", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 postfix/smtpd[123]: x", NOV_01, "", SMTPD, "123", "x" },
    { "Nov  1 03:47:01 mx1 sogod [123]: x", NOV_01, "mx1", PLAIN("sogod"), "123", "x" },
    { "Nov  1 03:47:01 sogod [123]: x", NOV_01, "", PLAIN("sogod"), "123", "x" },
    { "Nov  1 03:47:01 mx1 mail.info postfix/smtpd[1]: x", NOV_01, "mx1", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 mx1 mail:info sendmail[1]: x", NOV_01, "mx1", PLAIN("sendmail"), "1", "x" },
    { "Nov  1 03:47:01 INFO    postfix/smtpd[1]: x", NOV_01, "", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 NOTICE  postfix/smtpd[1]: x", NOV_01, "", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 info postfix/smtpd[1]: x", NOV_01, "info", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 <mail.notice> mx1 sm-mta[1]: x", NOV_01, "mx1", PLAIN("sm-mta"), "1", "x" },
    { "Nov  1 03:47:01 <2.6> mx1 sm-mta[1]: x", NOV_01, "mx1", PLAIN("sm-mta"), "1", "x" },
    { "Nov  1 03:47:01 mx1 mail.nonsense postfix/smtpd[1]: x", NOV_01, "mx1", NO_TAG, "",
      "mail.nonsense postfix/smtpd[1]: x" },
    { "Nov  1 03:47:01 mx1 last message repeated 3 times", NOV_01, "mx1", NO_TAG, "", "last message repeated 3 times" },
    { "Nov  1 03:47:01 last message repeated 3 times", NOV_01, "", NO_TAG, "", "last message repeated 3 times" },
    { "Nov  1 03:47:01 mx1 --- last message repeated 3 times ---", NOV_01, "mx1", NO_TAG, "",
      "--- last message repeated 3 times ---" },
    { "Nov  1 03:47:01 --- last message repeated 3 times ---", NOV_01, "", NO_TAG, "",
      "--- last message repeated 3 times ---" },
    { "Nov  1 03:47:01 mx1 postfix/smtpd[1]: message repeated 2 times: [ x]", NOV_01, "mx1", SMTPD, "1",
      "message repeated 2 times: [ x]" },
    { "Nov  1 03:47:01 mx1 " TAG_63 "c[1]: x", NOV_01, "mx1", PLAIN(TAG_63 "c"), "1", "x" },
    { "Nov  1 03:47:01 mx1 " TAG_63 "cd[1]: x", NOV_01, "mx1", NO_TAG, "", TAG_63 "cd[1]: x" },
    /* Hosts */
    { "Nov  1 03:47:01 2001:db8::1 postfix/smtpd[1]: x", NOV_01, "2001:db8::1", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 fe80:: postfix/smtpd[1]: x", NOV_01, "fe80::", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 192.0.2.1 postfix/smtpd[1]: x", NOV_01, "192.0.2.1", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 MX1.Example.ORG postfix/smtpd[1]: x", NOV_01, "MX1.Example.ORG", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 s_local@mx1 postfix/smtpd[1]: x", NOV_01, "mx1", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 s_net@mx1/relay.example postfix/smtpd[1]: x", NOV_01, "mx1", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 mx1/relay postfix/smtpd[1]: x", NOV_01, "mx1", SMTPD, "1", "x" },
    { "Nov  1 03:47:01 mx1", NOV_01, "mx1", NO_TAG, "", "" },
};

static const char *const no_headers[] = {
    "",
    " ",
    "Nov",
    "Nov  1 03:47:01",
    "Nov  1 03:47:01x mx1 a[1]: x",
    "Nov  0 03:47:01 mx1 a[1]: x",
    "Nov 31 03:47:01 mx1 a[1]: x",
    "Feb 30 03:47:01 mx1 a[1]: x",
    "Feb 29 2026 03:47:01 mx1 a[1]: x",
    "Foo  1 03:47:01 mx1 a[1]: x",
    "Nov  1 24:47:01 mx1 a[1]: x",
    "Nov  1 03:60:01 mx1 a[1]: x",
    "Nov  1 03:47:61 mx1 a[1]: x",
    "Nov  1 3:47:01 mx1 a[1]: x",
    "Nov  1 03:47:0x mx1 a[1]: x",
    "Nov-01-26 03:47:01 x",
    "2026-13-21T03:47:01Z mx1 a[1]: x",
    "2026-02-29T03:47:01Z mx1 a[1]: x",
    "2026-11-21T25:47:01Z mx1 a[1]: x",
    "2026-11-21T03:47:01+25:00 mx1 a[1]: x",
    "2026-11-21T03:47:01.12345+01:0 mx1 a[1]: x",
    "2026-11-21T03:47:01.Z mx1 a[1]: x",
    "2026-11-21T03:47:01Z,host,x",
    "2026/11/21 03:47:01 [info] x",
    "0000-11-21T03:47:01Z mx1 a[1]: x",
    "<192>Nov  1 03:47:01 mx1 a[1]: x",
    "<22>postfix/smtpd[1]: x",
    "<22>2 2026-11-21T03:47:01Z mx1 a 1 - - x",
    "<22>1 2026-11-21T03:47:01Z mx1 a 1 - [a x",
    "<22>1 2026-11-21T03:47:01Z mx1 a 1",
    "1 - mx1 exim 7 - - x",
    "@400000006b01143f1c9c380 new msg 1",
    "@400000006b01143f1c9c380x new msg 1",
    "@3000000000000000000000000 x",
    "@ffffffffffffffffffffffff x",
    "-- Boot 0123456789abcdef --",
    "-- Logs begin at Sat 2026-11-21 03:47:01 UTC. --",
    "postfix/postfix-script: fatal: the mail system is not running",
    "sm-mta[12]: ruleset=check_relay",
    "Sat 2026-11-21 03:47:61 UTC mx1 a[1]: x",
    "179523282.123456 mx1 a[1]: x",
    "mail-1  | x",
};

static void assert_span(struct span s, const char *expected, const char *field, const char *line)
{
    if (!span_eq(s, span_of(expected)))
        fail_msg("%s of '%s' is '%.*s', not '%s'", field, line, (int)s.n, s.p, expected);
}

static void check_fields(struct header_clock *clock, const struct expected *e)
{
    struct header h;

    if (!header_parse(&h, clock, guard_behind(span_of(e->line))))
        fail_msg("no header in '%s'", e->line);
    if (h.time != e->time)
        fail_msg("time of '%s' is %lld, not %lld", e->line, (long long)h.time, (long long)e->time);
    assert_span(h.host, e->host, "host", e->line);
    assert_span(h.program, e->program, "program", e->line);
    assert_span(h.instance, e->instance, "instance", e->line);
    assert_span(h.service, e->service, "service", e->line);
    assert_span(h.pid, e->pid, "pid", e->line);
    assert_span(h.message, e->message, "message", e->line);
}

static void every_format_is_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct header_clock clock = clock_at(NOON_2026);

        check_fields(&clock, &formats[i]);
    }
}

static void formats_may_change_in_a_file(void **state)
{
    struct header_clock clock = clock_at(NOON_2026);

    (void)state;
    for (size_t step = 1; step < 8; step++)
        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
            check_fields(&clock, &formats[i * step % (sizeof formats / sizeof *formats)]);
}

static void other_lines_have_no_header(void **state)
{
    struct header_clock clock = clock_at(NOON_2026);

    (void)state;
    for (size_t i = 0; i < sizeof no_headers / sizeof *no_headers; i++) {
        struct span line = guard_behind(span_of(no_headers[i]));
        struct header h;

        if (header_parse(&h, &clock, line))
            fail_msg("'%s' has a header", no_headers[i]);
        assert_true(h.time == TIME_UNKNOWN && h.message.p == line.p && h.message.n == line.n);
        assert_true(h.host.n + h.program.n + h.instance.n + h.service.n + h.pid.n == 0);
    }
}

static void years_go_over_new_year_both_ways(void **state)
{
    struct header_clock clock = clock_at(1799150400); /* 2027-01-05 */

    (void)state;
    assert_int_equal(time_of(&clock, "Dec 31 23:59:59"), 1798757999);
    assert_int_equal(time_of(&clock, "Jan  1 00:00:01"), 1798758001);
    assert_int_equal(time_of(&clock, "Dec 31 23:59:59"), 1798757999); /* a line that came late */
    assert_int_equal(time_of(&clock, "Jan  1 00:00:01"), 1798758001);
    clock = clock_at(1798459200); /* 28 December: the reference of a followed log may be some days old */
    assert_int_equal(time_of(&clock, "Dec 28 12:00:00"), 1798455600);
    assert_int_equal(time_of(&clock, "Jan  1 00:00:01"), 1798758001);
    assert_int_equal(time_of(&clock, "Dec 31 23:59:59"), 1798757999);
    assert_int_equal(time_of(&clock, "Jan  1 00:00:01"), 1798758001);
    clock = clock_at(1798757990); /* the clock of a log's client is ahead on New Year's Eve */
    assert_int_equal(time_of(&clock, "Jan  1 00:00:01"), 1798758001);
    assert_int_equal(time_of(&clock, "Dec 31 23:59:59"), 1798757999);
}

static void archives_are_dated_by_their_reference(void **state)
{
    struct header_clock clock = clock_at(NOON_2025);

    (void)state;
    assert_int_equal(time_of(&clock, "Nov 21 03:47:01"), NOV_21 - 365 * INT64_C(86400));
    assert_int_equal(time_of(&clock, "Nov 20 03:47:01"), NOV_21 - 366 * INT64_C(86400));
    assert_int_equal(time_of(&clock, "Nov  1 2024 03:47:01"), 1730429221);
    /* A year in one file: no line of it is after the reference, however long ago its first lines are. */
    clock = clock_at(NOON_2026);
    assert_int_equal(time_of(&clock, "Nov 25 03:47:01"), NOV_21 - 361 * INT64_C(86400));
    assert_int_equal(time_of(&clock, "Jun 17 12:00:00"), 1781690400);
    assert_int_equal(time_of(&clock, "Nov 21 03:47:01"), NOV_21);
}

static void the_29th_of_february_is_in_a_leap_year(void **state)
{
    struct header_clock clock = clock_at(NOON_2026);

    (void)state;
    assert_int_equal(time_of(&clock, "Feb 29 12:00:00"), 1709204400); /* 2024 */
    clock = clock_at(1835434900);
    assert_int_equal(time_of(&clock, "Feb 28 12:00:00"), 1835434800 - 86400); /* 2028 */
    assert_int_equal(time_of(&clock, "Feb 29 12:00:00"), 1835434800);
    assert_int_equal(time_of(&clock, "Mar  1 12:00:00"), 1835434800 + 86400);
}

static void a_wrong_stamp_does_no_lasting_harm(void **state)
{
    struct header_clock clock = clock_at(NOON_2026);

    (void)state;
    assert_int_equal(time_of(&clock, "Nov 21 03:47:01"), NOV_21);
    assert_int_equal(time_of(&clock, "Dec 15 10:00:00"), 1798189200 - 10 * INT64_C(86400)); /* a clock ahead */
    assert_int_equal(time_of(&clock, "Nov 21 03:47:01"), NOV_21);
    assert_int_equal(time_of(&clock, "Mar  3 12:00:00"), 1772535600); /* 2026, not 2027 */
    assert_int_equal(time_of(&clock, "Nov 21 03:47:01"), NOV_21);
    /* Step by step into the future: not more than a month. */
    assert_int_equal(time_of(&clock, "Dec 15 10:00:00"), 1798189200 - 10 * INT64_C(86400));
    assert_int_equal(time_of(&clock, "Dec 25 10:00:00"), 1798189200 - 365 * INT64_C(86400));
    assert_int_equal(time_of(&clock, "Nov 21 03:47:01"), NOV_21);
}

static void a_followed_log_goes_on_for_years(void **state)
{
    struct header_clock clock = clock_at(NOON_2026);
    int64_t now = NOON_2026;

    (void)state;
    for (int day = 0; day < 3 * 366; day++) {
        char stamp[32];
        time_t t = (time_t)now;
        struct tm tm;

        header_clock_set(&clock, day == 0 ? now : now - 6 * INT64_C(86400));
        strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", localtime_r(&t, &tm));
        assert_int_equal(time_of(&clock, stamp), now);
        now += 86400;
    }
    /* A source that was silent for a year. */
    clock = clock_at(NOON_2026);
    assert_int_equal(time_of(&clock, "Nov 21 03:47:01"), NOV_21);
    header_clock_set(&clock, NOON_2027);
    assert_int_equal(time_of(&clock, "Nov 15 03:47:02"), NOV_21 - 6 * INT64_C(86400) + 1); /* a month: its neighbour */
    assert_int_equal(time_of(&clock, "Jul 21 03:47:02"), 1816134422);                      /* 2027 */
}

static void the_hour_that_occurs_twice_follows_the_line_before(void **state)
{
    struct header_clock clock = clock_at(NOON_2026);
    const int64_t first = 1792888200, second = 1792891800; /* 2026-10-25 02:30 CEST and CET */

    (void)state;
    assert_int_equal(time_of(&clock, "Oct 25 01:59:59"), first - 1801);
    assert_int_equal(time_of(&clock, "Oct 25 02:30:00"), first);
    assert_int_equal(time_of(&clock, "Oct 25 02:29:55"), first - 5); /* not in perfect order */
    assert_int_equal(time_of(&clock, "Oct 25 02:59:59"), first + 1799);
    assert_int_equal(time_of(&clock, "Oct 25 02:00:00"), second - 1800);
    assert_int_equal(time_of(&clock, "Oct 25 02:30:00"), second);
    assert_int_equal(time_of(&clock, "Oct 25 02:59:59"), second + 1799);
    assert_int_equal(time_of(&clock, "Oct 25 03:00:00"), second + 1800);
    /* The same in a format with a year but no zone. */
    clock = clock_at(NOON_2026);
    struct header h;

    assert_true(header_parse(&h, &clock, SPAN("2026-10-25 02:30:00 x")) && h.time == first);
    assert_true(header_parse(&h, &clock, SPAN("2026-10-25 02:10:00 x")) && h.time == second - 1200);
    assert_true(header_parse(&h, &clock, SPAN("2026-10-25 02:30:00 x")) && h.time == second);
}

static void the_hour_that_does_not_occur_is_counted_on(void **state)
{
    struct header_clock clock = clock_at(NOON_2026);

    (void)state;
    assert_int_equal(time_of(&clock, "Mar 29 01:59:59"), 1774745999);
    assert_int_equal(time_of(&clock, "Mar 29 02:30:00"), 1774747800);
    assert_int_equal(time_of(&clock, "Mar 29 03:00:00"), 1774746000);
    assert_int_equal(time_of(&clock, "Mar 29 03:30:00"), 1774747800);
}

static void a_log_may_jump_back(void **state)
{
    struct header_clock clock = clock_at(NOON_2026);

    (void)state;
    assert_int_equal(time_of(&clock, "Nov 21 03:47:01"), NOV_21);
    assert_int_equal(time_of(&clock, "Nov 21 02:47:01"), NOV_21 - 3600);
    assert_int_equal(time_of(&clock, "Nov  1 03:47:01"), NOV_01);
    assert_int_equal(time_of(&clock, "Nov 21 03:47:01"), NOV_21);
}

/* A year in a zone whose clocks change by half an hour, against the C library. */
static void zones_that_change_within_an_hour_are_right(void **state)
{
    struct header_clock clock = clock_at(1830000000);

    (void)state;
    setenv("TZ", "LHST-10:30LHDT-11,M10.1.0,M4.1.0", 1);
    tzset();
    for (int64_t t = NOON_2026; t < NOON_2027; t += 601) {
        char line[64];
        time_t at = (time_t)t;
        struct tm tm;
        struct header h;

        strftime(line, sizeof line, "%Y-%m-%d %H:%M:%S x", localtime_r(&at, &tm));
        assert_true(header_parse(&h, &clock, span_of(line)));
        assert_int_equal(h.time, t);
    }
    setenv("TZ", ZONE, 1);
    tzset();
}

static void check_within(struct span s, struct span line)
{
    assert_true(s.p >= line.p && s.p + s.n <= line.p + line.n);
}

static void parse_between_guards(struct header_clock *clock, struct span text)
{
    for (size_t i = 0; i < 2; i++) {
        struct header h;
        struct span line = i == 0 ? guard_behind(text) : guard_before(text);

        header_parse(&h, clock, line);
        check_within(h.host, line);
        check_within(h.program, line);
        check_within(h.instance, line);
        check_within(h.service, line);
        check_within(h.pid, line);
        check_within(h.message, line);
        assert_true(h.message.p + h.message.n == line.p + line.n);
    }
}

static void cut_lines_are_not_read_beyond_their_end(void **state)
{
    struct header_clock clock = clock_at(NOON_2026);

    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct span line = span_of(formats[i].line);

        for (size_t n = 0; n <= line.n; n++) {
            parse_between_guards(&clock, span_first(line, n));
            parse_between_guards(&clock, span_skip(line, n));
        }
    }
    for (size_t i = 0; i < sizeof no_headers / sizeof *no_headers; i++)
        parse_between_guards(&clock, span_of(no_headers[i]));
}

static void any_octets_are_borne(void **state)
{
    struct header_clock clock = clock_at(NOON_2026);
    static char text[GUARD_ROOM];
    struct header h;

    (void)state;
    for (int c = 0; c < 256; c++) {
        char line[] = "Nov  1 03:47:01 ?x1 p?stfix/smtpd[1?3]: m";

        line[16] = line[21] = line[35] = (char)c;
        parse_between_guards(&clock, (struct span){ line, sizeof line - 1 });
        memset(text, c, sizeof text);
        parse_between_guards(&clock, (struct span){ text, sizeof text });
        memcpy(text, "Nov  1 03:47:01 ", 16);
        parse_between_guards(&clock, (struct span){ text, sizeof text });
        memcpy(text, "<22>1 2026-11-21T03:47:01Z a b c d [", 36);
        parse_between_guards(&clock, (struct span){ text, sizeof text });
    }
    assert_true(header_parse(&h, &clock, (struct span){ "Nov  1 03:47:01 m\0x a\x1b[2J: m\0n", 30 }));
    assert_true(span_eq(h.host, (struct span){ "m\0x", 3 }) && h.program.n == 0);
    assert_true(span_eq(h.message, (struct span){ "a\x1b[2J: m\0n", 10 }));
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Lines with some octets changed, put in, taken out or exchanged with another line's. */
static void mutated_lines_are_borne(void **state)
{
    const size_t formats_n = sizeof formats / sizeof *formats;
    const char *given = getenv("TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u + 1;
    struct header_clock clock = clock_at(NOON_2026);

    (void)state;
    printf("# TEST_SEED=%llu repeats these mutations\n", (unsigned long long)seed);
    for (int round = 0; round < 200000; round++) {
        char line[400];
        struct span a = span_of(formats[next_random(&seed) % formats_n].line);
        struct span b = span_of(formats[next_random(&seed) % formats_n].line);
        size_t cut = next_random(&seed) % (a.n + 1), from = next_random(&seed) % (b.n + 1), n = a.n;

        memcpy(line, a.p, a.n);
        if (next_random(&seed) % 4 == 0) {
            memcpy(line + cut, b.p + from, b.n - from);
            n = cut + b.n - from;
        }
        for (uint64_t i = next_random(&seed) % 4; n && i > 0; i--)
            line[next_random(&seed) % n] =
                next_random(&seed) % 2 ? (char)next_random(&seed) : "[]:/ @<>-0 9.\"\\|"[next_random(&seed) % 16];
        parse_between_guards(&clock, (struct span){ line, n });
        if (round % 1000 == 0)
            header_clock_set(&clock, (int64_t)next_random(&seed));
    }
}

static int set_zone(void **state)
{
    (void)state;
    setenv("TZ", ZONE, 1);
    tzset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "every header format is split into its exact fields", every_format_is_split, 0, 0, 0 },
        { "formats may change from line to line of a file", formats_may_change_in_a_file, 0, 0, 0 },
        { "lines of other shapes and impossible stamps have no header", other_lines_have_no_header, 0, 0, 0 },
        { "stamps without a year go over New Year both ways", years_go_over_new_year_both_ways, 0, 0, 0 },
        { "an archive is dated by its reference, up to a year back", archives_are_dated_by_their_reference, 0, 0, 0 },
        { "29 February is in a leap year", the_29th_of_february_is_in_a_leap_year, 0, 0, 0 },
        { "a stamp from the future or the past does no lasting harm", a_wrong_stamp_does_no_lasting_harm, 0, 0, 0 },
        { "a followed log keeps its years while the reference is at most a week old", a_followed_log_goes_on_for_years,
          0, 0, 0 },
        { "an hour that occurs twice follows the line before", the_hour_that_occurs_twice_follows_the_line_before, 0, 0,
          0 },
        { "an hour that does not occur is counted on", the_hour_that_does_not_occur_is_counted_on, 0, 0, 0 },
        { "a log may jump back", a_log_may_jump_back, 0, 0, 0 },
        { "zones that change within an hour are right", zones_that_change_within_an_hour_are_right, 0, 0, 0 },
        { "a line cut anywhere is not read beyond its ends", cut_lines_are_not_read_beyond_their_end, 0, 0, 0 },
        { "any octets are borne", any_octets_are_borne, 0, 0, 0 },
        { "mutated lines are borne, and all fields lie within them", mutated_lines_are_borne, 0, 0, 0 },
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_zone, NULL);
}
