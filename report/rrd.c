/* mailtally rrd: what is to be done with RRD files beside the daemon.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "rrd.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct action {
    const char *name;
    enum status (*run)(const struct options *options);
    const char *operands, *summary;
} actions[] = {
    { "import", rrd_import, "[FILE...]",
      "write the minutes of logs, plain or compressed, into RRD files, as \"mailgraph -c\" does. Files\n"
      "      that are there are continued from their last update on. Stop mailtallyd before" },
    { "adopt", rrd_adopt, "[FILE|DIRECTORY...]",
      "copy mailgraph's files into the RRD directory, for the user to whom that belongs; without\n"
      "      operands, replace files of other users in it by copies. The originals are left alone" },
    { "show", rrd_show, "FILE...", "print the data sources and archives of RRD files; -F json" },
};
#define ACTIONS (sizeof actions / sizeof actions[0])

void rrd_help(void)
{
    printf("Usage: mailtally rrd ACTION [OPTION...] [OPERAND...]\n\nActions:\n");
    for (size_t i = 0; i < ACTIONS; i++)
        printf("  %s %s\n      %s.\n", actions[i].name, actions[i].operands, actions[i].summary);
    printf("\n");
}

const char *rrd_directory_of(const struct options *options, const struct config *config)
{
    if (options->rrd_directory)
        return options->rrd_directory;
    if (config->rrd_directory)
        return config->rrd_directory;
    complain("no RRD directory is configured: name one with --rrd-dir DIR");
    return NULL;
}

bool rrd_lock(const char *directory, struct lock *lock)
{
    struct stat owner = { .st_uid = geteuid(), .st_gid = getegid() };
    char error[512];

    stat(directory, &owner); /* a new one is ours */
    if (lock_take_rrd(directory, owner.st_uid, owner.st_gid, lock, error, sizeof error) == LOCK_TAKEN) {
        lock_sign(lock);
        return true;
    }
    complain("%s", error);
    return false;
}

enum status rrd_run(const struct options *options)
{
    struct options rest = *options;

    if (options->files_n == 0) {
        complain("an action is missing: import, adopt or show; see mailtally rrd --help");
        return STATUS_ERROR;
    }
    rest.files++;
    rest.files_n--;
    for (size_t i = 0; i < ACTIONS; i++)
        if (strcmp(options->files[0], actions[i].name) == 0)
            return actions[i].run(&rest);
    complain("there is no action \"%s\"; there are import, adopt and show", options->files[0]);
    return STATUS_ERROR;
}
