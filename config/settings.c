/* Values of the configuration: checked, copied, freed. No Net-SNMP here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "../parser/facility.h"
#include "../parser/recogniser.h"
#include "config.h"
#include "hosts.h"

#define SOURCES_MAX 1024

static bool refuse(char *error, const char *format, const char *value)
{
    snprintf(error, CONFIG_ERROR_OCTETS, format, value);
    return false;
}

static bool no_memory(char *error)
{
    return refuse(error, "%s", "no memory");
}

struct config *config_new(void)
{
    struct config *config = calloc(1, sizeof *config);

    if (!config)
        return NULL;
    config->save_interval_ms = CONFIG_DEFAULT_SAVE_MS;
    config->notify.source_s = CONFIG_DEFAULT_NOTIFY_SOURCE_S;
    config->state_directory = strdup(CONFIG_DEFAULT_STATE_DIRECTORY);
    if (config->state_directory)
        return config;
    free(config);
    return NULL;
}

static void free_words(char **words)
{
    for (; *words; words++) {
        free(*words);
        *words = NULL;
    }
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->sources_n; i++) {
        free(config->sources[i].path);
        free(config->sources[i].host);
    }
    free(config->sources);
    free(config->host_regex);
    free(config->state_directory);
    free(config->rrd_directory);
    free(config->rrdcached);
    free(config->pages_directory);
    free_words(config->filter_hosts);
    free_words(config->switched_on);
    free_words(config->switched_off);
    free_words(config->queues);
    free(config);
}

void config_remove_source(struct config *config, size_t i)
{
    free(config->sources[i].path);
    free(config->sources[i].host);
    memmove(&config->sources[i], &config->sources[i + 1], (--config->sources_n - i) * sizeof *config->sources);
}

static bool replace(char **value, const char *with, char *error)
{
    char *copy = strdup(with);

    if (!copy)
        return no_memory(error);
    free(*value);
    *value = copy;
    return true;
}

/* Into an array that ends with NULL and has room for `max`. */
static bool add_word(char **words, size_t max, const char *word, char *error)
{
    size_t n = 0;

    for (; words[n]; n++)
        if (strcasecmp(words[n], word) == 0)
            return true;
    if (n == max)
        return refuse(error, "\"%.100s\" is one too many", word);
    return replace(&words[n], word, error);
}

bool config_set_host_regex(struct config *config, const char *regex, char *error)
{
    struct host_filter *filter = host_filter_new(regex, error, CONFIG_ERROR_OCTETS);

    if (!filter)
        return false;
    host_filter_free(filter);
    return replace(&config->host_regex, regex, error);
}

void config_reset_content_filter(struct config *config)
{
    free_words(config->filter_hosts);
    config->content_filter = CONTENT_FILTER_AUTO;
}

bool config_set_content_filter(struct config *config, const char *word, char *error)
{
    static const struct {
        const char *name;
        enum content_filter filter;
    } ways[] = {
        { "auto", CONTENT_FILTER_AUTO },
        { "none", CONTENT_FILTER_NONE },
        { "loopback", CONTENT_FILTER_LOOPBACK },
    };

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcasecmp(word, ways[i].name) == 0) {
            if (config->filter_hosts[0])
                return refuse(error, "the content filter is either \"%s\" or addresses, not both", word);
            config->content_filter = ways[i].filter;
            return true;
        }
    /* A bare word is more likely a slip of the pen than a host: `autoo`. */
    if (!strpbrk(word, ".:") ||
        word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-")])
        return refuse(error,
                      "the content filter \"%.100s\" is no address or full host name; auto, none and loopback are the "
                      "other choices",
                      word);
    if (!add_word(config->filter_hosts, CONTENT_FILTER_HOSTS_MAX, word, error))
        return false;
    config->content_filter = CONTENT_FILTER_HOSTS;
    return true;
}

static bool refuse_program(char *error, const char *program)
{
    int n = snprintf(error, CONFIG_ERROR_OCTETS, "no mail program \"%.60s\" is known; there are", program);

    for (size_t i = 0; i < recognisers_n && n > 0 && n < CONFIG_ERROR_OCTETS; i++)
        if (recogniser_named(span_of(recognisers[i]->name)) == recognisers[i]) /* a program may have several */
            n += snprintf(error + n, (size_t)(CONFIG_ERROR_OCTETS - n), "%s %s", i ? "," : "", recognisers[i]->name);
    return false;
}

/* The last word about a program counts. */
static void remove_word(char **words, const char *word)
{
    for (; *words; words++) {
        if (strcasecmp(*words, word) != 0)
            continue;
        free(*words);
        do
            words[0] = words[1];
        while (*words++);
        return;
    }
}

bool config_switch(struct config *config, const char *program, bool on, char *error)
{
    if (!recogniser_named(span_of(program)))
        return refuse_program(error, program);
    if (!add_word(on ? config->switched_on : config->switched_off, RECOGNISERS_MAX, program, error))
        return false;
    remove_word(on ? config->switched_off : config->switched_on, program);
    return true;
}

bool config_set_state_directory(struct config *config, const char *path, char *error)
{
    if (path[0] != '/')
        return refuse(error, "the state directory \"%.100s\" must be a full path that begins with a slash", path);
    return replace(&config->state_directory, path, error);
}

bool config_set_rrd_directory(struct config *config, const char *path, char *error)
{
    if (path[0] != '/')
        return refuse(error, "the RRD directory \"%.100s\" must be a full path that begins with a slash", path);
    return replace(&config->rrd_directory, path, error);
}

/* New files are made by us, so rrdcached is on this machine; and over the network it takes no full paths. */
bool config_set_rrdcached(struct config *config, const char *address, char *error)
{
    char full[PATH_MAX];

    snprintf(full, sizeof full, "%s%.1000s", address[0] == '/' ? "unix:" : "", address);
    if (strncmp(full, "unix:/", 6) != 0)
        return refuse(error,
                      "rrdcached's address \"%.100s\" must be a socket of this machine: unix:/run/rrdcached.sock",
                      address);
    return replace(&config->rrdcached, full, error);
}

bool config_set_pages(struct config *config, const char *directory, const char *minutes, char *error)
{
    char *end;
    unsigned long n = minutes ? strtoul(minutes, &end, 10) : CONFIG_DEFAULT_PAGES_S / 60;

    if (directory[0] != '/')
        return refuse(error, "the directory of the pages \"%.100s\" must be a full path that begins with a slash",
                      directory);
    if (minutes && (*minutes < '0' || *minutes > '9' || *end || n < 1 || n > 1440))
        return refuse(error, "\"%.100s\" is not a number of minutes from 1 to 1440", minutes);
    config->pages_s = (int64_t)n * 60;
    return replace(&config->pages_directory, directory, error);
}

bool config_set_save_interval(struct config *config, const char *word, char *error)
{
    char *end;
    double seconds = strtod(word, &end);

    if (*word < '0' || *word > '9' || *end || seconds > 3600)
        return refuse(error, "the save interval \"%.100s\" is not a number of seconds from 0 to 3600", word);
    config->save_interval_ms = (int64_t)(seconds * 1000);
    return true;
}

bool config_add_source(struct config *config, enum config_source_type type, const char *path, const char *host,
                       char *error)
{
    struct config_source source = { .type = type };
    struct config_source *sources;

    if (config->sources_n == SOURCES_MAX)
        return refuse(error, "%s", "too many sources");
    if (path && path[0] != '/' && type != CONFIG_SOURCE_JOURNAL)
        return refuse(error, "the source \"%.100s\" must be a full path that begins with a slash", path);
    if ((path && !replace(&source.path, path, error)) || (host && !replace(&source.host, host, error))) {
        free(source.path);
        return false;
    }
    sources = realloc(config->sources, (config->sources_n + 1) * sizeof *sources);
    if (!sources) {
        free(source.path);
        free(source.host);
        return no_memory(error);
    }
    config->sources = sources;
    sources[config->sources_n++] = source;
    return true;
}

const char *config_queue_instance(const char *directory)
{
    return strrchr(directory, '/') + 1;
}

bool config_add_queue(struct config *config, const char *directory, char *error)
{
    char path[CONFIG_QUEUE_DIRECTORY_OCTETS + 1];
    size_t octets = strlen(directory), n = 0;
    const char *instance;

    while (octets > 1 && directory[octets - 1] == '/')
        octets--;
    if (directory[0] != '/' || octets > CONFIG_QUEUE_DIRECTORY_OCTETS)
        return refuse(error, "the queue directory \"%.100s\" must be a full path of at most 94 octets", directory);
    memcpy(path, directory, octets);
    path[octets] = '\0';
    instance = config_queue_instance(path);
    if (!*instance || strlen(instance) > CONFIG_QUEUE_INSTANCE_OCTETS || strcmp(instance, ".") == 0 ||
        strcmp(instance, "..") == 0)
        return refuse(error,
                      "the last part of the queue directory \"%.100s\" must be a name of 1 to 32 octets: it is "
                      "the name of the instance",
                      path);
    for (; config->queues[n]; n++)
        if (strcmp(config_queue_instance(config->queues[n]), instance) == 0)
            return refuse(error, "two queues are called \"%.100s\"", instance);
    if (n == CONFIG_QUEUES_MAX)
        return refuse(error, "the queue \"%.100s\" is one too many", path);
    return replace(&config->queues[n], path, error);
}

bool config_check_journal_word(const char *word, char *error)
{
    static const char *const kinds[] = { "unit=", "identifier=", "facility=", "directory=" };
    enum { UNIT, IDENTIFIER, FACILITY, DIRECTORY, KINDS } kind = UNIT;
    const char *value = word;

    if (strpbrk(word, " \t"))
        return refuse(error, "\"%.100s\" has a blank in it", word);
    if (strchr(word, '=')) {
        while (kind < KINDS && strncasecmp(word, kinds[kind], strlen(kinds[kind])) != 0)
            kind++;
        if (kind == KINDS)
            return refuse(error,
                          "\"%.100s\" is not understood: behind source journal stand units, identifier=PROGRAM, "
                          "facility=NAME or directory=PATH",
                          word);
        value = word + strlen(kinds[kind]);
    }
    if (!*value)
        return refuse(error, "\"%.100s\" says nothing", word);
    if (kind == FACILITY && facility_number(span_of(value)) < 0)
        return refuse(error, "\"%.100s\" is no facility: mail, daemon, user, auth, local0 to local7 ...", value);
    if (kind == DIRECTORY && *value != '/')
        return refuse(error, "the journal's directory \"%.100s\" must be a full path that begins with a slash", value);
    return true;
}

bool config_add_default_source(struct config *config, char *error)
{
    bool journal = false;

#ifdef MAILTALLY_JOURNAL
    journal = access(CONFIG_DEFAULT_SOURCE, F_OK) != 0 && access("/run/systemd/journal/socket", F_OK) == 0 &&
              access("/run/systemd/journal/syslog", F_OK) != 0;
#endif
    return config_add_source(config, journal ? CONFIG_SOURCE_JOURNAL : CONFIG_SOURCE_FILE,
                             journal ? NULL : CONFIG_DEFAULT_SOURCE, NULL, error);
}

void config_parser_options(const struct config *config, struct parser_options *options)
{
    options->content_filter = config->content_filter;
    for (size_t i = 0; i <= CONTENT_FILTER_HOSTS_MAX; i++)
        options->filter_hosts[i] = config->filter_hosts[i];
    for (size_t i = 0; i <= RECOGNISERS_MAX; i++) {
        options->switched_on[i] = config->switched_on[i];
        options->switched_off[i] = config->switched_off[i];
    }
}
