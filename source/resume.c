/* A followed file after a stop, and after rotations that nobody saw: where the lines go on.
 *
 * A saved position is found by its fingerprint: under the name itself, else among the name's relatives, compressed or
 * not, the newest first. It is finished from its offset, then all relatives that are newer are read in order of age,
 * then the file of the name. Where the last position is nowhere, lines were lost: that is told, and what was written
 * later is read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "follow.h"
#include "relatives.h"

#define MISSED_TRIES 30 /* while names change: logrotate renames all that it keeps within some milliseconds */
/* So often in a row names may have changed; where inode numbers change by themselves (FUSE) they are taken as they are.
 */
#define UNSETTLED_MAX 200

/* ---- finding ---- */

static bool is_later(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/* A file that was quiet for long when it was opened need not be waited for. */
static int64_t quiet_since(const struct follow *follow, const struct generation *generation)
{
    struct timespec now;
    int64_t age_ms;

    clock_gettime(CLOCK_REALTIME, &now);
    age_ms = ((int64_t)now.tv_sec - generation->modified.tv_sec) * 1000 +
             (now.tv_nsec - generation->modified.tv_nsec) / 1000000;
    if (age_ms < 0)
        age_ms = 0;
    return source_clock_ms() - (age_ms < follow->source.set->quiet_ms ? age_ms : follow->source.set->quiet_ms);
}

static bool is_open(struct follow *follow, dev_t device, ino_t inode)
{
    return follow_open_one(follow, &(struct stat){ .st_dev = device, .st_ino = inode }) != NULL;
}

/* False: another source reads it by now; this position is worth nothing any more. */
static bool was_found(struct follow *follow, struct generation *generation)
{
    struct source *source = &follow->source;
    struct identity known;
    bool is_known = generation_is_known(generation, source->set->identities, source->name, &known);

    if (is_known && known.owner && !generation->finished) {
        generation_forget(generation, source->set->identities, true);
        return false;
    }
    generation->changed_ms = quiet_since(follow, generation);
    if (is_known && !known.owner)
        generation_go_on_from(generation, &known);
    generation_tell(generation, source->set->identities, source->name);
    return true;
}

/* One position: under the name, then among the relatives from the newest to the oldest. */
static enum generation_fit find_one(struct follow *follow, struct generation *generation, const struct stat *named,
                                    const struct relatives *relatives)
{
    enum generation_fit fit = GENERATION_FITS_NOT;
    int unknown = 0;

    if (named && !is_open(follow, named->st_dev, named->st_ino))
        fit = generation_find(generation, follow->source.name, false);
    for (size_t i = relatives->n; fit != GENERATION_FITS && i-- > 0;) {
        const struct relative *relative = &relatives->rows[i];

        if (is_open(follow, relative->device, relative->inode))
            continue;
        fit = generation_find(generation, relative->path, true);
        if (fit == GENERATION_UNKNOWN)
            unknown = errno;
    }
    if (fit == GENERATION_FITS && !was_found(follow, generation)) {
        fit = GENERATION_FITS_NOT;
    } else if (fit != GENERATION_FITS && unknown) {
        errno = unknown;
        fit = GENERATION_UNKNOWN;
    }
    return fit;
}

/* A file without identity cannot be found again; nothing was read of it, nor of those behind it, which are found by
 * their order as it is itself. */
static void forget_unread(struct follow *follow)
{
    size_t i = 0;

    while (i < follow->generations_n && (follow->generations[i].offset || follow->generations[i].fingerprint.octets ||
                                         follow->generations[i].finished))
        i++;
    if (i == follow->generations_n)
        return;
    follow->since = follow->generations[i].modified;
    while (follow->generations_n > i && follow->generations[follow->generations_n - 1].offset == 0)
        follow_remove(follow, follow->generations_n - 1, false);
}

static void tell_loss(struct follow *follow)
{
    source_remark(&follow->source,
                  "the file that was being read is nowhere to be found (it is looked for by its content)",
                  "lines that were written to it after that are not counted; keep rotated files longer");
}

/* Those that are nowhere. Without any file under the name or beside it a file system may not be mounted yet: then
 * nothing is given up. */
static void give_up_lost(struct follow *follow)
{
    bool told = false;

    for (size_t i = follow->generations_n; i-- > 0;) {
        const struct generation *generation = &follow->generations[i];

        if (generation->content || generation->finished)
            continue;
        if (!told) {
            /* A file of exactly that time is not newer. */
            follow->since = generation->modified;
            follow->since.tv_nsec++;
            tell_loss(follow);
        }
        told = true;
        follow_remove(follow, i, false);
    }
}

static void all_is_found(struct follow *follow)
{
    follow->lost_sight = false;
    follow->behind = follow->resuming = true;
}

/* Names may be changing just now (logrotate renames one file after the other), so that a file is passed over: what is
 * nowhere is looked for again for a while. */
static bool may_turn_up(struct follow *follow)
{
    int64_t now_ms = source_clock_ms();
    bool missing = false;

    for (size_t i = 0; i < follow->generations_n; i++) {
        const struct generation *generation = &follow->generations[i];

        missing = missing || (!generation->content && !generation->finished && generation->fingerprint.octets);
    }
    if (missing && !follow->missed_ms)
        follow->missed_ms = now_ms;
    if (missing && now_ms - follow->missed_ms < follow->source.set->quiet_ms)
        return true;
    follow->missed_ms = 0;
    return false;
}

void resume_find(struct follow *follow, const struct stat *named)
{
    struct source *source = &follow->source;
    struct relatives relatives = { 0 };
    bool unknown = false;

    /* Mostly nothing happened; thousands of sources need not go through a directory then. */
    if (follow->generations_n == 1 && find_one(follow, &follow->generations[0], named, &relatives) == GENERATION_FITS) {
        all_is_found(follow);
        return;
    }
    /* Where only names that are known may be opened, the file of the name is all there is. */
    if (!relatives_find(&relatives, source->set->listings, source->name) && errno != EACCES) {
        source_trouble(source, SOURCE_UNREADABLE, "its directory cannot be read", errno, "it is tried again");
        return;
    }
    for (size_t i = follow->generations_n; i-- > 0;) {
        struct generation *generation = &follow->generations[i];

        if (generation->content || !generation->fingerprint.octets)
            continue;
        if (find_one(follow, generation, named, &relatives) == GENERATION_UNKNOWN && !generation->finished) {
            source_trouble(source, SOURCE_FAILED, "a rotated file cannot be opened", errno, "it is tried again");
            unknown = true;
        }
    }
    if (!unknown && (named || relatives.n) && !may_turn_up(follow)) {
        forget_unread(follow);
        give_up_lost(follow);
        all_is_found(follow);
    }
    relatives_free(&relatives);
}

/* ---- what is newer ---- */

/* Whether `a` came after `b`. One index or date is one file, and its compressed form: not newer than itself. */
static bool is_newer(const struct relative *a, const struct relative *b)
{
    if (a->kind != RELATIVE_OTHER && a->kind == b->kind && a->numbers_n == b->numbers_n &&
        memcmp(a->numbers, b->numbers, a->numbers_n * sizeof a->numbers[0]) == 0)
        return false;
    if (b->kind == RELATIVE_OTHER)
        return is_later(a->modified, b->modified);
    return relative_age(a, b) > 0;
}

static bool is_generation(const struct generation *generation, const struct relative *relative)
{
    struct generation copy = { .fingerprint = generation->fingerprint };
    bool fits;

    if (generation->content)
        return generation->inode == relative->inode && generation->device == relative->device;
    fits = copy.fingerprint.octets && generation_find(&copy, relative->path, true) == GENERATION_FITS;
    generation_close(&copy);
    return fits;
}

/* The last generation as it stands among the relatives; NULL: it does not. */
static const struct relative *find_last(const struct follow *follow, const struct relatives *relatives)
{
    struct generation last = follow->generations[follow->generations_n - 1];

    for (int by_content = 0; by_content < 2; by_content++) {
        for (size_t i = relatives->n; i-- > 0;)
            if (is_generation(&last, &relatives->rows[i]))
                return &relatives->rows[i];
        last.content = NULL; /* it may have been compressed meanwhile */
    }
    return NULL;
}

/* A file that is or was read, under whatever name, or a copy of it. */
static bool is_ours(const struct follow *follow, const struct relative *relative)
{
    for (size_t i = 0; i < follow->generations_n; i++) {
        struct generation generation = follow->generations[i];

        if (is_generation(&generation, relative))
            return true;
        generation.content = NULL;
        if (is_generation(&generation, relative))
            return true;
    }
    return false;
}

static void read_by(struct follow *follow, const char *reader)
{
    struct source *source = &follow->source;

    source_trouble_ends(source);
    snprintf(source->last_error, sizeof source->last_error, "%s: is the same file as %s, and is counted there",
             source->name, reader);
    follow->alias = true;
}

/* Puts an open file behind the others. False: another source reads it (*reader), or knew more of it, so that positions
 * must be looked for; then it is closed. */
static bool append(struct follow *follow, struct generation *new, const char **reader)
{
    struct source *source = &follow->source;
    struct generation *place;
    struct identity known;
    bool is_known = generation_is_known(new, source->set->identities, source->name, &known);

    *reader = is_known ? known.owner : NULL;
    if (*reader || (is_known && follow->generations_n == 0 && saved_inherit(source, known.saved))) {
        generation_close(new);
        return false;
    }
    if (is_known)
        generation_go_on_from(new, &known);
    /* Whoever writes to the one before is told about now to reopen. */
    if (follow->generations_n && !follow->resuming)
        follow->generations[follow->generations_n - 1].changed_ms = source_clock_ms();
    place = follow_insert(follow, follow->generations_n);
    *place = *new;
    generation_tell(place, source->set->identities, source->name);
    return true;
}

/* Compression may have cut the fraction of a second off. */
static bool is_before(const struct relative *relative, struct timespec time)
{
    if (relative->modified.tv_nsec == 0)
        return relative->modified.tv_sec < time.tv_sec;
    return is_later(time, relative->modified);
}

/* Whether it came after the last generation, which stands among the relatives as `last`, or does not (NULL). What was
 * written before we last saw the file of the name is older whatever its number says: there are rotations that count
 * upwards. */
static bool came_after(const struct follow *follow, const struct relative *relative, const struct relative *last)
{
    const struct generation *generation =
        follow->generations_n ? &follow->generations[follow->generations_n - 1] : NULL;

    if (relative->kind == RELATIVE_OTHER || is_before(relative, follow->seen))
        return false;
    if (last)
        return is_newer(relative, last);
    return !is_before(relative, generation ? generation->modified : follow->since);
}

/* Or a copy of one: copytruncate makes it before it truncates, and may be met in between. */
static bool is_one_of(const struct generation *generations, size_t n, const struct relative *relative)
{
    for (size_t i = 0; i < n; i++) {
        const struct generation by_content = { .fingerprint = generations[i].fingerprint };

        if (is_generation(&generations[i], relative) || is_generation(&by_content, relative))
            return true;
    }
    return false;
}

/* A copy that is being made holds nothing yet, or the beginning of what it is made of. */
static bool is_unfinished_copy(const struct generation *new, const struct generation *later, size_t later_n)
{
    if (!new->fingerprint.octets)
        return true;
    for (size_t i = 0; i < later_n; i++)
        if (later[i].content && generation_begins(&later[i], &new->fingerprint))
            return true;
    return false;
}

/* Relatives that came after the last generation, the oldest first, but for those that are `later` ones. False: there is
 * no room for all, or names are changing just now. */
static bool append_newer(struct follow *follow, const struct relatives *relatives, const struct generation *later,
                         size_t later_n)
{
    const struct relative *last = follow->generations_n ? find_last(follow, relatives) : NULL;

    for (size_t i = 0; i < relatives->n; i++) {
        const struct relative *relative = &relatives->rows[i];
        struct generation new = { 0 };
        const char *reader;

        if (!came_after(follow, relative, last) || is_one_of(later, later_n, relative) || is_ours(follow, relative))
            continue;
        if (follow->generations_n + later_n >= GENERATIONS_MAX)
            return false;
        if (!generation_begin(&new, relative->path, true)) {
            if (errno == ENOENT)
                return false; /* renamed meanwhile, so that it must be looked for anew; nothing may be passed over */
            continue;
        }
        if (follow->unsettled < UNSETTLED_MAX && (new.inode != relative->inode || new.device != relative->device)) {
            generation_close(&new); /* likewise: the name has another file now */
            return false;
        }
        if (is_unfinished_copy(&new, later, later_n)) {
            generation_close(&new);
            continue;
        }
        new.changed_ms = quiet_since(follow, &new);
        if (append(follow, &new, &reader))
            last = relative;
    }
    return true;
}

/* Two files that both exist on one device are two, however alike they begin. */
static bool is_same_file(const struct generation *old, const struct generation *new)
{
    struct stat status;

    if (old->finished || !old->content || content_is_compressed(old->content) || new->size < old->offset)
        return false;
    if (fstat(content_descriptor(old->content), &status) == 0 && status.st_nlink > 0 && status.st_dev == new->device)
        return false;
    return generation_begins(new, &old->fingerprint);
}

static bool open_named(struct follow *follow, struct generation *new)
{
    struct source *source = &follow->source;

    if (generation_begin(new, source->name, false))
        return true;
    if (errno == EINVAL)
        source_trouble(source, SOURCE_UNREADABLE, "is not a file", 0, "name a log file");
    else if (errno == EMFILE || errno == ENFILE)
        source_trouble(source, SOURCE_UNREADABLE, "cannot be opened", errno, "raise LimitNOFILE= of the service");
    else
        source_trouble(source, SOURCE_UNREADABLE, "cannot be opened", errno,
                       errno == EACCES ? "let the user of this program read it (on Debian: group adm)"
                                       : "it is tried again");
    return false;
}

static bool is_read_by_another(struct follow *follow, const struct generation *new)
{
    struct source *source = &follow->source;
    struct identity known;

    if (!generation_is_known(new, source->set->identities, source->name, &known) || !known.owner)
        return false;
    read_by(follow, known.owner);
    return true;
}

/* What came and was renamed again before the `later` ones. */
static bool append_missed(struct follow *follow, const struct generation *later, size_t later_n)
{
    struct relatives relatives;
    bool all = true;

    if (follow->generations_n == 0 && follow->since.tv_sec == 0 && follow->seen.tv_sec == 0)
        return true; /* a source that is new begins with the file of the name */
    if (relatives_find(&relatives, follow->source.set->listings, follow->source.name))
        all = (!relatives.changing || follow->unsettled == UNSETTLED_MAX) &&
              append_newer(follow, &relatives, later, later_n);
    follow->unsettled = all || follow->unsettled == UNSETTLED_MAX ? 0 : follow->unsettled + 1;
    relatives_free(&relatives);
    return all;
}

void resume_catch_up(struct follow *follow, const struct stat *named)
{
    struct generation new = { 0 };
    struct generation *last = follow->generations_n ? &follow->generations[follow->generations_n - 1] : NULL;
    const char *reader;

    if (!named) {
        (void)append_missed(follow, NULL, 0);
        return;
    }
    if (!follow_open_one(follow, named)) {
        if (!open_named(follow, &new))
            return;
        new.changed_ms = source_clock_ms();
        if (last && is_same_file(last, &new)) {
            generation_replace(last, &new);
            last->changed_ms = new.changed_ms;
            generation_tell(last, follow->source.set->identities, follow->source.name);
        } else if (is_read_by_another(follow, &new) || !append_missed(follow, &new, 1) ||
                   !append(follow, &new, &reader)) {
            generation_close(&new);
            return;
        }
    }
    follow->behind = follow->resuming = false;
    follow->since = (struct timespec){ 0 };
}

void resume_find_missed(struct follow *follow, size_t at)
{
    struct generation later[GENERATIONS_MAX];
    size_t later_n = follow->generations_n - at;

    memcpy(later, &follow->generations[at], later_n * sizeof later[0]);
    follow->generations_n = at;
    for (int tries = 0; tries < MISSED_TRIES && !append_missed(follow, later, later_n); tries++) {
    }
    memcpy(&follow->generations[follow->generations_n], later, later_n * sizeof later[0]);
    follow->generations_n += later_n;
}

bool resume_find_copy(struct follow *follow, size_t at)
{
    const struct generation *cut = &follow->generations[at];
    struct generation copy = { .fingerprint = cut->fingerprint, .offset = cut->offset, .skipping = cut->skipping };
    struct relatives relatives;

    if (!cut->fingerprint.octets || follow->generations_n == GENERATIONS_MAX)
        return false;
    if (relatives_find(&relatives, follow->source.set->listings, follow->source.name))
        (void)find_one(follow, &copy, NULL, &relatives);
    relatives_free(&relatives);
    if (!copy.content)
        return false;
    copy.changed_ms = source_clock_ms() - follow->source.set->quiet_ms; /* nobody writes to a copy */
    *follow_insert(follow, at) = copy;
    return true;
}
