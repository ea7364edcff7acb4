/* SPDX-License-Identifier: Apache-2.0 */
/* What of Lua's string library goes through a text for as long as it takes: find, match, gmatch and
 * gsub over our own matcher, which hears a cancel. */
#include "collection/lua.h"

#include "collection/lua_pattern.h"

#include <string.h>

#include "base/ban.h"

/* Levels of error() are those of whoever called string.find() and so on. */
static const char prelude[] =
    "local read_any, scan, search = ...\n"
    "local concat, error, select, sub, tonumber, tostring, type =\n"
    "    table.concat, error, select, string.sub, tonumber, tostring, type\n"
    "local tointeger = math.tointeger\n"
    "local function bad(number, name, text, level)\n"
    "    error('bad argument #' .. number .. \" to '\" .. name .. \"' (\" .. text .. ')', level)\n"
    "end\n"
    "local function text(value, number, name)\n"
    "    if type(value) == 'number' then return tostring(value) end\n"
    "    if type(value) == 'string' then return value end\n"
    "    bad(number, name, 'string expected, got ' .. type(value), 4)\n"
    "end\n"
    "local function whole(value, number, name, level)\n"
    "    return tointeger(tonumber(value))\n"
    "        or bad(number, name, 'number has no integer representation', level)\n"
    "end\n"
    "local function place(init, size, name)\n"
    "    local at = init == nil and 1 or whole(init, 3, name, 5)\n"
    "    if at < 0 then at = size + at + 1 end\n"
    "    return at < 1 and 1 or at\n"
    "end\n"
    "local function read(pattern, anchors)\n"
    "    local made, captures, anchored = read_any(pattern, anchors)\n"
    "    if not made then error(captures, 3) end\n"
    "    return made, captures, anchored\n"
    "end\n"
    "local function behind(first, last, ...)\n"
    "    if first then return ... end\n"
    "    return nil\n"
    "end\n"
    "function string.find(s, pattern, init, plain)\n"
    "    s, pattern = text(s, 1, 'find'), text(pattern, 2, 'find')\n"
    "    local at = place(init, #s, 'find')\n"
    "    if at > #s + 1 then return nil end\n"
    "    if plain then return search(s, pattern, at) end\n"
    "    local made = read(pattern, true)\n"
    "    return scan(made, s, at, 0, false)\n"
    "end\n"
    "function string.match(s, pattern, init)\n"
    "    s, pattern = text(s, 1, 'match'), text(pattern, 2, 'match')\n"
    "    local at = place(init, #s, 'match')\n"
    "    if at > #s + 1 then return nil end\n"
    "    local made = read(pattern, true)\n"
    "    return behind(scan(made, s, at, 0, true))\n"
    "end\n"
    "function string.gmatch(s, pattern, init)\n"
    "    s, pattern = text(s, 1, 'gmatch'), text(pattern, 2, 'gmatch')\n"
    "    local at, without, made = place(init, #s, 'gmatch'), 0, read(pattern, false)\n"
    "    local function go_on(first, last, ...)\n"
    "        at = first and last + 1 or #s + 2\n"
    "        without = at\n"
    "        if first then return ... end\n"
    "        return nil\n"
    "    end\n"
    "    return function()\n"
    "        if at > #s + 1 then return nil end\n"
    "        return go_on(scan(made, s, at, without, true))\n"
    "    end\n"
    "end\n";

/* In the same scope. */
static const char prelude_gsub[] =
    "local function parts_of(repl, captures)\n"
    "    local parts, from, at = {}, 1, search(repl, '%', 1)\n"
    "    while at do\n"
    "        local byte = sub(repl, at + 1, at + 1)\n"
    "        parts[#parts + 1] = sub(repl, from, byte == '%' and at or at - 1)\n"
    "        if byte ~= '%' then\n"
    "            local number = byte >= '0' and byte <= '9' and tonumber(byte)\n"
    "            if not number then error(\"invalid use of '%' in replacement string\", 3) end\n"
    "            if number > 1 and number > captures then\n"
    "                error('invalid capture index %' .. byte .. ' in replacement string', 3)\n"
    "            end\n"
    "            parts[#parts + 1] = number\n"
    "        end\n"
    "        from = at + 2\n"
    "        at = search(repl, '%', from)\n"
    "    end\n"
    "    parts[#parts + 1] = sub(repl, from)\n"
    "    return parts\n"
    "end\n"
    "local function fill(parts, found, ...)\n"
    "    local out = {}\n"
    "    for i = 1, #parts do\n"
    "        local part = parts[i]\n"
    "        if part == 0 then part = found\n"
    "        elseif type(part) == 'number' then part = (select(part, ...)) end\n"
    "        out[i] = part\n"
    "    end\n"
    "    return concat(out)\n"
    "end\n"
    "function string.gsub(s, pattern, repl, limit)\n"
    "    s, pattern = text(s, 1, 'gsub'), text(pattern, 2, 'gsub')\n"
    "    local kind = type(repl)\n"
    "    if kind == 'number' then repl, kind = tostring(repl), 'string' end\n"
    "    if kind ~= 'string' and kind ~= 'table' and kind ~= 'function' then\n"
    "        error(\"bad argument #3 to 'gsub' (string/function/table expected, got \"\n"
    "              .. kind .. ')', 2)\n"
    "    end\n"
    "    limit = limit == nil and #s + 1 or whole(limit, 4, 'gsub', 4)\n"
    "    local made, captures, anchored = read(pattern, true)\n"
    "    local parts = kind == 'string' and parts_of(repl, captures)\n"
    "    local out, count, at, without = {}, 0, 1, 0\n"
    "    local function put(first, last, ...)\n"
    "        if not first then return false end\n"
    "        local found, value = sub(s, first, last), nil\n"
    "        if parts then value = fill(parts, found, ...)\n"
    "        elseif kind == 'table' then value = repl[(...)]\n"
    "        else value = repl(...) end\n"
    "        if not value then value = found\n"
    "        elseif type(value) ~= 'string' and type(value) ~= 'number' then\n"
    "            error('invalid replacement value (a ' .. type(value) .. ')', 3)\n"
    "        end\n"
    "        out[#out + 1] = sub(s, at, first - 1)\n"
    "        out[#out + 1] = value\n"
    "        at, without = last + 1, last + 1\n"
    "        return true\n"
    "    end\n"
    "    while count < limit and at <= #s + 1 and put(scan(made, s, at, without, true)) do\n"
    "        count = count + 1\n"
    "        if anchored then break end\n"
    "    end\n"
    "    out[#out + 1] = sub(s, at)\n"
    "    return concat(out), count\n"
    "end\n";

/* read(pattern, anchors): what is made of it, how many captures, whether it is anchored; or nil and
 * what is wrong. */
static int read_pattern(lua_State *state)
{
    const struct lua_api *lua = &collection_lua_runner_of(state)->lua;
    struct lua_pattern *made;
    const char *text, *problem;
    size_t size;

    text = lua->to_text(state, 1, &size);
    made = lua->new_userdata(state, collection_lua_pattern_bytes(size), 0);
    problem = collection_lua_pattern_read(made, text, size, lua->to_boolean(state, 2) != 0);
    if (problem) {
        lua->push_nil(state);
        (void)lua->push_text(state, problem, strlen(problem));
        return 2;
    }
    lua->push_integer(state, made->capture_count);
    lua->push_boolean(state, made->anchored);
    return 3;
}

static bool go_on(void *self)
{
    struct lua_runner *const runner = self;

    return stoa__call_check(&runner->call, &runner->failure) == STOA_OK;
}

static void push_capture(struct lua_runner *runner, const char *text,
                         const struct lua_capture *capture)
{
    if (capture->size == LUA_CAPTURE_POSITION)
        runner->lua.push_integer(runner->state, (int64_t)capture->begin + 1);
    else
        collection_lua_push_text(runner, text + capture->begin, (size_t)capture->size);
}

/* scan(pattern, text, at, without, whole): where the next match is, first and last, and what it
 * captured; nothing captured, all of it when `whole`. `without` is where it must not end, or 0. */
static int scan_text(lua_State *state)
{
    struct lua_runner *const runner = collection_lua_runner_of(state);
    const struct lua_api *const lua = &runner->lua;
    struct lua_pattern *const pattern = lua->to_pointer(state, 1);
    const size_t without = (size_t)lua->to_integer(state, 4, NULL) - 1;
    struct lua_asker asker = {.go_on = go_on, .self = runner};
    size_t size, end, first = (size_t)lua->to_integer(state, 3, NULL) - 1;
    const char *const text = lua->to_text(state, 2, &size);
    const int32_t found =
        collection_lua_pattern_find(pattern, text, size, without, &asker, &first, &end);

    if (found == LUA_MATCH_STOPPED)
        collection_lua_stop(runner, state);
    if (found == LUA_MATCH_NONE) {
        lua->push_nil(state);
        return 1;
    }
    lua->check_stack(state, LUA_CAPTURES_MAX + 2, "captures");
    lua->push_integer(state, (int64_t)first + 1);
    lua->push_integer(state, (int64_t)end);
    for (int32_t i = 0; i < pattern->capture_count; i++)
        push_capture(runner, text, &pattern->captures[i]);
    if (pattern->capture_count > 0 || !lua->to_boolean(state, 5))
        return 2 + pattern->capture_count;
    collection_lua_push_text(runner, text + first, end - first);
    return 3;
}

/* search(text, part, at): where the part is as it stands, first and last. */
static int search_text(lua_State *state)
{
    const struct lua_api *const lua = &collection_lua_runner_of(state)->lua;
    const size_t at = (size_t)lua->to_integer(state, 3, NULL) - 1;
    size_t size, part_size;
    const char *const text = lua->to_text(state, 1, &size);
    const char *const part = lua->to_text(state, 2, &part_size);
    const char *const found = at <= size ? memmem(text + at, size - at, part, part_size) : NULL;

    if (!found) {
        lua->push_nil(state);
        return 1;
    }
    lua->push_integer(state, found - text + 1);
    lua->push_integer(state, found - text + (int64_t)part_size);
    return 2;
}

void collection_lua_add_patterns(struct lua_runner *runner)
{
    const struct lua_api *const lua = &runner->lua;
    stoa__buffer *const text = &runner->scratch.text;

    if (stoa__buffer_append(text, prelude, sizeof prelude - 1) != STOA_OK ||
        stoa__buffer_append(text, prelude_gsub, sizeof prelude_gsub - 1) != STOA_OK)
        collection_lua_raise_nomem(runner);
    if (lua->load(runner->state, (const char *)text->data, text->size, "=prelude", "t") !=
        LUA_STATUS_OK)
        (void)lua->error(runner->state);
    lua->push_closure(runner->state, read_pattern, 0);
    lua->push_closure(runner->state, scan_text, 0);
    lua->push_closure(runner->state, search_text, 0);
    lua->call(runner->state, 3, 0, 0, NULL);
    collection_lua_scratch_empty(&runner->scratch);
}
