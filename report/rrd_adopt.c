/* mailtally rrd adopt: files of mailgraph, or of another user, as copies of our own.
 *
 * What mailgraph wrote belongs to its user, and stays as it is. A copy takes the original's place only inside our own
 * directory, where nobody else writes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../rrd/directory.h"
#include "rrd.h"

#define FILE_OCTETS (64 << 20)
#define TRIES       5
#define RUNNING_S   150 /* mailgraph writes once a minute while there is mail */

struct adoption {
    const char *directory;
    size_t adopted, failures;
};

static void fail(struct adoption *a, const char *path, const char *why)
{
    complain("%s: %s", path, why);
    a->failures++;
}

/* ---- copying ---- */

static char *read_all(const char *path, size_t *octets)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* whatever somebody put there */
    char *content = NULL;

    if (fd < 0)
        return NULL;
    errno = EFBIG;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= FILE_OCTETS)
        content = malloc((size_t)status.st_size + 1);
    if (content && read(fd, content, (size_t)status.st_size) != status.st_size) {
        free(content);
        content = NULL;
        errno = EIO;
    }
    *octets = content ? (size_t)status.st_size : 0;
    close(fd);
    return content;
}

/* A file that is being updated is half old and half new: it is read until it is twice the same. */
static char *read_still(const char *path, size_t *octets)
{
    char *one = read_all(path, octets);

    for (int i = 0; one && i < TRIES; i++) {
        size_t again_octets;
        char *again = read_all(path, &again_octets);
        bool same = again && again_octets == *octets && memcmp(one, again, *octets) == 0;

        free(one);
        one = again;
        *octets = again_octets;
        if (same)
            return one;
    }
    free(one);
    errno = EBUSY;
    return NULL;
}

static bool write_all(const char *path, const char *content, size_t octets)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644), why;
    bool good = fd >= 0 && write(fd, content, octets) == (ssize_t)octets && fchmod(fd, 0644) == 0 && fsync(fd) == 0;

    why = errno;
    if (fd >= 0 && close(fd) != 0 && good) {
        why = errno;
        good = false;
    }
    rrd_file_give_away(path);
    errno = why;
    return good;
}

/* replace: `to` is the file itself, or an old one of another user. */
static void copy(struct adoption *a, const char *from, const char *to, bool replace)
{
    char temporary[PATH_MAX];
    size_t octets;
    char *content;

    if (!replace && access(to, F_OK) == 0) {
        complain("%s is there already: %s is not adopted", to, from);
        a->failures++;
        return;
    }
    content = read_still(from, &octets);
    snprintf(temporary, sizeof temporary, "%s.adopted", to);
    if (!content)
        fail(a, from, strerror(errno));
    else if (!write_all(temporary, content, octets) || rename(temporary, to) != 0)
        fail(a, to, strerror(errno));
    else
        a->adopted++;
    if (content)
        unlink(temporary);
    free(content);
}

/* ---- files from elsewhere ---- */

/* By its data sources, whatever its name. One that has a kind's and no others comes first: the reasons of refusals have
 * virus and spam among them, too. */
static bool find_kind(const char *path, enum rrd_kind *kind, int64_t *last, char *error)
{
    bool found = false;

    for (unsigned k = 0; k < RRD_FILES; k++) {
        bool as_ours;

        if (rrd_file_look(path, (enum rrd_kind)k, last, &as_ours, error) != RRD_FILE_GOOD || (found && !as_ours))
            continue;
        *kind = (enum rrd_kind)k;
        if (as_ours)
            return true;
        found = true;
    }
    return found;
}

static void adopt_file(struct adoption *a, const char *path)
{
    char to[PATH_MAX], error[RRD_ERROR_OCTETS] = "";
    enum rrd_kind kind;
    int64_t last;

    if (!rrd_file_may_be(path, error)) {
        fail(a, path, error);
        return;
    }
    if (!find_kind(path, &kind, &last, error)) {
        fail(a, path,
             rrd_file_last(path) < 0 ? error : "it has not the data sources and the step of a file of mailgraph's");
        return;
    }
    if (last > (int64_t)time(NULL) - RUNNING_S)
        complain("%s was updated just now: stop mailgraph before its files are adopted, or what it still writes is "
                 "missing in the copy",
                 path);
    if (rrd_path(to, sizeof to, a->directory, NULL, kind))
        copy(a, path, to, false);
}

static void adopt_directory(struct adoption *a, const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    size_t before = a->adopted + a->failures;

    if (n < 0) {
        fail(a, path, strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX];
        size_t octets = strlen(entries[i]->d_name);

        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (octets > 4 && strcmp(entries[i]->d_name + octets - 4, ".rrd") == 0)
            adopt_file(a, file);
        free(entries[i]);
    }
    free(entries);
    if (a->adopted + a->failures == before)
        fail(a, path, "there are no RRD files in it");
}

/* ---- files of others in our directory ---- */

static void adopt_here(struct adoption *a, const char *host)
{
    const unsigned kinds = host ? RRD_HOST_KINDS : RRD_FILES;
    struct stat file, directory;
    char path[PATH_MAX];

    for (unsigned kind = 0; kind < kinds; kind++)
        if (rrd_path(path, sizeof path, a->directory, host, (enum rrd_kind)kind) && lstat(path, &file) == 0 &&
            S_ISREG(file.st_mode) && stat(a->directory, &directory) == 0 && file.st_uid != directory.st_uid)
            copy(a, path, path, true);
}

static void adopt_host(void *context, const char *host)
{
    adopt_here(context, host);
}

enum status rrd_adopt(const struct options *options)
{
    unsigned errors = 0;
    struct config *config = options->rrd_directory ? NULL : config_read(options->config_file, &errors);
    struct adoption a = { 0 };
    struct stat status;
    struct lock lock;

    if (options->rrd_directory || config)
        a.directory = rrd_directory_of(options, config);
    if (!a.directory || !rrd_lock(a.directory, &lock)) {
        config_free(config);
        return STATUS_ERROR;
    }
    for (size_t i = 0; i < options->files_n; i++)
        if (stat(options->files[i], &status) == 0 && S_ISDIR(status.st_mode))
            adopt_directory(&a, options->files[i]);
        else
            adopt_file(&a, options->files[i]);
    if (options->files_n == 0) {
        adopt_here(&a, NULL);
        rrd_each_host(a.directory, adopt_host, &a);
    }
    printf("%zu files adopted in %s\n", a.adopted, a.directory);
    lock_free(&lock);
    config_free(config);
    return a.failures ? STATUS_ERROR : STATUS_DONE;
}
