/* The systemd journal: this host's, or that of other hosts in a directory.
 *
 * Each entry is handed over as a line of syslog (journal_entry.c); the position is a cursor (journal_series.c). The
 * library blocks on nothing but the disk.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "set.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef MAILTALLY_JOURNAL
#include "journal.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define SERIES_AGE_S    (90 * 86400) /* a position whose files are gone is kept so long */
#define TRY_MS          200          /* between two looks for entries, however much else is logged */
#define ENTRIES_AT_ONCE 4096         /* of which none may be wanted */

static struct journal *journal_of(struct source *source)
{
    return (struct journal *)source;
}

/* ---- entries ---- */

static void note_unit(struct journal *journal, const struct journal_field *unit)
{
    for (size_t i = 0; i < JOURNAL_UNITS_MAX; i++)
        if (span_eq(journal_field_span(&journal->units[i]), journal_field_span(unit)))
            return;
    journal->units[journal->units_next++ % JOURNAL_UNITS_MAX] = *unit;
}

/* "Suppressed 12 messages from postfix@-.service": told when entries of that unit are counted. */
static void tell_dropped(struct journal *journal)
{
    struct span message = { journal->entry.message, journal->entry.message_n };
    size_t from = span_find(message, SPAN(" from "));
    struct span unit = from < message.n ? span_skip(message, from + sizeof " from " - 1) : SPAN("");
    bool ours = journal_wants_unit(&journal->selection, unit);
    char what[160];

    for (size_t i = 0; i < JOURNAL_UNITS_MAX; i++)
        ours = ours || (unit.n && span_eq(journal_field_span(&journal->units[i]), unit));
    if (!ours)
        return;
    snprintf(what, sizeof what, "journald threw lines away: %.*s", message.n < 120 ? (int)message.n : 120, message.p);
    source_remark(&journal->source, what, "set LogRateLimitIntervalSec=0 for the unit");
}

/* Hands over the entry at which the journal stands; returns the octets of its line. */
static size_t hand_over(struct journal *journal, struct journal_series *series, const struct source_lines *lines)
{
    struct source *source = &journal->source;
    struct journal_entry *entry = &journal->entry;
    uint64_t time_us = 0;
    struct span line;
    int result = journal_entry_read(entry, series->journal);

    if (result < 0) {
        source_remark(source, "an entry is damaged and cannot be read", "see journalctl --verify");
        return 0;
    }
    (void)sd_journal_get_realtime_usec(series->journal, &time_us);
    if (time_us > series->until_us)
        series->until_us = time_us;
    if (span_is(journal_field_span(&entry->message_id), JOURNAL_DROPPED_ID)) {
        tell_dropped(journal);
        return 0;
    }
    if (!entry->has_message || !journal_wants(&journal->selection, entry))
        return 0;
    note_unit(journal, &entry->unit);
    line = journal_entry_line(entry, time_us);
    source->lines++;
    source->octets += line.n + 1;
    source->last_read = (int64_t)time(NULL);
    if (entry->overlong || line.n > READER_LINE_OCTETS)
        lines->overlong(lines->context, source->index);
    else
        lines->line(lines->context, source->index, line);
    return line.n + 1;
}

static void note_cursor(struct journal_series *series)
{
    char *cursor = NULL;

    if (sd_journal_get_cursor(series->journal, &cursor) >= 0 && strlen(cursor) < sizeof series->cursor)
        strcpy(series->cursor, cursor);
    free(cursor);
}

/* What others log is read, too: unless that is saved, its removal would look like a loss after the next start. */
static void reach_end(struct journal *journal, struct journal_series *series)
{
    uint64_t from, to;

    series->until_us = journal_now_us();
    if (sd_journal_get_cutoff_realtime_usec(series->journal, &from, &to) <= 0 || to == series->last_us)
        return;
    series->last_us = to;
    journal->source.moved = true;
}

/* Some entries of a series; 0: none is left, or none of those was wanted. */
static size_t read_series(struct journal *journal, struct journal_series *series, size_t octets,
                          const struct source_lines *lines)
{
    size_t given = 0;

    for (size_t i = 0; given < octets; i++) {
        int result;

        if (i == ENTRIES_AT_ONCE) {
            journal->more = true;
            break;
        }
        result = sd_journal_next(series->journal);
        if (result < 0) {
            journal_fails(journal, series, "cannot be read", -result);
            break;
        }
        series->at_end = result == 0;
        if (series->at_end) {
            reach_end(journal, series);
            break;
        }
        if (!series->unsure || sd_journal_test_cursor(series->journal, series->cursor) <= 0)
            given += hand_over(journal, series, lines);
        series->unsure = false;
        note_cursor(series);
    }
    return given;
}

/* An estimate: the journal does not know how many octets of it are whose. */
static void measure(struct journal *journal)
{
    journal->source.behind_octets = 0;
    for (size_t i = 0; i < journal->series_n; i++) {
        struct journal_series *series = &journal->series[i];
        uint64_t usage, from, to, behind = 1;

        if (!series->journal || series->at_end)
            continue;
        if (sd_journal_get_usage(series->journal, &usage) >= 0 &&
            sd_journal_get_cutoff_realtime_usec(series->journal, &from, &to) > 0 && from < to &&
            series->until_us < to) {
            uint64_t done = series->until_us > from ? series->until_us - from : 0;

            behind += (uint64_t)((double)usage * (double)(to - from - done) / (double)(to - from));
        }
        journal->source.behind_octets += behind;
    }
}

/* ---- operations ---- */

static void journal_look(struct source *source)
{
    struct journal *journal = journal_of(source);
    int64_t now_ms = source_clock_ms();

    journal->told = false;
    if (!journal->selection.directory)
        journal_look_at_local(journal);
    else if (!journal->listed_ms || now_ms - journal->listed_ms >= SOURCE_SWEEP_MS) {
        journal->listed_ms = now_ms;
        journal_look_at_directory(journal);
    } else {
        journal->told = source->state != SOURCE_OK; /* as it was */
    }
    if (!journal->told)
        source_trouble_ends(source);
    source->ready = journal->more || now_ms - journal->tried_ms >= TRY_MS;
    source->restless = true;
}

static size_t journal_read(struct source *source, size_t octets, const struct source_lines *lines)
{
    struct journal *journal = journal_of(source);
    size_t given = 0;

    journal->tried_ms = source_clock_ms();
    journal->more = false;
    for (size_t i = 0; i < journal->series_n && !given; i++) {
        struct journal_series *series = &journal->series[journal->turn++ % journal->series_n];

        if (series->journal)
            given = read_series(journal, series, octets < READER_BUFFER_OCTETS ? octets : READER_BUFFER_OCTETS, lines);
    }
    source->due = source->due || journal->more;
    measure(journal);
    return given || !journal->more ? given : 1; /* there was work, though no line */
}

static bool journal_concerns(const struct source *source, int watch, const char *name)
{
    (void)name;
    return watch == ((const struct journal *)source)->watch;
}

static int journal_descriptor(const struct source *source)
{
    const struct journal *journal = (const struct journal *)source;

    if (journal->selection.directory || !journal->series_n || !journal->series[0].journal)
        return -1;
    return sd_journal_get_fd(journal->series[0].journal);
}

static void journal_close(struct source *source)
{
    struct journal *journal = journal_of(source);

    for (size_t i = 0; i < journal->series_n; i++)
        journal_close_series(&journal->series[i]);
    free(journal->series);
    journal_unselect(&journal->selection);
}

static void journal_save(struct source *source, struct store *store)
{
    const struct journal *journal = journal_of(source);
    int64_t oldest = (int64_t)time(NULL) - SERIES_AGE_S;
    size_t n = 0;

    for (size_t i = 0; i < journal->series_n; i++)
        n += journal->series[i].seen >= oldest;
    store_number(store, n);
    for (size_t i = 0; i < journal->series_n; i++) {
        const struct journal_series *series = &journal->series[i];

        if (series->seen < oldest)
            continue;
        store_text(store, series->name);
        store_text(store, series->cursor);
        store_number(store, series->until_us);
        store_signed(store, series->seen);
    }
}

static bool journal_load(struct source *source, struct load *load)
{
    struct journal *journal = journal_of(source);
    uint64_t n = load_number_to(load, JOURNAL_SERIES_CAP);

    for (uint64_t i = 0; i < n && !load->failed; i++) {
        char name[JOURNAL_NAME_OCTETS];
        struct journal_series *series;

        load_text(load, name, sizeof name);
        series = load->failed ? NULL : journal_add_series(journal, name);
        if (!series)
            break;
        load_text(load, series->cursor, sizeof series->cursor);
        series->until_us = load_number(load);
        series->seen = load_signed(load);
    }
    if (load_ended(load))
        return true;
    journal->series_n = 0;
    return false;
}

const struct source_ops journal_ops = {
    .type = SOURCE_JOURNAL,
    .look = journal_look,
    .read = journal_read,
    .concerns = journal_concerns,
    .descriptor = journal_descriptor,
    .close = journal_close,
    .save = journal_save,
    .load = journal_load,
};

static struct source *new_journal(const char *selection)
{
    struct journal *journal = calloc(1, sizeof *journal);

    if (!journal)
        return NULL;
    journal->watch = WATCH_NONE;
    if (journal_select(&journal->selection, selection))
        return &journal->source;
    free(journal);
    return NULL;
}

#else

static void journal_look(struct source *source)
{
    source_trouble(source, SOURCE_FAILED, "this mailtallyd was built without the systemd journal", 0,
                   "install libsystemd-dev and build it again, or let rsyslog write a file");
}

static size_t journal_read(struct source *source, size_t octets, const struct source_lines *lines)
{
    (void)source;
    (void)octets;
    (void)lines;
    return 0;
}

static void journal_close(struct source *source)
{
    (void)source;
}

const struct source_ops journal_ops = {
    .type = SOURCE_JOURNAL,
    .look = journal_look,
    .read = journal_read,
    .close = journal_close,
};

static struct source *new_journal(const char *selection)
{
    (void)selection;
    return calloc(1, sizeof(struct source));
}

#endif

void source_journal_name(const char *selection, char *name, size_t octets)
{
    snprintf(name, octets, "journal%s%s", selection && *selection ? ":" : "", selection ? selection : "");
}

bool source_set_add_journal(struct source_set *set, const char *selection)
{
    char name[1100];
    struct source *source = new_journal(selection);

    if (!source)
        return false;
    source_journal_name(selection, name, sizeof name);
    return source_adopt(set, source, &journal_ops, name, NULL);
}
