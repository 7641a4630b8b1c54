/* Lines that a program writes twice.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "copies.h"

#include <stdlib.h>

#include "hash.h"
#include "tally.h"

#define PROCESSES 256 /* powers of two */
#define HOSTS     256
#define APART_S   1 /* of the stamps that syslog gives the two */

/* The belief that a host writes each twice: it does from 0 on. One line without a copy says more than one with it,
 * which may be a client that repeats itself; but a single one is no proof: the log may begin between the two. */
#define BELIEF_AT_FIRST 4
#define BELIEF_MOST     16
#define BELIEF_LEAST    (-32)
#define COPY_MISSING    4
#define COPY_THERE      1

/* What a process wrote last, and how often in a row. */
struct written {
    uint64_t process; /* 0: nobody */
    uint64_t host, text;
    int64_t time;
    uint64_t times;
};

struct habit {
    uint64_t host; /* 0: none */
    int32_t belief;
};

struct copies {
    uint64_t seed;
    struct written written[PROCESSES];
    struct habit habits[HOSTS];
};

struct copies *copies_new(uint64_t seed)
{
    struct copies *copies = calloc(1, sizeof *copies);

    if (copies)
        copies->seed = seed;
    return copies;
}

void copies_free(struct copies *copies)
{
    free(copies);
}

static uint64_t process_of(const struct copies *copies, const struct line *line)
{
    return hash_octets(copies->seed ^ line->tally->key, line->header.pid) | 1;
}

static struct written *written_by(struct copies *copies, uint64_t process)
{
    return &copies->written[process >> 1 & (PROCESSES - 1)];
}

static struct habit *habit_of(struct copies *copies, uint64_t host)
{
    struct habit *habit = &copies->habits[host & (HOSTS - 1)];

    if (habit->host != host)
        *habit = (struct habit){ .host = host, .belief = BELIEF_AT_FIRST };
    return habit;
}

/* The process wrote something else, or is over. */
static void learn(struct copies *copies, const struct written *w)
{
    struct habit *habit;

    if (w->times == 0)
        return;
    habit = habit_of(copies, w->host);
    habit->belief += w->times % 2 ? -COPY_MISSING : COPY_THERE;
    if (habit->belief > BELIEF_MOST)
        habit->belief = BELIEF_MOST;
    if (habit->belief < BELIEF_LEAST)
        habit->belief = BELIEF_LEAST;
}

static bool goes_on(const struct written *w, uint64_t process, uint64_t text, int64_t time)
{
    return w->process == process && w->text == text && time >= w->time && time - w->time <= APART_S;
}

bool copies_is_copy(struct copies *copies, const struct event *e)
{
    uint64_t process = process_of(copies, e->line), text = hash_octets(copies->seed, e->ticket);
    struct written *w = written_by(copies, process);
    int64_t time = line_time(e->line);

    if (goes_on(w, process, text, time)) {
        w->times++;
        w->time = time;
        return w->times % 2 == 0 && habit_of(copies, w->host)->belief >= 0;
    }
    learn(copies, w);
    *w = (struct written){ process, e->line->tally->key, text, time, 1 };
    return false;
}

uint64_t copies_times(struct copies *copies, const struct line *line, uint64_t times)
{
    uint64_t process = process_of(copies, line), before;
    struct written *w = written_by(copies, process);

    if (w->times == 0 || !goes_on(w, process, w->text, line_time(line)))
        return times;
    before = w->times;
    w->times += times;
    w->time = line_time(line);
    return habit_of(copies, w->host)->belief >= 0 ? (w->times + 1) / 2 - (before + 1) / 2 : times;
}

/* ---- the saved state ---- */

void copies_forget(struct copies *copies)
{
    memset(copies->written, 0, sizeof copies->written);
    memset(copies->habits, 0, sizeof copies->habits);
}

void copies_save(const struct copies *copies, struct store *store)
{
    uint64_t n = 0;

    for (size_t i = 0; i < PROCESSES; i++)
        n += copies->written[i].times != 0;
    store_number(store, n);
    for (const struct written *w = copies->written; w < copies->written + PROCESSES; w++)
        if (w->times) {
            store_number(store, w->process);
            store_number(store, w->host);
            store_number(store, w->text);
            store_signed(store, w->time);
            store_number(store, w->times);
        }
    n = 0;
    for (size_t i = 0; i < HOSTS; i++)
        n += copies->habits[i].host != 0;
    store_number(store, n);
    for (const struct habit *h = copies->habits; h < copies->habits + HOSTS; h++)
        if (h->host) {
            store_number(store, h->host);
            store_signed(store, h->belief);
        }
}

void copies_load(struct copies *copies, struct load *load)
{
    for (uint64_t n = load_number_to(load, PROCESSES); n && !load->failed; n--) {
        struct written w = { .process = load_number(load) };

        w.host = load_number(load);
        w.text = load_number(load);
        w.time = load_signed(load);
        w.times = load_number(load);
        if (w.time < INT64_MIN / 2) /* a difference from it would overflow */
            load_fails(load);
        *written_by(copies, w.process) = w;
    }
    for (uint64_t n = load_number_to(load, HOSTS); n && !load->failed; n--) {
        uint64_t host = load_number(load);
        int64_t belief = load_signed(load);

        if (belief < BELIEF_LEAST || belief > BELIEF_MOST) {
            load_fails(load);
            return;
        }
        habit_of(copies, host)->belief = (int32_t)belief;
    }
}
