/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns: what Lua's own string library answers, and a cancel that is heard. */
#include "collection/lua_api.h"
#include "collection/lua_kit.h"

/* Tries patterns on texts, and answers all answers as one text. */
#define TRIES                                                                                \
    "local out = {} "                                                                        \
    "local function note(...) for i = 1, select('#', ...) do "                               \
    "local v = select(i, ...) out[#out + 1] = type(v) == 'nil' and 'nil' or "                \
    "math.type(v) and 'n' .. v or type(v) == 'string' and 's' .. v or tostring(v) end "      \
    "out[#out + 1] = ';' end "                                                               \
    "local function try(s, p) "                                                              \
    "note(s:find(p)) note(s:find(p, 3)) note(s:find(p, -2)) note(s:match(p)) "               \
    "note(s:match(p, 2)) note(s:find(p, 1, true)) "                                          \
    "for a, b, c in s:gmatch(p) do note(a, b, c) end "                                       \
    "note(s:gsub(p, '<%0|%1>')) note(s:gsub(p, {a = 1, b = 2.5, ab = false}, 2)) "           \
    "note(s:gsub(p, function(a) return #out % 2 == 0 and a end)) end "

static const char by_hand[] = TRIES
    "local texts = {'', 'a', 'hello world', 'THE (quick) fox', 'key = value', '  trim  ', "
    "'a,b,,c', '((a)(b))', 'x\\0y\\0z', '\\xff\\x80', '2024-01-31', 'aaa', '[[x]]', 'a.b.c', "
    "'%d %s', 'one;two;;four', 'f(a(b)c)d(e)'} "
    "local patterns = {'', 'a', '.', '.-', '.*', '.+', 'l+', 'l-o', '(%a+)', '%s*$', "
    "'^%s*(.-)%s*$', "
    "'(%w+) = (%w+)', '()a()', '%b()', '%f[%a]%a+', '%f[%w]', '[^,]*', '[a-c]', '[]]', '[^]]', "
    "'[%]]', '%.', '(.)%1', '(%d+)-(%d+)-(%d+)', '^a', 'a$', '$', '^', 'a?b', '[%s%p]', '%u%l', "
    "'%x+', '%c', '%g+', '%W', '%D+', '%S+', '((.)(.))', '[a%-z]', '[-a]', '[a-]', 'x%z', '\\0', "
    "'%%%a', '(a*(.)%w(%s*))', 'h.-o', '(()())', '^(.-);', '[%a_][%w_]*', 'a-$', '.-b', 'a^', "
    "'a$b', '%f[^%a]', '%b[]', '%bxx', '[^%s]', '[%]%[]', '\\xff', '(%s?)(.?)'} "
    "for _, s in ipairs(texts) do for _, p in ipairs(patterns) do try(s, p) end end "
    "return table.concat(out)";

static const char by_chance[] = TRIES
    "local seed = 12345 local function any(n) seed = (seed * 1103515245 + 12345) % 2147483648 "
    "return seed // 65536 % n + 1 end "
    "local singles = {'a', 'b', '.', '%a', '%d', '[ab]', '[^a]', '%s', '[%w,]', '%A', 'c', ','} "
    "local often = {'', '', '', '*', '+', '-', '?'} "
    "local bytes = {'a', 'b', 'c', ' ', ',', '1', '(', ')'} "
    "for _ = 1, 1500 do local open, closed, p, s = 0, 0, any(8) == 1 and '^' or '', '' "
    "for _ = 1, any(6) do local what = any(12) "
    "if what == 1 and open < 3 then p = p .. '(' open = open + 1 "
    "elseif what == 2 and open > closed then p = p .. ')' closed = closed + 1 "
    "elseif what == 3 then p = p .. '()' open, closed = open + 1, closed + 1 "
    "elseif what == 4 then p = p .. '%b()' "
    "elseif what == 5 then p = p .. '%f[ab]' "
    "else p = p .. singles[any(#singles)] .. often[any(#often)] end end "
    "p = p .. (')'):rep(open - closed) .. (any(8) == 1 and '$' or '') "
    "for _ = 1, any(12) - 1 do s = s .. bytes[any(#bytes)] end try(s, p) end "
    "return table.concat(out)";

static void *allocate(void *unused, void *piece, size_t old_size, size_t size)
{
    (void)unused;
    (void)old_size;
    if (size > 0)
        return realloc(piece, size);
    free(piece);
    return NULL;
}

/* What a Lua of its own answers. */
static char *plainly(const char *script)
{
    struct lua_api lua;
    stoa_error err;
    lua_State *state;
    const char *text;
    char *out;
    size_t size;

    app_must(collection_lua_api_load(&lua, &err), &err, "Lua");
    state = lua.new_state(allocate, NULL);
    CHECK(state != NULL);
    lua.require(state, "_G", lua.open_base, 1);
    lua.require(state, "string", lua.open_string, 1);
    lua.require(state, "table", lua.open_table, 1);
    lua.require(state, "math", lua.open_math, 1);
    lua.set_top(state, 0);
    if (lua.load(state, script, strlen(script), "=script", "t") != LUA_STATUS_OK ||
        lua.pcall(state, 0, 1, 0, 0, NULL) != LUA_STATUS_OK)
        printf("# %s\n", lua.to_text(state, -1, NULL));
    text = lua.to_text(state, -1, &size);
    out = malloc(2 * size + 1);
    CHECK(text != NULL && out != NULL);
    for (size_t i = 0; i < size; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", (unsigned)(unsigned char)text[i]);
    lua.close_state(state);
    collection_lua_api_release(&lua);
    return out;
}

/* As JSON, which takes no other bytes: in hexadecimal. */
static void check_same(const struct lab *lab, const char *script)
{
    static const char before[] = "local f = (function() ";
    static const char behind[] = " end)() return (f:gsub('.', function(c) return "
                                 "('%02x'):format(c:byte()) end))";
    char *right = plainly(script);
    const size_t size = strlen(before) + strlen(script) + strlen(behind) + 1;
    char *whole = malloc(size);
    const char *json;
    int64_t json_size;
    stoa_error err;

    CHECK(whole != NULL && strlen(right) > 1000);
    (void)snprintf(whole, size, "%s%s%s", before, script, behind);
    app_must(stoa_lua_run(lab->lua, NO_OP, whole, STOA_NUL, &json, &json_size, &err), &err, "run");
    CHECK_INT(json_size, (int64_t)strlen(right) + 2);
    CHECK(strncmp(json + 1, right, strlen(right)) == 0);
    free(whole);
    free(right);
}

static void answers_are_those_of_lua(void)
{
    struct lab lab;

    if (!lab_open(&lab))
        return;
    check_same(&lab, by_hand);
    check_same(&lab, by_chance);
    lab_close(&lab);
}

static void what_is_wrong_is_told_to_the_caller(void)
{
    static const struct {
        const char *script, *text;
    } wrong[] = {{"('a'):find('%')", "script:1: malformed pattern (ends with '%')"},
                 {"('a'):match('[a')", "script:1: malformed pattern (missing ']')"},
                 {"('a'):match('[a%')", "malformed pattern (missing ']')"},
                 {"('a'):match('[]')", "malformed pattern (missing ']')"},
                 {"('a'):gmatch('(a')", "script:1: unfinished capture"},
                 {"('a'):gsub('a)', '')", "script:1: invalid pattern capture"},
                 {"('a'):find('%1')", "invalid capture index in pattern"},
                 {"('a'):find('(%1)')", "invalid capture index in pattern"},
                 {"('a'):find('%b(')", "malformed pattern (missing arguments to '%b')"},
                 {"('a'):find('%fa')", "missing '[' after '%f' in pattern"},
                 {"('a'):find(('()'):rep(33))", "too many captures"},
                 {"('a'):gsub('a', '%2')", "script:1: invalid capture index %2 in replacement"},
                 {"('a'):gsub('a', '%x')", "invalid use of '%' in replacement string"},
                 {"('a'):gsub('a', '%')", "invalid use of '%' in replacement string"},
                 {"('a'):gsub('a', function() return {} end)",
                  "script:1: invalid replacement value (a table)"},
                 {"('a'):gsub('a')", "bad argument #3 to 'gsub' (string/function/table"},
                 {"('a'):gsub('a', 'b', 1.5)", "script:1: bad argument #4 to 'gsub' (number has"},
                 {"('a'):find('a', 1.5)", "script:1: bad argument #3 to 'find' (number has no"},
                 {"string.find({}, 'a')", "script:1: bad argument #1 to 'find' (string expected"},
                 {"('a'):match(nil)", "script:1: bad argument #2 to 'match' (string expected"}};
    struct lab lab;

    if (!lab_open(&lab))
        return;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        fails(&lab, wrong[i].script, STOA_ERR_CALLBACK, wrong[i].text);
    gives(&lab, "return {string.find(1234, 3), ('a1'):gsub('%d', 5)}", "[3,\"a5\",1]");
    /* For Lua's this is too complex. */
    gives(&lab, "return #('a'):rep(5000):match(('a?'):rep(5000))", "5000");
    lab_close(&lab);
}

static int32_t end_it(void *asked)
{
    *(int *)asked = 1;
    return 1;
}

static void patterns_are_cancelled(void)
{
    static const char *const endless[] = {
        "local s = ('a'):rep(30000) s:find('.-.-.-.-.-b')",
        "pcall(string.match, ('a'):rep(30000), '.*.*.*.*.*b') while true do end",
        "('a'):rep(30000):gsub('(a*)(a*)(a*)(a*)b', '')",
        "for _ in ('a'):rep(30000):gmatch('a-a-a-a-a-b') do end",
        "('('):rep(300000):gsub('%b()%b()', '')",
        "local s = ('a'):rep(200000) .. 'c' while true do s:find('(a*)%1b') end"};
    struct lab lab;

    if (!lab_open(&lab))
        return;
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        const char *json;
        int64_t size;
        stoa_error err;
        stoa_op op;
        int asked = 0;

        app_must(stoa_op_open(-1, end_it, &asked, NULL, &op, &err), &err, "op");
        CHECK_INT(stoa_lua_run(lab.lua, op, endless[i], STOA_NUL, &json, &size, &err),
                  STOA_ERR_CANCELLED);
        CHECK_INT(asked, 1);
        stoa_op_close(op);
    }
    gives(&lab, "return ('goes on'):match('%a+$')", "\"on\"");
    lab_close(&lab);
}

TEST_MAIN({"answers are those of Lua", answers_are_those_of_lua},
          {"what is wrong is told to the caller", what_is_wrong_is_told_to_the_caller},
          {"patterns are cancelled", patterns_are_cancelled})
