/* A set of sources in a scratch directory, read as the daemon reads it, and what came of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FOLLOWING_H
#define MAILTALLY_FOLLOWING_H

#include "scratch.h"

#include "../../source/set.h"

#define GIVEN_OCTETS (256 * 1024)
#define QUIET_MS     150
#define PATIENCE_MS  30000

/* All lines that came, each with a newline; of all sources, or "N:" in front with `tagged`. */
struct given {
    char text[GIVEN_OCTETS];
    size_t n, lines, overlong;
    bool tagged;
};

static inline void take_line(void *context, size_t source, struct span line)
{
    struct given *given = context;

    given->lines++;
    if (given->n + line.n + 16 > GIVEN_OCTETS)
        given->n = 0;
    if (given->tagged)
        given->n += (size_t)snprintf(given->text + given->n, 16, "%zu:", source);
    given->n += (size_t)snprintf(given->text + given->n, GIVEN_OCTETS - given->n, "%.*s\n", (int)line.n, line.p);
}

static inline void take_overlong(void *context, size_t source)
{
    struct given *given = context;

    (void)source;
    given->overlong++;
}

struct following {
    struct scratch *scratch;
    struct source_set *set;
    struct given given;
};

static inline int begin(void **state)
{
    struct following *following = calloc(1, sizeof *following);
    void *scratch = NULL;

    if (!following || scratch_make(&scratch) != 0)
        return -1;
    following->scratch = scratch;
    following->set = source_set_new();
    following->set->quiet_ms = QUIET_MS;
    *state = following;
    return 0;
}

static inline int end(void **state)
{
    struct following *following = *state;
    void *scratch = following->scratch;

    source_set_free(following->set);
    free(following);
    return scratch_remove(&scratch);
}

static inline void add(struct following *following, const char *name)
{
    assert_true(source_set_add_file(following->set, scratch_path(following->scratch, name), NULL));
}

static inline size_t read_all(struct following *following)
{
    struct source_lines lines = { take_line, take_overlong, &following->given };
    size_t total = 0, octets;

    while ((octets = source_set_read(following->set, 1 << 20, &lines)))
        total += octets;
    return total;
}

/* Waits and reads as the daemon does, until exactly these lines have come; they are then forgotten. */
static inline void expect(struct following *following, const char *text)
{
    int64_t deadline = source_clock_ms() + PATIENCE_MS;

    for (;;) {
        read_all(following);
        if (following->given.n >= strlen(text) || source_clock_ms() > deadline)
            break;
        source_set_wait(following->set, 100, -1);
    }
    following->given.text[following->given.n] = '\0';
    assert_string_equal(following->given.text, text);
    following->given.n = 0;
}

static inline void expect_nothing_for(struct following *following, int ms)
{
    int64_t deadline = source_clock_ms() + ms;

    while (source_clock_ms() < deadline) {
        read_all(following);
        source_set_wait(following->set, 20, -1);
    }
    following->given.text[following->given.n] = '\0';
    assert_string_equal(following->given.text, "");
}

static inline struct source_status status_of(struct following *following, size_t source)
{
    struct source_status status;

    source_set_status(following->set, source, &status);
    return status;
}

#endif
