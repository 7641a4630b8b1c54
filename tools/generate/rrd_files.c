/* See rrd_files.h.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "rrd_files.h"

#include <stdio.h>

#include "../../rrd/graph_rows.h"

const char *rrd_files_name(unsigned file)
{
    return file < RRD_KINDS ? rrd_kind_file((enum rrd_kind)file) : NULL;
}

bool rrd_files_of_hosts(unsigned file)
{
    return file < RRD_HOST_KINDS;
}

const char *rrd_files_source(unsigned file, unsigned source)
{
    const enum rrd_kind kind = (enum rrd_kind)file;

    return source < rrd_kind_sources(kind) ? rrd_slot_name(rrd_kind_first(kind) + source) : NULL;
}

/* The others choose what they show when they are drawn, or show the queue, which Cacti has over SNMP. */
static const struct graph_row *row_of(unsigned graph)
{
    unsigned at = 0;
    const struct graph_row *row;

    while ((row = graph_row(at++)) != NULL)
        if (row->series[0].source && row->series[0].kind < RRD_KINDS && graph-- == 0)
            return row;
    return NULL;
}

bool rrd_files_graph(unsigned graph, struct rrd_graph *to)
{
    const struct graph_row *row = row_of(graph);

    if (row)
        *to = (struct rrd_graph){ row->name, row->title, row->series[0].kind == RRD_VOLUME };
    return row != NULL;
}

bool rrd_files_series(unsigned graph, unsigned series, struct rrd_series *to)
{
    const struct graph_row *row = row_of(graph);

    if (series >= GRAPH_ROW_SERIES || !row->series[series].source)
        return false;
    *to = (struct rrd_series){ .source = row->series[series].source,
                               .legend = row->series[series].label,
                               .file = rrd_kind_file(row->series[series].kind),
                               .is_line = row->series[series].shape == SHAPE_LINE,
                               .is_stacked = row->series[series].shape == SHAPE_STACK };
    snprintf(to->colour, sizeof to->colour, "%06X", (unsigned)row->series[series].colour & 0xffffff);
    return true;
}
