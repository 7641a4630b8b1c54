/* RRD files: of a layout that can be continued, and the daemon's own.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../rrd/directory.h"
#include "inside.h"

#define HOSTS_MAX 500

struct look {
    struct doctor *d;
    unsigned hosts, bad, not_ours;
    char first[PATH_MAX];
};

static void look_at(struct look *look, const char *path, enum rrd_kind kind)
{
    char error[RRD_ERROR_OCTETS], command[COMMAND_OCTETS] = "", at[PATH_MAX];
    struct doctor *d = look->d;
    struct stat status;
    int64_t last;
    bool as_ours;

    if (stat(path, &status) != 0)
        return;
    if (d->account.known && account_access(d, path, R_OK | W_OK, at) == ACCESS_NO) {
        if (look->not_ours++ == 0)
            snprintf(look->first, sizeof look->first, "%s", path);
        return;
    }
    if (rrd_file_look(path, kind, &last, &as_ours, error) != RRD_FILE_BAD || look->bad++ >= 8)
        return;
    add(command, "mv ");
    add_quoted(command, path);
    add(command, " ");
    add_quoted(command, path);
    add(command, "-other");
    found(d, "rrd-layout", command, "%s cannot be continued: %s", path, error);
}

static void look_at_host(struct look *look, const char *host)
{
    char path[PATH_MAX];
    unsigned kinds = host ? RRD_HOST_KINDS : RRD_KINDS;

    for (unsigned kind = 0; kind < kinds; kind++)
        if (rrd_path(path, sizeof path, look->d->config->rrd_directory, host, (enum rrd_kind)kind))
            look_at(look, path, (enum rrd_kind)kind);
}

static void each_host(void *context, const char *host)
{
    struct look *look = context;

    if (look->hosts++ < HOSTS_MAX)
        look_at_host(look, host);
}

void check_rrd(struct doctor *d)
{
    const char *directory = d->config->rrd_directory;
    char command[COMMAND_OCTETS] = "", at[PATH_MAX];
    struct look look = { .d = d };
    enum access_result result;

    if (!directory || !d->account.known || !answers(d, "the directory of the RRD files", directory))
        return;
    result = account_access(d, directory, R_OK | W_OK | X_OK, at);
    if (result != ACCESS_YES) {
        add(command, "install -d -o %s -g %s ", d->account.name, d->account.group);
        add_quoted(command, directory);
        add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RESTART);
        found(d, "rrd-directory", command, "the directory of the RRD files %s %s", directory,
              result == ACCESS_MISSING ? "does not exist" : "cannot be written by the user of mailtallyd");
        return;
    }
    look_at_host(&look, NULL);
    rrd_each_host(directory, each_host, &look);
    if (look.hosts > HOSTS_MAX)
        not_checked(d, "the RRD files of more than %d hosts", HOSTS_MAX);
    if (look.not_ours) {
        add(command, "chown -R %s:%s ", d->account.name, d->account.group);
        add_quoted(command, directory);
        found(d, "rrd-owner", command, "%u RRD files, the first of them %s, cannot be written by user %s",
              look.not_ours, look.first, d->account.name);
    }
}
