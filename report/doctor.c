/* mailtally doctor: what is wrong here, and the command that mends it.
 *
 * The findings are the room doctor's; here are the options and the three forms of the output.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "../doctor/doctor.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "../config/config.h"

#include "output.h"
#include "report.h"

void doctor_help(void)
{
    printf(
        "Usage: mailtally doctor [OPTION...]\n\n"
        "Looks for what usually goes wrong between a mail log, mailtallyd and snmpd, and prints for each finding one\n"
        "sentence and the command, for root, that mends it. Nothing is changed by doctor itself. Mend the first one,\n"
        "then ask again: one trouble may hide another. Run it as root: another user may not look at everything, and\n"
        "doctor then says what it could not look at.\n\n"
        "Exit status: 0 something was found; 1 nothing was found, all is well; 2 error.\n\n");
}

static void print_text(struct output *out, const struct finding *findings, size_t n, char *const *unchecked,
                       size_t unchecked_n)
{
    for (size_t i = 0; i < n; i++) {
        output_colour(out, COLOUR_BAD);
        output_string(out, findings[i].id);
        output_colour(out, COLOUR_NONE);
        output_literal(out, ": ");
        output_string(out, findings[i].what);
        output_literal(out, ".\n");
        if (*findings[i].command) {
            output_literal(out, findings[i].mends ? "    mend it: " : "    see it:  ");
            output_string(out, findings[i].command);
            output_char(out, '\n');
        }
    }
    for (size_t i = 0; i < unchecked_n; i++) {
        output_literal(out, "not checked: ");
        output_string(out, unchecked[i]);
        output_literal(out, ".\n");
    }
    if (n == 0)
        output_literal(out, "Nothing wrong was found.\n");
}

static void print_json(struct output *out, const struct finding *findings, size_t n, char *const *unchecked,
                       size_t unchecked_n)
{
    output_literal(out, "{\"findings\":[");
    for (size_t i = 0; i < n; i++) {
        output_literal(out, i ? ",\n{\"id\":" : "\n{\"id\":");
        output_string(out, findings[i].id);
        output_literal(out, ",\"what\":");
        output_string(out, findings[i].what);
        output_literal(out, ",\"command\":");
        output_string(out, findings[i].command);
        output_literal(out, findings[i].mends ? ",\"mends\":true}" : ",\"mends\":false}");
    }
    output_literal(out, "],\n\"unchecked\":[");
    for (size_t i = 0; i < unchecked_n; i++) {
        output_literal(out, i ? "," : "");
        output_string(out, unchecked[i]);
    }
    output_literal(out, "]}\n");
}

static void print_tsv(struct output *out, const struct finding *findings, size_t n, char *const *unchecked,
                      size_t unchecked_n)
{
    output_literal(out, "id\twhat\tcommand\tmends\n");
    for (size_t i = 0; i < n; i++) {
        output_string(out, findings[i].id);
        output_char(out, '\t');
        output_string(out, findings[i].what);
        output_char(out, '\t');
        output_string(out, *findings[i].command ? findings[i].command : "-");
        output_literal(out, findings[i].mends ? "\tyes\n" : "\tno\n");
    }
    for (size_t i = 0; i < unchecked_n; i++) {
        output_literal(out, "not-checked\t");
        output_string(out, unchecked[i]);
        output_literal(out, "\t-\tno\n");
    }
}

enum status doctor_run(const struct options *options)
{
    static void (*const forms[])(
        struct output * out, const struct finding *findings, size_t n, char *const *unchecked,
        size_t unchecked_n) = { [FORMAT_TEXT] = print_text, [FORMAT_JSON] = print_json, [FORMAT_TSV] = print_tsv };
    struct doctor_wishes wishes = options->doctor;
    struct output *out;
    struct doctor *doctor;
    const struct finding *findings;
    char *const *unchecked;
    size_t n, unchecked_n;

    if (options->files_n) {
        complain("doctor takes no operand: %s; the logs are those of the configuration", options->files[0]);
        return STATUS_ERROR;
    }
    if (wishes.user && !getpwnam(wishes.user)) {
        complain("there is no user %s (--user): name whom mailtallyd runs as", wishes.user);
        return STATUS_ERROR;
    }
    wishes.config_file = options->config_file;
    doctor = doctor_new(&wishes);
    if (doctor && options->config_file && doctor_reaches_config(doctor) && !config_can_be_read(options->config_file)) {
        complain("%s: the configuration cannot be read: %s", options->config_file, strerror(errno));
        doctor_free(doctor);
        return STATUS_ERROR;
    }
    out = doctor ? output_new(options->format) : NULL;
    if (!out) {
        complain("no memory");
        doctor_free(doctor);
        return STATUS_ERROR;
    }
    doctor_examine(doctor);
    findings = doctor_findings(doctor, &n);
    unchecked = doctor_unchecked(doctor, &unchecked_n);
    forms[options->format](out, findings, n, unchecked, unchecked_n);
    output_finish(out);
    doctor_free(doctor);
    return n ? STATUS_DONE : STATUS_NOTHING_FOUND;
}
