/* Names that rotation leaves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "relatives.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define INDEX_DIGITS 4 /* more are a date */
#define DATE_DIGITS  8

static const struct span compressions[] = { SPAN(".gz"), SPAN(".bz2"), SPAN(".xz"), SPAN(".zst") };

static const struct span others[] = { SPAN(""), SPAN(".old"), SPAN(".bak"), SPAN(".save"), SPAN(".orig"), SPAN("~") };

/* Only digits, and before each group of them one of . - _ : T. */
static bool take_numbers(struct span between, struct relative *relative, size_t *digits)
{
    *digits = relative->numbers_n = 0;
    while (between.n) {
        uint64_t number = 0;
        size_t n = 0;

        if (memchr(".-_:T", between.p[0], 5))
            between = span_skip(between, 1);
        for (; n < between.n && is_digit(between.p[n]) && n < 18; n++)
            number = number * 10 + (uint64_t)(between.p[n] - '0');
        if (n == 0 || relative->numbers_n == RELATIVE_NUMBERS)
            return false;
        relative->numbers[relative->numbers_n++] = number;
        between = span_skip(between, n);
        *digits += n;
    }
    return relative->numbers_n > 0;
}

/* behind: what stands between the log's name, or its name without extension, and the end. */
static bool has_numbers(struct span between, struct relative *relative)
{
    size_t digits;

    if (between.n < 2 || is_digit(between.p[0]) || !take_numbers(between, relative, &digits))
        return false;
    relative->kind = digits >= DATE_DIGITS ? RELATIVE_DATE : RELATIVE_INDEX;
    return relative->kind == RELATIVE_DATE ||
           (between.p[0] == '.' && relative->numbers_n == 1 && digits <= INDEX_DIGITS);
}

static struct span without_compression(struct span name, bool *compressed)
{
    *compressed = false;
    for (size_t i = 0; i < sizeof compressions / sizeof compressions[0]; i++)
        if (span_ends(name, compressions[i])) {
            *compressed = true;
            return span_first(name, name.n - compressions[i].n);
        }
    return name;
}

/* "mail.log" has "mail" and ".log"; ".log" and "log" have no extension. */
static bool split(struct span log, struct span *stem, struct span *extension)
{
    size_t at = log.n;

    while (at > 1 && log.p[at - 1] != '.')
        at--;
    if (at <= 1)
        return false;
    *stem = span_first(log, at - 1);
    *extension = span_skip(log, at - 1);
    return true;
}

bool relative_of(struct span name, struct span log, struct relative *relative)
{
    struct span stem, extension, plain = without_compression(name, &relative->compressed);

    if (span_starts(plain, log)) {
        struct span behind = span_skip(plain, log.n);

        if (has_numbers(behind, relative))
            return true;
        relative->kind = RELATIVE_OTHER;
        relative->numbers_n = 0;
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
            if (span_eq(behind, others[i]))
                return behind.n || relative->compressed;
    }
    if (!split(log, &stem, &extension) || !span_starts(plain, stem) || !span_ends(plain, extension) || plain.n < log.n)
        return false;
    return has_numbers(span_from(plain.p + stem.n, plain.p + plain.n - extension.n), relative) &&
           relative->kind == RELATIVE_DATE;
}

/* "mail-20261120.log" and "mail-20261121.log": alike but for the date. */
static bool is_sister(struct span name, struct span log, struct relative *relative)
{
    struct span plain = without_compression(name, &relative->compressed);
    size_t begin = 0, end = log.n;
    struct relative own;

    while (begin < log.n && !is_digit(log.p[begin]))
        begin++;
    while (end > begin && !is_digit(log.p[end - 1]))
        end--;
    if (begin == 0 || !has_numbers(span_from(log.p + begin - 1, log.p + end), &own) || own.kind != RELATIVE_DATE)
        return false;
    return span_starts(plain, span_first(log, begin)) && span_ends(plain, span_skip(log, end)) &&
           plain.n > begin + (log.n - end) &&
           has_numbers(span_from(plain.p + begin - 1, plain.p + plain.n - (log.n - end)), relative) &&
           relative->kind == RELATIVE_DATE;
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* 20261120, 2026-11-20 or seconds since 1970: what comes first counts most. */
static bool begins_with_a_year(const struct relative *relative)
{
    uint64_t first = relative->numbers[0];

    return first >= 19000000 || (first >= 1900 && first < 3000 && relative->numbers_n >= 3);
}

int relative_age(const struct relative *a, const struct relative *b)
{
    if ((a->kind == RELATIVE_OTHER) != (b->kind == RELATIVE_OTHER))
        return a->kind == RELATIVE_OTHER ? -1 : 1;
    if (a->kind == RELATIVE_INDEX && b->kind == RELATIVE_INDEX && a->numbers[0] != b->numbers[0])
        return compare(b->numbers[0], a->numbers[0]);
    if (a->kind == RELATIVE_DATE && b->kind == RELATIVE_DATE && begins_with_a_year(a) && begins_with_a_year(b)) {
        for (size_t i = 0; i < a->numbers_n && i < b->numbers_n; i++)
            if (a->numbers[i] != b->numbers[i])
                return compare(a->numbers[i], b->numbers[i]);
        if (a->numbers_n != b->numbers_n)
            return compare(a->numbers_n, b->numbers_n);
    }
    if (a->modified.tv_sec != b->modified.tv_sec)
        return a->modified.tv_sec < b->modified.tv_sec ? -1 : 1;
    return compare((uint64_t)a->modified.tv_nsec, (uint64_t)b->modified.tv_nsec);
}

static int by_age(const void *a, const void *b)
{
    int age = relative_age(a, b);

    return age ? age : strcmp(((const struct relative *)a)->path, ((const struct relative *)b)->path);
}

/* What every name that could be taken begins with. */
static struct span common_beginning(struct span log, bool sisters)
{
    struct span stem = log, extension;
    size_t n = 0;

    (void)split(log, &stem, &extension);
    while (n < stem.n && !(sisters && is_digit(stem.p[n])))
        n++;
    return span_first(stem, n);
}

struct search {
    struct relatives *found;
    const char *directory;
    struct span log;
    bool sisters, failed;
};

/* A name that was read and leads to nothing now was renamed meanwhile; unless it is a symbolic link to nowhere. */
static bool was_renamed(const char *path)
{
    struct stat status;

    return errno == ENOENT && lstat(path, &status) != 0 && errno == ENOENT;
}

static bool add(struct search *search, const char *name, struct relative *relative)
{
    struct relatives *found = search->found;
    char path[PATH_MAX];
    struct stat status;
    int n = snprintf(path, sizeof path, "%s/%s", search->directory, name);

    if (n < 0 || (size_t)n >= sizeof path)
        return true;
    if (stat(path, &status) != 0) {
        found->changing = found->changing || was_renamed(path);
        return true;
    }
    if (!S_ISREG(status.st_mode))
        return true; /* nothing that holds lines */
    for (size_t i = 0; i < found->n; i++)
        if (found->rows[i].inode == status.st_ino && found->rows[i].device == status.st_dev)
            return true;
    if (!found->rows)
        found->rows = calloc(RELATIVES_CAP, sizeof *found->rows);
    if (!found->rows)
        return false;
    relative->path = found->n < RELATIVES_CAP ? strdup(path) : NULL;
    if (!relative->path)
        return false;
    relative->device = status.st_dev;
    relative->inode = status.st_ino;
    relative->size = (uint64_t)status.st_size;
    relative->modified = status.st_mtim;
    found->rows[found->n++] = *relative;
    return true;
}

static void consider(void *context, const char *name)
{
    struct search *search = context;
    struct relative relative;
    struct span it = span_of(name);

    if (search->failed || span_eq(it, search->log))
        return;
    if (relative_of(it, search->log, &relative) || (search->sisters && is_sister(it, search->log, &relative)))
        search->failed = !add(search, name, &relative);
}

static bool search_beside(struct relatives *relatives, struct listings *listings, const char *log, bool is_target)
{
    const char *slash = strrchr(log, '/');
    struct search search = { .found = relatives, .log = span_of(slash ? slash + 1 : log), .sisters = is_target };
    char directory[PATH_MAX];

    if (!slash)
        strcpy(directory, ".");
    else
        snprintf(directory, sizeof directory, "%.*s", slash == log ? 1 : (int)(slash - log), log);
    search.directory = directory;
    return listing_each(listings, directory, common_beginning(search.log, is_target), consider, &search);
}

/* Whether each name still has its file: who went by while we looked has another name now. */
static bool are_as_before(const struct relatives *relatives)
{
    struct stat status;

    for (size_t i = 0; i < relatives->n; i++)
        if (stat(relatives->rows[i].path, &status) != 0 || status.st_ino != relatives->rows[i].inode ||
            status.st_dev != relatives->rows[i].device)
            return false;
    return true;
}

bool relatives_find(struct relatives *relatives, struct listings *listings, const char *log)
{
    char target[PATH_MAX];
    struct stat status;
    bool is_link = lstat(log, &status) == 0 && S_ISLNK(status.st_mode) && realpath(log, target);

    *relatives = (struct relatives){ 0 };
    if (!search_beside(relatives, listings, log, false))
        return false;
    if (is_link)
        (void)search_beside(relatives, listings, target, true);
    relatives->changing = relatives->changing || !are_as_before(relatives);
    if (relatives->changing)
        listing_forget(listings);
    if (relatives->n)
        qsort(relatives->rows, relatives->n, sizeof *relatives->rows, by_age);
    return true;
}

void relatives_free(struct relatives *relatives)
{
    for (size_t i = 0; i < relatives->n; i++)
        free(relatives->rows[i].path);
    free(relatives->rows);
    *relatives = (struct relatives){ 0 };
}
