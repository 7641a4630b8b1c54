/* Pieces of text.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "generate.h"

const char *object_name(char *buffer, size_t octets, const char *prefix, const char *name)
{
    snprintf(buffer, octets, "mailtally%s%c%s", prefix, toupper((unsigned char)name[0]), name + 1);
    return buffer;
}

void put_folded(FILE *out, const char *text, int indent, int columns)
{
    int column = columns;

    while (*text) {
        int word = (int)strcspn(text, " ");

        if (column + 1 + word > columns)
            column = fprintf(out, "%s%*s%.*s", column == columns ? "" : "\n", indent, "", word, text) - 1;
        else
            column += fprintf(out, " %.*s", word, text);
        text += word;
        text += strspn(text, " ");
    }
}
