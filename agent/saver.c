/* Saving the state beside the counting.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "saver.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../config/lock.h"
#include "clock.h"
#include "log.h"

#define HANGS_MS 30000

enum stage { STAGE_IDLE, STAGE_ASKED, STAGE_ENDED };

struct saver {
    pthread_t thread;
    pthread_mutex_t mutex; /* of the next four */
    pthread_cond_t asked, ended;
    enum stage stage;
    bool good, stopping;

    /* The thread's while the stage is STAGE_ASKED, the caller's else. */
    struct store sections[STATE_SECTIONS];
    char error[STATE_ERROR_OCTETS];
    char *directory;
    char set_aside[16]; /* why the state on the disk must first be renamed; "": it need not */
    ino_t inode;        /* of the directory that is locked; 0: unknown */
    struct lock lock;   /* of one that came in its place */

    /* The caller's. */
    int wake_fd;
    int64_t (*clock_ms)(void);
    int64_t interval_ms, pause_ms; /* pause_ms: after a failure; 0: the last one was good */
    int64_t begun_ms;
    bool begun;
    uint64_t failures;
    char trouble[STATE_ERROR_OCTETS];
};

/* ---- the thread ---- */

/* Whoever started us had locked the directory. When somebody takes that one away, the lock goes with it. The inode's
 * number tells: it is not given to another as long as the lock holds it; the device's changes at a mount. */
static bool find_directory(struct saver *s)
{
    struct stat status;
    struct lock again;
    bool there = stat(s->directory, &status) == 0;

    if (there ? !s->inode || status.st_ino == s->inode : errno != ENOENT)
        return true;
    if (lock_take(s->directory, geteuid(), getegid(), &again, s->error, sizeof s->error) != LOCK_TAKEN)
        return false;
    lock_sign(&again);
    lock_free(&s->lock);
    s->lock = again;
    s->inode = stat(s->directory, &status) == 0 ? status.st_ino : 0;
    log_message(LOG_WARNING, "the state directory %s is another one now", s->directory);
    return true;
}

static bool set_aside(struct saver *s)
{
    char name[STATE_NAME_OCTETS];

    if (!s->set_aside[0])
        return true;
    if (!state_file_set_aside(s->directory, s->set_aside, name, s->error))
        return false;
    s->set_aside[0] = '\0';
    if (name[0])
        log_message(LOG_WARNING, "the old state was set aside as %s/%s", s->directory, name);
    return true;
}

static bool sections_are_whole(struct saver *s)
{
    for (int i = 0; i < STATE_SECTIONS; i++)
        if (s->sections[i].failed) {
            snprintf(s->error, sizeof s->error, "cannot save the state in %.300s: there is no memory for it",
                     s->directory);
            return false;
        }
    return true;
}

static bool save(struct saver *s)
{
    return sections_are_whole(s) && find_directory(s) && set_aside(s) &&
           state_file_write(s->directory, s->sections, s->error);
}

static void wake(int fd)
{
    uint64_t one = 1;

    if (fd >= 0 && write(fd, &one, sizeof one) < 0) { /* a full eventfd wakes as well */
    }
}

static void *saver_thread(void *context)
{
    struct saver *s = context;
    bool good;

    pthread_mutex_lock(&s->mutex);
    for (;;) {
        while (s->stage != STAGE_ASKED && !s->stopping)
            pthread_cond_wait(&s->asked, &s->mutex);
        if (s->stage != STAGE_ASKED)
            break;
        pthread_mutex_unlock(&s->mutex);
        good = save(s);
        pthread_mutex_lock(&s->mutex);
        s->good = good;
        s->stage = STAGE_ENDED;
        pthread_cond_signal(&s->ended);
        wake(s->wake_fd);
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

/* ---- beginning and end ---- */

static void release(struct saver *s)
{
    for (int i = 0; i < STATE_SECTIONS; i++)
        store_free(&s->sections[i]);
    lock_free(&s->lock);
    pthread_cond_destroy(&s->asked);
    pthread_cond_destroy(&s->ended);
    pthread_mutex_destroy(&s->mutex);
    free(s->directory);
    free(s);
}

struct saver *saver_new(const char *directory, int64_t interval_ms, const char *why_aside, int wake_fd)
{
    struct saver *s = calloc(1, sizeof *s);
    pthread_condattr_t monotonic;
    struct stat status;

    if (!s)
        return NULL;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->asked, NULL);
    pthread_cond_init(&s->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    s->lock = (struct lock){ -1, -1 };
    s->inode = stat(directory, &status) == 0 ? status.st_ino : 0;
    s->wake_fd = wake_fd;
    s->clock_ms = monotonic_ms;
    s->interval_ms = interval_ms;
    snprintf(s->set_aside, sizeof s->set_aside, "%s", why_aside ? why_aside : "");
    s->directory = strdup(directory);
    if (s->directory && pthread_create(&s->thread, NULL, saver_thread, s) == 0)
        return s;
    release(s);
    return NULL;
}

static struct timespec in_ms(int64_t ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* With the mutex. */
static void wait_for_end(struct saver *s, int64_t wait_ms)
{
    struct timespec until = in_ms(wait_ms);

    while (s->stage == STAGE_ASKED)
        if (pthread_cond_timedwait(&s->ended, &s->mutex, &until) == ETIMEDOUT)
            return;
}

bool saver_free(struct saver *s, int64_t wait_ms)
{
    bool hangs;

    if (!s)
        return true;
    pthread_mutex_lock(&s->mutex);
    s->stopping = true;
    wait_for_end(s, wait_ms);
    hangs = s->stage == STAGE_ASKED;
    pthread_cond_signal(&s->asked);
    pthread_mutex_unlock(&s->mutex);
    if (hangs)
        return false;
    pthread_join(s->thread, NULL);
    release(s);
    return true;
}

/* ---- the caller's side ---- */

static enum stage stage_of(const struct saver *s)
{
    struct saver *changing = (struct saver *)s;
    enum stage stage;

    pthread_mutex_lock(&changing->mutex);
    stage = s->stage;
    pthread_mutex_unlock(&changing->mutex);
    return stage;
}

/* A pause after a failure is one for those who wait, too. */
static int64_t pause_ms(const struct saver *s, bool urgent)
{
    if (s->pause_ms)
        return s->pause_ms;
    return urgent && s->interval_ms > SAVER_URGENT_MS ? SAVER_URGENT_MS : s->interval_ms;
}

/* Milliseconds until it is due; 0: now. */
static int64_t until_due(const struct saver *s, bool urgent)
{
    int64_t since = s->clock_ms() - s->begun_ms, pause = pause_ms(s, urgent);

    return !s->begun || since >= pause ? 0 : pause - since;
}

bool saver_due(const struct saver *s, bool changed, bool urgent)
{
    return (changed || urgent) && until_due(s, urgent) == 0 && stage_of(s) == STAGE_IDLE;
}

int64_t saver_wait_ms(const struct saver *s, bool changed, bool urgent, int64_t most)
{
    int64_t wait = until_due(s, urgent);

    /* While the thread is at work its end wakes us. */
    return (changed || urgent) && wait < most && stage_of(s) == STAGE_IDLE ? wait : most;
}

struct store *saver_sections(struct saver *s)
{
    for (int i = 0; i < STATE_SECTIONS; i++) {
        s->sections[i].n = 0;
        s->sections[i].failed = false;
    }
    return s->sections;
}

void saver_write(struct saver *s)
{
    s->begun = true;
    s->begun_ms = s->clock_ms();
    pthread_mutex_lock(&s->mutex);
    s->stage = STAGE_ASKED;
    pthread_cond_signal(&s->asked);
    pthread_mutex_unlock(&s->mutex);
}

static void saved(struct saver *s)
{
    if (s->trouble[0])
        log_message(LOG_NOTICE, "the state is saved again in %s", s->directory);
    s->trouble[0] = '\0';
    s->pause_ms = 0;
}

static void failed(struct saver *s)
{
    int64_t first = s->interval_ms > SAVER_URGENT_MS ? s->interval_ms : SAVER_URGENT_MS;

    s->failures++;
    s->pause_ms = s->pause_ms ? 2 * s->pause_ms : first;
    if (s->pause_ms > SAVER_BACKOFF_MS)
        s->pause_ms = SAVER_BACKOFF_MS;
    if (strcmp(s->trouble, s->error) == 0)
        return;
    memcpy(s->trouble, s->error, sizeof s->trouble);
    log_message(LOG_ERR,
                "%s (counting goes on; what was counted since the last good state is read again after a restart)",
                s->trouble);
}

/* A disk that answers nothing gives no error either. */
static void look_whether_it_hangs(struct saver *s)
{
    if (s->trouble[0] || s->clock_ms() - s->begun_ms < HANGS_MS || stage_of(s) != STAGE_ASKED)
        return;
    snprintf(s->trouble, sizeof s->trouble, "saving the state in %.300s hangs: the disk or file server does not answer",
             s->directory);
    log_message(LOG_ERR, "%s (counting goes on)", s->trouble);
}

enum saver_news saver_news(struct saver *s, int64_t wait_ms)
{
    bool ended;

    pthread_mutex_lock(&s->mutex);
    if (wait_ms > 0)
        wait_for_end(s, wait_ms);
    ended = s->stage == STAGE_ENDED;
    if (ended)
        s->stage = STAGE_IDLE;
    pthread_mutex_unlock(&s->mutex);
    if (!ended) {
        look_whether_it_hangs(s);
        return SAVER_NOTHING;
    }
    if (s->good)
        saved(s);
    else
        failed(s);
    return s->good ? SAVER_SAVED : SAVER_FAILED;
}

bool saver_is_busy(const struct saver *s)
{
    return stage_of(s) == STAGE_ASKED;
}

void saver_set_interval(struct saver *s, int64_t interval_ms)
{
    s->interval_ms = interval_ms;
}

void saver_set_clock(struct saver *s, int64_t (*clock_ms)(void))
{
    s->clock_ms = clock_ms;
}

uint64_t saver_failures(const struct saver *s)
{
    return s->failures;
}

const char *saver_trouble(const struct saver *s)
{
    return s->trouble;
}
