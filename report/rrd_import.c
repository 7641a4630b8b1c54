/* mailtally rrd import: years of logs into RRD files.
 *
 * The same minutes and files as the daemon's. Files that are not there yet are made in memory and written at the end
 * (../rrd/fresh.h). For those that are there, what was closed is written in large batches while lines are read, so that
 * memory does not grow with the log. Where there are more hosts than that has room for, the logs are read once more for
 * the next of them: reading is much faster than updating files minute by minute. What was written before has a floor
 * then, and takes nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../rrd/directory.h"
#include "input.h"
#include "progress.h"
#include "rrd.h"

#define ENOUGH_ENTRIES 200000
#define ENOUGH_MINUTES 20000
#define STILL_OPEN_S   120 /* a log that goes on: its last minutes are left to the daemon */

struct import {
    char *path;
    struct input *input;
    struct rrd_directory *directory;
    struct rrd_minutes *minutes;
    struct rrd_floors *floors;
    struct rrd_report last;
    uint64_t values, failures;
    /* Of the first time that the logs were read. */
    uint64_t lines, old;
    unsigned times, files;
    uint64_t dropped;
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

/* The files that were made in memory, besides those of the last batch; which, later, are those of the first time. */
static void write_fresh(struct import *im)
{
    if (im->times == 1)
        im->files = im->last.files;
    if (im->shown.is_terminal)
        progress_show(&im->shown, 1, "writing the files");
    rrd_directory_finish(im->directory, &im->last);
    im->files += im->last.files;
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
    progress_show(&im->shown, input_part(im->input), "%s  %.0f MB  %.0f MB/s%s", day, megabytes,
                  seconds > 0 ? megabytes / seconds : 0.0, im->times > 1 ? "  more hosts" : "");
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

static void summary(const struct import *im, double seconds)
{
    printf("%" PRIu64 " lines read in %.1f s; %" PRIu64 " values written to %u files in %s\n", im->lines, seconds,
           im->values, im->files, im->path);
    if (im->old)
        printf("%" PRIu64 " events are not newer than the last update of the files, and were not added\n", im->old);
    if (im->dropped)
        printf("%" PRIu64 " values could not be written\n", im->dropped);
    fflush(stdout);
}

static enum status import(struct import *im)
{
    const int64_t now = (int64_t)time(NULL);
    enum status status;

    parser_set_sink(input_parser(im->input), rrd_minutes_event, im->minutes);
    progress_begin(&im->shown);
    input_set_progress(im->input, progress, im);
    im->times++;
    status = input_read(im->input);
    rrd_minutes_end(im->minutes, now - STILL_OPEN_S + RRD_STEP_S);
    write_closed(im);
    write_fresh(im);
    progress_end(&im->shown);
    im->dropped += rrd_minutes_dropped(im->minutes);
    if (im->times == 1) {
        im->lines = parser_counts(input_parser(im->input))->lines;
        im->old = rrd_minutes_below_floor(im->minutes);
    }
    return status;
}

/* Not what comes through a pipe, or has another end then. */
static bool can_be_read_again(const struct options *options)
{
    struct stat status;

    for (size_t i = 0; i < options->files_n; i++)
        if (stat(options->files[i], &status) != 0 || !S_ISREG(status.st_mode) || access(options->files[i], R_OK) != 0)
            return false;
    return options->files_n > 0;
}

static bool open_all(struct import *im, bool again)
{
    char error[RRD_ERROR_OCTETS];

    im->directory = rrd_directory_new(im->path, NULL, false);
    im->minutes = im->directory ? rrd_minutes_new(input_tallies(im->input)) : NULL;
    if (!im->minutes || !rrd_directory_begin_fresh(im->directory, true, again)) {
        complain("no memory");
        return false;
    }
    rrd_directory_recover(im->directory);
    im->floors = rrd_floors_new(im->directory, im->minutes, error);
    if (error[0] && im->times == 0)
        complain("%s", error);
    return im->floors != NULL;
}

static void close_all(struct import *im)
{
    rrd_minutes_free(im->minutes);
    rrd_floors_free(im->floors);
    rrd_directory_free(im->directory);
    im->minutes = NULL;
    im->floors = NULL;
    im->directory = NULL;
}

/* Of the hosts that are left out each time, the first have room the next time. */
static enum status import_all(struct import *im, const struct options *options)
{
    const bool again = can_be_read_again(options);
    enum status status = STATUS_DONE;
    uint32_t left_out = UINT32_MAX, before;
    double seconds = 0;

    do {
        if ((!im->input && !(im->input = input_open(options))) || !open_all(im, again)) {
            close_all(im);
            return STATUS_ERROR;
        }
        if (import(im) != STATUS_DONE)
            status = STATUS_ERROR;
        seconds += progress_seconds(&im->shown);
        before = left_out;
        left_out = rrd_directory_left_out(im->directory);
        close_all(im);
        if (left_out > 0) {
            input_close(im->input);
            im->input = NULL;
        }
    } while (left_out > 0 && left_out < before && im->failures == 0);
    if (left_out > 0)
        complain("the files of %u more hosts are not made: import once more when that is mended", left_out);
    summary(im, seconds);
    return im->failures ? STATUS_ERROR : status;
}

enum status rrd_import(const struct options *options)
{
    struct options with_config = *options;
    struct import im = { 0 };
    enum status status = STATUS_ERROR;
    const char *path;
    struct lock lock;

    with_config.wants_config = !options->rrd_directory;
    im.input = input_open(&with_config);
    path = im.input ? rrd_directory_of(options, input_config(im.input)) : NULL;
    im.path = path ? strdup(path) : NULL; /* the configuration may be read again */
    if (im.path && rrd_lock(im.path, &lock)) {
        status = import_all(&im, &with_config);
        lock_free(&lock);
    }
    input_close(im.input);
    free(im.path);
    return status;
}
