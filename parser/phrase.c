/* Phrases of a table, found in one pass.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "phrase.h"

/* How far a host name or an address is followed on either side of a phrase: a bound, so that time stays linear. */
#define NAME_OCTETS_MAX 64

/* What an octet is compared as: lower case, a space for all that stands for one, 0 for what no phrase has. */
// clang-format off
static const char folded[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, ' ', 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ' ', '!', '"', '#', '$', '%', '&', '\'', '(', ')', '*', '+', ',', ' ', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '@', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '[', '\\', ']', '^', ' ',
    '`', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '{', '|', '}', '~', 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};
// clang-format on

static inline char fold(char c)
{
    return folded[(unsigned char)c];
}

static inline bool is_letter(char f)
{
    return (unsigned char)(f - 'a') < PHRASE_LETTERS;
}

static inline bool in_word(char f)
{
    return is_letter(f) || is_digit(f);
}

/* Behind the letters and digits that p begins with. How long a word is, is not foreseen: most end within a vector. */
static inline const char *behind_word(const char *p, const char *end)
{
#ifdef __SSE2__
    if (end - p >= 16) {
        const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)p);
        const __m128i lower = _mm_or_si128(octets, _mm_set1_epi8(0x20));
        const unsigned others =
            0xffff & ~(span_octets_between(octets, '0', '9') | span_octets_between(lower, 'a', 'z'));

        if (others)
            return p + __builtin_ctz(others);
        p += 16;
    }
#endif
    while (p < end && in_word(fold(*p)))
        p++;
    return p;
}

/* Whether what stands at [from, to) is part of a host name or an address: mx.spam.example, spam@example.org. A dot
 * that follows a digit makes no name, so that 4.7.1-Greylisted is read. */
static bool within_name(const struct phrase_scan *scan, const char *from, const char *to)
{
    const char *first = from - scan->begin > NAME_OCTETS_MAX ? from - NAME_OCTETS_MAX : scan->begin;
    const char *last = scan->end - to > NAME_OCTETS_MAX ? to + NAME_OCTETS_MAX : scan->end;

    for (const char *p = from; p > first; p--) {
        if (p[-1] == '@' || (p[-1] == '.' && p - 1 > first && is_letter(fold(p[-2]))))
            return true;
        if (p[-1] != '.' && p[-1] != '-' && p[-1] != '+' && !in_word(fold(p[-1])))
            break;
    }
    for (const char *p = to; p < last; p++) {
        if (p[0] == '@' || (p[0] == '.' && p + 1 < last && in_word(fold(p[1]))))
            return true;
        if (p[0] != '.' && p[0] != '-' && p[0] != '+' && !in_word(fold(p[0])))
            break;
    }
    return false;
}

/* The phrase that stands at p, where a word begins. */
static const struct phrase *phrase_at(const struct phrase_scan *scan, const char *p, const struct phrases *list)
{
    size_t left = (size_t)(scan->end - p);

    if (left < PHRASE_OCTETS_MIN)
        return NULL;
    const char next[2] = { fold(p[1]), fold(p[2]) };

    for (size_t row = 0; row < list->n; row++) {
        const struct phrase *phrase = &list->phrase[row];
        size_t i = PHRASE_OCTETS_MIN;

        if (memcmp(&phrase->text[1], next, sizeof next) != 0 || phrase->octets > left)
            continue;
        while (i < phrase->octets && phrase->text[i] == fold(p[i]))
            i++;
        if (i < phrase->octets)
            continue;
        if (!(phrase->flags & PHRASE_PREFIX) && i < left && in_word(fold(p[i])) && in_word(phrase->text[i - 1]))
            continue;
        if (!within_name(scan, p, p + i))
            return phrase;
    }
    return NULL;
}

/* Behind the <...> that begins at p. A quoted local part may hold '>'. One that is not closed was cut off: all of the
 * rest is the address. */
static const char *behind_angle(struct phrase_scan *scan, const char *p)
{
    const char *quote;

    for (p++; p < scan->end && *p != '>'; p++) {
        if (*p != '"' || scan->no_quote)
            continue;
        for (quote = p + 1; quote < scan->end && *quote != '"'; quote++)
            if (*quote == '\\' && quote + 1 < scan->end)
                quote++;
        if (quote < scan->end)
            p = quote;
        else
            scan->no_quote = true;
    }
    return p < scan->end ? p + 1 : p;
}

/* Behind the [...] that begins at p; behind the bracket alone when it is not closed. */
static const char *behind_square(struct phrase_scan *scan, const char *p)
{
    const char *close = scan->no_square ? NULL : memchr(p, ']', (size_t)(scan->end - p));

    if (!close) {
        scan->no_square = true;
        return p + 1;
    }
    scan->square = span_from(p + 1, close);
    return close + 1;
}

/* Behind the colon at p, and behind the URL when it is a URL's. */
static const char *behind_colon(struct phrase_scan *scan, const char *p)
{
    const char *begin = p + 3;

    if (scan->end - p < 3 || p[1] != '/' || p[2] != '/')
        return p + 1;
    for (p = begin; p < scan->end && *p != ' ' && *p != '"' && *p != '>' && *p != ')' && *p != '\\'; p++)
        ;
    if (!scan->url.p)
        scan->url = span_from(begin, p);
    return p;
}

const struct phrase *phrase_next(struct phrase_scan *scan, const struct phrases *table)
{
    const struct phrase *found;
    const char *p = scan->p;

    while (p < scan->end) {
        char f = fold(*p);

        if (in_word(f)) {
            if (is_letter(f) && (found = phrase_at(scan, p, &table[f - 'a']))) {
                scan->p = behind_word(p + found->octets, scan->end);
                return found;
            }
            p = behind_word(p + 1, scan->end);
        } else if (f == '<') {
            p = behind_angle(scan, p);
        } else if (f == '[') {
            p = behind_square(scan, p);
        } else if (f == ':') {
            p = behind_colon(scan, p);
        } else {
            p++;
        }
    }
    scan->p = p;
    return NULL;
}
