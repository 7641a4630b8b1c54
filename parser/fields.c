/* What lines of many mail programs share.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fields.h"

#include "reason.h"

static void skip_blanks(struct span *s)
{
    while (s->n && s->p[0] == ' ')
        *s = span_skip(*s, 1);
}

static const bool key_octet[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['_'] = true, ['-'] = true,
};

void fields_value(struct span *list, char separator, struct span *value)
{
    struct span s = *list;

    if (s.n && s.p[0] == '<' && span_take_bracketed(&s, value)) {
        while (span_take_char(&s, '>')) /* an address that ends in one, not quoted */
            ;
        span_take_char(&s, separator);
    } else if (!span_take_until(&s, separator, value)) {
        *value = *list;
        s = span_skip(*list, list->n);
    }
    skip_blanks(&s);
    *list = span_words(s);
}

bool fields_next(struct span *list, char separator, struct span *key, struct span *value)
{
    struct span s = *list;
    size_t n = 0;

    while (n < s.n && key_octet[(uint8_t)s.p[n]])
        n++;
    if (n == 0 || n == s.n || s.p[n] != '=')
        return false;
    *key = span_first(s, n);
    *list = span_skip(s, n + 1);
    fields_value(list, separator, value);
    return true;
}

bool fields_take_enhanced(struct span *s, struct span *enhanced)
{
    struct span t = *s;
    uint64_t number;

    if (t.n < 5 || (t.p[0] != '2' && t.p[0] != '4' && t.p[0] != '5') || t.p[1] != '.')
        return false;
    t = span_skip(t, 2);
    if (!span_take_number(&t, &number) || number > 999 || !span_take_char(&t, '.') || !span_take_number(&t, &number) ||
        number > 999 || (t.n && t.p[0] != ' ' && t.p[0] != ';' && t.p[0] != ':' && t.p[0] != ',' && t.p[0] != ')'))
        return false;
    *enhanced = span_from(s->p, t.p);
    skip_blanks(&t);
    *s = t;
    return true;
}

bool fields_take_codes(struct span *s, uint16_t *code, struct span *enhanced)
{
    struct span t = *s;
    bool found = false;

    if (t.n >= 3 && is_digit(t.p[0]) && is_digit(t.p[1]) && is_digit(t.p[2]) &&
        (t.n == 3 || t.p[3] == ' ' || t.p[3] == '-' || t.p[3] == ';') && t.p[0] >= '2' && t.p[0] <= '5') {
        *code = (uint16_t)((t.p[0] - '0') * 100 + (t.p[1] - '0') * 10 + (t.p[2] - '0'));
        t = span_skip(t, t.n > 3 && t.p[3] != ';' ? 4 : 3);
        found = true;
    }
    found |= fields_take_enhanced(&t, enhanced);
    if (found)
        *s = t;
    return found;
}

int64_t fields_seconds_ms(struct span value)
{
    uint64_t seconds;
    int64_t ms;

    if (!span_take_number(&value, &seconds) || seconds > 4000000000u)
        return -1;
    ms = (int64_t)seconds * 1000;
    if (span_take_char(&value, '.'))
        for (int64_t unit = 100; unit && value.n && is_digit(value.p[0]); unit /= 10, value = span_skip(value, 1))
            ms += unit * (value.p[0] - '0');
    return ms;
}

int64_t fields_duration_ms(struct span value)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
    int64_t ms = 0, part = -1;

    while (value.n) {
        size_t n = 0, unit = 0;

        while (n < value.n && (is_digit(value.p[n]) || value.p[n] == '.'))
            n++;
        part = n < value.n && n <= 10 ? fields_seconds_ms(span_first(value, n)) : -1;
        while (part >= 0 && unit < sizeof units / sizeof units[0] && units[unit].unit != value.p[n])
            unit++;
        if (part < 0 || unit == sizeof units / sizeof units[0])
            return -1;
        ms += part * units[unit].seconds;
        value = span_skip(value, n + 1);
        if (ms > INT64_C(4000000000000))
            return -1;
    }
    return part < 0 ? -1 : ms;
}

bool fields_take_client(struct span *s, struct span *client)
{
    struct span t = *s, before;

    if (!span_take_until(&t, '[', &before) || !span_take_until(&t, ']', &before))
        return false;
    if (t.n > 1 && t.p[0] == ':' && is_digit(t.p[1])) /* [address]:port */
        for (t = span_skip(t, 1); t.n && is_digit(t.p[0]);)
            t = span_skip(t, 1);
    *client = span_from(s->p, t.p);
    *s = t;
    return true;
}

/* How many octets at the end of the text may be an id's: letters, digits and dashes, which Exim's have. */
static size_t id_octets_at_end(struct span text)
{
    size_t n = text.n;

#ifdef __SSE2__
    if (n >= 16) { /* nearly all are shorter */
        const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)(text.p + n - 16));
        const __m128i lower = _mm_or_si128(octets, _mm_set1_epi8(0x20));
        const unsigned dashes = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8('-')));
        const unsigned others =
            0xffff & ~(span_octets_between(octets, '0', '9') | span_octets_between(lower, 'a', 'z') | dashes);

        if (others)
            return (size_t)__builtin_clz(others) - 16;
    }
#endif
    while (n && (is_alnum(text.p[n - 1]) || text.p[n - 1] == '-'))
        n--;
    return text.n - n;
}

static bool take_id_word(struct span text, struct span *id)
{
    size_t n = id_octets_at_end(text);

    *id = span_skip(text, text.n - n);
    return n >= 5 && n <= 32;
}

struct span fields_id_in_reply(struct span text)
{
    static const struct span sendmail = { " Message accepted for delivery", 30 };
    struct span id;

    if (span_ends(text, sendmail)) {
        text.n -= sendmail.n;
        return take_id_word(text, &id) ? id : (struct span){ NULL, 0 };
    }
    if (!take_id_word(text, &id))
        return (struct span){ NULL, 0 };
    text.n -= id.n;
    if (span_ends(text, SPAN("queued as ")) || span_ends(text, SPAN("OK id=")))
        return id;
    return (struct span){ NULL, 0 };
}

void fields_classify_refusal(struct event *e, struct span text, bool warned)
{
    enum refusal_reason reason = refusal_reason_of(e->code, e->enhanced, text, &e->zone);

    e->text = text;
    e->temporary = e->code ? e->code < 500 : e->enhanced.n && e->enhanced.p[0] == '4';
    if (!e->reason)
        e->reason = (uint8_t)reason;
    if (e->zone.n)
        e->detail = e->zone;
    if (warned)
        e->counter = COUNTER_REJECT_WARNINGS;
    else if (!e->temporary)
        e->counter = COUNTER_REJECTED;
    else
        e->counter = e->reason == REFUSAL_GREYLIST ? COUNTER_GREYLISTED : COUNTER_REJECTED_TEMPORARILY;
}
