/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates and times of the proleptic Gregorian calendar, years -9999 to 9999, and their
 * text. It knows no time zones but fixed offsets, no leap seconds and no clock; libc's
 * calendar and locale are never asked.
 *
 * Text forms
 *   date        YYYY-MM-DD, -YYYY-MM-DD before the year 0 (which exists)
 *   time        HH:MM:SS[.f]
 *   timestamp   <date>T<time>[Z|+HH:MM|-HH:MM|+HHMM|+HH]; reading takes a space for the T
 * Reading is strict and takes the whole text. A leap second, 24:00:00 and digits finer
 * than the unit that are not zero are refused. Every failure to read is STOA_ERR_TYPE and
 * quotes the text.
 */
#ifndef STOA_TEXT_CIVIL_H
#define STOA_TEXT_CIVIL_H

#include "stoa/base.h"

#include <stdbool.h>

/* Units of a count of time. Functions take them as uint32_t so that an Arrow unit, which
 * has the same values, passes without a cast. */
enum stoa__civil_unit {
    STOA__CIVIL_SECOND = 1,
    STOA__CIVIL_MILLI = 2,
    STOA__CIVIL_MICRO = 3,
    STOA__CIVIL_NANO = 4
};

enum {
    /* Room for any text this module and duration.h write. */
    STOA__CIVIL_TEXT_MAX = 96,
    STOA__CIVIL_YEAR_MIN = -9999,
    STOA__CIVIL_YEAR_MAX = 9999
};

struct stoa__civil_date {
    int32_t year;
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
};

/* Ticks of `unit` in a second: 1, 1000, 1000000, 1000000000. */
int64_t stoa__civil_per_second(uint32_t unit);

/* Does the day exist, in a year of the range above? */
bool stoa__civil_valid(int32_t year, int32_t month, int32_t day);

/* Days since 1970-01-01 of a valid day, and back. `days` outside the range of years gives
 * false and leaves a zero date. */
int64_t stoa__civil_days(int32_t year, int32_t month, int32_t day);
bool stoa__civil_date(int64_t days, struct stoa__civil_date *out);

/*
 * Express a count of `from` in `to`. Going coarser rounds towards minus infinity, and
 * *remainder (may be NULL) is what was cut off, in `from`, never negative. False, with
 * zeros, when the result does not fit 64 bits.
 */
bool stoa__civil_convert(int64_t value, uint32_t from, uint32_t to, int64_t *out,
                         int64_t *remainder);

/* The same for whoever may lose nothing: STOA_ERR_TYPE for an overflow or a remainder. */
stoa_status stoa__civil_convert_exact(int64_t value, uint32_t from, uint32_t to,
                                      int64_t *out, stoa_error *err);

/*
 * Write text to `out` (STOA__CIVIL_TEXT_MAX bytes), without a NUL; the answer is its
 * size. The fraction has exactly 0, 3, 6 or 9 digits, by the unit. 0 when there is no
 * text for the value: a year beyond the range, a time of day that is negative or not
 * below 24 hours. Timestamps are written with a T and no zone: the caller adds "Z" where
 * the column is UTC.
 */
size_t stoa__date_format(int64_t days, char *out);
size_t stoa__time_format(int64_t value, uint32_t unit, char *out);
size_t stoa__timestamp_format(int64_t value, uint32_t unit, char *out);

stoa_status stoa__date_parse(const char *text, size_t size, int64_t *days,
                             stoa_error *err);
stoa_status stoa__time_parse(const char *text, size_t size, uint32_t unit, int64_t *value,
                             stoa_error *err);
/* With a Z or an offset the value is UTC and *zoned (may be NULL) true; else it is as
 * written. */
stoa_status stoa__timestamp_parse(const char *text, size_t size, uint32_t unit,
                                  int64_t *value, bool *zoned, stoa_error *err);

#endif
