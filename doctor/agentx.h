/* A question to snmpd's AgentX socket: is this subtree registered? A subagent cannot ask, but may try to register it:
 * what somebody has already, with the same priority, is refused as a duplicate (RFC 2741, 7.1.4). What is not refused
 * is given back at once by closing the session.
 *
 * No state; waits three seconds at most.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_AGENTX_H
#define MAILTALLY_AGENTX_H

#include <stddef.h>
#include <stdint.h>

enum agentx_answer {
    AGENTX_REGISTERED,
    AGENTX_FREE,
    AGENTX_REFUSED,   /* for another reason */
    AGENTX_SILENT,    /* somebody listens, but does not answer */
    AGENTX_NO_SOCKET, /* errno of connect(2) in *why: */
    AGENTX_NO_LISTENER,
    AGENTX_CLOSED, /* to this process */
};

enum agentx_answer agentx_ask(const char *socket_path, const uint32_t *subtree, size_t arcs);

#endif
