/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text to the nearest double or float.
 *
 * The first 19 digits w and a power of ten cut off at 128 bits give a lower and an upper
 * bound of the number. If both round to the same float, that is it. Otherwise they round
 * to neighbours, and the exact number, all its digits in big integers, is compared with
 * the point half-way between them. Doubles that are exact at once (few digits, small
 * power) never get there.
 */
#include "text/big.h"
#include "text/identifier.h"
#include "text/number.h"
#include "text/powers.h"
#include "text/refuse.h"
#include "text/wide.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

enum {
    KEPT_DIGITS = 19, /* 10^19 fits 64 bits. */
    /* A point half-way between doubles has at most 767 digits: what follows the first 800
     * only says whether there is more. */
    EXACT_DIGITS = 800,
    /* Written exponents saturate here, far beyond what digits of a real text can undo. */
    EXPONENT_LIMIT = 1 << 30
};

/* What a text says: (-1)^negative * 0.d1d2d3... in two forms. */
struct scanned {
    bool negative;
    const char *digits; /* From the first that is not 0; holds one point at most. */
    size_t digits_size;
    uint64_t kept;    /* The first 19 of them ... */
    int64_t exponent; /* ... times 10 to this ... */
    bool more;        /* ... and something that is not 0 behind. */
};

/* A binary format. */
struct format {
    int bits; /* Of the significand, the hidden one included. */
    int exponent_min, exponent_max;
};
static const struct format double_format = {53, -1022, 1023};
static const struct format float_format = {24, -126, 127};

static size_t scan_exponent(const char *text, size_t size, size_t at, int64_t *exponent)
{
    const size_t start =
        at + 1 < size && (text[at + 1] == '-' || text[at + 1] == '+') ? at + 2 : at + 1;
    int64_t value = 0;

    for (at = start; at < size && text[at] >= '0' && text[at] <= '9'; at++) {
        if (value < EXPONENT_LIMIT)
            value = value * 10 + (text[at] - '0');
    }
    *exponent += text[start - 1] == '-' ? -value : value;
    return at > start ? at : SIZE_MAX;
}

/* One digit of the significand. */
static void take_digit(struct scanned *out, const char *at, bool behind_point, int *count)
{
    const unsigned digit = (unsigned)(*at - '0');

    if (*count == 0 && digit == 0) { /* A leading zero. */
        out->exponent -= behind_point;
        return;
    }
    if (*count == 0)
        out->digits = at;
    if (*count < KEPT_DIGITS) {
        out->kept = out->kept * 10 + digit;
        out->exponent -= behind_point;
        ++*count;
    } else {
        out->more = out->more || digit != 0;
        out->exponent += !behind_point;
    }
    out->digits_size = (size_t)(at - out->digits) + 1;
}

/* False when the text is no decimal number. */
static bool scan(const char *text, size_t size, struct scanned *out)
{
    size_t at = 0, digit_count = 0;
    bool point = false;
    int count = 0;

    if (at < size && (text[at] == '-' || text[at] == '+'))
        out->negative = text[at++] == '-';
    for (; at < size; at++) {
        if (text[at] == '.' && !point) {
            point = true;
        } else if (text[at] >= '0' && text[at] <= '9') {
            digit_count++;
            take_digit(out, text + at, point, &count);
        } else {
            break;
        }
    }
    if (digit_count > 0 && at < size && (text[at] == 'e' || text[at] == 'E'))
        at = scan_exponent(text, size, at, &out->exponent);
    return digit_count > 0 && at == size;
}

static uint64_t infinity_of(const struct format *format)
{
    return (uint64_t)(format->exponent_max - format->exponent_min + 2)
           << (format->bits - 1);
}

/* high:middle:low, a number of 192 bits whose top bit or the next is set, times
 * 2^exponent, rounded to the format's bits; saturates at infinity. */
static uint64_t round_to(const struct format *format, const uint64_t part[3],
                         int exponent)
{
    const unsigned shift = (unsigned)__builtin_clzll(part[2]);
    const int leading = exponent + 191 - (int)shift;
    const uint64_t top = shift ? part[2] << shift | part[1] >> (64 - shift) : part[2];
    const bool sticky = (part[1] << shift) != 0 || part[0] != 0;
    const uint64_t half = UINT64_C(1) << 63;
    int bits = format->bits, field = leading - format->exponent_min;
    uint64_t kept, rest;

    if (field < 0) { /* Subnormal: fewer bits. */
        bits += field;
        field = 0;
    }
    if (bits < 0)
        return 0;
    kept = bits > 0 ? top >> (64 - bits) : 0;
    rest = top << bits;
    kept += rest > half || (rest == half && (sticky || (kept & 1)));
    if (leading > format->exponent_max)
        return infinity_of(format);
    /* The hidden bit adds one to the field, and so does a carry out of the rounding. */
    return kept + ((uint64_t)field << (format->bits - 1));
}

/* The product of w and a power, and the same with both one unit larger. */
static void bounds(const struct scanned *number, uint64_t low[3], uint64_t high[3],
                   int *exponent)
{
    const struct stoa__power power = stoa__power((int32_t)number->exponent);
    const unsigned shift = (unsigned)__builtin_clzll(number->kept);
    const uint64_t w = number->kept << shift;
    stoa__uint128 sum;

    low[0] = stoa__mul_add(w, power.low, 0, &low[1]);
    low[1] = stoa__mul_add(w, power.high, low[1], &low[2]);
    *exponent = stoa__power_exponent((int32_t)number->exponent) - 127 - (int)shift;

    /* + w for the power's last unit; + the power (rounded up) for the digits cut off. */
    sum = (stoa__uint128)low[0] + w;
    high[0] = (uint64_t)sum;
    sum = (stoa__uint128)low[1] + (uint64_t)(sum >> 64);
    high[1] = (uint64_t)sum;
    high[2] = low[2] + (uint64_t)(sum >> 64);
    if (number->more) {
        /* 2^shift powers, at most 2^(128 + shift), and shift <= 4 with 19 digits. */
        const uint64_t more = (uint64_t)1 << shift;

        high[2] = high[2] > UINT64_MAX - more ? UINT64_MAX : high[2] + more;
    }
}

/* All digits as a big integer; *exponent is its power of ten. */
static void exact_digits(const struct scanned *number, struct stoa__big *big,
                         int32_t *exponent)
{
    int64_t left = number->exponent;
    int32_t count = 0;
    bool rest = false;

    for (size_t i = 0; i < number->digits_size; i++) {
        const char digit = number->digits[i];

        if (digit == '.')
            continue;
        if (count < EXACT_DIGITS)
            stoa__big_multiply_add(big, 10, (uint32_t)(digit - '0'));
        else
            rest = rest || digit != '0';
        left -= count >= KEPT_DIGITS && count < EXACT_DIGITS;
        count++;
    }
    if (rest) {
        stoa__big_multiply_add(big, 10, 1);
        left--;
    }
    *exponent = (int32_t)left;
}

/* Compare the number with the point half-way between the float `bits` and the next. */
static int compare_half_way(const struct format *format, const struct scanned *number,
                            uint64_t bits)
{
    const uint64_t hidden = UINT64_C(1) << (format->bits - 1);
    const int field = (int)(bits >> (format->bits - 1));
    const uint64_t significand = (bits & (hidden - 1)) | (field > 0 ? hidden : 0);
    const uint64_t doubled = 2 * significand + 1;
    const int two = (field > 0 ? field - 1 : 0) + format->exponent_min - format->bits;
    struct stoa__big left = {{0}, 0}, right = {{0}, 0};
    int32_t ten;

    exact_digits(number, &left, &ten);
    stoa__big_multiply_add(&right, 1, (uint32_t)(doubled >> 32));
    stoa__big_shift(&right, 32);
    stoa__big_multiply_add(&right, 1, (uint32_t)doubled);
    if (ten >= 0)
        stoa__big_power_of_ten(&left, ten);
    else
        stoa__big_power_of_ten(&right, -ten);
    if (two >= 0)
        stoa__big_shift(&right, two);
    else
        stoa__big_shift(&left, -two);
    return stoa__big_compare(&left, &right);
}

/* The nearest float's bits, without the sign. */
static uint64_t nearest(const struct format *format, const struct scanned *number)
{
    uint64_t low[3], high[3], below, above;
    int exponent, order;

    /* Under 10^20 * 10^-343 even the smallest double is more than twice as large. */
    if (number->kept == 0 || number->exponent < STOA__POWER_MIN)
        return 0;
    if (number->exponent > 308)
        return infinity_of(format);
    bounds(number, low, high, &exponent);
    below = round_to(format, low, exponent);
    above = round_to(format, high, exponent);
    if (below == above)
        return below;
    assert(above == below + 1);
    order = compare_half_way(format, number, below);
    return order > 0 || (order == 0 && (below & 1)) ? above : below;
}

static double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Doubles are exact up to 2^53 and 10^22: one rounded operation gives the nearest. */
static bool read_quickly(const struct scanned *number, double *out)
{
    static const double powers[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

    if (number->more || number->kept > UINT64_C(1) << 53 || number->exponent < -22 ||
        number->exponent > 22)
        return false;
    *out = (double)number->kept;
    if (number->exponent < 0)
        *out /= powers[-number->exponent];
    else
        *out *= powers[number->exponent];
    return true;
}

/* inf, infinity and nan in any case of letters. */
static bool read_word(const char *text, size_t size, double *out)
{
    const bool sign = size > 0 && (text[0] == '-' || text[0] == '+');
    const char *word = text + sign;
    const size_t word_size = size - sign;

    if (stoa__name_is(word, word_size, "inf") ||
        stoa__name_is(word, word_size, "infinity"))
        *out = sign && text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    else if (stoa__name_is(text, size, "nan"))
        *out = (double)NAN;
    else
        return false;
    return true;
}

stoa_status stoa__double_parse(const char *text, size_t size, double *out,
                               stoa_error *err)
{
    struct scanned number = {0};
    double value;

    assert(out && (text || size == 0));
    *out = 0;
    if (!scan(text, size, &number)) {
        if (size > 0 && read_word(text, size, out))
            return STOA_OK;
        return stoa__refuse(err, "a number", text, size,
                            "it must be digits with a point or an exponent if wanted");
    }
    if (!read_quickly(&number, &value))
        value = double_of(nearest(&double_format, &number));
    if (isinf(value))
        return stoa__refuse(err, "a float64", text, size, "it is too large");
    *out = number.negative ? -value : value;
    return STOA_OK;
}

stoa_status stoa__float_parse(const char *text, size_t size, float *out, stoa_error *err)
{
    struct scanned number = {0};
    double word;
    float value;

    assert(out && (text || size == 0));
    *out = 0;
    if (!scan(text, size, &number)) {
        if (size > 0 && read_word(text, size, &word)) {
            *out = (float)word;
            return STOA_OK;
        }
        return stoa__refuse(err, "a number", text, size,
                            "it must be digits with a point or an exponent if wanted");
    }
    value = float_of((uint32_t)nearest(&float_format, &number));
    if (isinf(value))
        return stoa__refuse(err, "a float32", text, size, "it is too large");
    *out = number.negative ? -value : value;
    return STOA_OK;
}
