/* What fuzz_report and fuzz_merge share: reports in all forms, and a report from memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_FUZZ_REPORTS_H
#define MAILTALLY_FUZZ_REPORTS_H

#include "../../parser/tally.h"
#include "../../report/summary_add.h"
#include "printed.h"

#include <sys/mman.h>
#include <unistd.h>

static const enum output_format report_formats[] = { FORMAT_TEXT, FORMAT_TSV, FORMAT_JSON, FORMAT_HTML };

/* Harmless; to be freed. */
static inline char *print_report(struct summary *summary, enum output_format format, const struct parser_counts *lines,
                                 size_t *n)
{
    static struct output *outputs[FORMATS]; /* never finished: that would close standard output */
    char *printed;

    if (!outputs[format])
        outputs[format] = output_new(format);
    output_keep(outputs[format]);
    summary_put(summary, outputs[format], format, lines);
    printed = output_kept(outputs[format], n);
    require(printed && *n > 0 && printed[*n - 1] == '\n');
    require(is_harmless(printed, *n, format));
    return printed;
}

/* The report that `mailtally merge` makes of this one, as JSON, to be freed; all others are made, too. NULL: it is
 * refused, which is told. The options are changed as merge does. */
static inline char *merge_one(struct options *options, const char *json, size_t octets, size_t *n)
{
    struct summary_parts parts = { .summary = summary_new(options, 1) };
    int fd = memfd_create("report", MFD_CLOEXEC);
    char path[32], error[512], *printed = NULL;
    struct json_in *in;

    require(parts.summary && fd >= 0 && write(fd, json, octets) == (ssize_t)octets);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    in = json_in_open(path, error, sizeof error);
    require(in);
    if (summary_add(&parts, in)) {
        options->report.extended = summary_has(&parts, TREE_DETAIL);
        options->report.no_no_msg_size = !summary_has(&parts, TREE_NO_SIZE);
        for (size_t i = 0; i < sizeof report_formats / sizeof report_formats[0]; i++) {
            size_t octets_of_this;
            char *this = print_report(parts.summary, report_formats[i], &parts.lines, &octets_of_this);

            if (report_formats[i] != FORMAT_JSON) {
                free(this);
            } else {
                printed = this;
                *n = octets_of_this;
            }
        }
    } else {
        const char *why = json_in_error(in);

        require(json_in_is_wrong(in) && why && *why);
    }
    json_in_close(in);
    close(fd);
    summary_free(parts.summary);
    return printed;
}

/* Merging what merge printed changes nothing. */
static inline void check_stays(struct options *options, const char *merged, size_t octets)
{
    size_t n;
    char *again = merge_one(options, merged, octets, &n);

    require(again && n == octets && memcmp(again, merged, n) == 0);
    free(again);
}

#endif
