/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments at the edge of what they may be. */
#include "support/app.h"

static stoa_db db;
static stoa_conn conn;

static void begin(void)
{
    db = app_open(":memory:", NULL);
    conn = app_connect(db);
}

static stoa_status select_value(int32_t type, const char *bytes, stoa_error *err)
{
    const int64_t size = bytes ? (int64_t)strlen(bytes) : 0;
    const stoa_value value = {type, 0, 0, size};
    stoa_rows rows;

    return stoa_query_row(conn, NO_OP, "SELECT ?", STOA_NUL, &value, 1,
                          (const uint8_t *)bytes, size, &rows, err);
}

static void a_decimal_is_digits(void)
{
    static const char *const right[] = {"0",  "-12.50", "+1",      ".5",
                                        "5.", "1e5",    "-1.5E-07"};
    static const char *const wrong[] = {"",   "abc", "-",   ".",  "1.2.3", "1e",
                                        "e5", "1e+", "0x1", "1 ", "--1",   "NaN"};
    stoa_error err;

    begin();
    for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
        CHECK_INT(select_value(STOA_TYPE_DECIMAL, right[i], &err), STOA_OK);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        CHECK_INT(select_value(STOA_TYPE_DECIMAL, wrong[i], &err), STOA_ERR_INVALID);
        CHECK_HAS(err.text, "parameter 1 is not a decimal number");
    }
    stoa_db_close(db);
}

static void nothing_may_be_null(void)
{
    stoa_error err;
    stoa_stmt stmt;
    stoa_rows rows;

    begin();
    CHECK_INT(select_value(STOA_TYPE_TEXT, NULL, &err), STOA_OK);
    CHECK_INT(select_value(STOA_TYPE_BYTES, NULL, &err), STOA_OK);
    app_must(
        stoa_prepare(conn, NO_OP, "SELECT length(?), length(?)", STOA_NUL, &stmt, &err),
        &err, "prepare");
    CHECK_INT(stoa_bind_text(stmt, 1, NULL, 0, &err), STOA_OK);
    CHECK_INT(stoa_bind_bytes(stmt, 2, NULL, 0, &err), STOA_OK);
    CHECK_INT(stoa_execute_row(stmt, NO_OP, NULL, 0, NULL, 0, &rows, &err), STOA_OK);
    CHECK_INT(rows.values[0].type, STOA_TYPE_INT64);
    CHECK_INT(rows.values[0].a, 0);
    CHECK_INT(rows.values[1].a, 0);
    stoa_db_close(db);
}

static stoa_status open_blob(const char *table, const char *column, int32_t writable)
{
    stoa_error err;
    stoa_blob blob;
    const stoa_status rc = stoa_blob_open(conn, NO_OP, NULL, 0, table, STOA_NUL, column,
                                          STOA_NUL, 1, writable, &blob, &err);

    if (rc == STOA_ERR_READ_ONLY)
        CHECK_HAS(err.text, table);
    stoa_blob_close(blob);
    return rc;
}

static void no_blob_writes_what_statements_may_not(void)
{
    begin();
    app_run(conn, "CREATE TABLE t(a); INSERT INTO t VALUES('x');"
                  "CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES('x')");
    CHECK_INT(open_blob("t", "a", 1), STOA_OK);
    CHECK_INT(open_blob("sqlite_schema", "sql", 0), STOA_OK);
    CHECK_INT(open_blob("sqlite_schema", "sql", 1), STOA_ERR_READ_ONLY);
    CHECK_INT(open_blob("SQLite_Master", "sql", 1), STOA_ERR_READ_ONLY);
    CHECK_INT(open_blob("f_data", "block", 1), STOA_ERR_READ_ONLY);
    app_run(conn, "INSERT INTO t VALUES('still writes')");
    stoa_db_close(db);
}

static void noise_is_no_handle(void)
{
    stoa_error err;

    CHECK_INT(stoa_op_cancel((stoa_op){12345}, &err), STOA_ERR_HANDLE);
    CHECK_TEXT(err.text, "0x0000000000003039 is not a handle; an operation is expected");
    CHECK_INT(stoa_ping((stoa_conn){12345}, NO_OP, &err), STOA_ERR_HANDLE);
    CHECK_TEXT(err.text, "0x0000000000003039 is not a handle; a connection is expected");
}

TEST_MAIN({"a decimal is digits", a_decimal_is_digits},
          {"nothing may be NULL", nothing_may_be_null},
          {"no blob writes what statements may not",
           no_blob_writes_what_statements_may_not},
          {"noise is no handle", noise_is_no_handle})
