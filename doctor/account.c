/* Whom the daemon is, and what he may do.
 *
 * Root asks by becoming him in a child: then access lists and capabilities count as they will. Another user can only
 * read modes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

const char *group_name(gid_t gid, char buffer[64])
{
    const struct group *group = getgrgid(gid);

    if (group)
        snprintf(buffer, 64, "%s", group->gr_name);
    else
        snprintf(buffer, 64, "%lu", (unsigned long)gid);
    return buffer;
}

static void set_names(struct account *a)
{
    const struct passwd *account = getpwuid(a->uid);

    if (account)
        snprintf(a->name, sizeof a->name, "%s", account->pw_name);
    else
        snprintf(a->name, sizeof a->name, "%lu", (unsigned long)a->uid);
    group_name(a->gid, a->group);
    a->known = true;
}

static void take_account(const struct passwd *account, struct account *a)
{
    int n = GROUPS_MAX;

    *a = (struct account){ .uid = account->pw_uid, .gid = account->pw_gid };
    if (getgrouplist(account->pw_name, account->pw_gid, a->groups, &n) < 0)
        n = GROUPS_MAX;
    a->groups_n = (size_t)n;
    set_names(a);
}

bool account_named(const char *name, struct account *a)
{
    const struct passwd *account = getpwnam(name);

    if (account)
        take_account(account, a);
    return account != NULL;
}

bool account_of_uid(uid_t uid, struct account *a)
{
    const struct passwd *account = getpwuid(uid);

    if (account)
        take_account(account, a);
    return account != NULL;
}

/* The groups that it has, which are not those that its account has got since. */
bool account_of_process(pid_t pid, struct account *a)
{
    char path[64], line[2048];
    unsigned long real, effective;
    FILE *in;

    *a = (struct account){ .known = false };
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    in = fopen(path, "re");
    while (in && fgets(line, sizeof line, in)) {
        char *p = line + 7, *end;

        if (sscanf(line, "Uid: %lu %lu", &real, &effective) == 2) {
            a->uid = (uid_t)effective;
            a->known = true;
        } else if (sscanf(line, "Gid: %lu %lu", &real, &effective) == 2) {
            a->gid = (gid_t)effective;
        } else if (strncmp(line, "Groups:", 7) == 0) {
            for (unsigned long gid; a->groups_n < GROUPS_MAX && (gid = strtoul(p, &end, 10), end != p); p = end)
                a->groups[a->groups_n++] = (gid_t)gid;
        }
    }
    if (in)
        fclose(in);
    if (a->known)
        set_names(a);
    return a->known;
}

bool account_has_group(const struct account *a, gid_t gid)
{
    for (size_t i = 0; i < a->groups_n; i++)
        if (a->groups[i] == gid)
            return true;
    return a->gid == gid;
}

/* ---- access ---- */

#define WHY_UNKNOWN (-1) /* who asks may not look there */

/* By the mode alone, as the kernel reads it. */
static int may_by_mode(const struct account *a, const char *path, int how)
{
    struct stat status;
    unsigned shift;

    if (stat(path, &status) != 0)
        return errno == EACCES ? WHY_UNKNOWN : errno;
    if (a->uid == 0)
        return 0;
    shift = status.st_uid == a->uid ? 6 : account_has_group(a, status.st_gid) ? 3 : 0;
    return ((status.st_mode >> shift) & (unsigned)how) == (unsigned)how ? 0 : EACCES;
}

static int may_here(const char *path, int how)
{
    return faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0 ? 0 : errno;
}

/* The length of the part of the path that stands in the way, with its errno; 0: none does. `account` NULL: this process
 * asks for itself. */
static size_t walk(const struct account *account, const char *path, int how, int *why)
{
    size_t n = strlen(path);

    for (size_t i = 1; i <= n; i++) {
        char part[PATH_MAX];
        int need = i == n ? how : X_OK;

        if (i < n && path[i] != '/')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)i, path);
        *why = account ? may_by_mode(account, part, need) : may_here(part, need);
        if (*why)
            return i;
    }
    return 0;
}

static bool become(const struct account *a)
{
    return setgroups(a->groups_n, a->groups) == 0 && setresgid(a->gid, a->gid, a->gid) == 0 &&
           setresuid(a->uid, a->uid, a->uid) == 0;
}

struct answer {
    size_t at;
    int why;
};

static bool ask_as(const struct account *a, const char *path, int how, struct answer *answer)
{
    int ends[2];
    bool good;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    child = fork();
    if (child == 0) {
        struct answer mine = { 0 };

        if (become(a)) {
            mine.at = walk(NULL, path, how, &mine.why);
            if (write(ends[1], &mine, sizeof mine) != (ssize_t)sizeof mine)
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    good = child > 0 && read(ends[0], answer, sizeof *answer) == (ssize_t)sizeof *answer;
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return good;
}

enum access_result account_access(struct doctor *d, const char *path, int how, char *at)
{
    struct answer answer = { 0 };

    if (!d->is_root || !ask_as(&d->account, path, how, &answer))
        answer.at = walk(geteuid() == d->account.uid ? NULL : &d->account, path, how, &answer.why);
    if (answer.at && answer.why == WHY_UNKNOWN)
        not_checked(d, "what user %s may do with %s: this user may not look there; run doctor as root", d->account.name,
                    path);
    if (answer.at == 0 || answer.why == WHY_UNKNOWN)
        return ACCESS_YES;
    snprintf(at, PATH_MAX, "%.*s", (int)answer.at, path);
    return answer.why == ENOENT || answer.why == ENOTDIR ? ACCESS_MISSING : ACCESS_NO;
}
