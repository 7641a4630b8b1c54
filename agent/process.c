/* Being a daemon.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Each of 4096 sources has its file open, and often its predecessor. */
#define DESCRIPTORS 16384

/* The pipe to the process that was started; -1 in the foreground. */
static int starter = -1;

static bool number_of(const char *word, unsigned *number)
{
    char *end;
    unsigned long value = strtoul(word, &end, 10);

    *number = (unsigned)value;
    return *word >= '0' && *word <= '9' && *end == '\0' && value < UINT32_MAX;
}

bool process_identify(struct identity *id, char *error)
{
    const struct passwd *account = NULL;
    const struct group *group;
    unsigned number;

    id->uid = getuid();
    id->gid = getgid();
    if (id->user) {
        account = number_of(id->user, &number) ? getpwuid(number) : getpwnam(id->user);
        if (!account && !number_of(id->user, &number)) {
            snprintf(error, PROCESS_ERROR_OCTETS, "there is no user %s (option -u): add it with adduser --system",
                     id->user);
            return false;
        }
        id->uid = account ? account->pw_uid : number;
        if (account)
            id->gid = account->pw_gid;
    }
    if (id->group) {
        group = number_of(id->group, &number) ? NULL : getgrnam(id->group);
        if (!group && !number_of(id->group, &number)) {
            snprintf(error, PROCESS_ERROR_OCTETS, "there is no group %s (option -g): add it with addgroup --system",
                     id->group);
            return false;
        }
        id->gid = group ? group->gr_gid : number;
    }
    return true;
}

/* The groups of the account matter: by one of them it may use snmpd's socket and read the logs. */
static bool take_groups(const struct identity *id)
{
    const struct passwd *account = getpwuid(id->uid);

    if (account)
        return initgroups(account->pw_name, id->gid) == 0;
    return setgroups(1, &id->gid) == 0;
}

bool process_become(const struct identity *id, char *error)
{
    if (!id->user && !id->group)
        return true;
    if (geteuid() != 0 && id->uid == geteuid() && id->gid == getegid())
        return true;
    if (!take_groups(id) || setresgid(id->gid, id->gid, id->gid) != 0 || setresuid(id->uid, id->uid, id->uid) != 0) {
        snprintf(error, PROCESS_ERROR_OCTETS, "cannot become user %lu, group %lu: %s; only root can (options -u, -g)",
                 (unsigned long)id->uid, (unsigned long)id->gid, strerror(errno));
        return false;
    }
    return true;
}

/* ---- the background ---- */

static _Noreturn void wait_for_daemon(int fd)
{
    unsigned char status = 1;
    ssize_t octets;

    do
        octets = read(fd, &status, 1);
    while (octets < 0 && errno == EINTR);
    _exit(octets == 1 ? status : 1);
}

bool process_daemonise(char *error)
{
    int pipes[2], null;
    pid_t child;

    if (pipe2(pipes, O_CLOEXEC) != 0 || (child = fork()) < 0) {
        snprintf(error, PROCESS_ERROR_OCTETS, "cannot go to the background: %s; option -f stays in the foreground",
                 strerror(errno));
        return false;
    }
    if (child > 0) {
        close(pipes[1]);
        wait_for_daemon(pipes[0]);
    }
    close(pipes[0]);
    starter = pipes[1];
    setsid();
    if (chdir("/") != 0) { /* it can only be the root of a chroot without rights: it does not matter */
    }
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        /* Standard error stays until the daemon is ready, so that what goes wrong until then is seen. */
    }
    return true;
}

void process_ready(int exit_status)
{
    unsigned char status = (unsigned char)exit_status;
    int null;

    if (starter < 0)
        return;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDERR_FILENO);
    if (write(starter, &status, 1) != 1) { /* it is gone: nobody waits */
    }
    close(starter);
    starter = -1;
}

void process_allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* a file that cannot be opened says so */
}

bool process_write_pid(const char *path, char *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool written = fd >= 0 && dprintf(fd, "%ld\n", (long)getpid()) > 0;

    if (!written)
        snprintf(error, PROCESS_ERROR_OCTETS, "cannot write the pid file %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return written;
}
