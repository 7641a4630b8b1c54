/* The files that the sources of the configuration stand for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <glob.h>
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
    void (*each)(void *context, const char *path, const char *host);
    void *context;
};

/* One file may be meant by a glob and by its name: it must not count twice. */
static void give(struct given *given, const char *path, const char *host)
{
    char **paths = realloc(given->paths, (given->n + 1) * sizeof(char *));
    char *copy = strdup(path);

    if (paths)
        given->paths = paths;
    for (size_t i = 0; i < given->n; i++)
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

static void give_glob(struct given *given, const char *pattern, const char *host)
{
    glob_t found = { 0 };
    bool any = glob(pattern, 0, NULL, &found) == 0;

    for (size_t i = 0; any && i < found.gl_pathc; i++)
        if (!is_old(found.gl_pathv[i]))
            give(given, found.gl_pathv[i], host);
    globfree(&found);
}

void config_each_file(const struct config *config, void (*each)(void *context, const char *path, const char *host),
                      void *context)
{
    struct given given = { .each = each, .context = context };

    for (size_t i = 0; i < config->sources_n; i++) {
        const struct config_source *source = &config->sources[i];

        if (source->type != CONFIG_SOURCE_FILE)
            continue;
        if (has_wildcard(source->path))
            give_glob(&given, source->path, source->host);
        else
            give(&given, source->path, source->host);
    }
    for (size_t i = 0; i < given.n; i++)
        free(given.paths[i]);
    free(given.paths);
}
