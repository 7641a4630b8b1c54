/* The way from the daemon to snmpd: the AgentX socket.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../agent/oids.h" /* numbers only, made from the MIB */
#include "agentx.h"
#include "inside.h"

#define DEFAULT_SOCKET "/var/agentx/master"
#define SNMPD_GROUP    "Debian-snmp"

static const char *const snippet[] = { "master agentx", "agentXPerms 0660 0755 " SNMPD_GROUP " " SNMPD_GROUP,
                                       "agentXRetries 1", "view systemonly included ." OID_ROOT_TEXT, NULL };

/* The path of the socket; false when it is none of this machine. */
static bool socket_path(struct doctor *d, char path[PATH_MAX])
{
    const char *address = d->wishes.agentx ? d->wishes.agentx : d->daemon.agentx[0] ? d->daemon.agentx : NULL;
    char word[PATH_MAX];
    struct conf_line line;

    if (!address && conf_find(d, "agentXSocket", NULL, &line) && line_word(line.text, 1, word, sizeof word))
        address = word;
    if (!address)
        address = DEFAULT_SOCKET;
    if (strncmp(address, "unix:", 5) == 0)
        address += 5;
    snprintf(path, PATH_MAX, "%s", address);
    if (*path == '/')
        return true;
    not_checked(d, "the AgentX address %s: only sockets of this machine can be looked at", path);
    return false;
}

static bool is_master(void *context, const struct conf_line *line)
{
    char word[64];

    (void)context;
    return line_word(line->text, 0, word, sizeof word) && strcasecmp(word, "master") == 0 &&
           line_word(line->text, 1, word, sizeof word) && strcasecmp(word, "agentx") == 0;
}

static void tell_no_snmpd(struct doctor *d)
{
    char command[COMMAND_OCTETS] = "";

    if (access("/usr/sbin/snmpd", X_OK) != 0 && access("/usr/local/sbin/snmpd", X_OK) != 0) {
        add(command, "apt-get install -y snmpd");
        found(d, "snmpd-missing", command, "snmpd is not installed, and mailtallyd answers through it");
        return;
    }
    add_service(d, command, "", SERVICE_SNMPD, DEED_START);
    found(d, "snmpd-stopped", command, "snmpd does not run, and mailtallyd answers through it");
}

static void tell_no_socket(struct doctor *d, const char *path)
{
    char command[COMMAND_OCTETS] = "";
    bool readable;

    if (!process_named("snmpd", 0)) {
        tell_no_snmpd(d);
        return;
    }
    if (!snmpd_lines(is_master, NULL, &readable) && readable) {
        add_snmpd_lines(d, command, snippet);
        found(d, "no-agentx", command, "snmpd runs, but its configuration lacks the line \"master agentx\"");
        return;
    }
    add_service(d, command, "", SERVICE_SNMPD, DEED_RESTART);
    found(d, "no-socket", command, "snmpd runs, but there is no AgentX socket %s", path);
}

static bool is_perms(void *context, const struct conf_line *line)
{
    struct conf_line *found_line = context;
    char word[64];

    *found_line = *line;
    return line_word(line->text, 0, word, sizeof word) && strcasecmp(word, "agentXPerms") == 0;
}

/* One that stands behind ours would undo it. */
static void add_without_perms(char command[COMMAND_OCTETS])
{
    struct conf_line line;
    bool readable;

    if (!snmpd_lines(is_perms, &line, &readable))
        return;
    add_comment_out(command, &line);
    add(command, " && ");
}

static void tell_closed(struct doctor *d, const char *path, const char *at)
{
    char command[COMMAND_OCTETS] = "", group[64];
    struct stat status;

    if (strcmp(at, path) != 0) {
        if (!has_found(d, "socket-directory")) {
            if (access("/etc/tmpfiles.d", F_OK) == 0)
                add(command,
                    "printf '%%s\\n' 'd %s 0755 root root -' 'z %s 0755 root root -' "
                    ">/etc/tmpfiles.d/mailtally.conf && ",
                    at, at);
            add(command, "chmod 755 ");
            add_quoted(command, at);
            add(command, " && ");
            add_without_perms(command);
            add_snmpd_lines(d, command, snippet);
        }
        found(d, "socket-directory", command,
              "user %s, who mailtallyd runs as, may not enter the directory %s of snmpd's AgentX socket",
              d->account.name, at);
        return;
    }
    if (stat(path, &status) != 0)
        return;
    if ((status.st_mode & (S_IRGRP | S_IWGRP)) == (S_IRGRP | S_IWGRP) && status.st_gid != 0) {
        add(command, "usermod -aG %s %s", group_name(status.st_gid, group), d->account.name);
        add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RESTART);
        found(d, "socket-group", command,
              "user %s, who mailtallyd runs as, is not in group %s, which may use snmpd's AgentX socket %s",
              d->account.name, group_name(status.st_gid, group), path);
        return;
    }
    add_without_perms(command);
    add_snmpd_lines(d, command, snippet);
    found(d, "socket-mode", command,
          "snmpd's AgentX socket %s has mode %04o and group %s: no group but snmpd's own user may use it", path,
          status.st_mode & 07777, group_name(status.st_gid, group));
}

static void tell_unheard(struct doctor *d, const char *path)
{
    char command[COMMAND_OCTETS] = "";

    if (!process_named("snmpd", 0)) {
        tell_no_snmpd(d);
        return;
    }
    add_service(d, command, "", SERVICE_SNMPD, DEED_RESTART);
    found(d, "no-socket", command, "snmpd runs, but does not listen on the AgentX socket %s", path);
}

static void ask(struct doctor *d, const char *path)
{
    static const uint32_t subtree[] = { OID_ROOT, OID_OBJECTS, OID_AGENT };
    char command[COMMAND_OCTETS] = "";

    /* The question below takes the subtree for a moment: a daemon that registers in that moment is
     * refused, and asks again a second later. */
    if (objects_answer(d)) {
        d->link_is_fine = true;
        return;
    }
    switch (agentx_ask(path, subtree, sizeof subtree / sizeof subtree[0])) {
    case AGENTX_REGISTERED:
        d->link_is_fine = true;
        return;
    case AGENTX_FREE:
        if (!d->daemon.pid || d->daemon.suspended)
            return; /* told already */
        add_service(d, command, "", SERVICE_MAILTALLYD, DEED_RESTART);
        found(d, "not-connected", command, "mailtallyd runs, but has not registered its objects with snmpd");
        return;
    case AGENTX_SILENT:
        add_service(d, command, "", SERVICE_SNMPD, DEED_RESTART);
        found(d, "snmpd-stuck", command, "snmpd does not answer on its AgentX socket %s", path);
        return;
    case AGENTX_NO_LISTENER:
        tell_unheard(d, path);
        return;
    case AGENTX_CLOSED:
        not_checked(d, "whether mailtallyd has registered with snmpd: this user may not use %s; run doctor as root",
                    path);
        return;
    case AGENTX_REFUSED:
    case AGENTX_NO_SOCKET:
        not_checked(d, "whether mailtallyd has registered with snmpd: %s cannot be asked", path);
        return;
    }
}

void check_agentx(struct doctor *d)
{
    char path[PATH_MAX], at[PATH_MAX];
    enum access_result result;
    struct stat status;

    if (d->daemon.embedded || !socket_path(d, path))
        return;
    if (d->is_root && stat(path, &status) != 0) {
        tell_no_socket(d, path);
        return;
    }
    result = d->account.known ? account_access(d, path, R_OK | W_OK, at) : ACCESS_YES;
    if (result == ACCESS_MISSING) {
        tell_no_socket(d, path);
        return;
    }
    if (result == ACCESS_NO)
        tell_closed(d, path, at);
    else
        ask(d, path);
}
