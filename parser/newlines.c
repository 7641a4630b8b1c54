/* Where the lines of a block end.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "newlines.h"

#ifdef __SSE2__
#include <immintrin.h>

/* A bit for each of 64 octets that is a newline. */
static inline uint64_t newlines_of_64(const char *p)
{
    const __m128i *at = (const __m128i *)(const void *)p, newline = _mm_set1_epi8('\n');
    uint64_t found = 0;

    for (int i = 3; i >= 0; i--)
        found = found << 16 | (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(at + i), newline));
    return found;
}

__attribute__((target("avx2"))) static inline uint64_t newlines_of_64_avx2(const char *p)
{
    const __m256i *at = (const __m256i *)(const void *)p, newline = _mm256_set1_epi8('\n');
    unsigned low = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256(at), newline));
    unsigned high = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256(at + 1), newline));

    return (uint64_t)high << 32 | low;
}

/* Puts where the bits are behind the first n ends. Most have none or one: which of the two, is no branch. */
static inline size_t put_ends(size_t *ends, size_t n, size_t at, uint64_t found)
{
    do {
        ends[n] = at + (size_t)__builtin_ctzll(found | UINT64_C(1) << 63);
        n += found != 0;
        found &= found - 1;
    } while (__builtin_expect(found != 0, 0));
    return n;
}

__attribute__((target("avx2"))) static size_t find_by_64_avx2(struct span block, size_t *ends, size_t *looked_at)
{
    size_t n = 0, at = 0;

    for (; n < NEWLINES_MAX && block.n - at >= 64; at += 64)
        n = put_ends(ends, n, at, newlines_of_64_avx2(block.p + at));
    *looked_at = at;
    return n;
}

static size_t find_by_64(struct span block, size_t *ends, size_t *looked_at)
{
    size_t n = 0, at = 0;

    if (__builtin_cpu_supports("avx2"))
        return find_by_64_avx2(block, ends, looked_at);
    for (; n < NEWLINES_MAX && block.n - at >= 64; at += 64)
        n = put_ends(ends, n, at, newlines_of_64(block.p + at));
    *looked_at = at;
    return n;
}
#else
static size_t find_by_64(struct span block, size_t *ends, size_t *looked_at)
{
    (void)block;
    (void)ends;
    *looked_at = 0;
    return 0;
}
#endif

size_t newlines_find(struct span block, size_t *ends)
{
    size_t at, n = find_by_64(block, ends, &at);

    for (; n < NEWLINES_MAX && at < block.n; n++) {
        const char *newline = memchr(block.p + at, '\n', block.n - at);

        if (!newline)
            break;
        ends[n] = (size_t)(newline - block.p);
        at = ends[n] + 1;
    }
    return n < NEWLINES_MAX ? n : NEWLINES_MAX;
}
