/* The state as text: what is dumped is taken back as it was, and nothing else is.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "scratch.h"

#include <time.h>

#include "../../agent/state_text.h"
#include "../../source/saved.h"

#define TEXT_OCTETS 200000

/* ---- helpers ---- */

static void event(struct state *s, const char *host, enum counter counter, uint64_t n)
{
    struct line line = { .tally = tallies_host(s->tallies, span_of(host)), .reference = 1795232821 };
    struct event e = event_of(EVENT_COUNT, &line);

    line.header.time = 1795232821; /* 2026-11-21T03:47:01Z */
    e.counter = counter;
    e.count = n;
    e.reason = counter == COUNTER_DEFERRED ? (uint8_t)DEFERRAL_OTHER : (uint8_t)REFUSAL_DNSBL;
    e.zone = counter == COUNTER_REJECTED ? SPAN("zen.example.net") : (struct span){ NULL, 0 };
    e.delay_ms = 20000;
    tallies_event(s->tallies, &e);
}

static void put_position(struct store *list, enum source_type type, const char *name)
{
    struct store part = { 0 };

    store_number(&part, 77); /* lines */
    store_number(&part, 7700);
    store_text(&part, "what only the source understands");
    saved_add(list, &(struct saved_position){ .type = type,
                                              .name = span_of(name),
                                              .seen = time(NULL),
                                              .part = { (const char *)part.octets, part.n } });
    store_free(&part);
}

/* With something in each part. The image is what a file would have held. */
static void make(struct state *s, struct store *positions)
{
    struct store list = { 0 };
    char error[STATE_ERROR_OCTETS];

    assert_int_equal(state_open("/nonexistent", s, error), STATE_NONE);
    event(s, "mx1.example.org", COUNTER_RECEIVED, 12);
    event(s, "mx1.example.org", COUNTER_REJECTED, 5);
    event(s, "mx2.example.org", COUNTER_SENT, 7);
    event(s, "mx2.example.org", COUNTER_DEFERRED, 3);
    s->agent.discontinuity = 1795232000;
    s->agent.starts = 9;
    s->agent.save_failures = 2;
    s->agent.counts.lines = 5000000000;
    put_position(&list, SOURCE_FILE, "/var/log/mail.log");
    put_position(&list, SOURCE_STDIN, "standard input");
    put_position(&list, SOURCE_JOURNAL, "a\tname\\with \x1b[1m\xc3\xa4");
    saved_end(positions, 3, &list);
    s->image.sections[STATE_SOURCES] = (struct span){ (const char *)positions->octets, positions->n };
    store_free(&list);
}

static void dump(const struct state *s, char *text)
{
    FILE *out = fmemopen(text, TEXT_OCTETS, "w");

    assert_non_null(out);
    assert_true(state_text_write(s, out));
    fclose(out);
}

/* Into a new state, which is the caller's also when it fails. */
static bool take(struct state *s, const char *text, char *error)
{
    FILE *in = *text ? fmemopen((char *)(uintptr_t)text, strlen(text), "r") : fopen("/dev/null", "r");
    bool taken;

    assert_non_null(in);
    assert_int_equal(state_open("/nonexistent", s, error), STATE_NONE);
    taken = state_text_read(s, in, error);
    fclose(in);
    return taken;
}

static bool is_taken(const char *text)
{
    char error[STATE_ERROR_OCTETS] = "";
    struct state s;
    bool taken = take(&s, text, error);

    assert_true(taken || error[0]);
    state_close(&s);
    return taken;
}

static int make_text(void **state)
{
    struct store positions = { 0 };
    char *text = calloc(1, TEXT_OCTETS);
    struct state s;

    make(&s, &positions);
    dump(&s, text);
    s.image = (struct state_image){ 0 };
    state_close(&s);
    store_free(&positions);
    *state = text;
    return 0;
}

static int free_text(void **state)
{
    free(*state);
    return 0;
}

/* ---- tests ---- */

static void every_fact_is_a_line(void **state)
{
    static const char *const lines[] = {
        "\nagent\t-\tdiscontinuity\t2026-11-21T03:33:20Z\n",
        "\nagent\t-\tstarts\t9\n",
        "\nagent\t-\tsaveFailures\t2\n",
        "\nagent\t-\tlinesRead\t5000000000\n",
        "\ntotal\t-\treceived\t12\n",
        "\ntotal\t-\tlastEvent\t2026-11-21T03:47:01Z\n",
        "\nhost\tmx1.example.org\treceived\t12\n",
        "\nhost\tmx2.example.org\treceived\t0\n",
        "\nhost\tmx2.example.org\tsent\t7\n",
        "\nreject\tdnsbl\tpermanent\t5\n",
        "\nreject\tdnsbl\twarned\t0\n",
        "\ndeferral\tother\tattempts\t3\n",
        "\nzone\tzen.example.net\tpermanent\t5\n",
        "\ndelay\tsent\t15\t0\n",
        "\ndelay\tsent\t60\t7\n",
        "\ndelay\tsent\tany\t7\n",
        "\nsource\t/var/log/mail.log\ttype\tfile\n",
        "\nnote\t/var/log/mail.log\tlines\t77\n",
        "\nsource\ta\\x09name\\x5Cwith \\x1B[1m\\xC3\\xA4\ttype\tjournal\n",
        "\nnote\t-\tendedCleanly\tyes\n",
    };
    const char *text = *state;

    assert_int_equal(strncmp(text, "mailtally\tstate\tform\t1\n", 23), 0);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!strstr(text, lines[i]))
            fail_msg("there is no line %s", lines[i] + 1);
}

static void what_was_dumped_is_taken_back(void **state)
{
    const char *text = *state;
    char again[TEXT_OCTETS] = "", error[STATE_ERROR_OCTETS];
    struct store sources = { 0 };
    struct saved_position p;
    struct state s;
    struct load load;
    uint64_t n;

    if (!take(&s, text, error))
        fail_msg("%s", error);
    assert_int_equal(tallies_total(s.tallies)->counters[COUNTER_RECEIVED], 12);
    assert_int_equal(tallies_hosts(s.tallies), 2);
    assert_int_equal(tallies_delays(s.tallies, COUNTER_SENT, DELAY_BUCKETS - 1), 7);
    assert_int_equal(s.agent.discontinuity, 1795232000);
    /* Positions wait for their sources; that of a pipe is nothing on another host. */
    source_set_save(s.set, &sources);
    load = load_of((struct span){ (const char *)sources.octets, sources.n });
    assert_true(saved_begin(&load, &n));
    assert_int_equal(n, 2);
    assert_true(saved_next(&load, &n, &p));
    assert_true(span_is(p.name, "/var/log/mail.log"));
    assert_int_equal(p.octets, 7700);
    assert_true(saved_next(&load, &n, &p));
    assert_true(span_is(p.name, "a\tname\\with \x1b[1m\xc3\xa4"));
    assert_false(saved_next(&load, &n, &p));
    /* And all else is the same again. */
    s.image.sections[STATE_SOURCES] = (struct span){ (const char *)sources.octets, sources.n };
    dump(&s, again);
    assert_memory_equal(again, text, (size_t)(strstr(text, "\nsource\t") - text));
    s.image = (struct state_image){ 0 };
    state_close(&s);
    store_free(&sources);
}

static void a_text_that_was_cut_is_refused(void **state)
{
    const char *text = *state;
    char *cut = strdup(text);
    size_t n = strlen(text), steps = 0;

    assert_true(is_taken(text));
    for (size_t i = n - 1; i-- > 0; i = i > 40 ? i - 7 : i, steps++) { /* without its last newline it is whole */
        cut[i] = '\0';
        if (is_taken(cut))
            fail_msg("%zu of %zu octets are taken", i, n);
    }
    assert_true(steps > 500);
    free(cut);
}

static void a_text_without_one_of_its_lines_is_refused(void **state)
{
    const char *text = *state;
    char *less = malloc(TEXT_OCTETS);
    int lines = 0;

    for (const char *line = text; *line; lines++) {
        const char *next = strchr(line, '\n') + 1;

        memcpy(less, text, (size_t)(line - text));
        strcpy(less + (line - text), next);
        if (is_taken(less))
            fail_msg("without line %d it is taken", lines + 1);
        line = next;
    }
    assert_true(lines > 200);
    free(less);
}

static void what_makes_no_sense_is_told_with_its_line(void **state)
{
    static const char *const wrong[][2] = {
        { "\ttype\tfile", "\ttype\tbox" },
        { "total\t-\treceived\t12", "total\t-\treceived\t-12" },
        { "total\t-\treceived\t12", "total\t-\treceived\t12x" },
        { "total\t-\treceived\t12", "total\t-\treceived\t99999999999999999999999" },
        { "total\t-\treceived\t12", "total\t-\treceeved\t12" },
        { "total\t-\treceived\t12", "total\t-\treceived" },
        { "host\tmx1.example.org\treceived", "host\t\treceived" },
        { "reject\tdnsbl", "reject\tdnsblx" },
        { "delay\tsent\t60\t7", "delay\tsent\t61\t7" },
        { "delay\tsent\t60\t7", "delay\tsent\t60\t8" }, /* fewer took longer */
        { "2026-11-21T03:33:20Z", "yesterday" },
        { "form\t1", "form\t2" },
        { "\\x09name", "\\x9name" },
        { "\\x09name", "\\x00name" },
        { "\nagent\t-\tstarts", "\nagent\t-\tstars" },
        { "\nnote\t", "\nnotes\t" },
    };
    const char *text = *state;
    char *changed = malloc(TEXT_OCTETS), error[STATE_ERROR_OCTETS];

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *at = strstr(text, wrong[i][0]);
        struct state s;

        assert_non_null(at);
        memcpy(changed, text, (size_t)(at - text));
        sprintf(changed + (at - text), "%s%s", wrong[i][1], at + strlen(wrong[i][0]));
        if (take(&s, changed, error))
            fail_msg("%s is taken", wrong[i][1]);
        if (strcmp(wrong[i][1], "delay\tsent\t60\t8") != 0) {
            char sentence[80];
            int line = 1;

            for (const char *p = text; p < at + (wrong[i][0][0] == '\n'); p++)
                line += *p == '\n';
            snprintf(sentence, sizeof sentence, "line %d is not what mailtallyd --dump-state writes", line);
            assert_string_equal(error, sentence);
        }
        state_close(&s);
    }
    assert_false(is_taken(""));
    assert_false(is_taken("hello\n"));
    free(changed);
}

static void two_dumps_in_one_file_are_refused(void **state)
{
    const char *text = *state;
    char *twice = malloc(2 * TEXT_OCTETS);

    sprintf(twice, "%s%s", text, text);
    assert_false(is_taken(twice));
    free(twice);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fact_is_a_line),
        cmocka_unit_test(what_was_dumped_is_taken_back),
        cmocka_unit_test(a_text_that_was_cut_is_refused),
        cmocka_unit_test(a_text_without_one_of_its_lines_is_refused),
        cmocka_unit_test(what_makes_no_sense_is_told_with_its_line),
        cmocka_unit_test(two_dumps_in_one_file_are_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("state_text", tests, make_text, free_text);
}
