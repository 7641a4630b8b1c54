/* librrd in a build without it (WITH_RRD=0): everything fails, and says why.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "library.h"

#ifndef MAILTALLY_RRD

void librrd_clear_error(void)
{
}

int librrd_test_error(void)
{
    return 1;
}

const char *librrd_get_error(void)
{
    return "mailtally was built without librrd: install librrd-dev and build it again (make config)";
}

int librrd_create_r(const char *path, unsigned long step, time_t last, int n, const char **definitions)
{
    (void)path, (void)step, (void)last, (void)n, (void)definitions;
    return -1;
}

int librrd_restore(int n, char **words)
{
    (void)n, (void)words;
    return -1;
}

int librrd_update_r(const char *path, const char *names, int n, const char **values)
{
    (void)path, (void)names, (void)n, (void)values;
    return -1;
}

int librrd_fetch_r(const char *path, const char *function, time_t *start, time_t *end, unsigned long *step,
                   unsigned long *n, char ***names, rrd_value_t **data)
{
    (void)path, (void)function, (void)start, (void)end, (void)step, (void)n, (void)names, (void)data;
    return -1;
}

time_t librrd_last_r(const char *path)
{
    (void)path;
    return (time_t)-1;
}

rrd_info_t *librrd_info_r(const char *path)
{
    (void)path;
    return NULL;
}

rrd_info_t *librrd_graph_v(int n, char **words)
{
    (void)n, (void)words;
    return NULL;
}

void librrd_info_free(rrd_info_t *info)
{
    (void)info;
}

int librrdc_is_connected(const char *address)
{
    (void)address;
    return 0;
}

int librrdc_connect(const char *address)
{
    (void)address;
    return -1;
}

int librrdc_disconnect(void)
{
    return 0;
}

int librrdc_flush(const char *path)
{
    (void)path;
    return -1;
}

int librrdc_update(const char *path, int n, const char *const *values)
{
    (void)path, (void)n, (void)values;
    return -1;
}

#endif
