/* Exim: the words that its lines are made of, addresses and hosts.
 *
 * Source of the formats: Exim's src/deliver.c (string_log_address), host.c (host_and_ident), string.c
 * (string_printing).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "exim.h"

const bool exim_alnum[256] = {
    ['0' ... '9'] = true,
    ['A' ... 'Z'] = true,
    ['a' ... 'z'] = true,
};

/* How many octets stand before the first blank, or the end. */
static size_t word_octets(struct span s)
{
    const char *blank = span_chr(s, ' ');

    return blank ? (size_t)(blank - s.p) : s.n;
}

size_t exim_address_octets(struct span s)
{
    size_t word = word_octets(s), i = 0;
    bool quoted = false;

    if (!span_chr_either(span_first(s, word), '"', '\\'))
        return word;
    for (; i < s.n && (quoted || s.p[i] != ' '); i++)
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            quoted = !quoted;
    return !quoted && i <= s.n ? i : word; /* quotes that do not come out even are none */
}

/* The cursor stands behind the opening quote of a value. */
static bool take_quoted(struct span *s, struct span *value)
{
    struct span rest = *s;
    const char *found;

    while ((found = span_chr_either(rest, '"', '\\')) && *found == '\\') {
        if (found + 1 == s->p + s->n)
            return false;
        rest = span_from(found + 2, s->p + s->n);
    }
    if (!found)
        return false;
    *value = span_from(s->p, found);
    *s = span_from(found + 1, s->p + s->n);
    return true;
}

bool exim_take_word(struct span *s, struct span *key, struct span *value)
{
    const char *end = s->p + s->n, *from = s->p, *q;
    struct span quoted;

    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    for (q = from; q < end && exim_alnum[(unsigned char)*q]; q++)
        ;
    *key = span_from(from, q);
    *value = (struct span){ q, 0 };
    if (from == end)
        return false;
    if (q == from || q == end || *q != '=') {
        q += word_octets(span_from(q, end));
        *key = span_from(from, q);
        *s = span_from(q, end);
        return true;
    }
    quoted = span_from(++q, end);
    if (span_take_char(&quoted, '"') && take_quoted(&quoted, value)) {
        *s = quoted;
        return true;
    }
    *value = span_first(span_from(q, end), word_octets(span_from(q, end)));
    *s = span_from(q + value->n, end);
    return true;
}

/* What an address between brackets is made of. */
static const bool address_octet[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['.'] = true,
    [':'] = true,         ['%'] = true,         ['-'] = true,
};

/* How many of these s begins with. An address mostly has less than 16, but how many is not foreseen. */
static size_t address_octets(struct span s)
{
    size_t i = 0;

#ifdef __SSE2__
    if (s.n >= 16) {
        const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)s.p);
        const __m128i lower = _mm_or_si128(octets, _mm_set1_epi8(0x20));
        const __m128i dots =
            _mm_or_si128(_mm_cmpeq_epi8(octets, _mm_set1_epi8('.')), _mm_cmpeq_epi8(octets, _mm_set1_epi8('-')));
        const __m128i percents = _mm_cmpeq_epi8(octets, _mm_set1_epi8('%'));
        const unsigned others =
            0xffff & ~(span_octets_between(octets, '0', ':') | span_octets_between(lower, 'a', 'z') |
                       (unsigned)_mm_movemask_epi8(_mm_or_si128(dots, percents)));

        if (others)
            return (size_t)__builtin_ctz(others);
        i = 16;
    }
#endif
    while (i < s.n && address_octet[(unsigned char)s.p[i]])
        i++;
    return i;
}

/* `[192.0.2.1]:25` */
static bool take_address(struct span *s)
{
    struct span rest = *s, digits;
    size_t i;
    uint64_t port;

    if (!span_take_char(&rest, '['))
        return false;
    i = address_octets(rest);
    rest = span_skip(rest, i);
    if (i == 0 || !span_take_char(&rest, ']'))
        return false;
    digits = rest;
    if (span_take_char(&digits, ':') && span_take_number(&digits, &port))
        rest = digits;
    *s = rest;
    return true;
}

/* `(helo) ` before an address. */
static bool take_helo(struct span *s)
{
    struct span near = span_first(*s, s->n < SPAN_BRACKETED_OCTETS ? s->n : SPAN_BRACKETED_OCTETS);
    const char *end = near.p + near.n, *close;

    while ((close = span_chr(near, ')'))) {
        near = span_from(close + 1, end);
        if (near.n > 1 && near.p[0] == ' ' && near.p[1] == '[') {
            *s = span_from(close + 2, s->p + s->n);
            return true;
        }
    }
    return false;
}

bool exim_take_host(struct span *s, struct span *client)
{
    struct span rest = *s, name = { s->p, 0 };
    const char *address;
    bool with_helo;

    if (rest.n && rest.p[0] != '(' && rest.p[0] != '[' && !span_take_until(&rest, ' ', &name))
        return false;
    with_helo = rest.n && rest.p[0] == '(';
    if (with_helo && !take_helo(&rest))
        return false;
    address = rest.p;
    if (!take_address(&rest))
        return false;
    *client = span_from(with_helo || span_chr(*s, '[') != address ? address : s->p, rest.p);
    *s = rest;
    return true;
}
