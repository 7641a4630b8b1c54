/* mailtally graph: pictures and pages from RRD files.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../rrd/pages.h"
#include "rrd.h"

#define STEPS_WIDE 180 /* rows that a picture of the usual width shows */

void graph_help(void)
{
    printf("Usage: mailtally graph [OPTION...] [GRAPH] [-o FILE.png|FILE.svg]\n"
           "       mailtally graph [OPTION...] --html DIRECTORY\n\n"
           "Draws a graph from the RRD files, or all of them as a static site for any web server.\n\nGraphs:\n");
    for (unsigned i = 0; graph_name(i); i++)
        printf("  %-14s %s%s\n", graph_name(i), graph_title(i), graph_has_hosts(i) ? "" : " (of all hosts together)");
    printf("\n--host HOST takes the files of one host, by its whole name. The span is --span, or --since and "
           "--until.\n\n");
}

static bool set_span(const struct options *options, struct graph_view *view)
{
    const int64_t now = (int64_t)time(NULL);

    if (options->since || options->until) {
        view->end = options->until && options->until < INT64_MAX ? options->until : now;
        view->start = options->since > INT64_MIN + 1 ? options->since : view->end - 86400;
        view->step_s = (unsigned)((view->end - view->start) / STEPS_WIDE);
        view->step_s = view->step_s < 480 ? 480 : view->step_s;
        if (view->start < view->end)
            return true;
        complain("the span ends before it begins");
        return false;
    }
    for (unsigned i = 0; i < GRAPH_SPANS; i++)
        if (strcmp(options->span ? options->span : "day", graph_spans[i].name) == 0) {
            view->step_s = graph_spans[i].step_s;
            view->end = now - now % view->step_s;
            view->start = view->end - graph_spans[i].seconds;
            return true;
        }
    complain("there is no span \"%s\"; there are day, week, month and year, and --since and --until", options->span);
    return false;
}

static bool write_out(const char *path, const char *image, size_t n)
{
    FILE *out = path ? fopen(path, "we") : stdout;
    bool good = out && fwrite(image, 1, n, out) == n && fflush(out) == 0;

    if (out && path && fclose(out) != 0)
        good = false;
    if (!good)
        complain("%s: %s", path ? path : "standard output", strerror(errno));
    return good;
}

static enum status draw(const struct options *options, const char *directory)
{
    const char *name = options->files_n ? options->files[0] : "mail", *path = options->output;
    const char *suffix = path ? strrchr(path, '.') : NULL;
    struct graph_look look = { .svg = suffix && strcmp(suffix, ".svg") == 0, .legend = true };
    struct graph_view view = { .directory = directory, .host = options->host_regex };
    char error[RRD_ERROR_OCTETS] = "";
    int graph = graph_named(name);
    size_t n = 0;
    char *image;
    bool good;

    if (graph < 0) {
        complain("there is no graph \"%s\"; see mailtally graph --help", name);
        return STATUS_ERROR;
    }
    if (!path && isatty(STDOUT_FILENO)) {
        complain("name the picture with -o FILE.png or -o FILE.svg");
        return STATUS_ERROR;
    }
    view.graph = (unsigned)graph;
    if (!set_span(options, &view))
        return STATUS_ERROR;
    if (!graph_read(&view, error)) {
        complain("%s", error[0] ? error : "there is no such file");
        return STATUS_ERROR;
    }
    image = graph_draw(&view, &look, &n, error);
    if (!image)
        complain("%s", error);
    good = image && write_out(path, image, n);
    free(image);
    return good ? STATUS_DONE : STATUS_ERROR;
}

static enum status write_pages(const char *directory, const char *into)
{
    struct pages_report report;
    bool good = pages_write(directory, into, (int64_t)time(NULL), NULL, &report);

    if (!good)
        complain("%s", report.error);
    printf("%u pages written in %s; %u of %u pictures drawn\n", report.written, into, report.drawn, report.pictures);
    return good ? STATUS_DONE : STATUS_ERROR;
}

enum status graph_run(const struct options *options)
{
    unsigned errors = 0;
    struct config *config = options->rrd_directory ? NULL : config_read(options->config_file, &errors);
    const char *directory = options->rrd_directory || config ? rrd_directory_of(options, config) : NULL;
    enum status status = STATUS_ERROR;

    if (directory)
        status = options->html ? write_pages(directory, options->html) : draw(options, directory);
    config_free(config);
    return status;
}
