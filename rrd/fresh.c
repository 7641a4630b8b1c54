/* New files in memory.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fresh.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "directory_inside.h"
#include "rows.h"

/* An update costs 10 us a minute and file, a file that is written whole 4 ms. */
#define LONG_S (10 * 3600)

struct fresh {
    enum fresh_way way;
    struct rows *(*rows)[RRD_KINDS]; /* of each host; NULL: that file is not ours */
    const char **names;              /* of each host; the tallies' own */
    bool *looked;                    /* at each host */
    bool *left_out;                  /* likewise */
    uint32_t hosts_n, full;          /* in memory, and how many of them may be; the sum is one */
    uint32_t left_out_n;
    int64_t upto;             /* of the batch before; 0: there was none */
    uint8_t kinds[RRD_SLOTS]; /* of each slot */
};

struct fresh *fresh_new(enum fresh_way way)
{
    struct fresh *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->way = way;
    f->full = FRESH_HOSTS + 1;
    f->rows = calloc(RRD_HOSTS_MAX, sizeof *f->rows);
    f->names = calloc(RRD_HOSTS_MAX, sizeof *f->names);
    f->looked = calloc(RRD_HOSTS_MAX, sizeof *f->looked);
    f->left_out = calloc(RRD_HOSTS_MAX, sizeof *f->left_out);
    for (unsigned slot = 0; slot < RRD_SLOTS; slot++)
        f->kinds[slot] = (uint8_t)rrd_slot_kind(slot);
    if (f->rows && f->names && f->looked && f->left_out)
        return f;
    fresh_free(f);
    return NULL;
}

static void drop(struct fresh *f, unsigned host, unsigned kind)
{
    rows_free(f->rows[host][kind]);
    f->rows[host][kind] = NULL;
}

void fresh_free(struct fresh *f)
{
    if (!f)
        return;
    for (unsigned host = 0; f->rows && host < RRD_HOSTS_MAX; host++)
        for (unsigned kind = 0; kind < RRD_KINDS; kind++)
            drop(f, host, kind);
    free(f->rows);
    free(f->names);
    free(f->looked);
    free(f->left_out);
    free(f);
}

bool fresh_has(const struct fresh *f, unsigned host, enum rrd_kind kind)
{
    return f && (f->rows[host][kind] || f->left_out[host]);
}

uint32_t fresh_left_out(const struct fresh *f)
{
    return f->left_out_n;
}

bool fresh_is_over(const struct fresh *f, const struct rrd_batch *batch)
{
    return f->way == FRESH_EACH_BATCH && batch->upto - (f->upto ? f->upto : batch->known_from) < LONG_S;
}

/* ---- making ---- */

/* Stamps that only a wrong clock writes: the other way tells them. */
static bool is_odd(int64_t first)
{
    return first < DIRECTORY_SPAN_S || first - RRD_STEP_S > (int64_t)time(NULL) + DIRECTORY_AHEAD_S;
}

/* A host's files begin with its first minute, also those that an import which was killed did not come to; those of the
 * sum with all that is known. What was closed before the state was loaded may be older than the first event since. */
static int64_t beginning(const struct rrd_batch *batch, unsigned host, const struct rrd_entry *e)
{
    int64_t first = batch->firsts[host] ? batch->firsts[host] : batch->upto;

    if (host == 0)
        return batch->known_from;
    return e && (int64_t)e->minute * RRD_STEP_S < first ? (int64_t)e->minute * RRD_STEP_S : first;
}

/* Where the host's file of this kind would be, when it is not there yet. */
static bool is_missing(const struct fresh *f, struct rrd_directory *d, unsigned host, enum rrd_kind kind)
{
    char path[PATH_MAX], why[RRD_ERROR_OCTETS];
    int64_t last;

    return d->last[host][kind] == 0 && rrd_path(path, sizeof path, d->path, f->names[host], kind) &&
           directory_look(d, path, kind, &last, why) == RRD_FILE_MISSING;
}

/* e: its first entry; NULL: it has none in this batch. */
static bool look_at(struct fresh *f, struct rrd_directory *d, const struct rrd_batch *batch, unsigned host,
                    const struct rrd_entry *e)
{
    const unsigned kinds = host ? RRD_HOST_KINDS : RRD_KINDS;
    const int64_t first = beginning(batch, host, e);
    const bool is_full = f->hosts_n == f->full;
    bool is_ours = false;

    f->looked[host] = true;
    f->names[host] = host ? batch->hosts[host]->name : NULL;
    if ((is_full && f->way != FRESH_AT_END_OR_LEFT_OUT) || is_odd(first))
        return true;
    for (unsigned kind = 0; kind < kinds; kind++) {
        if (!is_missing(f, d, host, (enum rrd_kind)kind))
            continue;
        is_ours = true;
        if (is_full)
            break;
        f->rows[host][kind] = rows_new((enum rrd_kind)kind, first);
        if (!f->rows[host][kind])
            return false;
    }
    f->left_out[host] = is_full && is_ours;
    f->left_out_n += f->left_out[host];
    f->hosts_n += is_ours && !is_full;
    return true;
}

/* The entries of a file in memory come in the order of their minutes. False without memory. */
static bool take_entry(const struct fresh *f, const struct rrd_entry *e)
{
    const enum rrd_kind kind = (enum rrd_kind)f->kinds[e->slot];
    const int64_t minute = (int64_t)e->minute * RRD_STEP_S;
    struct rows *rows = f->rows[e->host][kind];

    return !rows || minute <= rows_upto(rows) || rows_add(rows, e->slot - rrd_kind_first(kind), minute, e->value);
}

/* Every host has its files, whether anything happened or not; and every minute is told. */
static bool end_batch(struct fresh *f, struct rrd_directory *d, const struct rrd_batch *batch)
{
    for (unsigned host = 0; host < batch->hosts_n; host++) {
        if (!f->looked[host] && !look_at(f, d, batch, host, NULL))
            return false;
        for (unsigned kind = 0; kind < RRD_KINDS; kind++)
            if (f->rows[host][kind])
                rows_end(f->rows[host][kind], batch->upto);
    }
    f->upto = batch->upto;
    return true;
}

/* ---- writing ---- */

static bool write_one(const struct fresh *f, struct rrd_directory *d, unsigned host, enum rrd_kind kind,
                      struct rrd_report *report)
{
    const struct rows *rows = f->rows[host][kind];
    const enum rrd_restore how = f->way != FRESH_EACH_BATCH ? RESTORE_NEW
                                 : d->last[host][kind]      ? RESTORE_REPLACING
                                                            : RESTORE_NEW_SYNCED;
    char path[PATH_MAX], error[RRD_ERROR_OCTETS] = "";

    if (!rrd_path(path, sizeof path, d->path, f->names[host], kind) || !directory_has_room(d, report))
        return false;
    if (directory_make_parents(d, path, error) && rrd_file_restore(path, rows, how, error)) {
        report->files++;
        report->updates++;
        report->minutes += rows_minutes(rows);
        return true;
    }
    directory_tell(report, path, error);
    return false;
}

/* At once for all: much sooner done than one by one. */
static void sync_all(const struct rrd_directory *d)
{
    int fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    syncfs(fd);
    close(fd);
}

void fresh_write(struct fresh *f, struct rrd_directory *d, struct rrd_report *report)
{
    *report = (struct rrd_report){ 0 };
    for (unsigned host = 0; host < RRD_HOSTS_MAX; host++)
        for (unsigned kind = 0; kind < RRD_KINDS; kind++)
            if (f->rows[host][kind]) {
                write_one(f, d, host, (enum rrd_kind)kind, report);
                drop(f, host, kind);
            }
    sync_all(d);
    f->hosts_n = 0;
    memset(f->looked, 0, RRD_HOSTS_MAX * sizeof *f->looked);
}

/* ---- batch by batch ---- */

/* What is not as the batch before left it goes the usual way: somebody else wrote to the file, or a batch was given up.
 */
static void check_files(struct fresh *f, struct rrd_directory *d, const struct rrd_batch *batch)
{
    char path[PATH_MAX];

    for (unsigned host = 0; host < batch->hosts_n; host++)
        for (unsigned kind = 0; kind < RRD_KINDS; kind++) {
            const struct rows *rows = f->rows[host][kind];

            if (!rows || (batch->known_from <= rows_upto(rows) + RRD_STEP_S &&
                          rrd_path(path, sizeof path, d->path, f->names[host], (enum rrd_kind)kind) &&
                          rrd_file_last(path) == rows_upto(rows)))
                continue;
            drop(f, host, kind);
            d->last[host][kind] = 0;
        }
}

/* What cannot be written as a whole is no file of ours any more; the usual way tells what is wrong with it. */
static bool write_batch(struct fresh *f, struct rrd_directory *d, const struct rrd_batch *batch,
                        const atomic_bool *stop, struct rrd_report *report)
{
    for (unsigned host = 0; host < batch->hosts_n; host++)
        for (unsigned kind = 0; kind < RRD_KINDS; kind++) {
            struct rrd_report before = *report;

            if (!f->rows[host][kind])
                continue;
            if (stop && atomic_load(stop))
                return false;
            if (write_one(f, d, host, (enum rrd_kind)kind, report)) {
                d->last[host][kind] = batch->upto;
                continue;
            }
            *report = before;
            drop(f, host, kind);
            d->last[host][kind] = 0;
        }
    return true;
}

bool fresh_take(struct fresh *f, struct rrd_directory *d, const struct rrd_batch *batch, const atomic_bool *stop,
                struct rrd_entry *rest, size_t *rest_n, struct rrd_report *report)
{
    bool good;

    *rest_n = 0;
    if (f->way == FRESH_EACH_BATCH)
        check_files(f, d, batch);
    good = f->looked[0] || look_at(f, d, batch, 0, NULL);
    for (size_t i = 0; good && i < batch->n; i++) {
        const struct rrd_entry *e = &batch->entries[i];

        good = (f->looked[e->host] || look_at(f, d, batch, e->host, e)) && take_entry(f, e);
    }
    good = good && end_batch(f, d, batch) && (f->way != FRESH_EACH_BATCH || write_batch(f, d, batch, stop, report));
    for (size_t i = 0; good && i < batch->n; i++)
        if (!fresh_has(f, batch->entries[i].host, (enum rrd_kind)f->kinds[batch->entries[i].slot]))
            rest[(*rest_n)++] = batch->entries[i];
    return good;
}
