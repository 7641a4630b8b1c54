/* What a compressed log holds: gzip, bzip2, xz or zstd through libarchive.
 *
 * Internal to the reader. Only the one filter of the file's magic is switched on: "all" would also run external
 * programs and unpack archives inside archives, which whoever writes the log could make use of. Of a file that was cut
 * off, libarchive drops the block (64 KiB or less) in which the cut is. The input is what the caller has read
 * already plus the rest of its descriptor, so that a pipe needs no seeking. Owned and called by one thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_UNPACK_H
#define MAILTALLY_UNPACK_H

#include <sys/types.h>

#include "../parser/span.h"

#define UNPACK_MAGIC_OCTETS 6

enum unpack_format { UNPACK_PLAIN, UNPACK_UNDECIDED, UNPACK_COMPRESSED };

/* By the first octets of a file. Undecided only when fewer than UNPACK_MAGIC_OCTETS are given and they fit one. */
enum unpack_format unpack_format_of(struct span first);

struct unpack;

/* `first` must live until unpack_free(); `fd` stays the caller's. NULL without memory. */
struct unpack *unpack_new(int fd, struct span first);
void unpack_free(struct unpack *unpack);

/* As read(2): 0 at the end, -1 with unpack_error() when the data is damaged, cut off, or cannot be read. */
ssize_t unpack_read(struct unpack *unpack, char *into, size_t octets);
const char *unpack_error(const struct unpack *unpack);

/* read(2) that goes on after signals, and waits where the descriptor was made non-blocking by somebody else. */
ssize_t read_fully_awake(int fd, char *into, size_t octets);

#endif
