/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/query.h: statements, parameters and results.
 *
 * Parameters travel packed: `params` has `param_count` values whose texts lie in `bytes`
 * (stoa/value.h). They are positional (1st, 2nd, ...), or each is preceded by a value of type
 * STOA_TYPE_NAME. Placeholders are written ?, $1 or :name whatever the engine. All are copied.
 */
#ifndef STOA_QUERY_H
#define STOA_QUERY_H

#include "stoa/arrow.h"
#include "stoa/db.h"
#include "stoa/value.h"

#ifdef __cplusplus
extern "C" {
#endif

struct stoa_column; /* stoa/ingest.h */

/* A prepared statement. Used like its connection. */
typedef struct stoa_stmt {
    uint64_t id;
} stoa_stmt;

/* The rows of a statement, read once, forward. Used like its connection. */
typedef struct stoa_result {
    uint64_t id;
} stoa_result;

/* What a statement that writes did. */
typedef struct stoa_done {
    int64_t rows_affected;  /* -1 when it is not one that writes. */
    int64_t last_insert_id; /* 0 if it inserted nothing or the engine has none. */
} stoa_done;

/*
 * Run the first statement of `sql` and hand its rows over as a result; stoa_result_next_result()
 * runs the next one. Parameters belong to the first; the others must have none. May block. Calls
 * back.
 *
 *   sql   Borrowed for the call (a copy of what was not run yet is kept by the result).
 *   out   The new result; its schema is known at once, also for statements without rows (no
 *         columns).
 */
STOA_API stoa_status stoa_query(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                                const stoa_value *params, int64_t param_count,
                                const uint8_t *bytes, int64_t bytes_size, stoa_result *out,
                                stoa_error *err);

/* Run every statement of `sql`, to its end, and throw rows away. `out` (may be NULL) sums the rows
 * affected. Stops at the first failure, whose position counts from the start of `sql`; statements
 * before it have been run. May block. Calls back. */
STOA_API stoa_status stoa_run(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                              const stoa_value *params, int64_t param_count, const uint8_t *bytes,
                              int64_t bytes_size, stoa_done *out, stoa_error *err);

/* Run one statement, kept prepared by the connection under its text, and give its first row: a
 * point query in one call. STOA_DONE when there is none. Further rows are not computed; what the
 * statement writes is written in full. `out` is borrowed until the connection's next call or
 * close. May block. Calls back. */
STOA_API stoa_status stoa_query_row(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                                    const stoa_value *params, int64_t param_count,
                                    const uint8_t *bytes, int64_t bytes_size, stoa_rows *out,
                                    stoa_error *err);

/* Prepare one statement. SYNTAX when `sql` holds none or more than one. May block. */
STOA_API stoa_status stoa_prepare(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                                  stoa_stmt *out, stoa_error *err);
STOA_API void stoa_stmt_close(stoa_stmt stmt);

/* The statement's parameters as the children of a struct: name ("" if it has none) and type (null
 * where the engine does not say). Owned by the caller. */
STOA_API stoa_status stoa_stmt_parameters(stoa_stmt stmt, struct ArrowSchema *out,
                                          stoa_error *err);
/* Position, from 1, of a named parameter; NOT_FOUND names those there are. */
STOA_API stoa_status stoa_stmt_parameter(stoa_stmt stmt, const char *name, int64_t name_size,
                                         int32_t *position, stoa_error *err);
/* The columns it will answer with, as far as they are known before it runs. Owned by the caller. */
STOA_API stoa_status stoa_stmt_schema(stoa_stmt stmt, struct ArrowSchema *out, stoa_error *err);

/* Bind one parameter, by position from 1, for executions that pass no parameters of their own.
 * Bound values stay until bound again or cleared. Text and bytes are copied. */
STOA_API stoa_status stoa_bind_null(stoa_stmt stmt, int32_t position, stoa_error *err);
STOA_API stoa_status stoa_bind_int64(stoa_stmt stmt, int32_t position, int64_t value,
                                     stoa_error *err);
STOA_API stoa_status stoa_bind_float64(stoa_stmt stmt, int32_t position, double value,
                                       stoa_error *err);
STOA_API stoa_status stoa_bind_text(stoa_stmt stmt, int32_t position, const char *text,
                                    int64_t text_size, stoa_error *err);
STOA_API stoa_status stoa_bind_bytes(stoa_stmt stmt, int32_t position, const uint8_t *bytes,
                                     int64_t bytes_size, stoa_error *err);
/* Any scalar type: `value` as in a packed row with `bytes`. */
STOA_API stoa_status stoa_bind_value(stoa_stmt stmt, int32_t position, const stoa_value *value,
                                     const uint8_t *bytes, int64_t bytes_size, stoa_error *err);
STOA_API stoa_status stoa_bind_clear(stoa_stmt stmt, stoa_error *err);

/* Run a prepared statement. An older result of it that is still open answers CLOSED from then on.
 * May block. Calls back. */
STOA_API stoa_status stoa_execute(stoa_stmt stmt, stoa_op op, const stoa_value *params,
                                  int64_t param_count, const uint8_t *bytes, int64_t bytes_size,
                                  stoa_result *out, stoa_error *err);
/* Its first row, as stoa_query_row(). */
STOA_API stoa_status stoa_execute_row(stoa_stmt stmt, stoa_op op, const stoa_value *params,
                                      int64_t param_count, const uint8_t *bytes,
                                      int64_t bytes_size, stoa_rows *out, stoa_error *err);

/* Run the statement once for every row of `rows`, whose columns are its parameters: by name where
 * all parameters have names the stream has too, by position where none has; where some have and
 * others not it is STOA_ERR_INVALID. All rows or none. `rows` is taken on success; on failure it is
 * the caller's to release. May block. Calls back. */
STOA_API stoa_status stoa_execute_stream(stoa_stmt stmt, stoa_op op, struct ArrowArrayStream *rows,
                                         stoa_done *out, stoa_error *err);
/* The same from raw columns of equal count, borrowed for the call. */
STOA_API stoa_status stoa_execute_columns(stoa_stmt stmt, stoa_op op,
                                          const struct stoa_column *columns, int64_t column_count,
                                          int64_t row_count, stoa_done *out, stoa_error *err);

/* ---- results ---- */

/* Columns of the result. Owned by the caller. Known before the first row; to tell types an engine
 * does not declare the first rows may be read ahead. */
STOA_API stoa_status stoa_result_schema(stoa_result result, struct ArrowSchema *out,
                                        stoa_error *err);

/* Ask for other types before the first row is read: a struct with a child a column; a child of
 * format "n" leaves its column as it is. Values that do not fit are STOA_ERR_TYPE when read. */
STOA_API stoa_status stoa_result_request(stoa_result result, const struct ArrowSchema *schema,
                                         stoa_error *err);

/* Read the next batch, owned by the caller; STOA_DONE at the end. After a failure the same failure
 * is repeated. May block. Calls back. */
STOA_API stoa_status stoa_result_next(stoa_result result, stoa_op op, struct ArrowArray *out,
                                      stoa_error *err);

/* Read up to `rows_max` rows (1 to 16777216), packed; STOA_DONE, with no rows in `out`, at the end.
 * `out` is borrowed until the result's next call or close. Batches and rows may be read in turn.
 * May block. Calls back. */
STOA_API stoa_status stoa_result_rows(stoa_result result, stoa_op op, int64_t rows_max,
                                      stoa_rows *out, stoa_error *err);

/* Step to the next row, for the getters below; STOA_DONE at the end. May block. Calls back. */
STOA_API stoa_status stoa_result_step(stoa_result result, stoa_op op, stoa_error *err);
/* The current row's value, by column from 0. A value that does not fit without loss is
 * STOA_ERR_TYPE, and so is NULL for all but the first. Pointers are borrowed until the next
 * step. */
STOA_API stoa_status stoa_result_is_null(stoa_result result, int32_t column, int32_t *out,
                                         stoa_error *err);
STOA_API stoa_status stoa_result_int64(stoa_result result, int32_t column, int64_t *out,
                                       stoa_error *err);
STOA_API stoa_status stoa_result_float64(stoa_result result, int32_t column, double *out,
                                         stoa_error *err);
/* Any value as text; NUL-terminated. A timestamp of a column with a zone is UTC and ends with Z. */
STOA_API stoa_status stoa_result_text(stoa_result result, int32_t column, const char **text,
                                      int64_t *text_size, stoa_error *err);
STOA_API stoa_status stoa_result_bytes(stoa_result result, int32_t column, const uint8_t **bytes,
                                       int64_t *bytes_size, stoa_error *err);

/* Turn the rest of the result into an Arrow stream, owned by the caller, which outlives result,
 * connection and database; stoa_db_shutdown() ends it with an error. The result is closed on
 * success. `op` governs the stream's reads for its whole life and may be closed. One thread at a
 * time. A thread that is inside a call on the same connection may pull it; while another thread is,
 * a pull is STOA_ERR_BUSY (EBUSY) and loses nothing. */
STOA_API stoa_status stoa_result_export(stoa_result result, stoa_op op,
                                        struct ArrowArrayStream *out, stoa_error *err);

/* Run the next statement of the text; STOA_DONE when there is none. What was unread of the current
 * one is dropped. May block. Calls back. */
STOA_API stoa_status stoa_result_next_result(stoa_result result, stoa_op op, stoa_error *err);

/* What a result has done so far. Starts with its size, which the caller sets: fields the library
 * does not know are zeroed, fields the caller does not know are left out. -1: not known. */
typedef struct stoa_stats {
    int64_t struct_size;
    int64_t rows_affected;
    int64_t last_insert_id;
    int64_t rows_read;     /* Given to the caller. */
    int64_t rows_scanned;  /* Looked at by the engine. */
    int64_t values_coerced; /* Made NULL by type_mismatch=null. */
    int64_t elapsed_ns;    /* Inside the library's calls. */
} stoa_stats;
STOA_API stoa_status stoa_result_stats(stoa_result result, stoa_stats *out, stoa_error *err);

/* The table a result of stoa_read() is from; "" for others. Borrowed until the result's next_result
 * or close. */
STOA_API stoa_status stoa_result_table(stoa_result result, const char **name, int64_t *name_size,
                                       stoa_error *err);

/* Closing a result that wrote nothing to its end ends its statement there. */
STOA_API void stoa_result_close(stoa_result result);

/*
 * Read whole tables, without SQL: a result a table, in the order asked (stoa_result_next_result).
 * Rows come in the order of the table's index: its first timestamp column, named in the schema's
 * metadata as `stoa:index`; without one in the engine's order. May block.
 *
 *   tables, columns   Values of type TEXT over `bytes`; no columns = all.
 *   begin, end        [begin, end) in nanoseconds on the index; INT64_MIN and INT64_MAX = all. A
 *                     range on a table without index is STOA_ERR_INVALID.
 *   batch_rows        0 = the connection's.
 */
STOA_API stoa_status stoa_read(stoa_conn conn, stoa_op op, const stoa_value *tables,
                               int64_t table_count, const stoa_value *columns,
                               int64_t column_count, const uint8_t *bytes, int64_t bytes_size,
                               int64_t begin, int64_t end, int64_t batch_rows, stoa_result *out,
                               stoa_error *err);

#ifdef __cplusplus
}
#endif

#endif
