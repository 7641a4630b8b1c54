/* What the parts of Zabbix' template share: see zabbix.c.
 *
 * Zabbix knows every part of a template by a UUID of version 4. These are derived from names, so that they stay for
 * ever and an import of a newer template changes what is there instead of doubling it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_GENERATE_ZABBIX_H
#define MAILTALLY_GENERATE_ZABBIX_H

#include "objects.h"

#define ZABBIX_TEMPLATE "Mail server by mailtally SNMP"

/* `- uuid: ...`, the beginning of a list's member. What it is made of must be given once only: kind and name. */
void put_zabbix_uuid(FILE *out, int indent, const char *kind, const char *name);

/* Triggers, and graphs, of the template itself (rule NULL), or prototypes of one of its discovery rules. As in Zabbix'
 * own exports a trigger that looks at one item stands with it (key), any other at the end (key NULL). */
void put_zabbix_triggers(FILE *out, const char *rule, const char *key, int indent);
void put_zabbix_graphs(FILE *out, const char *rule, int indent);

/* The macros that the triggers compare with. */
void put_zabbix_macros(FILE *out, int indent);

#endif
