/* A run that is cut between any two lines, saved, and loaded into new tallies, a new parser and new sources, counts
 * what an uninterrupted one does: the same events in the same order, and the same numbers in the end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "state_run.h"

#include <glob.h>
#include <time.h>

static uint64_t random_state;

/* xorshift64*: the same numbers for the same seed everywhere. */
static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % n;
}

/* A run over all of a log, and how much it had written after each line. */
struct whole {
    struct run run;
    size_t *written;
};

static void whole_run(struct whole *whole, const struct parser_options *options, const struct log *log)
{
    run_start(&whole->run, options);
    whole->written = calloc(log->lines_n + 1, sizeof *whole->written);
    assert_non_null(whole->written);
    for (size_t i = 0; i < log->lines_n; i++) {
        run_lines(&whole->run, log, i, i + 1);
        whole->written[i + 1] = whole->run.events_n;
    }
    run_settle(&whole->run);
}

static void whole_end(struct whole *whole)
{
    run_end(&whole->run);
    free(whole->written);
}

static void assert_same_store(const struct store *a, const struct store *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->octets, b->octets, a->n);
}

/* Goes on in a new run from where `before` stands, at line `at`. What was loaded is saved as the same octets again. */
static void go_on(struct run *after, const struct run *before)
{
    struct saved saved, again;

    run_save(before, &saved);
    run_load(after, &before->options, &saved);
    run_save(after, &again);
    assert_same_store(&saved.parser, &again.parser);
    for (size_t i = 0; i < RUN_SOURCES; i++)
        assert_same_store(&saved.sources[i], &again.sources[i]);
    saved_free(&saved);
    saved_free(&again);
}

static void assert_cut_changes_nothing(const struct whole *whole, const struct log *log, const struct run *before,
                                       size_t at)
{
    struct run after;

    go_on(&after, before);
    run_lines(&after, log, at, log->lines_n);
    run_settle(&after);
    assert_same_run(&whole->run, &after, whole->written[at]);
    run_end(&after);
}

static void assert_random_cuts(const struct parser_options *options, const struct log *log, unsigned cuts)
{
    struct whole whole;

    whole_run(&whole, options, log);
    for (; cuts; cuts--) {
        size_t at = random_below((uint32_t)log->lines_n + 1);
        struct run before;

        run_start(&before, options);
        run_lines(&before, log, 0, at);
        assert_cut_changes_nothing(&whole, log, &before, at);
        run_end(&before);
    }
    whole_end(&whole);
}

/* Cut at every line: each rest of the log is read by a run of its own. */
static void assert_every_cut(const struct parser_options *options, const struct log *log)
{
    struct whole whole;
    struct run before;

    whole_run(&whole, options, log);
    run_start(&before, options);
    for (size_t at = 0; at <= log->lines_n; at++) {
        assert_cut_changes_nothing(&whole, log, &before, at);
        if (at < log->lines_n)
            run_lines(&before, log, at, at + 1);
    }
    run_end(&before);
    whole_end(&whole);
}

/* One run that is saved and loaded after each line: whatever a load leaves behind would add up. */
static void assert_cut_after_each_line(const struct parser_options *options, const struct log *log)
{
    struct whole whole;
    struct run runs[2]; /* by turns */
    struct run *run = &runs[0];

    whole_run(&whole, options, log);
    run_start(run, options);
    for (size_t at = 0; at < log->lines_n; at++) {
        size_t written = whole.written[at + 1] - whole.written[at];
        struct run *next = &runs[(at + 1) % 2];

        run_lines(run, log, at, at + 1);
        assert_int_equal(run->events_n, written);
        assert_memory_equal(run->events, whole.run.events + whole.written[at], written);
        go_on(next, run);
        run_end(run);
        run = next;
    }
    run_settle(run);
    assert_same_run(&whole.run, run, whole.written[log->lines_n]);
    run_end(run);
    whole_end(&whole);
}

static const struct parser_options automatic = { .seed = 0x5eed, .flows_cap = 4096 };

static void each_log(const char *pattern, void (*check)(const struct parser_options *options, const struct log *log))
{
    glob_t found;

    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct log log = log_read(found.gl_pathv[i]);

        print_message("# %s\n", found.gl_pathv[i]);
        check(&automatic, &log);
        log_free(&log);
    }
    globfree(&found);
}

static void three_random_cuts(const struct parser_options *options, const struct log *log)
{
    assert_random_cuts(options, log, 3);
}

static void the_rigs_logs_may_be_cut_anywhere(void **state)
{
    (void)state;
    each_log("tests/data/*/*.log", three_random_cuts);
}

static void golden_logs_may_be_cut_at_every_line(void **state)
{
    (void)state;
    each_log("tests/golden/*.log", assert_every_cut);
}

static void golden_logs_may_be_cut_after_each_line(void **state)
{
    (void)state;
    each_log("tests/golden/*.log", assert_cut_after_each_line);
}

static void a_real_log_may_be_cut_at_every_line(void **state)
{
    (void)state;
    each_log("tests/data/postfix-proxy-rig/mail.log", assert_every_cut);
}

static void a_real_log_may_be_cut_after_each_line(void **state)
{
    (void)state;
    each_log("tests/data/postfix-pipe-rig/mail-iso.log", assert_cut_after_each_line);
}

static void content_filters_of_every_kind_may_be_cut(void **state)
{
    struct log log = log_read("tests/data/postfix-rig/mail.log");
    const struct parser_options kinds[] = {
        { .seed = 1, .flows_cap = 4096, .content_filter = CONTENT_FILTER_NONE },
        { .seed = 2, .flows_cap = 4096, .content_filter = CONTENT_FILTER_LOOPBACK },
        { .seed = 3, .flows_cap = 4096, .content_filter = CONTENT_FILTER_HOSTS, .filter_hosts = { "127.0.0.1" } },
        { .seed = 4, .flows_cap = 8 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_random_cuts(&kinds[i], &log, 2);
    log_free(&log);
}

/* ---- lines at random ---- */

/* What can be said of a message; %1$d and %2$d are ids, %3$d a Message-ID, %4$d an address. */
static const char *const sayings[] = {
    "postfix/smtpd[1]: AAAAA%1$d: client=mx.example.net[192.0.2.%4$d]",
    "postfix/smtpd[1]: AAAAA%1$d: client=localhost[127.0.0.1]",
    "postfix/smtpd[1]: AAAAA%1$d: client=localhost[127.0.0.1], orig_queue_id=AAAAA%2$d, orig_client=a[192.0.2.%4$d]",
    "postfix/pickup[3]: AAAAA%1$d: uid=33 from=<www@example.org>",
    "postfix/cleanup[4]: AAAAA%1$d: message-id=<m%3$d@example.org>",
    "postfix/cleanup[4]: AAAAA%1$d: message-id=<m%3$d@example.org>",
    "postfix/cleanup[4]: AAAAA%1$d: message-id=<>",
    "postfix/qmgr[5]: AAAAA%1$d: from=<a@example.org>, size=1%4$d, nrcpt=1 (queue active)",
    "postfix-b/qmgr[5]: AAAAA%1$d: from=<a@example.org>, size=2%4$d, nrcpt=1 (queue active)",
    "postfix/qmgr[5]: AAAAA%1$d: from=<b%4$d@example.org>, size=100, nrcpt=1 (queue active)",
    "postfix/qmgr[5]: AAAAA%1$d: removed",
    "postfix/qmgr[5]: AAAAA%1$d: removed",
    "postfix/smtp[6]: AAAAA%1$d: to=<x@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, "
    "dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as AAAAA%2$d)",
    "postfix/smtp[6]: AAAAA%1$d: to=<x@example.com>, relay=mx[198.51.100.%4$d]:25, delay=1%4$d, delays=0/0/0/1, "
    "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as AAAAA%2$d)",
    "postfix/pipe[7]: AAAAA%1$d: to=<x@example.com>, relay=filter%4$d, delay=1, delays=0/0/0/1, dsn=2.0.0, "
    "status=sent (delivered via filter service)",
    "postfix/smtp[6]: AAAAA%1$d: to=<x@example.com>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, "
    "status=deferred (connect to mx[198.51.100.1]:25: Connection refused)",
    "postfix/smtpd[8]: NOQUEUE: reject: RCPT from unknown[192.0.2.%4$d]: 554 5.7.1 Service unavailable; Client host "
    "[192.0.2.%4$d] blocked using dnsbl%3$d.example.org; from=<a@example.org> to=<b@example.org> proto=ESMTP helo=<x>",
    "amavis[9]: (0%3$d-0%4$d) Passed SPAM {RelayedTaggedInbound}, [192.0.2.1] [192.0.2.1] <a@example.org> -> "
    "<b@example.org>, Queue-ID: AAAAA%1$d, Message-ID: <m%3$d@example.org>, mail_id: x%4$d, Hits: 7, size: 100, "
    "queued_as: AAAAA%2$d, 100 ms",
    "amavis[9]: (0%3$d-0%4$d) Blocked INFECTED (Eicar) {DiscardedInbound}, [192.0.2.1] [192.0.2.1] <a@example.org> -> "
    "<b@example.org>, Queue-ID: AAAAA%1$d, mail_id: x%4$d, Hits: -, size: 100, 100 ms",
    "qmail: 177.6%3$d info msg %1$d: bytes 1%4$d from <a@example.org> qp %2$d uid 7%4$d",
    "qmail: 177.6%3$d starting delivery %2$d: msg %1$d to remote x@example.com",
    "qmail: 177.6%3$d delivery %2$d: success: 192.0.2.1_accepted_message./Remote_host_said:_250_ok/",
    "qmail: 177.6%3$d bounce msg %1$d qp %2$d",
    "qmail: 177.6%3$d end msg %1$d",
    "sendmail[10]: AAAAA%1$d: from=<a@example.org>, size=1%4$d, class=0, nrcpts=1, msgid=<m%3$d@example.org>, "
    "proto=ESMTP, daemon=MTA, relay=localhost [127.0.0.1]",
    "sendmail[10]: AAAAA%1$d: to=<x@example.com>, delay=00:00:01, mailer=esmtp, pri=1, relay=mx.example.com. "
    "[198.51.100.%4$d], dsn=2.0.0, stat=Sent (Ok: queued as AAAAA%2$d)",
    "last message repeated %4$d times",
};

/* A log of some hosts, with clocks that differ, on which few ids are used again and again. */
static struct log random_log(size_t lines, uint32_t ids, uint32_t hosts)
{
    char *octets = NULL;
    size_t n;
    FILE *file = open_memstream(&octets, &n);
    int64_t time = 1795255200;

    assert_non_null(file);
    for (size_t i = 0; i < lines; i++) {
        uint32_t host = random_below(hosts), which = random_below(sizeof sayings / sizeof *sayings);
        time_t stamp = (time_t)time + host * 5;
        struct tm tm;

        time += random_below(3) ? 0 : random_below(6);
        gmtime_r(&stamp, &tm);
        fprintf(file, "2026-%02d-%02dT%02d:%02d:%02d+00:00 mx%u ", tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                tm.tm_sec, host);
        fprintf(file, sayings[which], 1 + random_below(ids), 1 + random_below(ids), 1 + random_below(4),
                1 + random_below(3));
        fputc('\n', file);
    }
    fclose(file);
    return log_of(octets, n);
}

static void lines_at_random_may_be_cut_at_every_line(void **state)
{
    const struct {
        size_t lines;
        uint32_t ids, hosts, flows_cap;
    } kinds[] = { { 500, 4, 1, 4096 }, { 500, 9, 2, 8 }, { 500, 9, 3, 4096 }, { 700, 90, 2, 64 }, { 600, 9, 600, 16 } };

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct parser_options options = { .seed = random_state, .flows_cap = kinds[i].flows_cap };
        struct log log = random_log(kinds[i].lines, kinds[i].ids, kinds[i].hosts);

        assert_every_cut(&options, &log);
        assert_cut_after_each_line(&options, &log);
        log_free(&log);
    }
}

static void a_large_table_may_be_cut(void **state)
{
    const struct parser_options options = { .seed = 11, .flows_cap = 20000 };
    struct log log = random_log(60000, 50000, 40);

    (void)state;
    assert_random_cuts(&options, &log, 2);
    log_free(&log);
}

#define REFUSED(stamp)                                                                                                 \
    stamp " mx1 postfix/smtpd[8]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <x>: Relay access denied; " \
          "from=<a@example.org> to=<b@example.org> proto=ESMTP helo=<x>\n"

/* The hour that occurs twice, New Year, and stamps of other kinds between them. */
static void stamps_that_need_the_line_before_may_be_cut(void **state)
{
    static const char lines[] = REFUSED("Oct 25 02:10:00") REFUSED("Oct 25 02:58:00") REFUSED("Oct 25 02:00:01")
        REFUSED("Oct 25 02:00:01") REFUSED("Oct 25 02:59:59") REFUSED("Oct 25 03:00:00") REFUSED("Dec 30 12:00:00")
            REFUSED("Dec 31 23:59:59") REFUSED("Jan  1 00:00:00") REFUSED("2027-01-01T00:00:03+01:00")
                REFUSED("Dec 31 23:59:58") REFUSED("Jan  1 00:00:05.123456") REFUSED("Feb 30 00:00:00")
                    REFUSED("2026-12-31T23:00:06") REFUSED("Jan  1 00:00:07");
    struct log log = log_of(strdup(lines), sizeof lines - 1);
    const char *was = getenv("TZ");
    char *zone = was ? strdup(was) : NULL;

    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    assert_every_cut(&automatic, &log);
    assert_cut_after_each_line(&automatic, &log);
    if (zone)
        setenv("TZ", zone, 1);
    else
        unsetenv("TZ");
    tzset();
    free(zone);
    log_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rigs_logs_may_be_cut_anywhere),
        cmocka_unit_test(golden_logs_may_be_cut_at_every_line),
        cmocka_unit_test(golden_logs_may_be_cut_after_each_line),
        cmocka_unit_test(a_real_log_may_be_cut_at_every_line),
        cmocka_unit_test(a_real_log_may_be_cut_after_each_line),
        cmocka_unit_test(content_filters_of_every_kind_may_be_cut),
        cmocka_unit_test(stamps_that_need_the_line_before_may_be_cut),
        cmocka_unit_test(lines_at_random_may_be_cut_at_every_line),
        cmocka_unit_test(a_large_table_may_be_cut),
    };
    const char *seed = getenv("MAILTALLY_SEED");

    cmocka_set_message_output(CM_OUTPUT_TAP);
    random_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15);
    random_state |= 1;
    printf("# MAILTALLY_SEED=%#jx\n", (uintmax_t)random_state);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
