/* rrdcached, which writes many updates of a file at once.
 *
 * librrd keeps one connection for the whole process, so there is one of these. It is made when it is needed and again
 * after it was lost. One thread. Errors are sentences in `error` of RRD_ERROR_OCTETS.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_CACHED_H
#define MAILTALLY_RRD_CACHED_H

#include <stdbool.h>

/* What librrd sends in one command has 4096 octets, the path and all values. */
#define CACHED_VALUES_OCTETS 2600

struct cached;

struct cached *cached_new(const char *address); /* NULL without memory */
void cached_free(struct cached *cached);

/* What waits for the file is written before this returns. */
bool cached_flush(struct cached *cached, const char *path);

bool cached_update(struct cached *cached, const char *path, const char *const *values, int n, char *error);

#endif
