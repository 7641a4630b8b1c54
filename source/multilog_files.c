/* Which file of a multilog directory comes next.
 *
 * How multilog rotates (daemontools 0.76, multilog.c; svlogd and s6-log are alike): it closes `current`, renames it to
 * `previous`, makes a new `current`, links `previous` to @TAI64N.s and removes `previous`. With a processor it waits
 * until that has made `processed` of `previous`, removes `previous`, and gives `processed` the @ name. When it starts
 * after a crash, `previous` and `current` become @TAI64N.u. It deletes the oldest @ file when there are too many. So:
 *
 *   - a file that is not `current` any more is finished: nobody writes to it;
 *   - each file gets its @ name later, in the order in which the files were `current`. The first name that is newer
 * than those that were there when we began with a file (`anchor`) is its own, even when a processor changed what is in
 *     it. Until that name appears it is owed;
 *   - a file can have two names for a moment;
 *   - only the first 25 octets are the name: @T.u and @T.s, or @T.s.gz, are one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "multilog.h"

#define NAME_OCTETS 64
#define ATTEMPTS    8 /* multilog may rotate while we look; then it is looked at again later */

/* What one pass through the directory tells. */
struct scan {
    char first[NAME_OCTETS]; /* of the names that are newer than the anchor the oldest; "" none */
    bool any_older;          /* a name that is not newer */
    uint64_t octets;         /* of the newer ones */
};

bool multilog_is_tai(const char *name)
{
    return name[0] == '@' && strlen(name) < NAME_OCTETS && strspn(name + 1, "0123456789abcdef") >= TAI_OCTETS - 1;
}

static struct tai tai_of(const char *name)
{
    struct tai tai = { 0 };

    memcpy(tai.text, name, strnlen(name, TAI_OCTETS));
    return tai;
}

const char *multilog_path(const struct multilog *multilog, const char *name, char *path)
{
    snprintf(path, MULTILOG_PATH_OCTETS, "%s/%s", multilog->source.name, name);
    return path;
}

void multilog_trouble(struct multilog *multilog, enum source_state state, const char *what, int why, const char *advice)
{
    source_trouble(&multilog->source, state, what, why, advice);
    multilog->told = true;
}

static void directory_trouble(struct multilog *multilog, int why)
{
    bool missing = why == ENOENT || why == ENOTDIR;

    multilog_trouble(multilog, missing ? SOURCE_MISSING : SOURCE_UNREADABLE, "cannot be opened as a directory", why,
                     missing         ? "name the directory that multilog writes; it is read as soon as it appears"
                     : why == EACCES ? "let the daemon's user read and search it"
                                     : "it is tried again");
}

static bool scan(struct multilog *multilog, struct tai after, struct scan *scan)
{
    DIR *directory = opendir(multilog->source.name);
    struct dirent *entry;
    struct stat status;

    *scan = (struct scan){ 0 };
    if (!directory) {
        directory_trouble(multilog, errno);
        return false;
    }
    while ((entry = readdir(directory))) {
        if (!multilog_is_tai(entry->d_name))
            continue;
        if (strncmp(entry->d_name, after.text, TAI_OCTETS) <= 0) {
            scan->any_older = true;
            continue;
        }
        if (!*scan->first || strcmp(entry->d_name, scan->first) < 0)
            strcpy(scan->first, entry->d_name);
        if (fstatat(dirfd(directory), entry->d_name, &status, 0) == 0)
            scan->octets += (uint64_t)status.st_size;
    }
    closedir(directory);
    return true;
}

/* ---- which file this is ---- */

static bool fits(const struct multilog_file *file, struct content *content)
{
    char first[FINGERPRINT_OCTETS];
    ssize_t n = content_read(content, first, sizeof first, 0);

    return n > 0 && fingerprint_fits(&file->fingerprint, (struct span){ first, (size_t)n });
}

bool multilog_is_inode_of(const struct multilog_file *file, const struct stat *status)
{
    return file->content && file->device == status->st_dev && file->inode == status->st_ino;
}

void multilog_close_file(struct multilog_file *file)
{
    content_close(file->content);
    *file = (struct multilog_file){ 0 };
}

static void go_on_with(struct multilog *multilog, struct content *content, const struct stat *status, const char *name)
{
    struct multilog_file *now = &multilog->now;

    now->content = content;
    now->device = status->st_dev;
    now->inode = status->st_ino;
    now->size = (uint64_t)status->st_size;
    now->named = multilog_is_tai(name);
    now->final = strcmp(name, "current") != 0;
    if (now->named)
        multilog->anchor = tai_of(name);
    multilog->searching = multilog->failing = false;
}

enum outcome { FOUND, ABSENT, NOT_NOW };

/* NOT_NOW: there is trouble, which was told. */
static enum outcome open_name(struct multilog *multilog, const char *name, struct content **content,
                              struct stat *status)
{
    char path[MULTILOG_PATH_OCTETS];

    *content = content_open(multilog_path(multilog, name, path), true, status);
    if (*content)
        return FOUND;
    if (errno == ENOENT)
        return ABSENT;
    multilog_trouble(multilog, SOURCE_UNREADABLE, name, errno,
                     errno == EACCES ? "let the daemon's user read what multilog writes" : "it is tried again");
    return NOT_NOW;
}

static void lines_are_lost(struct multilog *multilog)
{
    source_remark(&multilog->source, "files were deleted before they were read, and their lines are lost",
                  "let multilog keep more or larger files (n, s)");
}

/* ---- the name that is owed ---- */

static enum outcome is_own_name(struct multilog *multilog, const struct scan *found, bool *own)
{
    struct content *content;
    struct stat status;
    enum outcome outcome = open_name(multilog, found->first, &content, &status);

    if (outcome != FOUND)
        return outcome;
    /* Made by a processor when its content is another one; but not where the oldest names have been deleted, for then
     * its own may have been, too. */
    *own = multilog_is_inode_of(&multilog->last, &status) || fits(&multilog->last, content) || found->any_older ||
           !*multilog->anchor.text;
    content_close(content);
    return FOUND;
}

/* ABSENT: nothing is owed any more. FOUND: the name was there, look again. */
static enum outcome settle_owed_name(struct multilog *multilog, const struct scan *found)
{
    bool own = true;

    if (!multilog->owes || !*found->first)
        return ABSENT;
    if (is_own_name(multilog, found, &own) == NOT_NOW)
        return NOT_NOW;
    if (own)
        multilog->anchor = tai_of(found->first);
    else
        lines_are_lost(multilog);
    multilog->owes = false;
    return FOUND;
}

void multilog_finish(struct multilog *multilog)
{
    struct scan found;

    /* multilog makes one name after the other: that of the file before is there by now. */
    if (multilog->owes && scan(multilog, multilog->anchor, &found))
        settle_owed_name(multilog, &found);
    multilog_close_file(&multilog->last);
    multilog->owes = !multilog->now.named;
    multilog->last = multilog->now;
    multilog->now = (struct multilog_file){ 0 };
}

/* ---- a position of an earlier run ---- */

static enum outcome try_saved(struct multilog *multilog, const char *name)
{
    struct content *content;
    struct stat status;
    enum outcome outcome = open_name(multilog, name, &content, &status);

    if (outcome != FOUND)
        return outcome;
    if (!fits(&multilog->now, content)) {
        content_close(content);
        return ABSENT;
    }
    go_on_with(multilog, content, &status, name);
    return FOUND;
}

/* Between `previous` and its @ name there is only `processed`, which is not for us: the processor may not have ended.
 */
static bool processor_ends(const struct multilog *multilog)
{
    char path[MULTILOG_PATH_OCTETS];

    return access(multilog_path(multilog, "processed", path), F_OK) == 0;
}

/* It went where it was not read to its end: what was behind the saved offset is lost. */
static void give_up_saved(struct multilog *multilog, bool anything_read)
{
    struct scan found;

    if (!scan(multilog, multilog->anchor, &found) || (multilog->owes && *found.first))
        return; /* it is tried again */
    if (anything_read && !multilog->now.named && *found.first && (found.any_older || !*multilog->anchor.text)) {
        multilog->anchor = tai_of(found.first);
        source_remark(&multilog->source,
                      "multilog's processor has changed a file before it was read to its end, and its last lines are "
                      "lost",
                      "keep the daemon running, or let the processor leave the lines as they are");
    } else if (anything_read) {
        lines_are_lost(multilog);
    }
    multilog->now = (struct multilog_file){ 0 };
    multilog->searching = false;
}

/* The file of the saved position: under its name, or under one that it got since. A file goes from `current` to
 * `previous` to its name; it is looked for in this order, so that it cannot pass us. */
static void search_saved(struct multilog *multilog)
{
    static const char *const unnamed[] = { "current", "previous" };
    struct tai at = multilog->anchor;
    struct scan found;

    for (size_t i = 0; i < 2 && !multilog->now.named; i++)
        if (try_saved(multilog, unnamed[i]) != ABSENT)
            return;
    if (multilog->now.named)
        at.text[TAI_OCTETS - 1]--; /* just before it: its suffix may have changed */
    for (;;) {
        if (!scan(multilog, at, &found))
            return;
        if (!*found.first || (multilog->now.named && strncmp(found.first, multilog->anchor.text, TAI_OCTETS) > 0))
            break;
        if (try_saved(multilog, found.first) != ABSENT)
            return;
        at = tai_of(found.first);
    }
    if (processor_ends(multilog))
        return;
    give_up_saved(multilog, multilog->now.fingerprint.octets > 0);
}

/* ---- what comes next ---- */

static bool is_stranger(struct multilog *multilog, const char *name, const struct multilog_file *but)
{
    struct stat status;
    char path[MULTILOG_PATH_OCTETS];

    return stat(multilog_path(multilog, name, path), &status) == 0 && !multilog_is_inode_of(&multilog->last, &status) &&
           !multilog_is_inode_of(but, &status);
}

/* After a start: the file that was read last may still be there without a name, or with two. */
static void recognise_last(struct multilog *multilog, const char *name)
{
    struct multilog_file *last = &multilog->last;
    char path[MULTILOG_PATH_OCTETS];
    struct stat status;
    struct content *content;

    if (last->content || !last->fingerprint.octets)
        return;
    content = content_open(multilog_path(multilog, name, path), true, &status);
    if (!content)
        return;
    if (!fits(last, content)) {
        content_close(content);
        return;
    }
    last->content = content;
    last->device = status.st_dev;
    last->inode = status.st_ino;
}

/* `previous` or `current`, whichever was not read yet. ABSENT: something was renamed meanwhile. */
static enum outcome open_unnamed(struct multilog *multilog)
{
    recognise_last(multilog, "current");
    recognise_last(multilog, "previous");

    const char *name = is_stranger(multilog, "previous", &multilog->now) ? "previous" : "current";
    struct multilog_file file = { 0 };
    struct stat status;
    struct scan found;
    enum outcome outcome = open_name(multilog, name, &file.content, &status);

    if (outcome != FOUND)
        return outcome;
    file.device = status.st_dev;
    file.inode = status.st_ino;
    if (multilog_is_inode_of(&multilog->last, &status)) { /* it has not been made anew yet */
        content_close(file.content);
        return NOT_NOW;
    }
    /* Another that was current before it: in this order, for it may get its name now. */
    if ((strcmp(name, "current") == 0 &&
         (is_stranger(multilog, "previous", &file) || (!multilog->owes && processor_ends(multilog)))) ||
        !scan(multilog, multilog->anchor, &found) || *found.first) {
        content_close(file.content);
        return ABSENT;
    }
    go_on_with(multilog, file.content, &status, name);
    return FOUND;
}

/* A newer file that has its name. */
static enum outcome open_named(struct multilog *multilog, const struct scan *found)
{
    struct content *content;
    struct stat status;
    enum outcome outcome = open_name(multilog, found->first, &content, &status);

    if (outcome == FOUND)
        go_on_with(multilog, content, &status, found->first);
    else if (outcome == ABSENT)
        lines_are_lost(multilog);
    return outcome;
}

void multilog_find_next(struct multilog *multilog)
{
    struct scan found;
    enum outcome outcome;

    for (int i = 0; i < ATTEMPTS && !multilog->now.content; i++) {
        if (!scan(multilog, multilog->anchor, &found))
            return;
        outcome = settle_owed_name(multilog, &found);
        if (outcome == NOT_NOW)
            return;
        if (outcome == FOUND)
            continue;
        if (multilog->searching) {
            search_saved(multilog);
            if (multilog->searching)
                return;
            continue;
        }
        if ((*found.first ? open_named(multilog, &found) : open_unnamed(multilog)) == NOT_NOW)
            return;
    }
}

uint64_t multilog_octets_behind(struct multilog *multilog)
{
    struct scan found;
    struct stat status;
    char path[MULTILOG_PATH_OCTETS];
    uint64_t octets = 0;

    if (scan(multilog, multilog->anchor, &found))
        octets = found.octets;
    if (stat(multilog_path(multilog, "current", path), &status) == 0 && !multilog_is_inode_of(&multilog->now, &status))
        octets += (uint64_t)status.st_size;
    return octets;
}
