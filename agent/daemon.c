/* The daemon from its options to its end.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include <pthread.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../config/lock.h"
#include "ingest.h"
#include "log.h"
#include "parsing.h"
#include "snmp.h"
#include "state_text.h"
#include "clock.h"
#include "supervisor.h"

/* ---- signals ---- */

/* Set by the handler, seen by the loop, which the handler wakes. */
static volatile sig_atomic_t told_to_end, told_to_read_again;
static int wake_fd = -1;

static void on_signal(int number)
{
    uint64_t one = 1;
    ssize_t done;

    if (number == SIGHUP)
        told_to_read_again = 1;
    else
        told_to_end = 1;
    done = write(wake_fd, &one, sizeof one);
    (void)done;
}

static const int signals[] = { SIGHUP, SIGINT, SIGTERM };

static void mask_signals(int how)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(&set, signals[i]);
    pthread_sigmask(how, &set, NULL);
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}

/* ---- the loop ---- */

static void read_again(const struct options *o, struct ingest *ingest)
{
    struct config *config = snmp_read_again(o);

    if (config)
        ingest_reconfigure(ingest, config);
}

static void loop(const struct options *o, struct snapshots *snapshots, struct mib_view *view, struct ingest *ingest)
{
    struct supervisor supervisor;
    bool counters_shown = false;

    supervisor_begin(&supervisor);
    while (!told_to_end && !ingest_asks_to_end(ingest)) {
        snmp_turn(snapshots, view, wake_fd);
        ingest_note_discontinuity(ingest, view->discontinuity);
        if (told_to_read_again) {
            told_to_read_again = 0;
            supervisor_reloads(&supervisor);
            read_again(o, ingest);
        }
        supervisor_look(&supervisor, ingest_beats(ingest), ingest_has_reconfigured(ingest), view->snapshot->status_text,
                        monotonic_ms());
        if (!counters_shown && view->snapshot->backlog_read) {
            counters_shown = true;
            snmp_show_counters(view);
            log_message(LOG_INFO, "the logs are read; the counters are shown from now on");
        }
    }
    supervisor_ends();
}

static void forget_pid(const struct options *o)
{
    if (o->pid_file)
        unlink(o->pid_file);
}

/* What is locked before anything else, for as long as the daemon runs. */
struct locks {
    struct lock state, rrd;
    bool rrd_locked;
};

/* From the configuration on. */
static int serve(const struct options *o, struct snapshots *snapshots, const char *state_directory, bool rrd_locked)
{
    struct mib_view view = { .snapshot = snapshots_hold(snapshots), .now = time(NULL) };
    struct config *config = snmp_begin(o, state_directory, &view);
    struct ingest *ingest;
    bool stopped;

    if (!config)
        return EXIT_TROUBLE;
    mask_signals(SIG_BLOCK); /* the thread inherits the mask: signals are for this one */
    ingest = ingest_start(config, snapshots, wake_fd, rrd_locked);
    mask_signals(SIG_UNBLOCK);
    if (!ingest)
        return EXIT_TROUBLE;
    view.since_cs = ingest_since_cs(ingest, &view.discontinuity);
    log_message(LOG_NOTICE, "mailtallyd " MAILTALLY_VERSION " is running");
    log_running();
    process_ready(EXIT_ENDED);
    loop(o, snapshots, &view, ingest);
    stopped = ingest_stop(ingest);
    log_drain();
    if (!stopped)
        log_message(LOG_WARNING, "a disk or file server hangs; mailtallyd ends without waiting for it");
    log_message(LOG_NOTICE, "mailtallyd ends");
    snmp_end();
    if (!stopped) {
        forget_pid(o);
        _exit(EXIT_ENDED);
    }
    return EXIT_ENDED;
}

/* ---- before it ---- */

static int complain(const char *error, int status)
{
    log_message(LOG_ERR, "%s", error);
    return status;
}

/* Files that root could read at the first look must be readable later, too, or a HUP would lose all settings. */
static bool config_is_readable(const struct options *o, char *error)
{
    static const char usual[] = "/etc/snmp/" AGENT_NAME ".conf";
    const char *file = o->config_file;

    if (!file && !o->no_usual_files && access(usual, F_OK) == 0)
        file = usual;
    if (!file || access(file, R_OK) == 0)
        return true;
    snprintf(error, PROCESS_ERROR_OCTETS,
             "user %lu, as whom mailtallyd runs, cannot read the configuration %s: chgrp it to a group of his and make "
             "it mode 0640",
             (unsigned long)geteuid(), file);
    return false;
}

static int serve_as(const struct options *o, const char *state_directory, bool rrd_locked)
{
    char error[PROCESS_ERROR_OCTETS];
    struct snapshots *snapshots;
    int status;

    /* A subagent must connect to snmpd as who it is to be: a first link that only root could make would not come
     * again. An embedded agent may need root to listen. */
    if (!o->embedded && !process_become(&o->identity, error))
        return complain(error, EXIT_TROUBLE);
    if (!config_is_readable(o, error))
        return complain(error, EXIT_TROUBLE);
    snapshots = snapshots_new(time(NULL));
    if (!snapshots)
        return complain("there is no memory", EXIT_TROUBLE);
    status = serve(o, snapshots, state_directory, rrd_locked);
    log_drain();
    snapshots_free(snapshots);
    return status;
}

static int run_here(const struct options *o, const char *state_directory, const struct locks *locks)
{
    char error[PROCESS_ERROR_OCTETS];
    int status;

    lock_sign(&locks->state);
    lock_sign(&locks->rrd);
    wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake_fd < 0)
        return complain("there is no descriptor left", EXIT_TROUBLE);
    log_start(wake_fd);
    if (o->pid_file && !process_write_pid(o->pid_file, error))
        return complain(error, EXIT_TROUBLE);
    status = serve_as(o, state_directory, locks->rrd_locked);
    forget_pid(o); /* after a start that failed, too: the number will be another process's */
    close(wake_fd);
    return status;
}

/* What must hold of standard input and output for `source stdin`. */
static bool suits_stdin(const struct options *o, const struct config *config, char *error)
{
    for (size_t i = 0; i < config->sources_n; i++) {
        const struct config_source *source = &config->sources[i];
        const char *why = NULL;

        if (source->type != CONFIG_SOURCE_STDIN)
            continue;
        if (!o->foreground)
            why = "source stdin needs option -f: a daemon in the background has no standard input";
        else if (source->confirms && o->logs_to_output)
            why = "source stdin confirmMessages needs standard output for itself: log elsewhere than with -Lo";
        if (why) {
            snprintf(error, PROCESS_ERROR_OCTETS, "%s", why);
            return false;
        }
    }
    return true;
}

static int after_lock(enum lock_result result, const char *error)
{
    switch (result) {
    case LOCK_TAKEN:
        return EXIT_ENDED;
    case LOCK_BUSY:
        return complain(error, EXIT_SECOND);
    case LOCK_ERROR:
        break;
    }
    return complain(error, EXIT_TROUBLE);
}

/* A directory for RRD files that cannot be used is no reason not to count: it is tried again later. */
static int take_locks(const struct options *o, const struct config *early, struct locks *locks)
{
    const uid_t uid = o->identity.uid;
    const gid_t gid = o->identity.gid;
    char error[PROCESS_ERROR_OCTETS];
    enum lock_result result = lock_take(early->state_directory, uid, gid, &locks->state, error, sizeof error);
    int status = after_lock(result, error);

    locks->rrd = (struct lock){ -1, -1 };
    locks->rrd_locked = false;
    if (status != EXIT_ENDED || !early->rrd_directory)
        return status;
    result = lock_take_rrd(early->rrd_directory, uid, gid, &locks->rrd, error, sizeof error);
    locks->rrd_locked = result == LOCK_TAKEN;
    status = after_lock(result, error);
    if (status == EXIT_SECOND)
        lock_free(&locks->state);
    return status == EXIT_SECOND ? status : EXIT_ENDED;
}

static int run(struct options *o, const struct config *early)
{
    char error[PROCESS_ERROR_OCTETS];
    struct locks locks;
    int status;

    if (!suits_stdin(o, early, error))
        return complain(error, EXIT_TROUBLE);
    if (!process_identify(&o->identity, error))
        return complain(error, EXIT_TROUBLE);
    status = take_locks(o, early, &locks);
    if (status != EXIT_ENDED)
        return status;
    process_allow_descriptors();
    if (!o->foreground && !process_daemonise(error))
        return complain(error, EXIT_TROUBLE);
    status = run_here(o, early->state_directory, &locks);
    if (status != EXIT_ENDED)
        process_ready(status); /* the one that was started waits for it */
    lock_free(&locks.state);
    lock_free(&locks.rrd);
    return status;
}

/* Option -T: everything that Net-SNMP and our own tokens have to say. */
static int check(const struct options *o)
{
    struct mib_view view = { 0 };
    struct config *config = snmp_begin(o, "", &view);

    if (!config || log_complaints() > 0) {
        config_free(config);
        fputs("mailtallyd: the configuration is wrong\n", stderr);
        return EXIT_TROUBLE;
    }
    config_free(config);
    puts("mailtallyd: the configuration is good");
    return EXIT_ENDED;
}

/* ---- the state as text ---- */

static int dump_state(const char *directory)
{
    char error[STATE_ERROR_OCTETS];
    struct state state;
    enum state_result result = state_open(directory, &state, error);
    bool good = result == STATE_READ;

    if (result == STATE_NONE)
        snprintf(error, sizeof error, "there is no state in %.400s", directory);
    if (good && !state_text_write(&state, stdout)) {
        snprintf(error, sizeof error, "cannot print the state: %s", strerror(errno));
        good = false;
    }
    state_close(&state);
    return good ? EXIT_ENDED : complain(error, EXIT_TROUBLE);
}

/* What is imported becomes the state of this directory; it is not mixed with one that is there. */
static bool import_into(const char *directory, FILE *text, char *error)
{
    struct store sections[STATE_SECTIONS] = { 0 };
    const struct status no_sources = { 0 };
    struct parsing parsing = { 0 };
    struct config *defaults = config_new();
    struct state state;
    enum state_result result = state_open(directory, &state, error);
    bool good = result == STATE_NONE;

    if (result == STATE_READ)
        snprintf(error, STATE_ERROR_OCTETS,
                 "there is a state in %.300s already: move the file %s away when it is not wanted", directory,
                 STATE_FILE);
    state.agent.boot[0] = '\0'; /* the times in the text are no times of this boot's clock */
    good = good && defaults && state.tallies && state.set && state_text_read(&state, text, error) &&
           parsing_set_up(&parsing, &state, NULL, defaults);
    if (good) {
        state.agent.earlier = state.agent.counts;
        state.agent.earlier_evicted = state.agent.evicted;
        state_save(&state, parsing.parser, &no_sources, sections);
        good = state_file_write(directory, sections, error);
    }
    for (int i = 0; i < STATE_SECTIONS; i++)
        store_free(&sections[i]);
    parsing_free(&parsing);
    state_close(&state);
    config_free(defaults);
    return good;
}

/* Run by root for a directory that is another user's: then what is made in it is his, too. */
static void be_owner(struct identity *id, const char *directory)
{
    struct stat owner;

    if (id->user || id->group || stat(directory, &owner) != 0)
        return;
    id->uid = owner.st_uid;
    id->gid = owner.st_gid;
}

static int import_state(struct options *o, const char *directory)
{
    char error[STATE_ERROR_OCTETS], message[2 * STATE_ERROR_OCTETS];
    bool standard = strcmp(o->import_file, "-") == 0, good;
    FILE *text = standard ? stdin : fopen(o->import_file, "re");
    struct lock lock;
    enum lock_result locked;

    if (!text) {
        snprintf(message, sizeof message, "cannot read %.400s: %s", o->import_file, strerror(errno));
        return complain(message, EXIT_TROUBLE);
    }
    good = process_identify(&o->identity, error);
    if (good)
        be_owner(&o->identity, directory);
    locked = good ? lock_take(directory, o->identity.uid, o->identity.gid, &lock, error, sizeof error) : LOCK_ERROR;
    good = locked == LOCK_TAKEN && import_into(directory, text, error);
    if (locked == LOCK_TAKEN)
        lock_free(&lock);
    if (!standard)
        fclose(text);
    if (good) {
        printf("mailtallyd: the state in %s is that of %s\n", directory, standard ? "standard input" : o->import_file);
        return EXIT_ENDED;
    }
    snprintf(message, sizeof message, "%s was not imported: %s", standard ? "standard input" : o->import_file, error);
    return complain(message, locked == LOCK_BUSY ? EXIT_SECOND : EXIT_TROUBLE);
}

/* ---- the beginning of all ---- */

static void open_log(const struct options *o)
{
    if (!o->logs && (o->foreground || o->task != TASK_RUN))
        snmp_enable_stderrlog();
    else if (!o->logs)
        snmp_enable_syslog_ident(AGENT_NAME, LOG_DAEMON);
    log_watch();
}

int daemon_do(struct options *o)
{
    struct config *early;
    unsigned errors;
    int status;

    if (o->task == TASK_HELP) {
        options_help();
        return EXIT_ENDED;
    }
    if (o->task == TASK_VERSION) {
        printf("mailtallyd %s (Net-SNMP %s)\n", MAILTALLY_VERSION, netsnmp_get_version());
        return EXIT_ENDED;
    }
    /* First of all: whoever started us may have written to our standard input and end us at once. */
    if (o->task == TASK_RUN)
        catch_signals();
    snmp_prepare();
    open_log(o);
    early = snmp_first_look(o, &errors);
    if (!early)
        return complain("there is no memory", EXIT_TROUBLE);
    if (o->task == TASK_LIST_TOKENS) {
        snmp_list_tokens(o);
        status = EXIT_ENDED;
    } else if (o->task == TASK_CHECK || errors > 0) {
        o->task = TASK_CHECK;
        status = check(o);
    } else if (o->task == TASK_DUMP) {
        status = dump_state(early->state_directory);
    } else if (o->task == TASK_IMPORT) {
        status = import_state(o, early->state_directory);
    } else {
        status = run(o, early);
    }
    config_free(early);
    return status;
}
