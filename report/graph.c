/* mailtally graph: pictures and pages from RRD files.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../rrd/directory.h"
#include "../rrd/library.h"
#include "../rrd/pages.h"
#include "rrd.h"

#define STEPS_WIDE 180                                     /* rows that a picture of the usual width shows */
#define LONGEST_S  ((int64_t)RRD_STEP_S * 3360 * RRD_ROWS) /* archives reach no further back */

void graph_help(void)
{
    printf("Usage: mailtally graph [OPTION...] [GRAPH] [-o FILE.png|FILE.svg]\n"
           "       mailtally graph [OPTION...] --html DIRECTORY\n\n"
           "Draws a graph from the RRD files, or all of them as a static site for any web server.\n\nGraphs:\n");
    for (unsigned i = 0; graph_name(i); i++)
        printf("  %-14s %s%s\n", graph_name(i), graph_title(i), graph_has_hosts(i) ? "" : " (of all hosts together)");
    printf("\nThe span is --span, or --since and --until.\n\n");
}

static bool set_span(const struct options *options, struct graph_view *view)
{
    const int64_t now = (int64_t)time(NULL);
    const struct graph_span *span;

    if (options->span && (options->since || options->until)) {
        complain("--span is a time of its own: it goes with neither --since nor --until");
        return false;
    }
    if (options->since || options->until) {
        view->end = options->until && options->until < INT64_MAX ? options->until : now;
        view->start = options->since > INT64_MIN + 1 ? options->since : view->end - 86400;
        if (view->start < view->end - LONGEST_S)
            view->start = view->end - LONGEST_S;
        view->step_s = (unsigned)((view->end - view->start) / STEPS_WIDE);
        view->step_s = view->step_s < 480 ? 480 : view->step_s;
        if (view->start < view->end)
            return true;
        complain("the span ends before it begins");
        return false;
    }
    span = graph_span_named(options->span ? options->span : "day");
    if (span) {
        *view = graph_view_of(view->directory, view->host, view->graph, span, now);
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
        complain("%s: the picture cannot be written: %s", path ? path : "standard output", strerror(errno));
    return good;
}

/* What is not there is told here: librrd would only say that there is no such file. */
static bool directory_is_there(const char *directory)
{
    if (access(directory, R_OK | X_OK) == 0)
        return true;
    complain("the RRD directory %s cannot be read: %s", directory, strerror(errno));
    return false;
}

static bool has_files(const char *directory)
{
    char path[PATH_MAX];

    for (unsigned kind = 0; kind < RRD_KINDS; kind++)
        if (rrd_path(path, sizeof path, directory, NULL, (enum rrd_kind)kind) && access(path, F_OK) == 0)
            return true;
    return false;
}

static bool host_is_there(const struct graph_view *view)
{
    char path[PATH_MAX];

    if (!view->host)
        return true;
    if (!graph_has_hosts(view->graph)) {
        complain("the graph \"%s\" is of all hosts together: leave --host out", graph_name(view->graph));
        return false;
    }
    if (rrd_path(path, sizeof path, view->directory, view->host, RRD_MAIL) && access(path, R_OK) == 0)
        return true;
    complain("the files of host \"%s\" in %s cannot be read: %s; --host takes a whole name", view->host,
             view->directory, strerror(errno));
    return false;
}

/* PNG, also where it is not a file's name that says so. */
static bool take_form(const char *path, bool *svg)
{
    const char *suffix = path ? strrchr(path, '.') : NULL;

    *svg = suffix && strcmp(suffix, ".svg") == 0;
    if (!path && isatty(STDOUT_FILENO))
        complain("name the picture with -o FILE.png or -o FILE.svg");
    else if (path && !*svg && (!suffix || strcmp(suffix, ".png") != 0))
        complain("-o: \"%s\" ends neither in .png nor in .svg", path);
    else
        return true;
    return false;
}

static enum status draw(const struct options *options, const char *directory)
{
    const char *name = options->files_n ? options->files[0] : "mail";
    struct graph_look look = { .legend = true };
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
    view.graph = (unsigned)graph;
    librrd_clear_error();
    if (librrd_test_error()) { /* there is no librrd */
        complain("%s", librrd_get_error());
        return STATUS_ERROR;
    }
    if (!take_form(options->output, &look.svg) || !set_span(options, &view) || !host_is_there(&view))
        return STATUS_ERROR;
    if (!graph_read(&view, error)) {
        if (!view.host && !has_files(directory))
            complain("there are no RRD files in %s: `mailtally rrd import` makes them of logs, and mailtallyd with "
                     "rrdDirectory in its configuration",
                     directory);
        else
            complain("the graph \"%s\" cannot be drawn from %s: %s", name, directory,
                     error[0] ? error : "there is no such file");
        return STATUS_ERROR;
    }
    image = graph_draw(&view, &look, &n, error);
    if (!image)
        complain("%s", error);
    good = image && write_out(options->output, image, n);
    free(image);
    return good ? STATUS_DONE : STATUS_ERROR;
}

static bool is_same(const char *one, const char *other)
{
    struct stat a, b;

    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static enum status write_pages(const char *directory, const char *into)
{
    struct pages_report report;
    bool good;

    if (is_same(directory, into)) {
        complain("--html: %s is the RRD directory: pages need one of their own", into);
        return STATUS_ERROR;
    }
    good = pages_write(directory, into, (int64_t)time(NULL), NULL, &report);

    if (!good)
        complain("%s", report.error);
    printf("%u pages written in %s; %u of %u pictures drawn\n", report.written, into, report.drawn, report.pictures);
    return good ? STATUS_DONE : STATUS_ERROR;
}

/* One picture, or all pages. */
static bool is_one_task(const struct options *options)
{
    if (options->html && (options->files_n > 0 || options->output || options->host_regex))
        complain("--html writes all graphs of all hosts: it goes with neither a graph's name nor -o nor --host");
    else if (options->files_n > 1)
        complain("one graph at a time: \"%s\" is one too many", options->files[1]);
    else
        return true;
    return false;
}

enum status graph_run(const struct options *options)
{
    unsigned errors = 0;
    struct config *config;
    const char *directory;
    enum status status = STATUS_ERROR;

    if (!is_one_task(options))
        return STATUS_ERROR;
    config = options->rrd_directory ? NULL : config_read(options->config_file, &errors);
    directory = options->rrd_directory || config ? rrd_directory_of(options, config) : NULL;
    if (directory && directory_is_there(directory))
        status = options->html ? write_pages(directory, options->html) : draw(options, directory);
    config_free(config);
    return status;
}
