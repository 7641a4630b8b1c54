/* When notifications are due: against made-up snapshots and a made-up clock.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "../../agent/notify.h"

#define NOW     1795232821 /* 2026-11-21T03:47:01Z */
#define HOST    "mx1.example.org"
#define LOG_MAX 4096

struct world {
    struct tallies *tallies;
    struct snapshot snapshot;
    struct mib_view view;
    struct notify *notify;
    struct config_notify settings;
    int64_t now_ms; /* of the monotonic clock */
    bool link_is_down;
    char log[LOG_MAX]; /* what was sent since the last look at it */
};

static const char *const names[] = {
    [NOTIFY_SOURCE_DOWN] = "sourceDown",    [NOTIFY_SOURCE_UP] = "sourceUp", [NOTIFY_SILENT] = "silent",
    [NOTIFY_SILENT_ENDED] = "silentEnded",  [NOTIFY_RATE_HIGH] = "rateHigh", [NOTIFY_RATE_NORMAL] = "rateNormal",
    [NOTIFY_STATE_AT_RISK] = "stateAtRisk",
};

static bool note(void *context, struct mib_view *view, const struct notify_about *about)
{
    struct world *w = context;
    size_t n = strlen(w->log);

    (void)view;
    if (w->link_is_down)
        return false;
    n += (size_t)snprintf(w->log + n, sizeof w->log - n, "%s%s", n ? " " : "", names[about->what]);
    if (about->what == NOTIFY_SILENT || about->what == NOTIFY_SILENT_ENDED)
        snprintf(w->log + n, sizeof w->log - n, about->row == NOTIFY_ALL_HOSTS ? ":all" : ":%zu", about->row);
    return true;
}

static void event(struct world *w, const char *host, enum counter counter, uint64_t n)
{
    struct line line = { .tally = tallies_host(w->tallies, span_of(host)), .reference = w->view.now };
    struct event e = event_of(EVENT_COUNT, &line);

    line.header.time = w->view.now;
    e.counter = counter;
    e.count = n;
    tallies_event(w->tallies, &e);
    w->snapshot.counts.last_event = w->view.now;
}

/* So many seconds later, by both clocks, one look each second; what was sent meanwhile. */
static const char *after(struct world *w, int seconds)
{
    w->log[0] = '\0';
    assert_true(snapshot_set_tallies(&w->snapshot, w->tallies));
    for (int i = 0; i <= seconds; i++) {
        notify_look(w->notify, &w->view, w->now_ms);
        if (i < seconds) {
            w->view.now++;
            w->now_ms += 1000;
        }
    }
    return w->log;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->tallies = tallies_new(1);
    w->snapshot.counts.last_event = TIME_UNKNOWN;
    w->snapshot.backlog_read = true;
    w->view = (struct mib_view){ .snapshot = &w->snapshot, .now = NOW };
    w->now_ms = 1000000;
    w->notify = notify_new(note, w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    notify_free(w->notify);
    tallies_free(w->tallies);
    snapshot_clear(&w->snapshot);
    free(w);
    return 0;
}

static void configure(struct world *w, const char *words)
{
    struct config *config = config_new();
    char copy[200], error[CONFIG_ERROR_OCTETS] = "", *word[6];
    size_t n = 0;

    snprintf(copy, sizeof copy, "%s", words);
    for (char *p = strtok(copy, " "); p && n < 6; p = strtok(NULL, " "))
        word[n++] = p;
    config->notify = w->settings;
    assert_true(config_add_notify(config, word, n, error));
    w->settings = config->notify;
    notify_configure(w->notify, &w->settings);
    config_free(config);
}

static void set_source(struct world *w, enum source_state state)
{
    assert_true(snapshot_set_sources_n(&w->snapshot, 1));
    w->snapshot.sources[0].number = 7;
    w->snapshot.sources[0].status.state = state;
}

static void a_source_is_down_when_it_was_so_long_enough(void **state)
{
    struct world *w = *state;

    configure(w, "source 60");
    set_source(w, SOURCE_OK);
    assert_string_equal(after(w, 100), "");
    set_source(w, SOURCE_MISSING);
    assert_string_equal(after(w, 59), "");
    assert_string_equal(after(w, 1), "sourceDown");
    set_source(w, SOURCE_UNREADABLE);
    assert_string_equal(after(w, 200), "");
    set_source(w, SOURCE_CATCHING_UP);
    assert_string_equal(after(w, 59), "");
    assert_string_equal(after(w, 1), "sourceUp");
    assert_string_equal(after(w, 200), "");
}

static void a_source_that_comes_and_goes_is_not_told(void **state)
{
    struct world *w = *state;

    configure(w, "source 60");
    for (int i = 0; i < 20; i++) {
        set_source(w, i % 2 ? SOURCE_OK : SOURCE_FAILED);
        assert_string_equal(after(w, 30), "");
    }
}

static void what_cannot_be_sent_is_sent_later(void **state)
{
    struct world *w = *state;

    configure(w, "source 60");
    set_source(w, SOURCE_MISSING);
    w->link_is_down = true;
    assert_string_equal(after(w, 300), "");
    w->link_is_down = false;
    assert_string_equal(after(w, 0), "sourceDown");
}

static void silence_is_told_once_and_its_end(void **state)
{
    struct world *w = *state;

    configure(w, "silent 10");
    event(w, HOST, COUNTER_SENT, 1);
    assert_string_equal(after(w, 599), "");
    assert_string_equal(after(w, 1), "silent:all");
    assert_string_equal(after(w, 3000), "");
    event(w, HOST, COUNTER_SENT, 1);
    assert_string_equal(after(w, 1), "silentEnded:all");
}

static void one_silent_host_among_others_is_told(void **state)
{
    struct world *w = *state;

    configure(w, "hostSilent 10");
    event(w, "mx1", COUNTER_SENT, 1);
    event(w, "mx2", COUNTER_SENT, 1);
    assert_string_equal(after(w, 300), "");
    event(w, "mx2", COUNTER_SENT, 1);
    assert_string_equal(after(w, 400), "silent:0");
    event(w, "mx1", COUNTER_SENT, 1);
    event(w, "mx2", COUNTER_SENT, 1);
    assert_string_equal(after(w, 5), "silentEnded:0");
}

static void a_clock_that_is_set_is_no_silence(void **state)
{
    struct world *w = *state;

    configure(w, "silent 10");
    event(w, HOST, COUNTER_SENT, 1);
    assert_string_equal(after(w, 10), "");
    w->view.now += 86400;
    assert_string_equal(after(w, 10), "");
    event(w, HOST, COUNTER_SENT, 1);
    w->view.now -= 2 * 86400;
    assert_string_equal(after(w, 10), "");
}

static void silence_of_before_the_start_was_told_before(void **state)
{
    struct world *w = *state;

    configure(w, "silent 10");
    event(w, HOST, COUNTER_SENT, 1);
    w->view.now += 86400;
    assert_string_equal(after(w, 100), "");
    event(w, HOST, COUNTER_SENT, 1);
    assert_string_equal(after(w, 0), "silentEnded:all");
}

static void while_the_backlog_is_read_nothing_is_silent(void **state)
{
    struct world *w = *state;

    configure(w, "silent 1");
    event(w, HOST, COUNTER_SENT, 1);
    w->snapshot.backlog_read = false;
    assert_string_equal(after(w, 1000), "");
}

static void a_rate_is_high_until_it_is_normal(void **state)
{
    struct world *w = *state;

    configure(w, "rate rejected 100 10 5");
    event(w, HOST, COUNTER_REJECTED, 100);
    assert_string_equal(after(w, 10), "");
    event(w, HOST, COUNTER_REJECTED, 1);
    assert_string_equal(after(w, 200), "rateHigh");
    event(w, HOST, COUNTER_REJECTED, 50); /* after five minutes these are all: between the two numbers */
    assert_string_equal(after(w, 150), "");
    assert_string_equal(after(w, 200), "rateNormal");
}

static void a_state_at_risk_is_told_each_time(void **state)
{
    struct world *w = *state;

    w->snapshot.state_at_risk = true;
    assert_string_equal(after(w, 100), "stateAtRisk");
    w->snapshot.state_at_risk = false;
    assert_string_equal(after(w, 10), "");
    w->snapshot.state_at_risk = true;
    assert_string_equal(after(w, 10), "stateAtRisk");
}

static void many_are_spread_over_seconds(void **state)
{
    struct world *w = *state;
    size_t told = 0;

    configure(w, "hostSilent 1");
    for (int i = 0; i < 100; i++) {
        char name[20];

        snprintf(name, sizeof name, "mx%d", i);
        event(w, name, COUNTER_SENT, 1);
    }
    after(w, 60);
    for (const char *p = w->log; (p = strstr(p, "silent:")); p++)
        told++;
    assert_int_equal(told, 16);
    for (int i = 0; i < 10; i++) {
        after(w, 1);
        for (const char *p = w->log; (p = strstr(p, "silent:")); p++)
            told++;
    }
    assert_int_equal(told, 100);
}

static void wrong_words_are_refused(void **state)
{
    static const char *const lines[][6] = {
        { "source" },
        { "source", "x" },
        { "source", "-1" },
        { "source", "1", "2" },
        { "silent", "10081" },
        { "rate" },
        { "rate", "rejected" },
        { "rate", "rejected", "10" },
        { "rate", "nothing", "10", "1" },
        { "rate", "rejected", "10", "11" },
        { "rate", "rejected", "10", "1", "7" },
        { "rate", "rejected", "4294967296", "1" },
        { "loud", "1" },
    };
    struct config *config = config_new();

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char error[CONFIG_ERROR_OCTETS] = "";
        size_t n = 0;

        while (n < 6 && lines[i][n])
            n++;
        assert_false(config_add_notify(config, (char *const *)lines[i], n, error));
        assert_non_null(strstr(error, "notify"));
    }
    config_free(config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_source_is_down_when_it_was_so_long_enough),
        TEST(a_source_that_comes_and_goes_is_not_told),
        TEST(what_cannot_be_sent_is_sent_later),
        TEST(silence_is_told_once_and_its_end),
        TEST(one_silent_host_among_others_is_told),
        TEST(a_clock_that_is_set_is_no_silence),
        TEST(silence_of_before_the_start_was_told_before),
        TEST(while_the_backlog_is_read_nothing_is_silent),
        TEST(a_rate_is_high_until_it_is_normal),
        TEST(a_state_at_risk_is_told_each_time),
        TEST(many_are_spread_over_seconds),
        cmocka_unit_test(wrong_words_are_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
