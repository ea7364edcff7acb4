/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

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
    run(&f, "CREATE TABLE t(a INTEGER, b INTEGER BOOL, c INTEGER UINT16, d REAL, e REAL "
            "FLOAT32,"
            " g TEXT, h BLOB, i INTEGER TIMESTAMP_MS, j INTEGER DATE32, k INTEGER TIME_S,"
            " l INTEGER DURATION_US, m INTEGER MONTHS, n TEXT JSON, o BLOB UUID, p "
            "INTEGER DATE64);"
            "INSERT INTO t VALUES(-5, 1, 7, 0.5, 0.5, 'txt', x'4142', 1500, 3, 60, 9, "
            "-2, '[1]',"
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
            " x'8000000d7fffffff8000000000000005', x'8000000280000003', "
            "'1970-01-01T00:00:01'),"
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
        {"CREATE TABLE t(a INTEGER TIMESTAMP_S); INSERT INTO t VALUES(NULL), "
         "(99999999999)",
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

static void the_ends_of_each_kind_are_kept(void)
{
    static const struct {
        const char *declared, *within, *beyond[2];
        int32_t type;
        int64_t a;
    } list[] = {
        {"INTEGER", "-9223372036854775808", {"0.5", "'1x'"}, STOA_TYPE_INT64, INT64_MIN},
        {"INTEGER BOOL", "1", {"2", "-1"}, STOA_TYPE_BOOL, 1},
        {"INTEGER INT8", "-128", {"-129", "128"}, STOA_TYPE_INT8, -128},
        {"INTEGER INT16", "32767", {"-32769", "32768"}, STOA_TYPE_INT16, 32767},
        {"INTEGER INT32", "-2147483648", {"-2147483649", "2147483648"}, STOA_TYPE_INT32, INT32_MIN},
        {"INTEGER UINT8", "255", {"-1", "256"}, STOA_TYPE_UINT8, 255},
        {"INTEGER UINT32", "4294967295", {"-1", "4294967296"}, STOA_TYPE_UINT32, UINT32_MAX},
        {"INTEGER DATE32", "2147483647", {"-2147483649", "2147483648"}, STOA_TYPE_DATE, INT32_MAX},
        {"INTEGER TIME_S", "86399", {"-2147483649", "2147483648"}, STOA_TYPE_TIME,
         INT64_C(86399000000000)},
        {"INTEGER TIMESTAMP_S", "-9223372036", {"-9223372037", "9223372037"}, STOA_TYPE_TIMESTAMP,
         INT64_C(-9223372036000000000)},
        {"INTEGER TIMESTAMP_US", "9223372036854775", {"-9223372036854776", "9223372036854776"},
         STOA_TYPE_TIMESTAMP, INT64_C(9223372036854775000)},
        {"INTEGER DURATION_NS", "9223372036854775807", {"x'00'", "''"}, STOA_TYPE_DURATION,
         INT64_MAX},
        {"INTEGER", "'7'", {"''", "x''"}, STOA_TYPE_INT64, 7}, /* Affinity. */
        {"INTEGER MONTHS", "-1", {"2147483648", "'a'"}, STOA_TYPE_INTERVAL, UINT32_MAX},
    };
    static struct fixture f;
    char sql[400];

    open_memory(&f);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        run(&f, "DROP TABLE IF EXISTS t");
        snprintf(sql, sizeof sql,
                 "CREATE TABLE t(a %s); INSERT INTO t VALUES(%s), (NULL), (%s), (%s)",
                 list[i].declared, list[i].within, list[i].beyond[0], list[i].beyond[1]);
        run(&f, sql);
        struct sqlite_cursor *cursor = query(&f, "SELECT a FROM t LIMIT 2");

        clear();
        CHECK_INT(sqlite_cursor_rows(cursor, NULL, 9, &writer, &f.err), STOA_OK);
        check_value(0, list[i].type, list[i].a, 0);
        check_value(1, STOA_TYPE_NULL, 0, 0);
        sqlite_cursor_close(cursor);
        for (int beyond = 0; beyond < 2; beyond++) {
            snprintf(sql, sizeof sql, "SELECT a FROM t LIMIT 1 OFFSET %d", 2 + beyond);
            cursor = query(&f, sql);
            clear();
            CHECK_INT(sqlite_cursor_rows(cursor, NULL, 9, &writer, &f.err), STOA_ERR_TYPE);
            sqlite_cursor_close(cursor);
        }
    }
    release_writer();
    close_all(&f);
}

static void text_that_is_none_goes_as_bytes_or_not_at_all(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a TEXT, b BLOB);"
            "INSERT INTO t VALUES(CAST(x'41ff' AS TEXT), CAST(x'41ff' AS TEXT)), ('', x'')");
    struct sqlite_cursor *cursor =
        query(&f, "SELECT b, CAST(b AS TEXT), CAST(b AS BLOB), b || '' FROM t");

    clear();
    CHECK_INT(sqlite_cursor_rows(cursor, NULL, 9, &writer, &f.err), STOA_OK);
    CHECK_INT(writer.row_count, 2);
    for (int64_t i = 0; i < 4; i++)
        check_bytes(i, STOA_TYPE_BYTES, "A\xff");
    CHECK_INT(value_at(4)->b + value_at(5)->b + value_at(6)->b + value_at(7)->b, 0);
    sqlite_cursor_close(cursor);
    cursor = query(&f, "SELECT a FROM t");
    clear();
    CHECK_INT(sqlite_cursor_rows(cursor, NULL, 9, &writer, &f.err), STOA_ERR_TYPE);
    CHECK_HAS(f.err.text, "column 'a', row 1: text that is not UTF-8 is no utf8");
    sqlite_cursor_close(cursor);
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

        CHECK_INT(stoa__arrow_type_simple(formats[i], "", true, arena, &type, NULL),
                  STOA_OK);
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
            "INSERT INTO t VALUES(1, 'x', 2, 'y', '2020-01-01T00:00:00'), (NULL, 'z', 3, "
            "'w', NULL)");
    struct sqlite_cursor *cursor = query(&f, "SELECT * FROM t");
    const struct stoa__arrow_type *type;

    CHECK_INT(sqlite_cursor_request(cursor, request_of(&arena, formats, 5), &f.err),
              STOA_OK);
    CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f.err), STOA_OK);
    CHECK_TEXT(type_text(&f, type),
               "a int32, b utf8, c float64, d large_utf8, e timestamp[us]");
    CHECK_TEXT(
        drain(&f, cursor),
        "1|\"x\"|2.0|\"y\"|\"2020-01-01T00:00:00.000000\"\nNULL|\"z\"|3.0|\"w\"|NULL\n");
    cursor = query(&f, "SELECT * FROM t");
    CHECK_INT(sqlite_cursor_request(cursor, request_of(&arena, formats, 5), &f.err),
              STOA_OK);
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
    struct sqlite_cursor *cursor =
        query(&f, "SELECT column1 AS a FROM (VALUES(1), (2), (300))");

    CHECK_INT(sqlite_cursor_request(cursor, request_of(&arena, formats, 2), &f.err),
              STOA_ERR_INVALID);
    CHECK_HAS(f.err.text, "the types asked for have 2 columns, the result has 1");
    CHECK_INT(sqlite_cursor_request(cursor, request_of(&arena, formats, 1), &f.err),
              STOA_OK);
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

TEST_MAIN({"rows are typed as their columns are", rows_are_typed_as_their_columns_are},
          {"rows of harder forms go by way of Arrow",
           rows_of_harder_forms_go_by_way_of_arrow},
          {"what a value cannot hold is an error", what_a_value_cannot_hold_is_an_error},
          {"the ends of each kind are kept", the_ends_of_each_kind_are_kept},
          {"text that is none goes as bytes or not at all",
           text_that_is_none_goes_as_bytes_or_not_at_all},
          {"batches and rows may be read in turn", batches_and_rows_may_be_read_in_turn},
          {"asked-for types are given", asked_for_types_are_given},
          {"a request that does not fit is told", a_request_that_does_not_fit_is_told})
