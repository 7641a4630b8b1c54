/* The rows of graphs.c, for graph.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_GRAPH_ROWS_H
#define MAILTALLY_RRD_GRAPH_ROWS_H

#include "graph.h"

#define GRAPH_ROW_SERIES 6

struct graph_row {
    const char *name, *title;
    unsigned height;
    enum rrd_kind all_of; /* not 0: the greatest of this kind's data sources, stacked */
    struct {
        const char *source, *label;
        enum rrd_kind kind;
        enum graph_shape shape;
        uint32_t colour, dark;
    } series[GRAPH_ROW_SERIES]; /* up to one without a source */
};

const struct graph_row *graph_row(unsigned graph);

#endif
