/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of scripts share: a runner on the sample schema, and what scripts answer. */
#ifndef STOA_COLLECTION_LUA_KIT_H
#define STOA_COLLECTION_LUA_KIT_H

#include "collection/collection_kit.h"

struct lab {
    stoa_db db;
    stoa_conn conn;
    stoa_lua lua;
};

/* False, and why: there is no Lua 5.4 here. */
static inline bool lab_open(struct lab *lab)
{
    stoa_error err = {0};
    stoa_status rc;

    lab->conn = kit_open(KIT_SCHEMA, &lab->db);
    rc = stoa_lua_open(lab->conn, &lab->lua, &err);
    if (rc == STOA_OK)
        return true;
    CHECK_INT(rc, STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "Lua 5.4 was not found");
    printf("# skipped: %s\n", err.text);
    stoa_db_close(lab->db);
    return false;
}

static inline void lab_close(const struct lab *lab)
{
    int64_t count = -1;

    stoa_lua_close(lab->lua);
    stoa_db_close(lab->db);
    CHECK_INT(stoa_live(STOA_LIVE_LUA, &count, NULL), STOA_OK);
    CHECK_INT(count, 0);
}

static inline void gives(const struct lab *lab, const char *script, const char *right)
{
    const char *json = NULL;
    int64_t size = -1;
    stoa_error err;

    app_must(stoa_lua_run(lab->lua, NO_OP, script, STOA_NUL, &json, &size, &err), &err, script);
    if (strcmp(json, right) != 0)
        printf("# %s\n", script);
    CHECK_TEXT(json, right);
    CHECK_INT(size, (int64_t)strlen(right));
}

static inline void fails(const struct lab *lab, const char *script, stoa_status status,
                  const char *text)
{
    const char *json = "?";
    int64_t size = -1;
    stoa_error err = {0};
    const stoa_status rc = stoa_lua_run(lab->lua, NO_OP, script, STOA_NUL, &json, &size, &err);

    if (rc != status || !strstr(err.text, text))
        printf("# %s: %s: %s\n", script, stoa_status_name(rc), err.text);
    CHECK_INT(rc, status);
    CHECK_HAS(err.text, text);
    CHECK(json == NULL && size == 0);
}

#endif
