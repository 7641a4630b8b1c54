/* What the doctor's files share.
 *
 * Each check_*.c looks at one area and adds findings; what it relies on is looked at by those before it (doctor.c has
 * the order), and where that is broken it stays silent: the first trouble hides the next.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_DOCTOR_INSIDE_H
#define MAILTALLY_DOCTOR_INSIDE_H

#include <limits.h>
#include <sys/types.h>
#include <unistd.h>

#include "../config/config.h"
#include "doctor.h"

#define FINDINGS_MAX   64
#define UNCHECKED_MAX  32
#define COMMAND_OCTETS 4096
#define GROUPS_MAX     128
#define SILENT_MAX     32
#define USER_DEFAULT   "mailtally"
#define USUAL_CONFIG   "/etc/snmp/mailtallyd.conf"
#define SNMPD_CONFIG   "/etc/snmp/snmpd.conf"
#define SNMPD_SNIPPET  "/etc/snmp/snmpd.conf.d/mailtally.conf"

/* Who the daemon is, or will be. */
struct account {
    bool known;
    char name[64], group[64]; /* numbers where there are no names */
    uid_t uid;
    gid_t gid, groups[GROUPS_MAX];
    size_t groups_n; /* of the running process, when there is one: a new group wants a restart */
};

struct mounts;

struct running {
    pid_t pid;                  /* 0: none */
    char words[COMMAND_OCTETS]; /* its command line, quoted for a shell; "" where it may not be read */
    bool foreground, embedded, own_config_only, suspended;
    char config[PATH_MAX], agentx[PATH_MAX], address[256], program[PATH_MAX];
};

struct doctor {
    struct doctor_wishes wishes;
    struct config *config;
    struct account account;
    struct running daemon;
    bool is_root, account_exists, link_is_fine;
    char host[256]; /* this machine */
    int64_t now;
    struct mounts *mounts;    /* NULL: not known, and all are taken for local */
    char *silent[SILENT_MAX]; /* where they are mounted, or patterns that lead there: nobody may touch these */
    size_t silent_n;
    struct finding findings[FINDINGS_MAX];
    size_t findings_n;
    char *unchecked[UNCHECKED_MAX];
    size_t unchecked_n;
};

/* ---- doctor.c ---- */

/* Adds a finding; `command` may be "". */
void found(struct doctor *d, const char *id, const char *command, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Likewise with a command that only shows more. */
void found_to_see(struct doctor *d, const char *id, const char *command, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void not_checked(struct doctor *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool has_found(const struct doctor *d, const char *id);

/* ---- shell.c: words of commands ---- */

/* Appends to a command that began as zeros; what does not fit makes it empty, since half of one must not be run. */
void add(char command[COMMAND_OCTETS], const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends a word, in quotes where it needs them. */
void add_quoted(char command[COMMAND_OCTETS], const char *word);

enum daemon_of { SERVICE_MAILTALLYD, SERVICE_SNMPD, SERVICE_SYSLOG };
enum deed { DEED_START, DEED_RESTART, DEED_RELOAD };
/* " && systemctl restart snmpd", and the like where there is no systemd. `separator` stands before it. */
void add_service(const struct doctor *d, char command[COMMAND_OCTETS], const char *separator, enum daemon_of service,
                 enum deed deed);

/* A line more in the daemon's configuration, and a reload. */
void add_config_line(const struct doctor *d, char command[COMMAND_OCTETS], const char *line);

/* ---- processes.c ---- */

/* The first process of this name, 0: none; not `but`. */
pid_t process_named(const char *name, pid_t but);
void process_look(pid_t pid, struct running *running);
/* Of a process: the name of the syslog daemon that runs; NULL: none does. */
const char *syslog_daemon(pid_t *pid);

/* ---- account.c ---- */

bool account_of_process(pid_t pid, struct account *account);
bool account_named(const char *name, struct account *account);
bool account_of_uid(uid_t uid, struct account *account);
bool account_has_group(const struct account *account, gid_t gid);
const char *group_name(gid_t gid, char buffer[64]);

enum access_result { ACCESS_YES, ACCESS_NO, ACCESS_MISSING };
/* Whether the account may use the path so (R_OK, W_OK, X_OK); what cannot be known is told, and is a yes. Else `at` (of
 * PATH_MAX) is what stands in the way: the path, or a directory that leads to it. */
enum access_result account_access(struct doctor *d, const char *path, int how, char *at);

/* ---- lines.c: lines of configuration files ---- */

struct conf_line {
    char file[PATH_MAX];
    unsigned number;
    char text[1024];
};
/* The files of the daemon's configuration, the line that begins with this token and has `word` behind it (NULL: any).
 * False when there is none. */
bool conf_find(const struct doctor *d, const char *token, const char *word, struct conf_line *line);
/* The file to which a line is added. */
const char *conf_file(const struct doctor *d);
/* Calls `each` with the lines of snmpd's configuration until it says true; false when it never did. *readable: whether
 * they could be read at all. */
bool snmpd_lines(bool (*each)(void *context, const struct conf_line *line), void *context, bool *readable);
/* The n-th word of a line, from 0; false when it has less. */
bool line_word(const char *line, unsigned n, char *word, size_t octets);
/* Makes "sed -i 'Ns/^/#/' FILE". */
void add_comment_out(char command[COMMAND_OCTETS], const struct conf_line *line);
/* Makes "sed -i 'Ns|.*|TEXT|' FILE". */
void add_replace(char command[COMMAND_OCTETS], const struct conf_line *line, const char *text);
/* Makes "printf '%s\n' 'line' ... >>FILE" of lines for snmpd, ended by NULL, and its restart. `fresh`: in place of what
 * the snippet holds. */
void add_snmpd_lines(const struct doctor *d, char command[COMMAND_OCTETS], const char *const *lines);

/* ---- check_snmp.c ---- */

/* Whether a manager is given the daemon's version. */
bool objects_answer(const struct doctor *d);

/* ---- check_mounts.c ---- */

/* Whether a path or pattern can be touched without hanging. Of what cannot, a finding says so once; `what` it is:
 * "the log". Takes ten seconds where it hangs, for the first such path of a mount. */
bool answers(struct doctor *d, const char *what, const char *pattern);

/* ---- the checks ---- */

void check_config(struct doctor *d);
void check_daemon(struct doctor *d);
/* Takes sources that do not answer out of the configuration. */
void check_mounts(struct doctor *d);
void check_state(struct doctor *d);
void check_sources(struct doctor *d);
void check_lines(struct doctor *d);
void check_agentx(struct doctor *d);
void check_snmp(struct doctor *d);
void check_rrd(struct doctor *d);

#endif
