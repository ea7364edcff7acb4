/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

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
                 "INSERT INTO t VALUES(%d, "
                 "substr('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN', 1, %d)"
                 " || CASE WHEN %d %% 3 = 0 THEN char(233) ELSE '' END)",
                 i, i, i);
        run(&f, sql);
        at += snprintf(at, 128, "\"%.*s%s\"\n", i,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN",
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
    run(&f,
        "CREATE TABLE t(s TEXT); INSERT INTO t VALUES('ok'), (CAST(x'61ff62' AS TEXT))");
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
    run(&f, "CREATE TABLE t(s TEXT, b BLOB); INSERT INTO t VALUES('', x'6100'), ('abc', "
            "x'6162'),"
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
            " i TEXT TIMESTAMPTZ_S, j BLOB DAYS_MS, k BLOB MONTHS_DAYS_NANOS, l INTEGER "
            "MONTHS,"
            " m TEXT DECIMAL256(76,3), n ANY NULLS, o TEXT JSON, p BLOB UUID, q REAL "
            "FLOAT16);"
            "INSERT INTO t VALUES('18446744073709551615', '-12.50', -1250, '2020-02-29',"
            " '1969-12-31', '23:59:59.123', '2020-01-02T03:04:05.678', "
            "'2020-01-02T03:04:05Z',"
            " x'800000017fffffff', x'8000000d80000002800000000000000a', 14,"
            " '1234567890123456789012345678901234567890.125', NULL, '{\"a\":1}',"
            " x'00112233445566778899aabbccddeeff', 0.5)");
    CHECK_TEXT(
        types(&f, "SELECT * FROM t"),
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
        {"TEXT U64", "'18446744073709551616'",
         "the text '18446744073709551616' is no uint64"},
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
                 "DROP TABLE IF EXISTS t; CREATE TABLE t(c %s); INSERT INTO t "
                 "VALUES(NULL), (%s)",
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

/* One row of `batch` against what SQLite itself says. */
static void check_row(const struct ArrowArray *batch, int64_t row, sqlite3_stmt *stmt)
{
    for (int i = 0; i < 5; i++) {
        const struct ArrowArray *column = batch->children[i];
        const uint8_t *validity = column->buffers[0];
        const bool null = validity && !(validity[row / 8] >> (row % 8) & 1);
        const int32_t *offsets = column->buffers[1];

        CHECK_INT(null, sqlite3_column_type(stmt, i) == SQLITE_NULL);
        if (null)
            continue;
        if (i == 0)
            CHECK_INT(((const int64_t *)column->buffers[1])[row],
                      sqlite3_column_int64(stmt, i));
        else if (i == 1)
            CHECK(((const double *)column->buffers[1])[row] ==
                  sqlite3_column_double(stmt, i));
        else if (i == 4)
            CHECK_INT(((const int32_t *)column->buffers[1])[row],
                      sqlite3_column_int(stmt, i));
        else {
            CHECK_INT(offsets[row + 1] - offsets[row], sqlite3_column_bytes(stmt, i));
            if (offsets[row + 1] > offsets[row])
                CHECK(memcmp((const char *)column->buffers[2] + offsets[row],
                             sqlite3_column_blob(stmt, i),
                             (size_t)(offsets[row + 1] - offsets[row])) == 0);
        }
    }
}

static void every_value_is_the_one_sqlite_has(void)
{
    static const int64_t sizes[] = {1, 7, 1000, 1024, 1025, 5000, 65536};
    static const char sql[] = "SELECT i, r, s, b, d FROM t";
    static struct fixture f;

    open_memory(&f);
    run(&f,
        "CREATE TABLE t(i INTEGER, r REAL, s TEXT, b BLOB, d INTEGER DATE32);"
        "WITH RECURSIVE c(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM c WHERE k < 5000)"
        " INSERT INTO t SELECT iif(k % 7 = 3, NULL, k * 1000003), iif(k % 11 = 5, NULL, "
        "k / 3.0),"
        " iif(k % 5 = 1, NULL, substr('\xc3\xa9t\xc3\xa9 abcdefghijklmnopqrstuvwxyz', 1, "
        "k % 25)),"
        " iif(k > 2000 AND k % 3 = 0, NULL, zeroblob(k % 40)), iif(k % 2, NULL, k) FROM "
        "c");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct sqlite_cursor *cursor;
        struct ArrowArray batch;
        sqlite3_stmt *stmt;
        int64_t count = 0;

        f.config.batch_rows = sizes[i];
        cursor = query(&f, sql);
        CHECK_INT(sqlite3_prepare_v2(f.session->db, sql, -1, &stmt, NULL), SQLITE_OK);
        while (sqlite_cursor_next(cursor, NULL, &batch, &f.err) == STOA_OK) {
            for (int64_t row = 0; row < batch.length; row++, count++) {
                CHECK_INT(sqlite3_step(stmt), SQLITE_ROW);
                check_row(&batch, row, stmt);
            }
            batch.release(&batch);
        }
        CHECK_INT(count, 5000);
        sqlite3_finalize(stmt);
        sqlite_cursor_close(cursor);
    }
    close_all(&f);
}

TEST_MAIN({"values at the edges come through", values_at_the_edges_come_through},
          {"texts of every size are checked and copied",
           texts_of_every_size_are_checked_and_copied},
          {"text that is not UTF-8 follows the policy",
           text_that_is_not_utf8_follows_the_policy},
          {"a UTF-16 database reads as UTF-8", a_utf16_database_reads_as_utf8},
          {"every stored form is read back", every_stored_form_is_read_back},
          {"stored texts that are no values are told",
           stored_texts_that_are_no_values_are_told},
          {"every value is the one SQLite has", every_value_is_the_one_sqlite_has})
