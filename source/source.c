/* The set and what all sources have in common. Whose turn it is stands in turn.c, what a source is in follow.c,
 * stream.c, multilog.c, journal.c and aside.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../parser/header.h"
#include "identities.h"
#include "listing.h"
#include "mounts.h"
#include "set.h"

int64_t source_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What all sets have. */
static struct source_set *new_set(void)
{
    struct source_set *set = calloc(1, sizeof *set);

    if (!set)
        return NULL;
    set->wake_fd = -1;
    set->quiet_ms = SOURCE_QUIET_MS;
    set->hang_ms = SOURCE_HANG_MS;
    set->turns.last_sweep_ms = source_clock_ms();
    set->block = malloc(READER_BUFFER_OCTETS);
    set->listings = listings_new();
    if (set->block && set->listings)
        return set;
    source_set_free(set);
    return NULL;
}

struct source_set *source_set_new(void)
{
    struct source_set *set = new_set();

    if (!set)
        return NULL;
    set->watch = watch_new();
    set->identities = identities_new();
    set->mounts = mounts_new(MOUNTS_TABLE);
    if (set->identities && set->mounts)
        return set;
    source_set_free(set);
    return NULL;
}

struct source_set *source_set_new_part(struct identities *identities)
{
    struct source_set *set = new_set();

    if (set) {
        set->identities = identities_share(identities);
        set->is_part = true;
    }
    return set;
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
    aside_end(set);
    for (size_t i = 0; i < set->sources_n; i++)
        source_free(set->sources[i]);
    saved_forget(set);
    watch_free(set->watch);
    listings_free(set->listings);
    mounts_free(set->mounts);
    identities_free(set->identities);
    if (set->wake_fd >= 0)
        close(set->wake_fd);
    turns_free(&set->turns);
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
    if (!turns_make_room(&set->turns, room))
        return false;
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
    if (!source->name || (host && !source->host) || !make_room(set)) {
        source_free(source);
        return false;
    }
    source->base = strrchr(source->name, '/') ? strrchr(source->name, '/') + 1 : source->name;
    set->sources[set->sources_n++] = source;
    turns_add(set, source);
    saved_apply(set, source);
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
    if (source->state == SOURCE_OK)
        return;
    source->state = SOURCE_OK;
    source->last_error[0] = '\0';
}

void source_remark(struct source *source, const char *what, const char *advice)
{
    snprintf(source->last_error, sizeof source->last_error, "%s: %s; %s", source->name, what, advice);
    source->errors++;
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
