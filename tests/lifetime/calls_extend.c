/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that extend a connection: scans, functions, the catalogue. */
#include "lifetime/calls.h"

/* ---- scans, functions, the catalogue ---- */

RUN(scan_register)
{
    struct ArrowArrayStream stream;
    stoa_scan out = {9};
    stoa_status rc;

    data_stream(&stream, 2, 3, -1);
    rc = called(world, stoa_scan_register(CONN, op, "w", 1, &stream, NULL, 0, &out, err));
    CHECK((out.id == 0) == (rc != STOA_OK));
    CHECK((stream.release == NULL) == (rc == STOA_OK));
    stoa_stream_release(&stream);
    stoa_scan_close(out);
    return rc;
}

RUN(scan_register_batches)
{
    struct ArrowSchema schema;
    struct ArrowArray batches[2];
    stoa_scan out = {9};
    stoa_status rc;

    data_schema(&schema);
    data_batch(&batches[0], 0, 3);
    data_batch(&batches[1], 3, 3);
    rc = called(world, stoa_scan_register_batches(CONN, op, "w", 1, &schema, batches, 2,
                                                  NULL, 0, &out, err));
    CHECK((out.id == 0) == (rc != STOA_OK));
    CHECK((schema.release == NULL) == (rc == STOA_OK));
    CHECK((batches[0].release == NULL) == (rc == STOA_OK));
    CHECK((batches[1].release == NULL) == (rc == STOA_OK));
    stoa_schema_release(&schema);
    stoa_batch_release(&batches[0]);
    stoa_batch_release(&batches[1]);
    stoa_scan_close(out);
    return rc;
}

static void count(void *user_data)
{
    ++*(_Atomic int *)user_data;
}

/* What was refused was released at once. All else is, exactly once, when it is gone:
 * world_check_nothing_left() counts. */
static void check_released(const struct world *world, int before, stoa_status rc)
{
    CHECK(rc == STOA_OK || world->crowded || calls_released > before);
}

/* Something goes to the library; what it had released before. */
static int give(void)
{
    calls_given++;
    return calls_released;
}

static stoa_status factory(void *user_data, struct ArrowArrayStream *out, stoa_error *err)
{
    (void)user_data, (void)err;
    data_stream(out, 2, 3, -1);
    return STOA_OK;
}

RUN(scan_register_factory)
{
    stoa_scan out = {9};
    const int before = give();
    stoa_status rc = called(world, stoa_scan_register_factory(CONN, op, "w", 1, factory,
                                                              &calls_released, count,
                                                              NULL, 0, &out, err));

    CHECK((out.id == 0) == (rc != STOA_OK));
    check_released(world, before, rc);
    (void)stoa_scan_drop((stoa_conn){world->ids[WORLD_CONN]}, "w", 1, NULL);
    return rc;
}

RUN(scan_drop)
{
    struct ArrowArrayStream stream;
    int64_t nth = suspend();
    stoa_scan scan = {0};
    stoa_status rc;

    data_stream(&stream, 2, 3, -1);
    (void)stoa_scan_register((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, "w", 1,
                             &stream, NULL, 0, &scan, NULL);
    resume(nth);
    rc = called(world, stoa_scan_drop(CONN, "w", 1, err));
    stoa_scan_close(scan);
    stoa_stream_release(&stream);
    (void)op;
    return rc;
}

static stoa_status resolve(void *user_data, const char *name, int64_t name_size,
                           struct ArrowArrayStream *out, stoa_error *err)
{
    (void)user_data, (void)name, (void)name_size, (void)out, (void)err;
    return STOA_ERR_NOT_FOUND;
}

RUN(scan_resolver)
{
    const int before = give();
    stoa_status rc =
        called(world, stoa_scan_resolver(CONN, resolve, &calls_released, count, err));

    (void)op;
    check_released(world, before, rc);
    (void)stoa_scan_resolver((stoa_conn){world->ids[WORLD_CONN]}, NULL, NULL, NULL, NULL);
    return rc;
}

static stoa_status row_function(void *user_data, const stoa_rows *arguments,
                                stoa_value *result, const uint8_t **result_bytes,
                                stoa_error *err)
{
    (void)user_data, (void)arguments, (void)result, (void)result_bytes, (void)err;
    return STOA_OK;
}

static stoa_status add_function(stoa_conn conn, stoa_function *out, stoa_error *err)
{
    struct ArrowSchema parameters = {
        .format = "+s", .name = "", .release = stoa_schema_release};
    stoa_function_spec spec = {.struct_size = sizeof(spec),
                               .name = "nothing",
                               .name_size = STOA_NUL,
                               .parameters = &parameters,
                               .row = row_function};

    (void)give();
    return stoa_function_register(conn, &spec, &calls_released, count, out, err);
}

RUN(function_register)
{
    stoa_function out = {9};
    const int before = calls_released;
    stoa_status rc = called(world, add_function(CONN, &out, err));

    (void)op;
    CHECK((out.id == 0) == (rc != STOA_OK));
    check_released(world, before, rc);
    (void)stoa_function_drop((stoa_conn){world->ids[WORLD_CONN]}, "nothing", STOA_NUL,
                             NULL);
    return rc;
}

RUN(function_drop)
{
    int64_t nth = suspend();
    stoa_function function;
    stoa_status rc;

    (void)add_function((stoa_conn){world->ids[WORLD_CONN]}, &function, NULL);
    resume(nth);
    rc = called(world, stoa_function_drop(CONN, "nothing", STOA_NUL, err));
    stoa_function_close(function);
    (void)op;
    return rc;
}

static int32_t compare(void *user_data, const char *a, int64_t a_size, const char *b,
                       int64_t b_size)
{
    (void)user_data, (void)a, (void)b;
    return (a_size > b_size) - (a_size < b_size);
}

RUN(collation_register)
{
    const int before = give();
    stoa_status rc =
        called(world, stoa_collation_register(CONN, "by_size", STOA_NUL, compare,
                                              &calls_released, count, err));

    (void)op;
    check_released(world, before, rc);
    (void)stoa_collation_register((stoa_conn){world->ids[WORLD_CONN]}, "by_size",
                                  STOA_NUL, NULL, NULL, NULL, NULL);
    return rc;
}

RUN(catalog)
{
    stoa_result out = {9};
    stoa_status rc = called(
        world, stoa_catalog(CONN, op, STOA_CATALOG_TABLES, "main", 4, "b", 1, &out, err));

    CHECK((out.id == 0) == (rc != STOA_OK));
    stoa_result_close(out);
    return rc;
}

RUN(table_schema)
{
    struct ArrowSchema out = {.format = "?"};
    stoa_status rc =
        called(world, stoa_table_schema(CONN, op, NULL, 0, "b", 1, &out, err));

    CHECK((out.release == NULL) == (rc != STOA_OK));
    stoa_schema_release(&out);
    return rc;
}
