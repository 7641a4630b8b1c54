/* Many texts at once: for each of three octets two tables of 16 entries say, by its lower and its upper half, which
 * groups of texts it may belong to. A vector of 32 octets is looked up by two shuffles each.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "needles.h"

#include <stdlib.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#define KEY    3 /* octets */
#define GROUPS 8
#define COUNTS 65536u

struct needle {
    char *text; /* in lower case from nocase_from on */
    size_t n, nocase_from;
    size_t at; /* where its rare octets stand in it */
};

struct needles {
    struct needle needle[NEEDLES_MAX];
    size_t n;
    unsigned char low[KEY][16], high[KEY][16];
    unsigned char group[GROUPS][NEEDLES_MAX]; /* indices */
    size_t group_n[GROUPS];
};

struct needles *needles_new(void)
{
    return calloc(1, sizeof(struct needles));
}

void needles_free(struct needles *needles)
{
    if (!needles)
        return;
    for (size_t i = 0; i < needles->n; i++)
        free(needles->needle[i].text);
    free(needles);
}

bool needles_add(struct needles *needles, struct span text, size_t nocase_from)
{
    struct needle *needle = &needles->needle[needles->n];

    if (needles->n == NEEDLES_MAX || text.n < NEEDLE_OCTETS_MIN)
        return false;
    needle->text = malloc(text.n);
    if (!needle->text)
        return false;
    for (size_t i = 0; i < text.n; i++)
        needle->text[i] = i >= nocase_from ? to_lower(text.p[i]) : text.p[i];
    needle->n = text.n;
    needle->nocase_from = nocase_from;
    needles->n++;
    return true;
}

/* ---- which octets ---- */

static uint32_t slot_of(const char *p)
{
    uint32_t v = (uint32_t)(unsigned char)to_lower(p[0]) | (uint32_t)(unsigned char)to_lower(p[1]) << 8 |
                 (uint32_t)(unsigned char)to_lower(p[2]) << 16;

    return v * 2654435761u >> 16;
}

/* The three octets of each text that the sample has least often. */
static void choose_octets(struct needles *needles, struct span sample)
{
    uint32_t *counts = calloc(COUNTS, sizeof *counts);

    for (size_t i = 0; counts && i + KEY <= sample.n; i++)
        counts[slot_of(sample.p + i)]++;
    for (size_t k = 0; k < needles->n; k++) {
        struct needle *needle = &needles->needle[k];
        uint32_t least = UINT32_MAX;

        needle->at = 0;
        for (size_t i = 0; counts && i + KEY <= needle->n; i++)
            if (counts[slot_of(needle->text + i)] < least) {
                least = counts[slot_of(needle->text + i)];
                needle->at = i;
            }
    }
    free(counts);
}

static bool is_folded(const struct needle *needle, size_t i)
{
    return i >= needle->nocase_from && needle->text[i] >= 'a' && needle->text[i] <= 'z';
}

static void allow(struct needles *needles, size_t octet, unsigned char c, unsigned group)
{
    needles->low[octet][c & 15] |= (unsigned char)(1u << group);
    needles->high[octet][c >> 4] |= (unsigned char)(1u << group);
}

void needles_prepare(struct needles *needles, struct span sample)
{
    choose_octets(needles, sample);
    memset(needles->low, 0, sizeof needles->low);
    memset(needles->high, 0, sizeof needles->high);
    memset(needles->group_n, 0, sizeof needles->group_n);
    for (size_t k = 0; k < needles->n; k++) {
        const struct needle *needle = &needles->needle[k];
        unsigned group = (unsigned)(k % GROUPS);

        needles->group[group][needles->group_n[group]++] = (unsigned char)k;
        for (size_t i = 0; i < KEY; i++) {
            unsigned char c = (unsigned char)needle->text[needle->at + i];

            allow(needles, i, c, group);
            if (is_folded(needle, needle->at + i))
                allow(needles, i, c & 0xdf, group);
        }
    }
}

/* ---- searching ---- */

static bool stands_at(const struct needle *needle, const char *p)
{
    size_t exact = needle->nocase_from < needle->n ? needle->nocase_from : needle->n;

    if (memcmp(p, needle->text, exact) != 0)
        return false;
    for (size_t i = exact; i < needle->n; i++)
        if (to_lower(p[i]) != needle->text[i])
            return false;
    return true;
}

/* The groups whose rare octets may stand at `at`. */
static unsigned groups_at(const struct needles *needles, const char *at)
{
    unsigned groups = 0xff;

    for (size_t i = 0; i < KEY; i++)
        groups &= needles->low[i][at[i] & 15] & needles->high[i][(unsigned char)at[i] >> 4];
    return groups;
}

static const char *verify(const struct needles *needles, const char *p, const char *at, const char *end)
{
    for (unsigned groups = groups_at(needles, at); groups; groups &= groups - 1) {
        unsigned group = (unsigned)__builtin_ctz(groups);

        for (size_t i = 0; i < needles->group_n[group]; i++) {
            const struct needle *needle = &needles->needle[needles->group[group][i]];

            if ((size_t)(at - p) >= needle->at && (size_t)(end - at) >= needle->n - needle->at &&
                stands_at(needle, at - needle->at))
                return at - needle->at;
        }
    }
    return NULL;
}

static const char *next_by_octets(const struct needles *needles, const char *p, const char *at, const char *end)
{
    for (; (size_t)(end - at) >= KEY; at++) {
        const char *found = verify(needles, p, at, end);

        if (found)
            return found;
    }
    return NULL;
}

#ifdef __SSE2__
/* A bit for each of 32 places where a text may stand. */
__attribute__((target("avx2"))) static inline unsigned places_of_32(const __m256i *low, const __m256i *high,
                                                                    const char *at)
{
    const __m256i half = _mm256_set1_epi8(15);
    __m256i groups = _mm256_set1_epi8(-1);

    for (int i = 0; i < KEY; i++) {
        __m256i octets = _mm256_loadu_si256((const __m256i *)(const void *)(at + i));
        __m256i upper = _mm256_and_si256(_mm256_srli_epi16(octets, 4), half);

        groups = _mm256_and_si256(groups, _mm256_and_si256(_mm256_shuffle_epi8(low[i], _mm256_and_si256(octets, half)),
                                                           _mm256_shuffle_epi8(high[i], upper)));
    }
    return ~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(groups, _mm256_setzero_si256()));
}

__attribute__((target("avx2"))) static const char *next_avx2(const struct needles *needles, const char *p,
                                                             const char *end)
{
    __m256i low[KEY], high[KEY];
    const char *at = p;

    for (int i = 0; i < KEY; i++) {
        low[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)needles->low[i]));
        high[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)needles->high[i]));
    }
    for (; end - at >= 32 + KEY; at += 32)
        for (unsigned places = places_of_32(low, high, at); places; places &= places - 1) {
            const char *found = verify(needles, p, at + __builtin_ctz(places), end);

            if (found)
                return found;
        }
    return next_by_octets(needles, p, at, end);
}
#endif

const char *needles_next(const struct needles *needles, const char *p, const char *end)
{
#ifdef __SSE2__
    if (__builtin_cpu_supports("avx2"))
        return next_avx2(needles, p, end);
#endif
    return next_by_octets(needles, p, p, end);
}
