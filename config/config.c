/* Our tokens, as Net-SNMP's configuration parser hands them over.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "config.h"

#define WORD_OCTETS 1024

/* What is being read. Net-SNMP's handlers have no context. */
static struct config *reading;
static unsigned errors_read;

static void wrong(const char *message)
{
    errors_read++;
    config_perror(message);
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
    *line = copy_nword(*line, word, WORD_OCTETS);
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

/* host=NAME, the only setting of a source. */
static bool take_host(char **line, char *host)
{
    char word[WORD_OCTETS], message[CONFIG_ERROR_OCTETS];

    *host = '\0';
    if (!next_word(line, word))
        return true;
    if (strncasecmp(word, "host=", 5) == 0 && word[5]) {
        strcpy(host, word + 5);
        return true;
    }
    snprintf(message, sizeof message, "\"%.100s\" is not understood: after the source stands host=NAME or nothing",
             word);
    wrong(message);
    return false;
}

static void add_source(enum config_source_type type, const char *path, const char *host)
{
    char error[CONFIG_ERROR_OCTETS];

    if (!config_add_source(reading, type, path, host && *host ? host : NULL, error))
        wrong(error);
}

static void read_path_source(enum config_source_type type, char *line)
{
    char path[WORD_OCTETS], host[WORD_OCTETS];

    if (!needs(&line, path, "a path is missing: source file /var/log/mail.log") || !take_host(&line, host))
        return;
    no_more(line);
    add_source(type, path, host);
}

static void read_file_source(char *line)
{
    read_path_source(CONFIG_SOURCE_FILE, line);
}

/* Kept, so that it is seen that something was asked for, but not served: silence would look like a mail server that
 * does nothing. */
static void read_directory_source(char *line)
{
    read_path_source(CONFIG_SOURCE_DIRECTORY, line);
    wrong("source directory: multilog directories cannot be read by this version; let multilog's current file be "
          "followed with \"source file\"");
}

static void read_journal_source(char *line)
{
    char units[WORD_OCTETS] = "", unit[WORD_OCTETS];

    while (next_word(&line, unit)) {
        if (strlen(units) + strlen(unit) + 2 > sizeof units) {
            wrong("source journal: too many units");
            return;
        }
        strcat(strcat(units, *units ? " " : ""), unit);
    }
    add_source(CONFIG_SOURCE_JOURNAL, *units ? units : NULL, NULL);
    wrong("source journal: the journal cannot be read by this version; let rsyslog write a file and follow it with "
          "\"source file\"");
}

static void read_stdin_source(char *line)
{
    char host[WORD_OCTETS];

    if (!take_host(&line, host))
        return;
    no_more(line);
    add_source(CONFIG_SOURCE_STDIN, NULL, host);
}

static void source_token(const char *token, char *line)
{
    static const struct {
        const char *type;
        void (*read)(char *line);
    } types[] = {
        { "file", read_file_source },
        { "directory", read_directory_source },
        { "journal", read_journal_source },
        { "stdin", read_stdin_source },
    };
    char type[WORD_OCTETS];

    (void)token;
    if (!needs(&line, type, "the type is missing: file, journal, directory or stdin"))
        return;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(type, types[i].type) == 0) {
            types[i].read(line);
            return;
        }
    wrong("a source is file, journal, directory or stdin");
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
    no_more(skip_white(line + n));
    return true;
}

static void host_token(const char *token, char *line)
{
    char word[WORD_OCTETS], error[CONFIG_ERROR_OCTETS];

    (void)token;
    if (!take_expression(line, word))
        return;
    if (reading->host_regex)
        config_pwarn("host is given a second time; the last one counts (join them: (one|other))");
    if (!config_set_host_regex(reading, word, error))
        wrong(error);
}

static void content_filter_token(const char *token, char *line)
{
    char word[WORD_OCTETS], error[CONFIG_ERROR_OCTETS];

    (void)token;
    while (next_word(&line, word))
        if (!config_set_content_filter(reading, word, error)) {
            wrong(error);
            return;
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

static void state_directory_token(const char *token, char *line)
{
    char word[WORD_OCTETS], error[CONFIG_ERROR_OCTETS];

    (void)token;
    if (!needs(&line, word, "a directory is missing"))
        return;
    no_more(line);
    if (!config_set_state_directory(reading, word, error))
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
      "file PATH [host=NAME] | journal [UNIT...] | directory PATH [host=NAME] | stdin" },
    { "host", host_token, NULL, "REGEX" },
    { "contentFilter", content_filter_token, NULL, "auto | none | loopback | ADDRESS..." },
    { "enableProgram", enable_token, NULL, "NAME..." },
    { "disableProgram", disable_token, NULL, "NAME..." },
    { "stateDirectory", state_directory_token, NULL, "PATH" },
};

void config_register(const char *type)
{
    forget();
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        register_config_handler(type, tokens[i].name, tokens[i].read, tokens[i].forget, tokens[i].help);
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
    if (taken->sources_n == 0 && !config_add_source(taken, CONFIG_SOURCE_FILE, CONFIG_DEFAULT_SOURCE, NULL, error)) {
        config_free(taken);
        return NULL;
    }
    return taken;
}

struct config *config_read(const char *file, unsigned *errors)
{
    if (file && access(file, R_OK) != 0) {
        fprintf(stderr, "mailtally: %s: the configuration cannot be read: %s\n", file, strerror(errno));
        return NULL;
    }
    setenv("MIBS", "", 1); /* no MIB is needed, and parsing them takes longer than all the rest */
    snmp_enable_stderrlog();
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    /* The agent's own tokens are in the same file; whether they are right is the daemon's affair. */
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_NO_TOKEN_WARNINGS, 1);
    if (file) {
        netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
        netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_OPTIONALCONFIG, file);
    }
    config_register(CONFIG_TYPE);
    init_snmp(CONFIG_TYPE);
    return config_take(errors);
}
