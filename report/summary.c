/* What is counted for a report.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "summary.h"

#include <stdlib.h>
#include <time.h>

#include "../parser/hash.h"
#include "../parser/tally.h"
#include "report.h"
#include "words.h"

#define DOMAINS_MAX  200000
#define BRANCHES_MAX 100000
#define PLUGINS_MAX  1000
#define DEFERRED_MAX (4u << 20)
#define MOMENT_S     900 /* no zone's clock is put on within a quarter of an hour */
#define UNKNOWN_NAME "(unknown)"
#define NULL_SENDER  "from=<>" /* as pflogsumm writes it */

const char *const disposition_names[DISPOSITIONS] = {
    "accepted", "blocklist", "greylisted", "unknownUser", "relayDenied", "client", "sender", "spam", "virus", "other",
};

const char *const summary_traffic_names[TRAFFICS] = { "received", "delivered", "deferred", "bounced", "rejected" };

static struct names *new_domains(uint32_t cap, uint64_t seed)
{
    return names_new(sizeof(struct domain), cap, seed);
}

/* Where each message has a row, as many as there may be addresses. */
static uint32_t branches_max(const struct summary *s, int tree)
{
    bool of_messages = tree == TREE_DETAIL || tree == TREE_NO_SIZE;

    return of_messages && s->options->names_max > BRANCHES_MAX ? s->options->names_max : BRANCHES_MAX;
}

static bool make_tables(struct summary *s)
{
    bool made;

    s->senders = names_new(sizeof(struct name), s->options->names_max, s->seed);
    s->recipients = names_new(sizeof(struct name), s->options->names_max, s->seed);
    s->sender_domains = new_domains(DOMAINS_MAX, s->seed);
    s->recipient_domains = new_domains(DOMAINS_MAX, s->seed);
    s->session_domains = new_domains(DOMAINS_MAX, s->seed);
    s->plugins = names_new(sizeof(struct name), PLUGINS_MAX, s->seed);
    s->zones = names_new(sizeof(struct name), PLUGINS_MAX, s->seed);
    s->notes = notes_new(s->seed);
    made = s->senders && s->recipients && s->sender_domains && s->recipient_domains && s->session_domains &&
           s->plugins && s->zones && s->notes;
    for (int i = 0; i < TREES; i++)
        made &= (s->trees[i] = names_new(sizeof(struct name), branches_max(s, i), s->seed)) != NULL;
    return made;
}

struct summary *summary_new(const struct options *options, uint64_t seed)
{
    struct summary *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->options = &options->report;
    s->since = options->since;
    s->until = options->until;
    s->wants_sessions = s->options->smtpd_stats || options->format == FORMAT_JSON || options->format == FORMAT_TSV;
    s->seed = seed;
    s->now.begin = s->now.end = INT64_MIN;
    if (make_tables(s))
        return s;
    summary_free(s);
    return NULL;
}

void summary_free(struct summary *s)
{
    if (!s)
        return;
    names_free(s->senders);
    names_free(s->recipients);
    names_free(s->sender_domains);
    names_free(s->recipient_domains);
    names_free(s->session_domains);
    names_free(s->plugins);
    names_free(s->zones);
    for (int i = 0; i < TREES; i++)
        names_free(s->trees[i]);
    notes_free(s->notes);
    free(s->deferred.slots);
    free(s);
}

/* ---- time ---- */

struct day *summary_day(struct summary *s, int32_t date)
{
    for (uint32_t i = s->days_n; i > 0; i--)
        if (s->days[i - 1].date == date)
            return &s->days[i - 1];
    if (s->days_n == DAYS_MAX)
        return &s->days[DAYS_MAX - 1];
    s->days[s->days_n].date = date;
    return &s->days[s->days_n++];
}

const struct moment *summary_moment(struct summary *s, const struct line *line)
{
    int64_t time = line_time(line);
    time_t t = (time_t)time;
    struct tm tm;

    if (time >= s->now.begin && time < s->now.end)
        return &s->now;
    if (!localtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099) {
        t = (time_t)line->reference;
        localtime_r(&t, &tm);
    }
    s->now.begin = time - (((int64_t)t % MOMENT_S) + MOMENT_S) % MOMENT_S;
    s->now.end = s->now.begin + MOMENT_S;
    s->now.hour = (unsigned)tm.tm_hour % 24;
    s->now.day = summary_day(s, (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday);
    return &s->now;
}

static int by_date(const void *a, const void *b)
{
    const struct day *x = a, *y = b;

    return (x->date > y->date) - (x->date < y->date);
}

void summary_sort_days(struct summary *s)
{
    qsort(s->days, s->days_n, sizeof s->days[0], by_date);
    s->now.begin = s->now.end = INT64_MIN;
}

static void count_traffic(struct summary *s, const struct event *e, enum traffic traffic)
{
    const struct moment *moment = summary_moment(s, e->line);

    s->hours[moment->hour].traffic[traffic] += e->count;
    moment->day->traffic[traffic] += e->count;
    moment->day->seen |= (uint8_t)(1u << traffic);
}

/* ---- ids ---- */

static void place_id(struct id_set *set, uint64_t id)
{
    uint32_t slot = (uint32_t)(id >> 32) & (set->slots_n - 1);

    while (set->slots[slot] && set->slots[slot] != id)
        slot = (slot + 1) & (set->slots_n - 1);
    if (!set->slots[slot])
        set->n++;
    set->slots[slot] = id;
}

static void grow_ids(struct id_set *set)
{
    struct id_set grown = { .slots_n = set->slots_n ? set->slots_n * 2 : 1024, .over = set->over };

    if (grown.slots_n / 2 <= DEFERRED_MAX)
        grown.slots = calloc(grown.slots_n, sizeof *grown.slots);
    if (!grown.slots)
        return;
    for (uint32_t i = 0; i < set->slots_n; i++)
        if (set->slots[i])
            place_id(&grown, set->slots[i]);
    free(set->slots);
    *set = grown;
}

static void add_id(struct id_set *set, uint64_t id)
{
    if (set->n >= set->slots_n / 2)
        grow_ids(set);
    if (set->n < set->slots_n / 4 * 3)
        place_id(set, id | 1);
    else
        set->over++;
}

bool summary_wants(const struct summary *s, const struct line *line)
{
    return !s->options->syslog_name || span_is(line->header.instance, "postfix") ||
           span_is(line->header.program, "postfix") || span_eq(line->header.instance, span_of(s->options->syslog_name));
}

/* ---- what lines say before it counts ---- */

static bool is_asked_for(const struct summary *s, const struct line *line)
{
    return summary_wants(s, line) &&
           ((!s->since && !s->until) || (line_time(line) >= s->since && line_time(line) < s->until));
}

static struct span sender_of(const struct summary *s, struct span from, struct words *words)
{
    return from.n ? words_address(words, from, s->options, true) : SPAN(NULL_SENDER);
}

static void add_detail(struct summary *s, const struct event *e, struct span from)
{
    struct words words;

    summary_branch(s, TREE_DETAIL, (struct span[]){ e->queue_id, SPAN("s"), sender_of(s, from, &words) }, 3, 1);
}

static void summary_found(void *context, const struct event *e)
{
    struct summary *s = context;

    switch (e->kind) {
    case EVENT_OPENED:
    case EVENT_TAKEN:
        if (e->kind == EVENT_OPENED || e->from.p)
            notes_put(s->notes, e->line, e->queue_id, e->client, e->from);
        break;
    case EVENT_QUEUED: /* what the server itself sends is no reception, but has a sender */
        if (s->options->extended && e->from.p && is_asked_for(s, e->line))
            add_detail(s, e, e->from);
        break;
    case EVENT_ATTEMPT: /* its end names neither message nor recipient */
        notes_put(s->notes, e->line, e->queue_id, e->original_id, e->to);
        break;
    default:
        break;
    }
}

/* ---- senders ---- */

static void take_received(struct summary *s, const struct event *e)
{
    struct words words, client_words;
    struct span from = e->from, client = e->client, noted_client, noted_from, address, domain;
    bool is_noted = e->queue_id.n && notes_find(s->notes, e->line, e->queue_id, &noted_client, &noted_from);

    count_traffic(s, e, TRAFFIC_RECEIVED);
    s->hours[s->now.hour].dispositions[DISPOSITION_ACCEPTED] += e->count;
    if (is_noted && !client.n)
        client = noted_client;
    if (is_noted && !from.p)
        from = noted_from;
    address = from.p ? sender_of(s, from, &words) : from;
    domain = words_domain_of(address);
    if (domain.n == address.n && client.n) /* it has none: where it came from */
        domain = words_client(&client_words, client);
    s->sender_row = address.p ? names_row(s->senders, address) : &s->unknown_sender;
    s->sender_row->count += e->count;
    s->sender_domain_row = domain.n ? names_row(s->sender_domains, domain) : &s->unknown_sender_domain;
    s->sender_domain_row->count += e->count;
    s->sender_line = e->line->number;
    s->sender_file = e->line->file;
    if (s->options->extended && e->queue_id.n && from.p)
        add_detail(s, e, from);
}

/* Follows the reception of the same line; of what was received when its size was not known, it comes alone. */
static void take_received_octets(struct summary *s, const struct event *e)
{
    struct words words;
    struct span address;

    if (!s->sender_row || s->sender_line != e->line->number || s->sender_file != e->line->file) {
        if (!e->from.p)
            return;
        address = sender_of(s, e->from, &words);
        s->sender_row = names_row(s->senders, address);
        s->sender_domain_row = names_row(s->sender_domains, words_domain_of(address));
    }
    s->sender_row->octets += e->count;
    s->sender_domain_row->octets += e->count;
}

/* ---- recipients ---- */

static struct span recipient_of(struct summary *s, const struct event *e, struct words *words)
{
    struct span to = e->to, client;

    if (!to.p && !(e->queue_id.n && notes_find(s->notes, e->line, e->queue_id, &client, &to)))
        to.p = NULL;
    return to.p ? words_address(words, to, s->options, false) : (struct span){ NULL, 0 };
}

static void take_delay(struct domain *domain, const struct event *e)
{
    if (e->delay_ms > 0 && (uint64_t)e->delay_ms > domain->delay_max_ms)
        domain->delay_max_ms = (uint64_t)e->delay_ms;
}

static void take_delivery(struct summary *s, const struct event *e)
{
    struct words words;
    struct span to = recipient_of(s, e, &words);
    uint64_t octets = e->size_octets > 0 ? (uint64_t)e->size_octets * e->count : 0;
    struct name *recipient = to.n ? names_row(s->recipients, to) : &s->unknown_recipient;
    struct domain *domain = to.n ? names_row(s->recipient_domains, words_domain_of(to)) : &s->unknown_recipient_domain;

    count_traffic(s, e, TRAFFIC_DELIVERED);
    recipient->count += e->count;
    recipient->octets += octets;
    domain->name.count += e->count;
    domain->name.octets += octets;
    take_delay(domain, e);
    if (e->delay_ms >= 0) {
        domain->timed += e->count;
        domain->delay_ms += (uint64_t)e->delay_ms * e->count;
        delays_add(&s->delays[e->counter == COUNTER_DELIVERED], (uint64_t)e->delay_ms, e->count);
    }
    if (e->size_octets < 0 && e->queue_id.n && !s->options->no_no_msg_size)
        summary_branch(s, TREE_NO_SIZE, (struct span[]){ e->queue_id, to }, 2, e->count);
    if (s->options->extended && e->queue_id.n)
        summary_branch(s, TREE_DETAIL, (struct span[]){ e->queue_id, SPAN("t"), to }, 3, e->count);
}

static void take_deferral(struct summary *s, const struct event *e)
{
    struct words words;
    struct span id = e->queue_id, message, address;
    struct span to = recipient_of(s, e, &words);
    struct domain *domain = to.n ? names_row(s->recipient_domains, words_domain_of(to)) : &s->unknown_recipient_domain;

    count_traffic(s, e, TRAFFIC_DEFERRED);
    domain->deferrals += e->count;
    take_delay(domain, e);
    if (!e->to.p && id.n && notes_find(s->notes, e->line, id, &message, &address) && message.n)
        id = message; /* an attempt's name is not that of its message */
    if (id.n)
        add_id(&s->deferred, hash_octets(s->seed ^ e->line->tally->key, id));
    summary_deferral(s, e);
}

/* ---- refusals ---- */

static enum disposition disposition_of(const struct event *e)
{
    static const uint8_t of_reason[REFUSAL_REASONS] = {
        [REFUSAL_DNSBL] = DISPOSITION_BLOCKLIST,
        [REFUSAL_RHSBL] = DISPOSITION_BLOCKLIST,
        [REFUSAL_GREYLIST] = DISPOSITION_GREYLIST,
        [REFUSAL_UNKNOWN_USER] = DISPOSITION_UNKNOWN_USER,
        [REFUSAL_RELAY_DENIED] = DISPOSITION_RELAY,
        [REFUSAL_HELO_INVALID] = DISPOSITION_CLIENT,
        [REFUSAL_CLIENT_REVERSE_DNS] = DISPOSITION_CLIENT,
        [REFUSAL_CLIENT_BLOCKED] = DISPOSITION_CLIENT,
        [REFUSAL_RATE_LIMIT] = DISPOSITION_CLIENT,
        [REFUSAL_EARLY_TALKER] = DISPOSITION_CLIENT,
        [REFUSAL_PIPELINING] = DISPOSITION_CLIENT,
        [REFUSAL_PROTOCOL] = DISPOSITION_CLIENT,
        [REFUSAL_SENDER_INVALID] = DISPOSITION_SENDER,
        [REFUSAL_SENDER_DOMAIN] = DISPOSITION_SENDER,
        [REFUSAL_SPF] = DISPOSITION_SENDER,
        [REFUSAL_DKIM] = DISPOSITION_SENDER,
        [REFUSAL_DMARC] = DISPOSITION_SENDER,
        [REFUSAL_SPAM] = DISPOSITION_SPAM,
        [REFUSAL_VIRUS] = DISPOSITION_VIRUS,
        [REFUSAL_BANNED] = DISPOSITION_VIRUS,
    };
    enum disposition disposition = e->reason < REFUSAL_REASONS ? of_reason[e->reason] : DISPOSITION_OTHER;

    if (e->counter == COUNTER_GREYLISTED)
        return DISPOSITION_GREYLIST;
    return disposition == DISPOSITION_ACCEPTED ? DISPOSITION_OTHER : disposition;
}

static void take_rejection(struct summary *s, const struct event *e)
{
    count_traffic(s, e, TRAFFIC_REJECTED);
    s->hours[s->now.hour].dispositions[disposition_of(e)] += e->count;
    if (e->reason < REFUSAL_REASONS)
        s->refusals[e->reason] += e->count;
    if (e->detail.n && !span_eq(e->detail, e->zone)) /* a blocklist has its own table */
        ((struct name *)names_row(s->plugins, e->detail))->count += e->count;
    if (e->zone.n)
        ((struct name *)names_row(s->zones, e->zone))->count += e->count;
    summary_refusal(s, e, TREE_REJECT);
}

/* ---- all ---- */

/* Other programs do not say when a connection ends: their connections have no time. */
static void take_connection(struct summary *s, const struct event *e)
{
    struct words words;
    const struct moment *moment;
    struct domain *domain;

    if (e->line->header.instance.n || span_is(e->line->header.program, "postfix"))
        return;
    moment = summary_moment(s, e->line); /* a day of connections alone is one, whether they are printed or not */
    if (!s->wants_sessions)
        return;
    domain =
        names_row(s->session_domains, e->client.n ? words_client(&words, e->client) : (struct span)SPAN(UNKNOWN_NAME));
    domain->name.count += e->count;
    s->sessions.count += e->count;
    s->hours[moment->hour].sessions.count += e->count;
    moment->day->sessions.count += e->count;
}

static void summary_event(void *context, const struct event *e)
{
    struct summary *s = context;

    if (!summary_wants(s, e->line))
        return;
    s->counters[e->counter] += e->count;
    switch (e->counter) {
    case COUNTER_RECEIVED:
        take_received(s, e);
        break;
    case COUNTER_RECEIVED_OCTETS:
        take_received_octets(s, e);
        break;
    case COUNTER_SENT:
    case COUNTER_DELIVERED:
        take_delivery(s, e);
        break;
    case COUNTER_DEFERRED:
        take_deferral(s, e);
        break;
    case COUNTER_BOUNCED:
        count_traffic(s, e, TRAFFIC_BOUNCED);
        summary_bounce(s, e);
        break;
    case COUNTER_REJECTED:
    case COUNTER_REJECTED_TEMPORARILY:
    case COUNTER_GREYLISTED:
        take_rejection(s, e);
        break;
    case COUNTER_REJECT_WARNINGS:
        count_traffic(s, e, TRAFFIC_REJECTED);
        summary_refusal(s, e, TREE_REJECT_WARNING);
        break;
    case COUNTER_HELD:
        count_traffic(s, e, TRAFFIC_REJECTED);
        summary_refusal(s, e, TREE_HOLD);
        break;
    case COUNTER_DISCARDED:
        count_traffic(s, e, TRAFFIC_REJECTED);
        summary_refusal(s, e, TREE_DISCARD);
        break;
    case COUNTER_CONNECTIONS:
        take_connection(s, e);
        break;
    default:
        break;
    }
    if (e->counter != COUNTER_RECEIVED)
        s->sender_row = NULL;
}

void summary_watch(struct summary *s, struct parser *parser)
{
    s->parser = parser;
    parser_set_sink(parser, summary_event, s);
    parser_set_watch(parser, summary_found, s);
    parser_set_line_watch(parser, summary_lines_begin, summary_line, s);
}

uint64_t summary_received(const struct summary *s)
{
    return s->counters[COUNTER_RECEIVED];
}

uint64_t summary_delivered(const struct summary *s)
{
    return s->counters[COUNTER_SENT] + s->counters[COUNTER_DELIVERED];
}

uint64_t summary_rejected(const struct summary *s)
{
    return s->counters[COUNTER_REJECTED] + s->counters[COUNTER_REJECTED_TEMPORARILY] + s->counters[COUNTER_GREYLISTED];
}
