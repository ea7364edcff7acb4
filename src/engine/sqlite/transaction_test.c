/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, what failures do to them, and sessions going back to the pool. */
#include "support/app.h"

#include "base/clock.h"
#include "base/thread.h"

enum { MS = 1000000 };

static int32_t state(stoa_conn conn)
{
    int32_t out = -1;

    CHECK_INT(stoa_conn_transaction(conn, &out, NULL), STOA_OK);
    return out;
}

static stoa_db with_table(const char *settings, stoa_conn *conn)
{
    char *path = test_path("t.db");
    stoa_db db = app_open(path, settings);

    *conn = app_connect(db);
    app_run(*conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL UNIQUE)");
    free(path);
    return db;
}

static void begin_commit_and_rollback_do_what_they_say(void)
{
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);
    stoa_error err;

    CHECK_INT(state(conn), STOA_TRANSACTION_NONE);
    CHECK_INT(stoa_commit(conn, NO_OP, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "no active transaction");
    CHECK_INT(stoa_rollback(conn, NO_OP, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err), STOA_OK);
    CHECK_INT(state(conn), STOA_TRANSACTION_WRITE);
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err), STOA_ERR_INVALID);
    app_run(conn, "INSERT INTO t VALUES (1, 'a')");
    CHECK_INT(stoa_rollback(conn, NO_OP, &err), STOA_OK);
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "0");
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_LAZY, &err), STOA_OK);
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "0");
    CHECK_INT(state(conn), STOA_TRANSACTION_READ);
    app_run(conn, "INSERT INTO t VALUES (1, 'a')");
    CHECK_INT(state(conn), STOA_TRANSACTION_WRITE);
    CHECK_INT(stoa_commit(conn, NO_OP, &err), STOA_OK);
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "1");
    CHECK_INT(stoa_begin(conn, NO_OP, 9, &err), STOA_ERR_INVALID);
    stoa_db_close(db);
}

static void a_reading_transaction_refuses_to_write(void)
{
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);

    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_READ, NULL), STOA_OK);
    CHECK_FAILS(conn, "INSERT INTO t VALUES (1, 'a')", STOA_ERR_READ_ONLY, "for reading only");
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "0");
    CHECK_INT(stoa_commit(conn, NO_OP, NULL), STOA_OK);
    app_run(conn, "INSERT INTO t VALUES (1, 'a')");
    stoa_db_close(db);
}

static void transactions_in_sql_count_as_well(void)
{
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);
    stoa_conn other = app_connect(db);
    stoa_error err;

    app_run(conn, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1, 'a')");
    CHECK_INT(state(conn), STOA_TRANSACTION_WRITE);
    CHECK_INT(stoa_begin(other, NO_OP, STOA_BEGIN_WRITE, &err), STOA_ERR_LOCKED);
    app_run(conn, "COMMIT");
    CHECK_INT(stoa_begin(other, NO_OP, STOA_BEGIN_WRITE, &err), STOA_OK);
    app_run(other, "ROLLBACK");
    app_run(conn, "INSERT INTO t VALUES (2, 'b')");
    stoa_db_close(db);
}

static void savepoints_nest_and_need_no_harmless_names(void)
{
    static const char name[] = "a \"b\"; DROP TABLE t --";
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);
    stoa_error err;

    CHECK_INT(stoa_savepoint(conn, NO_OP, name, STOA_NUL, &err), STOA_OK);
    app_run(conn, "INSERT INTO t VALUES (1, 'a')");
    CHECK_INT(stoa_savepoint(conn, NO_OP, "inner", STOA_NUL, &err), STOA_OK);
    app_run(conn, "INSERT INTO t VALUES (2, 'b')");
    CHECK_INT(stoa_savepoint_rollback(conn, NO_OP, "inner", STOA_NUL, &err), STOA_OK);
    CHECK_ROWS(conn, "SELECT group_concat(v) FROM t", "a");
    CHECK_INT(stoa_savepoint_release(conn, NO_OP, "other", STOA_NUL, &err), STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.sqlstate, "3B001");
    CHECK_INT(stoa_savepoint_release(conn, NO_OP, name, STOA_NUL, &err), STOA_OK);
    CHECK_INT(state(conn), STOA_TRANSACTION_NONE);
    stoa_conn other = app_connect(db);
    app_run(other, "INSERT INTO t VALUES (3, 'c')"); /* The gate is free. */
    CHECK_ROWS(conn, "SELECT group_concat(v) FROM t", "a,c");
    stoa_db_close(db);
}

static void a_snapshot_that_was_overtaken_says_so(void)
{
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);
    stoa_conn other = app_connect(db);
    stoa_error err;

    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_LAZY, NULL), STOA_OK);
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "0");
    app_run(other, "INSERT INTO t VALUES (1, 'a')");
    CHECK_INT(app_try(conn, "INSERT INTO t VALUES (2, 'b')", &err), STOA_ERR_LOCKED);
    CHECK_TEXT(err.sqlstate, "40001");
    CHECK_HAS(err.text, "begin again");
    CHECK(err.flags & STOA_ERROR_RETRYABLE);
    app_run(other, "INSERT INTO t VALUES (3, 'c')"); /* It did not keep the gate. */
    CHECK_INT(stoa_rollback(conn, NO_OP, NULL), STOA_OK);
    stoa_db_close(db);
}

/* A cancelled write takes the whole transaction with it; that is told. */
static int32_t cancel_at_once(void *user_data)
{
    (void)user_data;
    return 1;
}

static void write_until_cancelled(stoa_conn conn, stoa_error *err)
{
    stoa_op op;

    CHECK_INT(stoa_op_open(-1, cancel_at_once, NULL, NULL, &op, NULL), STOA_OK);
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, NULL), STOA_OK);
    app_run(conn, "INSERT INTO t VALUES (1, 'a')");
    CHECK_INT(stoa_run(conn, op,
                       "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n) "
                       "INSERT INTO t SELECT i, i FROM n",
                       STOA_NUL, NULL, 0, NULL, 0, NULL, err),
              STOA_ERR_CANCELLED);
    stoa_op_close(op);
}

static void a_cancelled_write_says_that_its_transaction_is_gone(void)
{
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);
    stoa_error err;

    write_until_cancelled(conn, &err);
    /* On a loaded machine the tick may come before the first row. */
    for (int i = 0; i < 100 && !(err.flags & STOA_ERROR_ROLLED_BACK); i++) {
        CHECK_INT(stoa_rollback(conn, NO_OP, NULL), STOA_OK);
        write_until_cancelled(conn, &err);
    }
    CHECK(err.flags & STOA_ERROR_ROLLED_BACK);
    CHECK_HAS(err.text, "rolled back");
    CHECK_INT(state(conn), STOA_TRANSACTION_NONE);
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "0");
    stoa_conn other = app_connect(db);
    app_run(other, "INSERT INTO t VALUES (1, 'a')");
    stoa_db_close(db);
}

static void a_cancelled_read_leaves_the_transaction_alone(void)
{
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);
    stoa_rows rows;
    stoa_op op;
    stoa_error err;

    CHECK_INT(stoa_op_open(40, NULL, NULL, NULL, &op, NULL), STOA_OK);
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, NULL), STOA_OK);
    app_run(conn, "INSERT INTO t VALUES (1, 'a')");
    const int64_t start = stoa__clock_monotonic_ns();
    CHECK_INT(stoa_query_row(conn, op,
                             "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n) "
                             "SELECT count(*) FROM n",
                             STOA_NUL, NULL, 0, NULL, 0, &rows, &err),
              STOA_ERR_TIMEOUT);
    CHECK(stoa__clock_monotonic_ns() - start < 20000 * (int64_t)MS);
    CHECK(!(err.flags & STOA_ERROR_ROLLED_BACK));
    CHECK_INT(state(conn), STOA_TRANSACTION_WRITE);
    CHECK_INT(stoa_commit(conn, NO_OP, NULL), STOA_OK);
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "1");
    stoa_op_close(op);
    stoa_db_close(db);
}

static void what_a_connection_left_open_is_rolled_back(void)
{
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);
    stoa_conn other = app_connect(db);

    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, NULL), STOA_OK);
    app_run(conn, "INSERT INTO t VALUES (1, 'a')");
    stoa_conn_close(conn);
    CHECK_ROWS(other, "SELECT count(*) FROM t", "0");
    app_run(other, "INSERT INTO t VALUES (1, 'b')");
    stoa_db_close(db);
}

/* ---- waiting ---- */

struct writer {
    stoa__thread thread;
    stoa_db db;
    const char *busy_timeout;
    stoa_status rc;
    stoa_error err;
};

static void write_once(void *self)
{
    struct writer *writer = self;
    const stoa_option patience = {"busy_timeout", writer->busy_timeout};
    stoa_conn conn = app_connect(writer->db);

    CHECK_INT(stoa_conn_set(conn, &patience, 1, &writer->err), STOA_OK);
    writer->rc = app_try(conn, "INSERT INTO t VALUES (2, 'b')", &writer->err);
    stoa_conn_close(conn);
}

static void a_writer_waits_for_the_other_and_no_longer_than_it_may(void)
{
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);
    struct writer late = {.db = db, .busy_timeout = "100ms"};
    struct writer soon = {.db = db, .busy_timeout = "none"};

    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, NULL), STOA_OK);
    CHECK_INT(stoa__thread_start(&late.thread, "late", write_once, &late, NULL), STOA_OK);
    stoa__thread_stop(&late.thread);
    CHECK_INT(late.rc, STOA_ERR_LOCKED);
    CHECK_HAS(late.err.text, "100 ms");
    CHECK_INT(stoa__thread_start(&soon.thread, "soon", write_once, &soon, NULL), STOA_OK);
    stoa__sleep_ns(20 * MS);
    CHECK_INT(stoa_commit(conn, NO_OP, NULL), STOA_OK);
    stoa__thread_stop(&soon.thread);
    CHECK_INT(soon.rc, STOA_OK);
    stoa_db_close(db);
}

/* Keeps the file from everybody else until it is told to let go, and a moment longer. */
static _Noreturn void keep_file(const char *path, const int tell[2], const int go[2])
{
    stoa_conn conn = app_connect(app_open(path, NULL));
    char byte = 0;

    app_run(conn, "BEGIN EXCLUSIVE");
    CHECK_INT(write(tell[1], &byte, 1), 1);
    CHECK_INT(read(go[0], &byte, 1), 1);
    stoa__sleep_ns(200 * (int64_t)MS);
    app_run(conn, "COMMIT");
    _exit(0);
}

static void another_process_is_waited_for_as_well(void)
{
    char *path = test_path("t.db");
    int tell[2], go[2];
    char byte = 0;

    app_make(path, "journal=delete", 1);
    CHECK(pipe(tell) == 0 && pipe(go) == 0);
    const pid_t child = fork();
    if (child == 0)
        keep_file(path, tell, go);
    CHECK_INT(read(tell[0], &byte, 1), 1);
    stoa_db impatient;
    stoa_error err;
    CHECK_INT(app_try_open(path, "busy_timeout=30ms", &impatient, &err), STOA_ERR_LOCKED);
    CHECK(err.flags & STOA_ERROR_RETRYABLE);
    CHECK_INT(write(go[1], &byte, 1), 1);
    stoa_db db = app_open(path, "busy_timeout=none"); /* Opening waits too. */
    app_run(app_connect(db), "INSERT INTO t VALUES (2, 'b')");
    stoa_db_close(db);
    CHECK_INT(waitpid(child, NULL, 0), child);
    free(path);
}

/* ---- sessions ---- */

static void a_connection_of_the_pool_is_as_good_as_new(void)
{
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);
    stoa_option settings[] = {{"synchronous", "off"}, {"foreign_keys", "off"}};

    app_run(conn, "INSERT INTO t VALUES (77, 'a')");
    CHECK_INT(stoa_conn_set(conn, settings, 2, NULL), STOA_OK);
    CHECK_ROWS(conn, "PRAGMA synchronous", "0");
    CHECK_ROWS(conn, "PRAGMA foreign_keys", "0");
    stoa_conn_close(conn);
    for (int i = 0; i < 3; i++) {
        conn = app_connect(db);
        CHECK_ROWS(conn, "PRAGMA synchronous", "2");
        CHECK_ROWS(conn, "PRAGMA foreign_keys", "1");
        CHECK_ROWS(conn, "SELECT last_insert_rowid()", "0");
        CHECK_FAILS(conn, "SELECT * FROM left_over", STOA_ERR_NOT_FOUND, "left_over");
        app_run(conn, "CREATE TEMP TABLE left_over (a); PRAGMA recursive_triggers = 1;"
                      "ATTACH ':memory:' AS other");
        stoa_conn_close(conn);
    }
    stoa_db_close(db);
}

static void settings_do_not_change_inside_a_transaction(void)
{
    stoa_conn conn;
    stoa_db db = with_table(NULL, &conn);
    stoa_option change = {"foreign_keys", "no"}, same = {"foreign_keys", "yes"};
    stoa_error err;

    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_READ, NULL), STOA_OK);
    CHECK_INT(stoa_conn_set(conn, &change, 1, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "inside a transaction");
    CHECK_INT(stoa_conn_set(conn, &same, 1, &err), STOA_OK);
    stoa_db_close(db);
}

static void a_deleted_file_is_told_at_the_next_write(void)
{
    char *path = test_path("t.db");
    stoa_error err;

    app_make(path, "journal=delete", 1);
    stoa_db db = app_open(path, NULL);
    stoa_conn conn = app_connect(db);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(app_try(conn, "INSERT INTO t VALUES (2, 'b')", &err), STOA_ERR_READ_ONLY);
    CHECK_HAS(err.text, "moved or deleted");
    stoa_db_close(db);
    free(path);
}

TEST_MAIN({"begin, commit and rollback do what they say",
           begin_commit_and_rollback_do_what_they_say},
          {"a reading transaction refuses to write", a_reading_transaction_refuses_to_write},
          {"transactions in SQL count as well", transactions_in_sql_count_as_well},
          {"savepoints nest and need no harmless names",
           savepoints_nest_and_need_no_harmless_names},
          {"a snapshot that was overtaken says so", a_snapshot_that_was_overtaken_says_so},
          {"a cancelled write says that its transaction is gone",
           a_cancelled_write_says_that_its_transaction_is_gone},
          {"a cancelled read leaves the transaction alone",
           a_cancelled_read_leaves_the_transaction_alone},
          {"what a connection left open is rolled back",
           what_a_connection_left_open_is_rolled_back},
          {"a writer waits for the other and no longer than it may",
           a_writer_waits_for_the_other_and_no_longer_than_it_may},
          {"another process is waited for as well", another_process_is_waited_for_as_well},
          {"a connection of the pool is as good as new",
           a_connection_of_the_pool_is_as_good_as_new},
          {"settings do not change inside a transaction",
           settings_do_not_change_inside_a_transaction},
          {"a deleted file is told at the next write", a_deleted_file_is_told_at_the_next_write})
