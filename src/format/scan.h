/* SPDX-License-Identifier: Apache-2.0 */
/* Sixty-four bytes at a time: which of them are a given character. SSE2 is part of x86-64, so it
 * needs no probing; elsewhere the same is said byte by byte. */
#ifndef STOA_FORMAT_SCAN_H
#define STOA_FORMAT_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { STOA__SCAN_SIZE = 64 };

#if defined(__SSE2__)
#include <emmintrin.h>

typedef struct stoa__lanes {
    __m128i part[4];
} stoa__lanes;

/* The first byte from `at` on that ends a run of plain characters in a JSON string: a quote, a
 * backslash or a control character. There must be one, and 16 bytes behind it. */
static inline const uint8_t *stoa__string_end(const uint8_t *at)
{
    const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);

    for (;; at += 16) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes);
        const int mask = _mm_movemask_epi8(_mm_or_si128(
            low, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, escape))));

        if (mask)
            return at + __builtin_ctz((unsigned)mask);
    }
}

/* 64 bytes at any address. */
static inline stoa__lanes stoa__lanes_load(const uint8_t *at)
{
    stoa__lanes lanes;

    for (int i = 0; i < 4; i++)
        lanes.part[i] = _mm_loadu_si128((const __m128i *)(const void *)(at + 16 * i));
    return lanes;
}

/* Bit i: byte i is `byte`. */
static inline uint64_t stoa__lanes_equal(const stoa__lanes *lanes, uint8_t byte)
{
    const __m128i wanted = _mm_set1_epi8((char)byte);
    uint64_t mask = 0;

    for (int i = 0; i < 4; i++) {
        const int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(lanes->part[i], wanted));

        mask |= (uint64_t)(uint32_t)bits << (16 * i);
    }
    return mask;
}

/* Bit i: byte i is not ASCII. */
static inline uint64_t stoa__lanes_high(const stoa__lanes *lanes)
{
    uint64_t mask = 0;

    for (int i = 0; i < 4; i++)
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(lanes->part[i]) << (16 * i);
    return mask;
}

#else

static inline const uint8_t *stoa__string_end(const uint8_t *at)
{
    while (*at != '"' && *at != '\\' && *at >= 0x20)
        at++;
    return at;
}

typedef struct stoa__lanes {
    uint8_t byte[STOA__SCAN_SIZE];
} stoa__lanes;

static inline stoa__lanes stoa__lanes_load(const uint8_t *at)
{
    stoa__lanes lanes;

    memcpy(lanes.byte, at, sizeof lanes.byte);
    return lanes;
}

static inline uint64_t stoa__lanes_equal(const stoa__lanes *lanes, uint8_t byte)
{
    uint64_t mask = 0;

    for (int i = 0; i < STOA__SCAN_SIZE; i++)
        mask |= (uint64_t)(lanes->byte[i] == byte) << i;
    return mask;
}

static inline uint64_t stoa__lanes_high(const stoa__lanes *lanes)
{
    uint64_t mask = 0;

    for (int i = 0; i < STOA__SCAN_SIZE; i++)
        mask |= (uint64_t)(lanes->byte[i] >> 7) << i;
    return mask;
}

#endif

/* The lowest `count` bits, 0 to 64. */
static inline uint64_t stoa__low_bits(size_t count)
{
    return count >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << count) - 1;
}

/* Bit i: the number of bits 0 to i of `mask` is odd. */
static inline uint64_t stoa__prefix_parity(uint64_t mask)
{
    for (int shift = 1; shift < 64; shift *= 2)
        mask ^= mask << shift;
    return mask;
}

#endif
