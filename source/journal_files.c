/* The journal files in a directory, sorted by who wrote them and when.
 *
 * Names are those of systemd (src/libsystemd/sd-journal/journal-file.c): SERIES.journal is written to,
 * SERIES@SEQUENCEID-HEADNUMBER-HEADTIME.journal was rotated, SERIES@TIME-RANDOM.journal~ was found damaged at TIME and
 * put aside. All numbers are hexadecimal.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef MAILTALLY_JOURNAL
#include "journal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FILES_CAP  16384
#define ID_DIGITS  32
#define HEX_DIGITS 16

/* Consumes exactly so many hexadecimal digits; the number is that of the last 16. */
static bool take_hex(struct span *s, size_t digits, uint64_t *number)
{
    uint64_t value = 0;

    if (s->n < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char c = to_lower(s->p[i]);

        if (!is_digit(c) && (c < 'a' || c > 'f'))
            return false;
        value = value << 4 | (uint64_t)(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    *number = value;
    *s = span_skip(*s, digits);
    return true;
}

/* What stands behind the last @ of an older file's name, without its ending. */
static bool read_age(struct journal_file *file, struct span age, bool damaged)
{
    struct span id = age;
    uint64_t ignored;

    if (damaged)
        return take_hex(&age, HEX_DIGITS, &file->order) && span_take_char(&age, '-') &&
               take_hex(&age, HEX_DIGITS, &ignored) && age.n == 0;
    if (!take_hex(&age, ID_DIGITS, &ignored) || !span_take_char(&age, '-') ||
        !take_hex(&age, HEX_DIGITS, &file->head) || !span_take_char(&age, '-') ||
        !take_hex(&age, HEX_DIGITS, &file->order) || age.n)
        return false;
    memcpy(file->sequence_id, id.p, ID_DIGITS);
    return true;
}

/* The series of a file name, and its place in it; false: this is no journal file. */
static bool read_name(struct journal_file *file, struct span name, struct span *series)
{
    bool damaged = span_ends(name, SPAN(".journal~"));
    const char *at;

    if (!damaged && !span_ends(name, SPAN(".journal")))
        return false;
    name.n -= damaged ? sizeof ".journal~" - 1 : sizeof ".journal" - 1;
    at = memrchr(name.p, '@', name.n);
    file->order = UINT64_MAX;
    *series = name;
    if (at && read_age(file, span_from(at + 1, name.p + name.n), damaged))
        *series = span_from(name.p, at);
    return series->n > 0;
}

static int add_file(struct journal_listing *listing, const char *directory, const char *below, const char *name)
{
    struct journal_file file = { 0 }, *files = listing->files;
    struct span series;
    struct stat status;
    size_t room = strlen(directory) + 2 * strlen(below) + 2 * strlen(name) + 8, n;

    if (!read_name(&file, span_of(name), &series))
        return 0;
    if (listing->n == FILES_CAP)
        return -EMFILE;
    if (listing->n % 64 == 0) {
        files = realloc(files, (listing->n + 64) * sizeof *files);
        if (!files)
            return -ENOMEM;
        listing->files = files;
    }
    file.path = malloc(room);
    if (!file.path)
        return -ENOMEM;
    n = (size_t)snprintf(file.path, room, "%s/%s%s", directory, below, name) + 1;
    file.series = file.path + n;
    snprintf(file.series, room - n, "%s%.*s", below, (int)series.n, series.p);
    if (stat(file.path, &status) != 0) { /* it has just been renamed or deleted: the next listing has it */
        free(file.path);
        return 0;
    }
    file.inode = (uint64_t)status.st_ino;
    files[listing->n++] = file;
    return 0;
}

/* MACHINE or MACHINE.NAMESPACE. */
static bool is_machine(const char *name)
{
    struct span s = span_of(name);
    uint64_t ignored;

    return take_hex(&s, ID_DIGITS, &ignored) && (s.n == 0 || s.p[0] == '.');
}

static int list_below(struct journal_listing *listing, const char *directory, const char *below)
{
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *opened;
    int result = 0;

    snprintf(path, sizeof path, "%s/%s", directory, below);
    opened = opendir(path);
    if (!opened)
        return -errno;
    while (result == 0 && (entry = readdir(opened))) {
        if (!*below && is_machine(entry->d_name)) {
            char machine[NAME_MAX + 2];

            snprintf(machine, sizeof machine, "%s/", entry->d_name);
            result = list_below(listing, directory, machine);
            if (result == -ENOENT || result == -ENOTDIR)
                result = 0;
        } else {
            result = add_file(listing, directory, below, entry->d_name);
        }
    }
    closedir(opened);
    return result;
}

static int by_series_and_age(const void *a, const void *b)
{
    const struct journal_file *one = a, *other = b;
    int order = strcmp(one->series, other->series);

    if (order)
        return order;
    if (one->order != other->order)
        return one->order < other->order ? -1 : 1;
    return strcmp(one->path, other->path);
}

int journal_list(struct journal_listing *listing, const char *directory)
{
    int result;

    *listing = (struct journal_listing){ 0 };
    result = list_below(listing, directory, "");
    if (result < 0)
        journal_unlist(listing);
    else if (listing->n)
        qsort(listing->files, listing->n, sizeof listing->files[0], by_series_and_age);
    return result;
}

void journal_unlist(struct journal_listing *listing)
{
    for (size_t i = 0; i < listing->n; i++)
        free(listing->files[i].path);
    free(listing->files);
    *listing = (struct journal_listing){ 0 };
}

size_t journal_series_end(const struct journal_listing *listing, size_t from)
{
    size_t to = from;

    while (to < listing->n && strcmp(listing->files[to].series, listing->files[from].series) == 0)
        to++;
    return to;
}

/* A cursor begins with s=SEQUENCEID;i=NUMBER; (sd_journal_get_cursor). A file whose successor in the same sequence
 * begins at or before it holds only what was read. */
size_t journal_first_needed(const struct journal_listing *listing, size_t from, size_t to, const char *cursor)
{
    char id[ID_DIGITS + 1];
    unsigned long long number;
    size_t first = from;

    if (sscanf(cursor, "s=%32[0-9a-f];i=%llx;", id, &number) != 2)
        return from;
    for (size_t i = from + 1; i < to; i++)
        if (strcmp(listing->files[i].sequence_id, id) == 0 && listing->files[i].head <= number)
            first = i;
    return first;
}

uint64_t journal_series_signature(const struct journal_listing *listing, size_t from, size_t to)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = from; i < to; i++) {
        for (const char *p = listing->files[i].path; *p; p++)
            hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
        hash = (hash ^ listing->files[i].inode) * 0x100000001b3;
    }
    return hash;
}
#endif
