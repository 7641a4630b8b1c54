/* See library.h.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "library.h"

bool libnetsnmp_load(struct libnetsnmp *library, char *why, size_t why_octets)
{
    static const char *const names[] = { LIBNETSNMP_FUNCTIONS(LOAD_NAME) };
    static const struct load_wish wish = { LIBNETSNMP_NAME, "Net-SNMP's library (Debian 12: libsnmp40)", names,
                                           sizeof names / sizeof names[0] };

    return load_library(&wish, library, why, why_octets);
}
