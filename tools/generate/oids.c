/* agent/oids.h, from the finished MIB module.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "generate.h"

/* mailtallyHostLastEventAge -> HOST_LAST_EVENT_AGE */
static void put_constant(FILE *out, const char *name, size_t octets)
{
    bool lower = false;

    for (size_t i = strlen("mailtally"); i < octets; i++) {
        if (lower && isupper((unsigned char)name[i]))
            fputc('_', out);
        lower = !isupper((unsigned char)name[i]);
        fputc(toupper((unsigned char)name[i]), out);
    }
}

/* The name of an object, which begins a line of the module, and its number: the last word of the next
 * `::= { parent number }`. */
static const char *put_arc(FILE *out, const char *line)
{
    size_t octets = strcspn(line, " \n");
    const char *assigned = strstr(line, "::= {");
    const char *close = assigned ? strchr(assigned, '}') : NULL;

    if (!close)
        fail("understand", MIB_TEMPLATE, "an object has no number");
    fputs("    OID_", out);
    put_constant(out, line, octets);
    fprintf(out, " = %d,\n", atoi(memrchr(assigned, ' ', (size_t)(close - assigned - 1))));
    return close;
}

void put_oids(FILE *out, const struct generator *g)
{
    static const char *const kinds[] = { " OBJECT-TYPE\n", " OBJECT IDENTIFIER ", " NOTIFICATION-TYPE\n" };
    size_t arcs = 1;

    for (const char *p = g->base_oid; *p; p++)
        arcs += *p == '.';
    fprintf(out, "/* The numbers of the MIB: each is the last arc of the object's OID.\n"
                 " * " GENERATED "mibs/MAILTALLY-MIB.txt.\n"
                 " * SPDX-License-Identifier: GPL-2.0-or-later */\n"
                 "#ifndef MAILTALLY_OIDS_H\n#define MAILTALLY_OIDS_H\n\n"
                 "#define OID_ROOT        ");
    for (const char *p = g->base_oid; *p; p++)
        fprintf(out, *p == '.' ? ", " : "%c", *p);
    fprintf(out,
            "\n#define OID_ROOT_TEXT   \"%s\"\n#define OID_ROOT_LENGTH %zu\n\n"
            "/* The column of a counter in the host table is this plus its number. */\n"
            "#define OID_HOST_COUNTERS 10\n\nenum {\n",
            g->base_oid, arcs);
    for (const char *line = g->mib; line && *line; line = strchr(line, '\n'), line += line ? 1 : 0) {
        const char *word = strncmp(line, "mailtally", 9) == 0 ? line + strcspn(line, " \n") : "";

        while (word[0] == ' ' && word[1] == ' ')
            word++;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (strncmp(word, kinds[i], strlen(kinds[i])) == 0)
                line = put_arc(out, line);
    }
    fputs("};\n\n#endif\n", out);
}
