/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/lua.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "collection/enter.h"
#include "core/db.h"
#include "core/target.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- failing ---- */

_Noreturn void collection_lua_raise(struct lua_runner *runner)
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;

    lua->where(state, 1);
    (void)lua->push_text(state, runner->failure.text, (size_t)runner->failure.text_size);
    lua->concat(state, 2);
    (void)lua->error(state);
    __builtin_unreachable();
}

_Noreturn void collection_lua_refuse(struct lua_runner *runner, stoa_status status,
                                     const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)stoa__fail_v(&runner->failure, status, format, args);
    va_end(args);
    stoa__wrap(&runner->failure, "Cannot %s", runner->operation);
    collection_lua_raise(runner);
}

_Noreturn void collection_lua_raise_nomem(struct lua_runner *runner)
{
    (void)stoa__fail_nomem(&runner->failure);
    collection_lua_raise(runner);
}

void collection_lua_must(struct lua_runner *runner, stoa_status rc)
{
    if (rc < 0)
        collection_lua_raise(runner);
}

/* ---- scratch ---- */

static void let_go(struct lua_scratch *scratch)
{
    stoa_result_close(scratch->result);
    scratch->result = (stoa_result){0};
    stoa_schema_release(&scratch->schema);
    stoa_batch_release(&scratch->batch);
}

void collection_lua_scratch_empty(struct lua_scratch *scratch)
{
    let_go(scratch);
    stoa__arena_reset(&scratch->arena);
    scratch->cells.size = scratch->bytes.size = 0;
    scratch->columns.size = scratch->text.size = 0;
}

void collection_lua_scratch_release(struct lua_scratch *scratch)
{
    let_go(scratch);
    stoa__arena_release(&scratch->arena);
    stoa__buffer_release(&scratch->cells);
    stoa__buffer_release(&scratch->bytes);
    stoa__buffer_release(&scratch->columns);
    stoa__buffer_release(&scratch->text);
}

/* ---- Lua's memory and its hook ---- */

static void *allocate(void *user_data, void *piece, size_t old_size, size_t size)
{
    struct lua_runner *runner = user_data;
    const size_t old = piece ? old_size : 0; /* Without a piece it tells what for. */
    void *out;

    if (size == 0) {
        stoa__free(piece);
        runner->bytes -= old;
        return NULL;
    }
    if (size > old && size - old > STOA__LUA_BYTES_MAX - runner->bytes) {
        runner->over = true;
        return NULL;
    }
    out = stoa__realloc(piece, size);
    if (out)
        runner->bytes += size - old;
    return out;
}

/* What Lua calls is given a state alone, and Lua's own functions, which could tell whose it is, are
 * found through the runner. Runs nest: a tick may start one of another runner. */
static _Thread_local struct lua_runner *current;

struct lua_runner *collection_lua_runner_of(lua_State *state)
{
    assert(current);
    current->state = state;
    return current;
}

static void look_around(lua_State *state, lua_Debug *debug)
{
    struct lua_runner *runner = collection_lua_runner_of(state);

    (void)debug;
    if (stoa__call_check(&runner->call, &runner->failure) != STOA_OK)
        collection_lua_stop(runner, state);
}

_Noreturn void collection_lua_stop(struct lua_runner *runner, lua_State *state)
{
    runner->lua.set_hook(state, look_around, LUA_MASK_COUNT, 1);
    collection_lua_raise(runner);
}

/* ---- the environment ---- */

/* Call the upvalue with what is on the stack, and answer as it does. */
static int call_original(struct lua_runner *runner)
{
    const struct lua_api *lua = &runner->lua;
    lua_State *state = runner->state;

    lua->push_value(state, LUA_UPVALUE);
    lua->rotate(state, 1, 1);
    lua->call(state, lua->get_top(state) - 1, LUA_RESULTS_ALL, 0, NULL);
    return lua->get_top(state);
}

/* Finalizers run where no hook does, so nothing could end one that does not end by itself. */
static int set_metatable(lua_State *state)
{
    struct lua_runner *runner = collection_lua_runner_of(state);
    const struct lua_api *lua = &runner->lua;

    if (lua->type(state, 2) == LUA_TABLE) {
        (void)lua->push_text(state, "__gc", 4);
        if (lua->raw_get(state, 2) != LUA_NIL) {
            (void)stoa__fail(&runner->failure, STOA_ERR_UNSUPPORTED,
                             "metatables of scripts cannot have __gc");
            collection_lua_raise(runner);
        }
        lua->set_top(state, -2);
    }
    return call_original(runner);
}

/* Bytecode can do what Lua cannot: only text is loaded. */
static int load_text(lua_State *state)
{
    struct lua_runner *runner = collection_lua_runner_of(state);
    const struct lua_api *lua = &runner->lua;

    if (lua->get_top(state) < 3)
        lua->set_top(state, 3);
    (void)lua->push_text(state, "t", 1);
    lua->copy(state, -1, 3);
    lua->set_top(state, -2);
    return call_original(runner);
}

/* Behind an error that a hook raised no hook runs: in the handler of an xpcall(), and in what a
 * dead coroutine has to close. So neither runs then, since nothing could end it. Nor does one run
 * inside of C: what a mere number makes endless there is written in Lua. */
static const char prelude[] =
    "local stopped = ...\n"
    "local xpcall_any, error = xpcall, error\n"
    "local create, resume, close = coroutine.create, coroutine.resume, coroutine.close\n"
    "function xpcall(f, handler, ...)\n"
    "    return xpcall_any(f, function(e)\n"
    "        if stopped() then return e end\n"
    "        return handler(e)\n"
    "    end, ...)\n"
    "end\n"
    "function coroutine.close(co)\n"
    "    if stopped() then error('cancelled', 0) end\n"
    "    return close(co)\n"
    "end\n"
    "local function pass(co, good, ...)\n"
    "    if good then return ... end\n"
    "    if not stopped() then close(co) end\n"
    "    error((...), 0)\n"
    "end\n"
    "function coroutine.wrap(f)\n"
    "    local co = create(f)\n"
    "    return function(...) return pass(co, resume(co, ...)) end\n"
    "end\n"
    "local load_any, type, getmetatable, select = load, type, getmetatable, select\n"
    "function load(chunk, ...)\n"
    "    local read = chunk\n"
    "    if type(read) == 'function' then chunk = function() return (read()) end end\n"
    "    return load_any(chunk, ...)\n"
    "end\n"
    "local rep, sort, insert, remove = string.rep, table.sort, table.insert, table.remove\n"
    "local concat, tointeger, ult = table.concat, math.tointeger, math.ult\n"
    "function string.rep(s, n, between)\n"
    "    if s == '' and (between or '') == '' then return '' end\n"
    "    return rep(s, n, between)\n"
    "end\n"
    "function table.sort(t, less)\n"
    "    local given = less\n"
    "    if type(t) == 'table' and (getmetatable(t) ~= nil or #t > 100000) then\n"
    "        if given == nil then less = function(a, b) return a < b end end\n"
    "        if type(given) == 'function' then\n"
    "            less = function(a, b) return given(a, b) end\n"
    "        end\n"
    "    end\n"
    "    return sort(t, less)\n"
    "end\n"
    "function table.insert(t, ...)\n"
    "    local place, value = ...\n"
    "    local at = select('#', ...) == 2 and type(t) == 'table' and tointeger(place)\n"
    "    if not at then return insert(t, ...) end\n"
    "    local size = #t\n"
    "    if at < 1 or at > size + 1 then\n"
    "        error(\"bad argument #2 to 'insert' (position out of bounds)\", 2)\n"
    "    end\n"
    "    for i = size, at, -1 do t[i + 1] = t[i] end\n"
    "    t[at] = value\n"
    "end\n"
    "function table.remove(t, ...)\n"
    "    local at = type(t) == 'table' and tointeger((...))\n"
    "    if not at then return remove(t, ...) end\n"
    "    local size = #t\n"
    "    if at ~= size and (at < 1 or at > size + 1) then\n"
    "        error(\"bad argument #2 to 'remove' (position out of bounds)\", 2)\n"
    "    end\n"
    "    local value = t[at]\n"
    "    for i = at, size - 1 do t[i] = t[i + 1] end\n"
    "    t[at < size and size or at] = nil\n"
    "    return value\n"
    "end\n"
    "function table.concat(t, between, first, last)\n"
    "    local from, to = tointeger(first or 1), tointeger(last or #t)\n"
    "    if not from or not to or ult(to - from, 100000) then\n"
    "        return concat(t, between, first, last)\n"
    "    end\n"
    "    local out = {}\n"
    "    for i = from, to, 100000 do\n"
    "        out[#out + 1] = concat(t, between, i, to - i < 100000 and to or i + 99999)\n"
    "    end\n"
    "    return concat(out, between)\n"
    "end\n"
    "function table.move(from, first, last, at, to)\n"
    "    to = to or from\n"
    "    if to ~= from or at > last or at <= first then\n"
    "        for i = 0, last - first do to[at + i] = from[first + i] end\n"
    "    else\n"
    "        for i = last - first, 0, -1 do to[at + i] = from[first + i] end\n"
    "    end\n"
    "    return to\n"
    "end\n";

static int is_stopped(lua_State *state)
{
    struct lua_runner *runner = collection_lua_runner_of(state);

    runner->lua.push_boolean(state, runner->call.stop != STOA_OK);
    return 1;
}

static void run_prelude(struct lua_runner *runner)
{
    const struct lua_api *lua = &runner->lua;

    if (lua->load(runner->state, prelude, sizeof prelude - 1, "=prelude", "t") != LUA_STATUS_OK)
        (void)lua->error(runner->state);
    lua->push_closure(runner->state, is_stopped, 0);
    lua->call(runner->state, 1, 0, 0, NULL);
}

static void replace_global(struct lua_runner *runner, const char *name, lua_function function)
{
    (void)runner->lua.get_global(runner->state, name);
    runner->lua.push_closure(runner->state, function, 1);
    runner->lua.set_global(runner->state, name);
}

static void forget_global(struct lua_runner *runner, const char *name)
{
    runner->lua.push_nil(runner->state);
    runner->lua.set_global(runner->state, name);
}

static int run_method(lua_State *state)
{
    struct lua_runner *runner = collection_lua_runner_of(state);
    const struct lua_method *method = runner->lua.to_pointer(state, LUA_UPVALUE);

    runner->operation = method->name;
    collection_lua_scratch_empty(&runner->scratch);
    if (runner->lua.type(state, 1) != LUA_TABLE)
        collection_lua_refuse(runner, STOA_ERR_INVALID, "call it by colon, db:%s(...)",
                              method->name);
    return method->run(runner, method);
}

static void add_methods(struct lua_runner *runner, const struct lua_method *methods)
{
    const struct lua_api *lua = &runner->lua;

    for (const struct lua_method *method = methods; method->name; method++) {
        lua->push_pointer(runner->state, (void *)(uintptr_t)method);
        lua->push_closure(runner->state, run_method, 1);
        collection_lua_set_field(runner, -2, method->name, strlen(method->name));
    }
}

static int set_up(lua_State *state)
{
    struct lua_runner *runner = collection_lua_runner_of(state);
    const struct lua_api *lua = &runner->lua;

    lua->check_version(state, LUA_VERSION_WANTED, LUA_NUMBER_SIZES);
    lua->require(state, "_G", lua->open_base, 1);
    lua->require(state, "string", lua->open_string, 1);
    lua->require(state, "table", lua->open_table, 1);
    lua->require(state, "math", lua->open_math, 1);
    lua->require(state, "coroutine", lua->open_coroutine, 1);
    lua->require(state, "utf8", lua->open_utf8, 1);
    lua->set_top(state, 0);
    forget_global(runner, "dofile");
    forget_global(runner, "loadfile");
    replace_global(runner, "load", load_text);
    replace_global(runner, "setmetatable", set_metatable);
    run_prelude(runner);
    collection_lua_add_patterns(runner);
    lua->new_table(state, 0, 64);
    add_methods(runner, collection_lua_db_methods);
    add_methods(runner, collection_lua_db_read_methods);
    add_methods(runner, collection_lua_db_list_methods);
    lua->set_global(state, "db");
    return 0;
}

/* ---- running ---- */

/* Load the script, run it, and write its first result as JSON. */
static int run_script(lua_State *state)
{
    struct lua_runner *runner = collection_lua_runner_of(state);
    const struct lua_api *lua = &runner->lua;

    if (lua->load(state, runner->script.text, (size_t)runner->script.size, "=script", "t") !=
        LUA_STATUS_OK)
        (void)lua->error(state);
    runner->loaded = true;
    lua->call(state, 0, LUA_RESULTS_ALL, 0, NULL);
    runner->state = state;
    runner->operation = "run";
    if (lua->get_top(state) > 0)
        collection_lua_write_json(runner, 1, &runner->json);
    return 0;
}

static stoa_status fail_memory(struct lua_runner *runner, stoa_error *err)
{
    if (!runner->over)
        return stoa__fail_nomem(err);
    return stoa__fail(err, STOA_ERR_FULL, "the script needs more than %d MiB",
                      STOA__LUA_BYTES_MAX >> 20);
}

/* What Lua raised, which lies on top. What the text of a failure of ours is in has its status. */
static stoa_status fail_raised(struct lua_runner *runner, stoa_error *err)
{
    const struct lua_api *lua = &runner->lua;
    const stoa_error *failure = &runner->failure;
    stoa_status rc = runner->loaded ? STOA_ERR_CALLBACK : STOA_ERR_SYNTAX;
    const char *text;
    size_t size;

    if (lua->type(runner->main, -1) != LUA_STRING)
        return stoa__fail(err, rc, "error object is a %s value",
                          lua->type_name(runner->main, lua->type(runner->main, -1)));
    text = lua->to_text(runner->main, -1, &size);
    if (failure->code >= 0 || !strstr(text, failure->text))
        return stoa__fail(err, rc, "%s", text);
    rc = stoa__fail(err, failure->code, "%s", text);
    stoa__error_engine(err, failure->engine_code, failure->sqlstate);
    stoa__error_flag(err, failure->flags);
    return rc;
}

/* Call `function` where Lua may raise, and make what it raises the caller's. */
static stoa_status protect(struct lua_runner *runner, lua_function function, stoa_error *err)
{
    const struct lua_api *lua = &runner->lua;
    struct lua_runner *outer = current;
    stoa_status rc = STOA_OK;
    int status;

    current = runner;
    runner->over = false;
    runner->failure = (stoa_error){0};
    lua->set_top(runner->main, 0);
    lua->push_closure(runner->main, function, 0);
    status = lua->pcall(runner->main, 0, 0, 0, 0, NULL);
    if (status == LUA_STATUS_NOMEM)
        rc = fail_memory(runner, err);
    else if (status != LUA_STATUS_OK)
        rc = fail_raised(runner, err);
    lua->set_top(runner->main, 0);
    current = outer;
    return rc;
}

static stoa_status run(struct lua_runner *runner, stoa_error *err)
{
    stoa_status rc;

    runner->operation = "a script"; /* Until it names one itself. */
    runner->loaded = false;
    runner->json.size = runner->keys.size = 0;
    runner->lua.set_hook(runner->main, look_around, LUA_MASK_COUNT, STOA__LUA_HOOK_STEPS);
    rc = protect(runner, run_script, err);
    collection_lua_scratch_release(&runner->scratch);
    stoa__buffer_release(&runner->keys);
    if (rc != STOA_OK && runner->call.stop != STOA_OK)
        rc = stoa__call_fail(&runner->call, err);
    if (rc == STOA_OK && stoa__buffer_terminate(&runner->json) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc != STOA_OK) {
        stoa__buffer_release(&runner->json);
        if (strcmp(runner->operation, "run") != 0 || runner->failure.code == 0)
            stoa__wrap(err, "Failed to run Lua script");
    }
    return rc;
}

/* ---- the handle ---- */

static void free_runner(struct lua_runner *runner)
{
    if (runner->main)
        runner->lua.close_state(runner->main);
    collection_lua_api_release(&runner->lua);
    collection_lua_scratch_release(&runner->scratch);
    stoa__buffer_release(&runner->keys);
    stoa__buffer_release(&runner->json);
    stoa__free(runner->path);
    stoa__free(runner);
}

static void destroy_runner(struct stoa__object *object)
{
    free_runner((struct lua_runner *)object);
}

static const struct stoa__class runner_class = {.kind = STOA__KIND_LUA, .destroy = destroy_runner};

/* As it was given, without engine and settings. */
static stoa_status copy_path(struct lua_runner *runner, const struct stoa__db *db, stoa_error *err)
{
    struct stoa__target target;
    stoa__settings settings = {0};
    stoa_status rc =
        stoa__target_parse(db->target, strlen(db->target), &settings, &target, err);

    if (rc == STOA_OK) {
        runner->path = stoa__copy_text(target.rest, strlen(target.rest));
        rc = runner->path ? STOA_OK : stoa__fail_nomem(err);
    }
    stoa__settings_release(&settings);
    return rc;
}

static stoa_status start(struct lua_runner *runner, stoa_error *err)
{
    stoa_status rc = collection_lua_api_load(&runner->lua, err);

    if (rc != STOA_OK)
        return rc;
    runner->main = runner->lua.new_state(allocate, runner);
    if (!runner->main)
        return stoa__fail_nomem(err);
    runner->state = runner->main;
    runner->operation = "open";
    return protect(runner, set_up, err);
}

static stoa_status open_runner(struct collection_call *call, stoa_conn conn, uint64_t *id,
                               stoa_error *err)
{
    struct lua_runner *runner = stoa__alloc_zero(1, sizeof *runner);
    stoa_status rc;

    if (!runner)
        return stoa__fail_nomem(err);
    runner->conn = conn;
    rc = copy_path(runner, call->entry.session->db, err);
    if (rc == STOA_OK)
        rc = start(runner, err);
    if (rc == STOA_OK)
        rc = stoa__object_open(&runner->object, &runner_class, &call->entry.leaf->object, id, err);
    if (rc != STOA_OK)
        free_runner(runner);
    return rc;
}

stoa_status stoa_lua_open(stoa_conn conn, stoa_lua *out, stoa_error *err)
{
    struct collection_call call;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_lua){0};
    rc = collection_enter_bare(&call, conn, (stoa_op){0}, "open a Lua runner", err);
    if (rc != STOA_OK)
        return rc;
    return collection_leave(&call, open_runner(&call, conn, &out->id, err));
}

void stoa_lua_close(stoa_lua lua)
{
    stoa__object_close(lua.id, STOA__KIND_LUA);
}

/* Methods read what the connection lends them between their calls of it, so it is this thread's
 * alone as long as the script runs. `*session` is NULL when it was that already. */
static stoa_status lease(struct lua_runner *runner, struct stoa__session **session,
                         stoa_error *err)
{
    struct collection_call call;
    const stoa_status rc =
        collection_enter_bare(&call, runner->conn, runner->op, "run a Lua script", err);

    *session = NULL;
    if (rc != STOA_OK)
        return rc;
    if (stoa__session_lease(call.entry.session))
        *session = call.entry.session;
    return collection_leave(&call, rc);
}

static stoa_status run_leased(struct lua_runner *runner, stoa_error *err)
{
    struct stoa__session *session;
    stoa_status rc = lease(runner, &session, err);

    if (rc == STOA_OK)
        rc = run(runner, err);
    if (session)
        stoa__session_end_lease(session);
    return rc;
}

/* One at a time, which a tick inside of a run could break too. */
static stoa_status run_alone(struct lua_runner *runner, stoa_op op, struct lua_text script,
                             struct lua_text *json, stoa_error *err)
{
    stoa_status rc;

    if (atomic_exchange(&runner->running, true))
        return stoa__fail(err, STOA_ERR_BUSY, "the Lua runner is running a script");
    rc = stoa__call_begin(&runner->call, op, &runner->object, err);
    if (rc == STOA_OK) {
        runner->op = op;
        runner->script = script;
        rc = run_leased(runner, err);
        if (rc == STOA_OK)
            *json = (struct lua_text){(const char *)runner->json.data,
                                      (int64_t)runner->json.size};
        stoa__call_end(&runner->call);
    }
    atomic_store(&runner->running, false);
    return rc;
}

stoa_status stoa_lua_run(stoa_lua lua, stoa_op op, const char *script, int64_t script_size,
                         const char **json, int64_t *json_size, stoa_error *err)
{
    struct stoa__object *object = NULL;
    struct lua_text text, result = {0};
    stoa_status rc;
    size_t size = 0;

    if (!json || !json_size)
        return stoa__fail_null(err, json ? "json_size" : "json");
    *json = NULL;
    *json_size = 0;
    rc = stoa__text_size("script", script, script_size, STOA__LUA_BYTES_MAX, &size, err);
    if (rc == STOA_OK)
        rc = stoa__object_pin(lua.id, STOA__KIND_LUA, &object, err);
    if (rc != STOA_OK)
        return rc;
    text = (struct lua_text){script ? script : "", (int64_t)size};
    rc = run_alone((struct lua_runner *)object, op, text, &result, err);
    *json = result.text;
    *json_size = result.size;
    stoa__object_unpin(object);
    return rc;
}
