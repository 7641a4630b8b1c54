/* The options of mailtallyd; they follow snmpd's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_OPTIONS_H
#define MAILTALLY_OPTIONS_H

#include <stdbool.h>

#include "process.h"

#define OPTIONS_ADDRESSES_OCTETS 1024

enum task { TASK_RUN, TASK_CHECK, TASK_LIST_TOKENS, TASK_VERSION, TASK_HELP, TASK_DUMP, TASK_IMPORT };

struct options {
    enum task task;
    bool foreground;
    bool embedded;                            /* an SNMP agent of its own, without snmpd */
    bool no_usual_files;                      /* of configuration */
    const char *import_file;                  /* - is standard input */
    char *config_file;                        /* full path, or NULL; lives as long as the process */
    const char *agentx_socket;                /* NULL: what the configuration or Net-SNMP says */
    char *pid_file;                           /* full path, or NULL */
    bool logs, logs_to_output;                /* -L was given; with standard output as one of its places */
    char addresses[OPTIONS_ADDRESSES_OCTETS]; /* to listen on, joined by commas; empty: none was given */
    struct identity identity;                 /* user and group; not yet looked up */
};

/* -L and -D act at once: they set Net-SNMP's logging up. False when an option is wrong, which was said on standard
 * error. */
bool options_parse(struct options *options, int argc, char **argv);

void options_help(void); /* to standard output */

#endif
