/* What an RRD file was before an update, so that a process that is killed in the middle of one does no harm: librrd
 * changes a file in place, and half an update would be counted twice or not at all.
 *
 * One file in the RRD directory holds a copy of the file that is being changed, with the time of the update. It is not
 * synchronised: after a kill the kernel has all that was written. After a power cut it is used only when it is whole
 * and the file is not newer.
 *
 * One thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_RRD_UNDO_H
#define MAILTALLY_RRD_UNDO_H

#include <stdbool.h>
#include <stdint.h>

struct undo;

/* NULL without memory. */
struct undo *undo_new(const char *directory);
void undo_free(struct undo *undo);

/* Puts a file back whose update was not ended. Before anything else looks at the files. */
void undo_recover(struct undo *undo);

/* Around an update of `path`, which is below the directory, to the time `upto`. False, with errno, when there can be no
 * copy: then do not update. */
bool undo_begin(struct undo *undo, const char *path, int64_t upto);
void undo_end(struct undo *undo);

#endif
