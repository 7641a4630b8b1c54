/* The ingest thread.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest.h"

#include <fnmatch.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "../config/hosts.h"
#include "log.h"
#include "status.h"
#include "clock.h"

#define READ_OCTETS       (1024 * 1024) /* between two looks at what else is to be done */
#define PUBLISH_MS        250
#define WAIT_MS           1000
#define LOOK_FOR_FILES_MS 10000 /* new files that a glob fits */

struct ingest {
    pthread_t thread;
    pthread_mutex_t lock; /* of the next two */
    struct config *next_config;
    bool stopping;
    int wake_fd; /* of this thread */
    int snmp_wake_fd;
    struct snapshots *snapshots;

    /* The thread's own. */
    struct config *config;
    struct host_filter *hosts;
    struct tallies *tallies;
    struct parser *parser;
    struct parser_counts earlier; /* of parsers before this one */
    uint64_t earlier_evicted;
    uint64_t seed;
    char machine[HOST_NAME_OCTETS + 1];
    struct source_set *set;
    struct status status; /* the sources, and what is said of them */
    bool changed;         /* since the last snapshot */
    struct tally shown;   /* the totals of the last snapshot */
    bool backlog_read;
    int64_t published_ms, looked_ms;
};

static void wake(int fd)
{
    uint64_t one = 1;
    ssize_t done = write(fd, &one, sizeof one);

    (void)done; /* a full eventfd wakes as well */
}

/* ---- the parser ---- */

static void add_counts(struct parser_counts *sum, const struct parser_counts *more)
{
    sum->lines += more->lines;
    sum->recognised += more->recognised;
    sum->unrecognised += more->unrecognised;
    sum->ignored += more->ignored;
    sum->overlong += more->overlong;
    if (more->last_event > sum->last_event)
        sum->last_event = more->last_event;
}

/* Sets the parser up as the configuration says. The tallies go on; what the old parser had decided stays counted. */
static bool make_parser(struct ingest *in, const struct config *config)
{
    struct parser_options options = { .seed = in->seed };
    char error[CONFIG_ERROR_OCTETS];
    struct host_filter *hosts = NULL;
    struct parser *parser;
    uint32_t flows;
    uint64_t evicted;

    config_parser_options(config, &options);
    if (config->host_regex) {
        hosts = host_filter_new(config->host_regex, error, sizeof error);
        if (!hosts) {
            log_message(LOG_ERR, "%s", error);
            return false;
        }
        options.wants_host = host_filter_wants;
        options.wants_host_context = hosts;
    }
    parser = parser_new(&options, in->tallies, NULL);
    if (!parser) {
        log_message(LOG_ERR, "there is no memory for the parser");
        host_filter_free(hosts);
        return false;
    }
    if (in->parser) {
        parser_settle(in->parser, INT64_MAX);
        add_counts(&in->earlier, parser_counts(in->parser));
        parser_flows(in->parser, &flows, &evicted);
        in->earlier_evicted += evicted;
        parser_free(in->parser);
        host_filter_free(in->hosts);
    }
    in->parser = parser;
    in->hosts = hosts;
    return true;
}

static bool same_word(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_words(char *const *a, char *const *b)
{
    for (; *a && *b; a++, b++)
        if (!same_word(*a, *b))
            return false;
    return *a == *b;
}

/* A new parser forgets the messages that are under way, so it is made only when it must be. */
static bool same_parser(const struct config *a, const struct config *b)
{
    return same_word(a->host_regex, b->host_regex) && a->content_filter == b->content_filter &&
           same_words(a->filter_hosts, b->filter_hosts) && same_words(a->switched_on, b->switched_on) &&
           same_words(a->switched_off, b->switched_off);
}

/* ---- the sources ---- */

static void take_line(void *context, size_t source, struct span line)
{
    struct ingest *in = context;

    if (in->status.sources[source]->wanted)
        parser_line(in->parser, &in->status.sources[source]->parser, line);
}

static void take_overlong(void *context, size_t source)
{
    struct ingest *in = context;

    if (in->status.sources[source]->wanted)
        parser_overlong_line(in->parser, &in->status.sources[source]->parser);
}

/* path: of a file, or STANDARD_INPUT. */
static void want(struct ingest *in, const char *path, const char *host)
{
    struct ingest_source *source = status_source(&in->status, path);

    if (!source) {
        source = status_add(&in->status, in->set, path, host);
        if (!source) {
            log_message(LOG_ERR, "cannot follow %s: there is no memory, or there are too many sources", path);
            return;
        }
        log_message(LOG_INFO, "following %s", path);
    }
    status_want(source, host ? host : in->machine);
}

static void want_file(void *context, const char *path, const char *host)
{
    want(context, path, host);
}

/* Only adds: a file that is not there now may be in the middle of a rotation. */
static void look_for_sources(struct ingest *in)
{
    config_each_file(in->config, want_file, in);
    for (size_t i = 0; i < in->config->sources_n; i++)
        if (in->config->sources[i].type == CONFIG_SOURCE_STDIN)
            want(in, STANDARD_INPUT, in->config->sources[i].host);
    in->looked_ms = monotonic_ms();
}

static bool is_configured(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->sources_n; i++) {
        const char *path = config->sources[i].path;

        if (config->sources[i].type == CONFIG_SOURCE_STDIN ? strcmp(name, STANDARD_INPUT) == 0
                                                           : path && fnmatch(path, name, FNM_PATHNAME) == 0)
            return true;
    }
    return false;
}

/* A source that is no longer configured stays in the set, but its lines are dropped: when it comes back it goes on
 * from there, and nothing is counted twice. */
static void drop_sources(struct ingest *in)
{
    for (size_t i = 0; i < in->status.sources_n; i++) {
        struct ingest_source *source = in->status.sources[i];

        if (!source->wanted || is_configured(in->config, source->parser.name))
            continue;
        source->wanted = false;
        log_message(LOG_INFO, "no longer counting %s", source->parser.name);
    }
}

static void configure(struct ingest *in, struct config *config)
{
    if (!same_parser(in->config, config) && !make_parser(in, config)) {
        log_message(LOG_ERR, "the new configuration cannot be used; the old one stays");
        config_free(config);
        return;
    }
    config_free(in->config);
    in->config = config;
    drop_sources(in);
    look_for_sources(in);
    in->changed = true;
    log_message(LOG_INFO, "the configuration was read again");
}

/* ---- publishing ---- */

static void publish(struct ingest *in)
{
    struct snapshot *s = snapshots_begin(in->snapshots);
    uint64_t evicted;

    in->published_ms = monotonic_ms();
    if (!snapshot_set_tallies(s, in->tallies) || !status_fill(&in->status, s)) {
        log_message(LOG_ERR, "there is no memory for what SNMP shows; the values shown are old");
        return;
    }
    s->counts = in->earlier;
    add_counts(&s->counts, parser_counts(in->parser));
    parser_flows(in->parser, &s->flows, &evicted);
    s->flows_evicted = in->earlier_evicted + evicted;
    s->backlog_read = in->backlog_read;
    status_sentence(s);
    snapshots_publish(in->snapshots);
    in->changed = false;
    in->shown = *tallies_total(in->tallies);
}

/* Milliseconds until a snapshot may be published again. */
static int64_t until_publishing(const struct ingest *in)
{
    int64_t since = monotonic_ms() - in->published_ms;

    return since < PUBLISH_MS ? PUBLISH_MS - since : 0;
}

/* ---- the loop ---- */

static bool orders(struct ingest *in)
{
    struct config *config;
    bool stopping;

    pthread_mutex_lock(&in->lock);
    config = in->next_config;
    in->next_config = NULL;
    stopping = in->stopping;
    pthread_mutex_unlock(&in->lock);
    if (config)
        configure(in, config);
    return !stopping;
}

static void idle(struct ingest *in)
{
    uint64_t count;
    ssize_t done;
    int64_t wait_ms;

    parser_settle(in->parser, time(NULL));
    if (!in->backlog_read) {
        in->backlog_read = true;
        publish(in);
        wake(in->snmp_wake_fd);
    }
    /* Settling may have counted something without a new line. */
    if (status_look(&in->status, in->set) ||
        memcmp(in->shown.counters, tallies_total(in->tallies)->counters, sizeof in->shown.counters) != 0)
        in->changed = true;
    if (in->changed && until_publishing(in) == 0)
        publish(in);
    wait_ms = in->changed ? until_publishing(in) : WAIT_MS;
    source_set_wait(in->set, (int)wait_ms, in->wake_fd);
    done = read(in->wake_fd, &count, sizeof count);
    (void)done; /* nothing to read: something else woke us */
    if (monotonic_ms() - in->looked_ms > LOOK_FOR_FILES_MS)
        look_for_sources(in);
    status_clock(&in->status, time(NULL));
}

static void *ingest_thread(void *context)
{
    struct ingest *in = context;
    const struct source_lines lines = { take_line, take_overlong, in };

    look_for_sources(in);
    while (orders(in)) {
        if (source_set_read(in->set, READ_OCTETS, &lines) == 0) {
            idle(in);
            continue;
        }
        in->changed = true;
        if (until_publishing(in) == 0) {
            status_look(&in->status, in->set);
            publish(in);
        }
    }
    return NULL;
}

/* ---- beginning and end ---- */

static void ingest_free(struct ingest *in)
{
    status_clear(&in->status);
    source_set_free(in->set);
    parser_free(in->parser);
    host_filter_free(in->hosts);
    tallies_free(in->tallies);
    config_free(in->config);
    config_free(in->next_config);
    if (in->wake_fd >= 0)
        close(in->wake_fd);
    pthread_mutex_destroy(&in->lock);
    free(in);
}

/* All that the thread needs. The saved state, once there is one, is to be read here: tallies, flows and positions of
 * the sources are of one instant. Without it the sources are read from their beginnings. */
static bool prepare(struct ingest *in)
{
    if (getrandom(&in->seed, sizeof in->seed, 0) != sizeof in->seed)
        in->seed = (uint64_t)monotonic_ms() ^ (uint64_t)getpid() << 32;
    if (gethostname(in->machine, sizeof in->machine - 1) != 0 || !in->machine[0])
        strcpy(in->machine, "localhost");
    in->earlier.last_event = TIME_UNKNOWN;
    in->set = source_set_new();
    in->tallies = tallies_new(in->seed);
    in->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return in->set && in->tallies && in->wake_fd >= 0 && make_parser(in, in->config);
}

struct ingest *ingest_start(struct config *config, struct snapshots *snapshots, int wake_fd)
{
    struct ingest *in = calloc(1, sizeof *in);
    int error;

    if (!in) {
        config_free(config);
        return NULL;
    }
    pthread_mutex_init(&in->lock, NULL);
    in->wake_fd = -1;
    in->config = config;
    in->snapshots = snapshots;
    in->snmp_wake_fd = wake_fd;
    if (!prepare(in)) {
        log_message(LOG_ERR, "the thread that reads the logs cannot start: there is no memory or no descriptor");
        ingest_free(in);
        return NULL;
    }
    error = pthread_create(&in->thread, NULL, ingest_thread, in);
    if (error) {
        log_message(LOG_ERR, "the thread that reads the logs cannot start: %s", strerror(error));
        ingest_free(in);
        return NULL;
    }
    return in;
}

void ingest_reconfigure(struct ingest *in, struct config *config)
{
    struct config *unused;

    pthread_mutex_lock(&in->lock);
    unused = in->next_config;
    in->next_config = config;
    pthread_mutex_unlock(&in->lock);
    config_free(unused);
    wake(in->wake_fd);
}

bool ingest_stop(struct ingest *in)
{
    struct timespec until;

    pthread_mutex_lock(&in->lock);
    in->stopping = true;
    pthread_mutex_unlock(&in->lock);
    wake(in->wake_fd);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 2;
    if (pthread_timedjoin_np(in->thread, NULL, &until) != 0)
        return false;
    ingest_free(in);
    return true;
}
