/* The names of syslog's facilities (RFC 5424, section 6.2.1; syslog.conf(5)).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FACILITY_H
#define MAILTALLY_FACILITY_H

#include "span.h"

/* 0 to 23 of a name (mail, local0) or a number; -1: there is no such facility. */
int facility_number(struct span name);

#endif
