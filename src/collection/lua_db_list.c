/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of `db` that tell of the schema: metadata, reports, and the files of collections. */
#include "collection/lua.h"

#include "base/error.h"

#include <string.h>

#include "base/ban.h"

/* ---- metadata ---- */

enum { FILES_KIND = 4 };
static const char *const kind_names[] = {"scalar", "vector", "set", "time_series", "files"};
static const char *const kind_titles[] = {"Scalar attribute", "Vector group", "Set group",
                                          "Time series group"};

/* table[name] = text; no key where there is none. */
static void set_text(struct lua_runner *runner, const char *name, const stoa_rows *rows,
                     int64_t index)
{
    const struct lua_text text = collection_lua_row_text(rows, index);

    if (rows->values[index].type == STOA_TYPE_NULL)
        return;
    collection_lua_push_text(runner, text.text, (size_t)text.size);
    collection_lua_set_field(runner, -2, name, strlen(name));
}

static void set_flag(struct lua_runner *runner, const char *name, bool holds)
{
    runner->lua.push_boolean(runner->state, holds);
    collection_lua_set_field(runner, -2, name, strlen(name));
}

/* The column that a row of the list tells of, as a table on top. */
static void push_record(struct lua_runner *runner, const stoa_rows *rows)
{
    runner->lua.new_table(runner->state, 0, 8);
    set_text(runner, "name", rows, LIST_NAME);
    set_text(runner, "data_type", rows, LIST_TYPE);
    set_flag(runner, "not_null", rows->values[LIST_NOT_NULL].a != 0);
    set_flag(runner, "primary_key", rows->values[LIST_PRIMARY_KEY].a != 0);
    set_text(runner, "default_value", rows, LIST_DEFAULT_VALUE);
    set_flag(runner, "is_foreign_key",
             rows->values[LIST_REFERENCES_COLLECTION].type != STOA_TYPE_NULL);
    set_text(runner, "references_collection", rows, LIST_REFERENCES_COLLECTION);
    set_text(runner, "references_column", rows, LIST_REFERENCES_COLUMN);
}

/* Begin to list a collection. False: there is none of that name. */
static bool open_list(struct lua_runner *runner, struct lua_text collection)
{
    const stoa_status rc =
        stoa_collection_list(runner->conn, runner->op, collection.text, collection.size,
                             &runner->scratch.result, &runner->failure);

    if (rc == STOA_ERR_NOT_FOUND)
        return false;
    collection_lua_must(runner, rc);
    return true;
}

static _Noreturn void refuse_collection(struct lua_runner *runner, struct lua_text collection)
{
    collection_lua_refuse(runner, STOA_ERR_NOT_FOUND, "collection not found: %.*s",
                          (int)collection.size, collection.text);
}

/* The next row of that kind. */
static bool next_of_kind(struct lua_runner *runner, int32_t kind, stoa_rows *rows)
{
    stoa_status rc;

    while ((rc = stoa_result_rows(runner->scratch.result, runner->op, 1, rows,
                                  &runner->failure)) == STOA_OK)
        if (collection_lua_text_is(collection_lua_row_text(rows, LIST_KIND), kind_names[kind]))
            return true;
    collection_lua_must(runner, rc);
    return false;
}

static int list_scalars(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    stoa_rows rows;

    if (!open_list(runner, collection))
        refuse_collection(runner, collection);
    runner->lua.new_table(runner->state, 0, 0);
    for (int64_t i = 1; next_of_kind(runner, method->kind, &rows); i++) {
        push_record(runner, &rows);
        runner->lua.raw_set_index(runner->state, -2, i);
    }
    return 1;
}

/* Add a row to the list of groups at `list`; rows of a group follow each other. */
static void add_to_group(struct lua_runner *runner, const stoa_rows *rows, int list,
                         int64_t *groups, int64_t *columns)
{
    const struct lua_api *lua = &runner->lua;
    const struct lua_text group = collection_lua_row_text(rows, LIST_GROUP);
    bool same = false;

    lua->set_top(runner->state, list);
    if (*groups > 0) {
        (void)lua->raw_get_index(runner->state, list, *groups);
        collection_lua_push_text(runner, "group_name", 10);
        (void)lua->raw_get(runner->state, -2);
        same = collection_lua_text_is(group, lua->to_text(runner->state, -1, NULL));
        lua->set_top(runner->state, same ? list + 1 : list);
    }
    if (!same) {
        lua->new_table(runner->state, 0, 4);
        set_text(runner, "group_name", rows, LIST_GROUP);
        lua->new_table(runner->state, 0, 0);
        collection_lua_set_field(runner, -2, "value_columns", 13);
        lua->push_value(runner->state, -1);
        lua->raw_set_index(runner->state, list, ++*groups);
        *columns = 0;
    }
    if (!same && rows->values[LIST_DIMENSION].a != 0) { /* Its date, which stands first. */
        set_text(runner, "dimension_column", rows, LIST_NAME);
        return;
    }
    collection_lua_push_text(runner, "value_columns", 13);
    (void)lua->raw_get(runner->state, -2);
    push_record(runner, rows);
    lua->raw_set_index(runner->state, -2, ++*columns);
}

/* The groups of a kind as a list on top; with a name, that one alone. */
static int64_t push_groups(struct lua_runner *runner, int32_t kind, const struct lua_text *name)
{
    int64_t groups = 0, columns = 0;
    stoa_rows rows;
    int list;

    runner->lua.new_table(runner->state, 0, 0);
    list = runner->lua.get_top(runner->state);
    while (next_of_kind(runner, kind, &rows)) {
        const struct lua_text group = collection_lua_row_text(&rows, LIST_GROUP);

        if (!name || (name->size == group.size &&
                      memcmp(name->text, group.text, (size_t)group.size) == 0))
            add_to_group(runner, &rows, list, &groups, &columns);
    }
    runner->lua.set_top(runner->state, list);
    return groups;
}

static int list_groups(struct lua_runner *runner, const struct lua_method *method)
{
    if (open_list(runner, collection_lua_take_text(runner, 2, "collection")))
        (void)push_groups(runner, method->kind, NULL);
    else
        runner->lua.new_table(runner->state, 0, 0);
    return 1;
}

static _Noreturn void refuse_missing(struct lua_runner *runner, int32_t kind,
                                     struct lua_text name, struct lua_text collection)
{
    (void)stoa__fail(&runner->failure, STOA_ERR_NOT_FOUND,
                     "%s not found: '%.*s' in collection '%.*s'", kind_titles[kind],
                     (int)name.size, name.text, (int)collection.size, collection.text);
    collection_lua_raise(runner);
}

static int get_scalar(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const struct lua_text name = collection_lua_take_text(runner, 3, "attribute");
    stoa_rows rows;

    if (!open_list(runner, collection))
        refuse_collection(runner, collection);
    while (next_of_kind(runner, method->kind, &rows)) {
        const struct lua_text its = collection_lua_row_text(&rows, LIST_NAME);

        if (its.size == name.size && memcmp(its.text, name.text, (size_t)its.size) == 0) {
            push_record(runner, &rows);
            return 1;
        }
    }
    refuse_missing(runner, method->kind, name, collection);
}

static int get_group(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const struct lua_text name = collection_lua_take_text(runner, 3, "group");

    if (!open_list(runner, collection))
        refuse_collection(runner, collection);
    if (push_groups(runner, method->kind, &name) == 0)
        refuse_missing(runner, method->kind, name, collection);
    (void)runner->lua.raw_get_index(runner->state, -1, 1);
    return 1;
}

/* ---- reports ---- */

enum { DESCRIBE, DESCRIBE_COLLECTION, SUMMARIZE };

static int report(struct lua_runner *runner, const struct lua_method *method)
{
    struct lua_text collection = {0};
    stoa_rows rows;

    if (method->kind != DESCRIBE) {
        collection = collection_lua_take_text(runner, 2, "collection");
        if (collection.size == 0)
            refuse_collection(runner, collection);
    }
    collection_lua_must(
        runner,
        (method->kind == SUMMARIZE ? stoa_collection_summarize : stoa_collection_describe)(
            runner->conn, runner->op, collection.text, collection.size, &rows, &runner->failure));
    collection_lua_push_value(runner, &rows, rows.values, false);
    return 1;
}

/* ---- files ---- */

static int has_files(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    stoa_rows rows;

    if (!open_list(runner, collection))
        refuse_collection(runner, collection);
    runner->lua.push_boolean(runner->state, next_of_kind(runner, method->kind, &rows));
    return 1;
}

static int list_files(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    int64_t count = 0;
    stoa_rows rows;

    if (!open_list(runner, collection))
        refuse_collection(runner, collection);
    runner->lua.new_table(runner->state, 0, 0);
    while (next_of_kind(runner, method->kind, &rows)) {
        collection_lua_push_value(runner, &rows, &rows.values[LIST_NAME], false);
        runner->lua.raw_set_index(runner->state, -2, ++count);
    }
    if (count == 0) {
        (void)stoa__fail(&runner->failure, STOA_ERR_NOT_FOUND,
                         "Time series files table not found: %.*s_time_series_files",
                         (int)collection.size, collection.text);
        collection_lua_raise(runner);
    }
    return 1;
}

static int read_files(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    stoa_rows rows;

    (void)method;
    collection_lua_must(runner, stoa_files_read(runner->conn, runner->op, collection.text,
                                                collection.size, &rows, &runner->failure));
    runner->lua.new_table(runner->state, 0, 0);
    for (int64_t row = 0; row < rows.row_count; row++) {
        const stoa_value *pair = &rows.values[2 * row];

        collection_lua_push_value(runner, &rows, &pair[1], false);
        collection_lua_set_field(runner, -2, (const char *)rows.bytes + pair[0].a,
                                 (size_t)pair[0].b);
    }
    return 1;
}

const struct lua_method collection_lua_db_list_methods[] = {
    {"get_scalar_metadata", get_scalar, STOA_GROUP_ANY, NULL},
    {"get_vector_metadata", get_group, STOA_GROUP_VECTOR, NULL},
    {"get_set_metadata", get_group, STOA_GROUP_SET, NULL},
    {"get_time_series_metadata", get_group, STOA_GROUP_TIME_SERIES, NULL},
    {"list_scalar_attributes", list_scalars, STOA_GROUP_ANY, NULL},
    {"list_vector_groups", list_groups, STOA_GROUP_VECTOR, NULL},
    {"list_set_groups", list_groups, STOA_GROUP_SET, NULL},
    {"list_time_series_groups", list_groups, STOA_GROUP_TIME_SERIES, NULL},
    {"describe", report, DESCRIBE, NULL},
    {"describe_collection", report, DESCRIBE_COLLECTION, NULL},
    {"summarize_collection", report, SUMMARIZE, NULL},
    {"has_time_series_files", has_files, FILES_KIND, NULL},
    {"list_time_series_files_columns", list_files, FILES_KIND, NULL},
    {"read_time_series_files", read_files, 0, NULL},
    {0},
};
