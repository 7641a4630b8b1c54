/* A sample of all logs, and what is told from it: check_lines.c reads, sample.c has what is counted across files.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_DOCTOR_LINES_H
#define MAILTALLY_DOCTOR_LINES_H

#include "../parser/recogniser.h"
#include "inside.h"

struct log_file {
    char *path;
    const char *host;
    unsigned lines, timed, wanted; /* with a time; of a host that counts */
    int64_t written, last;         /* when the file was written; the time of its last line */
    bool last_is_local;
    char last_host[256];
};

#define SAMPLE_HOSTS 256

struct sample {
    struct doctor *doctor;
    struct host_filter *hosts; /* NULL: all */
    struct tallies *tallies;
    struct parser *parser;
    struct log_file *files;
    size_t files_n;
    uint32_t file; /* that is being read */
    struct noted {
        uint64_t hash;
        uint32_t file;
    } * noted; /* one for each line */
    size_t noted_n, noted_room;
    struct program {
        unsigned lines, unrecognised;
    } programs[RECOGNISERS_MAX];
    struct verdicts_of {
        char host[65];
        unsigned of[2][RECOGNISERS_MAX]; /* spam, virus; by recogniser */
    } * verdicts;
    size_t verdicts_n;
};

struct sample *sample_new(struct doctor *d, size_t files_max);
void sample_free(struct sample *s);

/* Every line, so that those of two files are found. */
void sample_note(struct sample *s, struct span text);

void sample_check_programs(struct sample *s);
void sample_check_verdicts(struct sample *s);
void sample_check_twice(struct sample *s);

#endif
