/* mailtally rrd import: years of logs into RRD files.
 *
 * The same minutes and files as the daemon's. Files that are not there yet are made in memory and written at the end
 * (../rrd/fresh.h). For those that are there, what was closed is written in large batches while lines are read, so that
 * memory does not grow with the log.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../rrd/directory.h"
#include "input.h"
#include "rrd.h"

#define ENOUGH_ENTRIES 200000
#define ENOUGH_MINUTES 20000
#define STILL_OPEN_S   120 /* a log that goes on: its last minutes are left to the daemon */
#define BAR            30

struct import {
    const char *path;
    struct input *input;
    struct rrd_directory *directory;
    struct rrd_minutes *minutes;
    struct rrd_floors *floors;
    struct rrd_report last;
    uint64_t values, failures;
    char error[sizeof((struct rrd_report *)0)->error];
    /* progress */
    bool is_terminal;
    uint64_t octets_in_all; /* 0: unknown */
    struct timespec begun, shown;
};

/* ---- writing ---- */

static void take_report(struct import *im)
{
    im->values += im->last.minutes;
    im->failures += im->last.failed;
    if (im->last.error[0] && strcmp(im->error, im->last.error) != 0) {
        complain("%s", im->last.error);
        memcpy(im->error, im->last.error, sizeof im->error);
    }
}

static void write_closed(struct import *im)
{
    struct rrd_batch batch;
    struct rrd_entry *failed;
    size_t failed_n;
    bool ended;

    rrd_minutes_saving(im->minutes); /* nothing waits for a state here */
    rrd_minutes_saved(im->minutes);
    if (!rrd_minutes_take(im->minutes, &batch))
        return;
    ended = rrd_directory_write(im->directory, &batch, NULL, &failed, &failed_n, &im->last);
    rrd_minutes_done(im->minutes, ended && im->last.failed == 0, ended ? failed : batch.entries,
                     ended ? failed_n : batch.n);
    free(failed);
    take_report(im);
}

/* The files that were made in memory, besides those of the last batch. */
static void write_fresh(struct import *im)
{
    uint32_t files = im->last.files;

    if (im->is_terminal)
        fprintf(stderr, "\r\033[Kwriting the files");
    rrd_directory_finish(im->directory, &im->last);
    im->last.files += files;
    take_report(im);
}

/* ---- progress ---- */

static double seconds_since(const struct timespec *from)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - from->tv_sec) + (double)(now.tv_nsec - from->tv_nsec) / 1e9;
}

static void show_progress(struct import *im, uint64_t octets)
{
    const double seconds = seconds_since(&im->begun), megabytes = (double)octets / 1e6;
    const int64_t last = parser_counts(input_parser(im->input))->last_event;
    const time_t at = last == TIME_UNKNOWN ? 0 : (time_t)last;
    char day[16] = "-", bar[BAR + 1];
    struct tm tm;

    if (at && localtime_r(&at, &tm))
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
    fprintf(stderr, "\r\033[K");
    if (im->octets_in_all) {
        double part = (double)octets / (double)im->octets_in_all;
        int full = (int)((part > 1 ? 1 : part) * BAR);

        for (int i = 0; i < BAR; i++)
            bar[i] = i < full ? '#' : '.';
        bar[BAR] = '\0';
        fprintf(stderr, "[%s] %3.0f %%  ", bar, (part > 1 ? 1 : part) * 100);
    }
    fprintf(stderr, "%s  %.0f MB  %.0f MB/s", day, megabytes, seconds > 0 ? megabytes / seconds : 0.0);
    fflush(stderr);
    clock_gettime(CLOCK_MONOTONIC, &im->shown);
}

static void progress(void *context, uint64_t octets)
{
    struct import *im = context;
    size_t entries, minutes = rrd_minutes_waiting(im->minutes, &entries);

    if (entries >= ENOUGH_ENTRIES || minutes >= ENOUGH_MINUTES)
        write_closed(im);
    if (im->is_terminal && seconds_since(&im->shown) > 0.2)
        show_progress(im, octets);
}

/* What is to be read, when all of it is plain files. */
static uint64_t octets_of(const struct options *options)
{
    uint64_t sum = 0;
    struct stat status;

    for (size_t i = 0; i < options->files_n; i++) {
        const char *dot = strrchr(options->files[i], '.');

        if (stat(options->files[i], &status) != 0 || !S_ISREG(status.st_mode) ||
            (dot && (strcmp(dot, ".gz") == 0 || strcmp(dot, ".bz2") == 0 || strcmp(dot, ".xz") == 0 ||
                     strcmp(dot, ".zst") == 0)))
            return 0;
        sum += (uint64_t)status.st_size;
    }
    return sum;
}

/* ---- the whole ---- */

static void summary(const struct import *im)
{
    const struct parser_counts *counts = parser_counts(input_parser(im->input));
    const double seconds = seconds_since(&im->begun);
    const uint64_t old = rrd_minutes_below_floor(im->minutes);

    printf("%" PRIu64 " lines read in %.1f s; %" PRIu64 " values written to %u files in %s\n", counts->lines, seconds,
           im->values, im->last.files, im->path);
    if (old)
        printf("%" PRIu64 " events are not newer than the last update of the files, and were not added\n", old);
    if (rrd_minutes_dropped(im->minutes))
        printf("%" PRIu64 " values could not be written\n", rrd_minutes_dropped(im->minutes));
    fflush(stdout);
}

static enum status import(struct import *im, const struct options *options)
{
    const int64_t now = (int64_t)time(NULL);
    enum status status;

    parser_set_sink(input_parser(im->input), rrd_minutes_event, im->minutes);
    im->is_terminal = isatty(STDERR_FILENO) == 1;
    im->octets_in_all = octets_of(options);
    clock_gettime(CLOCK_MONOTONIC, &im->begun);
    im->shown = im->begun;
    input_set_progress(im->input, progress, im);
    status = input_read(im->input);
    rrd_minutes_end(im->minutes, now - STILL_OPEN_S + RRD_STEP_S);
    write_closed(im);
    write_fresh(im);
    if (im->is_terminal)
        fprintf(stderr, "\r\033[K");
    summary(im);
    return im->failures ? STATUS_ERROR : status;
}

static bool open_all(struct import *im)
{
    char error[RRD_ERROR_OCTETS];

    im->directory = rrd_directory_new(im->path, NULL, false);
    im->minutes = im->directory ? rrd_minutes_new(input_tallies(im->input)) : NULL;
    if (!im->minutes || !rrd_directory_begin_fresh(im->directory)) {
        complain("no memory");
        return false;
    }
    rrd_directory_recover(im->directory);
    im->floors = rrd_floors_new(im->directory, im->minutes, error);
    if (error[0])
        complain("%s", error);
    return im->floors != NULL;
}

enum status rrd_import(const struct options *options)
{
    struct options with_config = *options;
    struct import im = { 0 };
    enum status status = STATUS_ERROR;
    struct lock lock;

    with_config.wants_config = !options->rrd_directory;
    im.input = input_open(&with_config);
    im.path = im.input ? rrd_directory_of(options, input_config(im.input)) : NULL;
    if (im.path && rrd_lock(im.path, &lock)) {
        if (open_all(&im))
            status = import(&im, options);
        lock_free(&lock);
    }
    rrd_minutes_free(im.minutes);
    rrd_floors_free(im.floors);
    rrd_directory_free(im.directory);
    input_close(im.input);
    return status;
}
