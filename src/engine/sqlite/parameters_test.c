/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

#include <math.h>

static void parameters_are_listed(void)
{
    static struct fixture f;
    const struct stoa__parameter *list;
    int64_t count;

    open_memory(&f);
    struct sqlite_statement *statement = prepare(&f, "SELECT ?, :a, @b, $c, ?7, :a");

    CHECK_INT(sqlite_statement_parameters(statement, &list, &count, &f.err), STOA_OK);
    CHECK_INT(count, 7);
    CHECK_TEXT(list[0].name, "");
    CHECK_TEXT(list[1].name, "a");
    CHECK_TEXT(list[2].name, "b");
    CHECK_TEXT(list[3].name, "c");
    CHECK_TEXT(list[6].name, "");
    sqlite_statement_close(statement);
    statement = prepare(
        &f, "SELECT $2, $1, '$3', \"$4\"\"$5\", $x FROM (SELECT 1 AS \"$4\"\"$5\")");
    CHECK_INT(sqlite_statement_parameters(statement, &list, &count, &f.err), STOA_OK);
    CHECK_INT(count, 3);
    CHECK_TEXT(list[0].name, "");
    CHECK_TEXT(list[2].name, "x");
    sqlite_statement_close(statement);
    close_all(&f);
}

struct values {
    stoa_value list[16];
    struct stoa__name names[16];
    uint8_t bytes[256];
    struct stoa__params params;
};

static void add_number(struct values *values, const char *name, int32_t type, int64_t a)
{
    const int64_t i = values->params.count++;

    values->list[i] = (stoa_value){.type = type, .a = a};
    values->names[i] = (struct stoa__name){name, name ? (int64_t)strlen(name) : 0};
    values->params.values = values->list;
    values->params.bytes = values->bytes;
    values->params.names = values->names;
}

static void add_bytes(struct values *values, const char *name, int32_t type,
                      const char *text)
{
    add_number(values, name, type, values->params.bytes_size);
    values->list[values->params.count - 1].b = (int64_t)strlen(text);
    memcpy(values->bytes + values->params.bytes_size, text, strlen(text));
    values->params.bytes_size += (int64_t)strlen(text);
}

static stoa_status execute(struct fixture *f, const char *sql,
                           const struct values *values, struct sqlite_cursor **out)
{
    void *cursor = NULL;
    const stoa_status rc =
        sqlite_query_owned(f->session, NULL, sql, strlen(sql),
                           values ? &values->params : NULL, &f->config, &cursor, &f->err);

    *out = cursor;
    CHECK_INT(rc == STOA_OK, cursor != NULL);
    return rc;
}

static const char *answer(struct fixture *f, const char *sql, const struct values *values)
{
    struct sqlite_cursor *cursor;

    if (execute(f, sql, values, &cursor) != STOA_OK)
        CHECK_TEXT(f->err.text, "");
    return drain(f, cursor);
}

static void refuse(struct fixture *f, const char *sql, const struct values *values,
                   stoa_status status, const char *text)
{
    struct sqlite_cursor *cursor;

    CHECK_INT(execute(f, sql, values, &cursor), status);
    CHECK_HAS(f->err.text, text);
    CHECK_INT(f->session->running, 0);
}

static void values_go_by_position_or_by_name(void)
{
    static struct fixture f;
    struct values by_place = {0}, by_name = {0}, signs = {0};

    open_memory(&f);
    add_number(&by_place, NULL, STOA_TYPE_INT64, 1);
    add_bytes(&by_place, NULL, STOA_TYPE_TEXT, "two");
    CHECK_TEXT(answer(&f, "SELECT ?, ?", &by_place), "1|\"two\"\n");
    CHECK_TEXT(answer(&f, "SELECT $2, $1, $2", &by_place), "\"two\"|1|\"two\"\n");
    CHECK_TEXT(answer(&f, "SELECT :b, :a, :b", &by_place), "1|\"two\"|1\n");
    add_bytes(&by_name, "b", STOA_TYPE_TEXT, "bee");
    add_number(&by_name, "a", STOA_TYPE_INT64, 7);
    CHECK_TEXT(answer(&f, "SELECT :a, @b, $b, :a", &by_name), "7|\"bee\"|\"bee\"|7\n");
    add_number(&signs, ":a", STOA_TYPE_INT64, 8);
    CHECK_TEXT(answer(&f, "SELECT $a + 1", &signs), "9\n");
    close_all(&f);
}

static void values_that_do_not_match_are_told(void)
{
    static struct fixture f;
    struct values one = {0}, named = {0}, twice = {0}, mixed = {0}, none = {0},
                  unknown = {0};

    open_memory(&f);
    add_number(&one, NULL, STOA_TYPE_INT64, 1);
    refuse(&f, "SELECT ?, ?", &one, STOA_ERR_INVALID,
           "the statement has 2 parameters, 1 value was given");
    refuse(&f, "SELECT ?", &none, STOA_ERR_INVALID,
           "the statement has 1 parameter, 0 values were given");
    refuse(&f, "SELECT ?", NULL, STOA_ERR_INVALID, "0 values were given");
    refuse(&f, "SELECT 1", &one, STOA_ERR_INVALID, "the statement has 0 parameters");
    add_number(&named, "x", STOA_TYPE_INT64, 1);
    refuse(&f, "SELECT :a, :b", &named, STOA_ERR_INVALID,
           "the statement has no parameter named 'x'; there is :a; :b");
    refuse(&f, "SELECT ?", &named, STOA_ERR_INVALID, "its parameters have no names");
    refuse(&f, "SELECT 1", &named, STOA_ERR_INVALID, "it has no parameters");
    refuse(&f, "SELECT :x, :y", &named, STOA_ERR_INVALID,
           "parameter :y was given no value");
    add_number(&twice, "x", STOA_TYPE_INT64, 1);
    add_number(&twice, "$x", STOA_TYPE_INT64, 1);
    refuse(&f, "SELECT :x", &twice, STOA_ERR_INVALID, "parameter 'x' was given twice");
    add_number(&mixed, "x", STOA_TYPE_INT64, 1);
    add_number(&mixed, NULL, STOA_TYPE_INT64, 1);
    refuse(&f, "SELECT :x, ?", &mixed, STOA_ERR_INVALID,
           "value 2 has no name, others have");
    add_number(&unknown, NULL, 99, 0);
    refuse(&f, "SELECT ?", &unknown, STOA_ERR_INVALID,
           "parameter 1 has the unknown type 99");
    close_all(&f);
}

static int64_t bits(double value)
{
    int64_t out;

    memcpy(&out, &value, 8);
    return out;
}

static const char *stored(struct fixture *f, int32_t type, int64_t a, int64_t b)
{
    struct values values = {0};

    add_number(&values, NULL, type, a);
    values.list[0].b = b;
    return answer(f, "SELECT typeof($1), quote($1)", &values);
}

static const char *stored_bytes(struct fixture *f, int32_t type, const char *text)
{
    struct values values = {0};

    add_bytes(&values, NULL, type, text);
    return answer(f, "SELECT typeof($1), quote($1)", &values);
}

static void every_type_is_bound_as_documented(void)
{
    static struct fixture f;

    open_memory(&f);
    CHECK_TEXT(stored(&f, STOA_TYPE_NULL, 0, 0), "\"null\"|\"NULL\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_BOOL, 1, 0), "\"integer\"|\"1\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_INT8, -8, 0), "\"integer\"|\"-8\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_INT64, INT64_MIN, 0),
               "\"integer\"|\"-9223372036854775808\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_UINT64, INT64_MAX, 0),
               "\"integer\"|\"9223372036854775807\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_FLOAT32, bits(0.5), 0), "\"real\"|\"0.5\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_FLOAT64, bits(-0.25), 0), "\"real\"|\"-0.25\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_TIMESTAMP, 5000, 0), "\"integer\"|\"5\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_TIME, -3000, 0), "\"integer\"|\"-3\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_DURATION, 0, 0), "\"integer\"|\"0\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_DATE, 19000, 0), "\"integer\"|\"19000\"\n");
    CHECK_TEXT(stored(&f, STOA_TYPE_INTERVAL, 13 | INT64_C(2) << 32, -1),
               "\"blob\"|\"X'8000000D800000027FFFFFFFFFFFFFFF'\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_DECIMAL, "1.50"), "\"text\"|\"'1.50'\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_TEXT, ""), "\"text\"|\"''\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_SYMBOL, "s"), "\"text\"|\"'s'\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_JSON, "[]"), "\"text\"|\"'[]'\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_BYTES, ""), "\"blob\"|\"X''\"\n");
    CHECK_TEXT(stored_bytes(&f, STOA_TYPE_UUID, "AB"), "\"blob\"|\"X'4142'\"\n");
    close_all(&f);
}

static void values_sqlite_cannot_hold_are_told(void)
{
    static struct fixture f;
    struct values big = {0}, nan_value = {0}, fine = {0};

    open_memory(&f);
    add_number(&big, NULL, STOA_TYPE_UINT64, -1);
    refuse(&f, "SELECT ?", &big, STOA_ERR_TYPE, "18446744073709551615, is above");
    add_number(&fine, NULL, STOA_TYPE_TIMESTAMP, 1500);
    refuse(&f, "SELECT ?", &fine, STOA_ERR_TYPE, "no whole number of microseconds");
    add_number(&nan_value, NULL, STOA_TYPE_FLOAT64, bits(NAN));
    refuse(&f, "SELECT ?", &nan_value, STOA_ERR_TYPE, "nan=null");
    f.config.nan = STOA__NAN_NULL;
    CHECK_TEXT(answer(&f, "SELECT ?", &nan_value), "NULL\n");
    close_all(&f);
}

TEST_MAIN({"parameters are listed", parameters_are_listed},
          {"values go by position or by name", values_go_by_position_or_by_name},
          {"values that do not match are told", values_that_do_not_match_are_told},
          {"every type is bound as documented", every_type_is_bound_as_documented},
          {"values SQLite cannot hold are told", values_sqlite_cannot_hold_are_told})
