/* The state of the sources in words.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"

/* Behind by more than this is worth saying; a busy log is always some lines ahead. */
#define BEHIND_OCTETS (1024 * 1024)

struct ingest_source *status_source(const struct status *s, enum source_type type, const char *name)
{
    for (size_t i = 0; i < s->sources_n; i++)
        if (s->sources[i]->status.type == type && strcmp(s->sources[i]->parser.name, name) == 0)
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

struct ingest_source *status_row(struct status *s)
{
    if (!s->next && make_room(s))
        s->next = calloc(1, sizeof *s->next);
    return s->next;
}

void status_add(struct status *s, const struct source_set *set)
{
    struct ingest_source *source = s->next;

    source_set_status(set, s->sources_n, &source->status);
    source->parser.name = source->status.name;
    source->status.state = SOURCE_OK; /* so that trouble is news */
    s->sources[s->sources_n++] = source;
    s->next = NULL;
}

void status_want(struct ingest_source *source, const char *host)
{
    snprintf(source->host, sizeof source->host, "%s", host);
    parser_source_host(&source->parser, span_of(source->host));
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
    else if (!in_trouble(now) && now->errors != before->errors && now->last_error[0])
        log_message(LOG_WARNING, "%s", now->last_error); /* it goes on, but something was lost */
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

bool status_all_is_read(const struct status *s)
{
    for (size_t i = 0; i < s->sources_n; i++)
        if (s->sources[i]->wanted && s->sources[i]->status.state != SOURCE_OK)
            return false;
    return true;
}

/* A manager makes labels of names: one that is no text would break all that it asks for (snmp_exporter before 0.24),
 * and a | would begin the numbers of a Nagios check. Whoever sends mail may choose a name, too: where rsyslogd makes a
 * directory for each host. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text > '~' || *text == '|')
            *text = '?';
}

static void fill_source(struct snapshot_source *to, const struct ingest_source *from, uint32_t number)
{
    size_t octets = strlen(from->status.name);
    size_t cut = octets < sizeof to->name ? 0 : octets - (sizeof to->name - 1);

    to->number = number;
    memcpy(to->name, from->status.name + cut, octets - cut + 1);
    make_printable(to->name);
    to->status = from->status;
    to->status.name = NULL;
    make_printable(to->status.last_error);
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

static void say(struct snapshot *s, enum agent_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct snapshot *s, enum agent_status status, const char *format, ...)
{
    va_list arguments;

    s->status = status;
    va_start(arguments, format);
    vsnprintf(s->status_text, sizeof s->status_text, format, arguments);
    va_end(arguments);
    make_printable(s->status_text);
}

/* What an administrator must do something about; false when there is no such thing. The sources first: what is not read
 * may be gone tomorrow. */
static bool say_what_is_wrong(struct snapshot *s)
{
    const struct snapshot_source *bad = NULL;
    size_t bad_n = 0;

    for (size_t i = 0; i < s->sources_n; i++)
        if (in_trouble(&s->sources[i].status) && bad_n++ == 0)
            bad = &s->sources[i];
    if (bad)
        say(s, AGENT_DEGRADED, "%zu of %zu sources in trouble%s: %.180s", bad_n, s->sources_n,
            s->state_at_risk ? ", and the state is at risk" : "",
            bad->status.last_error[0] ? bad->status.last_error : bad->name);
    else if (s->state_text[0])
        say(s, AGENT_DEGRADED, "%s", s->state_text);
    else if (s->rrd_text[0])
        say(s, AGENT_DEGRADED, "%s", s->rrd_text);
    else if (s->twice_text[0])
        say(s, AGENT_DEGRADED, "%s", s->twice_text);
    else if (s->sources_n == 0)
        say(s, AGENT_DEGRADED, "no file fits the configured sources: nothing is counted");
    else if (s->queue_text[0])
        say(s, AGENT_DEGRADED, "%s", s->queue_text);
    else
        return false;
    return true;
}

/* What is worth knowing when nothing is wrong. */
static const char *remark(const struct snapshot *s)
{
    if (s->remark_text[0])
        return s->remark_text;
    for (size_t i = 0; i < s->sources_n; i++)
        if (s->sources[i].status.last_error[0])
            return s->sources[i].status.last_error;
    return "all sources are read to their ends";
}

void status_sentence(struct snapshot *s)
{
    if (!s->backlog_read)
        say(s, AGENT_CATCHING_UP,
            "reading what the logs already hold: %" PRIu64 " octets are left; the counters appear then",
            s->behind_octets);
    else if (say_what_is_wrong(s))
        return;
    else if (s->behind_octets > BEHIND_OCTETS)
        say(s, AGENT_CATCHING_UP, "%" PRIu64 " octets of the logs are not read yet", s->behind_octets);
    else
        say(s, AGENT_OK, "%s", remark(s));
}

void status_clear(struct status *s)
{
    for (size_t i = 0; i < s->sources_n; i++)
        free(s->sources[i]);
    free(s->sources);
    free(s->next);
    *s = (struct status){ 0 };
}
