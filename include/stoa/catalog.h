/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/catalog.h: what a database holds and what an engine offers, as results and Arrow streams.
 */
#ifndef STOA_CATALOG_H
#define STOA_CATALOG_H

#include "stoa/arrow.h"
#include "stoa/query.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What stoa_catalog() lists, with the columns of its result (text unless said). */
enum {
    /* database, path, read_only (bool) */
    STOA_CATALOG_DATABASES = 1,
    /* database, table, type (table | view | virtual | shadow | scan), sql, strict (bool),
     * without_rowid (bool), column_count (int32) */
    STOA_CATALOG_TABLES = 2,
    /* database, table, column, position (int32, from 1), type (as declared), format (of Arrow),
     * nullable (bool), default, key_position (int32, 0 = not in the primary key),
     * generated (none | virtual | stored), hidden (bool), collation */
    STOA_CATALOG_COLUMNS = 3,
    /* database, table, index, unique (bool), origin (created | unique | key), partial (bool),
     * position (int32, from 1), column (NULL = an expression), descending (bool), collation, sql */
    STOA_CATALOG_INDEXES = 4,
    /* database, table, name, kind (primary | unique | foreign), position (int32, from 1), column,
     * other_table, other_column, on_update, on_delete */
    STOA_CATALOG_KEYS = 5,
    /* name, kind (scalar | aggregate | window | table), argument_count (int32, -1 = any),
     * origin (engine | caller), deterministic (bool) */
    STOA_CATALOG_FUNCTIONS = 6,
    /* name */
    STOA_CATALOG_COLLATIONS = 7,
    /* database, table, column (NULL = the whole table), statistic ("row count", "null count",
     * "distinct count", "smallest value", ...), value (numbers in decimal), approximate (bool);
     * as last gathered, by engines that keep any */
    STOA_CATALOG_STATISTICS = 8
};

/* List part of the catalogue. Filters are exact names, ignoring ASCII case; a size of 0 = all.
 * Stoa's own tables (stoa_...) are listed only when asked for by name. May block. */
STOA_API stoa_status stoa_catalog(stoa_conn conn, stoa_op op, int32_t what, const char *database,
                                  int64_t database_size, const char *table, int64_t table_size,
                                  stoa_result *out, stoa_error *err);

/* The Arrow schema rows of a table would have. NOT_FOUND when there is none. Owned by the
 * caller. */
STOA_API stoa_status stoa_table_schema(stoa_conn conn, stoa_op op, const char *database,
                                       int64_t database_size, const char *table,
                                       int64_t table_size, struct ArrowSchema *out,
                                       stoa_error *err);

/* The engines of this build, a row each: name, version, available (bool), detail (where it was
 * found, or where it was looked for), capabilities (list<utf8>), example (a target). Owned by the
 * caller. */
STOA_API stoa_status stoa_engines(struct ArrowArrayStream *out, stoa_error *err);

#ifdef __cplusplus
}
#endif

#endif
