/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

#include <math.h>

/* ---- types ---- */

static void declared_types_are_kept_without_rows(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER, b REAL, c TEXT, d BLOB, e INTEGER INT16, "
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
    CHECK_TEXT(types(&f, "SELECT * FROM (VALUES(1, 1, 'a', 1), (2.5, 'x', x'00', x'01'))"),
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
    run(&f, "CREATE TABLE t(a INTEGER INT8, b REAL, c TEXT DATE32, d VARCHAR(3), e NUMERIC, "
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
    const char *declared = stoa__arrow_metadata_find(type->children[0].metadata, "SQLITE:type",
                                                     &size);

    CHECK(declared && size == 10 && memcmp(declared, "VARCHAR(7)", 10) == 0);
    CHECK(!stoa__arrow_metadata_find(type->children[2].metadata, "SQLITE:type", &size));
    CHECK_INT(sqlite_cursor_note(cursor, "stoa:index", "a", &f.err), STOA_OK);
    CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f.err), STOA_OK);
    CHECK(stoa__arrow_metadata_find(type->metadata, "stoa:index", &size) && size == 1);
    sqlite_cursor_close(cursor);
    close_all(&f);
}

/* ---- values ---- */

static void values_at_the_edges_come_through(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(i INTEGER, r REAL, b BLOB, s TEXT);"
            "INSERT INTO t VALUES(9223372036854775807, 9e999, x'', ''),"
            "(-9223372036854775807 - 1, -9e999, NULL, NULL),"
            "(9007199254740993, 5e-324, zeroblob(3), 'a' || char(0) || 'b'),"
            "(0, 1.7976931348623157e308, 'text', char(127, 128, 65535, 1114111))");
    CHECK_TEXT(rows(&f, "SELECT i, r, b FROM t"),
               "9223372036854775807|\"Infinity\"|\"\"\n"
               "-9223372036854775808|\"-Infinity\"|NULL\n"
               "9007199254740993|5e-324|\"AAAA\"\n"
               "0|1.7976931348623157e308|\"dGV4dA==\"\n");
    CHECK_TEXT(rows(&f, "SELECT length(CAST(s AS BLOB)) FROM t"), "0\nNULL\n3\n10\n");
    CHECK_TEXT(rows(&f, "SELECT s FROM t LIMIT 3"), "\"\"\nNULL\n\"a\\u0000b\"\n");
    run(&f, "CREATE TABLE z(r); INSERT INTO z VALUES(-0.0)");
    CHECK_TEXT(rows(&f, "SELECT r FROM z"), "-0.0\n");
    close_all(&f);
}

static void texts_of_every_size_are_checked_and_copied(void)
{
    static struct fixture f;
    static char wanted[4096];
    char *at = wanted;

    open_memory(&f);
    run(&f, "CREATE TABLE t(n INTEGER, s TEXT)");
    for (int i = 0; i < 40; i++) {
        char sql[256];

        snprintf(sql, sizeof sql,
                 "INSERT INTO t VALUES(%d, substr('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN', 1, %d)"
                 " || CASE WHEN %d %% 3 = 0 THEN char(233) ELSE '' END)",
                 i, i, i);
        run(&f, sql);
        at += snprintf(at, 128, "\"%.*s%s\"\n", i, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN",
                       i % 3 == 0 ? "\xc3\xa9" : "");
    }
    CHECK_TEXT(rows(&f, "SELECT s FROM t ORDER BY n"), wanted);
    f.config.batch_rows = 7;
    CHECK_TEXT(rows(&f, "SELECT s FROM t ORDER BY n"), wanted);
    close_all(&f);
}

static void text_that_is_not_utf8_follows_the_policy(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(s TEXT); INSERT INTO t VALUES('ok'), (CAST(x'61ff62' AS TEXT))");
    CHECK_INT(failure(&f, "SELECT s FROM t"), STOA_ERR_TYPE);
    CHECK_HAS(f.err.text, "column 's', row 2: text that is not UTF-8 is no utf8");
    f.config.type_mismatch = STOA__MISMATCH_NULL;
    CHECK_TEXT(rows(&f, "SELECT s FROM t"), "\"ok\"\nNULL\n");
    f.config.type_mismatch = STOA__MISMATCH_TEXT;
    CHECK_TEXT(rows(&f, "SELECT s FROM t"), "\"ok\"\n\"61ff62\"\n");
    f.config.type_mismatch = STOA__MISMATCH_UNION;
    CHECK_TEXT(rows(&f, "SELECT s FROM t"),
               "{\"t\":2,\"v\":\"ok\"}\n{\"t\":3,\"v\":\"Yf9i\"}\n");
    f.config.type_mismatch = STOA__MISMATCH_ERROR;
    f.config.types = STOA__TYPES_EXACT;
    CHECK_TEXT(rows(&f, "SELECT s FROM t"), "\"b2s=\"\n\"Yf9i\"\n");
    f.config.types = STOA__TYPES_INFER;
    CHECK_TEXT(rows(&f, "SELECT s || '' AS s FROM t"), "\"b2s=\"\n\"Yf9i\"\n");
    close_all(&f);
}

static void a_utf16_database_reads_as_utf8(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "PRAGMA encoding = 'UTF-16le'");
    run(&f, "CREATE TABLE t(s TEXT, b BLOB); INSERT INTO t VALUES('', x'6100'), ('abc', x'6162'),"
            " (char(233, 233), NULL), (char(8364, 128512), x'')");
    f.config.batch_rows = 2;
    CHECK_TEXT(rows(&f, "SELECT s, b FROM t"),
               "\"\"|\"YQA=\"\n\"abc\"|\"YWI=\"\n\"\xc3\xa9\xc3\xa9\"|NULL\n"
               "\"\xe2\x82\xac\xf0\x9f\x98\x80\"|\"\"\n");
    CHECK_TEXT(rows(&f, "SELECT s || 'x' FROM t LIMIT 2 OFFSET 1"),
               "\"abcx\"\n\"\xc3\xa9\xc3\xa9x\"\n");
    close_all(&f);
}

static void every_stored_form_is_read_back(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a TEXT U64, b TEXT DECIMAL(10,2), c INTEGER DECIMAL(10,2),"
            " d TEXT DATE32, e TEXT DATE64, g TEXT TIME_MS, h TEXT TIMESTAMP_MS,"
            " i TEXT TIMESTAMPTZ_S, j BLOB DAYS_MS, k BLOB MONTHS_DAYS_NANOS, l INTEGER MONTHS,"
            " m TEXT DECIMAL256(76,3), n ANY NULLS, o TEXT JSON, p BLOB UUID, q REAL FLOAT16);"
            "INSERT INTO t VALUES('18446744073709551615', '-12.50', -1250, '2020-02-29',"
            " '1969-12-31', '23:59:59.123', '2020-01-02T03:04:05.678', '2020-01-02T03:04:05Z',"
            " x'800000017fffffff', x'8000000d80000002800000000000000a', 14,"
            " '1234567890123456789012345678901234567890.125', NULL, '{\"a\":1}',"
            " x'00112233445566778899aabbccddeeff', 0.5)");
    CHECK_TEXT(types(&f, "SELECT * FROM t"),
               "a uint64, b decimal128(10, 2), c decimal128(10, 2), d date32, e date64, "
               "g time32[ms], h timestamp[ms], i timestamp[s, UTC], j interval[days, ms], "
               "k interval[months, days, ns], l interval[months], m decimal256(76, 3), n null, "
               "o utf8, p fixed_binary(16), q float16");
    CHECK_TEXT(rows(&f, "SELECT a, b, c, d, e, g, h, i FROM t"),
               "18446744073709551615|\"-12.50\"|\"-12.50\"|\"2020-02-29\"|\"1969-12-31\"|"
               "\"23:59:59.123\"|\"2020-01-02T03:04:05.678\"|\"2020-01-02T03:04:05Z\"\n");
    CHECK_TEXT(rows(&f, "SELECT j, k, l, m, n FROM t"),
               "\"P1DT-0.001S\"|\"P1Y1M2DT0.00000001S\"|14|"
               "\"1234567890123456789012345678901234567890.125\"|NULL\n");
    CHECK_TEXT(rows(&f, "SELECT o, p, q FROM t"),
               "\"{\\\"a\\\":1}\"|\"ABEiM0RVZneImaq7zN3u/w==\"|0.5\n");
    close_all(&f);
}

static void stored_texts_that_are_no_values_are_told(void)
{
    static const struct {
        const char *declared, *value, *why;
    } list[] = {
        {"TEXT U64", "'18446744073709551616'", "the text '18446744073709551616' is no uint64"},
        {"TEXT DECIMAL(4,2)", "'123.45'", "the text '123.45' is no decimal128(4, 2)"},
        {"TEXT DATE32", "'2020-02-30'", "2020-02-30"},
        {"TEXT TIME_S", "'25:00:00'", "25:00:00"},
        {"TEXT TIMESTAMP_S", "'2020-01-02T03:04:05Z'", "the column has no time zone"},
        {"TEXT TIMESTAMP_S", "'2020-01-02T03:04:05.5'", "2020-01-02T03:04:05.5"},
        {"BLOB DAYS_MS", "x'00'", "a blob of 1 bytes is no interval"},
        {"BLOB FIXED(3)", "x'00'", "a blob of 1 bytes is no fixed_binary(3)"},
        {"INTEGER INT8", "128", "the integer 128 is no int8"},
        {"INTEGER UINT8", "-1", "the integer -1 is no uint8"},
        {"INTEGER UINT64", "-1", "the integer -1 is no uint64"},
        {"INTEGER BOOL", "2", "the integer 2 is no bool"},
        {"REAL FLOAT32", "0.1", "the real 0.1 is no float32"},
        {"REAL FLOAT16", "70000", "the real 70000.0 is no float16"},
        {"INTEGER", "'abc'", "the text 'abc' is no int64"},
        {"INTEGER", "2.5", "the real 2.5 is no int64"},
        {"REAL", "'abc'", "the text 'abc' is no float64"},
        {"TEXT", "x'00'", "a blob of 1 bytes is no utf8"},
        {"ANY NULLS", "1", "the integer 1 is no null"},
    };
    static struct fixture f;

    open_memory(&f);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        char sql[512];

        snprintf(sql, sizeof sql,
                 "DROP TABLE IF EXISTS t; CREATE TABLE t(c %s); INSERT INTO t VALUES(NULL), (%s)",
                 list[i].declared, list[i].value);
        run(&f, sql);
        f.config.type_mismatch = STOA__MISMATCH_ERROR;
        CHECK_INT(failure(&f, "SELECT c FROM t"), STOA_ERR_TYPE);
        CHECK_HAS(f.err.text, "column 'c', row 2");
        CHECK_HAS(f.err.text, list[i].why);
        CHECK_HAS(f.err.text, "type_mismatch=null, text or union, or types=exact");
        f.config.type_mismatch = STOA__MISMATCH_NULL;
        CHECK_TEXT(rows(&f, "SELECT c FROM t"), "NULL\nNULL\n");
        f.config.type_mismatch = STOA__MISMATCH_TEXT;
        (void)rows(&f, "SELECT c FROM t");
        f.config.type_mismatch = STOA__MISMATCH_UNION;
        (void)rows(&f, "SELECT c FROM t");
    }
    close_all(&f);
}

/* ---- late changes ---- */

enum { LATE_ROWS = 200000 };

static void make_late(struct fixture *f)
{
    open_memory(f);
    run(f, "CREATE TABLE t(i INTEGER, n);"
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
    CHECK_TEXT(f.err.text, "column 'i', row 200000: the text 'odd' is no int64; "
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
    run(&f, "CREATE TABLE s(id INTEGER PRIMARY KEY, r REAL, t TEXT, b BLOB, a ANY) STRICT;"
            "CREATE TABLE t(id INTEGER PRIMARY KEY, i INTEGER, x);"
            "CREATE TABLE w(id INTEGER, j INTEGER, PRIMARY KEY(id, j))");
    f.config.type_mismatch = STOA__MISMATCH_TEXT;
    CHECK_TEXT(types(&f, "SELECT * FROM s"), "id int64!, r float64, t utf8, b binary, a utf8");
    CHECK_TEXT(types(&f, "SELECT * FROM t"), "id int64!, i utf8, x utf8");
    CHECK_TEXT(types(&f, "SELECT * FROM w"), "id utf8, j utf8");
    f.config.type_mismatch = STOA__MISMATCH_UNION;
    CHECK_HAS(types(&f, "SELECT id, r, b, a FROM s"), "id int64!, r float64, b binary, a dense");
    close_all(&f);
}

/* ---- statements of all kinds ---- */

static void pragma_explain_and_returning_are_results(void)
{
    static struct fixture f;
    struct stoa__cursor_info info;

    open_memory(&f);
    run(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT)");
    CHECK_TEXT(rows(&f, "PRAGMA user_version"), "0\n");
    CHECK_HAS(rows(&f, "EXPLAIN SELECT * FROM t"), "Halt");
    CHECK_HAS(rows(&f, "EXPLAIN QUERY PLAN DELETE FROM t WHERE s > 1"),
              "SCAN t");
    CHECK(!f.session->holds_gate);
    struct sqlite_cursor *cursor =
        query(&f, "INSERT INTO t(s) VALUES('a'), ('b') RETURNING id, s, id * 1.5 AS x");

    sqlite_cursor_info(cursor, &info);
    CHECK_INT(info.rows_affected, 2);
    CHECK_INT(info.last_insert_id, 2);
    CHECK(!f.session->holds_gate); /* It is written, and others may go on. */
    CHECK_INT(f.session->running, 0);
    CHECK_TEXT(drain(&f, cursor), "1|\"a\"|1.5\n2|\"b\"|3.0\n");
    cursor = query(&f, "DELETE FROM t RETURNING s");
    sqlite_cursor_close(cursor); /* Unread: it happened all the same. */
    CHECK_TEXT(rows(&f, "SELECT count(*) FROM t"), "0\n");
    close_all(&f);
}

static void statements_without_columns_answer_an_empty_result(void)
{
    static struct fixture f;
    struct stoa__cursor_info info;
    struct ArrowArray batch;

    open_memory(&f);
    struct sqlite_cursor *cursor = query(&f, "CREATE TABLE t(a)");

    CHECK_TEXT(type_text(&f, cursor->type ? cursor->type : &(struct stoa__arrow_type){0}), "");
    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_DONE);
    sqlite_cursor_info(cursor, &info);
    CHECK_INT(info.rows_affected, -1);
    sqlite_cursor_close(cursor);
    close_all(&f);
}

static void many_columns_are_read(void)
{
    static struct fixture f;
    static char sql[32768];
    const int counts[] = {130, 1100, 2000};

    open_memory(&f);
    for (size_t i = 0; i < 3; i++) {
        const struct stoa__arrow_type *type;
        struct ArrowArray batch;

        snprintf(sql, sizeof sql, "SELECT 0");
        for (int j = 1; j < counts[i]; j++)
            snprintf(sql + strlen(sql), sizeof sql - strlen(sql), ",%d", j);
        struct sqlite_cursor *cursor = query(&f, sql);

        CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f.err), STOA_OK);
        CHECK_INT(type->child_count, counts[i]);
        CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_OK);
        CHECK_INT(batch.n_children, counts[i]);
        CHECK_INT(((const int64_t *)batch.children[counts[i] - 1]->buffers[1])[0], counts[i] - 1);
        batch.release(&batch);
        sqlite_cursor_close(cursor);
    }
    close_all(&f);
}

static void two_cursors_are_read_in_turn(void)
{
    static struct fixture f;
    struct ArrowArray batch;

    open_memory(&f);
    f.config.batch_rows = 2;
    run(&f, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1), (2), (3), (4), (5)");
    struct sqlite_cursor *up = query(&f, "SELECT a FROM t ORDER BY a");
    struct sqlite_cursor *down = query(&f, "SELECT a FROM t ORDER BY a DESC");

    CHECK_INT(f.session->running, 2);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(sqlite_cursor_next(up, NULL, &batch, &f.err), STOA_OK);
        CHECK_INT(((const int64_t *)batch.children[0]->buffers[1])[0], 1 + 2 * i);
        batch.release(&batch);
        CHECK_INT(sqlite_cursor_next(down, NULL, &batch, &f.err), STOA_OK);
        CHECK_INT(((const int64_t *)batch.children[0]->buffers[1])[0], 5 - 2 * i);
        batch.release(&batch);
    }
    CHECK_INT(f.session->running, 0); /* Both have seen their end. */
    CHECK_INT(sqlite_cursor_next(up, NULL, &batch, &f.err), STOA_DONE);
    sqlite_cursor_close(up);
    sqlite_cursor_close(down);
    close_all(&f);
}

/* What a result shows is fixed by execute, and batches outlive everything. */
static void a_result_keeps_what_it_saw(void)
{
    static struct fixture f;
    struct ArrowArray batch;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1), (2), (3)");
    struct sqlite_cursor *cursor = query(&f, "SELECT a FROM t ORDER BY -a");

    run(&f, "DELETE FROM t WHERE a < 3");
    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_OK);
    sqlite_cursor_close(cursor);
    close_all(&f);
    CHECK_INT(batch.length, 3);
    CHECK_INT(((const int64_t *)batch.children[0]->buffers[1])[2], 1);
    batch.release(&batch);
}

static void a_rollback_under_a_result_ends_it(void)
{
    static struct fixture f;
    struct ArrowArray batch;

    open_memory(&f);
    f.config.batch_rows = 1;
    run(&f, "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1), (2), (3)");
    run(&f, "BEGIN; CREATE TABLE u(b)");
    struct sqlite_cursor *cursor = query(&f, "SELECT a FROM t");

    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_OK);
    batch.release(&batch);
    run(&f, "ROLLBACK");
    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_ERR_CLOSED);
    CHECK_HAS(f.err.text, "rollback");
    sqlite_cursor_close(cursor);
    close_all(&f);
}

static void a_claimed_width_takes_no_memory(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a BLOB FIXED(50000000)); INSERT INTO t VALUES(x'00')");
    CHECK_INT(failure(&f, "SELECT a FROM t"), STOA_ERR_TYPE);
    CHECK_HAS(f.err.text, "a blob of 1 bytes is no fixed_binary(50000000)");
    close_all(&f);
}

static void a_stopped_call_ends_the_read_and_nothing_else(void)
{
    static struct fixture f;
    _Atomic int32_t stopped = 0;
    struct ArrowArray batch;
    stoa__call call;
    void *cursor;
    static const char sql[] = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) "
                              "SELECT i FROM c";

    open_memory(&f);
    stoa__call_resume(&call, NULL, NULL);
    call.stopped = &stopped;
    CHECK_INT(sqlite_query_owned(f.session, &call, sql, sizeof sql - 1, NULL, &f.config, &cursor,
                                 &f.err),
              STOA_OK);
    CHECK_INT(sqlite_cursor_next(cursor, &call, &batch, &f.err), STOA_OK);
    batch.release(&batch);
    stopped = 1;
    CHECK_INT(sqlite_cursor_next(cursor, &call, &batch, &f.err), STOA_ERR_CANCELLED);
    sqlite_cursor_close(cursor);
    CHECK_TEXT(rows(&f, "SELECT 1"), "1\n");
    close_all(&f);
}

/* ---- packed rows ---- */

static struct stoa__row_writer writer;

static const stoa_value *value_at(int64_t index)
{
    return (const stoa_value *)(void *)writer.values.data + index;
}

static void check_value(int64_t index, int32_t type, int64_t a, int64_t b)
{
    CHECK_INT(value_at(index)->type, type);
    CHECK_INT(value_at(index)->a, a);
    CHECK_INT(value_at(index)->b, b);
}

static void check_bytes(int64_t index, int32_t type, const char *text)
{
    const stoa_value *value = value_at(index);

    CHECK_INT(value->type, type);
    CHECK_INT(value->b, strlen(text));
    CHECK(memcmp(writer.bytes.data + value->a, text, strlen(text)) == 0);
}

static void clear(void)
{
    writer.values.size = 0;
    writer.bytes.size = 0;
    writer.row_count = 0;
}

static void release_writer(void)
{
    stoa__buffer_release(&writer.values);
    stoa__buffer_release(&writer.bytes);
}

static void rows_are_typed_as_their_columns_are(void)
{
    static struct fixture f;
    int64_t half;
    const double real = 0.5;

    open_memory(&f);
    memcpy(&half, &real, 8);
    run(&f, "CREATE TABLE t(a INTEGER, b INTEGER BOOL, c INTEGER UINT16, d REAL, e REAL FLOAT32,"
            " g TEXT, h BLOB, i INTEGER TIMESTAMP_MS, j INTEGER DATE32, k INTEGER TIME_S,"
            " l INTEGER DURATION_US, m INTEGER MONTHS, n TEXT JSON, o BLOB UUID, p INTEGER DATE64);"
            "INSERT INTO t VALUES(-5, 1, 7, 0.5, 0.5, 'txt', x'4142', 1500, 3, 60, 9, -2, '[1]',"
            " x'30313233343536373839616263646566', 172800000)");
    struct sqlite_cursor *cursor = query(&f, "SELECT *, NULL, 3, 'x' FROM t");

    clear();
    CHECK_INT(sqlite_cursor_rows(cursor, NULL, 10, &writer, &f.err), STOA_OK);
    CHECK_INT(writer.row_count, 1);
    CHECK_INT(writer.column_count, 18);
    CHECK_INT(writer.values.size, 18 * sizeof(stoa_value));
    check_value(0, STOA_TYPE_INT64, -5, 0);
    check_value(1, STOA_TYPE_BOOL, 1, 0);
    check_value(2, STOA_TYPE_UINT16, 7, 0);
    check_value(3, STOA_TYPE_FLOAT64, half, 0);
    check_value(4, STOA_TYPE_FLOAT32, half, 0);
    check_bytes(5, STOA_TYPE_TEXT, "txt");
    check_bytes(6, STOA_TYPE_BYTES, "AB");
    check_value(7, STOA_TYPE_TIMESTAMP, 1500000000, 0);
    check_value(8, STOA_TYPE_DATE, 3, 0);
    check_value(9, STOA_TYPE_TIME, INT64_C(60000000000), 0);
    check_value(10, STOA_TYPE_DURATION, 9000, 0);
    check_value(11, STOA_TYPE_INTERVAL, INT64_C(0xfffffffe), 0);
    check_bytes(12, STOA_TYPE_JSON, "[1]");
    check_bytes(13, STOA_TYPE_UUID, "0123456789abcdef");
    check_value(14, STOA_TYPE_DATE, 2, 0);
    check_value(15, STOA_TYPE_NULL, 0, 0);
    check_value(16, STOA_TYPE_INT64, 3, 0);
    check_bytes(17, STOA_TYPE_TEXT, "x");
    clear();
    CHECK_INT(sqlite_cursor_rows(cursor, NULL, 10, &writer, &f.err), STOA_DONE);
    CHECK_INT(writer.row_count, 0);
    sqlite_cursor_close(cursor);
    release_writer();
    close_all(&f);
}

static void rows_of_harder_forms_go_by_way_of_arrow(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a TEXT DECIMAL(10,2), b TEXT U64, c BLOB MONTHS_DAYS_NANOS,"
            " d BLOB DAYS_MS, e TEXT TIMESTAMP_S);"
            "INSERT INTO t VALUES('7', '18446744073709551615',"
            " x'8000000d7fffffff8000000000000005', x'8000000280000003', '1970-01-01T00:00:01'),"
            " (NULL, NULL, NULL, NULL, NULL)");
    struct sqlite_cursor *cursor = query(&f, "SELECT * FROM t");

    clear();
    CHECK_INT(sqlite_cursor_rows(cursor, NULL, 1, &writer, &f.err), STOA_OK);
    CHECK_INT(writer.row_count, 1);
    check_bytes(0, STOA_TYPE_DECIMAL, "7.00");
    check_value(1, STOA_TYPE_UINT64, -1, 0);
    check_value(2, STOA_TYPE_INTERVAL, 13 | INT64_C(-1) * (INT64_C(1) << 32), 5);
    check_value(3, STOA_TYPE_INTERVAL, INT64_C(2) << 32, 3000000);
    check_value(4, STOA_TYPE_TIMESTAMP, 1000000000, 0);
    clear();
    CHECK_INT(sqlite_cursor_rows(cursor, NULL, 5, &writer, &f.err), STOA_OK);
    CHECK_INT(writer.row_count, 1);
    check_value(0, STOA_TYPE_NULL, 0, 0);
    sqlite_cursor_close(cursor);
    release_writer();
    close_all(&f);
}

static void what_a_value_cannot_hold_is_an_error(void)
{
    static const struct {
        const char *sql, *why;
    } list[] = {
        {"CREATE TABLE t(a INTEGER TIMESTAMP_S); INSERT INTO t VALUES(NULL), (99999999999)",
         "99999999999 is out of the range of nanoseconds"},
        {"CREATE TABLE t(a INTEGER DATE64); INSERT INTO t VALUES(NULL), (1)",
         "1 ms is no whole day"},
        {"CREATE TABLE t(a INTEGER INT8); INSERT INTO t VALUES(NULL), (300)",
         "the integer 300 is no int8"},
        {"CREATE TABLE t(a BLOB FIXED(2)); INSERT INTO t VALUES(NULL), (x'00')",
         "a blob of 1 bytes is no fixed_binary(2)"},
    };
    static struct fixture f;

    open_memory(&f);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        run(&f, "DROP TABLE IF EXISTS t");
        run(&f, list[i].sql);
        struct sqlite_cursor *cursor = query(&f, "SELECT a FROM t");

        clear();
        CHECK_INT(sqlite_cursor_rows(cursor, NULL, 9, &writer, &f.err), STOA_ERR_TYPE);
        CHECK_HAS(f.err.text, "column 'a', row 2");
        CHECK_HAS(f.err.text, list[i].why);
        sqlite_cursor_close(cursor);
    }
    release_writer();
    close_all(&f);
}

static void batches_and_rows_may_be_read_in_turn(void)
{
    static struct fixture f;
    struct ArrowArray batch;

    open_memory(&f);
    f.config.batch_rows = 2;
    struct sqlite_cursor *cursor = query(&f, "VALUES(1), (2), (3), (4), (5), (6)");

    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_OK);
    batch.release(&batch);
    clear();
    CHECK_INT(sqlite_cursor_rows(cursor, NULL, 3, &writer, &f.err), STOA_OK);
    CHECK_INT(writer.row_count, 3);
    check_value(0, STOA_TYPE_INT64, 3, 0);
    check_value(2, STOA_TYPE_INT64, 5, 0);
    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_OK);
    CHECK_INT(batch.length, 1);
    CHECK_INT(((const int64_t *)batch.children[0]->buffers[1])[0], 6);
    batch.release(&batch);
    sqlite_cursor_close(cursor);
    release_writer();
    close_all(&f);
}

/* ---- requests ---- */

static struct stoa__arrow_type *request_of(stoa__arena *arena, const char *const *formats,
                                           int32_t count)
{
    struct stoa__arrow_type *root = stoa__arena_alloc_zero(arena, 1, sizeof *root);

    root->children = stoa__arena_alloc_zero(arena, (size_t)count, sizeof *root->children);
    for (int32_t i = 0; i < count; i++) {
        struct stoa__arrow_type *type;

        CHECK_INT(stoa__arrow_type_simple(formats[i], "", true, arena, &type, NULL), STOA_OK);
        root->children[i] = *type;
    }
    root->kind = STOA__ARROW_STRUCT;
    root->format = "+s";
    root->name = "";
    root->zone = "";
    root->child_count = count;
    return root;
}

static void asked_for_types_are_given(void)
{
    static const char *const formats[] = {"i", "n", "g", "U", "tsu:"};
    static struct fixture f;
    stoa__arena arena = {0};

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER, b TEXT, c INTEGER, d TEXT, e TEXT);"
            "INSERT INTO t VALUES(1, 'x', 2, 'y', '2020-01-01T00:00:00'), (NULL, 'z', 3, 'w', NULL)");
    struct sqlite_cursor *cursor = query(&f, "SELECT * FROM t");
    const struct stoa__arrow_type *type;

    CHECK_INT(sqlite_cursor_request(cursor, request_of(&arena, formats, 5), &f.err), STOA_OK);
    CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f.err), STOA_OK);
    CHECK_TEXT(type_text(&f, type), "a int32, b utf8, c float64, d large_utf8, e timestamp[us]");
    CHECK_TEXT(drain(&f, cursor),
               "1|\"x\"|2.0|\"y\"|\"2020-01-01T00:00:00.000000\"\nNULL|\"z\"|3.0|\"w\"|NULL\n");
    cursor = query(&f, "SELECT * FROM t");
    CHECK_INT(sqlite_cursor_request(cursor, request_of(&arena, formats, 5), &f.err), STOA_OK);
    clear();
    CHECK_INT(sqlite_cursor_rows(cursor, NULL, 1, &writer, &f.err), STOA_OK);
    check_value(0, STOA_TYPE_INT32, 1, 0);
    check_value(4, STOA_TYPE_TIMESTAMP, INT64_C(1577836800000000000), 0);
    release_writer();
    sqlite_cursor_close(cursor);
    stoa__arena_release(&arena);
    close_all(&f);
}

static void a_request_that_does_not_fit_is_told(void)
{
    static const char *const formats[] = {"c", "c"};
    static struct fixture f;
    stoa__arena arena = {0};
    struct ArrowArray batch;

    open_memory(&f);
    f.config.batch_rows = 2;
    struct sqlite_cursor *cursor = query(&f, "SELECT column1 AS a FROM (VALUES(1), (2), (300))");

    CHECK_INT(sqlite_cursor_request(cursor, request_of(&arena, formats, 2), &f.err),
              STOA_ERR_INVALID);
    CHECK_HAS(f.err.text, "the types asked for have 2 columns, the result has 1");
    CHECK_INT(sqlite_cursor_request(cursor, request_of(&arena, formats, 1), &f.err), STOA_OK);
    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_OK);
    batch.release(&batch);
    CHECK_INT(sqlite_cursor_request(cursor, request_of(&arena, formats, 1), &f.err),
              STOA_ERR_INVALID);
    CHECK_HAS(f.err.text, "before the first row");
    CHECK_INT(sqlite_cursor_next(cursor, NULL, &batch, &f.err), STOA_ERR_TYPE);
    CHECK_HAS(f.err.text, "column 'a', row 3");
    sqlite_cursor_close(cursor);
    stoa__arena_release(&arena);
    close_all(&f);
}

/* ---- memory ---- */

static const char SWEEP[] = "SELECT id, s, d, s || 'x', id * 1.5 FROM t";

static stoa_status read_all(struct fixture *f, bool packed)
{
    struct stoa__row_writer out = {0};
    struct ArrowArray batch = {0};
    void *cursor = NULL;
    stoa_status rc = sqlite_query_owned(f->session, NULL, SWEEP, sizeof SWEEP - 1, NULL,
                                        &f->config, &cursor, &f->err);

    if (rc != STOA_OK) {
        CHECK(!cursor);
        return rc;
    }
    while (rc == STOA_OK) {
        rc = packed ? sqlite_cursor_rows(cursor, NULL, 3, &out, &f->err)
                    : sqlite_cursor_next(cursor, NULL, &batch, &f->err);
        if (rc == STOA_OK && !packed)
            batch.release(&batch);
        else
            CHECK(!batch.release);
        out.values.size = out.bytes.size = 0;
        out.row_count = 0;
    }
    stoa__buffer_release(&out.values);
    stoa__buffer_release(&out.bytes);
    sqlite_cursor_close(cursor);
    return rc;
}

static void sweep(bool packed, int32_t types_mode)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(id INTEGER PRIMARY KEY, s TEXT, d TEXT DECIMAL(9,2));"
            "INSERT INTO t(s, d) VALUES('a', '1.5'), (NULL, NULL), ('ccc', '2'), ('d', '0')");
    f.config.batch_rows = 3;
    f.config.types = types_mode;
    for (int nth = 0;; nth++) {
        sqlite_statement_cache_clear(f.session);
        sqlite_type_cache_clear(f.session);
        stoa__mem_fail_nth = nth;
        const stoa_status rc = read_all(&f, packed);

        stoa__mem_fail_nth = -1;
        CHECK_INT(f.session->running, 0);
        if (rc == STOA_DONE) {
            CHECK(nth > 10);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
    }
    close_all(&f);
}

static void batches_survive_every_allocation_failure(void)
{
    sweep(false, STOA__TYPES_DECLARED);
    sweep(false, STOA__TYPES_EXACT);
}

static void rows_survive_every_allocation_failure(void)
{
    sweep(true, STOA__TYPES_DECLARED);
    sweep(true, STOA__TYPES_AFFINITY);
}

TEST_MAIN(
    {"declared types are kept without rows", declared_types_are_kept_without_rows},
    {"expressions take the type of their first rows", expressions_take_the_type_of_their_first_rows},
    {"modes decide where types come from", modes_decide_where_types_come_from},
    {"nullable is off only where nothing can make a NULL",
     nullable_is_off_only_where_nothing_can_make_a_null},
    {"fields carry their declared type", fields_carry_their_declared_type},
    {"values at the edges come through", values_at_the_edges_come_through},
    {"texts of every size are checked and copied", texts_of_every_size_are_checked_and_copied},
    {"text that is not UTF-8 follows the policy", text_that_is_not_utf8_follows_the_policy},
    {"a UTF-16 database reads as UTF-8", a_utf16_database_reads_as_utf8},
    {"every stored form is read back", every_stored_form_is_read_back},
    {"stored texts that are no values are told", stored_texts_that_are_no_values_are_told},
    {"a late change is an error that names its place",
     a_late_change_is_an_error_that_names_its_place},
    {"a late change passes under every other policy", a_late_change_passes_under_every_other_policy},
    {"conversions that lose nothing are silent", conversions_that_lose_nothing_are_silent},
    {"strict columns keep their types under text and union",
     strict_columns_keep_their_types_under_text_and_union},
    {"PRAGMA, EXPLAIN and RETURNING are results", pragma_explain_and_returning_are_results},
    {"statements without columns answer an empty result",
     statements_without_columns_answer_an_empty_result},
    {"many columns are read", many_columns_are_read},
    {"two cursors are read in turn", two_cursors_are_read_in_turn},
    {"a result keeps what it saw", a_result_keeps_what_it_saw},
    {"a rollback under a result ends it", a_rollback_under_a_result_ends_it},
    {"a claimed width takes no memory", a_claimed_width_takes_no_memory},
    {"a stopped call ends the read and nothing else", a_stopped_call_ends_the_read_and_nothing_else},
    {"rows are typed as their columns are", rows_are_typed_as_their_columns_are},
    {"rows of harder forms go by way of Arrow", rows_of_harder_forms_go_by_way_of_arrow},
    {"what a value cannot hold is an error", what_a_value_cannot_hold_is_an_error},
    {"batches and rows may be read in turn", batches_and_rows_may_be_read_in_turn},
    {"asked-for types are given", asked_for_types_are_given},
    {"a request that does not fit is told", a_request_that_does_not_fit_is_told},
    {"batches survive every allocation failure", batches_survive_every_allocation_failure},
    {"rows survive every allocation failure", rows_survive_every_allocation_failure})
