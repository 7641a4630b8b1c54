/* A report as TSV, for spreadsheets and awk: one number a row.
 *
 *   table  key1  key2  key3  column  value     the header row
 *   senders  alice@example.org  -  -  octets  1000
 *
 * A key that does not apply is `-`, one that is empty `<>`; the rest is escaped as events does it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "order.h"
#include "summary.h"

struct tsv {
    struct output *output;
    const char *table;
    struct span keys[LEVELS_MAX];
    unsigned keys_n;
};

static void put_key(struct output *output, struct span key)
{
    if (key.n == 0)
        output_literal(output, "<>");
    else if (span_is(key, "-"))
        output_literal(output, "\\x2d");
    else
        output_text(output, key);
}

static void put(const struct tsv *tsv, const char *column, uint64_t value)
{
    output_literal(tsv->output, tsv->table);
    for (unsigned i = 0; i < LEVELS_MAX; i++) {
        output_char(tsv->output, '\t');
        if (i < tsv->keys_n)
            put_key(tsv->output, tsv->keys[i]);
        else
            output_char(tsv->output, '-');
    }
    output_char(tsv->output, '\t');
    output_literal(tsv->output, column);
    output_char(tsv->output, '\t');
    output_number(tsv->output, value);
    output_char(tsv->output, '\n');
}

static struct tsv row_of(struct output *output, const char *table, struct span key)
{
    return (struct tsv){ .output = output, .table = table, .keys = { key }, .keys_n = 1 };
}

static void put_sessions(const struct tsv *tsv, uint64_t count, uint64_t seconds, uint64_t longest)
{
    put(tsv, "connections", count);
    put(tsv, "connectionSeconds", seconds);
    put(tsv, "longestConnectionSeconds", longest);
}

static void put_traffic(const struct tsv *tsv, const uint64_t *traffic, const struct sessions *sessions)
{
    for (int i = 0; i < TRAFFICS; i++)
        put(tsv, summary_traffic_names[i], traffic[i]);
    put_sessions(tsv, sessions->count, sessions->seconds, sessions->max_s);
}

static void put_times(const struct summary *s, struct output *output)
{
    char key[48];

    for (uint32_t i = 0; i < s->days_n; i++) {
        int32_t date = s->days[i].date;
        struct tsv tsv;

        snprintf(key, sizeof key, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
        tsv = row_of(output, "days", span_of(key));
        put_traffic(&tsv, s->days[i].traffic, &s->days[i].sessions);
    }
    for (unsigned hour = 0; hour < 24; hour++) {
        struct tsv tsv;

        snprintf(key, sizeof key, "%02u", hour);
        tsv = row_of(output, "hours", span_of(key));
        put_traffic(&tsv, s->hours[hour].traffic, &s->hours[hour].sessions);
        tsv.table = "dispositions";
        for (int i = 0; i < DISPOSITIONS; i++)
            put(&tsv, disposition_names[i], s->hours[hour].dispositions[i]);
    }
}

static void put_table(struct output *output, const char *table, const struct names *names, int64_t limit,
                      bool has_octets, bool has_delays)
{
    size_t n;
    const struct name **rows = order_names(names, ORDER_COUNT_OCTETS, false, limit, &n);

    for (size_t i = 0; i < n; i++) {
        const struct domain *domain = (const struct domain *)(const void *)rows[i];
        struct tsv tsv = row_of(output, table, names_text(names, rows[i]));

        put(&tsv, "count", rows[i]->count);
        if (has_octets)
            put(&tsv, "octets", rows[i]->octets);
        if (!has_delays)
            continue;
        put(&tsv, "deferrals", domain->deferrals);
        put(&tsv, "delayCount", domain->timed);
        put(&tsv, "delaySumMs", domain->delay_ms);
        put(&tsv, "delayMaxMs", domain->delay_max_ms);
    }
    free(rows);
    if (!names_is_exact(names))
        put(&(struct tsv){ .output = output, .table = table }, "countNotInRows", names_other(names)->name.count);
}

static void put_session_domains(const struct summary *s, struct output *output)
{
    static const char table[] = "connectionDomains";
    const struct names *names = s->session_domains;
    size_t n;
    const struct name **rows = order_names(names, ORDER_COUNT_OCTETS, false, s->options->hosts, &n);

    for (size_t i = 0; i < n; i++) {
        const struct domain *domain = (const struct domain *)(const void *)rows[i];
        const struct tsv tsv = row_of(output, table, names_text(names, rows[i]));

        put_sessions(&tsv, rows[i]->count, rows[i]->octets, domain->delay_max_ms);
    }
    free(rows);
    if (!names_is_exact(names))
        put(&(struct tsv){ .output = output, .table = table }, "countNotInRows", names_other(names)->name.count);
}

static void put_reasons(const struct summary *s, struct output *output)
{
    for (int i = 1; i < REFUSAL_REASONS; i++) {
        const struct tsv tsv = row_of(output, "refusalReasons", span_of(refusal_reason_name((enum refusal_reason)i)));

        if (s->refusals[i])
            put(&tsv, "count", s->refusals[i]);
    }
}

static void put_delays(const struct summary *s, struct output *output)
{
    static const char *const kinds[] = { "sent", "delivered" };

    for (int i = 0; i < 2; i++) {
        struct tsv tsv = row_of(output, "delays", span_of(kinds[i]));

        put(&tsv, "count", s->delays[i].count);
        put(&tsv, "p50Ms", delays_percentile(&s->delays[i], 50));
        put(&tsv, "p90Ms", delays_percentile(&s->delays[i], 90));
        put(&tsv, "p95Ms", delays_percentile(&s->delays[i], 95));
        put(&tsv, "p99Ms", delays_percentile(&s->delays[i], 99));
        put(&tsv, "maxMs", s->delays[i].max_ms);
    }
}

static void put_tree(const struct summary *s, struct output *output, enum tree tree, const char *table, int64_t limit)
{
    size_t n;
    struct branch *branches = limit == 0 ? NULL : order_branches(s->trees[tree], &n);

    for (size_t i = 0; branches && i < n; i++) {
        struct tsv tsv = { .output = output, .table = table, .keys_n = branches[i].levels_n };

        memcpy(tsv.keys, branches[i].levels, sizeof tsv.keys);
        put(&tsv, "count", branches[i].count);
    }
    free(branches);
}

void summary_tsv(const struct summary *s, struct output *output)
{
    const struct report_options *o = s->options;
    struct tsv totals = { .output = output, .table = "totals" };

    output_literal(output, "table\tkey1\tkey2\tkey3\tcolumn\tvalue\n");
    for (int i = 1; i < COUNTERS; i++)
        put(&totals, counter_name((enum counter)i), s->counters[i]);
    put(&totals, "deferredMessages", s->deferred.n + s->deferred.over);
    put_times(s, output);
    put_table(output, "senders", s->senders, o->users, true, false);
    put_table(output, "senderDomains", s->sender_domains, o->hosts, true, false);
    put_table(output, "recipients", s->recipients, o->users, true, false);
    put_table(output, "recipientDomains", s->recipient_domains, o->hosts, true, true);
    put_session_domains(s, output);
    put_delays(s, output);
    put_reasons(s, output);
    put_table(output, "zones", s->zones, LIMIT_NONE, false, false);
    put_table(output, "plugins", s->plugins, LIMIT_NONE, false, false);
    for (int i = 0; i < TREES; i++)
        if (i != TREE_NO_SIZE && i != TREE_DETAIL)
            put_tree(s, output, (enum tree)i, tree_forms[i].key, summary_tree_limit(o, (enum tree)i));
}
