/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Flight SQL driver against the server that STOA_TEST_FLIGHTSQL names. Rows come from its own
 * expressions, so that any server will do; with STOA_TEST_FLIGHTSQL_WRITES=1 a table is written.
 */
#include "conformance/data.h"
#include "stoa.h"
#include "test.h"

#define NO_OP ((stoa_op){0})
#define MUST(call) must((call), &err, __LINE__, #call)

static void must(stoa_status rc, const stoa_error *err, int line, const char *what)
{
    if (rc >= 0)
        return;
    printf("# line %d: %s: %s: %s\n", line, what, stoa_status_name(rc), err->text);
    test_fail();
}

static stoa_conn connect_flight(stoa_db *db)
{
    const char *target = getenv("STOA_TEST_FLIGHTSQL");
    stoa_error err = {0};
    stoa_conn conn;

    CHECK(target != NULL);
    MUST(stoa_open(NO_OP, target, STOA_NUL, NULL, 0, db, &err));
    MUST(stoa_connect(*db, NO_OP, NULL, 0, &conn, &err));
    return conn;
}

static bool writes(void)
{
    return getenv("STOA_TEST_FLIGHTSQL_WRITES") != NULL;
}

/* 0 to 9. */
#define DIGITS                                                                              \
    "(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL "    \
    "SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 " \
    "UNION ALL SELECT 9)"
static const char ten_thousand[] =
    "SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n FROM " DIGITS " a, " DIGITS " b, " DIGITS
    " c, " DIGITS " d";

static void it_says_who_it_is(void)
{
    stoa_error err = {0};
    char text[256];
    stoa_db db;

    (void)connect_flight(&db);
    MUST(stoa_db_property(db, "driver_name", STOA_NUL, text, sizeof(text), NULL, &err));
    CHECK_HAS(text, "Flight SQL");
    MUST(stoa_db_property(db, "adbc_version", STOA_NUL, text, sizeof(text), NULL, &err));
    CHECK_TEXT(text, "1.1.0");
    MUST(stoa_db_property(db, "path", STOA_NUL, text, sizeof(text), NULL, &err));
    CHECK_HAS(text, "127.0.0.1");
    stoa_db_close(db);
}

static void rows_come_back(void)
{
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_flight(&db);
    int64_t rows = 0, sum = 0;
    struct ArrowArrayStream stream;
    stoa_result result;
    const char *text;
    int64_t size;

    MUST(stoa_query(conn, NO_OP, "SELECT 'x' || 'y' AS word", STOA_NUL, NULL, 0, NULL, 0, &result,
                    &err));
    MUST(stoa_result_step(result, NO_OP, &err));
    MUST(stoa_result_text(result, 0, &text, &size, &err));
    CHECK_INT(size, 2);
    CHECK(memcmp(text, "xy", 2) == 0);
    CHECK_INT(stoa_result_step(result, NO_OP, &err), STOA_DONE);
    stoa_result_close(result);
    MUST(stoa_query(conn, NO_OP, ten_thousand, STOA_NUL, NULL, 0, NULL, 0, &result, &err));
    MUST(stoa_result_export(result, NO_OP, &stream, &err));
    MUST(data_sum(&stream, &rows, &sum, &err));
    CHECK_INT(rows, 10000);
    CHECK_INT(sum, 9999 * 5000);
    stoa_db_close(db);
}

/* Whatever was closed before. */
static void a_stream_outlives_its_handles(void)
{
    for (int order = 0; order < 4; order++) {
        stoa_error err = {0};
        stoa_db db;
        stoa_conn conn = connect_flight(&db);
        int64_t rows = 0, sum = 0;
        struct ArrowArrayStream stream;
        stoa_result result;

        MUST(stoa_query(conn, NO_OP, ten_thousand, STOA_NUL, NULL, 0, NULL, 0, &result, &err));
        MUST(stoa_result_export(result, NO_OP, &stream, &err));
        for (int step = 0; step < 3; step++)
            switch ((step + order) % 4) {
            case 0:
                stoa_result_close(result);
                break;
            case 1:
                stoa_conn_close(conn);
                break;
            default:
                stoa_db_close(db);
                break;
            }
        MUST(data_sum(&stream, &rows, &sum, &err));
        CHECK_INT(rows, 10000);
        CHECK_INT(sum, 9999 * 5000);
        stoa_db_close(db);
    }
}

/* One runtime of Go, however many databases. */
static void two_databases_are_open_at_once(void)
{
    stoa_error err = {0};
    stoa_db one, two;
    stoa_conn first = connect_flight(&one), second = connect_flight(&two);
    stoa_rows rows;

    MUST(stoa_query_row(first, NO_OP, "SELECT 40 + 2", STOA_NUL, NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.values[0].a, 42);
    stoa_db_close(one);
    MUST(stoa_query_row(second, NO_OP, "SELECT 40 + 2", STOA_NUL, NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.values[0].a, 42);
    stoa_db_close(two);
}

static void failures_have_their_class(void)
{
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_flight(&db);
    struct ArrowArrayStream stream;
    stoa_rows rows;
    stoa_status rc;

    CHECK_INT(stoa_query_row(conn, NO_OP, "SELECT * FROM nowhere", STOA_NUL, NULL, 0, NULL, 0,
                             &rows, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "nowhere");
    CHECK_HAS(err.text, "flightsql: ");
    /* What it cannot do is answered by name; a server that can would take the rows. The driver lets
     * go of them when Go's collector does, so nobody counts them here. */
    data_stream(&stream, 2, 10, -1);
    rc = stoa_insert(conn, NO_OP, "stoa_test_new", STOA_NUL, &stream,
                     &(stoa_option){"mode", "create"}, 1, NULL, &err);
    CHECK(rc == STOA_ERR_UNSUPPORTED || rc == STOA_OK);
    if (rc != STOA_OK)
        stream.release(&stream);
    MUST(stoa_ping(conn, NO_OP, &err));
    stoa_db_close(db);
    CHECK_INT(stoa_open(NO_OP, "flightsql://127.0.0.1:1?transport=tcp", STOA_NUL, NULL, 0, &db,
                        &err),
              STOA_ERR_IO);
}

static int64_t count(stoa_conn conn)
{
    stoa_error err = {0};
    stoa_rows rows;

    MUST(stoa_query_row(conn, NO_OP, "SELECT count(*) FROM stoa_test", STOA_NUL, NULL, 0, NULL, 0,
                        &rows, &err));
    return rows.values[0].a;
}

static stoa_status run_sql(stoa_conn conn, const char *sql, stoa_error *err)
{
    return stoa_run(conn, NO_OP, sql, STOA_NUL, NULL, 0, NULL, 0, NULL, err);
}

static void what_is_written_is_there_or_refused(void)
{
    const stoa_value values[] = {{.type = STOA_TYPE_INT64, .a = 7},
                                 {.type = STOA_TYPE_TEXT, .a = 0, .b = 5}};
    static const uint8_t seven[] = {'s', 'e', 'v', 'e', 'n'};
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_flight(&db);
    struct ArrowArrayStream stream;
    stoa_done done;
    stoa_rows rows;
    stoa_stmt stmt;

    if (!writes()) {
        CHECK(run_sql(conn, "INSERT INTO t VALUES (4, 'd')", &err) < 0);
        CHECK_HAS(err.text, "flightsql: ");
        stoa_db_close(db);
        return;
    }
    (void)run_sql(conn, "DROP TABLE stoa_test", NULL);
    MUST(run_sql(conn, "CREATE TABLE stoa_test (id INTEGER, name TEXT)", &err));
    MUST(stoa_run(conn, NO_OP, "INSERT INTO stoa_test VALUES (?, ?)", STOA_NUL, values, 2, seven,
                  5, &done, &err));
    CHECK_INT(done.rows_affected, 1);
    MUST(stoa_query_row(conn, NO_OP, "SELECT id FROM stoa_test WHERE name = ?", STOA_NUL,
                        &values[1], 1, seven, 5, &rows, &err));
    CHECK_INT(rows.values[0].a, 7);
    MUST(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err));
    MUST(run_sql(conn, "INSERT INTO stoa_test VALUES (8, 'eight')", &err));
    MUST(stoa_rollback(conn, NO_OP, &err));
    CHECK_INT(count(conn), 1);
    MUST(stoa_prepare(conn, NO_OP, "INSERT INTO stoa_test VALUES (:id, :name)", STOA_NUL, &stmt,
                      &err));
    data_stream(&stream, 3, 5, -1);
    MUST(stoa_execute_stream(stmt, NO_OP, &stream, &done, &err));
    CHECK_INT(count(conn), 16);
    data_stream(&stream, 3, 5, 2);
    CHECK_INT(stoa_execute_stream(stmt, NO_OP, &stream, &done, &err), STOA_ERR_CALLBACK);
    stream.release(&stream);
    CHECK_INT(count(conn), 16);
    MUST(run_sql(conn, "DROP TABLE stoa_test", &err));
    stoa_db_close(db);
}

TEST_MAIN({"it says who it is", it_says_who_it_is}, {"rows come back", rows_come_back},
          {"a stream outlives its handles", a_stream_outlives_its_handles},
          {"two databases are open at once", two_databases_are_open_at_once},
          {"failures have their class", failures_have_their_class},
          {"what is written is there, or refused", what_is_written_is_there_or_refused})
