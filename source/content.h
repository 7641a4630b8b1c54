/* The octets of one log file at any offset, plain or compressed, whatever becomes of its name.
 *
 * A plain file is read with pread(2). A compressed one (a rotated log; found by content) is a stream: what stands
 * behind the offset asked last is kept, an offset further on is unpacked up to, an earlier one begins anew. Owned and
 * called by one thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_CONTENT_H
#define MAILTALLY_CONTENT_H

#include <sys/stat.h>
#include <sys/types.h>

#include "../parser/span.h"

/* content_read(): the offset is not reached yet; ask again. A call unpacks so much at most. */
#define CONTENT_UNDERWAY      (-2)
#define CONTENT_UNPACK_OCTETS (4 * 1024 * 1024)

struct content;

/* Opens a regular file without waiting (a pipe of this name must not stop anybody). compressed: look for compression.
 * NULL with errno; EINVAL: not a regular file. *status is filled in. */
struct content *content_open(const char *path, bool compressed, struct stat *status);
void content_close(struct content *content);

int content_descriptor(const struct content *content);
bool content_is_compressed(const struct content *content);

/* As pread(2), but CONTENT_UNDERWAY; less than `octets` only at the end. -1: content_error() says why. Of a compressed
 * file at most READER_BUFFER_OCTETS are asked for. */
ssize_t content_read(struct content *content, char *into, size_t octets, uint64_t offset);
/* A compressed one is damaged, or cut off, behind what was read. */
bool content_breaks_off(const struct content *content);
const char *content_error(const struct content *content);

/* Octets of the file that were not read from it yet; compressed ones count as they are. */
uint64_t content_left(const struct content *content, uint64_t size, uint64_t offset);

#endif
