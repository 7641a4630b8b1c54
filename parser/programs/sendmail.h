/* What the files of Sendmail's recogniser share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PROGRAMS_SENDMAIL_H
#define MAILTALLY_PROGRAMS_SENDMAIL_H

#include "../recogniser.h"

/* What follows the last occurrence of `key` (`, relay=`), to the line's end; empty when it is not there. */
struct span sendmail_last_field(struct span text, struct span key);

/* `mx.example [192.0.2.1]` of `mx.example [192.0.2.1] (may be forged), ..`; empty for a local user, who has none. */
struct span sendmail_client(struct span relay);

/* Consumes `mx.example [192.0.2.1] (may be forged)`, as lines about a client begin. */
bool sendmail_take_client(struct span *s, struct span *client);

/* A line about something refused, discarded or quarantined by a ruleset or milter, or refused by the server itself.
 * `rest` is what follows the id, which is empty where the line has none. */
bool sendmail_refusal(const struct line *line, struct span id, struct span rest, struct events *events);

#endif
