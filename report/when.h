/* A point in time as people give it to --since and --until.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_WHEN_H
#define MAILTALLY_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* How the forms are called in help and messages. */
#define WHEN_FORMS "2026-11-21, 2026-11-21T03:47[:01][Z|+01:00], today, yesterday, now, 90m, 12h or 7d (ago), @EPOCH"

/* Seconds since 1970. Without a zone it is local time; a day means its beginning. False when it is none of the forms,
 * or no date that exists. */
bool when_parse(const char *text, int64_t now, int64_t *time);

#endif
