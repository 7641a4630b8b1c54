/* Data templates, and the data queries that fill those of rows.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cacti_file.h"

/* Fields of Cacti's built-in input methods. */
static const struct field {
    const char *hash, *name, *data_name, *type_code;
} direct_fields[] = { { OID_FIELD, "OID", "oid", "snmp_oid" } }, indexed_fields[] = {
    { INDEX_TYPE, "Index Type", "index_type", "index_type" },
    { INDEX_VALUE, "Index Value", "index_value", "index_value" },
    { OUTPUT_TYPE, "Output Type ID", "output_type", "output_type" },
};
#define DIRECT_FIELDS_N  (sizeof direct_fields / sizeof direct_fields[0])
#define INDEXED_FIELDS_N (sizeof indexed_fields / sizeof indexed_fields[0])

/* A total has a data template of its own, which graphs share. A row of a table has one for each graph, whose RRD holds
 * all that the graph shows. An RRD file of ours has one. */
struct name data_name(const struct file *f, const char *type, enum scope scope, const struct graph *graph,
                      const struct item *item)
{
    const char *source = cacti_source_key(item);

    if (scope == FILES && strcmp(type, DATA_TEMPLATE) == 0)
        return name_of(f, type, cacti_hash("data/file/%.*s", (int)strcspn(item->name, "/"), item->name).text);
    if (scope == FILES)
        return name_of(f, type, cacti_hash("dataItem/file/%s", item->name).text);
    if (scope == TOTALS)
        return name_of(f, type,
                       cacti_hash("data%s/%s/%s", strcmp(type, DATA_TEMPLATE) ? "Item" : "", source, item->name).text);
    if (strcmp(type, DATA_TEMPLATE) == 0)
        return name_of(f, type, cacti_hash("data/%s/%s", cacti_scopes[scope].key, graph->key).text);
    return name_of(f, type, cacti_hash("dataItem/%s/%s/%s", cacti_scopes[scope].key, graph->key, item->name).text);
}

/* ---- data templates ---- */

static void put_data_item(struct file *f, enum scope scope, const struct graph *graph, const struct item *item)
{
    const struct measure_of *measure = &cacti_measures[graph->measure];
    struct name name = data_name(f, DATA_TEMPLATE_ITEM, scope, graph, item);
    const char *minimum = "0", *maximum = "U";
    long type = measure->counts ? 3 : 1; /* DERIVE, GAUGE */

    if (f->edition->old && measure->counts) {
        minimum = measure->old_minimum;
        maximum = measure->old_maximum ? measure->old_maximum : "U";
        type = measure->old_maximum ? 2 : 3; /* COUNTER */
    }
    xml_open(&f->xml, name.text);
    xml_field(&f->xml, "data_source_name", cacti_source_name(item));
    xml_field(&f->xml, "rrd_minimum", minimum);
    xml_field(&f->xml, "rrd_maximum", maximum);
    xml_leaf(&f->xml, "t_data_source_type_id", "");
    xml_leaf_number(&f->xml, "data_source_type_id", type);
    xml_field(&f->xml, "rrd_heartbeat", "600");
    xml_field(&f->xml, "data_input_field_id", "0");
    xml_close(&f->xml, name.text);
}

static void put_data_value(struct file *f, size_t number, const char *field, const char *t_value, const char *value)
{
    char tag[32];

    snprintf(tag, sizeof tag, "item_%03zu", number);
    xml_open(&f->xml, tag);
    xml_leaf(&f->xml, "data_input_field_id", name_of(f, DATA_INPUT_FIELD, field).text);
    xml_leaf(&f->xml, "t_value", t_value);
    xml_leaf(&f->xml, "value", value);
    xml_close(&f->xml, tag);
}

static void put_data_settings(struct file *f, const char *title, const char *data_input)
{
    xml_open(&f->xml, "ds");
    xml_leaf(&f->xml, "t_name", strcmp(data_input, GET_SNMP_INDEXED) == 0 ? "on" : "");
    xml_leaf(&f->xml, "name", title);
    xml_leaf(&f->xml, "data_input_id", name_of(f, DATA_INPUT, data_input).text);
    if (f->edition->old)
        xml_leaf(&f->xml, "t_rra_id", "");
    xml_field(&f->xml, "rrd_step", "300");
    xml_field(&f->xml, "active", "on");
    if (f->edition->old)
        put_archives_of_data(f);
    xml_close(&f->xml, "ds");
}

/* "received": a total. */
static void put_total(struct file *f, const struct graph *graph, const struct item *item)
{
    struct name name = data_name(f, DATA_TEMPLATE, TOTALS, graph, item);
    char text[320];

    xml_open(&f->xml, name.text);
    snprintf(text, sizeof text, "mailtally - %s %s", cacti_source_key(item), item->name);
    xml_leaf(&f->xml, "name", text);
    snprintf(text, sizeof text, "|host_description| - mailtally %s %s", cacti_source_key(item), item->name);
    put_data_settings(f, text, GET_SNMP);
    xml_open(&f->xml, "items");
    put_data_item(f, TOTALS, graph, item);
    xml_close(&f->xml, "items");
    xml_open(&f->xml, "data");
    cacti_oid(text, sizeof text, f->g, TOTALS, item);
    put_data_value(f, 0, OID_FIELD, "", text);
    xml_close(&f->xml, "data");
    xml_close(&f->xml, name.text);
}

static void put_row(struct file *f, enum scope scope, const struct graph *graph)
{
    struct name name = data_name(f, DATA_TEMPLATE, scope, graph, &graph->items[0]);
    char text[256];

    xml_open(&f->xml, name.text);
    snprintf(text, sizeof text, "%s%s", cacti_scopes[scope].prefix, graph->title);
    xml_leaf(&f->xml, "name", text);
    put_data_settings(f, row_title(text, sizeof text, scope, graph), GET_SNMP_INDEXED);
    xml_open(&f->xml, "items");
    for (size_t i = 0; i < graph->items_n; i++)
        put_data_item(f, scope, graph, &graph->items[i]);
    xml_close(&f->xml, "items");
    xml_open(&f->xml, "data");
    for (size_t i = 0; i < INDEXED_FIELDS_N; i++)
        put_data_value(f, i, indexed_fields[i].hash, "on", "");
    xml_close(&f->xml, "data");
    xml_close(&f->xml, name.text);
}

/* Whether an earlier item of a graph of totals is the same. */
static bool is_known(const struct graph *graph, const struct item *item)
{
    for (const struct graph *g = cacti_graphs; g <= graph; g++)
        for (size_t i = 0; g->made_for[TOTALS] && i < g->items_n && &g->items[i] != item; i++)
            if (g->items[i].source == item->source && strcmp(g->items[i].name, item->name) == 0)
                return true;
    return false;
}

void put_data(struct file *f, enum scope scope, const struct graph *graph)
{
    if (scope != TOTALS) {
        put_row(f, scope, graph);
        return;
    }
    for (size_t i = 0; i < graph->items_n; i++)
        if (!is_known(graph, &graph->items[i]))
            put_total(f, graph, &graph->items[i]);
}

/* ---- data queries ---- */

static void put_suggestion(struct file *f, const char *type, const char *field, enum scope scope,
                           const struct graph *graph)
{
    bool of_data = strcmp(type, QUERY_SOURCE_TITLE) == 0;
    struct hash hash =
        cacti_hash("query/%s/%s/%s", cacti_scopes[scope].key, graph->key, of_data ? "dataTitle" : "title");
    struct name name = name_of(f, type, hash.text);
    char text[160];

    xml_open(&f->xml, name.text);
    xml_leaf(&f->xml, "field_name", field);
    if (of_data)
        xml_leaf(&f->xml, "data_template_id", data_name(f, DATA_TEMPLATE, scope, graph, &graph->items[0]).text);
    xml_leaf(&f->xml, "sequence", "1");
    xml_leaf(&f->xml, "text", row_title(text, sizeof text, scope, graph));
    xml_close(&f->xml, name.text);
}

static void put_query_graph(struct file *f, enum scope scope, const struct graph *graph)
{
    struct name name = name_of(f, QUERY_GRAPH, cacti_hash("query/%s/%s", cacti_scopes[scope].key, graph->key).text);

    xml_open(&f->xml, name.text);
    xml_leaf(&f->xml, "name", graph->title);
    xml_leaf(&f->xml, "graph_template_id", graph_template_name(f, scope, graph).text);
    xml_open(&f->xml, "rrd");
    for (size_t i = 0; i < graph->items_n; i++) {
        const struct item *item = &graph->items[i];
        char tag[32];

        snprintf(tag, sizeof tag, "item_%03zu", i);
        xml_open(&f->xml, tag);
        xml_leaf(&f->xml, "snmp_field_name", item->name);
        xml_leaf(&f->xml, "data_template_id", data_name(f, DATA_TEMPLATE, scope, graph, item).text);
        xml_leaf(&f->xml, "data_template_rrd_id", data_name(f, DATA_TEMPLATE_ITEM, scope, graph, item).text);
        xml_close(&f->xml, tag);
    }
    xml_close(&f->xml, "rrd");
    xml_open(&f->xml, "sv_graph");
    put_suggestion(f, QUERY_GRAPH_TITLE, "title", scope, graph);
    xml_close(&f->xml, "sv_graph");
    xml_open(&f->xml, "sv_data_source");
    put_suggestion(f, QUERY_SOURCE_TITLE, "name", scope, graph);
    xml_close(&f->xml, "sv_data_source");
    xml_close(&f->xml, name.text);
}

void put_query(struct file *f, enum scope scope)
{
    const struct query *query = cacti_scopes[scope].query;
    struct name name = small_name(f, DATA_QUERY, "query", query->key);
    char path[160];

    xml_open(&f->xml, name.text);
    xml_leaf(&f->xml, "name", query->name);
    xml_leaf(&f->xml, "description", query->description);
    snprintf(path, sizeof path, "<path_cacti>/resource/snmp_queries/%s", query->file);
    xml_leaf(&f->xml, "xml_path", path);
    xml_leaf(&f->xml, "data_input_id", name_of(f, DATA_INPUT, GET_SNMP_INDEXED).text);
    xml_open(&f->xml, "graphs");
    for (size_t i = 0; i < cacti_graphs_n; i++)
        if (cacti_graphs[i].made_for[scope])
            put_query_graph(f, scope, &cacti_graphs[i]);
    xml_close(&f->xml, "graphs");
    xml_close(&f->xml, name.text);
}

/* ---- built-in input methods ---- */

static void put_data_input(struct file *f, const char *hash, const char *title, long type, const struct field *fields,
                           size_t n)
{
    struct name name = name_of(f, DATA_INPUT, hash);

    xml_open(&f->xml, name.text);
    xml_leaf(&f->xml, "name", title);
    xml_leaf_number(&f->xml, "type_id", type);
    xml_leaf(&f->xml, "input_string", "");
    xml_open(&f->xml, "fields");
    for (size_t i = 0; i < n; i++) {
        struct name field = name_of(f, DATA_INPUT_FIELD, fields[i].hash);

        xml_open(&f->xml, field.text);
        xml_leaf(&f->xml, "name", fields[i].name);
        xml_leaf(&f->xml, "update_rra", "");
        xml_leaf(&f->xml, "regexp_match", "");
        xml_leaf(&f->xml, "allow_nulls", "");
        xml_leaf(&f->xml, "type_code", fields[i].type_code);
        xml_leaf(&f->xml, "input_output", "in");
        xml_leaf(&f->xml, "data_name", fields[i].data_name);
        xml_close(&f->xml, field.text);
    }
    xml_close(&f->xml, "fields");
    xml_close(&f->xml, name.text);
}

void put_data_inputs(struct file *f)
{
    put_data_input(f, GET_SNMP, "Get SNMP Data", 2, direct_fields, DIRECT_FIELDS_N);
    put_data_input(f, GET_SNMP_INDEXED, "Get SNMP Data (Indexed)", 3, indexed_fields, INDEXED_FIELDS_N);
}
