/* Net-SNMP's base library, loaded when a configuration is read: it and OpenSSL take 2 ms to start, and `mailtally
 * count` of a file that is named reads none. The daemon is linked with it; there it is the same one.
 *
 * Its functions by their names; what they take and give is in Net-SNMP's headers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_CONFIG_LIBRARY_H
#define MAILTALLY_CONFIG_LIBRARY_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "../load/load.h"

/* clang-format off */
#define LIBNETSNMP_FUNCTIONS(F) \
    F(init_snmp) F(netsnmp_ds_set_boolean) F(netsnmp_ds_set_string) \
    F(snmp_enable_stderrlog) F(snmp_log) \
    F(register_config_handler) F(config_perror) F(config_pwarn) \
    F(copy_nword) F(skip_white) F(snmp_enable_calllog) \
    F(snmp_sess_init) F(snmp_open) F(snmp_close) F(snmp_synch_response) \
    F(snmp_pdu_create) F(snmp_add_null_var) F(snmp_free_pdu)
/* clang-format on */

struct libnetsnmp {
    LIBNETSNMP_FUNCTIONS(LOAD_MEMBER)
};

/* As load_library(). */
bool libnetsnmp_load(struct libnetsnmp *library, char *why, size_t why_octets);

#endif
