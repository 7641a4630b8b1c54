/* DIR/mailtally_queue.rrd: what waits in all queues together, as often as they are read. Gauges: a time at which they
 * were not read is unknown. Without rrdcached: it is one file.
 *
 * The thread that writes the directory's other files.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_QUEUE_FILE_H
#define MAILTALLY_RRD_QUEUE_FILE_H

#include "file.h"

/* The values at a time (seconds since 1970), by enum rrd_queue_source. A file that is there already has nothing older
 * than its last update. False, with a sentence that begins with the path, in `error` of RRD_ERROR_OCTETS. */
bool rrd_queue_write(const char *directory, int64_t time, const uint64_t values[RRD_QUEUE_SOURCES], char *error);

#endif
