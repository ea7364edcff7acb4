/* SPDX-License-Identifier: Apache-2.0 */
/* A dry run takes everything back, whatever is tried in it. */
#include "support/app.h"

static stoa_db db;
static stoa_conn conn;
static stoa_error err;

static void begin_test(void)
{
    db = app_open(":memory:", NULL);
    conn = app_connect(db);
    app_run(conn, "CREATE TABLE t(x INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
}

static void must(stoa_status rc)
{
    app_must(rc, &err, "call");
}

static void end_test(void)
{
    int64_t bytes;

    stoa_db_close(db);
    must(stoa_live(STOA_LIVE_BYTES, &bytes, &err));
    CHECK_INT(bytes, 0);
}

static int64_t count(stoa_conn from)
{
    stoa_rows rows;

    must(stoa_query_row(from, NO_OP, "SELECT count(*) FROM t", STOA_NUL, NULL, 0, NULL, 0, &rows,
                        &err));
    return rows.values[0].a;
}

static int32_t active(void)
{
    int32_t yes = -1;

    must(stoa_conn_dry_run(conn, &yes, &err));
    return yes;
}

static void check_refused(const char *sql)
{
    CHECK_INT(app_try(conn, sql, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "would end a transaction");
}

static void what_is_written_is_seen_and_taken_back(void)
{
    begin_test();
    CHECK_INT(active(), 0);
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    CHECK_INT(active(), 1);
    app_run(conn, "INSERT INTO t VALUES (2); CREATE TABLE u(y); PRAGMA user_version = 7");
    CHECK_INT(count(conn), 2);
    must(stoa_dry_run_end(conn, NO_OP, &err));
    CHECK_INT(active(), 0);
    CHECK_INT(count(conn), 1);
    CHECK_INT(app_try(conn, "SELECT * FROM u", &err), STOA_ERR_NOT_FOUND);
    app_run(conn, "INSERT INTO t VALUES (2)");
    CHECK_INT(count(conn), 2);
    end_test();
}

static void transactions_inside_are_absorbed(void)
{
    begin_test();
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    must(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err));
    app_run(conn, "INSERT INTO t VALUES (2)");
    must(stoa_commit(conn, NO_OP, &err));
    must(stoa_begin(conn, NO_OP, STOA_BEGIN_READ, &err));
    app_run(conn, "INSERT INTO t VALUES (3)");
    must(stoa_rollback(conn, NO_OP, &err));
    must(stoa_commit(conn, NO_OP, &err));
    CHECK_INT(count(conn), 3); /* An inner rollback is none. */
    must(stoa_dry_run_end(conn, NO_OP, &err));
    CHECK_INT(count(conn), 1);
    end_test();
}

static void statements_that_would_end_it_are_refused(void)
{
    stoa_stmt commit;
    stoa_rows rows;
    stoa_done done;

    begin_test();
    must(stoa_prepare(conn, NO_OP, "COMMIT", STOA_NUL, &commit, &err));
    app_run(conn, "BEGIN; ROLLBACK"); /* In the cache of statements, too. */
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    app_run(conn, "INSERT INTO t VALUES (2)");
    check_refused("COMMIT");
    check_refused("/* - */ ; \xef\xbb\xbf END TRANSACTION");
    check_refused("rollback");
    check_refused("INSERT INTO t VALUES (3); COMMIT; INSERT INTO t VALUES (4)");
    CHECK_INT(stoa_execute_row(commit, NO_OP, NULL, 0, NULL, 0, &rows, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "COMMIT would end a transaction");
    CHECK_INT(count(conn), 3);
    CHECK_INT(app_try(conn, "BEGIN", &err), STOA_ERR_INVALID);
    must(stoa_dry_run_end(conn, NO_OP, &err));
    CHECK_INT(count(conn), 1);
    must(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err));
    app_run(conn, "INSERT INTO t VALUES (2)");
    must(stoa_execute_row(commit, NO_OP, NULL, 0, NULL, 0, &rows, &err));
    must(stoa_run(conn, NO_OP, "BEGIN; DELETE FROM t; ROLLBACK", STOA_NUL, NULL, 0, NULL, 0, &done,
                  &err));
    CHECK_INT(count(conn), 2);
    end_test();
}

static void savepoints_work_inside(void)
{
    begin_test();
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    must(stoa_savepoint(conn, NO_OP, "a", 1, &err));
    app_run(conn, "INSERT INTO t VALUES (2)");
    must(stoa_savepoint_rollback(conn, NO_OP, "a", 1, &err));
    must(stoa_savepoint_release(conn, NO_OP, "a", 1, &err));
    CHECK_INT(count(conn), 1);
    app_run(conn, "SAVEPOINT b; INSERT INTO t VALUES (3); ROLLBACK TO b; RELEASE b");
    app_run(conn, "INSERT INTO t VALUES (4)");
    CHECK_INT(count(conn), 2);
    must(stoa_dry_run_end(conn, NO_OP, &err));
    CHECK_INT(count(conn), 1);
    end_test();
}

static void each_state_has_its_sentence(void)
{
    begin_test();
    CHECK_INT(stoa_dry_run_end(conn, NO_OP, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "Cannot end_dry_run: no active dry run");
    CHECK_INT(stoa_commit(conn, NO_OP, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "Cannot commit: no active transaction");
    CHECK_INT(stoa_rollback(conn, NO_OP, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "Cannot rollback: no active transaction");
    must(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err));
    CHECK_INT(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "Cannot begin_transaction: transaction already active");
    CHECK_INT(stoa_dry_run_begin(conn, NO_OP, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "Cannot begin_dry_run: transaction already active");
    must(stoa_rollback(conn, NO_OP, &err));
    app_run(conn, "BEGIN");
    CHECK_INT(stoa_dry_run_begin(conn, NO_OP, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "Cannot begin_dry_run: transaction already active");
    app_run(conn, "COMMIT");
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    CHECK_INT(stoa_dry_run_begin(conn, NO_OP, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "Cannot begin_dry_run: dry run already active");
    CHECK_INT(stoa_conn_dry_run(conn, NULL, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "active is NULL");
    must(stoa_dry_run_end(conn, NO_OP, &err));
    end_test();
}

/* Nothing may be committed by going on without the transaction. */
static void one_that_the_engine_rolled_back_is_over(void)
{
    int32_t state;

    begin_test();
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    app_run(conn, "INSERT INTO t VALUES (2)");
    CHECK_INT(app_try(conn, "INSERT OR ROLLBACK INTO t VALUES (1)", &err), STOA_ERR_CONSTRAINT);
    CHECK(err.flags & STOA_ERROR_ROLLED_BACK);
    CHECK_INT(app_try(conn, "INSERT INTO t VALUES (3)", &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "the engine has rolled the dry run back already; end it first");
    CHECK_INT(stoa_conn_transaction(conn, &state, &err), STOA_ERR_INVALID);
    CHECK_INT(active(), 1);
    must(stoa_dry_run_end(conn, NO_OP, &err));
    CHECK_INT(count(conn), 1);
    end_test();
}

static void a_reset_or_a_close_ends_it(void)
{
    stoa_conn other;

    begin_test();
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    app_run(conn, "INSERT INTO t VALUES (2)");
    must(stoa_conn_reset(conn, NO_OP, &err));
    CHECK_INT(active(), 0);
    CHECK_INT(count(conn), 1);
    app_run(conn, "BEGIN; INSERT INTO t VALUES (2); COMMIT");
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    app_run(conn, "INSERT INTO t VALUES (3)");
    stoa_conn_close(conn);
    other = app_connect(db); /* Perhaps the same session. */
    CHECK_INT(count(other), 2);
    app_run(other, "BEGIN; INSERT INTO t VALUES (3); COMMIT");
    CHECK_INT(count(other), 3);
    conn = other;
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    must(stoa_db_shutdown(db, NO_OP, &err));
    end_test();
}

static void an_ingest_is_taken_back_with_its_numbers(void)
{
    int64_t values[] = {5, 6};
    const stoa_column column = {.name = "x", .name_size = 1, .type = STOA_TYPE_INT64,
                                .layout = STOA_LAYOUT_FIXED, .count = 2, .data = values,
                                .data_size = sizeof values};
    const stoa_table table = {.struct_size = sizeof table, .name = "t", .name_size = 1,
                              .row_count = 2, .columns = &column, .column_count = 1};
    stoa_ingest ingest;
    stoa_acks acks;

    begin_test();
    must(stoa_dry_run_begin(conn, NO_OP, &err));
    must(stoa_conn_ingest_open(conn, "t", 1, NULL, 0, &ingest, &err));
    must(stoa_ingest_push(ingest, NO_OP, &table, 1, NULL, NULL, &err));
    must(stoa_commit(conn, NO_OP, &err));
    CHECK_INT(count(conn), 3);
    must(stoa_ingest_acks(ingest, &acks, &err));
    CHECK_INT(acks.committed, 0);
    must(stoa_dry_run_end(conn, NO_OP, &err));
    CHECK_INT(count(conn), 1);
    must(stoa_ingest_acks(ingest, &acks, &err));
    CHECK_INT(acks.accepted, 0);
    end_test();
}

static void others_are_told_that_there_are_none(void)
{
    stoa_db null = app_open("null:", NULL);
    stoa_conn other = app_connect(null);
    int32_t yes;

    CHECK_INT(stoa_dry_run_begin(other, NO_OP, &err), STOA_ERR_UNSUPPORTED);
    CHECK_TEXT(err.text, "null: dry runs are not supported");
    CHECK_INT(stoa_dry_run_end(other, NO_OP, &err), STOA_ERR_INVALID);
    must(stoa_conn_dry_run(other, &yes, &err));
    CHECK_INT(yes, 0);
    stoa_db_close(null);
    CHECK_INT(stoa_dry_run_begin(other, NO_OP, &err), STOA_ERR_CLOSED);
}

TEST_MAIN({"what is written is seen and taken back", what_is_written_is_seen_and_taken_back},
          {"transactions inside are absorbed", transactions_inside_are_absorbed},
          {"statements that would end it are refused", statements_that_would_end_it_are_refused},
          {"savepoints work inside", savepoints_work_inside},
          {"each state has its sentence", each_state_has_its_sentence},
          {"one that the engine rolled back is over", one_that_the_engine_rolled_back_is_over},
          {"a reset or a close ends it", a_reset_or_a_close_ends_it},
          {"an ingest is taken back with its numbers", an_ingest_is_taken_back_with_its_numbers},
          {"others are told that there are none", others_are_told_that_there_are_none})
