/* Detail trees and messages of a text report, and what all of it is written with.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "order.h"
#include "summary_text.h"

struct short_number text_shorten(double value)
{
    if (value > 536870912)
        return (struct short_number){ (int64_t)(value / 1048576), 'm' };
    if (value > 524288)
        return (struct short_number){ (int64_t)(value / 1024), 'k' };
    return (struct short_number){ (int64_t)value, ' ' };
}

void text_short(struct output *output, const char *before, uint64_t value, const char *behind)
{
    struct short_number number = text_shorten((double)value);

    output_print(output, "%s%6" PRId64 "%c%s", before, number.value, number.unit, behind);
}

static void put_underline(struct output *output, size_t n)
{
    while (n--)
        output_char(output, '-');
    output_char(output, '\n');
}

void text_title(struct output *output, const char *title)
{
    output_print(output, "\n%s\n", title);
    put_underline(output, strlen(title));
}

bool text_list_title(struct output *output, const char *title, bool is_empty, bool quiet)
{
    if (is_empty && quiet)
        return false;
    output_print(output, is_empty ? "\n%s: none\n" : "\n%s\n", title);
    if (!is_empty)
        put_underline(output, strlen(title));
    return !is_empty;
}

void text_missed(struct output *output, const struct names *names)
{
    const struct domain *other = names_other(names);

    if (names_is_exact(names))
        return;
    output_print(output,
                 " (approximate: of about %" PRIu64 " names only the most frequent were kept, see --names-max;\n"
                 "  a count may be too low by %" PRIu64 "; %" PRIu64 " of the names that were dropped are in no row)\n",
                 names_distinct(names), names_missed(names), other->name.count);
}

size_t text_at_most(size_t n, int64_t limit)
{
    return limit > 0 && (uint64_t)limit < n ? (size_t)limit : n;
}

/* ---- trees ---- */

static void put_leaves(struct output *output, const struct branch *branches, size_t n, unsigned level, int64_t limit)
{
    char indent[16];

    snprintf(indent, sizeof indent, "%*s", (int)(level ? 2 * (level + 1) : 1), "");
    n = text_at_most(n, limit);
    for (size_t i = 0; i < n; i++) {
        text_short(output, indent, branches[i].count, "  ");
        output_text(output, branches[i].levels[level]);
        output_char(output, '\n');
    }
}

/* The groups of one level, and within them those of the next. */
static void put_branches(struct output *output, const struct branch *branches, size_t n, unsigned level, int64_t limit)
{
    for (size_t i = 0, together; i < n; i += together) {
        bool has_leaves = branches[i].levels_n == level + 2;
        uint64_t sum;

        together = branches_together(branches + i, n - i, level, &sum);
        output_print(output, "%*s", (int)(2 * (level + 1)), "");
        output_text(output, branches[i].levels[level]);
        if (has_leaves && limit > 0)
            output_print(output, " (top %" PRId64 ")", limit);
        if (has_leaves)
            output_print(output, " (total: %" PRIu64 ")", sum);
        output_char(output, '\n');
        if (has_leaves)
            put_leaves(output, branches + i, together, level + 1, limit);
        else
            put_branches(output, branches + i, together, level + 1, limit);
    }
}

void text_tree(const struct summary *s, struct output *output, enum tree tree, const char *title, int64_t limit)
{
    size_t n;
    struct branch *branches;

    if (!text_list_title(output, title, names_rows(s->trees[tree]) == 0, s->options->quiet))
        return;
    branches = order_branches(s->trees[tree], &n);
    if (branches[0].levels_n == 1)
        put_leaves(output, branches, n, 0, limit);
    else
        put_branches(output, branches, n, 0, limit);
    free(branches);
    text_missed(output, s->trees[tree]);
}

/* ---- messages ---- */

static int by_sender(const void *a, const void *b)
{
    const struct branch *x = *(const struct branch *const *)a, *y = *(const struct branch *const *)b;
    struct span texts[2][2] = { { x->levels[2], x->levels[0] }, { y->levels[2], y->levels[0] } };

    for (int i = 0; i < 2; i++) {
        struct span p = texts[0][i], q = texts[1][i];
        size_t n = p.n < q.n ? p.n : q.n;
        const char *at_p = i == 0 && p.n ? memchr(p.p, '@', p.n) : NULL;
        const char *at_q = i == 0 && q.n ? memchr(q.p, '@', q.n) : NULL;
        int difference;

        if (at_p && at_q) { /* by domain, then by user */
            struct span domain_p = span_from(at_p, p.p + p.n), domain_q = span_from(at_q, q.p + q.n);

            n = domain_p.n < domain_q.n ? domain_p.n : domain_q.n;
            difference = memcmp(domain_p.p, domain_q.p, n);
            if (difference || domain_p.n != domain_q.n)
                return difference ? difference : (domain_p.n > domain_q.n) - (domain_p.n < domain_q.n);
            n = p.n < q.n ? p.n : q.n;
        } else if (at_p || at_q) {
            return at_p ? 1 : -1;
        }
        difference = n ? memcmp(p.p, q.p, n) : 0;
        if (difference || p.n != q.n)
            return difference ? difference : (p.n > q.n) - (p.n < q.n);
    }
    return 0;
}

/* The branches are in order of ids, the sender's ("s") before the recipients' ("t"). */
void text_messages(const struct summary *s, struct output *output)
{
    size_t n, messages_n = 0;
    struct branch *branches;
    const struct branch **messages;

    if (!text_list_title(output, "Message detail", names_rows(s->trees[TREE_DETAIL]) == 0, s->options->quiet))
        return;
    branches = order_branches(s->trees[TREE_DETAIL], &n);
    messages = calloc(n, sizeof(const struct branch *));
    for (size_t i = 0; messages && i < n; i++)
        if (i == 0 || !span_eq(branches[i].levels[0], branches[i - 1].levels[0]))
            messages[messages_n++] = &branches[i];
    if (messages)
        qsort(messages, messages_n, sizeof(const struct branch *), by_sender);
    for (size_t i = 0; i < messages_n; i++) {
        const struct branch *branch = messages[i];
        bool has_sender = span_is(branch->levels[1], "s");

        output_char(output, ' ');
        output_text(output, branch->levels[0]);
        output_literal(output, "  ");
        if (has_sender)
            output_text(output, branch++->levels[2]);
        else
            output_literal(output, "(sender not in log)");
        output_char(output, '\n');
        for (; branch < branches + n && span_eq(branch->levels[0], messages[i]->levels[0]); branch++)
            for (uint64_t times = branch->count < 1000 ? branch->count : 1000; times; times--) {
                output_literal(output, "   ");
                output_text(output, branch->levels[2]);
                output_char(output, '\n');
            }
        output_char(output, '\n');
    }
    free(messages);
    free(branches);
    text_missed(output, s->trees[TREE_DETAIL]);
}
