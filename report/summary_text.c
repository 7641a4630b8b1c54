/* A report as text: pflogsumm's headings, columns and order, for people and for the scripts that read it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "order.h"
#include "summary_text.h"

/* ---- totals ---- */

static unsigned per_cent(uint64_t part, uint64_t whole)
{
    return whole ? (unsigned)((double)part / (double)whole * 100) : 0;
}

static uint64_t deferred_messages(const struct summary *s)
{
    return s->deferred.n + s->deferred.over;
}

/* Domains that only had deferrals are no recipients yet. */
static uint64_t counted_domains(const struct names *names)
{
    uint64_t n = 0;

    if (!names_is_exact(names))
        return names_distinct(names);
    for (uint32_t i = 0; i < names_rows(names); i++)
        n += ((const struct name *)names_at(names, i))->count > 0;
    return n;
}

static void put_clock(struct output *output, uint64_t seconds)
{
    output_print(output, "%2" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static void put_session_totals(const struct summary *s, struct output *output)
{
    const struct sessions *sessions = &s->sessions;

    output_literal(output, "\nsmtpd\n\n");
    text_short(output, "  ", sessions->count, "  connections\n");
    text_short(output, "  ", names_distinct(s->session_domains), "  hosts/domains\n");
    output_print(output, "  %6" PRIu64 "   avg. connect time (seconds)\n",
                 sessions->count ? (uint64_t)((double)sessions->seconds / (double)sessions->count + .5) : 0);
    output_char(output, ' ');
    put_clock(output, sessions->seconds);
    output_literal(output, "  total connect time\n");
}

static void put_totals(const struct summary *s, struct output *output)
{
    uint64_t delivered = summary_delivered(s), rejected = summary_rejected(s);
    uint64_t discarded = s->counters[COUNTER_DISCARDED], all = delivered + rejected + discarded;
    struct short_number deferrals = text_shorten((double)s->counters[COUNTER_DEFERRED]);

    text_title(output, "Grand Totals");
    output_literal(output, "messages\n\n");
    text_short(output, " ", summary_received(s), "  received\n");
    text_short(output, " ", delivered, "  delivered\n");
    text_short(output, " ", s->counters[COUNTER_FORWARDED], "  forwarded\n");
    text_short(output, " ", deferred_messages(s), "  deferred");
    if (s->counters[COUNTER_DEFERRED])
        output_print(output, "  (%" PRId64 "%c deferrals)", deferrals.value, deferrals.unit);
    output_char(output, '\n');
    text_short(output, " ", s->counters[COUNTER_BOUNCED], "  bounced\n");
    text_short(output, " ", rejected, "");
    output_print(output, "  rejected (%u%%)\n", per_cent(rejected, all));
    text_short(output, " ", s->counters[COUNTER_REJECT_WARNINGS], "  reject warnings\n");
    text_short(output, " ", s->counters[COUNTER_HELD], "  held\n");
    text_short(output, " ", discarded, "");
    output_print(output, "  discarded (%u%%)\n\n", per_cent(discarded, all));
    text_short(output, " ", s->counters[COUNTER_RECEIVED_OCTETS], "  bytes received\n");
    text_short(output, " ", s->counters[COUNTER_SENT_OCTETS] + s->counters[COUNTER_DELIVERED_OCTETS],
               "  bytes delivered\n");
    text_short(output, " ", names_distinct(s->senders), "  senders\n");
    text_short(output, " ", counted_domains(s->sender_domains), "  sending hosts/domains\n");
    text_short(output, " ", names_distinct(s->recipients), "  recipients\n");
    text_short(output, " ", counted_domains(s->recipient_domains), "  recipient hosts/domains\n");
    if (s->options->smtpd_stats)
        put_session_totals(s, output);
    output_char(output, '\n');
}

/* ---- days and hours ---- */

static const char *const months[] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

static void put_date(const struct summary *s, struct output *output, int32_t date)
{
    if (s->options->iso_date_time)
        output_print(output, "    %04d-%02d-%02d ", date / 10000, date / 100 % 100, date % 100);
    else
        output_print(output, "    %s %2d %d", months[(date / 100 % 100 + 11) % 12], date % 100, date / 10000);
}

static void put_hour(const struct summary *s, struct output *output, unsigned hour)
{
    output_print(output, s->options->iso_date_time ? "    %02u:00-%02u:00" : "    %02u00-%02u00  ", hour, hour + 1);
}

/* Columns behind the last one that moved are blank, unless --zero-fill. */
static void put_days(const struct summary *s, struct output *output)
{
    text_title(output, "Per-Day Traffic Summary");
    output_literal(output, "    date          received  delivered   deferred    bounced     rejected\n"
                           "    --------------------------------------------------------------------\n");
    for (uint32_t i = 0; i < s->days_n; i++) {
        unsigned columns = s->days[i].seen ? 32u - (unsigned)__builtin_clz(s->days[i].seen) : 0;

        if (!columns && !s->options->zero_fill)
            continue;
        put_date(s, output, s->days[i].date);
        for (unsigned c = 0; c < (s->options->zero_fill ? TRAFFICS : columns); c++)
            text_short(output, "    ", s->days[i].traffic[c], "");
        output_char(output, '\n');
    }
}

static void put_hours(const struct summary *s, struct output *output)
{
    text_title(output, s->days_n > 1 ? "Per-Hour Traffic Daily Average" : "Per-Hour Traffic Summary");
    output_literal(output, "    time          received  delivered   deferred    bounced     rejected\n"
                           "    --------------------------------------------------------------------\n");
    for (unsigned hour = 0; hour < 24; hour++) {
        put_hour(s, output, hour);
        for (unsigned c = 0; c < TRAFFICS; c++) {
            double value = (double)s->hours[hour].traffic[c];
            struct short_number number = text_shorten(s->days_n ? value / s->days_n + 0.5 : value);

            output_print(output, "    %6" PRId64 "%c", number.value, number.unit);
        }
        output_char(output, '\n');
    }
}

/* ---- hosts and domains ---- */

/* A title, with how many rows there are to be. */
static void title_of(char *title, size_t octets, const char *words, int64_t limit)
{
    if (limit > 0)
        snprintf(title, octets, "%s (top %" PRId64 ")", words, limit);
    else
        snprintf(title, octets, "%s ", words);
}

static void put_seconds(struct output *output, double seconds)
{
    char unit = 's';

    if (seconds > 3600) {
        seconds /= 3600;
        unit = 'h';
    } else if (seconds > 60) {
        seconds /= 60;
        unit = 'm';
    }
    output_print(output, "  %5.1f %c", seconds, unit);
}

static void put_name(struct output *output, const struct names *names, const struct name *name)
{
    output_text(output, names_text(names, name));
    output_char(output, '\n');
}

static void put_recipient_domains(const struct summary *s, struct output *output)
{
    char title[96];
    size_t n;
    const struct name **rows;

    if (s->options->hosts == 0)
        return;
    title_of(title, sizeof title, "Host/Domain Summary: Message Delivery", s->options->hosts);
    text_title(output, title);
    output_literal(output, " sent cnt  bytes   defers   avg dly max dly host/domain\n"
                           " -------- -------  -------  ------- ------- -----------\n");
    rows = order_names(s->recipient_domains, ORDER_COUNT_OCTETS, false, s->options->hosts, &n);
    for (size_t i = 0; i < n; i++) {
        const struct domain *domain = (const struct domain *)(const void *)rows[i];

        text_short(output, " ", domain->name.count, "");
        text_short(output, "  ", domain->name.octets, "");
        text_short(output, "  ", domain->deferrals, "");
        put_seconds(output, domain->timed ? (double)domain->delay_ms / 1000 / (double)domain->timed : 0);
        put_seconds(output, (double)domain->delay_max_ms / 1000);
        output_literal(output, "  ");
        put_name(output, s->recipient_domains, rows[i]);
    }
    free(rows);
    text_missed(output, s->recipient_domains);
}

static void put_sender_domains(const struct summary *s, struct output *output)
{
    char title[96];
    size_t n;
    const struct name **rows;

    if (s->options->hosts == 0)
        return;
    title_of(title, sizeof title, "Host/Domain Summary: Messages Received", s->options->hosts);
    text_title(output, title);
    output_literal(output, " msg cnt   bytes   host/domain\n"
                           " -------- -------  -----------\n");
    rows = order_names(s->sender_domains, ORDER_COUNT_OCTETS, true, s->options->hosts, &n);
    for (size_t i = 0; i < n; i++) {
        text_short(output, " ", rows[i]->count, "");
        text_short(output, "  ", rows[i]->octets, "  ");
        put_name(output, s->sender_domains, rows[i]);
    }
    free(rows);
    text_missed(output, s->sender_domains);
}

/* ---- connections ---- */

static uint64_t average(const struct sessions *sessions)
{
    return sessions->count ? (uint64_t)((double)sessions->seconds / (double)sessions->count + .5) : 0;
}

static void put_session_days(const struct summary *s, struct output *output)
{
    text_title(output, "Per-Day SMTPD Connection Summary");
    output_literal(output, "    date        connections    time conn.    avg./conn.   max. time\n"
                           "    --------------------------------------------------------------------\n");
    for (uint32_t i = 0; i < s->days_n; i++) {
        const struct sessions *sessions = &s->days[i].sessions;

        if (!sessions->count)
            continue;
        put_date(s, output, s->days[i].date);
        text_short(output, "   ", sessions->count, "       ");
        put_clock(output, sessions->seconds);
        output_print(output, "      %6" PRIu64 "s      %6" PRIu64 "s\n", average(sessions), sessions->max_s);
    }
}

static void put_session_hours(const struct summary *s, struct output *output)
{
    bool is_average = s->days_n > 1;
    double days = is_average ? s->days_n : 1, half = is_average ? .5 : 0;

    text_title(output, is_average ? "Per-Hour SMTPD Connection Daily Average" : "Per-Hour SMTPD Connection Summary");
    output_literal(output, is_average ? "    hour        connections    time conn.\n"
                                        "    -------------------------------------\n"
                                      : "    hour        connections    time conn.    avg./conn.   max. time\n"
                                        "    --------------------------------------------------------------------\n");
    for (unsigned hour = 0; hour < 24; hour++) {
        const struct sessions *sessions = &s->hours[hour].sessions;

        if (!sessions->count)
            continue;
        put_hour(s, output, hour);
        text_short(output, "   ", (uint64_t)((double)sessions->count / days + half), "       ");
        put_clock(output, (uint64_t)((double)sessions->seconds / days + half));
        if (!is_average)
            output_print(output, "      %6" PRIu64 "s      %6" PRIu64 "s", average(sessions), sessions->max_s);
        output_char(output, '\n');
    }
}

static void put_session_domains(const struct summary *s, struct output *output)
{
    char title[96];
    size_t n;
    const struct name **rows;

    if (s->options->hosts == 0)
        return;
    title_of(title, sizeof title, "Host/Domain Summary: SMTPD Connections", s->options->hosts);
    text_title(output, title);
    output_literal(output, " connections  time conn.  avg./conn.  max. time  host/domain\n"
                           " -----------  ----------  ----------  ---------  -----------\n");
    rows = order_names(s->session_domains, ORDER_COUNT_OCTETS, true, s->options->hosts, &n);
    for (size_t i = 0; i < n; i++) {
        const struct sessions sessions = { rows[i]->count, rows[i]->octets,
                                           ((const struct domain *)(const void *)rows[i])->delay_max_ms };

        text_short(output, "  ", sessions.count, "      ");
        put_clock(output, sessions.seconds);
        output_print(output, "     %6" PRIu64 "s    %6" PRIu64 "s   ", average(&sessions), sessions.max_s);
        put_name(output, s->session_domains, rows[i]);
    }
    free(rows);
    text_missed(output, s->session_domains);
}

/* ---- senders and recipients ---- */

static void put_users(const struct summary *s, struct output *output, const struct names *names, const char *words,
                      enum order order)
{
    char title[96];
    size_t n;
    const struct name **rows;

    if (s->options->users == 0)
        return;
    if (s->options->users > 0)
        snprintf(title, sizeof title, "top %" PRId64 " %s", s->options->users, words);
    else
        snprintf(title, sizeof title, "%s", words);
    if (!text_list_title(output, title, names_rows(names) == 0, s->options->quiet))
        return;
    rows = order_names(names, order, false, s->options->users, &n);
    for (size_t i = 0; i < n; i++) {
        text_short(output, " ", order == ORDER_OCTETS ? rows[i]->octets : rows[i]->count, "  ");
        put_name(output, names, rows[i]);
    }
    free(rows);
    text_missed(output, names);
}

static void put_no_size(const struct summary *s, struct output *output)
{
    size_t n;
    struct branch *branches;

    if (!text_list_title(output, "Messages with no size data", names_rows(s->trees[TREE_NO_SIZE]) == 0, true))
        return;
    branches = order_branches(s->trees[TREE_NO_SIZE], &n);
    for (size_t i = 0; i < n; i++) {
        output_char(output, ' ');
        output_text(output, branches[i].levels[0]);
        output_literal(output, "  ");
        output_text(output, branches[i].levels[1]);
        output_char(output, '\n');
    }
    free(branches);
    text_missed(output, s->trees[TREE_NO_SIZE]);
}

/* ---- problems ---- */

static void put_problems(const struct summary *s, struct output *output)
{
    const struct report_options *o = s->options;

    if (o->deferral_detail)
        text_tree(s, output, TREE_DEFERRAL, "message deferral detail", o->deferral_detail);
    if (o->bounce_detail)
        text_tree(s, output, TREE_BOUNCE, "message bounce detail (by relay)", o->bounce_detail);
    if (o->reject_detail) {
        text_tree(s, output, TREE_REJECT, "message reject detail", o->reject_detail);
        text_tree(s, output, TREE_REJECT_WARNING, "message reject warning detail", o->reject_detail);
        text_tree(s, output, TREE_HOLD, "message hold detail", o->reject_detail);
        text_tree(s, output, TREE_DISCARD, "message discard detail", o->reject_detail);
    }
    if (o->smtp_detail)
        text_tree(s, output, TREE_SMTP, "smtp delivery failures", o->smtp_detail);
    if (o->warning_detail)
        text_tree(s, output, TREE_WARNING, "Warnings", o->warning_detail);
    text_tree(s, output, TREE_FATAL, "Fatal Errors", LIMIT_NONE);
    text_tree(s, output, TREE_PANIC, "Panics", LIMIT_NONE);
    text_tree(s, output, TREE_MASTER, "Master daemon messages", LIMIT_NONE);
    if (names_rows(s->trees[TREE_ERROR]))
        text_tree(s, output, TREE_ERROR, "Errors", o->warning_detail);
}

/* ---- the whole ---- */

static void put_day_title(const struct summary *s, struct output *output)
{
    time_t now = time(NULL);
    struct tm tm;

    if (!s->options->day)
        return;
    localtime_r(&now, &tm);
    if (strcmp(s->options->day, "yesterday") == 0) {
        tm.tm_mday--;
        tm.tm_hour = 12;
        tm.tm_isdst = -1;
        mktime(&tm);
    }
    output_print(output, "Postfix log summaries for %s %2d\n", months[tm.tm_mon], tm.tm_mday);
}

static void put_sessions(const struct summary *s, struct output *output)
{
    if (s->days_n > 1)
        put_session_days(s, output);
    put_session_hours(s, output);
    put_session_domains(s, output);
}

void summary_text(const struct summary *s, struct output *output)
{
    put_day_title(s, output);
    put_totals(s, output);
    if (s->options->problems_first)
        put_problems(s, output);
    if (s->days_n > 1)
        put_days(s, output);
    put_hours(s, output);
    put_recipient_domains(s, output);
    put_sender_domains(s, output);
    if (s->options->smtpd_stats)
        put_sessions(s, output);
    put_users(s, output, s->senders, "Senders by message count", ORDER_COUNT);
    put_users(s, output, s->recipients, "Recipients by message count", ORDER_COUNT);
    put_users(s, output, s->senders, "Senders by message size", ORDER_OCTETS);
    put_users(s, output, s->recipients, "Recipients by message size", ORDER_OCTETS);
    put_no_size(s, output);
    if (!s->options->problems_first)
        put_problems(s, output);
    if (s->options->extended)
        text_messages(s, output);
    text_more(s, output);
}
