/* The lines that were found, in the order in which source/merge.h would give them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "../source/reader.h"
#include "report.h"
#include "seek_inside.h"

#define PROBED_LINES 200 /* as merge.c does it */
#define PROBED_TIMES 20
#define FUTURE_S     (24 * 3600)

bool seek_has_text(const struct seek *seek, struct span line)
{
    for (size_t i = 0; i + seek->text.n <= line.n; i++) {
        size_t k = 0;

        while (k < seek->text.n && (line.p[i + k] == seek->text.p[k] ||
                                    (k >= seek->nocase_from && to_lower(line.p[i + k]) == to_lower(seek->text.p[k]))))
            k++;
        if (k == seek->text.n)
            return true;
    }
    return false;
}

static uint64_t key_of(uint32_t file, uint64_t offset)
{
    return ((uint64_t)file << 44 ^ offset) + 1;
}

static size_t slot_of(const struct found_set *set, uint64_t key)
{
    size_t slot = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (set->room - 1);

    while (set->slots[slot] && set->slots[slot] != key)
        slot = (slot + 1) & (set->room - 1);
    return slot;
}

static bool grow(struct found_set *set)
{
    struct found_set larger = { .room = set->room ? 2 * set->room : 4096 };

    larger.slots = calloc(larger.room, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < set->room; i++)
        if (set->slots[i])
            larger.slots[slot_of(&larger, set->slots[i])] = set->slots[i];
    larger.n = set->n;
    free(set->slots);
    *set = larger;
    return true;
}

bool found_set_add(struct found_set *set, uint32_t file, uint64_t offset)
{
    size_t slot;

    if (set->n >= set->room / 2 && !grow(set))
        return true;
    slot = slot_of(set, key_of(file, offset));
    if (set->slots[slot])
        return false;
    set->slots[slot] = key_of(file, offset);
    set->n++;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct found_line *one = a, *other = b;

    if (one->file != other->file)
        return one->file < other->file ? -1 : 1;
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

static void begin_source(struct file *file)
{
    file->source = (struct parser_source){ .name = file->path };
    parser_source_host(&file->source, span_of(file->host));
    header_clock_set(&file->source.clock, file->reference);
}

/* The earliest of its first times. */
static void find_first_time(struct file *file)
{
    char error[512];
    struct reader *reader = reader_open(file->path, error, sizeof error);
    struct span line;
    struct header header;
    int times = 0;

    file->first_time = TIME_UNKNOWN;
    begin_source(file);
    for (int i = 0; reader && i < PROBED_LINES && times < PROBED_TIMES; i++) {
        enum reader_result result = reader_next(reader, &line);

        if (result > READER_OVERLONG)
            break;
        if (result == READER_LINE && header_parse(&header, &file->source.clock, line) && header.time != TIME_UNKNOWN)
            if (times++ == 0 || header.time < file->first_time)
                file->first_time = header.time;
    }
    reader_close(reader);
    begin_source(file);
}

static int by_first_time(const void *a, const void *b)
{
    const struct file *one = *(struct file *const *)a, *other = *(struct file *const *)b;

    if (one->first_time != other->first_time)
        return one->first_time < other->first_time ? -1 : 1;
    return one->number < other->number ? -1 : one->number > other->number;
}

/* The file's next line and its time. */
static void advance(struct seek *seek, struct file *file)
{
    const struct found_line *line = &seek->found[file->next];
    int64_t latest = file->first_time > file->reference + FUTURE_S ? INT64_MAX : file->reference + FUTURE_S;

    if (file->next == file->end)
        return;
    file->header_found = header_parse(&file->header, &file->source.clock, (struct span){ line->text, line->n });
    if (file->header_found && file->header.time != TIME_UNKNOWN && file->header.time <= latest)
        file->time = file->header.time;
}

static struct file *first_in_time(struct file *const *order, size_t n)
{
    struct file *first = NULL;

    for (size_t i = 0; i < n; i++)
        if (order[i]->next < order[i]->end && (!first || order[i]->time < first->time))
            first = order[i];
    return first;
}

static void merge(struct seek *seek, struct file *const *order, struct parser *parser)
{
    struct file *file;

    for (size_t i = 0; i < seek->files_n; i++)
        advance(seek, order[i]);
    while ((file = first_in_time(order, seek->files_n))) {
        const struct found_line *line = &seek->found[file->next++];

        parser_line_parsed(parser, &file->source, (struct span){ line->text, line->n }, &file->header,
                           file->header_found);
        advance(seek, file);
    }
}

int seek_feed(struct seek *seek, struct parser *parser)
{
    struct file **order = calloc(seek->files_n + 1, sizeof(struct file *));
    int status = STATUS_DONE;

    if (!order) {
        complain("no memory");
        return STATUS_ERROR;
    }
    if (seek->found_n)
        qsort(seek->found, seek->found_n, sizeof *seek->found, by_place);
    for (size_t i = 0, next = 0; i < seek->files_n; i++) {
        struct file *file = order[i] = &seek->files[i];

        file->next = next;
        while (next < seek->found_n && seek->found[next].file == i)
            next++;
        file->end = next;
        file->time = TIME_UNKNOWN;
        if (file->end > file->next)
            find_first_time(file);
        if (!file->error[0])
            continue;
        complain("%s", file->error);
        status = STATUS_ERROR;
    }
    qsort(order, seek->files_n, sizeof(struct file *), by_first_time);
    merge(seek, order, parser);
    parser_settle(parser, INT64_MAX);
    free(order);
    return status;
}
