/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

#include "base/limits.h"

/* ---- preparing ---- */

static void check_used(struct fixture *f, const char *sql, size_t right, bool empty)
{
    void *statement;
    size_t used;

    CHECK_INT(
        sqlite_prepare(f->session, NULL, sql, strlen(sql), &used, &statement, &f->err),
        STOA_OK);
    CHECK_INT(used, right);
    CHECK_INT(statement == NULL, empty);
    if (statement)
        sqlite_statement_close(statement);
}

static void the_first_statement_of_a_text_is_prepared(void)
{
    static struct fixture f;

    open_memory(&f);
    check_used(&f, "SELECT 1; SELECT 2", 9, false);
    check_used(&f, "SELECT 1 -- end", 15, false);
    check_used(&f, "SELECT ';' ; -- more\n", 12, false);
    check_used(&f, "  /* nothing */ -- at all", 25, true);
    check_used(&f, "", 0, true);
    check_used(&f, "SELECT $1, '$2' ;x", 17, false);
    close_all(&f);
}

static void what_cannot_be_prepared_is_told_with_its_place(void)
{
    static struct fixture f;
    void *statement = &f;
    size_t used = 9;

    open_memory(&f);
    CHECK_INT(
        sqlite_prepare(f.session, NULL, "SELECT 1 FRM t", 14, &used, &statement, &f.err),
        STOA_ERR_SYNTAX);
    CHECK(!statement && used == 0);
    CHECK_INT(f.err.position, 13);
    CHECK_INT(sqlite_prepare(f.session, NULL, "SELECT nope FROM sqlite_schema", 30, &used,
                             &statement, &f.err),
              STOA_ERR_NOT_FOUND);
    CHECK_INT(f.err.position, 7);
    CHECK_INT(sqlite_prepare(f.session, NULL, "SELECT * FROM nope", 18, &used, &statement,
                             &f.err),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(f.err.text, "no such table: nope");
    CHECK_INT(sqlite_prepare(f.session, NULL, "SELECT\0 1", 9, &used, &statement, &f.err),
              STOA_ERR_INVALID);
    CHECK_HAS(f.err.text, "NUL at byte 6");
    CHECK_INT(
        sqlite_prepare(f.session, NULL, "SELECT ?99999", 13, &used, &statement, &f.err),
        STOA_ERR_INVALID);
    CHECK(!statement);
    close_all(&f);
}

static void a_kept_statement_is_given_to_one_at_a_time(void)
{
    static struct fixture f;

    open_memory(&f);
    struct sqlite_statement *first = prepare(&f, "SELECT 1");
    struct sqlite_statement *second = prepare(&f, "SELECT 1");

    CHECK(first != second);
    sqlite_statement_close(second);
    CHECK(prepare(&f, "SELECT 1") == second);
    sqlite_statement_close(first);
    sqlite_statement_close(second);
    CHECK_INT(f.session->cache_count, 2);
    CHECK(prepare(&f, "SELECT 1") == second);
    sqlite_statement_close(second);
    check_used(&f, "SELECT 1; SELECT 2", 9, false); /* A script's part is not kept. */
    CHECK_INT(f.session->cache_count, 2);
    close_all(&f);
}

static void the_cache_lets_the_oldest_go(void)
{
    static struct fixture f;
    char sql[64];

    open_memory(&f);
    for (int i = 0; i < STOA__STATEMENT_CACHE_COUNT + 10; i++) {
        snprintf(sql, sizeof sql, "SELECT %d", i);
        sqlite_statement_close(prepare(&f, sql));
        sqlite_statement_close(prepare(&f, "SELECT 'often'"));
    }
    CHECK_INT(f.session->cache_count, STOA__STATEMENT_CACHE_COUNT);
    struct sqlite_statement *often = f.session->cache_first;

    CHECK(prepare(&f, "SELECT 'often'") == often);
    sqlite_statement_close(often);
    CHECK_TEXT(f.session->cache_last->sql, "SELECT 11");
    close_all(&f);
}

static void a_statement_too_long_for_a_key_is_not_kept(void)
{
    static struct fixture f;
    static char sql[STOA__STATEMENT_CACHE_SQL_BYTES_MAX + 100];

    open_memory(&f);
    memset(sql, ' ', sizeof sql - 1);
    memcpy(sql, "SELECT 1", 8);
    check_used(&f, sql, sizeof sql - 1, false);
    CHECK_INT(f.session->cache_count, 0);
    close_all(&f);
}

/* SQLite compiles a kept statement again when the schema has changed; so are its
 * types. */
static void a_changed_schema_changes_the_columns(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1)");
    CHECK_TEXT(rows(&f, "SELECT * FROM t"), "1\n");
    CHECK_TEXT(types(&f, "SELECT * FROM t"), "a int64");
    run(&f, "ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'x'");
    CHECK_TEXT(rows(&f, "SELECT * FROM t"), "1|\"x\"\n");
    CHECK_TEXT(types(&f, "SELECT * FROM t"), "a int64, b utf8");
    run(&f, "DROP TABLE t; CREATE TABLE t(a REAL); INSERT INTO t VALUES(1)");
    CHECK_TEXT(rows(&f, "SELECT * FROM t"), "1.0\n");
    close_all(&f);
}

static void types_are_told_before_a_run(void)
{
    static struct fixture f;
    const struct stoa__arrow_type *type;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER INT8, b TEXT)");
    struct sqlite_statement *statement = prepare(&f, "SELECT a, b, a + 1 AS c FROM t");

    CHECK_INT(sqlite_statement_type(statement, &f.config, &type, &f.err), STOA_OK);
    CHECK_TEXT(type_text(&f, type), "a int8, b utf8, c utf8");
    f.config.type_mismatch = STOA__MISMATCH_TEXT;
    CHECK_INT(sqlite_statement_type(statement, &f.config, &type, &f.err), STOA_OK);
    CHECK_TEXT(type_text(&f, type), "a utf8, b utf8, c utf8");
    sqlite_statement_close(statement);
    statement = prepare(&f, "DELETE FROM t");
    CHECK_INT(sqlite_statement_type(statement, &f.config, &type, &f.err), STOA_OK);
    CHECK_INT(type->child_count, 0);
    sqlite_statement_close(statement);
    close_all(&f);
}

/* ---- what a run did ---- */

static void check_info(struct fixture *f, const char *sql, int64_t affected, int64_t id)
{
    struct stoa__cursor_info info;
    struct sqlite_cursor *cursor = query(f, sql);

    sqlite_cursor_info(cursor, &info);
    sqlite_cursor_close(cursor);
    if (info.rows_affected != affected || info.last_insert_id != id)
        printf("# %s\n", sql);
    CHECK_INT(info.rows_affected, affected);
    CHECK_INT(info.last_insert_id, id);
    CHECK(!f->session->holds_gate);
}

static void counts_are_those_of_the_statement_itself(void)
{
    static struct fixture f;

    open_memory(&f);
    check_info(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT UNIQUE)", -1, 0);
    check_info(&f, "CREATE TABLE w(k TEXT PRIMARY KEY) WITHOUT ROWID", -1, 0);
    check_info(&f, "INSERT INTO t(s) VALUES('a'), ('b'), ('c')", 3, 3);
    check_info(&f, "CREATE TABLE u(x)", -1, 0);
    check_info(&f, "INSERT OR IGNORE INTO t(s) VALUES('a')", 0, 0);
    check_info(&f, "INSERT INTO w VALUES('k')", 1, 0);
    check_info(&f, "INSERT INTO t(s) VALUES('a') ON CONFLICT(s) DO UPDATE SET s = 'z'", 1,
               0);
    check_info(&f, "UPDATE t SET s = s || 'x'", 3, 0);
    check_info(&f, "UPDATE t SET s = 'n' WHERE 0", 0, 0);
    check_info(&f, "SELECT * FROM t", -1, 0);
    check_info(&f, "WITH x(v) AS (SELECT 'w') INSERT INTO t(s) SELECT v FROM x", 1, 4);
    check_info(&f, "REPLACE INTO t(id, s) VALUES(9, 'nine')", 1, 9);
    check_info(&f, "SELECT last_insert_rowid()", -1, 0);
    CHECK_TEXT(rows(&f, "SELECT last_insert_rowid()"), "9\n");
    check_info(&f, "INSERT INTO u VALUES(last_insert_rowid())", 1, 1);
    CHECK_TEXT(rows(&f, "SELECT x FROM u"), "9\n");
    check_info(&f, "DELETE FROM t", 5, 0);
    check_info(&f, "BEGIN", -1, 0);
    check_info(&f, "COMMIT", -1, 0);
    check_info(&f, "; INSERT INTO u VALUES(1)", 1, 2);
    close_all(&f);
}

static void the_gate_is_held_as_long_as_sqlite_writes(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a UNIQUE)");
    sqlite_cursor_close(query(&f, "BEGIN IMMEDIATE"));
    CHECK(f.session->holds_gate);
    sqlite_cursor_close(query(&f, "INSERT INTO t VALUES(1)"));
    CHECK(f.session->holds_gate);
    CHECK_TEXT(rows(&f, "SELECT a FROM t"), "1\n");
    CHECK(f.session->holds_gate);
    sqlite_cursor_close(query(&f, "COMMIT"));
    CHECK(!f.session->holds_gate);
    CHECK_INT(failure(&f, "INSERT INTO t VALUES(1)"), STOA_ERR_CONSTRAINT);
    CHECK(!f.session->holds_gate);
    CHECK_INT(failure(&f, "INSERT INTO t VALUES(2), (1) RETURNING a"),
              STOA_ERR_CONSTRAINT);
    CHECK(!f.session->holds_gate);
    CHECK_INT(sqlite3_get_autocommit(f.session->db), 1);
    CHECK_TEXT(rows(&f, "SELECT count(*) FROM t"), "1\n");
    close_all(&f);
}

static void a_read_only_database_refuses_to_write(void)
{
    static struct fixture f, g;
    char *path = test_path("r.db");

    open_target(&g, path, NULL, NULL);
    run(&g, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    open_target(&f, path, "read_only", "yes");
    CHECK_INT(failure(&f, "INSERT INTO t VALUES(1)"), STOA_ERR_READ_ONLY);
    CHECK_INT(failure(&f, "INSERT INTO t VALUES(1) RETURNING a"), STOA_ERR_READ_ONLY);
    CHECK_TEXT(rows(&f, "SELECT a FROM t"), "1\n");
    CHECK_TEXT(rows(&f, "PRAGMA journal_mode"), "\"wal\"\n");
    CHECK_INT(failure(&f, "PRAGMA user_version = 7"), STOA_ERR_READ_ONLY);
    close_all(&f);
    close_all(&g);
    free(path);
}

TEST_MAIN({"the first statement of a text is prepared",
           the_first_statement_of_a_text_is_prepared},
          {"what cannot be prepared is told with its place",
           what_cannot_be_prepared_is_told_with_its_place},
          {"a kept statement is given to one at a time",
           a_kept_statement_is_given_to_one_at_a_time},
          {"the cache lets the oldest go", the_cache_lets_the_oldest_go},
          {"a statement too long for a key is not kept",
           a_statement_too_long_for_a_key_is_not_kept},
          {"a changed schema changes the columns", a_changed_schema_changes_the_columns},
          {"types are told before a run", types_are_told_before_a_run},
          {"counts are those of the statement itself",
           counts_are_those_of_the_statement_itself},
          {"the gate is held as long as SQLite writes",
           the_gate_is_held_as_long_as_sqlite_writes},
          {"a read-only database refuses to write",
           a_read_only_database_refuses_to_write})
