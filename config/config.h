/* The configuration, read by Net-SNMP's own token parser into a plain struct; the daemon and the command share it.
 *
 * The struct is immutable once read; whoever was given it frees it with config_free(). Net-SNMP's parser has no context
 * to hand on, so what is being read is one static struct in config.c: the thread that calls Net-SNMP reads.
 * Setting values (settings.c) needs no Net-SNMP: the command's options use the same functions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_CONFIG_H
#define MAILTALLY_CONFIG_H

#include "../parser/parser.h"

enum config_source_type {
    CONFIG_SOURCE_FILE,
    CONFIG_SOURCE_JOURNAL,
    CONFIG_SOURCE_DIRECTORY,
    CONFIG_SOURCE_STDIN,
    CONFIG_SOURCE_FIFO,
};

/* source file PATH [host=NAME]         a file, or a glob
 * source journal [WORD...]             the systemd journal. Words: UNIT, unit=UNIT, identifier=PROGRAM, facility=NAME;
 *                                      entries that any of these fits, without one those of facility=mail.
 *                                      directory=PATH: journal files of other hosts
 * source directory PATH [host=NAME]    what multilog (or svlogd) writes
 * source fifo PATH [host=NAME]
 * source stdin [host=NAME] [exitAtEnd | confirmMessages]
 *                                      exitAtEnd: mailtallyd ends with it, as rsyslog's omprog wants of its programs.
 *                                      confirmMessages: likewise, and a message is confirmed when it is saved, for
 *                                      which omprog needs confirmMessages="on" */
struct config_source {
    enum config_source_type type;
    char *path; /* a file or a glob, a directory, a FIFO; the words of a journal, separated by blanks, NULL for none;
                   NULL for standard input */
    char *host; /* the host of lines that name none; NULL: this machine */
    bool exits, confirms; /* exitAtEnd, confirmMessages */
};

/* When the daemon sends notifications. Of times 0 means never. */
#define NOTIFY_RATES_MAX 32
struct config_notify {
    uint32_t source_s;      /* a source is in trouble, or well again, for so long */
    uint32_t silent_s;      /* nothing happened for so long, on no host */
    uint32_t host_silent_s; /* nor on a host where something had */
    struct config_rate {
        enum counter counter;
        uint32_t high,
            normal;      /* more events than `high` within the span are told, then that they are `normal` or less */
        uint16_t span_s; /* one of the recent table's */
    } rates[NOTIFY_RATES_MAX];
    size_t rates_n;
};

/* queue postfix [DIRECTORY]    the queues of a Postfix instance: its queue_directory, as `postconf` tells it. The
 * instance is called what the directory is called, and no two the same */
#define CONFIG_QUEUES_MAX             32
#define CONFIG_QUEUE_INSTANCE_OCTETS  32
#define CONFIG_QUEUE_DIRECTORY_OCTETS 94 /* a socket in it has a name of limited length: source/queue.h */
#define CONFIG_DEFAULT_QUEUE          "/var/spool/postfix"

struct config {
    struct config_source *sources;
    size_t sources_n;
    char *host_regex; /* extended; NULL: every host */
    enum content_filter content_filter;
    char *filter_hosts[CONTENT_FILTER_HOSTS_MAX + 1];
    char *switched_on[RECOGNISERS_MAX + 1];
    char *switched_off[RECOGNISERS_MAX + 1];
    char *state_directory;    /* default /var/lib/mailtally */
    int64_t save_interval_ms; /* between two states */
    char *rrd_directory;      /* NULL: no RRD files */
    char *rrdcached;          /* unix:/PATH; NULL: without */
    char *pages_directory;    /* NULL: no pages */
    int64_t pages_s;          /* from one drawing to the next */
    struct config_notify notify;
    char *
        queues[CONFIG_QUEUES_MAX + 1]; /* directories of Postfix queues, without a slash at the end; NULL behind them */
};

#define CONFIG_DEFAULT_SOURCE          "/var/log/mail.log" /* or the journal: see config_add_default_source() */
#define CONFIG_DEFAULT_STATE_DIRECTORY "/var/lib/mailtally"
#define CONFIG_DEFAULT_SAVE_MS         5000
#define CONFIG_DEFAULT_NOTIFY_SOURCE_S 60
#define CONFIG_DEFAULT_PAGES_S         300

/* Net-SNMP's type of our files, mailtallyd.conf, and the name under which they are looked for. */
#define CONFIG_TYPE "mailtallyd"

/* Room for a sentence of the functions below. */
#define CONFIG_ERROR_OCTETS 480 /* the longest lists the mail programs */

/* Defaults but no source. NULL without memory. */
struct config *config_new(void);

/* Each checks and copies one value. False, with a sentence in `error` (of CONFIG_ERROR_OCTETS), when it is wrong; the
 * configuration is then as it was. */
bool config_set_host_regex(struct config *config, const char *regex, char *error);
/* auto, none, loopback; or an address or name, which is added to those before it. */
bool config_set_content_filter(struct config *config, const char *word, char *error);
void config_reset_content_filter(struct config *config); /* to auto */
bool config_switch(struct config *config, const char *program, bool on, char *error);
bool config_set_state_directory(struct config *config, const char *path, char *error);
bool config_set_rrd_directory(struct config *config, const char *path, char *error);
bool config_set_rrdcached(struct config *config, const char *address, char *error);
bool config_set_pages(struct config *config, const char *directory, const char *minutes, char *error); /* NULL: 5 */
bool config_set_save_interval(struct config *config, const char *seconds, char *error);
bool config_add_source(struct config *config, enum config_source_type type, const char *path, const char *host,
                       char *error);

/* Those behind it move up. */
void config_remove_source(struct config *config, size_t i);

bool config_add_queue(struct config *config, const char *directory, char *error);

/* The name of the instance: points into the directory. */
const char *config_queue_instance(const char *directory);

/* The words behind the token `notify`. */
bool config_add_notify(struct config *config, char *const *words, size_t n, char *error);

/* Whether the word may stand behind `source journal`. */
bool config_check_journal_word(const char *word, char *error);

/* For a configuration without a source: CONFIG_DEFAULT_SOURCE; or the journal, where that file does not exist and
 * journald runs without a syslog daemon that would write it (rsyslog makes it with the first line). */
bool config_add_default_source(struct config *config, char *error);

/* Registers our tokens with Net-SNMP under `type` ("mailtallyd"); the library reads the files when its init_snmp()
 * or read_configs() runs. Call once per process, before that. */
void config_register(const char *type);

/* What was read, with defaults filled in; *errors is how many values were wrong: each was logged with file and line
 * by Net-SNMP, which also tells, but does not count here, unknown tokens and tokens without a value. NULL without
 * memory. */
struct config *config_take(unsigned *errors);
void config_free(struct config *config);

/* False, with errno, when it cannot be opened, and of a directory, which Net-SNMP takes for a file without lines. */
bool config_can_be_read(const char *file);

/* For the command, which has no agent: initialises Net-SNMP's base library, reads `file` alone, or, when it is NULL,
 * the usual places, and takes the result. Messages go to standard error; tokens that only the daemon knows pass. NULL
 * without memory, or when `file` cannot be read (told). Once per process. */
struct config *config_read(const char *file, unsigned *errors);

/* Likewise without messages, for whoever tells by himself what is wrong. A file that cannot be read is as an empty one.
 */
struct config *config_read_quietly(const char *file, unsigned *errors);

/* Gives the paths that the file sources stand for now, each once: globs expanded; rotated and compressed names
 * (mail.log.1, .gz, -20261121) left out of a glob. Calls `each` for each. A pattern that matches nothing is given as it
 * is when it has no wildcard. */
void config_each_file(const struct config *config, void (*each)(void *context, const char *path, const char *host),
                      void *context);

/* Likewise, with patterns expanded by somebody else: a directory may be on a file system that hangs. */
struct config_glob {
    /* Calls `each` with `found` for the paths that the pattern stands for, in any order. */
    void (*expand)(void *context, const char *pattern, void (*each)(void *found, const char *path), void *found);
    void *context;
};
void config_each_file_by(const struct config *config, const struct config_glob *glob,
                         void (*each)(void *context, const char *path, const char *host), void *context);

/* Likewise the files in the directories of multilog, those of each in their order. */
void config_each_file_in_directories(const struct config *config,
                                     void (*each)(void *context, const char *path, const char *host), void *context);

/* Sets the options that the configuration has; they point into it. The host expression is not among them: see
 * hosts.h. */
void config_parser_options(const struct config *config, struct parser_options *options);

#endif
