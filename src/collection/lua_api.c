/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/lua_api.h"

#include "base/error.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

/* By distribution: Debian, Debian with its development package, Fedora and Arch, Alpine, others. */
static const char *const library_names[] = {"liblua5.4.so.0",  "liblua5.4.so", "liblua-5.4.so",
                                            "liblua.so.5.4",   "liblua5.4.so.5.4",
                                            "liblua-5.4.so.0", "liblua54.so.5.4"};
#define LIBRARY_NAMES                                                                  \
    "liblua5.4.so.0, liblua5.4.so, liblua-5.4.so, liblua.so.5.4, liblua5.4.so.5.4, " \
    "liblua-5.4.so.0, liblua54.so.5.4"

enum { LIBRARY_NAME_COUNT = sizeof library_names / sizeof library_names[0] };

/* ISO C knows no way from an object pointer to a function pointer; POSIX promises this one. */
static const char *find_all(struct lua_api *api)
{
    void *symbol;

    _Static_assert(sizeof(void (*)(void)) == sizeof symbol, "POSIX");
#define LUA_FIND(answer, member, name, arguments)                  \
    symbol = dlsym(api->library, name);                            \
    if (!symbol)                                                   \
        return name;                                               \
    memcpy(&api->member, &symbol, sizeof symbol);
    LUA_FUNCTIONS(LUA_FIND)
#undef LUA_FIND
    return NULL;
}

/* Is it a 5.4 that has all there is to it? */
static stoa_status examine(struct lua_api *api, const char *path, stoa_error *err)
{
    const char *missing = find_all(api);

    if (missing)
        return stoa__fail(err, STOA_ERR_NOT_FOUND,
                          "Lua 5.4 was not found: %s lacks %s, so it is another library or version",
                          path, missing);
    if ((int)api->version(NULL) != LUA_VERSION_WANTED)
        return stoa__fail(err, STOA_ERR_NOT_FOUND,
                          "Lua 5.4 was not found: %s is of version number %d", path,
                          (int)api->version(NULL));
    return STOA_OK;
}

static stoa_status load_from(struct lua_api *api, const char *path, stoa_error *err)
{
    const char *why;

    api->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (api->library)
        return examine(api, path, err);
    why = dlerror();
    return stoa__fail(err, STOA_ERR_NOT_FOUND,
                      "Lua 5.4 was not found at %s, as the environment's STOA_LUA says: %s", path,
                      why ? why : "no reason given");
}

stoa_status collection_lua_api_load(struct lua_api *out, stoa_error *err)
{
    const char *path = getenv("STOA_LUA");
    stoa_status rc = STOA_OK;

    *out = (struct lua_api){0};
    if (path && path[0] != '\0') {
        rc = load_from(out, path, err);
    } else {
        for (int i = 0; i < LIBRARY_NAME_COUNT && !out->library; i++) {
            path = library_names[i];
            out->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        }
        rc = out->library
                 ? examine(out, path, err)
                 : stoa__fail(err, STOA_ERR_NOT_FOUND,
                              "Lua 5.4 was not found where the system looks for libraries; tried "
                              LIBRARY_NAMES "; the environment's STOA_LUA may name its path");
    }
    if (rc != STOA_OK)
        collection_lua_api_release(out);
    return rc;
}

void collection_lua_api_release(struct lua_api *api)
{
    if (api->library)
        (void)dlclose(api->library);
    *api = (struct lua_api){0};
}
