/* Counts by minute.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "minutes_inside.h"

#define WELL_KEPT_S   (10 * MINUTE_S) /* so long files that are in order may be behind: see directory.h */
#define FAILED_KEPT_S (60 * MINUTE_S)
#define BEHIND_S      (31 * 86400)          /* a line that is so far behind the others is no beginning of a log */
#define TIME_LAST     ((int64_t)UINT32_MAX) /* an RRD has no use for what is later */

struct rrd_minutes *rrd_minutes_new(struct tallies *tallies)
{
    struct rrd_minutes *m = calloc(1, sizeof *m);

    if (!m)
        return NULL;
    m->tallies = tallies;
    m->hosts_n = 1;
    return m;
}

void rrd_minutes_free(struct rrd_minutes *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < OPEN_MINUTES; i++)
        free(m->open[i].cells);
    free(m->closed.list);
    free(m->working.list);
    free(m->failed.list);
    free(m);
}

static int64_t minute_of(int64_t time)
{
    return time - time % MINUTE_S;
}

/* ---- hosts ---- */

/* Rows are some hundred octets apart. */
static size_t slot_of(const struct tally *tally)
{
    return (size_t)(((uintptr_t)tally >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 40) % HOST_SLOTS_N;
}

unsigned rrd_minutes_host(struct rrd_minutes *m, const struct tally *tally)
{
    size_t slot;

    if (!tally || tally == tallies_total(m->tallies))
        return 0;
    if (m->hosts[m->latest] == tally)
        return m->latest;
    for (slot = slot_of(tally); m->by_tally[slot]; slot = (slot + 1) % HOST_SLOTS_N)
        if (m->hosts[m->by_tally[slot]] == tally)
            return m->latest = m->by_tally[slot];
    if (m->hosts_n == RRD_HOSTS_MAX)
        return 0;
    m->hosts[m->hosts_n] = tally;
    m->by_tally[slot] = (uint16_t)m->hosts_n;
    m->latest = m->hosts_n++;
    if (m->newcomer)
        m->newcomer(m->newcomer_context, m->latest);
    return m->latest;
}

void rrd_minutes_set_newcomer(struct rrd_minutes *m, void (*newcomer)(void *context, unsigned host), void *context)
{
    m->newcomer = newcomer;
    m->newcomer_context = context;
}

unsigned rrd_minutes_hosts(const struct rrd_minutes *m)
{
    return m->hosts_n;
}

const struct tally *rrd_minutes_tally(const struct rrd_minutes *m, unsigned host)
{
    return m->hosts[host];
}

void rrd_minutes_set_floor(struct rrd_minutes *m, unsigned host, enum rrd_kind kind, int64_t time)
{
    struct host *facts = &m->facts[host];

    facts->floors[kind] = time;
    if (time > facts->highest_floor)
        facts->highest_floor = time;
}

int64_t rrd_minutes_floor(const struct rrd_minutes *m, unsigned host, enum rrd_kind kind)
{
    return m->facts[host].floors[kind];
}

/* ---- open minutes ---- */

uint64_t *minutes_cell(struct rrd_minutes *m, struct open_minute *open, unsigned host)
{
    uint16_t *number = &m->facts[host].cells[open - m->open];

    open->used = true;
    if (host == 0)
        return open->sum;
    if (*number == 0) {
        if (open->n == open->room) {
            uint32_t room = open->room ? open->room * 2 : 16;
            struct cell *cells = realloc(open->cells, room * sizeof *cells);

            if (!cells)
                return NULL;
            open->cells = cells;
            open->room = room;
        }
        open->cells[open->n] = (struct cell){ .host = (uint16_t)host };
        *number = (uint16_t)++open->n;
    }
    return open->cells[*number - 1].values;
}

/* The event's own minute tells which files have it already; `values` are those of the minute that it goes to. */
static bool add(const struct host *facts, uint64_t *values, int64_t minute, const struct ahead_event *e, bool is_sum)
{
    unsigned n, reason = is_sum ? rrd_reason_slot((enum counter)e->counter, e->reason) : 0;
    const uint8_t *slots = rrd_counter_slots((enum counter)e->counter, &n);
    bool added = false;

    if (minute > facts->highest_floor) {
        for (unsigned i = 0; i < n; i++)
            values[slots[i]] += e->count;
        if (reason)
            values[reason] += e->count;
        return true;
    }
    for (unsigned i = 0; i < n; i++)
        if (minute > facts->floors[rrd_slot_kind(slots[i])]) {
            values[slots[i]] += e->count;
            added = true;
        }
    if (reason && minute > facts->floors[rrd_slot_kind(reason)])
        values[reason] += e->count;
    return added;
}

/* Into an open minute; what is older than these goes to the oldest. */
static void put(struct rrd_minutes *m, const struct ahead_event *e, int64_t to)
{
    const int64_t own = minute_of(e->time), minute = to < m->open_from ? m->open_from : to;
    struct open_minute *open = minutes_open(m, minute);
    uint64_t *values;

    if (!add(&m->facts[0], minutes_cell(m, open, 0), own, e, true))
        m->below_floor++;
    if (e->host == 0)
        return;
    if (m->firsts[e->host] == 0 || minute < m->firsts[e->host])
        m->firsts[e->host] = minute;
    values = minutes_cell(m, open, e->host);
    if (values)
        add(&m->facts[e->host], values, own, e, false);
    else
        m->dropped++;
}

/* ---- closing ---- */

static bool append(struct rrd_minutes *m, struct entries *e, struct rrd_entry entry)
{
    if (e->n == e->room) {
        size_t room = e->room ? e->room * 2 : 1024;
        struct rrd_entry *list = realloc(e->list, room * sizeof *list);

        if (!list) {
            m->dropped++;
            return false;
        }
        e->list = list;
        e->room = room;
    }
    e->list[e->n++] = entry;
    return true;
}

bool minutes_add_entry(struct rrd_minutes *m, struct entries *e, struct rrd_entry entry)
{
    if (m->closed.n + m->working.n + m->failed.n < RRD_ENTRIES_MAX)
        return append(m, e, entry);
    m->dropped++;
    return false;
}

static void close_values(struct rrd_minutes *m, int64_t minute, unsigned host, const uint64_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i])
            minutes_add_entry(
                m, &m->closed,
                (struct rrd_entry){ values[i], (uint32_t)(minute / MINUTE_S), (uint16_t)host, (uint16_t)i });
}

static void close_minute(struct rrd_minutes *m, int64_t minute)
{
    struct open_minute *open = minutes_open(m, minute);

    if (!open->used)
        return;
    close_values(m, minute, 0, open->sum, RRD_SLOTS);
    for (uint32_t i = 0; i < open->n; i++) {
        close_values(m, minute, open->cells[i].host, open->cells[i].values, RRD_HOST_SLOTS);
        m->facts[open->cells[i].host].cells[open - m->open] = 0;
    }
    memset(open->sum, 0, sizeof open->sum);
    open->n = 0;
    open->used = false;
}

/* Every minute before this one is closed. */
static void close_until(struct rrd_minutes *m, int64_t minute)
{
    for (int i = 0; i < OPEN_MINUTES && m->open_from < minute; i++, m->open_from += MINUTE_S)
        close_minute(m, m->open_from);
    if (m->open_from < minute)
        m->open_from = minute;
}

/* ---- time ---- */

static int64_t newest(const struct rrd_minutes *m)
{
    return m->open_from + (OPEN_MINUTES - 1) * MINUTE_S;
}

static void go_to(struct rrd_minutes *m, int64_t minute)
{
    close_until(m, minute - (OPEN_MINUTES - 1) * MINUTE_S);
}

static void take_event(struct rrd_minutes *m, const struct line *line, const struct ahead_event *e);

/* Those that wait are counted. */
static void end_vote(struct rrd_minutes *m, enum ahead_verdict verdict)
{
    struct ahead *a = &m->ahead;

    for (uint32_t i = 0; i < a->n; i++) {
        int64_t minute = minute_of(a->events[i].time);

        if (verdict == AHEAD_WENT_ON && minute > newest(m))
            go_to(m, minute);
        put(m, &a->events[i], minute <= newest(m) ? minute : newest(m));
    }
    a->n = a->ahead = a->behind = 0;
}

static int by_time(const void *a, const void *b)
{
    int64_t one = ((const struct ahead_event *)a)->time, other = ((const struct ahead_event *)b)->time;

    return one < other ? -1 : one > other;
}

/* When the log begins: the first of its first lines, but for those that are far behind most of them. */
static int64_t beginning(const struct ahead *a)
{
    struct ahead_event sorted[AHEAD_EVENTS];
    uint32_t i = 0;

    memcpy(sorted, a->events, a->n * sizeof *sorted);
    qsort(sorted, a->n, sizeof *sorted, by_time);
    while (sorted[i].time < sorted[a->n / 2].time - BEHIND_S)
        i++;
    return minute_of(sorted[i].time);
}

/* The first lines: one that is far ahead of all others is no beginning. Each event of them votes. */
static void begin_after_vote(struct rrd_minutes *m)
{
    const struct ahead first = m->ahead;
    struct line line = { .number = 1 };

    m->begun = true;
    m->open_from = m->known_from = beginning(&first);
    m->ahead.n = m->ahead.ahead = m->ahead.behind = 0;
    for (uint32_t i = 0; i < first.n; i++, line.number++)
        take_event(m, &line, &first.events[i]);
    m->ahead.file = first.file;
    m->ahead.line = first.line;
}

static void take_event(struct rrd_minutes *m, const struct line *line, const struct ahead_event *e)
{
    int64_t minute = minute_of(e->time);
    enum ahead_verdict verdict = AHEAD_OPEN;

    if (!m->begun) {
        if (ahead_put(&m->ahead, line, e) != AHEAD_OPEN)
            begin_after_vote(m);
        return;
    }
    if (minute > newest(m) + AHEAD_FROM_S) {
        verdict = ahead_put(&m->ahead, line, e);
    } else {
        if (minute > newest(m))
            go_to(m, minute);
        put(m, e, minute);
        if (m->ahead.n > 0)
            verdict = ahead_not(&m->ahead, line);
    }
    if (verdict != AHEAD_OPEN)
        end_vote(m, verdict);
}

void rrd_minutes_event(void *context, const struct event *event)
{
    struct rrd_minutes *m = context;
    const struct ahead_event e = { .time = line_time(event->line),
                                   .count = event->count,
                                   .host = (uint16_t)rrd_minutes_host(m, event->line->tally),
                                   .counter = (uint8_t)event->counter,
                                   .reason = event->reason };

    if (e.time < 0 || e.time > TIME_LAST || e.count == 0)
        return;
    take_event(m, event->line, &e);
}

static void settle(struct rrd_minutes *m)
{
    if (!m->begun && m->ahead.n > 0)
        begin_after_vote(m);
    if (m->ahead.n > 0)
        end_vote(m, ahead_close(&m->ahead));
}

void rrd_minutes_clock(struct rrd_minutes *m, int64_t now)
{
    settle(m);
    if (m->begun && now <= TIME_LAST && minute_of(now) > newest(m))
        go_to(m, minute_of(now));
}

void rrd_minutes_end(struct rrd_minutes *m, int64_t before)
{
    settle(m);
    if (!m->begun)
        return;
    for (int64_t minute = newest(m); minute >= m->open_from; minute -= MINUTE_S)
        if (minutes_open(m, minute)->used && minute + MINUTE_S <= before) {
            close_until(m, minute + MINUTE_S);
            break;
        }
}

uint64_t rrd_minutes_below_floor(const struct rrd_minutes *m)
{
    return m->below_floor;
}

uint64_t rrd_minutes_dropped(const struct rrd_minutes *m)
{
    return m->dropped;
}

/* ---- from closed to written ---- */

static int64_t closed_upto(const struct rrd_minutes *m)
{
    return m->open_from - MINUTE_S;
}

static size_t minutes_until(const struct rrd_minutes *m, int64_t upto)
{
    const int64_t done = m->done_upto ? m->done_upto : m->known_from - MINUTE_S;

    return m->begun && upto > done ? (size_t)((upto - done) / MINUTE_S) : 0;
}

size_t rrd_minutes_waiting(const struct rrd_minutes *m, size_t *entries)
{
    *entries = m->closed.n + m->working.n;
    return minutes_until(m, closed_upto(m));
}

size_t rrd_minutes_ready(const struct rrd_minutes *m, size_t *entries)
{
    *entries = m->is_out ? 0 : m->failed.n + m->saved_n;
    return m->is_out ? 0 : minutes_until(m, m->saved_upto);
}

void rrd_minutes_saving(struct rrd_minutes *m)
{
    m->saving_n = m->closed.n;
    m->saving_upto = m->begun ? closed_upto(m) : 0;
}

void rrd_minutes_saved(struct rrd_minutes *m)
{
    m->saved_n = m->saving_n;
    m->saved_upto = m->saving_upto;
}

bool rrd_minutes_want_saving(const struct rrd_minutes *m)
{
    return m->begun && !m->is_out && closed_upto(m) >= m->known_from && closed_upto(m) > m->saved_upto;
}

/* What failed before goes first. */
static void make_batch(struct rrd_minutes *m)
{
    struct entries empty = m->working;

    empty.n = 0;
    m->working = m->failed;
    m->failed = empty;
    for (size_t i = 0; i < m->saved_n; i++)
        append(m, &m->working, m->closed.list[i]);
    m->closed.n -= m->saved_n;
    if (m->closed.n > 0)
        memmove(m->closed.list, m->closed.list + m->saved_n, m->closed.n * sizeof *m->closed.list);
    m->saving_n = m->saving_n > m->saved_n ? m->saving_n - m->saved_n : 0;
    m->saved_n = 0;
}

bool rrd_minutes_take(struct rrd_minutes *m, struct rrd_batch *batch)
{
    if (m->is_out || !m->begun || m->saved_upto <= m->done_upto || m->saved_upto < m->known_from)
        return false;
    make_batch(m);
    m->is_out = true;
    m->out_upto = m->saved_upto;
    *batch = (struct rrd_batch){ m->known_from, m->out_upto, m->working.list, m->working.n,
                                 m->hosts,      m->hosts_n,  m->firsts };
    return true;
}

void rrd_minutes_done(struct rrd_minutes *m, bool all_well, const struct rrd_entry *failed, size_t failed_n)
{
    const int64_t kept = all_well ? WELL_KEPT_S : FAILED_KEPT_S;

    m->is_out = false;
    m->done_upto = m->out_upto;
    if (m->known_from < m->done_upto - kept)
        m->known_from = m->done_upto - kept;
    m->working.n = 0;
    for (size_t i = 0; i < failed_n; i++)
        if ((int64_t)failed[i].minute * MINUTE_S < m->known_from)
            m->dropped++;
        else
            append(m, &m->failed, failed[i]);
}
