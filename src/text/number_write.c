/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shortest text of a double or float, by the method of R. Giulietti, "The Schubfach
 * way to render doubles": scale the number and the two ends of the interval that rounds
 * to it by one power of ten, cut so that the lowest bit tells "exact" from "a little
 * more", and take the multiple of ten inside the interval, or else the nearest integer
 * inside.
 */
#include "text/digits.h"
#include "text/number.h"
#include "text/powers.h"
#include "text/wide.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

/* digits * 10^exponent */
struct shortest {
    uint64_t digits;
    int exponent;
};

/* power * factor / 2^128, its lowest bit set when anything was cut off. The power is one
 * unit too large, so that a product that is "exact" may show up to 1 in the middle
 * word. */
static uint64_t scale_to_odd(struct stoa__power power, uint64_t factor)
{
    uint64_t carry, high;
    uint64_t middle;

    (void)stoa__mul_add(power.low, factor, 0, &carry);
    middle = stoa__mul_add(power.high, factor, carry, &high);
    return high | (middle > 1);
}

/* The power rounded up. */
static struct stoa__power power_above(int exponent)
{
    struct stoa__power power = stoa__power(exponent);

    power.high += ++power.low == 0;
    return power;
}

/* The shortest decimal of significand * 2^exponent. `closer`: the significand is a power
 * of two, so that the float below is at half the distance. */
static struct shortest shorten(uint64_t significand, int exponent, bool closer)
{
    const uint64_t odd =
        significand & 1; /* Ties go to even: then the ends belong to it. */
    /* floor(log10(2^exponent)), of 3/4 of it if closer. */
    const int ten = (exponent * 1262611 - (closer ? 524031 : 0)) >> 22;
    const int shift = exponent + stoa__power_exponent(-ten) + 1;
    const struct stoa__power power = power_above(-ten);
    const uint64_t low =
        scale_to_odd(power, (4 * significand - 2 + closer) << shift) + odd;
    const uint64_t middle = scale_to_odd(power, (4 * significand) << shift);
    const uint64_t high = scale_to_odd(power, (4 * significand + 2) << shift) - odd;
    const uint64_t whole = middle / 4;
    bool down, up;

    if (whole >= 10) {
        const uint64_t tens = whole / 10;

        down = low <= 40 * tens;
        up = 40 * tens + 40 <= high;
        if (down != up)
            return (struct shortest){tens + up, ten + 1};
    }
    down = low <= 4 * whole;
    up = 4 * whole + 4 <= high;
    if (down == up)
        up = middle > 4 * whole + 2 || (middle == 4 * whole + 2 && (whole & 1));
    return (struct shortest){whole + up, ten};
}

/* Digits and a decimal exponent, as a person writes it. */
static size_t lay_out(struct shortest value, char *out)
{
    char digits[20];
    size_t at = 0;
    int count, point;

    for (; value.digits % 10 == 0; value.digits /= 10)
        value.exponent++;
    count = (int)stoa__digit_count(value.digits);
    stoa__digits_put(digits, value.digits, (size_t)count);
    point = count + value.exponent; /* 0.digits * 10^point */

    if (point - 1 < -5 || point - 1 >= 17) {
        out[at++] = digits[0];
        if (count > 1)
            out[at++] = '.';
        memcpy(out + at, digits + 1, (size_t)count - 1);
        at += (size_t)count - 1;
        out[at++] = 'e';
        return at + stoa__int64_format(point - 1, out + at);
    }
    if (point <= 0) {
        memcpy(out, "0.00000", 7);
        at = 2 + (size_t)-point;
        memcpy(out + at, digits, (size_t)count);
        return at + (size_t)count;
    }
    if (point >= count) {
        memcpy(out, digits, (size_t)count);
        memset(out + count, '0', (size_t)(point - count));
        memcpy(out + point, ".0", 2);
        return (size_t)point + 2;
    }
    memcpy(out, digits, (size_t)point);
    out[point] = '.';
    memcpy(out + point + 1, digits + point, (size_t)(count - point));
    return (size_t)count + 1;
}

/* Any binary format: `field` is its biased exponent, `least` the power of two of its
 * smallest subnormal, `hidden` the bit that is not stored. */
static size_t write_finite(bool negative, uint64_t fraction, int field, int least,
                           uint64_t hidden, char *out)
{
    const uint64_t significand = field > 0 ? fraction | hidden : fraction;
    const int exponent = field > 0 ? least + field - 1 : least;
    size_t at = 0;

    if (negative)
        out[at++] = '-';
    if (significand == 0) {
        memcpy(out + at, "0.0", 3);
        return at + 3;
    }
    return at +
           lay_out(shorten(significand, exponent, fraction == 0 && field > 1), out + at);
}

static size_t write_special(double value, char *out)
{
    const char *word = isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
    const size_t size = strlen(word);

    memcpy(out, word, size);
    return size;
}

size_t stoa__double_format(double value, char *out)
{
    const uint64_t hidden = UINT64_C(1) << 52;
    uint64_t bits;

    assert(out);
    if (!isfinite(value))
        return write_special(value, out);
    memcpy(&bits, &value, sizeof(bits));
    return write_finite(bits >> 63, bits & (hidden - 1), (int)(bits >> 52 & 2047), -1074,
                        hidden, out);
}

/* ---- the shorter form ---- */

static size_t put_exponent(const char *digits, int count, int exponent, char *out)
{
    const unsigned size = (unsigned)(exponent < 0 ? -exponent : exponent);
    size_t at = 0;

    out[at++] = digits[0];
    if (count > 1) {
        out[at++] = '.';
        memcpy(out + at, digits + 1, (size_t)count - 1);
        at += (size_t)count - 1;
    }
    out[at++] = 'e';
    out[at++] = exponent < 0 ? '-' : '+';
    stoa__digits_put(out + at, size, size < 100 ? 2 : 3);
    return at + (size < 100 ? 2 : 3);
}

/* All digits of a whole number that double has bits for: below 10^23. */
static size_t put_whole(double value, int count, char *out)
{
    const uint64_t low_max = UINT64_C(1000000000000000000);
    const stoa__uint128 whole = (stoa__uint128)value;
    const uint64_t high = (uint64_t)(whole / low_max);
    int head = count - 18;

    if (head > 0)
        stoa__digits_put(out, high, (size_t)head);
    else
        head = 0;
    stoa__digits_put(out + head, (uint64_t)(whole % low_max), (size_t)(count - head));
    return (size_t)count;
}

static size_t put_fixed(double value, const char *digits, int count, int point, char *out)
{
    if (point >= count)
        return put_whole(value, point, out);
    if (point > 0) {
        memcpy(out, digits, (size_t)point);
        out[point] = '.';
        memcpy(out + point + 1, digits + point, (size_t)(count - point));
        return (size_t)count + 1;
    }
    memcpy(out, "0.", 2);
    memset(out + 2, '0', (size_t)-point);
    memcpy(out + 2 - point, digits, (size_t)count);
    return (size_t)(2 - point + count);
}

size_t stoa__double_format_short(double value, char *out)
{
    const uint64_t hidden = UINT64_C(1) << 52;
    struct shortest shortest;
    char digits[20];
    uint64_t bits;
    int count, point, field, fixed_size, exponent_size;

    assert(out);
    if (!isfinite(value))
        return write_special(value, out);
    memcpy(&bits, &value, sizeof(bits));
    if (bits >> 63) {
        *out = '-';
        return 1 + stoa__double_format_short(-value, out + 1);
    }
    if (bits == 0) {
        *out = '0';
        return 1;
    }
    field = (int)(bits >> 52);
    bits &= hidden - 1;
    shortest = shorten(field > 0 ? bits | hidden : bits, field > 0 ? field - 1075 : -1074,
                       bits == 0 && field > 1);
    for (; shortest.digits % 10 == 0; shortest.digits /= 10)
        shortest.exponent++;
    count = (int)stoa__digit_count(shortest.digits);
    stoa__digits_put(digits, shortest.digits, (size_t)count);
    point = count + shortest.exponent;
    fixed_size = point >= count ? point : point > 0 ? count + 1 : 2 - point + count;
    exponent_size = count + (count > 1) + (point > 100 || point < -98 ? 5 : 4);
    return fixed_size <= exponent_size
               ? put_fixed(value, digits, count, point, out)
               : put_exponent(digits, count, point - 1, out);
}

size_t stoa__float_format(float value, char *out)
{
    const uint32_t hidden = UINT32_C(1) << 23;
    uint32_t bits;

    assert(out);
    if (!isfinite(value))
        return write_special((double)value, out);
    memcpy(&bits, &value, sizeof(bits));
    return write_finite(bits >> 31, bits & (hidden - 1), (int)(bits >> 23 & 255), -149,
                        hidden, out);
}
