/* The threads that read queues.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "queues.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../source/join.h"
#include "clock.h"
#include "log.h"

_Static_assert(QUEUE_DIRECTORY_OCTETS == CONFIG_QUEUE_DIRECTORY_OCTETS, "what the configuration lets through fits");

#define JOIN_MS 1000
#define HANG_MS 5000 /* a reading that takes so much longer than it may hangs in something that is no socket */

static const struct queues_times daemons_times = { .limits = { .silence_ms = 10000, .whole_ms = 300000 },
                                                   .every_ms = 60000,
                                                   .again_ms = 10000 };

enum watch_state { WATCH_NEW, WATCH_READ, WATCH_FAILED };

/* What was found. */
struct found {
    enum watch_state state;
    struct queue_counts counts[QUEUES];
    char error[QUEUE_ERROR_OCTETS];
    uint64_t number; /* how many times something was found */
};

struct watch {
    pthread_t thread;
    struct queues_times times;
    char directory[QUEUE_DIRECTORY_OCTETS + 1];
    const char *instance; /* in directory */
    int stop_fd, again_fd;
    pthread_mutex_t lock;  /* of the next two */
    int64_t reading_since; /* by the monotonic clock, in ms; 0: it is not reading */
    struct found found;
    struct found seen; /* the owner's: when it looked last */
};

struct queues {
    struct queues_times times;
    struct watch *watches[CONFIG_QUEUES_MAX]; /* in the order of OIDs */
    size_t n;
    bool changed; /* since the last look */
};

static void raise_event(int fd)
{
    uint64_t one = 1;
    ssize_t done = write(fd, &one, sizeof one);

    (void)done; /* a full eventfd wakes as well */
}

/* ---- the thread ---- */

/* How long until the next reading. */
static int64_t read_once(struct watch *w)
{
    struct found found = { .state = WATCH_FAILED };
    int64_t begun_ms = monotonic_ms(), took_ms, pause_ms;

    pthread_mutex_lock(&w->lock);
    w->reading_since = begun_ms;
    pthread_mutex_unlock(&w->lock);
    if (queue_read(w->directory, &w->times.limits, w->stop_fd, found.counts, found.error))
        found.state = WATCH_READ;
    took_ms = monotonic_ms() - begun_ms;
    pthread_mutex_lock(&w->lock);
    w->reading_since = 0;
    found.number = w->found.number + 1;
    w->found = found;
    pthread_mutex_unlock(&w->lock);
    pause_ms = (found.state == WATCH_READ ? w->times.every_ms : w->times.again_ms) - took_ms;
    return pause_ms > took_ms ? pause_ms : took_ms; /* showq is to work for half of the time at most */
}

static void *watch_thread(void *context)
{
    struct watch *w = context;
    struct pollfd fds[] = { { .fd = w->stop_fd, .events = POLLIN }, { .fd = w->again_fd, .events = POLLIN } };

    while (!fds[0].revents) {
        int64_t until = monotonic_ms() + read_once(w), left;
        uint64_t count;
        ssize_t done;

        do
            left = until - monotonic_ms();
        while (poll(fds, 2, left > 0 ? (int)left : 0) < 0);
        done = read(w->again_fd, &count, sizeof count);
        (void)done; /* nothing to read: the time was over */
    }
    return NULL;
}

/* ---- watches ---- */

static void watch_free(struct watch *w)
{
    if (w->stop_fd >= 0)
        close(w->stop_fd);
    if (w->again_fd >= 0)
        close(w->again_fd);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static struct watch *watch_new(const char *directory, const struct queues_times *times)
{
    struct watch *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->times = *times;
    snprintf(w->directory, sizeof w->directory, "%s", directory);
    w->instance = config_queue_instance(w->directory);
    pthread_mutex_init(&w->lock, NULL);
    w->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    w->again_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->stop_fd >= 0 && w->again_fd >= 0 && pthread_create(&w->thread, NULL, watch_thread, w) == 0)
        return w;
    watch_free(w);
    return NULL;
}

/* Those whose threads do not end in time stay as they are, with their memory: the threads use it. */
static void end_watches(struct watch **watches, size_t n)
{
    struct timespec until;

    for (size_t i = 0; i < n; i++)
        raise_event(watches[i]->stop_fd);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += JOIN_MS / 1000;
    for (size_t i = 0; i < n; i++) {
        if (join_until(watches[i]->thread, &until) == 0) {
            watch_free(watches[i]);
        } else {
            log_message(LOG_WARNING, "the reading of the queue in %s hangs and is left behind", watches[i]->directory);
            pthread_detach(watches[i]->thread);
        }
    }
}

/* What there is to show of it now. */
static struct found look_at(struct watch *w)
{
    struct found found;
    int64_t since_ms;

    pthread_mutex_lock(&w->lock);
    found = w->found;
    since_ms = w->reading_since ? monotonic_ms() - w->reading_since : 0;
    pthread_mutex_unlock(&w->lock);
    if (since_ms > w->times.limits.whole_ms + HANG_MS) {
        found.state = WATCH_FAILED;
        snprintf(found.error, sizeof found.error,
                 "the queue in %s cannot be read: its file system, or the look-up of users and groups, hangs",
                 w->directory);
    }
    return found;
}

/* ---- all of them ---- */

struct queues *queues_new(const struct queues_times *times)
{
    struct queues *q = calloc(1, sizeof *q);

    if (q)
        q->times = times ? *times : daemons_times;
    return q;
}

void queues_free(struct queues *q)
{
    if (!q)
        return;
    end_watches(q->watches, q->n);
    free(q);
}

/* An OCTET STRING index is its length and then its octets. */
static int in_order_of_oids(const void *a, const void *b)
{
    const char *x = (*(struct watch *const *)a)->instance, *y = (*(struct watch *const *)b)->instance;
    size_t x_octets = strlen(x), y_octets = strlen(y);

    if (x_octets != y_octets)
        return x_octets < y_octets ? -1 : 1;
    return memcmp(x, y, x_octets);
}

/* Takes the one of this directory out of those that there were; NULL: there was none. */
static struct watch *take(struct watch **watches, size_t *n, const char *directory)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(watches[i]->directory, directory) == 0) {
            struct watch *w = watches[i];

            watches[i] = watches[--*n];
            return w;
        }
    return NULL;
}

bool queues_configure(struct queues *q, const struct config *config)
{
    struct watch *before[CONFIG_QUEUES_MAX];
    size_t before_n = q->n;
    bool good = true;

    memcpy(before, q->watches, sizeof before);
    q->n = 0;
    for (size_t i = 0; config->queues[i]; i++) {
        struct watch *w = take(before, &before_n, config->queues[i]);

        if (w)
            raise_event(w->again_fd);
        else
            w = watch_new(config->queues[i], &q->times);
        if (w) {
            q->watches[q->n++] = w;
        } else {
            log_message(LOG_ERR, "the queue in %s is not watched: there is no memory, descriptor or thread for it",
                        config->queues[i]);
            good = false;
        }
    }
    end_watches(before, before_n);
    qsort(q->watches, q->n, sizeof q->watches[0], in_order_of_oids);
    q->changed = true;
    return good;
}

static void tell(const struct watch *w, const struct found *now)
{
    if (now->state == WATCH_FAILED && strcmp(now->error, w->seen.error) != 0)
        log_message(LOG_WARNING, "%s", now->error);
    else if (now->state == WATCH_READ && w->seen.state == WATCH_FAILED)
        log_message(LOG_INFO, "the queue in %s is read again", w->directory);
}

bool queues_look(struct queues *q)
{
    bool changed = q->changed;

    q->changed = false;
    for (size_t i = 0; i < q->n; i++) {
        struct watch *w = q->watches[i];
        struct found now = look_at(w);

        changed = changed || now.number != w->seen.number || now.state != w->seen.state;
        tell(w, &now);
        w->seen = now;
    }
    return changed;
}

void queues_fill(const struct queues *q, struct snapshot *s)
{
    size_t failed = 0;

    s->queues_n = 0;
    s->queue_text[0] = '\0';
    s->queues_whole = q->n > 0;
    for (size_t i = 0; i < q->n; i++) {
        struct found found = look_at(q->watches[i]);
        struct snapshot_queue *queue = &s->queues[s->queues_n];

        if (found.state == WATCH_READ) {
            queue->instance_octets = (uint8_t)strlen(q->watches[i]->instance);
            memcpy(queue->instance, q->watches[i]->instance, queue->instance_octets);
            memcpy(queue->counts, found.counts, sizeof queue->counts);
            s->queues_n++;
            continue;
        }
        s->queues_whole = false;
        if (found.state == WATCH_FAILED && failed++ == 0)
            snprintf(s->queue_text, sizeof s->queue_text, "%s", found.error);
    }
}
