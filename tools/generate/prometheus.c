/* checks/prometheus/snmp*.yml: the module for Prometheus' snmp_exporter, in its two formats.
 *
 * Until 0.22 a file is a map of modules, each with its own credentials. From 0.23 on credentials (auths) and modules
 * are two maps. What a module walks, and how it names what it finds, is the same in both.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "objects.h"

/* The names of a numbered index. */
static void put_names(FILE *out, int indent, size_t n, const char *(*name)(size_t i, int *number))
{
    fprintf(out, "%*senum_values:\n", indent, "");
    for (size_t i = 0; i < n; i++) {
        int number = 0;
        const char *text = name(i, &number);

        fprintf(out, "%*s%d: ", indent + 2, "", number);
        put_yaml_string(out, text);
        fputc('\n', out);
    }
}

static const char *counter_name(size_t i, int *number)
{
    *number = counters[i].number;
    return counters[i].name;
}

static const char *refusal_name(size_t i, int *number)
{
    *number = refusals[i].number;
    return refusals[i].name;
}

static const char *deferral_name(size_t i, int *number)
{
    *number = deferrals[i].number;
    return deferrals[i].name;
}

static const char *queue_name(size_t i, int *number)
{
    *number = (int)i + 1;
    return queue_names[i];
}

/* As Prometheus names the bucket of a histogram: histogram_quantile() then takes the counters as they are. */
static const char *delay_name(size_t i, int *number)
{
    *number = (int)i + 1;
    return delay_bounds[i];
}

/* A label for each index of the row, and for a source its name as well: its number alone says nothing, its name alone
 * might be that of another (of a very long path the name is the end). */
static void put_labels(FILE *out, const struct generator *g, int indent, enum row_key key)
{
    static const struct label {
        enum row_key key;
        const char *name, *type;
        const size_t *n;
        const char *(*value)(size_t i, int *number);
    } labels[] = {
        /* DisplayString: as text. With OctetString, which the generator takes from the MIB, it would be shown in hex.
         */
        { KEY_HOST, "host", "DisplayString", NULL, NULL },
        { KEY_COUNTER, "counter", "EnumAsInfo", &counters_n, counter_name },
        { KEY_REFUSAL, "reason", "EnumAsInfo", &refusals_n, refusal_name },
        { KEY_DEFERRAL, "reason", "EnumAsInfo", &deferrals_n, deferral_name },
        { KEY_ZONE, "zone", "DisplayString", NULL, NULL },
        { KEY_SOURCE, "source_index", "gauge", NULL, NULL },
        { KEY_QUEUE, "queue_instance", "DisplayString", NULL, NULL },
        { KEY_QUEUE, "queue", "EnumAsInfo", &queue_names_n, queue_name },
        { KEY_DELAY, "le", "EnumAsInfo", &delay_bounds_n, delay_name },
    };

    if (key == KEY_NONE)
        return;
    fprintf(out, "%*sindexes:\n", indent, "");
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (labels[i].key != key)
            continue;
        fprintf(out, "%*s- labelname: %s\n%*stype: %s\n", indent, "", labels[i].name, indent + 2, "", labels[i].type);
        if (labels[i].value)
            put_names(out, indent + 2, *labels[i].n, labels[i].value);
    }
    if (key == KEY_SOURCE)
        fprintf(out,
                "%*slookups:\n%*s- labels: [source_index]\n%*slabelname: source\n%*soid: %s.1.8.1.2\n%*stype: "
                "DisplayString\n",
                indent, "", indent, "", indent + 2, "", indent + 2, "", g->base_oid, indent + 2, "");
}

struct module {
    FILE *out;
    const struct generator *g;
    int indent;
};

static void put_metric(const struct object *object, void *context)
{
    const struct module *module = context;
    int indent = module->indent + 2;

    fprintf(module->out, "%*s- name: %s\n%*soid: %s.%s\n%*stype: %s\n%*shelp: ", module->indent, "", object->name,
            indent, "", module->g->base_oid, object->oid, indent, "", object->counter ? "counter" : "gauge", indent,
            "");
    put_yaml_string(module->out, object->help);
    fputc('\n', module->out);
    put_labels(module->out, module->g, indent, object->key);
}

/* One walk over all: a bulk request of it brings more than as many walks as there are tables would. */
static void put_module(FILE *out, const struct generator *g, int indent)
{
    struct module module = { out, g, indent };

    fprintf(out, "%*swalk: [%s.1]\n%*smax_repetitions: 50\n%*sretries: 1\n%*stimeout: 4s\n%*smetrics:\n", indent, "",
            g->base_oid, indent, "", indent, "", indent, "", indent, "");
    each_object(put_metric, &module);
}

static void put_head(FILE *out, const char *versions)
{
    fprintf(out,
            "# Prometheus' snmp_exporter %s: what mailtallyd counts. README.md says how to use it.\n"
            "# " GENERATED "tools/generate/objects.c, parser/counters.def and parser/reasons.def.\n"
            "# SPDX-License-Identifier: GPL-2.0-or-later\n",
            versions);
}

void put_prometheus(FILE *out, const struct generator *g)
{
    put_head(out, "from 0.23 on");
    fputs("auths:\n"
          "  mailtally_v2:\n"
          "    version: 2\n"
          "    community: public\n"
          "modules:\n"
          "  mailtally:\n",
          out);
    put_module(out, g, 4);
}

void put_prometheus_old(FILE *out, const struct generator *g)
{
    put_head(out, "up to 0.22 (Debian 12 has 0.21)");
    fputs("mailtally: &mailtally\n"
          "  version: 2\n"
          "  auth:\n"
          "    community: public\n",
          out);
    put_module(out, g, 2);
}
