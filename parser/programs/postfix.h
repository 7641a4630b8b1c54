/* What the two halves of the Postfix recogniser share.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_POSTFIX_H
#define MAILTALLY_POSTFIX_H

#include "../recogniser.h"

/* `4Yb3Q15Z0Xz3Gq1: ` or `08ACF1541B01: `. Words like `warning: ` have the shape of a long queue id, but for their
 * vowels, which long ids leave out; short ids are upper case. */
bool postfix_take_queue_id(const struct line *line, struct span *s, struct span *id);

/* `reject: RCPT from ..`, `milter-hold: ..`, `discard: ..` and the like behind a queue id or NOQUEUE (then id is
 * empty). */
bool postfix_access_action(const struct line *line, struct span id, struct span rest, struct events *events);

/* A line that begins with `warning: `. */
bool postfix_warning(const struct line *line, struct events *events);

/* A line of no event: diagnostics, TLS, tables, SASL, -v. To be asked last. */
bool postfix_is_talk(struct span message);

/* A line that says these words, with or without a word for the peer's certificate in front. */
bool postfix_is_tls_line(struct span message, struct span words);

/* The services: those that talk to clients, */
recognise_fn postfix_smtpd, postfix_postscreen;
/* those of the queue, */
recognise_fn postfix_pickup, postfix_cleanup, postfix_qmgr, postfix_postsuper;
/* the delivery agents, */
recognise_fn postfix_smtp, postfix_lmtp, postfix_pipe, postfix_local, postfix_discard;
/* and those of which no line counts. */
recognise_fn postfix_silent;

#endif
