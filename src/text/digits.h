/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal digits of unsigned integers, fast: for whatever writes numbers or dates. */
#ifndef STOA_TEXT_DIGITS_H
#define STOA_TEXT_DIGITS_H

#include <stddef.h>
#include <stdint.h>

/* How many digits `value` has, 1 to 20. */
size_t stoa__digit_count(uint64_t value);

/* Write the lowest `count` digits of `value`, with leading zeros. */
void stoa__digits_put(char *out, uint64_t value, size_t count);

/* "00" "01" ... "99", for writing two digits at once. */
extern const char stoa__digit_pairs[201];

/* 10^0 to 10^19, the largest in 64 bits. */
extern const uint64_t stoa__tens[20];

static inline void stoa__digits_put_two(char *out, uint32_t value)
{
    out[0] = stoa__digit_pairs[2 * value];
    out[1] = stoa__digit_pairs[2 * value + 1];
}

#endif
