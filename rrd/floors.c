/* What was there before us.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "directory_inside.h"
#include "name.h"

/* ---- paths ---- */

bool rrd_path(char *path, size_t octets, const char *directory, const char *host, enum rrd_kind kind)
{
    char name[RRD_DIRECTORY_OCTETS];
    int n;

    if (!host)
        n = snprintf(path, octets, "%s/%s", directory, rrd_kind_file(kind));
    else if (rrd_name_directory(span_of(host), name, sizeof name))
        n = snprintf(path, octets, "%s/" RRD_HOSTS_DIRECTORY "/%s/%s", directory, name, rrd_kind_file(kind));
    else
        return false;
    return n > 0 && (size_t)n < octets;
}

void rrd_each_host(const char *directory, void (*each)(void *context, const char *host), void *context)
{
    char path[PATH_MAX], host[HOST_NAME_OCTETS + 1];
    struct dirent **entries;
    int n;

    snprintf(path, sizeof path, "%s/" RRD_HOSTS_DIRECTORY, directory);
    n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (rrd_name_host(entries[i]->d_name, host, sizeof host))
            each(context, host);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

/* ---- floors ---- */

struct found {
    char *host; /* NULL: the sum */
    int64_t floors[RRD_KINDS];
};

struct rrd_floors {
    struct rrd_directory *directory;
    struct rrd_minutes *minutes;
    struct found *found; /* the sum, then hosts in the order of their names */
    size_t n, room;
    char *error;
    bool failed;
};

static bool look_at(struct rrd_floors *f, struct found *found)
{
    const unsigned kinds = found->host ? RRD_HOST_KINDS : RRD_KINDS;
    char path[PATH_MAX], why[RRD_ERROR_OCTETS] = "";

    for (unsigned kind = 0; kind < kinds; kind++) {
        found->floors[kind] = RRD_FLOOR_NONE;
        if (!rrd_path(path, sizeof path, f->directory->path, found->host, (enum rrd_kind)kind))
            continue;
        rrd_file_clear(path);
        switch (directory_look(f->directory, path, (enum rrd_kind)kind, &found->floors[kind], why)) {
        case RRD_FILE_GOOD:
            break;
        case RRD_FILE_MISSING:
            found->floors[kind] = RRD_FLOOR_NONE;
            break;
        case RRD_FILE_BAD:
            /* It takes nothing as long as it is bad. When somebody mends it, it takes what comes then. */
            found->floors[kind] = 0;
            snprintf(f->error, RRD_ERROR_OCTETS, "%.150s: %.240s", path, why);
            break;
        }
    }
    return true;
}

static void add_found(void *context, const char *host)
{
    struct rrd_floors *f = context;
    struct found *list;

    if (f->failed || f->n == RRD_HOSTS_MAX)
        return;
    if (f->n == f->room) {
        list = realloc(f->found, (f->room + 256) * sizeof *list);
        if (!list) {
            f->failed = true;
            return;
        }
        f->found = list;
        f->room += 256;
    }
    f->found[f->n] = (struct found){ .host = host ? strdup(host) : NULL };
    if (host && !f->found[f->n].host)
        f->failed = true;
    else
        look_at(f, &f->found[f->n++]);
}

static const struct found *find(const struct rrd_floors *f, const char *host)
{
    if (!host)
        return &f->found[0];
    for (size_t low = 1, high = f->n; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(host, f->found[middle].host);

        if (order == 0)
            return &f->found[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Those of a host that the minutes do not know yet. */
static void set_floors(void *context, unsigned host)
{
    const struct rrd_floors *f = context;
    const struct found *found = find(f, host ? rrd_minutes_tally(f->minutes, host)->name : NULL);
    const unsigned kinds = host ? RRD_HOST_KINDS : RRD_KINDS;

    for (unsigned kind = 0; kind < kinds; kind++)
        if (rrd_minutes_floor(f->minutes, host, (enum rrd_kind)kind) == 0)
            rrd_minutes_set_floor(f->minutes, host, (enum rrd_kind)kind,
                                  found && found->floors[kind] ? found->floors[kind] : RRD_FLOOR_NONE);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->host, ((const struct found *)b)->host);
}

struct rrd_floors *rrd_floors_new(struct rrd_directory *directory, struct rrd_minutes *minutes, char *error)
{
    struct rrd_floors *f = calloc(1, sizeof *f);

    *error = '\0';
    if (!f)
        return NULL;
    f->directory = directory;
    f->minutes = minutes;
    f->error = error;
    add_found(f, NULL);
    if (!f->failed)
        rrd_each_host(directory->path, add_found, f);
    if (f->failed) {
        rrd_floors_free(f);
        return NULL;
    }
    f->error = NULL;
    qsort(f->found + 1, f->n - 1, sizeof *f->found, by_name);
    for (unsigned host = 0; host < rrd_minutes_hosts(minutes); host++)
        set_floors(f, host);
    rrd_minutes_set_newcomer(minutes, set_floors, f);
    return f;
}

void rrd_floors_free(struct rrd_floors *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++)
        free(f->found[i].host);
    free(f->found);
    free(f);
}
