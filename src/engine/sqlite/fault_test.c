/* SPDX-License-Identifier: Apache-2.0 */
/* What SQLite says and what becomes of it: code, SQLSTATE, flags, position. */
#include "engine/sqlite/sqlite.h"

#include "support/app.h"

static const char schema[] =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL UNIQUE, n INT CHECK (n > 0));"
    "CREATE TABLE child (p INTEGER REFERENCES t(id));"
    "CREATE TABLE s (n INT) STRICT;"
    "CREATE INDEX i ON t(n);"
    "CREATE VIEW w AS SELECT * FROM t;"
    "CREATE TRIGGER tr BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'kept'); END;"
    "INSERT INTO t VALUES (1, 'a', 1)";

static const struct {
    const char *sql;
    stoa_status status;
    const char *sqlstate;
    const char *text;
} cases[] = {
    {"SELECT * FROM nowhere", STOA_ERR_NOT_FOUND, "42S02", "nowhere"},
    {"SELECT absent FROM t", STOA_ERR_NOT_FOUND, "42S22", "absent"},
    {"INSERT INTO t (absent) VALUES (1)", STOA_ERR_NOT_FOUND, "42S22", "absent"},
    {"SELECT nope(1)", STOA_ERR_NOT_FOUND, "42883", "nope"},
    {"DROP INDEX none", STOA_ERR_NOT_FOUND, "42S12", "none"},
    {"DROP VIEW none", STOA_ERR_NOT_FOUND, "42S02", "none"},
    {"DROP TRIGGER none", STOA_ERR_NOT_FOUND, "42704", "none"},
    {"SELECT v FROM t ORDER BY v COLLATE elvish", STOA_ERR_NOT_FOUND, "42704", "elvish"},
    {"CREATE VIRTUAL TABLE x USING absent", STOA_ERR_NOT_FOUND, "42704", "absent"},
    {"SELECT * FROM elsewhere.t", STOA_ERR_NOT_FOUND, "42S02", "elsewhere"},
    {"RELEASE absent", STOA_ERR_NOT_FOUND, "3B001", "absent"},
    {"DETACH absent", STOA_ERR_NOT_FOUND, "3D000", "absent"},
    {"CREATE TABLE t (a)", STOA_ERR_EXISTS, "42S01", "already exists"},
    {"CREATE INDEX i ON t(v)", STOA_ERR_EXISTS, "42S01", "already exists"},
    {"CREATE TABLE i (a)", STOA_ERR_EXISTS, "42S01", "already"},
    {"CREATE VIEW w AS SELECT 1", STOA_ERR_EXISTS, "42S01", "already exists"},
    {"CREATE TABLE d (a, a)", STOA_ERR_EXISTS, "42S21", "duplicate"},
    {"ATTACH ':memory:' AS main", STOA_ERR_EXISTS, "42710", "in use"},
    {"SELEC 1", STOA_ERR_SYNTAX, "42601", "syntax error"},
    {"SELECT (1", STOA_ERR_SYNTAX, "42601", "incomplete"},
    {"SELECT 'a", STOA_ERR_SYNTAX, "42601", "unrecognized"},
    {"SELECT max()", STOA_ERR_INVALID, "42000", "wrong number of arguments"},
    {"INSERT INTO t VALUES (1, 'b', 1)", STOA_ERR_CONSTRAINT, "23505", "t.id"},
    {"INSERT INTO t VALUES (2, 'a', 1)", STOA_ERR_CONSTRAINT, "23505", "t.v"},
    {"INSERT INTO t VALUES (2, NULL, 1)", STOA_ERR_CONSTRAINT, "23502", "t.v"},
    {"INSERT INTO t VALUES (2, 'b', 0)", STOA_ERR_CONSTRAINT, "23514", "n > 0"},
    {"INSERT INTO child VALUES (9)", STOA_ERR_CONSTRAINT, "23503", "FOREIGN KEY"},
    {"DELETE FROM t", STOA_ERR_CONSTRAINT, "23000", "kept"},
    {"INSERT INTO s VALUES ('x')", STOA_ERR_TYPE, "22018", "s.n"},
    {"INSERT INTO t VALUES ('x', 'b', 1)", STOA_ERR_TYPE, "22018", "mismatch"},
    {"SELECT abs(-9223372036854775807 - 1)", STOA_ERR_TYPE, "22003", "overflow"},
    {"SELECT json('{')", STOA_ERR_TYPE, "22032", "malformed"},
    {"COMMIT", STOA_ERR_INVALID, "25000", "no transaction"},
    {"ROLLBACK", STOA_ERR_INVALID, "25000", "no transaction"},
    {"SELECT zeroblob(2000000000)", STOA_ERR_INVALID, "22001", "too big"},
    {"UPDATE w SET v = 1", STOA_ERR_INVALID, "42000", "cannot modify w"},
};

static void every_complaint_gets_its_code(void)
{
    stoa_conn conn = app_connect(app_open(":memory:", NULL));

    app_run(conn, schema);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        stoa_error err = {.code = 1};
        char *rows = NULL;
        const stoa_status rc = app_try_rows(conn, cases[i].sql, &rows, &err);

        free(rows);
        if (rc != cases[i].status || strcmp(err.sqlstate, cases[i].sqlstate) != 0)
            printf("# %s: %s %s %s\n", cases[i].sql, stoa_status_name(rc), err.sqlstate, err.text);
        CHECK_INT(rc, cases[i].status);
        CHECK_INT(err.code, rc);
        CHECK_TEXT(err.sqlstate, cases[i].sqlstate);
        CHECK_HAS(err.text, cases[i].text);
        CHECK(err.engine_code > 0);
    }
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "1");
}

static void the_position_is_that_of_the_fault(void)
{
    stoa_conn conn = app_connect(app_open(":memory:", NULL));
    stoa_error err;

    CHECK_INT(app_try(conn, "SELECT 1, bogus", &err), STOA_ERR_NOT_FOUND);
    CHECK_INT(err.position, 10);
    CHECK_INT(app_try(conn, "SELECT 1; SELECT bogus", &err), STOA_ERR_NOT_FOUND);
    CHECK_INT(err.position, 17);
    CHECK_INT(app_try(conn, "COMMIT", &err), STOA_ERR_INVALID);
    CHECK_INT(err.position, -1);
}

/* Codes no statement brings about at will. */
static void codes_without_a_statement_are_told_apart(void)
{
    static const struct {
        int code;
        stoa_status status;
        uint32_t flags;
    } list[] = {
        {SQLITE_BUSY, STOA_ERR_LOCKED, STOA_ERROR_RETRYABLE},
        {SQLITE_BUSY_SNAPSHOT, STOA_ERR_LOCKED, STOA_ERROR_RETRYABLE},
        {SQLITE_LOCKED, STOA_ERR_BUSY, 0},
        {SQLITE_IOERR_READ, STOA_ERR_IO, 0},
        {SQLITE_IOERR_FSYNC, STOA_ERR_IO, 0}, /* Nothing was being written. */
        {SQLITE_IOERR_NOMEM, STOA_ERR_NOMEM, 0},
        {SQLITE_NOMEM, STOA_ERR_NOMEM, 0},
        {SQLITE_FULL, STOA_ERR_FULL, 0},
        {SQLITE_CANTOPEN, STOA_ERR_IO, 0},
        {SQLITE_CORRUPT, STOA_ERR_CORRUPT, 0},
        {SQLITE_NOTADB, STOA_ERR_CORRUPT, 0},
        {SQLITE_READONLY_DBMOVED, STOA_ERR_READ_ONLY, 0},
        {SQLITE_READONLY_ROLLBACK, STOA_ERR_READ_ONLY, 0},
        {SQLITE_READONLY_DIRECTORY, STOA_ERR_READ_ONLY, 0},
        {SQLITE_AUTH, STOA_ERR_READ_ONLY, 0},
        {SQLITE_ABORT_ROLLBACK, STOA_ERR_CLOSED, 0},
        {SQLITE_INTERRUPT, STOA_ERR_CANCELLED, 0},
        {SQLITE_RANGE, STOA_ERR_INVALID, 0},
        {SQLITE_MISUSE, STOA_ERR_INTERNAL, 0},
    };
    sqlite3 *db = NULL;

    CHECK_INT(sqlite3_open(":memory:", &db), SQLITE_OK);
    struct sqlite_session session = {.db = db};
    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
        stoa_error err;

        CHECK_INT(sqlite_fail(&session, list[i].code, &err), list[i].status);
        CHECK_INT(err.flags, list[i].flags);
        CHECK_INT(err.engine_code, list[i].code);
        CHECK_INT(sqlite_fail(&session, list[i].code, NULL), list[i].status);
    }
    session.holds_gate = true;
    stoa_error err;
    CHECK_INT(sqlite_fail(&session, SQLITE_IOERR_FSYNC, &err), STOA_ERR_IO);
    CHECK_INT(err.flags, STOA_ERROR_IN_DOUBT);
    CHECK_INT(sqlite_fail(&session, SQLITE_IOERR_READ, &err), STOA_ERR_IO);
    CHECK_INT(err.flags, 0);
    session.in_transaction = true;
    CHECK_INT(sqlite_fail(&session, SQLITE_FULL, &err), STOA_ERR_FULL);
    CHECK_INT(err.flags, STOA_ERROR_ROLLED_BACK);
    CHECK_HAS(err.text, "rolled back");
    CHECK(!session.in_transaction);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static void a_callbacks_own_failure_comes_first_and_once(void)
{
    sqlite3 *db = NULL;
    stoa_error err;

    CHECK_INT(sqlite3_open(":memory:", &db), SQLITE_OK);
    struct sqlite_session session = {.db = db,
                                     .failure = {.code = STOA_ERR_CALLBACK, .text = "mine"}};
    CHECK_INT(sqlite_fail(&session, SQLITE_ERROR, &err), STOA_ERR_CALLBACK);
    CHECK_TEXT(err.text, "mine");
    CHECK_INT(sqlite_fail(&session, SQLITE_FULL, &err), STOA_ERR_FULL);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static void a_statement_that_is_read_cannot_be_undone_under_the_reader(void)
{
    stoa_conn conn = app_connect(app_open(":memory:", NULL));
    stoa_result result;
    stoa_error err;

    app_run(conn, schema);
    app_run(conn, "CREATE TABLE gone (a); ATTACH ':memory:' AS other; CREATE TABLE other.x (a);"
                  "INSERT INTO other.x VALUES (1), (2)");
    CHECK_INT(stoa_query(conn, NO_OP, "SELECT * FROM other.x", STOA_NUL, NULL, 0, NULL, 0, &result,
                         NULL), STOA_OK);
    CHECK_INT(app_try(conn, "DROP TABLE gone", &err), STOA_ERR_BUSY);
    CHECK_HAS(err.text, "still being read");
    CHECK_INT(stoa_detach(conn, NO_OP, "other", STOA_NUL, &err), STOA_ERR_BUSY);
    stoa_result_close(result);
    app_run(conn, "DROP TABLE gone");
    CHECK_INT(stoa_detach(conn, NO_OP, "other", STOA_NUL, &err), STOA_OK);
}

TEST_MAIN({"every complaint gets its code", every_complaint_gets_its_code},
          {"the position is that of the fault", the_position_is_that_of_the_fault},
          {"codes without a statement are told apart", codes_without_a_statement_are_told_apart},
          {"a callback's own failure comes first and once",
           a_callbacks_own_failure_comes_first_and_once},
          {"a statement that is read cannot be undone under the reader",
           a_statement_that_is_read_cannot_be_undone_under_the_reader})
