/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans of time and their ISO 8601 text. A *duration* is a count of a unit, its days have
 * 86,400 seconds; an *interval* keeps months, days and nanoseconds apart, since neither a
 * month nor a day has a fixed length.
 *
 * Text: [+-]P[nY][nM][nW][nD][T[nH][nM][n[.f]S]], at least one part, in this order, each
 * once, each with a sign of its own if wanted; only seconds have a fraction. Reading
 * takes the whole text; every failure is STOA_ERR_TYPE and quotes it.
 */
#ifndef STOA_TEXT_DURATION_H
#define STOA_TEXT_DURATION_H

#include "text/civil.h"

struct stoa__interval {
    int32_t months;
    int32_t days;
    int64_t nanos;
};

/* Write to `out` (STOA__CIVIL_TEXT_MAX bytes), without a NUL; the answer is the size. A
 * duration is -P1DT2H3M4.5S with one sign in front, zero is PT0S, a fraction ends with
 * its last digit that is not zero. An interval has its signs at the parts:
 * P1Y2M-3DT-4.5S. */
size_t stoa__duration_format(int64_t value, uint32_t unit, char *out);
size_t stoa__interval_format(const struct stoa__interval *value, char *out);

/* A duration's text has no years and months. Digits finer than `unit` must be zero. */
stoa_status stoa__duration_parse(const char *text, size_t size, uint32_t unit,
                                 int64_t *value, stoa_error *err);
/* Years become 12 months, weeks 7 days, and everything behind T nanoseconds. */
stoa_status stoa__interval_parse(const char *text, size_t size,
                                 struct stoa__interval *out, stoa_error *err);

#endif
