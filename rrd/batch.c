/* Which files a batch changes.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "directory_inside.h"
#include "fresh.h"

#define ROOM_OCTETS   (256 * 1024) /* on the disk; with less nothing is written */
#define FEW_HOSTS     64           /* so many are always up to date */
#define QUIET_MINUTES 8 /* the others' quiet files at least this often; the finest archive has no finer rows */

_Static_assert(RRD_SLOTS <= 256, "a key has eight bits for the slot");

struct pass {
    struct rrd_directory *directory;
    const struct rrd_batch *batch;
    struct directory_entry *entries; /* in the order of files, but for those of files in memory */
    size_t n, at;                    /* those before `at` are done */
    struct rrd_entry *failed;
    size_t failed_n;
    struct rrd_report *report;
};

static uint64_t key_of(const struct rrd_entry *e)
{
    return (uint64_t)e->host << 48 | (uint64_t)rrd_slot_kind(e->slot) << 40 | (uint64_t)e->minute << 8 | e->slot;
}

static unsigned host_of(const struct directory_entry *e)
{
    return (unsigned)(e->key >> 48);
}

static int64_t minute_of(const struct directory_entry *e)
{
    return (int64_t)(e->key >> 8 & UINT32_MAX) * RRD_STEP_S;
}

static struct rrd_entry entry_of(const struct directory_entry *e)
{
    return (struct rrd_entry){ e->value, (uint32_t)(e->key >> 8), (uint16_t)host_of(e), (uint16_t)(e->key & 255) };
}

static int by_key(const void *a, const void *b)
{
    uint64_t one = ((const struct directory_entry *)a)->key, other = ((const struct directory_entry *)b)->key;

    return one < other ? -1 : one > other;
}

void directory_tell(struct rrd_report *report, const char *path, const char *error)
{
    if (report->failed++ == 0)
        snprintf(report->error, sizeof report->error, "%.240s: %s", path, error);
}

static void write_kind(struct pass *p, unsigned host, enum rrd_kind kind, const char *name, int64_t first)
{
    const uint64_t file = (uint64_t)host << 8 | (uint64_t)kind;
    char path[PATH_MAX], error[RRD_ERROR_OCTETS] = "";
    struct directory_target target = { path, kind, &p->directory->last[host][kind], p->report, error };
    size_t from = p->at;

    while (p->at < p->n && p->entries[p->at].key >> 40 == file)
        p->at++;
    if (!rrd_path(path, sizeof path, p->directory->path, name, kind)) {
        snprintf(error, sizeof error, "the path is too long");
    } else if (directory_write_file(p->directory, &target, p->batch, first, p->entries + from, p->at - from)) {
        p->report->files++;
        return;
    }
    directory_tell(p->report, path, error);
    for (size_t i = from; i < p->at; i++)
        p->failed[p->failed_n++] = entry_of(&p->entries[i]);
}

/* Of a host where nothing happened. */
static bool is_due(const struct pass *p, unsigned host)
{
    int64_t last = p->directory->last[host][RRD_MAIL];

    if (p->batch->hosts_n <= FEW_HOSTS || last == 0)
        return true;
    return p->batch->upto - last >= RRD_STEP_S * (1 + (int64_t)(host % QUIET_MINUTES));
}

/* A host's files begin with its first minute; those of the sum with all that is known. */
static int64_t beginning(const struct pass *p, unsigned host)
{
    int64_t first = INT64_MAX;

    if (host == 0)
        return p->batch->known_from;
    for (size_t i = p->at; i < p->n && host_of(&p->entries[i]) == host; i++)
        if (minute_of(&p->entries[i]) < first)
            first = minute_of(&p->entries[i]);
    return first == INT64_MAX ? p->batch->upto : first;
}

static void write_host(struct pass *p, unsigned host)
{
    const unsigned kinds = host ? RRD_HOST_KINDS : RRD_KINDS;
    const bool is_quiet = p->at == p->n || host_of(&p->entries[p->at]) != host;
    const char *name = host ? p->batch->hosts[host]->name : NULL;
    const int64_t first = beginning(p, host);

    if (is_quiet && !is_due(p, host))
        return;
    for (unsigned kind = 0; kind < kinds; kind++)
        if (!fresh_has(p->directory->fresh, host, (enum rrd_kind)kind))
            write_kind(p, host, (enum rrd_kind)kind, name, first);
}

/* The order of files for them, without those for files in memory. False without memory or when it is stopped. */
static bool sort(struct pass *p, const atomic_bool *stop)
{
    struct rrd_directory *d = p->directory;
    const struct rrd_entry *entries = p->batch->entries;

    p->n = p->batch->n;
    p->failed = malloc((p->n + 1) * sizeof *p->failed); /* before anything failed it has what is not in memory */
    if (d->fresh && fresh_is_over(d->fresh, p->batch)) {
        fresh_free(d->fresh);
        d->fresh = NULL;
    }
    if (p->failed && d->fresh) {
        if (!fresh_take(d->fresh, d, p->batch, stop, p->failed, &p->n, p->report))
            return false;
        entries = p->failed;
    }
    p->entries = malloc((p->n + 1) * sizeof *p->entries);
    if (!p->entries || !p->failed)
        return false;
    for (size_t i = 0; i < p->n; i++)
        p->entries[i] = (struct directory_entry){ key_of(&entries[i]), entries[i].value };
    qsort(p->entries, p->n, sizeof *p->entries, by_key);
    return true;
}

/* librrd writes into mapped memory: a file system that copies on write (btrfs, ZFS) has no other way to say that it is
 * full than a signal that ends the process. */
bool directory_has_room(const struct rrd_directory *directory, struct rrd_report *report)
{
    struct statvfs disk;

    if (statvfs(directory->path, &disk) != 0 || disk.f_blocks == 0 || disk.f_bavail * disk.f_frsize >= ROOM_OCTETS)
        return true;
    directory_tell(report, directory->path, strerror(ENOSPC));
    return false;
}

bool rrd_directory_write(struct rrd_directory *directory, const struct rrd_batch *batch, const atomic_bool *stop,
                         struct rrd_entry **failed, size_t *failed_n, struct rrd_report *report)
{
    struct pass p = { .directory = directory, .batch = batch, .report = report };
    bool good;

    *report = (struct rrd_report){ 0 };
    good = directory_has_room(directory, report) && sort(&p, stop);
    if (!good && !report->failed && !(stop && atomic_load(stop)))
        directory_tell(report, directory->path, "there is no memory for what is to be written");
    for (unsigned host = 0; good && host < batch->hosts_n; host++) {
        good = !stop || !atomic_load(stop);
        if (good)
            write_host(&p, host);
    }
    free(p.entries);
    *failed = p.failed;
    *failed_n = p.failed_n;
    return good;
}
