/* Notifications: a source is down or up again, nothing happens any more or again, something happens too often or no
 * longer, the state is at risk. Each is told once, when it begins and when it ends; the configuration says how long
 * trouble must last.
 *
 * notify.c decides, from a snapshot; the SNMP thread calls it each second. Durations are of the monotonic clock, so
 * that a clock that is set raises no alarm. notify_send.c makes traps of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_NOTIFY_H
#define MAILTALLY_NOTIFY_H

#include "../config/config.h"
#include "mib.h"

enum notification {
    NOTIFY_SOURCE_DOWN,
    NOTIFY_SOURCE_UP,
    NOTIFY_SILENT,
    NOTIFY_SILENT_ENDED,
    NOTIFY_RATE_HIGH,
    NOTIFY_RATE_NORMAL,
    NOTIFY_STATE_AT_RISK,
};

/* What a notification is about. */
struct notify_about {
    enum notification what;
    size_t row;                     /* of the source table; of the host table, or NOTIFY_ALL_HOSTS */
    const struct config_rate *rate; /* of a rate */
};

#define NOTIFY_ALL_HOSTS SIZE_MAX

struct notify;

/* send: false when it could not be sent; then it is tried again. NULL without memory. */
struct notify *notify_new(bool (*send)(void *context, struct mib_view *view, const struct notify_about *about),
                          void *context);
void notify_free(struct notify *notify);

/* The settings from now on; they are copied. Rates begin anew. */
void notify_configure(struct notify *notify, const struct config_notify *settings);

/* Sends what is due at now_ms of the monotonic clock. */
void notify_look(struct notify *notify, struct mib_view *view, int64_t now_ms);

/* Sends a trap through snmpd, or by an embedded agent itself, to the sinks that are configured there. False when there
 * is no link. context: not used. */
bool notify_send(void *context, struct mib_view *view, const struct notify_about *about);

#endif
