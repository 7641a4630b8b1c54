/* A directory that multilog writes: every line of @*.s and @*.u in the order of their names, then of `current`.
 *
 * The position is the file, by its first octets, and the offset behind its last whole line; after a stop the file is
 * found by them under whatever name it got meanwhile, also compressed (multilog_files.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "multilog.h"

#include <stdlib.h>

#define READ_AT_LEAST (READER_LINE_OCTETS + 1)
#define GONE_QUIETS                                                                                  \
    5 /* so many quiet_ms without `current` are trouble; at each rotation there is none for a moment \
       */

static uint64_t unread(const struct multilog_file *file)
{
    uint64_t seen = file->offset + file->partial;

    return file->content ? content_left(file->content, file->size, seen) : 0;
}

static void look_at_open(struct multilog *multilog)
{
    struct multilog_file *now = &multilog->now;
    struct stat status;

    if (fstat(content_descriptor(now->content), &status) != 0)
        return;
    now->size = (uint64_t)status.st_size;
    if (content_is_compressed(now->content) || now->size >= now->offset)
        return;
    source_remark(&multilog->source, "a file was cut off", "leave multilog's files alone");
    now->offset = now->partial = 0;
    now->skipping = false;
    now->fingerprint = (struct fingerprint){ 0 };
}

static void look_at_name(struct multilog *multilog)
{
    struct multilog_file *now = &multilog->now;
    int64_t now_ms = source_clock_ms();
    char path[MULTILOG_PATH_OCTETS];
    struct stat status;

    if (stat(multilog_path(multilog, "current", path), &status) == 0) {
        multilog->gone_ms = 0;
        if (now->content && !multilog_is_inode_of(now, &status))
            now->final = true;
        return;
    }
    if (!multilog->gone_ms)
        multilog->gone_ms = now_ms;
    if (!multilog->told && now_ms - multilog->gone_ms >= GONE_QUIETS * multilog->source.set->quiet_ms)
        multilog_trouble(multilog, SOURCE_MISSING, "there is no file named current in it", 0, "is multilog running?");
}

static void measure(struct multilog *multilog)
{
    multilog->source.behind_octets = multilog->now.content ? unread(&multilog->now) : 0;
    if (!multilog->now.content || multilog->now.final)
        multilog->source.behind_octets += multilog_octets_behind(multilog);
}

static void multilog_look(struct source *source)
{
    struct multilog *multilog = multilog_of(source);

    /* Asked each time: the directory may have been made, or replaced, since. */
    if (source->set->watch)
        multilog->watch = watch_directory(source->set->watch, source->name);
    multilog->told = false;
    multilog_find_next(multilog);
    look_at_name(multilog);
    if (multilog->now.content)
        look_at_open(multilog);
    measure(multilog);
    if (!multilog->told && !multilog->failing)
        source_trouble_ends(source);
    source->ready = multilog->now.content && (unread(&multilog->now) || multilog->now.final);
    source->restless = multilog->owes || !multilog->now.content;
}

static void consumed(struct multilog_file *file, struct span octets)
{
    file->offset += octets.n;
    file->partial = 0;
    if (file->offset - octets.n == file->fingerprint.octets)
        fingerprint_extend(&file->fingerprint, octets);
}

static void cannot_be_read(struct multilog *multilog)
{
    const char *why = content_error(multilog->now.content);

    multilog->failing = !multilog->now.final;
    if (multilog->failing)
        source_trouble(&multilog->source, SOURCE_FAILED, why, 0, "it is tried again");
    else
        source_remark(&multilog->source, why, "the rest of the file is lost");
}

/* One block. *ended: no more can be had of this file now. */
static size_t read_block(struct multilog *multilog, size_t octets, const struct source_lines *lines, bool *ended)
{
    struct source *source = &multilog->source;
    struct multilog_file *now = &multilog->now;
    size_t wanted = octets < READ_AT_LEAST ? READ_AT_LEAST : octets;
    size_t given;
    ssize_t n;

    if (wanted > READER_BUFFER_OCTETS)
        wanted = READER_BUFFER_OCTETS;
    n = content_read(now->content, source->set->block, wanted, now->offset);
    *ended = false;
    if (n == CONTENT_UNDERWAY) {
        return 1; /* there was work, though no line */
    }
    if (n < 0) {
        cannot_be_read(multilog);
        *ended = true;
        return 0;
    }
    multilog->failing = false;
    given = source_give_lines(source, lines, (struct span){ source->set->block, (size_t)n }, &now->skipping);
    if (given == 0 && (now->skipping || n > READER_LINE_OCTETS)) {
        now->skipping = true;
        given = (size_t)n;
        source->octets += given;
    }
    if (given)
        consumed(now, (struct span){ source->set->block, given });
    else
        now->partial = (uint64_t)n;
    *ended = given == 0;
    return given;
}

/* The file is finished; multilog ends each line, but not in one that a crash cut off. */
static size_t move_on(struct multilog *multilog, const struct source_lines *lines)
{
    struct multilog_file *now = &multilog->now;
    ssize_t n = now->partial ? content_read(now->content, multilog->source.set->block, now->partial, now->offset) : 0;
    size_t rest = n > 0 ? (size_t)n : 0;

    source_give_rest(&multilog->source, lines, (struct span){ multilog->source.set->block, rest }, &now->skipping);
    multilog_finish(multilog);
    multilog->source.rotations++;
    multilog_find_next(multilog);
    return rest;
}

static size_t multilog_read(struct source *source, size_t octets, const struct source_lines *lines)
{
    struct multilog *multilog = multilog_of(source);
    size_t given = 0;

    while (!given && multilog->now.content) {
        bool ended;

        given = read_block(multilog, octets, lines, &ended);
        if (given || !ended || !multilog->now.final)
            break;
        given = move_on(multilog, lines);
    }
    measure(multilog);
    return given;
}

static bool multilog_concerns(const struct source *source, int watch, const char *name)
{
    (void)name;
    return watch == ((const struct multilog *)source)->watch;
}

static void multilog_close(struct source *source)
{
    struct multilog *multilog = multilog_of(source);

    multilog_close_file(&multilog->now);
    multilog_close_file(&multilog->last);
}

/* ---- the saved state ---- */

static void save_fingerprint(const struct fingerprint *fingerprint, struct store *store)
{
    store_number(store, fingerprint->octets);
    store_number(store, fingerprint->hash);
}

static struct fingerprint load_fingerprint(struct load *load)
{
    struct fingerprint fingerprint = { .octets = (uint32_t)load_number_to(load, FINGERPRINT_OCTETS) };

    fingerprint.hash = load_number(load);
    return fingerprint;
}

static void multilog_save(struct source *source, struct store *store)
{
    const struct multilog *multilog = multilog_of(source);
    const struct multilog_file *now = &multilog->now;

    store_text(store, multilog->anchor.text);
    store_number(store, multilog->owes);
    save_fingerprint(&multilog->last.fingerprint, store);
    store_number(store, now->content || multilog->searching);
    store_number(store, now->named);
    store_number(store, now->offset);
    store_number(store, now->skipping);
    save_fingerprint(&now->fingerprint, store);
}

static bool multilog_load(struct source *source, struct load *load)
{
    struct multilog *multilog = multilog_of(source);
    struct tai anchor = { 0 };
    struct multilog_file now = { 0 }, last = { 0 };
    bool owes, is_open;

    load_text(load, anchor.text, sizeof anchor.text);
    owes = load_number_to(load, 1);
    last.fingerprint = load_fingerprint(load);
    is_open = load_number_to(load, 1);
    now.named = load_number_to(load, 1);
    now.offset = load_number(load);
    now.skipping = load_number_to(load, 1);
    now.fingerprint = load_fingerprint(load);
    if (!load_ended(load) || (*anchor.text && (!multilog_is_tai(anchor.text) || strlen(anchor.text) != TAI_OCTETS)) ||
        (now.named && !*anchor.text))
        return false;
    multilog->anchor = anchor;
    multilog->owes = owes;
    multilog->last = last;
    multilog->searching = is_open;
    if (is_open)
        multilog->now = now;
    return true;
}

const struct source_ops multilog_ops = {
    .type = SOURCE_DIRECTORY,
    .look = multilog_look,
    .read = multilog_read,
    .concerns = multilog_concerns,
    .close = multilog_close,
    .save = multilog_save,
    .load = multilog_load,
};

bool source_set_add_directory(struct source_set *set, const char *path, const char *host)
{
    struct multilog *multilog;

    if (aside_wanted(set, path))
        return aside_add(set, SOURCE_DIRECTORY, path, host);
    multilog = calloc(1, sizeof *multilog);
    if (!multilog)
        return false;
    multilog->watch = WATCH_NONE;
    return source_adopt(set, &multilog->source, &multilog_ops, path, host);
}
