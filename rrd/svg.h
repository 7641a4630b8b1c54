/* An SVG picture of librrd's, light or dark as the reader's device has it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_SVG_H
#define MAILTALLY_RRD_SVG_H

#include "graph.h"

/* A copy, allocated, that begins with `mark`, a comment. *octets: of the picture, then of the copy. NULL without
 * memory.
 */
char *svg_themed(const struct graph_view *view, const char *image, const char *mark, size_t *octets);

#endif
