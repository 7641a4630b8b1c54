/* Fuzzes what grep, tail and export make of a log: whole messages, and the lines that they are printed as.
 *
 * Beyond what the sanitisers see: no line is of two messages that the queue has, what a message says of itself is true,
 * what was received is in some message, no message tells of what was not counted, and nothing that was printed acts on
 * a terminal or breaks a row.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../report/message_rows.h"
#include "../../report/messages.h"
#include "printed.h"

#define LINES 4096 /* more are not followed */

struct run {
    const struct tallies *tallies;
    struct messages_options options;
    bool is_taken[LINES]; /* by the number of the line */
    bool moved[COUNTERS], received;
    struct output *const *outputs;
};

/* ---- what a message says of itself ---- */

static void check_text(struct span s)
{
    require(s.n <= TEXT_MAX && (s.n == 0 || s.p));
}

static void check_recipients(const struct message *m)
{
    uint32_t n = 0;

    for (const struct recipient *r = m->recipients; r; r = r->next, n++) {
        require(r->fate < COUNTERS && r->delay_ms >= -1);
        require(r->fate == COUNTER_DEFERRED ? r->reason < DEFERRAL_REASONS : r->reason < REFUSAL_REASONS);
        check_text(r->to);
        check_text(r->enhanced);
        check_text(r->relay);
        check_text(r->text);
        check_text(r->detail);
    }
    require(n == m->recipients_n && n <= RECIPIENTS_MAX);
}

static void check_lines(struct run *run, const struct message *m)
{
    uint32_t n = 0;

    for (const struct message_line *line = m->lines; line; line = line->next, n++) {
        require(!line->next || line->next->number > line->number);
        if (line->number >= LINES || m->is_lone) /* it may be decided when the message of its line is gone */
            continue;
        require(!run->is_taken[line->number]);
        run->is_taken[line->number] = true;
    }
    require(n == m->lines_n && n <= LINES_MAX && (n == 0 || run->options.keep_lines));
}

static void check_ids(const struct message *m)
{
    for (const struct message_id *id = m->ids; id; id = id->next) {
        require(id->id.n > 0);
        for (const struct message_id *other = id->next; other; other = other->next)
            require(!span_eq(id->id, other->id));
    }
}

static void check_message(struct run *run, const struct message *m)
{
    require(m->host && m->fate < COUNTERS && m->size_octets >= -1);
    require(m->fate == COUNTER_DEFERRED ? m->reason < DEFERRAL_REASONS : m->reason < REFUSAL_REASONS);
    require(m->verdict == COUNTER_NONE || (m->verdict >= COUNTER_SPAM && m->verdict <= COUNTER_BAD_HEADER));
    require((m->first == TIME_UNKNOWN) == (m->last == TIME_UNKNOWN) && m->first <= m->last);
    require(!m->is_lone || m->is_complete);
    check_text(m->client);
    check_text(m->helo);
    check_text(m->from);
    check_text(m->message_id);
    check_text(m->text);
    check_text(m->detail);
    check_text(m->score);
    check_ids(m);
    check_recipients(m);
    check_lines(run, m);
    run->received |= m->received;
    for (size_t c = 1; c < COUNTERS; c++) {
        require(m->first_of[c] <= m->last_of[c]);
        run->moved[c] |= m->first_of[c] != 0;
    }
}

/* ---- what is printed ---- */

static void check_row(struct output *output, enum output_format format, const struct message *m)
{
    size_t n, newlines = 0;
    char *row;

    output_keep(output);
    message_row(output, format, m);
    row = output_kept(output, &n);
    require(row && n > 0 && row[n - 1] == '\n');
    for (size_t i = 0; i < n; i++)
        newlines += row[i] == '\n';
    require(is_harmless(row, n, format));
    require(newlines == 1);
    free(row);
}

static void take(void *context, const struct message *m)
{
    static const enum output_format formats[] = { FORMAT_TEXT, FORMAT_TSV, FORMAT_JSON };
    struct run *run = context;

    check_message(run, m);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        check_row(run->outputs[i], formats[i], m);
}

/* ---- a run ---- */

/* They are never finished: that would close standard output. */
static struct output *const *outputs(void)
{
    static struct output *made[3];

    if (!made[0]) {
        made[0] = output_new(FORMAT_TEXT);
        made[1] = output_new(FORMAT_TSV);
        made[2] = output_new(FORMAT_JSON);
    }
    return made;
}

static void check_counted(const struct run *run)
{
    const struct tally *total = tallies_total(run->tallies);

    for (size_t c = 1; c < COUNTERS; c++)
        require(!run->moved[c] || total->counters[c] > 0);
    require(run->received == (total->counters[COUNTER_RECEIVED] > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first octet chooses how messages are held, and how content filters are told. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parser_options options = { .seed = 1, .flows_cap = 64, .filter_hosts = { "10.0.0.5" } };
    struct run run = { .outputs = outputs() };
    struct tallies *tallies = tallies_new(options.seed);
    struct messages *messages;
    struct parser *parser;
    char *copy;

    if (size < 1) {
        tallies_free(tallies);
        return 0;
    }
    options.content_filter = (enum content_filter)(data[0] % 4);
    run.options = (struct messages_options){ .cap = data[0] & 4 ? 4 : 0,
                                             .octets_cap = data[0] & 8 ? 16384 : 0,
                                             .keep_lines = !(data[0] & 16),
                                             .connections = data[0] & 32,
                                             .is_followed = data[0] & 64 };
    run.tallies = tallies;
    parser = tallies ? parser_new(&options, tallies, NULL) : NULL;
    messages = messages_new(&run.options, take, &run);
    copy = malloc(size);
    if (!parser || !messages || !copy)
        abort();
    memcpy(copy, data, size);
    messages_watch(messages, parser);
    read_log(parser, copy + 1, copy + size);
    messages_settle(messages, INT64_MAX);
    check_counted(&run);
    free(copy);
    messages_free(messages);
    parser_free(parser);
    tallies_free(tallies);
    return 0;
}
