/* The SNMP thread: the order of initialisation, which was measured, and the loop.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "snmp.h"

#include <net-snmp/agent/agent_read_config.h>
#include <net-snmp/library/large_fd_set.h>

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "embedded.h"
#include "link.h"
#include "log.h"
#include "notify.h"
#include "clock.h"

#define TURN_S      1
#define HOLD_GAP_MS 20  /* requests that come closer together see one snapshot, */
#define HOLD_MS     500 /* but not longer than this */

static const struct mib_group *const at_once[] = { &mib_agent, &mib_sources, &mib_queues };
static const struct mib_group *const counters[] = {
    &mib_totals, &mib_hosts, &mib_recent, &mib_rejects, &mib_deferrals, &mib_zones, &mib_delays,
};

static struct notify *notify; /* while the agent runs */

void snmp_prepare(void)
{
    setenv("MIBS", "", 1);    /* parsing MIB files would take longer than all the rest */
    signal(SIGPIPE, SIG_IGN); /* snmpd may drop us while we write */
    snmp_log_syslogname(AGENT_NAME);
}

/* ---- configuration ---- */

/* What init_snmp() and read_configs() do with the files, without the calls to whoever waits for the end of it: one of
 * those opens the link to snmpd, and a second one at each call. */
static void read_files(const struct options *o)
{
    if (!o->no_usual_files)
        read_config_files(NORMAL_CONFIG);
    if (o->config_file)
        read_config_with_type(o->config_file, AGENT_NAME);
}

struct config *snmp_first_look(const struct options *o, unsigned *errors)
{
    struct config *config;

    config_register(AGENT_NAME);
    log_mute(true);
    read_files(o);
    config = config_take(errors);
    log_mute(false);
    return config;
}

struct config *snmp_read_again(const struct options *o)
{
    struct config *config;
    unsigned errors;

    if (o->embedded) {
        update_config();
    } else {
        free_config();
        read_files(o);
    }
    config = config_take(&errors);
    if (config && errors == 0) {
        notify_configure(notify, &config->notify);
        log_message(LOG_NOTICE, "read the configuration again; what concerns SNMP itself (agentXSocket, agentAddress, "
                                "engineID) and stateDirectory need a restart");
        return config;
    }
    log_message(LOG_ERR, "the configuration has errors: mailtallyd goes on with the one it had");
    config_free(config);
    return NULL;
}

/* ---- beginning ---- */

/* Not handed over as the callback's argument: at its shutdown the library frees those. */
static const struct options *options_in_use;

/* Called when the files have been read, before the library acts on them: it connects to snmpd, or complains that nobody
 * is let in. -x is stronger than agentXSocket; a check connects to nobody. */
static int files_read(int major, int minor, void *server, void *client)
{
    const struct options *o = options_in_use;
    const char *address = o->task == TASK_RUN ? o->agentx_socket : "unix:/dev/null/nowhere";

    (void)major, (void)minor, (void)server, (void)client;
    if (o->embedded)
        embedded_default_access();
    else if (address)
        netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, address);
    return 0;
}

static void set_library(const struct options *o)
{
    bool keeps_state = o->embedded && o->task == TASK_RUN;

    /* Not DONT_PERSIST_STATE: with it the library reads no configuration at all. */
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, !keeps_state);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, !keeps_state);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_ALARM_DONT_USE_SIG, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_DONT_LOG_TCPWRAPPERS_CONNECTS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, o->no_usual_files);
    if (o->config_file)
        netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_OPTIONALCONFIG, o->config_file);
}

/* Up to init_snmp(). The order was measured; each step that stands elsewhere is lost or does harm. */
static void init_library(const struct options *o)
{
    set_library(o);
    if (!o->embedded) {
        netsnmp_enable_subagent();
        link_prepare();
    }
    options_in_use = o;
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_READ_CONFIG, files_read, NULL);
    init_agent(AGENT_NAME);
    if (o->embedded)
        embedded_modules();
    else /* init_agent() has just set it to 15 s */
        netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, LINK_PING_S);
}

static bool register_groups(const struct mib_group *const *groups, size_t n, struct mib_view *view)
{
    for (size_t i = 0; i < n; i++)
        if (!mib_register(groups[i], view)) {
            log_message(LOG_ERR, "cannot register %s with the agent", groups[i]->name);
            return false;
        }
    return true;
}

static bool listen_and_become(const struct options *o)
{
    char error[PROCESS_ERROR_OCTETS];

    if (!embedded_listen(o->addresses))
        return false;
    if (!process_become(&o->identity, error)) {
        log_message(LOG_ERR, "%s", error);
        return false;
    }
    snmp_store(AGENT_NAME); /* the engine boots: now, for one that is killed must have counted, too */
    return true;
}

struct config *snmp_begin(const struct options *o, const char *state_directory, struct mib_view *view)
{
    struct config *config;
    unsigned errors;

    init_library(o);
    if (o->embedded && o->task == TASK_RUN &&
        !embedded_keep_state(state_directory, o->no_usual_files, o->identity.uid, o->identity.gid))
        return NULL;
    if (o->task == TASK_RUN && !register_groups(at_once, sizeof at_once / sizeof at_once[0], view))
        return NULL;
    init_snmp(AGENT_NAME);
    config = config_take(&errors);
    if (!config || errors > 0) {
        if (o->task == TASK_RUN)
            log_message(LOG_ERR, "the configuration has errors (mailtallyd -T lists them): not started");
        config_free(config);
        return NULL;
    }
    notify = notify_new(notify_send, NULL);
    if (!notify || (o->embedded && o->task == TASK_RUN && !listen_and_become(o))) {
        config_free(config);
        return NULL;
    }
    notify_configure(notify, &config->notify);
    return config;
}

void snmp_show_counters(struct mib_view *view)
{
    register_groups(counters, sizeof counters / sizeof counters[0], view);
}

void snmp_end(void)
{
    notify_free(notify);
    notify = NULL;
    snmp_shutdown(AGENT_NAME);
}

void snmp_list_tokens(const struct options *o)
{
    char to_output[] = "o"; /* as option -Lo; by its path, another user's standard output may not be opened */

    init_library(o);
    puts("mailtallyd.conf may hold (SNMP's own words are explained in snmpd.conf(5) and snmp.conf(5)):");
    fflush(stdout);
    snmp_disable_log();
    snmp_log_options(to_output, 0, NULL);
    read_config_print_usage("  ");
}

/* ---- the loop ---- */

/* snmpd makes many AgentX requests of one GETBULK. They come close together, and are answered from one snapshot; a
 * walk that never pauses gets a new one twice a second. */
static void refresh(struct snapshots *snapshots, struct mib_view *view, bool requests)
{
    static int64_t last_request_ms, held_ms;
    int64_t now_ms = monotonic_ms();

    if (now_ms - last_request_ms > HOLD_GAP_MS || now_ms - held_ms > HOLD_MS) {
        view->snapshot = snapshots_hold(snapshots);
        view->now = time(NULL);
        held_ms = now_ms;
    }
    if (requests)
        last_request_ms = now_ms;
}

/* The set of descriptors is made anew each turn: after a reconnect the new socket may have the old one's number. It may
 * be larger than 1024. */
void snmp_turn(struct snapshots *snapshots, struct mib_view *view, int wake_fd)
{
    netsnmp_large_fd_set fds;
    struct timeval timeout = { .tv_sec = TURN_S };
    int fds_n = 0, block = 0, ready;
    uint64_t count;
    bool woken;

    netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
    NETSNMP_LARGE_FD_ZERO(&fds);
    snmp_select_info2(&fds_n, &fds, &timeout, &block);
    NETSNMP_LARGE_FD_SET(wake_fd, &fds);
    if (wake_fd >= fds_n)
        fds_n = wake_fd + 1;
    ready = netsnmp_large_fd_set_select(fds_n, &fds, NULL, NULL, &timeout);
    woken = ready > 0 && NETSNMP_LARGE_FD_ISSET(wake_fd, &fds);
    if (woken && read(wake_fd, &count, sizeof count) < 0)
        log_message(LOG_DEBUG, "woken for nothing");
    /* Requests are answered in all that follows: while the library waits for snmpd in an alarm, it reads on. */
    refresh(snapshots, view, ready > (woken ? 1 : 0));
    if (ready > 0)
        snmp_read2(&fds);
    else if (ready == 0)
        snmp_timeout();
    netsnmp_large_fd_set_cleanup(&fds);
    run_alarms();
    netsnmp_check_outstanding_agent_requests();
    notify_look(notify, view, monotonic_ms());
    log_drain();
    link_look();
}
