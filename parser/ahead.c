/* Batches of lines.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "ahead.h"

#include <stdlib.h>

#include "newlines.h"
#include "parser_inside.h"

#define LINES_MAX     1024
#define EVENTS_MAX    1536
#define TEXT_OCTETS   (72 * 1024) /* room for the longest line; small enough to stay near the processor */
#define SLOTS_AHEAD   6           /* lines, likewise the next */
#define FETCHED_AHEAD 2           /* lines, as in parser.c */

/* What a line was found to say: so many events from `begin` on. */
struct said {
    uint64_t times; /* it stands for so many more of the line before */
    uint32_t begin, n;
    enum { SAID_NOTHING_YET, SAID_IGNORED, SAID_RECOGNISED, SAID_UNRECOGNISED } what;
};

struct ahead {
    struct events events; /* first: recognisers hold a pointer to it */
    struct parser *parser;
    const struct recogniser *askers[RECOGNISERS_MAX]; /* see asks_host() */
    size_t askers_n;
    uint64_t overlong;
    size_t lines_n, events_n, text_n;
    struct line lines[LINES_MAX];
    struct said said[LINES_MAX];
    struct event list[EVENTS_MAX];
    char text[TEXT_OCTETS];
};

/* One more than there is room for is counted only: see ahead_recognise(). */
static void collect(struct events *events, struct event *e)
{
    struct ahead *ahead = (struct ahead *)events;

    if (ahead->events_n < EVENTS_MAX)
        ahead->list[ahead->events_n] = *e;
    ahead->events_n++;
}

struct ahead *ahead_new(struct parser *parser)
{
    struct ahead *ahead = malloc(sizeof *ahead);

    if (!ahead)
        return NULL;
    ahead->parser = parser;
    ahead->events.event = collect;
    ahead->events.evidence_wanted = true; /* whether it was is seen when its turn comes */
    ahead->lines_n = ahead->events_n = ahead->text_n = 0;
    ahead->overlong = 0;
    ahead->askers_n = 0;
    for (size_t i = 0; i < recognisers_n && i < RECOGNISERS_MAX; i++)
        if (recognisers[i]->asks_host)
            ahead->askers[ahead->askers_n++] = recognisers[i];
    return ahead;
}

void ahead_free(struct ahead *ahead)
{
    free(ahead);
}

/* ---- headers ---- */

void ahead_fill_overlong(struct ahead *ahead, struct parser_source *source)
{
    source->lines++;
    ahead->overlong++;
}

static struct line *next_line(struct ahead *ahead)
{
    ahead->said[ahead->lines_n].what = SAID_NOTHING_YET;
    return &ahead->lines[ahead->lines_n++];
}

/* Lines that stand in the batch already, up to where there is no more room for lines. Returns the octets. */
static size_t begin_lines(struct ahead *ahead, struct parser_source *source, struct span block, size_t longest)
{
    size_t ends[NEWLINES_ROOM], n, taken = 0;

    while (ahead->lines_n + NEWLINES_MAX <= LINES_MAX && (n = newlines_find(block, ends)) > 0) {
        for (size_t i = 0, at = 0; i < n; at = ends[i++] + 1) {
            struct span text = { block.p + at, ends[i] - at };
            struct line *line;

            if (text.n > longest) {
                ahead_fill_overlong(ahead, source);
                continue;
            }
            line = next_line(ahead);
            parser_begin_line(ahead->parser, source, line, text, header_parse(&line->header, &source->clock, text));
        }
        taken += ends[n - 1] + 1;
        block = span_skip(block, ends[n - 1] + 1);
    }
    return taken;
}

size_t ahead_fill(struct ahead *ahead, struct parser_source *source, struct span block, size_t longest)
{
    size_t room = TEXT_OCTETS - ahead->text_n, taken;
    const char *last = memrchr(block.p, '\n', block.n < room ? block.n : room);
    struct span copy;

    if (!last && ahead->text_n)
        return 0;
    if (!last) { /* longer than a whole batch */
        const char *end = memchr(block.p, '\n', block.n);

        ahead_fill_overlong(ahead, source);
        return end ? (size_t)(end + 1 - block.p) : block.n;
    }
    copy = (struct span){ ahead->text + ahead->text_n, (size_t)(last + 1 - block.p) };
    memcpy(ahead->text + ahead->text_n, block.p, copy.n);
    taken = begin_lines(ahead, source, copy, longest);
    ahead->text_n += taken;
    return taken;
}

/* The same octets of the copy. Empty spans may point anywhere. */
static void move(struct span *s, struct span from, const char *to)
{
    if (s->n && s->p >= from.p && s->p < from.p + from.n)
        s->p = to + (s->p - from.p);
}

bool ahead_fill_line(struct ahead *ahead, struct parser_source *source, struct span text, const struct header *header,
                     bool header_found)
{
    struct span copy = { ahead->text + ahead->text_n, text.n };
    struct line *line;

    if (ahead->lines_n == LINES_MAX || text.n + 1 > TEXT_OCTETS - ahead->text_n)
        return false;
    if (text.n)
        memcpy(ahead->text + ahead->text_n, text.p, text.n);
    ahead->text[ahead->text_n + text.n] = '\n';
    ahead->text_n += text.n + 1;
    line = next_line(ahead);
    if (header) {
        line->header = *header;
        move(&line->header.host, text, copy.p);
        move(&line->header.program, text, copy.p);
        move(&line->header.instance, text, copy.p);
        move(&line->header.service, text, copy.p);
        move(&line->header.pid, text, copy.p);
        move(&line->header.message, text, copy.p);
    } else {
        header_found = header_parse(&line->header, &source->clock, copy);
    }
    parser_begin_line(ahead->parser, source, line, copy, header_found);
    return true;
}

bool ahead_is_empty(const struct ahead *ahead)
{
    return ahead->lines_n == 0 && ahead->overlong == 0;
}

/* ---- what they say ---- */

static bool recognise_untagged(struct ahead *ahead, const struct line *line)
{
    for (recognise_fn *const *claims = ahead->parser->dispatch.untagged; *claims; claims++)
        if ((*claims)(line, &ahead->events))
            return true;
    return false;
}

/* What its lines say is not for them alone to tell. */
static bool asks_host(const struct ahead *ahead, const struct service *service)
{
    for (size_t i = 0; service && i < ahead->askers_n; i++) {
        const struct recogniser *asker = ahead->askers[i];

        if (service >= asker->services && service < asker->services + asker->services_n)
            return true;
    }
    return false;
}

/* As recognise() of parser.c decides. */
static void recognise_line(struct ahead *ahead, const struct line *line, struct said *said)
{
    const struct service *service = line->service;

    said->times = repeat_count(&line->header);
    if (said->times && (service || line->header.service.n == 0))
        said->what = SAID_RECOGNISED;
    else if (!service)
        said->what = line->header.service.n == 0 && recognise_untagged(ahead, line) ? SAID_RECOGNISED : SAID_IGNORED;
    else
        said->what = service->recognise(line, &ahead->events) ? SAID_RECOGNISED : SAID_UNRECOGNISED;
    if (said->times && !service && line->header.service.n)
        said->times = 0;
}

void ahead_recognise(struct ahead *ahead)
{
    ahead->events_n = 0;
    for (size_t i = 0; i < ahead->lines_n; i++) {
        struct said *said = &ahead->said[i];

        if (!ahead->lines[i].tally || asks_host(ahead, ahead->lines[i].service))
            continue;
        said->begin = (uint32_t)ahead->events_n;
        recognise_line(ahead, &ahead->lines[i], said);
        said->n = (uint32_t)ahead->events_n - said->begin;
        if (ahead->events_n > EVENTS_MAX) { /* no room: this line is looked at when its turn comes */
            said->what = SAID_NOTHING_YET;
            ahead->events_n = said->begin;
        }
    }
}

/* ---- what it counts as ---- */

/* Hand-overs alone are not looked for where nobody waits for them (amavis.c). */
static bool is_unwanted(const struct ahead *ahead, const struct said *said)
{
    if (ahead->parser->events.evidence_wanted)
        return false;
    for (uint32_t i = 0; i < said->n; i++)
        if (ahead->list[said->begin + i].kind != EVENT_HANDED_OVER)
            return false;
    return true;
}

static void take(struct ahead *ahead, const struct line *line, const struct said *said)
{
    struct parser *parser = ahead->parser;

    if (said->what == SAID_NOTHING_YET || said->times) {
        parser_recognise(parser, line);
        return;
    }
    parser_begin_events(parser, line);
    if (!is_unwanted(ahead, said))
        for (uint32_t i = 0; i < said->n; i++)
            parser->events.event(&parser->events, &ahead->list[said->begin + i]);
    parser_end_events(parser, line, said->what == SAID_RECOGNISED, said->what == SAID_UNRECOGNISED);
}

void ahead_take(struct ahead *ahead)
{
    struct parser *parser = ahead->parser;

    parser->counts.lines += ahead->overlong;
    parser->counts.ignored += ahead->overlong;
    parser->counts.overlong += ahead->overlong;
    for (size_t i = 0; i < ahead->lines_n; i++) {
        const struct line *line = &ahead->lines[i];

        if (i + SLOTS_AHEAD < ahead->lines_n)
            flows_fetch_slot(parser->flows, line + SLOTS_AHEAD);
        if (i + FETCHED_AHEAD < ahead->lines_n)
            flows_fetch(parser->flows, line + FETCHED_AHEAD);
        if (!parser_line_is_due(parser, line))
            continue;
        take(ahead, line, &ahead->said[i]);
        if (parser->after)
            parser->after(parser->after_context, line);
        parser->previous = line;
    }
    parser_remember_place(parser);
    ahead->lines_n = ahead->events_n = ahead->text_n = 0;
    ahead->overlong = 0;
}
