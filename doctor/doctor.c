/* The examination and its list.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../source/mounts.h"

static void add_finding(struct doctor *d, const char *id, const char *command, bool mends, const char *format,
                        va_list arguments)
{
    struct finding *f = &d->findings[d->findings_n];

    if (d->findings_n == FINDINGS_MAX)
        return;
    if (vasprintf(&f->what, format, arguments) < 0)
        return;
    f->id = id;
    f->command = strdup(command);
    f->mends = mends && *command;
    if (f->command)
        d->findings_n++;
    else
        free(f->what);
}

void found(struct doctor *d, const char *id, const char *command, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_finding(d, id, command, true, format, arguments);
    va_end(arguments);
}

void found_to_see(struct doctor *d, const char *id, const char *command, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_finding(d, id, command, false, format, arguments);
    va_end(arguments);
}

void not_checked(struct doctor *d, const char *format, ...)
{
    va_list arguments;
    char *sentence;
    int octets;

    va_start(arguments, format);
    octets = vasprintf(&sentence, format, arguments);
    va_end(arguments);
    if (octets < 0)
        return;
    for (size_t i = 0; i < d->unchecked_n; i++)
        if (strcmp(d->unchecked[i], sentence) == 0)
            octets = -1; /* told already */
    if (octets < 0 || d->unchecked_n == UNCHECKED_MAX)
        free(sentence);
    else
        d->unchecked[d->unchecked_n++] = sentence;
}

bool has_found(const struct doctor *d, const char *id)
{
    for (size_t i = 0; i < d->findings_n; i++)
        if (strcmp(d->findings[i].id, id) == 0)
            return true;
    return false;
}

struct doctor *doctor_new(const struct doctor_wishes *wishes)
{
    struct doctor *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    d->wishes = *wishes;
    d->is_root = geteuid() == 0;
    d->now = (int64_t)time(NULL);
    d->mounts = mounts_new(MOUNTS_TABLE);
    if (gethostname(d->host, sizeof d->host - 1) != 0)
        strcpy(d->host, "localhost");
    return d;
}

void doctor_free(struct doctor *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->findings_n; i++) {
        free(d->findings[i].what);
        free(d->findings[i].command);
    }
    for (size_t i = 0; i < d->unchecked_n; i++)
        free(d->unchecked[i]);
    for (size_t i = 0; i < d->silent_n; i++)
        free(d->silent[i]);
    mounts_free(d->mounts);
    config_free(d->config);
    free(d);
}

/* The running daemon tells most of what was not said: its user, its configuration, its socket. */
static void look_around(struct doctor *d)
{
    pid_t pid = process_named("mailtallyd", 0);
    struct account account;

    if (pid)
        process_look(pid, &d->daemon);
    if (d->wishes.user)
        d->account_exists = d->account.known = account_named(d->wishes.user, &d->account);
    else if (pid && account_of_process(pid, &account))
        d->account = account;
    else if (account_named(USER_DEFAULT, &account))
        d->account = account;
    d->account_exists = d->account.known;
}

bool doctor_examine(struct doctor *d)
{
    static void (*const checks[])(struct doctor * d) = { check_mounts, check_state, check_sources, check_lines,
                                                         check_daemon, check_rrd,   check_agentx,  check_snmp };

    look_around(d);
    check_config(d);
    if (!d->config)
        return false;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        checks[i](d);
    return true;
}

const struct finding *doctor_findings(const struct doctor *d, size_t *n)
{
    *n = d->findings_n;
    return d->findings;
}

char *const *doctor_unchecked(const struct doctor *d, size_t *n)
{
    *n = d->unchecked_n;
    return d->unchecked;
}
