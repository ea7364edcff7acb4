/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: one query a kind over SQLite's pragma functions, helped by four functions of ours
 * for what these do not tell, and given the column types that stoa/catalog.h promises. */
#include "engine/sqlite/catalog.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/sqlite/cursor.h"
#include "engine/sqlite/memory_vfs.h"
#include "engine/sqlite/statement.h"
#include "text/identifier.h"

#include <string.h>

#include "base/ban.h"

/* Names beginning with stoa_ are ours, those with sqlite_ SQLite's: listed when asked for. */
#define OWN_TABLES "(?2 IS NOT NULL OR lower(l.name) NOT GLOB 'stoa_*') AND " \
                   "(?2 IS NOT NULL OR lower(l.name) NOT GLOB 'sqlite_*')"
#define FILTER "(?1 IS NULL OR l.schema = ?1 COLLATE NOCASE) AND " \
               "(?2 IS NULL OR l.name = ?2 COLLATE NOCASE) AND " OWN_TABLES

struct catalog_column {
    const char *name;
    const char *format;
    bool nullable;
};

struct catalog_query {
    const char *sql;
    const struct catalog_column *columns;
    int32_t column_count;
};

#define COLUMN_COUNT(list) ((int32_t)(sizeof(list) / sizeof *(list)))

static const struct catalog_column databases_columns[] = {
    {"database", "u", false}, {"path", "u", false}, {"read_only", "b", false}};
static const char databases_sql[] =
    "SELECT name, iif(file GLOB '" SQLITE_MEMORY_PREFIX "*', '', coalesce(file, '')), "
    "stoa_read_only(name) FROM pragma_database_list "
    "WHERE (?1 IS NULL OR name = ?1 COLLATE NOCASE) AND ?2 IS NULL ORDER BY seq";

static const struct catalog_column tables_columns[] = {
    {"database", "u", false}, {"table", "u", false},        {"type", "u", false},
    {"sql", "u", true},       {"strict", "b", false},       {"without_rowid", "b", false},
    {"column_count", "i", false}};
static const char tables_sql[] =
    "SELECT schema, name, CASE WHEN type = 'virtual' AND schema = 'temp' AND "
    "sql GLOB 'CREATE VIRTUAL TABLE * USING *stoa_*' THEN 'scan' ELSE type END, "
    "sql, strict, wr, ncol FROM "
    "(SELECT l.*, stoa_schema_sql(l.schema, l.name) AS sql FROM pragma_table_list l WHERE " FILTER
    ") ORDER BY schema <> 'main', schema, name";

static const struct catalog_column columns_columns[] = {
    {"database", "u", false}, {"table", "u", false},        {"column", "u", false},
    {"position", "i", false}, {"type", "u", false},         {"format", "u", true},
    {"nullable", "b", false}, {"default", "u", true},       {"key_position", "i", false},
    {"generated", "u", false}, {"hidden", "b", false},      {"collation", "u", true}};
static const char columns_sql[] =
    "SELECT l.schema, l.name, c.name, c.cid + 1, c.type, "
    "stoa_column_format(l.schema, l.name, c.name, c.type), c.\"notnull\" = 0, c.dflt_value, c.pk, "
    "CASE c.hidden WHEN 2 THEN 'virtual' WHEN 3 THEN 'stored' ELSE 'none' END, c.hidden = 1, "
    "stoa_column_collation(l.schema, l.name, c.name) "
    "FROM pragma_table_list l, pragma_table_xinfo(l.name, l.schema) c "
    "WHERE " FILTER " ORDER BY l.schema <> 'main', l.schema, l.name, c.cid";

static const struct catalog_column indexes_columns[] = {
    {"database", "u", false}, {"table", "u", false},  {"index", "u", false},
    {"unique", "b", false},   {"origin", "u", false}, {"partial", "b", false},
    {"position", "i", false}, {"column", "u", true},  {"descending", "b", false},
    {"collation", "u", true}, {"sql", "u", true}};
static const char indexes_sql[] =
    "SELECT l.schema, l.name, i.name, i.\"unique\", "
    "CASE i.origin WHEN 'c' THEN 'created' WHEN 'u' THEN 'unique' ELSE 'key' END, i.partial, "
    "x.seqno + 1, x.name, x.\"desc\", x.coll, stoa_schema_sql(l.schema, i.name) "
    "FROM pragma_table_list l, pragma_index_list(l.name, l.schema) i, "
    "pragma_index_xinfo(i.name, l.schema) x "
    "WHERE x.\"key\" AND l.type <> 'view' AND " FILTER
    " ORDER BY l.schema <> 'main', l.schema, l.name, i.name, x.seqno";

static const struct catalog_column keys_columns[] = {
    {"database", "u", false},   {"table", "u", false},        {"name", "u", true},
    {"kind", "u", false},       {"position", "i", false},     {"column", "u", true},
    {"other_table", "u", true}, {"other_column", "u", true},  {"on_update", "u", true},
    {"on_delete", "u", true}};
static const char keys_sql[] =
    "SELECT schema, name, key_name, kind, position, \"column\", other_table, other_column, "
    "on_update, on_delete FROM ("
    "SELECT l.schema, l.name, NULL AS key_name, 'primary' AS kind, c.pk AS position, "
    "c.name AS \"column\", NULL AS other_table, NULL AS other_column, NULL AS on_update, "
    "NULL AS on_delete, 0 AS rank, 0 AS number "
    "FROM pragma_table_list l, pragma_table_xinfo(l.name, l.schema) c WHERE c.pk > 0 AND " FILTER
    " UNION ALL SELECT l.schema, l.name, i.name, 'unique', x.seqno + 1, x.name, NULL, NULL, NULL, "
    "NULL, 1, i.seq FROM pragma_table_list l, pragma_index_list(l.name, l.schema) i, "
    "pragma_index_xinfo(i.name, l.schema) x WHERE i.origin = 'u' AND x.\"key\" AND " FILTER
    " UNION ALL SELECT l.schema, l.name, CAST(f.id AS TEXT), 'foreign', f.seq + 1, f.\"from\", "
    "f.\"table\", f.\"to\", lower(f.on_update), lower(f.on_delete), 2, f.id "
    "FROM pragma_table_list l, pragma_foreign_key_list(l.name, l.schema) f WHERE " FILTER
    ") ORDER BY schema <> 'main', schema, name, rank, number, position";

static const struct catalog_column functions_columns[] = {
    {"name", "u", false},
    {"kind", "u", false},
    {"argument_count", "i", false},
    {"origin", "u", false},
    {"deterministic", "b", false}};
/* A flag of pragma_function_list: SQLITE_DETERMINISTIC, 0x800. */
static const char functions_sql[] =
    "SELECT DISTINCT name, CASE type WHEN 's' THEN 'scalar' WHEN 'w' THEN 'window' "
    "ELSE 'aggregate' END, narg, CASE WHEN builtin THEN 'engine' ELSE 'caller' END, "
    "(flags & 2048) <> 0 FROM pragma_function_list "
    "WHERE ?1 IS NULL AND (?2 IS NULL OR name = ?2 COLLATE NOCASE) AND name NOT GLOB 'stoa_*' "
    "AND name NOT GLOB '_*->*' ORDER BY name, narg";

static const struct catalog_column collations_columns[] = {{"name", "u", false}};
static const char collations_sql[] =
    "SELECT name FROM pragma_collation_list "
    "WHERE ?1 IS NULL AND (?2 IS NULL OR name = ?2 COLLATE NOCASE) ORDER BY name";

static const struct catalog_query queries[] = {
    [STOA_CATALOG_DATABASES] = {databases_sql, databases_columns, COLUMN_COUNT(databases_columns)},
    [STOA_CATALOG_TABLES] = {tables_sql, tables_columns, COLUMN_COUNT(tables_columns)},
    [STOA_CATALOG_COLUMNS] = {columns_sql, columns_columns, COLUMN_COUNT(columns_columns)},
    [STOA_CATALOG_INDEXES] = {indexes_sql, indexes_columns, COLUMN_COUNT(indexes_columns)},
    [STOA_CATALOG_KEYS] = {keys_sql, keys_columns, COLUMN_COUNT(keys_columns)},
    [STOA_CATALOG_FUNCTIONS] = {functions_sql, functions_columns, COLUMN_COUNT(functions_columns)},
    [STOA_CATALOG_COLLATIONS] = {collations_sql, collations_columns,
                                 COLUMN_COUNT(collations_columns)},
};

/* ---- functions the queries use; they run inside a statement of the same session ---- */

enum { ARGUMENTS_MAX = 4 };

/* Kept for sqlite_fail(), so that the status survives SQLite. */
static void fail_inside(struct sqlite_session *session, sqlite3_context *context,
                        const stoa_error *error)
{
    if (session->failure.code == STOA_OK)
        session->failure = *error;
    sqlite3_result_error(context, error->text, -1);
}

/* The arguments as texts; false when one is NULL, or memory ran out: then that is the result. */
static bool read_arguments(sqlite3_context *context, int count, sqlite3_value **values,
                           const char *texts[ARGUMENTS_MAX])
{
    stoa_error error;

    for (int i = 0; i < count; i++) {
        texts[i] = (const char *)sqlite3_value_text(values[i]);
        if (texts[i])
            continue;
        if (sqlite3_value_type(values[i]) != SQLITE_NULL) {
            stoa__fail_nomem(&error);
            fail_inside(sqlite3_user_data(context), context, &error);
        }
        return false;
    }
    return true;
}

static stoa_status prepare_schema_sql(struct sqlite_session *session, const char *database,
                                      const char *name, sqlite3_stmt **statement,
                                      stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc = stoa__buffer_append_text(&sql, "SELECT sql FROM ");
    if (rc == STOA_OK)
        rc = stoa__identifier_quote(database, strlen(database), &sql, err);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(&sql, ".sqlite_schema WHERE name = ?1");
    if (rc == STOA_OK) {
        int code = sqlite3_prepare_v2(session->db, (const char *)sql.data, (int)sql.size,
                                      statement, NULL);
        if (code == SQLITE_OK)
            code = sqlite3_bind_text(*statement, 1, name, -1, SQLITE_STATIC);
        if (code != SQLITE_OK)
            rc = sqlite_fail(session, code, err);
    } else if (rc == STOA_ERR_NOMEM) {
        stoa__fail_nomem(err);
    }
    stoa__buffer_release(&sql);
    return rc;
}

/* stoa_schema_sql(database, name): the CREATE text. */
static void schema_sql(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct sqlite_session *session = sqlite3_user_data(context);
    const char *texts[ARGUMENTS_MAX];
    sqlite3_stmt *statement = NULL;
    stoa_error error;

    if (!read_arguments(context, count, values, texts))
        return;
    stoa_status rc = prepare_schema_sql(session, texts[0], texts[1], &statement, &error);
    if (rc == STOA_OK) {
        int code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            sqlite3_result_value(context, sqlite3_column_value(statement, 0));
        else if (code != SQLITE_DONE)
            rc = sqlite_fail(session, code, &error);
    }
    if (rc != STOA_OK)
        fail_inside(session, context, &error);
    sqlite3_finalize(statement);
}

/* stoa_column_format(database, table, column, declared): the Arrow format of its values, NULL where
 * only the rows can tell. */
static void column_format(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct sqlite_session *session = sqlite3_user_data(context);
    const char *texts[ARGUMENTS_MAX];
    stoa__arena arena = {0};
    struct stoa__arrow_type *type = NULL;
    enum sqlite_form form;
    stoa_error error;

    if (!read_arguments(context, count, values, texts))
        return;
    stoa_status rc = sqlite_column_type_read(session, session->call, texts[0], texts[1], texts[2],
                                             &arena, &type, &error);
    if (rc == STOA_OK && !type)
        rc = sqlite_type_read(texts[3], &arena, &type, &form, &error);
    if (rc != STOA_OK)
        fail_inside(session, context, &error);
    else if (type)
        sqlite3_result_text(context, type->format, -1, SQLITE_TRANSIENT);
    stoa__arena_release(&arena);
}

/* stoa_column_collation(database, table, column): NULL for the columns of views. */
static void column_collation(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct sqlite_session *session = sqlite3_user_data(context);
    const char *texts[ARGUMENTS_MAX];
    const char *collation = NULL;
    stoa_error error;

    if (!read_arguments(context, count, values, texts))
        return;
    int code = sqlite3_table_column_metadata(session->db, texts[0], texts[1], texts[2], NULL,
                                             &collation, NULL, NULL, NULL);
    if (code == SQLITE_OK && collation)
        sqlite3_result_text(context, collation, -1, SQLITE_TRANSIENT);
    if ((code & 0xff) == SQLITE_NOMEM) {
        stoa__fail_nomem(&error);
        fail_inside(session, context, &error);
    }
}

/* stoa_read_only(database) */
static void read_only(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct sqlite_session *session = sqlite3_user_data(context);
    const char *texts[ARGUMENTS_MAX];

    if (read_arguments(context, count, values, texts))
        sqlite3_result_int(context, sqlite3_db_readonly(session->db, texts[0]) == 1);
}

static stoa_status register_functions(struct sqlite_session *session, stoa_error *err)
{
    static const struct {
        const char *name;
        int count;
        void (*run)(sqlite3_context *, int, sqlite3_value **);
    } list[] = {
        {"stoa_schema_sql", 2, schema_sql},
        {"stoa_column_format", 4, column_format},
        {"stoa_column_collation", 3, column_collation},
        {"stoa_read_only", 1, read_only},
    };
    if (session->catalog_ready)
        return STOA_OK;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        int code = sqlite3_create_function_v2(session->db, list[i].name, list[i].count,
                                              SQLITE_UTF8 | SQLITE_DIRECTONLY, session,
                                              list[i].run, NULL, NULL, NULL);
        if (code != SQLITE_OK)
            return sqlite_fail(session, code, err);
    }
    session->catalog_ready = true;
    return STOA_OK;
}

/* ---- the engine's functions ---- */

/* The result's struct type, made for the call; the cursor copies what it needs. */
static stoa_status make_type(const struct catalog_query *query, stoa__arena *arena,
                             struct stoa__arrow_type **out, stoa_error *err)
{
    struct stoa__arrow_type *root = stoa__arena_alloc_zero(arena, 1, sizeof *root);
    struct stoa__arrow_type *children =
        stoa__arena_alloc_zero(arena, (size_t)query->column_count, sizeof *children);
    if (!root || !children)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < query->column_count; i++) {
        struct stoa__arrow_type *child = NULL;
        stoa_status rc = stoa__arrow_type_simple(query->columns[i].format, query->columns[i].name,
                                                 query->columns[i].nullable, arena, &child, err);
        if (rc != STOA_OK)
            return rc;
        children[i] = *child;
    }
    root->kind = STOA__ARROW_STRUCT;
    root->name = "";
    root->format = "+s";
    root->children = children;
    root->child_count = query->column_count;
    *out = root;
    return STOA_OK;
}

/* The two filters are the parameters: text, or NULL for all. */
static stoa_status run_query(struct sqlite_session *session, stoa__call *call, const char *sql,
                             const char *database, const char *table, void **cursor,
                             stoa_error *err)
{
    static const struct stoa__read_config config = {.batch_rows = STOA__BATCH_ROWS_DEFAULT,
                                                    .types = STOA__TYPES_INFER};
    const char *const texts[] = {database, table};
    stoa_value values[2] = {{.type = STOA_TYPE_NULL}, {.type = STOA_TYPE_NULL}};
    stoa__buffer bytes = {0};
    stoa_status rc = STOA_OK;

    for (int i = 0; i < 2 && rc == STOA_OK; i++) {
        if (!texts[i])
            continue;
        values[i] = (stoa_value){.type = STOA_TYPE_TEXT,
                                 .a = (int64_t)bytes.size,
                                 .b = (int64_t)strlen(texts[i])};
        if (stoa__buffer_append_text(&bytes, texts[i]) != STOA_OK)
            rc = stoa__fail_nomem(err);
    }
    const struct stoa__params params = {.values = values,
                                        .count = 2,
                                        .bytes = bytes.data,
                                        .bytes_size = (int64_t)bytes.size};
    if (rc == STOA_OK)
        rc = sqlite_query_owned(session, call, sql, strlen(sql), &params, &config, cursor, err);
    stoa__buffer_release(&bytes);
    return rc;
}

/* A request keeps the query's own names, which are expressions. */
static void name_columns(struct sqlite_cursor *cursor, const struct catalog_query *query)
{
    for (int32_t i = 0; i < query->column_count; i++)
        cursor->requested->children[i].name = query->columns[i].name;
}

stoa_status sqlite_catalog(void *self, stoa__call *call, int32_t what, const char *database,
                           const char *table, void **cursor, stoa_error *err)
{
    struct sqlite_session *session = self;
    stoa__arena arena = {0};
    struct stoa__arrow_type *type = NULL;

    if (what < STOA_CATALOG_DATABASES || what > STOA_CATALOG_COLLATIONS)
        return stoa__fail(err, STOA_ERR_INVALID, "%d is no part of the catalogue", what);
    const struct catalog_query *query = &queries[what];
    stoa_status rc = register_functions(session, err);
    if (rc == STOA_OK)
        rc = make_type(query, &arena, &type, err);
    if (rc == STOA_OK)
        rc = run_query(session, call, query->sql, database, table, cursor, err);
    if (rc == STOA_OK) {
        rc = sqlite_cursor_request(*cursor, type, err);
        if (rc == STOA_OK)
            name_columns(*cursor, query);
        if (rc != STOA_OK) {
            sqlite_cursor_close(*cursor);
            *cursor = NULL;
        }
    }
    stoa__arena_release(&arena);
    return rc;
}

/* ---- the type of a table ---- */

/* Two semicolons: such a text is not kept prepared. A statement that was, and has not run since the
 * table changed, would answer with the columns of before. */
static stoa_status select_all(const char *database, const char *table, stoa__buffer *sql,
                              stoa_error *err)
{
    stoa_status rc = stoa__buffer_append_text(sql, "SELECT * FROM ");
    if (rc == STOA_OK && database)
        rc = stoa__identifier_quote(database, strlen(database), sql, err);
    if (rc == STOA_OK && database)
        rc = stoa__buffer_append_byte(sql, '.');
    if (rc == STOA_OK)
        rc = stoa__identifier_quote(table, strlen(table), sql, err);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(sql, ";;");
    return rc == STOA_ERR_NOMEM ? stoa__fail_nomem(err) : rc;
}

stoa_status sqlite_table_type(void *self, stoa__call *call, const char *database,
                              const char *table, stoa__arena *arena,
                              struct stoa__arrow_type **type, stoa_error *err)
{
    static const struct stoa__read_config config = {.batch_rows = 1,
                                                    .types = STOA__TYPES_DECLARED};
    struct sqlite_session *session = self;
    stoa__buffer sql = {0};
    void *statement = NULL;
    size_t used = 0;
    const struct stoa__arrow_type *found = NULL;

    stoa_status rc = select_all(database, table, &sql, err);
    if (rc == STOA_OK)
        rc = sqlite_prepare(session, call, (const char *)sql.data, sql.size, &used, &statement,
                            err);
    if (rc == STOA_OK)
        rc = sqlite_statement_type(statement, &config, &found, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_copy(found, arena, type, err);
    if (statement)
        sqlite_statement_close(statement);
    stoa__buffer_release(&sql);
    return rc;
}
