/* SPDX-License-Identifier: Apache-2.0 */
#include "text/decimal.h"

#include "base/error.h"
#include "text/digits.h"
#include "text/number.h"
#include "text/refuse.h"
#include "text/wide.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

enum {
    LIMBS = 4,        /* 256 bits of magnitude. */
    STEP_DIGITS = 19, /* 10^19 is the largest power in 64 bits. */
    DIGITS_MAX = 78   /* Of any 256-bit magnitude. */
};

struct number {
    bool negative;             /* Never of zero. */
    uint64_t magnitude[LIMBS]; /* Lowest first. */
};

#define KNOWN_WIDTH(width)                                                               \
    ((width) == 4 || (width) == 8 || (width) == 16 || (width) == 32)
#define KNOWN_SCALE(scale)                                                               \
    ((scale) >= -STOA__DECIMAL_SCALE_MAX && (scale) <= STOA__DECIMAL_SCALE_MAX)

static void negate(uint64_t limbs[LIMBS])
{
    bool carry = true;

    for (int i = 0; i < LIMBS; i++) {
        limbs[i] = ~limbs[i] + carry;
        carry = carry && limbs[i] == 0;
    }
}

/* Arrow's decimals are little-endian, and so is every machine we build for. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "limbs are copied as they are");

static struct number load(const void *value, int32_t width)
{
    struct number number = {false, {0}};
    const uint8_t *bytes = value;

    assert(value && KNOWN_WIDTH(width));
    number.negative = bytes[width - 1] >> 7;
    if (number.negative)
        memset(number.magnitude, 0xff, sizeof(number.magnitude));
    memcpy(number.magnitude, value, (size_t)width);
    if (number.negative)
        negate(number.magnitude);
    return number;
}

/* The number fits: its digits were checked against the width's precision. */
static void store(struct number number, int32_t width, void *out)
{
    assert(out && KNOWN_WIDTH(width));
    if (number.negative)
        negate(number.magnitude);
    memcpy(out, number.magnitude, (size_t)width);
}

static bool is_zero(const struct number *number)
{
    return (number->magnitude[0] | number->magnitude[1] | number->magnitude[2] |
            number->magnitude[3]) == 0;
}

/* False, with garbage, when the product does not fit 256 bits. */
static bool multiply_add(struct number *number, uint64_t factor, uint64_t term)
{
    uint64_t carry = term;

    for (int i = 0; i < LIMBS; i++)
        number->magnitude[i] = stoa__mul_add(number->magnitude[i], factor, carry, &carry);
    return carry == 0;
}

/* Returns the remainder. */
static uint64_t divide(struct number *number, uint64_t divisor)
{
    uint64_t rest = 0;
    int i = LIMBS - 1;

    while (i > 0 && number->magnitude[i] == 0)
        i--;
    for (; i >= 0; i--) {
        const stoa__uint128 part = (stoa__uint128)rest << 64 | number->magnitude[i];

        number->magnitude[i] = (uint64_t)(part / divisor);
        rest = (uint64_t)(part % divisor);
    }
    return rest;
}

/* Digits of the magnitude, without leading zeros; zero has none. */
static size_t put_digits(struct number number, char out[DIGITS_MAX])
{
    uint64_t parts[5];
    size_t count = 0, size;

    while (!is_zero(&number)) {
        assert(count < 5);
        parts[count++] = divide(&number, stoa__tens[STEP_DIGITS]);
    }
    if (count == 0)
        return 0;
    size = stoa__uint64_format(parts[--count], out);
    for (; count > 0; size += STEP_DIGITS)
        stoa__digits_put(out + size, parts[--count], STEP_DIGITS);
    return size;
}

static size_t digit_count(const struct number *number)
{
    char digits[DIGITS_MAX];

    if ((number->magnitude[1] | number->magnitude[2] | number->magnitude[3]) == 0)
        return number->magnitude[0] ? stoa__digit_count(number->magnitude[0]) : 0;
    return put_digits(*number, digits);
}

int32_t stoa__decimal_precision_max(int32_t width)
{
    assert(KNOWN_WIDTH(width));
    return width == 4 ? 9 : width == 8 ? 18 : width == 16 ? 38 : 76;
}

bool stoa__decimal_fits(const void *value, int32_t width, int32_t precision)
{
    const struct number number = load(value, width);

    return digit_count(&number) <= (size_t)precision;
}

size_t stoa__decimal_format(const void *value, int32_t width, int32_t scale, char *out)
{
    const struct number number = load(value, width);
    char digits[DIGITS_MAX];
    const size_t count = put_digits(number, digits);
    size_t at = 0, whole;

    assert(out && KNOWN_SCALE(scale));
    if (number.negative)
        out[at++] = '-';
    if (scale <= 0) {
        if (count == 0)
            out[at++] = '0';
        memcpy(out + at, digits, count);
        at += count;
        if (count > 0)
            memset(out + at, '0', (size_t)-scale);
        return count > 0 ? at + (size_t)-scale : at;
    }
    whole = count > (size_t)scale ? count - (size_t)scale : 0;
    if (whole == 0)
        out[at++] = '0';
    memcpy(out + at, digits, whole);
    at += whole;
    out[at++] = '.';
    memset(out + at, '0', (size_t)scale - (count - whole));
    at += (size_t)scale - (count - whole);
    memcpy(out + at, digits + whole, count - whole);
    return at + (count - whole);
}

/* What a text says: the digits from the first to the last that is not 0 (a point may be
 * among them) times 10^exponent. */
struct scanned {
    bool negative;
    const char *first, *last; /* NULL: zero. */
    int64_t count;            /* Digits from first to last. */
    int64_t exponent;         /* Of the last. */
};

enum { EXPONENT_LIMIT = 1 << 30 };

static bool scan_exponent(const char *at, const char *end, int64_t *exponent)
{
    const bool sign = at < end && (*at == '-' || *at == '+');
    const bool negative = sign && *at == '-';
    int64_t value = 0;

    at += sign;
    if (at == end)
        return false;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (value < EXPONENT_LIMIT)
            value = value * 10 + (*at - '0');
    }
    *exponent += negative ? -value : value;
    return at == end;
}

/* Takes the digits up to the exponent or the end; false when there are none. */
static bool scan_digits(const char **at, const char *end, struct scanned *out)
{
    const char *point = NULL;
    int64_t seen = 0, since_first = 0;

    for (; *at < end; ++*at) {
        if (**at == '.' && !point) {
            point = *at;
            continue;
        }
        if (**at < '0' || **at > '9')
            break;
        seen++;
        since_first += out->first != NULL;
        if (**at == '0')
            continue;
        if (!out->first) {
            out->first = *at;
            since_first = 1;
        }
        out->last = *at;
        out->count = since_first;
    }
    if (!point)
        point = *at;
    /* Counted from the digit before the point; the point itself is none. */
    if (out->last)
        out->exponent = out->last < point ? point - out->last - 1 : point - out->last;
    return seen > 0;
}

static bool scan(const char *text, size_t size, struct scanned *out)
{
    const char *at = text, *end = size > 0 ? text + size : text;

    if (at < end && (*at == '-' || *at == '+'))
        out->negative = *at++ == '-';
    if (at == end || !scan_digits(&at, end, out))
        return false;
    if (at < end && (*at == 'e' || *at == 'E'))
        return scan_exponent(at + 1, end, &out->exponent);
    return at == end;
}

/* The digits, at most as many as a precision allows, and `zeros` behind them. */
static struct number collect(const struct scanned *text, int64_t zeros)
{
    struct number number = {text->negative, {0}};
    uint64_t part = 0;
    int count = 0;

    for (const char *at = text->first; at <= text->last; at++) {
        if (*at == '.')
            continue;
        part = part * 10 + (uint64_t)(*at - '0');
        if (++count == STEP_DIGITS) {
            (void)multiply_add(&number, stoa__tens[count], part);
            part = 0;
            count = 0;
        }
    }
    (void)multiply_add(&number, stoa__tens[count], part);
    for (; zeros > STEP_DIGITS; zeros -= STEP_DIGITS)
        (void)multiply_add(&number, stoa__tens[STEP_DIGITS], 0);
    (void)multiply_add(&number, stoa__tens[zeros], 0);
    return number;
}

/* STOA_ERR_TYPE that names the type. */
static stoa_status refuse(stoa_error *err, const char *text, size_t size,
                          int32_t precision, int32_t scale, const char *reason)
{
    char excerpt[STOA__EXCERPT_SIZE];

    if (!err)
        return STOA_ERR_TYPE;
    stoa__excerpt(text, size, excerpt);
    return stoa__fail(err, STOA_ERR_TYPE, "'%s' does not fit decimal(%d, %d): %s",
                      excerpt, (int)precision, (int)scale, reason);
}

static const char too_many[] = "it has too many digits";
static const char lost[] = "digits behind the scale would be lost";

stoa_status stoa__decimal_parse(const char *text, size_t size, int32_t precision,
                                int32_t scale, int32_t width, void *out, stoa_error *err)
{
    struct scanned scanned = {0};
    int64_t zeros;

    assert(out && (text || size == 0) && KNOWN_SCALE(scale));
    assert(precision >= 1 && precision <= stoa__decimal_precision_max(width));
    memset(out, 0, (size_t)width);
    if (!scan(text, size, &scanned))
        return stoa__refuse(err, "a decimal", text, size,
                            "it must be digits with a point or an exponent if wanted");
    if (!scanned.first)
        return STOA_OK;
    zeros = scanned.exponent + scale;
    if (zeros < 0)
        return refuse(err, text, size, precision, scale, lost);
    if (scanned.count + zeros > precision)
        return refuse(err, text, size, precision, scale, too_many);
    store(collect(&scanned, zeros), width, out);
    return STOA_OK;
}

/* Multiply or divide by a power of ten. NULL, or what went wrong. */
static const char *shift(struct number *number, int32_t digits)
{
    if (is_zero(number))
        return NULL;
    while (digits > 0) {
        const int32_t step = digits < STEP_DIGITS ? digits : STEP_DIGITS;

        if (!multiply_add(number, stoa__tens[step], 0))
            return too_many;
        digits -= step;
    }
    while (digits < 0) {
        const int32_t step = -digits < STEP_DIGITS ? -digits : STEP_DIGITS;

        if (divide(number, stoa__tens[step]) != 0)
            return lost;
        digits += step;
    }
    return NULL;
}

/* Store `number`, which counts 10^-from_scale, as another decimal. */
static stoa_status convert(struct number number, int32_t from_scale, int32_t precision,
                           int32_t scale, int32_t width, void *out, const char *text,
                           size_t size, stoa_error *err)
{
    const char *fault = shift(&number, scale - from_scale);

    assert(precision >= 1 && precision <= stoa__decimal_precision_max(width));
    if (!fault && digit_count(&number) > (size_t)precision)
        fault = too_many;
    if (fault) {
        memset(out, 0, (size_t)width);
        return refuse(err, text, size, precision, scale, fault);
    }
    store(number, width, out);
    return STOA_OK;
}

stoa_status stoa__decimal_rescale(const void *value, int32_t width, int32_t scale,
                                  int32_t to_precision, int32_t to_scale,
                                  int32_t to_width, void *out, stoa_error *err)
{
    char text[STOA__DECIMAL_TEXT_MAX];
    /* The text before `out` is written: it may be the same memory. */
    const size_t size = err ? stoa__decimal_format(value, width, scale, text) : 0;

    assert(out && KNOWN_SCALE(scale) && KNOWN_SCALE(to_scale));
    return convert(load(value, width), scale, to_precision, to_scale, to_width, out, text,
                   size, err);
}

stoa_status stoa__decimal_from_int64(int64_t value, int32_t precision, int32_t scale,
                                     int32_t width, void *out, stoa_error *err)
{
    const uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char text[STOA__INTEGER_TEXT_MAX];

    assert(out && KNOWN_SCALE(scale));
    return convert((struct number){value < 0, {magnitude}}, 0, precision, scale, width,
                   out, text, stoa__int64_format(value, text), err);
}

stoa_status stoa__decimal_from_uint64(uint64_t value, int32_t precision, int32_t scale,
                                      int32_t width, void *out, stoa_error *err)
{
    char text[STOA__INTEGER_TEXT_MAX];

    assert(out && KNOWN_SCALE(scale));
    return convert((struct number){false, {value}}, 0, precision, scale, width, out, text,
                   stoa__uint64_format(value, text), err);
}

/* Scale 0 and at most 64 bits, or why not. */
static const char *to_magnitude(const void *value, int32_t width, int32_t scale,
                                struct number *out)
{
    const char *fault;

    assert(KNOWN_SCALE(scale));
    *out = load(value, width);
    fault = shift(out, -scale);
    if (fault)
        return fault == lost ? "it has a fraction" : "it is out of range";
    if ((out->magnitude[1] | out->magnitude[2] | out->magnitude[3]) != 0)
        return "it is out of range";
    return NULL;
}

static stoa_status refuse_value(stoa_error *err, const void *value, int32_t width,
                                int32_t scale, const char *what, const char *fault)
{
    char text[STOA__DECIMAL_TEXT_MAX];

    if (!err)
        return STOA_ERR_TYPE;
    return stoa__refuse(err, what, text, stoa__decimal_format(value, width, scale, text),
                        fault);
}

stoa_status stoa__decimal_to_int64(const void *value, int32_t width, int32_t scale,
                                   int64_t *out, stoa_error *err)
{
    struct number number;
    const char *fault = to_magnitude(value, width, scale, &number);

    assert(out);
    *out = 0;
    if (!fault && number.magnitude[0] > (uint64_t)INT64_MAX + number.negative)
        fault = "it is out of range";
    if (fault)
        return refuse_value(err, value, width, scale, "an int64", fault);
    *out = number.negative ? (int64_t)(0 - number.magnitude[0])
                           : (int64_t)number.magnitude[0];
    return STOA_OK;
}

stoa_status stoa__decimal_to_uint64(const void *value, int32_t width, int32_t scale,
                                    uint64_t *out, stoa_error *err)
{
    struct number number;
    const char *fault = to_magnitude(value, width, scale, &number);

    assert(out);
    *out = 0;
    if (!fault && number.negative)
        fault = "it is out of range";
    if (fault)
        return refuse_value(err, value, width, scale, "a uint64", fault);
    *out = number.magnitude[0];
    return STOA_OK;
}

stoa_status stoa__decimal_from_double(double value, int32_t precision, int32_t scale,
                                      int32_t width, void *out, stoa_error *err)
{
    char text[STOA__DOUBLE_TEXT_MAX];
    const size_t size = stoa__double_format(value, text);

    assert(out);
    if (!isfinite(value)) {
        memset(out, 0, (size_t)width);
        return refuse(err, text, size, precision, scale, "it is no finite number");
    }
    return stoa__decimal_parse(text, size, precision, scale, width, out, err);
}

double stoa__decimal_to_double(const void *value, int32_t width, int32_t scale,
                               bool *exact)
{
    char text[STOA__DECIMAL_TEXT_MAX];
    uint8_t back[STOA__DECIMAL_WIDTH_MAX];
    const size_t size = stoa__decimal_format(value, width, scale, text);
    double nearest;

    if (stoa__double_parse(text, size, &nearest, NULL) != STOA_OK)
        nearest = text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    if (exact)
        *exact = stoa__decimal_from_double(nearest, stoa__decimal_precision_max(width),
                                           scale, width, back, NULL) == STOA_OK &&
                 memcmp(back, value, (size_t)width) == 0;
    return nearest;
}
