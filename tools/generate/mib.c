/* Pieces of the MIB module that follow from the tables and the root.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "generate.h"

static void put_counter_object(FILE *out, const char *prefix, const char *parent, const struct counter *c, int number)
{
    char name[80];

    fprintf(out,
            "%s OBJECT-TYPE\n"
            "    SYNTAX      Counter64\n"
            "    UNITS       \"%s\"\n"
            "    MAX-ACCESS  read-only\n"
            "    STATUS      current\n"
            "    DESCRIPTION\n"
            "        \"",
            object_name(name, sizeof name, prefix, c->name), c->unit);
    char *folded = NULL;
    size_t octets;
    FILE *piece = open_memstream(&folded, &octets);

    put_folded(piece, c->meaning, 8, 72);
    fclose(piece);
    fprintf(out, "%s.\"\n    ::= { %s %d }\n\n", folded + strspn(folded, " "), parent, number);
    free(folded);
}

void put_objects(FILE *out, const struct generator *g, const char *prefix)
{
    bool host = *prefix != '\0';

    UNUSED(g);
    for (size_t i = 0; i < counters_n; i++)
        put_counter_object(out, prefix, host ? "mailtallyHostEntry" : "mailtallyTotals", &counters[i],
                           counters[i].number + (host ? 10 : 0));
}

void put_sequence(FILE *out, const struct generator *g, const char *prefix)
{
    UNUSED(g);
    char name[80];

    fputs("    mailtallyHostLastEventAge Gauge32", out);
    for (size_t i = 0; i < counters_n; i++)
        fprintf(out, ",\n    %s Counter64", object_name(name, sizeof name, prefix, counters[i].name));
    fputs(",\n", out); /* columns of other kinds follow in the template */
}

void put_group(FILE *out, const struct generator *g, const char *prefix)
{
    char name[80];

    UNUSED(g);
    for (size_t i = 0; i < counters_n; i++)
        fprintf(out, "        %s%s\n", object_name(name, sizeof name, prefix, counters[i].name),
                i + 1 < counters_n ? "," : "");
}

void put_reasons(FILE *out, const struct generator *g, const char *which)
{
    bool refused = strcmp(which, "refusals") == 0;
    const struct reason *reasons = refused ? refusals : deferrals;
    size_t n = refused ? refusals_n : deferrals_n;

    UNUSED(g);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "                    %s(%d)%s\n", reasons[i].name, reasons[i].number, i + 1 < n ? "," : "");
}

/* How many arcs the base OID has below enterprises. */
static int arcs_below_enterprises(const struct generator *g)
{
    int arcs = 1;

    for (const char *p = g->base_oid + strlen(ENTERPRISES); *p; p++)
        arcs += *p == '.';
    return arcs;
}

/* The n-th arc below enterprises, from 1. */
static int arc_below_enterprises(const struct generator *g, int n)
{
    const char *p = g->base_oid + strlen(ENTERPRISES);

    while (--n)
        p = strchr(p, '.') + 1;
    return atoi(p);
}

/* `{ parent n }` of the n-th arc: of the first one, the full path, which needs no other module. */
static void put_arc_value(FILE *out, const struct generator *g, int n)
{
    if (n == 1)
        fputs("iso org(3) dod(6) internet(1) private(4) enterprises(1)", out);
    else
        fprintf(out, "mailtallyParent%d", n - 1);
    fprintf(out, " %d", arc_below_enterprises(g, n));
}

void put_parents(FILE *out, const struct generator *g, const char *unused)
{
    UNUSED(unused);
    for (int n = 1; n < arcs_below_enterprises(g); n++) {
        fprintf(out, "mailtallyParent%d OBJECT IDENTIFIER ::= { ", n);
        put_arc_value(out, g, n);
        fputs(" }\n", out);
    }
}

void put_root(FILE *out, const struct generator *g, const char *unused)
{
    UNUSED(unused);
    put_arc_value(out, g, arcs_below_enterprises(g));
}
