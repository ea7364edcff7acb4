/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw columns (stoa_column) as an Arrow batch that borrows the caller's memory for the
 * duration of a call. The one place that decides whether a descriptor is safe to follow;
 * values (UTF-8, JSON, decimal text) are for whoever uses them to check.
 *
 *   type                layout                Arrow              memory
 *   NULL                any                   n                  -
 *   BOOL                BITS                  b                  borrowed
 *   BOOL                FIXED                 b                  copied, a bit a value
 *   numbers             FIXED                 c s i l ... f g    borrowed
 *   TIMESTAMP, TIME     FIXED                 tsn:UTC, ttn       borrowed
 *   DATE, DURATION      FIXED                 tdD, tDn           borrowed
 *   INTERVAL, UUID      FIXED                 tin, w:16          borrowed
 *   TEXT, SYMBOL, JSON, PACKED                U (BYTES: Z)       borrowed, offsets too
 *     DECIMAL, BYTES    VIEW, short values    U (BYTES: Z)       copied
 *                       VIEW, long values     vu (BYTES: vz)     borrowed, 32 bytes a row
 *                       CODES                 i with dictionary  codes borrowed
 *
 * Values are long when they have STOA__RAW_LONG_BYTES on average: from there on copying
 * costs more than the view and the buffer each value then needs. What is not aligned to
 * its own size is copied to where it is, so that loops over buffers may rely on it.
 *
 * Columns are nullable. UUID, JSON, DECIMAL and SYMBOL are marked as extension types
 * arrow.uuid, arrow.json, stoa.decimal (text) and stoa.symbol.
 */
#ifndef STOA_ARROW_RAW_H
#define STOA_ARROW_RAW_H

#include "base/arena.h"
#include "stoa/arrow.h"
#include "stoa/ingest.h"

enum { STOA__RAW_LONG_BYTES = 256 };

/* A batch over raw columns. `schema` and `array` may be moved out and are released by
 * whoever has them, but what they point to lives until stoa__raw_release() and, where
 * it is borrowed, until the caller's call ends. */
struct stoa__raw {
    struct ArrowSchema schema; /* A struct. */
    struct ArrowArray array;
    stoa__arena arena;
};

/* Check `columns` against `row_count` and each other, and make the batch. INVALID names
 * the column and what is wrong with it; on failure `out` is zero. */
stoa_status stoa__raw_init(struct stoa__raw *out, const stoa_column *columns,
                           int64_t column_count, int64_t row_count, stoa_error *err);
/* Accepts all-zero, leaves all-zero. */
void stoa__raw_release(struct stoa__raw *raw);

#endif
