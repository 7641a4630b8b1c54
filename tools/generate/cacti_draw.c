/* Graph templates.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cacti_file.h"

struct place {
    enum scope scope;
    const struct graph *graph;
    const struct item *item;
    long sequence;
};

static struct name item_name(const struct file *f, const struct place *at, const char *part)
{
    return name_of(f, GRAPH_TEMPLATE_ITEM,
                   cacti_hash("graph/%s/%s/%s/%s/%s", cacti_scopes[at->scope].key, at->graph->key,
                              cacti_source_key(at->item), at->item->name, part)
                       .text);
}

/* The parts of an item: what is drawn, and what is said of it in the legend. */
static const struct part {
    const char *key, *text;
    long function; /* Cacti's consolidation functions */
} parts[] = {
    { "drawn", NULL, 1 },      { "last", "Current:", 4 }, { "average", "Average:", 1 },
    { "most", "Maximum:", 3 }, { "total", "Total:", 1 },
};
#define PARTS_N (sizeof parts / sizeof parts[0])

/* What Cacti before 1.2 adds up by itself it takes for values of its own step, which rows of our files are not. */
static size_t parts_of(const struct file *f, enum scope scope, const struct graph *graph)
{
    return cacti_measures[graph->measure].total && !(f->edition->old && scope == FILES) ? PARTS_N : PARTS_N - 1;
}

/* The total is of the time that a graph shows. RRDtool has known TOTAL since 1.2; a sum by means of a CDEF takes
 * STEPWIDTH, which came with 1.5.4. It is Cacti's own VDEF, as one of ours would be missing at the first import: Cacti
 * reads those after the graphs. Before 1.0 it has none, and adds up by itself what stands between bars in a text. */
static void put_part(struct file *f, struct place *at, size_t which, const char *colour)
{
    const struct measure_of *measure = &cacti_measures[at->graph->measure];
    const struct part *part = &parts[which];
    struct name name = item_name(f, at, part->key);
    bool drawn = which == 0, total = which == PARTS_N - 1, old_total = total && f->edition->old;
    const char *cdef = total ? NULL : measure->cdef, *format = total ? measure->total : measure->number;
    enum draw draw = drawn ? at->item->draw : old_total ? COMMENT : GPRINT;
    char text[80];

    snprintf(text, sizeof text, "%s%s%s", drawn ? at->item->legend : part->text, old_total ? " " : "",
             old_total ? measure->old_total : "");
    xml_open(&f->xml, name.text);
    xml_leaf(&f->xml, "task_item_id", data_name(f, DATA_TEMPLATE_ITEM, at->scope, at->graph, at->item).text);
    xml_leaf(&f->xml, "color_id", drawn ? colour : "0");
    xml_leaf_number(&f->xml, "graph_type_id", draw);
    xml_leaf_number(&f->xml, "consolidation_function_id", part->function);
    xml_leaf(&f->xml, "cdef_id", cdef ? small_name(f, CDEF, "cdef", cdef).text : "0");
    if (!f->edition->old)
        xml_leaf(&f->xml, "vdef_id", total ? name_of(f, VDEF, VDEF_TOTAL).text : "0");
    xml_leaf(&f->xml, "value", "");
    xml_leaf(&f->xml, "gprint_id", small_name(f, GPRINT_PRESET, "preset", format).text);
    xml_leaf(&f->xml, "text_format", text);
    xml_leaf(&f->xml, "hard_return", which + 1 == parts_of(f, at->scope, at->graph) ? "on" : "");
    xml_leaf_number(&f->xml, "sequence", ++at->sequence);
    xml_close(&f->xml, name.text);
}

/* What the user may choose when he makes a graph: the data source of each item. */
static void put_input(struct file *f, const struct place *at)
{
    struct name name = name_of(f, GRAPH_TEMPLATE_INPUT,
                               cacti_hash("graphInput/%s/%s/%s/%s", cacti_scopes[at->scope].key, at->graph->key,
                                          cacti_source_key(at->item), at->item->name)
                                   .text);
    char text[PARTS_N * sizeof(struct name)] = "";

    xml_open(&f->xml, name.text);
    snprintf(text, sizeof text, "Data Source [%s]", cacti_source_name(at->item));
    xml_leaf(&f->xml, "name", text);
    xml_leaf(&f->xml, "description", "");
    xml_leaf(&f->xml, "column_name", "task_item_id");
    *text = '\0';
    for (size_t i = 0; i < parts_of(f, at->scope, at->graph); i++) {
        strcat(text, i ? "|" : "");
        strcat(text, item_name(f, at, parts[i].key).text);
    }
    xml_leaf(&f->xml, "items", text);
    xml_close(&f->xml, name.text);
}

static void put_graph_settings(struct file *f, enum scope scope, const struct graph *graph)
{
    const struct measure_of *measure = &cacti_measures[graph->measure];
    bool scaled = strcmp(measure->number, "octets") == 0;
    char title[160];

    xml_open(&f->xml, "graph");
    xml_leaf(&f->xml, "t_title", cacti_scopes[scope].query ? "on" : "");
    xml_leaf(&f->xml, "title", row_title(title, sizeof title, scope, graph));
    xml_field(&f->xml, "vertical_label", graph->label);
    xml_field(&f->xml, "image_format_id", "1");
    xml_field(&f->xml, "height", "120");
    xml_field(&f->xml, "width", "600");
    xml_field(&f->xml, "auto_scale", "on");
    xml_field(&f->xml, "auto_scale_opts", "2"); /* the top follows the numbers, the bottom is the lower limit */
    xml_field(&f->xml, "auto_scale_log", "");
    xml_field(&f->xml, "auto_scale_rigid", "");
    xml_field(&f->xml, "auto_padding", "on");
    xml_field(&f->xml, "export", "on");
    xml_field(&f->xml, "upper_limit", "1");
    xml_field(&f->xml, "lower_limit", "0");
    xml_field(&f->xml, "base_value", "1000");
    xml_field(&f->xml, "unit_value", "");
    /* Few messages are 0.2 per minute and not "200 m". Cacti 1.2 drops an exponent of 0 when it imports one, but not
     * one that it decodes from an entity after it looked. */
    xml_field(&f->xml, "unit_exponent_value", scaled ? "" : "&#48;");
    xml_close(&f->xml, "graph");
}

void put_graph(struct file *f, enum scope scope, const struct graph *graph)
{
    struct place at = { .scope = scope, .graph = graph };
    struct name name = graph_template_name(f, scope, graph);
    size_t of_palette = 0;
    char text[160];

    xml_open(&f->xml, name.text);
    snprintf(text, sizeof text, "%s%s", cacti_scopes[scope].prefix, graph->title);
    xml_leaf(&f->xml, "name", text);
    put_graph_settings(f, scope, graph);
    xml_open(&f->xml, "items");
    for (size_t i = 0; i < graph->items_n; i++) {
        const char *colour = graph->items[i].colour;

        at.item = &graph->items[i];
        if (!colour)
            colour = cacti_palette[of_palette++ % cacti_palette_n];
        for (size_t part = 0; part < parts_of(f, scope, graph); part++)
            put_part(f, &at, part, colour);
    }
    xml_close(&f->xml, "items");
    xml_open(&f->xml, "inputs");
    for (size_t i = 0; i < graph->items_n; i++) {
        at.item = &graph->items[i];
        put_input(f, &at);
    }
    xml_close(&f->xml, "inputs");
    xml_close(&f->xml, name.text);
}
