/* SPDX-License-Identifier: Apache-2.0 */
/* Scans that are dropped while they are read. */
#include "support/app.h"

static int64_t live(int32_t kind)
{
    int64_t count = -1;

    CHECK_INT(stoa_live(kind, &count, NULL), STOA_OK);
    return count;
}

static stoa_result query(stoa_conn conn, const char *sql)
{
    stoa_result result;
    stoa_error err;

    app_must(stoa_query(conn, NO_OP, sql, STOA_NUL, NULL, 0, NULL, 0, &result, &err),
             &err, sql);
    return result;
}

/* Rows 1 to `count` as a scan, whose data is one stream of ours. */
static stoa_scan scan(stoa_conn conn, const char *name, int count)
{
    struct ArrowArrayStream stream;
    stoa_scan out;
    stoa_error err;
    char sql[128];

    (void)snprintf(
        sql, sizeof(sql),
        "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n LIMIT %d) "
        "SELECT a FROM n",
        count);
    app_must(stoa_result_export(query(conn, sql), NO_OP, &stream, &err), &err, "export");
    app_must(
        stoa_scan_register(conn, NO_OP, name, STOA_NUL, &stream, NULL, 0, &out, &err),
        &err, "scan");
    return out;
}

static void the_data_of_a_dropped_scan_goes_with_the_statement_that_reads_it(void)
{
    stoa_db db = app_open(":memory:", "batch_rows=10");
    stoa_conn conn = app_connect(db);
    const stoa_scan s = scan(conn, "s", 1000);
    const stoa_result result = query(conn, "SELECT a FROM s");
    stoa_error err;

    app_must(stoa_result_step(result, NO_OP, &err), &err, "step");
    CHECK_INT(live(STOA_LIVE_STREAM), 1);
    stoa_scan_close(s);
    for (int row = 2; row <= 1000; row++)
        CHECK_INT(stoa_result_step(result, NO_OP, &err), STOA_OK);
    CHECK_INT(stoa_result_step(result, NO_OP, &err), STOA_DONE);
    stoa_result_close(result);
    CHECK_INT(live(STOA_LIVE_STREAM), 0);
    CHECK_FAILS(conn, "SELECT a FROM s", STOA_ERR_NOT_FOUND, "no such table: s");
    stoa_db_close(db);
}

static void a_scan_in_the_place_of_one_that_is_read(void)
{
    stoa_db db = app_open(":memory:", "batch_rows=10");
    stoa_conn conn = app_connect(db);
    const stoa_scan old = scan(conn, "s", 1000);
    const stoa_result result = query(conn, "SELECT a FROM s");
    stoa_error err;

    app_must(stoa_result_step(result, NO_OP, &err), &err, "step");
    stoa_scan_close(old);
    (void)scan(conn, "s", 7);
    CHECK_ROWS(conn, "SELECT count(*) FROM s", "7");
    for (int row = 2; row <= 1000; row++)
        CHECK_INT(stoa_result_step(result, NO_OP, &err), STOA_OK);
    stoa_result_close(result);
    CHECK_ROWS(conn, "SELECT a FROM s ORDER BY a DESC LIMIT 1", "7");
    stoa_db_close(db);
}

/* How badly a resolver fills the error it is handed. */
struct filler {
    int32_t code, text_size;
    char byte; /* The whole text, without a NUL, if it is not 0. */
    const char *text;
};

static stoa_status fill_badly(void *user_data, const char *name, int64_t name_size,
                              struct ArrowArrayStream *out, stoa_error *err)
{
    const struct filler *filler = user_data;

    (void)name, (void)name_size, (void)out;
    memset(err, filler->byte, sizeof(*err));
    err->code = filler->code;
    err->text_size = filler->text_size;
    if (filler->text)
        (void)snprintf(err->text, sizeof(err->text), "%s", filler->text);
    return -1;
}

static stoa_status fill_badly_too(void *user_data, struct ArrowArrayStream *out,
                                  stoa_error *err)
{
    return fill_badly(user_data, "", 0, out, err);
}

static void errors_of_callbacks_are_not_believed(void)
{
    static struct filler fillers[] = {
        {-22, 0, 0, "my own words"}, {-10, 12, 0, "my own words"},
        {-1, -1, 0, "my own words"}, {-999, INT32_MAX, 0, "my own words"},
        {-1, 1 << 20, 'x', NULL},    {-1, 1024, '\xff', NULL},
        {0, 0, 'x', NULL},           {5, 5, 0, ""},
    };
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db);

    for (size_t i = 0; i < sizeof(fillers) / sizeof(*fillers); i++) {
        stoa_error err;
        stoa_scan out;

        CHECK_INT(stoa_scan_resolver(conn, fill_badly, &fillers[i], NULL, &err), STOA_OK);
        CHECK(app_try(conn, "SELECT * FROM nobody", &err) < 0);
        CHECK_HAS(err.text, fillers[i].text ? fillers[i].text : "nobody");
        CHECK_INT(err.text_size, strlen(err.text));
        CHECK(err.code < 0 && err.code >= STOA_ERR_INTERNAL);
        CHECK_INT(stoa_scan_register_factory(conn, NO_OP, "s", STOA_NUL, fill_badly_too,
                                             &fillers[i], NULL, NULL, 0, &out, &err),
                  STOA_ERR_CALLBACK);
        CHECK_HAS(err.text, "the factory failed: ");
        CHECK_INT(err.text_size, strlen(err.text));
    }
    stoa_db_close(db);
}

TEST_MAIN({"the data of a dropped scan goes with the statement that reads it",
           the_data_of_a_dropped_scan_goes_with_the_statement_that_reads_it},
          {"a scan in the place of one that is read",
           a_scan_in_the_place_of_one_that_is_read},
          {"errors of callbacks are not believed", errors_of_callbacks_are_not_believed})
