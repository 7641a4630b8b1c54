/* Directories that multilog writes: every line once, whatever becomes of the files, also while the daemon is down.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reading.h"

#include <sys/random.h>

/* ---- multilog's steps, as its source has them ---- */

static void write_in(struct reading *r, const char *name, const char *text)
{
    char path[64];

    snprintf(path, sizeof path, "log/%s", name);
    scratch_append(r->scratch, path, text);
}

static void rename_in(struct reading *r, const char *from, const char *to)
{
    char old[64], new[64];

    snprintf(old, sizeof old, "log/%s", from);
    snprintf(new, sizeof new, "log/%s", to);
    scratch_rename(r->scratch, old, new);
}

static void make_directory(struct reading *r)
{
    assert_int_equal(mkdir(scratch_path(r->scratch, "log"), 0755), 0);
}

static const char *tai(unsigned number, const char *suffix)
{
    static char name[48];

    snprintf(name, sizeof name, "@40000000%08x00000000%s", 0x65000000 + number, suffix);
    return name;
}

static void begin_rotation(struct reading *r)
{
    rename_in(r, "current", "previous");
    write_in(r, "current", "");
}

static void end_rotation(struct reading *r, unsigned number)
{
    char previous[128];

    strcpy(previous, scratch_path(r->scratch, "log/previous"));
    char name[60];

    snprintf(name, sizeof name, "log/%s", tai(number, ".s"));
    assert_int_equal(link(previous, scratch_path(r->scratch, name)), 0);
    assert_int_equal(unlink(previous), 0);
}

static void rotate(struct reading *r, unsigned number)
{
    begin_rotation(r);
    end_rotation(r, number);
}

/* The processor has written `processed` of `previous`. */
static void end_rotation_with(struct reading *r, unsigned number, const char *command)
{
    char line[256];

    snprintf(line, sizeof line, "cd log && %s <previous >processed && rm previous && mv processed %s", command,
             tai(number, ".s"));
    assert_int_equal(scratch_shell(r->scratch, line), 0);
}

static void delete_file(struct reading *r, unsigned number)
{
    char name[60];

    snprintf(name, sizeof name, "log/%s", tai(number, ".s"));
    assert_int_equal(unlink(scratch_path(r->scratch, name)), 0);
}

static void add(struct reading *r)
{
    assert_true(source_set_add_directory(r->set, scratch_path(r->scratch, "log"), "mx1"));
}

static void restart(struct reading *r)
{
    reading_restart(r);
    add(r);
}

/* ---- */

static void reads_the_files_in_the_order_of_their_names_and_then_current(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "seven\n");
    write_in(r, tai(3, ".u"), "five\nsix\n");
    write_in(r, tai(1, ".s"), "one\ntwo\n");
    write_in(r, tai(2, ".s"), "three\nfour\n");
    write_in(r, "state", "no line\n");
    write_in(r, "lock", "");
    write_in(r, "@notes", "no line either\n");
    add(r);
    reading_expect(r, "one\ntwo\nthree\nfour\nfive\nsix\nseven\n");
    write_in(r, "current", "eight\nni");
    reading_expect(r, "eight\n");
    write_in(r, "current", "ne\n");
    reading_expect(r, "nine\n");
    assert_int_equal(reading_status(r).type, SOURCE_DIRECTORY);
    assert_int_equal(reading_status(r).state, SOURCE_OK);
    assert_int_equal(reading_status(r).lines, 9);
    assert_int_equal(reading_status(r).behind_octets, 0);
    assert_int_equal(reading_status(r).errors, 0);
    assert_string_equal(source_set_host(r->set, 0), "mx1");
}

static void follows_a_rotation(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "one\n");
    add(r);
    reading_expect(r, "one\n");
    write_in(r, "current", "two\n");
    rotate(r, 1);
    write_in(r, "current", "three\n");
    reading_expect(r, "two\nthree\n");
    rotate(r, 2);
    reading_expect_nothing(r, 50);
    write_in(r, "current", "four\n");
    reading_expect(r, "four\n");
    assert_int_equal(reading_status(r).rotations, 2);
}

static void reads_what_was_rotated_several_times_between_two_looks(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, tai(1, ".s"), "one\n");
    write_in(r, "current", "two\n");
    add(r);
    reading_expect(r, "one\ntwo\n");
    write_in(r, "current", "three\n");
    rotate(r, 2);
    write_in(r, "current", "four\n");
    rotate(r, 3);
    write_in(r, "current", "five\n");
    rotate(r, 4);
    write_in(r, "current", "six\n");
    reading_expect(r, "three\nfour\nfive\nsix\n");
}

static void waits_between_the_steps_of_a_rotation(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "one\n");
    add(r);
    reading_expect(r, "one\n");
    rename_in(r, "current", "previous");
    reading_expect_nothing(r, 50);
    write_in(r, "current", "two\n");
    reading_expect(r, "two\n");
    end_rotation(r, 1);
    reading_expect_nothing(r, 50);
    rotate(r, 2);
    write_in(r, "current", "three\n");
    reading_expect(r, "three\n");
}

static void begins_while_a_processor_works(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, tai(1, ".s"), "one\n");
    write_in(r, "current", "two\n");
    begin_rotation(r);
    write_in(r, "current", "three\n");
    add(r);
    reading_expect(r, "one\ntwo\nthree\n");
    end_rotation_with(r, 2, "tr a-z A-Z");
    reading_expect_nothing(r, 50);
    write_in(r, "current", "four\n");
    rotate(r, 3);
    write_in(r, "current", "five\n");
    reading_expect(r, "four\nfive\n");
}

static void does_not_count_again_what_a_processor_made(void **state)
{
    static const char *const processors[] = { "tr a-z A-Z", "gzip", "cat" };
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "one\n");
    add(r);
    reading_expect(r, "one\n");
    for (unsigned i = 0; i < 3; i++) {
        write_in(r, "current", "rest\n");
        begin_rotation(r);
        end_rotation_with(r, i + 1, processors[i]);
        write_in(r, "current", "new\n");
        reading_expect(r, "rest\nnew\n");
    }
    assert_int_equal(reading_status(r).errors, 0);
}

static void goes_on_after_a_stop(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "one\ntw");
    add(r);
    reading_expect(r, "one\n");
    reading_save(r);
    write_in(r, "current", "o\n");
    reading_expect(r, "two\n"); /* lost with the process: comes again */
    restart(r);
    reading_expect(r, "two\n");
    assert_int_equal(reading_status(r).lines, 2);
}

static void finds_its_file_among_those_that_were_rotated_while_down(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, tai(1, ".s"), "one\n");
    write_in(r, "current", "two\n");
    add(r);
    reading_expect(r, "one\ntwo\n");
    reading_save(r);
    write_in(r, "current", "three\n");
    rotate(r, 2);
    write_in(r, "current", "four\n");
    rotate(r, 3);
    delete_file(r, 1);
    write_in(r, "current", "five\n");
    restart(r);
    reading_expect(r, "three\nfour\nfive\n");
    assert_int_equal(reading_status(r).errors, 0);
}

static void finds_its_file_that_was_compressed_while_down(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "one\n");
    add(r);
    reading_expect(r, "one\n");
    reading_save(r);
    write_in(r, "current", "two\n");
    begin_rotation(r);
    end_rotation_with(r, 1, "gzip");
    write_in(r, "current", "three\n");
    restart(r);
    reading_expect(r, "two\nthree\n");
    assert_int_equal(reading_status(r).errors, 0);
}

static void says_what_a_processor_took_away_while_down(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "one\n");
    add(r);
    reading_expect(r, "one\n");
    reading_save(r);
    write_in(r, "current", "two\n");
    begin_rotation(r);
    end_rotation_with(r, 1, "tr a-z A-Z");
    write_in(r, "current", "three\n");
    rotate(r, 2);
    write_in(r, "current", "four\n");
    restart(r);
    reading_expect(r, "three\nfour\n");
    assert_int_equal(reading_status(r).errors, 1);
    assert_non_null(strstr(reading_status(r).last_error, "processor has changed a file before it was read to its end"));
}

static void does_not_wait_for_a_name_that_came_while_down(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, tai(1, ".s"), "one\n");
    write_in(r, "current", "two\n");
    begin_rotation(r);
    write_in(r, "current", "three\n");
    add(r);
    reading_expect(r, "one\ntwo\nthree\n");
    reading_save(r);
    end_rotation_with(r, 2, "tr a-z A-Z");
    write_in(r, "current", "four\n");
    rotate(r, 3);
    write_in(r, "current", "five\n");
    restart(r);
    reading_expect(r, "four\nfive\n");
    assert_int_equal(reading_status(r).errors, 0);
}

static void says_what_was_deleted_before_it_was_read(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, tai(1, ".s"), "one\n");
    write_in(r, "current", "two\n");
    add(r);
    reading_expect(r, "one\ntwo\n");
    reading_save(r);
    rotate(r, 2);
    write_in(r, "current", "three\n");
    rotate(r, 3);
    write_in(r, "current", "four\n");
    delete_file(r, 1);
    delete_file(r, 2);
    restart(r);
    reading_expect(r, "three\nfour\n");
    assert_int_equal(reading_status(r).errors, 1);
    assert_non_null(strstr(reading_status(r).last_error, "deleted before they were read"));
    assert_int_equal(reading_status(r).state, SOURCE_OK);
}

static void reads_what_a_crash_left(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "one\ntwo");
    add(r);
    reading_expect(r, "one\n");
    reading_save(r);
    rename_in(r, "current", tai(1, ".u"));
    write_in(r, "current", "three\n");
    reading_expect(r, "two\nthree\n");
    restart(r);
    reading_expect(r, "two\nthree\n");
}

static void knows_a_file_by_its_time_whatever_its_suffix(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, tai(1, ".u"), "one\n");
    write_in(r, "current", "two\n");
    add(r);
    reading_expect(r, "one\ntwo\n");
    rotate(r, 2);
    write_in(r, "current", "three\n");
    reading_expect(r, "three\n");
    assert_int_equal(scratch_shell(r->scratch, "gzip -k log/@*.s"), 0);
    reading_expect_nothing(r, 50);
    assert_int_equal(scratch_shell(r->scratch, "rm log/@*.s"), 0);
    reading_save(r);
    write_in(r, "current", "four\n");
    restart(r);
    reading_expect(r, "four\n");
    assert_int_equal(reading_status(r).errors, 0);
}

static void says_what_is_missing_and_reads_it_when_it_comes(void **state)
{
    struct reading *r = *state;

    add(r);
    reading_expect_nothing(r, 30);
    assert_int_equal(reading_status(r).state, SOURCE_MISSING);
    assert_non_null(strstr(reading_status(r).last_error, "cannot be opened as a directory: No such file"));
    assert_int_equal(reading_status(r).errors, 1);
    make_directory(r);
    reading_expect_state(r, SOURCE_OK);
    reading_expect_state(r, SOURCE_MISSING);
    assert_non_null(strstr(reading_status(r).last_error, "no file named current in it; is multilog running?"));
    write_in(r, "current", "one\n");
    reading_expect(r, "one\n");
    assert_int_equal(reading_status(r).state, SOURCE_OK);
}

static void says_that_a_file_is_no_directory(void **state)
{
    struct reading *r = *state;

    scratch_write(r->scratch, "log", "one\n");
    add(r);
    reading_expect_nothing(r, 30);
    assert_non_null(strstr(reading_status(r).last_error, "cannot be opened as a directory: Not a directory"));
}

static void keeps_its_place_while_the_directory_is_away(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "one\n");
    add(r);
    reading_expect(r, "one\n");
    reading_save(r);
    scratch_rename(r->scratch, "log", "away");
    restart(r);
    reading_expect_nothing(r, 30);
    reading_save(r);
    scratch_rename(r->scratch, "away", "log");
    write_in(r, "current", "two\n");
    rotate(r, 1);
    restart(r);
    reading_expect(r, "two\n");
    assert_int_equal(reading_status(r).state, SOURCE_OK);
}

static void skips_a_line_above_the_cap(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "one\n");
    assert_int_equal(scratch_shell(r->scratch, "head -c 100000 /dev/zero | tr '\\0' x >>log/current"), 0);
    add(r);
    reading_expect(r, "one\n");
    reading_save(r);
    restart(r);
    write_in(r, "current", "\ntwo\n");
    reading_expect(r, "two\n");
    assert_int_equal(r->overlong, 1);
}

static void refuses_a_position_that_makes_no_sense(void **state)
{
    struct reading *r = *state;

    make_directory(r);
    write_in(r, "current", "one\n");
    add(r);
    reading_expect(r, "one\n");
    reading_save(r);
    r->saved.octets[r->saved.n - 1] |= 0x80;
    restart(r);
    reading_expect(r, "one\n");
    assert_non_null(strstr(reading_status(r).last_error, "saved position"));
}

/* ---- the real multilog ---- */

struct numbers {
    unsigned next, seed, wrong;
};

static unsigned draw(struct numbers *numbers, unsigned below)
{
    numbers->seed = numbers->seed * 1664525 + 1013904223;
    return (numbers->seed >> 8) % below;
}

/* What came is the next numbers, without a gap. */
static void check_numbers(struct reading *r, struct numbers *numbers)
{
    char *line = r->text;

    r->text[r->n] = '\0';
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        char wanted[16];
        int n = snprintf(wanted, sizeof wanted, "%u ", numbers->next++);

        /* With `t` a stamp stands before. */
        if (strncmp(*line == '@' ? line + 26 : line, wanted, (size_t)n) != 0 && !numbers->wrong++)
            print_message("# wanted %s, came %.40s; %s\n", wanted, line, reading_status(r).last_error);
    }
    r->n = 0;
}

/* Lines come through the real multilog, which rotates at 4096 octets; the daemon is stopped at random moments. */
static void run_real_multilog(struct reading *r, const char *script, unsigned rounds)
{
    char path[512], command[1024], directory[128];
    const char *program = reading_tool("daemontools/usr/bin/multilog", "/usr/bin/multilog", path, sizeof path);
    struct numbers given = { 1, 0, 0 }, taken = { 1, 0, 0 };
    ssize_t done = getrandom(&given.seed, sizeof given.seed, 0);

    if (!program)
        skip();
    assert_int_equal(done, sizeof given.seed);
    print_message("# multilog %s, seed %u\n", script, given.seed);
    strcpy(directory, scratch_path(r->scratch, "log"));
    /* It would wait for ever for a directory that a failed test has removed. */
    snprintf(command, sizeof command, "exec timeout 60 %s %s '%s' 2>/dev/null", program, script, directory);
    add(r);
    for (unsigned round = 0; round < rounds; round++) {
        FILE *multilog = popen(command, "w");

        assert_non_null(multilog);
        for (unsigned n = draw(&given, 400); n; n--) {
            fprintf(multilog, "%u %0*u\n", given.next++, (int)draw(&given, 150), 0U);
            if (draw(&given, 100) == 0) {
                fflush(multilog);
                reading_read(r);
                check_numbers(r, &taken);
                reading_save(r);
                if (draw(&given, 2))
                    restart(r);
            }
        }
        /* A stop with the file in any state, a start after more was written. */
        reading_read(r);
        check_numbers(r, &taken);
        reading_save(r);
        assert_int_equal(pclose(multilog), 0);
        if (draw(&given, 3) == 0) /* as after a crash: multilog makes a .u of it */
            scratch_shell(r->scratch, "chmod 644 log/current");
        if (draw(&given, 2))
            restart(r);
    }
    for (int64_t deadline = source_clock_ms() + READING_PATIENCE_MS;
         taken.next < given.next && source_clock_ms() < deadline; source_set_wait(r->set, 50, -1)) {
        reading_read(r);
        check_numbers(r, &taken);
    }
    assert_int_equal(taken.wrong, 0);
    assert_int_equal(taken.next, given.next);
    assert_string_equal(reading_status(r).last_error, "");
    assert_true(reading_status(r).rotations > 10);
}

static void counts_what_the_real_multilog_writes(void **state)
{
    run_real_multilog(*state, "t s4096 n1000", 20);
}

static void counts_what_the_real_multilog_compresses(void **state)
{
    run_real_multilog(*state, "s4096 n1000 '!gzip -1'", 8);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, reading_begin, reading_end)
    const struct CMUnitTest tests[] = {
        TEST(reads_the_files_in_the_order_of_their_names_and_then_current),
        TEST(follows_a_rotation),
        TEST(reads_what_was_rotated_several_times_between_two_looks),
        TEST(waits_between_the_steps_of_a_rotation),
        TEST(begins_while_a_processor_works),
        TEST(does_not_count_again_what_a_processor_made),
        TEST(goes_on_after_a_stop),
        TEST(finds_its_file_among_those_that_were_rotated_while_down),
        TEST(finds_its_file_that_was_compressed_while_down),
        TEST(says_what_a_processor_took_away_while_down),
        TEST(does_not_wait_for_a_name_that_came_while_down),
        TEST(says_what_was_deleted_before_it_was_read),
        TEST(reads_what_a_crash_left),
        TEST(knows_a_file_by_its_time_whatever_its_suffix),
        TEST(says_what_is_missing_and_reads_it_when_it_comes),
        TEST(says_that_a_file_is_no_directory),
        TEST(keeps_its_place_while_the_directory_is_away),
        TEST(skips_a_line_above_the_cap),
        TEST(refuses_a_position_that_makes_no_sense),
        TEST(counts_what_the_real_multilog_writes),
        TEST(counts_what_the_real_multilog_compresses),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
