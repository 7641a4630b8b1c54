/* Lines of one file, archive or pipe, from its beginning to its end.
 *
 * read(2) into one buffer of READER_BUFFER_OCTETS, the same path for plain files, pipes and what libarchive
 * decompresses (gzip, bzip2, xz, zstd: found by content, not by name). A live log is never mapped.
 * A line longer than READER_LINE_OCTETS is skipped and reported as such. One thread per reader.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_READER_H
#define MAILTALLY_READER_H

#include <sys/types.h>

#include "../parser/span.h"

#define READER_BUFFER_OCTETS (256 * 1024)
#define READER_LINE_OCTETS   (64 * 1024)

enum reader_result {
    READER_LINE,     /* *line holds the next line without its newline; it lives until the next call */
    READER_OVERLONG, /* a line above the cap was skipped */
    READER_END,
    READER_ERROR, /* reader_error() says what happened; lines before it were good */
};

struct reader;

/* "-" is standard input. NULL when it cannot be opened: then `error` (of error_octets) holds a sentence that names
 * the file, the reason and, where there is one, what to do. A directory is refused. */
struct reader *reader_open(const char *path, char *error, size_t error_octets);
void reader_close(struct reader *reader);

enum reader_result reader_next(struct reader *reader, struct span *line);

/* Before the first line: only what lies between these offsets is read. Of a regular file that is not compressed, both
 * at the beginning of a line (window.h). False when it cannot be positioned: then nothing has changed. */
bool reader_limit(struct reader *reader, off_t begin, off_t end);

/* Before the first line: what is compressed is decompressed in a thread of its own. */
void reader_unpack_ahead(struct reader *reader);

/* How far in the file it has read, compressed octets where it is compressed; 0 where there is no telling. */
uint64_t reader_position(const struct reader *reader);

/* For window_find(). */
int reader_descriptor(const struct reader *reader);

/* All whole lines that need no more reading, with their newlines; they live until the next call. Empty: reader_next()
 * must be called. `taken`: how many lines the block of the last call had, for the reader's sentences. Lines above the
 * cap are among them. */
struct span reader_lines(struct reader *reader, uint64_t taken);
const char *reader_error(const struct reader *reader);

/* Modification time in seconds since 1970, for the year of stamps without one; now for standard input. */
int64_t reader_reference_time(const struct reader *reader);

#endif
