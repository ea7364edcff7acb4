/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and batches as Lua's values. */
#include "collection/lua.h"

#include <string.h>

#include "base/ban.h"

void collection_lua_push_text(struct lua_runner *runner, const char *text, size_t size)
{
    (void)runner->lua.push_text(runner->state, text, size);
}

void collection_lua_set_field(struct lua_runner *runner, int index, const char *name, size_t size)
{
    collection_lua_push_text(runner, name, size);
    runner->lua.rotate(runner->state, -2, 1);
    runner->lua.raw_set(runner->state, index < 0 ? index - 1 : index);
}

bool collection_lua_text_is(struct lua_text text, const char *value)
{
    return (size_t)text.size == strlen(value) &&
           memcmp(text.text, value, (size_t)text.size) == 0;
}

struct lua_text collection_lua_row_text(const stoa_rows *rows, int64_t index)
{
    const stoa_value *value = &rows->values[index];

    if (value->type != STOA_TYPE_TEXT || value->b == 0) /* Nor need there be bytes then. */
        return (struct lua_text){"", 0};
    return (struct lua_text){(const char *)rows->bytes + value->a, value->b};
}

static void push_double(struct lua_runner *runner, int64_t bits)
{
    double number;

    memcpy(&number, &bits, sizeof number);
    runner->lua.push_number(runner->state, number);
}

static void push_single(struct lua_runner *runner, const stoa_rows *rows, const stoa_value *value)
{
    const struct lua_api *lua = &runner->lua;

    if (value->type == STOA_TYPE_NULL)
        lua->push_nil(runner->state);
    else if (value->type == STOA_TYPE_BOOL)
        lua->push_boolean(runner->state, value->a != 0);
    else if (value->type == STOA_TYPE_INT64)
        lua->push_integer(runner->state, value->a);
    else if (value->type == STOA_TYPE_FLOAT64)
        push_double(runner, value->a);
    else if (value->type == STOA_TYPE_TEXT && value->b == 0)
        collection_lua_push_text(runner, "", 0);
    else if (value->type == STOA_TYPE_TEXT)
        collection_lua_push_text(runner, (const char *)rows->bytes + value->a, (size_t)value->b);
    else
        collection_lua_refuse(runner, STOA_ERR_TYPE, "a value is %s, which Lua does not have",
                              stoa_type_name(value->type));
}

void collection_lua_push_value(struct lua_runner *runner, const stoa_rows *rows,
                               const stoa_value *value, bool dense)
{
    const stoa_value *item;
    int64_t at = 0;

    if (value->type != STOA_TYPE_LIST) {
        push_single(runner, rows, value);
        return;
    }
    runner->lua.new_table(runner->state, 0, 0);
    item = rows->values + value->a;
    for (int64_t i = 0; i < value->b; i++, item++) {
        if (dense && item->type == STOA_TYPE_NULL)
            continue;
        push_single(runner, rows, item);
        runner->lua.raw_set_index(runner->state, -2, ++at);
    }
}

/* ---- batches ---- */

bool collection_lua_next_batch(struct lua_runner *runner)
{
    struct lua_scratch *scratch = &runner->scratch;
    stoa_status rc;

    if (!scratch->schema.release)
        collection_lua_must(
            runner, stoa_result_schema(scratch->result, &scratch->schema, &runner->failure));
    stoa_batch_release(&scratch->batch);
    rc = stoa_result_next(scratch->result, runner->op, &scratch->batch, &runner->failure);
    collection_lua_must(runner, rc);
    return rc == STOA_OK;
}

static bool is_null(const struct ArrowArray *array, int64_t at)
{
    const uint8_t *validity = array->buffers[0];

    return array->null_count != 0 && validity && !(validity[at / 8] >> at % 8 & 1);
}

/* Where the texts or items of row `at` begin and end. */
static void bounds(const struct ArrowArray *array, bool large, int64_t at, int64_t out[2])
{
    if (large) {
        const int64_t *offsets = array->buffers[1];

        out[0] = offsets[at];
        out[1] = offsets[at + 1];
    } else {
        const int32_t *offsets = array->buffers[1];

        out[0] = offsets[at];
        out[1] = offsets[at + 1];
    }
}

int64_t collection_lua_list_size(const struct ArrowSchema *schema, const struct ArrowArray *array,
                                 int64_t row)
{
    const int64_t at = row + array->offset;
    int64_t range[2];

    if (is_null(array, at))
        return 0;
    bounds(array, strcmp(schema->format, "+L") == 0, at, range);
    return range[1] - range[0];
}

/* False: it is not one of the formats that collections answer with. */
static bool push_item(struct lua_runner *runner, const char *format,
                      const struct ArrowArray *array, int64_t at)
{
    const struct lua_api *lua = &runner->lua;
    int64_t range[2];

    if (strcmp(format, "n") == 0 || is_null(array, at))
        lua->push_nil(runner->state);
    else if (strcmp(format, "l") == 0)
        lua->push_integer(runner->state, ((const int64_t *)array->buffers[1])[at]);
    else if (strcmp(format, "g") == 0)
        lua->push_number(runner->state, ((const double *)array->buffers[1])[at]);
    else if (strcmp(format, "u") == 0 || strcmp(format, "U") == 0) {
        bounds(array, format[0] == 'U', at, range);
        collection_lua_push_text(runner, (const char *)array->buffers[2] + range[0],
                                 (size_t)(range[1] - range[0]));
    } else {
        return false;
    }
    return true;
}

void collection_lua_push_cell(struct lua_runner *runner, const struct ArrowSchema *schema,
                              const struct ArrowArray *array, int64_t row, bool dense)
{
    const bool large = strcmp(schema->format, "+L") == 0;
    const int64_t at = row + array->offset;
    const struct ArrowArray *items;
    int64_t range[2] = {0}, index = 0;

    if (schema->dictionary) { /* Labels: int32 codes. */
        if (is_null(array, at))
            runner->lua.push_nil(runner->state);
        else
            collection_lua_push_cell(runner, schema->dictionary, array->dictionary,
                                     ((const int32_t *)array->buffers[1])[at], dense);
        return;
    }
    if (!large && strcmp(schema->format, "+l") != 0) {
        if (!push_item(runner, schema->format, array, at))
            collection_lua_refuse(runner, STOA_ERR_INTERNAL, "a column has the format %s",
                                  schema->format);
        return;
    }
    runner->lua.new_table(runner->state, 0, 0);
    items = array->children[0];
    if (!is_null(array, at))
        bounds(array, large, at, range);
    for (int64_t i = range[0]; i < range[1]; i++) {
        if (!push_item(runner, schema->children[0]->format, items, i + items->offset))
            collection_lua_refuse(runner, STOA_ERR_INTERNAL, "a list has the format %s",
                                  schema->children[0]->format);
        if (dense && runner->lua.type(runner->state, -1) == LUA_NIL)
            runner->lua.set_top(runner->state, -2);
        else
            runner->lua.raw_set_index(runner->state, -2, ++index);
    }
}
