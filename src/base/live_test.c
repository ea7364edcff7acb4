/* SPDX-License-Identifier: Apache-2.0 */
#include "base/live.h"

#include "base/mem.h"
#include "base/object.h"
#include "test.h"

static int64_t live(int32_t kind)
{
    int64_t count = -1;

    CHECK_INT(stoa_live(kind, &count, NULL), STOA_OK);
    return count;
}

static void memory_is_counted(void)
{
    int64_t bytes = live(STOA_LIVE_BYTES), pieces = live(STOA_LIVE_ALLOCATIONS);
    void *piece = stoa__alloc(4000);

    CHECK(live(STOA_LIVE_BYTES) >= bytes + 4000);
    CHECK_INT(live(STOA_LIVE_ALLOCATIONS), pieces + 1);
    stoa__free(piece);
    CHECK_INT(live(STOA_LIVE_BYTES), bytes);
}

static void thing_destroy(struct stoa__object *object)
{
    (void)object;
}

static void handles_are_counted_by_kind(void)
{
    for (int kind = STOA__KIND_DB; kind <= STOA__KIND_BLOB; kind++) {
        const struct stoa__class class = {(enum stoa__kind)kind, NULL, thing_destroy};
        struct stoa__object object = {0};
        uint64_t id;

        CHECK_INT(stoa__object_open(&object, &class, NULL, &id, NULL), STOA_OK);
        for (int32_t other = STOA_LIVE_DB; other <= STOA_LIVE_BLOB; other++)
            CHECK_INT(live(other), other - STOA_LIVE_DB == kind - STOA__KIND_DB);
        stoa__object_close(id, class.kind);
        CHECK_INT(live(kind - STOA__KIND_DB + STOA_LIVE_DB), 0);
    }
    CHECK_TEXT(stoa__kind_name(STOA__KIND_BLOB), "blob");
    CHECK_TEXT(stoa__kind_name(STOA__KIND_LUA), "Lua runner");
    CHECK_TEXT(stoa__kind_name(STOA__KIND_SUBSCRIPTION), "subscription");
}

static void what_has_no_handle_is_counted(void)
{
    for (int32_t kind = STOA_LIVE_STREAM; kind <= STOA_LIVE_SESSION; kind++) {
        stoa__live_add(kind, 1);
        stoa__live_add(kind, 1);
        CHECK_INT(live(kind), 2);
        stoa__live_add(kind, -1);
        CHECK_INT(live(kind), 1);
    }
}

static void misuse_is_named(void)
{
    int64_t count = 5;
    stoa_error err;

    CHECK_INT(stoa_live(-1, &count, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "-1 is not one of STOA_LIVE_*");
    CHECK_INT(count, 0);
    CHECK_INT(stoa_live(STOA_LIVE_LUA + 1, &count, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_live(STOA_LIVE_DB, NULL, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "count is NULL");
}

TEST_MAIN({"memory is counted", memory_is_counted},
          {"handles are counted by kind", handles_are_counted_by_kind},
          {"what has no handle is counted", what_has_no_handle_is_counted},
          {"misuse is named", misuse_is_named})
