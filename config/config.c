/* Our tokens, as Net-SNMP's configuration parser hands them over.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "library.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

#define WORD_OCTETS  1024
#define NOTIFY_WORDS 5 /* of the token notify, at most */

/* What is being read. Net-SNMP's handlers have no context. */
static struct config *reading;
static unsigned errors_read;
static struct libnetsnmp snmp;

static void wrong(const char *message)
{
    errors_read++;
    snmp.config_perror(message);
}

/* The next word of the line, quoted or not; false at its end. A word that does not fit is told. */
static bool next_word(char **line, char *word)
{
    if (!*line)
        return false;
    if (strlen(*line) >= WORD_OCTETS) {
        wrong("the line is too long");
        *line = NULL;
        return false;
    }
    *line = snmp.copy_nword(*line, word, WORD_OCTETS);
    return *word != '\0';
}

static bool needs(char **line, char *word, const char *what)
{
    unsigned errors = errors_read;

    if (next_word(line, word))
        return true;
    if (errors_read == errors)
        wrong(what);
    return false;
}

static void no_more(char *line)
{
    char word[WORD_OCTETS], message[CONFIG_ERROR_OCTETS];

    if (!next_word(&line, word))
        return;
    snprintf(message, sizeof message, "\"%.100s\" is one word too many", word);
    wrong(message);
}

/* What may stand behind a source: host=NAME; of standard input also how it ends, where `source` is not NULL. */
static bool take_settings(char **line, char *host, struct config_source *source)
{
    char word[WORD_OCTETS], message[CONFIG_ERROR_OCTETS];
    unsigned errors = errors_read;

    *host = '\0';
    while (next_word(line, word)) {
        if (strncasecmp(word, "host=", 5) == 0 && word[5] && !*host) {
            strcpy(host, word + 5);
        } else if (source && strcasecmp(word, "confirmMessages") == 0) {
            source->confirms = true;
        } else if (source && strcasecmp(word, "exitAtEnd") == 0) {
            source->exits = true;
        } else {
            snprintf(message, sizeof message, "\"%.100s\" is not understood: after the source stands %s", word,
                     source ? "host=NAME, exitAtEnd, confirmMessages or nothing" : "host=NAME or nothing");
            wrong(message);
            return false;
        }
    }
    return errors_read == errors;
}

static bool add_source(enum config_source_type type, const char *path, const char *host)
{
    char error[CONFIG_ERROR_OCTETS];

    if (config_add_source(reading, type, path, host && *host ? host : NULL, error))
        return true;
    wrong(error);
    return false;
}

static void read_path_source(enum config_source_type type, char *line, const char *missing)
{
    char path[WORD_OCTETS], host[WORD_OCTETS];

    if (needs(&line, path, missing) && take_settings(&line, host, NULL))
        add_source(type, path, host);
}

static void read_file_source(char *line)
{
    read_path_source(CONFIG_SOURCE_FILE, line, "a path is missing: source file /var/log/mail.log");
}

static void read_directory_source(char *line)
{
    read_path_source(CONFIG_SOURCE_DIRECTORY, line, "a path is missing: source directory /var/log/qmail");
}

static void read_fifo_source(char *line)
{
    read_path_source(CONFIG_SOURCE_FIFO, line, "a path is missing: source fifo /run/mailtally/log");
}

static void read_journal_source(char *line)
{
    char words[WORD_OCTETS] = "", word[WORD_OCTETS], error[CONFIG_ERROR_OCTETS];

    while (next_word(&line, word)) {
        if (!config_check_journal_word(word, error)) {
            wrong(error);
            return;
        }
        if (strlen(words) + strlen(word) + 2 > sizeof words) {
            wrong("source journal: too many words");
            return;
        }
        strcat(strcat(words, *words ? " " : ""), word);
    }
#ifndef MAILTALLY_JOURNAL
    wrong(
        "source journal: this was built without the systemd journal; install libsystemd-dev and build it again, or let "
        "rsyslog write a file and follow it with \"source file\"");
#endif
    add_source(CONFIG_SOURCE_JOURNAL, *words ? words : NULL, NULL);
}

static void read_stdin_source(char *line)
{
    char host[WORD_OCTETS];
    struct config_source how = { 0 };

    if (!take_settings(&line, host, &how) || !add_source(CONFIG_SOURCE_STDIN, NULL, host))
        return;
    reading->sources[reading->sources_n - 1].exits = how.exits;
    reading->sources[reading->sources_n - 1].confirms = how.confirms;
}

static void source_token(const char *token, char *line)
{
    static const struct {
        const char *type;
        void (*read)(char *line);
    } types[] = {
        { "file", read_file_source }, { "directory", read_directory_source }, { "journal", read_journal_source },
        { "fifo", read_fifo_source }, { "stdin", read_stdin_source },
    };
    char type[WORD_OCTETS];

    (void)token;
    if (!needs(&line, type, "the type is missing: file, journal, directory, fifo or stdin"))
        return;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(type, types[i].type) == 0) {
            types[i].read(line);
            return;
        }
    wrong("a source is file, journal, directory, fifo or stdin");
}

/* The first word as it stands: copy_nword() would take the backslash of mx[0-9]\.example away. In quotes, where a
 * backslash must be doubled, it is Net-SNMP's affair. */
static bool take_expression(char *line, char *word)
{
    size_t n = strcspn(line, " \t");

    if (*line == '"' || *line == '\'' || n >= WORD_OCTETS) {
        if (!needs(&line, word, "a regular expression is missing"))
            return false;
        no_more(line);
        return true;
    }
    memcpy(word, line, n);
    word[n] = '\0';
    no_more(snmp.skip_white(line + n));
    return true;
}

static void host_token(const char *token, char *line)
{
    char word[WORD_OCTETS], error[CONFIG_ERROR_OCTETS];

    (void)token;
    if (!take_expression(line, word))
        return;
    if (reading->host_regex)
        snmp.config_pwarn("host is given a second time; the last one counts (join them: (one|other))");
    if (!config_set_host_regex(reading, word, error))
        wrong(error);
}

static void content_filter_token(const char *token, char *line)
{
    char word[WORD_OCTETS], error[CONFIG_ERROR_OCTETS];

    (void)token;
    while (next_word(&line, word)) {
        if (!config_set_content_filter(reading, word, error)) {
            wrong(error);
            return;
        }
        if (reading->content_filter != CONTENT_FILTER_HOSTS) { /* auto, none and loopback stand alone */
            no_more(line);
            return;
        }
    }
}

static void switch_programs(char *line, bool on)
{
    char word[WORD_OCTETS], error[CONFIG_ERROR_OCTETS];

    while (next_word(&line, word))
        if (!config_switch(reading, word, on, error))
            wrong(error);
}

static void enable_token(const char *token, char *line)
{
    (void)token;
    switch_programs(line, true);
}

static void disable_token(const char *token, char *line)
{
    (void)token;
    switch_programs(line, false);
}

/* A token with one word. */
static void read_word(char *line, bool (*set)(struct config *config, const char *word, char *error),
                      const char *missing)
{
    char word[WORD_OCTETS], error[CONFIG_ERROR_OCTETS];

    if (!needs(&line, word, missing))
        return;
    no_more(line);
    if (!set(reading, word, error))
        wrong(error);
}

static void state_directory_token(const char *token, char *line)
{
    (void)token;
    read_word(line, config_set_state_directory, "a directory is missing");
}

static void save_interval_token(const char *token, char *line)
{
    (void)token;
    read_word(line, config_set_save_interval, "a number of seconds is missing");
}

static void rrd_directory_token(const char *token, char *line)
{
    (void)token;
    read_word(line, config_set_rrd_directory, "a directory is missing");
}

static void rrdcached_token(const char *token, char *line)
{
    (void)token;
    read_word(line, config_set_rrdcached, "an address is missing: rrdcached unix:/run/rrdcached.sock");
}

static void pages_token(const char *token, char *line)
{
    char directory[WORD_OCTETS], minutes[WORD_OCTETS], error[CONFIG_ERROR_OCTETS];
    bool given;

    (void)token;
    if (!needs(&line, directory, "a directory is missing: pages /var/www/html/mail"))
        return;
    given = next_word(&line, minutes);
    no_more(line);
    if (!config_set_pages(reading, directory, given ? minutes : NULL, error))
        wrong(error);
}

static void notify_token(const char *token, char *line)
{
    char words[NOTIFY_WORDS][WORD_OCTETS], *pointers[NOTIFY_WORDS], error[CONFIG_ERROR_OCTETS];
    size_t n = 0;

    (void)token;
    while (n < NOTIFY_WORDS && next_word(&line, words[n])) {
        pointers[n] = words[n];
        n++;
    }
    no_more(line);
    if (!config_add_notify(reading, pointers, n, error))
        wrong(error);
}

static void queue_token(const char *token, char *line)
{
    char word[WORD_OCTETS], error[CONFIG_ERROR_OCTETS];

    (void)token;
    if (!needs(&line, word, "the type is missing: postfix"))
        return;
    if (strcasecmp(word, "postfix") != 0) {
        wrong("only Postfix's queues can be read: queue postfix [DIRECTORY]");
        return;
    }
    if (!next_word(&line, word))
        strcpy(word, CONFIG_DEFAULT_QUEUE);
    no_more(line);
    if (!config_add_queue(reading, word, error))
        wrong(error);
}

/* Net-SNMP calls it before it reads the files again, once for each token that has it: one has. */
static void forget(void)
{
    struct config *fresh = config_new();

    if (!fresh)
        return;
    config_free(reading);
    reading = fresh;
    errors_read = 0;
}

static const struct {
    const char *name;
    void (*read)(const char *token, char *line);
    void (*forget)(void);
    const char *help;
} tokens[] = {
    { "source", source_token, forget,
      "file PATH [host=NAME] | journal [UNIT | identifier=PROGRAM | facility=NAME | directory=PATH]... | "
      "directory PATH [host=NAME] | fifo PATH [host=NAME] | stdin [host=NAME] [exitAtEnd | confirmMessages]" },
    { "host", host_token, NULL, "REGEX" },
    { "contentFilter", content_filter_token, NULL, "auto | none | loopback | ADDRESS..." },
    { "enableProgram", enable_token, NULL, "NAME..." },
    { "disableProgram", disable_token, NULL, "NAME..." },
    { "stateDirectory", state_directory_token, NULL, "PATH" },
    { "saveInterval", save_interval_token, NULL, "SECONDS (5)" },
    { "queue", queue_token, NULL, "postfix [DIRECTORY (" CONFIG_DEFAULT_QUEUE ")]; none is read unless it is named" },
    { "rrdDirectory", rrd_directory_token, NULL, "PATH (none: no RRD files)" },
    { "rrdcached", rrdcached_token, NULL, "unix:/PATH" },
    { "pages", pages_token, NULL, "DIRECTORY [MINUTES (5)]; needs rrdDirectory" },
    { "notify", notify_token, NULL,
      "source SECONDS (60) | silent MINUTES | hostSilent MINUTES | rate COUNTER HIGH NORMAL [1|5|15|60]" },
};

static bool has_library(void)
{
    char why[512];

    if (libnetsnmp_load(&snmp, why, sizeof why))
        return true;
    fprintf(stderr, "mailtally: the configuration cannot be read: %s\n", why);
    return false;
}

void config_register(const char *type)
{
    if (!has_library())
        return;
    forget();
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        snmp.register_config_handler(type, tokens[i].name, tokens[i].read, tokens[i].forget, tokens[i].help);
}

/* What only all tokens together tell: of no line. */
static bool rrd_is_fine(struct config *config)
{
    if (config->rrd_directory && strcmp(config->rrd_directory, config->state_directory) == 0) {
        snmp.snmp_log(LOG_ERR, "Error: rrdDirectory must not be the stateDirectory; a directory below it will do\n");
        free(config->rrd_directory);
        config->rrd_directory = NULL;
        return false;
    }
    if (config->pages_directory && !config->rrd_directory) {
        snmp.snmp_log(LOG_ERR, "Error: pages are drawn from RRD files: set rrdDirectory, too\n");
        return false;
    }
    if (config->pages_directory && strcmp(config->pages_directory, config->rrd_directory) == 0) {
        snmp.snmp_log(LOG_ERR,
                      "Error: pages and rrdDirectory must not be one directory: a web server shows the pages\n");
        return false;
    }
    return true;
}

struct config *config_take(unsigned *errors)
{
    struct config *taken = reading;
    char error[CONFIG_ERROR_OCTETS];

    *errors = errors_read;
    errors_read = 0;
    reading = config_new();
    if (!taken)
        return NULL;
    *errors += !rrd_is_fine(taken);
    if (taken->sources_n == 0 && !config_add_default_source(taken, error)) {
        config_free(taken);
        return NULL;
    }
    return taken;
}

bool config_can_be_read(const char *file)
{
    struct stat status;

    if (access(file, R_OK) != 0 || stat(file, &status) != 0)
        return false;
    errno = EISDIR;
    return !S_ISDIR(status.st_mode);
}

static struct config *read_now(const char *file, unsigned *errors)
{
    setenv("MIBS", "", 1); /* no MIB is needed, and parsing them takes longer than all the rest */
    snmp.netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    snmp.netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    /* The agent's own tokens are in the same file; whether they are right is the daemon's affair. */
    snmp.netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_NO_TOKEN_WARNINGS, 1);
    if (file) {
        snmp.netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
        snmp.netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_OPTIONALCONFIG, file);
    }
    config_register(CONFIG_TYPE);
    snmp.init_snmp(CONFIG_TYPE);
    return config_take(errors);
}

struct config *config_read(const char *file, unsigned *errors)
{
    if (file && !config_can_be_read(file)) {
        fprintf(stderr, "mailtally: %s: the configuration cannot be read: %s\n", file, strerror(errno));
        return NULL;
    }
    if (!has_library())
        return NULL;
    snmp.snmp_enable_stderrlog();
    return read_now(file, errors);
}

struct config *config_read_quietly(const char *file, unsigned *errors)
{
    if (!has_library())
        return NULL;
    snmp.snmp_enable_calllog(); /* nobody listens; without any log Net-SNMP writes to standard error */
    return read_now(file, errors);
}
