/* The sources: there, readable by the daemon's user, and text.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inside.h"

#define DAY_S       86400
#define HEAD_OCTETS 4096
#define GROUP_ADM   4 /* Debian's: may read logs */

/* Where mail programs of some system log to, when it is not where the configuration says. */
static const char *const usual_logs[] = { "/var/log/mail.log",       "/var/log/maillog",      "/var/log/mail.info",
                                          "/var/log/exim4/mainlog",  "/var/log/exim/mainlog", "/var/log/qmail/current",
                                          "/var/log/qpsmtpd/current" };

/* The first of them that holds something and is not `but`; NULL: none. */
static const char *other_log(struct doctor *d, const char *but)
{
    struct stat status;

    for (size_t i = 0; i < sizeof usual_logs / sizeof usual_logs[0]; i++)
        if (strcmp(usual_logs[i], but) != 0 && answers(d, "the log", usual_logs[i]) &&
            stat(usual_logs[i], &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
            return usual_logs[i];
    return NULL;
}

/* The source's line becomes another one; where it has none, because the default is meant, one is added. */
static void add_other_source(struct doctor *d, char command[COMMAND_OCTETS], const char *path, const char *source)
{
    struct conf_line line;

    if (!conf_find(d, "source", path, &line)) {
        add_config_line(d, command, source);
        return;
    }
    add_replace(command, &line, source);
    add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RELOAD);
}

/* What to follow instead; "" when nothing is there. */
static void add_way_out(struct doctor *d, char command[COMMAND_OCTETS], const char *path)
{
    const char *other = other_log(d, path);
    char source[PATH_MAX + 16];
    pid_t pid;

    if (other) {
        snprintf(source, sizeof source, "source file %s", other);
        add_other_source(d, command, path, source);
    } else if (!syslog_daemon(&pid) && access("/run/systemd/journal/socket", F_OK) == 0) {
        add_other_source(d, command, path, "source journal");
    } else {
        if (!syslog_daemon(&pid) && access("/usr/sbin/rsyslogd", X_OK) != 0)
            add(command, "apt-get install -y rsyslog && ");
        add_service(d, command, "", SERVICE_SYSLOG, syslog_daemon(&pid) ? DEED_RESTART : DEED_START);
        add(command, " && logger -p mail.info -t mailtally 'is this line written?'");
    }
}

/* ---- one file ---- */

static void tell_closed(struct doctor *d, const char *path, const char *at, bool is_directory)
{
    char command[COMMAND_OCTETS] = "", group[64];
    struct stat status;
    unsigned need = is_directory ? S_IXGRP : S_IRGRP;

    if (stat(at, &status) != 0)
        return;
    if (!(status.st_mode & need) || status.st_gid == 0) { /* its group would not help, or must not be given */
        status.st_gid = GROUP_ADM;
        add(command, "chgrp %s ", group_name(GROUP_ADM, group));
        add_quoted(command, at);
        add(command, is_directory ? " && chmod g+rx " : " && chmod g+r ");
        add_quoted(command, at);
        add(command, " && ");
    }
    if (!account_has_group(&d->account, status.st_gid))
        add(command, "usermod -aG %s %s && ", group_name(status.st_gid, group), d->account.name);
    add_service(d, command, "", SERVICE_MAILTALLYD, DEED_RESTART);
    found(d, "log-unreadable", command, "user %s, who mailtallyd runs as, may not %s %s%s%s", d->account.name,
          is_directory ? "enter the directory" : "read the log", at, is_directory ? ", which leads to " : "",
          is_directory ? path : "");
}

static void tell_empty(struct doctor *d, const char *path, const struct stat *status)
{
    char command[COMMAND_OCTETS] = "";
    struct conf_line line;

    if (d->now - (int64_t)status->st_mtime < DAY_S && !other_log(d, path))
        return; /* rotated a moment ago */
    if (!conf_find(d, "source", path, &line) && conf_find(d, "source", NULL, &line))
        return; /* one of many */
    add_way_out(d, command, path);
    found(d, "log-empty", command, "the log %s is empty", path);
}

/* A NUL or a compressor's mark in the first octets. */
static bool is_binary(const char *head, size_t n)
{
    return memchr(head, '\0', n) ||
           (n > 4 && (memcmp(head, "\x1f\x8b", 2) == 0 || memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0));
}

static void check_content(struct doctor *d, const char *path)
{
    char head[HEAD_OCTETS], command[COMMAND_OCTETS] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);
    struct conf_line line;

    if (fd >= 0)
        close(fd);
    else if (errno == EACCES)
        not_checked(d, "what is in the log %s: it may not be read by this user; run doctor as root", path);
    if (n <= 0 || !is_binary(head, (size_t)n))
        return;
    if (other_log(d, path)) {
        add_way_out(d, command, path);
    } else if (conf_find(d, "source", path, &line)) {
        add_comment_out(command, &line);
        add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RELOAD);
    }
    found(d, "log-binary", command, "%s is no log of lines: it holds binary data", path);
}

static void check_file(void *context, const char *path, const char *host)
{
    struct doctor *d = context;
    char command[COMMAND_OCTETS] = "", at[PATH_MAX];
    struct stat status;
    enum access_result result = d->account.known ? account_access(d, path, R_OK, at) : ACCESS_YES;

    (void)host;
    if (result == ACCESS_NO) {
        tell_closed(d, path, at, strcmp(at, path) != 0);
    } else if (stat(path, &status) != 0 && errno == EACCES) {
        not_checked(d, "the log %s: this user may not look there; run doctor as root", path);
    } else if (result == ACCESS_MISSING || stat(path, &status) != 0) {
        add_way_out(d, command, path);
        found(d, "log-missing", command, "the log %s does not exist", path);
    } else if (S_ISDIR(status.st_mode)) {
        snprintf(at, sizeof at, "source directory %.*s", PATH_MAX - 32, path);
        add_other_source(d, command, path, at);
        found(d, "log-directory", command, "%s is a directory, and is configured as a file", path);
    } else if (status.st_size == 0) {
        tell_empty(d, path, &status);
    } else {
        check_content(d, path);
    }
}

/* ---- the journal ---- */

static void check_journal(struct doctor *d)
{
    static const char *const places[] = { "/var/log/journal", "/run/log/journal" };
    char command[COMMAND_OCTETS] = "", at[PATH_MAX], group[64];
    struct stat status;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (!d->account.known || account_access(d, places[i], R_OK | X_OK, at) != ACCESS_NO || stat(at, &status) != 0)
            continue;
        add(command, "usermod -aG %s %s", group_name(status.st_gid, group), d->account.name);
        add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RESTART);
        found(d, "journal-closed", command,
              "user %s, who mailtallyd runs as, may not read the journal in %s, which belongs to group %s",
              d->account.name, places[i], group);
        return;
    }
}

/* What journald hands on to a syslog daemon is in that one's file, too. */
static void tell_twice(struct doctor *d, const char *path)
{
    char command[COMMAND_OCTETS] = "";
    struct conf_line line;

    if (!conf_find(d, "source", "journal", &line))
        return;
    add_comment_out(command, &line);
    add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RELOAD);
    found(d, "file-and-journal", command,
          "the journal and the log %s, which %s writes, are both sources: mail of this machine counts twice", path,
          "the syslog daemon here");
}

void check_sources(struct doctor *d)
{
    const struct config *config = d->config;
    const char *file = NULL;
    bool journal = false;
    pid_t pid;

    for (size_t i = 0; i < config->sources_n; i++) {
        const struct config_source *source = &config->sources[i];

        if (source->type == CONFIG_SOURCE_JOURNAL && !(source->path && strstr(source->path, "directory=")))
            journal = true;
        else if (source->type == CONFIG_SOURCE_FILE && strncmp(source->path, "/var/log/mail", 13) == 0)
            file = source->path;
        else if (source->type == CONFIG_SOURCE_STDIN && !d->daemon.pid)
            not_checked(d, "standard input as a source: what writes to it starts mailtallyd");
    }
    config_each_file(config, check_file, d);
    config_each_file_in_directories(config, check_file, d);
    if (journal)
        check_journal(d);
    if (journal && file && syslog_daemon(&pid))
        tell_twice(d, file);
}
