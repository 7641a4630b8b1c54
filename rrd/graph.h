/* Pictures of RRD files, through librrd: which there are (const rows), what they show, and how they are drawn.
 *
 * What a legend says (totals, averages, greatest values) is computed from the rows of the archives, not from a rate
 * that was rounded: counts are counts. The unit follows the values: a quiet server's mail is shown per hour, never as
 * thousandths of a message per minute.
 *
 * librrd draws with the fonts of the system. One thread at a time draws.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_GRAPH_H
#define MAILTALLY_RRD_GRAPH_H

#include "file.h"

#define GRAPH_SERIES_MAX 10
#define GRAPH_LABEL      24

/* A graph by its number, 0 and up. Names are as users give them; NULL when there is no such number. */
const char *graph_name(unsigned graph);
const char *graph_title(unsigned graph);
bool graph_has_hosts(unsigned graph); /* there is one for each host, too */
int graph_named(const char *name);    /* -1: none */

struct graph_span {
    const char *name, *title;
    int64_t seconds;
    unsigned step_s; /* of the rows that show it */
};
#define GRAPH_SPANS 4
extern const struct graph_span graph_spans[GRAPH_SPANS]; /* day, week, month, year */

/* NULL: there is none of this name. */
const struct graph_span *graph_span_named(const char *name);

enum graph_shape { SHAPE_AREA, SHAPE_STACK, SHAPE_LINE };

/* One of the things that a graph shows, with what it amounts to. */
struct graph_series {
    char label[GRAPH_LABEL];
    const char *source; /* data source */
    enum rrd_kind kind;
    enum graph_shape shape;
    uint32_t colour, dark; /* 0xrrggbb */
    double total;          /* events, or octets; of a gauge, what it was last */
    double average, most;  /* a second; most: of a minute, or, where the unit is an hour, of a row */
    double peak;           /* of a row */
    bool known;            /* there is at least one row */
};

/* What is to be drawn. The strings are the caller's. */
struct graph_view {
    const char *directory;
    const char *host; /* NULL: the sum of all */
    unsigned graph;
    int64_t start, end;
    unsigned step_s; /* about this; the archives have what they have */
    struct graph_series series[GRAPH_SERIES_MAX];
    unsigned series_n;
    bool is_octets, is_hourly;
    bool is_gauge;  /* numbers of now, no events: rates are the numbers themselves */
    uint64_t print; /* a hash of all rows: another one wants another picture */
};

/* That of a span that ends now, or at the end of the row before. */
struct graph_view graph_view_of(const char *directory, const char *host, unsigned graph, const struct graph_span *span,
                                int64_t now);

/* Reads the files and fills in all from `series` on. A file that is missing is one without known rows. False, with a
 * sentence in `error`, when there is not one known row. */
bool graph_read(struct graph_view *view, char *error);

struct graph_look {
    unsigned width, height; /* of the canvas; 0: as it is usual */
    bool svg;               /* else PNG */
    bool legend;
    const char *title; /* NULL: the graph's own; "": none */
};

/* The picture, allocated, and its octets. NULL with a sentence. */
char *graph_draw(const struct graph_view *view, const struct graph_look *look, size_t *octets, char *error);

/* Factor from events a second to the view's unit, and the unit's name. */
double graph_factor(const struct graph_view *view);
const char *graph_unit(const struct graph_view *view);

/* What series.total is: "total" or "now". */
const char *graph_total_word(const struct graph_view *view);

/* 1234567 as 1 234 567; octets as 1.2 MB; a rate with as many digits as it has. */
void graph_put_total(const struct graph_view *view, double total, char *text, size_t octets);
void graph_put_rate(const struct graph_view *view, double a_second, char *text, size_t octets);

#endif
