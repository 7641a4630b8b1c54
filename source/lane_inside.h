/* Inside a lane: what lane.c, which others call, and lane_thread.c, which hangs, share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_LANE_INSIDE_H
#define MAILTALLY_LANE_INSIDE_H

#include <pthread.h>

#include "lane.h"

#define LANE_PATTERNS_MAX 256

struct lane_row {
    enum source_type type;
    char *path;
    struct store part;     /* what it begins with; then what was handed over last: the thread's own */
    struct source *source; /* the thread's own; NULL: not made yet, or there was no memory */
    struct lane_view view;
};

struct lane_pattern {
    char *text;
    char **paths;
    size_t paths_n;
    bool expanded;
};

struct lane {
    pthread_t thread;
    pthread_mutex_t lock; /* of all but what is said to be the thread's own; never held while a file is touched */
    pthread_cond_t news;  /* for the thread */
    _Atomic int64_t busy_since;
    int wake_fd;
    bool ending, ended, left_alone;
    struct lane_row *rows[SOURCES_CAP]; /* a row, once there, stays */
    struct lane_pattern *patterns[LANE_PATTERNS_MAX];
    size_t rows_n, patterns_n;
    struct lane_block blocks[LANE_BLOCKS], *unused, *first;

    /* The thread's own. */
    struct source_set *set;
    size_t row_of[SOURCES_CAP]; /* by the index in the set */
    struct lane_block *filling;
    int64_t globbed_ms;
};

void *lane_thread(void *lane);
void lane_free(struct lane *lane);
void lane_free_paths(char **paths, size_t n);

#endif
