/* SPDX-License-Identifier: Apache-2.0 */
/* Statements nobody should write, and settings that stay behind. */
#include "support/app.h"

static stoa_db db;
static stoa_conn conn;

static void begin(const char *target)
{
    db = app_open(target, NULL);
    conn = app_connect(db);
}

static stoa_status set(const char *settings, stoa_error *err)
{
    char copy[APP_TEXT_SIZE];
    stoa_option options[APP_OPTION_COUNT];
    const int64_t count = app_options(settings, copy, options);

    return stoa_conn_set(conn, options, count, err);
}

static void an_unknown_setting_changes_nothing(void)
{
    stoa_error err;

    begin(":memory:");
    CHECK_INT(set("foreign_keys=no bogus=1", &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "bogus");
    CHECK_ROWS(conn, "PRAGMA foreign_keys", "1");
    CHECK_INT(set("foreign_keys=no", &err), STOA_OK);
    CHECK_ROWS(conn, "PRAGMA foreign_keys", "0");
    stoa_db_close(db);
}

static void check_reset(const char *target)
{
    stoa_error err;

    begin(target);
    app_run(conn, "CREATE TABLE kept(a); INSERT INTO kept VALUES(1);"
                  "CREATE TEMP TABLE passing(a); ATTACH ':memory:' AS other;"
                  "PRAGMA cache_size=7; PRAGMA case_sensitive_like=1; BEGIN;"
                  "INSERT INTO kept VALUES(2)");
    CHECK_INT(stoa_conn_reset(conn, NO_OP, &err), STOA_OK);
    CHECK_ROWS(conn, "SELECT a FROM kept", "1");
    CHECK_ROWS(conn, "SELECT 'A' LIKE 'a'", "1");
    CHECK_ROWS(conn, "SELECT group_concat(name) FROM pragma_database_list", "main");
    CHECK_FAILS(conn, "SELECT * FROM passing", STOA_ERR_NOT_FOUND, "passing");
    app_run(conn, "INSERT INTO kept VALUES(3)");
    app_shutdown(db);
}

static void a_reset_makes_a_connection_as_good_as_new(void)
{
    char *path = test_path("a.db");

    check_reset(path);
    check_reset(":memory:");
    free(path);
}

static void begin_reading(void)
{
    stoa_error err;

    app_must(stoa_begin(conn, NO_OP, STOA_BEGIN_READ, &err), &err, "begin");
}

static void no_pragma_writes_in_a_transaction_for_reading(void)
{
    char *path = test_path("a.db");

    begin(path);
    app_run(conn, "CREATE TABLE t(a)");
    begin_reading();
    CHECK_FAILS(conn, "PRAGMA user_version=7", STOA_ERR_READ_ONLY, "");
    CHECK_FAILS(conn, "PRAGMA incremental_vacuum", STOA_ERR_READ_ONLY, "");
    CHECK_ROWS(conn, "PRAGMA journal_mode", "wal");
    CHECK_ROWS(conn, "PRAGMA query_only", "0");
    app_run(conn, "COMMIT; PRAGMA user_version=8");
    CHECK_ROWS(conn, "PRAGMA user_version", "8");
    app_run(conn, "PRAGMA query_only=1");
    begin_reading();
    CHECK_FAILS(conn, "PRAGMA user_version=9", STOA_ERR_READ_ONLY, "");
    app_run(conn, "COMMIT");
    CHECK_FAILS(conn, "INSERT INTO t VALUES(1)", STOA_ERR_READ_ONLY, "");
    app_shutdown(db);
    free(path);
}

static void no_pragma_changes_the_process(void)
{
    begin(":memory:");
    CHECK_FAILS(conn, "PRAGMA hard_heap_limit=100000", STOA_ERR_UNSUPPORTED,
                "this process");
    CHECK_FAILS(conn, "PRAGMA Soft_Heap_Limit(5)", STOA_ERR_UNSUPPORTED, "this process");
    CHECK_FAILS(conn, "PRAGMA temp_store_directory='/nowhere'", STOA_ERR_UNSUPPORTED,
                "this process");
    CHECK_ROWS(conn, "PRAGMA hard_heap_limit", "0");
    CHECK_ROWS(conn, "SELECT * FROM pragma_soft_heap_limit", "0");
    stoa_db_close(db);
}

static void an_empty_blob_is_an_empty_text(void)
{
    begin(":memory:");
    CHECK_ROWS(conn, "SELECT x'', '', zeroblob(0)", "||");
    stoa_db_close(db);
}

/* Statements of all kinds, one after the other, to more than a megabyte; behind `size`
 * bytes of them one that cannot be read. */
static char *long_script(int64_t *size)
{
    static const char *const parts[] = {
        "INSERT INTO t(a) VALUES('it''s; not the end');\n",
        "/* ; */ UPDATE n SET n = n + 1; -- ;\n",
        ";;\n",
        "INSERT INTO t(\"a;b\") SELECT 'x;y' WHERE 1; ",
        "CREATE TEMP TRIGGER IF NOT EXISTS r AFTER INSERT ON t BEGIN SELECT 1; END; ",
    };
    char *text = NULL;
    size_t whole;
    FILE *out = open_memstream(&text, &whole);

    for (int i = 0; i < 30000; i++)
        fputs(parts[i % 5], out);
    *size = ftell(out);
    fputs("SELEC 1; SELECT 2", out);
    fclose(out);
    return text;
}

static void a_script_of_a_megabyte_takes_no_time_of_its_square(void)
{
    const int64_t allowed_ms = 20000;
    stoa_error err;
    stoa_op op;
    int64_t size;
    char *script = long_script(&size);

    CHECK(size > 1 << 20);
    begin(":memory:");
    app_run(conn,
            "CREATE TABLE t(a, \"a;b\"); CREATE TABLE n(n); INSERT INTO n VALUES(0)");
    app_must(stoa_op_open(allowed_ms, NULL, NULL, NULL, &op, &err), &err, "op");
    app_must(stoa_run(conn, op, script, size, NULL, 0, NULL, 0, NULL, &err), &err,
             "a long script");
    CHECK_ROWS(conn, "SELECT n, (SELECT count(*) FROM t) FROM n", "6000|12000");
    CHECK_INT(stoa_run(conn, op, script, STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
              STOA_ERR_SYNTAX);
    CHECK_INT(err.position, size);
    stoa_op_close(op);
    stoa_db_close(db);
    free(script);
}

TEST_MAIN({"an unknown setting changes nothing", an_unknown_setting_changes_nothing},
          {"a reset makes a connection as good as new",
           a_reset_makes_a_connection_as_good_as_new},
          {"no pragma writes in a transaction for reading",
           no_pragma_writes_in_a_transaction_for_reading},
          {"no pragma changes the process", no_pragma_changes_the_process},
          {"an empty blob is an empty text", an_empty_blob_is_an_empty_text},
          {"a script of a megabyte takes no time of its square",
           a_script_of_a_megabyte_takes_no_time_of_its_square})
