/* Which sources are to be read: those of the configuration, looked for again and again since a glob may fit new files.
 *
 * The ingest thread's own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_WANTED_H
#define MAILTALLY_WANTED_H

#include "../config/config.h"
#include "state.h"

/* Adds what is configured and not there yet, to the state's set and to the status; with what the state knows of it.
 * machine: the host of lines that name none. Nothing is taken away: a file that is not there now may be in the middle
 * of a rotation. */
void wanted_look(const struct config *config, struct state *state, struct status *status, const char *machine);

/* A source that is no longer configured stays in the set. A file rests, and goes on where it was when it comes back;
 * other kinds are read on, and their lines are dropped. Call before wanted_look(). */
void wanted_drop(const struct config *config, struct status *status);

#endif
