/* The reader: every line of a file once, whatever the file is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include "../../source/reader.h"

#define ERROR_OCTETS 512

static struct reader *open_reader(const char *path)
{
    char error[ERROR_OCTETS] = "";
    struct reader *reader = reader_open(path, error, sizeof error);

    if (!reader)
        fail_msg("%s", error);
    return reader;
}

static void assert_next(struct reader *reader, const char *octets, size_t n)
{
    struct span line;

    assert_int_equal(reader_next(reader, &line), READER_LINE);
    assert_int_equal(line.n, n);
    assert_memory_equal(line.p, octets, n);
}

static void assert_line(struct reader *reader, const char *text)
{
    assert_next(reader, text, strlen(text));
}

static void assert_result(struct reader *reader, enum reader_result result)
{
    struct span line;

    assert_int_equal(reader_next(reader, &line), result);
}

/* At its end a reader stays there. */
static void assert_end(struct reader *reader)
{
    assert_result(reader, READER_END);
    assert_result(reader, READER_END);
    reader_close(reader);
}

static void gives_each_line_without_its_newline(void **state)
{
    struct reader *reader = open_reader(scratch_write(*state, "log", "one\n\ntwo\n"));

    assert_line(reader, "one");
    assert_line(reader, "");
    assert_line(reader, "two");
    assert_end(reader);
}

static void gives_the_last_line_without_a_newline(void **state)
{
    struct reader *reader = open_reader(scratch_write(*state, "log", "one\ntwo"));

    assert_line(reader, "one");
    assert_line(reader, "two");
    assert_end(reader);
}

static void keeps_carriage_returns_and_nul_octets(void **state)
{
    struct scratch *scratch = *state;
    struct reader *reader;

    scratch_put(scratch, "log", O_TRUNC, "a\0b\r\n\0\n", 7);
    reader = open_reader(scratch_path(scratch, "log"));
    assert_next(reader, "a\0b\r", 4);
    assert_next(reader, "", 1);
    assert_end(reader);
}

static void finds_nothing_in_an_empty_file(void **state)
{
    assert_end(open_reader(scratch_write(*state, "log", "")));
}

static void assert_refused(const char *path, const char *words)
{
    char error[ERROR_OCTETS] = "";

    assert_null(reader_open(path, error, sizeof error));
    assert_non_null(strstr(error, path));
    if (!strstr(error, words))
        fail_msg("\"%s\" does not say \"%s\"", error, words);
}

static void refuses_a_directory_and_says_what_to_do(void **state)
{
    struct scratch *scratch = *state;

    assert_refused(scratch->directory, "name the files in it");
}

static void names_a_missing_file_and_the_reason(void **state)
{
    assert_refused(scratch_path(*state, "nothing"), "No such file or directory");
}

static char *filled(size_t n, char with)
{
    char *text = malloc(n + 1);

    assert_non_null(text);
    memset(text, with, n);
    text[n] = '\0';
    return text;
}

static void gives_a_line_of_the_cap_and_skips_a_longer_one(void **state)
{
    struct scratch *scratch = *state;
    char *longest = filled(READER_LINE_OCTETS, 'x');
    struct reader *reader;

    scratch_write(scratch, "log", longest);
    scratch_append(scratch, "log", "\n");
    scratch_append(scratch, "log", longest);
    scratch_append(scratch, "log", "x\nafter\n");
    reader = open_reader(scratch_path(scratch, "log"));
    assert_line(reader, longest);
    assert_result(reader, READER_OVERLONG);
    assert_line(reader, "after");
    assert_end(reader);
    free(longest);
}

static void skips_a_line_of_100_megabytes_wherever_it_stands(void **state)
{
    struct scratch *scratch = *state;
    struct reader *reader;

    scratch_write(scratch, "log", "before\n");
    assert_int_equal(truncate(scratch_path(scratch, "log"), 100 << 20), 0);
    scratch_append(scratch, "log", "\nafter\n");
    assert_int_equal(truncate(scratch_path(scratch, "log"), 200 << 20), 0);
    reader = open_reader(scratch_path(scratch, "log"));
    assert_line(reader, "before");
    assert_result(reader, READER_OVERLONG);
    assert_line(reader, "after");
    assert_result(reader, READER_OVERLONG);
    assert_end(reader);
}

/* Lines of many lengths, so that each boundary of the buffer falls inside some, and on the newline of others. */
static size_t write_many(struct scratch *scratch, unsigned seed)
{
    FILE *file = fopen(scratch_path(scratch, "many"), "w");
    size_t lines = 0;

    assert_non_null(file);
    for (long octets = 0; octets < 3L * READER_BUFFER_OCTETS; lines++) {
        int n;

        seed = seed * 1103515245 + 12345;
        n = (int)(seed >> 16) % (lines % 50 == 0 ? 30000 : 200);
        octets += fprintf(file, "%zu %*s\n", lines, n, "e");
    }
    fclose(file);
    return lines;
}

static void assert_many(struct reader *reader, size_t lines)
{
    struct span line;

    for (size_t i = 0; i < lines; i++) {
        assert_int_equal(reader_next(reader, &line), READER_LINE);
        assert_int_equal(strtoul(line.p, NULL, 10), i);
        assert_int_equal(line.p[line.n - 1], 'e');
        assert_null(memchr(line.p, '\n', line.n));
    }
    assert_end(reader);
}

static void joins_lines_that_lie_across_blocks(void **state)
{
    for (unsigned seed = 1; seed <= 5; seed++) {
        size_t lines = write_many(*state, seed);

        assert_many(open_reader(scratch_path(*state, "many")), lines);
    }
}

/* Decompressed by content: the name says nothing. */
static void assert_unpacks(struct scratch *scratch, const char *program, const char *command)
{
    char line[128];
    size_t lines;

    snprintf(line, sizeof line, "command -v %s >/dev/null", program);
    if (scratch_shell(scratch, line) != 0)
        skip();
    lines = write_many(scratch, 7);
    assert_int_equal(scratch_shell(scratch, command), 0);
    assert_many(open_reader(scratch_path(scratch, "packed.log")), lines);
}

static void reads_gzip(void **state)
{
    assert_unpacks(*state, "gzip", "gzip -c many >packed.log");
}

static void reads_bzip2(void **state)
{
    assert_unpacks(*state, "bzip2", "bzip2 -c many >packed.log");
}

static void reads_xz(void **state)
{
    assert_unpacks(*state, "xz", "xz -c many >packed.log");
}

static void reads_zstd(void **state)
{
    assert_unpacks(*state, "zstd", "zstd -qc many >packed.log");
}

static void reads_files_that_were_compressed_apart_and_joined(void **state)
{
    static const char *const programs[] = { "gzip", "bzip2", "xz", "zstd -q" };

    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        char command[128];
        struct reader *reader;

        snprintf(command, sizeof command, "{ echo one | %s -c; echo two | %s -c; } >joined", programs[i], programs[i]);
        assert_int_equal(scratch_shell(*state, command), 0);
        reader = open_reader(scratch_path(*state, "joined"));
        assert_line(reader, "one");
        assert_line(reader, "two");
        assert_end(reader);
    }
}

static void reads_a_compressed_empty_file(void **state)
{
    assert_int_equal(scratch_shell(*state, "gzip -c </dev/null >empty.gz"), 0);
    assert_end(open_reader(scratch_path(*state, "empty.gz")));
}

static void says_that_an_archive_was_cut_off_after_its_good_lines(void **state)
{
    struct reader *reader;
    struct span line;
    enum reader_result result;
    size_t lines = write_many(*state, 3), good = 0;

    assert_int_equal(
        scratch_shell(*state, "gzip -1 -c many >whole.gz && head -c $(($(wc -c <whole.gz) / 2)) whole.gz >cut.gz"), 0);
    reader = open_reader(scratch_path(*state, "cut.gz"));
    while ((result = reader_next(reader, &line)) == READER_LINE)
        assert_int_equal(strtoul(line.p, NULL, 10), good++);
    assert_int_equal(result, READER_ERROR);
    assert_in_range(good, 1, lines - 1);
    assert_non_null(strstr(reader_error(reader), "cut.gz: decompressing failed"));
    assert_result(reader, READER_ERROR);
    reader_close(reader);
}

/* libarchive drops the block of 64 KiB in which the cut is; the rest is read, also where it is less than a buffer. */
static void keeps_what_an_archive_has_before_the_block_of_the_cut(void **state)
{
    struct reader *reader;
    struct span line;
    enum reader_result result;
    int good = 0;

    assert_int_equal(scratch_shell(*state, "seq 20000 29999 | sed 's/^/a line of twenty octets, and /' >many && "
                                           "gzip -c many >whole.gz && head -c 15000 whole.gz >cut.gz && "
                                           "n=$(gzip -dc cut.gz 2>/dev/null | wc -c) && "
                                           "[ $n -gt 196608 ] && [ $n -lt 262144 ]"),
                     0);
    reader = open_reader(scratch_path(*state, "cut.gz"));
    while ((result = reader_next(reader, &line)) == READER_LINE)
        good++;
    assert_int_equal(result, READER_ERROR);
    reader_close(reader);
    assert_in_range(good, 131072 / 35, 262144 / 35);
}

static void refuses_archives_of_files_and_says_what_to_do(void **state)
{
    static const char *const commands[] = { "tar -cf x log", "tar -czf x log", "printf 'PK\\3\\4\\24' >x",
                                            "printf '\\4\\042\\115\\030d' >x" };

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct reader *reader;

        scratch_write(*state, "log", "one\ntwo\n");
        assert_int_equal(scratch_shell(*state, commands[i]), 0);
        reader = open_reader(scratch_path(*state, "x"));
        assert_result(reader, READER_ERROR);
        assert_non_null(strstr(reader_error(reader), "x: is no log, but "));
        assert_non_null(strstr(reader_error(reader), "unpack it"));
        reader_close(reader);
    }
}

static void takes_a_client_that_writes_like_an_archive_for_a_client(void **state)
{
    struct reader *reader;

    assert_int_equal(scratch_shell(*state, "printf '%257sustar\\nanother\\n' '' >x"), 0);
    reader = open_reader(scratch_path(*state, "x"));
    assert_result(reader, READER_LINE);
    assert_result(reader, READER_LINE);
    assert_result(reader, READER_END);
    reader_close(reader);
}

static void does_not_unpack_an_archive_inside_an_archive(void **state)
{
    struct reader *reader;
    struct span line;

    assert_int_equal(scratch_shell(*state, "echo inside | gzip -c | xz -c >nested; echo inside | gzip -c >gz"), 0);
    reader = open_reader(scratch_path(*state, "nested"));
    while (reader_next(reader, &line) == READER_LINE)
        assert_false(line.n == 6 && memcmp(line.p, "inside", 6) == 0);
    reader_close(reader);
}

static void takes_text_that_begins_like_an_archive_as_text(void **state)
{
    struct reader *reader = open_reader(scratch_write(*state, "log", "BZ\nBZh"));

    assert_line(reader, "BZ");
    reader_close(reader);
    reader = open_reader(scratch_write(*state, "log", "B"));
    assert_line(reader, "B");
    assert_end(reader);
}

/* Standard input from a command that writes in small pieces. */
static void assert_from_stdin(struct scratch *scratch, const char *command, const char *first, const char *second)
{
    int saved = dup(STDIN_FILENO);
    char line[256];
    struct reader *reader;
    FILE *pipe;

    snprintf(line, sizeof line, "cd '%s' && %s", scratch->directory, command);
    pipe = popen(line, "r");
    assert_non_null(pipe);
    assert_true(dup2(fileno(pipe), STDIN_FILENO) >= 0);
    reader = open_reader("-");
    assert_line(reader, first);
    assert_line(reader, second);
    assert_end(reader);
    pclose(pipe);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

static void reads_standard_input_as_it_comes(void **state)
{
    assert_from_stdin(*state, "{ printf o; sleep 0.1; printf 'ne\\ntw'; sleep 0.1; printf 'o\\n'; }", "one", "two");
}

static void unpacks_a_pipe_that_gives_one_octet_at_a_time(void **state)
{
    assert_from_stdin(*state, "printf 'one\\ntwo\\n' | gzip -c | dd bs=1 2>/dev/null", "one", "two");
}

static void takes_the_time_of_the_file_for_its_year(void **state)
{
    struct reader *reader;

    scratch_write(*state, "log", "x\n");
    assert_int_equal(scratch_shell(*state, "touch -d @1000000000 log"), 0);
    reader = open_reader(scratch_path(*state, "log"));
    assert_int_equal(reader_reference_time(reader), 1000000000);
    reader_close(reader);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_each_line_without_its_newline),
        TEST(gives_the_last_line_without_a_newline),
        TEST(keeps_carriage_returns_and_nul_octets),
        TEST(finds_nothing_in_an_empty_file),
        TEST(refuses_a_directory_and_says_what_to_do),
        TEST(names_a_missing_file_and_the_reason),
        TEST(gives_a_line_of_the_cap_and_skips_a_longer_one),
        TEST(skips_a_line_of_100_megabytes_wherever_it_stands),
        TEST(joins_lines_that_lie_across_blocks),
        TEST(reads_gzip),
        TEST(reads_bzip2),
        TEST(reads_xz),
        TEST(reads_zstd),
        TEST(reads_files_that_were_compressed_apart_and_joined),
        TEST(reads_a_compressed_empty_file),
        TEST(says_that_an_archive_was_cut_off_after_its_good_lines),
        TEST(keeps_what_an_archive_has_before_the_block_of_the_cut),
        TEST(refuses_archives_of_files_and_says_what_to_do),
        TEST(takes_a_client_that_writes_like_an_archive_for_a_client),
        TEST(does_not_unpack_an_archive_inside_an_archive),
        TEST(takes_text_that_begins_like_an_archive_as_text),
        TEST(reads_standard_input_as_it_comes),
        TEST(unpacks_a_pipe_that_gives_one_octet_at_a_time),
        TEST(takes_the_time_of_the_file_for_its_year),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
