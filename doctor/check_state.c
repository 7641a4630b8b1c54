/* The state directory: the daemon's own, and writable.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "inside.h"

static void add_owner(const struct doctor *d, char command[COMMAND_OCTETS])
{
    add_quoted(command, d->account.name);
    add(command, ":");
    add_quoted(command, d->account.group);
}

/* An account that is not there yet is made by the advice of check_daemon(). */
static bool who_is_known(struct doctor *d)
{
    if (!d->account.known)
        not_checked(d, "what the daemon may read and write: it does not run, and there is no user " USER_DEFAULT
                       "; --user names another one");
    return d->account.known;
}

static void check_files(struct doctor *d, const char *directory)
{
    static const char *const names[] = { "state", "lock" };
    char path[PATH_MAX], at[PATH_MAX], command[COMMAND_OCTETS] = "";

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (snprintf(path, sizeof path, "%s/%s", directory, names[i]) >= (int)sizeof path ||
            account_access(d, path, R_OK | W_OK, at) != ACCESS_NO)
            continue;
        add(command, "chown -R ");
        add_owner(d, command);
        add(command, " ");
        add_quoted(command, directory);
        add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RESTART);
        found(d, "state-file-owner", command, "the file %s cannot be read and written by user %s: another user made it",
              path, d->account.name);
        return;
    }
}

void check_state(struct doctor *d)
{
    const char *directory = d->config->state_directory;
    char at[PATH_MAX], command[COMMAND_OCTETS] = "";
    struct statvfs room;
    enum access_result result;

    if (!who_is_known(d) || !answers(d, "the state directory", directory))
        return;
    result = account_access(d, directory, R_OK | W_OK | X_OK, at);
    if (result != ACCESS_YES && strcmp(at, directory) != 0 && result == ACCESS_NO) {
        add(command, "chmod o+x ");
        add_quoted(command, at);
    } else if (result != ACCESS_YES) {
        add(command, "install -d -m 750 -o %s -g %s ", d->account.name, d->account.group);
        add_quoted(command, directory);
    }
    if (result != ACCESS_YES) {
        add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RESTART);
        found(d, result == ACCESS_MISSING ? "state-directory-missing" : "state-directory-closed", command,
              result == ACCESS_MISSING ? "the state directory %s does not exist, and user %s could not save the counts"
                                       : "the state directory %s cannot be written by user %s, who mailtallyd runs as",
              directory, d->account.name);
        return;
    }
    check_files(d, directory);
    if (statvfs(directory, &room) == 0 && room.f_bavail == 0) {
        add(command, "df -h ");
        add_quoted(command, directory);
        found_to_see(d, "disk-full", command, "there is no room left where the state directory %s is", directory);
    }
}
