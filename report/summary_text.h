/* What the files of a text report share: numbers and headings as pflogsumm writes them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SUMMARY_TEXT_H
#define MAILTALLY_SUMMARY_TEXT_H

#include "summary.h"

/* A number as pflogsumm shortens it: above 512 Ki in Ki, above 512 Mi in Mi. */
struct short_number {
    int64_t value;
    char unit; /* k, m or a blank */
};
struct short_number text_shorten(double value);

/* A shortened number in six columns, with what stands before and behind it. */
void text_short(struct output *output, const char *before, uint64_t value, const char *behind);

/* A heading with its underline. */
void text_title(struct output *output, const char *title);

/* `Title: none`, or nothing with -q; true when there is something to come. */
bool text_list_title(struct output *output, const char *title, bool is_empty, bool quiet);

/* What a table does not show, where it was cut in memory. */
void text_missed(struct output *output, const struct names *names);

/* So many of n rows as an option says. */
size_t text_at_most(size_t n, int64_t limit);

/* summary_text_trees.c: a detail tree; the messages of -e. */
void text_tree(const struct summary *summary, struct output *output, enum tree tree, const char *title, int64_t limit);
void text_messages(const struct summary *summary, struct output *output);

/* summary_more.c: the sections that pflogsumm does not have. */
void text_more(const struct summary *summary, struct output *output);

#endif
