/* What follows from the table of graphs: OIDs, names, kinds of numbers, data queries.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cacti.h"

#define N(array) (sizeof(array) / sizeof(array)[0])

/* Where something counts and starts anew, Cacti's RRDs must show a gap, no spike.
 *
 * Cacti 1.2.3 and later take DERIVE with minimum 0, which is right for any counter. When they read an older file they
 * make minimum U of that, and a counter that starts anew draws a spike below zero. So the file for older ones has
 * COUNTER with a maximum that no mail server reaches: a counter that starts anew looks as if it went round, with a rate
 * far above. For octets there is no such maximum: what is missing to 2^32, spread over five minutes, is 14 MB per
 * second at most, and that may be real. They are DERIVE with a minimum that is written as 0.0, which is left alone. */
#define MOST_PER_SECOND "10000"

const struct measure_of cacti_measures[MEASURES_N] = {
    [RATE] = { "rate", "perMinute", "rate", "total", "|sum:0:current:0:auto|", true, "0", MOST_PER_SECOND },
    [OCTET_RATE] = { "octetRate", NULL, "octets", "octets", "|sum:auto:current:2:auto|", true, "0.0", NULL },
    [NUMBER] = { "number", NULL, "total", NULL, NULL, false, NULL, NULL },
    [OCTETS] = { "octets", NULL, "octets", NULL, NULL, false, NULL, NULL },
    [MINUTES] = { "minutes", "minutes", "rate", NULL, NULL, false, NULL, NULL },
    [HOURS] = { "hours", "hours", "rate", NULL, NULL, false, NULL, NULL },
};

/* ---- data queries ---- */

/* An index that is a text: its length and its octets. Cacti shows it as text. */
static const struct query_field host_fields[] = { { "hostName", "Mail server", "(.*)", NULL } };
static const struct query_field zone_fields[] = { { "zoneName", "DNS blocklist", "(.*)", NULL } };
static const char *const queues[] = { "maildrop", "hold", "incoming", "active", "deferred", "all", NULL };
static const struct query_field queue_fields[] = {
    { "queueIndex", "Index", "(.*)", NULL },
    { "queueInstance", "Instance", "(.*)\\.[0-9]+", NULL },
    { "queueName", "Queue", ".*\\.([0-9]+)", queues },
};

static const struct query hosts = {
    "hosts",
    "mailtally - Mail servers",
    "The mail servers whose logs mailtallyd reads, by name",
    "mailtally_hosts.xml",
    "1.3.1",
    "2",
    host_fields,
    N(host_fields),
};
static const struct query zones = {
    "zones",
    "mailtally - DNS blocklists",
    "The DNS blocklists that refusals named",
    "mailtally_zones.xml",
    "1.7.1",
    "2",
    zone_fields,
    N(zone_fields),
};
static const struct query queues_of_postfix = {
    "queues",
    "mailtally - Mail queues",
    "The queues of each Postfix instance",
    "mailtally_queues.xml",
    "1.9.1",
    "3",
    queue_fields,
    N(queue_fields),
};

const struct scope_of cacti_scopes[SCOPES_N] = {
    [TOTALS] = { "total", "mailtally - ", "|host_description| - %s", NULL },
    [HOSTS] = { "host", "mailtally server - ", "|query_hostName| - %s (|host_description|)", &hosts },
    [ZONES] = { "zone", "mailtally - ", "|host_description| - %s |query_zoneName|", &zones },
    [QUEUES] = { "queue", "mailtally - ", "|host_description| - %s |query_queueInstance| |query_queueName|",
                 &queues_of_postfix },
    [FILES] = { "file", "mailtally RRD - ", "|host_description| - %s", NULL },
};

/* ---- numbers ---- */

/* Of arcs whose objects cannot be found by a name of counters.def or reasons.def. */
static const struct number {
    enum source source;
    const char *name;
    int number;
    const char *rrd;
} numbers[] = {
    { AGENT, "lastEventAge", 11, "lastEventAge" },
    { AGENT, "backlogOctets", 12, "backlogOctets" },
    { AGENT, "linesUnrecognised", 9, "linesUnrecognised" },
    { AGENT, "stateSaveFailures", 13, "stateSaveFailures" },
    { HOST, "lastEventAge", 2, "lastEventAge" },
    { ZONE, "permanent", 2, "permanent" },
    { ZONE, "temporary", 3, "temporary" },
    { ZONE, "warned", 4, "warned" },
    { QUEUE, "messages", 3, "messages" },
    { QUEUE, "octets", 4, "octets" },
    { QUEUE, "oldestAge", 5, "oldestAge" },
    { DELAY, "second", 1, "within_1s" },
    { DELAY, "seconds5", 2, "within_5s" },
    { DELAY, "minute", 4, "within_1min" },
    { DELAY, "minutes15", 6, "within_15min" },
    { DELAY, "hour", 7, "within_1h" },
    { DELAY, "day", 9, "within_1d" },
    { DELAY, "any", 10, "all" },
};

/* How an OID is made of a number: arcs before and behind it. */
static const struct place {
    const char *key, *before, *behind;
} places[] = {
    [COUNTER_OF_MAIL] = { "counter", "1.2.", ".0" },
    [REFUSED] = { "permanent", "1.5.1.2.", "" },
    [REFUSED_FOR_A_WHILE] = { "temporary", "1.5.1.3.", "" },
    [PUT_OFF] = { "deferral", "1.6.1.2.", "" },
    [AGENT] = { "agent", "1.1.", ".0" },
    [HOST] = { "host", "1.3.1.", "" },
    [ZONE] = { "zone", "1.7.1.", "" },
    [QUEUE] = { "queue", "1.9.1.", "" },
    [DELAY] = { "delay", "1.10.1.3.", "" },
    [IN_FILE] = { "file", "", "" },
};

static const struct number *number_named(const struct item *item)
{
    for (size_t i = 0; i < N(numbers); i++)
        if (numbers[i].source == item->source && strcmp(numbers[i].name, item->name) == 0)
            return &numbers[i];
    fail("show in Cacti", item->name, "the table of cacti_tables.c does not have it");
}

static const struct counter *counter_named(const char *name)
{
    for (size_t i = 0; i < counters_n; i++)
        if (strcmp(counters[i].name, name) == 0)
            return &counters[i];
    fail("show in Cacti", name, "counters.def does not have it");
}

static int reason_named(const struct reason *reasons, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(reasons[i].name, name) == 0)
            return reasons[i].number;
    fail("show in Cacti", name, "reasons.def does not have it");
}

static int number_of(const struct item *item)
{
    switch (item->source) {
    case COUNTER_OF_MAIL:
        return counter_named(item->name)->number;
    case REFUSED:
    case REFUSED_FOR_A_WHILE:
        return reason_named(refusals, refusals_n, item->name);
    case PUT_OFF:
        return reason_named(deferrals, deferrals_n, item->name);
    default:
        return number_named(item)->number;
    }
}

void cacti_oid(char *buffer, size_t octets, const struct generator *g, enum scope scope, const struct item *item)
{
    const struct place *place = &places[item->source];

    if (scope == HOSTS && item->source == COUNTER_OF_MAIL)
        snprintf(buffer, octets, ".%s.1.3.1.%d", g->base_oid, 10 + number_of(item));
    else
        snprintf(buffer, octets, ".%s.%s%d%s", g->base_oid, place->before, number_of(item), place->behind);
}

const char *cacti_source_name(const struct item *item)
{
    switch (item->source) {
    case COUNTER_OF_MAIL:
        return counter_named(item->name)->rrd;
    case REFUSED:
    case REFUSED_FOR_A_WHILE:
    case PUT_OFF:
        return item->name;
    case IN_FILE:
        return strchr(item->name, '/') + 1;
    default:
        return number_named(item)->rrd;
    }
}

const char *cacti_source_key(const struct item *item)
{
    return places[item->source].key;
}

/* ---- completeness ---- */

/* What a line of the legend has room for beside four numbers, where a graph is 600 pixels wide. */
#define LEGEND_OCTETS 22

static bool is_shown(enum source source, const char *name)
{
    for (size_t i = 0; i < cacti_graphs_n; i++)
        for (size_t j = 0; j < cacti_graphs[i].items_n; j++) {
            const struct item *item = &cacti_graphs[i].items[j];

            if (item->source == source && strcmp(item->name, name) == 0)
                return true;
        }
    return false;
}

void cacti_check(void)
{
    static const char why[] = "put it into a graph of tools/generate/cacti_graphs.c";

    for (size_t i = 0; i < cacti_graphs_n; i++)
        for (size_t j = 0; j < cacti_graphs[i].items_n; j++)
            if (strlen(cacti_graphs[i].items[j].legend) > LEGEND_OCTETS)
                fail("show in Cacti", cacti_graphs[i].items[j].legend, "the line of the legend would be broken");
    for (size_t i = 0; i < counters_n; i++)
        if (!is_shown(COUNTER_OF_MAIL, counters[i].name))
            fail("show in Cacti", counters[i].name, why);
    for (size_t i = 0; i < refusals_n; i++)
        if (!is_shown(REFUSED, refusals[i].name) && !is_shown(REFUSED_FOR_A_WHILE, refusals[i].name))
            fail("show in Cacti", refusals[i].name, why);
    for (size_t i = 0; i < deferrals_n; i++)
        if (!is_shown(PUT_OFF, deferrals[i].name))
            fail("show in Cacti", deferrals[i].name, why);
}
