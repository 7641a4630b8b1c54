/* RRD files: which counter stands where, which minute an event belongs to, and what a file takes.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include <limits.h>
#include <math.h>
#include <rrd.h>
#include <stdlib.h>

#include "../../rrd/directory.h"
#include "../../rrd/name.h"
#include "../../rrd/undo.h"

#define DAY  86400
#define NOON 1795262400 /* 2026-11-21T12:00:00Z: a row of 8 minutes begins here */

/* ---- the tables ---- */

static void every_counter_has_a_data_source_of_its_rrd_name(void **state)
{
    static const char *const names[COUNTERS] = {
#define COUNTER(number, identifier, name, unit, rrd, meaning) [number] = #rrd,
#include "../../parser/counters.def"
#undef COUNTER
    };
    unsigned feeds[RRD_HOST_SLOTS] = { 0 };

    (void)state;
    for (int counter = 1; counter < COUNTERS; counter++) {
        unsigned n;
        const uint8_t *slots = rrd_counter_slots((enum counter)counter, &n);
        bool own = false;

        for (unsigned i = 0; i < n; i++) {
            own = own || strcmp(rrd_slot_name(slots[i]), names[counter]) == 0;
            feeds[slots[i]]++;
        }
        assert_true(names[counter] == NULL || own);
    }
    for (unsigned slot = 0; slot < RRD_HOST_SLOTS; slot++)
        assert_true(feeds[slot] > 0);
    for (unsigned slot = 0; slot < RRD_SLOTS; slot++) {
        enum rrd_kind kind = rrd_slot_kind(slot);

        assert_in_range(slot, rrd_kind_first(kind), rrd_kind_first(kind) + rrd_kind_sources(kind) - 1);
        assert_true(strlen(rrd_slot_name(slot)) <= RRD_NAME_MAX);
    }
}

static void mailgraphs_data_sources_are_its_sums(void **state)
{
    static const struct {
        enum counter counter;
        const char *first;
    } of[] = {
        { COUNTER_SENT, "sent" },
        { COUNTER_RECEIVED, "recv" },
        { COUNTER_BOUNCED, "bounced" },
        { COUNTER_EXPIRED, "bounced" },
        { COUNTER_REJECTED, "rejected" },
        { COUNTER_REJECTED_TEMPORARILY, "rejected" },
        { COUNTER_DISCARDED, "rejected" },
        { COUNTER_VIRUS, "virus" },
        { COUNTER_BANNED, "virus" },
        { COUNTER_SPAM, "spam" },
        { COUNTER_GREYLISTED, "greylisted" },
        { COUNTER_GREYLIST_PASSED, "delayed" },
    };
    unsigned n;

    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        unsigned slot = rrd_counter_slots(of[i].counter, &n)[0];

        assert_string_equal(rrd_slot_name(slot), of[i].first);
        assert_true(rrd_slot_kind(slot) <= RRD_GREYLIST);
    }
    for (int counter = 1; counter < COUNTERS; counter++) {
        const uint8_t *slots = rrd_counter_slots((enum counter)counter, &n);
        unsigned mailgraphs = 0;

        for (unsigned i = 0; i < n; i++)
            mailgraphs += rrd_slot_kind(slots[i]) <= RRD_GREYLIST;
        for (size_t i = 0; i < sizeof of / sizeof of[0]; i++)
            mailgraphs -= of[i].counter == (enum counter)counter;
        assert_int_equal(mailgraphs, 0);
    }
}

static void names_of_hosts_become_directories_that_lead_nowhere_else(void **state)
{
    static const char *const hosts[] = {
        "mx1.example.org", "../../x", "<script>", "",    ".",  "..",      "%",       "%2f",        "a/b",
        "(other)",         "a b",     "a:b",      "a?b", "-x", ".hidden", "a.b-c_d", "2001:db8::1"
    };
    char made[17][RRD_DIRECTORY_OCTETS], host[65], longest[65];

    (void)state;
    for (size_t i = 0; i < 17; i++) {
        assert_true(rrd_name_directory(span_of(hosts[i]), made[i], sizeof made[i]));
        assert_null(strchr(made[i], '/'));
        assert_true(made[i][0] != '.' && made[i][0] != '\0');
        assert_true(rrd_name_host(made[i], host, sizeof host));
        assert_string_equal(host, hosts[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(made[i], made[k]);
    }
    memset(longest, '?', 64);
    longest[64] = '\0';
    assert_true(rrd_name_directory(span_of(longest), made[0], sizeof made[0]));
    assert_false(rrd_name_directory(span_of(longest), made[0], 100));
    assert_false(rrd_name_host("lost+found", host, sizeof host));
    assert_false(rrd_name_host("%2e%2e", host, sizeof host));
    assert_false(rrd_name_host("%41", host, sizeof host));
}

/* ---- minutes ---- */

struct world {
    struct tallies *tallies;
    struct rrd_minutes *minutes;
    uint64_t lines;
    struct rrd_batch batch;
};

static void begin(struct world *w)
{
    *w = (struct world){ .tallies = tallies_new(1) };
    w->minutes = rrd_minutes_new(w->tallies);
    assert_non_null(w->minutes);
}

static void end(struct world *w)
{
    rrd_minutes_free(w->minutes);
    tallies_free(w->tallies);
}

static void happen(struct world *w, const char *host, int64_t time, enum counter counter, uint64_t n)
{
    struct line line = { .number = ++w->lines,
                         .reference = INT64_MAX,
                         .tally = tallies_host(w->tallies, span_of(host)) };
    struct event e = event_of(EVENT_COUNT, &line);

    line.header.time = time;
    e.counter = counter;
    e.count = n;
    rrd_minutes_event(w->minutes, &e);
}

static bool take(struct world *w)
{
    rrd_minutes_saving(w->minutes);
    rrd_minutes_saved(w->minutes);
    return rrd_minutes_take(w->minutes, &w->batch);
}

/* What the batch has for a data source of the sum in a minute. */
static uint64_t value(const struct world *w, unsigned host, int64_t minute, enum counter counter)
{
    unsigned n, slot = rrd_counter_slots(counter, &n)[0];
    uint64_t sum = 0;

    for (size_t i = 0; i < w->batch.n; i++)
        if (w->batch.entries[i].host == host && w->batch.entries[i].slot == slot &&
            (minute < 0 || (int64_t)w->batch.entries[i].minute * 60 == minute))
            sum += w->batch.entries[i].value;
    return sum;
}

static void settle_beginning(struct world *w, int64_t time)
{
    for (int i = 0; i < 40; i++)
        happen(w, "mx1", time, COUNTER_CONNECTIONS, 1);
}

static void a_minute_is_closed_when_the_next_but_one_begins(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    settle_beginning(&w, NOON);
    happen(&w, "mx1", NOON + 5, COUNTER_SENT, 1);
    happen(&w, "mx2", NOON + 59, COUNTER_SENT, 2);
    happen(&w, "mx1", NOON + 60, COUNTER_SENT, 4);
    assert_false(take(&w));
    happen(&w, "mx1", NOON + 30, COUNTER_SENT, 8); /* late, but not too late */
    happen(&w, "mx1", NOON + 120, COUNTER_SENT, 16);
    assert_true(take(&w));
    assert_int_equal(w.batch.known_from, NOON);
    assert_int_equal(w.batch.upto, NOON);
    assert_int_equal(value(&w, 0, NOON, COUNTER_SENT), 11);
    assert_int_equal(value(&w, 1, NOON, COUNTER_SENT), 9);
    assert_int_equal(value(&w, 2, NOON, COUNTER_SENT), 2);
    rrd_minutes_done(w.minutes, true, NULL, 0);
    happen(&w, "mx1", NOON, COUNTER_SENT, 32); /* too late: the total stays exact */
    rrd_minutes_clock(w.minutes, NOON + 600);
    assert_true(take(&w));
    assert_int_equal(w.batch.upto, NOON + 480);
    assert_int_equal(value(&w, 0, NOON + 60, COUNTER_SENT), 36);
    assert_int_equal(value(&w, 0, NOON + 120, COUNTER_SENT), 16);
    end(&w);
}

static void a_line_from_the_future_moves_only_itself(void **state)
{
    struct world w;

    (void)state;
    for (int first = 0; first < 2; first++) { /* as the very first line, and among others */
        begin(&w);
        if (first == 0)
            happen(&w, "mx1", NOON + 3 * DAY, COUNTER_SENT, 1000);
        settle_beginning(&w, NOON);
        if (first == 1)
            happen(&w, "mx1", NOON + 3 * DAY, COUNTER_SENT, 1000);
        for (int i = 0; i < 60; i++)
            happen(&w, "mx1", NOON + 10 * i, COUNTER_SENT, 1);
        assert_true(take(&w));
        assert_int_equal(w.batch.known_from, NOON);
        assert_in_range(w.batch.upto, NOON + 420, NOON + 540);
        assert_int_equal(value(&w, 0, NOON + 120, COUNTER_SENT), 6);
        rrd_minutes_done(w.minutes, true, NULL, 0);
        end(&w);
    }
}

static void a_quiet_night_is_no_line_from_the_future(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    settle_beginning(&w, NOON);
    for (int i = 0; i < 50; i++)
        happen(&w, "mx1", NOON + DAY / 2 + i * 300, COUNTER_SENT, 1);
    assert_true(take(&w));
    for (int i = 0; i < 40; i++)
        assert_int_equal(value(&w, 0, NOON + DAY / 2 + i * 300, COUNTER_SENT), 1);
    end(&w);
}

static void a_floor_keeps_out_what_a_file_has(void **state)
{
    struct world w;
    unsigned host;

    (void)state;
    begin(&w);
    settle_beginning(&w, NOON);
    rrd_minutes_set_floor(w.minutes, 0, RRD_MAIL, NOON + 60);
    host = rrd_minutes_host(w.minutes, tallies_host(w.tallies, SPAN("mx1")));
    happen(&w, "mx1", NOON + 60, COUNTER_REJECTED, 1); /* in mailgraph's file; but not in ours */
    happen(&w, "mx1", NOON + 200, COUNTER_REJECTED, 4);
    happen(&w, "mx1", NOON + 30, COUNTER_REJECTED, 8); /* late */
    rrd_minutes_end(w.minutes, INT64_MAX);
    assert_true(take(&w));
    assert_int_equal(value(&w, 0, -1, COUNTER_REJECTED), 4);
    assert_int_equal(value(&w, host, -1, COUNTER_REJECTED), 13);
    assert_int_equal(value(&w, 0, -1, COUNTER_REJECT_WARNINGS), 0);
    for (size_t i = 0, sum = 0; i < w.batch.n; i++) {
        if (w.batch.entries[i].host == 0 && strcmp(rrd_slot_name(w.batch.entries[i].slot), "rejected") == 0 &&
            rrd_slot_kind(w.batch.entries[i].slot) == RRD_REFUSAL)
            sum += w.batch.entries[i].value;
        if (i + 1 == w.batch.n)
            assert_int_equal(sum, 13);
    }
    end(&w);
}

static void what_is_saved_goes_on(void **state)
{
    struct world w, again = { 0 };
    struct store store = { 0 };
    struct load load;

    (void)state;
    begin(&w);
    settle_beginning(&w, NOON);
    rrd_minutes_set_floor(w.minutes, 0, RRD_MAIL, 1);
    happen(&w, "mx1", NOON, COUNTER_SENT, 1);
    happen(&w, "mx2", NOON + 180, COUNTER_SENT, 2); /* closes the first */
    rrd_minutes_save(w.minutes, "boot", &store);
    again.tallies = w.tallies;
    again.minutes = rrd_minutes_new(w.tallies);
    load = load_of((struct span){ (const char *)store.octets, store.n });
    assert_true(rrd_minutes_load(again.minutes, "boot", &load));
    assert_int_equal(rrd_minutes_floor(again.minutes, 0, RRD_MAIL), 1);
    assert_true(rrd_minutes_take(again.minutes, &again.batch)); /* it was saved: it may be written at once */
    assert_int_equal(value(&again, 0, NOON, COUNTER_SENT), 1);
    rrd_minutes_done(again.minutes, true, NULL, 0);
    rrd_minutes_end(again.minutes, INT64_MAX);
    assert_true(take(&again));
    assert_int_equal(value(&again, 0, NOON + 180, COUNTER_SENT), 2);
    rrd_minutes_free(again.minutes);
    for (size_t n = 0; n < store.n; n++) { /* cut off anywhere */
        again.minutes = rrd_minutes_new(w.tallies);
        load = load_of((struct span){ (const char *)store.octets, n });
        assert_false(rrd_minutes_load(again.minutes, "boot", &load));
        rrd_minutes_free(again.minutes);
    }
    store_free(&store);
    end(&w);
}

/* ---- files ---- */

/* All that a data source of the file has, in whole rows and in the one under way. */
static double total(const char *path, unsigned source)
{
    time_t from = NOON - 2 * 3600, to = NOON + DAY / 2;
    unsigned long step = 480, n;
    rrd_value_t *data;
    char **names, key[64];
    rrd_info_t *info = rrd_info_r(path);
    double sum = 0;

    assert_int_equal(rrd_fetch_r(path, "AVERAGE", &from, &to, &step, &n, &names, &data), 0);
    assert_int_equal(step, 480);
    for (unsigned long row = 0; row < (unsigned long)(to - from) / step; row++)
        if (!isnan(data[row * n + source]))
            sum += data[row * n + source] * (double)step;
    for (unsigned long i = 0; i < n; i++)
        free(names[i]);
    free(names);
    free(data);
    snprintf(key, sizeof key, "rra[0].cdp_prep[%u].value", source);
    for (const rrd_info_t *i = info; i; i = i->next)
        if (strcmp(i->key, key) == 0 && !isnan(i->value.u_val))
            sum += i->value.u_val * 60;
    rrd_info_free(info);
    return sum;
}

static bool write_all(struct world *w, struct rrd_directory *d, struct rrd_report *report)
{
    struct rrd_entry *failed;
    size_t n;

    if (!take(w))
        return false;
    assert_true(rrd_directory_write(d, &w->batch, NULL, &failed, &n, report));
    rrd_minutes_done(w->minutes, report->failed == 0, failed, n);
    free(failed);
    return true;
}

static void files_get_every_minute_once(void **state)
{
    struct scratch *scratch = *state;
    struct rrd_directory *d = rrd_directory_new(scratch->directory, NULL, true);
    struct rrd_report report;
    struct stat status;
    struct world w;
    char path[PATH_MAX];

    begin(&w);
    settle_beginning(&w, NOON + 60);
    for (int i = 1; i <= 100; i++)
        happen(&w, "<script>", NOON + 60 * i, COUNTER_SENT, (uint64_t)i);
    assert_true(write_all(&w, d, &report));
    assert_int_equal(report.failed, 0);
    happen(&w, "<script>", NOON + 5 * 3600, COUNTER_SENT, 7); /* behind a run of empty minutes */
    rrd_minutes_end(w.minutes, INT64_MAX);
    assert_true(write_all(&w, d, &report));
    for (int host = 0; host < 2; host++) {
        assert_true(rrd_path(path, sizeof path, scratch->directory, host ? "?script?" : NULL, RRD_MAIL));
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0644);
        assert_float_equal(total(path, 0), 5050 + 7, 0.001);
        assert_int_equal(rrd_file_last(path), NOON + 5 * 3600);
    }
    rrd_directory_free(d);
    end(&w);
}

static void a_file_that_cannot_be_written_gets_it_later(void **state)
{
    struct scratch *scratch = *state;
    struct rrd_directory *d = rrd_directory_new(scratch->directory, NULL, true);
    struct rrd_report report;
    struct world w;
    char path[PATH_MAX], moved[PATH_MAX + 8];

    begin(&w);
    settle_beginning(&w, NOON + 60);
    happen(&w, "mx1", NOON + 60, COUNTER_SENT, 1);
    rrd_minutes_clock(w.minutes, NOON + 300);
    assert_true(write_all(&w, d, &report));
    assert_true(rrd_path(path, sizeof path, scratch->directory, NULL, RRD_MAIL));
    snprintf(moved, sizeof moved, "%s.moved", path);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    happen(&w, "mx1", NOON + 300, COUNTER_SENT, 10);
    rrd_minutes_clock(w.minutes, NOON + 600);
    assert_true(write_all(&w, d, &report));
    assert_int_equal(report.failed, 1);
    assert_non_null(strstr(report.error, "mailgraph.rrd: "));
    assert_true(rrd_path(moved, sizeof moved, scratch->directory, "mx1", RRD_MAIL));
    assert_float_equal(total(moved, 0), 11, 0.001);
    assert_int_equal(rmdir(path), 0);
    snprintf(moved, sizeof moved, "%s.moved", path);
    assert_int_equal(rename(moved, path), 0);
    rrd_minutes_clock(w.minutes, NOON + 660);
    assert_true(write_all(&w, d, &report));
    assert_int_equal(report.failed, 0);
    assert_float_equal(total(path, 0), 11, 0.001);
    rrd_directory_free(d);
    end(&w);
}

static void an_update_that_was_not_ended_is_undone(void **state)
{
    struct scratch *scratch = *state;
    struct undo *undo = undo_new(scratch->directory);
    char error[RRD_ERROR_OCTETS], path[128];
    const char *values[] = { "1795262460:1:2:3:4" };
    FILE *file;

    strcpy(path, scratch_path(scratch, "mailgraph.rrd"));
    assert_true(rrd_file_create(path, RRD_MAIL, NOON, error));
    assert_true(undo_begin(undo, path, NOON + 60));
    assert_true(rrd_file_update(path, RRD_MAIL, values, 1, error));
    file = fopen(path, "r+"); /* and killed in the middle of something worse */
    assert_non_null(file);
    fseek(file, 600, SEEK_SET);
    fputs("nonsense", file);
    fclose(file);
    undo_free(undo);
    undo = undo_new(scratch->directory);
    undo_recover(undo);
    assert_int_equal(rrd_file_last(path), NOON);
    assert_true(rrd_file_update(path, RRD_MAIL, values, 1, error));
    undo_recover(undo); /* nothing to be undone any more */
    assert_float_equal(total(path, 3), 4, 0.001);
    undo_free(undo);
}

static void a_foreign_layout_is_refused_and_more_data_sources_are_not(void **state)
{
    static const char *const more[] = { "DS:rejected:ABSOLUTE:120:0:U", "DS:sent:ABSOLUTE:120:0:U",
                                        "DS:extra:GAUGE:120:0:U",       "DS:recv:ABSOLUTE:120:0:U",
                                        "DS:bounced:ABSOLUTE:120:0:U",  "RRA:AVERAGE:0.5:8:198" };
    static const char *const gauge[] = { "DS:sent:GAUGE:120:0:U", "RRA:AVERAGE:0.5:8:198" };
    const char *values[] = { "1795262460:1:2:3:4" };
    struct scratch *scratch = *state;
    char error[RRD_ERROR_OCTETS];
    const char *path = scratch_path(scratch, "a.rrd");
    int64_t last;
    bool as_ours;

    assert_int_equal(rrd_create_r(path, 60, NOON, 6, (const char **)(uintptr_t)more), 0);
    assert_int_equal(rrd_file_look(path, RRD_MAIL, &last, &as_ours, error), RRD_FILE_GOOD);
    assert_false(as_ours);
    assert_int_equal(last, NOON);
    assert_true(rrd_file_update(path, RRD_MAIL, values, 1, error));
    assert_float_equal(total(path, 1), 1, 0.001);
    assert_float_equal(total(path, 0), 4, 0.001);
    path = scratch_path(scratch, "b.rrd");
    assert_int_equal(rrd_create_r(path, 60, NOON, 2, (const char **)(uintptr_t)gauge), 0);
    assert_int_equal(rrd_file_look(path, RRD_MAIL, &last, &as_ours, error), RRD_FILE_BAD);
    assert_non_null(strstr(error, "sent of type ABSOLUTE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counter_has_a_data_source_of_its_rrd_name),
        cmocka_unit_test(mailgraphs_data_sources_are_its_sums),
        cmocka_unit_test(names_of_hosts_become_directories_that_lead_nowhere_else),
        cmocka_unit_test(a_minute_is_closed_when_the_next_but_one_begins),
        cmocka_unit_test(a_line_from_the_future_moves_only_itself),
        cmocka_unit_test(a_quiet_night_is_no_line_from_the_future),
        cmocka_unit_test(a_floor_keeps_out_what_a_file_has),
        cmocka_unit_test(what_is_saved_goes_on),
        cmocka_unit_test_setup_teardown(files_get_every_minute_once, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_written_gets_it_later, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(an_update_that_was_not_ended_is_undone, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(a_foreign_layout_is_refused_and_more_data_sources_are_not, scratch_make,
                                        scratch_remove),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rrd", tests, NULL, NULL);
}
