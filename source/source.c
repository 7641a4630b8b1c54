/* The set: whose turn it is, when to look, how to wait. What a source is stands in follow.c and stream.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../parser/header.h"
#include "set.h"

#define POLLED_MAX 16 /* descriptors that one wait can listen to, inotify and the wake-up among them */

int64_t source_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct source_set *source_set_new(void)
{
    struct source_set *set = calloc(1, sizeof *set);

    if (!set)
        return NULL;
    set->quiet_ms = SOURCE_QUIET_MS;
    set->last_sweep_ms = source_clock_ms();
    set->watch = watch_new();
    set->block = malloc(READER_BUFFER_OCTETS);
    if (set->block)
        return set;
    source_set_free(set);
    return NULL;
}

static void source_free(struct source *source)
{
    source->ops->close(source);
    free(source->name);
    free(source->host);
    free(source);
}

void source_set_free(struct source_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->sources_n; i++)
        source_free(set->sources[i]);
    watch_free(set->watch);
    free(set->sources);
    free(set->block);
    free(set);
}

static bool make_room(struct source_set *set)
{
    size_t room = set->room ? set->room * 2 : 8;
    struct source **sources;

    if (set->sources_n < set->room)
        return true;
    if (set->sources_n >= SOURCES_CAP)
        return false;
    sources = realloc(set->sources, room * sizeof(struct source *));
    if (!sources)
        return false;
    set->sources = sources;
    set->room = room;
    return true;
}

bool source_adopt(struct source_set *set, struct source *source, const struct source_ops *ops, const char *name,
                  const char *host)
{
    source->ops = ops;
    source->set = set;
    source->index = set->sources_n;
    source->name = strdup(name);
    source->host = host ? strdup(host) : NULL;
    source->state = SOURCE_OK;
    source->last_read = TIME_UNKNOWN;
    source->due = true;
    if (!source->name || (host && !source->host) || !make_room(set)) {
        source_free(source);
        return false;
    }
    set->sources[set->sources_n++] = source;
    return true;
}

void source_set_status(const struct source_set *set, size_t index, struct source_status *status)
{
    const struct source *source = set->sources[index];

    *status = (struct source_status){
        .name = source->name,
        .type = source->ops->type,
        .state = source->state == SOURCE_OK && source->behind_octets ? SOURCE_CATCHING_UP : source->state,
        .lines = source->lines,
        .octets = source->octets,
        .behind_octets = source->behind_octets,
        .last_read = source->last_read,
        .rotations = source->rotations,
        .errors = source->errors,
    };
    memcpy(status->last_error, source->last_error, sizeof status->last_error);
}

const char *source_set_host(const struct source_set *set, size_t source)
{
    return set->sources[source]->host;
}

void source_trouble(struct source *source, enum source_state state, const char *what, int why, const char *advice)
{
    char sentence[sizeof source->last_error];

    snprintf(sentence, sizeof sentence, "%s: %s%s%s%s%s", source->name, what, why ? ": " : "", why ? strerror(why) : "",
             *advice ? "; " : "", advice);
    if (source->state != state || strcmp(source->last_error, sentence) != 0)
        source->errors++;
    source->state = state;
    memcpy(source->last_error, sentence, sizeof sentence);
}

void source_trouble_ends(struct source *source)
{
    source->state = SOURCE_OK;
    source->last_error[0] = '\0';
}

static void give(struct source *source, const struct source_lines *lines, struct span line, bool overlong)
{
    source->lines++;
    if (overlong || line.n > READER_LINE_OCTETS)
        lines->overlong(lines->context, source->index);
    else
        lines->line(lines->context, source->index, line);
}

size_t source_give_lines(struct source *source, const struct source_lines *lines, struct span block, bool *skipping)
{
    struct span rest = block, line;

    while (span_take_until(&rest, '\n', &line)) {
        give(source, lines, line, *skipping);
        *skipping = false;
    }
    source->octets += block.n - rest.n;
    if (block.n)
        source->last_read = (int64_t)time(NULL);
    return block.n - rest.n;
}

void source_give_rest(struct source *source, const struct source_lines *lines, struct span rest, bool *skipping)
{
    if (rest.n || *skipping)
        give(source, lines, rest, *skipping);
    source->octets += rest.n;
    *skipping = false;
}

static void mark(void *context, int directory, const char *name)
{
    struct source_set *set = context;

    for (size_t i = 0; i < set->sources_n; i++) {
        struct source *source = set->sources[i];

        if (directory == WATCH_ALL || (source->ops->concerns && source->ops->concerns(source, directory, name)))
            source->due = true;
    }
}

/* Takes what inotify knows, and once a second everything, since hints may be missing. */
static void look(struct source_set *set)
{
    int64_t now = source_clock_ms();

    if (set->watch)
        watch_news(set->watch, mark, set);
    if (now - set->last_sweep_ms >= SOURCE_SWEEP_MS) {
        set->last_sweep_ms = now;
        mark(set, WATCH_ALL, "");
    }
    for (size_t i = 0; i < set->sources_n; i++) {
        struct source *source = set->sources[i];

        if (source->due)
            source->ops->look(source);
        source->due = false;
    }
}

/* One block for each source that has something, beginning with the one after the last that was served. */
static size_t read_round(struct source_set *set, size_t max_octets, const struct source_lines *lines)
{
    size_t total = 0, first = set->turn;

    for (size_t i = 0; i < set->sources_n && total < max_octets; i++) {
        struct source *source = set->sources[(first + i) % set->sources_n];
        size_t octets;

        if (!source->ready)
            continue;
        octets = source->ops->read(source, max_octets - total, lines);
        source->ready = octets > 0;
        total += octets;
        set->turn = (source->index + 1) % set->sources_n;
    }
    return total;
}

size_t source_set_read(struct source_set *set, size_t max_octets, const struct source_lines *lines)
{
    size_t total = 0, octets;

    look(set);
    do {
        octets = total < max_octets ? read_round(set, max_octets - total, lines) : 0;
        total += octets;
    } while (octets);
    return total;
}

static bool any_ready(const struct source_set *set)
{
    for (size_t i = 0; i < set->sources_n; i++)
        if (set->sources[i]->ready)
            return true;
    return false;
}

static nfds_t descriptors(const struct source_set *set, struct pollfd *polled, int wake_fd)
{
    nfds_t n = 0;

    polled[n++] = (struct pollfd){ .fd = wake_fd, .events = POLLIN };
    if (set->watch)
        polled[n++] = (struct pollfd){ .fd = watch_descriptor(set->watch), .events = POLLIN };
    for (size_t i = 0; i < set->sources_n && n < POLLED_MAX; i++) {
        const struct source *source = set->sources[i];

        if (source->ops->descriptor)
            polled[n++] = (struct pollfd){ .fd = source->ops->descriptor(source), .events = POLLIN };
    }
    return n;
}

void source_set_wait(struct source_set *set, int timeout_ms, int wake_fd)
{
    int64_t deadline = source_clock_ms() + timeout_ms;
    int64_t step = set->quiet_ms < SOURCE_SWEEP_MS ? set->quiet_ms : SOURCE_SWEEP_MS;
    struct pollfd polled[POLLED_MAX];

    for (;;) {
        int64_t left = deadline - source_clock_ms();

        look(set);
        if (any_ready(set) || left <= 0)
            return;
        /* Interrupted by a signal: the caller may have been told to end. */
        if (poll(polled, descriptors(set, polled, wake_fd), (int)(left < step ? left : step)) < 0)
            return;
        if (polled[0].revents)
            return;
        for (size_t i = 0; i < set->sources_n; i++)
            set->sources[i]->due |= set->sources[i]->restless;
    }
}
