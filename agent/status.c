/* The state of the sources in words.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "log.h"

/* Behind by more than this is worth saying; a busy log is always some lines ahead. */
#define BEHIND_OCTETS (1024 * 1024)

struct ingest_source *status_source(const struct status *s, const char *name)
{
    for (size_t i = 0; i < s->sources_n; i++)
        if (strcmp(s->sources[i]->parser.name, name) == 0)
            return s->sources[i];
    return NULL;
}

static bool make_room(struct status *s)
{
    size_t room = s->room ? s->room * 2 : 16;
    struct ingest_source **sources;

    if (s->sources_n < s->room)
        return true;
    sources = realloc(s->sources, room * sizeof *sources);
    if (!sources)
        return false;
    s->sources = sources;
    s->room = room;
    return true;
}

struct ingest_source *status_add(struct status *s, struct source_set *set, const char *path, const char *host)
{
    struct ingest_source *source = make_room(s) ? calloc(1, sizeof *source) : NULL;

    if (!source)
        return NULL;
    if (!(strcmp(path, STANDARD_INPUT) == 0 ? source_set_add_stdin(set, host) : source_set_add_file(set, path, host))) {
        free(source);
        return NULL;
    }
    source_set_status(set, s->sources_n, &source->status);
    source->parser.name = source->status.name;
    source->status.state = SOURCE_OK; /* so that trouble is news */
    header_clock_set(&source->parser.clock, time(NULL));
    s->sources[s->sources_n++] = source;
    return source;
}

void status_want(struct ingest_source *source, const char *host)
{
    snprintf(source->host, sizeof source->host, "%s", host);
    source->parser.default_host = span_of(source->host);
    source->wanted = true;
}

static bool in_trouble(const struct source_status *status)
{
    return status->state >= SOURCE_MISSING;
}

static void tell(const struct source_status *before, const struct source_status *now)
{
    if (in_trouble(now) && (before->state != now->state || strcmp(before->last_error, now->last_error) != 0))
        log_message(LOG_WARNING, "%s", now->last_error[0] ? now->last_error : now->name);
    else if (in_trouble(before) && !in_trouble(now))
        log_message(LOG_INFO, "%s is being read again", now->name);
}

bool status_look(struct status *s, const struct source_set *set)
{
    bool changed = false;

    for (size_t i = 0; i < s->sources_n; i++) {
        struct source_status *before = &s->sources[i]->status;
        struct source_status now;

        source_set_status(set, i, &now);
        if (s->sources[i]->wanted)
            tell(before, &now);
        changed = changed || before->state != now.state || before->octets != now.octets ||
                  before->errors != now.errors || before->rotations != now.rotations ||
                  before->behind_octets != now.behind_octets || strcmp(before->last_error, now.last_error) != 0;
        *before = now;
    }
    return changed;
}

void status_clock(struct status *s, int64_t now)
{
    for (size_t i = 0; i < s->sources_n; i++)
        s->sources[i]->parser.clock.reference = now;
}

static void fill_source(struct snapshot_source *to, const struct ingest_source *from, uint32_t number)
{
    size_t octets = strlen(from->status.name);
    size_t cut = octets < sizeof to->name ? 0 : octets - (sizeof to->name - 1);

    to->number = number;
    memcpy(to->name, from->status.name + cut, octets - cut + 1);
    to->status = from->status;
    to->status.name = NULL;
}

bool status_fill(const struct status *s, struct snapshot *snapshot)
{
    size_t n = 0;

    for (size_t i = 0; i < s->sources_n; i++)
        n += s->sources[i]->wanted;
    if (!snapshot_set_sources_n(snapshot, n))
        return false;
    snapshot->behind_octets = 0;
    for (size_t i = 0, at = 0; i < s->sources_n; i++) {
        if (!s->sources[i]->wanted)
            continue;
        fill_source(&snapshot->sources[at++], s->sources[i], (uint32_t)i + 1);
        snapshot->behind_octets += s->sources[i]->status.behind_octets;
    }
    return true;
}

void status_sentence(struct snapshot *s)
{
    const struct snapshot_source *bad = NULL;
    size_t bad_n = 0;

    for (size_t i = 0; i < s->sources_n; i++)
        if (in_trouble(&s->sources[i].status) && bad_n++ == 0)
            bad = &s->sources[i];
    if (!s->backlog_read) {
        s->status = AGENT_CATCHING_UP;
        snprintf(s->status_text, sizeof s->status_text,
                 "reading what the logs already hold: %" PRIu64 " octets are left; the counters appear then",
                 s->behind_octets);
    } else if (bad) {
        s->status = AGENT_DEGRADED;
        snprintf(s->status_text, sizeof s->status_text, "%zu of %zu sources in trouble: %.200s", bad_n, s->sources_n,
                 bad->status.last_error[0] ? bad->status.last_error : bad->name);
    } else if (s->sources_n == 0) {
        s->status = AGENT_DEGRADED;
        snprintf(s->status_text, sizeof s->status_text, "no file fits the configured sources: nothing is counted");
    } else if (s->behind_octets > BEHIND_OCTETS) {
        s->status = AGENT_CATCHING_UP;
        snprintf(s->status_text, sizeof s->status_text, "%" PRIu64 " octets of the logs are not read yet",
                 s->behind_octets);
    } else {
        s->status = AGENT_OK;
        snprintf(s->status_text, sizeof s->status_text, "all sources are read to their ends");
    }
}

void status_clear(struct status *s)
{
    for (size_t i = 0; i < s->sources_n; i++)
        free(s->sources[i]);
    free(s->sources);
    *s = (struct status){ 0 };
}
