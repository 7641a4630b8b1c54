/* See library.h. The name of the library is that of the one we were built with (Makefile).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef MAILTALLY_ARCHIVE

#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static bool find(void *handle, const char *name, void *function, char *why, size_t why_octets)
{
    void *found = dlsym(handle, name);

    memcpy(function, &found, sizeof found); /* ISO C has no way from void * to a function */
    if (!found)
        snprintf(why, why_octets, "%s has no %s: install libarchive anew (Debian 12: libarchive13)", LIBARCHIVE_NAME,
                 name);
    return found != NULL;
}

/* It is not unloaded: what it is linked with was not made for that. A second time costs a look at a list. */
bool libarchive_load(struct libarchive *library, char *why, size_t why_octets)
{
    void *handle = dlopen(LIBARCHIVE_NAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (!handle) {
        snprintf(why, why_octets, "%s cannot be loaded (%s): install libarchive (Debian 12: libarchive13)",
                 LIBARCHIVE_NAME, dlerror());
        return false;
    }
#define FIND(name) &&find(handle, "archive_" #name, &library->name, why, why_octets)
    return true LIBARCHIVE_FUNCTIONS(FIND);
}

#endif
