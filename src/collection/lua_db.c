/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of `db` that write, and what is around them: transactions, queries, CSV. */
#include "collection/lua.h"

#include <string.h>

#include "base/ban.h"

enum { REPLACE_COUNT = 1 };

/* Rows and files that scripts write are replaced, as those who write scripts know it. */
static const stoa_option replace[REPLACE_COUNT] = {{"mode", "replace"}};

static const uint8_t *bytes_of(const struct lua_runner *runner)
{
    return runner->scratch.bytes.data ? runner->scratch.bytes.data : (const uint8_t *)"";
}

static int64_t bytes_size_of(const struct lua_runner *runner)
{
    return (int64_t)runner->scratch.bytes.size;
}

static stoa_value take_id(struct lua_runner *runner, int index)
{
    return (stoa_value){.type = STOA_TYPE_INT64,
                        .a = collection_lua_take_integer(runner, index, "id")};
}

static bool is_given(const struct lua_runner *runner, int index)
{
    return runner->lua.get_top(runner->state) >= index &&
           runner->lua.type(runner->state, index) != LUA_NIL;
}

/* ---- elements and groups ---- */

static int create_element(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    int64_t id = 0;

    (void)method;
    collection_lua_take_cells(runner, 3, true);
    collection_lua_must(
        runner,
        stoa_element_create(runner->conn, runner->op, collection.text, collection.size,
                            collection_lua_cells(runner), collection_lua_cell_count(runner),
                            bytes_of(runner), bytes_size_of(runner), collection_lua_columns(runner),
                            collection_lua_column_count(runner), &id, &runner->failure));
    runner->lua.push_integer(runner->state, id);
    return 1;
}

static int update_element(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const stoa_value key = take_id(runner, 3);

    (void)method;
    collection_lua_take_cells(runner, 4, true);
    collection_lua_must(runner,
                        stoa_element_update(runner->conn, runner->op, collection.text,
                                            collection.size, &key, collection_lua_cells(runner),
                                            collection_lua_cell_count(runner), bytes_of(runner),
                                            bytes_size_of(runner), collection_lua_columns(runner),
                                            collection_lua_column_count(runner), &runner->failure));
    return 0;
}

static int delete_element(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const stoa_value key = take_id(runner, 3);

    (void)method;
    collection_lua_must(runner,
                        stoa_element_delete(runner->conn, runner->op, collection.text,
                                            collection.size, &key, NULL, 0, &runner->failure));
    return 0;
}

static int update_group(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const struct lua_text group = collection_lua_take_text(runner, 3, "group");
    const stoa_value key = take_id(runner, 4);
    const int64_t rows = method->kind == STOA_GROUP_TIME_SERIES
                             ? collection_lua_take_series(runner, 5, collection, group)
                             : collection_lua_take_columns(runner, 5);

    collection_lua_must(
        runner,
        stoa_group_write(runner->conn, runner->op, collection.text, collection.size, method->kind,
                         group.text, group.size, &key, NULL, 0, collection_lua_columns(runner),
                         collection_lua_column_count(runner), rows, &runner->failure));
    return 0;
}

static int upsert_row(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const struct lua_text group = collection_lua_take_text(runner, 3, "group");
    const stoa_value key = take_id(runner, 4);

    (void)method;
    collection_lua_take_cells(runner, 5, false);
    collection_lua_must(runner, stoa_series_upsert(runner->conn, runner->op, collection.text,
                                                   collection.size, group.text, group.size, &key,
                                                   collection_lua_cells(runner),
                                                   collection_lua_cell_count(runner),
                                                   bytes_of(runner), bytes_size_of(runner), replace,
                                                   REPLACE_COUNT, &runner->failure));
    return 0;
}

static int update_files(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");

    (void)method;
    collection_lua_take_cells(runner, 3, false);
    collection_lua_must(runner, stoa_files_write(runner->conn, runner->op, collection.text,
                                                 collection.size, collection_lua_cells(runner),
                                                 collection_lua_cell_count(runner),
                                                 bytes_of(runner), bytes_size_of(runner), replace,
                                                 REPLACE_COUNT, &runner->failure));
    return 0;
}

/* ---- transactions ---- */

enum { BEGIN, COMMIT, ROLLBACK, DRY_BEGIN, DRY_END };

static stoa_status transact(struct lua_runner *runner, int32_t what, stoa_op op)
{
    stoa_error *err = &runner->failure;

    switch (what) {
    case BEGIN:
        return stoa_begin(runner->conn, op, STOA_BEGIN_WRITE, err);
    case COMMIT:
        return stoa_commit(runner->conn, op, err);
    case ROLLBACK:
        return stoa_rollback(runner->conn, op, err);
    case DRY_BEGIN:
        return stoa_dry_run_begin(runner->conn, op, err);
    default:
        return stoa_dry_run_end(runner->conn, op, err);
    }
}

static int transaction_step(struct lua_runner *runner, const struct lua_method *method)
{
    collection_lua_must(runner, transact(runner, method->kind, runner->op));
    return 0;
}

/* db:transaction(f), db:dry_run(f): f(db) inside; what it returns, or raises. What is taken back is
 * taken back though the run was cancelled. */
static int run_inside(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;
    const bool dry = method->kind == DRY_BEGIN;
    stoa_error failure;
    int status;

    if (lua->type(state, 2) != LUA_FUNCTION)
        collection_lua_refuse(runner, STOA_ERR_INVALID, "its argument is a %s, not a function",
                              lua->type_name(state, lua->type(state, 2)));
    collection_lua_must(runner, transact(runner, method->kind, runner->op));
    lua->set_top(state, 2);
    lua->push_value(state, 1);
    status = lua->pcall(state, 1, LUA_RESULTS_ALL, 0, 0, NULL);
    runner->state = state;
    runner->operation = method->name;
    failure = runner->failure;
    if (status != LUA_STATUS_OK) {
        (void)transact(runner, dry ? DRY_END : ROLLBACK, (stoa_op){0});
        runner->failure = failure; /* The status of what is raised on. */
        return lua->error(state);
    }
    if (transact(runner, dry ? DRY_END : COMMIT, dry ? (stoa_op){0} : runner->op) < 0) {
        failure = runner->failure;
        if (!dry)
            (void)transact(runner, ROLLBACK, (stoa_op){0});
        runner->failure = failure;
        collection_lua_raise(runner);
    }
    return lua->get_top(state) - 1;
}

static int in_transaction(struct lua_runner *runner, const struct lua_method *method)
{
    int32_t state = 0;

    collection_lua_must(runner,
                        method->kind == DRY_BEGIN
                            ? stoa_conn_dry_run(runner->conn, &state, &runner->failure)
                            : stoa_conn_transaction(runner->conn, &state, &runner->failure));
    runner->lua.push_boolean(runner->state, state != 0);
    return 1;
}

/* ---- queries ---- */

static int query(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text sql = collection_lua_take_text(runner, 2, "sql");
    stoa_rows rows;

    if (is_given(runner, 3))
        collection_lua_take_values(runner, 3);
    collection_lua_must(runner, stoa_query_cell(runner->conn, runner->op, sql.text, sql.size,
                                                collection_lua_cells(runner),
                                                collection_lua_cell_count(runner), bytes_of(runner),
                                                bytes_size_of(runner), method->kind, &rows,
                                                &runner->failure));
    collection_lua_push_value(runner, &rows, rows.values, false);
    return 1;
}

static int current_version(struct lua_runner *runner, const struct lua_method *method)
{
    stoa_rows rows;

    (void)method;
    collection_lua_must(runner, stoa_query_cell(runner->conn, runner->op, "PRAGMA user_version",
                                                STOA_NUL, NULL, 0, NULL, 0, STOA_TYPE_INT64, &rows,
                                                &runner->failure));
    collection_lua_push_value(runner, &rows, rows.values, false);
    return 1;
}

static int path(struct lua_runner *runner, const struct lua_method *method)
{
    (void)method;
    collection_lua_push_text(runner, runner->path, strlen(runner->path));
    return 1;
}

static int is_healthy(struct lua_runner *runner, const struct lua_method *method)
{
    (void)method;
    runner->lua.push_boolean(runner->state,
                             stoa_ping(runner->conn, runner->op, NULL) == STOA_OK);
    return 1;
}

/* ---- CSV ---- */

enum { IMPORT, EXPORT, CSV_OPTION_COUNT = 3 };

/* {date_time_format = "...", enum_labels = {...}}, copied into the arena. */
static int64_t take_options(struct lua_runner *runner, int index,
                            stoa_option out[CSV_OPTION_COUNT])
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;
    stoa__arena *arena = &runner->scratch.arena;
    int64_t count = 0;

    if (!is_given(runner, index))
        return 0;
    collection_lua_take_table(runner, index, "options");
    for (lua->push_nil(state); lua->next(state, index); lua->set_top(state, -2)) {
        const struct lua_text key = collection_lua_take_text(runner, -2, "the name of an option");
        const bool labels = collection_lua_text_is(key, "enum_labels");
        struct lua_text value;

        if (!labels && !collection_lua_text_is(key, "date_time_format"))
            collection_lua_refuse(
                runner, STOA_ERR_INVALID,
                "there is no option '%s'; there are date_time_format and enum_labels", key.text);
        if (labels) {
            collection_lua_take_table(runner, -1, "enum_labels");
            collection_lua_write_json(runner, lua->get_top(state), &runner->scratch.text);
            value = (struct lua_text){(const char *)runner->scratch.text.data,
                                      (int64_t)runner->scratch.text.size};
            value = collection_lua_text_is(value, "[]") ? (struct lua_text){"{}", 2} : value;
        } else {
            value = collection_lua_take_text(runner, -1, "date_time_format");
        }
        out[count].key = labels ? "enum_labels" : "date_time_format";
        out[count].value = stoa__arena_copy_text(arena, value.text, (size_t)value.size);
        if (!out[count++].value)
            collection_lua_raise_nomem(runner);
    }
    return count;
}

static int transfer(struct lua_runner *runner, const struct lua_method *method)
{
    const struct lua_text collection = collection_lua_take_text(runner, 2, "collection");
    const struct lua_text group = collection_lua_take_text(runner, 3, "group");
    const struct lua_text asked = collection_lua_take_text(runner, 4, "path");
    stoa_option options[CSV_OPTION_COUNT];
    int64_t count = take_options(runner, 5, options);
    struct lua_text file;
    stoa_status rc;

    runner->scratch.text.size = 0;
    file = collection_lua_resolve_path(runner, asked);
    if (method->kind == EXPORT) {
        rc = stoa_collection_export_csv(runner->conn, runner->op, collection.text,
                                        collection.size, STOA_GROUP_ANY, group.text, group.size,
                                        file.text, file.size, options, count, NULL,
                                        &runner->failure);
    } else {
        options[count++] = (stoa_option){"open_transaction", "refuse"};
        rc = stoa_collection_import_csv(runner->conn, runner->op, collection.text,
                                        collection.size, STOA_GROUP_ANY, group.text, group.size,
                                        file.text, file.size, options, count, NULL, NULL,
                                        &runner->failure);
    }
    collection_lua_must(runner, rc);
    return 0;
}

const struct lua_method collection_lua_db_methods[] = {
    {"create_element", create_element, 0, NULL},
    {"update_element", update_element, 0, NULL},
    {"delete_element", delete_element, 0, NULL},
    {"update_vector_group", update_group, STOA_GROUP_VECTOR, NULL},
    {"update_set_group", update_group, STOA_GROUP_SET, NULL},
    {"update_time_series_group", update_group, STOA_GROUP_TIME_SERIES, NULL},
    {"upsert_time_series_row", upsert_row, 0, NULL},
    {"update_time_series_files", update_files, 0, NULL},
    {"begin_transaction", transaction_step, BEGIN, NULL},
    {"commit", transaction_step, COMMIT, NULL},
    {"rollback", transaction_step, ROLLBACK, NULL},
    {"in_transaction", in_transaction, BEGIN, NULL},
    {"transaction", run_inside, BEGIN, NULL},
    {"begin_dry_run", transaction_step, DRY_BEGIN, NULL},
    {"end_dry_run", transaction_step, DRY_END, NULL},
    {"in_dry_run", in_transaction, DRY_BEGIN, NULL},
    {"dry_run", run_inside, DRY_BEGIN, NULL},
    {"query_string", query, STOA_TYPE_TEXT, NULL},
    {"query_integer", query, STOA_TYPE_INT64, NULL},
    {"query_float", query, STOA_TYPE_FLOAT64, NULL},
    {"current_version", current_version, 0, NULL},
    {"path", path, 0, NULL},
    {"is_healthy", is_healthy, 0, NULL},
    {"export_csv", transfer, EXPORT, NULL},
    {"import_csv", transfer, IMPORT, NULL},
    {0},
};
