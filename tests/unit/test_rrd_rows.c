/* RRD files that were made in memory are those that librrd would have made, minute by minute, and go on in the same
 * way.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include <limits.h>
#include <math.h>
#include <rrd.h>

#include "../../rrd/directory.h"
#include "../../rrd/rows.h"

#define DAY  86400
#define NOON 1795262400 /* 2026-11-21T12:00:00Z: a row of 8 minutes begins here */

static uint64_t seed;

static uint64_t chance(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % below;
}

/* ---- two files, by what "rrdtool dump" says of them ---- */

static FILE *dump(const char *path)
{
    char text[PATH_MAX + 8];
    FILE *file;

    snprintf(text, sizeof text, "%s.xml", path);
    assert_int_equal(rrd_dump_r(path, text), 0);
    file = fopen(text, "r");
    assert_non_null(file);
    return file;
}

/* All that stands between numbers, and the numbers within their last printed digit. */
static bool is_same_line(const char *a, const char *b)
{
    while (*a && *b) {
        char *after_a, *after_b;
        double one = strtod(a, &after_a), other = strtod(b, &after_b);

        if (after_a == a || after_b == b) {
            if (*a++ != *b++)
                return false;
            continue;
        }
        if (isnan(one) != isnan(other) || isinf(one) != isinf(other) ||
            (isfinite(one) && fabs(one - other) > 1e-9 * fabs(one)))
            return false;
        a = after_a;
        b = after_b;
    }
    return *a == *b;
}

static void assert_same_file(const char *one, const char *other)
{
    FILE *a = dump(one), *b = dump(other);
    char *line_a = NULL, *line_b = NULL;
    size_t room_a = 0, room_b = 0, lines = 0;

    while (getline(&line_a, &room_a, a) > 0) {
        assert_true(getline(&line_b, &room_b, b) > 0);
        if (!is_same_line(line_a, line_b))
            fail_msg("%s: %s%s: %s", one, line_a, other, line_b);
        lines++;
    }
    assert_true(getline(&line_b, &room_b, b) < 0);
    assert_true(lines > (size_t)2 * RRD_ARCHIVES * RRD_ROWS);
    free(line_a);
    free(line_b);
    fclose(a);
    fclose(b);
}

/* ---- one file ---- */

struct file_case {
    int64_t first, minutes;
    unsigned busy;         /* of a hundred minutes; in the others nothing happens */
    int64_t gap, gap_ends; /* minutes in which nothing happens at all */
};

static uint64_t value_at(const struct file_case *c, int64_t i, bool is_octets)
{
    if ((i >= c->gap && i < c->gap_ends) || chance(100) >= c->busy)
        return 0;
    return is_octets ? chance(UINT64_C(1) << 31) * 1013 : 1 + chance(chance(5) ? 7 : 5000);
}

/* The way of librrd, and ours. The last data source stays at 0. */
static void write_both(const struct file_case *c, const char *slow, struct rows *rows)
{
    const enum rrd_kind kind = RRD_VOLUME;
    char error[RRD_ERROR_OCTETS], text[2048][80];
    const char *values[2048];
    int n = 0;

    assert_true(rrd_file_create(slow, kind, c->first - RRD_STEP_S, error));
    for (int64_t i = 0; i < c->minutes; i++) {
        const int64_t minute = c->first + i * RRD_STEP_S;
        const uint64_t one = value_at(c, i, true), other = value_at(c, i, false);

        if (one)
            assert_true(rows_add(rows, 0, minute, one));
        if (other)
            assert_true(rows_add(rows, 1, minute, other));
        if (chance(1000) == 0)
            rows_end(rows, minute); /* as at the end of a batch */
        snprintf(text[n], sizeof text[n], "%lld:%llu:%llu:0", (long long)minute, (unsigned long long)one,
                 (unsigned long long)other);
        values[n] = text[n];
        if (++n == 2048 || i == c->minutes - 1) {
            assert_true(rrd_file_update(slow, kind, values, n, error));
            n = 0;
        }
    }
    rows_end(rows, c->first + (c->minutes - 1) * RRD_STEP_S);
}

static void go_on(const char *path, int64_t minute)
{
    char text[80], error[RRD_ERROR_OCTETS];
    const char *value = text;

    for (int64_t i = 1; i < 500; i++) {
        snprintf(text, sizeof text, "%lld:%lld:0:%lld", (long long)(minute + i * RRD_STEP_S), (long long)(i * i),
                 (long long)(i % 3));
        assert_true(rrd_file_update(path, RRD_VOLUME, &value, 1, error));
    }
}

static void rows_are_those_of_librrd(void **state)
{
    static const struct file_case cases[] = {
        { NOON + 60, 1, 100, 0, 0 },     /* one minute, the first of a row */
        { NOON + 60, 8, 100, 0, 0 },     /* one row, to its end */
        { NOON + 240, 5, 100, 0, 0 },    /* less than half of a row is unknown */
        { NOON + 300, 4, 100, 0, 0 },    /* half of it: as librrd has it */
        { NOON + 360, 3, 100, 0, 0 },    /* more */
        { NOON + 360, 300, 60, 20, 90 }, /* hours, with an hour of silence */
        { NOON - 7 * DAY + 1620, 3 * 1440, 30, 1000, 2500 },
        { NOON - 365 * DAY, 3 * 1440, 0, 0, 0 }, /* nothing at all */
        { NOON - 40 * DAY, 40 * 1440 + 7, 5, 0, 0 },
        { NOON - 731 * DAY + 4440, 730 * 1440 + 11, 20, 100000, 500000 }, /* two years, longer than the longest archive;
                                                                             most of one is silent */
    };
    struct scratch *scratch = *state;
    char slow[160], fast[160], error[RRD_ERROR_OCTETS];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rows *rows = rows_new(RRD_VOLUME, cases[i].first);
        struct stat status;

        seed = i + 1;
        assert_non_null(rows);
        strcpy(slow, scratch_path(scratch, "slow.rrd"));
        strcpy(fast, scratch_path(scratch, "fast.rrd"));
        write_both(&cases[i], slow, rows);
        assert_int_equal(rows_minutes(rows), cases[i].minutes);
        assert_true(rrd_file_restore(fast, rows, RESTORE_NEW, error));
        assert_int_equal(stat(fast, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0644);
        assert_same_file(slow, fast);
        go_on(slow, rows_upto(rows));
        go_on(fast, rows_upto(rows));
        assert_same_file(slow, fast);
        assert_false(rrd_file_restore(fast, rows, RESTORE_NEW, error)); /* what is there is not replaced */
        assert_non_null(strstr(error, "exists"));
        assert_int_equal(access(scratch_path(scratch, "fast.rrd.new"), F_OK), -1);
        rows_free(rows);
        unlink(slow);
        unlink(fast);
    }
}

/* ---- a directory ---- */

/* How the files come to be: by librrd's updates; in memory until the end; in memory, and written after each batch. */
enum { SLOW, AT_END, EACH_BATCH, WAYS };

struct log {
    struct tallies *tallies;
    struct rrd_minutes *minutes[WAYS];
    struct rrd_directory *directory[WAYS];
    char path[WAYS][96];
};

static void begin(struct log *log, struct scratch *scratch)
{
    static const char *const names[WAYS] = { "slow", "end", "batch" };

    log->tallies = tallies_new(1);
    for (int i = 0; i < WAYS; i++) {
        strcpy(log->path[i], scratch_path(scratch, names[i]));
        assert_int_equal(mkdir(log->path[i], 0755), 0);
        log->directory[i] = rrd_directory_new(log->path[i], NULL, false);
        log->minutes[i] = rrd_minutes_new(log->tallies);
        assert_non_null(log->minutes[i]);
    }
    assert_true(rrd_directory_begin_fresh(log->directory[AT_END], true, false));
    assert_true(rrd_directory_begin_fresh(log->directory[EACH_BATCH], false, false));
}

static void end(struct log *log)
{
    for (int i = 0; i < WAYS; i++) {
        rrd_minutes_free(log->minutes[i]);
        rrd_directory_free(log->directory[i]);
    }
    tallies_free(log->tallies);
}

static void happen(struct log *log, int64_t time)
{
    static const char *const hosts[] = { "mx1", "<script>", "mx3" };
    /* The third is not heard of at first. */
    const char *host = hosts[chance(time > NOON - DAY ? 3 : 2)];
    struct line line = { .number = (uint64_t)time, .reference = INT64_MAX };
    struct event e = event_of(EVENT_COUNT, &line);

    line.tally = tallies_host(log->tallies, span_of(host));
    line.header.time = time;
    e.counter = (uint8_t)(1 + chance(COUNTERS - 1));
    e.count = 1 + chance(9);
    e.reason = e.counter == COUNTER_REJECTED ? (uint8_t)chance(REFUSAL_REASONS) : 0;
    for (int i = 0; i < WAYS; i++)
        rrd_minutes_event(log->minutes[i], &e);
}

static void write_closed(struct log *log)
{
    for (int i = 0; i < WAYS; i++) {
        struct rrd_report report;
        struct rrd_batch batch;
        struct rrd_entry *failed;
        size_t n;

        rrd_minutes_saving(log->minutes[i]);
        rrd_minutes_saved(log->minutes[i]);
        if (!rrd_minutes_take(log->minutes[i], &batch))
            continue;
        assert_true(rrd_directory_write(log->directory[i], &batch, NULL, &failed, &n, &report));
        assert_int_equal(report.failed, 0);
        rrd_minutes_done(log->minutes[i], true, failed, n);
        free(failed);
    }
}

static void assert_same_directories(const struct log *log)
{
    static const char *const hosts[] = { NULL, "mx1", "?script?", "mx3" };

    for (unsigned host = 0; host < 4; host++)
        for (unsigned kind = 0; kind < (host ? RRD_HOST_KINDS : RRD_KINDS); kind++) {
            char path[WAYS][PATH_MAX];

            for (int i = 0; i < WAYS; i++)
                assert_true(rrd_path(path[i], sizeof path[i], log->path[i], hosts[host], (enum rrd_kind)kind));
            assert_same_file(path[SLOW], path[AT_END]);
            assert_same_file(path[SLOW], path[EACH_BATCH]);
        }
}

static void a_directory_is_the_same_and_goes_on(void **state)
{
    struct scratch *scratch = *state;
    struct rrd_report report;
    struct log log;
    int64_t time = NOON - 3 * DAY + 37;
    char error[RRD_ERROR_OCTETS], path[PATH_MAX];
    struct stat status;

    begin(&log, scratch);
    seed = 7;
    /* One file was there before, and takes what is later. */
    for (int i = 0; i < WAYS; i++) {
        assert_true(rrd_path(path, sizeof path, log.path[i], NULL, RRD_VIRUS));
        assert_true(rrd_file_create(path, RRD_VIRUS, NOON - 2 * DAY, error));
    }
    for (int i = 0; time < NOON; i++) {
        happen(&log, time);
        time += (int64_t)chance(chance(20) ? 40 : 20000); /* and silent hours */
        if (i % 150 == 149)
            write_closed(&log);
        if (i == 150) { /* a file that cannot be replaced is updated */
            assert_true(rrd_path(path, sizeof path, log.path[EACH_BATCH], NULL, RRD_MAIL));
            assert_int_equal(stat(path, &status), 0); /* it is there after each batch */
            strcat(path, ".new");
            assert_int_equal(mkdir(path, 0755), 0);
        }
    }
    assert_int_equal(rmdir(path), 0);
    for (int i = 0; i < WAYS; i++)
        rrd_minutes_end(log.minutes[i], INT64_MAX);
    write_closed(&log);
    assert_true(rrd_path(path, sizeof path, log.path[AT_END], NULL, RRD_MAIL));
    assert_int_equal(access(path, F_OK), -1); /* nothing is there before it is whole */
    rrd_directory_finish(log.directory[AT_END], &report);
    assert_int_equal(report.failed, 0);
    assert_int_equal(report.files, RRD_KINDS - 1 + 3 * RRD_HOST_KINDS);
    assert_same_directories(&log);
    for (; time < NOON + DAY / 4; time += 50)
        happen(&log, time);
    for (int i = 0; i < WAYS; i++)
        rrd_minutes_end(log.minutes[i], INT64_MAX);
    write_closed(&log);
    assert_same_directories(&log);
    end(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_those_of_librrd, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(a_directory_is_the_same_and_goes_on, scratch_make, scratch_remove),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rrd rows", tests, NULL, NULL);
}
