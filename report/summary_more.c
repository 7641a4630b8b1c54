/* The sections of a text report that pflogsumm does not have. They stand behind all of its own, and no line of theirs
 * ends in the words by which scripts find its totals.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>

#include "order.h"
#include "summary_text.h"

static const struct {
    enum counter counter;
    const char *words;
} others[] = {
    { COUNTER_EXPIRED, "returned after too long in the queue" },
    { COUNTER_REINJECTED, "came back from a content filter (counted once)" },
    { COUNTER_SPAM, "found to be spam" },
    { COUNTER_VIRUS, "found to hold a virus" },
    { COUNTER_BANNED, "found to hold a banned file" },
    { COUNTER_BAD_HEADER, "found to have a bad header" },
    { COUNTER_GREYLIST_PASSED, "let pass after greylisting" },
    { COUNTER_AUTH_FAILED, "logins that failed" },
    { COUNTER_AUTH_SUCCEEDED, "logins, or messages of those who logged in" },
    { COUNTER_CONNECTIONS_LOST, "connections lost" },
    { COUNTER_TLS_INBOUND, "TLS connections from clients" },
    { COUNTER_TLS_OUTBOUND, "TLS connections to servers" },
    { COUNTER_SPF_FAILED, "failed SPF" },
    { COUNTER_DKIM_FAILED, "failed DKIM" },
    { COUNTER_DMARC_FAILED, "failed DMARC" },
};

static void put_others(const struct summary *s, struct output *output)
{
    bool is_first = true;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (!s->counters[others[i].counter])
            continue;
        if (is_first)
            text_title(output, "Further totals");
        is_first = false;
        output_print(output, " %6" PRIu64 "   %s\n", s->counters[others[i].counter], others[i].words);
    }
}

/* ---- what became of it, by hour ---- */

static const char *const headings[DISPOSITIONS] = {
    "accept", "dnsbl", "grey", "nouser", "relay", "client", "sender", "spam", "virus", "other",
};

static void put_disposition_row(struct output *output, const uint64_t *numbers, uint64_t all)
{
    uint64_t sum = 0;

    for (int i = 0; i < DISPOSITIONS; i++) {
        output_print(output, " %6" PRIu64, numbers[i]);
        sum += numbers[i];
    }
    output_print(output, " %7" PRIu64 " %5.1f%%\n", sum, all ? 100.0 * (double)sum / (double)all : 0);
}

static void put_dispositions(const struct summary *s, struct output *output)
{
    uint64_t sums[DISPOSITIONS] = { 0 }, all = 0;

    for (unsigned hour = 0; hour < 24; hour++)
        for (int i = 0; i < DISPOSITIONS; i++) {
            sums[i] += s->hours[hour].dispositions[i];
            all += s->hours[hour].dispositions[i];
        }
    text_title(output, "What became of it, by hour");
    output_literal(output, " hour ");
    for (int i = 0; i < DISPOSITIONS; i++)
        output_print(output, " %6s", headings[i]);
    output_literal(output, "     all   share\n");
    for (unsigned hour = 0; hour < 24; hour++) {
        uint64_t here = 0;

        for (int i = 0; i < DISPOSITIONS; i++)
            here += s->hours[hour].dispositions[i];
        if (!here)
            continue;
        output_print(output, " %02u-%02u", hour, hour + 1);
        put_disposition_row(output, s->hours[hour].dispositions, all);
    }
    output_literal(output, " sum  ");
    put_disposition_row(output, sums, all);
    output_literal(output, " share");
    for (int i = 0; i < DISPOSITIONS; i++)
        output_print(output, " %5.1f%%", all ? 100.0 * (double)sums[i] / (double)all : 0);
    output_char(output, '\n');
}

/* ---- delays ---- */

static void put_delay(struct output *output, uint64_t ms)
{
    if (ms < 100000)
        output_print(output, " %8.2f s", (double)ms / 1000);
    else if (ms < 7200000)
        output_print(output, " %8.1f m", (double)ms / 60000);
    else
        output_print(output, " %8.1f h", (double)ms / 3600000);
}

static void put_delays(const struct summary *s, struct output *output)
{
    static const unsigned per_cents[] = { 50, 90, 95, 99 };
    static const char *const names[] = { "to other hosts", "to mailboxes here" };

    if (!s->delays[0].count && !s->delays[1].count)
        return;
    text_title(output, "Delivery delays (percentiles, within 1.6 %)");
    output_literal(output, "                     count       50 %       90 %       95 %       99 %    longest\n");
    for (int i = 0; i < 2; i++) {
        const struct delays *delays = &s->delays[i];

        if (!delays->count)
            continue;
        output_print(output, " %-17s %7" PRIu64, names[i], delays->count);
        for (size_t p = 0; p < sizeof per_cents / sizeof per_cents[0]; p++)
            put_delay(output, delays_percentile(delays, per_cents[p]));
        put_delay(output, delays->max_ms);
        output_char(output, '\n');
    }
}

/* ---- refusals by reason, blocklist, plugin ---- */

static void put_reasons(const struct summary *s, struct output *output)
{
    uint64_t all = summary_rejected(s);
    bool used[REFUSAL_REASONS] = { false };

    if (!all)
        return;
    text_title(output, "Refusals by reason");
    for (;;) {
        int most = 0;

        for (int i = 1; i < REFUSAL_REASONS; i++)
            if (!used[i] && s->refusals[i] && (!most || s->refusals[i] > s->refusals[most]))
                most = i;
        if (!most)
            return;
        used[most] = true;
        output_print(output, " %6" PRIu64 "  %5.1f%%  %s\n", s->refusals[most],
                     100.0 * (double)s->refusals[most] / (double)all, refusal_reason_name((enum refusal_reason)most));
    }
}

/* How often, which share, how often a day, and the sum so far: what qplogsumm tells of each plugin. */
static void put_shares(const struct summary *s, struct output *output, const struct names *names, const char *title,
                       const char *column)
{
    size_t n;
    uint64_t all = 0, so_far = 0;
    const struct name **rows;

    if (!names_rows(names))
        return;
    rows = order_names(names, ORDER_COUNT, true, LIMIT_NONE, &n);
    for (size_t i = 0; i < n; i++)
        all += rows[i]->count;
    all += names_other(names)->name.count;
    text_title(output, title);
    output_print(output, "  count   share  per day   so far  %s\n", column);
    for (size_t i = 0; i < n; i++) {
        so_far += rows[i]->count;
        output_print(output, " %6" PRIu64 "  %5.1f%% %8.1f   %5.1f%%  ", rows[i]->count,
                     100.0 * (double)rows[i]->count / (double)all, (double)rows[i]->count / (s->days_n ? s->days_n : 1),
                     100.0 * (double)so_far / (double)all);
        output_text(output, names_text(names, rows[i]));
        output_char(output, '\n');
    }
    free(rows);
}

void text_more(const struct summary *s, struct output *output)
{
    put_others(s, output);
    put_dispositions(s, output);
    put_delays(s, output);
    put_reasons(s, output);
    put_shares(s, output, s->zones, "Refusals by blocklist", "zone");
    put_shares(s, output, s->plugins, "Refusals by plugin", "plugin");
}
