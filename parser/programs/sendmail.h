/* What the files of Sendmail's recogniser share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_PROGRAMS_SENDMAIL_H
#define MAILTALLY_PROGRAMS_SENDMAIL_H

#include "../recogniser.h"

/* Consumes what stands up to ", " or the end, and the ", ". */
static inline struct span sendmail_take_part(struct span *s)
{
    const char *end = s->p + s->n, *comma = span_chr(*s, ',');
    struct span part = *s;

    while (comma && (comma + 1 == end || comma[1] != ' '))
        comma = span_chr(span_from(comma + 1, end), ',');
    *s = comma ? span_from(comma + 2, end) : span_skip(*s, s->n);
    return comma ? span_from(part.p, comma) : part;
}

/* What stands behind `key=`. An address in <...> is taken whole, whatever it holds; what follows it up to the separator
 * (`ctladdr=<a@b> (1000/1000)`) is dropped. */
static inline struct span sendmail_take_value(struct span *s)
{
    struct span value;

    if (s->n == 0 || s->p[0] != '<' || !span_take_bracketed(s, &value))
        return sendmail_take_part(s);
    sendmail_take_part(s);
    return value;
}

/* `key=value`, separated by ", ". */
static inline bool sendmail_take_field(struct span *s, struct span *key, struct span *value)
{
    const char *end = s->p + s->n, *equals = span_chr_either(*s, '=', ' ');

    if (!equals || *equals == ' ')
        return false;
    *key = span_from(s->p, equals);
    *s = span_from(equals + 1, end);
    *value = sendmail_take_value(s);
    return true;
}

/* The same for a key that is awaited here, `size=`: to compare it costs less than to find where it ends. */
static inline bool sendmail_take_named(struct span *s, struct span key, struct span *value)
{
    if (!span_take(s, key))
        return false;
    *value = sendmail_take_value(s);
    return true;
}

/* `u31FFPtp032300: ` or `AA12345: `: letters and at least one digit, so that `Milter: ` and `collect: ` are none. */
bool sendmail_take_id(struct span *s, struct span *id);

/* An event of which nothing but the id is known. */
bool sendmail_put(const struct line *line, struct events *events, enum event_kind kind, struct span id);

/* What follows the last occurrence of `key` (`, relay=`), to the line's end; empty when it is not there. */
struct span sendmail_last_field(struct span text, struct span key);

/* `mx.example [192.0.2.1]` of `mx.example [192.0.2.1] (may be forged), ..`; empty for a local user, who has none. */
struct span sendmail_client(struct span relay);

/* Consumes `mx.example [192.0.2.1] (may be forged)`, as lines about a client begin. */
bool sendmail_take_client(struct span *s, struct span *client);

/* `to=`, and what follows it. */
bool sendmail_delivery(const struct line *line, struct span id, struct span rest, struct events *events);

/* `Cannot send message for 5 days`. */
bool sendmail_is_expiry(struct span text);

/* A line about something refused, discarded or quarantined by a ruleset or milter, or refused by the server itself.
 * `rest` is what follows the id, which is empty where the line has none. */
bool sendmail_refusal(const struct line *line, struct span id, struct span rest, struct events *events);

#endif
