/* The systemd journal: every entry once, over stops, rotations and vacuums. The files are made by
 * systemd-journal-remote from the export format, as on a log host; it also rotates them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reading.h"

#include <stdarg.h>
#include <sys/random.h>
#include <time.h>

#define BASE_US 1700000000000000ull /* 2023-11-14T22:13:20 UTC; what is in the future is taken for damaged */

/* ---- entries ---- */

/* Opens `export`, to which entries are written until feed(). */
static FILE *begin_export(struct reading *r)
{
    FILE *file = fopen(scratch_path(r->scratch, "export"), "w");

    assert_non_null(file);
    return file;
}

/* The fields that all entries have; more follow, then an empty line. at: milliseconds. */
static void put_entry(FILE *file, unsigned long long at, const char *boot)
{
    unsigned long long us = at * 1000;

    fprintf(file, "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n_BOOT_ID=%s\nPRIORITY=6\n", BASE_US + us,
            1000000 + us, boot);
}

static const char boot[] = "11111111111111111111111111111111";

/* Of Postfix, with its number as text. */
static void put_number(FILE *file, unsigned long long number)
{
    put_entry(file, number, boot);
    fprintf(file,
            "SYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=postfix/qmgr\n_PID=7\n_HOSTNAME=mx1\n"
            "_SYSTEMD_UNIT=postfix@-.service\nMESSAGE=number %llu\n\n",
            number);
}

/* More names of fields than a file has room for: journal-remote rotates it before the next entry. */
static void put_rotation(FILE *file, unsigned long long at)
{
    put_entry(file, at, boot);
    fprintf(file, "SYSLOG_FACILITY=9\nSYSLOG_IDENTIFIER=cron\n_HOSTNAME=mx1\nMESSAGE=rotate\n");
    for (unsigned i = 0; i < 260; i++)
        fprintf(file, "F%llu_%u=x\n", at, i);
    fprintf(file, "\n");
}

/* Ends the export and gives it to journal-remote, which writes to `journal/NAME`. Its libraries may be unpacked, too.
 */
static void feed(struct reading *r, FILE *file, const char *name)
{
    char program[512], command[2048], *tools = realpath("build/tools", NULL);

    assert_int_equal(fclose(file), 0);
    if (!reading_tool("systemd-journal-remote/lib/systemd/systemd-journal-remote",
                      "/lib/systemd/systemd-journal-remote", program, sizeof program)) {
        free(tools);
        skip();
    }
    snprintf(command, sizeof command,
             "cd '%s' && mkdir -p journal && LD_LIBRARY_PATH=$(printf '%%s:' '%s'/lib*/usr/lib/*-linux-*/systemd "
             "'%s'/lib*/usr/lib/*-linux-*) '%s' -o 'journal/%s' - <export >out 2>&1 || { cat out >&2; exit 1; }",
             r->scratch->directory, tools ? tools : "", tools ? tools : "", program, name);
    free(tools);
    assert_int_equal(system(command), 0);
}

static void feed_numbers(struct reading *r, unsigned long long from, unsigned long long to)
{
    FILE *file = begin_export(r);

    for (; from <= to; from++)
        put_number(file, from);
    feed(r, file, "remote-mx1.journal");
}

static void rotate(struct reading *r, unsigned long long at)
{
    FILE *file = begin_export(r);

    put_rotation(file, at);
    put_rotation(file, at);
    feed(r, file, "remote-mx1.journal");
}

static void add(struct reading *r, const char *words)
{
    char selection[512];

    snprintf(selection, sizeof selection, "directory=%s%s%s", scratch_path(r->scratch, "journal"), *words ? " " : "",
             words);
    assert_true(source_set_add_journal(r->set, selection));
}

static void restart(struct reading *r)
{
    reading_restart(r);
    add(r, "");
}

/* The numbers from..to come, in order, and nothing else. */
static void expect_numbers(struct reading *r, unsigned long long from, unsigned long long to)
{
    char *line = r->text;
    unsigned n = 0;

    for (int64_t deadline = source_clock_ms() + READING_PATIENCE_MS; source_clock_ms() < deadline;) {
        reading_read(r);
        r->text[r->n] = '\0';
        n = 0;
        for (const char *p = r->text; (p = strchr(p, '\n')); p++)
            n++;
        if (n >= to - from + 1)
            break;
        source_set_wait(r->set, 50, -1);
    }
    assert_int_equal(n, to - from + 1);
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        char wanted[32];

        *end = '\0';
        snprintf(wanted, sizeof wanted, "number %llu", from++);
        assert_string_equal(strstr(line, "number"), wanted);
    }
    r->n = 0;
}

/* ---- */

static void gives_entries_as_lines_of_syslog(void **state)
{
    struct reading *r = *state;

    feed_numbers(r, 1, 2);
    add(r, "");
    reading_expect(r, "2023-11-14T22:13:20.001000+00:00 mx1 postfix/qmgr[7]: number 1\n"
                      "2023-11-14T22:13:20.002000+00:00 mx1 postfix/qmgr[7]: number 2\n");
    assert_int_equal(reading_status(r).type, SOURCE_JOURNAL);
    assert_int_equal(reading_status(r).state, SOURCE_OK);
    assert_int_equal(reading_status(r).lines, 2);
    assert_int_equal(reading_status(r).errors, 0);
}

static void reads_what_is_appended(void **state)
{
    struct reading *r = *state;

    feed_numbers(r, 1, 10);
    add(r, "");
    expect_numbers(r, 1, 10);
    feed_numbers(r, 11, 12);
    expect_numbers(r, 11, 12);
    reading_expect_nothing(r, 500);
}

static void goes_on_at_the_saved_cursor(void **state)
{
    struct reading *r = *state;

    feed_numbers(r, 1, 10);
    add(r, "");
    expect_numbers(r, 1, 10);
    reading_save(r);
    restart(r);
    reading_expect_nothing(r, 500);
    feed_numbers(r, 11, 20);
    expect_numbers(r, 11, 20);
    restart(r); /* what was not saved comes again */
    expect_numbers(r, 11, 20);
    assert_int_equal(reading_status(r).errors, 0);
}

static void follows_a_rotation(void **state)
{
    struct reading *r = *state;

    feed_numbers(r, 1, 10);
    add(r, "");
    expect_numbers(r, 1, 10);
    rotate(r, 10);
    assert_int_equal(scratch_shell(r->scratch, "ls journal/remote-mx1@*.journal >list"), 0);
    feed_numbers(r, 11, 20);
    expect_numbers(r, 11, 20);
    assert_int_equal(reading_status(r).errors, 0);
    assert_true(reading_status(r).rotations > 0);
}

static void finds_its_place_after_rotations_while_down(void **state)
{
    struct reading *r = *state;

    feed_numbers(r, 1, 10);
    add(r, "");
    expect_numbers(r, 1, 10);
    reading_save(r);
    feed_numbers(r, 11, 15);
    rotate(r, 15);
    feed_numbers(r, 16, 20);
    rotate(r, 20);
    feed_numbers(r, 21, 25);
    restart(r);
    expect_numbers(r, 11, 25);
    reading_save(r);
    restart(r);
    reading_expect_nothing(r, 300);
    assert_int_equal(reading_status(r).errors, 0);
}

/* As journalctl --vacuum-files does. */
static void vacuum(struct reading *r)
{
    assert_int_equal(scratch_shell(r->scratch, "rm journal/remote-mx1@*.journal"), 0);
}

/* Milliseconds since BASE_US, as numbers of entries that are written now. */
static unsigned long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return ((unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000 - BASE_US) / 1000;
}

static void says_what_was_vacuumed_before_it_was_read(void **state)
{
    struct reading *r = *state;
    unsigned long long now;

    feed_numbers(r, 1, 10);
    add(r, "");
    expect_numbers(r, 1, 10);
    reading_expect_nothing(r, 300);
    reading_save(r);
    usleep(20000);
    now = now_ms();
    feed_numbers(r, now - 10, now);
    rotate(r, now);
    now = now_ms();
    feed_numbers(r, now - 10, now);
    vacuum(r);
    restart(r);
    expect_numbers(r, now - 10, now);
    assert_int_equal(reading_status(r).errors, 1);
    assert_non_null(strstr(reading_status(r).last_error, "was removed before it was read"));
    assert_int_equal(reading_status(r).state, SOURCE_OK);
    reading_save(r);
    restart(r);
    reading_expect_nothing(r, 300);
    assert_int_equal(reading_status(r).errors, 1);
}

static void bears_that_what_was_read_is_vacuumed(void **state)
{
    struct reading *r = *state;

    feed_numbers(r, 1, 10);
    add(r, "");
    expect_numbers(r, 1, 10);
    rotate(r, 10);
    reading_read(r);
    reading_save(r);
    vacuum(r);
    feed_numbers(r, 11, 12);
    expect_numbers(r, 11, 12);
    restart(r);
    expect_numbers(r, 11, 12);
    assert_int_equal(reading_status(r).errors, 0);
}

/* What is not wanted moves the position, too: else its removal would look like a loss after the next start. */
static void says_that_it_moved_over_what_others_logged(void **state)
{
    struct reading *r = *state;
    int64_t deadline = source_clock_ms() + READING_PATIENCE_MS;

    feed_numbers(r, 1, 10);
    add(r, "");
    expect_numbers(r, 1, 10);
    reading_expect_nothing(r, 300);
    reading_save(r);
    assert_false(source_set_moved(r->set));
    usleep(20000);
    rotate(r, now_ms());
    while (!source_set_moved(r->set) && source_clock_ms() < deadline)
        reading_expect_nothing(r, 20);
    assert_true(source_set_moved(r->set));
    reading_save(r);
    assert_false(source_set_moved(r->set));
    vacuum(r);
    restart(r);
    reading_expect_nothing(r, 300);
    assert_int_equal(reading_status(r).errors, 0);
}

static void reads_what_a_host_hands_in_late(void **state)
{
    struct reading *r = *state;
    FILE *file;

    feed_numbers(r, 1000, 1001);
    add(r, "");
    expect_numbers(r, 1000, 1001);
    file = begin_export(r);
    put_number(file, 1);
    put_number(file, 2);
    feed(r, file, "remote-mx2.journal");
    expect_numbers(r, 1, 2);
    file = begin_export(r);
    put_number(file, 3);
    feed(r, file, "remote-mx2.journal");
    expect_numbers(r, 3, 3);
    reading_save(r);
    restart(r);
    feed_numbers(r, 1002, 1002);
    expect_numbers(r, 1002, 1002);
}

static void reads_the_directories_of_machines(void **state)
{
    struct reading *r = *state;
    FILE *file;

    assert_int_equal(scratch_shell(r->scratch, "mkdir -p journal/0123456789abcdef0123456789abcdef journal/other"), 0);
    file = begin_export(r);
    put_number(file, 1);
    feed(r, file, "0123456789abcdef0123456789abcdef/system.journal");
    file = begin_export(r);
    put_number(file, 99);
    feed(r, file, "other/system.journal");
    add(r, "");
    expect_numbers(r, 1, 1);
    reading_expect_nothing(r, 300);
}

/* One entry each of several programs. */
static void feed_programs(struct reading *r)
{
    static const struct {
        const char *identifier, *unit;
        unsigned facility;
    } programs[] = {
        { "postfix/smtpd", "postfix@-.service", 2 },
        { "dovecot", "dovecot.service", 2 },
        { "rspamd", "rspamd.service", 3 },
        { "cron", "cron.service", 9 },
        { "postfixed", "other.service", 1 },
        { "clamd", "clamav-daemon.service", 22 },
        { "postfix-out/smtp", "postfix@out.service", 2 },
    };
    FILE *file = begin_export(r);

    for (unsigned i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        put_entry(file, i, boot);
        fprintf(file, "SYSLOG_FACILITY=%u\nSYSLOG_IDENTIFIER=%s\n_SYSTEMD_UNIT=%s\n_HOSTNAME=h\nMESSAGE=x\n\n",
                programs[i].facility, programs[i].identifier, programs[i].unit);
    }
    feed(r, file, "remote-mx1.journal");
}

static void selects_what_is_asked_for(void **state)
{
    static const struct {
        const char *words, *programs;
    } cases[] = {
        { "", "postfix/smtpd dovecot postfix-out/smtp " },
        { "facility=mail", "postfix/smtpd dovecot postfix-out/smtp " },
        { "rspamd.service", "rspamd " },
        { "unit=rspamd dovecot", "dovecot rspamd " },
        { "facility=mail rspamd.service", "postfix/smtpd dovecot rspamd postfix-out/smtp " },
        { "postfix@*", "postfix/smtpd postfix-out/smtp " },
        { "identifier=postfix", "postfix/smtpd " },
        { "identifier=postfix identifier=postfix-out clamav-daemon facility=daemon",
          "postfix/smtpd rspamd clamd postfix-out/smtp " },
        { "facility=local6", "clamd " },
        { "nothing.service", "" },
    };
    struct reading *r = *state;

    feed_programs(r);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char programs[256] = "";

        add(r, cases[i].words);
        reading_read(r);
        r->text[r->n] = '\0';
        for (char *line = r->text, *end; (end = strchr(line, '\n')); line = end + 1) {
            char *program = strstr(line, " h ");

            assert_non_null(program);
            *strchr(program, ':') = '\0';
            strcat(strcat(programs, program + 3), " ");
        }
        assert_string_equal(programs, cases[i].programs);
        r->n = 0;
        source_set_free(r->set);
        reading_new_set(r);
    }
}

/* A field whose value has newlines, or is binary: its name, a newline, its length in 8 octets, the value. */
static void put_binary(FILE *file, const char *name, const void *octets, uint64_t n)
{
    fprintf(file, "%s\n", name);
    for (unsigned i = 0; i < 8; i++)
        fputc((int)(n >> 8 * i & 0xff), file);
    assert_int_equal(fwrite(octets, 1, n, file), n);
    fputc('\n', file);
}

static void lets_no_entry_forge_a_line(void **state)
{
    static const char message[] = "one\nNov 18 17:00:00 mx1 postfix/smtpd[1]: NOQUEUE: reject: x\n\n";
    static const char identifier[] = "x[1]: y\nz postfix/smtpd[2]";
    struct reading *r = *state;
    FILE *file = begin_export(r);

    put_entry(file, 1, boot);
    fprintf(file, "SYSLOG_FACILITY=2\nSYSLOG_PID=1]: x\n_HOSTNAME=mx 1\n");
    put_binary(file, "MESSAGE", message, sizeof message - 1);
    put_binary(file, "SYSLOG_IDENTIFIER", identifier, sizeof identifier - 1);
    fprintf(file, "\n");
    put_entry(file, 2, boot);
    fprintf(file, "SYSLOG_FACILITY=2\n_COMM=logger\n_PID=12\nMESSAGE=no host, no identifier\nMESSAGE=again\n\n");
    put_entry(file, 3, boot);
    fprintf(file, "SYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=nothing\n_HOSTNAME=mx1\n\n");
    put_entry(file, 4, boot);
    fprintf(file, "SYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=last\n_HOSTNAME=mx1\n"
                  "_SOURCE_REALTIME_TIMESTAMP=1700000000123456\nMESSAGE=its own time\n\n");
    feed(r, file, "remote-mx1.journal");
    add(r, "");
    reading_expect(r, "2023-11-14T22:13:20.001000+00:00 mx_1 x_1___y_z_postfix/smtpd_2_: "
                      "one#012Nov 18 17:00:00 mx1 postfix/smtpd[1]: NOQUEUE: reject: x\n"
                      "2023-11-14T22:13:20.002000+00:00 logger[12]: no host, no identifier\n"
                      "2023-11-14T22:13:20.123456+00:00 mx1 last: its own time\n");
}

static void bounds_what_is_huge(void **state)
{
    struct reading *r = *state;
    size_t n = 3 * READER_LINE_OCTETS;
    char *huge = malloc(n);
    FILE *file = begin_export(r);

    assert_non_null(huge);
    put_number(file, 1);
    put_entry(file, 2, boot);
    memset(huge, 'x', n);
    fprintf(file, "SYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=huge\n_HOSTNAME=mx1\nMESSAGE=%.*s\n\n", (int)n, huge);
    put_entry(file, 2, boot);
    memset(huge, '\n', n);
    fprintf(file, "SYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=huge\n_HOSTNAME=mx1\n");
    huge[n - 1] = 'x';
    put_binary(file, "MESSAGE", huge, n);
    put_binary(file, "FIELD", huge, n);
    fprintf(file, "\n");
    put_number(file, 2);
    free(huge);
    feed(r, file, "remote-mx1.journal");
    add(r, "");
    expect_numbers(r, 1, 2);
    assert_int_equal(r->overlong, 2);
}

static void put_suppressed(FILE *file, unsigned at, const char *unit)
{
    put_entry(file, at, boot);
    fprintf(file,
            "SYSLOG_FACILITY=5\nSYSLOG_IDENTIFIER=systemd-journald\n_SYSTEMD_UNIT=systemd-journald.service\n"
            "MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e\nN_DROPPED=12\nMESSAGE=Suppressed 12 messages from %s\n\n",
            unit);
}

static void says_when_journald_throws_lines_away(void **state)
{
    struct reading *r = *state;
    FILE *file = begin_export(r);

    put_suppressed(file, 1, "apache2.service");
    put_number(file, 2);
    put_suppressed(file, 3, "apache2.service");
    feed(r, file, "remote-mx1.journal");
    add(r, "");
    expect_numbers(r, 2, 2);
    assert_int_equal(reading_status(r).errors, 0);
    file = begin_export(r);
    put_suppressed(file, 4, "postfix@-.service");
    put_number(file, 5);
    feed(r, file, "remote-mx1.journal");
    expect_numbers(r, 5, 5);
    assert_int_equal(reading_status(r).errors, 1);
    assert_non_null(strstr(reading_status(r).last_error, "Suppressed 12 messages from postfix@-.service"));
}

static void says_what_is_missing_and_reads_it_when_it_comes(void **state)
{
    struct reading *r = *state;

    add(r, "");
    reading_expect_state(r, SOURCE_MISSING);
    assert_non_null(strstr(reading_status(r).last_error, "the directory cannot be read: No such file"));
    assert_int_equal(mkdir(scratch_path(r->scratch, "journal"), 0755), 0);
    reading_expect_nothing(r, 1100);
    assert_int_equal(reading_status(r).state, SOURCE_MISSING);
    assert_non_null(strstr(reading_status(r).last_error, "there are no journal files in the directory"));
    assert_int_equal(reading_status(r).errors, 2);
    feed_numbers(r, 1, 2);
    expect_numbers(r, 1, 2);
    reading_expect_state(r, SOURCE_OK);
}

static void keeps_its_place_while_the_directory_is_away(void **state)
{
    struct reading *r = *state;

    feed_numbers(r, 1, 2);
    add(r, "");
    expect_numbers(r, 1, 2);
    reading_save(r);
    scratch_rename(r->scratch, "journal", "away");
    restart(r);
    reading_expect_nothing(r, 100);
    reading_save(r);
    scratch_rename(r->scratch, "away", "journal");
    restart(r);
    feed_numbers(r, 3, 3);
    expect_numbers(r, 3, 3);
}

static void bears_a_damaged_file(void **state)
{
    struct reading *r = *state;

    feed_numbers(r, 1, 20);
    rotate(r, 20);
    feed_numbers(r, 21, 30);
    assert_int_equal(scratch_shell(r->scratch, "dd if=/dev/urandom count=100 of=$(ls journal/*@*.journal) bs=1000 "
                                               "seek=200 conv=notrunc 2>/dev/null; echo no >journal/system.journal"),
                     0);
    add(r, "");
    reading_expect_nothing(r, 0);
    r->n = 0;
    for (unsigned i = 0; i < 20; i++)
        reading_read(r);
    assert_true(r->lines >= 10);
}

static void counts_exactly_whatever_happens(void **state)
{
    struct reading *r = *state;
    unsigned seed = 0, next = 1, read = 1;
    ssize_t done = getrandom(&seed, sizeof seed, 0);

    assert_int_equal(done, sizeof seed);
    print_message("# seed %u\n", seed);
    srand(seed);
    add(r, "");
    for (unsigned round = 0; round < 20; round++) {
        unsigned n = 1 + (unsigned)rand() % 50;

        feed_numbers(r, next, next + n - 1);
        next += n;
        if (rand() % 3 == 0)
            rotate(r, next - 1);
        if (rand() % 2 == 0) {
            expect_numbers(r, read, next - 1);
            read = next;
            reading_save(r);
        }
        if (rand() % 3 == 0 && read > 1) {
            restart(r);
            r->n = 0;
            expect_numbers(r, read, next - 1);
            read = next;
            reading_save(r);
        }
    }
    if (read < next)
        expect_numbers(r, read, next - 1);
    assert_int_equal(reading_status(r).errors, 0);
}

static void is_named_after_what_it_selects(void **state)
{
    struct reading *r = *state;

    assert_true(source_set_add_journal(r->set, NULL));
    assert_string_equal(reading_status(r).name, "journal");
    source_set_free(r->set);
    reading_new_set(r);
    assert_true(source_set_add_journal(r->set, "postfix@-.service dovecot"));
    assert_string_equal(reading_status(r).name, "journal:postfix@-.service dovecot");
    reading_read(r); /* this host's, whatever is in it */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, reading_begin, reading_end)
    const struct CMUnitTest tests[] = {
        TEST(gives_entries_as_lines_of_syslog),
        TEST(reads_what_is_appended),
        TEST(goes_on_at_the_saved_cursor),
        TEST(follows_a_rotation),
        TEST(finds_its_place_after_rotations_while_down),
        TEST(says_what_was_vacuumed_before_it_was_read),
        TEST(bears_that_what_was_read_is_vacuumed),
        TEST(says_that_it_moved_over_what_others_logged),
        TEST(reads_what_a_host_hands_in_late),
        TEST(reads_the_directories_of_machines),
        TEST(selects_what_is_asked_for),
        TEST(lets_no_entry_forge_a_line),
        TEST(bounds_what_is_huge),
        TEST(says_when_journald_throws_lines_away),
        TEST(says_what_is_missing_and_reads_it_when_it_comes),
        TEST(keeps_its_place_while_the_directory_is_away),
        TEST(bears_a_damaged_file),
        TEST(counts_exactly_whatever_happens),
        TEST(is_named_after_what_it_selects),
    };

#ifndef MAILTALLY_JOURNAL
    puts("1..0 # SKIP built without libsystemd");
    return 0;
#endif
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
