/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimals: an integer of 4, 8, 16 or 32 bytes (`width`), little-endian two's complement,
 * that counts units of 10^-scale; and their exact text. No rounding happens anywhere but
 * in stoa__decimal_to_double().
 *
 * Pointers to values need no alignment. `precision` is the number of digits allowed, 1 to
 * stoa__decimal_precision_max(width); `scale` may be negative and is within
 * +-STOA__DECIMAL_SCALE_MAX (asserted). Failures are STOA_ERR_TYPE and quote text or
 * value.
 */
#ifndef STOA_TEXT_DECIMAL_H
#define STOA_TEXT_DECIMAL_H

#include "stoa/base.h"

#include <stdbool.h>

enum {
    STOA__DECIMAL_WIDTH_MAX = 32,
    /* Beyond it text would be mostly zeros; far above the 76 digits any engine has. */
    STOA__DECIMAL_SCALE_MAX = 256,
    /* Sign, 78 digits, point, zeros. */
    STOA__DECIMAL_TEXT_MAX = 352
};

/* 9, 18, 38, 76 digits for 4, 8, 16, 32 bytes. */
int32_t stoa__decimal_precision_max(int32_t width);

/* Does the value have at most `precision` digits? */
bool stoa__decimal_fits(const void *value, int32_t width, int32_t precision);

/*
 * Write canonical text to `out` (STOA__DECIMAL_TEXT_MAX bytes), without a NUL; the answer
 * is the size. Exactly `scale` digits behind the point and at least one before it
 * ("-0.05"); no point at scale <= 0, where -scale zeros follow the digits (zero stays
 * "0").
 */
size_t stoa__decimal_format(const void *value, int32_t width, int32_t scale, char *out);

/* Read [+-]digits[.digits][e[+-]digits], the whole text, with digits before or behind the
 * point. More digits than `scale` keeps must be zeros; more than `precision` digits is an
 * overflow. */
stoa_status stoa__decimal_parse(const char *text, size_t size, int32_t precision,
                                int32_t scale, int32_t width, void *out, stoa_error *err);

/* To another precision, scale and width, exactly or not at all. `out` may be `value`. */
stoa_status stoa__decimal_rescale(const void *value, int32_t width, int32_t scale,
                                  int32_t to_precision, int32_t to_scale,
                                  int32_t to_width, void *out, stoa_error *err);

stoa_status stoa__decimal_from_int64(int64_t value, int32_t precision, int32_t scale,
                                     int32_t width, void *out, stoa_error *err);
stoa_status stoa__decimal_from_uint64(uint64_t value, int32_t precision, int32_t scale,
                                      int32_t width, void *out, stoa_error *err);
/* Fails when there is a fraction or the number is out of range. */
stoa_status stoa__decimal_to_int64(const void *value, int32_t width, int32_t scale,
                                   int64_t *out, stoa_error *err);
stoa_status stoa__decimal_to_uint64(const void *value, int32_t width, int32_t scale,
                                    uint64_t *out, stoa_error *err);

/* A double counts as the shortest decimal that names it (0.1 is 0.1), which must fit
 * exactly. */
stoa_status stoa__decimal_from_double(double value, int32_t precision, int32_t scale,
                                      int32_t width, void *out, stoa_error *err);
/* The nearest double. *exact (may be NULL): stoa__decimal_from_double() would give it
 * back. */
double stoa__decimal_to_double(const void *value, int32_t width, int32_t scale,
                               bool *exact);

#endif
