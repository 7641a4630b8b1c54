/* What parser.c and parser_store.c share: what a parser is made of. For these two only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PARSER_INSIDE_H
#define MAILTALLY_PARSER_INSIDE_H

#include "copies.h"
#include "flow.h"
#include "parser.h"
#include "recogniser.h"
#include "repeat.h"
#include "verdict.h"

#define LAST_FILE_OCTETS 255

struct parser {
    struct events events; /* first: recognisers hold a pointer to it */
    struct dispatch dispatch;
    bool enabled[RECOGNISERS_MAX];
    struct tallies *tallies;
    uint64_t seed;
    uint64_t ticket; /* what it looked up is noted in the sources' clocks under this number */
    struct flows *flows;
    struct verdicts *verdicts;
    struct repeats *repeats;
    struct copies *copies;
    char apart[64];             /* what stands above is read by one thread while another writes below (ahead.h) */
    bool repeatable;            /* the event at work may happen again by the same line; others are once for a message */
    const struct line *current; /* the line at work: what is decided of an earlier one is not noted as its event */
    struct parser_counts counts;
    int64_t since, until;
    int64_t settled; /* the time of the last settle(), and of whom: the next line of the same second needs none */
    const struct tally *settled_host;
    bool (*wants_host)(void *context, struct span host);
    void *wants_host_context;
    char asked_host[HOST_NAME_OCTETS]; /* the last host that was asked for, and the answer */
    size_t asked_host_octets;
    bool asked_host_wanted;
    const struct line *previous;          /* among those at work */
    struct line last;                     /* where the end of input is counted: no spans */
    char last_file[LAST_FILE_OCTETS + 1]; /* of one that was loaded */
    bool forgot_flows;                    /* see parser_forgot_flows() */
    parser_sink_fn *sink;
    void *sink_context;
    parser_unrecognised_fn *unrecognised;
    void *unrecognised_context;
    parser_sink_fn *watch; /* see parser_set_watch() */
    void *watch_context;
    parser_unrecognised_fn *line_watch; /* see parser_set_line_watch() */
    void *line_watch_context;
    bool is_watched[256];          /* by a message's first octet */
    parser_unrecognised_fn *after; /* see parser_set_after() */
    void *after_context;
};

/* Steps of a line's way, for ahead.c. Its header, which host's it is, and its rules: */
void parser_begin_line(struct parser *parser, struct parser_source *source, struct line *line, struct span text,
                       bool header_found);
/* its turn has come; false: nobody wants it; */
bool parser_line_is_due(struct parser *parser, const struct line *line);
/* what it says, and what that counts as; or, where it is known what it says, around its events: */
void parser_recognise(struct parser *parser, const struct line *line);
void parser_begin_events(struct parser *parser, const struct line *line);
void parser_end_events(struct parser *parser, const struct line *line, bool is_recognised, bool is_unrecognised);
/* before the lines are gone. */
void parser_remember_place(struct parser *parser);

#endif
