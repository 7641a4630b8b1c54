/* When to look, whose turn it is, how to wait.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "turns.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "set.h"

#define POLLED_MAX (TURNS_POLLED + 3)

/* A log host's files get thousands of lines a second: they are taken in handfuls. */
#define NEWS_MS 10

static bool grow(void *array, size_t n, size_t octets)
{
    void **place = array, *grown = realloc(*place, n * octets);

    if (grown)
        *place = grown;
    return grown;
}

bool turns_make_room(struct turns *turns, size_t sources)
{
    return grow(&turns->due, sources, sizeof *turns->due) && grow(&turns->ready, sources, sizeof *turns->ready) &&
           grow(&turns->restless, sources, sizeof *turns->restless) &&
           grow(&turns->chain, sources, sizeof *turns->chain);
}

void turns_free(struct turns *turns)
{
    free(turns->due);
    free(turns->ready);
    free(turns->restless);
    free(turns->chain);
}

static uint32_t *bucket(struct turns *turns, const char *base)
{
    uint32_t hash = 2166136261;

    for (; *base; base++)
        hash = (hash ^ (unsigned char)*base) * 16777619;
    return &turns->buckets[(hash ^ hash >> 16) % TURNS_BUCKETS];
}

void turns_add(struct source_set *set, struct source *source)
{
    struct turns *turns = &set->turns;
    uint32_t index = (uint32_t)source->index;

    turns->due[index] = true;
    turns->ready[index] = turns->restless[index] = false;
    turns->chain[index] = 0;
    if (source->ops->by_base) {
        uint32_t *first = bucket(turns, source->base);

        turns->chain[index] = *first;
        *first = index + 1;
    } else if (source->ops->concerns && turns->of_all_n < SOURCES_OF_ALL) {
        turns->of_all[turns->of_all_n++] = index;
    }
    if (source->ops->descriptor && turns->polled_n < TURNS_POLLED)
        turns->polled[turns->polled_n++] = index;
}

/* ---- looking ---- */

static void mark(struct source_set *set, uint32_t index, int directory, const char *name)
{
    const struct source *source = set->sources[index];

    if (source->ops->concerns && source->ops->concerns(source, directory, name))
        set->turns.due[index] = true;
}

static void take_news(void *context, int directory, const char *name)
{
    struct source_set *set = context;
    struct turns *turns = &set->turns;

    if (directory == WATCH_ALL) {
        memset(turns->due, true, set->sources_n);
    } else if (!*name) {
        for (size_t i = 0; i < set->sources_n; i++)
            mark(set, (uint32_t)i, directory, name);
    } else {
        for (uint32_t next = *bucket(turns, name); next; next = turns->chain[next - 1])
            if (strcmp(set->sources[next - 1]->base, name) == 0)
                mark(set, next - 1, directory, name);
        for (size_t i = 0; i < turns->of_all_n; i++)
            mark(set, turns->of_all[i], directory, name);
    }
}

static void beat(struct source_set *set)
{
    if (set->beat)
        atomic_store(set->beat, source_clock_ms());
}

/* The index of the next one that is set, from `from` on; `n` when there is none. */
static size_t next_set(const bool *flags, size_t from, size_t n)
{
    const bool *found = from < n ? memchr(flags + from, true, n - from) : NULL;

    return found ? (size_t)(found - flags) : n;
}

/* Takes what inotify knows, and once a second everything, since hints may be missing. */
static void look(struct source_set *set)
{
    struct turns *turns = &set->turns;
    size_t n = set->sources_n;
    int64_t now = source_clock_ms();

    aside_look(set);
    if (set->watch)
        watch_news(set->watch, take_news, set);
    if (n && now - turns->last_sweep_ms >= SOURCE_SWEEP_MS) {
        turns->last_sweep_ms = now;
        memset(turns->due, true, n);
    }
    for (size_t i = next_set(turns->due, 0, n); i < n; i = next_set(turns->due, i + 1, n)) {
        struct source *source = set->sources[i];

        source->due = source->ready = source->restless = false;
        beat(set);
        if (!source->resting)
            source->ops->look(source);
        turns->due[i] = source->due;
        turns->ready[i] = source->ready;
        turns->restless[i] = source->restless;
    }
}

void source_set_want(struct source_set *set, size_t index, bool wanted)
{
    struct source *source = set->sources[index];

    if (!source->ops->rest || source->resting == !wanted)
        return;
    source->resting = !wanted;
    if (source->resting)
        source->ops->rest(source);
    set->turns.due[index] = true;
    set->turns.ready[index] = false;
}

/* ---- reading ---- */

static size_t read_one(struct source_set *set, size_t index, size_t octets, const struct source_lines *lines)
{
    struct turns *turns = &set->turns;
    struct source *source = set->sources[index];
    size_t given;

    beat(set);
    given = source->ops->read(source, octets, lines);
    source->ready = turns->ready[index] = given > 0;
    turns->restless[index] = source->restless;
    turns->due[index] |= source->due;
    turns->next = index + 1;
    return given;
}

/* One block for each source that has something, beginning with the one after the last that was served. */
static size_t read_round(struct source_set *set, size_t max_octets, const struct source_lines *lines)
{
    struct turns *turns = &set->turns;
    size_t total = 0, n = set->sources_n, first = turns->next < n ? turns->next : 0;

    for (size_t i = next_set(turns->ready, first, n); i < n && total < max_octets; i = next_set(turns->ready, i + 1, n))
        total += read_one(set, i, max_octets - total, lines);
    for (size_t i = next_set(turns->ready, 0, first); i < first && total < max_octets;
         i = next_set(turns->ready, i + 1, first))
        total += read_one(set, i, max_octets - total, lines);
    return total;
}

void turns_look_again(struct source_set *set)
{
    set->turns.last_sweep_ms = source_clock_ms() - SOURCE_SWEEP_MS;
}

size_t turns_read_one(struct source_set *set, size_t octets, const struct source_lines *lines, size_t *index)
{
    struct turns *turns = &set->turns;
    size_t given, n = set->sources_n;

    look(set);
    for (size_t i = 0; i < n; i++) {
        *index = next_set(turns->ready, turns->next < n ? turns->next : 0, n);
        if (*index == n)
            *index = next_set(turns->ready, 0, n);
        if (*index == n)
            break;
        given = read_one(set, *index, octets, lines);
        if (given)
            return given;
    }
    return 0;
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

/* A writer that never stops must not keep the daemon from ending; a pipe holds 1 MiB at most without privileges. */
#define DRAIN_OCTETS (2 * 1024 * 1024)

size_t source_set_drain(struct source_set *set, const struct source_lines *lines)
{
    size_t total = 0;

    for (size_t i = 0; i < set->sources_n; i++) {
        struct source *source = set->sources[i];
        uint64_t before = source->octets;

        if (!source->ops->fleeting)
            continue;
        for (source->ops->look(source); source->ready && source->octets - before < DRAIN_OCTETS;
             source->ops->look(source))
            source->ops->read(source, READER_BUFFER_OCTETS, lines);
        total += (size_t)(source->octets - before);
    }
    return total;
}

bool source_set_asks_to_end(const struct source_set *set)
{
    for (size_t i = 0; i < set->sources_n; i++)
        if (set->sources[i]->asks_to_end)
            return true;
    return false;
}

/* ---- waiting ---- */

/* What is to be listened to: the caller, the lanes, the sources, and inotify as the last. */
static nfds_t descriptors(const struct source_set *set, struct pollfd *polled, int wake_fd)
{
    nfds_t n = 0;

    polled[n++] = (struct pollfd){ .fd = wake_fd, .events = POLLIN };
    polled[n++] = (struct pollfd){ .fd = set->wake_fd, .events = POLLIN };
    for (size_t i = 0; i < set->turns.polled_n; i++) {
        const struct source *source = set->sources[set->turns.polled[i]];

        polled[n++] = (struct pollfd){ .fd = source->ops->descriptor(source), .events = POLLIN };
    }
    polled[n++] = (struct pollfd){ .fd = set->watch ? watch_descriptor(set->watch) : -1, .events = POLLIN };
    return n;
}

/* False: the caller is to come back, woken or interrupted by a signal (it may have been told to end). */
static bool listen_for(struct source_set *set, int ms, int wake_fd)
{
    struct turns *turns = &set->turns;
    struct pollfd polled[POLLED_MAX];
    nfds_t n = descriptors(set, polled, wake_fd);
    int ready = poll(polled, n, ms), since;

    /* Only files have news, as they had just now. */
    if (ready == 1 && polled[n - 1].revents) {
        since = (int)(source_clock_ms() - turns->last_news_ms);
        if (since < NEWS_MS)
            ready = poll(polled, n - 1, NEWS_MS - since);
        turns->last_news_ms = source_clock_ms();
    }
    if (ready > 0 && polled[1].revents)
        (void)!read(set->wake_fd, &(uint64_t){ 0 }, sizeof(uint64_t));
    return ready >= 0 && !polled[0].revents;
}

void source_set_wait(struct source_set *set, int timeout_ms, int wake_fd)
{
    int64_t deadline = source_clock_ms() + timeout_ms;
    int64_t step = set->quiet_ms < SOURCE_SWEEP_MS ? set->quiet_ms : SOURCE_SWEEP_MS;
    struct turns *turns = &set->turns;

    for (;;) {
        int64_t left = deadline - source_clock_ms();

        look(set);
        if (left <= 0 || next_set(turns->ready, 0, set->sources_n) < set->sources_n)
            return;
        if (!listen_for(set, (int)(left < step ? left : step), wake_fd))
            return;
        for (size_t i = next_set(turns->restless, 0, set->sources_n); i < set->sources_n;
             i = next_set(turns->restless, i + 1, set->sources_n))
            turns->due[i] = true;
    }
}
