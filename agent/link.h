/* The link to snmpd. Net-SNMP makes it and makes it again when it breaks, but tells nobody why it cannot: that is said
 * here, in words that help, once for each reason.
 *
 * The SNMP thread's own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_LINK_H
#define MAILTALLY_LINK_H

#include <stdbool.h>
#include <stddef.h>

/* Seconds between two attempts, and between two looks whether snmpd is still there. */
#define LINK_PING_S 2

/* Before init_agent(): timeouts of the session, and news of it. */
void link_prepare(void);

/* Now and then: says why there is no link when there is none. */
void link_look(void);

/* Whether what is sent arrives at snmpd; always so for an agent of its own. */
bool link_is_up(void);

/* Why the AgentX socket `address` cannot be used and what to do, as a sentence. True when somebody listens there: then
 * the next attempt may well succeed. */
bool link_diagnose(const char *address, char *sentence, size_t octets);

#endif
