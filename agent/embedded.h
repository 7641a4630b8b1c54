/* The agent of our own (option -E): no snmpd, no AgentX. It answers for our subtree, the system group and what SNMPv3
 * needs, and reads snmpd's tokens (rocommunity, createUser, rouser, view, agentAddress ...) from mailtallyd.conf.
 *
 * The SNMP thread's own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_EMBEDDED_H
#define MAILTALLY_EMBEDDED_H

#include <stdbool.h>
#include <sys/types.h>

/* Where Net-SNMP keeps what must outlive it, SNMPv3's engine boots: in the state directory. Before init_snmp(). False,
 * told, when the directory cannot be made; a disk that is full or read-only is told only. */
bool embedded_keep_state(const char *state_directory, bool no_usual_files, uid_t uid, gid_t gid);

/* After init_agent(): the parts of Net-SNMP's agent that are wanted. */
void embedded_modules(void);

/* After the configuration was read, each time: who may ask, when it does not say so. */
void embedded_default_access(void);

/* After init_snmp(): listens. False, told, when it cannot. */
bool embedded_listen(const char *addresses);

#endif
