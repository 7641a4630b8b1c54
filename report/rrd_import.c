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
#include <time.h>

#include "../rrd/directory.h"
#include "input.h"
#include "progress.h"
#include "rrd.h"

#define ENOUGH_ENTRIES 200000
#define ENOUGH_MINUTES 20000
#define STILL_OPEN_S   120 /* a log that goes on: its last minutes are left to the daemon */

struct import {
    const char *path;
    struct input *input;
    struct rrd_directory *directory;
    struct rrd_minutes *minutes;
    struct rrd_floors *floors;
    struct rrd_report last;
    uint64_t values, failures;
    char error[sizeof((struct rrd_report *)0)->error];
    struct progress shown;
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

    if (im->shown.is_terminal)
        progress_show(&im->shown, 1, "writing the files");
    rrd_directory_finish(im->directory, &im->last);
    im->last.files += files;
    take_report(im);
}

/* ---- progress ---- */

static void show_progress(struct import *im, uint64_t octets)
{
    const double seconds = progress_seconds(&im->shown), megabytes = (double)octets / 1e6;
    const int64_t last = parser_counts(input_parser(im->input))->last_event;
    const time_t at = last == TIME_UNKNOWN ? 0 : (time_t)last;
    char day[16] = "-";
    struct tm tm;

    if (at && localtime_r(&at, &tm))
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
    progress_show(&im->shown, input_part(im->input), "%s  %.0f MB  %.0f MB/s", day, megabytes,
                  seconds > 0 ? megabytes / seconds : 0.0);
}

static void progress(void *context, uint64_t octets)
{
    struct import *im = context;
    size_t entries, minutes = rrd_minutes_waiting(im->minutes, &entries);

    if (entries >= ENOUGH_ENTRIES || minutes >= ENOUGH_MINUTES)
        write_closed(im);
    if (progress_is_due(&im->shown))
        show_progress(im, octets);
}

/* ---- the whole ---- */

static void summary(const struct import *im)
{
    const struct parser_counts *counts = parser_counts(input_parser(im->input));
    const double seconds = progress_seconds(&im->shown);
    const uint64_t old = rrd_minutes_below_floor(im->minutes);

    printf("%" PRIu64 " lines read in %.1f s; %" PRIu64 " values written to %u files in %s\n", counts->lines, seconds,
           im->values, im->last.files, im->path);
    if (old)
        printf("%" PRIu64 " events are not newer than the last update of the files, and were not added\n", old);
    if (rrd_minutes_dropped(im->minutes))
        printf("%" PRIu64 " values could not be written\n", rrd_minutes_dropped(im->minutes));
    fflush(stdout);
}

static enum status import(struct import *im)
{
    const int64_t now = (int64_t)time(NULL);
    enum status status;

    parser_set_sink(input_parser(im->input), rrd_minutes_event, im->minutes);
    progress_begin(&im->shown);
    input_set_progress(im->input, progress, im);
    status = input_read(im->input);
    rrd_minutes_end(im->minutes, now - STILL_OPEN_S + RRD_STEP_S);
    write_closed(im);
    write_fresh(im);
    progress_end(&im->shown);
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
            status = import(&im);
        lock_free(&lock);
    }
    rrd_minutes_free(im.minutes);
    rrd_floors_free(im.floors);
    rrd_directory_free(im.directory);
    input_close(im.input);
    return status;
}
