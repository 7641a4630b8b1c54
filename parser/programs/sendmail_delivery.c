/* Sendmail: the lines of deliveries. The table of what they become stands in sendmail.c.
 *
 * Source of the formats: Sendmail's deliver.c (logdelivery, giveresponse).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sendmail.h"

#include "../fields.h"
#include "../reason.h"

/* ---- fields ---- */

/* One recipient: an address in brackets, or a word, a path or a command in which quotes guard commas. */
static struct span take_recipient(struct span *s)
{
    struct span rest = *s, inside;
    size_t limit = rest.n < SPAN_BRACKETED_OCTETS ? rest.n : SPAN_BRACKETED_OCTETS;
    bool quoted = false;
    size_t n = 0;

    if (rest.n && rest.p[0] == '<' && span_take_bracketed(&rest, &inside)) {
        *s = span_words(rest);
        return span_words(inside);
    }
    for (; n < limit && (quoted || rest.p[n] != ','); n++) {
        if (rest.p[n] == '"')
            quoted = !quoted;
        else if (rest.p[n] == '\\' && quoted && n + 1 < rest.n)
            n++;
    }
    if (quoted || n == limit) { /* quotes that do not come out even guard nothing */
        const char *comma = span_chr(rest, ',');

        n = comma ? (size_t)(comma - rest.p) : rest.n;
    }
    *s = span_skip(rest, n);
    return span_first(rest, n);
}

/* `<a>,<b>, `: how many, and the first. A list that is too long for one line goes on in the next: `<a>,<b>, [more], `.
 */
static bool take_recipients(struct span *s, uint64_t *count, struct span *first)
{
    struct span rest = *s, to;

    for (*count = 0;;) {
        to = take_recipient(&rest);
        if ((*count)++ == 0)
            *first = to;
        if (!span_take_char(&rest, ','))
            return false;
        if (span_take_char(&rest, ' '))
            break;
    }
    span_take_literal(&rest, "[more], ");
    *s = rest;
    return true;
}

static int two_digits(const char *p)
{
    return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

/* `HH:MM:SS`, or `D+HH:MM:SS`. */
static int64_t delay_ms_of(struct span value)
{
    struct span rest = value;
    uint64_t days = 0, hours, minutes, seconds;

    if (value.n == 8 && value.p[2] == ':' && value.p[5] == ':') {
        int h = two_digits(value.p), m = two_digits(value.p + 3), s = two_digits(value.p + 6);

        if (h >= 0 && m >= 0 && s >= 0)
            return (int64_t)((h * 60 + m) * 60 + s) * 1000;
    }
    if (!span_take_number(&rest, &days) || !span_take_char(&rest, '+')) {
        rest = value;
        days = 0;
    }
    if (!span_take_number(&rest, &hours) || !span_take_char(&rest, ':') || !span_take_number(&rest, &minutes) ||
        !span_take_char(&rest, ':') || !span_take_number(&rest, &seconds) || days > 10000 || hours > 1000 ||
        minutes > 1000 || seconds > 1000)
        return -1;
    return (int64_t)(((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

/* ---- outcomes ---- */

/* Mailers that speak SMTP to another host, by their names in the files that come with Sendmail; most mail goes by two.
 */
static bool is_smtp_mailer(struct span mailer)
{
    if (span_is(mailer, "esmtp") || span_is(mailer, "relay"))
        return true;
    return !span_is(mailer, "local") && span_find_nocase(mailer, SPAN("smtp")) < mailer.n;
}

static bool begins_word(struct span s, struct span word)
{
    return span_starts(s, word) && (s.n == word.n || !is_alnum(s.p[word.n]));
}

static enum counter outcome_of_dsn(struct span dsn, enum counter success)
{
    switch (dsn.n ? dsn.p[0] : '0') {
    case '2':
        return success;
    case '4':
        return COUNTER_DEFERRED;
    default:
        return COUNTER_BOUNCED;
    }
}

/* What stat= says, as a counter; COUNTER_NONE: nothing was tried. The word that Sendmail writes decides, then the dsn;
 * what stands behind the word is the other server's. */
static enum counter outcome_of(struct span stat, struct span dsn, enum counter success)
{
    if (begins_word(stat, SPAN("Sent")))
        return success;
    if (begins_word(stat, SPAN("queued")))
        return COUNTER_NONE;
    if (begins_word(stat, SPAN("quarantined")))
        return COUNTER_HELD;
    if (begins_word(stat, SPAN("Deferred")))
        return COUNTER_DEFERRED;
    return outcome_of_dsn(dsn, success);
}

bool sendmail_is_expiry(struct span text)
{
    return span_has_prefix(text, "Cannot send message for ") || span_has_prefix(text, "returned to sender after ");
}

/* The text behind the word: `Sent (ok)`, `Deferred: 451 later`. */
static struct span text_of_stat(struct span stat)
{
    const char *end = stat.p + stat.n, *mark;

    for (struct span rest = stat; (mark = span_chr_either(rest, ':', '(')); rest = span_from(mark + 1, end)) {
        if (*mark == ':' && mark + 1 < end && mark[1] == ' ')
            return span_from(mark + 2, end);
        if (*mark == '(' && mark > stat.p && mark[-1] == ' ')
            return span_from(mark + 1, end > mark + 1 && end[-1] == ')' ? end - 1 : end);
    }
    return stat;
}

/* `Connection timed out with HOST` is said before the connection stands (4.4.1) and behind it (4.4.2). */
static enum deferral_reason deferral_of(struct span dsn, struct span text)
{
    if (span_is(dsn, "4.4.2") && span_has_prefix(text, "Connection timed out with "))
        return DEFERRAL_CONNECTION_LOST;
    return deferral_reason_of(dsn, text);
}

/* The code of the other server's refusal, where its reply is quoted. */
static void take_reply_code(struct event *e, struct span reply)
{
    struct span enhanced;
    uint16_t code = 0;

    fields_take_codes(&reply, &code, &enhanced);
    if (code >= 400)
        e->code = code;
}

static bool put_delivery(struct event *e, bool smtp, enum counter outcome, struct span stat, struct events *events)
{
    if (outcome == COUNTER_NONE || outcome == COUNTER_HELD)
        return sendmail_put(e->line, events, outcome == COUNTER_HELD ? EVENT_HELD : EVENT_QUEUED, e->queue_id);
    e->counter = outcome;
    e->takes_queue = true;
    e->agent = smtp ? AGENT_SMTP : AGENT_OTHER;
    e->text = text_of_stat(stat);
    if (outcome == COUNTER_DEFERRED) {
        e->reason = (uint8_t)deferral_of(e->enhanced, e->text);
        take_reply_code(e, e->text);
    }
    if (outcome == COUNTER_SENT || outcome == COUNTER_DELIVERED)
        e->named_id = fields_id_in_reply(e->text);
    events_put(events, e);
    return true;
}

/* The fields between the recipients and stat=. Where reply= stands before it, that is the other server's text and may
 * hold a stat= of its own: *replied says so. */
static bool take_delivery_fields(struct span *rest, struct event *e, struct span *mailer, bool *replied)
{
    struct span key, value;

    *mailer = (struct span){ rest->p, 0 };
    while (!span_take_literal(rest, "stat=") && !(*replied = span_take_literal(rest, "reply="))) {
        if (sendmail_take_named(rest, SPAN("delay="), &value))
            e->delay_ms = delay_ms_of(value);
        else if (!sendmail_take_named(rest, SPAN("xdelay="), &value) &&
                 !sendmail_take_named(rest, SPAN("mailer="), mailer) &&
                 !sendmail_take_named(rest, SPAN("pri="), &value) &&
                 !sendmail_take_named(rest, SPAN("relay="), &e->relay) &&
                 !sendmail_take_named(rest, SPAN("dsn="), &e->enhanced) && !sendmail_take_field(rest, &key, &value))
            return false;
    }
    if (*replied) {
        take_reply_code(e, *rest);
        *rest = sendmail_last_field(*rest, SPAN(", stat="));
    }
    return true;
}

bool sendmail_delivery(const struct line *line, struct span id, struct span rest, struct events *events)
{
    struct event e = event_of(EVENT_DELIVERY, line);
    struct span mailer;
    enum counter success;
    bool replied = false;

    e.queue_id = id;
    rest = span_skip(rest, sizeof "to=" - 1);
    if (!take_recipients(&rest, &e.count, &e.to) || !take_delivery_fields(&rest, &e, &mailer, &replied))
        return false;
    if (sendmail_is_expiry(rest) && !replied)
        return sendmail_put(line, events, EVENT_EXPIRED, id);
    if (mailer.n == 0)
        return !span_is(rest, "discarded") || sendmail_put(line, events, EVENT_DISCARDED, id);
    success = is_smtp_mailer(mailer) ? COUNTER_SENT : COUNTER_DELIVERED;
    return put_delivery(&e, success == COUNTER_SENT,
                        replied && e.enhanced.n ? outcome_of_dsn(e.enhanced, success)
                                                : outcome_of(rest, e.enhanced, success),
                        rest, events);
}
