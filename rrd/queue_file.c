/* What waits in the queues.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue_file.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "directory.h"

static bool write_values(const char *path, int64_t time, const uint64_t values[RRD_QUEUE_SOURCES], char *error)
{
    char text[24 + RRD_QUEUE_SOURCES * 21];
    const char *list[] = { text };
    int64_t last = 0;
    bool as_ours;
    int n;

    switch (rrd_file_look(path, RRD_QUEUE, &last, &as_ours, error)) {
    case RRD_FILE_GOOD:
        break;
    case RRD_FILE_MISSING:
        if (!rrd_file_create(path, RRD_QUEUE, time - RRD_STEP_S, error))
            return false;
        break;
    case RRD_FILE_BAD:
        return false;
    }
    if (last >= time)
        return true;
    n = snprintf(text, sizeof text, "%" PRId64, time);
    for (unsigned i = 0; i < RRD_QUEUE_SOURCES; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, ":%" PRIu64, values[i]);
    return rrd_file_update(path, RRD_QUEUE, list, 1, error);
}

bool rrd_queue_write(const char *directory, int64_t time, const uint64_t values[RRD_QUEUE_SOURCES], char *error)
{
    char path[PATH_MAX], why[RRD_ERROR_OCTETS] = "the path is too long";

    if (rrd_path(path, sizeof path, directory, NULL, RRD_QUEUE) && write_values(path, time, values, why))
        return true;
    snprintf(error, RRD_ERROR_OCTETS, "%.150s: %.240s", path, why);
    return false;
}
