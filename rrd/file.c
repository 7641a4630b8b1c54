/* One RRD file.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"
#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_SUFFIX ".new"

/* ---- looking ---- */

struct seen {
    unsigned place; /* in the file */
    bool there, of_type;
};

/* A key of rrd_info, "ds[NAME].FIELD", of one of the kind's data sources. */
static struct seen *find(struct seen *seen, enum rrd_kind kind, const char *key, const char **field)
{
    const char *name = key + 3, *end = strchr(key, ']');

    if (strncmp(key, "ds[", 3) != 0 || !end || end[1] != '.')
        return NULL;
    *field = end + 2;
    for (unsigned i = 0; i < rrd_kind_sources(kind); i++) {
        const char *ours = rrd_slot_name(rrd_kind_first(kind) + i);

        if (strlen(ours) == (size_t)(end - name) && strncmp(ours, name, (size_t)(end - name)) == 0)
            return &seen[i];
    }
    return NULL;
}

static void take(struct seen *seen, enum rrd_kind kind, const rrd_info_t *info, int64_t *last, uint64_t *step)
{
    const char *field;
    struct seen *source;

    if (strcmp(info->key, "step") == 0 && info->type == RD_I_CNT)
        *step = info->value.u_cnt;
    if (strcmp(info->key, "last_update") == 0 && info->type == RD_I_CNT)
        *last = (int64_t)info->value.u_cnt;
    source = find(seen, kind, info->key, &field);
    if (!source)
        return;
    if (strcmp(field, "index") == 0 && info->type == RD_I_CNT) {
        source->there = true;
        source->place = (unsigned)info->value.u_cnt;
    }
    if (strcmp(field, "type") == 0 && info->type == RD_I_STR)
        source->of_type = strcmp(info->value.u_str, rrd_kind_type(kind)) == 0;
}

static bool check(const struct seen *seen, enum rrd_kind kind, uint64_t step, bool *as_ours, char *error)
{
    if (step != RRD_STEP_S) {
        snprintf(error, RRD_ERROR_OCTETS, "its step is %llu s, not %d: it is no file of mailgraph or mailtally",
                 (unsigned long long)step, RRD_STEP_S);
        return false;
    }
    for (unsigned i = 0; i < rrd_kind_sources(kind); i++) {
        *as_ours = *as_ours && seen[i].place == i;
        if (seen[i].there && seen[i].of_type)
            continue;
        snprintf(error, RRD_ERROR_OCTETS,
                 "it has no data source %s of type %s: move the file away, and a new one is made",
                 rrd_slot_name(rrd_kind_first(kind) + i), rrd_kind_type(kind));
        return false;
    }
    return true;
}

/* Empty, or zeros where librrd writes who made it. */
static bool has_no_content(const char *path)
{
    char head[4] = "", zeros[4] = "";
    struct stat status;
    int fd = lstat(path, &status) == 0 && S_ISREG(status.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    bool none = fd >= 0 && read(fd, head, sizeof head) >= 0 && memcmp(head, zeros, sizeof head) == 0;

    if (fd >= 0)
        close(fd);
    return none;
}

/* A file that may not be read is librrd's affair. */
static bool begins_as_rrd(const char *path)
{
    FILE *file = fopen(path, "re");
    char magic[4] = "";
    bool good = !file || (fread(magic, 1, sizeof magic, file) == sizeof magic && memcmp(magic, "RRD", 4) == 0);

    if (file)
        fclose(file);
    return good;
}

bool rrd_file_may_be(const char *path, char *error)
{
    struct stat status;

    if (stat(path, &status) != 0)
        rrd_file_explain(path, strerror(errno), error);
    else if (!S_ISREG(status.st_mode))
        snprintf(error, RRD_ERROR_OCTETS, "is not an RRD file, but %s",
                 S_ISDIR(status.st_mode) ? "a directory" : "something else than a file");
    else if (status.st_size == 0)
        snprintf(error, RRD_ERROR_OCTETS, "is not an RRD file: it is empty");
    else if (!begins_as_rrd(path)) /* librrd says then that it met its end */
        snprintf(error, RRD_ERROR_OCTETS, "is not an RRD file");
    else
        return true;
    return false;
}

enum rrd_file_state rrd_file_look(const char *path, enum rrd_kind kind, int64_t *last, bool *as_ours, char *error)
{
    struct seen seen[RRD_SOURCES] = { 0 };
    uint64_t step = 0, sources = 0;
    rrd_info_t *info;

    *last = 0;
    *as_ours = true;
    if ((access(path, F_OK) != 0 && errno == ENOENT) || has_no_content(path))
        return RRD_FILE_MISSING;
    if (!rrd_file_may_be(path, error))
        return RRD_FILE_BAD;
    librrd_clear_error();
    info = librrd_info_r(path);
    if (!info) {
        rrd_file_explain(path, librrd_get_error(), error);
        return RRD_FILE_BAD;
    }
    for (const rrd_info_t *i = info; i; i = i->next) {
        take(seen, kind, i, last, &step);
        sources +=
            strncmp(i->key, "ds[", 3) == 0 && strlen(i->key) > 7 && strcmp(i->key + strlen(i->key) - 7, "].index") == 0;
    }
    librrd_info_free(info);
    *as_ours = sources == rrd_kind_sources(kind);
    return check(seen, kind, step, as_ours, error) ? RRD_FILE_GOOD : RRD_FILE_BAD;
}

int64_t rrd_file_last(const char *path)
{
    char error[RRD_ERROR_OCTETS];

    if (!rrd_file_may_be(path, error))
        return -1;
    librrd_clear_error();
    return (int64_t)librrd_last_r(path);
}

/* ---- making ---- */

/* What root makes in a directory that is another user's must be that user's. */
void rrd_file_give_away(const char *path)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    struct stat owner;

    if (geteuid() != 0 || !slash)
        return;
    snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
    if (stat(parent, &owner) == 0 && owner.st_uid != 0 && lchown(path, owner.st_uid, owner.st_gid) != 0)
        return; /* it is root's then, and whoever cannot write to it is told so */
}

struct definitions {
    char text[RRD_SOURCES + 2 * RRD_ARCHIVES][48];
    const char *list[RRD_SOURCES + 2 * RRD_ARCHIVES];
    int n;
};

static void define(struct definitions *d, enum rrd_kind kind)
{
    static const char *const functions[] = { "AVERAGE", "MAX" };

    d->n = 0;
    for (unsigned i = 0; i < rrd_kind_sources(kind); i++)
        snprintf(d->text[d->n++], sizeof d->text[0], "DS:%s:%s:%u:0:U", rrd_slot_name(rrd_kind_first(kind) + i),
                 rrd_kind_type(kind), rrd_kind_heartbeat_s(kind));
    for (int function = 0; function < 2; function++)
        for (int i = 0; i < RRD_ARCHIVES; i++)
            snprintf(d->text[d->n++], sizeof d->text[0], "RRA:%s:0.5:%u:%d", functions[function], rrd_archive_steps[i],
                     RRD_ROWS);
    for (int i = 0; i < d->n; i++)
        d->list[i] = d->text[i];
}

/* rename(2) that replaces nothing, also where the file system cannot do that by itself: the directory is locked. */
static bool rename_to_free(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (access(to, F_OK) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(from, to) == 0;
}

static bool name_temporary(const char *path, char *temporary, char *error)
{
    if (snprintf(temporary, PATH_MAX, "%s" NEW_SUFFIX, path) < PATH_MAX)
        return true;
    snprintf(error, RRD_ERROR_OCTETS, "its path is too long");
    return false;
}

static bool sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return good;
}

/* What librrd has made under the temporary name, or has not, gets its own. */
static bool put_in_place(const char *path, const char *temporary, bool is_made, enum rrd_restore how, char *error)
{
    if (!is_made) {
        /* A full disk is all that it fails at without saying why. */
        rrd_file_explain(temporary, librrd_test_error() ? librrd_get_error() : strerror(ENOSPC), error);
        unlink(temporary);
        return false;
    }
    rrd_file_give_away(temporary);
    if (has_no_content(path))
        unlink(path);
    if (chmod(temporary, 0644) == 0 && (how == RESTORE_NEW || sync_file(temporary)) &&
        (how == RESTORE_REPLACING ? rename(temporary, path) == 0 : rename_to_free(temporary, path)))
        return true;
    rrd_file_explain(path, strerror(errno), error);
    unlink(temporary);
    return false;
}

void rrd_file_clear(const char *path)
{
    char temporary[PATH_MAX], error[RRD_ERROR_OCTETS];

    if (name_temporary(path, temporary, error))
        unlink(temporary);
}

bool rrd_file_create(const char *path, enum rrd_kind kind, int64_t start, char *error)
{
    struct definitions d;
    char temporary[PATH_MAX];

    if (!name_temporary(path, temporary, error))
        return false;
    define(&d, kind);
    librrd_clear_error();
    errno = 0;
    return put_in_place(path, temporary, librrd_create_r(temporary, RRD_STEP_S, (time_t)start, d.n, d.list) == 0, false,
                        error);
}

/* librrd takes the XML from a file only: this one has no name, and no disk. */
static int xml_of(const struct rows *rows)
{
    int fd = memfd_create("rrd", MFD_CLOEXEC), twin = fd < 0 ? -1 : dup(fd);
    FILE *file = twin < 0 ? NULL : fdopen(twin, "w");
    bool good = file != NULL;

    if (file) {
        rows_put_xml(rows, file);
        good = ferror(file) == 0;
        good = fclose(file) == 0 && good;
    } else if (twin >= 0) {
        close(twin);
    }
    if (good && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

bool rrd_file_restore(const char *path, const struct rows *rows, enum rrd_restore how, char *error)
{
    char temporary[PATH_MAX], from[32], restore[] = "restore", force[] = "--force-overwrite";
    char *words[] = { restore, force, from, temporary, NULL };
    bool good;
    int fd;

    if (!name_temporary(path, temporary, error))
        return false;
    fd = xml_of(rows);
    if (fd < 0) {
        snprintf(error, RRD_ERROR_OCTETS, "there is no memory for it");
        return false;
    }
    snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
    librrd_clear_error();
    errno = 0;
    good = put_in_place(path, temporary, librrd_restore(4, words) == 0, how, error);
    close(fd);
    return good;
}

/* ---- updating ---- */

bool rrd_file_update(const char *path, enum rrd_kind kind, const char *const *values, int n, char *error)
{
    char names[RRD_SOURCES * (RRD_NAME_MAX + 1) + 1];
    size_t octets = 0;

    for (unsigned i = 0; i < rrd_kind_sources(kind); i++)
        octets += (size_t)snprintf(names + octets, sizeof names - octets, "%s%s", i ? ":" : "",
                                   rrd_slot_name(rrd_kind_first(kind) + i));
    librrd_clear_error();
    if (librrd_update_r(path, names, n, (const char **)(uintptr_t)values) == 0)
        return true;
    rrd_file_explain(path, librrd_get_error(), error);
    return false;
}

/* ---- what went wrong ---- */

void rrd_file_explain(const char *path, const char *what, char *error)
{
    const int why = errno;
    struct stat status;
    struct passwd account, *found = NULL;
    char names[1024];
    const char *detail = what;

    /* librrd's sentences begin with the path, which whoever reads this one has already. */
    if (strstr(what, path))
        detail = strstr(what, path) + strlen(path);
    detail += strspn(detail, ":' ");
    if (!*detail)
        detail = why ? strerror(why) : "librrd does not say why";
    if (stat(path, &status) == 0 && status.st_uid != geteuid() && access(path, W_OK) != 0) {
        getpwuid_r(status.st_uid, &account, names, sizeof names, &found);
        snprintf(error, RRD_ERROR_OCTETS,
                 "%.100s (it belongs to user %.32s: take it over with \"mailtally rrd adopt\")", detail,
                 found ? found->pw_name : "unknown");
        return;
    }
    snprintf(error, RRD_ERROR_OCTETS, "%.300s", detail);
}
