/* SPDX-License-Identifier: Apache-2.0 */
/* Scans that are dropped while they are read. */
#include "support/app.h"

static int64_t live(int32_t kind)
{
    int64_t count = -1;

    CHECK_INT(stoa_live(kind, &count, NULL), STOA_OK);
    return count;
}

static stoa_result query(stoa_conn conn, const char *sql)
{
    stoa_result result;
    stoa_error err;

    app_must(stoa_query(conn, NO_OP, sql, STOA_NUL, NULL, 0, NULL, 0, &result, &err),
             &err, sql);
    return result;
}

/* Rows 1 to `count` as a scan, whose data is one stream of ours. */
static stoa_scan scan(stoa_conn conn, const char *name, int count)
{
    struct ArrowArrayStream stream;
    stoa_scan out;
    stoa_error err;
    char sql[128];

    (void)snprintf(
        sql, sizeof(sql),
        "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n LIMIT %d) "
        "SELECT a FROM n",
        count);
    app_must(stoa_result_export(query(conn, sql), NO_OP, &stream, &err), &err, "export");
    app_must(
        stoa_scan_register(conn, NO_OP, name, STOA_NUL, &stream, NULL, 0, &out, &err),
        &err, "scan");
    return out;
}

static void the_data_of_a_dropped_scan_goes_with_the_statement_that_reads_it(void)
{
    stoa_db db = app_open(":memory:", "batch_rows=10");
    stoa_conn conn = app_connect(db);
    const stoa_scan s = scan(conn, "s", 1000);
    const stoa_result result = query(conn, "SELECT a FROM s");
    stoa_error err;

    app_must(stoa_result_step(result, NO_OP, &err), &err, "step");
    CHECK_INT(live(STOA_LIVE_STREAM), 1);
    stoa_scan_close(s);
    for (int row = 2; row <= 1000; row++)
        CHECK_INT(stoa_result_step(result, NO_OP, &err), STOA_OK);
    CHECK_INT(stoa_result_step(result, NO_OP, &err), STOA_DONE);
    stoa_result_close(result);
    CHECK_INT(live(STOA_LIVE_STREAM), 0);
    CHECK_FAILS(conn, "SELECT a FROM s", STOA_ERR_NOT_FOUND, "no such table: s");
    stoa_db_close(db);
}

static void a_scan_in_the_place_of_one_that_is_read(void)
{
    stoa_db db = app_open(":memory:", "batch_rows=10");
    stoa_conn conn = app_connect(db);
    const stoa_scan old = scan(conn, "s", 1000);
    const stoa_result result = query(conn, "SELECT a FROM s");
    stoa_error err;

    app_must(stoa_result_step(result, NO_OP, &err), &err, "step");
    stoa_scan_close(old);
    (void)scan(conn, "s", 7);
    CHECK_ROWS(conn, "SELECT count(*) FROM s", "7");
    for (int row = 2; row <= 1000; row++)
        CHECK_INT(stoa_result_step(result, NO_OP, &err), STOA_OK);
    stoa_result_close(result);
    CHECK_ROWS(conn, "SELECT a FROM s ORDER BY a DESC LIMIT 1", "7");
    stoa_db_close(db);
}

TEST_MAIN({"the data of a dropped scan goes with the statement that reads it",
           the_data_of_a_dropped_scan_goes_with_the_statement_that_reads_it},
          {"a scan in the place of one that is read",
           a_scan_in_the_place_of_one_that_is_read})
