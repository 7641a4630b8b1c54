/* cacti-templates/mailtally-rrd-*.xml: graphs of the RRD files that mailtally itself writes, for a Cacti on the same
 * machine. Nothing is polled: a data template stands for each file, with Cacti's input method "None", and the path of
 * each data source is set to that of the file.
 *
 * What is shown is what `mailtally graph` shows (rrd/graphs.c); of reasons, which are chosen when those graphs are
 * drawn, what the other templates show (cacti_graphs.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cacti_file.h"
#include "rrd_files.h"

#define GRAPHS_MAX 24
#define ITEMS_MAX  12

static const struct edition edition_0_8_7 = { "0014", true }, edition_1_2 = { "0102", false };

/* The graphs, and who has them: those of reasons are of the sum only. */
struct set {
    struct graph graphs[GRAPHS_MAX];
    struct item items[GRAPHS_MAX][ITEMS_MAX];
    char colours[GRAPHS_MAX][ITEMS_MAX][7], names[GRAPHS_MAX][ITEMS_MAX][64];
    bool of_hosts[GRAPHS_MAX];
    size_t n;
};

static struct graph *new_graph(struct set *set)
{
    struct graph *graph = &set->graphs[set->n];

    if (set->n == GRAPHS_MAX)
        fail("write", "the graphs of RRD files", "there are more than the table has room for");
    graph->items = set->items[set->n++];
    return graph;
}

static void add_item(struct set *set, struct graph *graph, struct item item, const char *file)
{
    const size_t g = set->n - 1, i = graph->items_n++;

    if (i == ITEMS_MAX)
        fail("write", graph->title, "it shows more than there is room for");
    snprintf(set->names[g][i], sizeof set->names[g][i], "%s/%s", file, item.name);
    item.source = IN_FILE;
    item.name = set->names[g][i];
    set->items[g][i] = item;
}

static void take_graphs(struct set *set)
{
    struct rrd_graph from;
    struct rrd_series s;

    for (unsigned i = 0; rrd_files_graph(i, &from); i++) {
        struct graph *graph = new_graph(set);

        set->of_hosts[set->n - 1] = true;
        graph->key = from.key;
        graph->title = from.title;
        graph->label = from.is_octets ? "octets per second" : "per minute";
        graph->measure = from.is_octets ? OCTET_RATE : RATE;
        for (unsigned j = 0; rrd_files_series(i, j, &s); j++) {
            enum draw draw = s.is_line ? LINE2 : s.is_stacked ? STACK : AREA;
            char *colour = strcpy(set->colours[set->n - 1][j], s.colour);

            add_item(set, graph, (struct item){ draw, colour, s.legend, IN_FILE, s.source }, s.file);
        }
    }
}

/* The file in which this reason stands; NULL: it is none. The two files have names in common. */
static const char *file_of_reasons(enum source source)
{
    return source == REFUSED   ? "mailtally_reject_reasons.rrd"
           : source == PUT_OFF ? "mailtally_defer_reasons.rrd"
                               : NULL;
}

static void take_reasons(struct set *set)
{
    for (size_t i = 0; i < cacti_graphs_n; i++) {
        const struct graph *from = &cacti_graphs[i];
        struct graph *graph;

        if (!file_of_reasons(from->items[0].source) || from->items_n < 5)
            continue;
        graph = new_graph(set);
        *graph = (struct graph){ from->key, from->title, from->label, from->measure, { 0 }, graph->items, 0 };
        for (size_t j = 0; j < from->items_n; j++)
            add_item(set, graph, from->items[j], file_of_reasons(from->items[j].source));
    }
}

/* ---- data templates ---- */

static void put_source(struct file *f, const char *file, const char *source)
{
    char path[64];
    const struct item item = { .source = IN_FILE, .name = path };
    struct name name;

    snprintf(path, sizeof path, "%s/%s", file, source);
    name = data_name(f, DATA_TEMPLATE_ITEM, FILES, NULL, &item);
    xml_open(&f->xml, name.text);
    xml_field(&f->xml, "data_source_name", source);
    xml_field(&f->xml, "rrd_minimum", "0");
    xml_field(&f->xml, "rrd_maximum", "U");
    xml_leaf(&f->xml, "t_data_source_type_id", "");
    xml_leaf_number(&f->xml, "data_source_type_id", 4); /* ABSOLUTE */
    xml_field(&f->xml, "rrd_heartbeat", "120");
    xml_field(&f->xml, "data_input_field_id", "0");
    xml_close(&f->xml, name.text);
}

static void put_file_template(struct file *f, unsigned number)
{
    const struct item item = { .source = IN_FILE, .name = rrd_files_name(number) };
    struct name name = data_name(f, DATA_TEMPLATE, FILES, NULL, &item);
    const char *source;
    char text[160];

    xml_open(&f->xml, name.text);
    snprintf(text, sizeof text, "mailtally RRD - %s", item.name);
    xml_leaf(&f->xml, "name", text);
    xml_open(&f->xml, "ds");
    xml_leaf(&f->xml, "t_name", "");
    snprintf(text, sizeof text, "|host_description| - %s", item.name);
    xml_leaf(&f->xml, "name", text);
    xml_leaf(&f->xml, "data_input_id", "0"); /* none: nothing is polled */
    if (f->edition->old)
        xml_leaf(&f->xml, "t_rra_id", "");
    xml_field(&f->xml, "rrd_step", "60");
    xml_field(&f->xml, "active", "on");
    if (f->edition->old)
        put_archives_of_data(f);
    xml_close(&f->xml, "ds");
    xml_open(&f->xml, "items");
    for (unsigned i = 0; (source = rrd_files_source(number, i)) != NULL; i++)
        put_source(f, item.name, source);
    xml_close(&f->xml, "items");
    xml_open(&f->xml, "data");
    xml_close(&f->xml, "data");
    xml_close(&f->xml, name.text);
}

/* ---- the whole ---- */

static void put_device(struct file *f, const struct set *set, const char *key, const char *title, bool all)
{
    struct name name = small_name(f, HOST_TEMPLATE, "device", key);
    char text[GRAPHS_MAX * sizeof(struct name)] = "";

    xml_open(&f->xml, name.text);
    xml_leaf(&f->xml, "name", title);
    for (size_t i = 0; i < set->n; i++)
        if (all || set->of_hosts[i]) {
            strcat(text, *text ? "|" : "");
            strcat(text, graph_template_name(f, FILES, &set->graphs[i]).text);
        }
    xml_leaf(&f->xml, "graph_templates", text);
    xml_leaf(&f->xml, "data_queries", "");
    xml_close(&f->xml, name.text);
}

static void put_file(FILE *out, const struct generator *g, const struct edition *edition)
{
    struct file file = { .xml = { .out = out }, .g = g, .edition = edition }, *f = &file;
    static struct set set;

    set = (struct set){ .n = 0 };
    take_graphs(&set);
    take_reasons(&set);
    fprintf(out, "<!-- " GENERATED "rrd/graphs.c and rrd/kinds.c. SPDX-License-Identifier: GPL-2.0-or-later -->\n");
    xml_open(&f->xml, "cacti");
    put_device(f, &set, "rrdAll", "mailtally RRD files, all mail", true);
    put_device(f, &set, "rrdHost", "mailtally RRD files, one mail server", false);
    for (size_t i = 0; i < set.n; i++)
        put_graph(f, FILES, &set.graphs[i]);
    for (unsigned i = 0; rrd_files_name(i); i++)
        put_file_template(f, i);
    put_cdefs(f);
    put_presets(f);
    if (edition->old)
        put_archives(f);
    xml_close(&f->xml, "cacti");
}

void put_cacti_rrd_0_8_7(FILE *out, const struct generator *g)
{
    put_file(out, g, &edition_0_8_7);
}

void put_cacti_rrd_1_2(FILE *out, const struct generator *g)
{
    put_file(out, g, &edition_1_2);
}
