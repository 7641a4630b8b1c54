/* Pictures.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "directory.h"
#include "graph_rows.h"
#include "library.h"

#define WIDTH_DEFAULT 540 /* a third of it is a row each, as mailgraph draws */
#define WORDS_MAX     160
#define TEXT_OCTETS   (64 * 1024)

/* The words that librrd is called with. */
struct words {
    char *list[WORDS_MAX];
    int n;
    char *text;
    size_t octets;
    bool is_full;
};

static void add(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct words *w, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(w->text + w->octets, TEXT_OCTETS - w->octets, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= TEXT_OCTETS - w->octets || w->n == WORDS_MAX) {
        w->is_full = true;
        return;
    }
    w->list[w->n++] = w->text + w->octets;
    w->octets += (size_t)n + 1;
}

/* librrd's words are parted by colons. */
static void escape(const char *from, char *to, size_t room)
{
    size_t n = 0;

    for (; *from && n + 3 < room; from++) {
        if (*from == ':' || *from == '\\')
            to[n++] = '\\';
        to[n++] = *from;
    }
    to[n] = '\0';
}

static void put_frame(struct words *w, const struct graph_view *view, const struct graph_look *look)
{
    static const char *const colours[] = { "BACK#ffffff", "CANVAS#ffffff", "SHADEA#ffffff", "SHADEB#ffffff",
                                           "FONT#222222", "AXIS#555555",   "FRAME#eeeeee",  "ARROW#ffffff00",
                                           "GRID#dddddd", "MGRID#bbbbbb" };
    const struct graph_row *row = graph_row(view->graph);

    add(w, "graphv");
    add(w, "-");
    add(w, "--imgformat=%s", look->svg ? "SVG" : "PNG");
    add(w, "--start=%lld", (long long)view->start);
    add(w, "--end=%lld", (long long)view->end);
    add(w, "--width=%u", look->width ? look->width : WIDTH_DEFAULT);
    add(w, "--height=%u", look->height ? look->height : row->height);
    add(w, "--vertical-label=%s", graph_unit(view));
    add(w, "--lower-limit=0");
    add(w, "--slope-mode");
    add(w, "--border=12"); /* in white: a last label is wider than the canvas */
    add(w, "--disable-rrdtool-tag");
    if (!view->is_octets)
        add(w, "--units-exponent=0");
    if (!look->legend)
        add(w, "--no-legend");
    if (!look->title || *look->title)
        add(w, "--title=%s%s%s", look->title ? look->title : row->title, view->host ? ", " : "",
            view->host ? view->host : "");
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++)
        add(w, "--color=%s", colours[i]);
    add(w, "--font=LEGEND:8:DejaVu Sans Mono,monospace");
    add(w, "--font=AXIS:8:DejaVu Sans,sans");
    add(w, "--font=UNIT:8:DejaVu Sans,sans");
    add(w, "--font=TITLE:10:DejaVu Sans,sans");
}

static void put_legend(struct words *w, const struct graph_view *view, const struct graph_series *s, int width)
{
    char total[40], average[40], most[40];

    graph_put_total(view, s->total, total, sizeof total);
    graph_put_rate(view, s->average, average, sizeof average);
    graph_put_rate(view, s->most, most, sizeof most);
    add(w, "COMMENT:%*s %5s %10s  average %9s  maximum %9s %s\\l", width - (int)strlen(s->label), "",
        graph_total_word(view), total, average, most, view->is_octets ? "" : graph_unit(view));
}

static bool put_series(struct words *w, const struct graph_view *view, bool legend)
{
    char path[PATH_MAX], escaped[2 * PATH_MAX];
    bool stacked = false;
    int width = 0;

    for (unsigned i = 0; i < view->series_n; i++)
        if ((int)strlen(view->series[i].label) > width)
            width = (int)strlen(view->series[i].label);
    for (unsigned i = 0; i < view->series_n; i++) {
        const struct graph_series *s = &view->series[i];
        const bool is_line = s->shape == SHAPE_LINE;

        if (!rrd_path(path, sizeof path, view->directory, view->host, s->kind))
            return false;
        escape(path, escaped, sizeof escaped);
        if (s->known) {
            add(w, "DEF:a%u=%s:%s:AVERAGE:step=%u", i, escaped, s->source, view->step_s);
            add(w, "CDEF:r%u=a%u,%g,*", i, i, graph_factor(view));
            add(w, "%s:r%u#%06x:%s%s", is_line ? "LINE2" : "AREA", i, s->colour, s->label,
                !is_line && s->shape == SHAPE_STACK && stacked ? ":STACK" : "");
            stacked = stacked || !is_line;
        } else {
            add(w, "COMMENT:  %s", s->label);
        }
        if (legend)
            put_legend(w, view, s, width);
    }
    return true;
}

static void put_time(struct words *w)
{
    const time_t now = time(NULL);
    char when[64] = "", escaped[128];
    struct tm tm;

    if (localtime_r(&now, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M %Z", &tm);
    escape(when, escaped, sizeof escaped);
    add(w, "COMMENT:%s\\r", escaped);
}

/* The picture itself is one of the facts that librrd gives back. */
static char *take_image(const rrd_info_t *info, size_t *octets)
{
    for (; info; info = info->next)
        if (strcmp(info->key, "image") == 0 && info->type == RD_I_BLO) {
            char *image = malloc(info->value.u_blo.size + 1);

            if (!image)
                return NULL;
            memcpy(image, info->value.u_blo.ptr, info->value.u_blo.size);
            image[info->value.u_blo.size] = '\0';
            *octets = info->value.u_blo.size;
            return image;
        }
    return NULL;
}

char *graph_draw(const struct graph_view *view, const struct graph_look *look, size_t *octets, char *error)
{
    struct words w = { .text = malloc(TEXT_OCTETS) };
    rrd_info_t *info = NULL;
    char *image = NULL;

    if (!w.text) {
        snprintf(error, RRD_ERROR_OCTETS, "there is no memory");
        return NULL;
    }
    put_frame(&w, view, look);
    if (put_series(&w, view, look->legend) && look->legend)
        put_time(&w);
    librrd_clear_error();
    if (!w.is_full)
        info = librrd_graph_v(w.n, w.list);
    if (info)
        image = take_image(info, octets);
    if (!image)
        snprintf(error, RRD_ERROR_OCTETS, "the picture cannot be drawn: %.200s",
                 librrd_test_error() ? librrd_get_error() : "librrd gives none");
    if (info)
        librrd_info_free(info);
    free(w.text);
    return image;
}
