/* The static site.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory.h"
#include "name.h"
#include "svg.h"

struct site {
    const char *directory, *into;
    int64_t now;
    const atomic_bool *stop;
    struct pages_report *report;
};

static void tell(struct site *s, const char *path, const char *why)
{
    if (!s->report->error[0])
        snprintf(s->report->error, sizeof s->report->error, "%.240s: %.300s", path, why);
}

static bool is_stopped(const struct site *s)
{
    return s->stop && atomic_load(s->stop);
}

/* ---- files ---- */

static bool write_file(struct site *s, const char *path, const char *octets, size_t n)
{
    char temporary[PATH_MAX + 8];
    int fd;
    bool good;

    snprintf(temporary, sizeof temporary, "%s.new", path);
    errno = 0;
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    good = fd >= 0 && write(fd, octets, n) == (ssize_t)n && fchmod(fd, 0644) == 0;
    if (fd >= 0 && close(fd) != 0)
        good = false;
    good = good && rename(temporary, path) == 0;
    if (good)
        return true;
    tell(s, path, strerror(errno ? errno : ENOSPC)); /* of a write that ends too early nothing else is known */
    unlink(temporary);
    return false;
}

/* The first octets of a file, NUL-terminated; empty when there is none. */
static void read_head(const char *path, char *head, size_t octets)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? 0 : read(fd, head, octets - 1);

    head[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

/* ---- pictures ---- */

static void write_picture(struct site *s, const char *place, struct graph_view *view, const struct graph_span *span)
{
    const struct graph_look look = { .svg = true, .title = "" };
    char path[PATH_MAX], mark[64], head[256], error[RRD_ERROR_OCTETS] = "";
    size_t n;
    char *image, *themed;

    if (!graph_read(view, error))
        return; /* the page says nothing of it either */
    s->report->pictures++;
    snprintf(path, sizeof path, "%s/%s-%s.svg", place, graph_name(view->graph), span->name);
    snprintf(mark, sizeof mark, "<!-- " MAILTALLY_VERSION " %016" PRIx64 " -->", view->print);
    read_head(path, head, sizeof head);
    if (strstr(head, mark))
        return;
    image = graph_draw(view, &look, &n, error);
    themed = image ? svg_themed(view, image, mark, &n) : NULL;
    if (!themed)
        tell(s, path, error[0] ? error : "there is no memory");
    else if (write_file(s, path, themed, n))
        s->report->drawn++;
    free(themed);
    free(image);
}

/* ---- pages ---- */

static void write_page(struct site *s, const char *place, const char *host, const struct graph_span *span)
{
    struct page page = {
        .directory = s->directory, .host = host, .span = span, .now = s->now, .prefix = "", .suffix = ".svg"
    };
    char path[PATH_MAX], up[32];
    size_t n;
    char *text;

    for (unsigned i = 0; graph_name(i) && !is_stopped(s); i++) {
        struct graph_view view = graph_view_of(s->directory, host, i, span, s->now);

        if (!host || graph_has_hosts(i))
            write_picture(s, place, &view, span);
    }
    if (is_stopped(s))
        return;
    snprintf(up, sizeof up, "../../%s.html", span == graph_spans ? "index" : span->name);
    page.up = host ? up : "";
    snprintf(path, sizeof path, "%s/%s.html", place, span == graph_spans ? "index" : span->name);
    text = pages_html(&page, &n);
    s->report->pages++;
    if (!text)
        tell(s, path, "there is no memory");
    else if (write_file(s, path, text, n))
        s->report->written++;
    free(text);
}

static bool make_directory(struct site *s, const char *path)
{
    if (mkdir(path, 0755) == 0)
        return chmod(path, 0755) == 0;
    if (errno == EEXIST)
        return true;
    tell(s, path, errno == ENOENT ? "cannot be made: the directory above it does not exist" : strerror(errno));
    return false;
}

static void write_host(void *context, const char *host)
{
    struct site *s = context;
    char place[PATH_MAX], name[RRD_DIRECTORY_OCTETS];

    if (is_stopped(s) || !rrd_name_directory(span_of(host), name, sizeof name))
        return;
    snprintf(place, sizeof place, "%s/" RRD_HOSTS_DIRECTORY "/%s", s->into, name);
    for (unsigned i = 0; make_directory(s, place) && i < GRAPH_SPANS; i++)
        write_page(s, place, host, &graph_spans[i]);
}

bool pages_write(const char *directory, const char *into, int64_t now, const atomic_bool *stop,
                 struct pages_report *report)
{
    struct site s = { directory, into, now, stop, report };
    char hosts[PATH_MAX];

    *report = (struct pages_report){ 0 };
    snprintf(hosts, sizeof hosts, "%s/" RRD_HOSTS_DIRECTORY, into);
    if (!make_directory(&s, into) || !make_directory(&s, hosts))
        return false;
    if (access(into, W_OK | X_OK) != 0) { /* nothing is drawn in vain */
        tell(&s, into, strerror(errno));
        return false;
    }
    rrd_each_host(directory, write_host, &s);
    for (unsigned i = 0; i < GRAPH_SPANS; i++)
        write_page(&s, into, NULL, &graph_spans[i]);
    return report->error[0] == '\0';
}
