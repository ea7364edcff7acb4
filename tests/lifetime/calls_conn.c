/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on databases and connections. */
#include "base/mem.h"
#include "lifetime/calls.h"

static const char *query_of(const struct world *world)
{
    return world->sqlite ? "SELECT 7" : "rows 7";
}

/* ---- databases ---- */

RUN(db_supports)
{
    int32_t out = 9;
    stoa_status rc = called(world, stoa_db_supports(DB, STOA_CAN_SQL, &out, err));

    (void)op;
    CHECK_INT(out, rc == STOA_OK);
    return rc;
}

RUN(db_property)
{
    char text[16];
    int64_t size = 9;
    stoa_status rc = called(
        world, stoa_db_property(DB, "engine", STOA_NUL, text, sizeof(text), &size, err));

    (void)op;
    CHECK((size == 0) == (rc != STOA_OK));
    return rc;
}

RUN(connect)
{
    stoa_conn out = {9};
    stoa_status rc = called(world, stoa_connect(DB, op, NULL, 0, &out, err));

    CHECK((out.id == 0) == (rc != STOA_OK));
    stoa_conn_close(out);
    return rc;
}

RUN(ingest_open)
{
    stoa_ingest out = {9};
    stoa_status rc = called(world, stoa_ingest_open(DB, "t", 1, NULL, 0, &out, err));

    (void)op;
    CHECK((out.id == 0) == (rc != STOA_OK));
    stoa_ingest_close(out);
    return rc;
}

PLAIN(db_shutdown, DB, op)

/* ---- connections ---- */

RUN(conn_set)
{
    const stoa_option options[] = {{"batch_rows", "100"}};

    (void)op;
    return called(world, stoa_conn_set(CONN, options, 1, err));
}

RUN(begin)
{
    stoa_status rc = called(world, stoa_begin(CONN, op, STOA_BEGIN_LAZY, err));

    (void)stoa_rollback(CONN, (stoa_op){0}, NULL);
    return rc;
}

RUN(commit)
{
    int64_t nth = suspend();
    stoa_status rc;

    (void)stoa_begin((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, STOA_BEGIN_LAZY,
                     NULL);
    resume(nth);
    rc = called(world, stoa_commit(CONN, op, err));
    (void)stoa_rollback((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, NULL);
    return rc;
}

RUN(rollback)
{
    int64_t nth = suspend();
    stoa_status rc;

    (void)stoa_begin((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, STOA_BEGIN_LAZY,
                     NULL);
    resume(nth);
    rc = called(world, stoa_rollback(CONN, op, err));
    (void)stoa_rollback((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, NULL);
    return rc;
}

RUN(savepoint)
{
    stoa_status rc = called(world, stoa_savepoint(CONN, op, "s", 1, err));

    (void)stoa_rollback((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, NULL);
    return rc;
}

RUN(savepoint_release)
{
    int64_t nth = suspend();
    stoa_status rc;

    (void)stoa_savepoint((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, "s", 1, NULL);
    resume(nth);
    rc = called(world, stoa_savepoint_release(CONN, op, "s", 1, err));
    (void)stoa_rollback((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, NULL);
    return rc;
}

RUN(savepoint_rollback)
{
    int64_t nth = suspend();
    stoa_status rc;

    (void)stoa_savepoint((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, "s", 1, NULL);
    resume(nth);
    rc = called(world, stoa_savepoint_rollback(CONN, op, "s", 1, err));
    (void)stoa_rollback((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, NULL);
    return rc;
}

RUN(conn_transaction)
{
    int32_t state = 9;
    stoa_status rc = called(world, stoa_conn_transaction(CONN, &state, err));

    (void)op;
    CHECK(world->crowded || state == STOA_TRANSACTION_NONE);
    return rc;
}

RUN(dry_run_begin)
{
    stoa_status rc = called(world, stoa_dry_run_begin(CONN, op, err));

    (void)stoa_dry_run_end((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, NULL);
    return rc;
}

RUN(dry_run_end)
{
    int64_t nth = suspend();
    stoa_status rc;

    (void)stoa_dry_run_begin((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, NULL);
    resume(nth);
    rc = called(world, stoa_dry_run_end(CONN, op, err));
    (void)stoa_dry_run_end((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, NULL);
    return rc;
}

RUN(conn_dry_run)
{
    int32_t active = 9;
    stoa_status rc = called(world, stoa_conn_dry_run(CONN, &active, err));

    (void)op;
    CHECK(world->crowded || active == 0);
    return rc;
}

RUN(collection_set)
{
    const stoa_option options[] = {{"trim", "yes"}};

    (void)op;
    return called(world, stoa_collection_set(CONN, options, 1, err));
}

RUN(collection_check)
{
    stoa_result result = {9};
    stoa_status rc = called(world, stoa_collection_check(CONN, op, &result, err));

    CHECK(rc == STOA_OK || result.id == 0);
    stoa_result_close(result);
    return rc;
}

RUN(backup)
{
    char *path = test_path("backup.db");
    stoa_status rc;

    (void)remove(path);
    rc = called(world, stoa_backup(CONN, op, path, STOA_NUL, 0, err));
    free(path);
    return rc;
}

RUN(restore)
{
    char *path = test_path("restore.db");
    int64_t nth = suspend();
    stoa_status rc;

    (void)stoa_backup((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, path, STOA_NUL,
                      1, NULL);
    resume(nth);
    rc = called(world, stoa_restore(CONN, op, path, STOA_NUL, err));
    free(path);
    return rc;
}

RUN(check)
{
    char text[64];
    int64_t problems = 9;
    stoa_status rc = called(world, stoa_check(CONN, op, STOA_CHECK_QUICK, &problems, text,
                                              sizeof(text), err));

    CHECK_INT(problems, 0);
    return rc;
}

PLAIN(checkpoint, CONN, op, STOA_CHECKPOINT_PASSIVE)
PLAIN(vacuum, CONN, op)
PLAIN(conn_reset, CONN, op)
PLAIN(ping, CONN, op)

RUN(attach)
{
    stoa_status rc =
        called(world, stoa_attach(CONN, op, ":memory:", STOA_NUL, "more", 4, err));

    (void)stoa_detach((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, "more", 4, NULL);
    return rc;
}

RUN(detach)
{
    int64_t nth = suspend();
    stoa_status rc;

    (void)stoa_attach((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0},
                      ":memory:", STOA_NUL, "more", 4, NULL);
    resume(nth);
    rc = called(world, stoa_detach(CONN, op, "more", 4, err));
    (void)stoa_detach((stoa_conn){world->ids[WORLD_CONN]}, (stoa_op){0}, "more", 4, NULL);
    return rc;
}

RUN(lua_open)
{
    stoa_lua out = {9};
    stoa_status rc;

    (void)op;
    stoa__mem_fail_repeat = true; /* Lua collects its garbage and asks again. */
    rc = called(world, stoa_lua_open(CONN, &out, err));
    stoa__mem_fail_repeat = false;
    CHECK((out.id == 0) == (rc != STOA_OK));
    stoa_lua_close(out);
    return rc;
}

RUN(blob_open)
{
    stoa_blob out = {9};
    stoa_status rc = called(
        world, stoa_blob_open(CONN, op, "main", 4, "b", 1, "x", 1, 1, 0, &out, err));

    CHECK((out.id == 0) == (rc != STOA_OK));
    stoa_blob_close(out);
    return rc;
}

RUN(query)
{
    stoa_result out = {9};
    stoa_status rc = called(world, stoa_query(CONN, op, query_of(world), STOA_NUL, NULL,
                                              0, NULL, 0, &out, err));

    CHECK((out.id == 0) == (rc != STOA_OK));
    stoa_result_close(out);
    return rc;
}

RUN(run)
{
    stoa_done done = {9, 9};
    stoa_status rc = called(world, stoa_run(CONN, op, query_of(world), STOA_NUL, NULL, 0,
                                            NULL, 0, &done, err));

    CHECK_INT(done.rows_affected, rc == STOA_OK ? -1 : 0);
    return rc;
}

RUN(query_row)
{
    stoa_rows out = {.row_count = 9};
    stoa_status rc = called(world, stoa_query_row(CONN, op, query_of(world), STOA_NUL,
                                                  NULL, 0, NULL, 0, &out, err));

    CHECK_INT(out.row_count, rc == STOA_OK);
    return rc;
}

RUN(prepare)
{
    stoa_stmt out = {9};
    stoa_status rc =
        called(world, stoa_prepare(CONN, op, query_of(world), STOA_NUL, &out, err));

    CHECK((out.id == 0) == (rc != STOA_OK));
    stoa_stmt_close(out);
    return rc;
}

RUN(read)
{
    const stoa_value table = {.type = STOA_TYPE_TEXT, .b = 1};
    stoa_result out = {9};
    stoa_status rc =
        called(world, stoa_read(CONN, op, &table, 1, NULL, 0, (const uint8_t *)"b", 1,
                                INT64_MIN, INT64_MAX, 0, &out, err));

    CHECK((out.id == 0) == (rc != STOA_OK));
    stoa_result_close(out);
    return rc;
}

RUN(insert)
{
    const stoa_option mode[] = {{"mode", "create_append"}};
    struct ArrowArrayStream stream;
    int64_t rows = 9;
    stoa_status rc;

    data_stream(&stream, 2, 3, -1);
    rc = called(world, stoa_insert(CONN, op, "v", 1, &stream, mode, 1, &rows, err));
    CHECK((stream.release == NULL) == (rc == STOA_OK));
    CHECK_INT(rows, rc == STOA_OK ? 6 : 0);
    stoa_stream_release(&stream);
    return rc;
}

RUN(conn_ingest_open)
{
    stoa_ingest out = {9};
    stoa_status rc =
        called(world, stoa_conn_ingest_open(CONN, "t", 1, NULL, 0, &out, err));

    (void)op;
    CHECK((out.id == 0) == (rc != STOA_OK));
    stoa_ingest_close(out);
    return rc;
}
