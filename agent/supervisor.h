/* What the service manager is told of the daemon: sd_notify(3), for systemd's Type=notify with a watchdog.
 *
 * The watchdog hears of us only while both threads turn: the SNMP thread, because it is the one that calls here, and
 * the ingest thread, because its turns are counted (ingest_beats). One that hangs is not heard of, and systemd starts
 * the daemon anew.
 *
 * The SNMP thread's own. Without libsystemd, and where nobody set NOTIFY_SOCKET, nothing is told.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SUPERVISOR_H
#define MAILTALLY_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "snapshot.h"

struct supervisor {
    bool ready, reloading, warned;
    int64_t period_ms; /* between two signs of life: half of what systemd waits; 0: it does not wait for any */
    int64_t sign_ms;   /* when the last one was due, */
    uint64_t beats;    /* and the turns of the ingest thread by then */
    int64_t said_ms;
    char said[AGENT_TEXT_OCTETS]; /* the last STATUS */
};

void supervisor_begin(struct supervisor *supervisor);

/* The configuration is about to be read again. */
void supervisor_reloads(struct supervisor *supervisor);

/* Each turn of the SNMP thread. beats: the turns of the ingest thread; the first one means that reading has begun, and
 * that the daemon is ready. reloaded: no configuration waits to be used. text: how the daemon is, in one sentence. */
void supervisor_look(struct supervisor *supervisor, uint64_t beats, bool reloaded, const char *text, int64_t now_ms);

void supervisor_ends(void);

#endif
