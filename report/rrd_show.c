/* mailtally rrd show: what is in an RRD file, as a table or JSON.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "output.h"
#include "rrd.h"
#include "../rrd/file.h"
#include "../rrd/library.h"

#define SOURCES_MAX  128
#define ARCHIVES_MAX 64
#define NAME_OCTETS  32

struct source {
    char name[NAME_OCTETS], type[NAME_OCTETS], last[NAME_OCTETS];
    uint64_t index, heartbeat, unknown_s;
    double least, most;
};

struct archive {
    char function[NAME_OCTETS];
    uint64_t rows, steps;
};

struct shown {
    uint64_t step_s;
    int64_t last_update;
    struct source sources[SOURCES_MAX];
    struct archive archives[ARCHIVES_MAX];
    size_t sources_n, archives_n;
};

/* ---- reading ---- */

static void take_text(char *to, const rrd_info_t *info)
{
    if (info->type == RD_I_STR)
        snprintf(to, NAME_OCTETS, "%s", info->value.u_str);
}

static void take_number(uint64_t *to, const rrd_info_t *info)
{
    if (info->type == RD_I_CNT)
        *to = info->value.u_cnt;
}

static void take_source(struct shown *s, const rrd_info_t *info, const char *name, size_t octets, const char *field)
{
    struct source *source = NULL;

    for (size_t i = 0; i < s->sources_n && !source; i++)
        if (strlen(s->sources[i].name) == octets && memcmp(s->sources[i].name, name, octets) == 0)
            source = &s->sources[i];
    if (!source) {
        if (s->sources_n == SOURCES_MAX || octets >= NAME_OCTETS)
            return;
        source = &s->sources[s->sources_n++];
        memcpy(source->name, name, octets);
        source->least = source->most = NAN;
    }
    if (strcmp(field, "index") == 0)
        take_number(&source->index, info);
    else if (strcmp(field, "type") == 0)
        take_text(source->type, info);
    else if (strcmp(field, "minimal_heartbeat") == 0)
        take_number(&source->heartbeat, info);
    else if (strcmp(field, "unknown_sec") == 0)
        take_number(&source->unknown_s, info);
    else if (strcmp(field, "last_ds") == 0)
        take_text(source->last, info);
    else if (strcmp(field, "min") == 0 && info->type == RD_I_VAL)
        source->least = info->value.u_val;
    else if (strcmp(field, "max") == 0 && info->type == RD_I_VAL)
        source->most = info->value.u_val;
}

static void take(struct shown *s, const rrd_info_t *info)
{
    const char *open = strchr(info->key, '['), *close = open ? strchr(open, ']') : NULL;
    char *end;
    unsigned long index;

    if (strcmp(info->key, "step") == 0)
        take_number(&s->step_s, info);
    if (strcmp(info->key, "last_update") == 0 && info->type == RD_I_CNT)
        s->last_update = (int64_t)info->value.u_cnt;
    if (!close || close[1] != '.')
        return;
    if (strncmp(info->key, "ds[", 3) == 0)
        take_source(s, info, open + 1, (size_t)(close - open - 1), close + 2);
    if (strncmp(info->key, "rra[", 4) != 0)
        return;
    index = strtoul(open + 1, &end, 10);
    if (end != close || index >= ARCHIVES_MAX)
        return;
    if (index >= s->archives_n)
        s->archives_n = index + 1;
    if (strcmp(close + 2, "cf") == 0)
        take_text(s->archives[index].function, info);
    else if (strcmp(close + 2, "rows") == 0)
        take_number(&s->archives[index].rows, info);
    else if (strcmp(close + 2, "pdp_per_row") == 0)
        take_number(&s->archives[index].steps, info);
}

/* ---- text ---- */

static void put_cell(struct output *output, const char *text, size_t width)
{
    output_string(output, text);
    for (size_t n = strlen(text); n < width; n++)
        output_char(output, ' ');
}

static void put_number_cell(struct output *output, uint64_t number, size_t width)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, number);
    for (size_t n = strlen(text); n < width; n++)
        output_char(output, ' ');
    output_literal(output, text);
}

static void put_limit(struct output *output, double limit)
{
    char text[32];

    snprintf(text, sizeof text, isnan(limit) ? "-" : "%.6g", limit);
    for (size_t n = strlen(text); n < 10; n++)
        output_char(output, ' ');
    output_literal(output, text);
}

/* Seconds in a unit of which they are at least two. */
static void put_span(struct output *output, uint64_t seconds)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = { { 86400, "days" }, { 3600, "hours" }, { 60, "minutes" }, { 1, "seconds" } };
    char text[48];
    size_t unit = 0;

    while (unit < 3 && seconds < 2 * units[unit].seconds)
        unit++;
    snprintf(text, sizeof text, seconds % units[unit].seconds ? "%.1f %s" : "%.0f %s",
             (double)seconds / (double)units[unit].seconds, units[unit].name);
    output_string(output, text);
}

static void put_text(struct output *output, const char *path, const struct shown *s)
{
    output_string(output, path);
    output_literal(output, "\n  last update ");
    output_time_local(output, s->last_update);
    output_literal(output, ", a step of ");
    output_number(output, s->step_s);
    output_literal(output, " s\n\n  data source          type      heartbeat       min       max  last value\n");
    for (size_t i = 0; i < s->sources_n; i++) {
        output_literal(output, "  ");
        put_cell(output, s->sources[i].name, 21);
        put_cell(output, s->sources[i].type, 8);
        put_number_cell(output, s->sources[i].heartbeat, 9);
        output_literal(output, " s");
        put_limit(output, s->sources[i].least);
        put_limit(output, s->sources[i].most);
        output_literal(output, "  ");
        output_string(output, s->sources[i].last);
        output_char(output, '\n');
    }
    output_literal(output, "\n  archive         rows  a row is of  in all\n");
    for (size_t i = 0; i < s->archives_n; i++) {
        output_literal(output, "  ");
        put_cell(output, s->archives[i].function, 12);
        put_number_cell(output, s->archives[i].rows, 8);
        output_literal(output, "  ");
        put_span(output, s->archives[i].steps * s->step_s);
        output_literal(output, "  ");
        put_span(output, s->archives[i].rows * s->archives[i].steps * s->step_s);
        output_char(output, '\n');
    }
    output_char(output, '\n');
}

/* ---- JSON and TSV ---- */

static void put_key(struct output *output, const char *before, const char *key)
{
    output_literal(output, before);
    output_string(output, key);
    output_char(output, ':');
}

static void put_json_text(struct output *output, const char *before, const char *key, const char *text)
{
    put_key(output, before, key);
    output_string(output, text);
}

static void put_json_number(struct output *output, const char *key, uint64_t number)
{
    put_key(output, ",", key);
    output_number(output, number);
}

static void put_json_limit(struct output *output, const char *key, double limit)
{
    char text[32];

    snprintf(text, sizeof text, isnan(limit) || isinf(limit) ? "null" : "%.17g", limit);
    put_key(output, ",", key);
    output_literal(output, text);
}

static void put_json(struct output *output, const char *path, const struct shown *s)
{
    put_json_text(output, "{", "file", path);
    put_json_number(output, "step", s->step_s);
    put_key(output, ",", "lastUpdate");
    output_time_utc(output, s->last_update);
    put_key(output, ",\n", "sources");
    for (size_t i = 0; i < s->sources_n; i++) {
        put_json_text(output, i ? ",\n{" : "[{", "name", s->sources[i].name);
        put_json_text(output, ",", "type", s->sources[i].type);
        put_json_number(output, "heartbeat", s->sources[i].heartbeat);
        put_json_limit(output, "min", s->sources[i].least);
        put_json_limit(output, "max", s->sources[i].most);
        put_json_text(output, ",", "last", s->sources[i].last);
        put_json_number(output, "unknownSeconds", s->sources[i].unknown_s);
        output_char(output, '}');
    }
    put_key(output, s->sources_n ? "],\n" : "[],\n", "archives");
    for (size_t i = 0; i < s->archives_n; i++) {
        put_json_text(output, i ? ",\n{" : "[{", "function", s->archives[i].function);
        put_json_number(output, "rows", s->archives[i].rows);
        put_json_number(output, "stepsPerRow", s->archives[i].steps);
        output_char(output, '}');
    }
    output_literal(output, s->archives_n ? "]}" : "[]}");
}

static void put_tsv_cell(struct output *output, const char *text)
{
    output_string(output, text);
    output_char(output, '\t');
}

static void put_tsv(struct output *output, const char *path, const struct shown *s)
{
    for (size_t i = 0; i < s->sources_n; i++) {
        put_tsv_cell(output, path);
        put_tsv_cell(output, s->sources[i].name);
        put_tsv_cell(output, s->sources[i].type);
        output_number(output, s->sources[i].heartbeat);
        output_char(output, '\t');
        output_string(output, s->sources[i].last);
        output_char(output, '\n');
    }
}

/* ---- all files ---- */

static bool show(struct output *output, const struct options *options, const char *path, bool is_first)
{
    struct shown *s = calloc(1, sizeof *s);
    rrd_info_t *info;
    char error[RRD_ERROR_OCTETS];

    if (!rrd_file_may_be(path, error)) {
        complain("%s: %s", path, error);
        free(s);
        return false;
    }
    librrd_clear_error();
    info = s ? librrd_info_r(path) : NULL;
    if (!info) {
        if (s)
            rrd_file_explain(path, librrd_get_error(), error);
        complain("%s: %s", path, s ? error : "there is no memory");
        free(s);
        return false;
    }
    for (const rrd_info_t *i = info; i; i = i->next)
        take(s, i);
    librrd_info_free(info);
    switch (options->format) {
    case FORMAT_TEXT:
        put_text(output, path, s);
        break;
    case FORMAT_JSON:
        output_literal(output, is_first ? "[" : ",\n");
        put_json(output, path, s);
        break;
    case FORMAT_TSV:
        put_tsv(output, path, s);
        break;
    case FORMAT_HTML: /* not of this subcommand */
    case FORMAT_AWSTATS:
    case FORMAT_NDJSON:
    case FORMATS:
        break;
    }
    free(s);
    return true;
}

enum status rrd_show(const struct options *options)
{
    struct output *output = output_new(options->format);
    bool good = output != NULL, is_first = true;

    if (options->files_n == 0) {
        complain("name the RRD files that are to be shown");
        good = false;
    }
    for (size_t i = 0; output && i < options->files_n; i++) {
        bool shown = show(output, options, options->files[i], is_first);

        is_first = is_first && !shown;
        good = good && shown;
    }
    if (output && options->format == FORMAT_JSON)
        output_literal(output, is_first ? "[]\n" : "]\n");
    if (output)
        output_finish(output);
    return good ? STATUS_DONE : STATUS_ERROR;
}
