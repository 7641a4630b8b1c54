/* Answers to rsyslog's omprog with confirmMessages="on": the sender of standard input waits on standard output.
 *
 *   what comes                              what is answered, each on a line
 *   nothing yet: the program has started    OK
 *   a message                               OK, when the state that holds it is saved
 *   BEGIN TRANSACTION                       OK
 *   a message in a transaction              DEFER_COMMIT, then, too
 *   COMMIT TRANSACTION                      OK
 *
 * (plugins/external/INTERFACE.md and plugins/omprog/omprog.c of rsyslog 8.31 and later.) A message in a transaction
 * could be deferred at once, and be saved with the commit; but when the program dies in between, rsyslog before 8.2508
 * sends only the last one again (rsyslog issue 2420), and the others would be lost. While the state cannot be saved a
 * dot is written every other second, so that rsyslog waits on and does not start a second daemon; an error for an
 * answer would make it send again what is already counted.
 *
 * What rsyslog got no answer to it sends again to the next process. So the saved state also holds the hashes of the
 * messages whose answer it may not have read, and those are not counted again when they come first after a start.
 *
 * Owned and called by one thread; never blocks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_CONFIRM_H
#define MAILTALLY_CONFIRM_H

#include "../parser/span.h"
#include "../parser/store.h"

struct confirm;

/* Answers to `fd`, which stays the caller's. NULL without memory. */
struct confirm *confirm_new(int fd);
void confirm_free(struct confirm *confirm);

/* A line that begins or ends a transaction and is no log line, whether it is answered or not. */
bool confirm_is_mark(struct span line);

/* A whole line came. True: it does not count: it is such a mark, or the saved state has it already. */
bool confirm_takes(struct confirm *confirm, struct span line);

/* The state is being saved; it is safely on disk. */
void confirm_saving(struct confirm *confirm);
void confirm_saved(struct confirm *confirm);
bool confirm_waits(const struct confirm *confirm); /* an answer waits for that */

/* Writes what may be answered now. False when the sender does not read: it has gone, or it wants no answers. */
bool confirm_write(struct confirm *confirm, int64_t now_ms);

void confirm_save(const struct confirm *confirm, struct store *store);
bool confirm_load(struct confirm *confirm, struct load *load);

#endif
