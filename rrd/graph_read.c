/* What a graph shows, in numbers.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../parser/hash.h"
#include "directory.h"
#include "graph_rows.h"
#include "library.h"

#define GREATEST 7 /* of the reasons */

static const struct {
    uint32_t colour, dark;
} palette[GREATEST] = { { 0xaa0000, 0xe04545 }, { 0xe08020, 0xe08020 }, { 0xddbb00, 0xddbb00 }, { 0x3a8f3a, 0x55b555 },
                        { 0x2a7ab8, 0x4aa3e0 }, { 0x6a51a3, 0x9a82d3 }, { 0xc06090, 0xd880a8 } };

/* The rows of one file and function. */
struct fetched {
    time_t start, end;
    unsigned long step, n;
    char **names;
    rrd_value_t *data;
};

static bool fetch(const struct graph_view *view, enum rrd_kind kind, const char *function, struct fetched *f,
                  char *error)
{
    char path[PATH_MAX], why[RRD_ERROR_OCTETS];

    *f = (struct fetched){ .start = (time_t)view->start, .end = (time_t)view->end, .step = view->step_s };
    if (!rrd_path(path, sizeof path, view->directory, view->host, kind))
        return false;
    if (!rrd_file_may_be(path, why)) {
        snprintf(error, RRD_ERROR_OCTETS, "%s: %.300s", rrd_kind_file(kind), why);
        return false;
    }
    librrd_clear_error();
    if (librrd_fetch_r(path, function, &f->start, &f->end, &f->step, &f->n, &f->names, &f->data) == 0)
        return true;
    rrd_file_explain(path, librrd_get_error(), why);
    snprintf(error, RRD_ERROR_OCTETS, "%s: %.300s", rrd_kind_file(kind), why);
    return false;
}

static void forget(struct fetched *f)
{
    for (unsigned long i = 0; f->names && i < f->n; i++)
        free(f->names[i]);
    free(f->names);
    free(f->data);
    *f = (struct fetched){ 0 };
}

static long place_of(const struct fetched *f, const char *source)
{
    for (unsigned long i = 0; i < f->n; i++)
        if (strcmp(f->names[i], source) == 0)
            return (long)i;
    return -1;
}

/* A row stands for the time up to its stamp; the first one is that after `start`. */
static double value(const struct fetched *f, unsigned long row, long place)
{
    return f->data[row * f->n + (unsigned long)place];
}

static unsigned long rows_of(const struct fetched *f)
{
    return (unsigned long)(f->end - f->start) / f->step;
}

static void sum_up(const struct fetched *f, struct graph_series *s, bool is_gauge)
{
    long place = place_of(f, s->source);
    unsigned long known = 0;
    double last = 0;

    for (unsigned long row = 0; place >= 0 && row < rows_of(f); row++)
        if (!isnan(value(f, row, place))) {
            s->total += value(f, row, place) * (double)f->step;
            s->peak = value(f, row, place) > s->peak ? value(f, row, place) : s->peak;
            last = value(f, row, place);
            known++;
        }
    s->known = known > 0;
    s->average = known ? s->total / ((double)known * (double)f->step) : 0;
    s->total = (double)(int64_t)((is_gauge ? last : s->total) + 0.5); /* rates were rounded */
}

static void find_most(const struct fetched *f, struct graph_series *s)
{
    long place = place_of(f, s->source);

    for (unsigned long row = 0; place >= 0 && row < rows_of(f); row++)
        if (value(f, row, place) > s->most)
            s->most = value(f, row, place);
}

/* So that the same rows are not drawn twice. */
static void add_print(struct graph_view *view, const struct fetched *f)
{
    const int64_t frame[] = { f->start, f->end, (int64_t)f->step };

    view->print = hash_octets(view->print, (struct span){ (const char *)frame, sizeof frame });
    view->print = hash_octets(view->print, (struct span){ (const char *)f->data, rows_of(f) * f->n * sizeof *f->data });
}

/* ---- series ---- */

static void take_row(struct graph_view *view, const struct graph_row *row)
{
    for (unsigned i = 0; i < GRAPH_ROW_SERIES && row->series[i].source; i++) {
        struct graph_series *s = &view->series[view->series_n++];

        *s = (struct graph_series){ .source = row->series[i].source,
                                    .kind = row->series[i].kind,
                                    .shape = row->series[i].shape,
                                    .colour = row->series[i].colour,
                                    .dark = row->series[i].dark };
        snprintf(s->label, sizeof s->label, "%s", row->series[i].label);
    }
}

static int by_total(const void *a, const void *b)
{
    const struct graph_series *one = a, *other = b;

    return one->total > other->total ? -1 : one->total < other->total;
}

/* All data sources of a kind; the greatest of them become the series. */
static bool take_greatest(struct graph_view *view, enum rrd_kind kind, char *error)
{
    struct graph_series all[RRD_SOURCES] = { 0 };
    const unsigned n = rrd_kind_sources(kind);
    struct fetched f;

    if (!fetch(view, kind, "AVERAGE", &f, error))
        return false;
    for (unsigned i = 0; i < n; i++) {
        all[i].source = rrd_slot_name(rrd_kind_first(kind) + i);
        all[i].kind = kind;
        sum_up(&f, &all[i], false);
    }
    forget(&f);
    qsort(all, n, sizeof *all, by_total);
    for (unsigned i = 0; i < GREATEST && (i == 0 || all[i].total > 0); i++) {
        struct graph_series *s = &view->series[view->series_n++];

        *s = (struct graph_series){ .source = all[i].source,
                                    .kind = kind,
                                    .shape = i ? SHAPE_STACK : SHAPE_AREA,
                                    .colour = palette[i].colour,
                                    .dark = palette[i].dark };
        snprintf(s->label, sizeof s->label, "%s", s->source);
    }
    return true;
}

/* ---- the whole ---- */

static bool kind_is_new(const struct graph_view *view, unsigned at)
{
    for (unsigned i = 0; i < at; i++)
        if (view->series[i].kind == view->series[at].kind)
            return false;
    return true;
}

static bool read_kind(struct graph_view *view, enum rrd_kind kind, char *error)
{
    static const char *const functions[] = { "AVERAGE", "MAX" };

    for (int function = 0; function < 2; function++) {
        struct fetched f;

        if (!fetch(view, kind, functions[function], &f, error))
            return false;
        for (unsigned i = 0; i < view->series_n; i++) {
            if (view->series[i].kind != kind)
                continue;
            if (function == 0)
                sum_up(&f, &view->series[i], view->is_gauge);
            else
                find_most(&f, &view->series[i]);
        }
        add_print(view, &f);
        forget(&f);
    }
    return true;
}

bool graph_read(struct graph_view *view, char *error)
{
    const struct graph_row *row = graph_row(view->graph);
    double peak = 0;
    bool any = false;

    view->series_n = 0;
    view->print = 1;
    view->is_octets = row->series[0].source && row->series[0].kind == RRD_VOLUME;
    view->is_gauge = row->series[0].source && row->series[0].kind == RRD_QUEUE;
    if (!row->all_of)
        take_row(view, row);
    else if (!take_greatest(view, row->all_of, error))
        return false;
    for (unsigned i = 0; i < view->series_n; i++)
        if (kind_is_new(view, i) && read_kind(view, view->series[i].kind, error))
            snprintf(error, RRD_ERROR_OCTETS, "nothing is known of this time yet");
    for (unsigned i = 0; i < view->series_n; i++)
        any = any || view->series[i].known;
    for (unsigned i = 0; i < view->series_n; i++)
        peak = view->series[i].peak > peak ? view->series[i].peak : peak;
    view->is_hourly = !view->is_octets && !view->is_gauge && peak * 60 < 1;
    for (unsigned i = 0; view->is_hourly && i < view->series_n; i++)
        view->series[i].most = view->series[i].peak; /* one message in a minute is not sixty in an hour */
    return any;
}

double graph_factor(const struct graph_view *view)
{
    return view->is_octets || view->is_gauge ? 1 : view->is_hourly ? 3600 : 60;
}

const char *graph_unit(const struct graph_view *view)
{
    return view->is_octets ? "octets/s" : view->is_gauge ? "messages" : view->is_hourly ? "per hour" : "per minute";
}

const char *graph_total_word(const struct graph_view *view)
{
    return view->is_gauge ? "now" : "total";
}

/* ---- numbers as text ---- */

static void put_scaled(double octets, const char *behind, char *text, size_t room)
{
    static const char *const prefixes[] = { "", "k", "M", "G", "T", "P" };
    unsigned i = 0;

    for (; octets >= 1000 && i < 5; i++)
        octets /= 1000;
    snprintf(text, room, i && octets < 100 ? "%.1f %sB%s" : "%.0f %sB%s", octets, prefixes[i], behind);
}

void graph_put_total(const struct graph_view *view, double total, char *text, size_t octets)
{
    char digits[32];
    size_t n, at = 0;

    if (view->is_octets) {
        put_scaled(total, "", text, octets);
        return;
    }
    n = (size_t)snprintf(digits, sizeof digits, "%.0f", total);
    for (size_t i = 0; i < n && at + 2 < octets; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            text[at++] = ' ';
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

void graph_put_rate(const struct graph_view *view, double a_second, char *text, size_t octets)
{
    double rate = a_second * graph_factor(view);

    if (view->is_octets)
        put_scaled(rate, "/s", text, octets);
    else
        snprintf(text, octets,
                 rate >= 100 || rate == 0 ? "%.0f"
                 : rate >= 1              ? "%.1f"
                 : rate >= 0.005          ? "%.2f"
                                          : "<0.01",
                 rate);
}
