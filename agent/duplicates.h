/* Whether two sources bring the same lines: Debian's rsyslog, for one, writes mail to mail.log and to syslog, and who
 * follows both counts all mail twice.
 *
 * The evidence is the lines themselves: one with the same time, host, process and text, from two sources, one soon
 * after the other. Some lines in sixteen are remembered by their hash, by the last thousands of them. Two logs of one
 * host with different programs in them have no such lines.
 *
 * Owned and called by one thread; no clock of its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_DUPLICATES_H
#define MAILTALLY_DUPLICATES_H

#include "../parser/span.h"

#define DUPLICATES_ENOUGH 10            /* lines of a pair of sources, */
#define DUPLICATES_FOR_MS (3600 * 1000) /* the last of them not longer ago: it is told */

struct duplicates;

/* NULL without memory. */
struct duplicates *duplicates_new(uint64_t seed);
void duplicates_free(struct duplicates *duplicates);

/* A line of a source; both indices below UINT32_MAX. */
void duplicates_line(struct duplicates *duplicates, size_t source, struct span line, int64_t now_ms);

/* Two sources with the same lines, the lower index first: false when there is no such pair now. */
bool duplicates_found(const struct duplicates *duplicates, int64_t now_ms, size_t *one, size_t *other);

/* Forgets all: the sources are others now. */
void duplicates_forget(struct duplicates *duplicates);

#endif
