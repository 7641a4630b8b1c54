/* A directory of its own for each test that needs real files. In each test: struct scratch *scratch = *state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SCRATCH_H
#define MAILTALLY_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
    char directory[64];
    char path[128];
};

static inline int scratch_make(void **state)
{
    struct scratch *scratch = calloc(1, sizeof *scratch);

    if (!scratch)
        return -1;
    strcpy(scratch->directory, "/tmp/mailtally-test.XXXXXX");
    *state = scratch;
    return mkdtemp(scratch->directory) ? 0 : -1;
}

static inline int scratch_remove(void **state)
{
    struct scratch *scratch = *state;
    char command[128];
    int result;

    snprintf(command, sizeof command, "rm -rf -- '%s'", scratch->directory);
    result = system(command);
    free(scratch);
    return result;
}

/* The full name of a file in the directory; until the next call. */
static inline const char *scratch_path(struct scratch *scratch, const char *name)
{
    snprintf(scratch->path, sizeof scratch->path, "%s/%s", scratch->directory, name);
    return scratch->path;
}

static inline void scratch_put(struct scratch *scratch, const char *name, int flags, const void *octets, size_t n)
{
    int fd = open(scratch_path(scratch, name), O_WRONLY | O_CREAT | flags, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, octets, n), n);
    assert_int_equal(close(fd), 0);
}

static inline const char *scratch_write(struct scratch *scratch, const char *name, const char *text)
{
    scratch_put(scratch, name, O_TRUNC, text, strlen(text));
    return scratch_path(scratch, name);
}

static inline void scratch_append(struct scratch *scratch, const char *name, const char *text)
{
    scratch_put(scratch, name, O_APPEND, text, strlen(text));
}

static inline void scratch_rename(struct scratch *scratch, const char *from, const char *to)
{
    char old[128];

    strcpy(old, scratch_path(scratch, from));
    assert_int_equal(rename(old, scratch_path(scratch, to)), 0);
}

/* Runs a shell command in the directory; its status. */
static inline int scratch_shell(struct scratch *scratch, const char *command)
{
    char line[512];

    snprintf(line, sizeof line, "cd '%s' && { %s; }", scratch->directory, command);
    return system(line);
}

#endif
