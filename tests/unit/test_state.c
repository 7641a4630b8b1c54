/* The saved state as octets: other versions' counters, reasons and parts; keys of another seed or version; what is cut
 * off or damaged. That a good one goes on as if nothing had happened is test_state_cut.c's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "state_run.h"

#define LOG_PATH "tests/data/postfix-pipe-rig/mail-iso.log"

static const struct parser_options options = { .seed = 7, .flows_cap = 4096 };

static void numbers_and_texts_come_back(void **state)
{
    static const uint64_t numbers[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX };
    static const int64_t signs[] = { 0, -1, 1, INT64_MAX, INT64_MIN };
    struct store store = { .n = 0 };
    size_t begun;
    struct load load, inner;
    char text[8];

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        store_number(&store, numbers[i]);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        store_signed(&store, signs[i]);
    store_text(&store, "seven o");
    begun = store_begin(&store);
    store_number(&store, 300);
    memset(store_room(&store, 10000), 'x', 10000);
    store_end(&store, begun);
    store_text(&store, "eight oc");
    assert_false(store.failed);
    load = load_stored(&store);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_true(load_number(&load) == numbers[i]);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        assert_true(load_signed(&load) == signs[i]);
    load_text(&load, text, sizeof text);
    assert_string_equal(text, "seven o");
    inner = load_of(load_octets(&load, SIZE_MAX));
    assert_int_equal(load_number(&inner), 300);
    assert_int_equal(load_octets(&inner, 10000).n, 10000);
    assert_true(load_ended(&inner));
    load_text(&load, text, sizeof text); /* does not fit */
    assert_true(load.failed);
    assert_int_equal(load_number(&load), 0);
    store_free(&store);
}

/* Writes parts by hand, as another version would. */
struct hand {
    struct store store;
    size_t begun;
};

static void hand_part(struct hand *hand, unsigned number)
{
    store_number(&hand->store, number);
    hand->begun = store_begin(&hand->store);
}

static void hand_end(struct hand *hand)
{
    store_end(&hand->store, hand->begun);
}

static void hand_numbers(struct hand *hand, const uint64_t *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        store_number(&hand->store, numbers[i]);
}

#define NUMBERS(hand, ...) \
    hand_numbers(hand, (const uint64_t[]){ __VA_ARGS__ }, sizeof(const uint64_t[]){ __VA_ARGS__ } / sizeof(uint64_t))

static struct tallies *hand_load(struct hand *hand, bool *loaded)
{
    struct tallies *tallies = tallies_new(1);
    struct load load = load_stored(&hand->store);

    assert_non_null(tallies);
    *loaded = tallies_load(tallies, &load);
    store_free(&hand->store);
    return tallies;
}

static void counters_of_another_version_do_not_disturb(void **state)
{
    struct hand hand = { .begun = 0 };
    bool loaded;
    struct tallies *tallies;

    (void)state;
    NUMBERS(&hand, 99, 2); /* seed, parts */
    hand_part(&hand, 1);   /* the total: last event (+5), three counters, of which one is of another version */
    NUMBERS(&hand, 10, 3, COUNTER_SENT, 1000, 900, 77, COUNTER_TLS_OUTBOUND, 3);
    hand_end(&hand);
    hand_part(&hand, 2); /* one host */
    NUMBERS(&hand, 1);
    store_text(&hand.store, "mx1");
    NUMBERS(&hand, 10, 1, 2, 31, 6, 4000, 5);
    hand_end(&hand);
    tallies = hand_load(&hand, &loaded);
    assert_true(loaded);
    assert_int_equal(tallies_seed(tallies), 99);
    assert_int_equal(tallies_total(tallies)->counters[COUNTER_SENT], 1000);
    assert_int_equal(tallies_total(tallies)->counters[COUNTER_TLS_OUTBOUND], 3);
    assert_int_equal(tallies_total(tallies)->counters[COUNTER_NONE], 0);
    assert_int_equal(tallies_total(tallies)->last_event, 5);
    assert_int_equal(tallies_hosts(tallies), 1);
    assert_string_equal(tallies_host_at(tallies, 0)->name, "mx1");
    assert_int_equal(tallies_host_at(tallies, 0)->counters[COUNTER_TLS_OUTBOUND], 6);
    assert_true(tallies_host_at(tallies, 0)->wrote_mta);
    assert_ptr_equal(tallies_host(tallies, SPAN("MX1")), tallies_host_at(tallies, 0));
    tallies_free(tallies);
}

static void reasons_and_delays_of_another_version_keep_the_sums(void **state)
{
    struct hand hand = { .begun = 0 };
    bool loaded;
    struct tallies *tallies;

    (void)state;
    NUMBERS(&hand, 99, 3);
    hand_part(&hand, 4);
    NUMBERS(&hand, 3, REFUSAL_DNSBL, 10, 20, 30, 500, 1, 2, 3, REFUSAL_OTHER, 100, 200, 300);
    hand_end(&hand);
    hand_part(&hand, 5);
    NUMBERS(&hand, 2, 500, 4, DEFERRAL_OTHER, 3);
    hand_end(&hand);
    hand_part(&hand, 6); /* bounds of 10 s, a week and none; sent and delivered */
    NUMBERS(&hand, 3, 10, 1, 2, 604800, 4, 8, UINT32_MAX, 16, 32);
    hand_end(&hand);
    tallies = hand_load(&hand, &loaded);
    assert_true(loaded);
    assert_int_equal(tallies_refusals(tallies, REFUSAL_DNSBL).temporary, 20);
    assert_int_equal(tallies_refusals(tallies, REFUSAL_OTHER).permanent, 101);
    assert_int_equal(tallies_refusals(tallies, REFUSAL_OTHER).warned, 303);
    assert_int_equal(tallies_deferrals(tallies, DEFERRAL_OTHER), 7);
    assert_int_equal(tallies_delays(tallies, COUNTER_SENT, 1), 0);
    assert_int_equal(tallies_delays(tallies, COUNTER_SENT, 2), 1); /* up to 15 s */
    assert_int_equal(tallies_delays(tallies, COUNTER_DELIVERED, DELAY_BUCKETS - 2), 2);
    assert_int_equal(tallies_delays(tallies, COUNTER_DELIVERED, DELAY_BUCKETS - 1), 42);
    tallies_free(tallies);
}

static void parts_of_another_version_are_skipped(void **state)
{
    struct hand hand = { .begun = 0 };
    bool loaded;
    struct tallies *tallies;

    (void)state;
    NUMBERS(&hand, 99, 2);
    hand_part(&hand, 63);
    store_text(&hand.store, "who knows");
    hand_end(&hand);
    hand_part(&hand, 5);
    NUMBERS(&hand, 1, DEFERRAL_GREYLIST, 4);
    hand_end(&hand);
    tallies = hand_load(&hand, &loaded);
    assert_true(loaded);
    assert_int_equal(tallies_deferrals(tallies, DEFERRAL_GREYLIST), 4);
    tallies_free(tallies);
}

static void hosts_beyond_the_cap_are_counted_with_the_others(void **state)
{
    const uint64_t rows = HOSTS_CAP + 4; /* one of them is (other) */
    struct hand hand = { .begun = 0 };
    char name[32];
    bool loaded;
    struct tallies *tallies;

    (void)state;
    NUMBERS(&hand, 99, 1);
    hand_part(&hand, 2);
    NUMBERS(&hand, rows);
    for (uint64_t i = 0; i < rows; i++) {
        snprintf(name, sizeof name, "mx%ju", (uintmax_t)i);
        store_text(&hand.store, i == rows - 1 ? "(other)" : name);
        NUMBERS(&hand, 0, 0, 1, COUNTER_SENT, 2);
    }
    hand_end(&hand);
    tallies = hand_load(&hand, &loaded);
    assert_true(loaded);
    assert_int_equal(tallies_hosts(tallies), HOSTS_CAP + 1);
    assert_string_equal(tallies_host_at(tallies, HOSTS_CAP)->name, "(other)");
    assert_int_equal(tallies_host_at(tallies, HOSTS_CAP)->counters[COUNTER_SENT], 2 * 4);
    assert_int_equal(tallies_host_at(tallies, 0)->counters[COUNTER_SENT], 2);
    assert_ptr_equal(tallies_host(tallies, SPAN("one.more")), tallies_host_at(tallies, HOSTS_CAP));
    tallies_free(tallies);
}

static void rows_that_no_host_can_have_are_refused(void **state)
{
    static const char *const names[][2] = {
        { "mx1", "mx1" }, { "mx1", "MX2" }, { "mx1", "a b" }, { "(x)", "mx1" }, { "mx1", "caf\xe9" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct hand hand = { .begun = 0 };
        bool loaded;
        struct tallies *tallies;

        NUMBERS(&hand, 99, 1);
        hand_part(&hand, 2);
        NUMBERS(&hand, 2);
        for (size_t k = 0; k < 2; k++) {
            store_text(&hand.store, names[i][k]);
            NUMBERS(&hand, 0, 0, 1, COUNTER_SENT, 1);
        }
        hand_end(&hand);
        tallies = hand_load(&hand, &loaded);
        assert_false(loaded);
        assert_int_equal(tallies_hosts(tallies), 0);
        assert_int_equal(tallies_seed(tallies), 1);
        tallies_free(tallies);
    }
}

/* ---- the parser's keys ---- */

#define AMAVIS "2026-11-21T10:00:01+00:00 mx1 amavis[9]: (01-02) Blocked INFECTED (Eicar) {DiscardedInbound}, "
#define OPENED "2026-11-21T10:00:01+00:00 mx1 postfix/smtpd[1]: AAAAA1: client=mx.example.net[192.0.2.1]\n"
#define PIPED                                                                                            \
    "2026-11-21T10:00:01+00:00 mx1 postfix/pipe[7]: AAAAA1: to=<x@example.com>, relay=filter, delay=1, " \
    "delays=0/0/0/1, dsn=2.0.0, status=sent (delivered via filter service)\n"
#define QUEUED \
    "2026-11-21T10:00:01+00:00 mx1 postfix/qmgr[5]: AAAAA1: from=<a@example.org>, size=1000, nrcpt=1 (queue active)\n"

static struct log log_text(const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    return log_of(copy, strlen(copy));
}

static uint64_t count_of(const struct run *run, enum counter counter)
{
    return tallies_total(run->tallies)->counters[counter];
}

static void another_layout_forgets_flows_but_no_count(void **state)
{
    struct log log = log_text(OPENED QUEUED PIPED AMAVIS "[192.0.2.1] <a@example.org> -> <b@example.org>, 9 ms\n");
    struct log later = log_text(QUEUED "2026-11-21T10:00:30+00:00 mx1 postfix/qmgr[5]: AAAAA2: removed\n");
    struct run run, after;
    struct saved saved;
    struct load load;

    (void)state;
    run_start(&run, &options);
    run_lines(&run, &log, 0, log.lines_n);
    assert_int_equal(count_of(&run, COUNTER_VIRUS), 0);
    assert_int_equal(count_of(&run, COUNTER_DELIVERED), 0);
    run_save(&run, &saved);
    run_load(&after, &options, &saved);
    saved.parser.octets[0] ^= 1; /* the lowest octet of the number that tells how keys are made */
    load = load_stored(&saved.parser);
    assert_true(parser_load(after.parser, &load));
    assert_true(parser_forgot_flows(after.parser));
    run_lines(&after, &later, 0, later.lines_n);
    assert_int_equal(count_of(&after, COUNTER_RECEIVED), 1);
    assert_int_equal(count_of(&after, COUNTER_VIRUS), 1);
    assert_int_equal(count_of(&after, COUNTER_DELIVERED), 1);
    run_end(&run);
    run_end(&after);
    saved_free(&saved);
    log_free(&log);
    log_free(&later);
}

static void another_seed_forgets_flows(void **state)
{
    const struct parser_options other = { .seed = 8, .flows_cap = 4096 };
    struct log log = log_text(OPENED);
    struct run run, stranger;
    struct saved saved;
    struct load load;
    uint32_t flows;
    uint64_t evicted;

    (void)state;
    run_start(&run, &options);
    run_lines(&run, &log, 0, 1);
    run_save(&run, &saved);
    run_start(&stranger, &other);
    run_lines(&stranger, &log, 0, 1); /* so that there is a row for the host */
    load = load_stored(&saved.parser);
    assert_true(parser_load(stranger.parser, &load));
    assert_true(parser_forgot_flows(stranger.parser));
    parser_flows(stranger.parser, &flows, &evicted);
    assert_int_equal(flows, 0);
    run_end(&run);
    run_end(&stranger);
    saved_free(&saved);
    log_free(&log);
}

static void a_message_that_waits_still_looks_for_evidence(void **state)
{
    struct log log = log_text(
        OPENED "2026-11-21T10:00:01+00:00 mx1 postfix/cleanup[4]: AAAAA1: message-id=<>\n" QUEUED
               "2026-11-21T10:00:01+00:00 mx1 postfix/smtpd[1]: AAAAA2: client=localhost[127.0.0.1]\n"
               "2026-11-21T10:00:01+00:00 mx1 postfix/cleanup[4]: AAAAA2: message-id=<made.up@example.org>\n"
               "2026-11-21T10:00:01+00:00 mx1 amavis[9]: (01-02) Passed CLEAN {RelayedInbound}, [192.0.2.1] "
               "<a@example.org> -> <b@example.org>, Queue-ID: AAAAA1, mail_id: x, queued_as: AAAAA2, 9 ms\n"
               "2026-11-21T10:00:01+00:00 mx1 postfix/qmgr[5]: AAAAA2: from=<a@example.org>, size=1, nrcpt=1 (queue "
               "active)\n");
    struct run run, after;
    struct saved saved;

    (void)state;
    run_start(&run, &options);
    run_lines(&run, &log, 0, 5);
    run_save(&run, &saved);
    run_load(&after, &options, &saved);
    run_lines(&after, &log, 5, log.lines_n);
    assert_int_equal(count_of(&after, COUNTER_RECEIVED), 1);
    assert_int_equal(count_of(&after, COUNTER_REINJECTED), 1);
    run_end(&run);
    run_end(&after);
    saved_free(&saved);
    log_free(&log);
}

static void a_parser_with_other_options_takes_over(void **state)
{
    struct parser_options other = options;
    struct log log = log_text(OPENED QUEUED AMAVIS "[192.0.2.1] <a@example.org> -> <b@example.org>, 9 ms\n");
    struct run run;
    struct parser *old;

    (void)state;
    run_start(&run, &options);
    run_lines(&run, &log, 0, 1);
    old = run.parser;
    other.content_filter = CONTENT_FILTER_LOOPBACK;
    other.switched_off[0] = "amavis";
    run.options = other;
    run_start_parser(&run);
    assert_true(parser_take_over(run.parser, old));
    parser_free(old);
    run_lines(&run, &log, 1, log.lines_n);
    run_settle(&run);
    assert_int_equal(count_of(&run, COUNTER_RECEIVED), 1); /* of an id that the old one saw opened */
    assert_int_equal(count_of(&run, COUNTER_VIRUS), 0);
    assert_int_equal(parser_counts(run.parser)->lines, 3);
    run_end(&run);
    log_free(&log);
}

/* ---- damage ---- */

/* The state somewhere in a log in which much is under way. */
static void damage_setup(struct run *run, struct log *log, struct saved *saved)
{
    *log = log_read(LOG_PATH);
    run_start(run, &options);
    run_lines(run, log, 0, 1500);
    run_save(run, saved);
}

static void damage_end(struct run *run, struct log *log, struct saved *saved)
{
    run_end(run);
    log_free(log);
    saved_free(saved);
}

static void what_is_cut_off_is_refused_and_leaves_nothing(void **state)
{
    struct run run, fresh, refused;
    struct log log;
    struct saved saved;

    (void)state;
    damage_setup(&run, &log, &saved);
    run_start(&refused, &options);
    for (size_t n = 0; n < saved.tallies.n; n++) {
        struct load load = load_of((struct span){ (const char *)saved.tallies.octets, n });

        assert_false(tallies_load(refused.tallies, &load));
    }
    parser_free(refused.parser);
    run_start_parser(&refused);
    for (size_t n = 0; n < saved.parser.n; n += 1 + n / 64) {
        struct load load = load_of((struct span){ (const char *)saved.parser.octets, n });

        assert_false(parser_load(refused.parser, &load));
    }
    for (size_t n = 0; n < saved.sources[0].n; n++) {
        struct load load = load_of((struct span){ (const char *)saved.sources[0].octets, n });

        assert_false(parser_source_load(&refused.sources[0], &load));
    }
    run_start(&fresh, &options);
    run_lines(&fresh, &log, 0, log.lines_n);
    run_lines(&refused, &log, 0, log.lines_n);
    assert_same_run(&fresh, &refused, 0);
    run_end(&fresh);
    run_end(&refused);
    damage_end(&run, &log, &saved);
}

static void flip(struct store *store, size_t bit)
{
    store->octets[bit / 8] ^= (unsigned char)(1 << bit % 8);
}

/* Whatever a flipped bit makes of it: it is refused, or goes on without harm. */
static void a_flipped_bit_does_no_harm(void **state)
{
    struct run run;
    struct log log;
    struct saved saved;
    size_t refused = 0, taken = 0;

    (void)state;
    damage_setup(&run, &log, &saved);
    for (size_t i = 0; i < 3000; i++) {
        struct store *damaged = i % 4 ? &saved.parser : &saved.tallies;
        size_t bit = (i * 2654435761u) % (8 * damaged->n);
        struct load load;
        struct run after;
        bool loaded;

        flip(damaged, bit);
        run_start(&after, &options);
        load = load_stored(&saved.tallies);
        loaded = tallies_load(after.tallies, &load);
        parser_free(after.parser);
        after.options.seed = tallies_seed(after.tallies);
        run_start_parser(&after);
        load = load_stored(&saved.parser);
        loaded = parser_load(after.parser, &load) && loaded;
        run_lines(&after, &log, 1500, 1500 + (i % 64 ? 16 : 600));
        run_settle(&after);
        run_end(&after);
        flip(damaged, bit);
        refused += !loaded;
        taken += loaded;
    }
    assert_true(refused > 100 && taken > 100);
    damage_end(&run, &log, &saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_texts_come_back),
        cmocka_unit_test(counters_of_another_version_do_not_disturb),
        cmocka_unit_test(reasons_and_delays_of_another_version_keep_the_sums),
        cmocka_unit_test(parts_of_another_version_are_skipped),
        cmocka_unit_test(hosts_beyond_the_cap_are_counted_with_the_others),
        cmocka_unit_test(rows_that_no_host_can_have_are_refused),
        cmocka_unit_test(another_layout_forgets_flows_but_no_count),
        cmocka_unit_test(another_seed_forgets_flows),
        cmocka_unit_test(a_message_that_waits_still_looks_for_evidence),
        cmocka_unit_test(a_parser_with_other_options_takes_over),
        cmocka_unit_test(what_is_cut_off_is_refused_and_leaves_nothing),
        cmocka_unit_test(a_flipped_bit_does_no_harm),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
