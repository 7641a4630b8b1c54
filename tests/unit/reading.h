/* What comes out of a set of sources, over stops and starts: for tests of the kinds of source.
 * In each test: struct reading *r = *state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_TEST_READING_H
#define MAILTALLY_TEST_READING_H

#include "scratch.h"

#include <signal.h>

#include "../../source/set.h"

#define READING_OCTETS      (1024 * 1024)
#define READING_QUIET_MS    100
#define READING_PATIENCE_MS 30000

struct reading {
    struct scratch *scratch;
    struct source_set *set;
    struct store saved;
    size_t lines, overlong, n;
    char text[READING_OCTETS]; /* the lines that came, each with a newline */
};

static inline void reading_take_line(void *context, size_t source, struct span line)
{
    struct reading *r = context;

    (void)source;
    r->lines++;
    assert_true(r->n + line.n + 1 < READING_OCTETS);
    if (line.n)
        memcpy(r->text + r->n, line.p, line.n);
    r->n += line.n;
    r->text[r->n++] = '\n';
}

static inline void reading_take_overlong(void *context, size_t source)
{
    struct reading *r = context;

    (void)source;
    r->overlong++;
}

static inline struct source_lines reading_lines(struct reading *r)
{
    return (struct source_lines){ reading_take_line, reading_take_overlong, r };
}

static inline void reading_new_set(struct reading *r)
{
    r->set = source_set_new();
    assert_non_null(r->set);
    r->set->quiet_ms = READING_QUIET_MS;
}

static inline int reading_begin(void **state)
{
    struct reading *r = calloc(1, sizeof *r);
    void *scratch = NULL;

    if (!r || scratch_make(&scratch) != 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    r->scratch = scratch;
    reading_new_set(r);
    *state = r;
    return 0;
}

static inline int reading_end(void **state)
{
    struct reading *r = *state;
    void *scratch = r->scratch;

    source_set_free(r->set);
    store_free(&r->saved);
    free(r);
    return scratch_remove(&scratch);
}

static inline void reading_save(struct reading *r)
{
    r->saved.n = 0;
    source_set_save(r->set, &r->saved);
    assert_false(r->saved.failed);
}

/* The daemon dies and comes again with what was saved last; its sources are to be added again. */
static inline void reading_restart(struct reading *r)
{
    struct load load = load_of((struct span){ (const char *)r->saved.octets, r->saved.n });

    source_set_free(r->set);

    reading_new_set(r);
    assert_true(source_set_load(r->set, &load));
}

static inline void reading_read(struct reading *r)
{
    struct source_lines lines = reading_lines(r);

    while (source_set_read(r->set, 1 << 20, &lines))
        ;
}

/* Reads and waits until `n` octets of lines have come, or patience ends. */
static inline void reading_wait(struct reading *r, size_t n)
{
    int64_t deadline = source_clock_ms() + READING_PATIENCE_MS;

    for (;;) {
        reading_read(r);
        if (r->n >= n || source_clock_ms() > deadline)
            return;
        source_set_wait(r->set, 100, -1);
    }
}

/* Exactly these lines come; they are then forgotten. */
static inline void reading_expect(struct reading *r, const char *text)
{
    reading_wait(r, strlen(text));
    r->text[r->n] = '\0';
    assert_string_equal(r->text, text);
    r->n = 0;
}

static inline void reading_expect_nothing(struct reading *r, int ms)
{
    int64_t deadline = source_clock_ms() + ms;

    while (source_clock_ms() < deadline) {
        reading_read(r);
        source_set_wait(r->set, 20, -1);
    }
    r->text[r->n] = '\0';
    assert_string_equal(r->text, "");
}

static inline struct source_status reading_status(struct reading *r)
{
    struct source_status status;

    source_set_status(r->set, 0, &status);
    return status;
}

/* Until the source is in this state. */
static inline void reading_expect_state(struct reading *r, enum source_state state)
{
    int64_t deadline = source_clock_ms() + READING_PATIENCE_MS;

    while (reading_status(r).state != state && source_clock_ms() < deadline) {
        reading_read(r);
        source_set_wait(r->set, 20, -1);
    }
    assert_int_equal(reading_status(r).state, state);
}

/* A program of a package that tools/deps only unpacks, or NULL: tests are run from the top directory. */
static inline const char *reading_tool(const char *unpacked, const char *installed, char *path, size_t octets)
{
    char *top = realpath(".", NULL);

    snprintf(path, octets, "%s/build/tools/%s", top ? top : "", unpacked);
    free(top);
    if (access(path, X_OK) == 0)
        return path;
    snprintf(path, octets, "%s", installed);
    return access(path, X_OK) == 0 ? path : NULL;
}

#endif
