/* Threads around a ring of batches. Each batch goes round: filled by the caller, recognised by anybody, taken in order.
 *
 * One thread, the taker, takes all batches: what they count in, megabytes of tables, stays in its processor's cache.
 * When the next one is not recognised yet, it recognises one, as the others do all the time, and the caller while the
 * ring is full. To wake a thread costs as much as some hundred lines, so nobody is woken who does not sleep, and the
 * caller not before half of the ring is free.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "team.h"

#include <pthread.h>
#include <stdlib.h>

#include "../parser/ahead.h"
#include "../source/reader.h"

#define BATCHES_EACH 4 /* so many for each thread */

enum stage { FREE, FILLED, RECOGNISED };

struct batch {
    struct ahead *ahead;
    enum stage stage;
};

enum role { TAKER, HELPER, CALLER, ROLES };

struct team {
    pthread_mutex_t lock;
    pthread_cond_t wake[ROLES];
    unsigned asleep[ROLES];
    pthread_t threads[TEAM_MAX];
    unsigned threads_n; /* without the caller */
    struct batch *batches;
    size_t batches_n;
    size_t filling, recognising, taking; /* the places in the ring; they count on */
    bool is_over;
};

static struct batch *at(struct team *team, size_t i)
{
    return &team->batches[i % team->batches_n];
}

static void wake(struct team *team, enum role role)
{
    if (team->asleep[role])
        pthread_cond_signal(&team->wake[role]);
}

static void sleep_until_woken(struct team *team, enum role role)
{
    team->asleep[role]++;
    pthread_cond_wait(&team->wake[role], &team->lock);
    team->asleep[role]--;
}

/* The next batch, if it is recognised. The lock is held, but for the work; likewise below. */
static bool take_one(struct team *team)
{
    struct batch *batch = at(team, team->taking);

    if (team->taking == team->filling || batch->stage != RECOGNISED)
        return false;
    pthread_mutex_unlock(&team->lock);
    ahead_take(batch->ahead);
    pthread_mutex_lock(&team->lock);
    batch->stage = FREE;
    team->taking++;
    if (team->filling - team->taking <= team->batches_n / 2)
        wake(team, CALLER);
    return true;
}

static bool recognise_one(struct team *team)
{
    size_t i = team->recognising;

    if (i == team->filling)
        return false;
    team->recognising++;
    pthread_mutex_unlock(&team->lock);
    ahead_recognise(at(team, i)->ahead);
    pthread_mutex_lock(&team->lock);
    at(team, i)->stage = RECOGNISED;
    if (i == team->taking)
        wake(team, TAKER);
    return true;
}

static void *take_all(void *context)
{
    struct team *team = context;

    pthread_mutex_lock(&team->lock);
    while (!team->is_over)
        if (!take_one(team) && !recognise_one(team))
            sleep_until_woken(team, TAKER);
    pthread_mutex_unlock(&team->lock);
    return NULL;
}

static void *help(void *context)
{
    struct team *team = context;

    pthread_mutex_lock(&team->lock);
    while (!team->is_over)
        if (!recognise_one(team))
            sleep_until_woken(team, HELPER);
    pthread_mutex_unlock(&team->lock);
    return NULL;
}

static bool start(struct team *team, unsigned threads)
{
    while (team->threads_n + 1 < threads) {
        if (pthread_create(&team->threads[team->threads_n], NULL, team->threads_n ? help : take_all, team) != 0)
            return team->threads_n > 0; /* fewer do, too */
        team->threads_n++;
    }
    return true;
}

struct team *team_new(struct parser *parser, unsigned threads)
{
    struct team *team = calloc(1, sizeof *team);
    bool made;

    if (!team)
        return NULL;
    pthread_mutex_init(&team->lock, NULL);
    for (int i = 0; i < ROLES; i++)
        pthread_cond_init(&team->wake[i], NULL);
    team->batches_n = (size_t)threads * BATCHES_EACH;
    team->batches = calloc(team->batches_n, sizeof(struct batch));
    made = team->batches != NULL;
    for (size_t i = 0; made && i < team->batches_n; i++)
        made = (team->batches[i].ahead = ahead_new(parser)) != NULL;
    if (made && start(team, threads))
        return team;
    team_free(team);
    return NULL;
}

void team_free(struct team *team)
{
    if (!team)
        return;
    pthread_mutex_lock(&team->lock);
    team->is_over = true;
    for (int i = 0; i < ROLES; i++)
        pthread_cond_broadcast(&team->wake[i]);
    pthread_mutex_unlock(&team->lock);
    for (unsigned i = 0; i < team->threads_n; i++)
        pthread_join(team->threads[i], NULL);
    for (size_t i = 0; team->batches && i < team->batches_n; i++)
        ahead_free(team->batches[i].ahead);
    free(team->batches);
    for (int i = 0; i < ROLES; i++)
        pthread_cond_destroy(&team->wake[i]);
    pthread_mutex_destroy(&team->lock);
    free(team);
}

/* The batch that is being filled is handed over, and the next one is waited for. */
static void hand_over(struct team *team)
{
    pthread_mutex_lock(&team->lock);
    at(team, team->filling)->stage = FILLED;
    team->filling++;
    wake(team, TAKER);
    wake(team, HELPER);
    while (at(team, team->filling)->stage != FREE)
        if (!recognise_one(team))
            sleep_until_woken(team, CALLER);
    pthread_mutex_unlock(&team->lock);
}

/* The caller's alone until it is handed over. */
static struct ahead *filled_now(struct team *team)
{
    return at(team, team->filling)->ahead;
}

void team_line(struct team *team, struct parser_source *source, struct span line, const struct header *header,
               bool header_found)
{
    if (ahead_fill_line(filled_now(team), source, line, header, header_found))
        return;
    hand_over(team);
    if (!ahead_fill_line(filled_now(team), source, line, header, header_found))
        ahead_fill_overlong(filled_now(team), source);
}

void team_lines(struct team *team, struct parser_source *source, struct span block)
{
    while (block.n) {
        size_t taken = ahead_fill(filled_now(team), source, block, READER_LINE_OCTETS);

        if (taken == 0)
            hand_over(team);
        block = span_skip(block, taken);
    }
}

void team_overlong(struct team *team, struct parser_source *source)
{
    ahead_fill_overlong(filled_now(team), source);
}

void team_finish(struct team *team)
{
    if (!ahead_is_empty(filled_now(team)))
        hand_over(team);
    pthread_mutex_lock(&team->lock);
    while (team->taking < team->filling)
        if (!recognise_one(team))
            sleep_until_woken(team, CALLER);
    pthread_mutex_unlock(&team->lock);
}
