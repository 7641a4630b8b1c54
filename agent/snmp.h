/* The SNMP thread: all calls of Net-SNMP but logging's are made from here, by one thread.
 *
 *     snmp_begin -> snmp_turn ... -> snmp_end
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SNMP_H
#define MAILTALLY_SNMP_H

#include "../config/config.h"
#include "mib.h"
#include "options.h"

#define AGENT_NAME CONFIG_TYPE

/* Before all others: what must be so before Net-SNMP is asked for anything. */
void snmp_prepare(void);

/* Reads our own tokens only, silently: for what must be known early. NULL without memory. */
struct config *snmp_first_look(const struct options *options, unsigned *errors);

/* Begins to answer for the agent's and the sources' groups. In the role of a subagent this user connects, so he must be
 * the final one; an embedded agent listens first and then calls process_become(). state_directory is for the embedded
 * role. Returns the configuration; NULL, told, when the agent cannot run, or only checks (options->task). */
struct config *snmp_begin(const struct options *options, const char *state_directory, struct mib_view *view);

/* The counters are complete: answers for them from now on. */
void snmp_show_counters(struct mib_view *view);

/* Waits at most a second for a request or for wake_fd, and answers. */
void snmp_turn(struct snapshots *snapshots, struct mib_view *view, int wake_fd);

/* Reads the configuration again; NULL, told, when it is wrong. */
struct config *snmp_read_again(const struct options *options);

void snmp_end(void);

/* Option -H. */
void snmp_list_tokens(const struct options *options);

#endif
