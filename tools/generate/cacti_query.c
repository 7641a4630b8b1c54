/* cacti-templates/resource/snmp_queries: how Cacti walks a table, and what it finds in which column.
 *
 * A row's index is its key: the name of the host, of the blocklist, of instance and queue. So it is the same row after
 * each walk, whatever rows have come meanwhile, and Cacti's re-index has nothing to mix up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cacti.h"

/* The arcs of a column as a regular expression that takes `index`, which has one group. */
static void put_regexp(char *buffer, size_t octets, const struct generator *g, const struct query *query,
                       const char *index)
{
    char oid[320];
    size_t n = 0;

    snprintf(oid, sizeof oid, "%s.%s.%s.", g->base_oid, query->entry, query->column);
    n += (size_t)snprintf(buffer, octets, "OID/REGEXP:^\\.?");
    for (const char *p = oid; *p; p++)
        n += (size_t)snprintf(buffer + n, octets - n, *p == '.' ? "\\." : "%c", *p);
    n += (size_t)snprintf(buffer + n, octets - n, "%s$", index);
    if (n >= octets)
        fail("write the regular expression of", query->file, "it is too long");
}

static void put_input(struct xml *xml, const struct generator *g, const struct query *query,
                      const struct query_field *field)
{
    char text[1024];

    xml_open(xml, field->name);
    xml_leaf(xml, "name", field->title);
    xml_leaf(xml, "method", "walk");
    put_regexp(text, sizeof text, g, query, field->index);
    xml_leaf(xml, "source", text);
    xml_leaf(xml, "direction", "input");
    snprintf(text, sizeof text, ".%s.%s.%s", g->base_oid, query->entry, query->column);
    xml_leaf(xml, "oid", text);
    if (field->values) {
        xml_open(xml, "rewrite_value");
        for (int i = 0; field->values[i]; i++) {
            snprintf(text, sizeof text, "value%d", i + 1);
            xml_open(xml, text);
            xml_leaf_number(xml, "match", i + 1);
            xml_leaf(xml, "replace", field->values[i]);
            xml_close(xml, text);
        }
        xml_close(xml, "rewrite_value");
    }
    xml_close(xml, field->name);
}

static void put_output(struct xml *xml, const struct generator *g, enum scope scope, const struct item *item)
{
    char oid[320];

    cacti_oid(oid, sizeof oid, g, scope, item);
    xml_open(xml, item->name);
    xml_leaf(xml, "name", item->legend);
    xml_leaf(xml, "method", "walk");
    xml_leaf(xml, "source", "value");
    xml_leaf(xml, "direction", "output");
    xml_leaf(xml, "oid", oid);
    xml_close(xml, item->name);
}

static void put_query(FILE *out, const struct generator *g, enum scope scope)
{
    const struct query *query = cacti_scopes[scope].query;
    struct xml xml = { .out = out };
    char text[1024];

    fprintf(out, "<!-- " GENERATED "tools/generate/cacti_graphs.c. SPDX-License-Identifier: GPL-2.0-or-later -->\n");
    xml_open(&xml, "interface");
    xml_leaf(&xml, "name", query->name);
    xml_leaf(&xml, "description", query->description);
    snprintf(text, sizeof text, ".%s.%s.%s", g->base_oid, query->entry, query->column);
    xml_leaf(&xml, "oid_index", text);
    put_regexp(text, sizeof text, g, query, "(.*)");
    xml_leaf(&xml, "oid_index_parse", text);
    xml_leaf(&xml, "index_order", query->fields[0].name);
    xml_leaf(&xml, "index_order_type", "alphabetic");
    xml_leaf(&xml, "index_title_format", "|chosen_order_field|");
    xml_open(&xml, "fields");
    for (size_t i = 0; i < query->fields_n; i++)
        put_input(&xml, g, query, &query->fields[i]);
    for (size_t i = 0; i < cacti_graphs_n; i++)
        for (size_t j = 0; cacti_graphs[i].made_for[scope] && j < cacti_graphs[i].items_n; j++)
            put_output(&xml, g, scope, &cacti_graphs[i].items[j]);
    xml_close(&xml, "fields");
    xml_close(&xml, "interface");
}

void put_cacti_hosts(FILE *out, const struct generator *g)
{
    put_query(out, g, HOSTS);
}

void put_cacti_zones(FILE *out, const struct generator *g)
{
    put_query(out, g, ZONES);
}

void put_cacti_queues(FILE *out, const struct generator *g)
{
    put_query(out, g, QUEUES);
}
