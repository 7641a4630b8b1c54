/* Names in directories, kept while a directory has not changed: a log host has thousands of logs in one, and after a
 * stop each of them looks for its rotated files.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_LISTING_H
#define MAILTALLY_LISTING_H

#include "../parser/span.h"

/* Names that are kept; of a directory with more the rest is not seen. */
#define LISTING_NAMES_CAP 200000

struct listings;

struct listings *listings_new(void); /* NULL without memory */
void listings_free(struct listings *listings);

/* Calls `each` for the names that begin with `prefix`, in no order. False with errno when the directory cannot be read.
 */
bool listing_each(struct listings *listings, const char *directory, struct span prefix,
                  void (*each)(void *context, const char *name), void *context);

/* What is kept does not fit what is there. */
void listing_forget(struct listings *listings);

#endif
