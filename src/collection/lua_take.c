/* SPDX-License-Identifier: Apache-2.0 */
/* Lua's values as cells and columns. Texts of columns stay in Lua's strings, which the table on the
 * stack keeps; tables are read without metamethods, so nothing of the script runs meanwhile. */
#include "collection/lua.h"

#include "base/limits.h"
#include "text/number.h"

#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

enum { STACK_ROOM = 12 };

static const char *type_of(const struct lua_runner *runner, int index)
{
    return runner->lua.type_name(runner->state, runner->lua.type(runner->state, index));
}

struct lua_text collection_lua_take_text(struct lua_runner *runner, int index, const char *name)
{
    struct lua_text out;
    size_t size = 0;

    if (runner->lua.type(runner->state, index) != LUA_STRING)
        collection_lua_refuse(runner, STOA_ERR_INVALID, "%s is a %s, not a string", name,
                              type_of(runner, index));
    out.text = runner->lua.to_text(runner->state, index, &size);
    out.size = (int64_t)size;
    return out;
}

int64_t collection_lua_take_integer(struct lua_runner *runner, int index, const char *name)
{
    int whole = 0;
    int64_t out = 0;

    if (runner->lua.type(runner->state, index) == LUA_NUMBER)
        out = runner->lua.to_integer(runner->state, index, &whole);
    if (!whole)
        collection_lua_refuse(runner, STOA_ERR_INVALID, "%s is a %s, not an integer", name,
                              type_of(runner, index));
    return out;
}

void collection_lua_take_table(struct lua_runner *runner, int index, const char *name)
{
    if (runner->lua.type(runner->state, index) != LUA_TABLE)
        collection_lua_refuse(runner, STOA_ERR_INVALID, "%s is a %s, not a table", name,
                              type_of(runner, index));
}

/* ---- cells ---- */

static void append(struct lua_runner *runner, stoa__buffer *buffer, const void *bytes, size_t size)
{
    if (stoa__buffer_append(buffer, bytes, size) != STOA_OK)
        collection_lua_raise_nomem(runner);
}

static void add_text(struct lua_runner *runner, int32_t type, const char *text, size_t size)
{
    const stoa_value value = {
        .type = type, .a = (int64_t)runner->scratch.bytes.size, .b = (int64_t)size};

    append(runner, &runner->scratch.bytes, text, size);
    append(runner, &runner->scratch.cells, &value, sizeof value);
}

/* The single value on top; `what` and `name` tell where it stands. */
static void add_value(struct lua_runner *runner, const char *what, const char *name)
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;
    stoa_value value = {.type = STOA_TYPE_NULL};
    const int type = lua->type(state, -1);
    size_t size = 0;
    double number;

    if (type == LUA_STRING) {
        const char *text = lua->to_text(state, -1, &size);

        add_text(runner, STOA_TYPE_TEXT, text, size);
        return;
    }
    if (type != LUA_NUMBER && type != LUA_NIL)
        collection_lua_refuse(runner, STOA_ERR_TYPE, "%s '%s' has unsupported Lua type %s", what,
                              name, lua->type_name(state, type));
    if (type == LUA_NUMBER && lua->is_integer(state, -1)) {
        value.type = STOA_TYPE_INT64;
        value.a = lua->to_integer(state, -1, NULL);
    } else if (type == LUA_NUMBER) {
        value.type = STOA_TYPE_FLOAT64;
        number = lua->to_number(state, -1, NULL);
        memcpy(&value.a, &number, sizeof number);
    }
    append(runner, &runner->scratch.cells, &value, sizeof value);
}

/* ---- columns ---- */

/* The name of the column whose key and table are on top. */
static const char *key_of(struct lua_runner *runner, size_t *size)
{
    if (runner->lua.type(runner->state, -2) != LUA_STRING)
        collection_lua_refuse(runner, STOA_ERR_INVALID, "a name is a %s, not a string",
                              type_of(runner, -2));
    return runner->lua.to_text(runner->state, -2, size);
}

/* Rows and type of the list on top: `count` is its largest index, `data_size` how many values there
 * are, `type` what they are together. */
static void measure(struct lua_runner *runner, stoa_column *column)
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;

    if (lua->type(state, -1) != LUA_TABLE)
        collection_lua_refuse(runner, STOA_ERR_INVALID, "column '%s' must be an array of values",
                              column->name);
    for (lua->push_nil(state); lua->next(state, -2); lua->set_top(state, -2)) {
        const int type = lua->type(state, -1);
        int whole = 0;
        const int64_t index = lua->type(state, -2) == LUA_NUMBER
                                  ? lua->to_integer(state, -2, &whole)
                                  : 0;
        int32_t seen = type == LUA_STRING ? STOA_TYPE_TEXT : STOA_TYPE_FLOAT64;

        if (!whole || index < 1 || index > STOA__LUA_ROW_COUNT_MAX)
            collection_lua_refuse(runner, STOA_ERR_INVALID,
                                  "column '%s' must be an array of values", column->name);
        if (type != LUA_STRING && type != LUA_NUMBER)
            collection_lua_refuse(runner, STOA_ERR_TYPE, "column '%s' has unsupported Lua type %s",
                                  column->name, lua->type_name(state, type));
        if (type == LUA_NUMBER && lua->is_integer(state, -1))
            seen = STOA_TYPE_INT64;
        if (column->type != STOA_TYPE_NULL && column->type != seen &&
            (column->type == STOA_TYPE_TEXT || seen == STOA_TYPE_TEXT))
            collection_lua_refuse(runner, STOA_ERR_TYPE, "column '%s' mixes strings and numbers",
                                  column->name);
        if (column->type != STOA_TYPE_FLOAT64) /* One float makes all of them floats. */
            column->type = seen;
        column->count = index > column->count ? index : column->count;
        column->data_size++;
    }
}

static void put_number(struct lua_runner *runner, const stoa_column *column, void *at)
{
    const struct lua_api *lua = &runner->lua;
    const int64_t integer = lua->to_integer(runner->state, -1, NULL);
    const double number = lua->to_number(runner->state, -1, NULL);
    int64_t back = 0;

    if (column->type == STOA_TYPE_INT64) {
        memcpy(at, &integer, sizeof integer);
        return;
    }
    if (lua->is_integer(runner->state, -1) &&
        (!stoa__double_to_int64(number, &back) || back != integer))
        collection_lua_refuse(runner, STOA_ERR_TYPE,
                              "column '%s' has floats, and %lld is none exactly", column->name,
                              (long long)integer);
    memcpy(at, &number, sizeof number);
}

/* Lay out the list on top as `rows` rows. */
static void fill(struct lua_runner *runner, stoa_column *column, int64_t rows)
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;
    const bool text = column->type == STOA_TYPE_TEXT;
    const size_t width = text ? sizeof(stoa_view) : sizeof(int64_t);
    uint8_t *validity, *data;

    column->count = rows;
    column->data_size = 0;
    column->layout = STOA_LAYOUT_FIXED;
    if (column->type == STOA_TYPE_NULL)
        return;
    data = stoa__arena_alloc_zero(&runner->scratch.arena, (size_t)rows, width);
    validity = stoa__arena_alloc_zero(&runner->scratch.arena, (size_t)rows / 8 + 1, 1);
    if (!data || !validity)
        collection_lua_raise_nomem(runner);
    for (lua->push_nil(state); lua->next(state, -2); lua->set_top(state, -2)) {
        const size_t row = (size_t)lua->to_integer(state, -2, NULL) - 1;
        stoa_view view;
        size_t size = 0;

        validity[row / 8] = (uint8_t)(validity[row / 8] | 1u << row % 8);
        if (!text) {
            put_number(runner, column, data + row * width);
            continue;
        }
        view.data = lua->to_text(state, -1, &size);
        view.size = (int64_t)size;
        memcpy(data + row * width, &view, sizeof view);
    }
    if (text)
        column->layout = STOA_LAYOUT_VIEW;
    column->data = data;
    column->data_size = rows * (int64_t)width;
    column->validity = validity;
}

/* A column without values, named by the key of the pair on top. */
static stoa_column column_of_key(struct lua_runner *runner)
{
    size_t size = 0;
    const char *name = key_of(runner, &size);

    return (stoa_column){.name = name, .name_size = (int64_t)size};
}

void collection_lua_take_cells(struct lua_runner *runner, int index, bool arrays)
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;

    collection_lua_take_table(runner, index, "attributes");
    lua->check_stack(state, STACK_ROOM, "cells");
    for (lua->push_nil(state); lua->next(state, index); lua->set_top(state, -2)) {
        stoa_column column = column_of_key(runner);

        if (arrays && lua->type(state, -1) == LUA_TABLE) {
            measure(runner, &column);
            fill(runner, &column, column.count);
            append(runner, &runner->scratch.columns, &column, sizeof column);
            continue;
        }
        add_text(runner, STOA_TYPE_NAME, column.name, (size_t)column.name_size);
        add_value(runner, "attribute", column.name);
    }
}

void collection_lua_take_values(struct lua_runner *runner, int index)
{
    const struct lua_api *lua = &runner->lua;
    stoa_column all = {.name = "parameters"};
    lua_State *state = runner->state;
    char name[24];

    collection_lua_take_table(runner, index, "parameters");
    lua->check_stack(state, STACK_ROOM, "values");
    for (lua->push_nil(state); lua->next(state, index); lua->set_top(state, -2)) {
        int whole = 0;
        const int64_t at =
            lua->type(state, -2) == LUA_NUMBER ? lua->to_integer(state, -2, &whole) : 0;

        if (!whole || at < 1 || at > STOA__PARAM_COUNT_MAX)
            collection_lua_refuse(runner, STOA_ERR_INVALID,
                                  "parameters must be an array of values");
        all.count = at > all.count ? at : all.count;
    }
    for (int64_t i = 1; i <= all.count; i++) {
        name[stoa__int64_format(i, name)] = '\0';
        (void)lua->raw_get_index(state, index, i);
        add_value(runner, "parameter", name);
        lua->set_top(state, -2);
    }
}

/* ---- whole groups ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const stoa_column *)a)->name, ((const stoa_column *)b)->name);
}

static stoa_column *columns_of(struct lua_runner *runner)
{
    return (stoa_column *)(void *)runner->scratch.columns.data;
}

static _Noreturn void refuse_empty(struct lua_runner *runner)
{
    const int64_t count = collection_lua_column_count(runner);
    stoa_column *columns = columns_of(runner);
    stoa__buffer *text = &runner->scratch.text;

    qsort(columns, (size_t)count, sizeof *columns, by_name);
    for (int64_t i = 0; i < count; i++) {
        append(runner, text, ", ", i > 0 ? 2 : 0);
        append(runner, text, columns[i].name, (size_t)columns[i].name_size);
    }
    append(runner, text, "", 1);
    collection_lua_refuse(runner, STOA_ERR_INVALID,
                          "columns [%s] contain no rows; pass an empty table {} to clear the group",
                          (const char *)text->data);
}

/* The columns of the table at `index`, measured; the rows of the longest. */
static int64_t measure_all(struct lua_runner *runner, int index)
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;
    int64_t rows = 0;

    collection_lua_take_table(runner, index, "columns");
    lua->check_stack(state, STACK_ROOM, "columns");
    for (lua->push_nil(state); lua->next(state, index); lua->set_top(state, -2)) {
        stoa_column column = column_of_key(runner);

        measure(runner, &column);
        rows = column.count > rows ? column.count : rows;
        append(runner, &runner->scratch.columns, &column, sizeof column);
    }
    if (rows == 0 && collection_lua_column_count(runner) > 0)
        refuse_empty(runner);
    return rows;
}

/* In the order they were measured in: nothing has changed the table since. */
static void fill_all(struct lua_runner *runner, int index, int64_t rows)
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;
    stoa_column *column = columns_of(runner);

    for (lua->push_nil(state); lua->next(state, index); lua->set_top(state, -2))
        fill(runner, column++, rows);
}

int64_t collection_lua_take_columns(struct lua_runner *runner, int index)
{
    const int64_t rows = measure_all(runner, index);

    fill_all(runner, index, rows);
    return rows;
}

/* ---- time series ---- */

/* Raised in a column's layout, between measuring and filling. */
enum { IS_DIMENSION = -1 };

static stoa_column *find_column(struct lua_runner *runner, struct lua_text name)
{
    stoa_column *columns = columns_of(runner);

    for (int64_t i = 0; i < collection_lua_column_count(runner); i++)
        if (columns[i].name_size == name.size &&
            memcmp(columns[i].name, name.text, (size_t)name.size) == 0)
            return &columns[i];
    collection_lua_refuse(runner, STOA_ERR_INVALID, "missing dimension column '%.*s'",
                          (int)name.size, name.text);
}

/* Mark the dimensions among the columns; the rows of the longest, or -1: there is no such group,
 * which the write itself will say. */
static int64_t mark_dimensions(struct lua_runner *runner, struct lua_text collection,
                               struct lua_text group)
{
    stoa_result *result = &runner->scratch.result;
    int64_t longest = -1;
    stoa_rows rows;
    stoa_status rc = stoa_collection_list(runner->conn, runner->op, collection.text,
                                          collection.size, result, &runner->failure);

    if (rc == STOA_ERR_NOT_FOUND)
        return longest;
    collection_lua_must(runner, rc);
    while ((rc = stoa_result_rows(*result, runner->op, 1, &rows, &runner->failure)) == STOA_OK) {
        const struct lua_text its_group = collection_lua_row_text(&rows, LIST_GROUP);
        stoa_column *column;

        if (!collection_lua_text_is(collection_lua_row_text(&rows, LIST_KIND), "time_series") ||
            rows.values[LIST_DIMENSION].a != 1 || its_group.size != group.size ||
            memcmp(its_group.text, group.text, (size_t)group.size) != 0)
            continue;
        column = find_column(runner, collection_lua_row_text(&rows, LIST_NAME));
        column->layout = IS_DIMENSION;
        longest = column->count > longest ? column->count : longest;
    }
    collection_lua_must(runner, rc);
    return longest;
}

/* Every row has every dimension. */
static void check_dense(struct lua_runner *runner, int index, const stoa_column *column,
                        int64_t rows)
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;

    if (column->data_size == rows)
        return;
    (void)lua->push_text(state, column->name, (size_t)column->name_size);
    (void)lua->raw_get(state, index);
    for (int64_t i = 1; i <= rows; i++) {
        if (lua->raw_get_index(state, -1, i) == LUA_NIL)
            collection_lua_refuse(runner, STOA_ERR_INVALID,
                                  "dimension column '%s' has nil at index %lld", column->name,
                                  (long long)i);
        lua->set_top(state, -2);
    }
}

int64_t collection_lua_take_series(struct lua_runner *runner, int index, struct lua_text collection,
                                   struct lua_text group)
{
    int64_t rows = measure_all(runner, index), dimensions;
    const stoa_column *columns = collection_lua_columns(runner);

    if (collection_lua_column_count(runner) == 0)
        return 0;
    dimensions = mark_dimensions(runner, collection, group);
    if (dimensions >= 0)
        rows = dimensions;
    for (int64_t i = 0; i < collection_lua_column_count(runner); i++)
        if (columns[i].layout == IS_DIMENSION)
            check_dense(runner, index, &columns[i], rows);
    for (int64_t i = 0; i < collection_lua_column_count(runner); i++)
        if (columns[i].count > rows)
            collection_lua_refuse(runner, STOA_ERR_INVALID,
                                  "column '%s' has length %lld but expected %lld", columns[i].name,
                                  (long long)columns[i].count, (long long)rows);
    fill_all(runner, index, rows);
    return rows;
}
