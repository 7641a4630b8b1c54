/* The pages: a static site of pictures and numbers, that any web server serves as it is. No script, nothing from
 * elsewhere; light and dark as the reader's device has it.
 *
 *     index.html week.html month.html year.html    the sum of all hosts, and a list of these
 *     hosts/HOST/index.html ...                    a page of the same spans for each host
 *     mail-day.svg ...                             a picture beside each page
 *
 * Each file is written under another name and renamed, and only when it is to be another: pictures are drawn again when
 * their rows have changed.
 *
 * One thread. Text that came from a log is escaped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_PAGES_H
#define MAILTALLY_RRD_PAGES_H

#include <stdatomic.h>

#include "graph.h"

struct pages_report {
    unsigned pictures, drawn; /* there are; of them, anew */
    unsigned pages, written;
    char error[RRD_ERROR_OCTETS + 256]; /* the first trouble; "": none */
};

/* Writes the pages of an RRD directory into `into`, which is made when it is missing. *stop ends it between two
 * pictures; NULL: nothing does. False when there was trouble; all else was written. */
bool pages_write(const char *directory, const char *into, int64_t now, const atomic_bool *stop,
                 struct pages_report *report);

/* One page, as HTML: of a host or the sum (NULL), for a span. The pictures stand at `prefix`GRAPH-SPAN`suffix`; links
 * to the other spans as `link` says, with the name of the span in the place of %s. Allocated; NULL without memory. */
struct page {
    const char *directory, *host;
    const struct graph_span *span;
    int64_t now;
    const char *prefix, *suffix;
    const char *up; /* the way to the overview; "" when it is this one */
    bool is_cgi;
};
char *pages_html(const struct page *page, size_t *octets);

#endif
