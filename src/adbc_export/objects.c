/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GetObjects: catalogs, their schemas, their tables, and columns and constraints of those.
 *
 * A database of Stoa's catalogue is a catalog with one schema, whose name is empty; that of an
 * engine which has schemas is called catalog.schema, and is split.
 */
#include "adbc_export/rows.h"

#include "arrow/builder.h"
#include "base/error.h"

#include <string.h>

#include "base/ban.h"

static const char objects_type[] =
    "catalog_name:u,catalog_db_schemas:+l(item:+s("
    "db_schema_name:u,db_schema_tables:+l(item:+s("
    "table_name:u!,table_type:u!,"
    "table_columns:+l(item:+s("
    "column_name:u,ordinal_position:i,remarks:u,xdbc_data_type:s,xdbc_type_name:u,"
    "xdbc_column_size:i,xdbc_decimal_digits:s,xdbc_num_prec_radix:s,xdbc_nullable:s,"
    "xdbc_column_def:u,xdbc_sql_data_type:s,xdbc_datetime_sub:s,xdbc_char_octet_length:i,"
    "xdbc_is_nullable:u,xdbc_scope_catalog:u,xdbc_scope_schema:u,xdbc_scope_table:u,"
    "xdbc_is_autoincrement:b,xdbc_is_generatedcolumn:b)),"
    "table_constraints:+l(item:+s("
    "constraint_name:u,constraint_type:u!,constraint_column_names:+l(item:u)!,"
    "constraint_column_usage:+l(item:+s("
    "fk_catalog:u,fk_db_schema:u,fk_table:u!,fk_column_name:u!))))))))";

/* Columns of stoa_catalog(). */
enum { TABLE_DATABASE = 0, TABLE_NAME = 1, TABLE_TYPE = 2 };
enum {
    COLUMN_NAME = 2,
    COLUMN_POSITION = 3,
    COLUMN_TYPE = 4,
    COLUMN_FORMAT = 5,
    COLUMN_NULLABLE = 6,
    COLUMN_DEFAULT = 7,
    COLUMN_GENERATED = 9
};
enum {
    KEY_NAME = 2,
    KEY_KIND = 3,
    KEY_POSITION = 4,
    KEY_COLUMN = 5,
    KEY_OTHER_TABLE = 6,
    KEY_OTHER_COLUMN = 7
};

struct walk {
    struct driver_connection *connection;
    int depth;
    const char *catalog, *db_schema, *table, *column;
    const char **types;
    struct driver_rows databases, tables, columns, keys;
    bool split; /* Names of databases are catalog.schema. */
    stoa__arena arena;
    struct stoa__arrow_type *type;
    struct stoa__builder builder;
    stoa_error *err;
};

/* Where we are. */
struct place {
    struct driver_text database, catalog, schema, table;
};

static stoa_status put(struct walk *walk, struct stoa__column *column, struct driver_text text)
{
    if (!text.data)
        return stoa__column_append_null(column, walk->err);
    return stoa__column_append_bytes(column, text.data, text.size, walk->err);
}

static stoa_status put_word(struct walk *walk, struct stoa__column *column, const char *word)
{
    return put(walk, column, (struct driver_text){word, (int64_t)strlen(word)});
}

/* Both parts of a database's name. */
static struct place place_of(const struct walk *walk, struct driver_text database)
{
    struct place place = {.database = database};

    stoa__driver_text_split(database, walk->split, &place.catalog, &place.schema);
    return place;
}

/* ---- columns ---- */

/* The code of JDBC for an Arrow format; 0 for none. */
static int64_t xdbc_type(struct driver_text format)
{
    static const struct {
        const char *begins;
        int16_t code;
    } codes[] = {{"b", 16},   {"c", -6},  {"C", 5},   {"s", 5},  {"S", 4},    {"i", 4},
                 {"I", -5},   {"l", -5},  {"L", -5},  {"f", 7},  {"g", 8},    {"d:", 3},
                 {"u", 12},   {"U", 12},  {"vu", 12}, {"z", -3}, {"Z", -3},   {"vz", -3},
                 {"w:", -3},  {"tdD", 91}, {"tt", 92}, {"ts", 93}, {"+l", 2003}};

    for (size_t i = 0; format.data && i < sizeof codes / sizeof *codes; i++) {
        size_t size = strlen(codes[i].begins);

        if ((size_t)format.size >= size && memcmp(format.data, codes[i].begins, size) == 0)
            return codes[i].code;
    }
    return 0;
}

static stoa_status put_column(struct walk *walk, struct stoa__column *list, int64_t row)
{
    struct stoa__column *item = &list->children[0], *field = item->children;
    const struct driver_rows *rows = &walk->columns;
    struct driver_text generated = stoa__driver_rows_text(rows, row, COLUMN_GENERATED);
    int64_t nullable = stoa__driver_rows_int(rows, row, COLUMN_NULLABLE);
    int64_t code = xdbc_type(stoa__driver_rows_text(rows, row, COLUMN_FORMAT));
    stoa_status rc = put(walk, &field[0], stoa__driver_rows_text(rows, row, COLUMN_NAME));

    if (rc == STOA_OK)
        rc = stoa__column_append_int64(
            &field[1], stoa__driver_rows_int(rows, row, COLUMN_POSITION), walk->err);
    if (rc == STOA_OK && code != 0)
        rc = stoa__column_append_int64(&field[3], code, walk->err);
    if (rc == STOA_OK)
        rc = put(walk, &field[4], stoa__driver_rows_text(rows, row, COLUMN_TYPE));
    if (rc == STOA_OK)
        rc = stoa__column_append_int64(&field[8], nullable, walk->err);
    if (rc == STOA_OK)
        rc = put(walk, &field[9], stoa__driver_rows_text(rows, row, COLUMN_DEFAULT));
    if (rc == STOA_OK)
        rc = put_word(walk, &field[13], nullable ? "YES" : "NO");
    if (rc == STOA_OK)
        rc = stoa__column_append_int64(&field[18], !stoa__driver_text_is(generated, "none"),
                                       walk->err);
    /* What is not known is NULL. */
    for (int32_t i = 0; rc == STOA_OK && i < item->child_count; i++)
        if (stoa__column_length(&field[i]) == stoa__column_length(item))
            rc = stoa__column_append_null(&field[i], walk->err);
    return rc == STOA_OK ? stoa__column_end_struct(item, walk->err) : rc;
}

static bool is_of(const struct driver_rows *rows, int64_t row, const struct place *place)
{
    return stoa__driver_text_equal(stoa__driver_rows_text(rows, row, TABLE_NAME),
                                   place->table) &&
           stoa__driver_text_equal(stoa__driver_rows_text(rows, row, TABLE_DATABASE),
                                   place->database);
}

static stoa_status put_columns(struct walk *walk, struct stoa__column *list,
                               const struct place *place)
{
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < walk->columns.row_count; i++)
        if (is_of(&walk->columns, i, place) &&
            stoa__driver_text_like(stoa__driver_rows_text(&walk->columns, i, COLUMN_NAME),
                                   walk->column))
            rc = put_column(walk, list, i);
    return rc == STOA_OK ? stoa__column_end_list(list, walk->err) : rc;
}

/* ---- constraints ---- */

static const char *constraint_type(struct driver_text kind)
{
    if (stoa__driver_text_is(kind, "primary"))
        return "PRIMARY KEY";
    return stoa__driver_text_is(kind, "foreign") ? "FOREIGN KEY" : "UNIQUE";
}

/* One column of a foreign key, and what it refers to. */
static stoa_status put_usage(struct walk *walk, struct stoa__column *list,
                             const struct place *place, int64_t row)
{
    struct stoa__column *item = &list->children[0], *field = item->children;
    struct driver_text column = stoa__driver_rows_text(&walk->keys, row, KEY_OTHER_COLUMN);
    stoa_status rc = put(walk, &field[0], place->catalog);

    if (rc == STOA_OK)
        rc = put(walk, &field[1], place->schema);
    if (rc == STOA_OK)
        rc = put(walk, &field[2], stoa__driver_rows_text(&walk->keys, row, KEY_OTHER_TABLE));
    if (rc == STOA_OK) /* Of its primary key, unnamed. */
        rc = column.data ? put(walk, &field[3], column) : put_word(walk, &field[3], "");
    return rc == STOA_OK ? stoa__column_end_struct(item, walk->err) : rc;
}

/* Rows [first, end) are one constraint. */
static stoa_status put_constraint(struct walk *walk, struct stoa__column *list,
                                  const struct place *place, int64_t first, int64_t end)
{
    struct stoa__column *item = &list->children[0], *field = item->children;
    struct driver_text kind = stoa__driver_rows_text(&walk->keys, first, KEY_KIND);
    bool foreign = stoa__driver_text_is(kind, "foreign");
    stoa_status rc = put(walk, &field[0], stoa__driver_rows_text(&walk->keys, first, KEY_NAME));

    if (rc == STOA_OK)
        rc = put_word(walk, &field[1], constraint_type(kind));
    for (int64_t i = first; rc == STOA_OK && i < end; i++) {
        rc = put(walk, &field[2].children[0],
                 stoa__driver_rows_text(&walk->keys, i, KEY_COLUMN));
        if (rc == STOA_OK && foreign)
            rc = put_usage(walk, &field[3], place, i);
    }
    if (rc == STOA_OK)
        rc = stoa__column_end_list(&field[2], walk->err);
    if (rc == STOA_OK)
        rc = foreign ? stoa__column_end_list(&field[3], walk->err)
                     : stoa__column_append_null(&field[3], walk->err);
    return rc == STOA_OK ? stoa__column_end_struct(item, walk->err) : rc;
}

static stoa_status put_constraints(struct walk *walk, struct stoa__column *list,
                                   const struct place *place)
{
    const struct driver_rows *keys = &walk->keys;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0, end; rc == STOA_OK && i < keys->row_count; i = end) {
        end = i + 1;
        if (!is_of(keys, i, place))
            continue;
        while (end < keys->row_count && is_of(keys, end, place) &&
               stoa__driver_rows_int(keys, end, KEY_POSITION) >
                   stoa__driver_rows_int(keys, end - 1, KEY_POSITION))
            end++;
        rc = put_constraint(walk, list, place, i, end);
    }
    return rc == STOA_OK ? stoa__column_end_list(list, walk->err) : rc;
}

/* ---- tables, schemas, catalogs ---- */

static bool has_type(const struct walk *walk, struct driver_text type)
{
    if (!walk->types)
        return true;
    for (const char **at = walk->types; *at; at++)
        if (stoa__driver_text_is(type, *at))
            return true;
    return false;
}

static stoa_status put_table(struct walk *walk, struct stoa__column *list,
                             const struct place *place, int64_t row)
{
    struct stoa__column *item = &list->children[0], *field = item->children;
    bool all = walk->depth == ADBC_OBJECT_DEPTH_ALL;
    stoa_status rc = put(walk, &field[0], place->table);

    if (rc == STOA_OK)
        rc = put(walk, &field[1], stoa__driver_rows_text(&walk->tables, row, TABLE_TYPE));
    if (rc == STOA_OK)
        rc = all ? put_columns(walk, &field[2], place)
                 : stoa__column_append_null(&field[2], walk->err);
    if (rc == STOA_OK)
        rc = all ? put_constraints(walk, &field[3], place)
                 : stoa__column_append_null(&field[3], walk->err);
    return rc == STOA_OK ? stoa__column_end_struct(item, walk->err) : rc;
}

static stoa_status put_tables(struct walk *walk, struct stoa__column *list, struct place place)
{
    const struct driver_rows *rows = &walk->tables;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < rows->row_count; i++) {
        place.table = stoa__driver_rows_text(rows, i, TABLE_NAME);
        if (is_of(rows, i, &place) && stoa__driver_text_like(place.table, walk->table) &&
            has_type(walk, stoa__driver_rows_text(rows, i, TABLE_TYPE)))
            rc = put_table(walk, list, &place, i);
    }
    return rc == STOA_OK ? stoa__column_end_list(list, walk->err) : rc;
}

static stoa_status put_schema(struct walk *walk, struct stoa__column *list,
                              const struct place *place)
{
    struct stoa__column *item = &list->children[0], *field = item->children;
    stoa_status rc = put(walk, &field[0], place->schema);

    if (rc == STOA_OK)
        rc = walk->depth == ADBC_OBJECT_DEPTH_DB_SCHEMAS
                 ? stoa__column_append_null(&field[1], walk->err)
                 : put_tables(walk, &field[1], *place);
    return rc == STOA_OK ? stoa__column_end_struct(item, walk->err) : rc;
}

static stoa_status put_schemas(struct walk *walk, struct stoa__column *list,
                               struct driver_text catalog)
{
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < walk->databases.row_count; i++) {
        struct place place = place_of(walk, stoa__driver_rows_text(&walk->databases, i, 0));

        if (stoa__driver_text_equal(place.catalog, catalog) &&
            stoa__driver_text_like(place.schema, walk->db_schema))
            rc = put_schema(walk, list, &place);
    }
    return rc == STOA_OK ? stoa__column_end_list(list, walk->err) : rc;
}

/* Was the catalog met in an earlier row? */
static bool is_known(const struct walk *walk, int64_t row, struct driver_text catalog)
{
    for (int64_t i = 0; i < row; i++)
        if (stoa__driver_text_equal(
                place_of(walk, stoa__driver_rows_text(&walk->databases, i, 0)).catalog, catalog))
            return true;
    return false;
}

static stoa_status put_catalogs(struct walk *walk)
{
    struct stoa__column *root = &walk->builder.root;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < walk->databases.row_count; i++) {
        struct driver_text catalog =
            place_of(walk, stoa__driver_rows_text(&walk->databases, i, 0)).catalog;

        if (!stoa__driver_text_like(catalog, walk->catalog) || is_known(walk, i, catalog))
            continue;
        rc = put(walk, &root->children[0], catalog);
        if (rc == STOA_OK)
            rc = walk->depth == ADBC_OBJECT_DEPTH_CATALOGS
                     ? stoa__column_append_null(&root->children[1], walk->err)
                     : put_schemas(walk, &root->children[1], catalog);
        if (rc == STOA_OK)
            rc = stoa__column_end_struct(root, walk->err);
    }
    return rc;
}

/* ---- */

/* A name that is no pattern asks for less. */
static const char *exact(const char *pattern)
{
    return pattern && *pattern && !strpbrk(pattern, "%_") ? pattern : NULL;
}

static stoa_status read_catalog(struct walk *walk, stoa_op op)
{
    stoa_conn conn = walk->connection->conn;
    const char *table = exact(walk->table);
    bool all = walk->depth == ADBC_OBJECT_DEPTH_ALL;
    stoa_status rc = stoa__driver_rows_read(&walk->databases, conn, op, STOA_CATALOG_DATABASES,
                                            NULL, walk->err);

    if (rc == STOA_OK && (all || walk->depth == ADBC_OBJECT_DEPTH_TABLES))
        rc = stoa__driver_rows_read(&walk->tables, conn, op, STOA_CATALOG_TABLES, table,
                                    walk->err);
    if (rc == STOA_OK && all)
        rc = stoa__driver_rows_read(&walk->columns, conn, op, STOA_CATALOG_COLUMNS, table,
                                    walk->err);
    if (rc == STOA_OK && all)
        rc = stoa__driver_rows_read(&walk->keys, conn, op, STOA_CATALOG_KEYS, table, walk->err);
    return rc;
}

static stoa_status answer(struct walk *walk, stoa_op op, struct ArrowArrayStream *out)
{
    char engine[32] = "";
    stoa_status rc = stoa_db_property(walk->connection->db, "engine", STOA_NUL, engine,
                                      sizeof engine, NULL, walk->err);

    walk->split = strcmp(engine, "sqlite") != 0;
    if (rc == STOA_OK)
        rc = read_catalog(walk, op);
    if (rc == STOA_OK)
        rc = stoa__driver_type(objects_type, &walk->arena, &walk->type, walk->err);
    if (rc == STOA_OK)
        rc = stoa__builder_init(&walk->builder, walk->type, 16, walk->err);
    if (rc == STOA_OK)
        rc = put_catalogs(walk);
    if (rc == STOA_OK)
        rc = stoa__driver_answer(&walk->builder, walk->type, op, out, walk->err);
    stoa__builder_release(&walk->builder);
    stoa__arena_release(&walk->arena);
    stoa__driver_rows_release(&walk->databases);
    stoa__driver_rows_release(&walk->tables);
    stoa__driver_rows_release(&walk->columns);
    stoa__driver_rows_release(&walk->keys);
    return rc;
}

AdbcStatusCode stoa__driver_objects(struct AdbcConnection *self, int depth, const char *catalog,
                                    const char *db_schema, const char *table,
                                    const char **types, const char *column,
                                    struct ArrowArrayStream *out, struct AdbcError *error)
{
    stoa_error failure;
    struct walk walk = {.depth = depth, .catalog = catalog, .db_schema = db_schema,
                        .table = table, .column = column, .types = types, .err = &failure};
    AdbcStatusCode status;
    stoa_op op = {0};
    stoa_status rc;

    if (!out)
        return stoa__driver_fail_null(error, "out");
    *out = (struct ArrowArrayStream){0};
    if (depth < ADBC_OBJECT_DEPTH_ALL || depth > ADBC_OBJECT_DEPTH_TABLES)
        return stoa__driver_fail(error, ADBC_STATUS_INVALID_ARGUMENT,
                                 "depth is %d, not one of 0 to 3", depth);
    status = stoa__driver_enter_open(self, &walk.connection, error);
    if (status != ADBC_STATUS_OK)
        return status;
    rc = stoa__driver_op_open(&walk.connection->node, &op, &failure);
    if (rc == STOA_OK)
        rc = answer(&walk, op, out);
    if (rc != STOA_OK) {
        stoa_op_close(op);
        status = stoa__driver_fail_stoa(error, &failure);
    }
    return stoa__driver_leave(&walk.connection->node, status);
}
