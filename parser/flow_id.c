/* The keys of queue ids, and the id that a line begins with, which is looked for before the line is due.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow_rules.h"
#include "hash.h"
#include "tally.h"

#define ID_WORD_OCTETS 32 /* what is longer is no id */

static inline uint64_t id_seed(const struct flows *flows, const struct line *line)
{
    return flows->seed ^ line->tally->key;
}

static uint64_t id_key(const struct flows *flows, const struct line *line, struct span id)
{
    return hash_octets(id_seed(flows, line), id);
}

#ifdef __SSE2__
/* A bit for each of 16 octets that no id has, and those that are digits and capitals. */
static inline unsigned not_of_id(const char *p, unsigned *digits, unsigned *capitals)
{
    const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)p);
    const unsigned dashes = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8('-')));

    *digits = span_octets_between(octets, '0', '9');
    *capitals = span_octets_between(octets, 'A', 'Z');
    return 0xffff & ~(*digits | *capitals | dashes | span_octets_between(octets, 'a', 'z'));
}
#endif

/* The word that s begins with: letters, digits and dashes, of which one is a digit; empty where there is none. */
static struct span id_word(struct span s)
{
    size_t n = 0;
    bool has_digit = false;

#ifdef __SSE2__
    if (s.n >= 32) {
        unsigned digits[2], capitals;
        unsigned others = not_of_id(s.p, &digits[0], &capitals) | not_of_id(s.p + 16, &digits[1], &capitals) << 16;

        n = others ? (size_t)__builtin_ctz(others) : 0;
        return span_first(s, (digits[0] | digits[1] << 16) & (others ^ (others - 1)) ? n : 0);
    }
#endif
    for (; n < s.n && n < ID_WORD_OCTETS && (is_alnum(s.p[n]) || s.p[n] == '-'); n++)
        has_digit |= is_digit(s.p[n]);
    return span_first(s, has_digit ? n : 0);
}

static void find_id(const struct flows *flows, struct line *line)
{
    line->id = id_word(line->header.message);
    line->id_is_plain = false;
    line->id_key = id_key(flows, line, line->id);
}

#ifdef __SSE2__
/* The same, where the message has 16 octets; false: they do not suffice. Which lines have an id is not foreseen, so it
 * is no branch. */
static inline bool find_id_of_16(const struct flows *flows, struct line *line)
{
    const struct span message = line->header.message;
    const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)message.p);
    const __m128i places = _mm_set_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    unsigned digits, capitals, others = not_of_id(message.p, &digits, &capitals);

    if (!others)
        return false;
    const unsigned inside = (others ^ (others - 1)) >> 1;
    const bool has_digit = (digits & inside) != 0, is_plain = (inside & ~(digits | capitals)) == 0;
    const size_t n = (size_t)__builtin_ctz(others) * has_digit;
    const __m128i word = _mm_and_si128(octets, _mm_cmplt_epi8(places, _mm_set1_epi8((char)n)));

    line->id = span_first(message, n);
    line->id_is_plain = has_digit & is_plain;
    line->id_key = hash_short(id_seed(flows, line), (uint64_t)_mm_cvtsi128_si64(word),
                              (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(word, word)), n);
    return true;
}
#endif

/* In a program's own log, which has no tags, the ids are longer, and fewer lines begin with one: that costs more than
 * it spares. */
void flows_find_id(const struct flows *flows, struct line *line)
{
    if (line->header.service.n == 0) {
        line->id = span_first(line->header.message, 0);
        line->id_is_plain = false;
        line->id_key = 0;
        return;
    }
#ifdef __SSE2__
    if (line->header.message.n < 16 || !find_id_of_16(flows, line))
#endif
        find_id(flows, line);
}

void flows_begin(const struct flows *flows, struct line *line)
{
    flows_find_id(flows, line);
    flows_fetch_slot(flows, line);
}

void flows_fetch_slot(const struct flows *flows, const struct line *line)
{
    flow_table_fetch_slot(flows->table, line->id_key);
}

void flows_fetch(const struct flows *flows, const struct line *line)
{
    flow_table_fetch(flows->table, line->id_key);
}

uint64_t flows_id_key(const struct flows *flows, const struct event *e, struct span id)
{
    if (id.n && id.p == e->line->id.p && id.n == e->line->id.n) /* the same octets of the same line */
        return e->line->id_key;
    return id_key(flows, e->line, id);
}
