/* A report as one page of HTML: nothing is fetched from anywhere, nothing runs in it. Light or dark as the reader's
 * system is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "chart.h"
#include "order.h"
#include "summary.h"

#define ROWS_DEFAULT 25 /* of a table, where no option says */
#define DAYS_SHOWN   62 /* more of them are shown by month */

/* 1 234 567, with thin spaces that do not break. */
static void put_number(struct output *output, uint64_t number)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, number);

    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            output_literal(output, "&#8239;");
        output_char(output, digits[i]);
    }
}

static void put_octets(struct output *output, uint64_t octets)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
    double value = (double)octets;
    size_t unit = 0;

    while (value >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1000;
        unit++;
    }
    output_print(output, unit && value < 100 ? "%.1f&#8239;%s" : "%.0f&#8239;%s", value, units[unit]);
}

static void put_delay(struct output *output, double ms)
{
    if (ms < 1000)
        output_print(output, "%.0f&#8239;ms", ms);
    else if (ms < 60000)
        output_print(output, "%.1f&#8239;s", ms / 1000);
    else if (ms < 7200000)
        output_print(output, "%.1f&#8239;min", ms / 60000);
    else
        output_print(output, "%.1f&#8239;h", ms / 3600000);
}

static void put_date(struct output *output, int32_t date)
{
    output_print(output, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
}

static size_t rows_of(size_t n, int64_t limit)
{
    uint64_t most = limit == LIMIT_NONE ? ROWS_DEFAULT : (uint64_t)limit;

    return n < most ? n : (size_t)most;
}

/* ---- the top ---- */

static void put_card(struct output *output, uint64_t number, const char *words, const char *more, uint64_t detail)
{
    output_literal(output, "<div class=\"card\"><b>");
    put_number(output, number);
    output_print(output, "</b><span>%s</span>", words);
    if (more) {
        output_literal(output, "<small>");
        put_number(output, detail);
        output_print(output, " %s</small>", more);
    }
    output_literal(output, "</div>\n");
}

static void put_octets_card(struct output *output, uint64_t octets, const char *words)
{
    output_literal(output, "<div class=\"card\"><b>");
    put_octets(output, octets);
    output_print(output, "</b><span>%s</span></div>\n", words);
}

static void put_top(const struct summary *s, struct output *output)
{
    const uint64_t *c = s->counters;

    output_literal(output, "<h1>Mail report</h1>\n<p>");
    if (s->days_n == 0)
        output_literal(output, "No line of a mail program.");
    else
        put_date(output, s->days[0].date);
    if (s->days_n > 1) {
        output_literal(output, " to ");
        put_date(output, s->days[s->days_n - 1].date);
        output_print(output, ", %" PRIu32 " days", s->days_n);
    }
    output_literal(output, "</p>\n<div class=\"cards\">\n");
    put_card(output, summary_received(s), "received", "senders", names_distinct(s->senders));
    put_card(output, summary_delivered(s), "delivered", "to other hosts", c[COUNTER_SENT]);
    put_card(output, summary_rejected(s), "refused", "for the time being",
             c[COUNTER_REJECTED_TEMPORARILY] + c[COUNTER_GREYLISTED]);
    put_card(output, s->deferred.n + s->deferred.over, "deferred", "attempts", c[COUNTER_DEFERRED]);
    put_card(output, c[COUNTER_BOUNCED], "bounced", "returned as too old", c[COUNTER_EXPIRED]);
    put_card(output, c[COUNTER_SPAM], "spam found", "viruses and banned files", c[COUNTER_VIRUS] + c[COUNTER_BANNED]);
    put_card(output, c[COUNTER_HELD], "held", "discarded", c[COUNTER_DISCARDED]);
    put_card(output, c[COUNTER_CONNECTIONS], "connections", "failed logins", c[COUNTER_AUTH_FAILED]);
    put_octets_card(output, c[COUNTER_RECEIVED_OCTETS], "size of what was received");
    put_octets_card(output, c[COUNTER_SENT_OCTETS] + c[COUNTER_DELIVERED_OCTETS], "size of what was delivered");
    output_literal(output, "</div>\n");
}

/* ---- charts ---- */

static const char *const traffic_words[TRAFFICS] = { "received", "delivered", "deferred", "bounced", "refused, held" };
static const char *const disposition_words[DISPOSITIONS] = {
    "accepted",       "blocklist", "greylisted", "unknown user", "relaying",
    "client or HELO", "sender",    "spam",       "virus",        "other",
};

static void put_hours(const struct summary *s, struct output *output)
{
    struct chart_group traffic[24] = { 0 }, dispositions[24] = { 0 };
    struct chart chart = { s->days_n > 1 ? "Traffic by hour, sum of all days" : "Traffic by hour",
                           traffic_words,
                           TRAFFICS,
                           false,
                           traffic,
                           24 };

    for (unsigned hour = 0; hour < 24; hour++) {
        snprintf(traffic[hour].label, CHART_LABEL, "%02u:00", hour);
        snprintf(dispositions[hour].label, CHART_LABEL, "%02u:00", hour);
        memcpy(traffic[hour].values, s->hours[hour].traffic, sizeof s->hours[hour].traffic);
        memcpy(dispositions[hour].values, s->hours[hour].dispositions, sizeof s->hours[hour].dispositions);
    }
    chart_put(output, &chart);
    chart = (struct chart){
        "What became of what came in, by hour", disposition_words, DISPOSITIONS, true, dispositions, 24
    };
    chart_put(output, &chart);
}

static void put_days(const struct summary *s, struct output *output)
{
    bool by_month = s->days_n > DAYS_SHOWN;
    struct chart_group *groups = calloc(s->days_n ? s->days_n : 1, sizeof *groups);
    struct chart chart = {
        by_month ? "Traffic by month" : "Traffic by day", traffic_words, TRAFFICS, false, groups, 0
    };
    int32_t last = 0;

    for (uint32_t i = 0; groups && s->days_n > 1 && i < s->days_n; i++) {
        int32_t key = by_month ? s->days[i].date / 100 : s->days[i].date;
        struct chart_group *group;

        if (key != last && chart.groups_n < DAYS_MAX)
            chart.groups_n++;
        last = key;
        group = &groups[chart.groups_n - 1];
        if (by_month)
            snprintf(group->label, CHART_LABEL, "%04d-%02d", key / 100 % 10000, key % 100);
        else
            snprintf(group->label, CHART_LABEL, "%02d-%02d", key / 100 % 100, key % 100);
        for (int t = 0; t < TRAFFICS; t++)
            group->values[t] += s->days[i].traffic[t];
    }
    if (chart.groups_n)
        chart_put(output, &chart);
    free(groups);
}

static void put_delays_chart(const struct summary *s, struct output *output)
{
    static const struct {
        const char *label;
        uint64_t bound_ms;
    } classes[] = {
        { "up to 1 s", 1000 }, { "5 s", 5000 },    { "15 s", 15000 },   { "1 min", 60000 },    { "5 min", 300000 },
        { "15 min", 900000 },  { "1 h", 3600000 }, { "4 h", 14400000 }, { "1 day", 86400000 }, { "more", UINT64_MAX },
    };
    static const char *const words[] = { "to other hosts", "to mailboxes here" };
    struct chart_group groups[sizeof classes / sizeof classes[0]] = { 0 };
    struct chart chart = { "How long deliveries took", words, 2, false, groups, sizeof classes / sizeof classes[0] };

    for (size_t i = 0; i < chart.groups_n; i++)
        snprintf(groups[i].label, CHART_LABEL, "%s", classes[i].label);
    for (int d = 0; d < 2; d++)
        for (unsigned b = 0; b < DELAYS_BUCKETS; b++) {
            size_t c = 0;

            while (delays_bound_ms(b) > classes[c].bound_ms + classes[c].bound_ms / DELAYS_STEPS)
                c++;
            groups[c].values[d] += s->delays[d].buckets[b];
        }
    chart_put(output, &chart);
}

static void put_percentiles(const struct summary *s, struct output *output)
{
    static const char *const words[] = { "to other hosts", "to mailboxes here" };
    static const unsigned per_cents[] = { 50, 90, 95, 99 };

    output_literal(output,
                   "<div class=\"scroll\"><table><tr><th class=\"n\">delay<th>deliveries<th>average<th>50&#8239;%"
                   "<th>90&#8239;%<th>95&#8239;%<th>99&#8239;%<th>longest</tr>\n");
    for (int i = 0; i < 2; i++) {
        const struct delays *delays = &s->delays[i];

        if (!delays->count)
            continue;
        output_print(output, "<tr><td class=\"n\">%s<td>", words[i]);
        put_number(output, delays->count);
        output_literal(output, "<td>");
        put_delay(output, (double)delays->sum_ms / (double)delays->count);
        for (size_t p = 0; p < sizeof per_cents / sizeof per_cents[0]; p++) {
            output_literal(output, "<td>");
            put_delay(output, (double)delays_percentile(delays, per_cents[p]));
        }
        output_literal(output, "<td>");
        put_delay(output, (double)delays->max_ms);
        output_literal(output, "</tr>\n");
    }
    output_literal(output, "</table></div>\n");
}

/* ---- tables ---- */

enum column { COLUMN_COUNT, COLUMN_OCTETS, COLUMN_DEFERRALS, COLUMN_AVERAGE, COLUMN_LONGEST, COLUMNS };
static const char *const column_words[COLUMNS] = { "count", "size", "deferrals", "average delay", "longest" };

static void put_cell(struct output *output, const struct name *name, enum column column)
{
    const struct domain *domain = (const struct domain *)(const void *)name;

    output_literal(output, "<td>");
    switch (column) {
    case COLUMN_COUNT:
        put_number(output, name->count);
        break;
    case COLUMN_OCTETS:
        put_octets(output, name->octets);
        break;
    case COLUMN_DEFERRALS:
        put_number(output, domain->deferrals);
        break;
    case COLUMN_AVERAGE:
        if (domain->timed)
            put_delay(output, (double)domain->delay_ms / (double)domain->timed);
        break;
    case COLUMN_LONGEST:
        if (domain->timed || domain->delay_max_ms)
            put_delay(output, (double)domain->delay_max_ms);
        break;
    case COLUMNS:
        break;
    }
}

static void put_table(struct output *output, const struct names *names, const char *title, enum order order,
                      int64_t limit, unsigned columns)
{
    size_t n;
    const struct name **rows;

    if (limit == 0 || !names_rows(names))
        return;
    rows = order_names(names, order, false, limit == LIMIT_NONE ? ROWS_DEFAULT : limit, &n);
    output_print(output, "<section><h2>%s</h2>\n<div class=\"scroll\"><table><tr><th class=\"n\">", title);
    if (n < names_distinct(names)) {
        put_number(output, n);
        output_literal(output, names_is_exact(names) ? " of " : " of about ");
        put_number(output, names_distinct(names));
    }
    for (unsigned c = 0; c < columns; c++)
        output_print(output, "<th>%s", column_words[c]);
    output_literal(output, "</tr>\n");
    for (size_t i = 0; i < n; i++) {
        output_literal(output, "<tr><td class=\"n\">");
        output_text(output, names_text(names, rows[i]));
        for (unsigned c = 0; c < columns; c++)
            put_cell(output, rows[i], (enum column)c);
        output_literal(output, "</tr>\n");
    }
    output_literal(output, "</table></div>\n");
    if (!names_is_exact(names)) {
        output_literal(output,
                       "<p>Approximate: only the most frequent names were kept (--names-max). A count may be too "
                       "low by ");
        put_number(output, names_missed(names));
        output_literal(output, ".</p>\n");
    }
    output_literal(output, "</section>\n");
    free(rows);
}

/* ---- trees ---- */

static void put_leaves(struct output *output, const struct branch *branches, size_t n, unsigned level, int64_t limit)
{
    size_t rows = rows_of(n, limit);

    output_literal(output, "<table>");
    for (size_t i = 0; i < rows; i++) {
        output_literal(output, "<tr><td>");
        put_number(output, branches[i].count);
        output_literal(output, "<td class=\"n\">");
        output_text(output, branches[i].levels[level]);
        output_literal(output, "</tr>\n");
    }
    if (rows < n) {
        output_literal(output, "<tr><td><td class=\"n\">and ");
        put_number(output, n - rows);
        output_literal(output, " more</tr>\n");
    }
    output_literal(output, "</table>");
}

static void put_summary(struct output *output, struct span words, uint64_t sum)
{
    output_literal(output, "<details><summary>");
    output_text(output, words);
    output_literal(output, "<i>");
    put_number(output, sum);
    output_literal(output, "</i></summary>");
}

static void put_branches(struct output *output, const struct branch *branches, size_t n, unsigned level, int64_t limit)
{
    for (size_t i = 0, together; i < n; i += together) {
        uint64_t sum;

        together = branches_together(branches + i, n - i, level, &sum);
        put_summary(output, branches[i].levels[level], sum);
        if (branches[i].levels_n == level + 2)
            put_leaves(output, branches + i, together, level + 1, limit);
        else
            put_branches(output, branches + i, together, level + 1, limit);
        output_literal(output, "</details>\n");
    }
}

static void put_tree(const struct summary *s, struct output *output, enum tree tree, const char *title, int64_t limit)
{
    size_t n;
    uint64_t sum = 0;
    struct branch *branches;

    if (limit == 0 || !names_rows(s->trees[tree]))
        return;
    branches = order_branches(s->trees[tree], &n);
    for (size_t i = 0; i < n; i++)
        sum += branches[i].count;
    put_summary(output, span_of(title), sum + names_other(s->trees[tree])->name.count);
    if (branches[0].levels_n == 1)
        put_leaves(output, branches, n, 0, limit);
    else
        put_branches(output, branches, n, 0, limit);
    if (!names_is_exact(s->trees[tree]))
        output_literal(output, "<p>There were too many: the rarest are left out.</p>");
    output_literal(output, "</details>\n");
    free(branches);
}

/* What the reader acts upon first. */
static void put_trees(const struct summary *s, struct output *output)
{
    static const enum tree order[] = { TREE_REJECT,   TREE_REJECT_WARNING, TREE_HOLD,    TREE_DISCARD,
                                       TREE_DEFERRAL, TREE_BOUNCE,         TREE_SMTP,    TREE_PANIC,
                                       TREE_FATAL,    TREE_ERROR,          TREE_WARNING, TREE_MASTER };

    output_literal(output, "<h2>Details</h2>\n");
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        put_tree(s, output, order[i], tree_forms[order[i]].words, summary_tree_limit(s->options, order[i]));
}

static void put_reasons(const struct summary *s, struct output *output)
{
    uint64_t all = summary_rejected(s);
    bool used[REFUSAL_REASONS] = { false };

    if (!all)
        return;
    output_literal(output,
                   "<section><h2>Refusals by reason</h2>\n<table><tr><th class=\"n\"><th>count<th>share</tr>\n");
    for (;;) {
        int most = 0;

        for (int i = 1; i < REFUSAL_REASONS; i++)
            if (!used[i] && s->refusals[i] && (!most || s->refusals[i] > s->refusals[most]))
                most = i;
        if (!most)
            break;
        used[most] = true;
        output_print(output, "<tr><td class=\"n\">%s<td>", refusal_reason_name((enum refusal_reason)most));
        put_number(output, s->refusals[most]);
        output_print(output, "<td>%.1f&#8239;%%</tr>\n", 100.0 * (double)s->refusals[most] / (double)all);
    }
    output_literal(output, "</table></section>\n");
}

void summary_html(const struct summary *s, struct output *output, const struct parser_counts *lines)
{
    const struct report_options *o = s->options;

    output_literal(output, summary_style);
    put_top(s, output);
    put_days(s, output);
    put_hours(s, output);
    if (s->delays[0].count || s->delays[1].count) {
        put_delays_chart(s, output);
        put_percentiles(s, output);
    }
    put_table(output, s->recipient_domains, "Delivered, by domain", ORDER_COUNT_OCTETS, o->hosts, COLUMNS);
    output_literal(output, "<div class=\"two\">\n");
    put_table(output, s->sender_domains, "Received, by domain", ORDER_COUNT_OCTETS, o->hosts, COLUMN_DEFERRALS);
    put_reasons(s, output);
    put_table(output, s->senders, "Senders by messages", ORDER_COUNT, o->users, COLUMN_DEFERRALS);
    put_table(output, s->recipients, "Recipients by messages", ORDER_COUNT, o->users, COLUMN_DEFERRALS);
    put_table(output, s->senders, "Senders by size", ORDER_OCTETS, o->users, COLUMN_DEFERRALS);
    put_table(output, s->recipients, "Recipients by size", ORDER_OCTETS, o->users, COLUMN_DEFERRALS);
    put_table(output, s->zones, "Refusals by blocklist", ORDER_COUNT, LIMIT_NONE, COLUMN_OCTETS);
    put_table(output, s->plugins, "Refusals by plugin", ORDER_COUNT, LIMIT_NONE, COLUMN_OCTETS);
    output_literal(output, "</div>\n");
    put_trees(s, output);
    output_print(output,
                 "<footer>mailtally " MAILTALLY_VERSION ": %" PRIu64 " lines, %" PRIu64 " of mail programs, %" PRIu64
                 " of them not understood</footer>\n</main></body></html>\n",
                 lines->lines, lines->recognised + lines->unrecognised, lines->unrecognised);
}
