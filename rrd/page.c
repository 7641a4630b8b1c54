/* One page.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "directory.h"
#include "html.h"
#include "name.h"
#include "pages.h"

static const char style[] =
    ":root{color-scheme:light dark;--back:#fff;--text:#222;--faint:#666;--line:#ddd;--link:#0645ad}\n"
    "@media(prefers-color-scheme:dark){:root{--back:#121416;--text:#ddd;--faint:#999;--line:#333;--link:#8ab4f8}}\n"
    "body{background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:0 auto;"
    "padding:1rem}\n"
    "h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.1rem;margin:2rem 0 .25rem}\n"
    "a{color:var(--link)}nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.5rem 0}nav b{font-weight:600}\n"
    "img{width:100%;height:auto;display:block}\n"
    "table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}\n"
    "th,td{text-align:right;padding:.15rem .4rem;border-bottom:1px solid var(--line);white-space:nowrap}\n"
    "th:first-child,td:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere}\n"
    "th{font-weight:600;color:var(--faint)}.wide{overflow-x:auto}\n"
    "i{display:inline-block;width:.8em;height:.8em;margin-right:.5em;border-radius:.15em}\n"
    "footer{color:var(--faint);font-size:.85rem;margin-top:2rem}\n";

/* ---- the colours of the series, light and dark ---- */

static void put_colours(struct html *h, const struct graph_view *view, unsigned graph, bool dark)
{
    for (unsigned i = 0; i < view->series_n; i++)
        html_printf(h, ".g%us%u{background:#%06x}", graph, i, dark ? view->series[i].dark : view->series[i].colour);
}

/* ---- a graph ---- */

static void put_picture(struct html *h, const struct page *p, unsigned graph, const struct graph_view *view)
{
    html_printf(h, "<h2 id=\"%s\">", graph_name(graph));
    html_text(h, graph_title(graph));
    html_raw(h, "</h2>\n<img src=\"");
    html_text(h, p->prefix);
    html_printf(h, "%s-%s", graph_name(graph), p->span->name);
    html_text(h, p->suffix);
    html_printf(h, "\" alt=\"%s, %s, %s\" width=\"615\" height=\"200\">\n", graph_title(graph), p->span->title,
                graph_unit(view));
}

static void put_numbers(struct html *h, unsigned graph, const struct graph_view *view)
{
    char total[40], average[40], most[40];

    html_printf(h,
                "<div class=\"wide\"><table><thead><tr><th></th><th>%s</th><th>average %s</th><th>maximum</th>"
                "</tr></thead><tbody>\n",
                graph_total_word(view), view->is_octets ? "" : graph_unit(view));
    for (unsigned i = 0; i < view->series_n; i++) {
        const struct graph_series *s = &view->series[i];

        graph_put_total(view, s->total, total, sizeof total);
        graph_put_rate(view, s->average, average, sizeof average);
        graph_put_rate(view, s->most, most, sizeof most);
        html_printf(h, "<tr><td><i class=\"g%us%u\"></i>%s</td>", graph, i, s->label);
        if (s->known)
            html_printf(h, "<td>%s</td><td>%s</td><td>%s</td></tr>\n", total, average, most);
        else
            html_raw(h, "<td>-</td><td>-</td><td>-</td></tr>\n");
    }
    html_raw(h, "</tbody></table></div>\n");
}

static struct graph_view view_of(const struct page *p, unsigned graph)
{
    return graph_view_of(p->directory, p->host, graph, p->span, p->now);
}

/* ---- the list of hosts ---- */

struct hosts {
    struct html *html;
    const struct page *page;
    size_t n;
};

static void put_host(void *context, const char *host)
{
    struct hosts *hosts = context;
    struct html *h = hosts->html;
    struct page page = *hosts->page;
    char directory[RRD_DIRECTORY_OCTETS], error[RRD_ERROR_OCTETS], total[40];
    struct graph_view mail, errors;

    page.host = host;
    mail = view_of(&page, (unsigned)graph_named("mail"));
    errors = view_of(&page, (unsigned)graph_named("errors"));
    if (!rrd_name_directory(span_of(host), directory, sizeof directory) || !graph_read(&mail, error))
        return;
    graph_read(&errors, error);
    if (hosts->n++ == 0)
        html_raw(h, "<h2 id=\"hosts\">Hosts</h2>\n<div class=\"wide\"><table><thead><tr><th></th><th>received</th>"
                    "<th>sent</th><th>rejected</th><th>spam</th></tr></thead><tbody>\n");
    html_raw(h, "<tr><td><a href=\"");
    if (page.is_cgi) {
        html_raw(h, "?host=");
        html_url(h, host);
        html_printf(h, "&amp;span=%s", page.span->name);
    } else {
        html_raw(h, RRD_HOSTS_DIRECTORY "/");
        html_url(h, directory);
        html_printf(h, "/%s.html", page.span == graph_spans ? "index" : page.span->name);
    }
    html_raw(h, "\">");
    html_text(h, *host ? host : "(no name)");
    html_raw(h, "</a></td>");
    for (unsigned i = 0; i < 4; i++) {
        static const unsigned char series[4] = { 1, 0, 3, 2 };

        graph_put_total(&mail, (i < 2 ? &mail : &errors)->series[series[i]].total, total, sizeof total);
        html_printf(h, "<td>%s</td>", total);
    }
    html_raw(h, "</tr>\n");
}

static void put_hosts(struct html *h, const struct page *p)
{
    struct hosts hosts = { h, p, 0 };

    rrd_each_host(p->directory, put_host, &hosts);
    if (hosts.n > 0)
        html_raw(h, "</tbody></table></div>\n");
}

/* ---- the page ---- */

static void put_links(struct html *h, const struct page *p)
{
    html_raw(h, "<nav>");
    if (*p->up) {
        html_raw(h, "<a href=\"");
        html_text(h, p->up);
        html_raw(h, "\">All hosts</a>");
    }
    for (unsigned i = 0; i < GRAPH_SPANS; i++) {
        if (&graph_spans[i] == p->span) {
            html_printf(h, "<b>%s</b>", graph_spans[i].title);
            continue;
        }
        if (p->is_cgi) {
            html_raw(h, "<a href=\"?");
            if (p->host) {
                html_raw(h, "host=");
                html_url(h, p->host);
                html_raw(h, "&amp;");
            }
            html_printf(h, "span=%s\">", graph_spans[i].name);
        } else {
            html_printf(h, "<a href=\"%s.html\">", i ? graph_spans[i].name : "index");
        }
        html_printf(h, "%s</a>", graph_spans[i].title);
    }
    html_raw(h, "</nav>\n");
}

static void put_time(struct html *h, int64_t now)
{
    const time_t seconds = (time_t)now;
    char when[64] = "";
    struct tm tm;

    if (localtime_r(&seconds, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M %Z", &tm);
    html_raw(h, "<footer>");
    html_text(h, when);
    html_raw(h, ", mailtally " MAILTALLY_VERSION "</footer>\n");
}

static void put_head(struct html *h, const struct page *p, const struct graph_view *views, const bool *known)
{
    const char *name = p->host ? *p->host ? p->host : "(no name)" : "all hosts";

    html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Mail of ");
    html_text(h, name);
    html_printf(h, ", %s</title>\n", p->span->title);
    html_raw(h, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"refresh\" content=\"300\">\n"
                "<link rel=\"icon\" href=\"data:,\">\n<style>\n");
    html_raw(h, style);
    for (unsigned i = 0; graph_name(i); i++)
        if (known[i])
            put_colours(h, &views[i], i, false);
    html_raw(h, "\n@media(prefers-color-scheme:dark){");
    for (unsigned i = 0; graph_name(i); i++)
        if (known[i])
            put_colours(h, &views[i], i, true);
    html_raw(h, "}\n</style>\n</head>\n<body>\n<h1>Mail of ");
    html_text(h, name);
    html_raw(h, "</h1>\n");
}

char *pages_html(const struct page *p, size_t *octets)
{
    enum { GRAPHS_MAX = 16 };
    struct graph_view views[GRAPHS_MAX];
    bool known[GRAPHS_MAX] = { false };
    char error[RRD_ERROR_OCTETS];
    struct html h = { 0 };
    unsigned n = 0;

    for (unsigned i = 0; i < GRAPHS_MAX && graph_name(i); i++)
        if (!p->host || graph_has_hosts(i)) {
            views[i] = view_of(p, i);
            known[i] = graph_read(&views[i], error);
            n += known[i];
        }
    put_head(&h, p, views, known);
    put_links(&h, p);
    if (n == 0)
        html_raw(&h, "<p>There are no numbers yet: the first appear some minutes after the first mail.</p>\n");
    for (unsigned i = 0; i < GRAPHS_MAX && graph_name(i); i++)
        if (known[i]) {
            put_picture(&h, p, i, &views[i]);
            put_numbers(&h, i, &views[i]);
        }
    if (!p->host)
        put_hosts(&h, p);
    put_time(&h, p->now);
    html_raw(&h, "</body>\n</html>\n");
    if (h.failed) {
        free(h.text);
        return NULL;
    }
    *octets = h.n;
    return h.text;
}
