/* Bar charts as SVG inside a page of HTML. Colours are the page's (CSS classes c0, c1 .. of the series).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_CHART_H
#define MAILTALLY_CHART_H

#include "output.h"

#define CHART_SERIES_MAX 10
#define CHART_LABEL      24

struct chart_group {
    char label[CHART_LABEL]; /* our own text */
    uint64_t values[CHART_SERIES_MAX];
};

struct chart {
    const char *caption;
    const char *const *series; /* names */
    unsigned series_n;
    bool is_stacked; /* else the bars of a group stand side by side */
    const struct chart_group *groups;
    unsigned groups_n;
};

void chart_put(struct output *output, const struct chart *chart);

#endif
