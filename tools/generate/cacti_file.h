/* A template file that is being written: what the parts of the writer share.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_GENERATE_CACTI_FILE_H
#define MAILTALLY_GENERATE_CACTI_FILE_H

#include "cacti.h"

/* Cacti's codes of object types, as they stand in a hash. */
#define GRAPH_TEMPLATE       "00"
#define DATA_TEMPLATE        "01"
#define HOST_TEMPLATE        "02"
#define DATA_INPUT           "03"
#define DATA_QUERY           "04"
#define CDEF                 "05"
#define GPRINT_PRESET        "06"
#define DATA_INPUT_FIELD     "07"
#define DATA_TEMPLATE_ITEM   "08"
#define GRAPH_TEMPLATE_INPUT "09"
#define GRAPH_TEMPLATE_ITEM  "10"
#define QUERY_GRAPH          "11"
#define QUERY_GRAPH_TITLE    "12"
#define QUERY_SOURCE_TITLE   "13"
#define CDEF_ITEM            "14"
#define ARCHIVE              "15"
#define VDEF                 "18"

/* Built into every Cacti, with these hashes since 0.8.7; the VDEF since 1.0. */
#define GET_SNMP         "3eb92bb845b9660a7445cf9740726522"
#define GET_SNMP_INDEXED "bf566c869ac6443b0c75d1c32b5a350e"
#define OID_FIELD        "4276a5ec6e3fe33995129041b1909762"
#define INDEX_TYPE       "6027a919c7c7731fbe095b6f53ab127b"
#define INDEX_VALUE      "cbbe5c1ddfb264a6e5d509ce1c78c95f"
#define OUTPUT_TYPE      "e6deda7be0f391399c5130e7c4a48b28"
#define VDEF_TOTAL       "6b5335843630b66f858ce6b7c61fc493"

struct edition {
    const char *code; /* of the release that a file says it was written by */
    bool old;         /* for Cacti before 1.2.3 */
};

struct file {
    struct xml xml;
    const struct generator *g;
    const struct edition *edition;
};

struct name {
    char text[64];
};

/* ---- cacti.c ---- */

/* hash_TTVVVV and 32 digits. */
struct name name_of(const struct file *f, const char *type, const char *hash);
struct name small_name(const struct file *f, const char *type, const char *kind, const char *key);
struct name graph_template_name(const struct file *f, enum scope scope, const struct graph *graph);

/* What a graph is called, and a data source of a row: the scope's title with the graph's in it. Returns the buffer. */
const char *row_title(char *buffer, size_t octets, enum scope scope, const struct graph *graph);

/* What belongs to no graph. */
void put_cdefs(struct file *f);
void put_presets(struct file *f);
void put_archives(struct file *f); /* for old files */

/* The archives of a new RRD, separated by '|'; for old files. */
void put_archives_of_data(struct file *f);

/* ---- cacti_data.c ---- */

struct name data_name(const struct file *f, const char *type, enum scope scope, const struct graph *graph,
                      const struct item *item);

/* The data templates of a graph, but those that an earlier graph has. */
void put_data(struct file *f, enum scope scope, const struct graph *graph);

/* The data query of a scope, with its graphs. */
void put_query(struct file *f, enum scope scope);

/* Built-in input methods with the fields that we use, as they are in every Cacti; for old files. */
void put_data_inputs(struct file *f);

/* ---- cacti_draw.c ---- */

void put_graph(struct file *f, enum scope scope, const struct graph *graph);

#endif
