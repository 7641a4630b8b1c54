/* How a message is printed.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "message_rows.h"

#define RECIPIENTS_SHOWN 3 /* in a line of text */
#define END_OF_9999      253402300799

/* A recipient's delay is that under its last id: what went before, the log tells in seconds. */
int64_t message_delay_ms(const struct message *m)
{
    const bool has_hops = m->ids && m->ids->next;
    int64_t longest = -1, end = TIME_UNKNOWN;

    for (const struct recipient *r = m->recipients; r; r = r->next) {
        longest = r->delay_ms > longest ? r->delay_ms : longest;
        end = r->time > end && r->fate != COUNTER_NONE ? r->time : end;
    }
    if (!m->is_whole || m->is_lone || m->first == TIME_UNKNOWN)
        return longest;
    if (end == TIME_UNKNOWN)
        end = m->last;
    if ((longest < 0 || has_hops) && (end - m->first) * 1000 > longest && end >= m->first)
        longest = (end - m->first) * 1000;
    return longest;
}

int64_t message_connection_s(const struct message *m)
{
    if (m->connected == TIME_UNKNOWN || m->disconnected == TIME_UNKNOWN || m->disconnected < m->connected)
        return -1;
    return m->disconnected - m->connected;
}

static const char *reason_name(enum counter fate, uint8_t reason)
{
    if (reason == 0)
        return NULL;
    if (fate == COUNTER_DEFERRED)
        return deferral_reason_name((enum deferral_reason)reason);
    return refusal_reason_name((enum refusal_reason)reason);
}

/* What is said where no recipient has a fate: accepted; a filter's verdict; the event of a lone one, or of a connection
 * of qpsmtpd's that brought no message: that it began is the least of it. */
static const char *fate_name(const struct message *m)
{
    if (m->fate != COUNTER_NONE)
        return counter_name(m->fate);
    if (m->verdict != COUNTER_NONE)
        return counter_name(m->verdict);
    if (m->received)
        return counter_name(COUNTER_RECEIVED);
    if (m->reinjected)
        return counter_name(COUNTER_REINJECTED);
    if (m->first_of[COUNTER_AUTH_FAILED])
        return counter_name(COUNTER_AUTH_FAILED);
    for (size_t i = 1; i < COUNTERS; i++)
        if (m->first_of[i])
            return counter_name((enum counter)i);
    return NULL;
}

static enum colour colour_of(const struct message *m)
{
    switch (m->fate) {
    case COUNTER_SENT:
    case COUNTER_DELIVERED:
    case COUNTER_FORWARDED:
        return m->verdict == COUNTER_NONE ? COLOUR_GOOD : COLOUR_WAITING;
    case COUNTER_DEFERRED:
    case COUNTER_HELD:
    case COUNTER_GREYLISTED:
    case COUNTER_REJECTED_TEMPORARILY:
        return COLOUR_WAITING;
    case COUNTER_NONE:
        return m->verdict != COUNTER_NONE || m->first_of[COUNTER_AUTH_FAILED] ? COLOUR_BAD : COLOUR_NONE;
    default:
        return COLOUR_BAD;
    }
}

/* ---- a line of text ---- */

static void put_bracketed(struct output *output, struct span address)
{
    output_char(output, '<');
    output_text(output, address);
    output_char(output, '>');
}

static void put_labelled(struct output *output, const char *label, struct span text)
{
    if (!text.n)
        return;
    output_literal(output, label);
    output_text(output, text);
}

static void put_recipients(struct output *output, const struct message *m)
{
    uint32_t shown = 0, known = 0;

    for (const struct recipient *r = m->recipients; r; r = r->next)
        if (r->to.p && known++ < RECIPIENTS_SHOWN) {
            output_literal(output, shown++ ? "," : " to=");
            put_bracketed(output, r->to);
        }
    if (known + m->recipients_more > shown)
        output_print(output, " (and %u more)", known + m->recipients_more - shown);
}

static void put_seconds(struct output *output, int64_t ms)
{
    if (ms < 0)
        return;
    if (ms < 10000 && ms % 1000)
        output_print(output, " %.1fs", (double)ms / 1000);
    else
        output_print(output, " %llds", (long long)(ms / 1000));
}

static void put_fate(struct output *output, const struct message *m)
{
    const char *fate = fate_name(m), *reason = reason_name(m->fate, m->reason);

    output_char(output, ' ');
    output_colour(output, colour_of(m));
    output_literal(output, fate ? fate : "unfinished");
    output_colour(output, COLOUR_NONE);
    if (m->fate != COUNTER_NONE && m->verdict != COUNTER_NONE) {
        output_char(output, ' ');
        output_colour(output, COLOUR_WAITING);
        output_literal(output, counter_name(m->verdict));
        output_colour(output, COLOUR_NONE);
    }
    put_labelled(output, " score=", m->score);
    if (reason) {
        output_char(output, ' ');
        output_literal(output, reason);
    }
    if (m->code)
        output_print(output, " %u", m->code);
    put_labelled(output, " ", m->enhanced);
    put_labelled(output, " by ", m->detail);
}

static void put_text(struct output *output, const struct message *m)
{
    if (m->first == TIME_UNKNOWN || m->first < 0 || m->first > END_OF_9999)
        output_literal(output, "(no time)");
    else
        output_time_local(output, m->first);
    output_char(output, ' ');
    output_string(output, m->host);
    output_char(output, ' ');
    if (m->ids)
        output_text(output, m->ids->id);
    else
        output_text(output, m->program.n ? m->program : SPAN("-"));
    for (const struct message_id *id = m->ids ? m->ids->next : NULL; id; id = id->next)
        put_labelled(output, "+", id->id);
    put_labelled(output, " client=", m->client);
    if (m->from.p) {
        output_literal(output, " from=");
        put_bracketed(output, m->from);
    }
    put_recipients(output, m);
    put_fate(output, m);
    put_seconds(output, m->is_lone ? -1 : message_delay_ms(m));
    put_labelled(output, " connections=", m->connection);
    if (message_connection_s(m) >= 0)
        output_print(output, " connected=%llds", (long long)message_connection_s(m));
    if (m->text.n) {
        output_colour(output, COLOUR_FAINT);
        output_literal(output, " (");
        output_text(output, m->text);
        output_char(output, ')');
        output_colour(output, COLOUR_NONE);
    }
    output_char(output, '\n');
}

/* ---- TSV ---- */

static const char *const columns[] = { "time",        "last_time",    "host",    "queue_id", "message_id", "client",
                                       "helo",        "from",         "to",      "fate",     "reason",     "code",
                                       "enhanced",    "detail",       "verdict", "score",    "size",       "delay_ms",
                                       "connections", "connection_s", "text" };
#define COLUMNS (sizeof columns / sizeof columns[0])

void message_rows_header(struct output *output)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        output_literal(output, columns[i]);
        output_char(output, i + 1 < COLUMNS ? '\t' : '\n');
    }
}

static void tsv_text(struct output *output, struct span text)
{
    if (span_is(text, "-"))
        output_literal(output, "\\x2d");
    else if (text.n)
        output_text(output, text);
    else
        output_char(output, '-');
    output_char(output, '\t');
}

static void tsv_name(struct output *output, const char *name)
{
    output_literal(output, name ? name : "-");
    output_char(output, '\t');
}

static void tsv_number(struct output *output, int64_t number)
{
    if (number < 0)
        output_char(output, '-');
    else
        output_number(output, (uint64_t)number);
    output_char(output, '\t');
}

static void tsv_time(struct output *output, int64_t time)
{
    if (time == TIME_UNKNOWN || time < 0 || time > END_OF_9999)
        output_char(output, '-');
    else
        output_time_utc(output, time);
    output_char(output, '\t');
}

/* Several stand in one field, separated by commas. */
static void tsv_ids(struct output *output, const struct message *m)
{
    if (!m->ids)
        output_char(output, '-');
    for (const struct message_id *id = m->ids; id; id = id->next) {
        output_text(output, id->id);
        if (id->next)
            output_char(output, ',');
    }
    output_char(output, '\t');
}

static void tsv_recipients(struct output *output, const struct message *m)
{
    bool any = false;

    for (const struct recipient *r = m->recipients; r; r = r->next)
        if (r->to.p) {
            if (any)
                output_char(output, ',');
            if (r->to.n)
                output_text(output, r->to);
            else
                output_literal(output, "<>");
            any = true;
        }
    if (!any)
        output_char(output, '-');
    output_char(output, '\t');
}

static void put_tsv(struct output *output, const struct message *m)
{
    tsv_time(output, m->first);
    tsv_time(output, m->last);
    tsv_text(output, span_of(m->host));
    tsv_ids(output, m);
    tsv_text(output, m->message_id);
    tsv_text(output, m->client);
    tsv_text(output, m->helo);
    if (m->from.p && !m->from.n)
        output_literal(output, "<>\t");
    else
        tsv_text(output, m->from);
    tsv_recipients(output, m);
    tsv_name(output, fate_name(m));
    tsv_name(output, reason_name(m->fate, m->reason));
    tsv_number(output, m->code ? m->code : -1);
    tsv_text(output, m->enhanced);
    tsv_text(output, m->detail);
    tsv_name(output, m->verdict ? counter_name(m->verdict) : NULL);
    tsv_text(output, m->score);
    tsv_number(output, m->size_octets);
    tsv_number(output, message_delay_ms(m));
    tsv_text(output, m->connection);
    tsv_number(output, message_connection_s(m));
    if (m->text.n)
        output_text(output, m->text);
    else
        output_char(output, '-');
    output_char(output, '\n');
}

/* ---- JSON ---- */

static void key(struct output *output, const char *name)
{
    output_literal(output, ",\"");
    output_literal(output, name);
    output_literal(output, "\":");
}

static void json_text(struct output *output, const char *name, struct span text, bool is_known)
{
    key(output, name);
    if (is_known)
        output_text(output, text);
    else
        output_literal(output, "null");
}

static void json_name(struct output *output, const char *name, const char *value)
{
    json_text(output, name, span_of(value ? value : ""), value != NULL);
}

static void json_number(struct output *output, const char *name, int64_t number)
{
    key(output, name);
    if (number < 0)
        output_literal(output, "null");
    else
        output_number(output, (uint64_t)number);
}

static void json_bool(struct output *output, const char *name, bool value)
{
    key(output, name);
    output_literal(output, value ? "true" : "false");
}

static void json_time(struct output *output, const char *name, int64_t time)
{
    output_literal(output, name);
    if (time == TIME_UNKNOWN || time < 0 || time > END_OF_9999)
        output_literal(output, "null");
    else
        output_time_utc(output, time);
}

static void json_outcome(struct output *output, enum counter fate, uint8_t reason, uint16_t code, struct span enhanced,
                         struct span text, struct span detail)
{
    json_name(output, "reason", reason_name(fate, reason));
    json_number(output, "code", code ? code : -1);
    json_text(output, "enhanced", enhanced, enhanced.n > 0);
    json_text(output, "detail", detail, detail.n > 0);
    json_text(output, "text", text, text.n > 0);
}

static void json_recipients(struct output *output, const struct message *m)
{
    key(output, "recipients");
    output_char(output, '[');
    for (const struct recipient *r = m->recipients; r; r = r->next) {
        output_literal(output, "{\"to\":");
        if (r->to.p)
            output_text(output, r->to);
        else
            output_literal(output, "null");
        json_name(output, "fate", r->fate ? counter_name(r->fate) : NULL);
        json_outcome(output, r->fate, r->reason, r->code, r->enhanced, r->text, r->detail);
        json_text(output, "relay", r->relay, r->relay.n > 0);
        json_number(output, "delay_ms", r->delay_ms);
        json_number(output, "attempts", r->attempts);
        json_number(output, "count", (int64_t)r->count);
        output_literal(output, r->next ? "}," : "}");
    }
    output_char(output, ']');
    json_number(output, "recipients_more", m->recipients_more);
}

static void json_ids(struct output *output, const struct message *m)
{
    key(output, "queue_ids");
    output_char(output, '[');
    for (const struct message_id *id = m->ids; id; id = id->next) {
        output_text(output, id->id);
        if (id->next)
            output_char(output, ',');
    }
    output_char(output, ']');
}

static void json_lines(struct output *output, const struct message *m)
{
    if (!m->lines)
        return;
    key(output, "lines");
    output_char(output, '[');
    for (const struct message_line *line = m->lines; line; line = line->next) {
        output_literal(output, "{\"file\":");
        output_string(output, line->file);
        json_text(output, "text", line->text, true);
        output_literal(output, line->next ? "}," : "}");
    }
    output_char(output, ']');
    json_number(output, "lines_more", m->lines_more);
}

static void put_json(struct output *output, const struct message *m)
{
    json_time(output, "{\"time\":", m->first);
    json_time(output, ",\"last_time\":", m->last);
    json_text(output, "host", span_of(m->host), true);
    json_text(output, "program", m->program, m->program.n > 0);
    json_ids(output, m);
    json_text(output, "message_id", m->message_id, m->message_id.n > 0);
    json_text(output, "client", m->client, m->client.n > 0);
    json_text(output, "helo", m->helo, m->helo.n > 0);
    json_text(output, "from", m->from, m->from.p != NULL);
    json_number(output, "size", m->size_octets);
    json_name(output, "fate", fate_name(m));
    json_outcome(output, m->fate, m->reason, m->code, m->enhanced, m->text, m->detail);
    json_text(output, "zone", m->zone, m->zone.n > 0);
    json_name(output, "verdict", m->verdict ? counter_name(m->verdict) : NULL);
    json_text(output, "score", m->score, m->score.n > 0);
    json_bool(output, "received", m->received);
    json_bool(output, "reinjected", m->reinjected);
    json_bool(output, "lone", m->is_lone);
    json_bool(output, "whole", m->is_whole);
    json_bool(output, "complete", m->is_complete);
    json_number(output, "delay_ms", message_delay_ms(m));
    json_text(output, "connections", m->connection, m->connection.n > 0);
    json_number(output, "connection_s", message_connection_s(m));
    json_recipients(output, m);
    json_lines(output, m);
    output_literal(output, "}\n");
}

/* ---- all ---- */

void message_row(struct output *output, enum output_format format, const struct message *m)
{
    if (format == FORMAT_JSON)
        put_json(output, m);
    else if (format == FORMAT_TSV)
        put_tsv(output, m);
    else
        put_text(output, m);
}

void message_lines(struct output *output, const struct message *m)
{
    for (const struct message_line *line = m->lines; line; line = line->next) {
        output_text(output, line->text);
        output_char(output, '\n');
    }
    if (m->lines_more)
        output_print(output, "(and %u more lines)\n", m->lines_more);
}
