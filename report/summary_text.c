/* A report as text: pflogsumm's headings, columns and order, for people and for the scripts that read it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "order.h"
#include "summary.h"

/* A number as pflogsumm shortens it: above 512 Ki in Ki, above 512 Mi in Mi. */
struct short_number {
    int64_t value;
    char unit;
};

static struct short_number shorten(double value)
{
    if (value > 536870912)
        return (struct short_number){ (int64_t)(value / 1048576), 'm' };
    if (value > 524288)
        return (struct short_number){ (int64_t)(value / 1024), 'k' };
    return (struct short_number){ (int64_t)value, ' ' };
}

static void put(struct output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct output *output, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    output_literal(output, text);
}

static void put_short(struct output *output, const char *before, uint64_t value, const char *behind)
{
    struct short_number number = shorten((double)value);

    put(output, "%s%6" PRId64 "%c%s", before, number.value, number.unit, behind);
}

static void put_underline(struct output *output, size_t n)
{
    while (n--)
        output_char(output, '-');
    output_char(output, '\n');
}

static void put_title(struct output *output, const char *title)
{
    put(output, "\n%s\n", title);
    put_underline(output, strlen(title));
}

/* `Title: none`, or nothing with -q; true when there is something to come. */
static bool put_list_title(struct output *output, const char *title, bool is_empty, bool quiet)
{
    if (is_empty && quiet)
        return false;
    put(output, is_empty ? "\n%s: none\n" : "\n%s\n", title);
    if (!is_empty)
        put_underline(output, strlen(title));
    return !is_empty;
}

/* What a table does not show, where it was cut in memory. */
static void put_missed(struct output *output, const struct names *names)
{
    const struct domain *other = names_other(names);

    if (names_is_exact(names))
        return;
    put(output,
        " (approximate: of about %" PRIu64 " names only the most frequent were kept, see --names-max;\n"
        "  a count may be too low by %" PRIu64 "; %" PRIu64 " of the names that were dropped are in no row)\n",
        names_distinct(names), names_missed(names), other->name.count);
}

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
    put(output, "%2" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static void put_session_totals(const struct summary *s, struct output *output)
{
    const struct sessions *sessions = &s->sessions;

    output_literal(output, "\nsmtpd\n\n");
    put_short(output, "  ", sessions->count, "  connections\n");
    put_short(output, "  ", names_distinct(s->session_domains), "  hosts/domains\n");
    put(output, "  %6" PRIu64 "   avg. connect time (seconds)\n",
        sessions->count ? (uint64_t)((double)sessions->seconds / (double)sessions->count + .5) : 0);
    output_char(output, ' ');
    put_clock(output, sessions->seconds);
    output_literal(output, "  total connect time\n");
}

static void put_totals(const struct summary *s, struct output *output)
{
    uint64_t delivered = summary_delivered(s), rejected = summary_rejected(s);
    uint64_t discarded = s->counters[COUNTER_DISCARDED], all = delivered + rejected + discarded;
    struct short_number deferrals = shorten((double)s->counters[COUNTER_DEFERRED]);

    put_title(output, "Grand Totals");
    output_literal(output, "messages\n\n");
    put_short(output, " ", summary_received(s), "  received\n");
    put_short(output, " ", delivered, "  delivered\n");
    put_short(output, " ", s->counters[COUNTER_FORWARDED], "  forwarded\n");
    put_short(output, " ", deferred_messages(s), "  deferred");
    if (s->counters[COUNTER_DEFERRED])
        put(output, "  (%" PRId64 "%c deferrals)", deferrals.value, deferrals.unit);
    output_char(output, '\n');
    put_short(output, " ", s->counters[COUNTER_BOUNCED], "  bounced\n");
    put_short(output, " ", rejected, "");
    put(output, "  rejected (%u%%)\n", per_cent(rejected, all));
    put_short(output, " ", s->counters[COUNTER_REJECT_WARNINGS], "  reject warnings\n");
    put_short(output, " ", s->counters[COUNTER_HELD], "  held\n");
    put_short(output, " ", discarded, "");
    put(output, "  discarded (%u%%)\n\n", per_cent(discarded, all));
    put_short(output, " ", s->counters[COUNTER_RECEIVED_OCTETS], "  bytes received\n");
    put_short(output, " ", s->counters[COUNTER_SENT_OCTETS] + s->counters[COUNTER_DELIVERED_OCTETS],
              "  bytes delivered\n");
    put_short(output, " ", names_distinct(s->senders), "  senders\n");
    put_short(output, " ", counted_domains(s->sender_domains), "  sending hosts/domains\n");
    put_short(output, " ", names_distinct(s->recipients), "  recipients\n");
    put_short(output, " ", counted_domains(s->recipient_domains), "  recipient hosts/domains\n");
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
        put(output, "    %04d-%02d-%02d ", date / 10000, date / 100 % 100, date % 100);
    else
        put(output, "    %s %2d %d", months[(date / 100 % 100 + 11) % 12], date % 100, date / 10000);
}

static void put_hour(const struct summary *s, struct output *output, unsigned hour)
{
    put(output, s->options->iso_date_time ? "    %02u:00-%02u:00" : "    %02u00-%02u00  ", hour, hour + 1);
}

/* Columns behind the last one that moved are blank, unless --zero-fill. */
static void put_days(const struct summary *s, struct output *output)
{
    put_title(output, "Per-Day Traffic Summary");
    output_literal(output, "    date          received  delivered   deferred    bounced     rejected\n"
                           "    --------------------------------------------------------------------\n");
    for (uint32_t i = 0; i < s->days_n; i++) {
        unsigned columns = s->days[i].seen ? 32u - (unsigned)__builtin_clz(s->days[i].seen) : 0;

        if (!columns && !s->options->zero_fill)
            continue;
        put_date(s, output, s->days[i].date);
        for (unsigned c = 0; c < (s->options->zero_fill ? TRAFFICS : columns); c++)
            put_short(output, "    ", s->days[i].traffic[c], "");
        output_char(output, '\n');
    }
}

static void put_hours(const struct summary *s, struct output *output)
{
    put_title(output, s->days_n > 1 ? "Per-Hour Traffic Daily Average" : "Per-Hour Traffic Summary");
    output_literal(output, "    time          received  delivered   deferred    bounced     rejected\n"
                           "    --------------------------------------------------------------------\n");
    for (unsigned hour = 0; hour < 24; hour++) {
        put_hour(s, output, hour);
        for (unsigned c = 0; c < TRAFFICS; c++) {
            double value = (double)s->hours[hour].traffic[c];
            struct short_number number = shorten(s->days_n ? value / s->days_n + 0.5 : value);

            put(output, "    %6" PRId64 "%c", number.value, number.unit);
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

static size_t at_most(size_t n, int64_t limit)
{
    return limit > 0 && (uint64_t)limit < n ? (size_t)limit : n;
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
    put(output, "  %5.1f %c", seconds, unit);
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
    put_title(output, title);
    output_literal(output, " sent cnt  bytes   defers   avg dly max dly host/domain\n"
                           " -------- -------  -------  ------- ------- -----------\n");
    rows = order_names(s->recipient_domains, ORDER_COUNT_OCTETS, false, &n);
    n = at_most(n, s->options->hosts);
    for (size_t i = 0; i < n; i++) {
        const struct domain *domain = (const struct domain *)(const void *)rows[i];

        put_short(output, " ", domain->name.count, "");
        put_short(output, "  ", domain->name.octets, "");
        put_short(output, "  ", domain->deferrals, "");
        put_seconds(output, domain->timed ? (double)domain->delay_ms / 1000 / (double)domain->timed : 0);
        put_seconds(output, (double)domain->delay_max_ms / 1000);
        output_literal(output, "  ");
        put_name(output, s->recipient_domains, rows[i]);
    }
    free(rows);
    put_missed(output, s->recipient_domains);
}

static void put_sender_domains(const struct summary *s, struct output *output)
{
    char title[96];
    size_t n;
    const struct name **rows;

    if (s->options->hosts == 0)
        return;
    title_of(title, sizeof title, "Host/Domain Summary: Messages Received", s->options->hosts);
    put_title(output, title);
    output_literal(output, " msg cnt   bytes   host/domain\n"
                           " -------- -------  -----------\n");
    rows = order_names(s->sender_domains, ORDER_COUNT_OCTETS, true, &n);
    n = at_most(n, s->options->hosts);
    for (size_t i = 0; i < n; i++) {
        put_short(output, " ", rows[i]->count, "");
        put_short(output, "  ", rows[i]->octets, "  ");
        put_name(output, s->sender_domains, rows[i]);
    }
    free(rows);
    put_missed(output, s->sender_domains);
}

/* ---- connections ---- */

static uint64_t average(const struct sessions *sessions)
{
    return sessions->count ? (uint64_t)((double)sessions->seconds / (double)sessions->count + .5) : 0;
}

static void put_session_days(const struct summary *s, struct output *output)
{
    put_title(output, "Per-Day SMTPD Connection Summary");
    output_literal(output, "    date        connections    time conn.    avg./conn.   max. time\n"
                           "    --------------------------------------------------------------------\n");
    for (uint32_t i = 0; i < s->days_n; i++) {
        const struct sessions *sessions = &s->days[i].sessions;

        if (!sessions->count)
            continue;
        put_date(s, output, s->days[i].date);
        put_short(output, "   ", sessions->count, "       ");
        put_clock(output, sessions->seconds);
        put(output, "      %6" PRIu64 "s      %6" PRIu64 "s\n", average(sessions), sessions->max_s);
    }
}

static void put_session_hours(const struct summary *s, struct output *output)
{
    bool is_average = s->days_n > 1;
    double days = is_average ? s->days_n : 1, half = is_average ? .5 : 0;

    put_title(output, is_average ? "Per-Hour SMTPD Connection Daily Average" : "Per-Hour SMTPD Connection Summary");
    output_literal(output, is_average ? "    hour        connections    time conn.\n"
                                        "    -------------------------------------\n"
                                      : "    hour        connections    time conn.    avg./conn.   max. time\n"
                                        "    --------------------------------------------------------------------\n");
    for (unsigned hour = 0; hour < 24; hour++) {
        const struct sessions *sessions = &s->hours[hour].sessions;

        if (!sessions->count)
            continue;
        put_hour(s, output, hour);
        put_short(output, "   ", (uint64_t)((double)sessions->count / days + half), "       ");
        put_clock(output, (uint64_t)((double)sessions->seconds / days + half));
        if (!is_average)
            put(output, "      %6" PRIu64 "s      %6" PRIu64 "s", average(sessions), sessions->max_s);
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
    put_title(output, title);
    output_literal(output, " connections  time conn.  avg./conn.  max. time  host/domain\n"
                           " -----------  ----------  ----------  ---------  -----------\n");
    rows = order_names(s->session_domains, ORDER_COUNT_OCTETS, true, &n);
    n = at_most(n, s->options->hosts);
    for (size_t i = 0; i < n; i++) {
        const struct sessions sessions = { rows[i]->count, rows[i]->octets,
                                           ((const struct domain *)(const void *)rows[i])->delay_max_ms };

        put_short(output, "  ", sessions.count, "      ");
        put_clock(output, sessions.seconds);
        put(output, "     %6" PRIu64 "s    %6" PRIu64 "s   ", average(&sessions), sessions.max_s);
        put_name(output, s->session_domains, rows[i]);
    }
    free(rows);
    put_missed(output, s->session_domains);
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
    if (!put_list_title(output, title, names_rows(names) == 0, s->options->quiet))
        return;
    rows = order_names(names, order, false, &n);
    n = at_most(n, s->options->users);
    for (size_t i = 0; i < n; i++) {
        put_short(output, " ", order == ORDER_OCTETS ? rows[i]->octets : rows[i]->count, "  ");
        put_name(output, names, rows[i]);
    }
    free(rows);
    put_missed(output, names);
}

static void put_no_size(const struct summary *s, struct output *output)
{
    size_t n;
    struct branch *branches;

    if (!put_list_title(output, "Messages with no size data", names_rows(s->trees[TREE_NO_SIZE]) == 0, true))
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
    put_missed(output, s->trees[TREE_NO_SIZE]);
}

/* ---- trees ---- */

static void put_leaves(struct output *output, const struct branch *branches, size_t n, unsigned level, int64_t limit)
{
    char indent[16];

    snprintf(indent, sizeof indent, "%*s", (int)(level ? 2 * (level + 1) : 1), "");
    n = at_most(n, limit);
    for (size_t i = 0; i < n; i++) {
        put_short(output, indent, branches[i].count, "  ");
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
        put(output, "%*s", (int)(2 * (level + 1)), "");
        output_text(output, branches[i].levels[level]);
        if (has_leaves && limit > 0)
            put(output, " (top %" PRId64 ")", limit);
        if (has_leaves)
            put(output, " (total: %" PRIu64 ")", sum);
        output_char(output, '\n');
        if (has_leaves)
            put_leaves(output, branches + i, together, level + 1, limit);
        else
            put_branches(output, branches + i, together, level + 1, limit);
    }
}

static void put_tree(const struct summary *s, struct output *output, enum tree tree, const char *title, int64_t limit)
{
    size_t n;
    struct branch *branches;

    if (!put_list_title(output, title, names_rows(s->trees[tree]) == 0, s->options->quiet))
        return;
    branches = order_branches(s->trees[tree], &n);
    if (branches[0].levels_n == 1)
        put_leaves(output, branches, n, 0, limit);
    else
        put_branches(output, branches, n, 0, limit);
    free(branches);
    put_missed(output, s->trees[tree]);
}

static void put_problems(const struct summary *s, struct output *output)
{
    const struct report_options *o = s->options;

    if (o->deferral_detail)
        put_tree(s, output, TREE_DEFERRAL, "message deferral detail", o->deferral_detail);
    if (o->bounce_detail)
        put_tree(s, output, TREE_BOUNCE, "message bounce detail (by relay)", o->bounce_detail);
    if (o->reject_detail) {
        put_tree(s, output, TREE_REJECT, "message reject detail", o->reject_detail);
        put_tree(s, output, TREE_REJECT_WARNING, "message reject warning detail", o->reject_detail);
        put_tree(s, output, TREE_HOLD, "message hold detail", o->reject_detail);
        put_tree(s, output, TREE_DISCARD, "message discard detail", o->reject_detail);
    }
    if (o->smtp_detail)
        put_tree(s, output, TREE_SMTP, "smtp delivery failures", o->smtp_detail);
    if (o->warning_detail)
        put_tree(s, output, TREE_WARNING, "Warnings", o->warning_detail);
    put_tree(s, output, TREE_FATAL, "Fatal Errors", LIMIT_NONE);
    put_tree(s, output, TREE_PANIC, "Panics", LIMIT_NONE);
    put_tree(s, output, TREE_MASTER, "Master daemon messages", LIMIT_NONE);
    if (names_rows(s->trees[TREE_ERROR]))
        put_tree(s, output, TREE_ERROR, "Errors", o->warning_detail);
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
static void put_messages(const struct summary *s, struct output *output)
{
    size_t n, messages_n = 0;
    struct branch *branches;
    const struct branch **messages;

    if (!put_list_title(output, "Message detail", names_rows(s->trees[TREE_DETAIL]) == 0, s->options->quiet))
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
    put_missed(output, s->trees[TREE_DETAIL]);
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
    put(output, "Postfix log summaries for %s %2d\n", months[tm.tm_mon], tm.tm_mday);
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
        put_messages(s, output);
    summary_text_more(s, output);
}
