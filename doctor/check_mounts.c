/* File systems whose server does not answer (NFS, sshfs ...): whoever touches a path there hangs with it. So a child
 * touches it first, and what hangs the child is left out of all other checks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <mntent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../source/mounts.h"
#include "inside.h"

#define DEADLINE_MS 5000 /* from one sign of the child to the next */

/* ---- the child ---- */

static void touch_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char octet;

    if (fd < 0)
        return;
    while (read(fd, &octet, 1) < 0 && errno == EINTR)
        ;
    close(fd);
}

static void touch_directory(const char *path)
{
    DIR *directory = opendir(path);

    while (directory && readdir(directory))
        ;
    if (directory)
        closedir(directory);
}

/* A FIFO is not opened: that would be a sign to who writes to it. */
static void touch(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return;
    if (S_ISREG(status.st_mode))
        touch_file(path);
    else if (S_ISDIR(status.st_mode))
        touch_directory(path);
}

static void touch_all(const char *pattern, int signs)
{
    glob_t paths = { 0 };

    if (glob(pattern, GLOB_NOSORT, NULL, &paths) != 0)
        return;
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        touch(paths.gl_pathv[i]);
        if (write(signs, "", 1) != 1)
            return;
    }
}

/* ---- the parent ---- */

/* Until the child is done; false when it gives no sign of life for too long. */
static bool is_done(int signs)
{
    struct pollfd sign = { .fd = signs, .events = POLLIN };
    char octets[256];
    int ready;

    do
        ready = poll(&sign, 1, DEADLINE_MS);
    while (ready < 0 ? errno == EINTR : ready > 0 && read(signs, octets, sizeof octets) > 0);
    return ready != 0;
}

/* Without a child nothing can be known; that is a yes. */
static bool can_be_touched(const char *pattern)
{
    int ends[2];
    pid_t child;
    bool done;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return true;
    child = fork();
    if (child == 0) {
        /* Should it not even be killed, then nobody waits for the end of our output. */
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
            close(fd);
        close(ends[0]);
        touch_all(pattern, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    done = child < 0 || is_done(ends[0]);
    close(ends[0]);
    if (!done)
        kill(child, SIGKILL);
    if (child > 0)
        waitpid(child, NULL, done ? 0 : WNOHANG);
    return done;
}

static bool is_in_fstab(const char *point)
{
    FILE *table = setmntent("/etc/fstab", "re");
    const struct mntent *entry = NULL;

    while (table && (entry = getmntent(table)) && strcmp(entry->mnt_dir, point) != 0)
        ;
    if (table)
        endmntent(table);
    return entry != NULL;
}

static void tell_silent(struct doctor *d, const char *what, const char *path, const char *mount)
{
    bool listed = is_in_fstab(mount);
    char command[COMMAND_OCTETS] = "";

    add(command, "umount -lf ");
    add_quoted(command, mount);
    if (listed) {
        add(command, " && mount ");
        add_quoted(command, mount);
    }
    found(d, "mount-silent", command,
          "%s %s cannot be reached: the file system on %s does not answer; see to its server, then mount it anew%s",
          what, path, mount, listed ? "" : ", as it was mounted before, for it is not in /etc/fstab");
}

static bool is_silent(const struct doctor *d, const char *place)
{
    for (size_t i = 0; i < d->silent_n; i++)
        if (strcmp(d->silent[i], place) == 0)
            return true;
    return false;
}

bool answers(struct doctor *d, const char *what, const char *pattern)
{
    const char *remote = d->mounts ? mounts_remote_pattern(d->mounts, pattern) : NULL;
    const char *place = remote; /* that is silent */

    if (!remote)
        return true;
    if (is_silent(d, remote) || is_silent(d, pattern))
        return false;
    if (can_be_touched(pattern))
        return true;
    if (!strpbrk(pattern, "*?[") || !can_be_touched(remote)) {
        tell_silent(d, what, pattern, remote);
    } else { /* a pattern leads to several */
        found(d, "mount-silent", "", "%s %s cannot be reached: a file system that it leads to does not answer", what,
              pattern);
        place = pattern;
    }
    if (d->silent_n < SILENT_MAX && (d->silent[d->silent_n] = strdup(place)))
        d->silent_n++;
    return false;
}

void check_mounts(struct doctor *d)
{
    for (size_t i = d->config->sources_n; i-- > 0;) {
        const struct config_source *source = &d->config->sources[i];

        if (source->path && source->type != CONFIG_SOURCE_JOURNAL && !answers(d, "the log", source->path))
            config_remove_source(d->config, i);
    }
}
