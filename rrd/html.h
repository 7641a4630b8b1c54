/* HTML that grows: text that came from elsewhere is escaped here and nowhere else.
 *
 * Zero-initialise. Without memory `failed` sticks, and later calls do nothing. One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_HTML_H
#define MAILTALLY_RRD_HTML_H

#include <stdbool.h>
#include <stddef.h>

struct html {
    char *text;
    size_t n, room;
    bool failed;
};

void html_raw(struct html *html, const char *ours);
void html_printf(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3))); /* likewise ours */
void html_text(struct html *html, const char *text); /* for text and attributes in double quotes */
void html_url(struct html *html, const char *part);  /* one part of a path */

#endif
