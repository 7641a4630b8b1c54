/* The host expression.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "hosts.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

struct host_filter {
    regex_t regex;
};

struct host_filter *host_filter_new(const char *regex, char *error, size_t error_octets)
{
    struct host_filter *filter = malloc(sizeof *filter);
    char why[128] = "no memory";
    int result = filter ? regcomp(&filter->regex, regex, REG_EXTENDED | REG_ICASE | REG_NOSUB) : REG_ESPACE;

    if (result == 0)
        return filter;
    if (filter)
        regerror(result, &filter->regex, why, sizeof why);
    snprintf(error, error_octets, "the host expression \"%.120s\" is wrong: %s", regex, why);
    free(filter);
    return NULL;
}

void host_filter_free(struct host_filter *filter)
{
    if (!filter)
        return;
    regfree(&filter->regex);
    free(filter);
}

bool host_filter_wants(void *filter, struct span host)
{
    struct host_filter *hosts = filter;
    char name[256]; /* a copy with an end: REG_STARTEND would do without, but only glibc and BSD have it */
    size_t n = host.n < sizeof name - 1 ? host.n : sizeof name - 1;

    if (n > 0)
        memcpy(name, host.p, n);
    name[n] = '\0';
    return regexec(&hosts->regex, name, 0, NULL, 0) == 0;
}
