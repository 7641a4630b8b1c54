/* What a manager that keeps series asks for: the numbers of the MIB, with the names of their labels. The configuration
 * of Prometheus' snmp_exporter, of collectd and of Zabbix is made from this one list. Texts that change all the time
 * (status, last error) are no series and are left out.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_GENERATE_OBJECTS_H
#define MAILTALLY_GENERATE_OBJECTS_H

#include "generate.h"

/* What the rows of a table are told apart by. */
enum row_key { KEY_NONE, KEY_HOST, KEY_COUNTER, KEY_REFUSAL, KEY_DEFERRAL, KEY_ZONE, KEY_SOURCE, KEY_QUEUE, KEY_DELAY };

struct object {
    char name[64];    /* mailtallyHostReceived */
    char oid[32];     /* below the root; of a scalar without the last .0: 1.3.1.11 */
    enum row_key key; /* KEY_NONE: a scalar */
    bool counter;     /* else a gauge */
    const char *unit, *help;
};

/* In the order of the OIDs. */
void each_object(void (*visit)(const struct object *object, void *context), void *context);

/* The counters whose events of the last 15 minutes each host has, in columns 101 and up of the host table. */
struct recent {
    int column;
    const char *name;
};
extern const struct recent host_recent[];
extern const size_t host_recent_n;

/* The names behind the numbers of mailtallyQueueName, from 1. */
extern const char *const queue_names[];
extern const size_t queue_names_n;

/* Upper bounds of mailtallyDelayTable in seconds, from row 1. */
extern const char *const delay_bounds[];
extern const size_t delay_bounds_n;

/* A string in single quotes. Control characters, which such a string cannot hold, end the program. */
void put_yaml_string(FILE *out, const char *text);

void put_prometheus(FILE *out, const struct generator *g);     /* checks/prometheus/snmp.yml */
void put_prometheus_old(FILE *out, const struct generator *g); /* checks/prometheus/snmp-before-0.23.yml */
void put_collectd(FILE *out, const struct generator *g);       /* checks/collectd/mailtally.conf */
void put_zabbix(FILE *out, const struct generator *g);         /* checks/zabbix/mailtally.yaml */

#endif
