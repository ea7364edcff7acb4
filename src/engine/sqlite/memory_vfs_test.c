/* SPDX-License-Identifier: Apache-2.0 */
/* What is attached to a database in memory is where its name says. */
#include "support/app.h"

#define NO_OP ((stoa_op){0})

static stoa_conn connect_memory(void)
{
    return app_connect(app_open(":memory:", NULL));
}

static void check_file(const char *path, const char *sql, const char *right)
{
    stoa_db db = app_open(path, "create=no");

    CHECK_ROWS(app_connect(db), sql, right);
    stoa_db_close(db);
}

/* A statement around the path of a file. */
static void run_with(stoa_conn conn, const char *before, const char *path, const char *after)
{
    char sql[4096];

    (void)snprintf(sql, sizeof sql, "%s '%s' %s", before, path, after);
    app_run(conn, sql);
}

static void a_file_is_read_and_written(void)
{
    char *there = test_path("there.db"), *made = test_path("made.db");
    stoa_error err;

    app_make(there, NULL, 3);
    stoa_conn conn = connect_memory();

    app_must(stoa_attach(conn, NO_OP, there, STOA_NUL, "a", 1, &err), &err, "attach");
    CHECK_ROWS(conn, "SELECT count(*) FROM a.t", "3");
    run_with(conn, "ATTACH", made, "AS b");
    app_run(conn, "CREATE TABLE b.u AS SELECT 7 AS x; DELETE FROM a.t;"
                  "CREATE TABLE v AS SELECT x FROM b.u");
    CHECK_ROWS(conn, "SELECT x FROM v", "7");
    CHECK_INT(stoa_detach(conn, NO_OP, "a", 1, &err), STOA_OK);
    app_run(conn, "DETACH b");
    check_file(there, "SELECT count(*) FROM t", "0");
    check_file(made, "SELECT x FROM u", "7");
    free(made);
    free(there);
}

static void a_vacuum_into_a_file_makes_it(void)
{
    char *path = test_path("into.db");
    stoa_conn conn = connect_memory();

    app_run(conn, "CREATE TABLE t AS SELECT 5 AS x");
    run_with(conn, "VACUUM INTO", path, "");
    check_file(path, "SELECT x FROM t", "5");
    free(path);
}

/* Each alone can be undone after a crash, and with logs each by itself; two with journals could
 * not: the one whose journal is left would be taken for whole. */
static void nothing_is_written_that_a_crash_would_tear(void)
{
    char *one = test_path("one.db"), *two = test_path("two.db");
    stoa_conn conn = connect_memory();

    run_with(conn, "ATTACH", one, "AS a; CREATE TABLE a.t(x)");
    run_with(conn, "ATTACH", two, "AS b; CREATE TABLE b.t(x)");
    app_run(conn, "BEGIN; INSERT INTO a.t VALUES(1); INSERT INTO b.t VALUES(1)");
    CHECK_FAILS(conn, "COMMIT", STOA_ERR_IO, "a transaction writes to one attached file, or to");
    CHECK_ROWS(conn, "SELECT count(*) FROM (SELECT x FROM a.t UNION ALL SELECT x FROM b.t)", "0");
    app_run(conn, "INSERT INTO a.t VALUES(2); INSERT INTO b.t VALUES(3)");
    CHECK_ROWS(conn, "SELECT (SELECT max(x) FROM a.t), max(x), count(*) FROM b.t", "2|3|1");
    app_run(conn, "PRAGMA a.journal_mode=wal; PRAGMA b.journal_mode=wal;"
                  "BEGIN; INSERT INTO a.t VALUES(4); INSERT INTO b.t VALUES(4); COMMIT");
    CHECK_ROWS(conn, "SELECT (SELECT max(x) FROM a.t), max(x), count(*) FROM b.t", "4|4|2");
    stoa_conn_close(conn);
    check_file(one, "SELECT group_concat(x) FROM t", "2,4");
    check_file(two, "SELECT group_concat(x) FROM t", "3,4");
    free(two);
    free(one);
}

static void databases_in_memory_are_their_own(void)
{
    stoa_db db = app_open(":memory:", NULL), other = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db), sibling = app_connect(db), stranger = app_connect(other);

    app_run(conn, "CREATE TABLE t AS SELECT 1 AS x; ATTACH ':memory:' AS m;"
                  "CREATE TABLE m.t AS SELECT 2 AS x;"
                  "ATTACH '' AS n; CREATE TABLE n.t AS SELECT 3");
    CHECK_ROWS(sibling, "SELECT x FROM t", "1");
    CHECK_ROWS(conn, "SELECT x FROM m.t", "2");
    CHECK_FAILS(stranger, "SELECT x FROM t", STOA_ERR_NOT_FOUND, "no such table");
    stoa_db_close(db);
    stoa_db_close(other);
}

TEST_MAIN({"a file is read and written", a_file_is_read_and_written},
          {"a vacuum into a file makes it", a_vacuum_into_a_file_makes_it},
          {"nothing is written that a crash would tear",
           nothing_is_written_that_a_crash_would_tear},
          {"databases in memory are their own", databases_in_memory_are_their_own})
