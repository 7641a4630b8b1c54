/* checks/collectd/mailtally.conf: data blocks for collectd's plugin snmp.
 *
 * A block with a table names its rows by a column that can be read; the tables of hosts and queues have none, as their
 * names stand in the index. Reasons have numbers, which are known here: they are asked for one by one, with their
 * names.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "objects.h"

enum use { ALWAYS, TABLES };

struct blocks {
    FILE *out;
    const struct generator *g;
    enum use use;
    bool only_names; /* those of the blocks, for Collect */
};

/* mailtallyReceived -> received */
static void put_short(FILE *out, const char *name)
{
    name += strlen("mailtally");
    fprintf(out, "%c%s", tolower((unsigned char)name[0]), name + 1);
}

static void put_name(const struct blocks *b, const char *name, const char *more)
{
    fputs(b->only_names ? " \"mailtally_" : "    <Data \"mailtally_", b->out);
    put_short(b->out, name);
    fprintf(b->out, "%s%s\"%s", *more ? "_" : "", more, b->only_names ? "" : ">\n");
}

/* row: the name of the row behind the OID's last number, or "". */
static void put_scalar(const struct blocks *b, const struct object *object, int instance, const char *row)
{
    put_name(b, object->name, row);
    if (b->only_names)
        return;
    fprintf(b->out, "        Type \"%s\"\n        PluginInstance \"mailtally\"\n        TypeInstance \"",
            object->counter ? "derive" : "gauge");
    put_short(b->out, object->name);
    fprintf(b->out, "%s%s\"\n        Values \"%s.%s.%d\"\n    </Data>\n", *row ? "-" : "", row, b->g->base_oid,
            object->oid, instance);
}

static void put_table(const struct blocks *b, const struct object *object)
{
    put_name(b, object->name, "");
    if (b->only_names)
        return;
    fprintf(
        b->out,
        "        Type \"%s\"\n        Table true\n        PluginInstance \"mailtally\"\n        TypeInstancePrefix \"",
        object->counter ? "derive" : "gauge");
    put_short(b->out, object->name);
    fprintf(b->out, "-\"\n        Values \"%s.%s\"\n    </Data>\n", b->g->base_oid, object->oid);
}

static void put_rows(const struct blocks *b, const struct object *object, const struct reason *reasons, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_scalar(b, object, reasons[i].number, reasons[i].name);
}

static void put_recent(const struct blocks *b, const struct object *object)
{
    for (size_t i = 0; i < counters_n; i++)
        put_scalar(b, object, counters[i].number, counters[i].name);
}

static void put_blocks(const struct object *object, void *context)
{
    const struct blocks *b = context;
    bool table = object->key == KEY_HOST || object->key == KEY_QUEUE || object->key == KEY_ZONE ||
                 object->key == KEY_SOURCE || object->key == KEY_DELAY;

    if (table != (b->use == TABLES))
        return;
    if (table)
        put_table(b, object);
    else if (object->key == KEY_NONE)
        put_scalar(b, object, 0, "");
    else if (object->key == KEY_REFUSAL)
        put_rows(b, object, refusals, refusals_n);
    else if (object->key == KEY_DEFERRAL)
        put_rows(b, object, deferrals, deferrals_n);
    else if (strstr(object->name, "Last15Minutes"))
        put_recent(b, object);
}

static void put_collect(FILE *out, const struct generator *g, enum use use)
{
    each_object(put_blocks, &(struct blocks){ out, g, use, true });
    fputc('\n', out);
}

void put_collectd(FILE *out, const struct generator *g)
{
    fputs(
        "# collectd's plugin snmp: what mailtallyd counts. Copy this file to /etc/collectd/collectd.conf.d/ and write\n"
        "# your mail server, or the log host, and its community into the block <Host> at the end. README.md has "
        "SNMPv3.\n"
        "# " GENERATED "tools/generate/objects.c, parser/counters.def and parser/reasons.def.\n"
        "# SPDX-License-Identifier: GPL-2.0-or-later\n"
        "LoadPlugin snmp\n"
        "<Plugin snmp>\n",
        out);
    each_object(put_blocks, &(struct blocks){ out, g, ALWAYS, false });
    fputs("    # Tables: collectd names a row by its index, where it is a name as octets: 3.109.120.49 is mx1.\n", out);
    each_object(put_blocks, &(struct blocks){ out, g, TABLES, false });
    fputs("    <Host \"mx1.example.org\">\n"
          "        Address \"127.0.0.1:161\"\n"
          "        Version 2\n"
          "        Community \"public\"\n"
          "        Interval 60\n"
          "        Timeout 5\n"
          "        Retries 1\n"
          "        Collect",
          out);
    put_collect(out, g, ALWAYS);
    fputs("        # Hosts, DNS blocklists, sources, queues and delays: take those that you need.\n"
          "        #Collect",
          out);
    put_collect(out, g, TABLES);
    fputs("    </Host>\n</Plugin>\n", out);
}
