/* What happened in the last minutes, while the clock is set to and fro.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../parser/tally.h"

#define NOW  1795232820 /* 2026-11-21T03:47:00Z */
#define HOUR 3600
#define DAY  86400

/* n events whose line says `time` and comes when the clock says `now`. */
static void count(struct tallies *t, int64_t now, int64_t time, uint64_t n)
{
    struct line line = { .tally = tallies_host(t, SPAN("mx1")), .reference = now };
    struct event e = event_of(EVENT_COUNT, &line);

    line.header.time = time;
    e.counter = COUNTER_SENT;
    e.count = n;
    tallies_event(t, &e);
}

static void assert_recent(const struct tallies *t, int64_t now, uint64_t minute, uint64_t five, uint64_t fifteen,
                          uint64_t sixty)
{
    assert_int_equal(tallies_recent(t, COUNTER_SENT, now, 60), minute);
    assert_int_equal(tallies_recent(t, COUNTER_SENT, now, 300), five);
    assert_int_equal(tallies_recent(t, COUNTER_SENT, now, 900), fifteen);
    assert_int_equal(tallies_recent(t, COUNTER_SENT, now, 3600), sixty);
}

static int make(void **state)
{
    struct tallies *t = tallies_new(1);

    tallies_clock(t, NOW);
    *state = t;
    return 0;
}

static int unmake(void **state)
{
    tallies_free(*state);
    return 0;
}

static void events_count_by_their_own_time(void **state)
{
    struct tallies *t = *state;

    count(t, NOW, NOW - 10, 1);
    count(t, NOW, NOW - 200, 10);
    count(t, NOW, NOW - 800, 100);
    count(t, NOW, NOW - 3000, 1000);
    count(t, NOW, NOW - 2 * HOUR, 10000);
    assert_recent(t, NOW, 1, 11, 111, 1111);
    assert_recent(t, NOW + 60, 0, 11, 111, 1111);
    assert_recent(t, NOW + HOUR + 10, 0, 0, 0, 0);
}

/* One of a log host's clients is a day ahead: its events happen now, and those of the others are not pushed out. */
static void a_line_from_a_clock_that_is_ahead_is_of_now(void **state)
{
    struct tallies *t = *state;

    for (int i = 0; i < 361; i++) {
        int64_t now = NOW + i * 10;

        tallies_clock(t, now);
        count(t, now, now + DAY + 5000 + i, 1);
        count(t, now, now, 100);
    }
    assert_recent(t, NOW + 3600, 606, 3030, 9090, 36360);
    assert_int_equal(tallies_total(t)->last_event, NOW + 3600);
}

/* The clock was an hour ahead, and is set right. */
static void what_is_yet_to_come_is_no_recent_event(void **state)
{
    struct tallies *t = *state;

    count(t, NOW - 30, NOW - 30, 7);
    tallies_clock(t, NOW + HOUR);
    for (int i = 0; i < 60; i++) {
        tallies_clock(t, NOW + HOUR + i * 10);
        count(t, NOW + HOUR + i * 10, NOW + HOUR + i * 10, 1000);
    }
    assert_recent(t, NOW + HOUR + 590, 6000, 30000, 60000, 60000);

    tallies_clock(t, NOW); /* set right */
    assert_int_equal(tallies_total(t)->last_event, NOW);
    assert_int_equal(tallies_host_at(t, 0)->last_event, NOW);
    count(t, NOW, NOW, 1);
    count(t, NOW, NOW - 100, 2);
    assert_recent(t, NOW, 8, 10, 10, 10);
    for (int i = 1; i < 500; i++) { /* and when those times come, nothing is there but what really comes */
        int64_t now = NOW + i * 10;

        tallies_clock(t, now);
        count(t, now, now, 1);
        assert_int_equal(tallies_recent(t, COUNTER_SENT, now, 60), i < 5 ? i + 1 + (i < 3 ? 7 : 0) : 6);
    }
}

/* The clock was an hour behind, and is set right: what happened then has the times that it had. */
static void a_clock_that_is_put_forward_leaves_old_events_old(void **state)
{
    struct tallies *t = *state;

    count(t, NOW, NOW, 5);
    tallies_clock(t, NOW + 2 * HOUR);
    count(t, NOW + 2 * HOUR, NOW + 2 * HOUR, 1);
    assert_recent(t, NOW + 2 * HOUR, 1, 1, 1, 1);
    assert_int_equal(tallies_total(t)->counters[COUNTER_SENT], 6);
}

static void jumps_to_and_fro_leave_nothing_behind(void **state)
{
    struct tallies *t = *state;

    for (int i = 0; i < 200; i++) {
        int64_t now = NOW + (i % 2 ? 50 * DAY : 0) + i;

        tallies_clock(t, now);
        count(t, now, now, 1);
        assert_in_range(tallies_recent(t, COUNTER_SENT, now, 10), 1, 10);
    }
    tallies_clock(t, NOW + 300);
    count(t, NOW + 300, NOW + 300, 9);
    assert_int_equal(tallies_recent(t, COUNTER_SENT, NOW + 300, 60), 9);
    assert_int_equal(tallies_total(t)->counters[COUNTER_SENT], 209);
}

/* The state was saved when the clock was ahead. */
static void what_was_saved_in_the_future_is_not_shown(void **state)
{
    struct tallies *t = *state, *loaded = tallies_new(2);
    struct store store = { 0 };
    struct load load;

    count(t, NOW, NOW, 1);
    count(t, NOW + HOUR, NOW + HOUR, 1000);
    tallies_save(t, &store);
    load = load_of((struct span){ (const char *)store.octets, store.n });
    assert_true(tallies_load(loaded, &load));
    tallies_clock(loaded, NOW + 10);
    assert_recent(loaded, NOW + 10, 1, 1, 1, 1);
    assert_recent(loaded, NOW + HOUR, 0, 0, 0, 0);
    assert_int_equal(tallies_total(loaded)->counters[COUNTER_SENT], 1001);
    tallies_free(loaded);
    store_free(&store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(events_count_by_their_own_time),         TEST(a_line_from_a_clock_that_is_ahead_is_of_now),
        TEST(what_is_yet_to_come_is_no_recent_event), TEST(a_clock_that_is_put_forward_leaves_old_events_old),
        TEST(jumps_to_and_fro_leave_nothing_behind),  TEST(what_was_saved_in_the_future_is_not_shown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
