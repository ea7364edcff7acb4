/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/load.h"

#include "base/error.h"
#include "collection/sql.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Ordered by the tables' names in bytes, as the tables are; so all are walked once, together.
 * Virtual tables have no root page, and their shadows no place among the tables. */
#define FROM_TABLES " FROM main.sqlite_schema AS s, "
#define TABLES_ALONE " WHERE s.type = 'table' AND s.rootpage > 0 ORDER BY s.name, "

static const char tables_sql[] =
    "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
    "AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name";
static const char columns_sql[] =
    "SELECT s.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk, c.hidden" FROM_TABLES
    "pragma_table_xinfo(s.name, 'main') AS c" TABLES_ALONE "c.cid";
static const char keys_sql[] =
    "SELECT s.name, f.\"from\", f.\"table\", f.\"to\", f.on_delete, f.on_update" FROM_TABLES
    "pragma_foreign_key_list(s.name, 'main') AS f" TABLES_ALONE "f.id DESC, f.seq";
static const char indexes_sql[] =
    "SELECT s.name, l.seq, l.partial, l.origin = 'pk', i.name" FROM_TABLES
    "pragma_index_list(s.name, 'main') AS l, pragma_index_info(l.name, 'main') AS i "
    "WHERE s.type = 'table' AND s.rootpage > 0 AND l.\"unique\" ORDER BY s.name, l.seq, i.seqno";

struct loader {
    struct collection_call *call;
    struct collection_model *model;
    struct collection_sql sql; /* All rows of the query that runs. */
    int64_t row;
    stoa_error *err;
};

bool collection_is_internal(const char *table)
{
    return strcmp(table, "stoa_column_type") == 0;
}

/* ---- rows of a query ---- */

static stoa_status read_all(struct loader *loader, const char *text)
{
    struct collection_sql *sql = &loader->sql;
    stoa_status rc;

    collection_sql_close(sql);
    loader->row = 0;
    rc = collection_sql_open(sql, loader->call, text, strlen(text), loader->err);
    if (rc == STOA_OK)
        rc = collection_sql_run(sql, NULL, 0, NULL, 0, loader->err);
    if (rc == STOA_OK)
        rc = collection_sql_rows(sql, INT64_MAX, loader->err);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static int64_t cell(const struct loader *loader, int64_t row, int32_t column)
{
    return row * loader->sql.row.column_count + column;
}

static int64_t number(const struct loader *loader, int64_t row, int32_t column)
{
    return collection_row_int64(&loader->sql.row, cell(loader, row, column));
}

/* NULL: it is NULL, or (nomem) memory is out. */
static const char *text(struct loader *loader, int64_t row, int32_t column, bool *nomem)
{
    const int64_t at = cell(loader, row, column);
    const char *bytes;
    char *copy;
    size_t size;

    if (collection_row_is_null(&loader->sql.row, at))
        return NULL;
    bytes = collection_row_text(&loader->sql.row, at, &size);
    copy = stoa__arena_copy_text(&loader->model->arena, bytes, size);
    *nomem = *nomem || !copy;
    return copy;
}

static int compare_name(const struct loader *loader, int64_t row, const char *name)
{
    size_t size;
    const char *bytes = collection_row_text(&loader->sql.row, cell(loader, row, 0), &size);
    const int order = strncmp(bytes, name, size);

    return order != 0 ? order : -(name[size] != '\0');
}

/* The rows of `table` from loader->row on; those of tables that are none of ours are passed. */
static int64_t count_rows(struct loader *loader, const char *table)
{
    const int64_t all = loader->sql.row.row_count;
    int64_t end;

    while (loader->row < all && compare_name(loader, loader->row, table) < 0)
        loader->row++;
    end = loader->row;
    while (end < all && compare_name(loader, end, table) == 0)
        end++;
    return end - loader->row;
}

/* ---- tables ---- */

static stoa_status load_tables(struct loader *loader)
{
    struct collection_model *model = loader->model;
    stoa_status rc = read_all(loader, tables_sql);
    const int64_t count = loader->sql.row.row_count;
    bool nomem = false;

    if (rc != STOA_OK)
        return rc;
    model->tables = stoa__arena_alloc_zero(&model->arena, (size_t)count + 1, sizeof *model->tables);
    if (!model->tables)
        return stoa__fail_nomem(loader->err);
    for (int64_t row = 0; row < count; row++) {
        struct collection_table *table = &model->tables[model->table_count];

        table->name = text(loader, row, 0, &nomem);
        if (!table->name)
            return stoa__fail_nomem(loader->err);
        table->without_rowid = number(loader, row, 1) != 0;
        table->id = table->label = table->vector_index = table->date = -1;
        model->table_count += !collection_is_internal(table->name);
    }
    return STOA_OK;
}

/* ---- columns ---- */

static int32_t type_of(const char *declared, const char *name)
{
    if (strcmp(declared, "INTEGER") == 0)
        return TYPE_INTEGER;
    if (strcmp(declared, "REAL") == 0)
        return TYPE_FLOAT;
    if (strcmp(declared, "TEXT") == 0)
        return strncmp(name, "date_", 5) == 0 ? TYPE_DATE_TIME : TYPE_STRING;
    return strcmp(declared, "DATE_TIME") == 0 ? TYPE_DATE_TIME : TYPE_UNKNOWN;
}

static stoa_status load_column(struct loader *loader, int64_t row, struct collection_column *out)
{
    bool nomem = false;

    out->name = text(loader, row, 1, &nomem);
    out->declared = text(loader, row, 2, &nomem);
    out->default_value = text(loader, row, 4, &nomem);
    if (nomem || !out->name)
        return stoa__fail_nomem(loader->err);
    out->declared = out->declared ? out->declared : "";
    out->type = type_of(out->declared, out->name);
    out->key = (int32_t)number(loader, row, 5);
    out->not_null =
        number(loader, row, 3) != 0 || (out->key > 0 && out->type == TYPE_INTEGER);
    out->generated = number(loader, row, 6) > 1;
    return STOA_OK;
}

static stoa_status load_table_columns(struct loader *loader, struct collection_table *table)
{
    const int64_t count = count_rows(loader, table->name);
    stoa_status rc = STOA_OK;

    table->columns =
        stoa__arena_alloc_zero(&loader->model->arena, (size_t)count + 1, sizeof *table->columns);
    if (!table->columns)
        return stoa__fail_nomem(loader->err);
    for (int64_t i = 0; rc == STOA_OK && i < count; i++) {
        table->columns[i].position = (int32_t)i;
        rc = load_column(loader, loader->row + i, &table->columns[i]);
    }
    if (rc != STOA_OK)
        return rc;
    table->column_count = (int32_t)count;
    table->id = collection_find_column(table, "id", 2);
    loader->row += count;
    return STOA_OK;
}

/* ---- foreign keys ---- */

static int32_t action_of(const char *word)
{
    if (strcmp(word, "CASCADE") == 0)
        return ACTION_CASCADE;
    if (strcmp(word, "SET NULL") == 0)
        return ACTION_SET_NULL;
    return strcmp(word, "NO ACTION") == 0 ? ACTION_NONE : ACTION_OTHER;
}

/* SQLite finds the table whatever the case; so names that differ in it alone are one. */
static const char *spelt(const struct collection_model *model, const char *target)
{
    if (collection_find_table(model, target, strlen(target)))
        return target;
    for (int32_t i = 0; i < model->table_count; i++)
        if (stoa__name_is(target, strlen(target), model->tables[i].name))
            return model->tables[i].name;
    return target;
}

static struct collection_column *column_like(struct collection_table *table, const char *name)
{
    for (int32_t i = 0; i < table->column_count; i++)
        if (stoa__name_is(name, strlen(name), table->columns[i].name))
            return &table->columns[i];
    return NULL;
}

/* The first one declared is what a column refers to. */
static stoa_status load_key(struct loader *loader, int64_t row, struct collection_table *table)
{
    bool nomem = false;
    const char *from = text(loader, row, 1, &nomem);
    const char *target = text(loader, row, 2, &nomem);
    const char *target_column = text(loader, row, 3, &nomem);
    const char *on_delete = text(loader, row, 4, &nomem);
    const char *on_update = text(loader, row, 5, &nomem);
    struct collection_column *column;

    if (nomem || !from || !target || !on_delete || !on_update)
        return stoa__fail_nomem(loader->err);
    column = column_like(table, from);
    if (!column || column->target)
        return STOA_OK;
    column->target = spelt(loader->model, target);
    column->target_column = target_column ? target_column : "id";
    column->on_delete = action_of(on_delete);
    column->on_update = action_of(on_update);
    return STOA_OK;
}

static stoa_status load_table_keys(struct loader *loader, struct collection_table *table)
{
    const int64_t end = count_rows(loader, table->name) + loader->row;
    stoa_status rc = STOA_OK;

    for (; rc == STOA_OK && loader->row < end; loader->row++)
        rc = load_key(loader, loader->row, table);
    return rc;
}

/* ---- indexes ---- */

static stoa_status load_index(struct loader *loader, int64_t row, int64_t count,
                              struct collection_index *out)
{
    const char **columns =
        stoa__arena_alloc_zero(&loader->model->arena, (size_t)count, sizeof *columns);
    bool nomem = !columns;

    out->partial = number(loader, row, 2) != 0;
    out->primary_key = number(loader, row, 3) != 0;
    for (int64_t i = 0; !nomem && i < count; i++)
        columns[i] = text(loader, row + i, 4, &nomem);
    out->columns = columns;
    out->column_count = (int32_t)count;
    return nomem ? stoa__fail_nomem(loader->err) : STOA_OK;
}

static stoa_status load_table_indexes(struct loader *loader, struct collection_table *table)
{
    const int64_t count = count_rows(loader, table->name);
    const int64_t end = loader->row + count;
    stoa_status rc = STOA_OK;

    if (count == 0)
        return STOA_OK;
    table->indexes =
        stoa__arena_alloc_zero(&loader->model->arena, (size_t)count, sizeof *table->indexes);
    if (!table->indexes)
        return stoa__fail_nomem(loader->err);
    while (rc == STOA_OK && loader->row < end) {
        int64_t next = loader->row;

        while (next < end && number(loader, next, 1) == number(loader, loader->row, 1))
            next++;
        rc = load_index(loader, loader->row, next - loader->row,
                        &table->indexes[table->index_count++]);
        loader->row = next;
    }
    return rc;
}

/* ---- roles ---- */

/* What stands behind `prefix`, if anything does. */
static const char *behind(const char *text, const char *prefix)
{
    const size_t size = strlen(prefix);

    return strncmp(text, prefix, size) == 0 && text[size] != '\0' ? text + size : NULL;
}

static void set_role(struct collection_table *table, const char *infix)
{
    if (strcmp(infix, "_time_series_files") == 0)
        table->role = ROLE_FILES;
    else if ((table->group = behind(infix, "_vector_")))
        table->role = ROLE_VECTOR;
    else if ((table->group = behind(infix, "_set_")))
        table->role = ROLE_SET;
    else if ((table->group = behind(infix, "_time_series_")))
        table->role = ROLE_TIME_SERIES;
    else
        table->role = ROLE_NONE;
}

static stoa_status name_role(struct loader *loader, struct collection_table *table)
{
    const char *infix = strchr(table->name, '_');

    table->role = ROLE_COLLECTION;
    table->parent_name = table->name;
    if (!infix)
        return STOA_OK;
    set_role(table, infix);
    table->parent_name = stoa__arena_copy_text(&loader->model->arena, table->name,
                                               (size_t)(infix - table->name));
    return table->parent_name ? STOA_OK : stoa__fail_nomem(loader->err);
}

/* Its date dimension and its other ones. */
static void find_dimensions(struct collection_table *table)
{
    const struct collection_column *date = NULL;

    for (int32_t i = 0; i < table->column_count; i++) {
        struct collection_column *column = &table->columns[i];

        column->dimension = column->key > 0 && i != table->id;
        if (!column->dimension || column->type != TYPE_DATE_TIME)
            continue;
        if (!date || strcmp(column->name, "date_time") == 0 ||
            (column->key < date->key && strcmp(date->name, "date_time") != 0))
            date = column;
    }
    table->date = date ? date->position : -1;
}

static void find_places(struct collection_table *table)
{
    switch (table->role) {
    case ROLE_COLLECTION:
        table->label = collection_find_column(table, "label", 5);
        break;
    case ROLE_VECTOR:
        table->vector_index = collection_find_column(table, "vector_index", 12);
        break;
    case ROLE_TIME_SERIES:
        find_dimensions(table);
        break;
    default:
        break;
    }
}

/* ---- families ---- */

/* The groups of `kind`, in the order of the tables. */
static stoa_status list_groups(struct loader *loader, struct collection_table *table, int32_t kind)
{
    const struct collection_model *model = loader->model;
    const struct collection_table **list =
        stoa__arena_alloc_zero(&loader->model->arena, (size_t)table->group_count[kind],
                               sizeof *list);
    int32_t count = 0;

    if (!list)
        return stoa__fail_nomem(loader->err);
    for (int32_t i = 0; i < model->table_count; i++)
        if (model->tables[i].role == kind && model->tables[i].parent == table)
            list[count++] = &model->tables[i];
    assert(count == table->group_count[kind]);
    table->groups[kind] = list;
    return STOA_OK;
}

static stoa_status join(struct loader *loader, struct collection_table *table)
{
    stoa_status rc = STOA_OK;

    for (int32_t kind = ROLE_VECTOR; rc == STOA_OK && kind < ROLE_FILES; kind++)
        if (table->group_count[kind] > 0)
            rc = list_groups(loader, table, kind);
    return rc;
}

static void find_parent(struct collection_model *model, struct collection_table *table)
{
    struct collection_table *parent;

    table->parent = collection_find(model, table->parent_name, strlen(table->parent_name));
    if (!table->parent)
        return;
    parent = &model->tables[table->parent - model->tables];
    if (table->role == ROLE_FILES)
        parent->files = table;
    if (table->group)
        parent->group_count[table->role]++;
}

static stoa_status make_families(struct loader *loader)
{
    struct collection_model *model = loader->model;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < model->table_count; i++) {
        rc = name_role(loader, &model->tables[i]);
        if (rc == STOA_OK)
            find_places(&model->tables[i]);
    }
    for (int32_t i = 0; rc == STOA_OK && i < model->table_count; i++)
        find_parent(model, &model->tables[i]);
    for (int32_t i = 0; rc == STOA_OK && i < model->table_count; i++)
        rc = join(loader, &model->tables[i]);
    return rc;
}

/* ---- all of it ---- */

static stoa_status load_parts(struct loader *loader, const char *sql,
                              stoa_status (*part)(struct loader *, struct collection_table *))
{
    stoa_status rc = read_all(loader, sql);

    for (int32_t i = 0; rc == STOA_OK && i < loader->model->table_count; i++)
        rc = part(loader, &loader->model->tables[i]);
    return rc;
}

static stoa_status look_at_ids(struct loader *loader)
{
    struct collection_sql sql;
    bool any;
    stoa_status rc = collection_sql_once(
        &sql, loader->call,
        "SELECT 1 FROM main.sqlite_schema WHERE name='sqlite_sequence' AND type='table'",
        loader->err);

    any = rc == STOA_OK;
    collection_sql_close(&sql);
    if (!any)
        return rc == STOA_DONE ? STOA_OK : rc;
    rc = collection_sql_once(&sql, loader->call, "SELECT max(seq) FROM main.sqlite_sequence",
                             loader->err);
    if (rc == STOA_OK)
        loader->model->high_ids = collection_row_int64(&sql.row, 0) > COLLECTION_ID_HIGH;
    collection_sql_close(&sql);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status collection_model_load(struct collection_call *call, struct collection_model *model,
                                  stoa_error *err)
{
    struct loader loader = {.call = call, .model = model, .err = err};
    stoa_status rc = load_tables(&loader);

    if (rc == STOA_OK)
        rc = load_parts(&loader, columns_sql, load_table_columns);
    if (rc == STOA_OK)
        rc = load_parts(&loader, keys_sql, load_table_keys);
    if (rc == STOA_OK)
        rc = load_parts(&loader, indexes_sql, load_table_indexes);
    if (rc == STOA_OK)
        rc = make_families(&loader);
    if (rc == STOA_OK)
        rc = look_at_ids(&loader);
    collection_sql_close(&loader.sql);
    return rc;
}
