/* See cares.h. The name of the library is that of the one we were built with (Makefile).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef MAILTALLY_CARES

#include "cares.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static struct libcares library;
static char why_not[512];

static bool find(void *handle, const char *name, void *function)
{
    void *found = dlsym(handle, name);

    memcpy(function, &found, sizeof found); /* ISO C has no way from void * to a function */
    if (!found)
        snprintf(why_not, sizeof why_not, "%s has no %s: install the package libc-ares2 anew", LIBCARES_NAME, name);
    return found != NULL;
}

bool libcares_load(const char **why)
{
    void *handle = dlopen(LIBCARES_NAME, RTLD_NOW | RTLD_LOCAL);

    *why = why_not;
    if (!handle) {
        snprintf(why_not, sizeof why_not, "%s cannot be loaded (%s): install the package libc-ares2", LIBCARES_NAME,
                 dlerror());
        return false;
    }
#define FIND(name) &&find(handle, #name, &library.name)
    return true CARES_FUNCTIONS(FIND);
}

const struct libcares *libcares(void)
{
    return &library;
}

#endif
