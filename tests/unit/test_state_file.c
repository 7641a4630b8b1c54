/* The state file: what is damaged, by whatever, is never taken for a state and never written over; saving beside the
 * counting, its pace and its failures.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "../../agent/clock.h"
#include "../../parser/hash.h"
#include "../../config/lock.h"
#include "../../agent/log.h"
#include "../../agent/saver.h"
#include "../../agent/state.h"

/* ---- helpers ---- */

static void count(struct state *s, const char *host, enum counter counter, uint64_t n)
{
    struct line line = { .tally = tallies_host(s->tallies, span_of(host)), .reference = 1000 };
    struct event e = event_of(EVENT_COUNT, &line);

    line.header.time = 1000;
    e.counter = counter;
    e.count = n;
    tallies_event(s->tallies, &e);
}

static struct parser *parser_of(struct state *s)
{
    const struct parser_options options = { .seed = tallies_seed(s->tallies) };
    struct parser *parser = parser_new(&options, s->tallies, NULL);

    assert_non_null(parser);
    return parser;
}

static void write_state(const char *directory, struct state *s)
{
    struct store sections[STATE_SECTIONS] = { 0 };
    const struct status status = { 0 };
    struct parser *parser = parser_of(s);
    char error[STATE_ERROR_OCTETS];

    state_save(s, parser, &status, sections);
    assert_true(state_file_write(directory, sections, error));
    for (int i = 0; i < STATE_SECTIONS; i++)
        store_free(&sections[i]);
    parser_free(parser);
}

/* A state that is not empty. */
static void make_state(struct scratch *scratch)
{
    char error[STATE_ERROR_OCTETS];
    struct state s;

    assert_int_equal(state_open(scratch->directory, &s, error), STATE_NONE);
    count(&s, "mx1.example.org", COUNTER_RECEIVED, 12);
    count(&s, "mx2.example.org", COUNTER_SENT, 300);
    s.agent.starts = 3;
    write_state(scratch->directory, &s);
    state_close(&s);
}

static uint64_t received(const struct state *s)
{
    return tallies_total(s->tallies)->counters[COUNTER_RECEIVED];
}

static size_t read_file(struct scratch *scratch, const char *name, char *octets, size_t room)
{
    int fd = open(scratch_path(scratch, name), O_RDONLY);
    ssize_t n = read(fd, octets, room);

    assert_true(fd >= 0 && n >= 0 && (size_t)n < room);
    close(fd);
    return (size_t)n;
}

static void put_file(struct scratch *scratch, const char *octets, size_t n)
{
    scratch_put(scratch, STATE_FILE, O_TRUNC, octets, n);
}

/* How many names in the directory begin so; `last` becomes the last of them. */
static int names(struct scratch *scratch, const char *prefix, char *last)
{
    DIR *directory = opendir(scratch->directory);
    const struct dirent *entry;
    int n = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory)))
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            n++;
            if (last)
                strcpy(last, entry->d_name);
        }
    closedir(directory);
    return n;
}

/* ---- the file ---- */

static void what_was_saved_is_read(void **state)
{
    struct scratch *scratch = *state;
    char error[STATE_ERROR_OCTETS];
    struct state s;

    make_state(scratch);
    assert_int_equal(names(scratch, "state.", NULL), 0);
    assert_int_equal(state_open(scratch->directory, &s, error), STATE_READ);
    assert_int_equal(received(&s), 12);
    assert_int_equal(tallies_hosts(s.tallies), 2);
    assert_int_equal(s.agent.starts, 3);
    assert_true(s.agent.clean);
    assert_true(s.agent.saved >= time(NULL) - 10);
    state_close(&s);
}

/* As a disk that was full, or a machine that lost its power, leaves it. */
static void a_state_that_is_cut_anywhere_is_damaged(void **state)
{
    struct scratch *scratch = *state;
    static char octets[65536];
    char error[STATE_ERROR_OCTETS];
    struct state s;
    size_t n;

    make_state(scratch);
    n = read_file(scratch, STATE_FILE, octets, sizeof octets);
    assert_true(n > 200);
    for (size_t cut = 0; cut < n; cut++) {
        put_file(scratch, octets, cut);
        assert_int_equal(state_open(scratch->directory, &s, error), STATE_DAMAGED);
        assert_non_null(strstr(error, "is damaged: it was cut off"));
        assert_int_equal(received(&s), 0); /* usable, and new */
        assert_int_equal(s.agent.starts, 0);
        assert_true(s.agent.discontinuity >= time(NULL) - 10);
        state_close(&s);
    }
    put_file(scratch, octets, n);
    assert_int_equal(state_open(scratch->directory, &s, error), STATE_READ);
    state_close(&s);
}

static void a_state_with_any_changed_bit_is_not_used(void **state)
{
    struct scratch *scratch = *state;
    static char octets[65536];
    char error[STATE_ERROR_OCTETS];
    struct state_image image;
    size_t n;

    make_state(scratch);
    n = read_file(scratch, STATE_FILE, octets, sizeof octets);
    for (size_t i = 0; i < n; i++) {
        octets[i] = (char)(octets[i] ^ 1 << i % 8);
        put_file(scratch, octets, n);
        assert_in_range(state_file_read(scratch->directory, &image, error), STATE_DAMAGED, STATE_FOREIGN);
        octets[i] = (char)(octets[i] ^ 1 << i % 8);
    }
    octets[n] = 0;
    put_file(scratch, octets, n + 1);
    assert_int_equal(state_file_read(scratch->directory, &image, error), STATE_DAMAGED);
    assert_non_null(strstr(error, "something stands behind its end"));
}

/* Written by itself with a good checksum: what no disk does, but a mistake in another release. */
static void sections_that_make_no_sense_are_damage(void **state)
{
    struct scratch *scratch = *state;
    char error[STATE_ERROR_OCTETS];
    struct state_image image;
    struct state s;

    make_state(scratch);
    for (int broken = 0; broken < STATE_PARSER; broken++) {
        struct store sections[STATE_SECTIONS] = { 0 };

        assert_int_equal(state_file_read(scratch->directory, &image, error), STATE_READ);
        for (int i = 0; i < STATE_SECTIONS; i++) {
            sections[i].octets = (unsigned char *)(uintptr_t)image.sections[i].p;
            sections[i].n = image.sections[i].n;
        }
        sections[broken].octets = (unsigned char[]){ 0xff, 0xff, 0xff };
        sections[broken].n = 3;
        assert_true(state_file_write(scratch->directory, sections, error));
        assert_int_equal(state_open(scratch->directory, &s, error), STATE_DAMAGED);
        assert_non_null(strstr(error, "its contents make no sense"));
        assert_int_equal(received(&s), 0);
        state_close(&s);
        sections[broken].octets = (unsigned char *)(uintptr_t)image.sections[broken].p;
        sections[broken].n = image.sections[broken].n;
        assert_true(state_file_write(scratch->directory, sections, error));
        state_image_free(&image);
    }
}

static void a_newer_form_is_foreign(void **state)
{
    struct scratch *scratch = *state;
    static char octets[65536];
    char error[STATE_ERROR_OCTETS];
    struct state_image image;
    size_t n;

    make_state(scratch);
    n = read_file(scratch, STATE_FILE, octets, sizeof octets);
    octets[16]++;
    put_file(scratch, octets, n);
    assert_int_equal(state_file_read(scratch->directory, &image, error), STATE_FOREIGN);
    assert_non_null(strstr(error, "has form 3"));
    assert_non_null(strstr(error, "a newer mailtallyd wrote it"));
    octets[16]--;
    octets[24]++; /* the hash of known octets */
    put_file(scratch, octets, n);
    assert_int_equal(state_file_read(scratch->directory, &image, error), STATE_FOREIGN);
    assert_non_null(strstr(error, "--dump-state"));
}

/* Version 1 had no section for RRD files: one length less in the head, before the checksum. */
static void a_state_of_the_first_form_is_read(void **state)
{
    enum { LENGTHS = 32, OLD_SECTIONS = 5, OLD_HEAD = LENGTHS + 8 * OLD_SECTIONS + 8, HEAD = OLD_HEAD + 8 };
    struct scratch *scratch = *state;
    static char now[65536], old[65536];
    char error[STATE_ERROR_OCTETS];
    uint64_t sum;
    struct state s;
    size_t n;
    char *p;

    make_state(scratch);
    n = read_file(scratch, STATE_FILE, now, sizeof now);
    memcpy(old, now, OLD_HEAD);
    old[16] = 1;
    old[20] = OLD_SECTIONS;
    memcpy(old + OLD_HEAD, now + HEAD, n - HEAD);
    sum = hash_octets(0x6d61696c74616c6c, (struct span){ old, OLD_HEAD - 8 });
    p = old + OLD_HEAD;
    for (int i = 0; i < OLD_SECTIONS; i++) {
        size_t octets = 0;

        for (int k = 7; k >= 0; k--)
            octets = octets << 8 | (unsigned char)old[LENGTHS + 8 * i + k];
        sum = hash_octets(sum, (struct span){ p, octets });
        p += octets;
    }
    for (int k = 0; k < 8; k++)
        old[OLD_HEAD - 8 + k] = (char)(sum >> 8 * k);
    put_file(scratch, old, n - 8);
    assert_int_equal(state_open(scratch->directory, &s, error), STATE_READ);
    assert_int_equal(received(&s), 12);
    assert_int_equal(s.image.sections[STATE_RRD].n, 0);
    state_close(&s);
}

static void what_is_no_file_or_may_not_be_read_is_told_apart(void **state)
{
    struct scratch *scratch = *state;
    char error[STATE_ERROR_OCTETS];
    struct state_image image;

    assert_int_equal(state_file_read(scratch->directory, &image, error), STATE_NONE);
    assert_int_equal(state_file_read("/nonexistent/place", &image, error), STATE_NONE);
    assert_int_equal(mkdir(scratch_path(scratch, STATE_FILE), 0700), 0);
    assert_int_equal(state_file_read(scratch->directory, &image, error), STATE_DAMAGED);
    assert_int_equal(rmdir(scratch_path(scratch, STATE_FILE)), 0);
    assert_int_equal(symlink(STATE_FILE, scratch_path(scratch, STATE_FILE)), 0); /* a loop */
    assert_int_equal(state_file_read(scratch->directory, &image, error), STATE_UNREADABLE);
    assert_non_null(strstr(error, "cannot read the state"));
}

static void nothing_is_written_over_when_it_is_set_aside(void **state)
{
    struct scratch *scratch = *state;
    char error[STATE_ERROR_OCTETS], name[STATE_NAME_OCTETS], first[STATE_NAME_OCTETS], octets[64];

    for (int i = 0; i < 30; i++) {
        char text[16];
        size_t n = (size_t)snprintf(text, sizeof text, "state %d", i);

        put_file(scratch, text, n);
        assert_true(state_file_set_aside(scratch->directory, i % 2 ? "damaged" : "foreign", name, error));
        assert_int_equal(read_file(scratch, name, octets, sizeof octets), n);
        assert_memory_equal(octets, text, n);
        if (i == 0)
            strcpy(first, name);
        assert_int_equal(access(scratch_path(scratch, STATE_FILE), F_OK), -1);
    }
    assert_int_equal(names(scratch, "state.", NULL), STATE_SET_ASIDE_KEPT);
    assert_int_equal(read_file(scratch, first, octets, sizeof octets), 7);
    assert_memory_equal(octets, "state 0", 7);
    assert_int_equal(read_file(scratch, name, octets, sizeof octets), 8);
    assert_memory_equal(octets, "state 29", 8);
    assert_true(state_file_set_aside(scratch->directory, "damaged", name, error));
    assert_string_equal(name, "");
}

/* A limit of the file size stands for the full disk. */
static void a_disk_that_is_full_leaves_the_old_state(void **state)
{
    struct scratch *scratch = *state;
    struct store sections[STATE_SECTIONS] = { 0 };
    struct rlimit before, none = { 100, 0 };
    char error[STATE_ERROR_OCTETS];
    struct state s;

    make_state(scratch);
    for (int i = 0; i < 1000; i++)
        store_text(&sections[STATE_PARSER], "a long section");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_false(state_file_write(scratch->directory, sections, error));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_non_null(strstr(error, "cannot save the state in"));
    assert_non_null(strstr(error, scratch->directory));
    assert_non_null(strstr(error, strerror(EFBIG)));
    assert_int_equal(names(scratch, STATE_FILE_NEW, NULL), 0);
    assert_int_equal(state_open(scratch->directory, &s, error), STATE_READ);
    assert_int_equal(received(&s), 12);
    state_close(&s);
    store_free(&sections[STATE_PARSER]);
}

static void a_directory_that_is_missing_is_told_with_what_to_do(void **state)
{
    struct store sections[STATE_SECTIONS] = { 0 };
    char error[STATE_ERROR_OCTETS];

    (void)state;
    assert_false(state_file_write("/nonexistent/place", sections, error));
    assert_non_null(strstr(error, "cannot save the state in /nonexistent/place: No such file or directory; make this "
                                  "directory"));
}

/* Two clocks: the wall's, which a restart can only compare roughly, and the boot's. */
static void the_discontinuity_does_not_move_over_a_restart(void **state)
{
    struct scratch *scratch = *state;
    char error[STATE_ERROR_OCTETS];
    struct state s;
    int64_t since, age;

    assert_int_equal(state_open(scratch->directory, &s, error), STATE_NONE);
    s.agent.discontinuity -= 500;
    s.agent.discontinuity_cs -= 50012;
    since = state_since_cs(&s.agent);
    s.agent.discontinuity_ticks = 4711;
    write_state(scratch->directory, &s);
    state_close(&s);
    assert_int_equal(state_open(scratch->directory, &s, error), STATE_READ);
    assert_true(state_since_cs(&s.agent) == since);
    assert_int_equal(s.agent.discontinuity_ticks, 4711);
    strcpy(s.agent.boot, "another boot");
    age = monotonic_ms() / 10 - state_since_cs(&s.agent);
    assert_true(age > 49900 && age < 50000 + 6000); /* whole seconds, and how long this test took */
    s.agent.discontinuity = time(NULL) + 86400;     /* the clock was set back */
    age = monotonic_ms() / 10 - state_since_cs(&s.agent);
    assert_true(age >= 0 && age < 6000);
    state_close(&s);
}

/* ---- saving ---- */

static void fill(struct saver *saver, unsigned char number)
{
    struct store *sections = saver_sections(saver);

    for (int i = 0; i < STATE_SECTIONS; i++)
        store_number(&sections[i], number);
}

static enum saver_news save(struct saver *saver, unsigned char number)
{
    fill(saver, number);
    saver_write(saver);
    return saver_news(saver, 60000);
}

static void assert_saved(struct scratch *scratch, unsigned char number)
{
    char error[STATE_ERROR_OCTETS];
    struct state_image image;

    assert_int_equal(state_file_read(scratch->directory, &image, error), STATE_READ);
    for (int i = 0; i < STATE_SECTIONS; i++) {
        assert_int_equal(image.sections[i].n, 1);
        assert_int_equal(image.sections[i].p[0], number);
    }
    state_image_free(&image);
}

static void the_thread_saves_what_it_is_given(void **state)
{
    struct scratch *scratch = *state;
    struct saver *saver = saver_new(scratch->directory, 0, NULL, -1);

    assert_non_null(saver);
    for (unsigned char i = 0; i < 100; i++) {
        assert_int_equal(save(saver, i), SAVER_SAVED);
        assert_saved(scratch, i);
    }
    assert_int_equal(saver_news(saver, 0), SAVER_NOTHING);
    assert_int_equal(saver_failures(saver), 0);
    assert_string_equal(saver_trouble(saver), "");
    fill(saver, 101);
    saver_write(saver);
    assert_true(saver_free(saver, 60000)); /* at the end the last one is not lost */
    assert_saved(scratch, 101);
}

/* The saver's clock here: how long a save takes on a busy machine changes nothing. */
static int64_t clock_now_ms;

static int64_t clock_ms(void)
{
    return clock_now_ms;
}

static struct saver *saver_with_clock(const char *directory, int64_t interval_ms)
{
    struct saver *saver = saver_new(directory, interval_ms, NULL, -1);

    assert_non_null(saver);
    saver_set_clock(saver, clock_ms);
    return saver;
}

static void it_is_due_when_something_is_new_and_the_interval_is_over(void **state)
{
    struct scratch *scratch = *state;
    struct saver *saver = saver_with_clock(scratch->directory, 400);

    assert_false(saver_due(saver, false, false));
    assert_true(saver_due(saver, true, false)); /* the first one at once */
    assert_int_equal(saver_wait_ms(saver, true, false, 1000), 0);
    assert_int_equal(save(saver, 1), SAVER_SAVED);
    assert_false(saver_due(saver, true, false));
    assert_int_equal(saver_wait_ms(saver, true, false, 1000), 400);
    assert_int_equal(saver_wait_ms(saver, false, false, 1000), 1000);
    assert_int_equal(saver_wait_ms(saver, true, true, 1000), SAVER_URGENT_MS);
    clock_now_ms += SAVER_URGENT_MS - 1;
    assert_false(saver_due(saver, false, true));
    clock_now_ms++;
    assert_true(saver_due(saver, false, true)); /* somebody waits for it */
    assert_false(saver_due(saver, true, false));
    clock_now_ms += 400 - SAVER_URGENT_MS - 1;
    assert_false(saver_due(saver, true, false));
    assert_int_equal(saver_wait_ms(saver, true, false, 1000), 1);
    clock_now_ms++;
    assert_true(saver_due(saver, true, false));
    assert_false(saver_due(saver, false, false));
    saver_set_interval(saver, 10000);
    assert_false(saver_due(saver, true, false));
    assert_true(saver_free(saver, 60000));
}

static void failures_are_counted_and_saving_recovers_by_itself(void **state)
{
    struct scratch *scratch = *state;
    int64_t pause = SAVER_URGENT_MS;
    char directory[128];
    struct saver *saver;

    log_mute(true);
    snprintf(directory, sizeof directory, "%s/missing/state", scratch->directory);
    saver = saver_with_clock(directory, 10);
    for (unsigned i = 1; i <= 20; i++) {
        assert_int_equal(save(saver, 1), SAVER_FAILED);
        assert_int_equal(saver_failures(saver), i);
        assert_non_null(strstr(saver_trouble(saver), "missing/state"));
        assert_false(saver_due(saver, true, true)); /* no hurry, also when somebody waits */
        assert_int_equal(saver_wait_ms(saver, true, true, 1000000), pause);
        clock_now_ms += pause;
        assert_true(saver_due(saver, true, false));
        pause = pause < SAVER_BACKOFF_MS / 2 ? 2 * pause : SAVER_BACKOFF_MS;
    }
    assert_int_equal(pause, SAVER_BACKOFF_MS);
    assert_int_equal(scratch_shell(scratch, "mkdir missing"), 0);
    assert_int_equal(save(saver, 7), SAVER_SAVED); /* the directory itself is made, and locked */
    assert_string_equal(saver_trouble(saver), "");
    assert_int_equal(saver_failures(saver), 20);
    assert_int_equal(saver_wait_ms(saver, true, false, 1000), 10);
    assert_int_equal(scratch_shell(scratch, "test -s missing/state/state && test -e missing/state/lock"), 0);
    assert_true(saver_free(saver, 60000));
    log_mute(false);
}

/* The daemon's own lock went with the directory: who made it anew has it now. */
static void a_directory_that_another_daemon_took_is_left_to_it(void **state)
{
    struct scratch *scratch = *state;
    char directory[128], error[512];
    struct lock mine, others;
    struct saver *saver;

    log_mute(true);
    snprintf(directory, sizeof directory, "%s/taken", scratch->directory);
    assert_int_equal(lock_take(directory, getuid(), getgid(), &mine, error, sizeof error), LOCK_TAKEN);
    saver = saver_new(directory, 0, NULL, -1);
    assert_int_equal(save(saver, 1), SAVER_SAVED);
    assert_int_equal(scratch_shell(scratch, "mv taken away"), 0);
    assert_int_equal(save(saver, 2), SAVER_SAVED); /* made again */
    assert_int_equal(lock_take(directory, getuid(), getgid(), &others, error, sizeof error), LOCK_BUSY);
    assert_int_equal(scratch_shell(scratch, "mv taken away2"), 0);
    assert_int_equal(lock_take(directory, getuid(), getgid(), &others, error, sizeof error), LOCK_TAKEN);
    assert_int_equal(save(saver, 3), SAVER_FAILED);
    assert_non_null(strstr(saver_trouble(saver), "another mailtallyd"));
    assert_true(saver_free(saver, 60000));
    lock_free(&mine);
    lock_free(&others);
    log_mute(false);
}

static void a_state_that_cannot_be_used_is_set_aside_before_the_first_save(void **state)
{
    struct scratch *scratch = *state;
    char name[STATE_NAME_OCTETS], octets[64];
    struct saver *saver;

    log_mute(true);
    put_file(scratch, "damaged", 7);
    saver = saver_new(scratch->directory, 0, "damaged", -1);
    assert_int_equal(save(saver, 1), SAVER_SAVED);
    assert_int_equal(save(saver, 2), SAVER_SAVED);
    assert_saved(scratch, 2);
    assert_int_equal(names(scratch, "state.", name), 1);
    assert_int_equal(strncmp(name, "state.damaged-2", 15), 0);
    assert_int_equal(read_file(scratch, name, octets, sizeof octets), 7);
    assert_true(saver_free(saver, 60000));
    log_mute(false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(what_was_saved_is_read),
        TEST(a_state_that_is_cut_anywhere_is_damaged),
        TEST(a_state_with_any_changed_bit_is_not_used),
        TEST(sections_that_make_no_sense_are_damage),
        TEST(a_state_of_the_first_form_is_read),
        TEST(a_newer_form_is_foreign),
        TEST(what_is_no_file_or_may_not_be_read_is_told_apart),
        TEST(nothing_is_written_over_when_it_is_set_aside),
        TEST(a_disk_that_is_full_leaves_the_old_state),
        TEST(a_directory_that_is_missing_is_told_with_what_to_do),
        TEST(the_discontinuity_does_not_move_over_a_restart),
        TEST(the_thread_saves_what_it_is_given),
        TEST(it_is_due_when_something_is_new_and_the_interval_is_over),
        TEST(failures_are_counted_and_saving_recovers_by_itself),
        TEST(a_directory_that_another_daemon_took_is_left_to_it),
        TEST(a_state_that_cannot_be_used_is_set_aside_before_the_first_save),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("state_file", tests, NULL, NULL);
}
