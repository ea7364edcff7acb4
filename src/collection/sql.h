/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements for the rooms' own use, over the engine's table: a text that is built once a call with
 * quoted names, prepared by the session (which keeps prepared statements under their text), bound
 * from packed values and run. Errors are the engine's, worded "Failed to prepare statement: ..."
 * and "Failed to execute statement: ...". Values come as they are stored: INT64, FLOAT64, TEXT,
 * BYTES or NULL.
 */
#ifndef STOA_COLLECTION_SQL_H
#define STOA_COLLECTION_SQL_H

#include "base/buffer.h"
#include "collection/enter.h"
#include "text/sql.h"

/* Append text, with %Q for a quoted identifier (const char *), %T for that of a table of the main
 * database, %s, %d and %%. Sticky: a failure is told by collection_text_end(), which terminates the
 * text. */
void collection_text(stoa__buffer *text, const char *format, ...);
stoa_status collection_text_end(stoa__buffer *text, stoa_error *err);
/* Memory ran out for who appended by himself. */
void collection_text_break(stoa__buffer *text);

/* A prepared statement; closed by collection_sql_close() (which gives it back to the cache). */
struct collection_sql {
    struct collection_call *call;
    void *native;
    void *cursor;                  /* While collection_sql_run() has it running. */
    struct stoa__row_writer row;   /* What collection_sql_row() or _rows() gave. */
    struct stoa__cursor_info info;
};
stoa_status collection_sql_open(struct collection_sql *sql, struct collection_call *call,
                                const char *text, size_t size, stoa_error *err);
void collection_sql_close(struct collection_sql *sql); /* Accepts all-zero. */
/* Word a failure of the engine's as theirs are; answers `rc`. */
stoa_status collection_sql_fail(stoa_status rc, stoa_error *err);
/* Run it with packed values, to its end; DONE: no row. The first row is in sql->row. */
stoa_status collection_sql_row(struct collection_sql *sql, const stoa_value *values, int64_t count,
                               const uint8_t *bytes, int64_t bytes_size, stoa_error *err);
/* Run a write once for each of `row_count` rows of packed values. `info` sums up (on success);
 * `*done` tells how many went in. */
stoa_status collection_sql_each(struct collection_sql *sql, const stoa_value *values,
                                int64_t value_count, int64_t row_count, const uint8_t *bytes,
                                int64_t bytes_size, struct stoa__cursor_info *info, int64_t *done,
                                stoa_error *err);
/* Or run it for many rows: begin, then read up to `rows_max` rows at a time into sql->row; DONE
 * behind the last. Ended by collection_sql_close(). */
stoa_status collection_sql_run(struct collection_sql *sql, const stoa_value *values, int64_t count,
                               const uint8_t *bytes, int64_t bytes_size, stoa_error *err);
stoa_status collection_sql_rows(struct collection_sql *sql, int64_t rows_max, stoa_error *err);
/* Open, run for one row, and close but for sql->row, which collection_sql_close() still frees. */
stoa_status collection_sql_once(struct collection_sql *sql, struct collection_call *call,
                                const char *text, stoa_error *err);

/* Run all statements of a text, inside a transaction that they cannot end, but those of which
 * `skip` (may be NULL) answers true. Errors are worded "Failed to execute SQL: ...; line 3, column
 * 1"; `position` counts from the text's start; a row of PRAGMA foreign_key_check is CONSTRAINT.
 * `count` of those run may be NULL. */
typedef bool (*collection_skip)(const struct stoa__sql_statement *statement);
stoa_status collection_sql_script(struct collection_call *call, const char *text, size_t size,
                                  collection_skip skip, int64_t *count, stoa_error *err);
/* How many it would run. */
int64_t collection_sql_count(const char *text, size_t size, collection_skip skip);

/* Values of the first row that was read, or (`column` + columns * row) of another. */
int64_t collection_row_int64(const struct stoa__row_writer *row, int64_t column);
const char *collection_row_text(const struct stoa__row_writer *row, int64_t column, size_t *size);
bool collection_row_is_null(const struct stoa__row_writer *row, int64_t column);

#endif
