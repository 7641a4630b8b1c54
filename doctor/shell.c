/* Commands for a shell.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inside.h"

#define ROOM (COMMAND_OCTETS - 1) /* the last octet is 1 when something did not fit: then nothing can be added */

void add(char command[COMMAND_OCTETS], const char *format, ...)
{
    size_t used = strlen(command);
    va_list arguments;
    int n;

    if (command[ROOM])
        return;
    va_start(arguments, format);
    n = vsnprintf(command + used, ROOM - used, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= ROOM - used) {
        command[0] = '\0';
        command[ROOM] = 1;
    }
}

void add_quoted(char command[COMMAND_OCTETS], const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";

    if (*word && word[strspn(word, plain)] == '\0') {
        add(command, "%s", word);
        return;
    }
    add(command, "'");
    for (const char *p = word; *p; p++)
        if (*p == '\'')
            add(command, "'\\''");
        else
            add(command, "%c", *p);
    add(command, "'");
}

static bool systemd_has(const char *name)
{
    static const char *const places[] = { "/etc/systemd/system", "/run/systemd/system", "/lib/systemd/system",
                                          "/usr/lib/systemd/system", "/usr/local/lib/systemd/system" };
    char path[PATH_MAX];

    if (access("/run/systemd/system", F_OK) != 0)
        return false;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, sizeof path, "%s/%s.service", places[i], name);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static bool has_init_script(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "/etc/init.d/%s", name);
    return access(path, X_OK) == 0;
}

/* Neither systemd nor a script: by the process itself. */
static void add_by_hand(char command[COMMAND_OCTETS], const struct running *r, const char *bare, enum deed deed)
{
    if (deed == DEED_RELOAD && r->pid) {
        add(command, "kill -HUP %ld", (long)r->pid);
        return;
    }
    if (deed != DEED_START && r->pid)
        add(command, "{ kill %ld; while kill -0 %ld 2>/dev/null; do sleep 0.1; done; } && ", (long)r->pid,
            (long)r->pid);
    if (r->pid && r->foreground) /* what supervises it starts it again; a second one would end at once */
        add(command, "{ nohup %s >/dev/null 2>&1 & }", r->words);
    else
        add(command, "%s", r->pid && *r->words ? r->words : bare);
}

void add_service(const struct doctor *d, char command[COMMAND_OCTETS], const char *separator, enum daemon_of service,
                 enum deed deed)
{
    static const char *const deeds[] = { "start", "restart", "reload" };
    struct running running = { 0 };
    char fresh[COMMAND_OCTETS] = "mailtallyd -u ";
    const char *name = "mailtallyd", *bare = fresh;
    pid_t pid = 0;

    if (service == SERVICE_MAILTALLYD) {
        running = d->daemon;
        add_quoted(fresh, d->account.known ? d->account.name : USER_DEFAULT);
        if (d->wishes.config_file) {
            add(fresh, " -C -c ");
            add_quoted(fresh, d->wishes.config_file);
        }
        if (deed == DEED_RELOAD && !running.pid) /* what does not run reads its configuration when it is started */
            return;
    } else {
        const char *syslog = service == SERVICE_SYSLOG ? syslog_daemon(&pid) : NULL;

        name = service == SERVICE_SNMPD ? "snmpd" : syslog && strcmp(syslog, "rsyslogd") != 0 ? syslog : "rsyslog";
        bare = service == SERVICE_SNMPD ? "snmpd" : "rsyslogd";
        pid = service == SERVICE_SNMPD ? process_named("snmpd", 0) : pid;
        if (pid)
            process_look(pid, &running);
    }
    add(command, "%s", separator);
    if (systemd_has(name))
        add(command, "systemctl %s %s", deed == DEED_START ? "restart" : deeds[deed], name);
    else if (has_init_script(name))
        add(command, "service %s %s", name, deeds[deed]);
    else
        add_by_hand(command, &running, bare, deed);
}

void add_config_line(const struct doctor *d, char command[COMMAND_OCTETS], const char *line)
{
    add(command, "echo ");
    add_quoted(command, line);
    add(command, " >>");
    add_quoted(command, conf_file(d));
    add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RELOAD);
}
