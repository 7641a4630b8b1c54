/* Light and dark, and room for the last label.
 *
 * Cairo writes each colour as style="...:rgb(0%,0%,60%)...". A style sheet in the picture gives each of our colours a
 * dark one where the reader wants that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "svg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

static const struct {
    uint32_t light, dark;
} frame[] = { { 0xffffff, 0x121416 }, { 0x222222, 0xcccccc }, { 0x555555, 0x888888 },
              { 0xeeeeee, 0x121416 }, { 0xdddddd, 0x2a2d31 }, { 0xbbbbbb, 0x444950 } };

static void put_percent(struct html *h, uint32_t octet)
{
    char text[32];

    /* As cairo prints it: %f, without the zeros at its end. */
    snprintf(text, sizeof text, "%.6f", (double)octet * 100 / 255);
    for (size_t n = strlen(text); n > 0 && (text[n - 1] == '0' || text[n - 1] == '.');) {
        bool dot = text[n - 1] == '.';

        text[--n] = '\0';
        if (dot)
            break;
    }
    html_printf(h, "%s%%", text);
}

static void put_rule(struct html *h, const char *property, uint32_t light, uint32_t dark)
{
    html_printf(h, "[style*=\"%s:rgb(", property);
    put_percent(h, light >> 16 & 255);
    html_raw(h, ",");
    put_percent(h, light >> 8 & 255);
    html_raw(h, ",");
    put_percent(h, light & 255);
    html_printf(h, ")\"]{%s:#%06x!important}\n", property, dark);
}

/* The last label of time may be wider than librrd's margin. */
#define MORE_WIDTH 22

/* The tag <svg ...> with more room on the right. */
static void put_tag(struct html *h, const char *tag, const char *end)
{
    static const char *const names[] = { " width=\"", " viewBox=\"0 0 " };

    for (const char *p = tag; p < end; p++) {
        html_printf(h, "%c", *p);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            const size_t n = strlen(names[i]);
            char *rest;

            if ((size_t)(p - tag) + 1 < n || strncmp(p + 1 - n, names[i], n) != 0)
                continue;
            html_printf(h, "%ld", strtol(p + 1, &rest, 10) + MORE_WIDTH);
            p = rest - 1;
        }
    }
}

char *svg_themed(const struct graph_view *view, const char *image, const char *mark, size_t *octets)
{
    const char *svg = strstr(image, "<svg"), *inside = svg ? strchr(svg, '>') : NULL;
    struct html h = { 0 };

    if (!inside)
        inside = svg = image;
    else
        inside++;
    html_printf(&h, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n%s\n", mark);
    put_tag(&h, svg, inside);
    html_raw(&h, "\n<style>@media(prefers-color-scheme:dark){\n");
    for (size_t i = 0; i < sizeof frame / sizeof frame[0]; i++) {
        put_rule(&h, "fill", frame[i].light, frame[i].dark);
        put_rule(&h, "stroke", frame[i].light, frame[i].dark);
    }
    for (unsigned i = 0; i < view->series_n; i++) {
        put_rule(&h, "fill", view->series[i].colour, view->series[i].dark);
        put_rule(&h, "stroke", view->series[i].colour, view->series[i].dark);
    }
    html_raw(&h, "}</style>");
    html_raw(&h, inside);
    if (h.failed) {
        free(h.text);
        return NULL;
    }
    *octets = h.n;
    return h.text;
}
