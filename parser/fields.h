/* What lines of many mail programs share: lists of key=value, SMTP codes, delays, queue ids.
 *
 * All take a cursor (span.h) and advance it on success only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FIELDS_H
#define MAILTALLY_FIELDS_H

#include "event.h"

/* One `key=value` and the separator behind it (with the spaces that follow). A value in <...> is taken whole, whatever
 * it holds, and given without the brackets; any other ends at the separator. */
bool fields_next(struct span *list, char separator, struct span *key, struct span *value);

/* The same of a value alone, where the caller took the key. */
void fields_value(struct span *list, char separator, struct span *value);

/* `550 5.7.1 text`, `5.7.1 text` or `550 text`: consumes the codes that are there and a blank behind each. False when
 * there is neither. */
bool fields_take_codes(struct span *s, uint16_t *code, struct span *enhanced);

/* `5.7.1`: class 2, 4 or 5, up to three digits each. */
bool fields_take_enhanced(struct span *s, struct span *enhanced);

/* Seconds with or without a fraction, in milliseconds; -1 where it is no number. */
int64_t fields_seconds_ms(struct span value);

/* `1d2h3m4s`, `3.456s` in milliseconds; -1 where it is none. */
int64_t fields_duration_ms(struct span value);

/* `name[address]` or `[address]:port`, up to the blank, comma, colon or semicolon behind it. */
bool fields_take_client(struct span *s, struct span *client);

/* The id that the next hop gave the message, in the words of Postfix (`queued as ID`), Exim (`OK id=ID`) and Sendmail
 * (`ID Message accepted for delivery`), at the end of its reply. Exim's ids have dashes: they are no ids of ours here.
 */
struct span fields_id_in_reply(struct span text);

/* Makes `e` a refusal by what its codes say: counter, reason, zone. Without a code it is permanent: a content check or
 * a milter refused. `text` is what follows the codes. warned: the refusal was only warned about. */
void fields_classify_refusal(struct event *e, struct span text, bool warned);

#endif
