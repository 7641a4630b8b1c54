/* HTML that grows.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "html.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct html *h, const char *octets, size_t n)
{
    if (h->failed)
        return;
    if (h->n + n + 1 > h->room) {
        size_t room = (h->n + n + 1) * 2;
        char *text = realloc(h->text, room);

        if (!text) {
            h->failed = true;
            return;
        }
        h->text = text;
        h->room = room;
    }
    memcpy(h->text + h->n, octets, n);
    h->n += n;
    h->text[h->n] = '\0';
}

void html_raw(struct html *h, const char *ours)
{
    put(h, ours, strlen(ours));
}

void html_printf(struct html *h, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof text)
        h->failed = true;
    else
        put(h, text, (size_t)n);
}

void html_text(struct html *h, const char *text)
{
    static const struct {
        char octet;
        const char *entity;
    } entities[] = { { '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" }, { '"', "&quot;" }, { '\'', "&#39;" } };

    for (; *text; text++) {
        size_t i = 0;

        while (i < sizeof entities / sizeof entities[0] && entities[i].octet != *text)
            i++;
        if (i < sizeof entities / sizeof entities[0])
            html_raw(h, entities[i].entity);
        else if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
            put(h, "?", 1);
        else
            put(h, text, 1);
    }
}

void html_url(struct html *h, const char *part)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    for (; *part; part++)
        if (strchr(plain, *part))
            put(h, part, 1);
        else
            html_printf(h, "%%%02X", (unsigned char)*part);
}
