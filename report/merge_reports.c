/* mailtally merge: reports of many machines as one.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "report.h"
#include "summary_add.h"

void merge_reports_help(void)
{
    printf(
        "Usage: mailtally merge [OPTION...] FILE...\n\n"
        "mailtally merge: add up reports of many machines (mailtally report -F json).\n\n"
        "FILE holds one report or several, one behind the other; \"-\" is standard input. What is printed is what\n"
        "mailtally report prints, in each of its forms. A report that cannot be read, is not whole, or was made with\n"
        "options that left something out is an error, and nothing is printed: the sum would be too small.\n\n");
}

static bool add_file(struct summary_parts *parts, const char *path)
{
    char error[512];
    struct json_in *in = json_in_open(path, error, sizeof error);
    bool added = in && summary_add(parts, in);

    if (!added)
        complain("%s", in ? json_in_error(in) : error);
    json_in_close(in);
    return added;
}

/* options: those of the summary, too; what the reports have is shown. */
static enum status merge(struct options *options, struct summary_parts *parts)
{
    struct output *output;
    bool added = true;

    for (size_t i = 0; i < options->files_n; i++)
        added &= add_file(parts, options->files[i]);
    if (!added) {
        complain("nothing is added up: the sum would not be whole");
        return STATUS_ERROR;
    }
    output = output_new(options->format);
    if (!output) {
        complain("no memory");
        return STATUS_ERROR;
    }
    options->report.extended = summary_has(parts, TREE_DETAIL);
    options->report.no_no_msg_size = !summary_has(parts, TREE_NO_SIZE);
    summary_put(parts->summary, output, options->format, &parts->lines);
    output_finish(output);
    return STATUS_DONE;
}

enum status merge_reports_run(const struct options *options)
{
    struct summary_parts parts = { 0 };
    struct options shown = *options;
    uint64_t seed;
    enum status status = STATUS_ERROR;

    if (options->files_n == 0) {
        complain("merge wants FILEs that `mailtally report -F json` made, or \"-\" for standard input");
        return STATUS_ERROR;
    }
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)time(NULL);
    parts.summary = summary_new(&shown, seed);
    if (parts.summary)
        status = merge(&shown, &parts);
    else
        complain("no memory");
    summary_free(parts.summary);
    return status;
}
