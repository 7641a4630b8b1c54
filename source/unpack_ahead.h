/* Decompressing in a thread of its own, some blocks ahead of who reads them.
 *
 * It owns the struct unpack from unpack_ahead_new() on. Called by one thread; errors come back where their octets
 * would.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_UNPACK_AHEAD_H
#define MAILTALLY_UNPACK_AHEAD_H

#include "unpack.h"

struct unpack_ahead; /* opaque */

/* NULL when there is no thread to be had; then `unpack` is still the caller's. */
struct unpack_ahead *unpack_ahead_new(struct unpack *unpack);

/* Waits for the block that is being decompressed. */
void unpack_ahead_free(struct unpack_ahead *ahead);

/* As unpack_read() and unpack_error(). */
ssize_t unpack_ahead_read(struct unpack_ahead *ahead, char *into, size_t octets);
const char *unpack_ahead_error(const struct unpack_ahead *ahead);

#endif
