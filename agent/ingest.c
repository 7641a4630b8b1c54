/* The ingest thread.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "ingest.h"

#include <pthread.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "../source/join.h"
#include "clock.h"
#include "duplicates.h"
#include "log.h"
#include "parsing.h"
#include "queues.h"
#include "recorder.h"
#include "remarks.h"
#include "saver.h"
#include "state.h"
#include "wanted.h"

#define READ_OCTETS       (1024 * 1024) /* between two looks at what else is to be done */
#define PUBLISH_MS        250
#define WAIT_MS           1000
#define LOOK_FOR_FILES_MS 10000 /* new files that a glob fits */
#define FIRST_SAVE_MS     2000  /* the first save may hold the start up so long */
#define DRAIN_MS          1000  /* at the end: what waits is read as long as this, */
#define LAST_SAVE_MS      10000 /* and the disk has so long for the last state */
#define END_READ_MS       (DRAIN_MS + 2000)
#define JUMP_S            30 /* clocks that are set by less than this are only being tuned */

struct ingest {
    pthread_t thread;
    pthread_mutex_t lock; /* of the next three */
    struct config *next_config;
    bool stopping, reconfigures; /* from the handing over until it is used */
    int wake_fd;                 /* of this thread */
    int snmp_wake_fd;
    struct snapshots *snapshots;
    atomic_uint discontinuity_ticks; /* what the SNMP thread shows */
    atomic_bool asks_to_end;
    _Atomic uint64_t beats;             /* turns of the loop */
    atomic_bool reading_ended, hanging; /* at the end of the thread */

    /* The thread's own. */
    struct config *config;
    struct state state; /* tallies, sources, and what is saved beside them */
    struct parsing parsing;
    uint64_t earlier_failures;
    struct saver *saver;
    struct recorder *recorder; /* NULL: there is no rrdDirectory */
    bool rrd_locked;
    struct duplicates *duplicates;
    struct queues *queues;
    struct remarks remarks;
    char machine[HOST_NAME_OCTETS + 1];
    struct status status; /* the sources, and what is said of them */
    bool changed;         /* since the last snapshot */
    bool unsaved;         /* since the last state */
    bool new_sources;     /* likewise */
    bool backlog_read;
    int64_t published_ms, looked_ms, now_ms;
    int64_t now;           /* by the clock, which may be set */
    int64_t settle_all_ms; /* 0: not */
};

static void wake(int fd)
{
    uint64_t one = 1;
    ssize_t done = write(fd, &one, sizeof one);

    (void)done; /* a full eventfd wakes as well */
}

/* ---- the sources ---- */

static void take_line(void *context, size_t source, struct span line)
{
    struct ingest *in = context;

    if (!in->status.sources[source]->wanted)
        return;
    parser_line(in->parsing.parser, &in->status.sources[source]->parser, line);
    if (in->status.sources_n > 1)
        duplicates_line(in->duplicates, source, line, in->now_ms);
}

static void take_overlong(void *context, size_t source)
{
    struct ingest *in = context;

    if (in->status.sources[source]->wanted)
        parser_overlong_line(in->parsing.parser, &in->status.sources[source]->parser);
}

static void look_for_sources(struct ingest *in)
{
    size_t before = in->status.sources_n;

    wanted_look(in->config, &in->state, &in->status, in->machine);
    in->new_sources = in->new_sources || in->status.sources_n > before;
    in->looked_ms = monotonic_ms();
}

static void configure(struct ingest *in, struct config *config)
{
    if (!parsing_set_up(&in->parsing, &in->state, in->config, config)) {
        log_message(LOG_ERR, "the new configuration cannot be used; the old one stays");
        config_free(config);
        return;
    }
    if (in->recorder)
        recorder_attach(in->recorder, in->parsing.parser);
    recorder_tell_changes(in->config, config);
    config_free(in->config);
    in->config = config;
    wanted_drop(config, &in->status);
    look_for_sources(in);
    duplicates_forget(in->duplicates);
    saver_set_interval(in->saver, config->save_interval_ms);
    queues_configure(in->queues, config);
    in->changed = in->unsaved = true;
    log_message(LOG_INFO, "the configuration was read again");
}

/* ---- the state ---- */

static void save(struct ingest *in)
{
    struct store *sections;
    uint32_t flows;

    in->state.agent.save_failures = in->earlier_failures + saver_failures(in->saver);
    in->state.agent.discontinuity_ticks = atomic_load(&in->discontinuity_ticks);
    parsing_counts(&in->parsing, &in->state, &in->state.agent.counts, &flows, &in->state.agent.evicted);
    sections = saver_sections(in->saver);
    state_save(&in->state, in->parsing.parser, &in->status, sections);
    if (in->recorder)
        recorder_save(in->recorder, &sections[STATE_RRD]);
    saver_write(in->saver);
    in->unsaved = in->new_sources = false;
}

static void take_news(struct ingest *in, int64_t wait_ms)
{
    switch (saver_news(in->saver, wait_ms)) {
    case SAVER_SAVED:
        source_set_saved(in->state.set);
        if (in->recorder)
            recorder_saved(in->recorder);
        in->changed = true;
        break;
    case SAVER_FAILED:
        in->unsaved = in->changed = true;
        break;
    case SAVER_NOTHING:
        break;
    }
}

/* Somebody waits for it; or a state does not know of a source, and would not find its file when that is renamed. */
static bool is_urgent(const struct ingest *in)
{
    return in->new_sources || source_set_wants_saving(in->state.set) ||
           (in->recorder && recorder_wants_saving(in->recorder, in->backlog_read));
}

/* Between two readings, when positions and counters are of one instant. */
static void keep(struct ingest *in)
{
    take_news(in, 0);
    if (in->recorder && recorder_turn(in->recorder, in->backlog_read, saver_trouble(in->saver)[0] != '\0'))
        in->changed = true;
    if (saver_due(in->saver, in->unsaved, is_urgent(in)))
        save(in);
}

/* The first state says that a run has begun, so that a run that finds it knows of its end; and which files are read, so
 * that it finds them under other names. What comes by a pipe cannot be read again, so this one is waited for. */
static void save_first(struct ingest *in)
{
    in->state.agent.clean = false;
    in->state.agent.starts++;
    save(in);
    take_news(in, FIRST_SAVE_MS);
}

/* What waits for evidence goes on waiting, in the state. */
static void save_last(struct ingest *in)
{
    take_news(in, LAST_SAVE_MS);
    in->state.agent.clean = true;
    if (saver_is_busy(in->saver)) {
        log_message(LOG_ERR, "the last state cannot be saved: the disk hangs");
        atomic_store(&in->hanging, true);
        return;
    }
    save(in);
    take_news(in, LAST_SAVE_MS);
    atomic_store(&in->hanging, saver_is_busy(in->saver));
}

/* ---- publishing ---- */

static void publish(struct ingest *in)
{
    struct snapshot *s = snapshots_begin(in->snapshots);

    in->published_ms = monotonic_ms();
    if (!snapshot_set_tallies(s, in->state.tallies) || !status_fill(&in->status, s)) {
        log_message(LOG_ERR, "there is no memory for what SNMP shows; the values shown are old");
        return;
    }
    parsing_counts(&in->parsing, &in->state, &s->counts, &s->flows, &s->flows_evicted);
    s->counts.last_event = tallies_total(in->state.tallies)->last_event; /* it follows a clock that is put back */
    s->backlog_read = in->backlog_read;
    s->state_save_failures = in->earlier_failures + saver_failures(in->saver);
    queues_fill(in->queues, s);
    if (in->recorder)
        recorder_queues(in->recorder, s);
    snprintf(s->rrd_text, sizeof s->rrd_text, "%.255s", in->recorder ? recorder_trouble(in->recorder) : "");
    remarks_fill(&in->remarks, saver_trouble(in->saver), in->duplicates, &in->status, s);
    status_sentence(s);
    snapshots_publish(in->snapshots);
    in->changed = false;
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
    if (config) {
        configure(in, config);
        pthread_mutex_lock(&in->lock);
        in->reconfigures = in->next_config != NULL;
        pthread_mutex_unlock(&in->lock);
        wake(in->snmp_wake_fd);
    }
    if (atomic_fetch_add(&in->beats, 1) == 0)
        wake(in->snmp_wake_fd);
    return !stopping;
}

/* What the clock says, which may be set at any time: stamps are compared with it. When it is put back, what waits for
 * evidence would wait for the old time to come again. */
static void look_at_clocks(struct ingest *in)
{
    int64_t now = time(NULL), now_ms = monotonic_ms();

    if (in->now != TIME_UNKNOWN && now - in->now < (now_ms - in->now_ms) / 1000 - JUMP_S)
        in->settle_all_ms = now_ms + JUMP_S * 1000;
    in->now = now;
    in->now_ms = now_ms;
    status_clock(&in->status, now);
    tallies_clock(in->state.tallies, now);
    if (in->settle_all_ms && now_ms >= in->settle_all_ms) {
        in->settle_all_ms = 0;
        parser_settle(in->parsing.parser, INT64_MAX);
    }
}

/* The RRD files take no more for now. */
static void wait_for_recorder(struct ingest *in)
{
    struct pollfd wakes = { .fd = in->wake_fd, .events = POLLIN };
    uint64_t count;

    poll(&wakes, 1, WAIT_MS / 10);
    if (read(in->wake_fd, &count, sizeof count) < 0) { /* nothing woke us */
    }
}

static void wait_for_news(struct ingest *in)
{
    int64_t wait_ms = in->changed ? until_publishing(in) : WAIT_MS;
    uint64_t count;
    ssize_t done;

    wait_ms = saver_wait_ms(in->saver, in->unsaved, is_urgent(in), wait_ms);
    source_set_wait(in->state.set, (int)wait_ms, in->wake_fd);
    done = read(in->wake_fd, &count, sizeof count);
    (void)done; /* nothing to read: something else woke us */
}

/* What waits for evidence long enough is decided, which may count something without a new line. */
static void settle(struct ingest *in)
{
    const struct tally *total = tallies_total(in->state.tallies);
    struct tally before = *total;

    parser_settle(in->parsing.parser, in->now);
    if (memcmp(before.counters, total->counters, sizeof before.counters) != 0)
        in->changed = in->unsaved = true;
}

static void idle(struct ingest *in)
{
    settle(in);
    if (!in->backlog_read && !source_set_settles(in->state.set)) {
        in->backlog_read = true;
        publish(in);
        wake(in->snmp_wake_fd);
    }
    if (status_look(&in->status, in->state.set))
        in->changed = in->unsaved = true;
    if (queues_look(in->queues))
        in->changed = true;
    in->unsaved = in->unsaved || source_set_moved(in->state.set);
    if (in->recorder && in->backlog_read && status_all_is_read(&in->status))
        recorder_clock(in->recorder, in->now);
    if (in->changed && until_publishing(in) == 0)
        publish(in);
    if (source_set_asks_to_end(in->state.set) && !atomic_exchange(&in->asks_to_end, true))
        wake(in->snmp_wake_fd);
    wait_for_news(in);
    if (monotonic_ms() - in->looked_ms > (in->backlog_read ? LOOK_FOR_FILES_MS : PUBLISH_MS))
        look_for_sources(in);
}

/* What waits to be read is read, for a bounded time: so the next run begins with little; and nobody could read later
 * what stands in a pipe. */
static void drain(struct ingest *in, const struct source_lines *lines)
{
    int64_t until = monotonic_ms() + DRAIN_MS;

    while (source_set_read(in->state.set, READ_OCTETS, lines) > 0 && monotonic_ms() < until)
        look_at_clocks(in);
    source_set_drain(in->state.set, lines);
    parser_settle(in->parsing.parser, time(NULL));
}

static void *ingest_thread(void *context)
{
    struct ingest *in = context;
    const struct source_lines lines = { take_line, take_overlong, in };

    look_for_sources(in);
    queues_configure(in->queues, in->config);
    source_set_read(in->state.set, 0, &lines); /* finds out which files they are, and reads nothing */
    save_first(in);
    while (orders(in)) {
        look_at_clocks(in);
        keep(in);
        if (in->recorder && recorder_is_full(in->recorder)) {
            wait_for_recorder(in);
            continue;
        }
        if (source_set_read(in->state.set, READ_OCTETS, &lines) == 0) {
            idle(in);
            continue;
        }
        in->changed = in->unsaved = true;
        if (until_publishing(in) == 0) {
            status_look(&in->status, in->state.set);
            queues_look(in->queues);
            publish(in);
        }
    }
    drain(in, &lines);
    atomic_store(&in->reading_ended, true);
    save_last(in);
    return NULL;
}

/* ---- beginning and end ---- */

static void ingest_free(struct ingest *in)
{
    recorder_free(in->recorder, LAST_SAVE_MS);
    saver_free(in->saver, LAST_SAVE_MS);
    status_clear(&in->status);
    parsing_free(&in->parsing);
    state_close(&in->state);
    duplicates_free(in->duplicates);
    queues_free(in->queues);
    config_free(in->config);
    config_free(in->next_config);
    if (in->wake_fd >= 0)
        close(in->wake_fd);
    pthread_mutex_destroy(&in->lock);
    free(in);
}

/* Why the state on the disk is to be set aside; NULL: it is not. */
static const char *set_aside(enum state_result result)
{
    return result == STATE_DAMAGED ? "damaged" : result == STATE_FOREIGN ? "foreign" : NULL;
}

static bool open_state(struct ingest *in)
{
    char error[STATE_ERROR_OCTETS] = "";
    enum state_result result = state_open(in->config->state_directory, &in->state, error);

    remarks_begin(&in->remarks, result, &in->state.agent, in->config->state_directory, error);
    if (result == STATE_UNREADABLE) /* counts are not to be thrown away for a wrong mode */
        return false;
    in->earlier_failures = in->state.agent.save_failures;
    atomic_init(&in->discontinuity_ticks, in->state.agent.discontinuity_ticks);
    in->saver = saver_new(in->config->state_directory, in->config->save_interval_ms, set_aside(result), in->wake_fd);
    return true;
}

static bool begin_recording(struct ingest *in)
{
    if (!in->config->rrd_directory)
        return true;
    in->recorder = recorder_new(in->config, &in->state, in->rrd_locked, in->wake_fd);
    if (in->recorder)
        recorder_attach(in->recorder, in->parsing.parser);
    else
        log_message(LOG_ERR, "there is no memory for the RRD files");
    return in->recorder != NULL;
}

/* All that the thread needs: tallies, messages under way and positions of one instant. Without a state the sources are
 * read from their beginnings. */
static bool prepare(struct ingest *in)
{
    if (gethostname(in->machine, sizeof in->machine - 1) != 0 || !in->machine[0])
        strcpy(in->machine, "localhost");
    in->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    in->now = TIME_UNKNOWN;
    if (!open_state(in))
        return false;
    in->duplicates = in->state.tallies ? duplicates_new(tallies_seed(in->state.tallies)) : NULL;
    in->queues = queues_new(NULL);
    if (!in->state.set || !in->duplicates || !in->queues || !in->saver || in->wake_fd < 0 ||
        !parsing_set_up(&in->parsing, &in->state, NULL, in->config)) {
        log_message(LOG_ERR, "the thread that reads the logs cannot start: there is no memory or no descriptor");
        return false;
    }
    return begin_recording(in);
}

struct ingest *ingest_start(struct config *config, struct snapshots *snapshots, int wake_fd, bool rrd_locked)
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
    in->rrd_locked = rrd_locked;
    if (!prepare(in)) {
        ingest_free(in);
        return NULL;
    }
    error = pthread_create(&in->thread, NULL, ingest_thread, in);
    if (!error)
        pthread_setname_np(in->thread, "ingest"); /* for top, gdb and the tests */
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
    in->reconfigures = true;
    pthread_mutex_unlock(&in->lock);
    config_free(unused);
    wake(in->wake_fd);
}

bool ingest_has_reconfigured(struct ingest *in)
{
    bool waits;

    pthread_mutex_lock(&in->lock);
    waits = in->reconfigures;
    pthread_mutex_unlock(&in->lock);
    return !waits;
}

uint64_t ingest_beats(const struct ingest *in)
{
    return atomic_load(&in->beats);
}

static bool join(struct ingest *in, int64_t wait_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    return join_until(in->thread, &until) == 0;
}

bool ingest_stop(struct ingest *in)
{
    pthread_mutex_lock(&in->lock);
    in->stopping = true;
    pthread_mutex_unlock(&in->lock);
    wake(in->wake_fd);
    if (!join(in, END_READ_MS) && !(atomic_load(&in->reading_ended) && join(in, 2 * LAST_SAVE_MS)))
        return false;
    if (atomic_load(&in->hanging) || !recorder_free(in->recorder, LAST_SAVE_MS))
        return false;
    in->recorder = NULL;
    ingest_free(in);
    return true;
}

bool ingest_asks_to_end(const struct ingest *in)
{
    return atomic_load(&in->asks_to_end);
}

int64_t ingest_since_cs(const struct ingest *in, uint32_t *ticks)
{
    *ticks = atomic_load(&in->discontinuity_ticks);
    return state_since_cs(&in->state.agent);
}

void ingest_note_discontinuity(struct ingest *in, uint32_t ticks)
{
    atomic_store(&in->discontinuity_ticks, ticks);
}
