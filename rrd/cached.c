/* rrdcached.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cached.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "library.h"

struct cached {
    char *address;
};

struct cached *cached_new(const char *address)
{
    struct cached *c = malloc(sizeof *c);

    if (!c)
        return NULL;
    c->address = strdup(address);
    if (c->address)
        return c;
    free(c);
    return NULL;
}

void cached_free(struct cached *c)
{
    if (!c)
        return;
    librrdc_disconnect();
    free(c->address);
    free(c);
}

static bool connect_to(struct cached *c)
{
    librrd_clear_error();
    return librrdc_is_connected(c->address) || librrdc_connect(c->address) == 0;
}

bool cached_flush(struct cached *c, const char *path)
{
    return connect_to(c) && librrdc_flush(path) == 0;
}

bool cached_update(struct cached *c, const char *path, const char *const *values, int n, char *error)
{
    if (!connect_to(c)) {
        snprintf(error, RRD_ERROR_OCTETS, "rrdcached does not answer at %.100s: %.200s", c->address,
                 librrd_get_error());
        return false;
    }
    if (librrdc_update(path, n, values) == 0)
        return true;
    snprintf(error, RRD_ERROR_OCTETS, "rrdcached at %.100s: %.250s", c->address,
             librrd_test_error() ? librrd_get_error() : "it refuses the update or is gone");
    librrdc_disconnect(); /* it may have been started again */
    return false;
}
