/* SPDX-License-Identifier: Apache-2.0 */
/* Powers of ten to 128 bits, for reading and writing floating-point text. */
#ifndef STOA_TEXT_POWERS_H
#define STOA_TEXT_POWERS_H

#include <assert.h>
#include <stdint.h>

enum { STOA__POWER_MIN = -342, STOA__POWER_MAX = 324 };

/* 10^n = g * 2^(stoa__power_exponent(n) - 127) with high:low <= g < high:low + 1 and the
 * top bit of `high` set. */
struct stoa__power {
    uint64_t high, low;
};

extern const struct stoa__power stoa__powers[STOA__POWER_MAX - STOA__POWER_MIN + 1];

static inline struct stoa__power stoa__power(int32_t n)
{
    assert(n >= STOA__POWER_MIN && n <= STOA__POWER_MAX);
    return stoa__powers[n - STOA__POWER_MIN];
}

/* floor(log2(10^n)): 1741647 / 2^19 is log2(10) closely enough for |n| <= 1233. Relies on
 * >> of negative numbers keeping the sign, as every compiler we build with does. */
static inline int32_t stoa__power_exponent(int32_t n)
{
    return (n * 1741647) >> 19;
}

#endif
