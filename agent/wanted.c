/* Which sources are to be read.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "wanted.h"

#include <fnmatch.h>
#include <time.h>

#include "log.h"

struct look {
    struct state *state;
    struct status *status;
    const char *machine;
};

#define NAME_OCTETS 1100 /* the words of a journal are the longest */

/* Types of the configuration as the set knows them. */
static const enum source_type types[] = {
    [CONFIG_SOURCE_FILE] = SOURCE_FILE,           [CONFIG_SOURCE_JOURNAL] = SOURCE_JOURNAL,
    [CONFIG_SOURCE_DIRECTORY] = SOURCE_DIRECTORY, [CONFIG_SOURCE_STDIN] = SOURCE_STDIN,
    [CONFIG_SOURCE_FIFO] = SOURCE_FIFO,
};

/* What the set calls it; `name` of NAME_OCTETS may be used. */
static const char *name_of(const struct config_source *source, char *name)
{
    if (source->type == CONFIG_SOURCE_STDIN)
        return STANDARD_INPUT;
    if (source->type != CONFIG_SOURCE_JOURNAL)
        return source->path;
    source_journal_name(source->path, name, NAME_OCTETS);
    return name;
}

static bool add_to_set(struct source_set *set, const struct config_source *source)
{
    switch (source->type) {
    case CONFIG_SOURCE_FILE:
        return source_set_add_file(set, source->path, source->host);
    case CONFIG_SOURCE_JOURNAL:
        return source_set_add_journal(set, source->path);
    case CONFIG_SOURCE_DIRECTORY:
        return source_set_add_directory(set, source->path, source->host);
    case CONFIG_SOURCE_FIFO:
        return source_set_add_fifo(set, source->path, source->host);
    case CONFIG_SOURCE_STDIN:
        return source_set_add_stdin(set, source->host,
                                    source->confirms ? SOURCE_STDIN_CONFIRMS
                                    : source->exits  ? SOURCE_STDIN_EXITS
                                                     : SOURCE_STDIN_STAYS);
    }
    return false;
}

static struct ingest_source *add(const struct look *look, const struct config_source *wanted, const char *name)
{
    struct ingest_source *source = status_row(look->status);

    if (!source || !add_to_set(look->state->set, wanted)) {
        log_message(LOG_ERR, "cannot follow %s: there is no memory, or there are too many sources", name);
        return NULL;
    }
    status_add(look->status, look->state->set);
    header_clock_set(&source->parser.clock, time(NULL));
    state_load_input(look->state, &source->parser);
    log_message(LOG_INFO, "following %s", name);
    return source;
}

static void want(const struct look *look, const struct config_source *wanted)
{
    char room[NAME_OCTETS];
    const char *name = name_of(wanted, room);
    struct ingest_source *source = status_source(look->status, types[wanted->type], name);

    if (!source)
        source = add(look, wanted, name);
    if (source)
        status_want(source, wanted->host ? wanted->host : look->machine);
}

static void want_file(void *context, const char *path, const char *host)
{
    /* Only read: the struct has no const since the configuration owns them. */
    struct config_source file = { .type = CONFIG_SOURCE_FILE,
                                  .path = (char *)(uintptr_t)path,
                                  .host = (char *)(uintptr_t)host };

    want(context, &file);
}

/* A directory that hangs must not stop the others. */
static void expand(void *context, const char *pattern, void (*each)(void *found, const char *path), void *found)
{
    (void)source_set_glob(context, pattern, each, found);
}

void wanted_look(const struct config *config, struct state *state, struct status *status, const char *machine)
{
    struct look look = { state, status, machine };
    const struct config_glob glob = { expand, state->set };

    config_each_file_by(config, &glob, want_file, &look);
    for (size_t i = 0; i < config->sources_n; i++)
        if (config->sources[i].type != CONFIG_SOURCE_FILE)
            want(&look, &config->sources[i]);
    for (size_t i = 0; i < status->sources_n; i++)
        source_set_want(state->set, i, status->sources[i]->wanted);
}

static bool is_configured(const struct config *config, const struct source_status *source)
{
    char room[NAME_OCTETS];

    for (size_t i = 0; i < config->sources_n; i++) {
        const struct config_source *wanted = &config->sources[i];

        if (types[wanted->type] != source->type)
            continue;
        if (wanted->type == CONFIG_SOURCE_FILE ? fnmatch(wanted->path, source->name, FNM_PATHNAME) == 0
                                               : strcmp(name_of(wanted, room), source->name) == 0)
            return true;
    }
    return false;
}

void wanted_drop(const struct config *config, struct status *status)
{
    for (size_t i = 0; i < status->sources_n; i++) {
        struct ingest_source *source = status->sources[i];

        if (!source->wanted || is_configured(config, &source->status))
            continue;
        source->wanted = false;
        log_message(LOG_INFO, "no longer counting %s", source->parser.name);
    }
}
