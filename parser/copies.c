/* Lines that a program writes twice.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "copies.h"

#include <stdlib.h>

#include "hash.h"

#define PROCESSES 256 /* that wrote last; the one that is silent longest makes room */
#define APART_S   1   /* of the stamps that syslog gives the two */

/* The belief that a host writes each twice (struct tally): it does from 0 on. One line without a copy says more than
 * one with it, which may be a client that repeats itself; but a single one is no proof: the log may begin between the
 * two. */
#define BELIEF_AT_FIRST 4 /* a row's 0 stands for it */
#define BELIEF_MOST     16
#define BELIEF_LEAST    (-32)
#define COPY_MISSING    4
#define COPY_THERE      1

/* What a process wrote last, and how often in a row. */
struct written {
    struct tally *host;
    uint64_t text;
    int64_t time;
    uint64_t times; /* 0: nothing */
    uint64_t turn;  /* when: of copies.turns */
};

struct copies {
    uint64_t seed, turns;
    size_t last;                       /* who wrote last */
    uint64_t processes[PROCESSES];     /* 0: nobody */
    struct written written[PROCESSES]; /* of the process in the same place */
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

/* PROCESSES: it wrote nothing that is known. */
static size_t place_of(const struct copies *copies, uint64_t process)
{
    size_t i = 0;

    if (copies->processes[copies->last] == process)
        return copies->last;
    while (i < PROCESSES && copies->processes[i] != process)
        i++;
    return i;
}

static size_t longest_silent(const struct copies *copies)
{
    size_t found = 0;

    for (size_t i = 1; i < PROCESSES; i++)
        if (copies->written[i].turn < copies->written[found].turn)
            found = i;
    return found;
}

static int belief_in(const struct tally *host)
{
    return host->writes_twice + BELIEF_AT_FIRST;
}

/* The process wrote something else, or is over. */
static void learn(const struct written *w)
{
    int belief;

    if (w->times == 0)
        return;
    belief = belief_in(w->host) + (w->times % 2 ? -COPY_MISSING : COPY_THERE);
    if (belief > BELIEF_MOST)
        belief = BELIEF_MOST;
    if (belief < BELIEF_LEAST)
        belief = BELIEF_LEAST;
    w->host->writes_twice = (int8_t)(belief - BELIEF_AT_FIRST);
}

static bool goes_on(const struct written *w, uint64_t text, int64_t time)
{
    return w->text == text && time >= w->time && time - w->time <= APART_S;
}

bool copies_is_copy(struct copies *copies, const struct event *e)
{
    uint64_t process = process_of(copies, e->line), text = hash_octets(copies->seed, e->ticket);
    int64_t time = line_time(e->line);
    size_t place = place_of(copies, process);
    bool known = place < PROCESSES;
    struct written *w;

    if (!known)
        place = longest_silent(copies);
    copies->last = place;
    w = &copies->written[place];
    w->turn = ++copies->turns;
    if (known && goes_on(w, text, time)) {
        w->times++;
        w->time = time;
        return w->times % 2 == 0 && belief_in(w->host) >= 0;
    }
    learn(w);
    copies->processes[place] = process;
    *w = (struct written){ e->line->tally, text, time, 1, w->turn };
    return false;
}

uint64_t copies_times(struct copies *copies, const struct line *line, uint64_t times)
{
    size_t place = place_of(copies, process_of(copies, line));
    struct written *w = &copies->written[place];
    uint64_t before;

    if (place == PROCESSES || !goes_on(w, w->text, line_time(line)))
        return times;
    before = w->times;
    w->times += times;
    w->time = line_time(line);
    return belief_in(w->host) >= 0 ? (w->times + 1) / 2 - (before + 1) / 2 : times;
}

/* ---- the saved state ---- */

void copies_forget(struct copies *copies)
{
    memset(copies->processes, 0, sizeof copies->processes);
    memset(copies->written, 0, sizeof copies->written);
    copies->turns = copies->last = 0;
}

void copies_save(const struct copies *copies, const struct tallies *tallies, struct store *store)
{
    uint64_t n = 0;

    for (size_t i = 0; i < PROCESSES; i++)
        n += copies->processes[i] != 0;
    store_number(store, n);
    for (size_t i = 0; i < PROCESSES; i++)
        if (copies->processes[i]) {
            const struct written *w = &copies->written[i];

            store_number(store, copies->processes[i]);
            tallies_save_row(tallies, store, w->host);
            store_number(store, w->text);
            store_signed(store, w->time);
            store_number(store, w->times);
            store_number(store, w->turn);
        }
    n = 0;
    for (size_t i = 0; i < tallies_hosts(tallies); i++)
        n += tallies_host_at(tallies, i)->writes_twice != 0;
    store_number(store, n);
    for (size_t i = 0; i < tallies_hosts(tallies); i++) {
        const struct tally *host = tallies_host_at(tallies, i);

        if (host->writes_twice) {
            tallies_save_row(tallies, store, host);
            store_signed(store, host->writes_twice);
        }
    }
}

static void load_written(struct copies *copies, size_t place, struct tallies *tallies, struct load *load)
{
    struct written w = { 0 };

    copies->processes[place] = load_number(load);
    w.host = tallies_load_row(tallies, load);
    w.text = load_number(load);
    w.time = load_signed(load);
    w.times = load_number(load);
    w.turn = load_number(load);
    if (!w.host || w.time < INT64_MIN / 2) /* a difference from it would overflow */
        load_fails(load);
    if (w.turn > copies->turns)
        copies->turns = w.turn;
    copies->written[place] = w;
}

void copies_load(struct copies *copies, struct tallies *tallies, struct load *load)
{
    uint64_t n = load_number_to(load, PROCESSES);

    for (size_t i = 0; i < n && !load->failed; i++)
        load_written(copies, i, tallies, load);
    for (n = load_number_to(load, HOSTS_CAP + 1); n && !load->failed; n--) {
        struct tally *host = tallies_load_row(tallies, load);
        int64_t belief = load_signed(load) + BELIEF_AT_FIRST;

        if (!host || belief < BELIEF_LEAST || belief > BELIEF_MOST) {
            load_fails(load);
            return;
        }
        host->writes_twice = (int8_t)(belief - BELIEF_AT_FIRST);
    }
}
