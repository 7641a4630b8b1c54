/* The state in words, for moving to another host and for whoever wants to see it: four columns separated by tabs, one
 * fact a line, in a fixed order.
 *
 *     mailtally  state                form           1
 *     agent      -                    discontinuity  2026-11-21T03:47:01Z
 *     total      -                    received       12
 *     host       mx1.example.org      received       12
 *     reject     dnsbl                permanent      3         deferral and zone likewise
 *     delay      sent                 60             11        so many took at most 60 s
 *     source     /var/log/mail.log    position       0a0b..    a position; only files, directories and the journal
 *     note       /var/log/mail.log    lines          100       for the reader; not taken back
 *     end        -                    rows           200
 *
 * A name's octets that are no printable ASCII, and backslashes, are written \xHH. Messages under way are not in it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_STATE_TEXT_H
#define MAILTALLY_STATE_TEXT_H

#include <stdio.h>

#include "state.h"

/* Of a state that was read. False when it cannot be written: errno. */
bool state_text_write(const struct state *state, FILE *out);

/* Adds what the text has to a new state. False with a sentence that names the line; the state is then to be thrown
 * away. */
bool state_text_read(struct state *state, FILE *in, char *error);

#endif
