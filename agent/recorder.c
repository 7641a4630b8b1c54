/* RRD files beside the counting.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorder.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../source/join.h"
#include "../config/lock.h"
#include "../rrd/directory.h"
#include "../rrd/queue_file.h"
#include "clock.h"
#include "log.h"
#include "page_maker.h"

#define ENOUGH_ENTRIES 200000  /* while a backlog is read, so many are worth a state */
#define ENOUGH_MINUTES 20000   /* or so many minutes */
#define FULL_ENTRIES   1000000 /* no more is read until they are written */
#define BATCH_MS       60000   /* so long they wait for more; a source that hangs is never read to its end */
#define TROUBLE_OCTETS 256

/* What waited in all queues at a time. */
struct queue_sample {
    int64_t time; /* 0: there is none */
    uint64_t values[RRD_QUEUE_SOURCES];
};

enum stage { STAGE_IDLE, STAGE_ASKED, STAGE_ENDED };

struct recorder {
    pthread_t thread;
    pthread_mutex_t mutex; /* of the next six */
    pthread_cond_t asked;
    enum stage stage;
    bool stopping;
    struct queue_sample sample; /* the next for the queues' file */
    char queue_trouble[TROUBLE_OCTETS];
    atomic_bool stop; /* the same, for the thread in the middle of a batch */
    int wake_fd;

    /* The thread's while the stage is STAGE_ASKED, the caller's else. */
    struct rrd_directory *directory;
    struct rrd_batch batch;
    struct rrd_entry *failed;
    size_t failed_n;
    bool ended; /* the batch was written, but for what failed */
    struct rrd_report report;
    struct lock lock; /* when nobody had it for us */
    bool locked;
    char *path;

    /* The caller's. */
    struct rrd_minutes *minutes;
    struct rrd_floors *floors;
    struct page_maker *pages; /* NULL: there are none */
    char boot[STATE_BOOT_OCTETS];
    uint64_t dropped;
    int64_t taken_ms; /* when the last batch was handed out */
    int64_t sampled;  /* minute of the last sample */
    char shown[TROUBLE_OCTETS];
    char trouble[TROUBLE_OCTETS], reason[RRD_ERROR_OCTETS + 256];
};

/* ---- the thread ---- */

static bool have_lock(struct recorder *r)
{
    if (!r->locked &&
        lock_take_rrd(r->path, geteuid(), getegid(), &r->lock, r->report.error, sizeof r->report.error) == LOCK_TAKEN) {
        lock_sign(&r->lock);
        r->locked = true;
    }
    return r->locked;
}

/* What nobody could write comes back as a whole. */
static void write_batch(struct recorder *r)
{
    r->report = (struct rrd_report){ 0 };
    r->failed = NULL;
    r->failed_n = 0;
    r->ended =
        have_lock(r) && rrd_directory_write(r->directory, &r->batch, &r->stop, &r->failed, &r->failed_n, &r->report);
}

static void wake(int fd)
{
    uint64_t one = 1;

    if (fd >= 0 && write(fd, &one, sizeof one) < 0) { /* a full eventfd wakes as well */
    }
}

/* With the mutex, which is free meanwhile. The lock on the directory is taken for the first batch. */
static void write_queues(struct recorder *r)
{
    const struct queue_sample sample = r->sample;
    char error[RRD_ERROR_OCTETS] = "", trouble[TROUBLE_OCTETS] = "";

    r->sample.time = 0;
    if (!r->locked)
        return;
    pthread_mutex_unlock(&r->mutex);
    if (!rrd_queue_write(r->path, sample.time, sample.values, error))
        snprintf(trouble, sizeof trouble, "the RRD file of the queues cannot be written: %.200s", error);
    if (trouble[0] && strcmp(trouble, r->queue_trouble) != 0)
        log_message(LOG_ERR, "%s (counting goes on)", trouble);
    pthread_mutex_lock(&r->mutex);
    memcpy(r->queue_trouble, trouble, sizeof r->queue_trouble);
}

static void *recorder_thread(void *context)
{
    struct recorder *r = context;

    pthread_mutex_lock(&r->mutex);
    for (;;) {
        while (r->stage != STAGE_ASKED && !r->sample.time && !r->stopping)
            pthread_cond_wait(&r->asked, &r->mutex);
        if (r->stopping)
            break;
        if (r->sample.time) {
            write_queues(r);
            continue;
        }
        pthread_mutex_unlock(&r->mutex);
        write_batch(r);
        pthread_mutex_lock(&r->mutex);
        r->stage = STAGE_ENDED;
        wake(r->wake_fd);
    }
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

/* ---- beginning and end ---- */

static void release(struct recorder *r)
{
    rrd_minutes_free(r->minutes);
    rrd_floors_free(r->floors);
    rrd_directory_free(r->directory);
    free(r->failed);
    lock_free(&r->lock);
    pthread_cond_destroy(&r->asked);
    pthread_mutex_destroy(&r->mutex);
    free(r->path);
    free(r);
}

/* A state that was kept for another directory says nothing of this one. */
static struct rrd_minutes *load_minutes(const struct recorder *r, const struct state *state)
{
    struct load load = load_of(state->image.sections[STATE_RRD]);
    struct rrd_minutes *minutes = rrd_minutes_new(state->tallies);
    char path[PATH_MAX];

    if (!minutes || load.n == 0)
        return minutes;
    load_text(&load, path, sizeof path);
    if (!load.failed && strcmp(path, r->path) == 0 && rrd_minutes_load(minutes, r->boot, &load))
        return minutes;
    log_message(LOG_NOTICE, "the RRD files in %s are written from their last updates on", r->path);
    rrd_minutes_free(minutes);
    return rrd_minutes_new(state->tallies);
}

static bool open_all(struct recorder *r, const struct config *config, const struct state *state)
{
    char error[RRD_ERROR_OCTETS];

    r->path = strdup(config->rrd_directory);
    r->directory = rrd_directory_new(config->rrd_directory, config->rrdcached, true);
    r->minutes = r->path && r->directory ? load_minutes(r, state) : NULL;
    if (!r->minutes || !rrd_directory_begin_fresh(r->directory, false, false))
        return false;
    rrd_directory_recover(r->directory);
    r->floors = rrd_floors_new(r->directory, r->minutes, error);
    if (error[0])
        log_message(LOG_WARNING, "%s", error);
    return r->floors != NULL;
}

struct recorder *recorder_new(const struct config *config, const struct state *state, bool locked, int wake_fd)
{
    struct recorder *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->asked, NULL);
    r->lock = (struct lock){ -1, -1 };
    r->locked = locked;
    r->wake_fd = wake_fd;
    r->taken_ms = monotonic_ms();
    state_boot(r->boot);
    if (open_all(r, config, state) && (!config->pages_directory || (r->pages = page_maker_new(config))) &&
        pthread_create(&r->thread, NULL, recorder_thread, r) == 0)
        return r;
    page_maker_free(r->pages, 0);
    release(r);
    return NULL;
}

bool recorder_free(struct recorder *r, int64_t wait_ms)
{
    struct timespec until;

    if (!r)
        return true;
    if (!page_maker_free(r->pages, wait_ms))
        return false;
    r->pages = NULL;
    atomic_store(&r->stop, true);
    pthread_mutex_lock(&r->mutex);
    r->stopping = true;
    pthread_cond_signal(&r->asked);
    pthread_mutex_unlock(&r->mutex);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    if (join_until(r->thread, &until) != 0)
        return false;
    release(r);
    return true;
}

/* ---- the caller's side ---- */

void recorder_attach(struct recorder *r, struct parser *parser)
{
    parser_set_sink(parser, rrd_minutes_event, r->minutes);
}

void recorder_clock(struct recorder *r, int64_t now)
{
    rrd_minutes_clock(r->minutes, now);
}

static void tell(struct recorder *r)
{
    const struct rrd_report *report = &r->report;

    if (!report->error[0]) {
        if (r->trouble[0])
            log_message(LOG_NOTICE, "the RRD files in %s are written again", r->path);
        r->trouble[0] = r->reason[0] = '\0';
        return;
    }
    if (report->failed > 1)
        snprintf(r->trouble, sizeof r->trouble, "%u RRD files cannot be written; the first: %.200s", report->failed,
                 report->error);
    else
        snprintf(r->trouble, sizeof r->trouble, "RRD files cannot be written: %.200s", report->error);
    if (strcmp(r->reason, report->error) != 0)
        log_message(LOG_ERR, "%s (counting goes on)", r->trouble);
    memcpy(r->reason, report->error, sizeof r->reason);
}

static void tell_dropped(struct recorder *r)
{
    if (rrd_minutes_dropped(r->minutes) == r->dropped)
        return;
    if (r->dropped == 0)
        log_message(LOG_ERR, "values of minutes that could not be written for an hour are given up: RRD files will "
                             "have gaps");
    r->dropped = rrd_minutes_dropped(r->minutes);
}

static bool take_result(struct recorder *r)
{
    char before[TROUBLE_OCTETS];

    memcpy(before, r->trouble, sizeof before);
    if (r->ended)
        rrd_minutes_done(r->minutes, r->report.failed == 0, r->failed, r->failed_n);
    else
        rrd_minutes_done(r->minutes, false, r->batch.entries, r->batch.n);
    free(r->failed);
    r->failed = NULL;
    tell(r);
    tell_dropped(r);
    return strcmp(before, r->trouble) != 0;
}

/* New files cost as much for a week as for an hour: see ../rrd/fresh.h. */
static bool is_enough(size_t minutes, size_t entries)
{
    return entries >= ENOUGH_ENTRIES || minutes >= ENOUGH_MINUTES;
}

static bool has_batch(const struct recorder *r)
{
    size_t entries, minutes = rrd_minutes_ready(r->minutes, &entries);

    return is_enough(minutes, entries) || monotonic_ms() - r->taken_ms >= BATCH_MS;
}

bool recorder_turn(struct recorder *r, bool live, bool state_is_lost)
{
    enum stage stage;
    bool changed = false;

    pthread_mutex_lock(&r->mutex);
    stage = r->stage;
    pthread_mutex_unlock(&r->mutex);
    if (stage == STAGE_ASKED)
        return false;
    if (stage == STAGE_ENDED) {
        r->stage = STAGE_IDLE; /* the thread waits */
        changed = take_result(r);
    }
    if (state_is_lost) {
        rrd_minutes_saving(r->minutes);
        rrd_minutes_saved(r->minutes);
    }
    if ((!live && !has_batch(r)) || !rrd_minutes_take(r->minutes, &r->batch))
        return changed;
    r->taken_ms = monotonic_ms();
    pthread_mutex_lock(&r->mutex);
    r->stage = STAGE_ASKED;
    pthread_cond_signal(&r->asked);
    pthread_mutex_unlock(&r->mutex);
    return changed;
}

bool recorder_wants_saving(const struct recorder *r, bool live)
{
    size_t entries, minutes = rrd_minutes_waiting(r->minutes, &entries);

    return rrd_minutes_want_saving(r->minutes) && (live || is_enough(minutes, entries));
}

bool recorder_is_full(const struct recorder *r)
{
    size_t entries;

    rrd_minutes_waiting(r->minutes, &entries);
    return entries >= FULL_ENTRIES && !r->trouble[0];
}

void recorder_save(struct recorder *r, struct store *section)
{
    store_text(section, r->path);
    rrd_minutes_save(r->minutes, r->boot, section);
    rrd_minutes_saving(r->minutes);
}

_Static_assert((int)QUEUE_MAILDROP == RRD_QUEUE_MAILDROP && (int)QUEUE_DEFERRED == RRD_QUEUE_DEFERRED &&
                   (int)QUEUES == RRD_QUEUE_OCTETS,
               "the first data sources are the queues");

/* Size and age are of what waits for delivery, as those of `all` in the MIB. */
static struct queue_sample sum_up(const struct snapshot *s, int64_t now)
{
    struct queue_sample sample = { .time = now };
    int64_t oldest = now;

    for (size_t i = 0; i < s->queues_n; i++)
        for (unsigned queue = 0; queue < QUEUES; queue++) {
            const struct queue_counts *counts = &s->queues[i].counts[queue];

            sample.values[queue] += counts->messages;
            if (queue == QUEUE_HOLD)
                continue;
            sample.values[RRD_QUEUE_OCTETS] += counts->octets;
            if (counts->messages && counts->oldest < oldest)
                oldest = counts->oldest;
        }
    sample.values[RRD_QUEUE_OLDEST_AGE] = (uint64_t)(now - oldest);
    return sample;
}

void recorder_queues(struct recorder *r, const struct snapshot *s)
{
    const int64_t now = (int64_t)time(NULL);

    if (!s->queues_whole || now / 60 == r->sampled)
        return;
    r->sampled = now / 60;
    pthread_mutex_lock(&r->mutex);
    r->sample = sum_up(s, now);
    pthread_cond_signal(&r->asked);
    pthread_mutex_unlock(&r->mutex);
}

void recorder_saved(struct recorder *r)
{
    rrd_minutes_saved(r->minutes);
}

const char *recorder_trouble(struct recorder *r)
{
    if (r->trouble[0])
        return r->trouble;
    pthread_mutex_lock(&r->mutex);
    memcpy(r->shown, r->queue_trouble, sizeof r->shown);
    pthread_mutex_unlock(&r->mutex);
    return r->shown[0] || !r->pages ? r->shown : page_maker_trouble(r->pages);
}

static bool same_path(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

void recorder_tell_changes(const struct config *from, const struct config *to)
{
    if (!same_path(from->rrd_directory, to->rrd_directory) || !same_path(from->rrdcached, to->rrdcached) ||
        !same_path(from->pages_directory, to->pages_directory) || from->pages_s != to->pages_s)
        log_message(LOG_WARNING, "rrdDirectory, rrdcached and pages take effect at the next start of mailtallyd");
}
