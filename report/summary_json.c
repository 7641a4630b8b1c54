/* A report as JSON: sums and counts, nothing that was divided or rounded, so that the reports of many machines add up.
 *
 * One object. `format` is a number that changes when what is there changes; members are added without that. `complete`
 * is false where a table was cut in memory (names.h), and then the tables' `other` has what is in no row. Options that
 * cut tables in text (-h, -u, --detail) cut them here, too; without them all rows are there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "order.h"
#include "summary_add.h"

struct json {
    struct output *output;
    const struct summary *summary;
    bool is_first; /* of its object or array */
};

static void put_comma(struct json *json)
{
    if (!json->is_first)
        output_char(json->output, ',');
    json->is_first = false;
}

static void put_key(struct json *json, const char *key)
{
    put_comma(json);
    output_string(json->output, key);
    output_char(json->output, ':');
}

static void open_with(struct json *json, char bracket)
{
    output_char(json->output, bracket);
    json->is_first = true;
}

static void close_with(struct json *json, char bracket)
{
    output_char(json->output, bracket);
    json->is_first = false;
}

/* A member of the outermost object stands on a line of its own. */
static void open_section(struct json *json, const char *key, char bracket)
{
    if (!json->is_first)
        output_char(json->output, ',');
    json->is_first = false;
    output_char(json->output, '\n');
    output_string(json->output, key);
    output_char(json->output, ':');
    open_with(json, bracket);
}

static void put_number(struct json *json, const char *key, uint64_t number)
{
    put_key(json, key);
    output_number(json->output, number);
}

static void put_bool(struct json *json, const char *key, bool value)
{
    put_key(json, key);
    output_literal(json->output, value ? "true" : "false");
}

/* ---- counters, days, hours ---- */

static void put_counters(struct json *json)
{
    open_section(json, "counters", '{');
    for (int i = 1; i < COUNTERS; i++)
        put_number(json, counter_name((enum counter)i), json->summary->counters[i]);
    put_number(json, "deferredMessages", json->summary->deferred.n + json->summary->deferred.over);
    close_with(json, '}');
}

static void put_lines(struct json *json, const struct parser_counts *lines)
{
    open_section(json, "lines", '{');
    put_number(json, "read", lines->lines);
    put_number(json, "recognised", lines->recognised);
    put_number(json, "ignored", lines->ignored);
    put_number(json, "unrecognised", lines->unrecognised);
    put_number(json, "overlong", lines->overlong);
    close_with(json, '}');
}

static void put_sessions(struct json *json, const struct sessions *sessions)
{
    put_number(json, "connections", sessions->count);
    put_number(json, "connectionSeconds", sessions->seconds);
    put_number(json, "longestConnectionSeconds", sessions->max_s);
}

static void put_traffic(struct json *json, const uint64_t *traffic)
{
    for (int i = 0; i < TRAFFICS; i++)
        put_number(json, summary_traffic_names[i], traffic[i]);
}

static void put_days(struct json *json)
{
    const struct summary *s = json->summary;

    open_section(json, "days", '[');
    for (uint32_t i = 0; i < s->days_n; i++) {
        char date[48];

        snprintf(date, sizeof date, "%04d-%02d-%02d", s->days[i].date / 10000, s->days[i].date / 100 % 100,
                 s->days[i].date % 100);
        put_comma(json);
        open_with(json, '{');
        put_key(json, "date");
        output_string(json->output, date);
        put_traffic(json, s->days[i].traffic);
        put_sessions(json, &s->days[i].sessions);
        close_with(json, '}');
    }
    close_with(json, ']');
}

/* Sums over all days; 24 of them. */
static void put_hours(struct json *json)
{
    open_section(json, "hours", '[');
    for (unsigned hour = 0; hour < 24; hour++) {
        const struct hour *h = &json->summary->hours[hour];

        put_comma(json);
        open_with(json, '{');
        put_number(json, "hour", hour);
        put_traffic(json, h->traffic);
        put_sessions(json, &h->sessions);
        put_key(json, "dispositions");
        open_with(json, '{');
        for (int i = 0; i < DISPOSITIONS; i++)
            put_number(json, disposition_names[i], h->dispositions[i]);
        close_with(json, '}');
        close_with(json, '}');
    }
    close_with(json, ']');
}

/* ---- tables ---- */

enum columns { COLUMNS_COUNT, COLUMNS_OCTETS, COLUMNS_DELIVERY, COLUMNS_SESSIONS };

static void put_columns(struct json *json, const struct name *name, enum columns columns)
{
    const struct domain *domain = (const struct domain *)(const void *)name;

    put_number(json, columns == COLUMNS_SESSIONS ? "connections" : "count", name->count);
    if (columns == COLUMNS_SESSIONS) {
        put_number(json, "connectionSeconds", name->octets);
        put_number(json, "longestConnectionSeconds", domain->delay_max_ms);
    } else if (columns != COLUMNS_COUNT) {
        put_number(json, "octets", name->octets);
    }
    if (columns == COLUMNS_DELIVERY) {
        put_number(json, "deferrals", domain->deferrals);
        put_number(json, "delayCount", domain->timed);
        put_number(json, "delaySumMs", domain->delay_ms);
        put_number(json, "delayMaxMs", domain->delay_max_ms);
    }
}

static void put_rows(struct json *json, const struct names *names, enum columns columns, int64_t limit)
{
    size_t n;
    const struct name **rows = order_names(names, ORDER_COUNT_OCTETS, false, limit, &n);

    put_key(json, "rows");
    open_with(json, '[');
    for (size_t i = 0; i < n; i++) {
        put_comma(json);
        output_char(json->output, '\n');
        open_with(json, '{');
        put_key(json, "name");
        output_text(json->output, names_text(names, rows[i]));
        put_columns(json, rows[i], columns);
        close_with(json, '}');
    }
    close_with(json, ']');
    free(rows);
}

/* unknown: of what no line names. */
static void put_table(struct json *json, const char *key, const struct names *names, enum columns columns,
                      int64_t limit, const struct name *unknown)
{
    open_section(json, key, '{');
    put_bool(json, "complete", names_is_exact(names));
    put_number(json, "distinct", names_distinct(names));
    if (!names_is_exact(names)) {
        put_number(json, "countMayMiss", names_missed(names));
        put_key(json, "other");
        open_with(json, '{');
        put_columns(json, &names_other(names)->name, columns);
        close_with(json, '}');
    }
    if (unknown && (unknown->count || columns == COLUMNS_DELIVERY)) {
        put_key(json, "unknown");
        open_with(json, '{');
        put_columns(json, unknown, columns);
        close_with(json, '}');
    }
    put_rows(json, names, columns, limit);
    close_with(json, '}');
}

/* ---- trees ---- */

static void put_tree(struct json *json, const char *key, enum tree tree, int64_t limit)
{
    size_t n;
    const struct names *names = json->summary->trees[tree];
    struct branch *branches;

    if (limit == 0)
        return;
    branches = order_branches(names, &n);
    open_section(json, key, '{');
    put_bool(json, "complete", names_is_exact(names));
    if (!names_is_exact(names))
        put_number(json, "other", names_other(names)->name.count);
    put_key(json, "rows");
    open_with(json, '[');
    for (size_t i = 0; i < n; i++) {
        put_comma(json);
        output_char(json->output, '\n');
        open_with(json, '{');
        put_key(json, "path");
        open_with(json, '[');
        for (unsigned level = 0; level < branches[i].levels_n; level++) {
            put_comma(json);
            output_text(json->output, branches[i].levels[level]);
        }
        close_with(json, ']');
        put_number(json, "count", branches[i].count);
        close_with(json, '}');
    }
    close_with(json, ']');
    close_with(json, '}');
    free(branches);
}

static void put_trees(struct json *json)
{
    for (int i = 0; i < TREES; i++)
        put_tree(json, tree_forms[i].key, (enum tree)i, summary_tree_limit(json->summary->options, (enum tree)i));
}

/* ---- delays, reasons ---- */

/* Buckets as [longest delay in ms, deliveries], those that have any. */
static void put_delays(struct json *json)
{
    static const char *const keys[] = { "sent", "delivered" };

    open_section(json, "delays", '{');
    for (int i = 0; i < 2; i++) {
        const struct delays *delays = &json->summary->delays[i];

        put_key(json, keys[i]);
        open_with(json, '{');
        put_number(json, "count", delays->count);
        put_number(json, "sumMs", delays->sum_ms);
        put_number(json, "maxMs", delays->max_ms);
        put_number(json, "p50Ms", delays_percentile(delays, 50));
        put_number(json, "p90Ms", delays_percentile(delays, 90));
        put_number(json, "p95Ms", delays_percentile(delays, 95));
        put_number(json, "p99Ms", delays_percentile(delays, 99));
        put_key(json, "buckets");
        open_with(json, '[');
        for (unsigned b = 0; b < DELAYS_BUCKETS; b++)
            if (delays->buckets[b]) {
                put_comma(json);
                open_with(json, '[');
                put_comma(json);
                output_number(json->output, delays_bound_ms(b));
                put_comma(json);
                output_number(json->output, delays->buckets[b]);
                close_with(json, ']');
            }
        close_with(json, ']');
        close_with(json, '}');
    }
    close_with(json, '}');
}

static void put_reasons(struct json *json)
{
    open_section(json, "refusalReasons", '{');
    for (int i = 1; i < REFUSAL_REASONS; i++)
        if (json->summary->refusals[i])
            put_number(json, refusal_reason_name((enum refusal_reason)i), json->summary->refusals[i]);
    close_with(json, '}');
}

void summary_json(const struct summary *s, struct output *output, const struct parser_counts *lines)
{
    struct json json = { .output = output, .summary = s };

    open_with(&json, '{');
    put_key(&json, "report");
    output_literal(output, "\"mailtally " MAILTALLY_VERSION "\"");
    put_number(&json, "format", SUMMARY_FORMAT);
    put_counters(&json);
    put_lines(&json, lines);
    put_days(&json);
    put_hours(&json);
    put_table(&json, "senders", s->senders, COLUMNS_OCTETS, s->options->users, &s->unknown_sender);
    put_table(&json, "senderDomains", s->sender_domains, COLUMNS_OCTETS, s->options->hosts, &s->unknown_sender_domain);
    put_table(&json, "recipients", s->recipients, COLUMNS_OCTETS, s->options->users, &s->unknown_recipient);
    put_table(&json, "recipientDomains", s->recipient_domains, COLUMNS_DELIVERY, s->options->hosts,
              &s->unknown_recipient_domain.name);
    open_section(&json, "connections", '{');
    put_sessions(&json, &s->sessions);
    close_with(&json, '}');
    put_table(&json, "connectionDomains", s->session_domains, COLUMNS_SESSIONS, s->options->hosts, NULL);
    put_delays(&json);
    put_reasons(&json);
    put_table(&json, "zones", s->zones, COLUMNS_COUNT, LIMIT_NONE, NULL);
    put_table(&json, "plugins", s->plugins, COLUMNS_COUNT, LIMIT_NONE, NULL);
    put_trees(&json);
    output_literal(output, "\n}\n");
}
