/* What rrd/ says of its files and graphs, for the templates of Cacti. Apart from generate.h, since both have a counter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_GENERATE_RRD_FILES_H
#define MAILTALLY_GENERATE_RRD_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* The files by number; NULL behind the last. */
const char *rrd_files_name(unsigned file);
bool rrd_files_of_hosts(unsigned file);

/* The names of its data sources; NULL behind the last. */
const char *rrd_files_source(unsigned file, unsigned source);

/* The graphs of `mailtally graph` that name what they show, by number; false behind the last. */
struct rrd_graph {
    const char *key, *title;
    bool is_octets;
};
bool rrd_files_graph(unsigned graph, struct rrd_graph *to);

/* What stands in one; false behind the last. */
struct rrd_series {
    const char *source, *legend, *file;
    bool is_line, is_stacked;
    char colour[7];
};
bool rrd_files_series(unsigned graph, unsigned series, struct rrd_series *to);

#endif
