/* SPDX-License-Identifier: Apache-2.0 */
#include "lifetime/world.h"

#include "test.h"

static void must(stoa_status rc, const stoa_error *err, const char *what)
{
    if (rc >= 0)
        return;
    printf("# %s: %s: %s\n", what, stoa_status_name(rc), err->text);
    test_fail();
}

static stoa_status nothing(void *user_data, const stoa_rows *arguments,
                           stoa_value *result, const uint8_t **result_bytes,
                           stoa_error *err)
{
    (void)user_data, (void)result_bytes, (void)err;
    *result = arguments->values[0];
    return STOA_OK;
}

static void open_sqlite_objects(struct world *world, stoa_conn conn)
{
    struct ArrowSchema item = {
        .format = "l", .name = "x", .release = stoa_schema_release};
    struct ArrowSchema *items = &item;
    struct ArrowSchema parameters = {.format = "+s",
                                     .name = "",
                                     .n_children = 1,
                                     .children = &items,
                                     .release = stoa_schema_release};
    stoa_function_spec spec = {.struct_size = sizeof(spec),
                               .name = "same",
                               .name_size = STOA_NUL,
                               .parameters = &parameters,
                               .row = nothing};
    struct ArrowArrayStream stream;
    stoa_error err = {0};

    must(stoa_run(conn, (stoa_op){0},
                  "CREATE TABLE b(x BLOB); INSERT INTO b VALUES (zeroblob(64))", STOA_NUL,
                  NULL, 0, NULL, 0, NULL, &err),
         &err, "create");
    data_stream(&stream, 2, 5, -1);
    must(stoa_scan_register(conn, (stoa_op){0}, "scan", STOA_NUL, &stream, NULL, 0,
                            (stoa_scan *)&world->ids[WORLD_SCAN], &err),
         &err, "scan");
    must(stoa_function_register(conn, &spec, NULL, NULL,
                                (stoa_function *)&world->ids[WORLD_FUNCTION], &err),
         &err, "function");
    must(stoa_blob_open(conn, (stoa_op){0}, NULL, 0, "b", 1, "x", 1, 1, 0,
                        (stoa_blob *)&world->ids[WORLD_BLOB], &err),
         &err, "blob");
    if (stoa_lua_open(conn, (stoa_lua *)&world->ids[WORLD_LUA], &err) != STOA_ERR_NOT_FOUND)
        must(err.code, &err, "lua");
}

void world_open(struct world *world, const char *target)
{
    const stoa_option mode[] = {{"mode", "create_append"}};
    /* In memory whoever reads is in the way of who writes; waiting for him would be for
     * ourselves. */
    const stoa_option at_once[] = {{"busy_timeout", "0"}};
    stoa_error err = {0};
    stoa_result result;
    const char *rows;
    stoa_conn conn;
    stoa_db db;

    *world = (struct world){.target = target, .sqlite = target[0] == ':'};
    rows = world->sqlite ? "VALUES (1),(2),(3),(4),(5); SELECT 2" : "rows 5; rows 2";
    must(stoa_open((stoa_op){0}, target, STOA_NUL, at_once, world->sqlite ? 1 : 0, &db,
                   &err),
         &err, "open");
    must(stoa_connect(db, (stoa_op){0}, NULL, 0, &conn, &err), &err, "connect");
    world->ids[WORLD_DB] = db.id;
    world->ids[WORLD_CONN] = conn.id;
    if (world->sqlite)
        open_sqlite_objects(world, conn);
    must(stoa_ingest_open(db, "t", 1, mode, 1, (stoa_ingest *)&world->ids[WORLD_INGEST],
                          &err),
         &err, "ingest");
    must(stoa_conn_ingest_open(conn, "u", 1, mode, 1,
                               (stoa_ingest *)&world->ids[WORLD_CONN_INGEST], &err),
         &err, "connection's ingest");
    must(stoa_prepare(conn, (stoa_op){0}, world->sqlite ? "SELECT :x, ?" : "values ?, ?",
                      STOA_NUL, (stoa_stmt *)&world->ids[WORLD_STMT], &err),
         &err, "prepare");
    must(stoa_query(conn, (stoa_op){0}, rows, STOA_NUL, NULL, 0, NULL, 0, &result, &err),
         &err, "query");
    must(stoa_result_export(result, (stoa_op){0}, &world->stream, &err), &err, "export");
    must(stoa_query(conn, (stoa_op){0}, rows, STOA_NUL, NULL, 0, NULL, 0, &result, &err),
         &err, "query");
    must(stoa_result_step(result, (stoa_op){0}, &err), &err, "step");
    world->ids[WORLD_RESULT] = result.id;
    must(stoa_op_open(-1, NULL, NULL, NULL, (stoa_op *)&world->ids[WORLD_OP], &err), &err,
         "op");
    data_schema(&world->schema);
}

void world_close_one(const struct world *world, enum world_kind kind)
{
    const uint64_t id = world->ids[kind];

    switch (kind) {
    case WORLD_DB:
        stoa_db_close((stoa_db){id});
        break;
    case WORLD_CONN:
        stoa_conn_close((stoa_conn){id});
        break;
    case WORLD_STMT:
        stoa_stmt_close((stoa_stmt){id});
        break;
    case WORLD_RESULT:
        stoa_result_close((stoa_result){id});
        break;
    case WORLD_INGEST:
    case WORLD_CONN_INGEST:
        stoa_ingest_close((stoa_ingest){id});
        break;
    case WORLD_SCAN:
        stoa_scan_close((stoa_scan){id});
        break;
    case WORLD_FUNCTION:
        stoa_function_close((stoa_function){id});
        break;
    case WORLD_BLOB:
        stoa_blob_close((stoa_blob){id});
        break;
    case WORLD_LUA:
        stoa_lua_close((stoa_lua){id});
        break;
    case WORLD_OP:
        stoa_op_close((stoa_op){id});
        break;
    case WORLD_KIND_COUNT:
        break;
    }
}

void world_close(struct world *world)
{
    for (int kind = WORLD_KIND_COUNT - 1; kind >= 0; kind--)
        world_close_one(world, (enum world_kind)kind);
    stoa_stream_release(&world->stream);
    stoa_schema_release(&world->schema);
}

void world_check_nothing_left(void)
{
    for (int32_t kind = STOA_LIVE_DB; kind <= STOA_LIVE_LUA; kind++) {
        int64_t count = -1;

        CHECK_INT(stoa_live(kind, &count, NULL), STOA_OK);
        if (count != 0)
            printf("# stoa_live(%d) is %lld\n", (int)kind, (long long)count);
        CHECK_INT(count, 0);
    }
    CHECK_INT(data_alive, 0);
    CHECK_INT(calls_released, calls_given);
}
