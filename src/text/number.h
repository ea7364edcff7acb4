/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and their text, without libc and its locale: integers, doubles read to the
 * nearest and written with the fewest digits that read back the same, and exact moves
 * between the three floating-point widths.
 *
 * Reading takes the whole text: no spaces, no separators. Failures are STOA_ERR_TYPE,
 * quote the text, and say whether it is no number or too large.
 */
#ifndef STOA_TEXT_NUMBER_H
#define STOA_TEXT_NUMBER_H

#include "stoa/base.h"

#include <stdbool.h>

enum { STOA__INTEGER_TEXT_MAX = 20, STOA__DOUBLE_TEXT_MAX = 32 };

/* [+-]digits; unsigned: [+]digits, "-0" is refused. Leading zeros are allowed. */
stoa_status stoa__int64_parse(const char *text, size_t size, int64_t *out,
                              stoa_error *err);
stoa_status stoa__uint64_parse(const char *text, size_t size, uint64_t *out,
                               stoa_error *err);

/* Write to `out` (STOA__INTEGER_TEXT_MAX bytes), without a NUL; the answer is the
 * size. */
size_t stoa__int64_format(int64_t value, char *out);
size_t stoa__uint64_format(uint64_t value, char *out);

/*
 * [+-]digits[.digits][e[+-]digits] with a digit before or behind the point, or, in any
 * case of letters, [+-]inf, [+-]infinity, nan. The nearest double, ties to even; what is
 * too small becomes a zero of its sign, what is too large is refused. */
stoa_status stoa__double_parse(const char *text, size_t size, double *out,
                               stoa_error *err);
/* The same, rounded once to the nearest float. */
stoa_status stoa__float_parse(const char *text, size_t size, float *out, stoa_error *err);

/*
 * The shortest text that reads back as the same bits (nan: as a nan). To `out`
 * (STOA__DOUBLE_TEXT_MAX bytes), without a NUL; the answer is the size. "0.1", "1.0",
 * "-0.0", "1e300", "1.5e-7", "inf", "-inf", "nan": a point or an exponent always tells it
 * from an integer, and finite values are valid JSON. Exponents are used below 1e-5 and
 * from 1e17 on.
 */
size_t stoa__double_format(double value, char *out);
/* The same digits in the shorter of the fixed and the exponent form, the fixed one on a tie, as
 * C++ has it: "1", "0.001", "1e-04", "100", "1e+05". Whole numbers have all their digits:
 * "12345678901234567168". */
size_t stoa__double_format_short(double value, char *out);
size_t stoa__float_format(float value, char *out);

/* Half floats by their bits. Every half is a double. */
double stoa__half_to_double(uint16_t half);
/* The nearest, ties to even, overflow to infinity; *exact (may be NULL): nothing was lost
 * (a nan counts as exact). */
uint16_t stoa__half_from_double(double value, bool *exact);
float stoa__float_from_double(double value, bool *exact);

/* True, and the integer, when `value` is whole and in range. */
bool stoa__double_to_int64(double value, int64_t *out);
bool stoa__double_to_uint64(double value, uint64_t *out);

#endif
