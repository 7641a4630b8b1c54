/* mailtally report.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../parser/tally.h"
#include "input.h"
#include "summary.h"

void summary_put(struct summary *summary, struct output *output, enum output_format format,
                 const struct parser_counts *lines)
{
    summary_sort_days(summary);
    switch (format) {
    case FORMAT_JSON:
        summary_json(summary, output, lines);
        break;
    case FORMAT_HTML:
        summary_html(summary, output, lines);
        break;
    case FORMAT_TSV:
        summary_tsv(summary, output);
        break;
    case FORMAT_TEXT:
    case FORMAT_AWSTATS:
    case FORMAT_NDJSON:
    case FORMATS:
        summary_text(summary, output);
        break;
    }
}

/* mailq writes to our standard output by itself, so what stands in front is written first. */
static enum status put_queue(struct output *output)
{
    int result;

    output_literal(output, "\nCurrent Mail Queue\n------------------\n");
    output_flush(output);
    result = system("mailq");
    if (result != -1 && WIFEXITED(result) && WEXITSTATUS(result) == 0)
        return STATUS_DONE;
    complain("--mailq: mailq failed");
    return STATUS_ERROR;
}

enum status report_run(const struct options *options)
{
    struct input *input = input_open(options);
    struct output *output = input ? output_new(options->format) : NULL;
    struct summary *summary = output ? summary_new(options, tallies_seed(input_tallies(input))) : NULL;
    enum status status = STATUS_ERROR;

    if (summary) {
        summary_watch(summary, input_parser(input));
        input_show_progress(input);
        status = input_read(input);
        /* Noughts of a log that could not be read look like a quiet day. */
        if (status == STATUS_DONE || parser_counts(input_parser(input))->lines)
            summary_put(summary, output, options->format, parser_counts(input_parser(input)));
        if (options->report.mailq && options->format == FORMAT_TEXT && put_queue(output) != STATUS_DONE)
            status = STATUS_ERROR;
    } else if (output) {
        complain("no memory");
    }
    if (output)
        output_finish(output);
    summary_free(summary);
    input_close(input);
    return status;
}
