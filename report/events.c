/* mailtally events: one row for each event, so that anyone can find out why a line was counted; or the lines that no
 * rule matched.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <unistd.h>

#include "input.h"
#include "output.h"

#define END_OF_9999 253402300799

struct value {
    enum { UNKNOWN, TEXT, ADDRESS, NUMBER, TIME } kind;
    struct span text; /* TEXT; ADDRESS: may be empty, the null sender */
    uint64_t number;
    int64_t time;
};

static struct value text_or_unknown(struct span text)
{
    return (struct value){ .kind = text.n ? TEXT : UNKNOWN, .text = text };
}

static struct value string_value(const char *text)
{
    return (struct value){ .kind = TEXT, .text = span_of(text) };
}

static struct value address_value(struct span address)
{
    return (struct value){ .kind = address.p ? ADDRESS : UNKNOWN, .text = address };
}

static struct value number_value(uint64_t number)
{
    return (struct value){ .kind = NUMBER, .number = number };
}

static struct value number_or_unknown(int64_t number)
{
    if (number < 0)
        return (struct value){ .kind = UNKNOWN };
    return number_value((uint64_t)number);
}

static struct value get_file(const struct event *event)
{
    return string_value(event->line->file);
}

static struct value get_line(const struct event *event)
{
    return number_value(event->line->number);
}

/* A TAI64N label can be of any time; ISO 8601 has four digits for the year. */
static struct value get_time(const struct event *event)
{
    int64_t time = event->line->header.time;

    return (struct value){ .kind = time < 0 || time > END_OF_9999 ? UNKNOWN : TIME, .time = time };
}

static struct value get_host(const struct event *event)
{
    return string_value(event->line->tally->name);
}

static struct value get_program(const struct event *event)
{
    return text_or_unknown(event->line->header.program);
}

static struct value get_event(const struct event *event)
{
    return string_value(counter_name(event->counter));
}

static struct value get_count(const struct event *event)
{
    return number_value(event->count);
}

static struct value get_reason(const struct event *event)
{
    if (event->reason == 0)
        return (struct value){ .kind = UNKNOWN };
    if (event->counter == COUNTER_DEFERRED)
        return string_value(deferral_reason_name((enum deferral_reason)event->reason));
    return string_value(refusal_reason_name((enum refusal_reason)event->reason));
}

static struct value get_code(const struct event *event)
{
    return number_or_unknown(event->code ? event->code : -1);
}

static struct value get_enhanced(const struct event *event)
{
    return text_or_unknown(event->enhanced);
}

static struct value get_queue_id(const struct event *event)
{
    return text_or_unknown(event->queue_id);
}

static struct value get_client(const struct event *event)
{
    return text_or_unknown(event->client);
}

static struct value get_from(const struct event *event)
{
    return address_value(event->from);
}

static struct value get_to(const struct event *event)
{
    return address_value(event->to);
}

static struct value get_size(const struct event *event)
{
    return number_or_unknown(event->size_octets);
}

static struct value get_delay(const struct event *event)
{
    return number_or_unknown(event->delay_ms);
}

static struct value get_detail(const struct event *event)
{
    return text_or_unknown(event->detail);
}

/* The columns in their order; `label` stands in front of a value in a text line, NULL: the column is not of those. */
static const struct column {
    const char *name;
    struct value (*get)(const struct event *event);
    const char *label;
} columns[] = {
    { "file", get_file, NULL },
    { "line", get_line, NULL },
    { "time", get_time, NULL },
    { "host", get_host, NULL },
    { "program", get_program, NULL },
    { "event", get_event, NULL },
    { "count", get_count, NULL },
    { "reason", get_reason, " " },
    { "code", get_code, " " },
    { "enhanced", get_enhanced, " " },
    { "queue_id", get_queue_id, " " },
    { "client", get_client, " client=" },
    { "from", get_from, " from=" },
    { "to", get_to, " to=" },
    { "size", get_size, " size=" },
    { "delay_ms", get_delay, " delay_ms=" },
    { "detail", get_detail, " detail=" },
};
#define COLUMNS (sizeof columns / sizeof columns[0])

static const char *const line_columns[] = { "file", "line", "time", "host", "program", "text" };
#define LINE_COLUMNS (sizeof line_columns / sizeof line_columns[0])

/* In TSV `-` is unknown, so a value that is this one character is escaped, and the null sender is <>. */
static void put_tsv_value(struct output *output, struct value value)
{
    switch (value.kind) {
    case UNKNOWN:
        output_char(output, '-');
        break;
    case NUMBER:
        output_number(output, value.number);
        break;
    case TIME:
        output_time_utc(output, value.time);
        break;
    case ADDRESS:
    case TEXT:
        if (value.text.n == 0)
            output_literal(output, "<>");
        else if (span_is(value.text, "-"))
            output_literal(output, "\\x2d");
        else
            output_text(output, value.text);
        break;
    }
}

static void put_json_value(struct output *output, struct value value)
{
    switch (value.kind) {
    case UNKNOWN:
        output_literal(output, "null");
        break;
    case NUMBER:
        output_number(output, value.number);
        break;
    case TIME:
        output_time_utc(output, value.time);
        break;
    case ADDRESS:
    case TEXT:
        output_text(output, value.text);
        break;
    }
}

static void put_text_value(struct output *output, struct value value)
{
    if (value.kind == ADDRESS)
        output_char(output, '<');
    if (value.kind == NUMBER)
        output_number(output, value.number);
    else
        output_text(output, value.text);
    if (value.kind == ADDRESS)
        output_char(output, '>');
}

static void put_header(struct output *output, const char *name, bool is_last)
{
    output_literal(output, name);
    output_char(output, is_last ? '\n' : '\t');
}

static void put_json_key(struct output *output, const char *name, bool is_first)
{
    output_char(output, is_first ? '{' : ',');
    output_string(output, name);
    output_char(output, ':');
}

static enum colour colour_of(enum counter counter)
{
    static const unsigned char colours[COUNTERS] = {
        [COUNTER_RECEIVED] = COLOUR_GOOD,      [COUNTER_SENT] = COLOUR_GOOD,
        [COUNTER_DELIVERED] = COLOUR_GOOD,     [COUNTER_FORWARDED] = COLOUR_GOOD,
        [COUNTER_BOUNCED] = COLOUR_BAD,        [COUNTER_EXPIRED] = COLOUR_BAD,
        [COUNTER_REJECTED] = COLOUR_BAD,       [COUNTER_DISCARDED] = COLOUR_BAD,
        [COUNTER_SPAM] = COLOUR_BAD,           [COUNTER_VIRUS] = COLOUR_BAD,
        [COUNTER_BANNED] = COLOUR_BAD,         [COUNTER_AUTH_FAILED] = COLOUR_BAD,
        [COUNTER_DEFERRED] = COLOUR_WAITING,   [COUNTER_REJECTED_TEMPORARILY] = COLOUR_WAITING,
        [COUNTER_GREYLISTED] = COLOUR_WAITING, [COUNTER_HELD] = COLOUR_WAITING,
    };

    return (enum colour)colours[counter];
}

/* 2026-11-21 03:47:01 mx1 postfix/smtpd rejected unknownUser 550 5.1.1 client=.. from=<..> to=<..> (mail.log:12) */
static void put_text_event(struct output *output, const struct event *event)
{
    struct value time = get_time(event);

    if (time.kind == TIME)
        output_time_local(output, time.time);
    else
        output_literal(output, "(no time)");
    output_char(output, ' ');
    output_text(output, get_host(event).text);
    output_char(output, ' ');
    output_text(output, get_program(event).text);
    output_char(output, ' ');
    output_colour(output, colour_of(event->counter));
    output_literal(output, counter_name(event->counter));
    output_colour(output, COLOUR_NONE);
    if (event->count != 1) {
        output_literal(output, " x");
        output_number(output, event->count);
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        struct value value = columns[i].get(event);

        if (!columns[i].label || value.kind == UNKNOWN)
            continue;
        output_literal(output, columns[i].label);
        put_text_value(output, value);
    }
    output_colour(output, COLOUR_FAINT);
    output_literal(output, " (");
    output_string(output, event->line->file);
    output_char(output, ':');
    output_number(output, event->line->number);
    output_char(output, ')');
    output_colour(output, COLOUR_NONE);
    output_char(output, '\n');
}

static void put_tsv_event(struct output *output, const struct event *event)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        put_tsv_value(output, columns[i].get(event));
        output_char(output, i + 1 < COLUMNS ? '\t' : '\n');
    }
}

static void put_json_event(struct output *output, const struct event *event)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        put_json_key(output, columns[i].name, i == 0);
        put_json_value(output, columns[i].get(event));
    }
    output_literal(output, "}\n");
}

/* The lines that no rule matched have no event, but the columns in front are the same. */
static struct value line_value(const struct line *line, size_t column)
{
    struct event event = event_of(EVENT_COUNT, line);

    return column + 1 < LINE_COLUMNS ? columns[column].get(&event) : text_or_unknown(line->text);
}

static void put_text_line(struct output *output, const struct line *line)
{
    output_string(output, line->file);
    output_char(output, ':');
    output_number(output, line->number);
    output_literal(output, ": ");
    output_text(output, line->text);
    output_char(output, '\n');
}

static void put_tsv_line(struct output *output, const struct line *line)
{
    for (size_t i = 0; i < LINE_COLUMNS; i++) {
        put_tsv_value(output, line_value(line, i));
        output_char(output, i + 1 < LINE_COLUMNS ? '\t' : '\n');
    }
}

static void put_json_line(struct output *output, const struct line *line)
{
    for (size_t i = 0; i < LINE_COLUMNS; i++) {
        put_json_key(output, line_columns[i], i == 0);
        put_json_value(output, line_value(line, i));
    }
    output_literal(output, "}\n");
}

/* How each format writes an event and a line. */
static const struct form {
    void (*event)(struct output *output, const struct event *event);
    void (*line)(struct output *output, const struct line *line);
} forms[] = {
    [FORMAT_TEXT] = { put_text_event, put_text_line },
    [FORMAT_JSON] = { put_json_event, put_json_line },
    [FORMAT_TSV] = { put_tsv_event, put_tsv_line },
};

struct rows {
    struct output *output;
    const struct form *form;
    int64_t since, until; /* both 0: all */
};

static void take_event(void *context, const struct event *event)
{
    struct rows *rows = context;

    if (counter_is_octets(event->counter)) /* a sum of sizes is no event */
        return;
    rows->form->event(rows->output, event);
    output_end_row(rows->output);
}

static void take_line(void *context, const struct line *line)
{
    struct rows *rows = context;

    if ((rows->since || rows->until) && (line->header.time < rows->since || line->header.time >= rows->until))
        return;
    rows->form->line(rows->output, line);
    output_end_row(rows->output);
}

static void put_header_row(struct output *output, bool is_lines)
{
    size_t n = is_lines ? LINE_COLUMNS : COLUMNS;

    for (size_t i = 0; i < n; i++)
        put_header(output, is_lines ? line_columns[i] : columns[i].name, i + 1 == n);
}

static enum status put_all(const struct options *options, struct input *input, struct rows *rows)
{
    if (options->unrecognised)
        parser_set_unrecognised(input_parser(input), take_line, rows);
    else
        parser_set_sink(input_parser(input), take_event, rows);
    if (options->format == FORMAT_TSV)
        put_header_row(rows->output, options->unrecognised);
    input_want_numbers(input);
    if (isatty(STDOUT_FILENO) != 1) /* else the rows show it */
        input_show_progress(input);
    return input_read(input);
}

enum status events_run(const struct options *options)
{
    struct input *input = input_open(options);
    struct rows rows = { .output = input ? output_new(options->format) : NULL,
                         .form = &forms[options->format],
                         .since = options->since,
                         .until = options->until };
    enum status status = STATUS_ERROR;

    if (rows.output) {
        status = put_all(options, input, &rows);
        output_finish(rows.output);
    }
    input_close(input);
    return status;
}
