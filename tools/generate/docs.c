/* docs/counters.md.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "generate.h"

static void put_reason_table(FILE *out, const struct reason *reasons, size_t n)
{
    fputs("| no | reason |\n|---|---|\n", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "| %d | %s |\n", reasons[i].number, reasons[i].name);
}

void put_docs(FILE *out, const struct generator *g)
{
    char name[80];

    fprintf(out,
            "<!-- " GENERATED "parser/counters.def and parser/reasons.def.\n"
            "     SPDX-License-Identifier: GPL-2.0-or-later -->\n"
            "# The counters\n\n"
            "A number, once given, is never used again. The OID of a total is %s.1.2.*no*.0;\n"
            "the same counter of one host is in column 10 + *no* of the host table, as mailtallyHost*Name*.\n\n"
            "Of the last minutes: mailtallyRecentTable has every counter over all hosts; of each host, columns 101\n"
            "to 106 have the last 15 minutes of bounced, deferred, rejected, spam, virus and authFailed, as\n"
            "mailtallyHostRecent*Name*. mailtallyDelayTable has how long deliveries took.\n\n"
            "| no | name | counts | MIB object | meaning |\n|---|---|---|---|---|\n",
            g->base_oid);
    for (size_t i = 0; i < counters_n; i++)
        fprintf(out, "| %d | %s | %s | %s | %s |\n", counters[i].number, counters[i].name, counters[i].unit,
                object_name(name, sizeof name, "", counters[i].name), counters[i].meaning);
    fputs("\n## Reasons of refusals\n\n"
          "The index of the reject table: mailtallyRejectPermanent.dnsbl has the number "
          "of permanent refusals by DNS blocklists.\n\n",
          out);
    put_reason_table(out, refusals, refusals_n);
    fputs("\n## Reasons of deferrals\n\nThe index of the deferral table: mailtallyDeferralAttempts.connectTimeout.\n\n",
          out);
    put_reason_table(out, deferrals, deferrals_n);
}
