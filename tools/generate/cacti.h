/* The Cacti templates: what they show (cacti_graphs.c), what follows from it (cacti_tables.c), how it is written
 * (cacti_xml.c, cacti.c, cacti_query.c).
 *
 * Each object of a template file has a hash for its name, by which Cacti knows it again: at a second import, in another
 * installation, and where one object refers to another. A hash is made from the object's path, which consists of keys
 * of the tables; so titles and legends may be reworded, and rows added, and graphs that exist stay what they are. A
 * key, once given, is never changed or used for something else.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_GENERATE_CACTI_H
#define MAILTALLY_GENERATE_CACTI_H

#include "generate.h"

/* ---- cacti_graphs.c: the table of graphs ---- */

/* What an item shows: a row or column of the MIB. */
enum source {
    COUNTER_OF_MAIL,     /* counters.def: a total, or a column of the host table */
    REFUSED,             /* reasons.def: refusals with a permanent code */
    REFUSED_FOR_A_WHILE, /* likewise, with a temporary one */
    PUT_OFF,             /* reasons.def: deferrals */
    AGENT,               /* an object of the agent */
    HOST,                /* a column of the host table that is no counter */
    ZONE,                /* a column of the table of DNS blocklists */
    QUEUE,               /* a column of the queue table */
    DELAY,               /* deliveries within a time: a row of the delay table */
    IN_FILE,             /* a data source of an RRD file of ours; in files of their own: cacti_rrd.c */
};

/* Cacti's numbers of graph item types. */
enum draw { COMMENT = 1, LINE1 = 4, LINE2 = 5, AREA = 7, STACK = 8, GPRINT = 9 };

struct item {
    enum draw draw;
    const char *colour; /* NULL: the next one of the palette */
    const char *legend;
    enum source source;
    const char *name; /* in counters.def or reasons.def, or of the column in lower case; IN_FILE: file/source */
};

/* What the numbers are, and so how they are kept and printed. */
enum measure { RATE, OCTET_RATE, NUMBER, OCTETS, MINUTES, HOURS, MEASURES_N };

/* What a graph is made for. One that is made for totals is a graph of the device; the others are chosen by hand among
 * the rows of a table, by a data query. FILES: of RRD files of ours, and of no table of the MIB. */
enum scope { TOTALS, HOSTS, ZONES, QUEUES, FILES, SCOPES_N };

struct graph {
    const char *key, *title, *label;
    enum measure measure;
    bool made_for[SCOPES_N];
    const struct item *items;
    size_t items_n;
};
extern const struct graph cacti_graphs[];
extern const size_t cacti_graphs_n;

extern const char *const cacti_palette[];
extern const size_t cacti_palette_n;

/* ---- cacti_tables.c ---- */

struct measure_of {
    const char *key, *cdef, *number, *total; /* keys of cdefs and of gprint presets; NULL: none */
    const char *old_total;                   /* what Cacti before 1.0 replaces by the total */
    bool counts;                             /* a counter, not a gauge */
    const char *old_minimum, *old_maximum;   /* where it counts, for Cacti before 1.2 */
};
extern const struct measure_of cacti_measures[MEASURES_N];

/* A field of a data query by which its rows are told apart. */
struct query_field {
    const char *name, *title, *index; /* index: what of the index is taken, a regular expression with one group */
    const char *const *values;        /* names of its numbers, from 1; NULL: it is shown as it is */
};

/* The rows of a table of the MIB. */
struct query {
    const char *key, *name, *description, *file;
    const char *entry, *column; /* arcs of the table's entry; its first readable column */
    const struct query_field *fields;
    size_t fields_n; /* the first one tells each row from all others */
};

struct scope_of {
    const char *key, *prefix, *title; /* of names of templates; of a graph: %s is the graph's title */
    const struct query *query;
};
extern const struct scope_of cacti_scopes[SCOPES_N];

/* The OID of an item, and of a column where the scope is a table; without the root. */
void cacti_oid(char *buffer, size_t octets, const struct generator *g, enum scope scope, const struct item *item);

/* A name for an RRD's data source: 19 octets at most. */
const char *cacti_source_name(const struct item *item);

/* A word for the source, for paths of hashes. */
const char *cacti_source_key(const struct item *item);

/* Ends the program unless each counter and each reason is in a graph, and legends are short enough. */
void cacti_check(void);

/* ---- cacti_xml.c ---- */

struct xml {
    FILE *out;
    int depth;
};
void xml_open(struct xml *xml, const char *tag);
void xml_close(struct xml *xml, const char *tag);
/* Text is escaped; an empty one gives an empty element. */
void xml_leaf(struct xml *xml, const char *tag, const char *text);
void xml_leaf_number(struct xml *xml, const char *tag, long number);
/* A field of a template and its t_ twin, which says whether each use of the template may have a value of its own. */
void xml_field(struct xml *xml, const char *tag, const char *text);

/* 32 hexadecimal digits for a path: FNV-1a, 128 bits, of "mailtally:" and the path. */
struct hash {
    char text[33];
};
struct hash cacti_hash(const char *path, ...) __attribute__((format(printf, 1, 2)));

#endif
