/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

#include <math.h>

/* A column of one value, given to SQLite by a bound parameter. */
struct one {
    stoa__arena arena;
    struct stoa__arrow_type *type;
    struct stoa__builder builder;
    struct ArrowArray array;
};

static struct stoa__column *begin(struct one *one, const char *format)
{
    memset(one, 0, sizeof *one);
    CHECK_INT(stoa__arrow_type_simple(format, "c", true, &one->arena, &one->type, NULL),
              STOA_OK);
    CHECK_INT(stoa__builder_init(&one->builder, one->type, 4, NULL), STOA_OK);
    return &one->builder.root;
}

static stoa_status put(struct fixture *f, struct one *one, enum sqlite_form form,
                       int32_t nan_is, const char *sql)
{
    const struct sqlite_column_form column = {one->type, form};
    stoa__buffer scratch = {0};
    sqlite3_stmt *stmt;
    stoa_status rc = STOA_OK;

    CHECK_INT(stoa__builder_finish(&one->builder, 0, &one->array, NULL), STOA_OK);
    CHECK_INT(sqlite3_prepare_v2(f->session->db, sql, -1, &stmt, NULL), SQLITE_OK);
    for (int64_t row = 0; rc == STOA_OK && row < one->array.length; row++) {
        rc = sqlite_put(&column, &one->array, row, false, nan_is, &scratch, stmt, 1, NULL,
                        &f->err);
        if (rc == STOA_OK)
            CHECK(sqlite3_step(stmt) == SQLITE_DONE);
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    stoa__buffer_release(&scratch);
    stoa__builder_release(&one->builder);
    one->array.release(&one->array);
    stoa__arena_release(&one->arena);
    return rc;
}

static const char INSERT[] = "INSERT INTO t VALUES(?)";

static void integers_in_a_form_sort_as_they_did(struct fixture *f, const char *format,
                                                enum sqlite_form form,
                                                const int64_t *values, int64_t count)
{
    struct one one;
    struct stoa__column *column = begin(&one, format);
    char wanted[1024] = "", got[32];

    run(f, "DROP TABLE IF EXISTS t; CREATE TABLE t(c)");
    for (int64_t i = count - 1; i >= 0; i--)
        CHECK_INT(stoa__column_append_int64(column, values[i], NULL), STOA_OK);
    CHECK_INT(put(f, &one, form, 0, INSERT), STOA_OK);
    for (int64_t i = count; i >= 1; i--) {
        snprintf(got, sizeof got, "%lld\n", (long long)i);
        strncat(wanted, got, sizeof wanted - strlen(wanted) - 1);
    }
    CHECK_TEXT(rows(f, "SELECT rowid FROM t ORDER BY c"), wanted);
}

static void stored_forms_sort_as_their_values(void)
{
    static const int64_t unsigned_bits[] = {0, 9, 10, 99, INT64_MAX, INT64_MIN, -1};
    static const int64_t days[] = {-719162, -1, 0, 1, 18321, 2932896};
    static const int64_t micros[] = {-62135596800000000, -1, 0, 1, 999999, 1000000};
    static const int64_t times[] = {0, 1, 999, 1000, 86399999};
    static struct fixture f;

    open_memory(&f);
    integers_in_a_form_sort_as_they_did(&f, "L", SQLITE_FORM_UINT64_TEXT, unsigned_bits,
                                        7);
    integers_in_a_form_sort_as_they_did(&f, "tdD", SQLITE_FORM_DATE_TEXT, days, 6);
    integers_in_a_form_sort_as_they_did(&f, "tsu:", SQLITE_FORM_TIMESTAMP_TEXT, micros,
                                        6);
    integers_in_a_form_sort_as_they_did(&f, "tsu:UTC", SQLITE_FORM_TIMESTAMP_TEXT, micros,
                                        6);
    integers_in_a_form_sort_as_they_did(&f, "ttm", SQLITE_FORM_TIME_TEXT, times, 5);
    integers_in_a_form_sort_as_they_did(&f, "tsu:", SQLITE_FORM_INT, micros, 6);
    close_all(&f);
}

static void intervals_sort_as_their_parts(void)
{
    static const struct {
        int32_t months, days;
        int64_t nanos;
    } values[] = {{INT32_MAX, 0, 0}, {1, -5, 3}, {1, -5, -3},
                  {0, 0, 0},         {-1, 7, 0}, {INT32_MIN, 0, 0}};
    static struct fixture f;
    struct one one;
    struct stoa__column *column = begin(&one, "tin");

    open_memory(&f);
    run(&f, "CREATE TABLE t(c)");
    for (size_t i = 0; i < 6; i++) {
        uint8_t bytes[16];

        memcpy(bytes, &values[i].months, 4);
        memcpy(bytes + 4, &values[i].days, 4);
        memcpy(bytes + 8, &values[i].nanos, 8);
        CHECK_INT(stoa__column_append_fixed(column, bytes, NULL), STOA_OK);
    }
    CHECK_INT(put(&f, &one, SQLITE_FORM_INTERVAL_BLOB, 0, INSERT), STOA_OK);
    CHECK_TEXT(rows(&f, "SELECT rowid FROM t ORDER BY c"), "6\n5\n4\n3\n2\n1\n");
    close_all(&f);
}

static void nothing_of_a_length_is_not_null(void)
{
    static struct fixture f;
    struct one one;

    open_memory(&f);
    run(&f, "CREATE TABLE t(c)");
    CHECK_INT(stoa__column_append_bytes(begin(&one, "u"), "", 0, NULL), STOA_OK);
    CHECK_INT(put(&f, &one, SQLITE_FORM_TEXT, 0, INSERT), STOA_OK);
    CHECK_INT(stoa__column_append_bytes(begin(&one, "z"), "", 0, NULL), STOA_OK);
    CHECK_INT(put(&f, &one, SQLITE_FORM_BLOB, 0, INSERT), STOA_OK);
    CHECK_INT(stoa__column_append_null(begin(&one, "z"), NULL), STOA_OK);
    CHECK_INT(put(&f, &one, SQLITE_FORM_BLOB, 0, INSERT), STOA_OK);
    CHECK_TEXT(rows(&f, "SELECT group_concat(typeof(c)) FROM t"), "\"text,blob,null\"\n");
    close_all(&f);
}

static void what_sqlite_cannot_hold_is_told(void)
{
    static struct fixture f;
    struct one one;

    open_memory(&f);
    run(&f, "CREATE TABLE t(c)");
    CHECK_INT(stoa__column_append_float64(begin(&one, "g"), NAN, NULL), STOA_OK);
    CHECK_INT(put(&f, &one, SQLITE_FORM_REAL, STOA__NAN_ERROR, INSERT), STOA_ERR_TYPE);
    CHECK_HAS(f.err.text, "nan=null");
    CHECK_INT(stoa__column_append_float64(begin(&one, "g"), NAN, NULL), STOA_OK);
    CHECK_INT(put(&f, &one, SQLITE_FORM_REAL, STOA__NAN_NULL, INSERT), STOA_OK);
    CHECK_INT(stoa__column_append_int64(begin(&one, "L"), -1, NULL), STOA_OK);
    CHECK_INT(put(&f, &one, SQLITE_FORM_INT, 0, INSERT), STOA_ERR_TYPE);
    CHECK_HAS(f.err.text, "18446744073709551615 is above");
    CHECK_INT(stoa__column_append_int64(begin(&one, "tdm"), 5, NULL), STOA_OK);
    CHECK_INT(put(&f, &one, SQLITE_FORM_DATE_TEXT, 0, INSERT), STOA_ERR_TYPE);
    CHECK_HAS(f.err.text, "5 ms is no whole day");
    CHECK_INT(stoa__column_append_int64(begin(&one, "tdD"), 99999999, NULL), STOA_OK);
    CHECK_INT(put(&f, &one, SQLITE_FORM_DATE_TEXT, 0, INSERT), STOA_ERR_TYPE);
    CHECK_HAS(f.err.text, "99999999 has no text");
    CHECK_TEXT(rows(&f, "SELECT c FROM t"), "NULL\n");
    close_all(&f);
}

/* The way of functions and virtual tables: a result instead of a parameter. */
static void give(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct one *one = sqlite3_user_data(context);
    const struct sqlite_column_form column = {
        one->type, (enum sqlite_form)sqlite3_value_int(values[0])};
    stoa__buffer scratch = {0};
    stoa_error err;

    (void)count;
    CHECK_INT(sqlite_put(&column, &one->array, sqlite3_value_int(values[1]), false, 0,
                         &scratch, NULL, 0, context, &err),
              STOA_OK);
    stoa__buffer_release(&scratch);
}

static void a_result_is_given_as_a_parameter_is(void)
{
    static struct fixture f;
    char sql[128];
    struct one one;
    struct stoa__column *column = begin(&one, "tsm:UTC");

    open_memory(&f);
    CHECK_INT(stoa__column_append_int64(column, 1500, NULL), STOA_OK);
    CHECK_INT(stoa__column_append_null(column, NULL), STOA_OK);
    CHECK_INT(stoa__builder_finish(&one.builder, 0, &one.array, NULL), STOA_OK);
    CHECK_INT(sqlite3_create_function(f.session->db, "give", 2, SQLITE_UTF8, &one, give,
                                      NULL, NULL),
              SQLITE_OK);
    snprintf(sql, sizeof sql, "SELECT give(%d, 0), give(%d, 0), give(%d, 1)",
             SQLITE_FORM_INT, SQLITE_FORM_TIMESTAMP_TEXT, SQLITE_FORM_INT);
    CHECK_TEXT(rows(&f, sql), "1500|\"1970-01-01T00:00:01.500Z\"|NULL\n");
    close_all(&f);
    stoa__builder_release(&one.builder);
    one.array.release(&one.array);
    stoa__arena_release(&one.arena);
}

TEST_MAIN({"stored forms sort as their values", stored_forms_sort_as_their_values},
          {"intervals sort as their parts", intervals_sort_as_their_parts},
          {"nothing of a length is not NULL", nothing_of_a_length_is_not_null},
          {"what SQLite cannot hold is told", what_sqlite_cannot_hold_is_told},
          {"a result is given as a parameter is", a_result_is_given_as_a_parameter_is})
