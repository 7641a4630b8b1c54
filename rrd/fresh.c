/* New files in memory.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fresh.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "directory_inside.h"
#include "rows.h"

struct fresh {
    struct rows *(*rows)[RRD_KINDS]; /* of each host; NULL: that file is not ours */
    const char **names;              /* of each host; the tallies' own */
    bool *looked;                    /* at each host */
    uint32_t hosts_n, full;          /* in memory, and how many of them may be; the sum is one */
    uint8_t kinds[RRD_SLOTS];        /* of each slot */
};

struct fresh *fresh_new(void)
{
    struct fresh *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->full = FRESH_HOSTS + 1;
    f->rows = calloc(RRD_HOSTS_MAX, sizeof *f->rows);
    f->names = calloc(RRD_HOSTS_MAX, sizeof *f->names);
    f->looked = calloc(RRD_HOSTS_MAX, sizeof *f->looked);
    for (unsigned slot = 0; slot < RRD_SLOTS; slot++)
        f->kinds[slot] = (uint8_t)rrd_slot_kind(slot);
    if (f->rows && f->names && f->looked)
        return f;
    fresh_free(f);
    return NULL;
}

void fresh_free(struct fresh *f)
{
    if (!f)
        return;
    for (unsigned host = 0; f->rows && host < RRD_HOSTS_MAX; host++)
        for (unsigned kind = 0; kind < RRD_KINDS; kind++)
            rows_free(f->rows[host][kind]);
    free(f->rows);
    free(f->names);
    free(f->looked);
    free(f);
}

bool fresh_has(const struct fresh *f, unsigned host, enum rrd_kind kind)
{
    return f && f->rows[host][kind];
}

/* ---- making ---- */

/* Stamps that only a wrong clock writes: the other way tells them. */
static bool is_odd(int64_t first)
{
    return first < DIRECTORY_SPAN_S || first - RRD_STEP_S > (int64_t)time(NULL) + DIRECTORY_AHEAD_S;
}

/* A host's files begin with its first minute, also those that an import which was killed did not come to; those of the
 * sum with all that is known. */
static int64_t beginning(const struct rrd_batch *batch, unsigned host)
{
    return host == 0 ? batch->known_from : batch->firsts[host] ? batch->firsts[host] : batch->upto;
}

static bool look_at(struct fresh *f, struct rrd_directory *d, const struct rrd_batch *batch, unsigned host)
{
    const unsigned kinds = host ? RRD_HOST_KINDS : RRD_KINDS;
    const int64_t first = beginning(batch, host);
    char path[PATH_MAX], why[RRD_ERROR_OCTETS];
    bool is_ours = false;
    int64_t last;

    f->looked[host] = true;
    f->names[host] = host ? batch->hosts[host]->name : NULL;
    if (f->hosts_n == f->full || is_odd(first))
        return true;
    for (unsigned kind = 0; kind < kinds; kind++) {
        if (d->last[host][kind] != 0 || !rrd_path(path, sizeof path, d->path, f->names[host], (enum rrd_kind)kind) ||
            directory_look(d, path, (enum rrd_kind)kind, &last, why) != RRD_FILE_MISSING)
            continue;
        f->rows[host][kind] = rows_new((enum rrd_kind)kind, first);
        if (!f->rows[host][kind])
            return false;
        is_ours = true;
    }
    f->hosts_n += is_ours;
    return true;
}

static bool take_entry(const struct fresh *f, const struct rrd_entry *e, struct rrd_entry *rest, size_t *rest_n)
{
    const enum rrd_kind kind = (enum rrd_kind)f->kinds[e->slot];
    const int64_t minute = (int64_t)e->minute * RRD_STEP_S;
    struct rows *rows = f->rows[e->host][kind];

    if (!rows)
        rest[(*rest_n)++] = *e;
    else if (minute > rows_upto(rows))
        return rows_add(rows, e->slot - rrd_kind_first(kind), minute, e->value);
    return true;
}

/* Every host has its files, whether anything happened or not; and every minute is told. */
static bool end_batch(struct fresh *f, struct rrd_directory *d, const struct rrd_batch *batch)
{
    for (unsigned host = 0; host < batch->hosts_n; host++) {
        if (!f->looked[host] && !look_at(f, d, batch, host))
            return false;
        for (unsigned kind = 0; kind < RRD_KINDS; kind++)
            if (f->rows[host][kind])
                rows_end(f->rows[host][kind], batch->upto);
    }
    return true;
}

/* What failed before comes first, and is for files that are there: the entries of a file in memory are in the order of
 * their minutes. */
bool fresh_take(struct fresh *f, struct rrd_directory *d, const struct rrd_batch *batch, struct rrd_entry *rest,
                size_t *rest_n)
{
    bool good = f->looked[0] || look_at(f, d, batch, 0);

    *rest_n = 0;
    for (size_t i = 0; good && i < batch->n; i++) {
        const struct rrd_entry *e = &batch->entries[i];

        good = (f->looked[e->host] || look_at(f, d, batch, e->host)) && take_entry(f, e, rest, rest_n);
    }
    return good && end_batch(f, d, batch);
}

/* ---- writing ---- */

static void write_one(struct rrd_directory *d, const char *name, enum rrd_kind kind, const struct rows *rows,
                      struct rrd_report *report)
{
    char path[PATH_MAX], error[RRD_ERROR_OCTETS] = "";

    if (!rrd_path(path, sizeof path, d->path, name, kind) || !directory_has_room(d, report))
        return;
    if (directory_make_parents(d, path, error) && rrd_file_restore(path, rows, error)) {
        report->files++;
        report->updates++;
        report->minutes += rows_minutes(rows);
    } else {
        directory_tell(report, path, error);
    }
}

void fresh_write(struct fresh *f, struct rrd_directory *d, struct rrd_report *report)
{
    *report = (struct rrd_report){ 0 };
    for (unsigned host = 0; host < RRD_HOSTS_MAX; host++)
        for (unsigned kind = 0; kind < RRD_KINDS; kind++) {
            if (!f->rows[host][kind])
                continue;
            write_one(d, f->names[host], (enum rrd_kind)kind, f->rows[host][kind], report);
            rows_free(f->rows[host][kind]);
            f->rows[host][kind] = NULL;
        }
    f->hosts_n = 0;
    memset(f->looked, 0, RRD_HOSTS_MAX * sizeof *f->looked);
}
