/* The RRD files of a directory.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "directory.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cached.h"
#include "directory_inside.h"
#include "fresh.h"
#include "undo.h"

#define VALUES_OCTETS (256 * 1024) /* of one update */
#define VALUES_MAX    8192
#define LINE_OCTETS   (24 + RRD_SOURCES * 21)

struct rrd_directory *rrd_directory_new(const char *path, const char *rrdcached, bool careful)
{
    struct rrd_directory *d = calloc(1, sizeof *d);
    bool good;

    if (!d)
        return NULL;
    d->path = strdup(path);
    d->last = calloc(RRD_HOSTS_MAX, sizeof *d->last);
    d->values = malloc(VALUES_OCTETS);
    d->list = malloc(VALUES_MAX * sizeof *d->list);
    d->cached = rrdcached ? cached_new(rrdcached) : NULL;
    /* rrdcached goes on when we are killed: what it was told whole it does. */
    d->undo = careful && !rrdcached ? undo_new(path) : NULL;
    good =
        d->path && d->last && d->values && d->list && (!rrdcached || d->cached) && (!careful || rrdcached || d->undo);
    if (good)
        return d;
    rrd_directory_free(d);
    return NULL;
}

void rrd_directory_free(struct rrd_directory *d)
{
    if (!d)
        return;
    cached_free(d->cached);
    undo_free(d->undo);
    fresh_free(d->fresh);
    free(d->path);
    free(d->last);
    free(d->values);
    free(d->list);
    free(d);
}

void rrd_directory_recover(struct rrd_directory *d)
{
    struct undo *undo = d->undo ? d->undo : undo_new(d->path);

    if (undo)
        undo_recover(undo);
    if (!d->undo)
        undo_free(undo);
}

bool rrd_directory_begin_fresh(struct rrd_directory *d, bool at_end, bool leaves_out)
{
    if (!d->fresh)
        d->fresh = fresh_new(!at_end ? FRESH_EACH_BATCH : leaves_out ? FRESH_AT_END_OR_LEFT_OUT : FRESH_AT_END);
    return d->fresh != NULL;
}

uint32_t rrd_directory_left_out(const struct rrd_directory *d)
{
    return d->fresh ? fresh_left_out(d->fresh) : 0;
}

void rrd_directory_finish(struct rrd_directory *d, struct rrd_report *report)
{
    *report = (struct rrd_report){ 0 };
    if (d->fresh)
        fresh_write(d->fresh, d, report);
}

enum rrd_file_state directory_look(struct rrd_directory *d, const char *path, enum rrd_kind kind, int64_t *last,
                                   char *error)
{
    enum rrd_file_state state;
    bool as_ours;

    if (d->cached && access(path, F_OK) == 0)
        cached_flush(d->cached, path);
    state = rrd_file_look(path, kind, last, &as_ours, error);
    if (state == RRD_FILE_GOOD && d->cached && !as_ours) {
        snprintf(error, RRD_ERROR_OCTETS,
                 "it has other data sources besides ours, or another order of them, which "
                 "rrdcached cannot be told: write it without rrdcached");
        return RRD_FILE_BAD;
    }
    return state;
}

/* ---- one update ---- */

static char *put_number(char *p, uint64_t number)
{
    char digits[20];
    int n = 0;

    do
        digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (n > 0)
        *p++ = digits[--n];
    return p;
}

static bool send_update(struct rrd_directory *d, const struct directory_target *t, int64_t upto)
{
    bool good;

    if (d->n == 0)
        return true;
    if (d->undo && !undo_begin(d->undo, t->path, upto)) {
        snprintf(t->error, RRD_ERROR_OCTETS, "its copy %s/.undo cannot be made: %s", d->path, strerror(errno));
        good = false;
    } else if (d->cached) {
        good = cached_update(d->cached, t->path, d->list, d->n, t->error);
    } else {
        good = rrd_file_update(t->path, t->kind, d->list, d->n, t->error);
    }
    if (d->undo)
        undo_end(d->undo);
    if (good) {
        *t->last = upto;
        t->report->updates++;
        t->report->minutes += (uint64_t)d->n;
    }
    d->n = 0;
    d->octets = 0;
    return good;
}

static char *begin_line(struct rrd_directory *d, int64_t minute)
{
    char *p = d->values + d->octets;

    d->list[d->n++] = p;
    return put_number(p, (uint64_t)minute);
}

static void end_line(struct rrd_directory *d, char *p)
{
    *p++ = '\0';
    d->octets = (size_t)(p - d->values);
}

static bool is_full(const struct rrd_directory *d)
{
    size_t most = d->cached ? CACHED_VALUES_OCTETS : VALUES_OCTETS;

    return d->n == VALUES_MAX || d->octets + LINE_OCTETS > most;
}

/* All values of one minute: those of `entries` that belong to it, which are passed, and 0. */
static size_t put_minute(struct rrd_directory *d, const struct directory_target *t, int64_t minute,
                         const struct directory_entry *entries, size_t n)
{
    const uint64_t stamp = (uint64_t)(minute / RRD_STEP_S);
    const unsigned first = rrd_kind_first(t->kind), sources = rrd_kind_sources(t->kind);
    char *p = begin_line(d, minute);
    size_t taken = 0;

    for (unsigned i = 0; i < sources; i++) {
        uint64_t value = 0;

        while (taken < n && (entries[taken].key >> 8 & UINT32_MAX) == stamp && (entries[taken].key & 255) == first + i)
            value += entries[taken++].value;
        *p++ = ':';
        p = put_number(p, value);
    }
    end_line(d, p);
    return taken;
}

static void put_unknown(struct rrd_directory *d, const struct directory_target *t, int64_t minute)
{
    char *p = begin_line(d, minute);

    for (unsigned i = 0; i < rrd_kind_sources(t->kind); i++) {
        *p++ = ':';
        *p++ = 'U';
    }
    end_line(d, p);
}

/* From the file's last update to the end of the batch. */
static bool fill(struct rrd_directory *d, const struct directory_target *t, const struct rrd_batch *batch,
                 const struct directory_entry *entries, size_t n)
{
    int64_t known_from = batch->known_from, minute = *t->last + RRD_STEP_S - *t->last % RRD_STEP_S;

    if (known_from < batch->upto - DIRECTORY_SPAN_S)
        known_from = batch->upto - DIRECTORY_SPAN_S;
    if (minute < known_from) {
        put_unknown(d, t, known_from - RRD_STEP_S);
        minute = known_from;
    }
    for (; n > 0 && (int64_t)(entries->key >> 8 & UINT32_MAX) * RRD_STEP_S < minute; n--)
        entries++; /* the file has them */
    for (; minute <= batch->upto; minute += RRD_STEP_S) {
        size_t taken = put_minute(d, t, minute, entries, n);

        entries += taken;
        n -= taken;
        if (is_full(d) && !send_update(d, t, minute))
            return false;
    }
    return send_update(d, t, minute - RRD_STEP_S);
}

/* ---- one file ---- */

bool directory_make_parents(struct rrd_directory *d, const char *path, char *error)
{
    char parent[PATH_MAX];

    for (const char *p = path + strlen(d->path) + 1; (p = strchr(p, '/')) != NULL; p++) {
        snprintf(parent, sizeof parent, "%.*s", (int)(p - path), path);
        if (mkdir(parent, 0755) == 0) {
            if (chmod(parent, 0755) == 0)
                rrd_file_give_away(parent);
        } else if (errno != EEXIST) {
            snprintf(error, RRD_ERROR_OCTETS, "its directory cannot be made: %s", strerror(errno));
            return false;
        }
    }
    return true;
}

/* The file's last update, from the file itself when it is not known; a new file when there is none. */
static bool open_file(struct rrd_directory *d, const struct directory_target *t, int64_t first)
{
    if (*t->last)
        return true;
    switch (directory_look(d, t->path, t->kind, t->last, t->error)) {
    case RRD_FILE_GOOD:
        break;
    case RRD_FILE_MISSING:
        if (!directory_make_parents(d, t->path, t->error) ||
            !rrd_file_create(t->path, t->kind, first - RRD_STEP_S, t->error))
            return false;
        *t->last = first - RRD_STEP_S;
        break;
    case RRD_FILE_BAD:
        *t->last = 0;
        return false;
    }
    if (*t->last > (int64_t)time(NULL) + DIRECTORY_AHEAD_S) {
        snprintf(t->error, RRD_ERROR_OCTETS,
                 "its last update is %lld minutes in the future: it takes nothing until then; move it away or restore "
                 "it from \"rrdtool dump\"",
                 (long long)((*t->last - (int64_t)time(NULL)) / 60));
        *t->last = 0;
        return false;
    }
    return true;
}

bool directory_write_file(struct rrd_directory *d, const struct directory_target *t, const struct rrd_batch *batch,
                          int64_t first, const struct directory_entry *entries, size_t n)
{
    bool was_known = *t->last != 0;

    d->n = 0;
    d->octets = 0;
    if (!open_file(d, t, first))
        return false;
    if (fill(d, t, batch, entries, n))
        return true;
    *t->last = 0; /* what is in the file is looked up the next time */
    return was_known && open_file(d, t, first) && fill(d, t, batch, entries, n);
}
