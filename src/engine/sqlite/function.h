/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's functions and collations inside SQLite's SQL. function.c owns registration and row
 * and batch functions, aggregate.c aggregates, function_value.c values on their way in and out. */
#ifndef STOA_ENGINE_SQLITE_FUNCTION_H
#define STOA_ENGINE_SQLITE_FUNCTION_H

#include "arrow/builder.h"
#include "engine/sqlite/type.h"

/* One registration. SQLite refers to it until its destructor, the core until function_drop. */
struct sqlite_function {
    struct sqlite_function *next; /* In session->functions: those waiting to be removed. */
    struct sqlite_session *session;
    struct stoa__function_spec spec; /* Its arena and user_data are owned. */
    struct sqlite_column_form returns; /* `type` NULL: whatever a row function gives. */
    int32_t parameter_count;
    int32_t references;
    /* Scratch of row functions: free while none of it runs. */
    stoa__buffer values, bytes;
    bool running;
};

/* ---- function_value.c ---- */

/* Append an argument to a packed row, as its declared type says. */
stoa_status sqlite_argument_pack(const struct sqlite_function *function, int32_t index,
                                 sqlite3_value *value, stoa__buffer *values, stoa__buffer *bytes,
                                 stoa_error *err);
/* Append an argument to a column of its declared type. */
stoa_status sqlite_argument_append(const struct sqlite_function *function, int32_t index,
                                   sqlite3_value *value, struct stoa__column *column,
                                   stoa_error *err);
/* Give a row function's result to SQLite. */
stoa_status sqlite_result_pack(const struct sqlite_function *function, sqlite3_context *context,
                               const stoa_value *value, const uint8_t *bytes, stoa_error *err);
/* Give row 0 of a batch function's result, which is checked, to SQLite. */
stoa_status sqlite_result_array(const struct sqlite_function *function, sqlite3_context *context,
                                const struct ArrowArray *array, stoa_error *err);

/* ---- function.c ---- */

stoa_status sqlite_function_add(void *session, struct stoa__function_spec *spec, void **function,
                                stoa_error *err);
void sqlite_function_drop(void *function);
/* Remove those that could not be removed while statements ran. */
void sqlite_functions_settle(struct sqlite_session *session);
/* The same once the connection is closed, which removed them all. */
void sqlite_functions_forget(struct sqlite_session *session);
/* The struct type of `count` arguments: the parameters, or in variadic functions a type made of
 * them, in `arena`. NULL: memory ran out. */
const struct stoa__arrow_type *sqlite_arguments_type(const struct sqlite_function *function,
                                                     int count, stoa__arena *arena);
/* Report a function's failure to SQLite: kept for sqlite_fail(), or NULL by its flag. */
void sqlite_function_fail(struct sqlite_function *function, sqlite3_context *context,
                          stoa_error *error);

bool sqlite_any_null(int count, sqlite3_value **values);
/* An error for a callback: nothing is said. Its text's kilobyte is not cleared for every row. */
void sqlite_callback_error(stoa_error *error);
/* What a callback said when it failed, as STOA_ERR_CALLBACK; silence gets a sentence. */
stoa_status sqlite_callback_failed(stoa_status rc, stoa_error *error);

/* aggregate.c */
void sqlite_aggregate_step(sqlite3_context *context, int count, sqlite3_value **values);
void sqlite_aggregate_final(sqlite3_context *context);

/* collation.c */
stoa_status sqlite_collation_add(void *session, const char *name, stoa_compare compare,
                                 void *user_data, stoa_release release, stoa_error *err);

#endif
