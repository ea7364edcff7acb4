/* SPDX-License-Identifier: Apache-2.0 */
/* Lua's values as JSON. */
#include "collection/lua.h"

#include "base/limits.h"
#include "text/json.h"
#include "text/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

/* A key of a table: in Lua's string, or as the digits of an integer. */
struct key {
    const char *text; /* NULL: `digits`. */
    size_t size;
    int64_t integer;
    char digits[STOA__INTEGER_TEXT_MAX];
};

struct writer {
    struct lua_runner *runner;
    stoa__buffer *out;
    size_t start;
    int depth;
};

static void write_value(struct writer *writer, int index);

static void put(struct writer *writer, const void *bytes, size_t size)
{
    if (writer->out->size - writer->start + size > STOA__LUA_JSON_BYTES_MAX)
        collection_lua_refuse(writer->runner, STOA_ERR_FULL,
                              "the result is larger than %d MiB as JSON",
                              STOA__LUA_JSON_BYTES_MAX >> 20);
    if (stoa__buffer_append(writer->out, bytes, size) != STOA_OK)
        collection_lua_raise_nomem(writer->runner);
}

/* Six times its size is what a text can become. */
static void put_text(struct writer *writer, const char *text, size_t size)
{
    struct lua_runner *runner = writer->runner;
    stoa_status rc;

    if (size > STOA__LUA_JSON_BYTES_MAX)
        put(writer, text, size);
    rc = stoa__json_write_text(writer->out, text, size, &runner->failure);
    if (rc == STOA_ERR_NOMEM)
        collection_lua_raise(runner);
    if (rc != STOA_OK)
        collection_lua_refuse(runner, STOA_ERR_TYPE, "the result holds a string that is not UTF-8");
    put(writer, "", 0);
}

static void put_number(struct writer *writer, int index)
{
    const struct lua_api *lua = &writer->runner->lua;
    lua_State *state = writer->runner->state;
    char text[STOA__DOUBLE_TEXT_MAX];
    double number;

    if (lua->is_integer(state, index)) {
        put(writer, text, stoa__int64_format(lua->to_integer(state, index, NULL), text));
        return;
    }
    number = lua->to_number(state, index, NULL);
    if (isfinite(number))
        put(writer, text, stoa__double_format_short(number, text));
    else
        put(writer, "null", 4);
}

/* ---- tables ---- */

static int by_spelling(const void *a, const void *b)
{
    const struct key *one = a, *other = b;
    const size_t least = one->size < other->size ? one->size : other->size;
    const int order = memcmp(one->text ? one->text : one->digits,
                             other->text ? other->text : other->digits, least);

    if (order != 0)
        return order;
    return (one->size > other->size) - (one->size < other->size);
}

static struct key *keys_of(const struct writer *writer, size_t start)
{
    return (struct key *)(void *)(writer->runner->keys.data + start);
}

static void add_key(struct writer *writer, struct key *key)
{
    struct lua_runner *runner = writer->runner;
    const struct lua_api *lua = &runner->lua;
    const int type = lua->type(runner->state, -2);

    if (type == LUA_STRING) {
        key->text = lua->to_text(runner->state, -2, &key->size);
    } else if (type == LUA_NUMBER && lua->is_integer(runner->state, -2)) {
        key->integer = lua->to_integer(runner->state, -2, NULL);
        key->size = stoa__int64_format(key->integer, key->digits);
    } else {
        collection_lua_refuse(
            runner, STOA_ERR_TYPE,
            "script returned an unsupported Lua type: a table with a key that is a %s and "
            "no integer",
            lua->type_name(runner->state, type));
    }
    if (stoa__buffer_append(&runner->keys, key, sizeof *key) != STOA_OK)
        collection_lua_raise_nomem(runner);
}

/* The keys of the table at `index`, behind those of the tables around it. Are they 1...n? */
static bool take_keys(struct writer *writer, int index, size_t start, int64_t *count)
{
    struct lua_runner *runner = writer->runner;
    const struct lua_api *lua = &runner->lua;
    bool array = true;

    *count = 0;
    for (lua->push_nil(runner->state); lua->next(runner->state, index);
         lua->set_top(runner->state, -2)) {
        struct key key = {0};

        add_key(writer, &key);
        ++*count;
        array = array && !key.text && key.integer >= 1;
    }
    for (int64_t i = 0; i < *count && array; i++)
        array = keys_of(writer, start)[i].integer <= *count;
    return array;
}

static void write_array(struct writer *writer, int index, int64_t count)
{
    const struct lua_api *lua = &writer->runner->lua;
    lua_State *state = writer->runner->state;

    put(writer, "[", 1);
    for (int64_t i = 1; i <= count; i++) {
        put(writer, ",", i > 1);
        (void)lua->raw_get_index(state, index, i);
        write_value(writer, lua->get_top(state));
        lua->set_top(state, -2);
    }
    put(writer, "]", 1);
}

static void push_item(struct writer *writer, int index, const struct key *key)
{
    const struct lua_api *lua = &writer->runner->lua;
    lua_State *state = writer->runner->state;

    if (key->text) {
        (void)lua->push_text(state, key->text, key->size);
        (void)lua->raw_get(state, index);
    } else {
        (void)lua->raw_get_index(state, index, key->integer);
    }
}

static void write_object(struct writer *writer, int index, size_t start, int64_t count)
{
    const struct lua_api *lua = &writer->runner->lua;
    lua_State *state = writer->runner->state;

    qsort(keys_of(writer, start), (size_t)count, sizeof(struct key), by_spelling);
    for (int64_t i = 1; i < count; i++)
        if (by_spelling(keys_of(writer, start) + i - 1, keys_of(writer, start) + i) == 0)
            collection_lua_refuse(
                writer->runner, STOA_ERR_TYPE,
                "the result has an integer and a string key that are both written '%.*s'",
                (int)keys_of(writer, start)[i].size,
                keys_of(writer, start)[i].text ? keys_of(writer, start)[i].text
                                               : keys_of(writer, start)[i].digits);
    put(writer, "{", 1);
    for (int64_t i = 0; i < count; i++) {
        const struct key key = keys_of(writer, start)[i]; /* Those inside may move them. */

        put(writer, ",", i > 0);
        put_text(writer, key.text ? key.text : key.digits, key.size);
        put(writer, ":", 1);
        push_item(writer, index, &key);
        write_value(writer, lua->get_top(state));
        lua->set_top(state, -2);
    }
    put(writer, "}", 1);
}

static void write_table(struct writer *writer, int index)
{
    struct lua_runner *runner = writer->runner;
    const size_t start = runner->keys.size;
    int64_t count;

    if (++writer->depth > STOA__LUA_JSON_DEPTH_MAX)
        collection_lua_refuse(runner, STOA_ERR_TYPE, "the result is nested deeper than %d",
                              STOA__LUA_JSON_DEPTH_MAX);
    runner->lua.check_stack(runner->state, 8, "the result");
    if (take_keys(writer, index, start, &count)) {
        runner->keys.size = start;
        write_array(writer, index, count);
    } else {
        write_object(writer, index, start, count);
        runner->keys.size = start;
    }
    writer->depth--;
}

static void write_value(struct writer *writer, int index)
{
    struct lua_runner *runner = writer->runner;
    const struct lua_api *lua = &runner->lua;
    const int type = lua->type(runner->state, index);
    const char *text;
    size_t size;

    if (type == LUA_NIL) {
        put(writer, "null", 4);
    } else if (type == LUA_BOOLEAN) {
        const bool holds = lua->to_boolean(runner->state, index) != 0;

        put(writer, holds ? "true" : "false", holds ? 4 : 5);
    } else if (type == LUA_NUMBER) {
        put_number(writer, index);
    } else if (type == LUA_STRING) {
        text = lua->to_text(runner->state, index, &size);
        put_text(writer, text, size);
    } else if (type == LUA_TABLE) {
        write_table(writer, index);
    } else {
        collection_lua_refuse(runner, STOA_ERR_TYPE,
                              "script returned an unsupported Lua type: a %s",
                              lua->type_name(runner->state, type));
    }
}

void collection_lua_write_json(struct lua_runner *runner, int index, stoa__buffer *out)
{
    struct writer writer = {.runner = runner, .out = out, .start = out->size};

    write_value(&writer, index);
}
