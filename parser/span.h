/* A span is a piece of the caller's buffer: nothing is copied, nothing is NUL-terminated.
 *
 * The primitives below that take a `struct span *` are cursors: they advance it only on success, so they can be
 * chained with && and tried one after another. They are pure and may be called from any thread.
 * Invariant: p .. p+n always lies within the line that the caller gave.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MAILTALLY_SPAN_H
#define MAILTALLY_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct span {
    const char *p;
    size_t n;
};

/* A span of a string literal, for tables and comparisons. */
#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })

static inline struct span span_from(const char *p, const char *end)
{
    return (struct span){ p, (size_t)(end - p) };
}

static inline struct span span_of(const char *string)
{
    return (struct span){ string, strlen(string) };
}

/* The same, word by word. The compiler copies both words by one vector; where they were written one by one just before,
 * that has to wait until both have reached the cache, and who reads the copy, too. */
static inline struct span span_words(struct span s)
{
    return (struct span){ s.p, s.n };
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool span_starts(struct span s, struct span prefix)
{
    return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

static inline bool span_ends(struct span s, struct span suffix)
{
    return s.n >= suffix.n && memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0;
}

/* The length is known at compile time, so the comparison becomes a load or two. */
#define span_is(s, literal) ((s).n == sizeof(literal) - 1 && memcmp((s).p, "" literal, sizeof(literal) - 1) == 0)
#define span_has_prefix(s, literal) \
    ((s).n >= sizeof(literal) - 1 && memcmp((s).p, "" literal, sizeof(literal) - 1) == 0)

static inline struct span span_skip(struct span s, size_t octets)
{
    return (struct span){ (const char *)((uintptr_t)s.p + octets), s.n - octets }; /* C has no null pointer + 0 */
}

static inline struct span span_first(struct span s, size_t octets)
{
    return (struct span){ s.p, octets };
}

/* Consumes the literal when the cursor stands at it. */
static inline bool span_take(struct span *s, struct span literal)
{
    if (!span_starts(*s, literal))
        return false;
    *s = span_skip(*s, literal.n);
    return true;
}
#define span_take_literal(s, literal) span_take(s, SPAN(literal))

static inline bool span_take_char(struct span *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    s->p++;
    s->n--;
    return true;
}

/* Where the octet `c` stands first, or NULL; an empty span may have a null pointer, which memchr() does not take.
 * What is looked for in a log line mostly stands near: two vectors here spare a call and its branches on the distance.
 */
static inline const char *span_chr(struct span s, char c)
{
#ifdef __SSE2__
    if (s.n >= 32) {
        const __m128i needle = _mm_set1_epi8(c), *at = (const __m128i *)(const void *)s.p;
        unsigned low = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(at), needle));
        unsigned high = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(at + 1), needle));
        unsigned found = low | high << 16;

        if (found)
            return s.p + __builtin_ctz(found);
        s.p += 32;
        s.n -= 32;
    }
#endif
    return s.n ? memchr(s.p, c, s.n) : NULL;
}

/* Where `a` or `b` stands first, or NULL. */
static inline const char *span_chr_either(struct span s, char a, char b)
{
#ifdef __SSE2__
    for (; s.n >= 16; s = (struct span){ s.p + 16, s.n - 16 }) {
        const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)s.p);
        unsigned found = (unsigned)_mm_movemask_epi8(
            _mm_or_si128(_mm_cmpeq_epi8(octets, _mm_set1_epi8(a)), _mm_cmpeq_epi8(octets, _mm_set1_epi8(b))));

        if (found)
            return s.p + __builtin_ctz(found);
    }
#endif
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == a || s.p[i] == b)
            return s.p + i;
    return NULL;
}

/* Consumes up to the octet `c` and the octet itself; *taken is what stood before it. */
static inline bool span_take_until(struct span *s, char c, struct span *taken)
{
    const char *found = span_chr(*s, c);

    if (!found)
        return false;
    *taken = span_from(s->p, found);
    *s = span_from(found + 1, s->p + s->n);
    return true;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

#ifdef __SSE2__
/* A bit for each of 16 octets that lies from `first` to `last`. */
static inline unsigned span_octets_between(__m128i octets, char first, char last)
{
    const __m128i above = _mm_sub_epi8(octets, _mm_set1_epi8(first)); /* of octets below `first`: very much */

    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8((char)(last - first))), above));
}
#endif

/* How many digits s begins with, up to 15; of more, some number above 15. */
static inline size_t span_digits(struct span s)
{
    size_t n = 0;

#ifdef __SSE2__
    if (s.n >= 16) {
        const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)s.p);

        return (size_t)__builtin_ctz(~span_octets_between(octets, '0', '9'));
    }
#endif
    while (n < s.n && n < 16 && is_digit(s.p[n]))
        n++;
    return n;
}

/* Whether s begins with the first n of 64 octets, of which all can be read. */
static inline bool span_equal_octets(const char *octets, struct span s, size_t n)
{
#ifdef __SSE2__
    if (n <= 32 && s.n >= 32) {
        const __m128i *a = (const __m128i *)(const void *)octets, *b = (const __m128i *)(const void *)s.p;
        unsigned low = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(a), _mm_loadu_si128(b)));
        unsigned high = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(a + 1), _mm_loadu_si128(b + 1)));

        return (size_t)__builtin_ctzll(~((uint64_t)high << 16 | low)) >= n;
    }
#endif
    return memcmp(octets, s.p, n) == 0;
}

static inline bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static inline char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Consumes decimal digits (at least one, at most 18, so that it cannot overflow). */
static inline bool span_take_number(struct span *s, uint64_t *value)
{
    uint64_t v = 0;
    size_t i = 0;

    while (i < s->n && i < 18 && is_digit(s->p[i]))
        v = v * 10 + (uint64_t)(s->p[i++] - '0');
    if (i == 0 || (i < s->n && is_digit(s->p[i])))
        return false;
    *value = v;
    *s = span_skip(*s, i);
    return true;
}

/* The octet before which `literal` (not empty) first stands in s, or s.n when it does not. Lines are bounded and the
 * literals short: what looks for the first octet, and then compares, is fast on all that is not made to hinder it, and
 * linear on what is. */
size_t span_find(struct span s, struct span literal);

/* The same without regard to the case of ASCII letters; `lower` is given in lower case. */
size_t span_find_nocase(struct span s, struct span lower);

static inline bool span_contains(struct span s, struct span literal)
{
    return span_find(s, literal) < s.n;
}
#define span_mentions(s, literal) span_contains(s, SPAN(literal))

/* Without regard to the case of ASCII letters. */
static inline bool span_eq_nocase(struct span s, struct span lower)
{
    if (s.n != lower.n)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (to_lower(s.p[i]) != lower.p[i])
            return false;
    return true;
}

static inline struct span span_trim(struct span s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = span_skip(s, 1);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* The cursor stands at the '<' of an address field: *inside is what stands before the '>' that closes it, and both
 * brackets are consumed. Mail programs quote nothing inside <>, but a quoted local part may hold '>' itself; where the
 * quotes do not come out even, the first '>' closes. */
#define SPAN_BRACKETED_OCTETS 2048 /* no address or Message-ID is longer: so much is looked through, no more */
bool span_take_bracketed(struct span *s, struct span *inside);

#endif
