/* See library.h.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef MAILTALLY_ARCHIVE

#include "library.h"

bool libarchive_load(struct libarchive *library, char *why, size_t why_octets)
{
    static const char *const names[] = { LIBARCHIVE_FUNCTIONS(LOAD_NAME) };
    static const struct load_wish wish = { LIBARCHIVE_NAME, "libarchive (Debian 12: libarchive13)", names,
                                           sizeof names / sizeof names[0] };

    return load_library(&wish, library, why, why_octets);
}

#endif
