/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's own memory runs out: the n-th allocation it makes fails, once or from then on. What was
 * being done succeeds or answers NOMEM, the handle goes on working, nothing leaks. With
 * STOA_TEST_LONG every allocation is tried; without, steps are taken.
 */
#include "support/app.h"

#include "arrow_make.h"
#include "base/mem.h"
#include "sqlite3.h"

/* ---- the allocator ---- */

static sqlite3_mem_methods system_memory;
static int64_t fail_nth = -1;
static bool fail_stays, fail_fired;
static int64_t live_pieces;

static bool fails(void)
{
    if (fail_nth < 0 || (fail_fired && !fail_stays))
        return false;
    if (!fail_fired && fail_nth-- > 0)
        return false;
    fail_nth = 0;
    fail_fired = true;
    return true;
}

static void *on_malloc(int size)
{
    void *piece = fails() ? NULL : system_memory.xMalloc(size);

    live_pieces += piece != NULL;
    return piece;
}

static void on_free(void *piece)
{
    live_pieces -= piece != NULL;
    system_memory.xFree(piece);
}

static void *on_realloc(void *piece, int size)
{
    return fails() ? NULL : system_memory.xRealloc(piece, size);
}

/* Lookaside memory would hide most allocations from us. */
static void install(void)
{
    sqlite3_mem_methods own;

    CHECK_INT(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &system_memory), SQLITE_OK);
    own = system_memory;
    own.xMalloc = on_malloc;
    own.xFree = on_free;
    own.xRealloc = on_realloc;
    CHECK_INT(sqlite3_config(SQLITE_CONFIG_MALLOC, &own), SQLITE_OK);
    CHECK_INT(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
}

static bool stop_failing(void)
{
    const bool fired = fail_fired;

    fail_nth = -1;
    fail_fired = false;
    return fired;
}

/* ---- what is done ---- */

static stoa_status point_query(stoa_conn conn, stoa_error *err)
{
    stoa_rows rows;

    return stoa_query_row(conn, NO_OP, "SELECT v, id FROM t WHERE id = 7 /* again */", STOA_NUL,
                          NULL, 0, NULL, 0, &rows, err);
}

static stoa_status scan(stoa_conn conn, stoa_error *err)
{
    stoa_result result;
    struct ArrowArray batch;
    stoa_status rc = stoa_query(conn, NO_OP, "SELECT v || 'x', id * 2, v FROM t ORDER BY v DESC",
                                STOA_NUL, NULL, 0, NULL, 0, &result, err);

    while (rc == STOA_OK && (rc = stoa_result_next(result, NO_OP, &batch, err)) == STOA_OK)
        batch.release(&batch);
    stoa_result_close(result);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status write_rows(stoa_conn conn, stoa_error *err)
{
    stoa_status rc = stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, err);

    if (rc == STOA_OK)
        rc = app_try(conn, "UPDATE t SET v = v || '!' WHERE id < 20; INSERT INTO t SELECT id + "
                           "1000, v FROM t RETURNING id", err);
    if (rc == STOA_OK)
        rc = stoa_rollback(conn, NO_OP, err);
    int32_t state = 0;
    CHECK_INT(stoa_conn_transaction(conn, &state, NULL), STOA_OK);
    if (state != STOA_TRANSACTION_NONE && stoa_rollback(conn, NO_OP, NULL) != STOA_OK) {
        (void)stop_failing(); /* Memory even for that was short. */
        CHECK_INT(stoa_rollback(conn, NO_OP, NULL), STOA_OK);
    }
    return rc;
}

static stoa_status ingest(stoa_conn conn, stoa_error *err)
{
    enum { COUNT = 50 };
    stoa_option options[] = {{"mode", "upsert"}, {"keys", "id"}};
    int64_t ids[COUNT], offsets[COUNT + 1];
    stoa_ingest writer;

    for (int i = 0; i <= COUNT; i++)
        offsets[i] = i;
    for (int i = 0; i < COUNT; i++)
        ids[i] = i + 1;
    char texts[COUNT + 1];
    memset(texts, 'v', sizeof(texts));
    const stoa_column columns[2] = {
        {.name = "id", .name_size = 2, .type = STOA_TYPE_INT64, .count = COUNT, .data = ids,
         .data_size = sizeof(ids)},
        {.name = "v", .name_size = 1, .type = STOA_TYPE_TEXT, .layout = STOA_LAYOUT_PACKED,
         .count = COUNT, .data = texts, .data_size = COUNT, .offsets = offsets}};
    const stoa_table table = {.struct_size = sizeof(table), .name = "t", .name_size = 1,
                              .row_count = COUNT, .columns = columns, .column_count = 2};
    stoa_status rc = stoa_conn_ingest_open(conn, "t", 1, options, 2, &writer, err);

    if (rc == STOA_OK)
        rc = stoa_ingest_push(writer, NO_OP, &table, 1, NULL, NULL, err);
    stoa_ingest_close(writer);
    return rc;
}

static stoa_status answer(void *user_data, const stoa_rows *arguments, stoa_value *result,
                          const uint8_t **result_bytes, stoa_error *err)
{
    (void)user_data, (void)arguments, (void)err;
    *result = (stoa_value){.type = STOA_TYPE_TEXT, .b = 6};
    *result_bytes = (const uint8_t *)"answer";
    return STOA_OK;
}

static void count_release(void *user_data)
{
    ++*(int *)user_data;
}

static stoa_status functions(stoa_conn conn, stoa_error *err)
{
    struct ArrowSchema *parameters = make_table(make_schema("u", "p"));
    stoa_function_spec spec = {.struct_size = sizeof(spec), .name = "answer", .name_size = 6,
                               .parameters = parameters, .row = answer};
    int released = 0;
    stoa_function function;
    stoa_status rc =
        stoa_function_register(conn, &spec, &released, count_release, &function, err);

    make_free_schema(parameters);
    if (rc == STOA_OK)
        rc = app_try(conn, "SELECT answer(v) FROM t", err);
    stoa_function_close(function);
    if (released == 0) { /* Memory was too short to remove it: the next call does. */
        (void)stop_failing();
        app_run(conn, "SELECT 1");
    }
    CHECK_INT(released, 1);
    return rc;
}

static stoa_status catalogue(stoa_conn conn, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t what = STOA_CATALOG_DATABASES; what <= STOA_CATALOG_KEYS && rc == STOA_OK;
         what++) {
        struct ArrowArray batch;
        stoa_result result;

        rc = stoa_catalog(conn, NO_OP, what, NULL, 0, NULL, 0, &result, err);
        while (rc == STOA_OK && (rc = stoa_result_next(result, NO_OP, &batch, err)) == STOA_OK)
            batch.release(&batch);
        stoa_result_close(result);
        rc = rc == STOA_DONE ? STOA_OK : rc;
    }
    return rc;
}

static stoa_status blob(stoa_conn conn, stoa_error *err)
{
    uint8_t bytes[4] = "vvvv";
    stoa_blob handle;
    stoa_status rc = stoa_blob_open(conn, NO_OP, NULL, 0, "t", 1, "v", 1, 7, 1, &handle, err);

    if (rc == STOA_OK)
        rc = stoa_blob_write(handle, NO_OP, 0, bytes, 1, err);
    if (rc == STOA_OK)
        rc = stoa_blob_finish(handle, NO_OP, err);
    stoa_blob_close(handle);
    return rc;
}

static stoa_status connect(stoa_conn conn, stoa_error *err)
{
    char *path = test_path("other.db");
    stoa_db db;
    stoa_conn other = {0};
    stoa_status rc = app_try_open(path, NULL, &db, err);

    (void)conn;
    if (rc == STOA_OK)
        rc = stoa_connect(db, NO_OP, NULL, 0, &other, err);
    if (rc == STOA_OK)
        rc = app_try(other, "CREATE TABLE IF NOT EXISTS t (a)", err);
    stoa_conn_close(other);
    stoa_db_close(db);
    free(path);
    return rc;
}

/* ---- the sweep ---- */

static void sweep(stoa_status (*run)(stoa_conn conn, stoa_error *err), int64_t step, bool stays)
{
    int64_t failures = 0, nth = 0;
    char *path = test_path("a.db");

    step = getenv("STOA_TEST_LONG") ? 1 : step;
    install();
    app_make(path, NULL, 60);
    stoa_db db = app_open(path, NULL);
    for (bool fired = true; fired; nth += nth < 30 ? 1 : step) {
        stoa_error err = {.text = ""};
        stoa_conn conn = app_connect(db);

        fail_stays = stays;
        fail_nth = nth;
        const stoa_status rc = run(conn, &err);
        fired = stop_failing() || (rc != STOA_OK);
        if (rc != STOA_OK && rc != STOA_ERR_NOMEM)
            printf("# allocation %lld: %s (%d): %s\n", (long long)nth,
                   stoa_status_name(rc), (int)err.engine_code, err.text);
        CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
        failures += rc != STOA_OK;
        CHECK_ROWS(conn, "SELECT count(*) FROM t", "60");
        app_run(conn, "UPDATE t SET v = 'v' || id WHERE id = 7"); /* The gate is free. */
        stoa_conn_close(conn);
        CHECK(nth < 100000);
    }
    stoa_conn conn = app_connect(db);
    CHECK_ROWS(conn, "PRAGMA integrity_check", "ok");
    stoa_conn_close(conn);
    app_shutdown(db);
    printf("# %lld allocations, %lld failures\n", (long long)nth, (long long)failures);
    CHECK(failures > 3);
    CHECK_INT(stoa__mem_allocations(), 0);
    CHECK_INT(sqlite3_shutdown(), SQLITE_OK);
    CHECK_INT(live_pieces, 0);
    free(path);
}

#define SWEEP(name, function, step)                                                      \
    static void name##_once(void)                                                        \
    {                                                                                    \
        sweep(function, step, false);                                                    \
    }                                                                                    \
    static void name##_from_then_on(void)                                                \
    {                                                                                    \
        sweep(function, (step) * 2, true);                                               \
    }

SWEEP(opening, connect, 13)
SWEEP(reading_a_row, point_query, 3)
SWEEP(scanning, scan, 11)
SWEEP(writing, write_rows, 17)
SWEEP(ingesting, ingest, 37)
SWEEP(calling_functions, functions, 19)
SWEEP(listing, catalogue, 97)
SWEEP(streaming_a_blob, blob, 7)

#define BOTH(sentence, name)                                                             \
    {sentence, name##_once}, {sentence ", from then on", name##_from_then_on}

TEST_MAIN(BOTH("opening", opening), BOTH("reading a row", reading_a_row),
          BOTH("scanning", scanning), BOTH("writing", writing), BOTH("ingesting", ingesting),
          BOTH("calling functions", calling_functions), BOTH("listing the catalogue", listing),
          BOTH("streaming a blob", streaming_a_blob))
