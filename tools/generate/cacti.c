/* cacti-templates/mailtally-*.xml: the same graphs for two ages of Cacti.
 *
 * From 1.2.0 on Cacti finds what a file refers to in its database, and built-in rows that a file carries are
 * overwritten: so that file carries none. Before, a file must carry all that it refers to.
 *
 * The hash code of a file says which release wrote it. Each release reads those of its elders, so the oldest that will
 * do is the best.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cacti_file.h"

static const struct edition edition_0_8_7 = { "0014", true }, edition_1_2 = { "0102", false };

/* ---- our own small things ---- */

static const struct cdef {
    const char *key, *name, *expression;
} cdefs[] = {
    { "perMinute", "mailtally - per minute", "CURRENT_DATA_SOURCE,60,*" },
    { "minutes", "mailtally - seconds as minutes", "CURRENT_DATA_SOURCE,60,/" },
    { "hours", "mailtally - seconds as hours", "CURRENT_DATA_SOURCE,3600,/" },
};

static const struct preset {
    const char *key, *name, *format;
} presets[] = {
    { "rate", "mailtally - rate", "%8.2lf" },
    { "total", "mailtally - number", "%8.0lf" },
    { "octets", "mailtally - octets", "%8.2lf %s" },
};

/* The archives of a new RRD, with Cacti's usual numbers. Cacti 1.0 and later have profiles instead. */
static const struct archive {
    const char *key, *name;
    int steps, rows, timespan;
} archives[] = {
    { "day", "mailtally - Daily (5 Minute Average)", 1, 600, 86400 },
    { "week", "mailtally - Weekly (30 Minute Average)", 6, 700, 604800 },
    { "month", "mailtally - Monthly (2 Hour Average)", 24, 775, 2678400 },
    { "year", "mailtally - Yearly (1 Day Average)", 288, 797, 33053184 },
};
#define ARCHIVES_N (sizeof archives / sizeof archives[0])

/* ---- names of objects ---- */

struct name name_of(const struct file *f, const char *type, const char *hash)
{
    struct name name;

    snprintf(name.text, sizeof name.text, "hash_%s%s%s", type, f->edition->code, hash);
    return name;
}

struct name small_name(const struct file *f, const char *type, const char *kind, const char *key)
{
    return name_of(f, type, cacti_hash("%s/%s", kind, key).text);
}

struct name graph_template_name(const struct file *f, enum scope scope, const struct graph *graph)
{
    return name_of(f, GRAPH_TEMPLATE, cacti_hash("graph/%s/%s", cacti_scopes[scope].key, graph->key).text);
}

const char *row_title(char *buffer, size_t octets, enum scope scope, const struct graph *graph)
{
    const char *format = cacti_scopes[scope].title, *place = strstr(format, "%s");

    snprintf(buffer, octets, "%.*s%s%s", (int)(place - format), format, graph->title, place + 2);
    return buffer;
}

void put_archives_of_data(struct file *f)
{
    char all[ARCHIVES_N * sizeof(struct name)] = "";

    for (size_t i = 0; i < ARCHIVES_N; i++) {
        strcat(all, i ? "|" : "");
        strcat(all, small_name(f, ARCHIVE, "archive", archives[i].key).text);
    }
    xml_leaf(&f->xml, "rra_items", all);
}

/* ---- what belongs to no graph ---- */

void put_cdefs(struct file *f)
{
    for (size_t i = 0; i < sizeof cdefs / sizeof cdefs[0]; i++) {
        struct name name = small_name(f, CDEF, "cdef", cdefs[i].key);
        struct name item = small_name(f, CDEF_ITEM, "cdefItem", cdefs[i].key);

        xml_open(&f->xml, name.text);
        xml_leaf(&f->xml, "name", cdefs[i].name);
        xml_open(&f->xml, "items");
        xml_open(&f->xml, item.text);
        xml_leaf(&f->xml, "sequence", "1");
        xml_leaf(&f->xml, "type", "6"); /* as it stands */
        xml_leaf(&f->xml, "value", cdefs[i].expression);
        xml_close(&f->xml, item.text);
        xml_close(&f->xml, "items");
        xml_close(&f->xml, name.text);
    }
}

void put_presets(struct file *f)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        struct name name = small_name(f, GPRINT_PRESET, "preset", presets[i].key);

        xml_open(&f->xml, name.text);
        xml_leaf(&f->xml, "name", presets[i].name);
        xml_leaf(&f->xml, "gprint_text", presets[i].format);
        xml_close(&f->xml, name.text);
    }
}

void put_archives(struct file *f)
{
    for (size_t i = 0; i < ARCHIVES_N; i++) {
        struct name name = small_name(f, ARCHIVE, "archive", archives[i].key);

        xml_open(&f->xml, name.text);
        xml_leaf(&f->xml, "name", archives[i].name);
        xml_leaf(&f->xml, "x_files_factor", "0.5");
        xml_leaf_number(&f->xml, "steps", archives[i].steps);
        xml_leaf_number(&f->xml, "rows", archives[i].rows);
        xml_leaf_number(&f->xml, "timespan", archives[i].timespan);
        xml_leaf(&f->xml, "cf_items", "1|3");
        xml_close(&f->xml, name.text);
    }
}

/* ---- the whole ---- */

static void put_host_template(struct file *f)
{
    struct name name = small_name(f, HOST_TEMPLATE, "device", "mailServer");
    char all[(SCOPES_N + 64) * sizeof(struct name)] = "";

    if (cacti_graphs_n > 64)
        fail("write", "the device template", "there are more graphs than it has room for");
    xml_open(&f->xml, name.text);
    xml_leaf(&f->xml, "name", "Mail server (mailtally)");
    for (size_t i = 0; i < cacti_graphs_n; i++)
        if (cacti_graphs[i].made_for[TOTALS]) {
            strcat(all, *all ? "|" : "");
            strcat(all, graph_template_name(f, TOTALS, &cacti_graphs[i]).text);
        }
    xml_leaf(&f->xml, "graph_templates", all);
    *all = '\0';
    for (size_t i = 0; i < SCOPES_N; i++)
        if (cacti_scopes[i].query) {
            strcat(all, *all ? "|" : "");
            strcat(all, small_name(f, DATA_QUERY, "query", cacti_scopes[i].query->key).text);
        }
    xml_leaf(&f->xml, "data_queries", all);
    xml_close(&f->xml, name.text);
}

static void put_file(FILE *out, const struct generator *g, const struct edition *edition)
{
    struct file file = { .xml = { .out = out }, .g = g, .edition = edition }, *f = &file;

    cacti_check();
    fprintf(out, "<!-- " GENERATED "tools/generate/cacti_graphs.c. SPDX-License-Identifier: GPL-2.0-or-later -->\n");
    xml_open(&f->xml, "cacti");
    put_host_template(f);
    for (enum scope scope = 0; scope < SCOPES_N; scope++)
        for (size_t i = 0; i < cacti_graphs_n; i++)
            if (cacti_graphs[i].made_for[scope]) {
                put_graph(f, scope, &cacti_graphs[i]);
                put_data(f, scope, &cacti_graphs[i]);
            }
    for (enum scope scope = 0; scope < SCOPES_N; scope++)
        if (cacti_scopes[scope].query)
            put_query(f, scope);
    put_cdefs(f);
    put_presets(f);
    if (edition->old) {
        put_data_inputs(f);
        put_archives(f);
    }
    xml_close(&f->xml, "cacti");
}

void put_cacti_0_8_7(FILE *out, const struct generator *g)
{
    put_file(out, g, &edition_0_8_7);
}

void put_cacti_1_2(FILE *out, const struct generator *g)
{
    put_file(out, g, &edition_1_2);
}
