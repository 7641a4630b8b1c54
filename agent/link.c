/* The link to snmpd.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "link.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "clock.h"
#include "refused.h"

#define DEFAULT_SOCKET "/var/agentx/master"
/* An attempt takes its time: trouble that ends by itself is not told. Less so when snmpd listens. */
#define PATIENCE_S           1
#define PATIENCE_LISTENING_S (2 * LINK_PING_S)

static struct {
    bool prepared, up;
    time_t down_since; /* monotonic */
    char told[512];    /* the last sentence; empty after a success */
} state;

/* With the library's defaults an snmpd that is stopped holds this thread for ten seconds; so for one third of a
 * second, and then it is asked again. */
static int session_init(int major, int minor, void *server, void *client)
{
    netsnmp_session *session = server;

    (void)major, (void)minor, (void)client;
    session->timeout = ONE_SEC / 3;
    session->retries = 0;
    return 0;
}

/* A blocking write to an snmpd that does not read would never come back (Net-SNMP issue 302). */
static void do_not_block(netsnmp_session *session)
{
    struct session_list *slot = snmp_sess_pointer(session);
    netsnmp_transport *transport = slot ? snmp_sess_transport(slot) : NULL;
    int flags = transport ? fcntl(transport->sock, F_GETFL) : -1;

    if (flags >= 0)
        fcntl(transport->sock, F_SETFL, flags | O_NONBLOCK);
}

static int link_began(int major, int minor, void *server, void *client)
{
    (void)major, (void)minor, (void)client;
    do_not_block(server);
    state.up = true;
    if (state.told[0])
        log_message(LOG_NOTICE, "the link to snmpd is there again");
    state.told[0] = '\0';
    return 0;
}

static int link_ended(int major, int minor, void *server, void *client)
{
    (void)major, (void)minor, (void)server, (void)client;
    if (state.up)
        state.down_since = (time_t)(monotonic_ms() / 1000);
    state.up = false;
    refused_forget();
    return 0;
}

void link_prepare(void)
{
    state.prepared = true;
    state.down_since = (time_t)(monotonic_ms() / 1000);
    refused_prepare();
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_SESSION_INIT, session_init, NULL);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, link_began, NULL);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, link_ended, NULL);
    /* Its own message comes at each attempt, and without a reason. */
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
}

bool link_is_up(void)
{
    return state.up || !state.prepared;
}

/* ---- why not ---- */

static const char *user_name(uid_t uid, char *buffer, size_t octets)
{
    const struct passwd *account = getpwuid(uid);

    if (account)
        return account->pw_name;
    snprintf(buffer, octets, "%lu", (unsigned long)uid);
    return buffer;
}

static const char *group_name(gid_t gid, char *buffer, size_t octets)
{
    const struct group *group = getgrgid(gid);

    if (group)
        return group->gr_name;
    snprintf(buffer, octets, "%lu", (unsigned long)gid);
    return buffer;
}

/* The first directory on the way to `path` that this user may not enter; false when there is none. */
static bool closed_directory(const char *path, char *directory, size_t octets)
{
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(directory, octets, "%.*s", (int)(slash - path), path);
        if (access(directory, X_OK) != 0 && errno == EACCES)
            return true;
    }
    return false;
}

static void explain_permission(const char *path, char *sentence, size_t octets)
{
    char directory[PATH_MAX], user[24], group[24];
    struct stat status;

    if (closed_directory(path, directory, sizeof directory)) {
        unsigned mode = stat(directory, &status) == 0 ? status.st_mode & 07777 : 0;

        snprintf(sentence, octets,
                 "cannot reach snmpd's AgentX socket %s: user %s may not enter the directory %.150s, which has mode "
                 "%04o; install mailtally.tmpfiles in /etc/tmpfiles.d, run systemd-tmpfiles --create, and see "
                 "agentXPerms in snmpd.conf.d/mailtally.conf",
                 path, user_name(geteuid(), user, sizeof user), directory, mode);
    } else if (stat(path, &status) == 0) {
        snprintf(sentence, octets,
                 "cannot use snmpd's AgentX socket %s, which has mode %04o and group %s: put the user %s into that "
                 "group (adduser %s %s), or see agentXPerms in snmpd.conf.d/mailtally.conf; then restart mailtallyd",
                 path, status.st_mode & 07777, group_name(status.st_gid, group, sizeof group),
                 user_name(geteuid(), user, sizeof user), user_name(geteuid(), user, sizeof user),
                 group_name(status.st_gid, group, sizeof group));
    } else {
        snprintf(sentence, octets, "cannot reach snmpd's AgentX socket %s: %s", path, strerror(errno));
    }
}

static void explain(const char *path, int why, char *sentence, size_t octets)
{
    switch (why) {
    case 0:
    case EAGAIN:
        snprintf(sentence, octets,
                 "snmpd does not answer on its AgentX socket %s: it is stopped or busy; waiting for it", path);
        break;
    case ENOENT:
        snprintf(sentence, octets,
                 "there is no AgentX socket %s: snmpd is not running, or its snmpd.conf lacks the line \"master "
                 "agentx\" (see snmpd.conf.d/mailtally.conf); waiting for it",
                 path);
        break;
    case ECONNREFUSED:
        snprintf(sentence, octets, "nobody listens on the AgentX socket %s: snmpd is not running; waiting for it",
                 path);
        break;
    case EACCES:
        explain_permission(path, sentence, octets);
        break;
    default:
        snprintf(sentence, octets, "cannot reach snmpd's AgentX socket %s: %s", path, strerror(why));
        break;
    }
}

bool link_diagnose(const char *address, char *sentence, size_t octets)
{
    const char *path = strncmp(address, "unix:", 5) == 0 ? address + 5 : address;
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd, why;

    if (path[0] != '/') {
        snprintf(sentence, octets, "cannot reach snmpd at the AgentX address %s: see agentXSocket in snmpd.conf",
                 address);
        return false;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof name.sun_path || fd < 0) {
        snprintf(sentence, octets, "cannot reach snmpd's AgentX socket %s: %s", path,
                 fd < 0 ? strerror(errno) : "the name is too long for a socket");
        if (fd >= 0)
            close(fd);
        return false;
    }
    memcpy(name.sun_path, path, strlen(path) + 1);
    why = connect(fd, (struct sockaddr *)&name, sizeof name) == 0 ? 0 : errno;
    close(fd);
    explain(path, why, sentence, octets);
    return why == 0 || why == EAGAIN;
}

void link_look(void)
{
    const char *address = netsnmp_ds_get_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET);
    char sentence[sizeof state.told];
    time_t down_s = (time_t)(monotonic_ms() / 1000) - state.down_since;

    if (state.prepared && state.up)
        refused_look();
    if (!state.prepared || state.up || down_s < PATIENCE_S)
        return;
    if (link_diagnose(address ? address : DEFAULT_SOCKET, sentence, sizeof sentence) && down_s < PATIENCE_LISTENING_S)
        return;
    if (strcmp(sentence, state.told) == 0)
        return;
    log_message(LOG_WARNING, "%s", sentence);
    strcpy(state.told, sentence);
}
