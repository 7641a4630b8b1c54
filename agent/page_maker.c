/* The pages, drawn every few minutes.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "page_maker.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../source/join.h"
#include "../rrd/pages.h"
#include "log.h"

#define TROUBLE_OCTETS 256

struct page_maker {
    pthread_t thread;
    pthread_mutex_t mutex; /* of the next two */
    pthread_cond_t wake;
    bool stopping;
    char trouble[TROUBLE_OCTETS];
    atomic_bool stop; /* for the thread in the middle of its work */
    char *directory, *into;
    int64_t pause_s;
    char shown[TROUBLE_OCTETS]; /* the caller's copy */
};

/* Which file is the first that cannot be written may be another each time: that is nothing new. */
static bool same_reason(const char *a, const char *b)
{
    const char *one = strrchr(a, ':'), *other = strrchr(b, ':');

    return strcmp(one ? one : a, other ? other : b) == 0;
}

static void tell(struct page_maker *m, const struct pages_report *report)
{
    char trouble[TROUBLE_OCTETS] = "";
    bool is_new;

    if (report->error[0])
        snprintf(trouble, sizeof trouble, "the pages cannot be written: %.200s", report->error);
    pthread_mutex_lock(&m->mutex);
    is_new = !same_reason(trouble, m->trouble);
    memcpy(m->trouble, trouble, sizeof m->trouble);
    pthread_mutex_unlock(&m->mutex);
    if (is_new && trouble[0])
        log_message(LOG_ERR, "%s (counting goes on)", trouble);
    else if (is_new)
        log_message(LOG_NOTICE, "the pages in %s are written again", m->into);
}

/* False when it is time to end. */
static bool wait_a_while(struct page_maker *m)
{
    struct timespec until;
    bool goes_on;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += m->pause_s;
    pthread_mutex_lock(&m->mutex);
    while (!m->stopping && pthread_cond_timedwait(&m->wake, &m->mutex, &until) != ETIMEDOUT)
        ;
    goes_on = !m->stopping;
    pthread_mutex_unlock(&m->mutex);
    return goes_on;
}

static void *maker_thread(void *context)
{
    struct page_maker *m = context;
    struct pages_report report;

    do {
        pages_write(m->directory, m->into, (int64_t)time(NULL), &m->stop, &report);
        tell(m, &report);
    } while (wait_a_while(m));
    return NULL;
}

static void release(struct page_maker *m)
{
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->mutex);
    free(m->directory);
    free(m->into);
    free(m);
}

struct page_maker *page_maker_new(const struct config *config)
{
    struct page_maker *m = calloc(1, sizeof *m);
    pthread_condattr_t monotonic;

    if (!m)
        return NULL;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    m->pause_s = config->pages_s;
    m->directory = strdup(config->rrd_directory);
    m->into = strdup(config->pages_directory);
    if (m->directory && m->into && pthread_create(&m->thread, NULL, maker_thread, m) == 0)
        return m;
    release(m);
    return NULL;
}

bool page_maker_free(struct page_maker *m, int64_t wait_ms)
{
    struct timespec until;

    if (!m)
        return true;
    atomic_store(&m->stop, true);
    pthread_mutex_lock(&m->mutex);
    m->stopping = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->mutex);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    if (join_until(m->thread, &until) != 0)
        return false;
    release(m);
    return true;
}

const char *page_maker_trouble(struct page_maker *m)
{
    pthread_mutex_lock(&m->mutex);
    memcpy(m->shown, m->trouble, sizeof m->shown);
    pthread_mutex_unlock(&m->mutex);
    return m->shown;
}
