/* Bar charts.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "chart.h"

#include <inttypes.h>
#include <stdio.h>

#define WIDTH     960.0
#define HEIGHT    250.0
#define LEFT      58.0
#define RIGHT     8.0
#define TOP       10.0
#define BOTTOM    26.0
#define LABEL_MIN 44.0 /* between two labels */

static uint64_t group_height(const struct chart *chart, const struct chart_group *group)
{
    uint64_t most = 0, sum = 0;

    for (unsigned i = 0; i < chart->series_n; i++) {
        sum += group->values[i];
        if (group->values[i] > most)
            most = group->values[i];
    }
    return chart->is_stacked ? sum : most;
}

static uint64_t highest(const struct chart *chart)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < chart->groups_n; i++)
        if (group_height(chart, &chart->groups[i]) > most)
            most = group_height(chart, &chart->groups[i]);
    return most;
}

/* 1, 2 or 5 times a power of ten, so that four to nine lines lie below the highest value. */
static uint64_t tick_of(uint64_t most)
{
    uint64_t tick = 1;

    for (;;) {
        static const uint64_t steps[] = { 1, 2, 5 };

        for (int i = 0; i < 3; i++)
            if (most / (tick * steps[i]) < 6)
                return tick * steps[i];
        if (tick > UINT64_MAX / 100)
            return tick;
        tick *= 10;
    }
}

static void put_axis_number(struct output *output, uint64_t value)
{
    if (value >= 10000000)
        output_print(output, "%" PRIu64 " M", value / 1000000);
    else if (value >= 10000)
        output_print(output, "%" PRIu64 " k", value / 1000);
    else
        output_print(output, "%" PRIu64, value);
}

static double y_of(uint64_t value, uint64_t top)
{
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (double)value / (double)top;
}

static void put_grid(struct output *output, uint64_t top, uint64_t tick)
{
    for (uint64_t value = 0; value <= top; value += tick) {
        double y = y_of(value, top);

        output_print(output, "<line class=\"g\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, WIDTH - RIGHT,
                     y, y);
        output_print(output, "<text class=\"y\" x=\"%.0f\" y=\"%.1f\">", LEFT - 6, y + 4);
        put_axis_number(output, value);
        output_literal(output, "</text>");
    }
}

static void put_bar(struct output *output, const struct chart *chart, const struct chart_group *group, unsigned series,
                    double x, double width, uint64_t below, uint64_t top)
{
    double y = y_of(below + group->values[series], top), height = y_of(below, top) - y;

    output_print(output,
                 "<rect class=\"c%u\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%s, %s: %" PRIu64
                 "</title></rect>",
                 series, x, y, width, height < 1 ? 1 : height, group->label, chart->series[series],
                 group->values[series]);
}

static void put_group(struct output *output, const struct chart *chart, const struct chart_group *group, double x,
                      double width, uint64_t top)
{
    double bar = chart->is_stacked ? width : width / chart->series_n;
    uint64_t below = 0;

    for (unsigned i = 0; i < chart->series_n; i++) {
        if (group->values[i])
            put_bar(output, chart, group, i, chart->is_stacked ? x : x + bar * i, bar > 3 ? bar - 1 : bar, below, top);
        if (chart->is_stacked)
            below += group->values[i];
    }
}

static void put_legend(struct output *output, const struct chart *chart)
{
    output_literal(output, "<figcaption><b>");
    output_string(output, chart->caption);
    output_literal(output, "</b>");
    for (unsigned i = 0; i < chart->series_n; i++) {
        output_print(output, " <span class=\"l\"><span class=\"k c%u\"></span>", i);
        output_string(output, chart->series[i]);
        output_literal(output, "</span>");
    }
    output_literal(output, "</figcaption>\n");
}

void chart_put(struct output *output, const struct chart *chart)
{
    uint64_t most = highest(chart), tick = tick_of(most ? most : 1), top = (most / tick + (most % tick > 0)) * tick;
    double step = chart->groups_n ? (WIDTH - LEFT - RIGHT) / chart->groups_n : 0, width = step * 0.8;
    unsigned every = step > 0 ? (unsigned)(LABEL_MIN / step) + 1 : 1;

    if (!most)
        return;
    output_literal(output, "<figure>");
    put_legend(output, chart);
    output_print(output, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\">", WIDTH, HEIGHT);
    put_grid(output, top, tick);
    for (unsigned i = 0; i < chart->groups_n; i++) {
        double x = LEFT + step * i + step * 0.1;

        put_group(output, chart, &chart->groups[i], x, width, top);
        if (i % every == 0)
            output_print(output, "<text class=\"x\" x=\"%.1f\" y=\"%.0f\">%s</text>", x + width / 2, HEIGHT - 8,
                         chart->groups[i].label);
    }
    output_literal(output, "</svg></figure>\n");
}
