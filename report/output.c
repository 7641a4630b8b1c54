/* Standard output.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../parser/header.h"
#include "report.h"

#define BUFFER_OCTETS (128 * 1024)
#define WIDTH_DEFAULT 100
#define TIME_OCTETS   40

struct output {
    enum output_format format;
    bool is_terminal, has_colour;
    /* The last time that was written, by its second: logs have many lines of one second. */
    int64_t utc_time;
    char utc[TIME_OCTETS];
    char *kept; /* instead of being written; NULL unless output_keep() was called */
    size_t kept_n, kept_room;
    bool keeps;
    size_t n;
    char buffer[BUFFER_OCTETS];
};

struct output *output_new(enum output_format format)
{
    struct output *output = malloc(sizeof *output);
    const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

    if (!output)
        return NULL;
    output->format = format;
    output->n = 0;
    output->kept = NULL;
    output->kept_n = output->kept_room = 0;
    output->keeps = false;
    output->utc_time = TIME_UNKNOWN;
    output->is_terminal = isatty(STDOUT_FILENO) == 1;
    output->has_colour = output->is_terminal && format == FORMAT_TEXT && !(no_colour && *no_colour) && terminal &&
                         strcmp(terminal, "dumb") != 0;
    return output;
}

static void flush(struct output *output);
static void put(struct output *output, const char *p, size_t n);

static void give_up(int why)
{
    if (why != EPIPE)
        complain("the result cannot be written to standard output: %s", strerror(why));
    exit(STATUS_ERROR);
}

static void keep(struct output *output)
{
    if (output->n > output->kept_room - output->kept_n) {
        size_t room = 2 * (output->kept_n + output->n);
        char *kept = realloc(output->kept, room);

        if (!kept) {
            complain("no memory");
            exit(STATUS_ERROR);
        }
        output->kept = kept;
        output->kept_room = room;
    }
    memcpy(output->kept + output->kept_n, output->buffer, output->n);
    output->kept_n += output->n;
    output->n = 0;
}

void output_keep(struct output *output)
{
    flush(output);
    output->keeps = true;
}

char *output_kept(struct output *output, size_t *n)
{
    char *kept;

    keep(output);
    kept = output->kept;
    *n = output->kept_n;
    output->kept = NULL;
    output->kept_n = output->kept_room = 0;
    output->keeps = false;
    return kept;
}

void output_raw(struct output *output, const char *text, size_t n)
{
    put(output, text, n);
}

static void flush(struct output *output)
{
    if (output->keeps) {
        keep(output);
        return;
    }
    for (size_t done = 0; done < output->n;) {
        ssize_t n = write(STDOUT_FILENO, output->buffer + done, output->n - done);

        if (n < 0 && errno != EINTR)
            give_up(errno);
        done += n > 0 ? (size_t)n : 0;
    }
    output->n = 0;
}

void output_finish(struct output *output)
{
    flush(output);
    free(output);
    if (close(STDOUT_FILENO) != 0 && errno != EINTR)
        give_up(errno);
}

void output_flush(struct output *output)
{
    flush(output);
}

void output_end_row(struct output *output)
{
    if (output->is_terminal)
        flush(output);
}

static void put(struct output *output, const char *p, size_t n)
{
    if (n > BUFFER_OCTETS - output->n)
        flush(output);
    while (n > BUFFER_OCTETS) {
        memcpy(output->buffer, p, BUFFER_OCTETS);
        output->n = BUFFER_OCTETS;
        flush(output);
        p += BUFFER_OCTETS;
        n -= BUFFER_OCTETS;
    }
    memcpy(output->buffer + output->n, p, n);
    output->n += n;
}

void output_literal(struct output *output, const char *literal)
{
    put(output, literal, strlen(literal));
}

void output_print(struct output *output, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    output_literal(output, text);
}

void output_char(struct output *output, char c)
{
    put(output, &c, 1);
}

void output_number(struct output *output, uint64_t number)
{
    char digits[20];
    size_t i = sizeof digits;

    do
        digits[--i] = (char)('0' + number % 10);
    while (number /= 10);
    put(output, digits + i, sizeof digits - i);
}

/* The length of the UTF-8 character at the beginning of s and its number; 0 when there is none (RFC 3629: no overlong
 * forms, no surrogates, nothing above U+10FFFF). */
static size_t utf8_length(struct span s, uint32_t *character)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char first = (unsigned char)s.p[0];
    size_t n = first < 0x80                    ? 1
               : first >= 0xc2 && first < 0xe0 ? 2
               : (first & 0xf0) == 0xe0        ? 3
               : first >= 0xf0 && first < 0xf5 ? 4
                                               : 0;
    uint32_t c = n == 1 ? first : n ? first & (0x7fu >> n) : 0;

    if (n == 0 || n > s.n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        unsigned char next = (unsigned char)s.p[i];

        if ((next & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (next & 0x3f);
    }
    *character = c;
    return c < smallest[n] || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff ? 0 : n;
}

/* Controls, and what changes the direction or the lines of the text around it. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static void put_hex(struct output *output, struct span octets)
{
    for (size_t i = 0; i < octets.n; i++) {
        char hex[8];

        snprintf(hex, sizeof hex, "\\x%02x", (unsigned char)octets.p[i]);
        output_literal(output, hex);
    }
}

static const char *html_escape(uint32_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static const char *short_escape(enum output_format format, uint32_t c)
{
    if (format == FORMAT_HTML)
        return html_escape(c);
    if (format == FORMAT_TEXT)
        return NULL;
    switch (c) {
    case '\t':
        return "\\t";
    case '\n':
        return "\\n";
    case '\\':
        return "\\\\";
    case '"':
        return format == FORMAT_JSON ? "\\\"" : NULL;
    default:
        return NULL;
    }
}

/* One character that may need care; s is at it. Returns its length. */
static size_t put_character(struct output *output, struct span s)
{
    uint32_t c = 0;
    size_t n = utf8_length(s, &c);
    const char *escape = n ? short_escape(output->format, c) : NULL;
    char hex[16];

    if (escape)
        output_literal(output, escape);
    else if (n && !is_unsafe(c))
        put(output, s.p, n);
    else if (output->format != FORMAT_JSON)
        put_hex(output, span_first(s, n ? n : 1));
    else {
        snprintf(hex, sizeof hex, "\\u%04x", n ? c : 0xfffdu);
        output_literal(output, hex);
    }
    return n ? n : 1;
}

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '\\' && c != '"' && c != '&' && c != '<' && c != '>' && c != '\'';
}

void output_text(struct output *output, struct span text)
{
    if (output->format == FORMAT_JSON)
        output_char(output, '"');
    while (text.n) {
        size_t plain = 0;

        while (plain < text.n && is_plain(text.p[plain]))
            plain++;
        put(output, text.p, plain);
        text = span_skip(text, plain);
        if (text.n)
            text = span_skip(text, put_character(output, text));
    }
    if (output->format == FORMAT_JSON)
        output_char(output, '"');
}

void output_string(struct output *output, const char *text)
{
    output_text(output, span_of(text));
}

void output_time_utc(struct output *output, int64_t time)
{
    time_t t = (time_t)time;
    struct tm tm;

    if (time != output->utc_time) {
        gmtime_r(&t, &tm);
        strftime(output->utc, sizeof output->utc, "%Y-%m-%dT%H:%M:%SZ", &tm);
        output->utc_time = time;
    }
    if (output->format == FORMAT_JSON)
        output_char(output, '"');
    output_literal(output, output->utc);
    if (output->format == FORMAT_JSON)
        output_char(output, '"');
}

void output_time_local(struct output *output, int64_t time)
{
    time_t t = (time_t)time;
    struct tm tm;
    char text[TIME_OCTETS];

    localtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    output_literal(output, text);
}

void output_colour(struct output *output, enum colour colour)
{
    static const char *const codes[] = {
        [COLOUR_NONE] = "\033[0m",     [COLOUR_GOOD] = "\033[32m", [COLOUR_BAD] = "\033[31m",
        [COLOUR_WAITING] = "\033[33m", [COLOUR_FAINT] = "\033[2m",
    };

    if (output->has_colour)
        output_literal(output, codes[colour]);
}

size_t output_width(const struct output *output)
{
    struct winsize size;

    if (output->is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col;
    return WIDTH_DEFAULT;
}
