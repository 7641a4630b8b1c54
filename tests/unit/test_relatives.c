/* Which names rotation left, in order of age; and which files are one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include "../../source/identities.h"
#include "../../source/relatives.h"

static const struct {
    const char *name, *log;
    enum relative_kind kind;
    bool is, compressed;
} names[] = {
    { "mail.log.1", "mail.log", RELATIVE_INDEX, true, false },
    { "mail.log.12.gz", "mail.log", RELATIVE_INDEX, true, true },
    { "mail.log-20261121", "mail.log", RELATIVE_DATE, true, false },
    { "mail.log-20261121.xz", "mail.log", RELATIVE_DATE, true, true },
    { "mail.log-20261121-1795219200.zst", "mail.log", RELATIVE_DATE, true, true },
    { "mail.log.2026-11-21_03:47", "mail.log", RELATIVE_DATE, true, false },
    { "mail.log.1795219200", "mail.log", RELATIVE_DATE, true, false },
    { "mail-20261121.log", "mail.log", RELATIVE_DATE, true, false },
    { "mail-20261121.log.bz2", "mail.log", RELATIVE_DATE, true, true },
    { "mail.log.old", "mail.log", RELATIVE_OTHER, true, false },
    { "mail.log~", "mail.log", RELATIVE_OTHER, true, false },
    { "mail.log.gz", "mail.log", RELATIVE_OTHER, true, true },
    { "mail.log.old.gz", "mail.log", RELATIVE_OTHER, true, true },
    { "mail.log", "mail.log", RELATIVE_OTHER, false, false },
    { "mail.info", "mail.log", RELATIVE_OTHER, false, false },
    { "mail.log.err", "mail.log", RELATIVE_OTHER, false, false },
    { "mail.logs", "mail.log", RELATIVE_OTHER, false, false },
    { "mail.log1", "mail.log", RELATIVE_OTHER, false, false },
    { "mail.log-2", "mail.log", RELATIVE_OTHER, false, false },
    { "mail-2.log", "mail.log", RELATIVE_OTHER, false, false },
    { "mail.log.1.2", "mail.log", RELATIVE_OTHER, false, false },
    { "mail.log.", "mail.log", RELATIVE_OTHER, false, false },
    { "mail.log.1-", "mail.log", RELATIVE_OTHER, false, false },
    { "mail.log.-20261121x", "mail.log", RELATIVE_OTHER, false, false },
    { "mail", "mail.log", RELATIVE_OTHER, false, false },
    { "mail.1", "mail", RELATIVE_INDEX, true, false },
    { "mail.log.1", "mail", RELATIVE_OTHER, false, false },
    { "192.0.2.10", "192.0.2.1", RELATIVE_OTHER, false, false },
    { "192.0.2.1.3", "192.0.2.1", RELATIVE_INDEX, true, false },
};

static void knows_the_names_of_rotated_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct relative relative = { 0 };
        bool is = relative_of(span_of(names[i].name), span_of(names[i].log), &relative);

        if (is != names[i].is || (is && (relative.kind != names[i].kind || relative.compressed != names[i].compressed)))
            fail_msg("%s of %s: %d, kind %d, compressed %d", names[i].name, names[i].log, is, relative.kind,
                     relative.compressed);
    }
}

static void tells_the_older_from_the_newer(void **state)
{
    static const char *const orders[][3] = {
        { "log.10.gz", "log.9", "log.1" },
        { "log-20261120.gz", "log-20261121", "log-20261121-1795219200" },
        { "log-1795132800", "log-1795219199", "log-1795219200" },
        { "log-2026-11-09", "log-2026-11-21", "log-2027-01-01" },
        { "log-20261121-0347", "log-20261121-0348", "log-20261121-2359" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct relative three[3] = { 0 };

        for (size_t j = 0; j < 3; j++) {
            assert_true(relative_of(span_of(orders[i][j]), SPAN("log"), &three[j]));
            three[j].modified.tv_sec = 100 - (time_t)j; /* whatever the clocks say */
        }
        assert_true(relative_age(&three[0], &three[1]) < 0);
        assert_true(relative_age(&three[1], &three[2]) < 0);
        assert_true(relative_age(&three[2], &three[0]) > 0);
        assert_int_equal(relative_age(&three[1], &three[1]), 0);
    }
}

static void goes_by_the_time_of_change_where_names_say_nothing(void **state)
{
    struct relative index = { 0 }, date = { 0 }, backward = { 0 }, other = { 0 };

    (void)state;
    assert_true(relative_of(SPAN("log.7"), SPAN("log"), &index));
    assert_true(relative_of(SPAN("log-20261121"), SPAN("log"), &date));
    assert_true(relative_of(SPAN("log-21-11-2026"), SPAN("log"), &backward));
    assert_true(relative_of(SPAN("log.old"), SPAN("log"), &other));
    index.modified.tv_sec = 1;
    date.modified.tv_sec = 2;
    backward.modified.tv_sec = 3;
    other.modified.tv_sec = 4;
    assert_true(relative_age(&index, &date) < 0);
    assert_true(relative_age(&backward, &date) > 0);
    assert_true(relative_age(&other, &index) < 0);
}

static void lists_them_with_the_oldest_first(void **state)
{
    struct scratch *scratch = *state;
    struct listings *listings = listings_new();
    struct relatives relatives;

    assert_int_equal(scratch_shell(scratch,
                                   "for n in 1 2.gz 10.gz 3.gz; do echo $n >log.$n; done; echo x >log; mkdir log.4;"
                                   "echo old >log.bak; echo x >other.1"),
                     0);
    for (int twice = 0; twice < 2; twice++) {
        assert_true(relatives_find(&relatives, listings, scratch_path(scratch, "log")));
        assert_int_equal(relatives.n, 5);
        assert_string_equal(strrchr(relatives.rows[0].path, '/'), "/log.bak");
        assert_string_equal(strrchr(relatives.rows[1].path, '/'), "/log.10.gz");
        assert_string_equal(strrchr(relatives.rows[4].path, '/'), "/log.1");
        relatives_free(&relatives);
        /* Old enough to be remembered. */
        assert_int_equal(scratch_shell(scratch, "touch -d '1 hour ago' ."), 0);
    }
    assert_int_equal(scratch_shell(scratch, "rm log.10.gz"), 0);
    assert_true(relatives_find(&relatives, listings, scratch_path(scratch, "log")));
    assert_int_equal(relatives.n, 4);
    relatives_free(&relatives);
    assert_false(relatives_find(&relatives, listings, scratch_path(scratch, "none/log")));
    relatives_free(&relatives);
    listings_free(listings);
}

/* Names are read, then each is looked at; in between logrotate gives every file another name. The directory's time,
 * which is put back, stands for the kernel's clock, which does not tell two changes within a tick apart. */
static void tells_when_names_change_meanwhile(void **state)
{
    struct scratch *scratch = *state;
    struct listings *listings = listings_new();
    struct relatives relatives;

    assert_int_equal(scratch_shell(scratch, "for n in 1 2 3; do echo $n >log.$n; done; ln -s nowhere log.9"
                                            "; touch -d '2000-01-01' ."),
                     0);
    for (int i = 0; i < 2; i++) {
        assert_true(relatives_find(&relatives, listings, scratch_path(scratch, "log")));
        assert_int_equal(relatives.n, 3);
        assert_false(relatives.changing); /* a link to nowhere is no change */
        relatives_free(&relatives);
    }
    assert_int_equal(
        scratch_shell(scratch, "for n in 3 2 1; do mv log.$n log.$((n + 1)); done; touch -d '2000-01-01' ."), 0);
    assert_true(relatives_find(&relatives, listings, scratch_path(scratch, "log")));
    assert_true(relatives.changing); /* log.1 is gone, log.4 was not seen */
    relatives_free(&relatives);
    assert_true(relatives_find(&relatives, listings, scratch_path(scratch, "log")));
    assert_false(relatives.changing);
    assert_int_equal(relatives.n, 3);
    assert_string_equal(strrchr(relatives.rows[0].path, '/'), "/log.4");
    relatives_free(&relatives);
    listings_free(listings);
}

/* ---- identities ---- */

static struct fingerprint fingerprint_of(struct span octets)
{
    struct fingerprint fingerprint = { 0 };

    fingerprint_extend(&fingerprint, octets);
    return fingerprint;
}

static void knows_an_open_file_by_its_inode_and_others_by_their_content(void **state)
{
    static const char a[] = "a", b[] = "b";
    static char text[FINGERPRINT_OCTETS];
    struct span whole = { text, sizeof text }, line = { text, 50 };
    struct identities *identities = identities_new();
    struct identity open = { .fingerprint = fingerprint_of(whole), .device = 1, .inode = 10, .open = true, .owner = a };
    struct identity found;
    uint32_t number;

    (void)state;
    memset(text, 'x', sizeof text);
    open.fingerprint = fingerprint_of(whole);
    number = identities_add(identities, &open);
    assert_true(identities_find(identities, &(struct identity_query){ whole, 1, 10, b }, &found));
    assert_ptr_equal(found.owner, a);
    assert_false(identities_find(identities, &(struct identity_query){ whole, 1, 10, a }, &found)); /* one's own */
    assert_false(identities_find(identities, &(struct identity_query){ whole, 1, 11, b }, &found)); /* a copy */
    assert_true(identities_find(identities, &(struct identity_query){ whole, 2, 11, b }, &found));  /* mounted twice */
    open.fingerprint = fingerprint_of(line);
    identities_change(identities, number, &open);
    assert_false(identities_find(identities, &(struct identity_query){ whole, 2, 11, b }, &found)); /* too little */
    /* Closed: its inode number may be another file's. */
    open.open = false;
    identities_change(identities, number, &open);
    assert_true(identities_find(identities, &(struct identity_query){ whole, 1, 10, b }, &found));
    assert_false(identities_find(identities, &(struct identity_query){ SPAN("another log"), 1, 10, b }, &found));
    identities_leave(identities, number);
    assert_true(identities_find(identities, &(struct identity_query){ whole, 1, 10, b }, &found));
    assert_null(found.owner);
    identities_free(identities);
}

static void forgets_those_that_were_left_long_ago(void **state)
{
    struct identities *identities = identities_new();
    struct identity identity = { .fingerprint = fingerprint_of(SPAN("line\n")) }, found;
    uint32_t first = 0;

    (void)state;
    for (unsigned i = 1; i <= IDENTITIES_LEFT + 1; i++) {
        uint32_t number;

        identity.inode = i;
        number = identities_add(identities, &identity);
        assert_int_not_equal(number, IDENTITY_NONE);
        if (i == 1)
            first = number;
        identities_leave(identities, number);
    }
    assert_false(identities_find(identities, &(struct identity_query){ .first = SPAN("line\n"), .inode = 1 }, &found));
    assert_true(identities_find(identities, &(struct identity_query){ .first = SPAN("line\n"), .inode = 2 }, &found));
    assert_int_equal(identities_add(identities, &identity), first); /* its place is used again */
    identities_free(identities);
}

static void has_a_cap(void **state)
{
    struct identities *identities = identities_new();

    (void)state;
    for (unsigned i = 0; i < IDENTITIES_CAP; i++)
        assert_int_not_equal(identities_add(identities, &(struct identity){ .inode = i }), IDENTITY_NONE);
    assert_int_equal(identities_add(identities, &(struct identity){ .inode = 1 }), IDENTITY_NONE);
    identities_change(identities, IDENTITY_NONE, &(struct identity){ .inode = 1 });
    identities_leave(identities, IDENTITY_NONE);
    identities_remove(identities, IDENTITY_NONE);
    identities_free(identities);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_names_of_rotated_files),
        cmocka_unit_test(tells_the_older_from_the_newer),
        cmocka_unit_test(goes_by_the_time_of_change_where_names_say_nothing),
        cmocka_unit_test_setup_teardown(lists_them_with_the_oldest_first, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(tells_when_names_change_meanwhile, scratch_make, scratch_remove),
        cmocka_unit_test(knows_an_open_file_by_its_inode_and_others_by_their_content),
        cmocka_unit_test(forgets_those_that_were_left_long_ago),
        cmocka_unit_test(has_a_cap),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("relatives", tests, NULL, NULL);
}
