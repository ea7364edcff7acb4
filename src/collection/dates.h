/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates as collections store them: text of one spelling, UTC, `YYYY-MM-DDTHH:MM:SS` with a fraction
 * only where it is not zero and without zeros at its end, so that the order of texts is that of
 * time. Years are 0001 to 9999. It reads every spelling that files hold:
 *
 *     YYYY-MM-DD   or that, T or a space, HH:MM[:SS[.1-9 digits]], and perhaps Z or +-HH[:MM]
 *
 * It knows no clock, no locale, and nothing of columns.
 */
#ifndef STOA_COLLECTION_DATES_H
#define STOA_COLLECTION_DATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any text collection_date_write() makes. */
enum { COLLECTION_DATE_MAX = 32 };

/* A moment: whole seconds since 1970, UTC, and 0 to 999,999,999 nanoseconds behind them. */
struct collection_instant {
    int64_t seconds;
    int32_t nanos;
};

/* Read any spelling above; false, with zeros, for all other text, a day that does not exist, and a
 * year outside of the range once it is UTC. */
bool collection_date_read(const char *text, size_t size, struct collection_instant *out);
/* Is it the one spelling already? */
bool collection_date_is_canonical(const char *text, size_t size);
/* Write the one spelling, without a NUL; the answer is its size, 0 for a year out of range. */
size_t collection_date_write(struct collection_instant at, char out[COLLECTION_DATE_MAX]);

/* A count of `unit` (STOA__CIVIL_*, as Arrow's) since 1970, or of days. */
struct collection_instant collection_date_of_ticks(int64_t value, uint32_t unit);
struct collection_instant collection_date_of_days(int64_t days);

/* Nanoseconds since 1970; false when 64 bits do not hold them (years 1678 to 2261 fit). */
bool collection_date_to_ns(struct collection_instant at, int64_t *out);

#endif
