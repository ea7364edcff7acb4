/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

static void declared_types_are_kept_without_rows(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f,
        "CREATE TABLE t(a INTEGER, b REAL, c TEXT, d BLOB, e INTEGER INT16, "
        "g INTEGER TIMESTAMP_US \"UTC\", h TEXT DECIMAL(10,2), i VARCHAR(9), j NUMERIC, "
        "k BOOLEAN, l DATE, m)");
    CHECK_TEXT(types(&f, "SELECT * FROM t"),
               "a int64, b float64, c utf8, d binary, e int16, g timestamp[us, UTC], "
               "h decimal128(10, 2), i utf8, j float64, k bool, l float64, m utf8");
    CHECK_TEXT(rows(&f, "SELECT * FROM t"), "");
    run(&f, "INSERT INTO t(a) VALUES(NULL), (NULL)");
    CHECK_TEXT(types(&f, "SELECT a, j, k, m, a + 1 AS x, max(c) AS y FROM t"),
               "a int64, j float64, k bool, m utf8, x utf8, y utf8");
    CHECK_TEXT(rows(&f, "SELECT a, m FROM t"), "NULL|NULL\nNULL|NULL\n");
    close_all(&f);
}

static void expressions_take_the_type_of_their_first_rows(void)
{
    static struct fixture f;

    open_memory(&f);
    CHECK_TEXT(types(&f, "SELECT 1 AS a, 1.5 AS b, 'x' AS c, x'00' AS d, NULL AS e"),
               "a int64, b float64, c utf8, d binary, e utf8");
    CHECK_TEXT(
        types(&f, "SELECT * FROM (VALUES(1, 1, 'a', 1), (2.5, 'x', x'00', x'01'))"),
        "column1 float64, column2 utf8, column3 binary, column4 binary");
    CHECK_TEXT(rows(&f, "SELECT * FROM (VALUES(1, 1, 'a', 1), (2.5, 'x', x'00', x'01'))"),
               "1.0|\"1\"|\"YQ==\"|\"MQ==\"\n2.5|\"x\"|\"AA==\"|\"AQ==\"\n");
    CHECK_TEXT(rows(&f, "SELECT * FROM (VALUES(9007199254740993), (2.5))"),
               "\"9007199254740993\"\n\"2.5\"\n");
    run(&f, "CREATE TABLE t(k BOOLEAN, n BOOL); INSERT INTO t VALUES(0, 1), (1, 2)");
    CHECK_TEXT(types(&f, "SELECT k, n FROM t"), "k bool, n int64");
    CHECK_TEXT(rows(&f, "SELECT k, n FROM t"), "false|1\ntrue|2\n");
    close_all(&f);
}

static void modes_decide_where_types_come_from(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f,
        "CREATE TABLE t(a INTEGER INT8, b REAL, c TEXT DATE32, d VARCHAR(3), e NUMERIC, "
        "g BLOB UUID); INSERT INTO t VALUES(1, 2, '2020-01-02', 'x', 7, x'00')");
    f.config.types = STOA__TYPES_AFFINITY;
    CHECK_TEXT(types(&f, "SELECT * FROM t"),
               "a int64, b float64, c utf8, d utf8, e int64, g binary");
    f.config.types = STOA__TYPES_INFER;
    CHECK_TEXT(types(&f, "SELECT * FROM t"),
               "a int64, b float64, c utf8, d utf8, e int64, g binary");
    CHECK_TEXT(types(&f, "SELECT * FROM t WHERE 0"),
               "a int64, b float64, c utf8, d utf8, e float64, g binary");
    f.config.types = STOA__TYPES_EXACT;
    run(&f, "DELETE FROM t; INSERT INTO t(a, b, d) VALUES(1, 1, 'x'), (300, 2, x'00')");
    CHECK_TEXT(types(&f, "SELECT a, b, d FROM t"), "a int64, b float64, d binary");
    CHECK_TEXT(rows(&f, "SELECT a, b, d FROM t"), "1|1.0|\"eA==\"\n300|2.0|\"AA==\"\n");
    CHECK_TEXT(types(&f, "SELECT a FROM t WHERE a < 2"), "a int8");
    CHECK_TEXT(rows(&f, "SELECT a FROM t WHERE a > 1000"), "");
    close_all(&f);
}

static void nullable_is_off_only_where_nothing_can_make_a_null(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, n TEXT NOT NULL, x REAL);"
            "CREATE TABLE u(a INTEGER, b INTEGER, PRIMARY KEY(a, b));"
            "CREATE VIEW v AS SELECT t.n FROM u LEFT JOIN t ON t.id = u.a;"
            "INSERT INTO u VALUES(1, 1), (NULL, 2)");
    CHECK_TEXT(types(&f, "SELECT id, n, x FROM t"), "id int64!, n utf8!, x float64");
    CHECK_TEXT(types(&f, "SELECT a.id FROM \"t\" AS a WHERE n > 'x' ORDER BY 1 LIMIT 3"),
               "id int64!");
    CHECK_TEXT(types(&f, "SELECT n FROM u LEFT JOIN t ON t.id = u.a"), "n utf8");
    CHECK_TEXT(rows(&f, "SELECT n FROM v"), "NULL\nNULL\n");
    CHECK_TEXT(types(&f, "SELECT n FROM v"), "n utf8");
    CHECK_TEXT(rows(&f, "SELECT n, count(*) FROM t"), "NULL|0\n");
    CHECK_TEXT(rows(&f, "SELECT (SELECT n FROM t WHERE 0) AS n"), "NULL\n");
    CHECK_TEXT(types(&f, "SELECT a, b FROM u"), "a int64, b int64");
    f.config.type_mismatch = STOA__MISMATCH_NULL;
    CHECK_TEXT(types(&f, "SELECT id, n FROM t"), "id int64!, n utf8");
    close_all(&f);
}

static void fields_carry_their_declared_type(void)
{
    static struct fixture f;
    const struct stoa__arrow_type *type;
    int32_t size = 0;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a VARCHAR(7), b)");
    struct sqlite_cursor *cursor = query(&f, "SELECT a, b, 1 FROM t");

    CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f.err), STOA_OK);
    const char *declared =
        stoa__arrow_metadata_find(type->children[0].metadata, "SQLITE:type", &size);

    CHECK(declared && size == 10 && memcmp(declared, "VARCHAR(7)", 10) == 0);
    CHECK(!stoa__arrow_metadata_find(type->children[2].metadata, "SQLITE:type", &size));
    CHECK_INT(sqlite_cursor_note(cursor, "stoa:index", "a", &f.err), STOA_OK);
    CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f.err), STOA_OK);
    CHECK(stoa__arrow_metadata_find(type->metadata, "stoa:index", &size) && size == 1);
    sqlite_cursor_close(cursor);
    close_all(&f);
}

/* ---- late changes ---- */

enum { LATE_ROWS = 200000 };

static void make_late(struct fixture *f)
{
    open_memory(f);
    run(f,
        "CREATE TABLE t(i INTEGER, n);"
        "WITH RECURSIVE c(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM c WHERE k < 199999)"
        " INSERT INTO t SELECT k, k FROM c;"
        "INSERT INTO t VALUES('odd', 2.0), (7, 2.5)");
}

/* Read to the end or a failure; answers the rows. */
static int64_t count_rows(struct fixture *f, const char *sql, stoa_status *end,
                          struct stoa__cursor_info *info)
{
    struct sqlite_cursor *cursor = query(f, sql);
    struct ArrowArray batch;
    int64_t count = 0;

    while ((*end = sqlite_cursor_next(cursor, NULL, &batch, &f->err)) == STOA_OK) {
        count += batch.length;
        batch.release(&batch);
    }
    sqlite_cursor_info(cursor, info);
    if (*end < 0) { /* Told again. */
        stoa_error again;

        CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &again), *end);
        CHECK_TEXT(again.text, f->err.text);
        CHECK_INT(f->session->running, 0);
    }
    sqlite_cursor_close(cursor);
    return count;
}

static void a_late_change_is_an_error_that_names_its_place(void)
{
    static struct fixture f;
    struct stoa__cursor_info info;
    stoa_status end;

    make_late(&f);
    CHECK_INT(count_rows(&f, "SELECT i FROM t", &end, &info), 3 * 65536);
    CHECK_INT(end, STOA_ERR_TYPE);
    CHECK_TEXT(f.err.text,
               "column 'i', row 200000: the text 'odd' is no int64; "
               "type_mismatch=null, text or union, or types=exact, would let it pass");
    CHECK_INT(count_rows(&f, "SELECT n FROM t", &end, &info), 3 * 65536);
    CHECK_HAS(f.err.text, "column 'n', row 200001: the real 2.5 is no int64");
    close_all(&f);
}

static void a_late_change_passes_under_every_other_policy(void)
{
    static struct fixture f;
    struct stoa__cursor_info info;
    stoa_status end;

    make_late(&f);
    f.config.type_mismatch = STOA__MISMATCH_NULL;
    CHECK_INT(count_rows(&f, "SELECT i, n FROM t", &end, &info), LATE_ROWS + 1);
    CHECK_INT(end, STOA_DONE);
    CHECK_INT(info.values_coerced, 2);
    CHECK_TEXT(rows(&f, "SELECT i, n FROM t WHERE rowid > 199998"),
               "199999|199999.0\nNULL|2.0\n7|2.5\n");
    f.config.type_mismatch = STOA__MISMATCH_TEXT;
    CHECK_INT(count_rows(&f, "SELECT i, n FROM t", &end, &info), LATE_ROWS + 1);
    CHECK_INT(info.values_coerced, 0);
    CHECK_TEXT(rows(&f, "SELECT i, n FROM t WHERE rowid > 199998"),
               "\"199999\"|\"199999\"\n\"odd\"|\"2.0\"\n\"7\"|\"2.5\"\n");
    f.config.type_mismatch = STOA__MISMATCH_UNION;
    CHECK_INT(count_rows(&f, "SELECT i, n FROM t", &end, &info), LATE_ROWS + 1);
    CHECK_TEXT(rows(&f, "SELECT i FROM t WHERE rowid > 199998"),
               "{\"t\":0,\"v\":199999}\n{\"t\":2,\"v\":\"odd\"}\n{\"t\":0,\"v\":7}\n");
    f.config.type_mismatch = STOA__MISMATCH_ERROR;
    f.config.types = STOA__TYPES_EXACT;
    CHECK_TEXT(types(&f, "SELECT i, n FROM t"), "i utf8, n float64");
    CHECK_INT(count_rows(&f, "SELECT i, n FROM t", &end, &info), LATE_ROWS + 1);
    CHECK_INT(end, STOA_DONE);
    close_all(&f);
}

static void conversions_that_lose_nothing_are_silent(void)
{
    static struct fixture f;

    open_memory(&f);
    f.config.batch_rows = 1; /* The first row decides. */
    CHECK_TEXT(rows(&f, "VALUES(1), (3.0), ('4'), (-0.0)"), "1\n3\n4\n0\n");
    CHECK_TEXT(rows(&f, "VALUES(1.5), (3), ('4'), ('0.1'), ('1e300')"),
               "1.5\n3.0\n4.0\n0.1\n1e300\n");
    CHECK_TEXT(rows(&f, "VALUES('x'), (3), (0.1), (1e300)"),
               "\"x\"\n\"3\"\n\"0.1\"\n\"1e300\"\n");
    CHECK_INT(failure(&f, "VALUES(1), ('00123')"), STOA_ERR_TYPE);
    CHECK_INT(failure(&f, "VALUES(1), ('1.0')"), STOA_ERR_TYPE);
    CHECK_INT(failure(&f, "VALUES(1), (1e19)"), STOA_ERR_TYPE);
    CHECK_INT(failure(&f, "VALUES(1.5), ('1.10')"), STOA_ERR_TYPE);
    CHECK_INT(failure(&f, "VALUES(1.5), (9007199254740993)"), STOA_ERR_TYPE);
    CHECK_INT(failure(&f, "VALUES(1.5), ('nan')"), STOA_ERR_TYPE);
    CHECK_INT(failure(&f, "VALUES('x'), (x'78')"), STOA_ERR_TYPE);
    close_all(&f);
}

static void strict_columns_keep_their_types_under_text_and_union(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f,
        "CREATE TABLE s(id INTEGER PRIMARY KEY, r REAL, t TEXT, b BLOB, a ANY) STRICT;"
        "CREATE TABLE t(id INTEGER PRIMARY KEY, i INTEGER, x);"
        "CREATE TABLE w(id INTEGER, j INTEGER, PRIMARY KEY(id, j))");
    f.config.type_mismatch = STOA__MISMATCH_TEXT;
    CHECK_TEXT(types(&f, "SELECT * FROM s"),
               "id int64!, r float64, t utf8, b binary, a utf8");
    CHECK_TEXT(types(&f, "SELECT * FROM t"), "id int64!, i utf8, x utf8");
    CHECK_TEXT(types(&f, "SELECT * FROM w"), "id utf8, j utf8");
    f.config.type_mismatch = STOA__MISMATCH_UNION;
    CHECK_HAS(types(&f, "SELECT id, r, b, a FROM s"),
              "id int64!, r float64, b binary, a dense");
    close_all(&f);
}

TEST_MAIN({"declared types are kept without rows", declared_types_are_kept_without_rows},
          {"expressions take the type of their first rows",
           expressions_take_the_type_of_their_first_rows},
          {"modes decide where types come from", modes_decide_where_types_come_from},
          {"nullable is off only where nothing can make a NULL",
           nullable_is_off_only_where_nothing_can_make_a_null},
          {"fields carry their declared type", fields_carry_their_declared_type},
          {"a late change is an error that names its place",
           a_late_change_is_an_error_that_names_its_place},
          {"a late change passes under every other policy",
           a_late_change_passes_under_every_other_policy},
          {"conversions that lose nothing are silent",
           conversions_that_lose_nothing_are_silent},
          {"strict columns keep their types under text and union",
           strict_columns_keep_their_types_under_text_and_union})
