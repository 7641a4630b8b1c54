/* mailtally.cgi: the same pages as a CGI program, for sites that want it. The program is started under this name.
 *
 *     (nothing), host=HOST&span=SPAN             a page
 *     picture=GRAPH-SPAN, and &host=HOST         an SVG picture
 *     0-n, 1-e, 2-g ...                          PNG pictures, as mailgraph.cgi has them: day, week, month, year
 *
 * The directory is MAILTALLY_RRD_DIR of the environment, or the daemon's rrdDirectory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../parser/tally.h"
#include "../rrd/directory.h"
#include "../rrd/html.h"
#include "../rrd/pages.h"
#include "../rrd/svg.h"
#include "rrd.h"

struct request {
    char host[HOST_NAME_OCTETS + 1], span[16], picture[48];
    bool has_host;
};

/* ---- the query ---- */

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower(c) - 'a' + 10 : -1;
}

/* What is longer than its room is no name of ours: it is cut. */
static void decode(const char *from, size_t n, char *to, size_t room)
{
    size_t at = 0;

    for (size_t i = 0; i < n && at + 1 < room; i++) {
        if (from[i] == '%' && i + 2 < n && hex(from[i + 1]) >= 0 && hex(from[i + 2]) >= 0) {
            to[at++] = (char)(hex(from[i + 1]) << 4 | hex(from[i + 2]));
            i += 2;
        } else {
            to[at++] = from[i] == '+' ? ' ' : from[i];
        }
    }
    to[at] = '\0';
}

static void read_query(const char *query, struct request *r)
{
    while (*query) {
        size_t n = strcspn(query, "&;");
        const char *equals = memchr(query, '=', n);

        if (equals) {
            size_t name = (size_t)(equals - query), value = n - name - 1;

            if (name == 4 && memcmp(query, "host", 4) == 0) {
                decode(equals + 1, value, r->host, sizeof r->host);
                r->has_host = true;
            } else if (name == 4 && memcmp(query, "span", 4) == 0) {
                decode(equals + 1, value, r->span, sizeof r->span);
            } else if (name == 7 && memcmp(query, "picture", 7) == 0) {
                decode(equals + 1, value, r->picture, sizeof r->picture);
            }
        }
        query += n + (query[n] != '\0');
    }
}

/* ---- answers ---- */

static enum status refuse(const char *status, const char *sentence)
{
    printf("Status: %s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\n", status, sentence);
    return STATUS_DONE;
}

static enum status answer(const char *type, const char *octets, size_t n)
{
    printf("Content-Type: %s\r\nContent-Length: %zu\r\nX-Content-Type-Options: nosniff\r\n"
           "Content-Security-Policy: default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'\r\n\r\n",
           type, n);
    return fwrite(octets, 1, n, stdout) == n ? STATUS_DONE : STATUS_ERROR;
}

static enum status picture(const char *directory, const char *host, unsigned graph, const struct graph_span *span,
                           bool svg)
{
    struct graph_view view = graph_view_of(directory, host, graph, span, (int64_t)time(NULL));
    const struct graph_look look = { .svg = svg, .legend = !svg, .title = "" };
    char error[RRD_ERROR_OCTETS] = "", *image, *themed = NULL;
    enum status status;
    size_t n;

    if (!graph_read(&view, error))
        return refuse("404 Not Found", "there are no such numbers");
    image = graph_draw(&view, &look, &n, error);
    if (image && svg)
        themed = svg_themed(&view, image, "<!-- mailtally -->", &n);
    if (!image || (svg && !themed))
        status = refuse("500 Internal Server Error", "the picture cannot be drawn");
    else
        status = answer(svg ? "image/svg+xml" : "image/png", svg ? themed : image, n);
    free(themed);
    free(image);
    return status;
}

static enum status page(const char *directory, const struct request *r, const struct graph_span *span)
{
    struct html suffix = { 0 };
    struct page p = { .directory = directory,
                      .host = r->has_host ? r->host : NULL,
                      .span = span,
                      .now = (int64_t)time(NULL),
                      .prefix = "?picture=",
                      .up = r->has_host ? "?" : "",
                      .is_cgi = true };
    enum status status;
    size_t n;
    char *text;

    html_raw(&suffix, r->has_host ? "&host=" : "");
    html_url(&suffix, r->host);
    p.suffix = suffix.text ? suffix.text : "";
    text = pages_html(&p, &n);
    status =
        text ? answer("text/html; charset=utf-8", text, n) : refuse("500 Internal Server Error", "there is no memory");
    free(text);
    free(suffix.text);
    return status;
}

static bool host_is_there(const char *directory, const char *host)
{
    char path[PATH_MAX];

    return rrd_path(path, sizeof path, directory, host, RRD_MAIL) && access(path, R_OK) == 0;
}

/* mailgraph's: N-n, N-e, N-g. */
static bool is_mailgraphs(const char *query, unsigned *graph, const struct graph_span **span)
{
    static const struct {
        char letter;
        const char *graph;
    } letters[] = { { 'n', "mail" }, { 'e', "errors" }, { 'g', "greylist" } };

    if (query[0] < '0' || query[0] >= '0' + GRAPH_SPANS || query[1] != '-' || !query[2] || query[3])
        return false;
    *span = &graph_spans[query[0] - '0'];
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (query[2] == letters[i].letter) {
            *graph = (unsigned)graph_named(letters[i].graph);
            return true;
        }
    return false;
}

static enum status respond(const char *directory, const char *query)
{
    const struct graph_span *span;
    struct request r = { .span = "day" };
    unsigned graph;
    char *dash;

    if (is_mailgraphs(query, &graph, &span))
        return picture(directory, NULL, graph, span, false);
    read_query(query, &r);
    if (r.picture[0]) {
        dash = strrchr(r.picture, '-');
        span = dash ? graph_span_named(dash + 1) : NULL;
        if (dash)
            *dash = '\0';
        if (!span || graph_named(r.picture) < 0)
            return refuse("404 Not Found", "there is no such picture");
        return picture(directory, r.has_host ? r.host : NULL, (unsigned)graph_named(r.picture), span, true);
    }
    span = graph_span_named(r.span);
    if (!span)
        return refuse("404 Not Found", "there is no such span; there are day, week, month and year");
    if (r.has_host && !host_is_there(directory, r.host))
        return refuse("404 Not Found", "there is no such host");
    return page(directory, &r, span);
}

/* The path is for who reads the server's log, not for the world. */
static enum status respond_from(const char *directory, const char *query)
{
    if (access(directory, R_OK | X_OK) == 0)
        return respond(directory, query);
    complain("the RRD directory %s cannot be read: %s", directory, strerror(errno));
    return refuse("500 Internal Server Error",
                  "the RRD directory cannot be read: see the log of the web server, and set MAILTALLY_RRD_DIR, or "
                  "rrdDirectory in mailtallyd.conf");
}

int cgi_run(void)
{
    const char *directory = getenv("MAILTALLY_RRD_DIR"), *query = getenv("QUERY_STRING");
    struct config *config = NULL;
    enum status status;
    unsigned errors;

    if (!directory || !*directory) {
        config = config_read(NULL, &errors);
        directory = config ? config->rrd_directory : NULL;
    }
    if (directory)
        status = respond_from(directory, query ? query : "");
    else
        status = refuse("500 Internal Server Error",
                        "no RRD directory is known: set MAILTALLY_RRD_DIR, or rrdDirectory in mailtallyd.conf");
    config_free(config);
    return fflush(stdout) == 0 ? (int)status : STATUS_ERROR;
}
