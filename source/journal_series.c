/* Journal files: which are open, and where in them we are.
 *
 * This host's journal is one sequence for the library, which merges its files. In a directory each writer's files (a
 * series, journal_files.c) are read on their own: merged by time, what a host hands in late would stand before the
 * place where we are, and never be read.
 *
 * The position is the cursor of the last entry that was handed over. Where that is gone (journalctl --vacuum, a
 * rotation that deletes), the library goes on with the next entry there is, and what was removed unread is told.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef MAILTALLY_JOURNAL
#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define REOPEN_MS     5000  /* after an error, and while there are no files */
#define UNRELIABLE_MS 30000 /* where there is no word of new files (network file systems) */
#define US_PER_S      1000000

uint64_t journal_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000;
}

void journal_trouble(struct journal *journal, enum source_state state, const char *what, int why, const char *advice)
{
    source_trouble(&journal->source, state, what, why, advice);
    journal->told = true;
}

struct journal_series *journal_add_series(struct journal *journal, const char *name)
{
    struct journal_series *series;

    if (journal->series_n == journal->room) {
        size_t room = journal->room ? journal->room * 2 : 1;

        if (room > JOURNAL_SERIES_CAP || !(series = realloc(journal->series, room * sizeof *series)))
            return NULL;
        journal->series = series;
        journal->room = room;
    }
    series = &journal->series[journal->series_n++];
    *series = (struct journal_series){ 0 };
    snprintf(series->name, sizeof series->name, "%s", name);
    return series;
}

void journal_close_series(struct journal_series *series)
{
    if (series->journal)
        sd_journal_close(series->journal);
    series->journal = NULL;
    series->signature = 0;
}

/* ---- the position ---- */

static void format_time(uint64_t time_us, char *text, size_t octets)
{
    time_t seconds = (time_t)(time_us / US_PER_S);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || strftime(text, octets, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(text, octets, "?");
}

/* The place of the cursor is gone: were there entries between what we have read and what is left? */
static void tell_loss(struct journal *journal, struct journal_series *series)
{
    uint64_t next_us = journal_now_us();
    char what[256], from[32], to[32];

    sd_journal_flush_matches(series->journal);
    if (sd_journal_seek_cursor(series->journal, series->cursor) >= 0 && sd_journal_next(series->journal) > 0)
        (void)sd_journal_get_realtime_usec(series->journal, &next_us);
    (void)journal_add_matches(&journal->selection, series->journal);
    if (next_us <= series->until_us)
        return;
    format_time(series->until_us, from, sizeof from);
    format_time(next_us, to, sizeof to);
    snprintf(what, sizeof what, "%.80s%swhat was logged from %s to %s was removed before it was read", series->name,
             *series->name ? ": " : "", from, to);
    source_remark(&journal->source, what, "let journald keep more (SystemMaxUse=, MaxRetentionSec=)");
    series->until_us = next_us;
}

/* To before the first entry that was not handed over. */
static void position(struct journal *journal, struct journal_series *series)
{
    series->at_end = series->unsure = false;
    if (!*series->cursor) {
        (void)sd_journal_seek_head(series->journal);
        return;
    }
    if (sd_journal_seek_cursor(series->journal, series->cursor) >= 0 && sd_journal_next(series->journal) > 0 &&
        sd_journal_test_cursor(series->journal, series->cursor) > 0)
        return;
    tell_loss(journal, series);
    if (sd_journal_seek_cursor(series->journal, series->cursor) < 0)
        (void)sd_journal_seek_head(series->journal);
    series->unsure = true;
}

void journal_fails(struct journal *journal, struct journal_series *series, const char *what, int why)
{
    journal_trouble(journal, why == EACCES ? SOURCE_UNREADABLE : SOURCE_FAILED, what, why,
                    "it is tried again; see journalctl --verify");
    journal_close_series(series);
    series->retry_ms = source_clock_ms() + REOPEN_MS;
}

/* Its trouble stays while it waits. */
static bool may_open(struct journal *journal, const struct journal_series *series)
{
    bool waits = series->retry_ms && source_clock_ms() < series->retry_ms;

    journal->told = journal->told || waits;
    return !series->journal && !waits;
}

static bool begin_series(struct journal *journal, struct journal_series *series, int opened)
{
    int result = opened < 0 ? opened : journal_add_matches(&journal->selection, series->journal);

    series->opened_ms = source_clock_ms();
    if (opened < 0)
        series->journal = NULL;
    if (result < 0) {
        journal_fails(journal, series, "cannot be opened", -result);
        return false;
    }
    /* What is longer is no line; the library need not decompress all of it. */
    (void)sd_journal_set_data_threshold(series->journal, READER_LINE_OCTETS + 4096);
    series->retry_ms = 0;
    series->seen = (int64_t)time(NULL);
    journal->more = true;
    position(journal, series);
    return true;
}

/* ---- this host's journal ---- */

static void tell_no_files(struct journal *journal)
{
    static const char *const roots[] = { "/var/log/journal", "/run/log/journal" };
    bool any = false;

    for (size_t i = 0; i < 2; i++)
        any = any || access(roots[i], F_OK) == 0;
    if (any && geteuid() != 0)
        journal_trouble(journal, SOURCE_UNREADABLE, "there are no files that the daemon's user may read", 0,
                        "put it into the group systemd-journal");
    else
        journal_trouble(journal, SOURCE_MISSING, "there are no journal files", 0,
                        "is systemd-journald running, and not with Storage=none?");
}

static bool is_empty(const struct journal_series *series)
{
    return series->journal && sd_journal_has_persistent_files(series->journal) <= 0 &&
           sd_journal_has_runtime_files(series->journal) <= 0;
}

/* Where no word of new files will come. */
static bool is_old(const struct journal_series *series)
{
    int64_t age_ms = source_clock_ms() - series->opened_ms;

    if (!series->journal || age_ms < REOPEN_MS)
        return false;
    return is_empty(series) || (age_ms >= UNRELIABLE_MS && sd_journal_reliable_fd(series->journal) == 0);
}

void journal_look_at_local(struct journal *journal)
{
    struct journal_series *series = journal->series_n ? &journal->series[0] : journal_add_series(journal, "");

    if (!series)
        return;
    if (is_old(series))
        journal_close_series(series);
    if (may_open(journal, series)) {
        if (!begin_series(journal, series, sd_journal_open(&series->journal, SD_JOURNAL_LOCAL_ONLY)))
            return;
        (void)sd_journal_get_fd(series->journal); /* the library looks for news from now on */
    }
    if (is_empty(series))
        tell_no_files(journal);
    if (series->journal && sd_journal_process(series->journal) == SD_JOURNAL_INVALIDATE) {
        journal->source.rotations++;
        journal->more = true;
        if (!series->at_end)
            position(journal, series);
    }
}

/* ---- a directory ---- */

/* Listings are in the same order, mostly. */
static struct journal_series *series_named(struct journal *journal, const char *name)
{
    for (size_t i = 0; i < journal->series_n; i++) {
        size_t at = (journal->likely + i) % journal->series_n;

        if (strcmp(journal->series[at].name, name) != 0)
            continue;
        journal->likely = at + 1;
        return &journal->series[at];
    }
    return NULL;
}

static bool open_files(struct journal *journal, struct journal_series *series, const struct journal_listing *listing,
                       size_t from, size_t to)
{
    size_t first = journal_first_needed(listing, from, to, series->cursor);
    const char **paths = calloc(to - first + 1, sizeof(char *));
    bool done;

    journal_close_series(series);
    if (!paths)
        return false;
    for (size_t i = first; i < to; i++)
        paths[i - first] = listing->files[i].path;
    done = begin_series(journal, series, sd_journal_open_files(&series->journal, paths, 0));
    if (done)
        series->signature = journal_series_signature(listing, from, to);
    free(paths);
    return done;
}

/* Whether the files that are open are those of the listing; opens what is new or was rotated. True: something was. */
static bool compare(struct journal *journal, const struct journal_listing *listing)
{
    bool any = false;

    journal->pass++;
    for (size_t from = 0, to; from < listing->n; from = to) {
        struct journal_series *series = series_named(journal, listing->files[from].series);

        to = journal_series_end(listing, from);
        if (!series)
            series = journal_add_series(journal, listing->files[from].series);
        if (!series) {
            journal_trouble(journal, SOURCE_FAILED, "there are too many series of files in it", 0,
                            "let them be several directories");
            break;
        }
        if (series->journal && series->signature != journal_series_signature(listing, from, to)) {
            journal_close_series(series);
            journal->source.rotations++;
        }
        if (may_open(journal, series))
            any |= open_files(journal, series, listing, from, to);
        series->pass = journal->pass;
        series->seen = (int64_t)time(NULL);
    }
    return any;
}

/* Those whose files went, and those that were rotated while they were opened: of these a file may be missing. */
static void close_changed(struct journal *journal, const struct journal_listing *listing)
{
    for (size_t from = 0, to; from < listing->n; from = to) {
        struct journal_series *series = series_named(journal, listing->files[from].series);

        to = journal_series_end(listing, from);
        if (series && series->signature != journal_series_signature(listing, from, to))
            journal_close_series(series);
    }
    for (size_t i = 0; i < journal->series_n; i++)
        if (journal->series[i].pass != journal->pass)
            journal_close_series(&journal->series[i]);
}

static int list(struct journal *journal, struct journal_listing *listing)
{
    int result = journal_list(listing, journal->selection.directory);

    if (result == -ENOENT || result == -ENOTDIR)
        journal_trouble(journal, SOURCE_MISSING, "the directory cannot be read", -result,
                        "it is read as soon as it appears");
    else if (result < 0)
        journal_trouble(journal, SOURCE_UNREADABLE, "the directory cannot be read", -result,
                        result == -EACCES ? "put the daemon's user into the group systemd-journal"
                                          : "it is tried again");
    else if (listing->n == 0)
        journal_trouble(journal, SOURCE_MISSING, "there are no journal files in the directory", 0,
                        "they are read as soon as they appear");
    return result;
}

void journal_look_at_directory(struct journal *journal)
{
    struct journal_listing listing;
    struct source_set *set = journal->source.set;

    /* Asked each time: the directory may have been made, or replaced, since. */
    if (set->watch)
        journal->watch = watch_directory(set->watch, journal->selection.directory);
    if (list(journal, &listing) < 0)
        return;
    if (compare(journal, &listing)) {
        journal_unlist(&listing);
        if (list(journal, &listing) < 0)
            return;
    }
    close_changed(journal, &listing);
    journal_unlist(&listing);
}
#endif
