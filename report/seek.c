/* The lines that belong to messages with a text.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "seek.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../parser/filter.h"
#include "../parser/recogniser.h"
#include "../parser/repeat.h"
#include "../source/reader.h"
#include "needles.h"
#include "report.h"
#include "seek_inside.h"

#define NAME_OCTETS_MIN  5 /* a shorter one stands everywhere */
#define LOOK_BACK_OCTETS (1u << 20)
#define FOUND_OCTETS_MAX (64u << 20)
#define FOUND_MAX        200000u
#define SCRATCH_FLOWS    1024
#define PASSES_MAX       20

/* ---- names ---- */

static bool is_name(const struct seek *seek, struct span text)
{
    for (size_t i = 0; i < seek->names_n; i++)
        if (span_eq(seek->names[i], text))
            return true;
    return false;
}

static void add_name(struct seek *seek, struct span text)
{
    char *copy;

    if (text.n == 0 || is_name(seek, text))
        return;
    if (text.n < NAME_OCTETS_MIN || span_chr(text, ' ') || seek->names_n == NAMES_SOUGHT_MAX ||
        !(copy = malloc(text.n))) {
        seek->is_hopeless = true;
        return;
    }
    memcpy(copy, text.p, text.n);
    seek->names[seek->names_n++] = (struct span){ copy, text.n };
    seek->grew = true;
}

/* The text that is looked for and all names; chosen anew when names came. */
static bool make_needles(struct seek *seek, struct span sample)
{
    if (seek->needles && seek->needles_names == seek->names_n)
        return true;
    needles_free(seek->needles);
    seek->needles = needles_new();
    if (!seek->needles || !needles_add(seek->needles, seek->text, seek->nocase_from))
        return false;
    for (size_t i = 0; i < seek->names_n; i++)
        if (!needles_add(seek->needles, seek->names[i], SIZE_MAX))
            return false;
    needles_prepare(seek->needles, sample);
    seek->needles_names = seek->names_n;
    return true;
}

/* ---- what a line names ---- */

/* Programs whose lines are understood without those of others, and whose ids are good names. */
static bool is_understood_alone(const struct line *line)
{
    static const struct span names[] = { SPAN("postfix"),   SPAN("sendmail"),    SPAN("exim"),
                                         SPAN("opensmtpd"), SPAN("amavis"),      SPAN("rspamd"),
                                         SPAN("opendkim"),  SPAN("opendmarc"),   SPAN("policyd-spf"),
                                         SPAN("postgrey"),  SPAN("greylisting"), SPAN("spamassassin"),
                                         SPAN("silent") };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct recogniser *r = recogniser_named(names[i]);

        if (r && line->service >= r->services && line->service < r->services + r->services_n)
            return true;
    }
    return false;
}

/* A delivery on this machine, or to a filter: the id in its reply is one of this log. */
static bool names_a_hop(const struct event *e)
{
    if (e->kind == EVENT_HANDED_OVER || e->kind == EVENT_VERDICT)
        return true;
    return e->kind == EVENT_DELIVERY && e->relay.n &&
           (e->agent == AGENT_PIPE || filter_is_loopback(filter_address(e->relay)) || span_chr(e->relay, '/'));
}

/* A success that is a hand-over only if the relay is known to be a filter, which other messages may have told: unless
 * the id in the reply proves to be one of this log. */
static bool needs_proof(const struct event *e)
{
    if (e->kind != EVENT_DELIVERY || (e->counter != COUNTER_SENT && e->counter != COUNTER_DELIVERED) ||
        (e->agent != AGENT_SMTP && e->agent != AGENT_LMTP))
        return false;
    if (!names_a_hop(e))
        return span_mentions(e->text, "iscarded"); /* by a filter elsewhere */
    return !span_mentions(e->text, "Ok, discarded") && !(e->agent == AGENT_LMTP && span_mentions(e->text, " Saved"));
}

static void watch(void *context, const struct event *e)
{
    struct seek *seek = context;
    const struct span none = { NULL, 0 };
    const struct span ids[] = { e->queue_id, e->original_id, e->message_id, names_a_hop(e) ? e->named_id : none,
                                e->kind == EVENT_VERDICT ? e->verdict_id : none }; /* the worst of its lines counts */

    seek->events_n++;
    if (e->kind == EVENT_OPENED || e->kind == EVENT_QUEUED)
        seek->line_opened = e->queue_id;
    if (needs_proof(e)) {
        seek->line_needs = e->named_id;
        seek->line_needs_proof = true;
    }
    if (e->kind == EVENT_MESSAGE_ID && e->message_id.n == 0)
        seek->is_nameless = true; /* it is known again by its sender */
    for (size_t i = 0; i < sizeof ids / sizeof ids[0] && seek->line_names_n < LINE_NAMES_MAX; i++)
        if (ids[i].n)
            seek->line_names[seek->line_names_n++] = ids[i];
}

static void after(void *context, const struct line *line)
{
    struct seek *seek = context;

    if (line->id.n && seek->line_names_n < LINE_NAMES_MAX)
        seek->line_id = line->id;
    seek->line_is_clear =
        repeat_count(&line->header) == 0 && (line->service ? is_understood_alone(line) : line->header.service.n > 0);
}

static bool belongs(const struct seek *seek)
{
    if (is_name(seek, seek->line_id))
        return true;
    for (size_t i = 0; i < seek->line_names_n; i++)
        if (is_name(seek, seek->line_names[i]))
            return true;
    return false;
}

static size_t number_of(const struct seek *seek, struct span name)
{
    size_t i = 0;

    while (i < seek->names_n && !span_eq(seek->names[i], name))
        i++;
    return i;
}

static void note_proof(struct seek *seek)
{
    size_t opened = number_of(seek, seek->line_opened), needed = number_of(seek, seek->line_needs);

    if (seek->line_opened.n && opened < seek->names_n)
        seek->is_opened[opened] = true;
    if (!seek->line_needs_proof)
        return;
    if (seek->line_needs.n && needed < seek->names_n)
        seek->is_needed[needed] = true;
    else
        seek->is_hopeless = true;
}

static bool is_proved(const struct seek *seek)
{
    for (size_t i = 0; i < seek->names_n; i++)
        if (seek->is_needed[i] && !seek->is_opened[i])
            return false;
    return true;
}

/* What the line names, if it has the text or is of a message that is looked for. */
static void extend(struct seek *seek, struct file *file, struct span text)
{
    seek->line_names_n = seek->events_n = 0;
    seek->line_id = (struct span){ NULL, 0 };
    seek->line_opened = seek->line_needs = seek->line_id;
    seek->line_is_clear = true;
    seek->is_nameless = seek->line_needs_proof = false;
    parser_line(seek->scratch, &file->scratch, text);
    if (!belongs(seek) && !seek_has_text(seek, text))
        return;
    if (!seek->line_is_clear || seek->is_nameless)
        seek->is_hopeless = true;
    for (size_t i = 0; i < seek->line_names_n; i++)
        add_name(seek, seek->line_names[i]);
    note_proof(seek);
    /* What a line begins with may be any word: it is a name where an event says so, too, or other lines of it may. */
    if (seek->line_id.n >= NAME_OCTETS_MIN && seek->events_n == 0)
        add_name(seek, seek->line_id);
}

/* ---- blocks ---- */

static void keep_line(struct seek *seek, struct file *file, struct span text, uint64_t offset)
{
    struct found_line *line;

    if (!found_set_add(&seek->set, file->number, offset))
        return;
    if (seek->found_n == seek->found_room) {
        size_t room = seek->found_room ? 2 * seek->found_room : 1024;
        struct found_line *found = realloc(seek->found, room * sizeof *found);

        if (!found) {
            seek->is_hopeless = true;
            return;
        }
        seek->found = found;
        seek->found_room = room;
    }
    line = &seek->found[seek->found_n];
    *line = (struct found_line){ .file = file->number, .offset = offset, .text = malloc(text.n + 1), .n = text.n };
    if (!line->text || seek->found_n >= FOUND_MAX || (seek->octets += text.n) > FOUND_OCTETS_MAX) {
        free(line->text);
        seek->is_hopeless = true;
        return;
    }
    memcpy(line->text, text.p, text.n);
    seek->found_n++;
    extend(seek, file, text);
}

/* Lines of the block with any name, again and again until none of them brings a new one. `offset` is the block's. */
static void take_block(struct seek *seek, struct file *file, struct span block, uint64_t offset)
{
    const char *end = block.p + block.n;

    do {
        if (!make_needles(seek, block)) {
            seek->is_hopeless = true;
            return;
        }
        seek->grew = false;
        for (const char *p = block.p, *hit; p < end && (hit = needles_next(seek->needles, p, end)); p++) {
            const char *before = memrchr(p, '\n', (size_t)(hit - p)), *line = before ? before + 1 : p;
            const char *newline = memchr(hit, '\n', (size_t)(end - hit));

            p = newline ? newline : end;
            if (p - line <= READER_LINE_OCTETS)
                keep_line(seek, file, span_from(line, p), offset + (uint64_t)(line - block.p));
            if (seek->is_hopeless)
                return;
        }
        if (seek->grew) {
            seek->grown_file = file->number;
            seek->grown_offset = offset;
            seek->has_grown = true;
        }
    } while (seek->grew);
}

/* The beginning of a message mostly stands shortly before the line that was found. What is read again must be what
 * stood there: of a compressed file the offsets are others. */
static void look_back(struct seek *seek, struct file *file, struct span block, uint64_t offset)
{
    size_t wanted = offset < LOOK_BACK_OCTETS ? (size_t)offset : LOOK_BACK_OCTETS;
    char *text = malloc(wanted + block.n);
    const char *begin;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (text && fd >= 0 && pread(fd, text, wanted + block.n, (off_t)(offset - wanted)) == (ssize_t)(wanted + block.n) &&
        memcmp(text + wanted, block.p, block.n) == 0) {
        begin = wanted < offset ? memchr(text, '\n', wanted) : text - 1;
        if (begin)
            take_block(seek, file, span_from(begin + 1, text + wanted + block.n),
                       offset - wanted + (uint64_t)(begin + 1 - text));
    }
    if (fd >= 0)
        close(fd);
    free(text);
}

/* ---- passes ---- */

static void take(struct seek *seek, struct file *file, struct span block, uint64_t offset)
{
    size_t names = seek->names_n;

    take_block(seek, file, block, offset);
    if (seek->names_n > names && !seek->is_hopeless && offset)
        look_back(seek, file, block, offset);
}

/* Up to where names came up in the pass before, since what stands behind was searched for them. */
static bool is_past(const struct seek *seek, const struct file *file, uint64_t offset)
{
    return seek->stop_set &&
           (file->number > seek->stop_file || (file->number == seek->stop_file && offset > seek->stop_offset));
}

static void read_file(struct seek *seek, struct file *file)
{
    struct reader *reader = reader_open(file->path, file->error, sizeof file->error);
    struct span line, lines;
    uint64_t offset = 0, taken = 0;
    enum reader_result result = READER_END;

    if (!reader)
        return;
    file->reference = reader_reference_time(reader);
    file->scratch.clock = (struct header_clock){ 0 };
    header_clock_set(&file->scratch.clock, file->reference);
    while (!seek->is_hopeless && !is_past(seek, file, offset) &&
           (result = reader_next(reader, &line)) <= READER_OVERLONG) {
        if (result == READER_LINE)
            take(seek, file, line, offset);
        offset += line.n + 1;
        lines = reader_lines(reader, taken);
        taken = 0;
        if (lines.n && !seek->is_hopeless)
            take(seek, file, lines, offset);
        offset += lines.n;
    }
    if (result == READER_ERROR)
        snprintf(file->error, sizeof file->error, "%s", reader_error(reader));
    reader_close(reader);
}

static bool can_be_read_again(const struct file *file)
{
    struct stat status;

    return strcmp(file->path, "-") != 0 && (stat(file->path, &status) != 0 || !S_ISFIFO(status.st_mode)) &&
           strncmp(file->path, "/dev/", 5) != 0 && strncmp(file->path, "/proc/", 6) != 0;
}

enum seek_result seek_run(struct seek *seek)
{
    if (seek->text.n < NEEDLE_OCTETS_MIN || span_chr(seek->text, '\n'))
        return SEEK_WHOLE;
    for (size_t i = 0; i < seek->files_n; i++)
        if (!can_be_read_again(&seek->files[i]))
            return SEEK_WHOLE;
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        seek->has_grown = false;
        for (size_t i = 0; i < seek->files_n && !seek->is_hopeless; i++)
            if (!is_past(seek, &seek->files[i], 0))
                read_file(seek, &seek->files[i]);
        if (seek->is_hopeless)
            return SEEK_WHOLE;
        if (!seek->has_grown)
            return is_proved(seek) ? SEEK_DONE : SEEK_WHOLE;
        seek->stop_set = true;
        seek->stop_file = seek->grown_file;
        seek->stop_offset = seek->grown_offset;
    }
    return SEEK_WHOLE;
}

/* ---- making ---- */

struct seek *seek_new(const struct config *config, struct span text, size_t nocase_from)
{
    struct seek *seek = calloc(1, sizeof *seek);
    struct parser_options options = { .flows_cap = SCRATCH_FLOWS, .seed = 1 };

    if (!seek)
        return NULL;
    config_parser_options(config, &options);
    options.flows_cap = SCRATCH_FLOWS;
    seek->text = text;
    seek->nocase_from = nocase_from;
    seek->tallies = tallies_new(1);
    seek->scratch = seek->tallies ? parser_new(&options, seek->tallies, NULL) : NULL;
    if (!seek->scratch) {
        seek_free(seek);
        return NULL;
    }
    parser_set_watch(seek->scratch, watch, seek);
    parser_set_after(seek->scratch, after, seek);
    return seek;
}

void seek_free(struct seek *seek)
{
    if (!seek)
        return;
    for (size_t i = 0; i < seek->found_n; i++)
        free(seek->found[i].text);
    for (size_t i = 0; i < seek->names_n; i++)
        free((char *)(uintptr_t)seek->names[i].p);
    for (size_t i = 0; i < seek->files_n; i++) {
        free(seek->files[i].path);
        free(seek->files[i].host);
    }
    free(seek->found);
    free(seek->set.slots);
    free(seek->files);
    needles_free(seek->needles);
    parser_free(seek->scratch);
    tallies_free(seek->tallies);
    free(seek);
}

bool seek_add(struct seek *seek, const char *path, const char *host)
{
    struct file *files = realloc(seek->files, (seek->files_n + 1) * sizeof *files);
    struct file *file;

    if (!files)
        return false;
    seek->files = files;
    file = &files[seek->files_n];
    *file = (struct file){ .path = strdup(path), .host = strdup(host), .number = (uint32_t)seek->files_n };
    if (!file->path || !file->host) {
        free(file->path);
        free(file->host);
        return false;
    }
    file->scratch.name = file->path;
    parser_source_host(&file->scratch, span_of(file->host));
    seek->files_n++;
    return true;
}
