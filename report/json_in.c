/* A reader of JSON.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_in.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NOTHING (-1) /* in place of an octet */

/* What may come next. */
enum state { AT_VALUE, AT_FIRST_KEY, AT_KEY, AT_FIRST_ELEMENT, BEHIND_VALUE };

struct json_in {
    FILE *file;
    char *name;
    uint64_t line;
    enum state state;
    bool is_wrong;
    unsigned depth;
    char brackets[JSON_IN_DEPTH]; /* { or [ */
    size_t n;
    char text[JSON_IN_OCTETS];
    char error[512];
};

struct json_in *json_in_open(const char *path, char *error, size_t error_octets)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct json_in *in = calloc(1, sizeof *in);

    if (in) {
        in->line = 1;
        in->name = strdup(is_stdin ? "standard input" : path);
        in->file = is_stdin ? stdin : fopen(path, "re");
        if (in->name && in->file)
            return in;
    }
    snprintf(error, error_octets, "%s: cannot be read: %s", path, strerror(errno));
    json_in_close(in);
    return NULL;
}

void json_in_close(struct json_in *in)
{
    if (!in)
        return;
    if (in->file && in->file != stdin)
        fclose(in->file);
    free(in->name);
    free(in);
}

void json_in_refuse(struct json_in *in, const char *format, ...)
{
    va_list arguments;
    int n;

    if (in->is_wrong)
        return;
    in->is_wrong = true;
    n = snprintf(in->error, sizeof in->error, "%.200s: line %llu: ", in->name, (unsigned long long)in->line);
    va_start(arguments, format);
    vsnprintf(in->error + n, sizeof in->error - (size_t)n, format, arguments);
    va_end(arguments);
}

static enum json_piece wrong(struct json_in *in, const char *what)
{
    if (ferror(in->file))
        json_in_refuse(in, "cannot be read: %s", strerror(errno));
    json_in_refuse(in, "%s", what);
    return JSON_WRONG;
}

/* ---- octets ---- */

static int take(struct json_in *in)
{
    int c = getc_unlocked(in->file);

    in->line += c == '\n';
    return c == EOF ? NOTHING : c;
}

static void put_back(struct json_in *in, int c)
{
    if (c != NOTHING)
        ungetc(c, in->file);
    in->line -= c == '\n';
}

static int take_behind_blanks(struct json_in *in)
{
    int c;

    do
        c = take(in);
    while (c == ' ' || c == '\t' || c == '\n' || c == '\r');
    return c;
}

static bool keep(struct json_in *in, int c)
{
    if (in->n == sizeof in->text)
        return false;
    in->text[in->n++] = (char)c;
    return true;
}

/* ---- strings ---- */

static bool take_hex(struct json_in *in, uint32_t *number)
{
    *number = 0;
    for (int i = 0; i < 4; i++) {
        int c = take(in);
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;

        if (digit < 0)
            return false;
        *number = *number << 4 | (uint32_t)digit;
    }
    return true;
}

static bool keep_character(struct json_in *in, uint32_t c)
{
    if (c < 0x80)
        return keep(in, (int)c);
    if (c < 0x800)
        return keep(in, (int)(0xc0 | c >> 6)) && keep(in, (int)(0x80 | (c & 0x3f)));
    if (c < 0x10000)
        return keep(in, (int)(0xe0 | c >> 12)) && keep(in, (int)(0x80 | (c >> 6 & 0x3f))) &&
               keep(in, (int)(0x80 | (c & 0x3f)));
    return keep(in, (int)(0xf0 | c >> 18)) && keep(in, (int)(0x80 | (c >> 12 & 0x3f))) &&
           keep(in, (int)(0x80 | (c >> 6 & 0x3f))) && keep(in, (int)(0x80 | (c & 0x3f)));
}

/* \uNNNN, of which two make one character above U+FFFF. */
static bool take_unicode(struct json_in *in)
{
    uint32_t c, low;

    if (!take_hex(in, &c) || (c >= 0xdc00 && c < 0xe000))
        return false;
    if (c >= 0xd800 && c < 0xdc00) {
        if (take(in) != '\\' || take(in) != 'u' || !take_hex(in, &low) || low < 0xdc00 || low >= 0xe000)
            return false;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    return keep_character(in, c);
}

static bool take_escape(struct json_in *in)
{
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    int c = take(in);

    if (c == 'u')
        return take_unicode(in);
    for (const char *p = escapes; *p; p += 2)
        if (*p == c)
            return keep(in, p[1]);
    return false;
}

/* Behind the first quote. Octets above 127 are taken as they are: they came from our own output. */
static bool take_string(struct json_in *in)
{
    in->n = 0;
    for (;;) {
        int c = take(in);

        if (c == '"')
            return true;
        if (c == NOTHING || c < 0x20)
            return false;
        if (c == '\\' ? !take_escape(in) : !keep(in, c))
            return false;
    }
}

/* ---- numbers and words ---- */

static bool take_digits(struct json_in *in, int *c)
{
    bool is_there = *c >= '0' && *c <= '9';

    while (*c >= '0' && *c <= '9') {
        if (!keep(in, *c))
            return false;
        *c = take(in);
    }
    return is_there;
}

static bool take_number(struct json_in *in, int c)
{
    in->n = 0;
    if (c == '-') {
        keep(in, c);
        c = take(in);
    }
    if (c == '0') {
        keep(in, c);
        c = take(in);
    } else if (!take_digits(in, &c)) {
        return false;
    }
    if (c == '.') {
        keep(in, c);
        c = take(in);
        if (!take_digits(in, &c))
            return false;
    }
    if (c == 'e' || c == 'E') {
        keep(in, c);
        c = take(in);
        if (c == '+' || c == '-') {
            keep(in, c);
            c = take(in);
        }
        if (!take_digits(in, &c))
            return false;
    }
    put_back(in, c);
    return in->n < sizeof in->text;
}

static bool take_word(struct json_in *in, const char *rest)
{
    for (; *rest; rest++)
        if (take(in) != *rest)
            return false;
    return true;
}

/* ---- pieces ---- */

static enum json_piece open_bracket(struct json_in *in, char bracket)
{
    if (in->depth == JSON_IN_DEPTH)
        return wrong(in, "too many brackets, one in the other");
    in->brackets[in->depth++] = bracket;
    in->state = bracket == '{' ? AT_FIRST_KEY : AT_FIRST_ELEMENT;
    return bracket == '{' ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_piece close_bracket(struct json_in *in)
{
    in->state = BEHIND_VALUE;
    return in->brackets[--in->depth] == '{' ? JSON_OBJECT_END : JSON_ARRAY_END;
}

static enum json_piece value(struct json_in *in, int c)
{
    in->state = BEHIND_VALUE;
    switch (c) {
    case '{':
    case '[':
        return open_bracket(in, (char)c);
    case '"':
        return take_string(in) ? JSON_STRING : wrong(in, "a string is broken off, too long or no JSON");
    case 't':
        return take_word(in, "rue") ? JSON_TRUE : wrong(in, "this is no JSON");
    case 'f':
        return take_word(in, "alse") ? JSON_FALSE : wrong(in, "this is no JSON");
    case 'n':
        return take_word(in, "ull") ? JSON_NULL : wrong(in, "this is no JSON");
    case NOTHING:
        return wrong(in, "it ends in the middle");
    default:
        return take_number(in, c) ? JSON_NUMBER : wrong(in, "this is no JSON");
    }
}

static enum json_piece key(struct json_in *in, int c)
{
    if (c == NOTHING)
        return wrong(in, "it ends in the middle");
    if (c != '"' || !take_string(in) || take_behind_blanks(in) != ':')
        return wrong(in, "a key is wanted here");
    in->state = AT_VALUE;
    return JSON_KEY;
}

static enum json_piece behind_value(struct json_in *in, int c)
{
    if (c == NOTHING)
        return wrong(in, "it ends in the middle");
    if (c == (in->brackets[in->depth - 1] == '{' ? '}' : ']'))
        return close_bracket(in);
    if (c != ',')
        return wrong(in, "a comma or the closing bracket is wanted here");
    c = take_behind_blanks(in);
    return in->brackets[in->depth - 1] == '{' ? key(in, c) : value(in, c);
}

enum json_piece json_in_next(struct json_in *in)
{
    int c;

    if (in->is_wrong)
        return JSON_WRONG;
    c = take_behind_blanks(in);
    if (in->depth == 0)
        return c != NOTHING ? value(in, c) : ferror(in->file) ? wrong(in, "cannot be read") : JSON_END;
    switch (in->state) {
    case AT_FIRST_KEY:
        return c == '}' ? close_bracket(in) : key(in, c);
    case AT_FIRST_ELEMENT:
        return c == ']' ? close_bracket(in) : value(in, c);
    case BEHIND_VALUE:
        return behind_value(in, c);
    case AT_VALUE:
    case AT_KEY:
        break;
    }
    return value(in, c);
}

struct span json_in_text(const struct json_in *in)
{
    return (struct span){ in->text, in->n };
}

/* ---- what is wanted ---- */

bool json_in_is(struct json_in *in, enum json_piece wanted)
{
    static const char *const words[] = {
        [JSON_OBJECT] = "an object", [JSON_OBJECT_END] = "the end of an object",
        [JSON_ARRAY] = "a list",     [JSON_ARRAY_END] = "the end of a list",
        [JSON_KEY] = "a key",        [JSON_STRING] = "a string",
        [JSON_NUMBER] = "a number",
    };

    if (json_in_next(in) == wanted)
        return true;
    json_in_refuse(in, "%s is wanted here", words[wanted]);
    return false;
}

bool json_in_number(struct json_in *in, uint64_t *number)
{
    struct span text;

    if (!json_in_is(in, JSON_NUMBER))
        return false;
    text = json_in_text(in);
    if (span_take_number(&text, number) && text.n == 0)
        return true;
    json_in_refuse(in, "a count is wanted here, not %.*s", (int)(in->n < 60 ? in->n : 60), in->text);
    return false;
}

bool json_in_bool(struct json_in *in, bool *value_is)
{
    enum json_piece piece = json_in_next(in);

    *value_is = piece == JSON_TRUE;
    if (piece == JSON_TRUE || piece == JSON_FALSE)
        return true;
    json_in_refuse(in, "true or false is wanted here");
    return false;
}

bool json_in_key(struct json_in *in)
{
    enum json_piece piece = json_in_next(in);

    if (piece == JSON_KEY)
        return true;
    if (piece != JSON_OBJECT_END)
        json_in_refuse(in, "a key is wanted here");
    return false;
}

bool json_in_is_wrong(const struct json_in *in)
{
    return in->is_wrong;
}

const char *json_in_error(const struct json_in *in)
{
    return in->error;
}
