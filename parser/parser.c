/* The pipeline: header, recogniser, flow, tally.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "hash.h"
#include "newlines.h"
#include "parser_inside.h"

#define FETCHED_AHEAD 2 /* lines: so long it takes */

static void counted(void *context, struct event *e)
{
    struct parser *parser = context;
    int64_t time = e->line->header.time;

    if (time < parser->since || time >= parser->until)
        return;
    tallies_event(parser->tallies, e);
    if (time != TIME_UNKNOWN && time > parser->counts.last_event)
        parser->counts.last_event = time < e->line->reference ? time : e->line->reference;
    if (parser->repeatable && e->line == parser->current)
        repeats_note(parser->repeats, e);
    if (parser->sink)
        parser->sink(parser->sink_context, e);
}

static void verdict_decided(void *context, struct event *e)
{
    struct parser *parser = context;

    flows_event(parser->flows, e);
}

/* What begins or names a message, cut off before the id that it is known by: all such lines would be one message. */
static inline bool is_nameless(const struct event *e)
{
    const unsigned names = 1u << EVENT_OPENED | 1u << EVENT_REQUEUED | 1u << EVENT_MESSAGE_ID | 1u << EVENT_QUEUED |
                           1u << EVENT_TAKEN | 1u << EVENT_ATTEMPT;

    return (names >> e->kind & 1) && e->queue_id.n == 0;
}

static void recognised(struct events *events, struct event *e)
{
    struct parser *parser = (struct parser *)events;
    bool was_room = true;

    if (is_nameless(e))
        return;
    if (e->maybe_copy && copies_is_copy(parser->copies, e))
        return;
    parser->repeatable =
        e->kind == EVENT_COUNT || e->kind == EVENT_DELIVERY || (e->kind == EVENT_REFUSAL && !e->once_per_id);
    if (e->kind == EVENT_COUNT) { /* whatever is known of the message */
        counted(parser, e);
        return;
    }
    if (e->kind == EVENT_VERDICT)
        was_room = verdicts_put(parser->verdicts, e);
    else
        flows_event(parser->flows, e);
    if (!was_room)
        flows_gave_up(parser->flows);
    events->evidence_wanted = parser->after || flows_wait_for_evidence(parser->flows);
}

/* In place of recognised(), so that it costs nothing where nobody watches. */
static void watched(struct events *events, struct event *e)
{
    struct parser *parser = (struct parser *)events;

    if (!is_nameless(e))
        parser->watch(parser->watch_context, e);
    recognised(events, e);
}

/* Sets the switch of each recogniser that is named; the name of one that does not exist, or NULL. */
static const char *set_switches(bool *enabled, const char *const *names, bool on)
{
    for (; *names; names++) {
        bool found = false;

        for (size_t i = 0; i < recognisers_n; i++)
            if (strcmp(recognisers[i]->name, *names) == 0) {
                enabled[i] = on;
                found = true;
            }
        if (!found)
            return *names;
    }
    return NULL;
}

struct parser *parser_new(const struct parser_options *options, struct tallies *tallies, const char **unknown)
{
    struct parser *parser = calloc(1, sizeof *parser);
    const char *bad;

    if (unknown)
        *unknown = NULL;
    if (!parser)
        return NULL;
    for (size_t i = 0; i < recognisers_n; i++)
        parser->enabled[i] = !recognisers[i]->off_by_default;
    bad = set_switches(parser->enabled, options->switched_on, true);
    if (!bad)
        bad = set_switches(parser->enabled, options->switched_off, false);
    if (bad) {
        if (unknown)
            *unknown = bad;
        free(parser);
        return NULL;
    }
    parser->events.event = recognised;
    dispatch_build(&parser->dispatch, parser->enabled);
    parser->tallies = tallies;
    parser->ticket = tallies_ticket(tallies);
    parser->seed = options->seed;
    parser->flows = flows_new(options, counted, parser);
    parser->verdicts = verdicts_new(options->seed, verdict_decided, parser);
    parser->repeats = repeats_new();
    parser->copies = copies_new(options->seed);
    if (!parser->flows || !parser->verdicts || !parser->repeats || !parser->copies) {
        parser_free(parser);
        return NULL;
    }
    parser->counts.last_event = TIME_UNKNOWN;
    parser->settled = TIME_UNKNOWN;
    parser->since = options->since || options->until ? options->since : INT64_MIN;
    parser->until = options->until ? options->until : INT64_MAX;
    parser->wants_host = options->wants_host;
    parser->wants_host_context = options->wants_host_context;
    return parser;
}

void parser_free(struct parser *parser)
{
    if (!parser)
        return;
    flows_free(parser->flows);
    verdicts_free(parser->verdicts);
    repeats_free(parser->repeats);
    copies_free(parser->copies);
    free(parser);
}

void parser_set_sink(struct parser *parser, parser_sink_fn *sink, void *context)
{
    parser->sink = sink;
    parser->sink_context = context;
}

void parser_set_unrecognised(struct parser *parser, parser_unrecognised_fn *sink, void *context)
{
    parser->unrecognised = sink;
    parser->unrecognised_context = context;
}

void parser_set_watch(struct parser *parser, parser_sink_fn *watch, void *context)
{
    parser->watch = watch;
    parser->watch_context = context;
    parser->events.event = watch ? watched : recognised;
}

void parser_set_line_watch(struct parser *parser, const char *first_octets, parser_unrecognised_fn *watch,
                           void *context)
{
    memset(parser->is_watched, 0, sizeof parser->is_watched);
    for (const char *p = first_octets; *p; p++)
        parser->is_watched[(unsigned char)*p] = true;
    parser->line_watch = watch;
    parser->line_watch_context = context;
}

void parser_set_joined(struct parser *parser, parser_joined_fn *joined, void *context)
{
    flows_set_joined(parser->flows, joined, context);
}

void parser_set_after(struct parser *parser, parser_unrecognised_fn *after, void *context)
{
    parser->after = after;
    parser->after_context = context;
    parser->events.evidence_wanted = after || flows_wait_for_evidence(parser->flows); /* it is a part of the message */
}

uint64_t parser_id_key(const struct parser *parser, const struct event *event, struct span id)
{
    return flows_id_key(parser->flows, event, id);
}

uint64_t parser_message_id_key(const struct parser *parser, const struct event *event, struct span message_id)
{
    return flows_message_id_key(parser->flows, event, message_id);
}

bool parser_knows(const struct parser *parser, const struct header *header)
{
    return dispatch_find(&parser->dispatch, header) != NULL;
}

static bool host_is_wanted(struct parser *parser, struct span host)
{
    if (!parser->wants_host)
        return true;
    if (host.n > sizeof parser->asked_host)
        return parser->wants_host(parser->wants_host_context, host);
    if (host.n != parser->asked_host_octets || memcmp(host.p, parser->asked_host, host.n) != 0) {
        memcpy(parser->asked_host, host.p, host.n);
        parser->asked_host_octets = host.n;
        parser->asked_host_wanted = parser->wants_host(parser->wants_host_context, host);
    }
    return parser->asked_host_wanted;
}

/* A line without a tag belongs to the first recogniser that claims it. */
static bool recognise_untagged(struct parser *parser, const struct line *line)
{
    for (recognise_fn *const *claims = parser->dispatch.untagged; *claims; claims++)
        if ((*claims)(line, &parser->events))
            return true;
    return false;
}

static void recognise(struct parser *parser, const struct line *line)
{
    const struct service *service = line->service;
    uint64_t times = repeat_count(&line->header);

    if (times && (service || line->header.service.n == 0)) { /* the line before it stays the last one */
        repeats_again(parser->repeats, line, copies_times(parser->copies, line, times), counted, parser);
        parser->counts.recognised++;
        return;
    }
    repeats_begin(line);
    parser->current = line;
    if (!service) {
        if (line->header.service.n == 0 && recognise_untagged(parser, line))
            parser->counts.recognised++;
        else
            parser->counts.ignored++;
    } else if (service->recognise(line, &parser->events)) {
        parser->counts.recognised++;
    } else {
        parser->counts.unrecognised++;
        if (parser->unrecognised)
            parser->unrecognised(parser->unrecognised_context, line);
    }
    parser->current = NULL;
}

/* Before the line itself is gone. */
static void remember_place(struct parser *parser)
{
    const struct line *line = parser->previous;

    if (!line)
        return;
    parser->last.file = line->file;
    parser->last.number = line->number;
    parser->last.header.time = line->header.time;
    parser->last.reference = line->reference;
    parser->last.tally = line->tally;
    parser->previous = NULL;
}

/* host: whose clock says `now`, since those of a log host's clients differ; NULL: it is the time everywhere. */
static void settle(struct parser *parser, int64_t now, const struct tally *host)
{
    remember_place(parser);
    parser->settled = now;
    parser->settled_host = host;
    verdicts_settle(parser->verdicts, now, host);
    if (parser->last.tally)
        flows_settle(parser->flows, now, host, &parser->last);
    parser->events.evidence_wanted = parser->after || flows_wait_for_evidence(parser->flows);
}

static struct span without_carriage_return(struct span line)
{
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* The row of the line's host, NULL when it is not wanted, and the rules for its program. */
static void look_up(struct parser *parser, struct line *line)
{
    struct header_origin *origin = line->header.origin;

    if (origin && origin->noted_by == parser->ticket) {
        line->tally = (struct tally *)origin->noted[0];
        line->service = origin->noted[1];
        line->instance_key = (uint32_t)origin->noted_number;
        return;
    }
    line->tally = host_is_wanted(parser, line->header.host) ? tallies_host(parser->tallies, line->header.host) : NULL;
    line->service = dispatch_find(&parser->dispatch, &line->header);
    line->instance_key = (uint32_t)hash_octets(parser->seed, line->header.instance);
    if (origin) {
        origin->noted_by = parser->ticket;
        origin->noted_number = line->instance_key;
        origin->noted[0] = line->tally;
        origin->noted[1] = line->service;
    }
}

/* All of a line that does not depend on the lines before it. */
static inline void begin_line(struct parser *parser, struct parser_source *source, struct line *line, struct span text,
                              bool header_found, bool is_ahead)
{
    line->text = text;
    line->header.message = without_carriage_return(line->header.message);
    line->file = source->name;
    line->number = ++source->lines;
    line->reference = source->clock.reference;
    line->tally = NULL;
    if (line->header.host.n == 0)
        line->header.host = source->default_host;
    if (header_found)
        look_up(parser, line);
    if (line->tally)
        (is_ahead ? flows_find_id : flows_begin)(parser->flows, line);
}

static void show(struct parser *parser, const struct line *line)
{
    int64_t time = line->header.time;

    if (line->header.message.n && parser->is_watched[(unsigned char)line->header.message.p[0]] &&
        time >= parser->since && time < parser->until)
        parser->line_watch(parser->line_watch_context, line);
}

static inline bool is_due(struct parser *parser, const struct line *line)
{
    parser->counts.lines++;
    if (!line->tally) {
        parser->counts.ignored++;
        return false;
    }
    if (parser->line_watch)
        show(parser, line);
    if (line->header.time != TIME_UNKNOWN &&
        (line_time(line) != parser->settled || line->tally != parser->settled_host))
        settle(parser, line_time(line), line->tally);
    return true;
}

static inline void take_line(struct parser *parser, const struct line *line)
{
    if (!is_due(parser, line))
        return;
    recognise(parser, line);
    if (parser->after)
        parser->after(parser->after_context, line);
    parser->previous = line;
}

void parser_line_parsed(struct parser *parser, struct parser_source *source, struct span text,
                        const struct header *header, bool header_found)
{
    struct line line;

    line.header = *header;
    begin_line(parser, source, &line, text, header_found, false);
    take_line(parser, &line);
    remember_place(parser);
}

void parser_line(struct parser *parser, struct parser_source *source, struct span text)
{
    struct header header;
    bool found = header_parse(&header, &source->clock, text);

    parser_line_parsed(parser, source, text, &header, found);
}

/* The headers of all these lines first: where one line's rules have to be guessed from those of the line before, and
 * the guess is wrong, little has to be done again. */
static void take_lines(struct parser *parser, struct parser_source *source, const char *p, const size_t *ends, size_t n,
                       size_t longest)
{
    struct line lines[NEWLINES_MAX];
    size_t begun = 0, at = 0;

    for (size_t i = 0; i < n; at = ends[i++] + 1) {
        struct span text = { p + at, ends[i] - at };
        struct line *line = &lines[begun];

        if (text.n > longest) {
            parser_overlong_line(parser, source);
            continue;
        }
        begin_line(parser, source, line, text, header_parse(&line->header, &source->clock, text), false);
        begun++;
    }
    for (size_t i = 0; i < begun; i++) {
        if (i + FETCHED_AHEAD < begun)
            flows_fetch(parser->flows, &lines[i + FETCHED_AHEAD]);
        take_line(parser, &lines[i]);
    }
    remember_place(parser);
}

void parser_lines(struct parser *parser, struct parser_source *source, struct span block, size_t longest)
{
    size_t ends[NEWLINES_ROOM], n;

    while ((n = newlines_find(block, ends)) > 0) {
        take_lines(parser, source, block.p, ends, n, longest);
        block = span_skip(block, ends[n - 1] + 1);
    }
}

/* ---- for ahead.c ---- */

void parser_begin_line(struct parser *parser, struct parser_source *source, struct line *line, struct span text,
                       bool header_found)
{
    begin_line(parser, source, line, text, header_found, true);
}

bool parser_line_is_due(struct parser *parser, const struct line *line)
{
    return is_due(parser, line);
}

void parser_recognise(struct parser *parser, const struct line *line)
{
    recognise(parser, line);
}

void parser_begin_events(struct parser *parser, const struct line *line)
{
    repeats_begin(line);
    parser->current = line;
}

void parser_end_events(struct parser *parser, const struct line *line, bool is_recognised, bool is_unrecognised)
{
    parser->counts.recognised += is_recognised;
    parser->counts.unrecognised += is_unrecognised;
    parser->counts.ignored += !is_recognised && !is_unrecognised;
    if (is_unrecognised && parser->unrecognised)
        parser->unrecognised(parser->unrecognised_context, line);
    parser->current = NULL;
}

void parser_remember_place(struct parser *parser)
{
    remember_place(parser);
}

void parser_overlong_line(struct parser *parser, struct parser_source *source)
{
    source->lines++;
    parser->counts.lines++;
    parser->counts.ignored++;
    parser->counts.overlong++;
}

void parser_settle(struct parser *parser, int64_t now)
{
    settle(parser, now, NULL);
}

const struct parser_counts *parser_counts(const struct parser *parser)
{
    return &parser->counts;
}

void parser_flows(const struct parser *parser, uint32_t *in_use, uint64_t *evicted)
{
    flows_usage(parser->flows, in_use, evicted);
}
