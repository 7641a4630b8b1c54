/* What the two directions of the state's text share: its tables. For state_text.c and state_text_read.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_STATE_TEXT_INSIDE_H
#define MAILTALLY_STATE_TEXT_INSIDE_H

#include <stddef.h>

#include "../source/saved.h"
#include "state_text.h"

#define STATE_TEXT_FORM 1

/* A named field of a struct, by its place. */
struct text_field {
    const char *name;
    size_t offset;
};

static const struct text_field agent_numbers[] = {
    /* uint64_t of struct state_agent */
    { "starts", offsetof(struct state_agent, starts) },
    { "saveFailures", offsetof(struct state_agent, save_failures) },
    { "linesRead", offsetof(struct state_agent, counts.lines) },
    { "linesRecognised", offsetof(struct state_agent, counts.recognised) },
    { "linesIgnored", offsetof(struct state_agent, counts.ignored) },
    { "linesUnrecognised", offsetof(struct state_agent, counts.unrecognised) },
    { "linesOverlong", offsetof(struct state_agent, counts.overlong) },
    { "messagesForgotten", offsetof(struct state_agent, evicted) },
};

static const struct text_field agent_times[] = {
    /* int64_t of struct state_agent */
    { "discontinuity", offsetof(struct state_agent, discontinuity) },
    { "saved", offsetof(struct state_agent, saved) },
    { "lastEvent", offsetof(struct state_agent, counts.last_event) },
};

static const struct text_field refusal_counts[] = {
    /* uint64_t of struct reason_counts; columns of the MIB */
    { "permanent", offsetof(struct reason_counts, permanent) },
    { "temporary", offsetof(struct reason_counts, temporary) },
    { "warned", offsetof(struct reason_counts, warned) },
};

static const char *const source_types[] = {
    [SOURCE_FILE] = "file",   [SOURCE_JOURNAL] = "journal", [SOURCE_DIRECTORY] = "directory",
    [SOURCE_STDIN] = "stdin", [SOURCE_FIFO] = "fifo",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static inline void *text_field_at(const void *holder, const struct text_field *field)
{
    return (void *)((uintptr_t)holder + field->offset);
}

#endif
