/* The daemon from its options to its end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_DAEMON_H
#define MAILTALLY_DAEMON_H

#include "options.h"

enum { EXIT_ENDED = 0, EXIT_TROUBLE = 1, EXIT_SECOND = 2 };

/* Does what the options ask for; returns the exit status. Once per process. */
int daemon_do(struct options *options);

#endif
