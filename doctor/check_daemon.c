/* The daemon: there, awake, alone, and saving.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inside.h"

#define STALE_S 120 /* lines came since, and no state was saved */

static void tell_missing(struct doctor *d)
{
    char command[COMMAND_OCTETS] = "";

    if (!d->account_exists && !d->wishes.user) {
        add(command,
            "useradd --system --user-group --groups adm --home-dir /nonexistent --shell /usr/sbin/nologin " USER_DEFAULT
            " && install -d -m 750 -o " USER_DEFAULT " -g " USER_DEFAULT " ");
        add_quoted(command, d->config->state_directory);
        add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_START);
        found(d, "user-missing", command,
              "mailtallyd does not run, and there is no user " USER_DEFAULT " for it to run as");
        return;
    }
    add_service(d, command, "", SERVICE_MAILTALLYD, DEED_START);
    found(d, "daemon-stopped", command, "mailtallyd does not run: nothing is counted");
}

static void check_alone(struct doctor *d)
{
    pid_t other = process_named("mailtallyd", d->daemon.pid);
    char command[COMMAND_OCTETS] = "";
    struct running second;

    if (!other)
        return;
    process_look(other, &second);
    /* The one that uses other places may be meant so; but not with the same snmpd. */
    if (second.embedded || d->daemon.embedded || strcmp(second.agentx, d->daemon.agentx) != 0)
        return;
    add(command, "kill %ld", (long)other);
    add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RESTART);
    found(d, "two-daemons", command,
          "two mailtallyd, processes %ld and %ld, register the same objects with one snmpd: only the first one answers",
          (long)d->daemon.pid, (long)other);
}

/* When something was last written to any of the logs. */
static void newest(void *context, const char *path, const char *host)
{
    int64_t *time = context;
    struct stat status;

    (void)host;
    if (stat(path, &status) == 0 && (int64_t)status.st_mtime > *time && status.st_size > 0)
        *time = (int64_t)status.st_mtime;
}

static void check_fresh(struct doctor *d)
{
    char path[PATH_MAX], command[COMMAND_OCTETS] = "";
    int64_t written = 0;
    struct stat status;

    if (!answers(d, "the state directory", d->config->state_directory))
        return;
    config_each_file(d->config, newest, &written);
    if (snprintf(path, sizeof path, "%s/state", d->config->state_directory) >= (int)sizeof path ||
        stat(path, &status) != 0)
        return;
    if (written > d->now)
        written = d->now;
    if (written - (int64_t)status.st_mtime < STALE_S + 10 * d->config->save_interval_ms / 1000)
        return;
    add_service(d, command, "", SERVICE_MAILTALLYD, DEED_RESTART);
    found(d, "state-stale", command,
          "mailtallyd saved its state last %lld s before the newest line: it stands still, or cannot write",
          (long long)(written - (int64_t)status.st_mtime));
}

void check_daemon(struct doctor *d)
{
    char command[COMMAND_OCTETS] = "";

    if (!d->daemon.pid) {
        tell_missing(d);
        return;
    }
    if (!*d->daemon.words)
        not_checked(d, "how mailtallyd was started: its command line may not be read by this user");
    if (d->daemon.suspended) {
        add(command, "kill -CONT %ld", (long)d->daemon.pid);
        found(d, "daemon-suspended", command, "mailtallyd, process %ld, is suspended (SIGSTOP): nothing is counted",
              (long)d->daemon.pid);
        return;
    }
    check_alone(d);
    if (!has_found(d, "state-directory-closed") && !has_found(d, "state-directory-missing"))
        check_fresh(d);
}
