/* mailtally export: a log in the forms that other programs read.
 *
 *   awstats  a record for each recipient, as AWStats' maillogconvert.pl writes them for LogType=M:
 *            LogFormat="%time2 %email %email_r %host %host_r %method %url %code %bytesd"
 *   ndjson   one event a line, as `mailtally events -F json`; with --messages one message a line, with its lines left
 * out
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "../config/hosts.h"
#include "input.h"
#include "message_rows.h"
#include "messages.h"
#include "wanted.h"

#define CODE_SENT    1     /* what maillogconvert.pl writes for a delivery: AWStats' ValidSMTPCodes has it */
#define REPEATED_MAX 10000 /* records of one recipient whose line says that it came again */

struct export
{
    const struct options *options;
    struct output *output;
};

/* ---- awstats ---- */

/* Fields are separated by one space, records by newlines; a page shows the rest. What could break a field, a page or a
 * terminal becomes an underscore; AWStats itself escapes what it prints, but other readers may not. */
static void put_field(struct output *output, struct span text, const char *unknown)
{
    if (!text.n) {
        output_literal(output, unknown);
        return;
    }
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool is_plain = c > 0x20 && c < 0x7f && !strchr("<>\"'&\\`|%", c);

        output_char(output, is_plain ? text.p[i] : '_');
    }
}

/* Of `name[address]`: the name, or the address of a client without one; of `host:port` of an agent on this machine
 * `localhost`. */
static struct span host_of(struct span where)
{
    const char *open = where.n ? memrchr(where.p, '[', where.n) : NULL, *close;
    struct span name, address;

    if (!open)
        return where;
    name = span_trim(span_from(where.p, open));
    address = span_from(open + 1, where.p + where.n);
    close = span_chr(address, ']');
    if (close)
        address = span_from(address.p, close);
    if (span_has_prefix(address, "IPv6:"))
        address = span_skip(address, sizeof "IPv6:" - 1);
    if (!name.n || span_is(name, "unknown") || name.p[name.n - 1] == ')')
        return address;
    return name.p[name.n - 1] == '.' ? span_first(name, name.n - 1) : name;
}

static void put_time(struct output *output, int64_t time)
{
    output_time_local(output, time);
    output_char(output, ' ');
}

/* As maillogconvert.pl does it: 1 for what was delivered, the code of a refusal or bounce. */
static unsigned code_of(enum counter fate, uint16_t code)
{
    switch (fate) {
    case COUNTER_SENT:
    case COUNTER_DELIVERED:
    case COUNTER_FORWARDED:
        return CODE_SENT;
    case COUNTER_DEFERRED:
    case COUNTER_REJECTED_TEMPORARILY:
    case COUNTER_GREYLISTED:
        return code ? code : 450;
    default:
        return code ? code : 550;
    }
}

static bool is_local(enum counter fate)
{
    return fate == COUNTER_DELIVERED || fate == COUNTER_FORWARDED;
}

static void put_record(struct output *output, const struct message *m, const struct recipient *r)
{
    enum counter fate = r && r->fate != COUNTER_NONE ? r->fate : m->fate;
    const struct span relay = r ? host_of(r->relay) : (struct span){ NULL, 0 };
    bool is_sent;
    int64_t size;

    if (fate == COUNTER_NONE) /* accepted, and the log has no more: that of a server in front */
        fate = COUNTER_DELIVERED;
    is_sent = code_of(fate, 0) == CODE_SENT;
    size = is_sent && m->size_octets > 0 ? m->size_octets : 0;

    put_time(output, r && r->time ? r->time : m->first);
    put_field(output, m->from, "<>");
    output_char(output, ' ');
    put_field(output, r ? r->to : (struct span){ NULL, 0 }, "<>");
    output_char(output, ' ');
    put_field(output, host_of(m->client), "localhost");
    output_char(output, ' ');
    put_field(output, is_local(fate) ? SPAN("localhost") : relay, "-");
    output_print(output, " SMTP - %u %" PRId64 "\n", code_of(fate, r && r->code ? r->code : m->code), size);
}

/* Deferred recipients whose end the log does not have are deliveries that are not made yet. */
static void put_awstats(struct output *output, const struct message *m)
{
    bool any = false, has_fates = false;

    for (const struct recipient *r = m->recipients; r; r = r->next)
        has_fates |= r->fate != COUNTER_NONE; /* then the others' are not known: those of an alias, say */

    if (m->first == TIME_UNKNOWN)
        return;
    for (const struct recipient *r = m->recipients; r; r = r->next) {
        const uint64_t times = r->count < 1 ? 1 : r->count < REPEATED_MAX ? r->count : REPEATED_MAX;

        if (r->fate == COUNTER_NONE && (has_fates || (m->fate == COUNTER_NONE && (!m->received || !m->is_front))))
            continue;
        for (uint64_t i = 0; i < times; i++)
            put_record(output, m, r);
        any = true;
    }
    if (!any && m->fate != COUNTER_NONE && m->fate != COUNTER_HELD)
        put_record(output, m, NULL);
}

/* ---- the run ---- */

static void take(void *context, const struct message *m)
{
    struct export *export = context;
    const struct options *options = export->options;

    if (!wanted_message(&options->search, options->since, options->until, m))
        return;
    if (options->format == FORMAT_AWSTATS)
        put_awstats(export->output, m);
    else
        message_row(export->output, FORMAT_JSON, m);
}

static enum status messages_out(struct export *export)
{
    const struct messages_options how = { .connections = export->options->format == FORMAT_NDJSON };
    struct options reading = *export->options;
    struct messages *messages = messages_new(&how, take, export);
    struct input *input;
    enum status status = STATUS_ERROR;

    reading.since = reading.until = 0; /* a message may begin before the span of time that is asked for */
    input = messages ? input_open(&reading) : NULL;
    export->output = input ? output_new(export->options->format == FORMAT_NDJSON ? FORMAT_JSON : FORMAT_TEXT) : NULL;
    if (export->output) {
        messages_watch(messages, input_parser(input));
        status = input_read(input);
        messages_settle(messages, INT64_MAX);
        if (messages_given_up(messages))
            complain("%" PRIu64 " messages were written without their end: more than %d were under way at one time",
                     messages_given_up(messages), MESSAGES_CAP);
        output_finish(export->output);
    }
    messages_free(messages);
    input_close(input);
    return status;
}

enum status export_run(const struct options *options)
{
    struct export export = { .options = options };
    struct options events = *options;

    if (options->format == FORMAT_AWSTATS && options->search.messages) {
        complain("--messages is of -F ndjson: a record of AWStats is a recipient");
        return STATUS_ERROR;
    }
    if (options->format == FORMAT_AWSTATS || options->search.messages)
        return messages_out(&export);
    events.format = FORMAT_JSON;
    return events_run(&events);
}
