/* Followed files over stops: whatever rotation did meanwhile, each line is read once, in order, or the loss is told.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "following.h"

/* ---- a stop and a start ---- */

static void stop(struct following *f, struct store *store)
{
    *store = (struct store){ 0 };
    source_set_save(f->set, store);
    assert_false(store->failed);
    source_set_free(f->set);
    f->set = NULL;
}

/* What was saved is loaded into a new set; the sources are added by the caller. */
static void start(struct following *f, struct store *store)
{
    struct load load = load_of((struct span){ (const char *)store->octets, store->n });

    f->set = source_set_new();
    f->set->quiet_ms = QUIET_MS;
    assert_true(source_set_load(f->set, &load));
    assert_true(load_ended(&load));
    store_free(store);
}

/* Reads what the log has, stops, lets the shell do something, starts. */
static void read_then(struct following *f, const char *text, const char *read, const char *command)
{
    struct store store;

    scratch_write(f->scratch, "log", text);
    add(f, "log");
    expect(f, read);
    stop(f, &store);
    assert_int_equal(scratch_shell(f->scratch, command), 0);
    start(f, &store);
    add(f, "log");
}

static void goes_on_where_it_ended(void **state)
{
    struct following *f = *state;

    read_then(f, "one\ntwo\n", "one\ntwo\n", "echo three >>log");
    expect(f, "three\n");
    expect_nothing_for(f, 50);
    assert_int_equal(status_of(f, 0).lines, 3);
    assert_int_equal(status_of(f, 0).octets, 14);
    assert_int_equal(status_of(f, 0).rotations, 0);
    assert_string_equal(status_of(f, 0).last_error, "");
}

static void reads_a_line_whole_that_was_half_there(void **state)
{
    struct following *f = *state;

    read_then(f, "one\ntw", "one\n", "echo o >>log");
    expect(f, "two\n");
}

static void takes_the_position_behind_the_last_line_handed_over(void **state)
{
    struct following *f = *state;
    struct source_lines lines = { take_line, take_overlong, &f->given };
    struct store store;

    assert_int_equal(scratch_shell(f->scratch, "yes 'a line of a busy server' | head -n 100000 >log"), 0);
    add(f, "log");
    for (int i = 0; i < 100 && f->given.lines < 100000; i++) {
        source_set_read(f->set, 100000, &lines);
        stop(f, &store);
        start(f, &store);
        add(f, "log");
    }
    assert_int_equal(f->given.lines, 100000);
}

static void finishes_the_renamed_file_first(void **state)
{
    struct following *f = *state;

    read_then(f, "one\n", "one\n", "echo two >>log; mv log log.1; echo three >log");
    expect(f, "two\nthree\n");
    assert_int_equal(status_of(f, 0).rotations, 1);
}

static void finishes_a_file_whose_successor_is_not_there_yet(void **state)
{
    struct following *f = *state;

    read_then(f, "one\n", "one\n", "echo two >>log; mv log log.1");
    expect(f, "two\n");
    scratch_append(f->scratch, "log.1", "three\n");
    expect(f, "three\n");
    scratch_write(f->scratch, "log", "four\n");
    expect(f, "four\n");
}

static void reads_several_rotations_in_order_of_age(void **state)
{
    struct following *f = *state;

    read_then(
        f, "one\n", "one\n",
        "echo two >>log; gzip <log >log.3.gz; echo three >log; gzip <log >log.2.gz; echo four >log.1; echo five >log");
    expect(f, "two\nthree\nfour\nfive\n");
    expect_nothing_for(f, 2 * QUIET_MS);
    assert_int_equal(status_of(f, 0).rotations, 3);
}

static void reads_older_files_neither_before_nor_after(void **state)
{
    struct following *f = *state;

    assert_int_equal(scratch_shell(f->scratch, "echo old >log.1; echo older | gzip >log.2.gz"), 0);
    read_then(f, "one\n", "one\n",
              "mv log.2.gz log.3.gz; mv log.1 log.2; echo two >>log; mv log log.1; echo three >log");
    expect(f, "two\nthree\n");
    expect_nothing_for(f, 2 * QUIET_MS);
}

static void finds_the_file_in_every_compression(void **state)
{
    static const char *const commands[] = { "gzip log.1", "bzip2 log.1", "xz log.1", "zstd -q --rm log.1" };
    struct following *f = *state;

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char command[128];

        snprintf(command, sizeof command, "echo two >>log; mv log log.1; %s; echo three >log", commands[i]);
        read_then(f, "one\n", "one\n", command);
        expect(f, "two\nthree\n");
        assert_int_equal(scratch_shell(f->scratch, "rm log*"), 0);
        source_set_free(f->set);
        f->set = source_set_new();
        f->set->quiet_ms = QUIET_MS;
    }
}

static void finds_dated_names_and_their_order(void **state)
{
    static const char *const commands[] = {
        "mv log log-20261120; echo three >log-20261121",
        "mv log log-20261120; gzip log-20261120; echo three | gzip >log-20261121.gz",
        "mv log log-20261121-1700000000; echo three >log-20261121-1700000060",
        "mv log log-2026-11-20; echo three >log-2026-11-21",
        "mv log log.20261120; echo three >log.20261121",
        "mv log log-1795132800; echo three >log-1795136400",
    };
    struct following *f = *state;

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        char command[160];

        snprintf(command, sizeof command, "echo two >>log; %s; echo four >log", commands[i]);
        read_then(f, "one\n", "one\n", command);
        expect(f, "two\nthree\nfour\n");
        assert_int_equal(scratch_shell(f->scratch, "rm log*"), 0);
        source_set_free(f->set);
        f->set = source_set_new();
        f->set->quiet_ms = QUIET_MS;
    }
}

static void finds_dates_before_the_extension(void **state)
{
    struct following *f = *state;
    struct store store;

    scratch_write(f->scratch, "mail.log", "one\n");
    add(f, "mail.log");
    expect(f, "one\n");
    stop(f, &store);
    assert_int_equal(scratch_shell(f->scratch,
                                   "echo two >>mail.log; mv mail.log mail-20261120.log; gzip mail-20261120.log;"
                                   "echo three >mail-20261121.log; echo four >mail.log; echo x >mail-2.log"),
                     0);
    start(f, &store);
    add(f, "mail.log");
    expect(f, "two\nthree\nfour\n");
    expect_nothing_for(f, 2 * QUIET_MS);
}

static void finishes_the_copy_of_a_truncated_file(void **state)
{
    struct following *f = *state;

    read_then(f, "one\n", "one\n", "echo two >>log; cp log log.1; : >log; echo three >>log");
    expect(f, "two\nthree\n");
}

static void finishes_the_compressed_copy_of_one_that_was_truncated_twice(void **state)
{
    struct following *f = *state;

    read_then(f, "one\n", "one\n",
              "echo two >>log; gzip <log >log.2.gz; echo three >log; cp log log.1; : >log; echo four >>log");
    expect(f, "two\nthree\nfour\n");
}

static void finds_unread_lines_in_the_copy_while_it_runs(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    assert_int_equal(scratch_shell(f->scratch, "echo two >>log; cp log log.1; : >log; echo three >>log"), 0);
    expect(f, "two\nthree\n");
    assert_int_equal(status_of(f, 0).errors, 0);
    assert_int_equal(scratch_shell(f->scratch, "mv log.1 log.2; echo four >>log; gzip <log >log.1.gz; : >log"), 0);
    expect(f, "four\n");
    assert_int_equal(status_of(f, 0).errors, 0);
}

static void tells_what_a_truncation_took(void **state)
{
    struct following *f = *state;
    struct source_lines lines = { take_line, take_overlong, &f->given };

    assert_int_equal(scratch_shell(f->scratch, "yes 'a line of a busy server' | head -n 100000 >log"), 0);
    add(f, "log");
    source_set_read(f->set, 100000, &lines);
    scratch_write(f->scratch, "log", "new\n");
    f->given.n = 0;
    expect(f, "new\n");
    assert_int_equal(status_of(f, 0).state, SOURCE_OK);
    assert_int_equal(status_of(f, 0).errors, 1);
    assert_non_null(strstr(status_of(f, 0).last_error, "was truncated before all of it was read"));
}

static void passes_over_what_a_writer_leaves_out_after_a_truncation(void **state)
{
    struct following *f = *state;
    int fd;

    scratch_write(f->scratch, "log", "one\ntwo\n");
    add(f, "log");
    expect(f, "one\ntwo\n");
    fd = open(scratch_path(f->scratch, "log"), O_WRONLY);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, "three\n", 6, 200000), 6);
    close(fd);
    expect(f, "three\n");
    assert_int_equal(f->given.overlong, 0);
}

static void tells_that_a_file_is_nowhere_and_reads_what_is_newer(void **state)
{
    struct following *f = *state;

    assert_int_equal(scratch_shell(f->scratch, "echo old >log.3"), 0);
    read_then(f, "one\n", "one\n", "rm log; echo two >log.2; echo three >log.1; echo four >log");
    expect(f, "two\nthree\nfour\n");
    assert_int_equal(status_of(f, 0).state, SOURCE_OK);
    assert_int_equal(status_of(f, 0).errors, 1);
    assert_non_null(strstr(status_of(f, 0).last_error, "is nowhere to be found"));
}

static void tells_that_a_file_was_cut_while_it_was_stopped(void **state)
{
    struct following *f = *state;

    read_then(f, "one\ntwo\nthree\n", "one\ntwo\nthree\n", "echo one >log");
    expect(f, "one\n");
    assert_int_equal(status_of(f, 0).errors, 1);
}

static void gives_nothing_up_while_the_directory_is_empty(void **state)
{
    struct following *f = *state;
    struct store store;

    read_then(f, "one\n", "one\n", "echo two >>log; mkdir aside; mv log aside");
    expect_nothing_for(f, 6 * QUIET_MS);
    assert_int_equal(status_of(f, 0).state, SOURCE_MISSING);
    stop(f, &store);
    start(f, &store);
    add(f, "log");
    expect_nothing_for(f, 50);
    assert_int_equal(scratch_shell(f->scratch, "mv aside/log ."), 0);
    expect(f, "two\n");
    assert_int_equal(status_of(f, 0).errors, 1); /* missing */
}

static void knows_a_file_without_a_whole_line_by_what_follows_it(void **state)
{
    struct following *f = *state;

    read_then(f, "", "", "echo one >>log; mv log log.1; echo two >log");
    expect(f, "one\ntwo\n");
}

static void knows_the_successor_of_the_last_file_it_finished(void **state)
{
    struct following *f = *state;
    struct store store;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    scratch_rename(f->scratch, "log", "log.1");
    scratch_write(f->scratch, "log", "");
    expect_nothing_for(f, 3 * QUIET_MS);
    assert_int_equal(status_of(f, 0).rotations, 1);
    stop(f, &store);
    assert_int_equal(scratch_shell(f->scratch,
                                   "gzip log.1; mv log.1.gz log.3.gz; echo two >log; gzip log; mv log.gz log.2.gz;"
                                   "echo three >log.1; echo four >log"),
                     0);
    start(f, &store);
    add(f, "log");
    expect(f, "two\nthree\nfour\n");
    assert_int_equal(status_of(f, 0).errors, 0);
}

static void reads_what_came_and_was_renamed_between_two_looks(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    assert_int_equal(scratch_shell(f->scratch,
                                   "mv log log.1; echo two >log; mv log.1 log.2; mv log log.1; echo three >log;"
                                   "gzip log.2; mv log.2.gz log.3.gz; mv log.1 log.2; mv log log.1; echo four >log"),
                     0);
    expect(f, "two\nthree\nfour\n");
    expect_nothing_for(f, 2 * QUIET_MS);
}

/* copytruncate copies first, and its copy may be found before the file is truncated. */
static void does_not_read_the_copy_of_a_file_that_waits_for_its_turn(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    scratch_rename(f->scratch, "log", "log.1");
    scratch_write(f->scratch, "log", "");
    read_all(f);
    scratch_rename(f->scratch, "log.1", "log.2");
    scratch_append(f->scratch, "log", "two\nthree\n");
    assert_int_equal(scratch_shell(f->scratch, "cp log log.1"), 0);
    expect(f, "two\nthree\n");
    expect_nothing_for(f, 2 * QUIET_MS);
    scratch_write(f->scratch, "log", "four\n");
    expect(f, "four\n");
}

/* It is empty at first, and then a beginning. */
static void does_not_read_a_copy_that_is_being_made(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    scratch_rename(f->scratch, "log", "log.1");
    scratch_write(f->scratch, "log", "");
    read_all(f);
    scratch_rename(f->scratch, "log.1", "log.2");
    scratch_append(f->scratch, "log", "two\nthree\n");
    scratch_write(f->scratch, "log.1", "two\n");
    read_all(f);
    scratch_append(f->scratch, "log.1", "three\n");
    expect(f, "two\nthree\n");
    expect_nothing_for(f, 2 * QUIET_MS);
}

/* Somebody renames while we look. */
static void looks_again_before_it_gives_a_file_up(void **state)
{
    struct following *f = *state;
    struct store store;

    scratch_write(f->scratch, "log", "one\ntwo\n");
    add(f, "log");
    expect(f, "one\ntwo\n");
    stop(f, &store);
    scratch_rename(f->scratch, "log", "hidden");
    scratch_append(f->scratch, "hidden", "three\n");
    scratch_write(f->scratch, "log", "four\n");
    start(f, &store);
    add(f, "log");
    read_all(f);
    scratch_rename(f->scratch, "hidden", "log.1");
    expect(f, "three\nfour\n");
}

static void reads_lines_that_come_late_to_a_file_that_is_finished(void **state)
{
    struct following *f = *state;
    struct store store;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    scratch_rename(f->scratch, "log", "log.1");
    scratch_write(f->scratch, "log", "three\n");
    expect(f, "three\n");
    expect_nothing_for(f, 3 * QUIET_MS);
    scratch_append(f->scratch, "log.1", "two, very late\n");
    expect(f, "two, very late\n");
    stop(f, &store);
    scratch_append(f->scratch, "log.1", "two, later still\n");
    scratch_append(f->scratch, "log", "four\n");
    start(f, &store);
    add(f, "log");
    expect(f, "two, later still\nfour\n");
    expect_nothing_for(f, 2 * QUIET_MS);
}

static void lets_go_of_a_finished_file_that_was_deleted(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    scratch_rename(f->scratch, "log", "log.1");
    scratch_write(f->scratch, "log", "two\n");
    expect(f, "two\n");
    assert_int_equal(scratch_shell(f->scratch, "test $(ls -l /proc/$PPID/fd | grep -c 'log.1') = 1; rm log.1"), 0);
    expect_nothing_for(f, 1000 + 3 * QUIET_MS);
    assert_int_equal(scratch_shell(f->scratch, "! ls -l /proc/$PPID/fd | grep 'log.1'"), 0);
}

static void goes_on_in_a_compressed_file_over_many_stops(void **state)
{
    struct following *f = *state;
    struct source_lines lines = { take_line, take_overlong, &f->given };
    struct store store;
    int starts = 0;

    assert_int_equal(scratch_shell(f->scratch, "seq -f 'line %08g of a busy server' 1 200000 >all; head -n 1 all >log"),
                     0);
    add(f, "log");
    read_all(f);
    stop(f, &store);
    assert_int_equal(scratch_shell(f->scratch, "gzip <all >log.1.gz; echo end >log"), 0);
    start(f, &store);
    add(f, "log");
    for (; f->given.lines < 200001 && starts < 200; starts++) {
        size_t before = f->given.lines;

        f->given.n = 0;
        while (f->given.lines == before) /* what was read before is unpacked again first */
            source_set_read(f->set, 100000, &lines);
        stop(f, &store);
        start(f, &store);
        add(f, "log");
    }
    assert_int_equal(f->given.lines, 200001);
    assert_true(starts > 20);
    assert_memory_equal(f->given.text + f->given.n - 4, "end\n", 4);
    f->given.n = 0;
    expect_nothing_for(f, 50);
}

static void tells_that_a_compressed_file_breaks_off(void **state)
{
    struct following *f = *state;

    read_then(f, "one\n", "one\n", "seq 1 300000 >>log; gzip <log | head -c 200000 >log.1.gz; rm log; echo three >log");
    while (!status_of(f, 0).rotations) {
        f->given.n = 0;
        read_all(f);
        source_set_wait(f->set, 20, -1);
    }
    read_all(f);
    assert_memory_equal(f->given.text + f->given.n - 6, "three\n", 6);
    assert_true(f->given.lines > 1000);
    assert_int_equal(status_of(f, 0).errors, 1);
    assert_non_null(strstr(status_of(f, 0).last_error, "a rotated file breaks off"));
}

static void does_not_take_a_reused_inode_for_the_old_file(void **state)
{
    struct following *f = *state;

    read_then(f, "one\n", "one\n",
              "i=$(stat -c %i log); gzip log; mv log.gz log.1.gz; for n in 1 2 3 4 5 6 7 8; do "
              "echo two >log; test $(stat -c %i log) = $i && break; test $n = 8 || mv log x$n; done");
    expect(f, "two\n");
    assert_int_equal(status_of(f, 0).errors, 0);
}

static void skips_an_overlong_line_over_a_stop(void **state)
{
    struct following *f = *state;
    static char piece[100001];
    struct store store;

    memset(piece, 'x', sizeof piece - 1);
    scratch_write(f->scratch, "log", piece);
    add(f, "log");
    read_all(f);
    stop(f, &store);
    scratch_append(f->scratch, "log", "\nafter\n");
    start(f, &store);
    add(f, "log");
    expect(f, "after\n");
    assert_int_equal(f->given.overlong, 1);
}

/* ---- one file, several names ---- */

static void reads_one_file_once_whatever_its_names(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\n");
    assert_int_equal(scratch_shell(f->scratch, "ln log hard; ln -s log soft"), 0);
    add(f, "log");
    add(f, "hard");
    add(f, "soft");
    expect(f, "one\n");
    scratch_append(f->scratch, "log", "two\n");
    expect(f, "two\n");
    expect_nothing_for(f, 50);
    assert_int_equal(status_of(f, 1).state, SOURCE_OK);
    assert_non_null(strstr(status_of(f, 1).last_error, "hard: is the same file as "));
    assert_non_null(strstr(status_of(f, 2).last_error, "soft: is the same file as "));
    assert_int_equal(status_of(f, 1).errors, 0);
    assert_int_equal(status_of(f, 1).lines, 0);
}

static void reads_a_second_name_once_it_is_a_file_of_its_own(void **state)
{
    struct following *f = *state;

    scratch_write(f->scratch, "log", "one\n");
    assert_int_equal(scratch_shell(f->scratch, "ln log hard"), 0);
    add(f, "log");
    add(f, "hard");
    expect(f, "one\n");
    assert_int_equal(scratch_shell(f->scratch, "rm hard; echo other >hard"), 0);
    expect(f, "other\n");
    assert_string_equal(status_of(f, 1).last_error, "");
}

static void does_not_read_a_rotated_file_again_that_a_glob_fits(void **state)
{
    struct following *f = *state;
    struct store store;

    scratch_write(f->scratch, "mx.log", "one\n");
    add(f, "mx.log");
    expect(f, "one\n");
    scratch_rename(f->scratch, "mx.log", "mx-20261121.log");
    scratch_write(f->scratch, "mx.log", "two\n");
    add(f, "mx-20261121.log");
    expect(f, "two\n");
    expect_nothing_for(f, 3 * QUIET_MS);
    stop(f, &store);
    assert_int_equal(scratch_shell(f->scratch, "echo three >>mx.log; mv mx.log mx-20261122.log; echo four >mx.log"), 0);
    start(f, &store);
    add(f, "mx-20261121.log");
    add(f, "mx-20261122.log");
    add(f, "mx.log");
    expect(f, "three\nfour\n");
    expect_nothing_for(f, 3 * QUIET_MS);
    assert_int_equal(status_of(f, 2).errors, 0);
}

static void keeps_a_rotated_file_known_after_many_rotations(void **state)
{
    struct following *f = *state;
    char name[32], text[32];

    scratch_write(f->scratch, "mx.log", "line 0\n");
    add(f, "mx.log");
    expect(f, "line 0\n");
    for (int i = 1; i < 8; i++) {
        snprintf(name, sizeof name, "mx-2026112%d.log", i);
        snprintf(text, sizeof text, "line %d\n", i);
        scratch_rename(f->scratch, "mx.log", name);
        scratch_write(f->scratch, "mx.log", text);
        if (i == 1)
            add(f, name);
        expect(f, text);
    }
    expect_nothing_for(f, 1200);
    assert_int_equal(status_of(f, 1).lines, 0);
}

static void follows_a_symbolic_link_from_day_to_day(void **state)
{
    struct following *f = *state;
    struct store store;

    assert_int_equal(scratch_shell(f->scratch, "mkdir d; echo one >d/m-2026-11-20.log; ln -s d/m-2026-11-20.log log"),
                     0);
    add(f, "log");
    expect(f, "one\n");
    assert_int_equal(scratch_shell(f->scratch, "echo two >>d/m-2026-11-20.log; echo three >d/m-2026-11-21.log;"
                                               "ln -sf d/m-2026-11-21.log log"),
                     0);
    expect(f, "two\nthree\n");
    stop(f, &store);
    assert_int_equal(scratch_shell(f->scratch, "echo four >>d/m-2026-11-21.log; echo five >d/m-2026-11-22.log;"
                                               "echo six >d/m-2026-11-23.log; ln -sf d/m-2026-11-23.log log"),
                     0);
    start(f, &store);
    add(f, "log");
    expect(f, "four\nfive\nsix\n");
    assert_int_equal(status_of(f, 0).errors, 0);
}

static void keeps_the_position_of_a_source_that_is_not_configured(void **state)
{
    struct following *f = *state;
    struct store store;

    scratch_write(f->scratch, "log", "one\n");
    scratch_write(f->scratch, "other", "1\n");
    add(f, "log");
    add(f, "other");
    expect(f, "one\n1\n");
    for (int i = 0; i < 2; i++) {
        stop(f, &store);
        start(f, &store);
        add(f, "other");
        expect_nothing_for(f, 20);
    }
    scratch_append(f->scratch, "log", "two\n");
    stop(f, &store);
    start(f, &store);
    add(f, "log");
    add(f, "other");
    expect(f, "two\n");
}

static void goes_on_under_a_new_name(void **state)
{
    struct following *f = *state;
    struct store store;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    stop(f, &store);
    assert_int_equal(scratch_shell(f->scratch, "echo two >>log; mv log new"), 0);
    start(f, &store);
    add(f, "new");
    expect(f, "two\n");
    stop(f, &store);
    scratch_append(f->scratch, "new", "three\n");
    start(f, &store);
    add(f, "new");
    expect(f, "three\n");
}

static void rests_while_it_is_not_wanted_and_leaves_its_file_to_others(void **state)
{
    struct following *f = *state;
    struct store store;

    scratch_write(f->scratch, "log", "one\n");
    assert_int_equal(scratch_shell(f->scratch, "ln -s log soft"), 0);
    add(f, "log");
    expect(f, "one\n");
    source_set_want(f->set, 0, false);
    scratch_append(f->scratch, "log", "two\n");
    expect_nothing_for(f, 1100);
    source_set_want(f->set, 0, true);
    expect(f, "two\n");
    source_set_want(f->set, 0, false);
    scratch_append(f->scratch, "log", "three\n");
    add(f, "soft");
    expect(f, "three\n");
    source_set_want(f->set, 0, true);
    scratch_append(f->scratch, "log", "four\n");
    expect(f, "four\n");
    stop(f, &store);
    scratch_append(f->scratch, "log", "five\n");
    start(f, &store);
    add(f, "log");
    add(f, "soft");
    expect(f, "five\n");
    expect_nothing_for(f, 50);
    source_set_want(f->set, 1, false);
    scratch_append(f->scratch, "log", "six\n");
    expect(f, "six\n");
}

/* ---- what was saved is not what it should be ---- */

static void starts_anew_from_octets_that_make_no_sense(void **state)
{
    struct following *f = *state;
    struct store store;
    size_t refused = 0;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    stop(f, &store);
    for (size_t n = 0; n < store.n; n++) {
        struct load load = load_of((struct span){ (const char *)store.octets, n });

        f->set = source_set_new();
        refused += !source_set_load(f->set, &load);
        add(f, "log");
        expect(f, "one\n");
        source_set_free(f->set);
    }
    assert_int_equal(refused, store.n);
    for (size_t i = 0; i < store.n; i++) {
        struct load load;

        store.octets[i] ^= 0x15;
        load = load_of((struct span){ (const char *)store.octets, store.n });
        f->set = source_set_new();
        f->set->quiet_ms = QUIET_MS;
        (void)source_set_load(f->set, &load);
        add(f, "log");
        read_all(f);
        source_set_free(f->set);
        store.octets[i] ^= 0x15;
    }
    f->given.n = 0;
    start(f, &store);
    add(f, "log");
    expect_nothing_for(f, 20);
}

static void tells_that_a_saved_position_makes_no_sense(void **state)
{
    struct following *f = *state;
    struct store store;
    struct load load;

    scratch_write(f->scratch, "log", "one\n");
    add(f, "log");
    expect(f, "one\n");
    stop(f, &store);
    store.octets[store.n - 1] ^= 0x80; /* of the modification time: the octets end inside a number */
    load = load_of((struct span){ (const char *)store.octets, store.n });
    f->set = source_set_new();
    assert_true(source_set_load(f->set, &load));
    store_free(&store);
    add(f, "log");
    assert_non_null(
        strstr(status_of(f, 0).last_error, "its saved position cannot be used; it is read from its beginning"));
    assert_int_equal(status_of(f, 0).errors, 1);
    expect(f, "one\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(goes_on_where_it_ended),
        TEST(reads_a_line_whole_that_was_half_there),
        TEST(takes_the_position_behind_the_last_line_handed_over),
        TEST(finishes_the_renamed_file_first),
        TEST(finishes_a_file_whose_successor_is_not_there_yet),
        TEST(reads_several_rotations_in_order_of_age),
        TEST(reads_older_files_neither_before_nor_after),
        TEST(finds_the_file_in_every_compression),
        TEST(finds_dated_names_and_their_order),
        TEST(finds_dates_before_the_extension),
        TEST(finishes_the_copy_of_a_truncated_file),
        TEST(finishes_the_compressed_copy_of_one_that_was_truncated_twice),
        TEST(finds_unread_lines_in_the_copy_while_it_runs),
        TEST(tells_what_a_truncation_took),
        TEST(passes_over_what_a_writer_leaves_out_after_a_truncation),
        TEST(tells_that_a_file_is_nowhere_and_reads_what_is_newer),
        TEST(tells_that_a_file_was_cut_while_it_was_stopped),
        TEST(gives_nothing_up_while_the_directory_is_empty),
        TEST(knows_a_file_without_a_whole_line_by_what_follows_it),
        TEST(knows_the_successor_of_the_last_file_it_finished),
        TEST(reads_what_came_and_was_renamed_between_two_looks),
        TEST(does_not_read_the_copy_of_a_file_that_waits_for_its_turn),
        TEST(does_not_read_a_copy_that_is_being_made),
        TEST(looks_again_before_it_gives_a_file_up),
        TEST(reads_lines_that_come_late_to_a_file_that_is_finished),
        TEST(lets_go_of_a_finished_file_that_was_deleted),
        TEST(goes_on_in_a_compressed_file_over_many_stops),
        TEST(tells_that_a_compressed_file_breaks_off),
        TEST(does_not_take_a_reused_inode_for_the_old_file),
        TEST(skips_an_overlong_line_over_a_stop),
        TEST(reads_one_file_once_whatever_its_names),
        TEST(reads_a_second_name_once_it_is_a_file_of_its_own),
        TEST(does_not_read_a_rotated_file_again_that_a_glob_fits),
        TEST(keeps_a_rotated_file_known_after_many_rotations),
        TEST(follows_a_symbolic_link_from_day_to_day),
        TEST(keeps_the_position_of_a_source_that_is_not_configured),
        TEST(goes_on_under_a_new_name),
        TEST(rests_while_it_is_not_wanted_and_leaves_its_file_to_others),
        TEST(starts_anew_from_octets_that_make_no_sense),
        TEST(tells_that_a_saved_position_makes_no_sense),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("resume", tests, NULL, NULL);
}
