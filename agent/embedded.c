/* The agent of our own.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "embedded.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/mib_modules.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "oids.h"
#include "snmp.h"

#define DEFAULT_ADDRESS "udp:127.0.0.1:1161"

/* 0, or why nothing can be written there. */
static int make_directory(const char *directory, uid_t uid, gid_t gid)
{
    if (mkdir(directory, 0700) != 0)
        return errno != EEXIST ? errno : access(directory, W_OK | X_OK) == 0 ? 0 : errno;
    if (geteuid() == 0 && chown(directory, uid, gid) != 0)
        log_message(LOG_WARNING, "cannot give away %s: %s", directory, strerror(errno));
    return 0;
}

bool embedded_keep_state(const char *state_directory, bool no_usual_files, uid_t uid, gid_t gid)
{
    const char *usual = getenv("SNMPCONFPATH");
    char directory[PATH_MAX], path[3 * PATH_MAX];
    int why;

    snprintf(directory, sizeof directory, "%s/snmp", state_directory);
    why = make_directory(directory, uid, gid);
    if (why == EROFS || why == ENOSPC) {
        log_message(LOG_WARNING,
                    "cannot keep SNMPv3's engine boots in %s: %s; SNMPv3 managers may have to be told of this restart",
                    directory, strerror(why));
    } else if (why) {
        log_message(LOG_ERR, "cannot keep SNMPv3's engine boots in %s: %s", directory, strerror(why));
        return false;
    }
    set_persistent_directory(directory);
    /* Net-SNMP looks for what it kept on the path of the configuration only, and not at all under option -C: so the
     * directory becomes part of the path, or with -C all of it. */
    if (no_usual_files)
        snprintf(path, sizeof path, "%s", directory);
    else
        snprintf(path, sizeof path, "%s:%s", usual ? usual : get_configuration_directory(), directory);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 0);
    return setenv("SNMPCONFPATH", path, 1) == 0;
}

void embedded_modules(void)
{
    /* All others (interfaces, disks, processes) are snmpd's business. */
    char wanted[] = "vacm_conf,usmConf,system_mib,sysORTable,snmp_mib,snmpEngine,usmStats,snmpMPDStats,vacm_context";

    add_to_init_list(wanted);
    init_mib_modules();
}

/* As if the configuration had this line. Not by netsnmp_config(), which also remembers it, and puts it before the next
 * reading of the files. The handler may write into the value. */
static void use_token(const char *token, char *value)
{
    for (struct config_line *line = read_config_get_handlers(AGENT_NAME); line; line = line->next)
        if (strcasecmp(line->config_token, token) == 0)
            line->parse_line(token, value);
}

void embedded_default_access(void)
{
    char ipv4[] = "public 127.0.0.1 ." OID_ROOT_TEXT, ipv6[] = "public ::1 ." OID_ROOT_TEXT;

    if (vacm_is_configured()) /* all that concerns access is read by then */
        return;
    use_token("rocommunity", ipv4);
    use_token("rocommunity6", ipv6);
    log_message(LOG_NOTICE,
                "the configuration lets nobody in, so community public may read the mail counters from this "
                "machine alone; rocommunity, rouser and the like change that");
}

bool embedded_listen(const char *addresses)
{
    const char *configured = netsnmp_ds_get_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_PORTS);

    /* What the command line says replaces what the configuration says. */
    if (addresses[0])
        configured = addresses;
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_PORTS, configured ? configured : DEFAULT_ADDRESS);
    if (init_master_agent() == 0)
        return true;
    log_message(LOG_ERR,
                "cannot listen on %s: something else listens there, it is no address of this machine, or the port is "
                "below 1024 and needs root (options -u and -g then give root up)",
                configured ? configured : DEFAULT_ADDRESS);
    return false;
}
