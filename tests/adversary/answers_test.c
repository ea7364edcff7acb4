/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a call answers when it is cancelled as late as can be: a function cancels the operation of
 * the statement that calls it. SQLite asks every so many steps whether to go on, counted from run
 * to run of a kept statement, so that many runs are stopped at every place there is. Whatever the
 * place: answered with success the row is there, and with a failure it is not.
 */
#include "base/mem.h"
#include "support/app.h"

/* Some 12 steps a run and 1,000 between two questions: each place is met several times. */
enum { RUN_COUNT = 1500 };

static stoa_op op;
static bool cancels;

static stoa_status cancel(void *user_data, const stoa_rows *arguments, stoa_value *result,
                          const uint8_t **result_bytes, stoa_error *err)
{
    (void)user_data, (void)result_bytes;
    if (cancels)
        stoa_op_cancel(op, err);
    *result = arguments->values[0];
    return STOA_OK;
}

/* In nobody's memory but the caller's. */
static void let_go(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static stoa_conn begin(stoa_db *db, const char *target)
{
    struct ArrowSchema value = {.format = "n", .name = "value", .flags = ARROW_FLAG_NULLABLE,
                                .release = let_go};
    struct ArrowSchema *children[] = {&value};
    const struct ArrowSchema parameters = {
        .format = "+s", .name = "", .n_children = 1, .children = children, .release = let_go};
    const stoa_function_spec spec = {
        .struct_size = sizeof spec, .name = "cancel", .name_size = STOA_NUL,
        .parameters = &parameters, .row = cancel};
    stoa_function function;
    stoa_conn conn;
    stoa_error err;

    *db = app_open(target, NULL);
    conn = app_connect(*db);
    app_must(stoa_function_register(conn, &spec, NULL, NULL, &function, &err), &err, "register");
    app_run(conn, "CREATE TABLE t(a INTEGER)");
    return conn;
}

static int64_t count_rows(stoa_conn conn)
{
    char *const text = app_rows(conn, "SELECT count(*) FROM t");
    const int64_t count = strtoll(text, NULL, 10);

    free(text);
    return count;
}

/* How a statement is run: once, to its end. */
typedef stoa_status (*runner)(stoa_conn conn, stoa_stmt stmt, const char *sql, stoa_error *err);

static stoa_status run(stoa_conn conn, stoa_stmt stmt, const char *sql, stoa_error *err)
{
    (void)stmt;
    return stoa_run(conn, op, sql, STOA_NUL, NULL, 0, NULL, 0, NULL, err);
}

static stoa_status run_row(stoa_conn conn, stoa_stmt stmt, const char *sql, stoa_error *err)
{
    stoa_rows rows;

    (void)stmt;
    return stoa_query_row(conn, op, sql, STOA_NUL, NULL, 0, NULL, 0, &rows, err);
}

static stoa_status run_query(stoa_conn conn, stoa_stmt stmt, const char *sql, stoa_error *err)
{
    stoa_result result;
    const stoa_status rc =
        stoa_query(conn, op, sql, STOA_NUL, NULL, 0, NULL, 0, &result, err);

    (void)stmt;
    stoa_result_close(result);
    return rc;
}

static stoa_status run_prepared(stoa_conn conn, stoa_stmt stmt, const char *sql, stoa_error *err)
{
    stoa_result result;
    const stoa_status rc = stoa_execute(stmt, op, NULL, 0, NULL, 0, &result, err);

    (void)conn, (void)sql;
    stoa_result_close(result);
    return rc;
}

static stoa_status run_prepared_row(stoa_conn conn, stoa_stmt stmt, const char *sql,
                                    stoa_error *err)
{
    stoa_rows rows;

    (void)conn, (void)sql;
    return stoa_execute_row(stmt, op, NULL, 0, NULL, 0, &rows, err);
}

static void check_runs(const char *target, const char *sql, runner run_it)
{
    int64_t right = 0, stopped = 0;
    stoa_error err;
    stoa_stmt stmt;
    stoa_db db;
    stoa_conn conn = begin(&db, target);

    app_must(stoa_prepare(conn, NO_OP, sql, STOA_NUL, &stmt, &err), &err, sql);
    for (int i = 0; i < RUN_COUNT; i++) {
        stoa_status rc;

        app_must(stoa_op_open(-1, NULL, NULL, NULL, &op, &err), &err, "op");
        cancels = true;
        rc = run_it(conn, stmt, sql, &err);
        cancels = false;
        stoa_op_close(op);
        if (rc < 0) {
            CHECK_INT(rc, STOA_ERR_CANCELLED);
            CHECK_INT(err.flags & STOA_ERROR_IN_DOUBT, 0);
            stopped++;
        } else {
            right++;
        }
        CHECK_INT(count_rows(conn), right);
    }
    CHECK(right > 0);
    CHECK(stopped < RUN_COUNT / 2); /* Most runs are over before they are asked. */
    app_shutdown(db);
}

static void check_all(const char *sql)
{
    static const runner runners[] = {run, run_row, run_query, run_prepared, run_prepared_row};

    for (size_t i = 0; i < sizeof runners / sizeof *runners; i++)
        check_runs(":memory:", sql, runners[i]);
}

static void a_write_that_is_there_is_answered_with_success(void)
{
    check_all("INSERT INTO t VALUES(cancel(1))");
}

static void so_is_one_with_rows_of_its_own(void)
{
    check_all("INSERT INTO t VALUES(cancel(1)) RETURNING a");
}

static void so_is_a_script_of_one_statement(void)
{
    check_runs(":memory:", "INSERT INTO t VALUES(cancel(1)); -- and that is all\n", run);
}

/* An allocation fails, the first, the second: nothing is there, or it may be, or all is well. */
static void check_memory(const char *sql, runner run_it)
{
    stoa_error err;
    stoa_stmt stmt;
    stoa_db db;
    stoa_conn conn = begin(&db, ":memory:");
    stoa_status rc = STOA_ERR_NOMEM;

    op = NO_OP;
    app_must(stoa_prepare(conn, NO_OP, sql, STOA_NUL, &stmt, &err), &err, sql);
    for (int64_t nth = 0; rc < 0; nth++) {
        const int64_t before = count_rows(conn);

        stoa__mem_fail_nth = nth;
        rc = run_it(conn, stmt, sql, &err);
        stoa__mem_fail_nth = -1;
        CHECK(rc >= 0 || rc == STOA_ERR_NOMEM);
        if (count_rows(conn) > before)
            CHECK(rc >= 0 || (err.flags & STOA_ERROR_IN_DOUBT) != 0);
        else
            CHECK(rc < 0 && (err.flags & STOA_ERROR_IN_DOUBT) == 0);
        CHECK(nth < 1000);
    }
    app_shutdown(db);
}

static void a_write_is_told_of_or_doubted_when_memory_is_short(void)
{
    static const runner runners[] = {run, run_row, run_query, run_prepared, run_prepared_row};

    for (size_t i = 0; i < sizeof runners / sizeof *runners; i++) {
        check_memory("INSERT INTO t VALUES(cancel(1))", runners[i]);
        check_memory("INSERT INTO t VALUES(cancel(1)) RETURNING a", runners[i]);
    }
}

static void a_long_write_is_stopped_and_nothing_of_it_is_there(void)
{
    stoa_error err;
    stoa_db db;
    stoa_conn conn = begin(&db, ":memory:");

    app_must(stoa_op_open(-1, NULL, NULL, NULL, &op, &err), &err, "op");
    cancels = true;
    CHECK_INT(run(conn, (stoa_stmt){0},
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) "
                  "INSERT INTO t SELECT cancel(i) FROM n",
                  &err),
              STOA_ERR_CANCELLED);
    cancels = false;
    stoa_op_close(op);
    CHECK_INT(count_rows(conn), 0);
    app_shutdown(db);
}

TEST_MAIN({"a write that is there is answered with success",
           a_write_that_is_there_is_answered_with_success},
          {"so is one with rows of its own", so_is_one_with_rows_of_its_own},
          {"so is a script of one statement", so_is_a_script_of_one_statement},
          {"a write is told of or doubted when memory is short",
           a_write_is_told_of_or_doubted_when_memory_is_short},
          {"a long write is stopped and nothing of it is there",
           a_long_write_is_stopped_and_nothing_of_it_is_there})
