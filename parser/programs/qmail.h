/* What the files of qmail's recogniser share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PROGRAMS_QMAIL_H
#define MAILTALLY_PROGRAMS_QMAIL_H

#include "../recogniser.h"

/* A line of a program that listens in front of qmail-queue. `program` is its tag; empty where the line begins with it,
 * as multilog and splogger have it. */
bool qmail_smtpd(const struct line *line, struct span program, struct span rest, struct events *events);

/* Lines behind splogger's stamp, whatever their tag: `splogger smtpd` is what qmail's handbooks start. */
bool qmail_behind_splogger(const struct line *line, struct events *events);

/* simscan's lines, behind `simscan:[`. */
bool qmail_simscan(const struct line *line, struct span rest, struct events *events);

#endif
