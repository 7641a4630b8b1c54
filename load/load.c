/* See load.h.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "load.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

bool load_library(const struct load_wish *wish, void *functions, char *why, size_t why_octets)
{
    void *handle = dlopen(wish->file, RTLD_NOW | RTLD_LOCAL);

    if (!handle) {
        snprintf(why, why_octets, "%s cannot be loaded (%s): install %s", wish->file, dlerror(), wish->package);
        return false;
    }
    for (size_t i = 0; i < wish->n; i++) {
        void *found = dlsym(handle, wish->names[i]);

        if (!found) {
            snprintf(why, why_octets, "%s has no %s: install %s anew", wish->file, wish->names[i], wish->package);
            return false;
        }
        /* ISO C has no way from void * to a function. */
        memcpy((char *)functions + i * sizeof found, &found, sizeof found);
    }
    return true;
}
