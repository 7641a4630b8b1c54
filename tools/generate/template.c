/* Templates: files whose markers, @NAME@, stand for what follows from the tables.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "generate.h"

static void put_generated(FILE *out, const struct generator *g, const char *unused)
{
    UNUSED(unused);
    UNUSED(g);
    fputs(GENERATED MIB_TEMPLATE ", parser/counters.def and parser/reasons.def.", out);
}

static void put_oid(FILE *out, const struct generator *g, const char *unused)
{
    UNUSED(unused);
    fputs(g->base_oid, out);
}

/* What the markers of the templates stand for. One with `whole_line` ends its last line itself. */
static const struct marker {
    const char *text;
    void (*put)(FILE *out, const struct generator *g, const char *argument);
    const char *argument;
    bool whole_line;
} markers[] = {
    { "@generated@", put_generated, "", false },
    { "@root@", put_root, "", false },
    { "@oid@", put_oid, "", false },
    { "@parents@", put_parents, "", true },
    { "@totals@", put_objects, "", true },
    { "@host-columns@", put_objects, "Host", true },
    { "@host-sequence@", put_sequence, "Host", true },
    { "@totals-group@", put_group, "", true },
    { "@host-group@", put_group, "Host", true },
    { "@reject-reasons@", put_reasons, "refusals", true },
    { "@deferral-reasons@", put_reasons, "deferrals", true },
};

static const struct marker *marker_at(const char *text, const char *template)
{
    for (size_t i = 0; i < sizeof markers / sizeof markers[0]; i++)
        if (strncmp(markers[i].text, text, strlen(markers[i].text)) == 0)
            return &markers[i];
    fail("understand", template, "a marker is unknown");
}

void put_template(FILE *out, const struct generator *g, const char *name)
{
    char *template = read_file(g, name, true);
    const char *text = template;

    for (;;) {
        size_t plain = strcspn(text, "@");
        const struct marker *marker;

        fwrite(text, 1, plain, out);
        text += plain;
        if (!*text)
            break;
        marker = marker_at(text, name);
        marker->put(out, g, marker->argument);
        text += strlen(marker->text) + (marker->whole_line ? 1 : 0);
    }
    free(template);
}
