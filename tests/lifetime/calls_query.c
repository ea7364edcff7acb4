/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on statements and results. */
#include "lifetime/calls.h"

static const stoa_value two_values[2] = {{.type = STOA_TYPE_INT64, .a = 4},
                                         {.type = STOA_TYPE_TEXT, .b = 3}};

/* ---- statements ---- */

RUN(stmt_parameters)
{
    struct ArrowSchema out = {.format = "?"};
    stoa_status rc = called(world, stoa_stmt_parameters(STMT, &out, err));

    (void)op;
    CHECK((out.release == NULL) == (rc != STOA_OK));
    stoa_schema_release(&out);
    return rc;
}

RUN(stmt_schema)
{
    struct ArrowSchema out = {.format = "?"};
    stoa_status rc = called(world, stoa_stmt_schema(STMT, &out, err));

    (void)op;
    CHECK((out.release == NULL) == (rc != STOA_OK));
    stoa_schema_release(&out);
    return rc;
}

RUN(stmt_parameter)
{
    int32_t position = 9;
    stoa_status rc = called(world, stoa_stmt_parameter(STMT, "x", 1, &position, err));

    (void)op;
    CHECK_INT(position, rc == STOA_OK);
    return rc;
}

PLAIN(bind_null, STMT, 1)
PLAIN(bind_int64, STMT, 1, 5)
PLAIN(bind_float64, STMT, 1, 5.5)
PLAIN(bind_text, STMT, 1, "text", STOA_NUL)
PLAIN(bind_bytes, STMT, 1, three_bytes, 3)
PLAIN(bind_value, STMT, 1, &two_values[1], three_bytes, 3)
PLAIN(bind_clear, STMT)

RUN(execute)
{
    stoa_result out = {9};
    stoa_status rc =
        called(world, stoa_execute(STMT, op, two_values, 2, three_bytes, 3, &out, err));

    CHECK((out.id == 0) == (rc != STOA_OK));
    stoa_result_close(out);
    return rc;
}

RUN(execute_row)
{
    stoa_rows out = {.row_count = 9};
    stoa_status rc = called(
        world, stoa_execute_row(STMT, op, two_values, 2, three_bytes, 3, &out, err));

    CHECK_INT(out.row_count, rc == STOA_OK);
    return rc;
}

RUN(execute_stream)
{
    struct ArrowArrayStream stream;
    stoa_status rc;

    data_stream(&stream, 2, 3, -1);
    rc = called(world, stoa_execute_stream(STMT, op, &stream, NULL, err));
    CHECK((stream.release == NULL) == (rc == STOA_OK));
    stoa_stream_release(&stream);
    return rc;
}

RUN(execute_columns)
{
    const stoa_column columns[2] = {{.name = "a",
                                     .name_size = 1,
                                     .type = STOA_TYPE_INT64,
                                     .count = 5,
                                     .data = five,
                                     .data_size = sizeof(five)},
                                    {.name = "b",
                                     .name_size = 1,
                                     .type = STOA_TYPE_INT64,
                                     .count = 5,
                                     .data = five,
                                     .data_size = sizeof(five)}};

    return called(world, stoa_execute_columns(STMT, op, columns, 2, 5, NULL, err));
}

/* ---- results ---- */

RUN(result_schema)
{
    struct ArrowSchema out = {.format = "?"};
    stoa_status rc = called(world, stoa_result_schema(RESULT, &out, err));

    (void)op;
    CHECK((out.release == NULL) == (rc != STOA_OK));
    stoa_schema_release(&out);
    return rc;
}

RUN(result_request)
{
    struct ArrowSchema item = {
        .format = "n", .name = "x", .release = stoa_schema_release};
    struct ArrowSchema *items = &item;
    struct ArrowSchema schema = {.format = "+s",
                                 .name = "",
                                 .n_children = 1,
                                 .children = &items,
                                 .release = stoa_schema_release};

    (void)op;
    return called(world, stoa_result_request(RESULT, &schema, err));
}

RUN(result_next)
{
    struct ArrowArray out = {.length = 9};
    stoa_status rc = called(world, stoa_result_next(RESULT, op, &out, err));

    CHECK((out.release == NULL) == (rc != STOA_OK));
    stoa_batch_release(&out);
    return rc;
}

RUN(result_rows)
{
    stoa_rows out = {.row_count = 9};
    stoa_status rc = called(world, stoa_result_rows(RESULT, op, 1, &out, err));

    CHECK_INT(out.row_count, rc == STOA_OK);
    return rc;
}

PLAIN(result_step, RESULT, op)

RUN(result_is_null)
{
    int32_t out = 9;
    stoa_status rc = called(world, stoa_result_is_null(RESULT, 0, &out, err));

    (void)op;
    CHECK_INT(out, 0);
    return rc;
}

RUN(result_int64)
{
    int64_t out = 9;
    stoa_status rc = called(world, stoa_result_int64(RESULT, 0, &out, err));

    (void)op;
    CHECK(rc == STOA_OK || out == 0);
    return rc;
}

RUN(result_float64)
{
    double out = 9;
    stoa_status rc = called(world, stoa_result_float64(RESULT, 0, &out, err));

    (void)op;
    CHECK(rc == STOA_OK || out == 0);
    return rc;
}

RUN(result_text)
{
    const char *out = "?";
    int64_t size = 9;
    stoa_status rc = called(world, stoa_result_text(RESULT, 0, &out, &size, err));

    (void)op;
    CHECK((out == NULL) == (rc != STOA_OK));
    return rc;
}

RUN(result_bytes)
{
    const uint8_t *out = three_bytes;
    int64_t size = 9;
    stoa_status rc = called(world, stoa_result_bytes(RESULT, 0, &out, &size, err));

    (void)op;
    CHECK((out == NULL) == (rc != STOA_OK));
    return rc;
}

RUN(result_export)
{
    struct ArrowArrayStream out = {0};
    stoa_status rc = called(world, stoa_result_export(RESULT, op, &out, err));

    CHECK((out.release == NULL) == (rc != STOA_OK));
    stoa_stream_release(&out);
    return rc;
}

PLAIN(result_next_result, RESULT, op)

RUN(result_stats)
{
    stoa_stats stats = {.struct_size = sizeof(stats), .rows_read = 9};
    stoa_status rc = called(world, stoa_result_stats(RESULT, &stats, err));

    (void)op;
    CHECK(rc == STOA_OK || stats.rows_read == 0);
    return rc;
}

RUN(result_table)
{
    const char *name = NULL;
    int64_t size = 9;

    (void)op;
    return called(world, stoa_result_table(RESULT, &name, &size, err));
}
