/* The last 15 minutes of each host: the same as the recent table's, whatever the order of the lines; bounded; kept.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../parser/tally_inside.h"

#define NOW    1795232820 /* 2026-11-21T03:47:00Z */
#define MINUTE 60
#define STEP   RECENT_STEP_S

static const enum counter six[] = { COUNTER_BOUNCED, COUNTER_DEFERRED, COUNTER_REJECTED,
                                    COUNTER_SPAM,    COUNTER_VIRUS,    COUNTER_AUTH_FAILED };

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)random_state * n >> 32);
}

/* n events of a host whose line says `time` and comes when the clock says `now`. */
static void count(struct tallies *t, const char *host, enum counter counter, int64_t now, int64_t time, uint64_t n)
{
    struct line line = { .tally = tallies_host(t, span_of(host)), .reference = now };
    struct event e = event_of(EVENT_COUNT, &line);

    line.header.time = time;
    e.counter = counter;
    e.count = n;
    tallies_event(t, &e);
}

static uint64_t recent(struct tallies *t, const char *host, enum counter counter, int64_t now)
{
    return tallies_host_recent(t, tallies_host(t, span_of(host)), counter, now);
}

static uint64_t all_hosts(const struct tallies *t, enum counter counter, int64_t now)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < tallies_hosts(t); i++)
        sum += tallies_host_recent(t, tallies_host_at(t, i), counter, now);
    return sum;
}

static void assert_as_recent_table(const struct tallies *t, int64_t now)
{
    for (size_t i = 0; i < sizeof six / sizeof *six; i++)
        assert_int_equal(all_hosts(t, six[i], now), tallies_recent(t, six[i], now, HOST_RECENT_S));
}

static struct tallies *saved_and_loaded(const struct tallies *t)
{
    struct tallies *loaded = tallies_new(2);
    struct store store = { 0 }, again = { 0 };
    struct load load;

    tallies_save(t, &store);
    load = load_of((struct span){ (const char *)store.octets, store.n });
    assert_true(tallies_load(loaded, &load));
    tallies_save(loaded, &again);
    assert_int_equal(store.n, again.n);
    assert_memory_equal(store.octets, again.octets, store.n);
    store_free(&store);
    store_free(&again);
    return loaded;
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

static void each_host_and_counter_has_its_own(void **state)
{
    struct tallies *t = *state;

    for (size_t i = 0; i < sizeof six / sizeof *six; i++) {
        count(t, "mx1", six[i], NOW, NOW - 30, i + 1);
        count(t, "mx2", six[i], NOW, NOW - 400, 10 * (i + 1));
    }
    count(t, "mx1", COUNTER_SENT, NOW, NOW, 99);
    for (size_t i = 0; i < sizeof six / sizeof *six; i++) {
        assert_int_equal(recent(t, "mx1", six[i], NOW), i + 1);
        assert_int_equal(recent(t, "mx2", six[i], NOW), 10 * (i + 1));
        assert_int_equal(recent(t, "mx2", six[i], NOW + 600), 0);
    }
    assert_int_equal(recent(t, "mx1", COUNTER_SENT, NOW), 0); /* not kept by host */
    assert_int_equal(recent(t, "mx3", COUNTER_SPAM, NOW), 0);
}

static void an_event_is_recent_for_fifteen_minutes(void **state)
{
    struct tallies *t = *state;

    count(t, "mx1", COUNTER_SPAM, NOW, NOW, 7);
    assert_int_equal(recent(t, "mx1", COUNTER_SPAM, NOW + 15 * MINUTE - 1), 7);
    assert_int_equal(recent(t, "mx1", COUNTER_SPAM, NOW + 15 * MINUTE), 0);
    assert_int_equal(recent(t, "mx1", COUNTER_SPAM, NOW - STEP), 0); /* asked by a clock that is behind */
}

/* A log host's clients write late, some by minutes and some by hours, and their lines come in any order. */
static void late_lines_count_where_they_belong(void **state)
{
    struct tallies *t = *state;
    int64_t now = NOW;

    for (int i = 0; i < 20000; i++) {
        char host[24];
        static const int late_s[] = { 1, 30, 1200, 20000 };

        now += random_below(5) ? 0 : random_below(8);
        tallies_clock(t, now);
        snprintf(host, sizeof host, "mx%u", random_below(7));
        count(t, host, six[random_below(6)], now,
              now + 20 - (int64_t)random_below((uint32_t)late_s[random_below(4)] + 20), 1 + random_below(3));
        if (i % 20 == 0) {
            assert_as_recent_table(t, now);
            assert_as_recent_table(t, now + random_below(2000));
        }
    }
}

/* The clock was an hour ahead, and is set right. */
static void what_is_yet_to_come_is_taken_out(void **state)
{
    struct tallies *t = *state;
    const int64_t ahead = NOW + 3600;

    count(t, "mx1", COUNTER_VIRUS, NOW - 30, NOW - 30, 5);
    count(t, "mx2", COUNTER_VIRUS, NOW - 30, NOW - 30, 6);
    tallies_clock(t, ahead);
    for (int i = 0; i < 200; i++)
        count(t, "mx1", COUNTER_VIRUS, ahead + i * STEP, ahead + i * STEP, 1000);
    tallies_clock(t, NOW);
    count(t, "mx1", COUNTER_VIRUS, NOW, NOW, 1);
    assert_int_equal(recent(t, "mx1", COUNTER_VIRUS, NOW), 1); /* the 5 went when an hour had passed */
    assert_int_equal(recent(t, "mx2", COUNTER_VIRUS, NOW), 6);
    for (int i = 1; i < 600; i++)
        assert_in_range(recent(t, "mx1", COUNTER_VIRUS, NOW + i * STEP), 0, 1);
}

static void a_restart_loses_nothing(void **state)
{
    struct tallies *t = *state, *loaded;
    int64_t now = NOW;

    for (int i = 0; i < 3000; i++) {
        char host[24];

        now += random_below(4);
        snprintf(host, sizeof host, "mx%u", random_below(40));
        count(t, host, six[random_below(6)], now, now - random_below(900), 1 + random_below(1000));
    }
    loaded = saved_and_loaded(t);
    tallies_clock(loaded, now);
    for (int later_s = 0; later_s < 1000; later_s += STEP) {
        assert_as_recent_table(loaded, now + later_s);
        for (size_t i = 0; i < tallies_hosts(t); i++)
            for (size_t k = 0; k < sizeof six / sizeof *six; k++)
                assert_int_equal(tallies_host_recent(loaded, tallies_host_at(loaded, i), six[k], now + later_s),
                                 tallies_host_recent(t, tallies_host_at(t, i), six[k], now + later_s));
    }
    assert_true(all_hosts(loaded, COUNTER_SPAM, now) > 0);
    tallies_free(loaded);
}

static void a_copy_is_of_its_instant(void **state)
{
    struct tallies *t = *state, *copy = NULL;

    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 3000; i++) {
            char host[24];

            snprintf(host, sizeof host, "h%d", i % (1500 - 400 * round));
            count(t, host, COUNTER_BOUNCED, NOW, NOW - i % 90 * STEP, 1);
        }
        copy = tallies_copy(copy, t);
        assert_non_null(copy);
        count(t, "h1", COUNTER_BOUNCED, NOW, NOW, 500);
        assert_int_equal(all_hosts(copy, COUNTER_BOUNCED, NOW), 3000 * (round + 1) + 500 * round);
        assert_as_recent_table(copy, NOW);
    }
    tallies_free(copy);
}

/* Hosts that were busy once and are silent now give their memory to others. */
static void memory_is_that_of_the_last_minutes(void **state)
{
    struct tallies *t = *state;
    uint32_t first = 0;

    for (int turn = 0; turn < 20; turn++)
        for (int i = 0; i < 100 * 90; i++) {
            int64_t now = NOW + turn * 1000 + i / 100 * STEP;
            char host[24];

            snprintf(host, sizeof host, "t%dh%d", turn, i % 100);
            count(t, host, COUNTER_REJECTED, now, now, 1);
            if (turn == 0)
                first = t->recents.made;
        }
    assert_int_equal(tallies_hosts(t), 2000);
    assert_in_range(t->recents.made, first, 3 * first);
}

/* As many hosts as there may be, each refusing something in every step: no event is lost, but the window is shorter
 * by up to 290 s, and memory stays within its bound. */
static void a_flood_of_busy_hosts_is_bounded(void **state)
{
    struct tallies *t = *state;
    const uint32_t most = RECENTS_FINE + (HOSTS_CAP + 1) * RECENTS_COARSE_STEPS;
    const int64_t steps = 200;

    for (int64_t step = 0; step < steps; step++)
        for (int i = 0; i < HOSTS_CAP; i += step == 0 ? 1 : 3) {
            char host[24];

            snprintf(host, sizeof host, "h%d", i);
            count(t, host, COUNTER_REJECTED, NOW + step * STEP, NOW + step * STEP, 2);
        }
    assert_true(t->recents.made <= most + RECENTS_CHUNK);
    assert_true(t->recents.used <= most);
    for (int i = 0; i < HOSTS_CAP; i += 3) {
        char host[24];

        snprintf(host, sizeof host, "h%d", i);
        assert_in_range(recent(t, host, COUNTER_REJECTED, NOW + (steps - 1) * STEP), 2 * (90 - 29), 2 * 90);
    }
    assert_int_equal(recent(t, "h1", COUNTER_REJECTED, NOW + (steps - 1) * STEP), 0);
    print_message("# %u cells of %zu octets\n", t->recents.made, sizeof(struct recents_cell));
    tallies_free(saved_and_loaded(t));
    for (int i = 0; i < 100; i++) /* when it is over, all is exact again */
        count(t, "h1", COUNTER_REJECTED, NOW + 10000 + i * STEP, NOW + 10000 + i * STEP, 1);
    assert_int_equal(recent(t, "h1", COUNTER_REJECTED, NOW + 10000 + 99 * STEP), 90);
}

static void counts_stay_at_their_greatest_value(void **state)
{
    struct tallies *t = *state;

    count(t, "mx1", COUNTER_SPAM, NOW, NOW, UINT32_MAX);
    count(t, "mx1", COUNTER_SPAM, NOW, NOW, 5);
    count(t, "mx1", COUNTER_SPAM, NOW, NOW, UINT64_MAX);
    assert_int_equal(recent(t, "mx1", COUNTER_SPAM, NOW), UINT32_MAX);
}

static void hosts_beyond_the_cap_are_recent_together(void **state)
{
    struct tallies *t = *state, *loaded;

    for (int i = 0; i < HOSTS_CAP + 5; i++) {
        char host[24];

        snprintf(host, sizeof host, "h%d", i);
        count(t, host, COUNTER_SPAM, NOW, NOW, 1);
    }
    assert_int_equal(tallies_host_recent(t, tallies_host_at(t, HOSTS_CAP), COUNTER_SPAM, NOW), 5);
    loaded = saved_and_loaded(t);
    assert_int_equal(tallies_host_recent(loaded, tallies_host_at(loaded, HOSTS_CAP), COUNTER_SPAM, NOW), 5);
    tallies_free(loaded);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(each_host_and_counter_has_its_own),
        TEST(an_event_is_recent_for_fifteen_minutes),
        TEST(late_lines_count_where_they_belong),
        TEST(what_is_yet_to_come_is_taken_out),
        TEST(a_restart_loses_nothing),
        TEST(a_copy_is_of_its_instant),
        TEST(memory_is_that_of_the_last_minutes),
        TEST(a_flood_of_busy_hosts_is_bounded),
        TEST(counts_stay_at_their_greatest_value),
        TEST(hosts_beyond_the_cap_are_recent_together),
    };
    const char *seed = getenv("MAILTALLY_SEED");

    cmocka_set_message_output(CM_OUTPUT_TAP);
    random_state = seed ? (uint32_t)strtoul(seed, NULL, 0) : (uint32_t)time(NULL);
    printf("# MAILTALLY_SEED=%u\n", random_state);
    return cmocka_run_group_tests_name("recents", tests, NULL, NULL);
}
