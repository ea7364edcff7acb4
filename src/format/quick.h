/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the usual form, read in a few instructions. Each answers false for whatever is not of
 * that form, which the readers of src/text then take or refuse; where it answers true the value
 * is theirs. Eight bytes behind the text may be read.
 */
#ifndef STOA_FORMAT_QUICK_H
#define STOA_FORMAT_QUICK_H

#include "text/civil.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Powers of ten. */
static const int64_t stoa__quick_powers[19] = {1,
                                               10,
                                               100,
                                               1000,
                                               10000,
                                               100000,
                                               1000000,
                                               10000000,
                                               100000000,
                                               1000000000,
                                               10000000000,
                                               100000000000,
                                               1000000000000,
                                               10000000000000,
                                               100000000000000,
                                               1000000000000000,
                                               10000000000000000,
                                               100000000000000000,
                                               1000000000000000000};

static inline uint64_t stoa__load_u64(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

/* `size` (1 to 8) decimal digits. */
static inline bool stoa__quick_digits8(const uint8_t *at, size_t size, uint64_t *out)
{
    const uint64_t zeros = UINT64_C(0x3030303030303030);
    uint64_t text = stoa__load_u64(at);

    /* Zeros in front: the digits go to the high end, where the last ones are. */
    if (size < 8)
        text = text << (64 - 8 * size) | zeros >> (8 * size);
    text ^= zeros;
    if (((text | (text + UINT64_C(0x0606060606060606))) & UINT64_C(0xf0f0f0f0f0f0f0f0)) != 0)
        return false;
    text = text * 10 + (text >> 8); /* Pairs, in every other byte. */
    *out = (((text & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064)) +
            (((text >> 16) & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x0000271000000001))) >>
           32;
    return true;
}

/* Up to 18 digits. */
static inline bool stoa__quick_digits(const uint8_t *at, size_t size, uint64_t *out)
{
    uint64_t high = 0, low = 0;

    if (size - 1 < 8)
        return stoa__quick_digits8(at, size, out);
    if (size - 1 >= 18)
        return false;
    if (size > 16) {
        if (!stoa__quick_digits8(at, size - 16, &high))
            return false;
        at += size - 16;
        size = 16;
    }
    if (!stoa__quick_digits8(at, size - 8, &low))
        return false;
    high = high * 100000000 + low;
    if (!stoa__quick_digits8(at + size - 8, 8, &low))
        return false;
    *out = high * 100000000 + low;
    return true;
}

/* [-]digits, at most 18. */
static inline bool stoa__quick_int64(const uint8_t *at, size_t size, int64_t *out)
{
    const bool negative = *at == '-';
    uint64_t value = 0;

    if (!stoa__quick_digits(at + negative, size - negative, &value))
        return false;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* [-]digits[.digits], at most 18 of them: the digits as an integer, and how many are behind the
 * point. */
static inline bool stoa__quick_decimal(const uint8_t *at, size_t size, int64_t *out,
                                       size_t *scale)
{
    const bool negative = *at == '-';
    uint64_t whole = 0, fraction = 0;
    size_t digits = 0, behind = 0;

    at += negative;
    size -= negative;
    if (size - 1 >= 19)
        return false;
    while (digits < size && at[digits] != '.') {
        const unsigned digit = (unsigned)at[digits] - '0';

        if (digit > 9)
            return false;
        whole = whole * 10 + digit;
        digits++;
    }
    if (digits == 0 || digits + 1 == size || digits == 19)
        return false; /* ".5", "5." and what may not fit are for the others. */
    if (digits < size) {
        behind = size - digits - 1;
        if (!stoa__quick_digits(at + digits + 1, behind, &fraction))
            return false;
    }
    whole = whole * (uint64_t)stoa__quick_powers[behind] + fraction;
    *out = negative ? -(int64_t)whole : (int64_t)whole;
    *scale = behind;
    return true;
}

/* The same as a double: exact integers up to 2^53 divided by exact powers of ten, rounded once. */
static inline bool stoa__quick_double(const uint8_t *at, size_t size, double *out)
{
    static const double powers[19] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                      1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                      1e14, 1e15, 1e16, 1e17, 1e18};
    int64_t value = 0;
    size_t scale = 0;

    if (!stoa__quick_decimal(at, size, &value, &scale))
        return false;
    if (value > INT64_C(1) << 53 || value < -(INT64_C(1) << 53) || (value == 0 && *at == '-'))
        return false; /* -0.0 has a sign. */
    *out = (double)value / powers[scale];
    return true;
}

/* Two digits; what is none makes `bad` not zero. */
static inline uint32_t stoa__quick_pair(const uint8_t *at, uint32_t *bad)
{
    const uint32_t tens = (uint32_t)at[0] - '0', ones = (uint32_t)at[1] - '0';

    *bad |= (tens > 9) | (ones > 9);
    return tens * 10 + ones;
}

/* YYYY-MM-DD, exactly ten bytes. */
static inline bool stoa__quick_date(const uint8_t *at, size_t size, int64_t *days)
{
    uint32_t bad = 0, year, month, day;

    if (size != 10 || at[4] != '-' || at[7] != '-')
        return false;
    year = stoa__quick_pair(at, &bad) * 100;
    year += stoa__quick_pair(at + 2, &bad);
    month = stoa__quick_pair(at + 5, &bad);
    day = stoa__quick_pair(at + 8, &bad);
    if (bad || !stoa__civil_valid((int32_t)year, (int32_t)month, (int32_t)day))
        return false;
    *days = stoa__civil_days((int32_t)year, (int32_t)month, (int32_t)day);
    return true;
}

/* YYYY-MM-DD, T or a space, HH:MM:SS, a fraction of at most the digits of `per_second` (1000 and so
 * on), Z if `zoned`. */
static inline bool stoa__quick_timestamp(const uint8_t *at, size_t size, int64_t per_second,
                                         bool zoned, int64_t *out)
{
    uint32_t bad = 0, hour, minute, second;
    uint64_t fraction = 0;
    int64_t days = 0, ticks = 0;

    if (size < 19 || size > 30 || (at[10] != 'T' && at[10] != ' ') || at[13] != ':' ||
        at[16] != ':' || !stoa__quick_date(at, 10, &days))
        return false;
    if (zoned && at[--size] != 'Z')
        return false;
    hour = stoa__quick_pair(at + 11, &bad);
    minute = stoa__quick_pair(at + 14, &bad);
    second = stoa__quick_pair(at + 17, &bad);
    if (bad || hour > 23 || minute > 59 || second > 59 || size < 19)
        return false;
    if (size > 19) {
        if (at[19] != '.' || size == 20 || size > 29 ||
            stoa__quick_powers[size - 20] > per_second ||
            !stoa__quick_digits(at + 20, size - 20, &fraction))
            return false;
        ticks = (int64_t)fraction * (per_second / stoa__quick_powers[size - 20]);
    }
    days = days * 86400 + (int64_t)(hour * 3600 + minute * 60 + second);
    if (__builtin_mul_overflow(days, per_second, &days))
        return false;
    return !__builtin_add_overflow(days, ticks, out);
}

#endif
