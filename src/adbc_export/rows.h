/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the catalogue, and other small results, in memory; and the patterns they are filtered
 * by. */
#ifndef STOA_ADBC_EXPORT_ROWS_H
#define STOA_ADBC_EXPORT_ROWS_H

#include "adbc_export/parts.h"
#include "base/buffer.h"

/* All-zero is empty. */
struct driver_rows {
    stoa__buffer values; /* stoa_value */
    stoa__buffer bytes;
    int64_t row_count;
    int32_t column_count;
};

/* Borrowed from the rows; `data` NULL is NULL. */
struct driver_text {
    const char *data;
    int64_t size;
};

/* Read STOA_CATALOG_`what`, of one table or (NULL) of all, ignoring ASCII case. */
stoa_status stoa__driver_rows_read(struct driver_rows *rows, stoa_conn conn, stoa_op op,
                                   int32_t what, const char *table, stoa_error *err);
/* Append the rows of a query that gives as many columns as those that are there. */
stoa_status stoa__driver_rows_query(struct driver_rows *rows, stoa_conn conn, stoa_op op,
                                    const char *sql, stoa_error *err);
void stoa__driver_rows_release(struct driver_rows *rows);

struct driver_text stoa__driver_rows_text(const struct driver_rows *rows, int64_t row,
                                          int32_t column);
/* Integers and bools; 0 for others. */
int64_t stoa__driver_rows_int(const struct driver_rows *rows, int64_t row, int32_t column);

/* What stands before and behind the first dot; without one, or unless it `splits`, all of it and
 * "". */
void stoa__driver_text_split(struct driver_text whole, bool splits, struct driver_text *catalog,
                             struct driver_text *schema);
bool stoa__driver_text_equal(struct driver_text a, struct driver_text b);
bool stoa__driver_text_is(struct driver_text text, const char *word);
/* '%' is any run, '_' one character; a NULL pattern takes everything. */
bool stoa__driver_text_like(struct driver_text text, const char *pattern);

#endif
