/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: what GetObjects nests four levels deep, flattened into the rows of
 * stoa/catalog.h. Children are found by name, since later versions of the interface add some. */
#include "engine/adbc/walk.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/mem.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

enum { DEPTH_ALL = 0, DEPTH_SCHEMAS = 2 };

/* ---- results ---- */

struct column {
    const char *name, *format;
    bool nullable;
};

static const struct column databases[] = {
    {"database", "u", false}, {"path", "u", false}, {"read_only", "b", false}};
static const struct column tables[] = {
    {"database", "u", false},      {"table", "u", false},  {"type", "u", false},
    {"sql", "u", true},            {"strict", "b", false}, {"without_rowid", "b", false},
    {"column_count", "i", false}};
static const struct column columns[] = {
    {"database", "u", false},  {"table", "u", false},   {"column", "u", false},
    {"position", "i", false},  {"type", "u", false},    {"format", "u", true},
    {"nullable", "b", false},  {"default", "u", true},  {"key_position", "i", false},
    {"generated", "u", false}, {"hidden", "b", false},  {"collation", "u", true}};
static const struct column keys[] = {
    {"database", "u", false},   {"table", "u", false},       {"name", "u", true},
    {"kind", "u", false},       {"position", "i", false},    {"column", "u", true},
    {"other_table", "u", true}, {"other_column", "u", true}, {"on_update", "u", true},
    {"on_delete", "u", true}};
static const struct column statistics[] = {
    {"database", "u", false}, {"table", "u", false}, {"column", "u", true},
    {"statistic", "u", false}, {"value", "u", true}, {"approximate", "b", false}};

static const struct {
    const struct column *list;
    int32_t count;
} results[] = {
    [STOA_CATALOG_DATABASES] = {databases, sizeof databases / sizeof *databases},
    [STOA_CATALOG_TABLES] = {tables, sizeof tables / sizeof *tables},
    [STOA_CATALOG_COLUMNS] = {columns, sizeof columns / sizeof *columns},
    [STOA_CATALOG_KEYS] = {keys, sizeof keys / sizeof *keys},
    [STOA_CATALOG_STATISTICS] = {statistics, sizeof statistics / sizeof *statistics},
};

static stoa_status make_type(int32_t what, stoa__arena *arena, struct stoa__arrow_type *out,
                             stoa_error *err)
{
    *out = (struct stoa__arrow_type){
        .kind = STOA__ARROW_STRUCT, .zone = "", .name = "", .format = "+s"};
    out->child_count = results[what].count;
    out->children = stoa__arena_alloc_zero(arena, (size_t)out->child_count, sizeof *out->children);
    if (!out->children)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < out->child_count; i++) {
        const struct column *column = &results[what].list[i];
        struct stoa__arrow_type *child = NULL;
        stoa_status rc = stoa__arrow_type_simple(column->format, column->name, column->nullable,
                                                 arena, &child, err);

        if (rc != STOA_OK)
            return rc;
        out->children[i] = *child;
    }
    return STOA_OK;
}

/* ---- rows ---- */

static stoa_status put_database(struct adbc_walk *walk)
{
    stoa_status rc = adbc_put_word(walk, 0, walk->name);

    if (rc == STOA_OK)
        rc = adbc_put_word(walk, 1, "");
    if (rc == STOA_OK)
        rc = adbc_put_number(walk, 2, walk->session->instance->target.read_only);
    return rc == STOA_OK ? adbc_end_row(walk) : rc;
}

static bool holds_view(struct adbc_text type)
{
    for (int64_t i = 0; type.data && i + 4 <= type.size; i++)
        if (stoa__name_equal(type.data + i, 4, "view", 4))
            return true;
    return false;
}

static stoa_status put_table(struct adbc_walk *walk, const struct stoa__cell *table)
{
    struct stoa__cell list;
    stoa_status rc = adbc_put_word(walk, 0, walk->name);

    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 1, adbc_text_of(table, "table_name"));
    if (rc == STOA_OK)
        rc = adbc_put_word(walk, 2,
                           holds_view(adbc_text_of(table, "table_type")) ? "view" : "table");
    if (rc == STOA_OK)
        rc = adbc_put_word(walk, 3, NULL);
    if (rc == STOA_OK)
        rc = adbc_put_number(walk, 4, 0);
    if (rc == STOA_OK)
        rc = adbc_put_number(walk, 5, 0);
    if (rc == STOA_OK)
        rc = adbc_put_number(walk, 6, adbc_items_of(table, "table_columns", &list));
    return rc == STOA_OK ? adbc_end_row(walk) : rc;
}

/* ---- columns ---- */

/* From 1 in the primary key; 0: not in it. */
static int64_t key_position(const struct stoa__cell *table, struct adbc_text column)
{
    struct stoa__cell list, constraint, names, name;
    int64_t count = adbc_items_of(table, "table_constraints", &list);

    for (int64_t i = 0; i < count; i++) {
        int64_t name_count;

        stoa__cell_item(&list, i, &constraint);
        if (!adbc_text_is(adbc_text_of(&constraint, "constraint_type"), "PRIMARY KEY"))
            continue;
        name_count = adbc_items_of(&constraint, "constraint_column_names", &names);
        for (int64_t j = 0; j < name_count; j++) {
            struct adbc_text found = {NULL, 0};

            stoa__cell_item(&names, j, &name);
            if (adbc_is_text(&name))
                found.data = (const char *)stoa__cell_bytes(&name, &found.size);
            if (found.data && column.data && found.size == column.size &&
                memcmp(found.data, column.data, (size_t)found.size) == 0)
                return j + 1;
        }
    }
    return 0;
}

static const char *format_of(const struct adbc_walk *walk, struct adbc_text column)
{
    const struct stoa__arrow_type *type = walk->table_type;

    for (int32_t i = 0; type && column.data && i < type->child_count; i++)
        if (stoa__name_is(column.data, (size_t)column.size, type->children[i].name))
            return type->children[i].format;
    return NULL;
}

static bool is_nullable(const struct stoa__cell *column)
{
    return adbc_integer_of(column, "xdbc_nullable", 1) != 0 &&
           !adbc_text_is(adbc_text_of(column, "xdbc_is_nullable"), "NO");
}

static stoa_status put_column(struct adbc_walk *walk, const struct stoa__cell *table,
                              const struct stoa__cell *column, int64_t position)
{
    struct adbc_text name = adbc_text_of(column, "column_name");
    struct adbc_text type = adbc_text_of(column, "xdbc_type_name");
    bool generated = adbc_integer_of(column, "xdbc_is_generatedcolumn", 0) != 0;
    stoa_status rc = adbc_put_word(walk, 0, walk->name);

    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 1, adbc_text_of(table, "table_name"));
    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 2, name);
    if (rc == STOA_OK)
        rc = adbc_put_number(walk, 3, adbc_integer_of(column, "ordinal_position", position));
    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 4, type.data ? type : (struct adbc_text){"", 0});
    if (rc == STOA_OK)
        rc = adbc_put_word(walk, 5, format_of(walk, name));
    if (rc == STOA_OK)
        rc = adbc_put_number(walk, 6, is_nullable(column));
    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 7, adbc_text_of(column, "xdbc_column_def"));
    if (rc == STOA_OK)
        rc = adbc_put_number(walk, 8, key_position(table, name));
    if (rc == STOA_OK)
        rc = adbc_put_word(walk, 9, generated ? "stored" : "none");
    if (rc == STOA_OK)
        rc = adbc_put_number(walk, 10, 0);
    if (rc == STOA_OK)
        rc = adbc_put_word(walk, 11, NULL);
    return rc == STOA_OK ? adbc_end_row(walk) : rc;
}

/* NUL-terminated copies live in the walk's arena. */
static const char *copy(struct adbc_walk *walk, struct adbc_text text)
{
    return text.data ? stoa__arena_copy_text(&walk->arena, text.data, (size_t)text.size) : NULL;
}

/* The Arrow types of a table's columns, where the driver tells them. */
static void learn_types(struct adbc_walk *walk, const struct stoa__cell *table)
{
    struct adbc_instance *instance = walk->session->instance;
    const char *catalog = copy(walk, walk->catalog), *schema = copy(walk, walk->schema);
    const char *name = copy(walk, adbc_text_of(table, "table_name"));
    struct ArrowSchema out = {0};
    adbc_error error = adbc_error_for(instance);
    adbc_status status;

    walk->table_type = NULL;
    if (!name)
        return;
    status = instance->driver->table.connection_table_schema(
        &walk->session->connection, catalog, schema && schema[0] != '\0' ? schema : NULL, name,
        &out, &error);
    adbc_error_drop(&error);
    if (status != ADBC_OK)
        return;
    (void)stoa__arrow_type_parse(&out, &walk->arena, &walk->table_type, NULL);
    stoa__schema_release(&out);
}

static stoa_status put_columns(struct adbc_walk *walk, const struct stoa__cell *table)
{
    struct stoa__cell list, column;
    int64_t count = adbc_items_of(table, "table_columns", &list);
    stoa_status rc = STOA_OK;

    learn_types(walk, table);
    for (int64_t i = 0; i < count && rc == STOA_OK; i++) {
        stoa__cell_item(&list, i, &column);
        rc = put_column(walk, table, &column, i + 1);
    }
    return rc;
}

/* ---- keys ---- */

static const char *kind_of(const struct stoa__cell *constraint)
{
    struct adbc_text type = adbc_text_of(constraint, "constraint_type");

    if (adbc_text_is(type, "PRIMARY KEY"))
        return "primary";
    if (adbc_text_is(type, "FOREIGN KEY"))
        return "foreign";
    return adbc_text_is(type, "UNIQUE") ? "unique" : NULL;
}

static stoa_status put_key(struct adbc_walk *walk, const struct stoa__cell *table,
                           const struct stoa__cell *constraint, const struct stoa__cell *name,
                           const struct stoa__cell *usage, int64_t position)
{
    struct adbc_text column = {NULL, 0};
    stoa_status rc = adbc_put_word(walk, 0, walk->name);

    if (adbc_is_text(name))
        column.data = (const char *)stoa__cell_bytes(name, &column.size);
    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 1, adbc_text_of(table, "table_name"));
    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 2, adbc_text_of(constraint, "constraint_name"));
    if (rc == STOA_OK)
        rc = adbc_put_word(walk, 3, kind_of(constraint));
    if (rc == STOA_OK)
        rc = adbc_put_number(walk, 4, position);
    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 5, column);
    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 6, adbc_text_of(usage, "fk_table"));
    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 7, adbc_text_of(usage, "fk_column_name"));
    if (rc == STOA_OK)
        rc = adbc_put_word(walk, 8, NULL);
    if (rc == STOA_OK)
        rc = adbc_put_word(walk, 9, NULL);
    return rc == STOA_OK ? adbc_end_row(walk) : rc;
}

static stoa_status put_keys(struct adbc_walk *walk, const struct stoa__cell *table)
{
    struct stoa__cell list, constraint, names, name, usages;
    int64_t count = adbc_items_of(table, "table_constraints", &list);
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < count && rc == STOA_OK; i++) {
        int64_t name_count, usage_count;

        stoa__cell_item(&list, i, &constraint);
        if (!kind_of(&constraint))
            continue;
        name_count = adbc_items_of(&constraint, "constraint_column_names", &names);
        usage_count = adbc_items_of(&constraint, "constraint_column_usage", &usages);
        for (int64_t j = 0; j < name_count && rc == STOA_OK; j++) {
            struct stoa__cell usage = {.null = true};

            stoa__cell_item(&names, j, &name);
            if (j < usage_count)
                stoa__cell_item(&usages, j, &usage);
            rc = put_key(walk, table, &constraint, &name, &usage, j + 1);
        }
    }
    return rc;
}

/* ---- levels ---- */

/* Schemas of the database itself are listed when they are asked for. */
static bool is_hidden(const struct adbc_walk *walk)
{
    return !walk->database &&
           (adbc_text_is(walk->schema, "information_schema") ||
            adbc_text_is(walk->catalog, "system") ||
            (walk->schema.size > 3 && memcmp(walk->schema.data, "pg_", 3) == 0));
}

static void add_name(char *out, size_t capacity, struct adbc_text text)
{
    size_t size = strlen(out), more = text.data ? (size_t)text.size : 0;

    if (more > capacity - size - 1)
        more = capacity - size - 1;
    if (more > 0)
        memcpy(out + size, text.data, more);
    out[size + more] = '\0';
}

/* One word for catalog and schema: the schema, behind its catalog where that is not the current
 * one; the catalog where there are no schemas. */
static void name_database(struct adbc_walk *walk)
{
    bool elsewhere = walk->current[0] != '\0' && !adbc_text_is(walk->catalog, walk->current);

    walk->name[0] = '\0';
    if (!walk->schema.data || walk->schema.size == 0 || adbc_text_is(walk->catalog, "temp")) {
        add_name(walk->name, sizeof walk->name, walk->catalog);
        return;
    }
    if (elsewhere && walk->catalog.size > 0) {
        add_name(walk->name, sizeof walk->name, walk->catalog);
        add_name(walk->name, sizeof walk->name, (struct adbc_text){".", 1});
    }
    add_name(walk->name, sizeof walk->name, walk->schema);
}

static stoa_status walk_tables(struct adbc_walk *walk, const struct stoa__cell *schema)
{
    struct stoa__cell list, table;
    int64_t count = adbc_items_of(schema, "db_schema_tables", &list);
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < count && rc == STOA_OK; i++) {
        struct adbc_text name;

        stoa__cell_item(&list, i, &table);
        name = adbc_text_of(&table, "table_name");
        if (!name.data || (walk->table && !adbc_text_is(name, walk->table)) ||
            (!walk->table && name.size > 5 && stoa__name_equal(name.data, 5, "stoa_", 5)))
            continue;
        if (walk->what == STOA_CATALOG_TABLES)
            rc = put_table(walk, &table);
        else if (walk->what == STOA_CATALOG_COLUMNS)
            rc = put_columns(walk, &table);
        else
            rc = put_keys(walk, &table);
    }
    return rc;
}

static stoa_status walk_schemas(struct adbc_walk *walk, const struct stoa__cell *catalog)
{
    struct stoa__cell list, schema;
    int64_t count = adbc_items_of(catalog, "catalog_db_schemas", &list);
    stoa_status rc = STOA_OK;

    walk->catalog = adbc_text_of(catalog, "catalog_name");
    for (int64_t i = 0; i < count && rc == STOA_OK; i++) {
        stoa__cell_item(&list, i, &schema);
        walk->schema = adbc_text_of(&schema, "db_schema_name");
        name_database(walk);
        if (is_hidden(walk) ||
            (walk->database &&
             !stoa__name_is(walk->name, strlen(walk->name), walk->database)))
            continue;
        if (walk->what == STOA_CATALOG_DATABASES)
            rc = put_database(walk);
        else if (walk->what == STOA_CATALOG_STATISTICS)
            rc = adbc_statistics_put(walk, &schema);
        else
            rc = walk_tables(walk, &schema);
    }
    return rc;
}

static stoa_status walk_stream(struct adbc_walk *walk, struct stoa__stream_in *in, stoa_error *err)
{
    struct ArrowArray batch;
    stoa_status rc;

    while ((rc = stoa__stream_in_next(in, &batch, err)) == STOA_OK) {
        for (int64_t i = 0; i < batch.length && rc == STOA_OK; i++) {
            struct stoa__cell catalog;

            stoa__cell_at(in->type, &batch, i, &catalog);
            rc = walk_schemas(walk, &catalog);
        }
        stoa__array_release(&batch);
        if (rc != STOA_OK)
            return rc;
    }
    if (rc == STOA_DONE)
        return STOA_OK;
    return rc == STOA_ERR_NOMEM ? rc
                                : adbc_fail_stream(walk->session->instance, &in->stream, err);
}

static void learn_current(struct adbc_walk *walk)
{
    struct adbc_instance *instance = walk->session->instance;
    adbc_error error = adbc_error_for(instance);
    size_t size = sizeof walk->current;
    adbc_status status = instance->driver->table.connection_get(
        &walk->session->connection, "adbc.connection.catalog", walk->current, &size, &error);

    adbc_error_drop(&error);
    adbc_note_answer(instance, ADBC_CAN_CURRENT_CATALOG,
                     status == ADBC_NOT_FOUND ? ADBC_NOT_IMPLEMENTED : status);
    if (status != ADBC_OK || size > sizeof walk->current)
        walk->current[0] = '\0';
}

/* On the worker. */
static stoa_status walk_job(void *self, stoa_error *err)
{
    struct adbc_walk *walk = self;
    struct adbc_instance *instance = walk->session->instance;
    struct ArrowArrayStream stream = {0};
    struct stoa__stream_in in;
    adbc_error error = adbc_error_for(instance);
    adbc_status status;
    stoa_status rc;

    walk->err = err;
    learn_current(walk);
    if (walk->what == STOA_CATALOG_STATISTICS)
        status = adbc_statistics_ask(walk, &stream, &error);
    else
        status = instance->driver->table.connection_objects(
            &walk->session->connection,
            walk->what == STOA_CATALOG_DATABASES ? DEPTH_SCHEMAS : DEPTH_ALL, NULL, NULL, NULL,
            NULL, NULL, &stream, &error);
    if (walk->what != STOA_CATALOG_STATISTICS)
        adbc_note_answer(instance, ADBC_CAN_OBJECTS, status);
    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error,
                         walk->what == STOA_CATALOG_STATISTICS ? "statistics" : "the catalogue",
                         err);
    adbc_error_drop(&error);
    rc = stoa__stream_in_init(&in, &stream, STOA_CHECK_FULL, err);
    if (rc != STOA_OK) {
        rc = adbc_fail_stream(instance, &stream, err);
        stoa_stream_release(&stream);
        return rc;
    }
    rc = walk_stream(walk, &in, err);
    stoa__stream_in_release(&in);
    return rc == STOA_OK ? stoa__builder_finish(&walk->builder, 0, &walk->batch, err) : rc;
}

stoa_status adbc_catalog(void *self, stoa__call *call, int32_t what, const char *database,
                         const char *table, void **cursor, stoa_error *err)
{
    struct adbc_session *session = self;
    struct adbc_walk *walk;
    stoa_status rc;

    if (what == STOA_CATALOG_INDEXES || what == STOA_CATALOG_FUNCTIONS ||
        what == STOA_CATALOG_COLLATIONS)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                          "%s: drivers do not list %s; ask the database by SQL",
                          session->instance->engine,
                          what == STOA_CATALOG_INDEXES     ? "indexes"
                          : what == STOA_CATALOG_FUNCTIONS ? "functions"
                                                           : "collations");
    walk = stoa__alloc_zero(1, sizeof *walk);
    if (!walk)
        return stoa__fail_nomem(err);
    *walk = (struct adbc_walk){
        .session = session, .what = what, .database = database, .table = table};
    rc = make_type(what, &walk->arena, &walk->type, err);
    if (rc == STOA_OK)
        rc = stoa__builder_init(&walk->builder, &walk->type, 64, err);
    if (rc == STOA_OK)
        rc = adbc_make_room(session, call, false, err);
    if (rc == STOA_OK)
        rc = adbc_work(session, call, NULL, walk_job, walk, err);
    if (rc == STOA_OK)
        rc = adbc_cursor_of_batch(session, &walk->type,
                                  walk->batch.length > 0 ? &walk->batch : NULL, cursor, err);
    stoa__array_release(&walk->batch);
    stoa__builder_release(&walk->builder);
    stoa__arena_release(&walk->arena);
    stoa__free(walk);
    return rc;
}

/* ---- one table ---- */

struct table_asked {
    struct adbc_session *session;
    const char *database, *table;
    stoa__arena *arena;
    struct stoa__arrow_type *type;
};

static stoa_status table_job(void *self, stoa_error *err)
{
    struct table_asked *asked = self;
    struct adbc_instance *instance = asked->session->instance;
    const char *point = asked->database ? strchr(asked->database, '.') : NULL;
    const char *schema = point ? point + 1 : asked->database;
    char *catalog = point ? stoa__copy_text(asked->database, (size_t)(point - asked->database))
                          : NULL;
    struct ArrowSchema out = {0};
    adbc_error error = adbc_error_for(instance);
    adbc_status status;
    stoa_status rc;

    if (point && !catalog)
        return stoa__fail_nomem(err);
    status = instance->driver->table.connection_table_schema(
        &asked->session->connection, catalog, schema, asked->table, &out, &error);
    stoa__free(catalog);
    adbc_note_answer(instance, ADBC_CAN_TABLE_SCHEMA, status);
    if (status != ADBC_OK)
        return adbc_fail(instance, status, &error, NULL, err);
    adbc_error_drop(&error);
    rc = stoa__arrow_type_parse(&out, asked->arena, &asked->type, err);
    stoa__schema_release(&out);
    if (rc != STOA_OK && rc != STOA_ERR_NOMEM) {
        stoa__wrap(err, "%s: the driver's schema of table '%s'", instance->engine, asked->table);
        rc = STOA_ERR_PROTOCOL;
        if (err)
            err->code = rc;
    }
    return rc;
}

stoa_status adbc_table_type(void *self, stoa__call *call, const char *database, const char *table,
                            stoa__arena *arena, struct stoa__arrow_type **type, stoa_error *err)
{
    struct table_asked asked = {.session = self, .table = table, .arena = arena};
    stoa_status rc = adbc_make_room(self, call, false, err);

    /* "main" is what a database is called that was not named. */
    if (database && strcmp(database, "main") != 0)
        asked.database = database;
    if (rc == STOA_OK)
        rc = adbc_work(self, call, NULL, table_job, &asked, err);
    if (rc == STOA_OK)
        *type = asked.type;
    else
        adbc_note_failure(self);
    return rc;
}
