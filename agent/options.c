/* The options of mailtallyd.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../config/config.h"

enum { OPTION_DUMP = 256, OPTION_IMPORT };

static bool complain(const char *format, const char *word)
{
    fputs("mailtallyd: ", stderr);
    fprintf(stderr, format, word);
    fputs("; mailtallyd --help lists the options\n", stderr);
    return false;
}

/* A daemon goes to another directory, so names are made full ones at once. */
static char *full_path(const char *path)
{
    char *full = NULL, *here;

    if (path[0] == '/')
        return strdup(path);
    here = getcwd(NULL, 0);
    if (here && asprintf(&full, "%s/%s", here, path) < 0)
        full = NULL;
    free(here);
    return full;
}

static bool set_config_file(struct options *o, const char *path)
{
    char message[PATH_MAX + 128];

    o->config_file = full_path(path);
    if (o->config_file && config_can_be_read(o->config_file))
        return true;
    snprintf(message, sizeof message, "cannot read the configuration %s: %s", path, strerror(errno));
    return complain("%s", message);
}

/* Net-SNMP would go on without a log, and say nothing. */
static bool log_file_opens(const char *path)
{
    char message[PATH_MAX + 128];
    FILE *file = fopen(path, "ae");

    if (file) {
        fclose(file);
        return true;
    }
    snprintf(message, sizeof message, "cannot write the log %s: %s", path, strerror(errno));
    return complain("%s", message);
}

static bool set_log(struct options *o, char *word, int argc, char **argv)
{
    const char *file = word[0] != 'f' ? NULL : word[1] ? word + 1 : argv[optind];

    if (file && !log_file_opens(file))
        return false;
    o->logs = true;
    o->logs_to_output = o->logs_to_output || word[0] == 'o' || word[0] == 'O';
    if (snmp_log_options(word, argc, argv) >= 0)
        return true;
    return complain("option -L%s is not one of snmpd's: -Le, -Lo, -Lf FILE, -Ls FACILITY", word);
}

static bool set_address(struct options *o, const char *address)
{
    size_t used = strlen(o->addresses);
    size_t room = sizeof o->addresses - used;
    int octets = snprintf(o->addresses + used, room, "%s%s", used ? "," : "", address);

    return (octets >= 0 && (size_t)octets < room) || complain("there are too many addresses: %s", address);
}

static void set_debug(char *tokens)
{
    debug_register_tokens(tokens);
    snmp_set_do_debugging(1);
}

static bool set_option(struct options *o, int option, char *word, int argc, char **argv)
{
    switch (option) {
    case 'f':
        o->foreground = true;
        return true;
    case 'E':
        o->embedded = true;
        return true;
    case 'C':
        o->no_usual_files = true;
        return true;
    case 'c':
        return set_config_file(o, word);
    case 'L':
        return set_log(o, word, argc, argv);
    case 'x':
        o->agentx_socket = word;
        return true;
    case 'D':
        set_debug(word);
        return true;
    case 'p':
        o->pid_file = full_path(word);
        return o->pid_file != NULL;
    case 'u':
        o->identity.user = word;
        return true;
    case 'g':
        o->identity.group = word;
        return true;
    case 'H':
        o->task = TASK_LIST_TOKENS;
        return true;
    case 'T':
        o->task = TASK_CHECK;
        return true;
    case 'v':
        o->task = TASK_VERSION;
        return true;
    case 'h':
        o->task = TASK_HELP;
        return true;
    case OPTION_DUMP:
        o->task = TASK_DUMP;
        return true;
    case OPTION_IMPORT:
        o->task = TASK_IMPORT;
        o->import_file = word;
        return true;
    default:
        return false;
    }
}

bool options_parse(struct options *o, int argc, char **argv)
{
    static const struct option words[] = { { "help", no_argument, NULL, 'h' },
                                           { "version", no_argument, NULL, 'v' },
                                           { "dump-state", no_argument, NULL, OPTION_DUMP },
                                           { "import-state", required_argument, NULL, OPTION_IMPORT },
                                           { NULL, 0, NULL, 0 } };
    int option;

    *o = (struct options){ .task = TASK_RUN };
    while ((option = getopt_long(argc, argv, "CD:EHL:Tc:fg:hp:u:vx:", words, NULL)) != -1) {
        if (option == '?') /* getopt has said what is wrong */
            return complain("%s", "nothing was done");
        if (!set_option(o, option, optarg, argc, argv))
            return false;
    }
    if (optind < argc && !o->embedded)
        return complain("%s is an address to listen on: that needs option -E", argv[optind]);
    for (; optind < argc; optind++)
        if (!set_address(o, argv[optind]))
            return false;
    return true;
}

void options_help(void)
{
    puts("mailtallyd counts what mail servers do, from their logs, and serves the counts over SNMP:\n"
         "through snmpd, as its AgentX subagent, or with -E as an agent of its own.\n"
         "\n"
         "  mailtallyd [OPTION...]\n"
         "  mailtallyd -E [OPTION...] [ADDRESS...]    listens there; default udp:127.0.0.1:1161\n"
         "\n"
         "  -f            stay in the foreground\n"
         "  -c FILE       read this configuration besides the usual mailtallyd.conf\n"
         "  -C            do not read the usual mailtallyd.conf (/etc/snmp)\n"
         "  -T            check the configuration; exit status 0 when it is good, 1 when not\n"
         "  -H            list the words that mailtallyd.conf may hold\n"
         "  -E            run without snmpd\n"
         "  -x ADDRESS    snmpd's AgentX socket; default /var/agentx/master\n"
         "  -L...         where messages go: -Le standard error, -Lo standard output, -Lf FILE, -Ls d syslog\n"
         "  -D TOKEN      debugging output of Net-SNMP: ALL, agentx, ...\n"
         "  -p FILE       write the process number there\n"
         "  -u USER       run as this user (name or number)\n"
         "  -g GROUP      and with this group\n"
         "  -v, --version print the version\n"
         "      --help    print this\n"
         "\n"
         "  --dump-state         print what the state directory holds as text, one fact a line; it may be in use\n"
         "  --import-state FILE  take counters and positions from such a text (- is standard input) into a state\n"
         "                       directory that has no state yet\n"
         "\n"
         "Signals: HUP reads the configuration again, TERM ends. Exit status: 0 ended as told, 1 trouble,\n"
         "2 another mailtallyd uses the state directory.");
}
