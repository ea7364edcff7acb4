/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory runs out in Stoa while a driver works: the first allocation fails, then the second, and so
 * on until the call gets through. It answers NOMEM, nothing leaks, and the table is as it was.
 */
#include "adbc/kit.h"
#include "base/mem.h"

/* One step a time where there are many; all of them with STOA_TEST_LONG. */
static int64_t step(void)
{
    return getenv("STOA_TEST_LONG") || kit_is("bad") ? 1 : 7;
}

/* Run `call` until it gets through; the table has `rows` rows after each failure. */
static void sweep(stoa_conn conn, stoa_status (*call)(stoa_conn conn, stoa_error *err))
{
    int64_t failures = 0;

    for (int64_t nth = 0;; nth += step()) {
        stoa_error err = {0};
        stoa_status rc;
        bool fired;

        stoa__mem_fail_nth = nth;
        rc = call(conn, &err);
        fired = stoa__mem_fail_nth < -1;
        stoa__mem_fail_nth = -1;
        if (rc != STOA_OK && rc != STOA_ERR_NOMEM)
            printf("# at %lld: %s: %s\n", (long long)nth, stoa_status_name(rc), err.text);
        CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
        failures += rc == STOA_ERR_NOMEM;
        if (rc != STOA_OK)
            CHECK_INT(kit_count(conn), 0);
        if (!fired)
            break;
    }
    CHECK(failures > 0);
}

/* ---- what is done ---- */

static stoa_status read_rows(stoa_conn conn, stoa_error *err)
{
    stoa_result result = {0};
    struct ArrowArray batch;
    stoa_status rc = stoa_query(conn, NO_OP, kit_driver()->rows, STOA_NUL, NULL, 0, NULL, 0,
                                &result, err);

    while (rc == STOA_OK && (rc = stoa_result_next(result, NO_OP, &batch, err)) == STOA_OK)
        stoa_batch_release(&batch);
    stoa_result_close(result);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static const char *mode;

static stoa_status put_rows(stoa_conn conn, stoa_error *err)
{
    const stoa_option options[] = {{"mode", mode}};
    struct ArrowArrayStream stream;
    stoa_status rc;

    data_stream(&stream, 3, 5, -1);
    rc = stoa_insert(conn, NO_OP, "t", 1, &stream, options, 1, NULL, err);
    if (stream.release)
        stream.release(&stream);
    return rc;
}

static stoa_status run_over_rows(stoa_conn conn, stoa_error *err)
{
    struct ArrowArrayStream stream;
    stoa_stmt stmt = {0};
    stoa_done done;
    stoa_status rc = stoa_prepare(
        conn, NO_OP, kit_is("bad") ? "put :id, :name" : "INSERT INTO t VALUES (:id, :name)",
        STOA_NUL, &stmt, err);

    data_stream(&stream, 3, 5, -1);
    if (rc == STOA_OK)
        rc = stoa_execute_stream(stmt, NO_OP, &stream, &done, err);
    if (stream.release)
        stream.release(&stream);
    stoa_stmt_close(stmt);
    return rc;
}

static stoa_status bind_values(stoa_conn conn, stoa_error *err)
{
    static const uint8_t bytes[] = "1.50x";
    const stoa_value values[] = {{.type = STOA_TYPE_INT64, .a = 7},
                                 {.type = STOA_TYPE_TEXT, .a = 4, .b = 1}};
    stoa_rows rows;

    return stoa_query_row(conn, NO_OP, "SELECT CAST(:a AS BIGINT), CAST(:b AS TEXT)", STOA_NUL,
                          values, 2, bytes, 5, &rows, err);
}

static stoa_status list(stoa_conn conn, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int32_t what = STOA_CATALOG_DATABASES; what <= STOA_CATALOG_KEYS && rc == STOA_OK;
         what++) {
        stoa_result result = {0};

        if (what == STOA_CATALOG_INDEXES)
            continue;
        rc = stoa_catalog(conn, NO_OP, what, NULL, 0, NULL, 0, &result, err);
        while (rc == STOA_OK)
            rc = stoa_result_step(result, NO_OP, err);
        stoa_result_close(result);
        rc = rc == STOA_DONE ? STOA_OK : rc;
    }
    return rc;
}

/* ---- tests ---- */

static void opening_survives(void)
{
    int64_t failures = 0;

    for (int64_t nth = 0;; nth += kit_is("duckdb") ? 3 : 1) {
        stoa_error err = {0};
        stoa_db db = {0};
        stoa_conn conn = {0};
        stoa_status rc;
        bool fired;

        stoa__mem_fail_nth = nth;
        rc = kit_try_open(&db, &err);
        if (rc == STOA_OK)
            rc = stoa_connect(db, NO_OP, NULL, 0, &conn, &err);
        fired = stoa__mem_fail_nth < -1;
        stoa__mem_fail_nth = -1;
        if (rc != STOA_OK && rc != STOA_ERR_NOMEM)
            printf("# at %lld: %s: %s\n", (long long)nth, stoa_status_name(rc), err.text);
        CHECK(rc == STOA_OK || rc == STOA_ERR_NOMEM);
        failures += rc == STOA_ERR_NOMEM;
        stoa_db_close(db);
        kit_nothing_left();
        if (!fired)
            break;
    }
    CHECK(failures > 1);
}

static void statements_survive(void)
{
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);

    kit_make_table(conn);
    sweep(conn, read_rows);
    if (!kit_is("bad")) {
        sweep(conn, bind_values);
        sweep(conn, list);
    }
    stoa_db_close(db);
    kit_nothing_left();
}

static void ingest_survives(void)
{
    static const char *const modes[] = {"append", "create_append", "replace"};

    for (int i = 0; i < 3; i++) {
        stoa_db db = kit_open();
        stoa_conn conn = kit_connect(db);

        kit_make_table(conn);
        mode = modes[i];
        sweep(conn, put_rows);
        CHECK(kit_count(conn) > 0);
        stoa_db_close(db);
        kit_nothing_left();
    }
    CHECK_INT(data_alive, 0);
}

static void rows_of_statements_survive(void)
{
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);

    kit_make_table(conn);
    sweep(conn, run_over_rows);
    stoa_db_close(db);
    kit_nothing_left();
    CHECK_INT(data_alive, 0);
}

TEST_MAIN({"opening survives", opening_survives}, {"statements survive", statements_survive},
          {"ingest survives, whole", ingest_survives},
          {"statements over rows survive, whole", rows_of_statements_survive})
