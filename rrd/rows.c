/* The rows of a new RRD file.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Minutes and rows have numbers: a row is named after its last minute, number / steps. */

/* The row of an archive that is not whole yet. */
struct open_row {
    uint32_t number;
    double sum, most; /* of its minutes */
    double ending;    /* the value of the last minute of the row before it */
};

/* A data source with values that are not 0. */
struct source {
    struct open_row open[RRD_ARCHIVES];
    double average[RRD_ARCHIVES][RRD_ROWS], most[RRD_ARCHIVES][RRD_ROWS]; /* by number modulo RRD_ROWS */
    uint32_t last;                                                        /* the last minute that was told, */
    double last_value;
    uint64_t last_count; /* and its value */
};

struct rows {
    enum rrd_kind kind;
    uint32_t first, upto;
    struct source *sources[RRD_SOURCES]; /* NULL: always 0 */
};

static uint32_t number_of(int64_t minute)
{
    return (uint32_t)(minute / RRD_STEP_S);
}

struct rows *rows_new(enum rrd_kind kind, int64_t first)
{
    struct rows *rows = calloc(1, sizeof *rows);

    if (!rows)
        return NULL;
    rows->kind = kind;
    rows->first = number_of(first);
    rows->upto = rows->first - 1;
    return rows;
}

void rows_free(struct rows *rows)
{
    for (unsigned i = 0; rows && i < RRD_SOURCES; i++)
        free(rows->sources[i]);
    free(rows);
}

int64_t rows_upto(const struct rows *rows)
{
    return (int64_t)rows->upto * RRD_STEP_S;
}

uint64_t rows_minutes(const struct rows *rows)
{
    return rows->upto - rows->first + 1;
}

/* ---- archives ---- */

static uint32_t row_of(uint32_t minute, uint32_t steps)
{
    return (minute + steps - 1) / steps;
}

/* So many minutes of the row were before the file was. */
static uint32_t unknown_in(const struct rows *rows, uint32_t row, uint32_t steps)
{
    return row == row_of(rows->first, steps) ? rows->first - 1 - (row - 1) * steps : 0;
}

/* More than half is unknown. */
static bool is_unknown(const struct rows *rows, uint32_t row, uint32_t steps)
{
    return row < row_of(rows->first, steps) || unknown_in(rows, row, steps) > steps * 0.5;
}

static void close_row(const struct rows *rows, struct source *s, unsigned archive)
{
    const uint32_t steps = rrd_archive_steps[archive];
    struct open_row *open = &s->open[archive];

    s->average[archive][open->number % RRD_ROWS] = open->sum / (steps - unknown_in(rows, open->number, steps));
    s->most[archive][open->number % RRD_ROWS] = open->most;
    open->ending = s->last == open->number * steps ? s->last_value : 0;
    open->sum = open->most = 0;
}

/* Nothing happened in the rows between. */
static void go_to_row(const struct rows *rows, struct source *s, unsigned archive, uint32_t row)
{
    struct open_row *open = &s->open[archive];
    uint32_t empty = open->number + 1;

    close_row(rows, s, archive);
    if (empty < row)
        open->ending = 0;
    if (row - empty > RRD_ROWS)
        empty = row - RRD_ROWS;
    for (; empty < row; empty++)
        s->average[archive][empty % RRD_ROWS] = s->most[archive][empty % RRD_ROWS] = 0;
    open->number = row;
}

static struct source *new_source(const struct rows *rows)
{
    struct source *s = calloc(1, sizeof *s);

    for (unsigned i = 0; s && i < RRD_ARCHIVES; i++)
        s->open[i].number = row_of(rows->first, rrd_archive_steps[i]);
    return s;
}

bool rows_add(struct rows *rows, unsigned source, int64_t minute, uint64_t value)
{
    const uint32_t number = number_of(minute);
    /* A rate, made whole for the minute and divided by its seconds again: each rounds. */
    const double rate = (double)value / RRD_STEP_S * RRD_STEP_S / RRD_STEP_S;
    struct source *s = rows->sources[source];

    if (!s && !(s = rows->sources[source] = new_source(rows)))
        return false;
    if (number <= s->last)
        return true;
    for (unsigned i = 0; i < RRD_ARCHIVES; i++) {
        struct open_row *open = &s->open[i];

        if (number > open->number * rrd_archive_steps[i])
            go_to_row(rows, s, i, row_of(number, rrd_archive_steps[i]));
        open->sum += rate;
        if (rate > open->most)
            open->most = rate;
    }
    s->last = number;
    s->last_value = rate;
    s->last_count = value;
    return true;
}

void rows_end(struct rows *rows, int64_t upto)
{
    rows->upto = number_of(upto);
    for (unsigned source = 0; source < rrd_kind_sources(rows->kind); source++)
        for (unsigned i = 0; rows->sources[source] && i < RRD_ARCHIVES; i++) {
            uint32_t row = rows->upto / rrd_archive_steps[i] + 1;

            if (row > rows->sources[source]->open[i].number)
                go_to_row(rows, rows->sources[source], i, row);
        }
}

/* ---- as XML ---- */

static void put_number(FILE *file, double number)
{
    if (isnan(number))
        fputs("NaN", file);
    else if (number == 0)
        fputs("0", file);
    else
        fprintf(file, "%.17g", number);
}

static void put_element(FILE *file, const char *name, double number)
{
    fprintf(file, "<%s>", name);
    put_number(file, number);
    fprintf(file, "</%s>", name);
}

static double value_in(const struct rows *rows, unsigned source, unsigned archive, bool is_most, uint32_t row)
{
    const struct source *s = rows->sources[source];

    if (is_unknown(rows, row, rrd_archive_steps[archive]))
        return NAN;
    if (!s)
        return 0;
    return is_most ? s->most[archive][row % RRD_ROWS] : s->average[archive][row % RRD_ROWS];
}

/* What librrd needs to know of the row that is not whole, and of the one before. */
static void put_preparation(const struct rows *rows, FILE *file, unsigned source, unsigned archive, bool is_most)
{
    const uint32_t steps = rrd_archive_steps[archive], whole = rows->upto / steps, open = whole + 1;
    const struct open_row none = { 0 };
    const struct open_row *o = rows->sources[source] ? &rows->sources[source]->open[archive] : &none;
    const bool is_first = whole < row_of(rows->first, steps);

    fputs("<ds>", file);
    put_element(file, "primary_value", is_first ? 0 : value_in(rows, source, archive, is_most, whole));
    put_element(file, "secondary_value", o->ending);
    if (rows->upto % steps > 0)
        put_element(file, "value", is_most ? o->most : o->sum);
    else
        fprintf(file, "<value>%s</value>", is_most ? "-inf" : "0");
    fprintf(file, "<unknown_datapoints>%" PRIu32 "</unknown_datapoints></ds>\n", unknown_in(rows, open, steps));
}

static void put_archive(const struct rows *rows, FILE *file, unsigned archive, bool is_most)
{
    const uint32_t whole = rows->upto / rrd_archive_steps[archive];
    const unsigned sources = rrd_kind_sources(rows->kind);

    fprintf(file, "<rra><cf>%s</cf><pdp_per_row>%u</pdp_per_row><params><xff>0.5</xff></params>\n<cdp_prep>",
            is_most ? "MAX" : "AVERAGE", rrd_archive_steps[archive]);
    for (unsigned i = 0; i < sources; i++)
        put_preparation(rows, file, i, archive, is_most);
    fputs("</cdp_prep>\n<database>\n", file);
    for (uint32_t row = whole - RRD_ROWS + 1; row <= whole; row++) {
        fputs("<row>", file);
        for (unsigned i = 0; i < sources; i++)
            put_element(file, "v", value_in(rows, i, archive, is_most, row));
        fputs("</row>\n", file);
    }
    fputs("</database></rra>\n", file);
}

void rows_put_xml(const struct rows *rows, FILE *file)
{
    fprintf(file, "<rrd><version>0003</version><step>%d</step><lastupdate>%" PRId64 "</lastupdate>\n", RRD_STEP_S,
            rows_upto(rows));
    for (unsigned i = 0; i < rrd_kind_sources(rows->kind); i++) {
        const struct source *s = rows->sources[i];

        fprintf(file,
                "<ds><name>%s</name><type>ABSOLUTE</type><minimal_heartbeat>%d</minimal_heartbeat><min>0</min>"
                "<max>NaN</max><last_ds>%" PRIu64 "</last_ds><value>0</value><unknown_sec>0</unknown_sec></ds>\n",
                rrd_slot_name(rrd_kind_first(rows->kind) + i), RRD_HEARTBEAT_S,
                s && s->last == rows->upto ? s->last_count : 0);
    }
    for (int is_most = 0; is_most < 2; is_most++)
        for (unsigned i = 0; i < RRD_ARCHIVES; i++)
            put_archive(rows, file, i, is_most != 0);
    fputs("</rrd>\n", file);
}
