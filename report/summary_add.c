/* See summary_add.h. Each member of a report is a row of the table below; unknown ones are of a later release.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "summary_add.h"

#include "order.h"

#define NAMED(in)   (int)(json_in_text(in).n < 60 ? json_in_text(in).n : 60), json_in_text(in).p
#define SUM_MAX     (UINT64_C(1) << 62)
#define LEVEL_MAX   (NAME_OCTETS_MAX / 3 - 1)
#define DATE_OCTETS 10

/* Adds the number that comes next. */
static bool add(struct json_in *in, uint64_t *sum)
{
    uint64_t n;

    if (!json_in_number(in, &n))
        return false;
    if (n > SUM_MAX || *sum > SUM_MAX - n) {
        json_in_refuse(in, "a sum would be too great");
        return false;
    }
    *sum += n;
    return true;
}

static bool take_greater(struct json_in *in, uint64_t *most)
{
    uint64_t n;

    if (!json_in_number(in, &n))
        return false;
    if (n > *most)
        *most = n;
    return true;
}

static bool is_key(const struct json_in *in, const char *key)
{
    return span_eq(json_in_text(in), span_of(key));
}

static bool refuse_key(struct json_in *in)
{
    json_in_refuse(in, "\"%.*s\" is no member of a report that this release of mailtally knows", NAMED(in));
    return false;
}

/* An object of numbers, each of which has its place; `place` gives NULL for a key that it does not know. */
static bool add_numbers(struct json_in *in, uint64_t *(*place)(void *context, const struct json_in *in), void *context)
{
    if (!json_in_is(in, JSON_OBJECT))
        return false;
    while (json_in_key(in)) {
        uint64_t *sum = place(context, in);

        if (!sum)
            return refuse_key(in);
        if (!add(in, sum))
            return false;
    }
    return !json_in_is_wrong(in);
}

/* ---- counters, lines, reasons ---- */

static uint64_t *counter_place(void *context, const struct json_in *in)
{
    struct summary *s = context;

    for (int i = 1; i < COUNTERS; i++)
        if (is_key(in, counter_name((enum counter)i)))
            return &s->counters[i];
    return is_key(in, "deferredMessages") ? &s->deferred.over : NULL;
}

static bool add_counters(struct summary_parts *parts, struct json_in *in)
{
    return add_numbers(in, counter_place, parts->summary);
}

static uint64_t *lines_place(void *context, const struct json_in *in)
{
    struct parser_counts *lines = context;

    return is_key(in, "read")           ? &lines->lines
           : is_key(in, "recognised")   ? &lines->recognised
           : is_key(in, "ignored")      ? &lines->ignored
           : is_key(in, "unrecognised") ? &lines->unrecognised
           : is_key(in, "overlong")     ? &lines->overlong
                                        : NULL;
}

static bool add_lines(struct summary_parts *parts, struct json_in *in)
{
    return add_numbers(in, lines_place, &parts->lines);
}

static uint64_t *reason_place(void *context, const struct json_in *in)
{
    struct summary *s = context;

    for (int i = 1; i < REFUSAL_REASONS; i++)
        if (is_key(in, refusal_reason_name((enum refusal_reason)i)))
            return &s->refusals[i];
    return NULL;
}

static bool add_reasons(struct summary_parts *parts, struct json_in *in)
{
    return add_numbers(in, reason_place, parts->summary);
}

/* ---- days and hours ---- */

/* One member of a day or hour, whose key was read; *known: it is one of these. */
static bool add_traffic(struct json_in *in, uint64_t *traffic, struct sessions *sessions, bool *known)
{
    *known = true;
    for (int i = 0; i < TRAFFICS; i++)
        if (is_key(in, summary_traffic_names[i]))
            return add(in, &traffic[i]);
    if (is_key(in, "connections"))
        return add(in, &sessions->count);
    if (is_key(in, "connectionSeconds"))
        return add(in, &sessions->seconds);
    if (is_key(in, "longestConnectionSeconds"))
        return take_greater(in, &sessions->max_s);
    *known = false;
    return true;
}

/* 2026-11-21 as 20261121 */
static bool take_date(struct json_in *in, int32_t *date)
{
    struct span text;
    int32_t number = 0;

    if (!json_in_is(in, JSON_STRING))
        return false;
    text = json_in_text(in);
    for (size_t i = 0; i < text.n && i < DATE_OCTETS; i++) {
        bool is_dash = i == 4 || i == 7;

        if (text.n != DATE_OCTETS || (is_dash ? text.p[i] != '-' : !is_digit(text.p[i]))) {
            number = 0;
            break;
        }
        if (!is_dash)
            number = number * 10 + (text.p[i] - '0');
    }
    *date = number;
    if (number < 101 || number / 100 % 100 < 1 || number / 100 % 100 > 12 || number % 100 < 1 || number % 100 > 31)
        json_in_refuse(in, "a date is wanted here");
    return !json_in_is_wrong(in);
}

static bool add_day(struct summary *s, struct json_in *in)
{
    struct day *day = NULL;
    bool known;
    int32_t date;

    while (json_in_key(in)) {
        if (is_key(in, "date")) {
            if (!take_date(in, &date))
                return false;
            day = summary_day(s, date);
        } else if (!day) {
            json_in_refuse(in, "the day's date is wanted first");
            return false;
        } else if (!add_traffic(in, day->traffic, &day->sessions, &known)) {
            return false;
        } else if (!known) {
            return refuse_key(in);
        }
    }
    for (int i = 0; day && i < TRAFFICS; i++)
        day->seen |= (uint8_t)((day->traffic[i] > 0) << i);
    return !json_in_is_wrong(in);
}

static bool add_hour(struct summary *s, struct json_in *in, unsigned number)
{
    struct hour *hour = &s->hours[number];
    uint64_t given;
    bool known;

    while (json_in_key(in)) {
        if (is_key(in, "hour")) {
            if (!json_in_number(in, &given))
                return false;
            if (given != number)
                json_in_refuse(in, "hour %u is wanted here", number);
        } else if (is_key(in, "dispositions")) {
            if (!json_in_is(in, JSON_OBJECT))
                return false;
            while (json_in_key(in)) {
                int i = 0;

                while (i < DISPOSITIONS && !is_key(in, disposition_names[i]))
                    i++;
                if (i == DISPOSITIONS)
                    return refuse_key(in);
                if (!add(in, &hour->dispositions[i]))
                    return false;
            }
        } else if (!add_traffic(in, hour->traffic, &hour->sessions, &known)) {
            return false;
        } else if (!known) {
            return refuse_key(in);
        }
    }
    return !json_in_is_wrong(in);
}

/* Another object of the list; false at its end. */
static bool next_object(struct json_in *in)
{
    enum json_piece piece = json_in_next(in);

    if (piece == JSON_OBJECT)
        return true;
    if (piece != JSON_ARRAY_END)
        json_in_refuse(in, "an object or the end of the list is wanted here");
    return false;
}

static bool add_days(struct summary_parts *parts, struct json_in *in)
{
    if (!json_in_is(in, JSON_ARRAY))
        return false;
    while (next_object(in))
        if (!add_day(parts->summary, in))
            return false;
    return !json_in_is_wrong(in);
}

static bool add_hours(struct summary_parts *parts, struct json_in *in)
{
    unsigned number = 0;

    if (!json_in_is(in, JSON_ARRAY))
        return false;
    for (; next_object(in); number++) {
        if (number == 24)
            json_in_refuse(in, "a day has 24 hours");
        if (json_in_is_wrong(in) || !add_hour(parts->summary, in, number))
            return false;
    }
    return !json_in_is_wrong(in);
}

static bool add_connections(struct summary_parts *parts, struct json_in *in)
{
    struct sessions *sessions = &parts->summary->sessions;
    uint64_t none[TRAFFICS];
    bool known;

    if (!json_in_is(in, JSON_OBJECT))
        return false;
    while (json_in_key(in))
        if (!add_traffic(in, none, sessions, &known))
            return false;
        else if (!known)
            return refuse_key(in);
    return !json_in_is_wrong(in);
}

/* ---- tables ---- */

/* The columns of a row, whose key was read. */
static bool add_column(struct json_in *in, struct domain *row)
{
    if (is_key(in, "count") || is_key(in, "connections"))
        return add(in, &row->name.count);
    if (is_key(in, "octets") || is_key(in, "connectionSeconds"))
        return add(in, &row->name.octets);
    if (is_key(in, "deferrals"))
        return add(in, &row->deferrals);
    if (is_key(in, "delayCount"))
        return add(in, &row->timed);
    if (is_key(in, "delaySumMs"))
        return add(in, &row->delay_ms);
    if (is_key(in, "delayMaxMs") || is_key(in, "longestConnectionSeconds"))
        return take_greater(in, &row->delay_max_ms);
    return refuse_key(in);
}

static bool add_columns(struct json_in *in, struct domain *row)
{
    if (!json_in_is(in, JSON_OBJECT))
        return false;
    while (json_in_key(in))
        if (!add_column(in, row))
            return false;
    return !json_in_is_wrong(in);
}

/* What the row has is added to that of the same name in the table. */
static void add_to_row(struct names *names, struct span text, const struct domain *part, bool is_domain)
{
    struct name *name = names_row(names, text);
    struct domain *domain = (struct domain *)(void *)name;

    name->count += part->name.count;
    name->octets += part->name.octets;
    if (!is_domain)
        return;
    domain->deferrals += part->deferrals;
    domain->timed += part->timed;
    domain->delay_ms += part->delay_ms;
    if (part->delay_max_ms > domain->delay_max_ms)
        domain->delay_max_ms = part->delay_max_ms;
}

static bool add_row(struct json_in *in, struct names *names, bool is_domain)
{
    struct domain part = { 0 };
    char name[NAME_OCTETS_MAX];
    size_t n = 0;
    bool is_named = false;

    while (json_in_key(in)) {
        if (!is_key(in, "name")) {
            if (!add_column(in, &part))
                return false;
            continue;
        }
        if (!json_in_is(in, JSON_STRING))
            return false;
        is_named = true;
        n = json_in_text(in).n < sizeof name ? json_in_text(in).n : sizeof name;
        memcpy(name, json_in_text(in).p, n);
    }
    if (!is_named)
        json_in_refuse(in, "a row without a name");
    if (json_in_is_wrong(in))
        return false;
    add_to_row(names, (struct span){ name, n }, &part, is_domain);
    return true;
}

static bool add_rows(struct json_in *in, struct names *names, bool is_domain, uint64_t *rows_n)
{
    if (!json_in_is(in, JSON_ARRAY))
        return false;
    for (*rows_n = 0; next_object(in); ++*rows_n)
        if (!add_row(in, names, is_domain))
            return false;
    return !json_in_is_wrong(in);
}

/* unknown: where what no line names goes; NULL: there is none. */
static bool add_table(struct json_in *in, struct names *names, struct domain *unknown, bool is_domain)
{
    struct domain other = { 0 };
    uint64_t distinct = 0, missed = 0, rows_n = 0;
    bool is_complete = false, fine = json_in_is(in, JSON_OBJECT);

    while (fine && json_in_key(in)) {
        if (is_key(in, "complete"))
            fine = json_in_bool(in, &is_complete);
        else if (is_key(in, "distinct"))
            fine = add(in, &distinct);
        else if (is_key(in, "countMayMiss"))
            fine = add(in, &missed);
        else if (is_key(in, "other"))
            fine = add_columns(in, &other);
        else if (is_key(in, "unknown") && unknown)
            fine = add_columns(in, unknown);
        else if (is_key(in, "rows"))
            fine = add_rows(in, names, is_domain, &rows_n);
        else
            fine = refuse_key(in);
    }
    if (!fine || json_in_is_wrong(in))
        return false;
    if (is_complete && rows_n != distinct) {
        json_in_refuse(
            in,
            "a table has %llu rows of %llu: a report that is to be added up must be made without -h, -u and --detail",
            (unsigned long long)rows_n, (unsigned long long)distinct);
        return false;
    }
    if (!is_complete)
        names_add_dropped(names, &other, missed, distinct);
    return true;
}

/* A row that is no domain has but the first columns. */
static bool add_plain_table(struct json_in *in, struct names *names, struct name *unknown)
{
    struct domain part = { 0 };

    if (!add_table(in, names, unknown ? &part : NULL, false))
        return false;
    if (unknown) {
        unknown->count += part.name.count;
        unknown->octets += part.name.octets;
    }
    return true;
}

static bool add_senders(struct summary_parts *parts, struct json_in *in)
{
    return add_plain_table(in, parts->summary->senders, &parts->summary->unknown_sender);
}

static bool add_sender_domains(struct summary_parts *parts, struct json_in *in)
{
    return add_plain_table(in, parts->summary->sender_domains, &parts->summary->unknown_sender_domain);
}

static bool add_recipients(struct summary_parts *parts, struct json_in *in)
{
    return add_plain_table(in, parts->summary->recipients, &parts->summary->unknown_recipient);
}

static bool add_recipient_domains(struct summary_parts *parts, struct json_in *in)
{
    return add_table(in, parts->summary->recipient_domains, &parts->summary->unknown_recipient_domain, true);
}

static bool add_session_domains(struct summary_parts *parts, struct json_in *in)
{
    return add_table(in, parts->summary->session_domains, NULL, true);
}

static bool add_zones(struct summary_parts *parts, struct json_in *in)
{
    return add_plain_table(in, parts->summary->zones, NULL);
}

static bool add_plugins(struct summary_parts *parts, struct json_in *in)
{
    return add_plain_table(in, parts->summary->plugins, NULL);
}

/* ---- trees ---- */

/* ["level", "level"]: as summary_branch() keeps it. What prints a tree relies on the number of its levels. */
static bool take_path(struct json_in *in, unsigned levels_n, char *key, size_t *n)
{
    enum json_piece piece;
    unsigned levels = 0;

    if (!json_in_is(in, JSON_ARRAY))
        return false;
    for (*n = 0; (piece = json_in_next(in)) == JSON_STRING; levels++) {
        struct span text = json_in_text(in);

        if (levels == levels_n) {
            json_in_refuse(in, "a path has too many levels");
            return false;
        }
        if (levels)
            key[(*n)++] = '\0';
        for (size_t i = 0; i < text.n && i < LEVEL_MAX; i++)
            key[(*n)++] = text.p[i] ? text.p[i] : '?';
    }
    if (piece != JSON_ARRAY_END || levels != levels_n)
        json_in_refuse(in, "a path of %u strings is wanted here", levels_n);
    return !json_in_is_wrong(in);
}

static bool add_branch(struct json_in *in, unsigned levels_n, struct names *names)
{
    char key[NAME_OCTETS_MAX];
    size_t n = 0;
    struct domain part = { 0 };

    while (json_in_key(in)) {
        if (is_key(in, "path") ? !take_path(in, levels_n, key, &n) : !add_column(in, &part))
            return false;
    }
    if (n == 0)
        json_in_refuse(in, "a row without a path");
    if (json_in_is_wrong(in))
        return false;
    add_to_row(names, (struct span){ key, n }, &part, false);
    return true;
}

static bool add_tree(struct json_in *in, unsigned levels_n, struct names *names)
{
    struct domain other = { 0 };
    bool is_complete = false, fine = json_in_is(in, JSON_OBJECT);

    while (fine && json_in_key(in)) {
        if (is_key(in, "complete")) {
            fine = json_in_bool(in, &is_complete);
        } else if (is_key(in, "other")) {
            fine = add(in, &other.name.count);
        } else if (is_key(in, "rows")) {
            fine = json_in_is(in, JSON_ARRAY);
            while (fine && next_object(in))
                fine = add_branch(in, levels_n, names);
        } else {
            fine = refuse_key(in);
        }
    }
    if (!fine || json_in_is_wrong(in))
        return false;
    if (!is_complete)
        names_add_dropped(names, &other, 0, 0);
    return true;
}

/* ---- delays ---- */

static bool add_bucket(struct json_in *in, struct delays *delays)
{
    uint64_t bound;
    unsigned i;

    if (!json_in_number(in, &bound))
        return false;
    i = delays_bucket(bound);
    if (delays_bound_ms(i) != bound) {
        json_in_refuse(in, "%llu ms is no bound of a bucket of delays", (unsigned long long)bound);
        return false;
    }
    return add(in, &delays->buckets[i]) && json_in_is(in, JSON_ARRAY_END);
}

static bool add_buckets(struct json_in *in, struct delays *delays)
{
    enum json_piece piece;

    if (!json_in_is(in, JSON_ARRAY))
        return false;
    while ((piece = json_in_next(in)) == JSON_ARRAY)
        if (!add_bucket(in, delays))
            return false;
    if (piece != JSON_ARRAY_END)
        json_in_refuse(in, "a bucket of delays is wanted here");
    return !json_in_is_wrong(in);
}

static bool add_delays_of(struct json_in *in, struct delays *delays)
{
    uint64_t percentile;
    bool fine = json_in_is(in, JSON_OBJECT);

    while (fine && json_in_key(in)) {
        if (is_key(in, "count"))
            fine = add(in, &delays->count);
        else if (is_key(in, "sumMs"))
            fine = add(in, &delays->sum_ms);
        else if (is_key(in, "maxMs"))
            fine = take_greater(in, &delays->max_ms);
        else if (is_key(in, "buckets"))
            fine = add_buckets(in, delays);
        else if (json_in_text(in).n == 5 && json_in_text(in).p[0] == 'p') /* p50Ms comes from the buckets */
            fine = json_in_number(in, &percentile);
        else
            fine = refuse_key(in);
    }
    return fine && !json_in_is_wrong(in);
}

static bool add_delays(struct summary_parts *parts, struct json_in *in)
{
    bool fine = json_in_is(in, JSON_OBJECT);

    while (fine && json_in_key(in)) {
        bool is_sent = is_key(in, "sent");

        fine =
            is_sent || is_key(in, "delivered") ? add_delays_of(in, &parts->summary->delays[!is_sent]) : refuse_key(in);
    }
    return fine && !json_in_is_wrong(in);
}

/* ---- all ---- */

static bool check_format(struct summary_parts *parts, struct json_in *in)
{
    uint64_t format;

    (void)parts;
    if (!json_in_number(in, &format))
        return false;
    if (format != SUMMARY_FORMAT)
        json_in_refuse(in, "this report has format %llu, and this release of mailtally adds up format %d",
                       (unsigned long long)format, SUMMARY_FORMAT);
    return !json_in_is_wrong(in);
}

static const struct section {
    const char *key;
    bool (*add)(struct summary_parts *parts, struct json_in *in);
} sections[] = {
    { "format", check_format },
    { "counters", add_counters },
    { "lines", add_lines },
    { "days", add_days },
    { "hours", add_hours },
    { "senders", add_senders },
    { "senderDomains", add_sender_domains },
    { "recipients", add_recipients },
    { "recipientDomains", add_recipient_domains },
    { "connections", add_connections },
    { "connectionDomains", add_session_domains },
    { "delays", add_delays },
    { "refusalReasons", add_reasons },
    { "zones", add_zones },
    { "plugins", add_plugins },
};
#define SECTIONS (sizeof sections / sizeof sections[0])

static const char *section_name(unsigned number)
{
    return number < SECTIONS ? sections[number].key : tree_forms[number - SECTIONS].key;
}

/* The member whose key was read; its number. */
static bool add_section(struct summary_parts *parts, struct json_in *in, unsigned *number)
{
    for (*number = 0; *number < SECTIONS; ++*number)
        if (is_key(in, sections[*number].key))
            return sections[*number].add(parts, in);
    for (int i = 0; i < TREES; i++, ++*number)
        if (is_key(in, tree_forms[i].key))
            return add_tree(in, tree_forms[i].levels_n, parts->summary->trees[i]);
    return refuse_key(in);
}

static bool begin_report(struct json_in *in)
{
    static const struct span program = SPAN("mailtally ");

    if (json_in_is_wrong(in) || !json_in_key(in) || !is_key(in, "report") || json_in_next(in) != JSON_STRING ||
        !span_starts(json_in_text(in), program)) {
        json_in_refuse(in, "this is no report of mailtally: `mailtally report -F json` makes one");
        return false;
    }
    return true;
}

static bool add_report(struct summary_parts *parts, struct json_in *in)
{
    uint64_t seen = 0;

    if (!begin_report(in))
        return false;
    while (json_in_key(in)) {
        unsigned number;

        if (seen == 0 && !is_key(in, "format")) {
            json_in_refuse(in, "this report is of a release of mailtally whose reports cannot be added up");
            return false;
        }
        if (!add_section(parts, in, &number))
            return false;
        if (seen >> number & 1)
            json_in_refuse(in, "it has \"%s\" twice", section_name(number));
        seen |= UINT64_C(1) << number;
    }
    if (parts->reports_n++ == 0)
        parts->sections = seen;
    for (unsigned i = 0; i < SECTIONS + TREES; i++)
        if ((parts->sections ^ seen) >> i & 1)
            json_in_refuse(in, "\"%s\" is in one report and not in another: make all with the same options",
                           section_name(i));
    for (unsigned i = 0; i < SECTIONS + TREES; i++)
        if (!(seen >> i & 1) && i != SECTIONS + TREE_NO_SIZE && i != SECTIONS + TREE_DETAIL)
            json_in_refuse(in, "\"%s\" is missing: a report that is to be added up is made without --*-detail",
                           section_name(i));
    return !json_in_is_wrong(in);
}

bool summary_has(const struct summary_parts *parts, enum tree tree)
{
    return parts->sections >> (SECTIONS + tree) & 1;
}

bool summary_add(struct summary_parts *parts, struct json_in *in)
{
    enum json_piece piece;
    unsigned before = parts->reports_n;

    while ((piece = json_in_next(in)) == JSON_OBJECT)
        if (!add_report(parts, in))
            return false;
    if (piece != JSON_END)
        json_in_refuse(in, "this is no report of mailtally: `mailtally report -F json` makes one");
    else if (parts->reports_n == before)
        json_in_refuse(in, "there is no report in it");
    return !json_in_is_wrong(in);
}
