/* The daemon from its options to its end.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "ingest.h"
#include "lock.h"
#include "log.h"
#include "snmp.h"
#include "clock.h"

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
    bool counters_shown = false;

    while (!told_to_end) {
        snmp_turn(snapshots, view, wake_fd);
        if (told_to_read_again) {
            told_to_read_again = 0;
            read_again(o, ingest);
        }
        if (!counters_shown && view->snapshot->backlog_read) {
            counters_shown = true;
            snmp_show_counters(view);
            log_message(LOG_INFO, "the logs are read; the counters are shown from now on");
        }
    }
}

static void forget_pid(const struct options *o)
{
    if (o->pid_file)
        unlink(o->pid_file);
}

/* From the configuration on. */
static int serve(const struct options *o, struct snapshots *snapshots, const char *state_directory)
{
    struct mib_view view = { .snapshot = snapshots_hold(snapshots),
                             .now = time(NULL),
                             .since_cs = monotonic_ms() / 10 };
    struct config *config = snmp_begin(o, state_directory, &view);
    struct ingest *ingest;
    bool stopped;

    if (!config)
        return EXIT_TROUBLE;
    mask_signals(SIG_BLOCK); /* the thread inherits the mask: signals are for this one */
    ingest = ingest_start(config, snapshots, wake_fd);
    mask_signals(SIG_UNBLOCK);
    if (!ingest)
        return EXIT_TROUBLE;
    log_message(LOG_NOTICE, "mailtallyd " MAILTALLY_VERSION " is running");
    log_running();
    process_ready(EXIT_ENDED);
    loop(o, snapshots, &view, ingest);
    stopped = ingest_stop(ingest);
    log_drain();
    if (!stopped)
        log_message(LOG_WARNING, "reading a log hangs; mailtallyd ends without waiting for it");
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

static int serve_as(const struct options *o, const char *state_directory)
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
    status = serve(o, snapshots, state_directory);
    log_drain();
    snapshots_free(snapshots);
    return status;
}

static int run_here(const struct options *o, const char *state_directory, int lock)
{
    char error[PROCESS_ERROR_OCTETS];
    int status;

    lock_sign(lock);
    wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake_fd < 0)
        return complain("there is no descriptor left", EXIT_TROUBLE);
    log_start(wake_fd);
    catch_signals();
    if (o->pid_file && !process_write_pid(o->pid_file, error))
        return complain(error, EXIT_TROUBLE);
    status = serve_as(o, state_directory);
    forget_pid(o); /* after a start that failed, too: the number will be another process's */
    close(wake_fd);
    return status;
}

static int run(struct options *o, const struct config *early)
{
    char error[PROCESS_ERROR_OCTETS];
    int lock, status;

    if (!process_identify(&o->identity, error))
        return complain(error, EXIT_TROUBLE);
    switch (lock_take(early->state_directory, o->identity.uid, o->identity.gid, &lock, error, sizeof error)) {
    case LOCK_TAKEN:
        break;
    case LOCK_BUSY:
        return complain(error, EXIT_SECOND);
    case LOCK_ERROR:
        return complain(error, EXIT_TROUBLE);
    }
    if (!o->foreground && !process_daemonise(error))
        return complain(error, EXIT_TROUBLE);
    status = run_here(o, early->state_directory, lock);
    if (status != EXIT_ENDED)
        process_ready(status); /* the one that was started waits for it */
    close(lock);
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
    } else {
        status = run(o, early);
    }
    config_free(early);
    return status;
}
