/* The files that the sources of the configuration stand for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"

static bool has_wildcard(const char *path)
{
    return path[strcspn(path, "*?[")] != '\0';
}

/* What logrotate, newsyslog, savelog and hands append to a name. */
static const struct span old_suffixes[] = {
    SPAN(".gz"),  SPAN(".bz2"), SPAN(".xz"),  SPAN(".zst"), SPAN(".Z"),
    SPAN(".lz4"), SPAN(".zip"), SPAN(".old"), SPAN(".bak"), SPAN("~"),
};

/* .1 or .20261121, -20261121 or -20261121-0347: a separator and digits at the end of the name, after a name. */
static bool ends_in_a_number(struct span name)
{
    size_t end = name.n;

    while (end && is_digit(name.p[end - 1]))
        end--;
    if (end == name.n || end < 2)
        return false;
    return name.p[end - 1] == '.' ||
           (name.p[end - 1] == '-' && (name.n - end >= 8 || ends_in_a_number(span_first(name, end - 1))));
}

static bool is_old(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    struct span name = span_of(base);
    struct in_addr address;

    /* One file for each host, named by its address. */
    if (inet_pton(AF_INET, base, &address) == 1)
        return false;
    for (size_t i = 0; i < sizeof old_suffixes / sizeof old_suffixes[0]; i++)
        if (span_ends(name, old_suffixes[i]))
            return true;
    return ends_in_a_number(name);
}

struct given {
    char **paths;
    size_t n;
    size_t others_n; /* of them, how many are not of the pattern that is expanded now */
    const struct config_glob *glob;
    void (*each)(void *context, const char *path, const char *host);
    void *context;
};

/* One file may be meant by a glob and by its name: it must not count twice. A pattern gives each path once. */
static void give(struct given *given, const char *path, const char *host)
{
    char **paths = realloc(given->paths, (given->n + 1) * sizeof(char *));
    char *copy = strdup(path);

    if (paths)
        given->paths = paths;
    for (size_t i = 0; i < given->others_n; i++)
        if (strcmp(given->paths[i], path) == 0) {
            free(copy);
            return;
        }
    if (paths && copy)
        given->paths[given->n++] = copy;
    else
        free(copy);
    given->each(given->context, path, host);
}

static void forget(struct given *given)
{
    for (size_t i = 0; i < given->n; i++)
        free(given->paths[i]);
    free(given->paths);
}

/* What a pattern stands for, in the order in which it was found. */
struct found {
    char **paths;
    size_t n;
};

static void find(void *context, const char *path)
{
    struct found *found = context;
    char **paths = realloc(found->paths, (found->n + 1) * sizeof(char *));

    if (!paths)
        return;
    found->paths = paths;
    paths[found->n] = strdup(path);
    found->n += paths[found->n] != NULL;
}

static void find_here(void *context, const char *pattern, void (*each)(void *context, const char *path), void *found)
{
    glob_t paths = { 0 };

    (void)context;
    if (glob(pattern, GLOB_NOSORT, NULL, &paths) == 0)
        for (size_t i = 0; i < paths.gl_pathc; i++)
            each(found, paths.gl_pathv[i]);
    globfree(&paths);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static ptrdiff_t digits_before(const char *begin, const char *end)
{
    const char *p = end;

    while (p > begin && is_digit(p[-1]))
        p--;
    return end - p;
}

/* mail-20261121.log, where mail.log is there, too: logrotate with "dateext" and "extension". Without it these are files
 * that somebody writes each day anew. */
static bool is_dated_sister(const struct found *found, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    char name[PATH_MAX], *key = name;
    const char *stem = dot;
    size_t digits = 0;
    ptrdiff_t group;

    if (!dot || strlen(path) >= sizeof name)
        return false;
    while ((group = digits_before(base, stem)) > 0 && stem - group > base && strchr("-_", stem[-group - 1])) {
        digits += (size_t)group;
        stem -= group + 1;
    }
    if (digits < 8 || stem == base)
        return false;
    snprintf(name, sizeof name, "%.*s%s", (int)(stem - path), path, dot);
    return bsearch(&key, found->paths, found->n, sizeof(char *), by_path) != NULL;
}

static void give_glob(struct given *given, const char *pattern, const char *host)
{
    struct found found = { 0 };

    given->glob->expand(given->glob->context, pattern, find, &found);
    if (found.n)
        qsort(found.paths, found.n, sizeof(char *), by_path);
    given->others_n = given->n;
    for (size_t i = 0; i < found.n; i++) {
        if (!is_old(found.paths[i]) && !is_dated_sister(&found, found.paths[i]))
            give(given, found.paths[i], host);
    }
    given->others_n = given->n;
    for (size_t i = 0; i < found.n; i++)
        free(found.paths[i]);
    free(found.paths);
}

/* multilog's older files, whose names are their times, and the one of now. */
static int is_multilogs(const struct dirent *entry)
{
    return strcmp(entry->d_name, "current") == 0 || (entry->d_name[0] == '@' && strlen(entry->d_name) >= 25);
}

/* `current` is the last. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void give_directory(struct given *given, const struct config_source *source)
{
    struct dirent **entries;
    char path[PATH_MAX];
    int n = scandir(source->path, &entries, is_multilogs, by_name);

    for (int i = 0; i < n; i++) {
        given->others_n = given->n;
        if (snprintf(path, sizeof path, "%s/%s", source->path, entries[i]->d_name) < (int)sizeof path)
            give(given, path, source->host);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

void config_each_file_in_directories(const struct config *config,
                                     void (*each)(void *context, const char *path, const char *host), void *context)
{
    struct given given = { .each = each, .context = context };

    for (size_t i = 0; i < config->sources_n; i++)
        if (config->sources[i].type == CONFIG_SOURCE_DIRECTORY)
            give_directory(&given, &config->sources[i]);
    forget(&given);
}

void config_each_file_by(const struct config *config, const struct config_glob *glob,
                         void (*each)(void *context, const char *path, const char *host), void *context)
{
    struct given given = { .each = each, .context = context, .glob = glob };

    for (size_t i = 0; i < config->sources_n; i++) {
        const struct config_source *source = &config->sources[i];

        if (source->type != CONFIG_SOURCE_FILE)
            continue;
        given.others_n = given.n;
        if (has_wildcard(source->path))
            give_glob(&given, source->path, source->host);
        else
            give(&given, source->path, source->host);
    }
    forget(&given);
}

void config_each_file(const struct config *config, void (*each)(void *context, const char *path, const char *host),
                      void *context)
{
    static const struct config_glob here = { find_here, NULL };

    config_each_file_by(config, &here, each, context);
}
