/* Names of hosts as names of directories and back.
 *
 * Letters, digits, `_`, `-` and a dot that is not the first octet stand as they are, every other octet as %XX; the
 * empty name is `%`. So two hosts never share a directory, no name leads out of it, and none is hidden.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_NAME_H
#define MAILTALLY_RRD_NAME_H

#include "../parser/span.h"

#define RRD_DIRECTORY_OCTETS (3 * 64 + 1)

/* False when it does not fit. */
bool rrd_name_directory(struct span host, char *directory, size_t octets);

/* False when rrd_name_directory() makes no such name, or it does not fit. */
bool rrd_name_host(const char *directory, char *host, size_t octets);

#endif
