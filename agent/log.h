/* Messages of the daemon. Only the SNMP thread may call Net-SNMP's logging, so messages of other threads wait in a
 * queue until that thread writes them; a full queue loses messages and says how many.
 *
 * Control characters are replaced: names of files and of hosts must not drive a terminal.
 * What Net-SNMP itself says only in numbers is explained in words.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_LOG_H
#define MAILTALLY_LOG_H

#include <stdbool.h>
#include <syslog.h> /* LOG_ERR and so on */

/* The calling thread becomes the one that writes. wake_fd, an eventfd, is written to when messages wait. */
void log_start(int wake_fd);

/* Until then errors go to standard error as well: whoever starts a daemon by hand does not look into syslog. */
void log_running(void);

/* Any thread. One sentence, without a newline. */
void log_message(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The SNMP thread: writes what waits. */
void log_drain(void);

/* Sees all that is logged through Net-SNMP: explains, and counts for -T. Once, after the log was opened. */
void log_watch(void);
/* While it is set nothing at all is written or counted: for a first look at the configuration, which is read again. */
void log_mute(bool mute);
/* Errors and warnings since log_watch(), without Net-SNMP's own summary of them. */
unsigned log_complaints(void);
/* How often snmpd has refused to register OIDs, which the library tells the log alone. */
unsigned log_refusals(void);

#endif
