/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predicates pushed down into a scan: planned once with the statement, evaluated
 * batch-wise on raw buffers into a list of rows. SQLite checks every row again, so a row
 * too many is harmless and a row too few is a wrong answer: what is not surely false
 * stays.
 *
 * A plan is a text, one term after the other: a letter for the operator, then the
 * column's number ("=0;" "<-1;", -1 being the rowid), in the order of the values given to
 * xFilter.
 */
#ifndef STOA_ENGINE_SQLITE_FILTER_H
#define STOA_ENGINE_SQLITE_FILTER_H

#include "engine/sqlite/reader.h"

enum {
    /* Terms beyond it are left to SQLite; no person writes so many. */
    FILTER_TERMS_MAX = 16,
    /* Rows looked at together: their list stays in the first cache. */
    FILTER_ROWS_MAX = 4096
};

enum filter_test {
    FILTER_INT_RANGE = 1,
    FILTER_FLOAT_RANGE,
    FILTER_TEXT_EQUAL,
    FILTER_IS_NULL,
    FILTER_NOT_NULL
};

struct sqlite_filter_term {
    enum filter_test test;
    int32_t column;
    int64_t low, high; /* INT_RANGE, both included. */
    double float_low, float_high;
    size_t text_first, text_size; /* TEXT_EQUAL: in `texts`. */
};

/* All-zero lets everything through once begin() has run. */
struct sqlite_filter {
    struct sqlite_filter_term terms[FILTER_TERMS_MAX];
    int32_t count;
    int64_t row_low, row_high; /* Rowids, both included. */
    stoa__buffer texts;
};

/* What xBestIndex must know of a source. */
struct sqlite_filter_source {
    const struct sqlite_source_column *columns;
    int32_t column_count;
    int64_t row_count; /* -1: not known. */
    bool pushdown;     /* False: rows come once, in order, and nobody chooses. */
};

/* xBestIndex: fills `info`. False: memory is out. */
bool sqlite_filter_plan(const struct sqlite_filter_source *source,
                        sqlite3_index_info *info);

/* xFilter: decide by the values what each term of `plan` (may be NULL) lets through. A
 * value of another class than its column is left to SQLite. Texts are copied. */
stoa_status sqlite_filter_begin(struct sqlite_filter *filter,
                                const struct sqlite_filter_source *source,
                                const char *plan, int value_count, sqlite3_value **values,
                                stoa_error *err);

/* Write the rows of [first, first + count) that may match to `rows`, as distances from
 * `first`, and answer how many. Columns of terms have been loaded. count <=
 * FILTER_ROWS_MAX. */
int32_t sqlite_filter_rows(const struct sqlite_filter *filter,
                           const struct sqlite_reader *readers, int64_t first,
                           int32_t count, uint16_t *rows);

void sqlite_filter_release(struct sqlite_filter *filter);

#endif
