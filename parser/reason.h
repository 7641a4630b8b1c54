/* From the text of a refusal or deferral to its reason.
 *
 * What decides, in this order: the MTA's own words (refusal_words.c, deferral_words.c), then the enhanced code. Text
 * that a client or a remote server chose is in there too: what stands in <...> and [...] is skipped, so an address
 * cannot choose a reason.
 * Pure; no allocation.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_REASON_H
#define MAILTALLY_REASON_H

#include "event.h"

/* Why a client's command was refused. code: SMTP reply code or 0; enhanced: 5.7.1 or empty; text: what follows the
 * codes in the MTA's line, up to but without its own fields (; from=<..> to=<..>).
 * *zone becomes the DNS blocklist's zone where there is one, else empty. Never REFUSAL_NONE. */
enum refusal_reason refusal_reason_of(uint16_t code, struct span enhanced, struct span text, struct span *zone);

/* Why a delivery was put off. dsn: 4.4.1 or empty; text: what stands in the parentheses behind status=deferred, or the
 * like. Never DEFERRAL_NONE. */
enum deferral_reason deferral_reason_of(struct span dsn, struct span text);

#endif
