/* checks/zabbix/mailtally.yaml: a template for Zabbix 6.0, items and discovery rules. Triggers and graphs, which name
 * items by their keys, are in zabbix_alarms.c.
 *
 * Counters are shown as rates: events a minute, octets a second. Zabbix drops a difference that is negative, so that a
 * counter that begins anew draws no spike. The rows of tables are found by walking one column; the names in an index
 * are read out of it with a script.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "zabbix.h"

#include <inttypes.h>

/* FNV-1a; not to be guarded against collisions that someone makes. */
static uint64_t hash(uint64_t seed, const char *kind, const char *name)
{
    uint64_t h = seed;

    for (; *kind; kind++)
        h = (h ^ (unsigned char)*kind) * 0x100000001b3;
    h = (h ^ '/') * 0x100000001b3;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001b3;
    return h;
}

void put_zabbix_uuid(FILE *out, int indent, const char *kind, const char *name)
{
    uint64_t high = hash(0xcbf29ce484222325, kind, name), low = hash(0x6d61696c74616c6c, kind, name);

    /* Version 4, variant 1: Zabbix refuses others. */
    high = (high & ~(uint64_t)0xf000) | 0x4000;
    low = (low & ~((uint64_t)3 << 62)) | (uint64_t)2 << 62;
    fprintf(out, "%*s- uuid: %016" PRIx64 "%016" PRIx64 "\n", indent, "", high, low);
}

struct template
{
    FILE *out;
    const struct generator *g;
    const struct rule *rule; /* NULL: the items of the template itself */
};

/* A discovery rule: the column that it walks; what becomes of a row's index; the key of its rows, and their name. */
static const struct rule {
    enum row_key key;
    const char *name, *table, *column, *macro, *script, *row;
} rules[] = {
    { KEY_HOST, "Mail servers", "host", "1.3.1.2", "{#LASTEVENTAGE}",
      "row['{#MAILHOST}'] = text(row['{#SNMPINDEX}'].split('.').slice(1));", "\"{#MAILHOST}\"" },
    { KEY_ZONE, "DNS blocklists", "zone", "1.7.1.2", "{#PERMANENT}",
      "row['{#ZONE}'] = text(row['{#SNMPINDEX}'].split('.').slice(1));", "\"{#ZONE}\"" },
    { KEY_SOURCE, "Sources of log lines", "source", "1.8.1.2", "{#SOURCE}", "", "\"{#SOURCE}\"" },
    { KEY_QUEUE, "Mail queues", "queue", "1.9.1.3", "{#MESSAGES}",
      "var index = row['{#SNMPINDEX}'].split('.');"
      " row['{#QUEUE}'] = ['maildrop', 'hold', 'incoming', 'active', 'deferred', 'all'][index.pop() - 1];"
      " row['{#QUEUEINSTANCE}'] = text(index.slice(1));",
      "\"{#QUEUEINSTANCE}\",\"{#QUEUE}\"" },
};

static const char *row_name(const struct rule *rule)
{
    switch (rule->key) {
    case KEY_HOST:
        return "{#MAILHOST}: ";
    case KEY_ZONE:
        return "{#ZONE}: ";
    case KEY_SOURCE:
        return "{#SOURCE}: ";
    default:
        return "{#QUEUEINSTANCE} {#QUEUE}: ";
    }
}

/* HostReceived -> received; RecentLast15Minutes -> last15Minutes. */
static void short_name(char *buffer, size_t octets, const char *name, const char *prefix)
{
    name += strlen("mailtally") + strlen(prefix);
    snprintf(buffer, octets, "%c%s", tolower((unsigned char)name[0]), name + 1);
}

static void put_processing(FILE *out, int indent, bool octets)
{
    fprintf(out, "%*spreprocessing:\n%*s- type: CHANGE_PER_SECOND\n%*sparameters: ['']\n", indent, "", indent, "",
            indent + 2, "");
    if (!octets)
        fprintf(out, "%*s- type: MULTIPLIER\n%*sparameters: ['60']\n", indent, "", indent + 2, "");
}

static void put_value_type(const struct template *t, const struct object *object, int indent)
{
    bool octets = strcmp(object->unit, "octets") == 0;

    if (object->counter)
        fprintf(t->out, "%*svalue_type: FLOAT\n%*sunits: %s\n", indent, "", indent, "", octets ? "Bps" : "'/min'");
    else if (strcmp(object->unit, "seconds") == 0)
        fprintf(t->out, "%*sunits: s\n", indent, "");
    else if (octets)
        fprintf(t->out, "%*sunits: B\n", indent, "");
    else if (strcmp(object->unit, "status") == 0 || strcmp(object->unit, "state") == 0)
        fprintf(t->out, "%*svaluemap:\n%*sname: mailtally %s\n", indent, "", indent + 2, "", object->unit);
    if (object->counter)
        put_processing(t->out, indent, octets);
}

/* instance: what follows the OID; name, key: how the item is shown, and the whole key. */
static void put_item(const struct template *t, const struct object *object, const char *instance, const char *name,
                     const char *key)
{
    int indent = t->rule ? 8 : 6, inner = indent + 2;
    const char *component = t->rule ? t->rule->table : strstr(object->name, "Agent") ? "agent" : "mail";

    put_zabbix_uuid(t->out, indent, t->rule ? "item prototype" : "item", key);
    fprintf(t->out, "%*sname: ", inner, "");
    put_yaml_string(t->out, name);
    fprintf(t->out, "\n%*stype: SNMP_AGENT\n%*ssnmp_oid: '%s.%s.%s'\n%*skey: ", inner, "", inner, "", t->g->base_oid,
            object->oid, instance, inner, "");
    put_yaml_string(t->out, key);
    fprintf(t->out, "\n%*sdelay: '{$MAILTALLY.INTERVAL}'\n%*shistory: 7d\n", inner, "", inner, "");
    put_value_type(t, object, inner);
    fprintf(t->out, "%*sdescription: ", inner, "");
    put_yaml_string(t->out, object->help);
    fprintf(t->out, "\n%*stags:\n%*s- tag: component\n%*svalue: %s\n", inner, "", inner, "", inner + 2, "", component);
    put_zabbix_triggers(t->out, t->rule ? t->rule->table : NULL, key, inner);
}

/* An item of the template for one row of a table whose rows are known. */
static void put_row(const struct template *t, const struct object *object, const char *kind, int number,
                    const char *row, const char *name)
{
    char instance[16], key[96];

    snprintf(instance, sizeof instance, "%d", number);
    snprintf(key, sizeof key, "mailtally.%s[%s]", kind, row);
    put_item(t, object, instance, name, key);
}

static void put_reason_rows(const struct template *t, const struct object *object, const char *kind,
                            const char *sentence, const struct reason *reasons, size_t n)
{
    char name[96];

    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%s: %s", sentence, reasons[i].name);
        put_row(t, object, kind, reasons[i].number, reasons[i].name, name);
    }
}

/* Of the last 15 minutes: what triggers look at. */
static void put_recent_rows(const struct template *t, const struct object *object)
{
    static const char *const also[] = { "sent", "delivered", "forwarded" };
    char name[96];

    for (size_t i = 0; i < counters_n; i++) {
        bool wanted = false;

        for (size_t j = 0; j < host_recent_n; j++)
            wanted |= strcmp(counters[i].name, host_recent[j].name) == 0;
        for (size_t j = 0; j < sizeof also / sizeof also[0]; j++)
            wanted |= strcmp(counters[i].name, also[j]) == 0;
        if (!wanted)
            continue;
        snprintf(name, sizeof name, "Last 15 minutes: %s", counters[i].name);
        put_row(t, object, "recent", counters[i].number, counters[i].name, name);
    }
}

static void put_delay_rows(const struct template *t, const struct object *object)
{
    char name[96];

    for (size_t i = 0; i < delay_bounds_n; i++) {
        snprintf(name, sizeof name, i + 1 < delay_bounds_n ? "Delivered within %s s" : "Delivered after any time",
                 delay_bounds[i]);
        put_row(t, object, "delay", (int)i + 1, i + 1 < delay_bounds_n ? delay_bounds[i] : "all", name);
    }
}

static void put_scalar(const struct template *t, const struct object *object)
{
    bool agent = strncmp(object->name, "mailtallyAgent", 14) == 0;
    char word[64], name[96];

    short_name(word, sizeof word, object->name, agent ? "Agent" : "");
    snprintf(name, sizeof name, "%s: %s", agent ? "Agent" : "Mail", word);
    put_row(t, object, agent ? "agent" : "total", 0, word, name);
}

static void put_template_item(const struct object *object, void *context)
{
    const struct template *t = context;

    if (object->key == KEY_NONE)
        put_scalar(t, object);
    else if (strcmp(object->name, "mailtallyRejectPermanent") == 0)
        put_reason_rows(t, object, "reject", "Rejected", refusals, refusals_n);
    else if (object->key == KEY_DEFERRAL)
        put_reason_rows(t, object, "deferral", "Deferred", deferrals, deferrals_n);
    else if (strcmp(object->name, "mailtallyRecentLast15Minutes") == 0)
        put_recent_rows(t, object);
    else if (object->key == KEY_DELAY)
        put_delay_rows(t, object);
}

static void put_prototype(const struct object *object, void *context)
{
    const struct template *t = context;
    const struct rule *rule = t->rule;
    char word[64], name[128], key[128], table[16];

    if (object->key != rule->key)
        return;
    snprintf(table, sizeof table, "%c%s", toupper((unsigned char)rule->table[0]), rule->table + 1);
    short_name(word, sizeof word, object->name, table);
    snprintf(name, sizeof name, "%s%s", row_name(rule), word);
    snprintf(key, sizeof key, "mailtally.%s[%s,%s]", rule->table, rule->row, word);
    put_item(t, object, "{#SNMPINDEX}", name, key);
}

static void put_rule(FILE *out, const struct generator *g, const struct rule *rule)
{
    struct template t = { out, g, rule };
    char key[64];

    snprintf(key, sizeof key, "mailtally.%ss", rule->table);
    put_zabbix_uuid(out, 6, "discovery rule", key);
    fprintf(out,
            "        name: %s\n        type: SNMP_AGENT\n        snmp_oid: 'discovery[%s,%s.%s]'\n        key: %s\n"
            "        delay: '{$MAILTALLY.DISCOVERY}'\n",
            rule->name, rule->macro, g->base_oid, rule->column, key);
    if (*rule->script)
        fprintf(out,
                "        preprocessing:\n        - type: JAVASCRIPT\n          parameters:\n          - |\n"
                "            function text(codes) {\n"
                "                return codes.map(function (code) { return String.fromCharCode(code); }).join('');\n"
                "            }\n"
                "            var rows = JSON.parse(value);\n"
                "            rows.forEach(function (row) {\n"
                "                %s\n"
                "                delete row['%s'];\n"
                "            });\n"
                "            return JSON.stringify(rows);\n",
                rule->script, rule->macro);
    fputs("        item_prototypes:\n", out);
    each_object(put_prototype, &t);
    put_zabbix_triggers(out, rule->table, NULL, 8);
    put_zabbix_graphs(out, rule->table, 8);
}

static void put_valuemaps(FILE *out)
{
    fputs("    valuemaps:\n", out);
    put_zabbix_uuid(out, 6, "valuemap", "status");
    fputs("        name: mailtally status\n"
          "        mappings:\n"
          "        - {value: '1', newvalue: ok}\n"
          "        - {value: '2', newvalue: catching up}\n"
          "        - {value: '3', newvalue: degraded}\n",
          out);
    put_zabbix_uuid(out, 6, "valuemap", "state");
    fputs("        name: mailtally state\n"
          "        mappings:\n"
          "        - {value: '1', newvalue: ok}\n"
          "        - {value: '2', newvalue: catching up}\n"
          "        - {value: '3', newvalue: missing}\n"
          "        - {value: '4', newvalue: unreadable}\n"
          "        - {value: '5', newvalue: failed}\n",
          out);
}

void put_zabbix(FILE *out, const struct generator *g)
{
    struct template t = { out, g, NULL };

    fputs("# A template for Zabbix 6.0: what mailtallyd counts. README.md says how to import it.\n"
          "# " GENERATED "tools/generate/zabbix*.c, parser/counters.def and parser/reasons.def.\n"
          "# SPDX-License-Identifier: GPL-2.0-or-later\n"
          "zabbix_export:\n"
          "  version: '6.0'\n"
          "  date: '2026-11-28T00:00:00Z'\n"
          "  groups:\n",
          out);
    put_zabbix_uuid(out, 2, "group", "Templates/Mail");
    fputs("    name: Templates/Mail\n  templates:\n", out);
    put_zabbix_uuid(out, 2, "template", ZABBIX_TEMPLATE);
    fputs("    template: " ZABBIX_TEMPLATE "\n    name: " ZABBIX_TEMPLATE "\n    description: "
          "'What mail servers do, counted from their logs by mailtallyd and asked for by SNMP v2c or v3.'\n"
          "    groups:\n    - name: Templates/Mail\n    items:\n",
          out);
    each_object(put_template_item, &t);
    fputs("    discovery_rules:\n", out);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        put_rule(out, g, &rules[i]);
    put_zabbix_macros(out, 4);
    put_valuemaps(out);
    put_zabbix_triggers(out, NULL, NULL, 2);
    put_zabbix_graphs(out, NULL, 2);
}
