/* Positions of a set of sources as octets, and those that wait until their source is added.
 *
 *   1, number of sources, then for each:
 *   type, name, when it was last in the set (seconds since 1970), octets:
 *       lines, octets, rotations, errors, last_read, then what its kind writes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <time.h>

#include "../parser/header.h"
#include "follow.h"

#define FORM              1
#define SAVED_CAP         (2 * SOURCES_CAP)
#define SAVED_NAME_OCTETS 4096
#define SAVED_PART_OCTETS (1024 * 1024) /* one source's; some hundred octets are usual */
#define SAVED_AGE_S       (90 * 86400)

struct saved_source {
    uint64_t type;
    int64_t seen;
    char *name;                      /* NULL: taken */
    struct span part;                /* allocated */
    uint32_t known[GENERATIONS_MAX]; /* what the identities know of a file's positions */
    size_t known_n;
};

static void forget(struct source_set *set, struct saved_source *saved)
{
    for (size_t i = 0; i < saved->known_n; i++)
        identities_remove(set->identities, saved->known[i]);
    free(saved->name);
    free((char *)(uintptr_t)saved->part.p);
    *saved = (struct saved_source){ 0 };
}

/* What saved.c wrote in front of what the kind of source did. */
void saved_common(struct source *source, struct load *load)
{
    source->lines = load_number(load);
    source->octets = load_number(load);
    source->rotations = load_number(load);
    source->errors = load_number(load);
    source->last_read = load_signed(load);
}

void saved_forget(struct source_set *set)
{
    for (size_t i = 0; i < set->waiting_n; i++)
        forget(set, &set->waiting[i]);
    free(set->waiting);
    set->waiting = NULL;
    set->waiting_n = set->waiting_turn = 0;
}

void saved_write(struct source *source, struct store *part)
{
    store_number(part, source->lines);
    store_number(part, source->octets);
    store_number(part, source->rotations);
    store_number(part, source->errors);
    store_signed(part, source->last_read);
    if (source->ops->save)
        source->ops->save(source, part);
}

static void save_one(struct source *source, struct store *store, struct store *part, int64_t now)
{
    part->n = 0;
    saved_write(source, part);
    source->moved = false;
    store_number(store, source->ops->type);
    store_text(store, source->name);
    store_signed(store, now);
    store_octets(store, (struct span){ (const char *)part->octets, part->n });
    if (part->failed)
        store->failed = true;
}

static void save_again(const struct saved_source *saved, struct store *store)
{
    store_number(store, saved->type);
    store_text(store, saved->name);
    store_signed(store, saved->seen);
    store_octets(store, saved->part);
}

void source_set_save(struct source_set *set, struct store *store)
{
    struct store part = { 0 };
    size_t waiting = 0, room = SAVED_CAP - set->sources_n;
    int64_t now = (int64_t)time(NULL);

    for (size_t i = 0; i < set->waiting_n; i++)
        waiting += set->waiting[i].name != NULL;
    if (waiting > room)
        waiting = room;
    store_number(store, FORM);
    store_number(store, set->sources_n + waiting);
    for (size_t i = 0; i < set->sources_n; i++)
        save_one(set->sources[i], store, &part, now);
    for (size_t i = 0; waiting; i++) {
        if (!set->waiting[i].name)
            continue;
        save_again(&set->waiting[i], store);
        waiting--;
    }
    store_free(&part);
}

static bool load_one(struct saved_source *saved, struct load *load)
{
    struct span name, part;

    saved->type = load_number(load);
    name = load_octets(load, SAVED_NAME_OCTETS);
    saved->seen = load_signed(load);
    part = load_octets(load, SAVED_PART_OCTETS);
    if (load->failed)
        return false;
    saved->name = strndup(name.p, name.n);
    saved->part = (struct span){ malloc(part.n + 1), part.n };
    if (!saved->name || !saved->part.p)
        return false;
    memcpy((char *)(uintptr_t)saved->part.p, part.p, part.n);
    return true;
}

/* Other names may lead to the files of a source that is not added. */
static void tell(struct source_set *set, struct saved_source *saved)
{
    struct load load = load_of(saved->part);
    struct source unused;

    saved_common(&unused, &load);
    saved->known_n = positions_tell(set->identities, &load, saved, saved->known);
}

bool source_set_load(struct source_set *set, struct load *load)
{
    int64_t now = (int64_t)time(NULL);
    uint64_t n;

    saved_forget(set);
    if (load_number(load) != FORM)
        load_fails(load);
    n = load_number_to(load, SAVED_CAP);
    if (load->failed)
        return false;
    set->waiting = calloc(n + 1, sizeof *set->waiting);
    for (uint64_t i = 0; set->waiting && i < n; i++) {
        struct saved_source *saved = &set->waiting[set->waiting_n++];

        if (!load_one(saved, load)) {
            load_fails(load);
            break;
        }
        if (now - saved->seen > SAVED_AGE_S)
            forget(set, saved);
        else if (saved->type == SOURCE_FILE)
            tell(set, saved);
    }
    if (set->waiting && !load->failed)
        return true;
    saved_forget(set);
    return false;
}

static struct saved_source *find(struct source_set *set, const struct source *source)
{
    for (size_t i = 0; i < set->waiting_n; i++) {
        size_t at = (set->waiting_turn + i) % set->waiting_n;
        struct saved_source *saved = &set->waiting[at];

        if (!saved->name || saved->type != (uint64_t)source->ops->type || strcmp(saved->name, source->name) != 0)
            continue;
        set->waiting_turn = at + 1;
        return saved;
    }
    return NULL;
}

void saved_read(struct source *source, struct span part)
{
    struct load load = load_of(part);

    saved_common(source, &load);
    if (load.failed) {
        source->lines = source->octets = source->rotations = source->errors = 0;
        source->last_read = TIME_UNKNOWN;
    }
    /* A kind that had no position yet wrote nothing more. */
    if (load.failed || (load.n && source->ops->load && !source->ops->load(source, &load)))
        source_remark(source, "its saved position cannot be used", "it is read from its beginning");
}

void saved_apply(struct source_set *set, struct source *source)
{
    struct saved_source *saved = find(set, source);

    if (!saved)
        return;
    saved_read(source, saved->part);
    forget(set, saved);
}

bool saved_inherit(struct source *source, void *saved)
{
    struct saved_source *from = saved;
    struct source unused;
    struct load load;
    bool loaded;

    if (!from || source->set->is_part)
        return false;
    load = load_of(from->part);
    saved_common(&unused, &load);
    loaded = source->ops->load(source, &load);
    forget(source->set, from);
    return loaded;
}

void source_set_saved(struct source_set *set)
{
    for (size_t i = 0; i < set->sources_n; i++)
        if (set->sources[i]->ops->saved)
            set->sources[i]->ops->saved(set->sources[i]);
}

bool source_set_moved(const struct source_set *set)
{
    for (size_t i = 0; i < set->sources_n; i++)
        if (set->sources[i]->moved)
            return true;
    return false;
}

bool source_set_wants_saving(const struct source_set *set)
{
    for (size_t i = 0; i < set->sources_n; i++) {
        const struct source *source = set->sources[i];

        if (source->ops->wants_saving && source->ops->wants_saving(source))
            return true;
    }
    return false;
}
