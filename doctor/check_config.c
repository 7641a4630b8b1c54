/* The configuration: may be read, and says what the daemon understands. The daemon itself is asked (mailtallyd -T): it
 * alone knows all tokens.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

#define TOLD_MAX   8 /* wrong lines, at most */
#define DEADLINE_S 10

/* May be "" when there is none. */
static void find_program(const struct doctor *d, char program[PATH_MAX])
{
    static const char *const beside[] = { "", "../sbin/" };
    static const char *const usual[] = { "/usr/sbin/mailtallyd", "/usr/local/sbin/mailtallyd" };
    char mine[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", mine, sizeof mine - 1);
    char *slash;

    snprintf(program, PATH_MAX, "%s", d->daemon.program);
    if (*program && access(program, X_OK) == 0)
        return;
    mine[n > 0 ? n : 0] = '\0';
    slash = strrchr(mine, '/');
    for (size_t i = 0; slash && i < sizeof beside / sizeof beside[0]; i++) {
        snprintf(program, PATH_MAX, "%.*s%smailtallyd", (int)(slash + 1 - mine), mine, beside[i]);
        if (access(program, X_OK) == 0)
            return;
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        snprintf(program, PATH_MAX, "%s", usual[i]);
        if (access(program, X_OK) == 0)
            return;
    }
    *program = '\0';
}

/* Its messages; NULL when it cannot be started. */
static FILE *start(const char *program, const char *file, bool alone, pid_t *child)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return NULL;
    *child = fork();
    if (*child == 0) {
        const char *const words[] = {
            program, "-T", alone ? "-C" : file ? "-c" : NULL, alone ? "-c" : file, file, NULL
        };

        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        alarm(DEADLINE_S); /* what the configuration includes may not answer */
        execv(program, (char *const *)words);
        _exit(127);
    }
    close(ends[1]);
    if (*child < 0) {
        close(ends[0]);
        return NULL;
    }
    return fdopen(ends[0], "r");
}

/* "FILE: line N: Error: SENTENCE", or "Error: SENTENCE" of what only all lines together tell. */
static bool take_message(struct doctor *d, char *message)
{
    char command[COMMAND_OCTETS] = "";
    struct conf_line line = { .number = 0 };
    char *at = strstr(message, ": line "), *sentence;

    message[strcspn(message, "\n")] = '\0';
    if (at && (size_t)(at - message) < sizeof line.file) {
        snprintf(line.file, sizeof line.file, "%.*s", (int)(at - message), message);
        line.number = (unsigned)strtoul(at + strlen(": line "), &sentence, 10);
        sentence += strspn(sentence, ": ");
    } else if (strncmp(message, "Error: ", 7) == 0) {
        sentence = message;
        if (!conf_find(d, strncmp(message + 7, "pages", 5) == 0 ? "pages" : "rrdDirectory", NULL, &line))
            line.number = 0;
    } else {
        return false;
    }
    if (*sentence && sentence[strlen(sentence) - 1] == '.')
        sentence[strlen(sentence) - 1] = '\0';
    sentence += strncmp(sentence, "Error: ", 7) == 0 ? 7 : strncmp(sentence, "Warning: ", 9) == 0 ? 9 : 0;
    if (line.number) {
        add_comment_out(command, &line);
        add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RELOAD);
        found(d, "config-wrong", command, "line %u of %s is wrong: %s", line.number, line.file, sentence);
    } else {
        found(d, "config-wrong", "", "the configuration is wrong: %s", sentence);
    }
    return true;
}

/* One wrong line may have two messages, which one change mends. */
static bool is_told(const struct doctor *d, const char *message)
{
    char begin[64];
    struct conf_line line;
    const char *at = strstr(message, ": line ");

    if (!at)
        return false;
    snprintf(begin, sizeof begin, "line %lu of ", strtoul(at + strlen(": line "), NULL, 10));
    snprintf(line.file, sizeof line.file, "%.*s", (int)(at - message), message);
    for (size_t i = 0; i < d->findings_n; i++)
        if (strncmp(d->findings[i].what, begin, strlen(begin)) == 0 && strstr(d->findings[i].what, line.file))
            return true;
    return false;
}

/* False: it never answered, and who reads the same files would wait like it. */
static bool ask_daemon(struct doctor *d, const char *file)
{
    char program[PATH_MAX], message[2048];
    unsigned told = 0;
    int status;
    pid_t child;
    FILE *said;

    find_program(d, program);
    said = *program ? start(program, file, d->wishes.config_file || d->daemon.own_config_only, &child) : NULL;
    if (!said) {
        not_checked(d, "whether the configuration is right: there is no program mailtallyd to ask");
        return true;
    }
    while (fgets(message, sizeof message, said))
        if (told < TOLD_MAX && !is_told(d, message))
            told += take_message(d, message);
    fclose(said);
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
        return true;
    if (WTERMSIG(status) == SIGALRM)
        not_checked(d,
                    "what the configuration tells of: %s -T had not read it after %d s; does a file that it includes "
                    "lie on a mount that does not answer?",
                    program, DEADLINE_S);
    else
        not_checked(d, "whether the configuration is right: %s -T ended with signal %d", program, WTERMSIG(status));
    return WTERMSIG(status) != SIGALRM;
}

static void check_readable(struct doctor *d, const char *file)
{
    char command[COMMAND_OCTETS] = "", at[PATH_MAX];

    if (!d->account.known || account_access(d, file, R_OK, at) != ACCESS_NO)
        return;
    if (strcmp(at, file) == 0) {
        add(command, "chgrp %s ", d->account.group);
        add_quoted(command, file);
        add(command, " && chmod g+r ");
    } else {
        add(command, "chmod o+x ");
    }
    add_quoted(command, at);
    add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RESTART);
    found(d, "config-unreadable", command, "user %s, who mailtallyd runs as, may not read the configuration %s",
          d->account.name, file);
}

/* The running daemon was started with it. */
static void tell_no_config(struct doctor *d, const char *file)
{
    char command[COMMAND_OCTETS] = "";
    const char *why = strerror(errno);

    add(command, "touch ");
    add_quoted(command, file);
    add_service(d, command, " && ", SERVICE_MAILTALLYD, DEED_RELOAD);
    found(d, "config-missing", command, "the configuration %s, which mailtallyd was started with, cannot be read: %s",
          file, why);
}

bool doctor_reaches_config(struct doctor *d)
{
    return answers(d, "the configuration", conf_file(d));
}

void check_config(struct doctor *d)
{
    const char *named = d->wishes.config_file ? d->wishes.config_file : d->daemon.config[0] ? d->daemon.config : NULL;
    const char *file = conf_file(d);
    unsigned errors = 0;

    if (!doctor_reaches_config(d)) {
        not_checked(d, "what the configuration tells of: it cannot be reached");
        return;
    }
    if (!config_can_be_read(file)) {
        if (errno == EACCES)
            not_checked(d, "the configuration %s: it may not be read by this user; run doctor as root", file);
        else if (named)
            tell_no_config(d, file);
        if (named)
            return;
    } else {
        check_readable(d, file);
        if (!ask_daemon(d, named))
            return;
    }
    d->config = config_read_quietly(named, &errors);
    if (errors && !has_found(d, "config-wrong"))
        found(d, "config-wrong", "", "the configuration %s has %u errors; mailtallyd -T tells them", file, errors);
}
