/* A lane as others see it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "join.h"
#include "lane_inside.h"

#define LANE_STACK_OCTETS (256 * 1024)

void lane_free(struct lane *lane)
{
    for (size_t i = 0; i < lane->rows_n; i++) {
        store_free(&lane->rows[i]->part);
        free(lane->rows[i]->path);
        free(lane->rows[i]);
    }
    for (size_t i = 0; i < lane->patterns_n; i++) {
        lane_free_paths(lane->patterns[i]->paths, lane->patterns[i]->paths_n);
        free(lane->patterns[i]->text);
        free(lane->patterns[i]);
    }
    for (size_t i = 0; i < LANE_BLOCKS; i++) {
        free(lane->blocks[i].text);
        store_free(&lane->blocks[i].part);
    }
    source_set_free(lane->set);
    if (lane->wake_fd >= 0)
        close(lane->wake_fd);
    pthread_cond_destroy(&lane->news);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}

/* With all signals blocked: they are for the threads that wait for them. */
static bool begin(struct lane *lane)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    bool begun;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, LANE_STACK_OCTETS);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    begun = pthread_create(&lane->thread, &attributes, lane_thread, lane) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return begun;
}

struct lane *lane_new(struct identities *identities, int64_t quiet_ms, int wake_fd)
{
    struct lane *lane = calloc(1, sizeof *lane);
    pthread_condattr_t clock;
    bool whole = true;

    if (!lane)
        return NULL;
    pthread_mutex_init(&lane->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&lane->news, &clock);
    pthread_condattr_destroy(&clock);
    lane->wake_fd = fcntl(wake_fd, F_DUPFD_CLOEXEC, 0);
    for (size_t i = 0; i < LANE_BLOCKS; i++) {
        lane->blocks[i].text = malloc(LANE_BLOCK_OCTETS);
        whole = whole && lane->blocks[i].text;
        lane->blocks[i].next = lane->unused;
        lane->unused = &lane->blocks[i];
    }
    lane->set = source_set_new_part(identities);
    if (lane->set) {
        lane->set->quiet_ms = quiet_ms;
        lane->set->beat = &lane->busy_since;
    }
    if (whole && lane->set && begin(lane))
        return lane;
    lane_free(lane);
    return NULL;
}

void lane_tell_to_end(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    lane->ending = true;
    pthread_cond_signal(&lane->news);
    pthread_mutex_unlock(&lane->lock);
}

void lane_end(struct lane *lane, int64_t deadline_ms)
{
    struct timespec until;
    int64_t left = deadline_ms - source_clock_ms();
    bool ended;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (left > 0 ? left : 0) % 1000 * 1000000;
    until.tv_sec += (left > 0 ? left : 0) / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (join_until(lane->thread, &until) == 0) {
        lane_free(lane);
        return;
    }
    pthread_mutex_lock(&lane->lock);
    ended = lane->ended;
    lane->left_alone = !ended;
    if (!ended)
        pthread_detach(lane->thread);
    pthread_mutex_unlock(&lane->lock);
    if (!ended)
        return;
    pthread_join(lane->thread, NULL);
    lane_free(lane);
}

int lane_add(struct lane *lane, enum source_type type, const char *path, struct span part)
{
    struct lane_row *row = calloc(1, sizeof *row);
    int number;

    if (!row)
        return -1;
    row->type = type;
    row->path = strdup(path);
    row->view.state = SOURCE_OK;
    if (part.n)
        store_more(&row->part, part);
    if (!row->path || row->part.failed || lane->rows_n == SOURCES_CAP) {
        store_free(&row->part);
        free(row->path);
        free(row);
        return -1;
    }
    pthread_mutex_lock(&lane->lock);
    number = (int)lane->rows_n;
    lane->rows[lane->rows_n++] = row;
    pthread_cond_signal(&lane->news);
    pthread_mutex_unlock(&lane->lock);
    return number;
}

int lane_add_pattern(struct lane *lane, const char *text)
{
    struct lane_pattern *pattern = calloc(1, sizeof *pattern);
    int number;

    if (!pattern)
        return -1;
    pattern->text = strdup(text);
    if (!pattern->text || lane->patterns_n == LANE_PATTERNS_MAX) {
        free(pattern->text);
        free(pattern);
        return -1;
    }
    pthread_mutex_lock(&lane->lock);
    number = (int)lane->patterns_n;
    lane->patterns[lane->patterns_n++] = pattern;
    pthread_cond_signal(&lane->news);
    pthread_mutex_unlock(&lane->lock);
    return number;
}

int64_t lane_busy_since(struct lane *lane)
{
    return atomic_load(&lane->busy_since);
}

void lane_look(struct lane *lane, int row, struct lane_view *view)
{
    pthread_mutex_lock(&lane->lock);
    *view = lane->rows[row]->view;
    for (const struct lane_block *block = lane->first; block; block = block->next)
        if (block->row == (size_t)row)
            view->behind_octets += block->n;
    pthread_mutex_unlock(&lane->lock);
}

bool lane_has_block(struct lane *lane, int row)
{
    bool has = false;

    pthread_mutex_lock(&lane->lock);
    for (const struct lane_block *block = lane->first; block && !has; block = block->next)
        has = block->row == (size_t)row;
    pthread_mutex_unlock(&lane->lock);
    return has;
}

struct lane_block *lane_take(struct lane *lane, int row)
{
    struct lane_block **place, *block;

    pthread_mutex_lock(&lane->lock);
    for (place = &lane->first; *place && (*place)->row != (size_t)row; place = &(*place)->next)
        ;
    block = *place;
    if (block)
        *place = block->next;
    pthread_mutex_unlock(&lane->lock);
    return block;
}

void lane_give_back(struct lane *lane, struct lane_block *block)
{
    pthread_mutex_lock(&lane->lock);
    block->next = lane->unused;
    lane->unused = block;
    pthread_cond_signal(&lane->news);
    pthread_mutex_unlock(&lane->lock);
}

bool lane_each_path(struct lane *lane, int number, void (*each)(void *context, const char *path), void *context)
{
    struct lane_pattern *pattern = lane->patterns[number];
    char **paths;
    size_t n = 0;
    bool expanded;

    /* Copied, so that `each` may add sources here. */
    pthread_mutex_lock(&lane->lock);
    paths = calloc(pattern->paths_n + 1, sizeof(char *));
    for (; paths && n < pattern->paths_n; n++)
        paths[n] = strdup(pattern->paths[n]);
    expanded = pattern->expanded;
    pthread_mutex_unlock(&lane->lock);
    for (size_t i = 0; i < n; i++)
        if (paths[i])
            each(context, paths[i]);
    lane_free_paths(paths, n);
    return expanded;
}
