/* Lines of several files in order of time.
 *
 * Files that follow one another (a log and its rotated predecessors) are read one after another; where they overlap in
 * time they are merged line by line by time stamp, the earlier file (where both begin in the same second, the one that
 * was last written to earlier) first among equals. A line without a time goes with the line before it in its file.
 * Files that cannot be read, or break off, are told and do not stop the others.
 * A file is open only while its lines are due: its first lines are looked at, it is closed, and opened again.
 *
 * A merge is owned by one thread. It copies the names; everything handed over lives during the call only, but for the
 * struct parser_source, which lives as long as the merge.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_MERGE_H
#define MAILTALLY_MERGE_H

#include "../parser/parser.h"
#include "window.h"

/* So many files may overlap at one time; more are begun late, and merge_over_cap() counts them. Each costs a
 * descriptor and a reader's buffer. */
#define MERGE_OPEN_MAX 200

struct merge_sink {
    /* header: NULL when nobody has needed it yet (only one file is left); header_found: what header_parse() said */
    void (*line)(void *context, struct parser_source *source, struct span line, const struct header *header,
                 bool header_found);
    void (*overlong)(void *context, struct parser_source *source);
    /* A sentence about a file that cannot be read, or not to its end. */
    void (*trouble)(void *context, const char *sentence);
    void *context;
    /* If it is not NULL, a block of lines, each with its newline, of which nobody needs the headers yet; those above
     * READER_LINE_OCTETS are overlong. source->lines tells how many there were. */
    void (*lines)(void *context, struct parser_source *source, struct span block);
};

struct merge;

struct merge *merge_new(void); /* NULL without memory */
void merge_free(struct merge *merge);

/* Adds a file, "-" for standard input. default_host: of lines that name none. Both are copied. False without memory. */
bool merge_add(struct merge *merge, const char *path, const char *default_host);

/* Of plain files only what this span of time needs is read (window.h). Before merge_run(). */
void merge_set_window(struct merge *merge, const struct window *window);

/* What is compressed is decompressed in threads of their own. Before merge_run(). */
void merge_unpack_ahead(struct merge *merge);

/* Calls `each` for the files that were added, in their order. Before merge_run(). */
void merge_each_file(const struct merge *merge, void (*each)(void *context, const char *path, const char *host),
                     void *context);

/* Reads everything; once. */
void merge_run(struct merge *merge, const struct merge_sink *sink);

/* Which part of the files has been read, from 0 to 1, while merge_run() runs; below 0 where that is unknown (a pipe).
 */
double merge_part(const struct merge *merge);

/* How many files were begun later than their time, because MERGE_OPEN_MAX were open. */
uint64_t merge_over_cap(const struct merge *merge);

#endif
