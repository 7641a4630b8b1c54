/* The actions of `mailtally rrd`: a file and a row in rrd.c each. The operands of the action are options->files.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_REPORT_RRD_H
#define MAILTALLY_REPORT_RRD_H

#include "../config/config.h"
#include "../config/lock.h"
#include "report.h"

enum status rrd_import(const struct options *options);
enum status rrd_adopt(const struct options *options);
enum status rrd_show(const struct options *options);

/* The directory of --rrd-dir, or of the configuration; NULL, told, when there is neither. */
const char *rrd_directory_of(const struct options *options, const struct config *config);

/* The lock on it, for its owner. False, told, when it cannot be had. */
bool rrd_lock(const char *directory, struct lock *lock);

#endif
