/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of an ingest as text. It quotes names; it runs nothing. All append to
 * `out`, and fail with NOMEM, or INVALID for a name that cannot be one. */
#ifndef STOA_ENGINE_SQLITE_INGEST_SQL_H
#define STOA_ENGINE_SQLITE_INGEST_SQL_H

#include "base/buffer.h"

/* A table by its full name. */
struct sqlite_table_name {
    const char *database;
    const char *table;
};

/* Columns by name; all NUL-terminated. */
struct sqlite_names {
    const char *const *items;
    int32_t count;
};

/* Text pieces; `%N` a quoted name, `%T` "database"."table", `%L` a list of quoted names,
 * `%s` text as it is, `%d` an int32_t. */
stoa_status sqlite_sql(stoa__buffer *out, stoa_error *err, const char *format, ...);

/* INSERT INTO t(columns) SELECT c0, c1, ... FROM module; with `keys` the rest of an
 * upsert, which calls stoa_replaced() once a row that was there. */
stoa_status sqlite_sql_insert_all(stoa__buffer *out, struct sqlite_table_name table,
                                  struct sqlite_names columns, struct sqlite_names keys,
                                  const char *module, stoa_error *err);
/* The same for one row of parameters. */
stoa_status sqlite_sql_insert_one(stoa__buffer *out, struct sqlite_table_name table,
                                  struct sqlite_names columns, struct sqlite_names keys,
                                  stoa_error *err);

/* `a`."k" IS `b`."k" AND ..., which NULLs pass. */
stoa_status sqlite_sql_same(stoa__buffer *out, const char *a, const char *b,
                            struct sqlite_names keys, stoa_error *err);

#endif
