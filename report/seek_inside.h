/* What seek.c, which finds the lines, and seek_feed.c, which gives them to the parser in order of time, share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SEEK_INSIDE_H
#define MAILTALLY_SEEK_INSIDE_H

#include "../parser/parser.h"
#include "needles.h"
#include "seek.h"

#define NAMES_SOUGHT_MAX (NEEDLES_MAX - 1)
#define LINE_NAMES_MAX   32

struct file {
    char *path, *host;
    uint32_t number;              /* of the operand */
    struct parser_source scratch; /* for what its lines name */
    struct parser_source source;  /* for the parser */
    int64_t reference;
    char error[512]; /* empty: it could be read */
    int64_t first_time;
    size_t next, end; /* of its lines that were found */
    struct header header;
    bool header_found;
    int64_t time;
};

struct found_line {
    uint64_t offset;
    char *text;
    size_t n;
    uint32_t file;
};

/* Which lines were found already. */
struct found_set {
    uint64_t *slots; /* 0: free */
    size_t n, room;
};
bool found_set_add(struct found_set *set, uint32_t file, uint64_t offset);

struct seek {
    struct span text;
    size_t nocase_from;
    struct file *files;
    size_t files_n;
    struct parser *scratch;
    struct tallies *tallies;
    struct needles *needles;
    size_t needles_names; /* how many names they have */
    struct span names[NAMES_SOUGHT_MAX];
    bool is_opened[NAMES_SOUGHT_MAX]; /* a line says that it is a message's */
    bool is_needed[NAMES_SOUGHT_MAX]; /* it must be */
    size_t names_n;
    struct found_line *found;
    size_t found_n, found_room;
    uint64_t octets;
    struct found_set set;
    /* Of the line at work. */
    struct span line_names[LINE_NAMES_MAX], line_id, line_opened, line_needs;
    size_t line_names_n, events_n;
    bool line_is_clear, is_nameless, line_needs_proof;
    bool is_hopeless; /* all is to be parsed */
    bool grew, has_grown, stop_set;
    uint32_t grown_file, stop_file;
    uint64_t grown_offset, stop_offset;
};

/* Whether the line has the text itself. */
bool seek_has_text(const struct seek *seek, struct span line);

#endif
