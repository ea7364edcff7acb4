/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GetStatistics. SQLite keeps the row counts of its last ANALYZE in sqlite_stat1, which is what an
 * approximate answer is made of; an exact one counts. Of other engines it is what their catalogue
 * tells.
 *
 * All of it is rows as STOA_CATALOG_STATISTICS has them, which are then nested.
 */
#include "adbc_export/rows.h"

#include "arrow/builder.h"
#include "base/error.h"
#include "text/identifier.h"

#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

static const char statistics_type[] =
    "catalog_name:u,catalog_db_schemas:+l(item:+s("
    "db_schema_name:u,db_schema_statistics:+l(item:+s("
    "table_name:u!,column_name:u,statistic_key:s!,"
    "statistic_value:+ud:0,1,2,3(int64:l,uint64:L,float64:g,binary:z)!,"
    "statistic_is_approximate:b!))!))!";

/* Columns of the rows. */
enum { ROW_DATABASE, ROW_TABLE, ROW_COLUMN, ROW_STATISTIC, ROW_VALUE, ROW_APPROXIMATE };
/* Of STOA_CATALOG_TABLES. */
enum { TABLE_DATABASE = 0, TABLE_NAME = 1, TABLE_TYPE = 2 };
/* Places in the union. */
enum { VALUE_INT = 0, VALUE_DOUBLE = 2 };

struct statistics {
    struct driver_connection *connection;
    const char *catalog, *db_schema, *table;
    bool approximate, split; /* Names of databases are catalog.schema. */
    struct driver_rows databases, rows;
    stoa__arena arena;
    struct stoa__arrow_type *type;
    struct stoa__builder builder;
    stoa_error *err;
};

/* ---- of SQLite ---- */

/* 'text', as SQL writes it. */
static stoa_status add_literal(stoa__buffer *sql, struct driver_text text)
{
    stoa_status rc = stoa__buffer_append_text(sql, "'");

    for (int64_t i = 0; rc == STOA_OK && i < text.size; i++)
        rc = stoa__buffer_append(sql, text.data[i] == '\'' ? "\'\'" : &text.data[i],
                                 text.data[i] == '\'' ? 2 : 1);
    return rc == STOA_OK ? stoa__buffer_append_text(sql, "'") : rc;
}

/* SELECT 'database', 'table' or `column`, NULL, 'row count', `count`, `rest`; one row a table. */
static stoa_status ask(struct statistics *all, stoa_op op, struct driver_text database,
                       struct driver_text table, bool exact)
{
    const struct driver_text from = exact ? table : (struct driver_text){"sqlite_stat1", 12};
    stoa__buffer sql = {0};
    stoa_status rc = stoa__buffer_append_text(&sql, "SELECT ");

    if (rc == STOA_OK)
        rc = add_literal(&sql, database);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(&sql, ", ");
    if (rc == STOA_OK)
        rc = exact ? add_literal(&sql, table) : stoa__buffer_append_text(&sql, "tbl");
    if (rc == STOA_OK) /* The first number of any index; a partial one has fewer rows. */
        rc = stoa__buffer_append_text(
            &sql, exact ? ", NULL, 'row count', count(*), 0 FROM "
                        : ", NULL, 'row count', max(CAST(stat AS INTEGER)), 1 FROM ");
    if (rc == STOA_OK)
        rc = stoa__identifier_quote(database.data, (size_t)database.size, &sql, all->err);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(&sql, ".");
    if (rc == STOA_OK)
        rc = stoa__identifier_quote(from.data, (size_t)from.size, &sql, all->err);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(&sql, exact ? "" : " GROUP BY tbl ORDER BY tbl");
    if (rc == STOA_OK)
        rc = stoa__buffer_terminate(&sql);
    rc = rc == STOA_OK ? stoa__driver_rows_query(&all->rows, all->connection->conn, op,
                                                 (const char *)sql.data, all->err)
         : rc == STOA_ERR_NOMEM ? stoa__fail_nomem(all->err)
                                : rc;
    stoa__buffer_release(&sql);
    return rc;
}

/* Tables that ANALYZE wrote to, or all that are asked for. */
static stoa_status read_sqlite(struct statistics *all, stoa_op op)
{
    struct driver_rows tables = {0};
    stoa_status rc = stoa__driver_rows_read(&tables, all->connection->conn, op,
                                            STOA_CATALOG_TABLES,
                                            all->approximate ? "sqlite_stat1" : NULL, all->err);

    for (int64_t i = 0; rc == STOA_OK && i < tables.row_count; i++) {
        const struct driver_text database = stoa__driver_rows_text(&tables, i, TABLE_DATABASE);
        const struct driver_text table = stoa__driver_rows_text(&tables, i, TABLE_NAME);

        if (!stoa__driver_text_like(database, all->catalog))
            continue;
        if (all->approximate ||
            (stoa__driver_text_is(stoa__driver_rows_text(&tables, i, TABLE_TYPE), "table") &&
             stoa__driver_text_like(table, all->table)))
            rc = ask(all, op, database, table, !all->approximate);
    }
    stoa__driver_rows_release(&tables);
    return rc;
}

/* ---- rows, nested ---- */

static stoa_status put(struct statistics *all, struct stoa__column *column,
                       struct driver_text text)
{
    return text.data ? stoa__column_append_bytes(column, text.data, text.size, all->err)
                     : stoa__column_append_null(column, all->err);
}

/* The number of the interface's; -1: none of them, or one whose values are no numbers. */
static int64_t key_of(struct driver_text name)
{
    static const char *const names[] = {"average byte width", "distinct count",
                                        "largest byte width", NULL, NULL, "null count",
                                        "row count"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i] && stoa__driver_text_is(name, names[i]))
            return (int64_t)i;
    return -1;
}

/* Exact numbers are integers, others are not; a width is an average. */
static stoa_status put_value(struct statistics *all, struct stoa__column *column, int64_t row,
                             bool real)
{
    const struct driver_text text = stoa__driver_rows_text(&all->rows, row, ROW_VALUE);
    int64_t number = stoa__driver_rows_int(&all->rows, row, ROW_VALUE);
    double value = (double)number;
    char digits[64] = "";
    stoa_status rc;

    if (text.data) {
        memcpy(digits, text.data, (size_t)(text.size < 63 ? text.size : 63));
        number = strtoll(digits, NULL, 10);
        value = strtod(digits, NULL);
    }
    rc = real ? stoa__column_append_float64(&column->children[VALUE_DOUBLE], value, all->err)
              : stoa__column_append_int64(&column->children[VALUE_INT], number, all->err);
    return rc == STOA_OK
               ? stoa__column_end_union(column, real ? VALUE_DOUBLE : VALUE_INT, all->err)
               : rc;
}

static stoa_status put_statistic(struct statistics *all, struct stoa__column *list, int64_t row,
                                 int64_t key)
{
    struct stoa__column *item = &list->children[0], *field = item->children;
    const bool rough = stoa__driver_rows_int(&all->rows, row, ROW_APPROXIMATE) != 0;
    stoa_status rc = put(all, &field[0], stoa__driver_rows_text(&all->rows, row, ROW_TABLE));

    if (rc == STOA_OK)
        rc = put(all, &field[1], stoa__driver_rows_text(&all->rows, row, ROW_COLUMN));
    if (rc == STOA_OK)
        rc = stoa__column_append_int64(&field[2], key, all->err);
    if (rc == STOA_OK)
        rc = put_value(all, &field[3], row, rough || key == 0);
    if (rc == STOA_OK)
        rc = stoa__column_append_int64(&field[4], rough, all->err);
    return rc == STOA_OK ? stoa__column_end_struct(item, all->err) : rc;
}

static stoa_status put_statistics(struct statistics *all, struct stoa__column *list,
                                  struct driver_text database)
{
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < all->rows.row_count; i++) {
        const int64_t key = key_of(stoa__driver_rows_text(&all->rows, i, ROW_STATISTIC));
        const bool rough = stoa__driver_rows_int(&all->rows, i, ROW_APPROXIMATE) != 0;

        if (key >= 0 && (all->approximate || !rough) &&
            stoa__driver_text_equal(stoa__driver_rows_text(&all->rows, i, ROW_DATABASE),
                                    database) &&
            stoa__driver_text_like(stoa__driver_rows_text(&all->rows, i, ROW_TABLE), all->table))
            rc = put_statistic(all, list, i, key);
    }
    return rc == STOA_OK ? stoa__column_end_list(list, all->err) : rc;
}

/* What stands before and behind the dot of a database's name. */
static struct driver_text part_of(const struct statistics *all, int64_t row, bool schema)
{
    struct driver_text parts[2];

    stoa__driver_text_split(stoa__driver_rows_text(&all->databases, row, 0), all->split, &parts[0],
                            &parts[1]);
    return parts[schema];
}

static stoa_status put_schemas(struct statistics *all, struct stoa__column *list,
                               struct driver_text catalog)
{
    struct stoa__column *item = &list->children[0];
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < all->databases.row_count; i++) {
        const struct driver_text schema = part_of(all, i, true);

        if (!stoa__driver_text_equal(part_of(all, i, false), catalog) ||
            !stoa__driver_text_like(schema, all->db_schema))
            continue;
        rc = put(all, &item->children[0], schema);
        if (rc == STOA_OK)
            rc = put_statistics(all, &item->children[1],
                                stoa__driver_rows_text(&all->databases, i, 0));
        if (rc == STOA_OK)
            rc = stoa__column_end_struct(item, all->err);
    }
    return rc == STOA_OK ? stoa__column_end_list(list, all->err) : rc;
}

static stoa_status put_catalogs(struct statistics *all)
{
    struct stoa__column *root = &all->builder.root;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < all->databases.row_count; i++) {
        const struct driver_text catalog = part_of(all, i, false);
        bool known = false;

        for (int64_t k = 0; k < i && !known; k++)
            known = stoa__driver_text_equal(part_of(all, k, false), catalog);
        if (known || !stoa__driver_text_like(catalog, all->catalog))
            continue;
        rc = put(all, &root->children[0], catalog);
        if (rc == STOA_OK)
            rc = put_schemas(all, &root->children[1], catalog);
        if (rc == STOA_OK)
            rc = stoa__column_end_struct(root, all->err);
    }
    return rc;
}

/* ---- */

static stoa_status answer(struct statistics *all, stoa_op op, struct ArrowArrayStream *out)
{
    const stoa_conn conn = all->connection->conn;
    char engine[32] = "";
    stoa_status rc = stoa_db_property(all->connection->db, "engine", STOA_NUL, engine,
                                      sizeof engine, NULL, all->err);

    all->split = strcmp(engine, "sqlite") != 0;
    if (rc == STOA_OK)
        rc = stoa__driver_rows_read(&all->databases, conn, op, STOA_CATALOG_DATABASES, NULL,
                                    all->err);
    if (rc == STOA_OK)
        rc = all->split ? stoa__driver_rows_read(&all->rows, conn, op, STOA_CATALOG_STATISTICS,
                                                 NULL, all->err)
                        : read_sqlite(all, op);
    if (rc == STOA_OK)
        rc = stoa__driver_type(statistics_type, &all->arena, &all->type, all->err);
    if (rc == STOA_OK)
        rc = stoa__builder_init(&all->builder, all->type, 16, all->err);
    if (rc == STOA_OK)
        rc = put_catalogs(all);
    if (rc == STOA_OK)
        rc = stoa__driver_answer(&all->builder, all->type, op, out, all->err);
    stoa__builder_release(&all->builder);
    stoa__arena_release(&all->arena);
    stoa__driver_rows_release(&all->databases);
    stoa__driver_rows_release(&all->rows);
    return rc;
}

AdbcStatusCode stoa__driver_statistics(struct AdbcConnection *self, const char *catalog,
                                       const char *db_schema, const char *table,
                                       char approximate, struct ArrowArrayStream *out,
                                       struct AdbcError *error)
{
    stoa_error failure;
    struct statistics all = {.catalog = catalog, .db_schema = db_schema, .table = table,
                             .approximate = approximate != 0, .err = &failure};
    AdbcStatusCode status;
    stoa_op op = {0};
    stoa_status rc;

    if (!out)
        return stoa__driver_fail_null(error, "out");
    *out = (struct ArrowArrayStream){0};
    status = stoa__driver_enter_open(self, &all.connection, error);
    if (status != ADBC_STATUS_OK)
        return status;
    rc = stoa__driver_op_open(&all.connection->node, &op, &failure);
    if (rc == STOA_OK)
        rc = answer(&all, op, out);
    if (rc != STOA_OK) {
        stoa_op_close(op);
        status = stoa__driver_fail_stoa(error, &failure);
    }
    return stoa__driver_leave(&all.connection->node, status);
}
