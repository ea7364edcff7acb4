/* SPDX-License-Identifier: Apache-2.0 */
/* What is needed of Lua 5.4, declared here and found when a script is to run: its headers need not
 * be there to build, nor its library to run anything else. */
#ifndef STOA_COLLECTION_LUA_API_H
#define STOA_COLLECTION_LUA_API_H

#include "stoa/base.h"

typedef struct lua_State lua_State;
typedef struct lua_Debug lua_Debug;
typedef int (*lua_function)(lua_State *state);
typedef void (*lua_hook)(lua_State *state, lua_Debug *debug);
typedef void *(*lua_alloc)(void *user_data, void *piece, size_t old_size, size_t size);

/* As lua.h of every 5.4 has them. */
enum {
    LUA_VERSION_WANTED = 504,
    LUA_NUMBER_SIZES = 8 * 16 + 8, /* Of lua_Integer and lua_Number: LUAL_NUMSIZES. */
    LUA_RESULTS_ALL = -1,
    LUA_UPVALUE = -1001000 - 1,
    LUA_MASK_COUNT = 8,
    LUA_STATUS_OK = 0,
    LUA_STATUS_NOMEM = 4,
    LUA_NIL = 0,
    LUA_BOOLEAN = 1,
    LUA_NUMBER = 3,
    LUA_STRING = 4,
    LUA_TABLE = 5,
    LUA_FUNCTION = 6
};

/* Answer, name here, name in the library, arguments. lua_newuserdatauv is here to tell 5.4 from
 * 5.3, whose lua_version() answers in another way. */
#define LUA_FUNCTIONS(F)                                                                         \
    F(double, version, "lua_version", (lua_State *))                                             \
    F(void, check_version, "luaL_checkversion_", (lua_State *, double, size_t))                  \
    F(lua_State *, new_state, "lua_newstate", (lua_alloc, void *))                               \
    F(void, close_state, "lua_close", (lua_State *))                                             \
    F(void *, new_userdata, "lua_newuserdatauv", (lua_State *, size_t, int))                     \
    F(void, require, "luaL_requiref", (lua_State *, const char *, lua_function, int))            \
    F(int, open_base, "luaopen_base", (lua_State *))                                             \
    F(int, open_string, "luaopen_string", (lua_State *))                                         \
    F(int, open_table, "luaopen_table", (lua_State *))                                           \
    F(int, open_math, "luaopen_math", (lua_State *))                                             \
    F(int, open_coroutine, "luaopen_coroutine", (lua_State *))                                   \
    F(int, open_utf8, "luaopen_utf8", (lua_State *))                                             \
    F(int, load, "luaL_loadbufferx",                                                             \
      (lua_State *, const char *, size_t, const char *, const char *))                           \
    F(void, call, "lua_callk", (lua_State *, int, int, intptr_t, lua_function))                  \
    F(int, pcall, "lua_pcallk", (lua_State *, int, int, int, intptr_t, lua_function))            \
    F(void, set_hook, "lua_sethook", (lua_State *, lua_hook, int, int))                          \
    F(int, error, "lua_error", (lua_State *))                                                    \
    F(void, where, "luaL_where", (lua_State *, int))                                             \
    F(void, check_stack, "luaL_checkstack", (lua_State *, int, const char *))                    \
    F(int, get_top, "lua_gettop", (lua_State *))                                                 \
    F(void, set_top, "lua_settop", (lua_State *, int))                                           \
    F(void, push_value, "lua_pushvalue", (lua_State *, int))                                     \
    F(void, copy, "lua_copy", (lua_State *, int, int))                                           \
    F(void, rotate, "lua_rotate", (lua_State *, int, int))                                       \
    F(void, concat, "lua_concat", (lua_State *, int))                                            \
    F(int, type, "lua_type", (lua_State *, int))                                                 \
    F(const char *, type_name, "lua_typename", (lua_State *, int))                               \
    F(int, is_integer, "lua_isinteger", (lua_State *, int))                                      \
    F(int64_t, to_integer, "lua_tointegerx", (lua_State *, int, int *))                          \
    F(double, to_number, "lua_tonumberx", (lua_State *, int, int *))                             \
    F(int, to_boolean, "lua_toboolean", (lua_State *, int))                                      \
    F(const char *, to_text, "lua_tolstring", (lua_State *, int, size_t *))                      \
    F(void *, to_pointer, "lua_touserdata", (lua_State *, int))                                  \
    F(void, push_nil, "lua_pushnil", (lua_State *))                                              \
    F(void, push_boolean, "lua_pushboolean", (lua_State *, int))                                 \
    F(void, push_integer, "lua_pushinteger", (lua_State *, int64_t))                             \
    F(void, push_number, "lua_pushnumber", (lua_State *, double))                                \
    F(const char *, push_text, "lua_pushlstring", (lua_State *, const char *, size_t))           \
    F(void, push_pointer, "lua_pushlightuserdata", (lua_State *, void *))                        \
    F(void, push_closure, "lua_pushcclosure", (lua_State *, lua_function, int))                  \
    F(void, new_table, "lua_createtable", (lua_State *, int, int))                               \
    F(int, next, "lua_next", (lua_State *, int))                                                 \
    F(int, raw_get, "lua_rawget", (lua_State *, int))                                            \
    F(int, raw_get_index, "lua_rawgeti", (lua_State *, int, int64_t))                            \
    F(void, raw_set, "lua_rawset", (lua_State *, int))                                           \
    F(void, raw_set_index, "lua_rawseti", (lua_State *, int, int64_t))                           \
    F(void, set_global, "lua_setglobal", (lua_State *, const char *))                            \
    F(int, get_global, "lua_getglobal", (lua_State *, const char *))

struct lua_api {
    void *library;
#define LUA_MEMBER(answer, member, name, arguments) answer(*member) arguments;
    LUA_FUNCTIONS(LUA_MEMBER)
#undef LUA_MEMBER
};

/* Find and load it; NOT_FOUND names all that was tried. On failure nothing is held. */
stoa_status collection_lua_api_load(struct lua_api *out, stoa_error *err);
/* Accepts all-zero. */
void collection_lua_api_release(struct lua_api *api);

#endif
