/* Lines of configuration files, for commands that change one. Net-SNMP's parser does not tell where a token stood, so
 * they are looked for again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "inside.h"

bool line_word(const char *line, unsigned n, char *word, size_t octets)
{
    for (;; n--) {
        size_t length;
        char quote;

        line += strspn(line, " \t");
        quote = *line == '"' || *line == '\'' ? *line++ : '\0';
        length = quote ? strcspn(line, quote == '"' ? "\"\n" : "'\n") : strcspn(line, " \t\n");
        if (!quote && (length == 0 || *line == '#'))
            return false;
        if (n == 0) {
            snprintf(word, octets, "%.*s", (int)length, line);
            return true;
        }
        line += length;
        line += quote && *line == quote;
    }
}

/* Stops when `each` says true. */
static bool each_line(const char *file, bool (*each)(void *context, const struct conf_line *line), void *context,
                      bool *readable)
{
    struct conf_line line = { .number = 0 };
    FILE *in = fopen(file, "re");
    bool stopped = false;

    if (!in) {
        *readable = *readable && errno != EACCES;
        return false;
    }
    snprintf(line.file, sizeof line.file, "%s", file);
    while (!stopped && fgets(line.text, sizeof line.text, in)) {
        size_t n = strlen(line.text);

        line.number++;
        stopped = each(context, &line);
        while (n && line.text[n - 1] != '\n' && fgets(line.text, sizeof line.text, in))
            n = strlen(line.text); /* the rest of a line that is too long */
    }
    fclose(in);
    return stopped;
}

/* ---- the daemon's ---- */

static const char *named_config(const struct doctor *d)
{
    return d->wishes.config_file ? d->wishes.config_file : d->daemon.config[0] ? d->daemon.config : NULL;
}

const char *conf_file(const struct doctor *d)
{
    const char *named = named_config(d);

    return named ? named : USUAL_CONFIG;
}

struct wanted {
    const char *token, *word;
    struct conf_line *line;
};

static bool is_wanted(void *context, const struct conf_line *line)
{
    struct wanted *wanted = context;
    char word[1024];

    if (!line_word(line->text, 0, word, sizeof word) || strcasecmp(word, wanted->token) != 0)
        return false;
    for (unsigned i = 1; wanted->word; i++) {
        if (!line_word(line->text, i, word, sizeof word))
            return false;
        if (strcasecmp(word, wanted->word) == 0)
            break;
    }
    *wanted->line = *line;
    return true;
}

bool conf_find(const struct doctor *d, const char *token, const char *word, struct conf_line *line)
{
    static const char *const usual[] = { USUAL_CONFIG, "/etc/snmp/mailtallyd.local.conf" };
    struct wanted wanted = { token, word, line };
    const char *named = named_config(d);
    bool readable = true;

    if (named && each_line(named, is_wanted, &wanted, &readable))
        return true;
    for (size_t i = 0; !d->wishes.config_file && i < sizeof usual / sizeof usual[0]; i++)
        if (each_line(usual[i], is_wanted, &wanted, &readable))
            return true;
    return false;
}

/* ---- snmpd's ---- */

static int is_conf(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);

    return n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

bool snmpd_lines(bool (*each)(void *context, const struct conf_line *line), void *context, bool *readable)
{
    struct dirent **entries;
    int n = scandir("/etc/snmp/snmpd.conf.d", &entries, is_conf, alphasort);
    bool stopped;

    *readable = true;
    stopped = each_line(SNMPD_CONFIG, each, context, readable);
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX];

        snprintf(path, sizeof path, "/etc/snmp/snmpd.conf.d/%s", entries[i]->d_name);
        stopped = stopped || each_line(path, each, context, readable);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return stopped;
}

static bool is_include(void *context, const struct conf_line *line)
{
    char word[64];

    (void)context;
    return line_word(line->text, 0, word, sizeof word) && strcasecmp(word, "includeDir") == 0;
}

/* ---- commands ---- */

void add_comment_out(char command[COMMAND_OCTETS], const struct conf_line *line)
{
    add(command, "sed -i '%us/^/#/' ", line->number);
    add_quoted(command, line->file);
}

void add_replace(char command[COMMAND_OCTETS], const struct conf_line *line, const char *text)
{
    char script[2 * PATH_MAX] = "";
    size_t n = (size_t)snprintf(script, sizeof script, "%us|.*|", line->number);

    for (const char *p = text; *p && n + 4 < sizeof script; p++) { /* what sed would act upon */
        if (strchr("\\|&", *p))
            script[n++] = '\\';
        script[n++] = *p;
    }
    script[n++] = '|';
    script[n] = '\0';
    add(command, "sed -i ");
    add_quoted(command, script);
    add(command, " ");
    add_quoted(command, line->file);
}

void add_snmpd_lines(const struct doctor *d, char command[COMMAND_OCTETS], const char *const *lines)
{
    bool readable = true;
    bool has_directory = access("/etc/snmp/snmpd.conf.d", F_OK) == 0 &&
                         (each_line(SNMPD_CONFIG, is_include, NULL, &readable) || !readable);

    add(command, "printf '%%s\\n'");
    for (; *lines; lines++) {
        add(command, " ");
        add_quoted(command, *lines);
    }
    add(command, " >>%s", has_directory ? SNMPD_SNIPPET : SNMPD_CONFIG);
    add_service(d, command, " && ", SERVICE_SNMPD, DEED_RESTART);
}
