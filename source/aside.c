/* Sources on file systems that may hang: read by lanes, which are threads of their own.
 *
 * Here the lines of finished blocks are handed over, one block at a time; the position is that behind the last of them,
 * whatever the lane has read ahead. While a lane is busy with one thing for hang_ms its sources have failed: nothing is
 * waited for, and when the file system answers again all goes on by itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>

#include "lane.h"
#include "mounts.h"

#define END_MS       500 /* for all lanes together, when the daemon ends */
#define LANES_MAX    64
#define MOUNT_LANES  4 /* of one mount point: when it hangs, all of it does */
#define PATTERNS_MAX 256

struct lanes {
    struct {
        struct lane *lane;
        char *mount;
        size_t sources;
    } rows[LANES_MAX];
    size_t n;
    struct {
        char *text;
        struct lane *lane;
        int number;
        bool told; /* what it stands for, once */
    } patterns[PATTERNS_MAX];
    size_t patterns_n;
};

struct aside {
    struct source source;
    struct lane *lane;
    int row;
    struct store position; /* what its kind wrote behind what was handed over */
    struct lane_view view;
};

static struct aside *aside_of(struct source *source)
{
    return (struct aside *)source;
}

/* ---- lanes ---- */

/* The lane of this mount point with the fewest sources, or a new one while it has few. */
static struct lane *lane_for(struct source_set *set, const char *mount)
{
    struct lanes *lanes = set->lanes ? set->lanes : calloc(1, sizeof *lanes);
    size_t best = LANES_MAX, any = 0, mine = 0;

    if (!lanes)
        return NULL;
    set->lanes = lanes;
    if (set->wake_fd < 0)
        set->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    for (size_t i = 0; i < lanes->n; i++) {
        if (lanes->rows[i].sources < lanes->rows[any].sources)
            any = i;
        if (strcmp(lanes->rows[i].mount, mount) != 0)
            continue;
        mine++;
        if (best == LANES_MAX || lanes->rows[i].sources < lanes->rows[best].sources)
            best = i;
    }
    if (mine < MOUNT_LANES && lanes->n < LANES_MAX) {
        char *copy = strdup(mount);
        struct lane *lane = copy ? lane_new(set->identities, set->quiet_ms, set->wake_fd) : NULL;

        if (lane) {
            lanes->rows[lanes->n].lane = lane;
            lanes->rows[lanes->n].mount = copy;
            best = lanes->n++;
        } else {
            free(copy);
        }
    }
    if (best == LANES_MAX)
        best = any;
    if (best >= lanes->n)
        return NULL;
    lanes->rows[best].sources++;
    return lanes->rows[best].lane;
}

void aside_end(struct source_set *set)
{
    struct lanes *lanes = set->lanes;
    int64_t deadline_ms = source_clock_ms() + END_MS;

    if (!lanes)
        return;
    for (size_t i = 0; i < lanes->n; i++)
        lane_tell_to_end(lanes->rows[i].lane);
    for (size_t i = 0; i < lanes->n; i++) {
        lane_end(lanes->rows[i].lane, deadline_ms);
        free(lanes->rows[i].mount);
    }
    for (size_t i = 0; i < lanes->patterns_n; i++)
        free(lanes->patterns[i].text);
    free(lanes);
    set->lanes = NULL;
}

/* ---- a source ---- */

/* Since when it has been busy for too long with one thing; 0: it has not. */
static int64_t hangs_since(const struct source_set *set, struct lane *lane)
{
    int64_t since_ms = lane_busy_since(lane);

    return since_ms && source_clock_ms() - since_ms >= set->hang_ms ? since_ms : 0;
}

static void tell_hang(struct source *source, int64_t since_ms)
{
    time_t since = time(NULL) - (time_t)((source_clock_ms() - since_ms) / 1000);
    char what[64], when[32];
    struct tm local;

    if (source->state == SOURCE_FAILED && strstr(source->last_error, "does not answer since"))
        return;
    localtime_r(&since, &local);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
    snprintf(what, sizeof what, "does not answer since %s", when);
    source_trouble(source, SOURCE_FAILED, what, 0, "see whether the mount is alive");
}

static void look(struct source *source)
{
    struct aside *aside = aside_of(source);
    int64_t since_ms;

    source->restless = true;
    if (!aside->lane) {
        source_trouble(source, SOURCE_FAILED, "cannot be read", 0, "there is no memory for a thread");
        return;
    }
    source->ready = lane_has_block(aside->lane, aside->row);
    lane_look(aside->lane, aside->row, &aside->view);
    since_ms = hangs_since(source->set, aside->lane);
    if (since_ms) {
        tell_hang(source, since_ms);
        return;
    }
    source->behind_octets = aside->view.behind_octets;
    source->state = aside->view.state;
    memcpy(source->last_error, aside->view.last_error, sizeof source->last_error);
    if (!source->ready) {
        source->rotations = aside->view.rotations;
        source->errors = aside->view.errors > source->errors ? aside->view.errors : source->errors;
    }
}

static void give(struct source *source, const struct source_lines *lines, const struct lane_block *block)
{
    struct span rest = { block->text, block->n }, line;
    size_t overlong = 0;

    for (;;) {
        while (overlong < block->overlong_n && block->overlong[overlong] <= block->n - rest.n) {
            lines->overlong(lines->context, source->index);
            overlong++;
        }
        if (!span_take_until(&rest, '\n', &line))
            break;
        lines->line(lines->context, source->index, line);
    }
}

/* Takes over the position behind the block. */
static void move_on(struct aside *aside, struct span part)
{
    struct load load = load_of(part);
    uint64_t errors = aside->source.errors;

    saved_common(&aside->source, &load);
    if (aside->source.errors < errors)
        aside->source.errors = errors; /* that it hung is an error, too */
    aside->position.n = 0;
    store_more(&aside->position, (struct span){ (const char *)load.octets, load.n });
}

static size_t read_block(struct source *source, size_t octets, const struct source_lines *lines)
{
    struct aside *aside = aside_of(source);
    struct lane_block *block = aside->lane ? lane_take(aside->lane, aside->row) : NULL;
    size_t n;

    (void)octets;
    if (!block)
        return 0;
    give(source, lines, block);
    move_on(aside, (struct span){ (const char *)block->part.octets, block->part.n });
    n = block->n ? block->n : 1; /* a position without lines is something, too */
    lane_give_back(aside->lane, block);
    return n;
}

static void save(struct source *source, struct store *store)
{
    const struct aside *aside = aside_of(source);

    store_more(store, (struct span){ (const char *)aside->position.octets, aside->position.n });
}

static bool load_position(struct source *source, struct load *load)
{
    struct aside *aside = aside_of(source);

    aside->position.n = 0;
    store_more(&aside->position, (struct span){ (const char *)load->octets, load->n });
    return !aside->position.failed;
}

static void close_source(struct source *source)
{
    store_free(&aside_of(source)->position);
}

static const struct source_ops aside_file_ops = {
    .type = SOURCE_FILE,
    .look = look,
    .read = read_block,
    .close = close_source,
    .save = save,
    .load = load_position,
};

static const struct source_ops aside_directory_ops = {
    .type = SOURCE_DIRECTORY,
    .look = look,
    .read = read_block,
    .close = close_source,
    .save = save,
    .load = load_position,
};

static void begin(struct aside *aside)
{
    struct source *source = &aside->source;
    const char *mount = mounts_remote(source->set->mounts, source->name);
    struct store part = { 0 };

    aside->lane = lane_for(source->set, mount ? mount : "");
    if (!aside->lane)
        return;
    saved_write(source, &part);
    aside->row = lane_add(aside->lane, source->ops->type, source->name,
                          (struct span){ (const char *)part.octets, part.failed ? 0 : part.n });
    store_free(&part);
    if (aside->row < 0)
        aside->lane = NULL;
}

bool aside_wanted(struct source_set *set, const char *path)
{
    return set->mounts && mounts_remote(set->mounts, path);
}

bool aside_add(struct source_set *set, enum source_type type, const char *path, const char *host)
{
    struct aside *aside = calloc(1, sizeof *aside);

    if (!aside ||
        !source_adopt(set, &aside->source, type == SOURCE_FILE ? &aside_file_ops : &aside_directory_ops, path, host))
        return false;
    begin(aside);
    return true;
}

/* ---- what is mounted later ---- */

static void put_aside(struct source_set *set, size_t index)
{
    struct source *old = set->sources[index];
    struct aside *aside = calloc(1, sizeof *aside);
    struct store part = { 0 };

    if (!aside)
        return;
    saved_write(old, &part);
    aside->source = *old;
    aside->source.ops = old->ops->type == SOURCE_FILE ? &aside_file_ops : &aside_directory_ops;
    aside->source.ready = false;
    old->ops->close(old);
    free(old);
    set->sources[index] = &aside->source;
    saved_read(&aside->source, (struct span){ (const char *)part.octets, part.n });
    store_free(&part);
    begin(aside);
}

void aside_look(struct source_set *set)
{
    unsigned version = set->mounts ? mounts_version(set->mounts) : 0;

    if (version == set->mounts_seen)
        return;
    set->mounts_seen = version;
    for (size_t i = 0; i < set->sources_n; i++) {
        const struct source *source = set->sources[i];

        if ((source->ops == &follow_ops || source->ops == &multilog_ops) && aside_wanted(set, source->name))
            put_aside(set, i);
    }
}

/* ---- what the others ask ---- */

static bool glob_here(const char *pattern, void (*each)(void *context, const char *path), void *context)
{
    glob_t found = { 0 };

    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            each(context, found.gl_pathv[i]);
    globfree(&found);
    return true;
}

bool source_set_glob(struct source_set *set, const char *pattern, void (*each)(void *context, const char *path),
                     void *context)
{
    const char *mount = set->mounts ? mounts_remote_pattern(set->mounts, pattern) : NULL;
    struct lanes *lanes = set->lanes;
    struct lane *lane;
    char *copy;
    int number;

    for (size_t i = 0; lanes && i < lanes->patterns_n; i++)
        if (strcmp(lanes->patterns[i].text, pattern) == 0)
            return lanes->patterns[i].told =
                       lane_each_path(lanes->patterns[i].lane, lanes->patterns[i].number, each, context);
    if (!mount)
        return glob_here(pattern, each, context);
    lane = lane_for(set, mount);
    copy = strdup(pattern);
    lanes = set->lanes;
    number = lane && copy && lanes->patterns_n < PATTERNS_MAX ? lane_add_pattern(lane, pattern) : -1;
    if (number < 0) {
        free(copy);
        return false;
    }
    lanes->patterns[lanes->patterns_n].text = copy;
    lanes->patterns[lanes->patterns_n].lane = lane;
    lanes->patterns[lanes->patterns_n++].number = number;
    return false;
}

static bool settles(const struct aside *aside)
{
    struct lane_view view;

    if (!aside->lane || hangs_since(aside->source.set, aside->lane))
        return false;
    lane_look(aside->lane, aside->row, &view);
    return !view.looked || view.behind_octets || lane_has_block(aside->lane, aside->row);
}

bool source_set_settles(const struct source_set *set)
{
    for (size_t i = 0; i < set->sources_n; i++)
        if (set->sources[i]->ops->look == look && settles((const struct aside *)set->sources[i]))
            return true;
    for (size_t i = 0; set->lanes && i < set->lanes->patterns_n; i++)
        if (!set->lanes->patterns[i].told && !hangs_since(set, set->lanes->patterns[i].lane))
            return true;
    return false;
}
