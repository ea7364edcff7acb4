/* SPDX-License-Identifier: Apache-2.0 */
/* Integers and the moves between floating-point widths; number_read.c and number_write.c
 * hold the text of doubles. */
#include "text/number.h"

#include "text/digits.h"
#include "text/refuse.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

enum { NOT_A_NUMBER, TOO_LARGE, READ };

/* The whole text as a magnitude. */
static int read_magnitude(const char *text, size_t size, uint64_t *out)
{
    uint64_t value = 0;
    bool overflow = false;

    if (size == 0)
        return NOT_A_NUMBER;
    for (size_t i = 0; i < size; i++) {
        const unsigned digit = (unsigned)(text[i] - '0');

        if (digit > 9)
            return NOT_A_NUMBER;
        overflow = overflow || __builtin_mul_overflow(value, 10, &value) ||
                   __builtin_add_overflow(value, digit, &value);
    }
    *out = value;
    return overflow ? TOO_LARGE : READ;
}

stoa_status stoa__int64_parse(const char *text, size_t size, int64_t *out,
                              stoa_error *err)
{
    const bool sign = size > 0 && (text[0] == '-' || text[0] == '+');
    const bool negative = sign && text[0] == '-';
    const uint64_t limit = (uint64_t)INT64_MAX + negative;
    uint64_t value = 0;
    int outcome;

    assert(out && (text || size == 0));
    *out = 0;
    outcome = read_magnitude(sign ? text + 1 : text, size - sign, &value);
    if (outcome == NOT_A_NUMBER)
        return stoa__refuse(err, "an integer", text, size, "it must be digits");
    if (outcome == TOO_LARGE || value > limit)
        return stoa__refuse(err, "an int64", text, size, "it does not fit 64 bits");
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return STOA_OK;
}

stoa_status stoa__uint64_parse(const char *text, size_t size, uint64_t *out,
                               stoa_error *err)
{
    const bool sign = size > 0 && text[0] == '+';
    uint64_t value = 0;
    int outcome;

    assert(out && (text || size == 0));
    *out = 0;
    outcome = read_magnitude(sign ? text + 1 : text, size - sign, &value);
    if (outcome == NOT_A_NUMBER)
        return stoa__refuse(err, "an unsigned integer", text, size, "it must be digits");
    if (outcome == TOO_LARGE)
        return stoa__refuse(err, "a uint64", text, size, "it does not fit 64 bits");
    *out = value;
    return STOA_OK;
}

size_t stoa__uint64_format(uint64_t value, char *out)
{
    const size_t count = stoa__digit_count(value);

    assert(out);
    stoa__digits_put(out, value, count);
    return count;
}

size_t stoa__int64_format(int64_t value, char *out)
{
    assert(out);
    if (value >= 0)
        return stoa__uint64_format((uint64_t)value, out);
    out[0] = '-';
    return 1 + stoa__uint64_format(0 - (uint64_t)value, out + 1);
}

double stoa__half_to_double(uint16_t half)
{
    const int exponent = half >> 10 & 31;
    const int fraction = half & 1023;
    double value;

    if (exponent == 31)
        value = fraction ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, -24);
    else
        value = ldexp(fraction + 1024, exponent - 25);
    return half & 0x8000 ? -value : value;
}

uint16_t stoa__half_from_double(double value, bool *exact)
{
    const double magnitude = fabs(value);
    uint16_t half;
    int exponent = 0;

    if (isnan(value)) {
        half = 0x7e00;
    } else if (magnitude >= 65520) { /* Half-way from the largest to the next. */
        half = 0x7c00;
    } else {
        /* In units of the last place: 2^-24 for subnormals (and 0), else 2^-10 of the
         * leading bit. */
        (void)frexp(magnitude, &exponent);
        exponent = magnitude < 0x1p-14 ? -24 : exponent - 11;
        const double scaled = ldexp(magnitude, -exponent); /* < 2048; exact. */
        int units = (int)scaled;
        const double rest = scaled - units;

        units += rest > 0.5 || (rest == 0.5 && (units & 1));
        /* 2048 units carry into the exponent field by themselves. */
        half = (uint16_t)(units + (exponent + 24) * 1024);
    }
    if (signbit(value))
        half = (uint16_t)(half | 0x8000);
    if (exact)
        *exact = isnan(value) || stoa__half_to_double(half) == value;
    return half;
}

float stoa__float_from_double(double value, bool *exact)
{
    const float narrow = (float)value;

    if (exact)
        *exact = isnan(value) || (double)narrow == value;
    return narrow;
}

bool stoa__double_to_int64(double value, int64_t *out)
{
    assert(out);
    *out = 0;
    /* Both bounds are exact doubles; nan fails the first comparison. */
    if (!(value >= -0x1p63 && value < 0x1p63) || value != trunc(value))
        return false;
    *out = (int64_t)value;
    return true;
}

bool stoa__double_to_uint64(double value, uint64_t *out)
{
    assert(out);
    *out = 0;
    if (!(value >= 0 && value < 0x1p64) || value != trunc(value))
        return false;
    *out = (uint64_t)value;
    return true;
}
