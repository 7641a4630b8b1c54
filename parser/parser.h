/* Lines in, counted events out: header, recogniser, flow and tally in one pipeline.
 *
 * Pure: no file, no clock, no global; nothing is allocated per line. One thread per parser.
 *
 *     parser_new -> for each source a struct parser_source -> parser_line ... -> parser_settle -> parser_free
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PARSER_H
#define MAILTALLY_PARSER_H

#include "event.h"
#include "tally.h"

enum content_filter {
    CONTENT_FILTER_AUTO,     /* exact, from what the log says (flow.h) */
    CONTENT_FILTER_NONE,     /* every hop counts, as pflogsumm does it */
    CONTENT_FILTER_LOOPBACK, /* clients and relays on a loopback address are filters */
    CONTENT_FILTER_HOSTS,    /* those that are named are filters */
};

#define CONTENT_FILTER_HOSTS_MAX 16
#define FLOWS_CAP_DEFAULT        200000
#define RECOGNISERS_MAX          64

struct parser_options {
    uint64_t seed;      /* for the hashes of log data */
    uint32_t flows_cap; /* messages followed at the same time; 0: FLOWS_CAP_DEFAULT */
    enum content_filter content_filter;
    const char *filter_hosts[CONTENT_FILTER_HOSTS_MAX + 1]; /* addresses or names; ends with NULL; copied */
    const char *switched_on[RECOGNISERS_MAX + 1];           /* recognisers by name, likewise */
    const char *switched_off[RECOGNISERS_MAX + 1];
    int64_t since, until; /* events with since <= time < until count; both 0: all do */
    /* Whether lines of this host count; asked once for each run of lines of a host. NULL: all do. */
    bool (*wants_host)(void *context, struct span host);
    void *wants_host_context;
};

/* What is remembered for each source of lines. Zero-initialise, set name and the clock, and the host by
 * parser_source_host(). */
struct parser_source {
    const char *name;         /* file name, for events */
    struct span default_host; /* the host of lines that name none */
    struct header_clock clock;
    uint64_t lines; /* the number of the last line */
};

/* The host of lines that name none, from now on; it lives as long as the source. */
static inline void parser_source_host(struct parser_source *source, struct span host)
{
    source->default_host = host;
    source->clock.nameless.noted_by = 0; /* what the parser looked up of the one before */
}

struct parser_counts {
    uint64_t lines;        /* read */
    uint64_t recognised;   /* of known mail programs, and understood */
    uint64_t unrecognised; /* of known mail programs, no rule matched */
    uint64_t ignored;      /* of other programs, or without a header */
    uint64_t overlong;     /* longer than the reader's cap: skipped */
    int64_t last_event;    /* time of the newest event; TIME_UNKNOWN before the first */
};

typedef void parser_sink_fn(void *context, const struct event *event);
typedef void parser_unrecognised_fn(void *context, const struct line *line);

struct parser;

/* The tallies are the caller's and outlive the parser. NULL without memory, or when an option names an unknown
 * recogniser (then *unknown is its name, else NULL; unknown may be NULL). */
struct parser *parser_new(const struct parser_options *options, struct tallies *tallies, const char **unknown);
void parser_free(struct parser *parser);

/* Called for each counted event after the tally has it; octets, too. */
void parser_set_sink(struct parser *parser, parser_sink_fn *sink, void *context);
void parser_set_unrecognised(struct parser *parser, parser_unrecognised_fn *sink, void *context);

/* Called with each event as its line has it, before it is decided what it counts as; of all times, and of hosts that
 * are wanted. NULL: nobody. */
void parser_set_watch(struct parser *parser, parser_sink_fn *watch, void *context);

/* Called with each line, of the hosts and the time that are asked for, whose message begins with one of these octets,
 * before what it says is counted. NULL: nobody. */
void parser_set_line_watch(struct parser *parser, const char *first_octets, parser_unrecognised_fn *watch,
                           void *context);

/* For those who put messages together (they know ids as the parser does). Each NULL: nobody.
 *
 * joined: the message of key `b` is the one of key `a` again, under another id: it came back from a content filter, was
 * queued anew, or was handed on within the host. Called before what is counted of it, with the event that tells.
 * after: called behind each line of a wanted host, when all its events were taken. */
typedef void parser_joined_fn(void *context, const struct event *event, uint64_t a, uint64_t b);
void parser_set_joined(struct parser *parser, parser_joined_fn *joined, void *context);
void parser_set_after(struct parser *parser, parser_unrecognised_fn *after, void *context);

/* The key of an id, and of what a server in front took under this Message-ID, of the event's host. */
uint64_t parser_id_key(const struct parser *parser, const struct event *event, struct span id);
uint64_t parser_message_id_key(const struct parser *parser, const struct event *event, struct span message_id);

/* Whether lines of this program are looked at. */
bool parser_knows(const struct parser *parser, const struct header *header);

/* One line without its newline (a CR at its end is dropped). */
void parser_line(struct parser *parser, struct parser_source *source, struct span line);

/* The same of all lines of a block, each with its newline; longer ones than `longest` are overlong. It is faster: the
 * processor reads ahead what does not depend on the lines before. */
void parser_lines(struct parser *parser, struct parser_source *source, struct span block, size_t longest);

/* The same where the caller needs the header first, to put lines of several sources in order of time: header_parse()
 * into *header with the source's clock, then this. `header_found` is what header_parse() returned. */
void parser_line_parsed(struct parser *parser, struct parser_source *source, struct span line,
                        const struct header *header, bool header_found);

/* A line that was longer than the reader's cap: it counts as read and ignored. */
void parser_overlong_line(struct parser *parser, struct parser_source *source);

/* Decides what waits for evidence and is older than `now` allows (seconds since 1970); INT64_MAX at the end of input
 * decides everything. A daemon calls it when its sources are idle. */
void parser_settle(struct parser *parser, int64_t now);

const struct parser_counts *parser_counts(const struct parser *parser);

/* Flow table: entries in use, and how many were evicted because the cap was reached. */
void parser_flows(const struct parser *parser, uint32_t *in_use, uint64_t *evicted);

/* ---- the saved state ---- */

/* All that decides what later lines count as: messages under way, learned filters, what waits, the previous line of
 * each host, and parser_counts(). Between two lines. Together with the tallies and the sources of the same instant,
 *
 *     tallies_load -> parser_new with the seed tallies_seed() -> parser_load -> parser_source_load for each source
 *
 * goes on as if nothing had happened. With 200 000 messages under way it is 11 MB and takes 3 ms into memory that the
 * store had before, and four times that into new memory, so keep the store. */
void parser_save(const struct parser *parser, struct store *store);

/* Into a new parser with tallies that were loaded from the same state. False when what was saved makes no sense: then
 * the parser is as new. */
bool parser_load(struct parser *parser, struct load *load);

/* After parser_load(): all was loaded but the messages under way, because another version, another kind of machine or a
 * parser with another seed saved them. What was waiting to be counted is never left out. */
bool parser_forgot_flows(const struct parser *parser);

/* For a new parser with other options and the same tallies and seed: goes on where the old one stands, which then is
 * only to be freed; its parser_counts() go on, too. False without memory or with another seed: then the new one is as
 * new, and what the old one keeps waiting wants parser_settle(). */
bool parser_take_over(struct parser *parser, const struct parser *old);

/* Lines and clock; name and default_host are the caller's. False: the source is as it was. */
void parser_source_save(const struct parser_source *source, struct store *store);
bool parser_source_load(struct parser_source *source, struct load *load);

#endif
