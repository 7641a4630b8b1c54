/* The span primitives that are too long to be inline.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "span.h"

size_t span_find(struct span s, struct span literal)
{
    size_t anchor = literal.p[0] == ' ' && literal.n > 1 ? 1 : 0; /* blanks stand everywhere */
    struct span rest = s;
    const char *found;

    if (s.n < literal.n)
        return s.n;
    rest = span_from(s.p + anchor, s.p + s.n - literal.n + anchor + 1);
    while ((found = span_chr(rest, literal.p[anchor]))) {
        if (memcmp(found - anchor, literal.p, literal.n) == 0)
            return (size_t)(found - anchor - s.p);
        rest = span_from(found + 1, rest.p + rest.n);
    }
    return s.n;
}

size_t span_find_nocase(struct span s, struct span lower)
{
    if (lower.n == 0)
        return 0;
    for (size_t i = 0; i + lower.n <= s.n; i++)
        if (to_lower(s.p[i]) == lower.p[0] && span_eq_nocase((struct span){ s.p + i, lower.n }, lower))
            return i;
    return s.n;
}

/* The length of the quoted string at the beginning of s with both quotes; 0 when it is not closed. */
static size_t quoted_octets(struct span s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return 0;
}

/* The '>' that closes an address whose local part is made of atoms and quoted strings; s.n when quotes do not come out
 * even, or stand where an address cannot have them: whoever wrote that (a HELO name may hold any octet) gets no more
 * than the octets before his first '>'. */
static size_t closing_bracket(struct span s)
{
    bool may_quote = true;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '>')
            return i;
        if (s.p[i] == '"') {
            size_t quoted = may_quote ? quoted_octets(span_skip(s, i)) : 0;
            char next = quoted && i + quoted < s.n ? s.p[i + quoted] : '\0';

            if (next != '@' && next != '.')
                return s.n;
            i += quoted - 1;
            may_quote = false;
        } else {
            may_quote = s.p[i] == '.';
        }
    }
    return s.n;
}

/* Where the address ends: at the '>' behind its quoted parts, else at the first. */
static size_t close_of(struct span s)
{
    size_t close = closing_bracket(s);
    const char *first = close == s.n ? span_chr(s, '>') : NULL;

    return first ? (size_t)(first - s.p) : close;
}

bool span_take_bracketed(struct span *s, struct span *inside)
{
    struct span rest = *s, near;
    const char *end;
    size_t close;

    if (!span_take_char(&rest, '<'))
        return false;
    near = span_first(rest, rest.n < SPAN_BRACKETED_OCTETS ? rest.n : SPAN_BRACKETED_OCTETS);
    end = span_chr_either(near, '>', '"');
    if (!end || (*end == '"' && !span_chr(near, '>')))
        return false;
    close = *end == '>' ? (size_t)(end - near.p) : close_of(near);
    *inside = span_first(rest, close);
    *s = span_skip(rest, close + 1);
    return true;
}
