/* The thread of a lane: reads, and may hang in it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <glob.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lane_inside.h"

#define LANE_TURN_MS 1000 /* network file systems tell no news */

/* ---- the thread: lines into a block ---- */

static void put(struct lane_block *block, struct span line)
{
    if (block->n + line.n >= LANE_BLOCK_OCTETS)
        return; /* cannot be: there is room for one block that is read, and a rest */
    memcpy(block->text + block->n, line.p, line.n);
    block->text[block->n + line.n] = '\n';
    block->n += line.n + 1;
}

static void take_line(void *context, size_t source, struct span line)
{
    struct lane *lane = context;

    (void)source;
    put(lane->filling, line);
}

static void take_overlong(void *context, size_t source)
{
    struct lane_block *block = ((struct lane *)context)->filling;

    (void)source;
    if (block->overlong_n < LANE_OVERLONG)
        block->overlong[block->overlong_n++] = block->n;
}

/* ---- the thread: handing over ---- */

static void wake(const struct lane *lane)
{
    uint64_t one = 1;
    ssize_t done = write(lane->wake_fd, &one, sizeof one);

    (void)done; /* a full eventfd wakes as well */
}

/* With the lock held. True when it is another one than before. */
static bool view(struct lane_row *row)
{
    const struct source *source = row->source;
    struct lane_view now;

    memset(&now, 0, sizeof now);
    now.looked = true;
    now.state = source->state;
    now.behind_octets = source->behind_octets;
    now.rotations = source->rotations;
    now.errors = source->errors;
    strcpy(now.last_error, source->last_error);
    if (memcmp(&now, &row->view, sizeof now) == 0)
        return false;
    memcpy(&row->view, &now, sizeof now);
    return true;
}

/* An empty block, when there is one; NULL: the others have not taken the last ones, or the lane ends. */
static struct lane_block *next_unused(struct lane *lane)
{
    struct lane_block *block;

    pthread_mutex_lock(&lane->lock);
    while (!lane->unused && !lane->ending)
        pthread_cond_wait(&lane->news, &lane->lock);
    block = lane->ending ? NULL : lane->unused;
    if (block)
        lane->unused = block->next;
    pthread_mutex_unlock(&lane->lock);
    if (block) {
        block->next = NULL;
        block->n = block->overlong_n = 0;
    }
    return block;
}

static void put_back(struct lane *lane, struct lane_block *block)
{
    pthread_mutex_lock(&lane->lock);
    block->next = lane->unused;
    lane->unused = block;
    pthread_mutex_unlock(&lane->lock);
}

static void hand_over(struct lane *lane, struct lane_block *block, size_t row_number)
{
    struct lane_row *row = lane->rows[row_number];
    struct lane_block **end = &lane->first;

    block->row = row_number;
    block->part.n = 0;
    saved_write(row->source, &block->part);
    row->part.n = 0;
    saved_write(row->source, &row->part);
    pthread_mutex_lock(&lane->lock);
    (void)view(row);
    while (*end)
        end = &(*end)->next;
    *end = block;
    pthread_mutex_unlock(&lane->lock);
    wake(lane);
}

/* False: the lane ends. */
static bool read_all(struct lane *lane)
{
    const struct source_lines lines = { take_line, take_overlong, lane };
    size_t index;

    for (;;) {
        lane->filling = next_unused(lane);
        if (!lane->filling)
            return false;
        if (turns_read_one(lane->set, READER_BUFFER_OCTETS, &lines, &index) == 0)
            break;
        atomic_store(&lane->busy_since, 0);
        hand_over(lane, lane->filling, lane->row_of[index]);
    }
    atomic_store(&lane->busy_since, 0);
    put_back(lane, lane->filling);
    return true;
}

/* A position that changed without a line (a file was finished, another one was found) is handed over, too. */
static bool tell_changes(struct lane *lane)
{
    struct store part = { 0 };
    bool ending = false, changed = false;

    for (size_t i = 0; i < lane->set->sources_n && !ending; i++) {
        struct lane_row *row = lane->rows[lane->row_of[i]];
        struct lane_block *block;

        pthread_mutex_lock(&lane->lock);
        changed = view(row) || changed;
        pthread_mutex_unlock(&lane->lock);
        part.n = 0;
        saved_write(row->source, &part);
        if (part.n == row->part.n && memcmp(part.octets, row->part.octets, part.n) == 0)
            continue;
        block = next_unused(lane);
        ending = !block;
        if (block)
            hand_over(lane, block, lane->row_of[i]);
    }
    store_free(&part);
    if (changed)
        wake(lane);
    return !ending;
}

/* ---- the thread: what it is asked for ---- */

static void add_source(struct lane *lane, size_t number)
{
    struct lane_row *row = lane->rows[number];
    size_t n = lane->set->sources_n;
    bool added = row->type == SOURCE_DIRECTORY ? source_set_add_directory(lane->set, row->path, NULL)
                                               : source_set_add_file(lane->set, row->path, NULL);

    if (!added) {
        pthread_mutex_lock(&lane->lock);
        row->view = (struct lane_view){ .looked = true, .state = SOURCE_FAILED, .last_error = "there is no memory" };
        pthread_mutex_unlock(&lane->lock);
        return;
    }
    lane->row_of[n] = number;
    row->source = lane->set->sources[n];
    if (row->part.n)
        saved_read(row->source, (struct span){ (const char *)row->part.octets, row->part.n });
}

void lane_free_paths(char **paths, size_t n)
{
    while (n)
        free(paths[--n]);
    free(paths);
}

static void expand(struct lane *lane, struct lane_pattern *pattern)
{
    glob_t found = { 0 };
    char **paths;
    size_t n = 0;

    atomic_store(&lane->busy_since, source_clock_ms());
    if (glob(pattern->text, 0, NULL, &found) != 0)
        found.gl_pathc = 0;
    atomic_store(&lane->busy_since, 0);
    paths = calloc(found.gl_pathc + 1, sizeof(char *));
    for (; paths && n < found.gl_pathc; n++) {
        paths[n] = strdup(found.gl_pathv[n]);
        if (!paths[n])
            break;
    }
    globfree(&found);
    pthread_mutex_lock(&lane->lock);
    lane_free_paths(pattern->paths, pattern->paths_n);
    pattern->paths = paths;
    pattern->paths_n = n;
    pattern->expanded = true;
    pthread_mutex_unlock(&lane->lock);
    wake(lane);
}

static void expand_all(struct lane *lane, size_t *done, size_t n)
{
    int64_t now = source_clock_ms();

    if (now - lane->globbed_ms >= LANE_GLOB_MS) {
        lane->globbed_ms = now;
        *done = 0;
    }
    for (; *done < n; ++*done) {
        struct lane_pattern *pattern;

        pthread_mutex_lock(&lane->lock);
        pattern = lane->patterns[*done];
        pthread_mutex_unlock(&lane->lock);
        expand(lane, pattern);
    }
}

/* Until there is something to do, or it is time to look again. */
static bool wait_for_orders(struct lane *lane, size_t rows_done, size_t patterns_done)
{
    struct timespec until;
    bool ending;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (lane->set->quiet_ms < LANE_TURN_MS ? lane->set->quiet_ms : LANE_TURN_MS) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&lane->lock);
    while (!lane->ending && lane->rows_n == rows_done && lane->patterns_n == patterns_done)
        if (pthread_cond_timedwait(&lane->news, &lane->lock, &until) != 0)
            break;
    ending = lane->ending;
    pthread_mutex_unlock(&lane->lock);
    return !ending;
}

void *lane_thread(void *context)
{
    struct lane *lane = context;
    size_t rows_done = 0, patterns_done = 0, rows_n, patterns_n;
    bool left_alone;

    do {
        pthread_mutex_lock(&lane->lock);
        rows_n = lane->rows_n;
        patterns_n = lane->patterns_n;
        pthread_mutex_unlock(&lane->lock);
        while (rows_done < rows_n)
            add_source(lane, rows_done++);
        expand_all(lane, &patterns_done, patterns_n);
        turns_look_again(lane->set);
    } while (read_all(lane) && tell_changes(lane) && wait_for_orders(lane, rows_done, patterns_done));
    pthread_mutex_lock(&lane->lock);
    lane->ended = true;
    left_alone = lane->left_alone;
    pthread_mutex_unlock(&lane->lock);
    if (left_alone)
        lane_free(lane);
    return NULL;
}
