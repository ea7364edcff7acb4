/* SPDX-License-Identifier: Apache-2.0 */
/* What the null engine tells about what it saw. */
#include "stoa.h"
#include "test.h"

static const int64_t ids[] = {7, 8, 9, 10};
static const uint8_t validity[] = {13}; /* Row 1 is NULL. */

static stoa_db db;
static stoa_conn conn;

static void begin(void)
{
    CHECK_INT(stoa_open((stoa_op){0}, "null:", STOA_NUL, NULL, 0, &db, NULL), STOA_OK);
    CHECK_INT(stoa_connect(db, (stoa_op){0}, NULL, 0, &conn, NULL), STOA_OK);
}

static stoa_result query(const char *sql)
{
    stoa_result result;
    stoa_error err = {0};

    if (stoa_query(conn, (stoa_op){0}, sql, STOA_NUL, NULL, 0, NULL, 0, &result, &err) !=
        STOA_OK)
        printf("# %s\n", err.text);
    CHECK(result.id != 0);
    return result;
}

static void push(const int64_t *values, int64_t count)
{
    const stoa_column column = {.name = "id",
                                .name_size = 2,
                                .type = STOA_TYPE_INT64,
                                .count = count,
                                .data = values,
                                .data_size = count * (int64_t)sizeof(*values),
                                .validity = validity};
    const stoa_table table = {.struct_size = sizeof(table),
                              .name = "t",
                              .name_size = 1,
                              .row_count = count,
                              .columns = &column,
                              .column_count = 1};
    stoa_ingest ingest;

    CHECK_INT(stoa_ingest_open(db, NULL, 0, NULL, 0, &ingest, NULL), STOA_OK);
    CHECK_INT(stoa_ingest_push(ingest, (stoa_op){0}, &table, 1, NULL, NULL, NULL),
              STOA_OK);
    stoa_ingest_close(ingest);
}

static const char *text_of(stoa_result result, int32_t column)
{
    const char *text = NULL;
    int64_t size;

    CHECK_INT(stoa_result_text(result, column, &text, &size, NULL), STOA_OK);
    return text;
}

static int64_t number_of(stoa_result result, int32_t column)
{
    int64_t number = 0;

    CHECK_INT(stoa_result_int64(result, column, &number, NULL), STOA_OK);
    return number;
}

static void it_tells_what_it_saw_and_where(void)
{
    stoa_result result;

    begin();
    push(ids, 4);
    result = query("seen");
    CHECK_INT(stoa_result_step(result, (stoa_op){0}, NULL), STOA_OK);
    CHECK_INT(number_of(result, 0), 1);
    CHECK_TEXT(text_of(result, 1), "t");
    CHECK_TEXT(text_of(result, 2), "id");
    CHECK_TEXT(text_of(result, 3), "int64");
    CHECK_INT(number_of(result, 4), 4);
    CHECK_INT(number_of(result, 5), 1);
    CHECK_INT(number_of(result, 6), (int64_t)(intptr_t)ids); /* Not copied. */
    CHECK_INT(stoa_result_step(result, (stoa_op){0}, NULL), STOA_DONE);
    stoa_db_close(db);
}

static void equal_data_has_equal_checksums(void)
{
    static const int64_t same[] = {7, 99, 9, 10}, other[] = {7, 8, 9, 11};
    char sums[3][32];
    stoa_result result;

    begin();
    push(ids, 4);
    push(same, 4); /* What lies behind a NULL does not count. */
    push(other, 4);
    result = query("seen");
    for (int i = 0; i < 3; i++) {
        CHECK_INT(stoa_result_step(result, (stoa_op){0}, NULL), STOA_OK);
        CHECK_INT(number_of(result, 0), i + 1);
        (void)snprintf(sums[i], sizeof(sums[i]), "%s", text_of(result, 7));
    }
    CHECK_TEXT(sums[1], sums[0]);
    CHECK(strcmp(sums[2], sums[0]) != 0);
    CHECK_INT(
        stoa_run(conn, (stoa_op){0}, "forget", STOA_NUL, NULL, 0, NULL, 0, NULL, NULL),
        STOA_OK);
    CHECK_INT(stoa_result_step(query("SEEN"), (stoa_op){0}, NULL), STOA_DONE);
    stoa_db_close(db);
}

static void its_statements_are_few(void)
{
    static const char *const wrong[] = {"select 1", "rows",       "rows x",   "rows 1 2",
                                        "values",   "values ?, ", "seen it",  "sleep",
                                        "fail",     "values 1",   "forget me"};
    stoa_error err;

    begin();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        CHECK_INT(stoa_run(conn, (stoa_op){0}, wrong[i], STOA_NUL, NULL, 0, NULL, 0, NULL,
                           &err),
                  STOA_ERR_SYNTAX);
        CHECK(err.position >= 0 && err.position <= (int64_t)strlen(wrong[i]));
    }
    CHECK_INT(stoa_run(conn, (stoa_op){0}, "fail -6  the writer is away ", STOA_NUL, NULL,
                       0, NULL, 0, NULL, &err),
              STOA_ERR_LOCKED);
    CHECK_TEXT(err.text, "the writer is away");
    CHECK_INT(
        stoa_run(conn, (stoa_op){0}, "fail 12 x", STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
        STOA_ERR_INVALID);
    CHECK_INT(
        stoa_run(conn, (stoa_op){0}, "values ?", STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
        STOA_ERR_INVALID);
    stoa_db_close(db);
    CHECK_INT(stoa_open((stoa_op){0}, "null:x", STOA_NUL, NULL, 0, &db, &err),
              STOA_ERR_INVALID);
}

static void reading_only_it_refuses_writers(void)
{
    stoa_ingest ingest;
    stoa_error err;

    CHECK_INT(
        stoa_open((stoa_op){0}, "null:?read_only=yes", STOA_NUL, NULL, 0, &db, NULL),
        STOA_OK);
    CHECK_INT(stoa_connect(db, (stoa_op){0}, NULL, 0, &conn, NULL), STOA_OK);
    CHECK_INT(stoa_begin(conn, (stoa_op){0}, STOA_BEGIN_WRITE, &err), STOA_ERR_READ_ONLY);
    CHECK_INT(stoa_begin(conn, (stoa_op){0}, STOA_BEGIN_READ, &err), STOA_OK);
    CHECK_INT(stoa_ingest_open(db, "t", 1, NULL, 0, &ingest, &err), STOA_ERR_READ_ONLY);
    CHECK_INT(ingest.id, 0);
    stoa_db_close(db);
}

TEST_MAIN({"it tells what it saw and where", it_tells_what_it_saw_and_where},
          {"equal data has equal checksums", equal_data_has_equal_checksums},
          {"its statements are few", its_statements_are_few},
          {"reading only, it refuses writers", reading_only_it_refuses_writers})
