/* Writes what follows from the tables of counters and reasons: the MIB module, the OIDs for the agent, and the table
 * for people.
 *
 *     generate [--base-oid OID] TOPDIR     writes the files that changed
 *     generate --check TOPDIR              exit status 1, and their names, when files are out of date
 *     generate --list                      the names of all that it writes but the base OID
 *
 * The root of the MIB stands in one place, the file mibs/base-oid, which --base-oid rewrites. A further generated file
 * is one row in `outputs` below.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "generate.h"

#include "objects.h"

#include <errno.h>
#include <sys/stat.h>

#define BASE_OID_FILE "mibs/base-oid"
#define BASE_OID_ARCS 32
#define USAGE         "usage: generate [--check | --base-oid OID] TOPDIR, or generate --list"

void fail(const char *doing, const char *what, const char *why)
{
    fprintf(stderr, "generate: cannot %s %s: %s\n", doing, what, why);
    exit(2);
}

/* ---- files ---- */

char *read_file(const struct generator *g, const char *name, bool must_exist)
{
    char path[4096];
    char *text;
    size_t octets;
    FILE *in;
    struct stat status;

    snprintf(path, sizeof path, "%s/%s", g->top, name);
    in = fopen(path, "r");
    if (!in && !must_exist)
        return NULL;
    if (!in || fstat(fileno(in), &status) != 0)
        fail("read", path, strerror(errno));
    octets = (size_t)status.st_size;
    text = calloc(1, octets + 1);
    if (!text || fread(text, 1, octets, in) != octets)
        fail("read", path, "it is shorter than it was a moment ago, or there is no memory");
    fclose(in);
    return text;
}

/* Those that lead to the path; what cannot be made shows when the file is opened. */
static void make_directories(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777);
        *slash = '/';
    }
}

static void write_file(const struct generator *g, const char *name, const char *text)
{
    char path[4096];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", g->top, name);
    make_directories(path);
    out = fopen(path, "w");
    if (!out || fputs(text, out) == EOF || fclose(out) != 0)
        fail("write", path, strerror(errno));
}

/* ---- the whole ---- */

/* In the order in which they are made: later ones may use g->mib, which is the first. Either from a template or by a
 * function. */
static const struct output {
    const char *name, *template;
    void (*put)(FILE *out, const struct generator *g);
} outputs[] = {
    { "mibs/MAILTALLY-MIB.txt", MIB_TEMPLATE, NULL },
    { "agent/oids.h", NULL, put_oids },
    { "snmpd.conf.d/mailtally.conf", "tools/generate/snmpd-mailtally.conf.in", NULL },
    { "snmpd.conf.d/mailtally-v3.conf", "tools/generate/snmpd-mailtally-v3.conf.in", NULL },
    { "docs/counters.md", NULL, put_docs },
    { "man/mailtally-counters.7", NULL, put_man_counters },
    { "checks/README.md", "tools/generate/checks-README.md.in", NULL },
    { "checks/icinga2/mailtally.conf", "tools/generate/icinga2-mailtally.conf.in", NULL },
    { "checks/nagios/mailtally.cfg", "tools/generate/nagios-mailtally.cfg.in", NULL },
    { "checks/nagios/mailtally-log-host.cfg", "tools/generate/nagios-log-host.cfg.in", NULL },
    { "checks/nagios/mailtally-queue.cfg", "tools/generate/nagios-queue.cfg.in", NULL },
    { "checks/prometheus/snmp.yml", NULL, put_prometheus },
    { "checks/prometheus/snmp-before-0.23.yml", NULL, put_prometheus_old },
    { "checks/collectd/mailtally.conf", NULL, put_collectd },
    { "cacti-templates/mailtally-0.8.7.xml", NULL, put_cacti_0_8_7 },
    { "cacti-templates/mailtally-1.2.xml", NULL, put_cacti_1_2 },
    { "cacti-templates/mailtally-rrd-0.8.7.xml", NULL, put_cacti_rrd_0_8_7 },
    { "cacti-templates/mailtally-rrd-1.2.xml", NULL, put_cacti_rrd_1_2 },
    { "cacti-templates/resource/snmp_queries/mailtally_hosts.xml", NULL, put_cacti_hosts },
    { "cacti-templates/resource/snmp_queries/mailtally_zones.xml", NULL, put_cacti_zones },
    { "cacti-templates/resource/snmp_queries/mailtally_queues.xml", NULL, put_cacti_queues },
    { "checks/zabbix/mailtally.yaml", NULL, put_zabbix },
};

static int list(void)
{
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++)
        puts(outputs[i].name);
    return 0;
}

static char *make_text(const struct generator *g, const struct output *output)
{
    char *text = NULL;
    size_t octets;
    FILE *out = open_memstream(&text, &octets);

    if (!out)
        fail("make", output->name, strerror(errno));
    if (output->template)
        put_template(out, g, output->template);
    else
        output->put(out, g);
    if (fclose(out) != 0)
        fail("make", output->name, strerror(errno));
    return text;
}

static void read_base_oid(struct generator *g, const char *given)
{
    char *kept = given ? NULL : read_file(g, BASE_OID_FILE, true);
    size_t arcs = 1;

    snprintf(g->base_oid, sizeof g->base_oid, "%s", given ? given : kept);
    free(kept);
    g->base_oid[strcspn(g->base_oid, "\n")] = '\0';
    for (const char *p = g->base_oid; *p; p++) {
        if (!isdigit((unsigned char)*p) && (*p != '.' || !isdigit((unsigned char)p[1])))
            fail("use the base OID", g->base_oid, "it must be numbers with dots between them");
        arcs += *p == '.';
    }
    if (strncmp(g->base_oid, ENTERPRISES, strlen(ENTERPRISES)) != 0 || arcs > BASE_OID_ARCS)
        fail("use the base OID", g->base_oid, "it must be below " ENTERPRISES "N, with at most 32 numbers");
}

/* How many files are not as they should be; without `check` they are written. */
static int update(const struct generator *g, const char *name, const char *text, bool check)
{
    char *now = read_file(g, name, false);
    bool same = now && strcmp(now, text) == 0;

    free(now);
    if (same)
        return 0;
    if (check) {
        fprintf(stderr, "generate: %s is out of date: run `make generate`\n", name);
        return 1;
    }
    write_file(g, name, text);
    printf("wrote %s\n", name);
    return 0;
}

int main(int argc, char **argv)
{
    struct generator g = { .top = NULL };
    const char *base_oid = NULL;
    bool check = false;
    int stale = 0;
    char *base_line = NULL;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--check") == 0)
            check = true;
        else if (strcmp(argv[i], "--list") == 0)
            return list();
        else if (strcmp(argv[i], "--base-oid") == 0 && i + 1 < argc)
            base_oid = argv[++i];
        else if (!g.top && argv[i][0] != '-')
            g.top = argv[i];
        else
            fail("understand", argv[i], USAGE);
    }
    if (!g.top)
        fail("begin", "without a directory", USAGE);
    read_base_oid(&g, base_oid);
    if (asprintf(&base_line, "%s\n", g.base_oid) < 0)
        fail("write", BASE_OID_FILE, strerror(errno));
    stale += update(&g, BASE_OID_FILE, base_line, check);
    free(base_line);
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        char *text = make_text(&g, &outputs[i]);

        stale += update(&g, outputs[i].name, text, check);
        if (i == 0)
            g.mib = text;
        else
            free(text);
    }
    free(g.mib);
    return stale > 0;
}
