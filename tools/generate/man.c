/* man/mailtally-counters.7.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "generate.h"

#define COLUMNS 76

static void put_reason_list(FILE *out, const struct reason *reasons, size_t n)
{
    fputs(".Bl -column \"00\" \"serverConfigurationMM\"\n.It Em no Ta Em reason\n", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, ".It %d Ta %s\n", reasons[i].number, reasons[i].name);
    fputs(".El\n", out);
}

/* A meaning is text of ours; a line of it must not begin with what mdoc would act upon. */
static void put_meaning(FILE *out, const char *text)
{
    int column = 0;

    for (const char *word = text; *word;) {
        int n = (int)strcspn(word, " ");

        if (column && column + 1 + n > COLUMNS) {
            fputc('\n', out);
            column = 0;
        }
        if (column)
            column += fprintf(out, " ");
        else if (*word == '.' || *word == '\'')
            fail("put a line that begins with", word, "mdoc would take it for a command");
        column += fprintf(out, "%.*s", n, word);
        word += n;
        word += strspn(word, " ");
    }
    fputs(".\n", out);
}

void put_man_counters(FILE *out, const struct generator *g)
{
    char name[80];

    fprintf(out,
            ".\\\" " GENERATED "parser/counters.def and parser/reasons.def.\n"
            ".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
            ".Dd November 29, 2026\n.Dt MAILTALLY-COUNTERS 7\n.Os\n"
            ".Sh NAME\n.Nm mailtally-counters\n.Nd what mailtally counts\n"
            ".Sh DESCRIPTION\n"
            "Each counter has a number that is never used again, a name, and one meaning,\n"
            "the same for every mail server.\n"
            "The OID of a total is\n.Li %s.1.2 ,\nits number, and 0;\n"
            "the same counter of one host is in column 10 +\n.Em no\nof the host table.\n"
            "All are Counter64.\n"
            ".Bl -tag -width Ds\n",
            g->base_oid);
    for (size_t i = 0; i < counters_n; i++) {
        fprintf(out, ".It %d Sy %s Pq %s\n", counters[i].number, counters[i].name, counters[i].unit);
        put_meaning(out, counters[i].meaning);
        fprintf(out, ".br\nMIB object\n.Li %s ;\nRRD data source\n.Li %s .\n",
                object_name(name, sizeof name, "", counters[i].name), counters[i].rrd);
    }
    fputs(".El\n.Ss Reasons of refusals\n"
          "The index of the reject table, and\n.Li reason\nof\n.Xr mailtally-events 1 .\n",
          out);
    put_reason_list(out, refusals, refusals_n);
    fputs(".Ss Reasons of deferrals\nThe index of the deferral table.\n", out);
    put_reason_list(out, deferrals, deferrals_n);
    fputs(".Sh EXAMPLES\n"
          "All totals, by name:\n"
          ".Dl snmpwalk -v2c -c public -m MAILTALLY-MIB localhost mailtallyTotals\n"
          "Who was refused, and why:\n"
          ".Dl mailtally events -F tsv /var/log/mail.log | awk -F'\\et' '$6 == \\(dqrejected\\(dq'\n"
          ".Sh SEE ALSO\n.Xr mailtally 1 ,\n.Xr mailtally-events 1 ,\n.Xr mailtallyd 8\n",
          out);
}
