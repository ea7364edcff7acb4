/* SPDX-License-Identifier: Apache-2.0 */
/* Where there is no CPython. With one, these functions are tested by bindings/python. */
#include "base/object.h"
#include "stoa.h"

#include "test.h"

#include <string.h>

static int owner; /* Stands for an object: nothing may touch it. */

static void holding_says_that_there_is_none(void)
{
    stoa_python_object held = {.owner = &owner};
    stoa_error error;

    CHECK_INT(stoa_python_hold(&held, &error), STOA_ERR_UNSUPPORTED);
    CHECK_TEXT(error.text, "the functions of CPython are not visible in this process");
    CHECK_INT(stoa_python_hold(NULL, &error), STOA_ERR_INVALID);
    held.owner = NULL;
    CHECK_INT(stoa_python_hold(&held, NULL), STOA_ERR_INVALID);
}

static void a_row_function_says_so_too(void)
{
    stoa_python_object held = {.owner = &owner};
    const stoa_rows arguments = {.row_count = 1};
    stoa_value result = {0};
    const uint8_t *bytes = NULL;
    stoa_error error;

    CHECK_INT(stoa_python_row(&held, &arguments, &result, &bytes, &error), STOA_ERR_UNSUPPORTED);
    CHECK_INT(result.type, STOA_TYPE_NULL);
    CHECK_INT(stoa_python_row(&held, NULL, &result, &bytes, &error), STOA_ERR_INVALID);
    CHECK_TEXT(error.text, "held, arguments, result or result_bytes is NULL");
}

static void so_does_an_aggregate(void)
{
    stoa_python_object held = {.owner = &owner};
    const struct ArrowArray arguments = {0};
    uint64_t state = 0;
    stoa_error error;

    CHECK_INT(stoa_python_step(&held, &state, &arguments, &error), STOA_ERR_UNSUPPORTED);
    CHECK_INT(stoa_python_step(&held, NULL, &arguments, &error), STOA_ERR_INVALID);
    CHECK_TEXT(error.text, "held, state or arguments is NULL");
}

static void giving_back_does_nothing(void)
{
    stoa_python_object held = {.owner = &owner};
    stoa_python_object before = held;
    struct ArrowArrayStream stream = {.release = stoa_python_stream_release,
                                      .private_data = &held};

    stoa_python_release(NULL);
    stoa_python_release(&held);
    CHECK(memcmp(&held, &before, sizeof held) == 0);
    stoa_python_capsule_free(NULL);
    stoa_python_capsule_free(&owner);
    stoa_python_stream_release(&stream);
    CHECK(stream.release == NULL);
    stoa_python_stream_release(&stream);
    stoa_python_stream_release(NULL);
}

static void a_cell_closes_what_was_written_into_it(void)
{
    stoa_db db = {0};
    stoa_conn conn = {0};
    stoa_op op = {0};
    uint64_t noise = UINT64_MAX;

    stoa_python_cell_close(NULL);
    stoa_python_cell_close(&db);
    stoa_python_cell_close(&noise);
    CHECK_INT(stoa_op_open(-1, NULL, NULL, NULL, &op, NULL), STOA_OK);
    CHECK_INT(stoa_open(op, ":memory:", 8, NULL, 0, &db, NULL), STOA_OK);
    CHECK_INT(stoa_connect(db, op, NULL, 0, &conn, NULL), STOA_OK);
    stoa_python_cell_close(&conn);
    CHECK_INT(stoa_ping(conn, op, NULL), STOA_ERR_CLOSED);
    CHECK_INT(stoa__object_count(STOA__KIND_CONN), 0);
    CHECK_INT(stoa__object_count(STOA__KIND_DB), 1);
    stoa_python_cell_close(&conn);
    stoa_python_cell_close(&db);
    stoa_python_cell_close(&op);
    CHECK_INT(stoa__object_count(STOA__KIND_DB) + stoa__object_count(STOA__KIND_OP), 0);
}

TEST_MAIN({"holding says that there is no CPython", holding_says_that_there_is_none},
          {"a row function says so too", a_row_function_says_so_too},
          {"so does an aggregate", so_does_an_aggregate},
          {"giving back does nothing", giving_back_does_nothing},
          {"a cell closes what was written into it", a_cell_closes_what_was_written_into_it})
