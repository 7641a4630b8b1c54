/* Votes on time.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "ahead.h"

/* Several events of a line have one vote. */
static bool is_new_line(struct ahead *a, const struct line *line)
{
    bool is_new = a->file != line->file || a->line != line->number;

    a->file = line->file;
    a->line = line->number;
    return is_new;
}

enum ahead_verdict ahead_close(const struct ahead *a)
{
    return a->ahead >= a->behind ? AHEAD_WENT_ON : AHEAD_WAS_WRONG;
}

static enum ahead_verdict decide(const struct ahead *a)
{
    if (a->ahead >= AHEAD_LINES || a->behind >= AHEAD_LINES || a->n == AHEAD_EVENTS)
        return ahead_close(a);
    return AHEAD_OPEN;
}

enum ahead_verdict ahead_put(struct ahead *a, const struct line *line, const struct ahead_event *event)
{
    a->events[a->n++] = *event;
    a->ahead += is_new_line(a, line);
    return decide(a);
}

enum ahead_verdict ahead_not(struct ahead *a, const struct line *line)
{
    a->behind += is_new_line(a, line);
    return decide(a);
}
