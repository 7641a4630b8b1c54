/* See cares.h.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef MAILTALLY_CARES

#include "cares.h"

static struct libcares library;

bool libcares_load(const char **why)
{
    static const char *const names[] = { CARES_FUNCTIONS(LOAD_NAME) };
    static const struct load_wish wish = { LIBCARES_NAME, "c-ares (Debian 12: libc-ares2)", names,
                                           sizeof names / sizeof names[0] };
    static char why_not[512];

    *why = why_not;
    return load_library(&wish, &library, why_not, sizeof why_not);
}

const struct libcares *libcares(void)
{
    return &library;
}

#endif
