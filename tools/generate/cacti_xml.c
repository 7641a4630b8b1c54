/* XML as Cacti reads it, and the hashes by which it knows objects.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cacti.h"

#include <stdarg.h>

static void indent(struct xml *xml)
{
    for (int i = 0; i < xml->depth; i++)
        fputc('\t', xml->out);
}

static void put_escaped(FILE *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#039;", out);
            break;
        default:
            fputc(*text, out);
        }
}

void xml_open(struct xml *xml, const char *tag)
{
    indent(xml);
    fprintf(xml->out, "<%s>\n", tag);
    xml->depth++;
}

void xml_close(struct xml *xml, const char *tag)
{
    xml->depth--;
    indent(xml);
    fprintf(xml->out, "</%s>\n", tag);
}

void xml_leaf(struct xml *xml, const char *tag, const char *text)
{
    indent(xml);
    fprintf(xml->out, "<%s>", tag);
    put_escaped(xml->out, text);
    fprintf(xml->out, "</%s>\n", tag);
}

void xml_leaf_number(struct xml *xml, const char *tag, long number)
{
    char text[24];

    snprintf(text, sizeof text, "%ld", number);
    xml_leaf(xml, tag, text);
}

void xml_field(struct xml *xml, const char *tag, const char *text)
{
    char twin[64];

    snprintf(twin, sizeof twin, "t_%s", tag);
    xml_leaf(xml, twin, "");
    xml_leaf(xml, tag, text);
}

struct hash cacti_hash(const char *path, ...)
{
    /* The offset basis and the prime of FNV with 128 bits. */
    unsigned __int128 sum = (unsigned __int128)0x6c62272e07bb0142U << 64 | 0x62b821756295c58dU;
    const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
    char text[256] = "mailtally:";
    size_t octets = strlen(text);
    struct hash hash;
    va_list words;

    va_start(words, path);
    octets += (size_t)vsnprintf(text + octets, sizeof text - octets, path, words);
    va_end(words);
    if (octets >= sizeof text)
        fail("make a hash of", path, "it is too long");
    for (size_t i = 0; i < octets; i++)
        sum = (sum ^ (unsigned char)text[i]) * prime;
    snprintf(hash.text, sizeof hash.text, "%016llx%016llx", (unsigned long long)(sum >> 64), (unsigned long long)sum);
    return hash;
}
