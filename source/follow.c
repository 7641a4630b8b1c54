/* A followed file: what is appended to a name, through rename, truncation, disappearance and return.
 *
 *   what is seen                                    what is done
 *   the name has another file (rename, create)      the new one is opened at once and waits in line, behind any that
 *                                                   came and were renamed between two looks; the old one is read until
 *                                                   nothing came for quiet_ms: its writer goes on with it until it is
 *                                                   told to reopen. It stays open for LATE_MS, since some never are
 * told
 *   ... with the same first octets, the old one     the same file after a remount, or a copy that an editor put in its
 *       has no name any more or is on another device place: read on where we were
 *   it is shorter, or its first octets changed      truncated: what was not read of it is read from the copy that
 *                                                   logrotate's copytruncate made, then the file from its beginning.
 *                                                   (Lines written between its copy and its truncate are lost by
 *                                                   logrotate itself; nobody can read them.)
 *   it changed, and is mounted with sshfs or its    it may be another file by now: found again by its content, under
 *       like, where inode numbers are names'        its name or another
 *   the name is gone                                the open file is read on; it is let go when it was deleted
 *   it never was there, or may not be read          trouble that is told, and looked at again every second
 *   another source reads the same file              nothing is read here, and the last error says so
 *
 * A generation's file is open, so nothing that happens to names matters until it is read to its end. Never mapped: a
 * truncated mapping is SIGBUS.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "follow.h"

#define GONE_QUIETS 5         /* so many quiet_ms without a file under the name are trouble */
#define LATE_MS     (3600000) /* how long lines may come to a file whose successor is read already */

struct generation *follow_open_one(struct follow *follow, const struct stat *status)
{
    for (size_t i = 0; i < follow->generations_n; i++) {
        struct generation *generation = &follow->generations[i];

        if (generation->content && generation->inode == status->st_ino && generation->device == status->st_dev)
            return generation;
    }
    return NULL;
}

void follow_remove(struct follow *follow, size_t at, bool left)
{
    struct generation *generation = &follow->generations[at];

    generation_forget(generation, follow->source.set->identities, left);
    follow->generations_n--;
    memmove(generation, generation + 1, (follow->generations_n - at) * sizeof *generation);
}

struct generation *follow_insert(struct follow *follow, size_t at)
{
    struct generation *generation;

    if (follow->generations_n == GENERATIONS_MAX)
        return NULL;
    generation = &follow->generations[at];
    memmove(generation + 1, generation, (follow->generations_n - at) * sizeof *generation);
    follow->generations_n++;
    *generation = (struct generation){ 0 };
    return generation;
}

/* ---- looking ---- */

static void was_truncated(struct follow *follow, size_t at)
{
    struct source *source = &follow->source;
    struct generation *generation = &follow->generations[at];
    uint64_t lost = generation_unread(generation);

    if (generation->finished) {
        generation_close(generation);
        return;
    }
    source->rotations++;
    if (resume_find_copy(follow, at))
        generation = &follow->generations[at + 1];
    else if (lost)
        source_remark(source, "was truncated before all of it was read, and no copy is beside it",
                      "let the daemon keep up, or rotate by renaming");
    generation_restart(generation);
    generation_tell(generation, source->set->identities, source->name);
    resume_find_missed(follow, (size_t)(generation - follow->generations));
}

/* Each open one may be another file than its name. */
static void lose_sight(struct follow *follow)
{
    for (size_t i = 0; i < follow->generations_n; i++)
        if (follow->generations[i].unsteady)
            generation_close(&follow->generations[i]);
    follow->lost_sight = true;
}

static void look_at_open(struct follow *follow, size_t at)
{
    struct generation *generation = &follow->generations[at];
    bool was_identified = generation->fingerprint.octets;

    switch (generation_look(generation)) {
    case GENERATION_AS_BEFORE:
        break;
    case GENERATION_GREW:
        if (!was_identified)
            resume_find_missed(follow, at);
        break;
    case GENERATION_TRUNCATED:
        was_truncated(follow, at);
        break;
    case GENERATION_UNSURE:
        lose_sight(follow);
        break;
    case GENERATION_DEAD:
        source_trouble(&follow->source, SOURCE_FAILED, "cannot be examined", errno,
                       "see whether its file system is there");
        generation_close(generation);
        follow->lost_sight = true;
        break;
    }
}

static void name_is_gone(struct follow *follow, int why)
{
    struct source *source = &follow->source;
    int64_t now = source_clock_ms();

    if (why != ENOENT && why != ENOTDIR) {
        source_trouble(source, SOURCE_UNREADABLE, "cannot be found", why,
                       why == EACCES ? "let the user of this program search its directory" : "it is tried again");
        return;
    }
    if (!follow->gone_ms)
        follow->gone_ms = now;
    if (follow->generations_n == 0 && !follow->since.tv_sec)
        follow->since = follow->added; /* it may come, and be renamed, between two looks */
    if (follow->lost_sight)
        resume_find(follow, NULL);
    if (!follow->lost_sight)
        resume_catch_up(follow, NULL); /* a file may have come and been renamed */
    /* Between a rename and the new file there is always a moment without one. */
    if (follow->generations_n == 0 || now - follow->gone_ms >= GONE_QUIETS * source->set->quiet_ms)
        source_trouble(source, SOURCE_MISSING, "does not exist", 0, "it is read as soon as it appears");
}

static void all_is_well(struct follow *follow)
{
    if (!follow->retry_ms)
        source_trouble_ends(&follow->source);
    if (follow->alias)
        follow->source.last_error[0] = '\0';
    follow->alias = false;
}

static void look_at_name(struct follow *follow)
{
    struct source *source = &follow->source;
    struct stat status;

    if (stat(source->name, &status) != 0) {
        name_is_gone(follow, errno);
        return;
    }
    follow->gone_ms = 0;
    if (!S_ISREG(status.st_mode)) {
        source_trouble(source, SOURCE_UNREADABLE, S_ISDIR(status.st_mode) ? "is a directory" : "is not a file", 0,
                       "name a log file");
        return;
    }
    if (follow->lost_sight)
        resume_find(follow, &status);
    if (follow->lost_sight)
        return;
    if (follow->behind || !follow_open_one(follow, &status))
        resume_catch_up(follow, &status);
    if (follow_open_one(follow, &status)) {
        all_is_well(follow);
        follow->sees = true;
    }
}

static bool was_deleted(const struct generation *generation)
{
    struct stat status;

    return fstat(content_descriptor(generation->content), &status) == 0 && status.st_nlink == 0;
}

static bool is_quiet(const struct follow *follow, const struct generation *generation)
{
    return generation_unread(generation) == 0 &&
           (content_is_compressed(generation->content) ||
            source_clock_ms() - generation->changed_ms >= follow->source.set->quiet_ms);
}

/* Whether the file will not grow any more. */
static bool is_finished(const struct follow *follow, size_t at)
{
    const struct generation *generation = &follow->generations[at];
    int64_t quiet_ms = follow->source.set->quiet_ms;

    if (!is_quiet(follow, generation))
        return false;
    if (at + 1 < follow->generations_n || follow->alias)
        return true;
    /* Deleted and without a successor: its blocks are only freed when we let go. */
    return follow->gone_ms && source_clock_ms() - follow->gone_ms >= GONE_QUIETS * quiet_ms && was_deleted(generation);
}

/* Lines may come late to one that is finished, but not for ever. */
static bool may_be_let_go(const struct follow *follow, const struct generation *generation)
{
    return is_quiet(follow, generation) &&
           (was_deleted(generation) || source_clock_ms() - generation->changed_ms >= LATE_MS);
}

/* Whether there is something to do for read() below. */
static bool is_ready(const struct follow *follow)
{
    for (size_t i = 0; i < follow->generations_n; i++) {
        const struct generation *generation = &follow->generations[i];

        if (!generation->content)
            continue;
        if (generation_unread(generation))
            return true;
        if (generation->finished ? may_be_let_go(follow, generation) : is_finished(follow, i))
            return true;
        if (!generation->finished)
            break;
    }
    return false;
}

static void measure(struct follow *follow)
{
    follow->source.behind_octets = 0;
    for (size_t i = 0; i < follow->generations_n; i++)
        follow->source.behind_octets += generation_unread(&follow->generations[i]);
}

static void follow_look(struct source *source)
{
    struct follow *follow = follow_of(source);
    size_t unfinished = 0;

    /* Asked each time: the directory may have been made, or replaced, since. */
    if (source->set->watch)
        follow->watch = watch_directory(source->set->watch, follow->directory);
    follow->sees = false;
    look_at_name(follow);
    for (size_t i = 0; i < follow->generations_n; i++) {
        if (follow->generations[i].content)
            look_at_open(follow, i);
        unfinished += !follow->generations[i].finished;
    }
    if (follow->sees && follow->generations_n)
        follow->seen = follow->generations[follow->generations_n - 1].modified;
    measure(follow);
    source->ready = is_ready(follow) && follow->retry_ms <= source_clock_ms();
    source->restless = unfinished > 1 || follow->gone_ms || follow->behind || follow->lost_sight;
}

/* ---- reading ---- */

static void keep_few_finished(struct follow *follow)
{
    size_t finished = 0;

    for (size_t i = 0; i < follow->generations_n; i++)
        finished += follow->generations[i].finished;
    for (size_t i = 0; finished > FINISHED_MAX; i++)
        if (follow->generations[i].finished) {
            follow_remove(follow, i--, true);
            finished--;
        }
}

/* Its last line may have no newline. */
static size_t finish(struct follow *follow, size_t at, const struct source_lines *lines)
{
    struct source *source = &follow->source;
    struct generation *generation = &follow->generations[at];
    size_t rest = generation_give_rest(generation, source, lines);

    if (!generation->finished)
        source->rotations++;
    if (generation->finished || content_is_compressed(generation->content) || was_deleted(generation))
        generation_close(generation);
    generation->finished = true;
    generation_tell(generation, source->set->identities, source->name);
    keep_few_finished(follow);
    return rest;
}

/* What was behind the damage is lost, and the beginning of a line in front of it is no line. */
static void break_off(struct follow *follow, size_t at, const struct source_lines *lines)
{
    struct generation *generation = &follow->generations[at];
    char what[160];

    snprintf(what, sizeof what, "a rotated file breaks off: %.100s", content_error(generation->content));
    source_remark(&follow->source, what, "what was behind that place is not counted");
    generation->partial = 0;
    finish(follow, at, lines);
}

/* One block of one file. */
static size_t read_one(struct follow *follow, size_t at, size_t octets, const struct source_lines *lines)
{
    struct source *source = &follow->source;
    struct generation *generation = &follow->generations[at];
    ssize_t given = generation_read(generation, source, octets, lines);

    if (given <= 0 && content_breaks_off(generation->content)) {
        break_off(follow, at, lines);
        return 0;
    }
    if (given < 0) {
        source_trouble(source, SOURCE_FAILED, "cannot be read", errno, "it is tried again");
        follow->retry_ms = source_clock_ms() + SOURCE_SWEEP_MS;
        return 0;
    }
    follow->retry_ms = 0;
    if (given)
        generation_tell(generation, source->set->identities, source->name);
    return (size_t)given;
}

/* What can be done for the one at `at`: reading, finishing. False: nothing; those behind it wait when *wait is set. */
static bool serve(struct follow *follow, size_t at, size_t octets, const struct source_lines *lines, size_t *given,
                  bool *wait)
{
    struct generation *generation = &follow->generations[at];
    bool late = generation->finished;

    *wait = !late;
    if (!generation->content)
        return false;
    if (!late || generation_unread(generation))
        *given = read_one(follow, at, octets, lines);
    if (*given || (generation->finished && !late))
        return true;
    if (follow->retry_ms || !(late ? may_be_let_go(follow, generation) : is_finished(follow, at)))
        return false;
    *given = finish(follow, at, lines);
    return true;
}

/* Until something was given, or there is nothing. What comes late to a finished file goes first. */
static size_t follow_read(struct source *source, size_t octets, const struct source_lines *lines)
{
    struct follow *follow = follow_of(source);
    size_t given = 0, at = 0;
    bool wait = false;

    while (!given && at < follow->generations_n && !wait) {
        if (serve(follow, at, octets, lines, &given, &wait)) {
            wait = false;
            at = 0;
        } else {
            at++;
        }
    }
    measure(follow);
    return given;
}

static bool follow_concerns(const struct source *source, int watch, const char *name)
{
    const struct follow *follow = (const struct follow *)source;

    (void)name;
    return watch == follow->watch;
}

/* Others may read its files, and go on where it was; so does it, later. */
static void follow_rest(struct source *source)
{
    struct follow *follow = follow_of(source);

    for (size_t i = 0; i < follow->generations_n; i++) {
        generation_close(&follow->generations[i]);
        generation_tell(&follow->generations[i], source->set->identities, NULL);
    }
    follow->lost_sight = follow->generations_n > 0;
    follow->gone_ms = follow->retry_ms = 0;
    source->behind_octets = 0;
}

static void follow_close(struct source *source)
{
    struct follow *follow = follow_of(source);

    while (follow->generations_n)
        follow_remove(follow, 0, false);
    free(follow->directory);
}

const struct source_ops follow_ops = {
    .type = SOURCE_FILE,
    .look = follow_look,
    .read = follow_read,
    .by_base = true,
    .concerns = follow_concerns,
    .rest = follow_rest,
    .close = follow_close,
    .save = positions_save,
    .load = positions_load,
};

/* "/a/b" is in "/a", "/b" in "/", "b" in ".". */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

bool source_set_add_file(struct source_set *set, const char *path, const char *host)
{
    struct follow *follow;

    if (aside_wanted(set, path))
        return aside_add(set, SOURCE_FILE, path, host);
    follow = calloc(1, sizeof *follow);
    if (!follow)
        return false;
    follow->watch = WATCH_NONE;
    clock_gettime(CLOCK_REALTIME_COARSE, &follow->added); /* the clock of modification times */
    follow->directory = directory_of(path);
    if (!follow->directory) {
        free(follow);
        return false;
    }
    return source_adopt(set, &follow->source, &follow_ops, path, host);
}
