/* The merge: files sorted by their first time, a heap of those that are open.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "merge.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "reader.h"

#define PROBED_LINES 200         /* among which the first time is looked for */
#define PROBED_TIMES 20          /* the earliest of so many is it: the first line's clock may have been wrong */
#define FUTURE_S     (24 * 3600) /* later than this after the file was written, a stamp is wrong */
#define ERROR_OCTETS 512

struct member {
    struct parser_source source;
    char *path, *host;
    struct reader *reader; /* NULL: not opened yet */
    int64_t first_time;
    int64_t latest_time; /* a later stamp is wrong */
    /* The line that is due, and its place in time. */
    enum reader_result result;
    struct span line;
    struct header header;
    bool header_found;
    int64_t time;
    size_t order;    /* among equals */
    int64_t written; /* the file, in ns since 1970; what is no file: INT64_MAX */
    bool is_late;    /* counted in over_cap */
    uint64_t octets; /* of the file; 0: no telling */
    bool was_opened; /* and, if there is no reader any more, is over */
    bool was_searched, is_limited;
    struct window_part part; /* what is read of it, if it is limited */
};

struct merge {
    struct member **members;
    size_t members_n, room;
    struct member *heap[MERGE_OPEN_MAX]; /* the one that is due stands first */
    size_t heap_n;
    uint64_t over_cap;
    struct window window;
    bool unpacks_ahead, is_probing;
    const struct merge_sink *sink;
};

struct merge *merge_new(void)
{
    return calloc(1, sizeof(struct merge));
}

static void member_free(struct member *member)
{
    reader_close(member->reader);
    free(member->path);
    free(member->host);
    free(member);
}

void merge_free(struct merge *merge)
{
    if (!merge)
        return;
    for (size_t i = 0; i < merge->members_n; i++)
        member_free(merge->members[i]);
    free(merge->members);
    free(merge);
}

static bool make_room(struct merge *merge)
{
    size_t room = merge->room ? merge->room * 2 : 8;
    struct member **members;

    if (merge->members_n < merge->room)
        return true;
    members = realloc(merge->members, room * sizeof(struct member *));
    if (!members)
        return false;
    merge->members = members;
    merge->room = room;
    return true;
}

static void look_at_file(struct member *member)
{
    struct stat status;
    bool is_file = stat(member->path, &status) == 0 && S_ISREG(status.st_mode);

    member->octets = is_file && status.st_size > 0 ? (uint64_t)status.st_size : 0;
    member->written = is_file ? (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec : INT64_MAX;
}

bool merge_add(struct merge *merge, const char *path, const char *default_host)
{
    struct member *member = calloc(1, sizeof *member);

    if (!member)
        return false;
    member->path = strdup(path);
    member->host = strdup(default_host);
    if (!member->path || !member->host || !make_room(merge)) {
        member_free(member);
        return false;
    }
    member->source.name = member->path;
    parser_source_host(&member->source, span_of(member->host));
    member->first_time = member->time = TIME_UNKNOWN;
    look_at_file(member);
    member->order = merge->members_n;
    merge->members[merge->members_n++] = member;
    return true;
}

void merge_set_window(struct merge *merge, const struct window *window)
{
    merge->window = *window;
}

void merge_unpack_ahead(struct merge *merge)
{
    merge->unpacks_ahead = true;
}

/* Looked for once, even if it is opened twice. */
static void limit(struct merge *merge, struct member *member)
{
    struct reader *reader = member->reader;

    if (!member->was_searched)
        member->is_limited =
            window_find(&merge->window, reader_descriptor(reader), reader_reference_time(reader), &member->part);
    member->was_searched = true;
    if (member->is_limited && reader_limit(reader, member->part.begin, member->part.end))
        member->source.lines = member->part.lines;
}

static bool open_member(struct merge *merge, struct member *member)
{
    char error[ERROR_OCTETS];

    if (!member->reader) {
        member->reader = reader_open(member->path, error, sizeof error);
        if (member->reader)
            limit(merge, member);
        if (member->reader && merge->unpacks_ahead && !merge->is_probing)
            reader_unpack_ahead(member->reader);
    }
    if (!member->reader) {
        merge->sink->trouble(merge->sink->context, error);
        return false;
    }
    member->was_opened = !merge->is_probing;
    member->latest_time = reader_reference_time(member->reader) + FUTURE_S;
    /* The file's own time is wrong: a copy or an archive may have any. */
    if (member->first_time > member->latest_time)
        member->latest_time = INT64_MAX;
    member->source.clock = (struct header_clock){ 0 };
    header_clock_set(&member->source.clock, reader_reference_time(member->reader));
    return true;
}

static void close_member(struct merge *merge, struct member *member)
{
    if (member->result == READER_ERROR)
        merge->sink->trouble(merge->sink->context, reader_error(member->reader));
    reader_close(member->reader);
    member->reader = NULL;
}

/* A stamp that is later than the file would hold up all lines behind it: it goes with the line before. */
static bool has_own_time(const struct member *member)
{
    return member->header_found && member->header.time != TIME_UNKNOWN && member->header.time <= member->latest_time;
}

/* The member's next line and its time. False at its end. */
static bool advance(struct member *member)
{
    member->result = reader_next(member->reader, &member->line);
    if (member->result == READER_LINE) {
        member->header_found = header_parse(&member->header, &member->source.clock, member->line);
        if (has_own_time(member))
            member->time = member->header.time;
    }
    return member->result == READER_LINE || member->result == READER_OVERLONG;
}

static void give(const struct merge_sink *sink, struct member *member, const struct header *header)
{
    if (member->result == READER_OVERLONG)
        sink->overlong(sink->context, &member->source);
    else
        sink->line(sink->context, &member->source, member->line, header, member->header_found);
}

/* Only a file can be read twice. A pipe is open from the beginning, and shows its first time as it comes. */
static bool can_be_probed(const struct member *member)
{
    struct stat status;

    return strcmp(member->path, "-") != 0 && stat(member->path, &status) == 0 && S_ISREG(status.st_mode);
}

static void find_first_time(struct member *member)
{
    int times = 0;

    member->latest_time = INT64_MAX;
    for (int i = 0; i < PROBED_LINES && times < PROBED_TIMES && advance(member); i++) {
        if (member->result != READER_LINE || !has_own_time(member))
            continue;
        if (times++ == 0 || member->time < member->first_time)
            member->first_time = member->time;
    }
}

static bool probe(struct merge *merge, struct member *member)
{
    bool can_be = can_be_probed(member);

    merge->is_probing = can_be;
    if (!open_member(merge, member))
        return false;
    if (!can_be)
        return true;
    find_first_time(member);
    /* An error is told when the file is read. */
    reader_close(member->reader);
    member->reader = NULL;
    member->time = TIME_UNKNOWN;
    return true;
}

double merge_part(const struct merge *merge)
{
    double all = 0, read = 0;

    for (size_t i = 0; i < merge->members_n; i++) {
        const struct member *member = merge->members[i];

        if (member->octets == 0)
            return -1;
        all += (double)member->octets;
        read += !member->was_opened ? 0
                : member->reader    ? (double)reader_position(member->reader)
                                    : (double)member->octets;
    }
    return all > 0 ? read / all : -1;
}

static int by_first_time(const void *a, const void *b)
{
    const struct member *one = *(struct member *const *)a, *other = *(struct member *const *)b;

    if (one->first_time != other->first_time)
        return one->first_time < other->first_time ? -1 : 1;
    if (one->written != other->written)
        return one->written < other->written ? -1 : 1;
    return one->order < other->order ? -1 : one->order > other->order;
}

/* Those that cannot be opened are told and left out. */
static void probe_all(struct merge *merge)
{
    size_t kept = 0;

    for (size_t i = 0; i < merge->members_n; i++) {
        if (probe(merge, merge->members[i]))
            merge->members[kept++] = merge->members[i];
        else
            member_free(merge->members[i]);
    }
    merge->is_probing = false;
    merge->members_n = kept;
    if (kept)
        qsort(merge->members, kept, sizeof(struct member *), by_first_time);
    for (size_t i = 0; i < kept; i++)
        merge->members[i]->order = i;
}

static bool is_before(const struct member *a, const struct member *b)
{
    return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void sift_down(struct merge *merge)
{
    struct member **heap = merge->heap, *moved = heap[0];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < merge->heap_n) {
        if (child + 1 < merge->heap_n && is_before(heap[child + 1], heap[child]))
            child++;
        if (!is_before(heap[child], moved))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = moved;
}

static void push(struct merge *merge, struct member *member)
{
    struct member **heap = merge->heap;
    size_t i = merge->heap_n++;

    for (; i > 0 && is_before(member, heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = member;
}

static void begin(struct merge *merge, struct member *member)
{
    if (!open_member(merge, member))
        return;
    if (advance(member))
        push(merge, member);
    else
        close_member(merge, member);
}

/* The file that is due has its line given and moves on. */
static void step(struct merge *merge)
{
    struct member *member = merge->heap[0];

    give(merge->sink, member, &member->header);
    if (!advance(member)) {
        close_member(merge, member);
        merge->heap[0] = merge->heap[--merge->heap_n];
    }
    if (merge->heap_n > 1)
        sift_down(merge);
}

static uint64_t give_block(const struct merge_sink *sink, struct member *member, struct span lines)
{
    uint64_t n = 0, before = member->source.lines;

    if (sink->lines) {
        sink->lines(sink->context, &member->source, lines);
        return member->source.lines - before;
    }
    for (; span_take_until(&lines, '\n', &member->line); n++) {
        member->result = member->line.n > READER_LINE_OCTETS ? READER_OVERLONG : READER_LINE;
        give(sink, member, NULL);
    }
    return n;
}

/* Nothing to compare with any more: the headers are left to whoever takes the lines. */
static void run_last(struct merge *merge, struct member *member)
{
    const struct merge_sink *sink = merge->sink;
    uint64_t taken = 0;

    while ((member->result = reader_next(member->reader, &member->line)) <= READER_OVERLONG) {
        struct span lines;

        give(sink, member, NULL);
        for (lines = reader_lines(member->reader, 0); lines.n; lines = reader_lines(member->reader, taken))
            taken = give_block(sink, member, lines);
    }
    close_member(merge, member);
}

static void run_single(struct merge *merge)
{
    struct member *member = merge->members[0];

    if (open_member(merge, member))
        run_last(merge, member);
}

static void run_many(struct merge *merge)
{
    size_t next = 0;

    probe_all(merge);
    while (next < merge->members_n || merge->heap_n) {
        struct member *waiting = next < merge->members_n ? merge->members[next] : NULL;

        if (waiting && (merge->heap_n == 0 || waiting->reader || waiting->first_time < merge->heap[0]->time)) {
            if (merge->heap_n < MERGE_OPEN_MAX) {
                begin(merge, waiting);
                next++;
                continue;
            }
            merge->over_cap += !waiting->is_late;
            waiting->is_late = true;
        }
        step(merge);
        if (!waiting && merge->heap_n == 1) {
            give(merge->sink, merge->heap[0], &merge->heap[0]->header);
            run_last(merge, merge->heap[0]);
            merge->heap_n = 0;
        }
    }
}

void merge_run(struct merge *merge, const struct merge_sink *sink)
{
    merge->sink = sink;
    if (merge->members_n == 1)
        run_single(merge);
    else
        run_many(merge);
}

void merge_each_file(const struct merge *merge, void (*each)(void *context, const char *path, const char *host),
                     void *context)
{
    for (size_t i = 0; i < merge->members_n; i++)
        each(context, merge->members[i]->path, merge->members[i]->host);
}

uint64_t merge_over_cap(const struct merge *merge)
{
    return merge->over_cap;
}
