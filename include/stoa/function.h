/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/function.h: the caller's functions and collations inside the engine's SQL.
 *
 * A function may not use the connection it runs on (STOA_ERR_BUSY), but may close any handle. It
 * fails by filling `err` and returning < 0; the text becomes the statement's error
 * (STOA_ERR_CALLBACK). It must not let an exception or longjmp pass.
 */
#ifndef STOA_FUNCTION_H
#define STOA_FUNCTION_H

#include "stoa/arrow.h"
#include "stoa/db.h"
#include "stoa/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A registered function. It ends with its connection. */
typedef struct stoa_function {
    uint64_t id;
} stoa_function;

/* One row: `arguments` holds one row of typed values, valid for the call. Fill `result`; the bytes
 * of a text or blob lie at result->a of `*result_bytes` and are copied as soon as the function
 * returns. `result` is NULL-typed when called. */
typedef stoa_status (*stoa_row_function)(void *user_data, const stoa_rows *arguments,
                                         stoa_value *result, const uint8_t **result_bytes,
                                         stoa_error *err);

/* Many rows: `arguments` is a struct array, borrowed for the call. Fill `result` with an array of
 * the declared type and the same length; it is then owned by the library. SQLite's own execution
 * is row by row, so there a batch has one row. */
typedef stoa_status (*stoa_batch_function)(void *user_data, const struct ArrowArray *arguments,
                                           struct ArrowArray *result, stoa_error *err);

/* An aggregate takes batches of its group's rows. `*state` is 0 at a group's first batch and
 * belongs to the function; the engine may keep many groups open. */
typedef stoa_status (*stoa_aggregate_step)(void *user_data, uint64_t *state,
                                           const struct ArrowArray *arguments, stoa_error *err);
/* Fill `result` with an array of one row. Called with state 0 for a group without rows. */
typedef stoa_status (*stoa_aggregate_finish)(void *user_data, uint64_t *state,
                                             struct ArrowArray *result, stoa_error *err);
/* Give up a group's state, finished or not. Once a group whose state is not 0. */
typedef void (*stoa_aggregate_free)(void *user_data, uint64_t state);

enum {
    STOA_FUNCTION_DETERMINISTIC = 1, /* Same arguments, same result: may be folded and indexed. */
    STOA_FUNCTION_CALL_ON_NULL = 2,  /* Without it a NULL argument gives NULL uncalled; an
                                        aggregate skips the row. */
    STOA_FUNCTION_NULL_ON_ERROR = 4, /* A failure gives NULL instead of ending the statement. */
    STOA_FUNCTION_VARIADIC = 8,      /* Any number of arguments of the last parameter's type. */
    STOA_FUNCTION_IN_SCHEMA = 16,    /* Also allowed in views, triggers and CHECKs. */
    STOA_FUNCTION_REPLACE = 32       /* Take the place of one of the same name and count. */
};

/*
 * What to register. `struct_size` is sizeof; exactly one of `row`, `batch` and `step` is set.
 *
 *   name         name_size bytes, or STOA_NUL.
 *   parameters   A struct's schema, a child a parameter; format "n" takes any type (row functions
 *                only). Borrowed for the call.
 *   returns      The result's type; NULL: whatever the row function gives.
 */
typedef struct stoa_function_spec {
    int64_t struct_size;
    const char *name;
    int64_t name_size;
    const struct ArrowSchema *parameters;
    const struct ArrowSchema *returns;
    int64_t flags;
    stoa_row_function row;
    stoa_batch_function batch;
    stoa_aggregate_step step;
    stoa_aggregate_finish finish;
    stoa_aggregate_free drop;
} stoa_function_spec;

/*
 * Register a function on a connection. BUSY when it would replace one while statements run.
 *
 *   user_data, release   Kept; release(user_data) runs exactly once: when the function is closed
 *                        and no statement uses it, with its connection, or when this call fails.
 */
STOA_API stoa_status stoa_function_register(stoa_conn conn, const stoa_function_spec *spec,
                                            void *user_data, stoa_release release,
                                            stoa_function *out, stoa_error *err);

/* Remove the function; a statement that runs keeps it until it ends. */
STOA_API void stoa_function_close(stoa_function function);

/* The same by name, with every argument count. NOT_FOUND when there is none. */
STOA_API stoa_status stoa_function_drop(stoa_conn conn, const char *name, int64_t name_size,
                                        stoa_error *err);

/* Orders two texts: < 0, 0 or > 0. Must be consistent; must not fail. */
typedef int32_t (*stoa_compare)(void *user_data, const char *a, int64_t a_size, const char *b,
                                int64_t b_size);

/* Register a collation on a connection, or remove it with a NULL `compare`. An index made with a
 * collation needs it at every later use. release(user_data) exactly once, as above. */
STOA_API stoa_status stoa_collation_register(stoa_conn conn, const char *name, int64_t name_size,
                                             stoa_compare compare, void *user_data,
                                             stoa_release release, stoa_error *err);

#ifdef __cplusplus
}
#endif

#endif
