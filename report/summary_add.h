/* Reports in JSON, added up into a summary.
 *
 * What is added must be whole: a table that -h or -u cut, or a detail tree that is missing, is refused, since the sum
 * would be too small without saying so. What memory cut (`complete` is false) is added, and the sum is not complete
 * either. A report that was refused has been added in part: the summary is good for nothing then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SUMMARY_ADD_H
#define MAILTALLY_SUMMARY_ADD_H

#include "json_in.h"
#include "summary.h"

#define SUMMARY_FORMAT \
    1 /* of report -F json: `format`. Keys are added without a new number; it changes with what is there */

struct summary_parts {
    struct summary *summary;
    struct parser_counts lines; /* the sums of all reports */
    uint64_t sections;          /* those of the first report, as bits; the others must have the same */
    unsigned reports_n;
};

/* Whether the reports have this tree: TREE_NO_SIZE and TREE_DETAIL depend on their options. */
bool summary_has(const struct summary_parts *parts, enum tree tree);

/* The reports of this input, one behind the other. False: json_in_error() says why. */
bool summary_add(struct summary_parts *parts, struct json_in *in);

#endif
