/* What usually goes wrong with mailtally, and what mends it: from a configuration and the machine as it is to a list of
 * findings.
 *
 *     doctor_new -> doctor_examine -> doctor_findings, doctor_unchecked -> doctor_free
 *
 * Nothing is changed: the commands are for the administrator to run. One of them does ask snmpd's AgentX socket whether
 * the subtree is registered, by registering it for a moment (agentx.h). One thread. Net-SNMP must be initialised:
 * config_read_quietly() has done that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_DOCTOR_H
#define MAILTALLY_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All strings are the caller's and outlive the doctor; NULL: found out. */
struct doctor_wishes {
    const char *config_file;  /* of the daemon */
    const char *user;         /* that the daemon runs as, or shall */
    const char *snmp_address; /* of snmpd; default udp:127.0.0.1:161 */
    const char *community;    /* default public */
    const char *agentx;       /* snmpd's AgentX socket */
};

struct finding {
    const char *id; /* a word for scripts; never changed */
    char *what;     /* one sentence, without a stop */
    char *command;  /* for a shell, of root; "" where there is none that could be known */
    bool mends;     /* or the command only shows more */
};

struct doctor;

/* NULL without memory. */
struct doctor *doctor_new(const struct doctor_wishes *wishes);
void doctor_free(struct doctor *doctor);

/* False: it lies on a file system that does not answer. That is among the findings then. */
bool doctor_reaches_config(struct doctor *doctor);

/* Looks at everything. False when the configuration could not be read at all; that is among the findings. */
bool doctor_examine(struct doctor *doctor);

/* In the order in which they should be mended. */
const struct finding *doctor_findings(const struct doctor *doctor, size_t *n);

/* What could not be looked at, and why: sentences. */
char *const *doctor_unchecked(const struct doctor *doctor, size_t *n);

#endif
