/* Facilities.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "facility.h"

int facility_number(struct span name)
{
    static const struct span names[] = {
        SPAN("kern"),   SPAN("user"),   SPAN("mail"),   SPAN("daemon"), SPAN("auth"),     SPAN("syslog"),
        SPAN("lpr"),    SPAN("news"),   SPAN("uucp"),   SPAN("cron"),   SPAN("authpriv"), SPAN("ftp"),
        SPAN("12"),     SPAN("13"),     SPAN("14"),     SPAN("15"),     SPAN("local0"),   SPAN("local1"),
        SPAN("local2"), SPAN("local3"), SPAN("local4"), SPAN("local5"), SPAN("local6"),   SPAN("local7"),
    };
    uint64_t number;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (span_eq_nocase(name, names[i]))
            return (int)i;
    return span_take_number(&name, &number) && name.n == 0 && number < sizeof names / sizeof names[0] ? (int)number
                                                                                                      : -1;
}
