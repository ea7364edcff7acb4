/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, asking and reading. */
#include "conformance/suite.h"

#include <float.h>

/* ---- open ---- */

static void check_property(stoa_db db, const char *name, const char *right)
{
    stoa_error err = {0};
    char text[256];
    int64_t size = -1;

    MUST(stoa_db_property(db, name, STOA_NUL, text, sizeof(text), &size, &err));
    CHECK_TEXT(text, right);
    CHECK_INT(size, strlen(right));
}

void open_answers_its_properties(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    char text[4] = "xyz";
    int64_t size = 0;

    check_property(db, "engine", quirks.engine);
    check_property(db, "read_only", "no");
    check_property(db, "batch_rows", "65536");
    check_property(db, "type_mismatch", "error");
    MUST(stoa_db_property(db, "engine", STOA_NUL, text, sizeof(text), &size, &err));
    CHECK_INT(size, strlen(quirks.engine));
    CHECK_INT(text[3], 0);
    CHECK(strncmp(text, quirks.engine, 3) == 0);
    MUST(stoa_db_property(db, "engine_version", STOA_NUL, NULL, 0, &size, &err));
    CHECK(size > 0);
    MUST_FAIL(stoa_db_property(db, "colour", STOA_NUL, NULL, 0, NULL, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "colour");
    stoa_db_close(db);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void open_refuses_what_it_does_not_know(void)
{
    const stoa_option unknown[] = {{"batch_row", "10"}}, bad[] = {{"batch_rows", "0"}};
    stoa_error err = {0};
    stoa_db db = {7};
    char target[64];

    (void)snprintf(target, sizeof(target), "%s", quirks.engine);
    (void)strncat(target, "::memory:", 10);
    if (strcmp(quirks.engine, "sqlite") != 0)
        (void)snprintf(target, sizeof(target), "%s:", quirks.engine);
    MUST_FAIL(stoa_open(NO_OP, target, STOA_NUL, unknown, 1, &db, &err),
              STOA_ERR_INVALID);
    CHECK_INT(db.id, 0);
    CHECK_HAS(err.text, "batch_rows");
    MUST_FAIL(stoa_open(NO_OP, target, STOA_NUL, bad, 1, &db, &err), STOA_ERR_INVALID);
    MUST_FAIL(stoa_open(NO_OP, "sqlit:x", STOA_NUL, NULL, 0, &db, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "sqlite");
    MUST_FAIL(stoa_open(NO_OP, target, STOA_NUL, NULL, 0, NULL, &err), STOA_ERR_INVALID);
    MUST_FAIL(stoa_open(NO_OP, NULL, 4, NULL, 0, &db, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "target");
    kit_check_nothing_left();
}

void supports_says_what_is_supported(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    int32_t can = -1;

    for (int32_t i = STOA_CAN_SQL; i <= STOA_CAN_DRY_RUNS; i++) {
        MUST(stoa_db_supports(db, i, &can, &err));
        if (can != quirks_can(i))
            printf("# capability %d\n", (int)i);
        CHECK_INT(can, quirks_can(i));
    }
    MUST_FAIL(stoa_db_supports(db, 0, &can, &err), STOA_ERR_INVALID);
    MUST_FAIL(stoa_db_supports(db, 1000, &can, &err), STOA_ERR_INVALID);
    stoa_db_close(db);
}

/* Each call whose ability is missing, and the name its answer has. */
void missing_abilities_are_named(void)
{
    const char *x = "x";
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowSchema schema;
    stoa_result result;
    stoa_blob blob;
    int64_t count;
    struct {
        int32_t can;
        stoa_status rc;
        stoa_error err;
        const char *name;
    } calls[] = {
        {STOA_CAN_SAVEPOINTS, 0, {0}, "savepoints"},
        {STOA_CAN_SCANS, 0, {0}, "scans"},
        {STOA_CAN_FUNCTIONS, 0, {0}, "functions"},
        {STOA_CAN_BLOBS, 0, {0}, "blobs"},
        {STOA_CAN_BACKUP, 0, {0}, "backups"},
        {STOA_CAN_CHECK, 0, {0}, "integrity checks"},
        {STOA_CAN_CHECKPOINT, 0, {0}, "checkpoints"},
        {STOA_CAN_VACUUM, 0, {0}, "vacuums"},
        {STOA_CAN_CATALOG, 0, {0}, "catalogues"},
        {STOA_CAN_READ, 0, {0}, "reads"},
        {STOA_CAN_CATALOG, 0, {0}, "catalogues"},
    };
    const stoa_value table = {.type = STOA_TYPE_TEXT, .b = 1};

    calls[0].rc = stoa_savepoint(conn, NO_OP, x, 1, &calls[0].err);
    calls[1].rc = stoa_scan_drop(conn, x, 1, &calls[1].err);
    calls[2].rc = stoa_function_drop(conn, x, 1, &calls[2].err);
    calls[3].rc =
        stoa_blob_open(conn, NO_OP, NULL, 0, x, 1, x, 1, 1, 0, &blob, &calls[3].err);
    calls[4].rc = stoa_restore(conn, NO_OP, "/nowhere/at/all", STOA_NUL, &calls[4].err);
    calls[5].rc = stoa_check(conn, NO_OP, 0, &count, NULL, 0, &calls[5].err);
    calls[6].rc = stoa_checkpoint(conn, NO_OP, 0, &calls[6].err);
    calls[7].rc = stoa_vacuum(conn, NO_OP, &calls[7].err);
    calls[8].rc = stoa_catalog(conn, NO_OP, STOA_CATALOG_TABLES, NULL, 0, NULL, 0,
                               &result, &calls[8].err);
    calls[9].rc = stoa_read(conn, NO_OP, &table, 1, NULL, 0, (const uint8_t *)x, 1,
                            INT64_MIN, INT64_MAX, 0, &result, &calls[9].err);
    calls[10].rc = stoa_table_schema(conn, NO_OP, NULL, 0, x, 1, &schema, &calls[10].err);
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        if (quirks_can(calls[i].can)) {
            CHECK(calls[i].rc != STOA_ERR_UNSUPPORTED);
            continue;
        }
        CHECK_INT(calls[i].rc, STOA_ERR_UNSUPPORTED);
        CHECK_HAS(calls[i].err.text, calls[i].name);
        CHECK_HAS(calls[i].err.text, quirks.engine);
    }
    (void)err;
    stoa_db_close(db);
    kit_check_nothing_left();
}

void connections_have_settings(void)
{
    const stoa_option small[] = {{"batch_rows", "4"}}, wrong[] = {{"batch_rows", "none"}};
    const stoa_option unknown[] = {{"batch_rows", "5"}, {"tpyes", "infer"}};
    stoa_error err = {0};
    stoa_db db = kit_open();
    struct ArrowArray batch;
    stoa_result result;
    stoa_conn conn;

    MUST_FAIL(stoa_connect(db, NO_OP, wrong, 1, &conn, &err), STOA_ERR_INVALID);
    CHECK_INT(conn.id, 0);
    MUST_FAIL(stoa_connect(db, NO_OP, unknown, 2, &conn, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "types");
    MUST(stoa_connect(db, NO_OP, small, 1, &conn, &err));
    MUST_FAIL(stoa_conn_set(conn, unknown, 2, &err), STOA_ERR_INVALID);
    result = kit_query(conn, kit_sql(quirks.rows, 10));
    MUST(stoa_result_next(result, NO_OP, &batch, &err));
    CHECK_INT(batch.length, 4);
    stoa_batch_release(&batch);
    stoa_result_close(result);
    MUST(stoa_ping(conn, NO_OP, &err));
    stoa_db_close(db);
    kit_check_nothing_left();
}

void sessions_are_pooled(void)
{
    const stoa_option options[] = {{"pool_idle_max", "1"}};
    stoa_error err = {0};
    stoa_conn conns[3];
    int64_t count = 0;
    stoa_db db = kit_open_with(options, 1);

    for (int i = 0; i < 3; i++)
        conns[i] = kit_connect(db);
    MUST(stoa_live(STOA_LIVE_SESSION, &count, &err));
    CHECK_INT(count, 3);
    for (int i = 0; i < 3; i++)
        stoa_conn_close(conns[i]);
    MUST(stoa_live(STOA_LIVE_SESSION, &count, &err));
    CHECK_INT(count, 1);
    conns[0] = kit_connect(db);
    MUST(stoa_live(STOA_LIVE_SESSION, &count, &err));
    CHECK_INT(count, 1);
    stoa_conn_close(conns[0]);
    stoa_db_close(db);
    kit_check_nothing_left();
}

/* ---- results ---- */

void a_result_gives_batches(void)
{
    const stoa_option small[] = {{"batch_rows", "1000"}};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowSchema schema;
    struct ArrowArray batch;
    stoa_stats stats = {.struct_size = sizeof(stats)};
    stoa_result result;
    int64_t rows = 0;
    stoa_status rc;

    MUST(stoa_conn_set(conn, small, 1, &err));
    result = kit_query(conn, kit_sql(quirks.rows, 2500));
    MUST(stoa_result_schema(result, &schema, &err));
    CHECK_TEXT(schema.format, "+s");
    CHECK_INT(schema.n_children, 1);
    CHECK_TEXT(schema.children[0]->name, "n");
    CHECK_TEXT(schema.children[0]->format, "l");
    while ((rc = stoa_result_next(result, NO_OP, &batch, &err)) == STOA_OK) {
        const int64_t *values = batch.children[0]->buffers[1];

        MUST(stoa_arrow_check(&schema, &batch, STOA_CHECK_FULL, &err));
        CHECK(batch.length > 0 && batch.length <= 1000);
        CHECK_INT(values[batch.offset + batch.children[0]->offset], rows);
        rows += batch.length;
        stoa_batch_release(&batch);
    }
    CHECK_INT(rc, STOA_DONE);
    CHECK_INT(rows, 2500);
    CHECK_INT(stoa_result_next(result, NO_OP, &batch, &err), STOA_DONE);
    CHECK(!batch.release);
    MUST(stoa_result_stats(result, &stats, &err));
    CHECK_INT(stats.rows_read, 2500);
    CHECK(stats.elapsed_ns > 0);
    CHECK_INT(stoa_result_next_result(result, NO_OP, &err), STOA_DONE);
    stoa_schema_release(&schema);
    stoa_result_close(result);
    MUST_FAIL(stoa_result_next(result, NO_OP, &batch, &err), STOA_ERR_CLOSED);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void a_result_gives_rows(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_result result = kit_query(conn, kit_sql(quirks.rows, 10));
    stoa_rows rows;
    int64_t next = 0;

    MUST_FAIL(stoa_result_rows(result, NO_OP, 0, &rows, &err), STOA_ERR_INVALID);
    while (stoa_result_rows(result, NO_OP, 4, &rows, &err) == STOA_OK) {
        CHECK(rows.row_count >= 1 && rows.row_count <= 4);
        CHECK_INT(rows.column_count, 1);
        for (int64_t i = 0; i < rows.row_count; i++) {
            CHECK_INT(rows.values[i].type, STOA_TYPE_INT64);
            CHECK_INT(rows.values[i].a, next++);
        }
    }
    CHECK_INT(next, 10);
    CHECK_INT(stoa_result_rows(result, NO_OP, 4, &rows, &err), STOA_DONE);
    CHECK_INT(rows.row_count, 0);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void batches_and_rows_in_turn(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_result result = kit_query(conn, kit_sql(quirks.rows, 10));
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    int64_t rows_left, sum;
    stoa_rows rows;

    MUST(stoa_result_rows(result, NO_OP, 3, &rows, &err));
    CHECK_INT(rows.row_count, 3);
    MUST(stoa_result_step(result, NO_OP, &err));
    MUST(stoa_result_next(result, NO_OP, &batch, &err));
    CHECK_INT(batch.length, 6);
    CHECK_INT(((const int64_t *)batch.children[0]
                   ->buffers[1])[batch.offset + batch.children[0]->offset],
              4);
    stoa_batch_release(&batch);
    CHECK_INT(stoa_result_step(result, NO_OP, &err), STOA_DONE);
    stoa_result_close(result);

    result = kit_query(conn, kit_sql(quirks.rows, 10));
    MUST(stoa_result_step(result, NO_OP, &err));
    MUST(stoa_result_export(result, NO_OP, &stream, &err));
    MUST(data_sum(&stream, &rows_left, &sum, &err));
    CHECK_INT(rows_left, 9);
    CHECK_INT(sum, 45);
    stoa_db_close(db);
    kit_check_nothing_left();
}

static stoa_rows one_value(stoa_conn conn, const stoa_value *value, const char *bytes)
{
    stoa_error err = {0};
    stoa_rows rows;

    MUST(stoa_query_row(conn, NO_OP, quirks.one, STOA_NUL, value, 1,
                        (const uint8_t *)bytes, bytes ? (int64_t)strlen(bytes) : 0, &rows,
                        &err));
    CHECK_INT(rows.row_count, 1);
    CHECK_INT(rows.column_count, 1);
    return rows;
}

static stoa_result step_to(stoa_conn conn, const stoa_value *values, const char *bytes)
{
    stoa_error err = {0};
    stoa_result result;

    MUST(stoa_query(conn, NO_OP, quirks.two, STOA_NUL, values, 2, (const uint8_t *)bytes,
                    (int64_t)strlen(bytes), &result, &err));
    MUST_FAIL(stoa_result_is_null(result, 0, &(int32_t){0}, &err), STOA_ERR_INVALID);
    MUST(stoa_result_step(result, NO_OP, &err));
    return result;
}

void getters_convert_without_loss(void)
{
    const double half = 2.5;
    stoa_value pair[2] = {{.type = STOA_TYPE_INT64, .a = INT64_C(9007199254740993)},
                          {.type = STOA_TYPE_FLOAT64}};
    stoa_value texts[2] = {{.type = STOA_TYPE_TEXT, .b = 5}, {.type = STOA_TYPE_NULL}};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    const char *text, *other;
    const uint8_t *bytes;
    stoa_result result;
    int64_t size, number;
    double real;
    int32_t null;

    memcpy(&pair[1].a, &half, sizeof(half));
    result = step_to(conn, pair, "");
    MUST(stoa_result_int64(result, 0, &number, &err));
    CHECK_INT(number, INT64_C(9007199254740993));
    MUST_FAIL(stoa_result_float64(result, 0, &real, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "column 0");
    MUST(stoa_result_float64(result, 1, &real, &err));
    CHECK(real == 2.5);
    MUST_FAIL(stoa_result_int64(result, 1, &number, &err), STOA_ERR_TYPE);
    MUST(stoa_result_text(result, 0, &text, &size, &err));
    MUST(stoa_result_text(result, 1, &other, &size, &err));
    CHECK_TEXT(text, "9007199254740993");
    CHECK_TEXT(other, "2.5");
    MUST_FAIL(stoa_result_bytes(result, 0, &bytes, &size, &err), STOA_ERR_TYPE);
    MUST_FAIL(stoa_result_int64(result, 2, &number, &err), STOA_ERR_INVALID);
    MUST_FAIL(stoa_result_int64(result, -1, &number, &err), STOA_ERR_INVALID);
    stoa_result_close(result);

    result = step_to(conn, texts, "stoic");
    MUST(stoa_result_text(result, 0, &text, &size, &err));
    CHECK_TEXT(text, "stoic");
    CHECK_INT(size, 5);
    MUST(stoa_result_bytes(result, 0, &bytes, &size, &err));
    CHECK(size == 5 && memcmp(bytes, "stoic", 5) == 0);
    MUST_FAIL(stoa_result_int64(result, 0, &number, &err), STOA_ERR_TYPE);
    MUST(stoa_result_is_null(result, 1, &null, &err));
    CHECK_INT(null, 1);
    MUST_FAIL(stoa_result_text(result, 1, &text, &size, &err), STOA_ERR_TYPE);
    CHECK(!text && size == 0);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void one_row_in_one_call(void)
{
    const stoa_value seven = {.type = STOA_TYPE_INT64, .a = 7};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_stmt stmt;
    stoa_rows rows = one_value(conn, &seven, NULL);

    CHECK_INT(rows.values[0].a, 7);
    CHECK_INT(stoa_query_row(conn, NO_OP, kit_sql(quirks.rows, 0), STOA_NUL, NULL, 0,
                             NULL, 0, &rows, &err),
              STOA_DONE);
    CHECK_INT(rows.row_count, 0);
    MUST(stoa_prepare(conn, NO_OP, kit_sql(quirks.rows, 5), STOA_NUL, &stmt, &err));
    for (int i = 0; i < 3; i++) {
        MUST(stoa_execute_row(stmt, NO_OP, NULL, 0, NULL, 0, &rows, &err));
        CHECK_INT(rows.row_count, 1);
        CHECK_INT(rows.values[0].a, 0);
    }
    stoa_db_close(db);
    kit_check_nothing_left();
}

/* ---- parameters ---- */

void parameters_are_checked(void)
{
    const uint8_t bytes[] = "ab\xff";
    const struct {
        stoa_value value;
        const char *says;
    } wrong[] = {
        {{.type = 99}, "STOA_TYPE"},
        {{.type = -1}, "STOA_TYPE"},
        {{.type = STOA_TYPE_INT64, .flags = 1}, "flags"},
        {{.type = STOA_TYPE_BOOL, .a = 2}, "bool"},
        {{.type = STOA_TYPE_INT8, .a = 128}, "int8"},
        {{.type = STOA_TYPE_UINT32, .a = -1}, "uint32"},
        {{.type = STOA_TYPE_TIME, .a = -1}, "time"},
        {{.type = STOA_TYPE_TEXT, .a = 0, .b = 4}, "inside"},
        {{.type = STOA_TYPE_TEXT, .a = -1, .b = 1}, "inside"},
        {{.type = STOA_TYPE_TEXT, .a = INT64_MAX, .b = INT64_MAX}, "inside"},
        {{.type = STOA_TYPE_TEXT, .a = 0, .b = 3}, "UTF-8"},
        {{.type = STOA_TYPE_UUID, .a = 0, .b = 3}, "16"},
        {{.type = STOA_TYPE_NAME, .a = 0, .b = 2}, "no value"},
    };
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_rows rows;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        MUST_FAIL(stoa_query_row(conn, NO_OP, quirks.one, STOA_NUL, &wrong[i].value, 1,
                                 bytes, 3, &rows, &err),
                  STOA_ERR_INVALID);
        CHECK_HAS(err.text, wrong[i].says);
        CHECK_INT(rows.row_count, 0);
    }
    MUST_FAIL(
        stoa_query_row(conn, NO_OP, quirks.one, STOA_NUL, NULL, 1, NULL, 0, &rows, &err),
        STOA_ERR_INVALID);
    MUST_FAIL(
        stoa_query_row(conn, NO_OP, quirks.one, STOA_NUL, NULL, -1, NULL, 0, &rows, &err),
        STOA_ERR_INVALID);
    MUST_FAIL(
        stoa_query_row(conn, NO_OP, quirks.one, STOA_NUL, NULL, 0, NULL, 5, &rows, &err),
        STOA_ERR_INVALID);
    stoa_db_close(db);
}

void parameters_keep_their_values(void)
{
    const double extremes[] = {0.0, -0.5, DBL_MAX, DBL_MIN, 1e-300};
    const int64_t numbers[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    stoa_value text = {.type = STOA_TYPE_TEXT, .b = 6}, null = {.type = STOA_TYPE_NULL};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_rows rows;

    for (size_t i = 0; i < 5; i++) {
        stoa_value number = {.type = STOA_TYPE_INT64, .a = numbers[i]};
        stoa_value real = {.type = STOA_TYPE_FLOAT64};

        memcpy(&real.a, &extremes[i], sizeof(real.a));
        rows = one_value(conn, &number, NULL);
        CHECK_INT(rows.values[0].type, STOA_TYPE_INT64);
        CHECK_INT(rows.values[0].a, numbers[i]);
        rows = one_value(conn, &real, NULL);
        CHECK_INT(rows.values[0].type, STOA_TYPE_FLOAT64);
        CHECK_INT(rows.values[0].a, real.a);
    }
    rows = one_value(conn, &text, "h\xc3\xa9lios");
    CHECK_INT(rows.values[0].type, STOA_TYPE_TEXT);
    CHECK_INT(rows.values[0].b, 6);
    CHECK(memcmp(rows.bytes + rows.values[0].a, "h\xc3\xa9lio", 6) == 0);
    rows = one_value(conn, &null, NULL);
    CHECK_INT(rows.values[0].type, STOA_TYPE_NULL);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void statements_are_prepared_and_bound(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowSchema schema;
    stoa_rows rows;
    stoa_stmt stmt;

    MUST_FAIL(stoa_prepare(conn, NO_OP, "  ", STOA_NUL, &stmt, &err), STOA_ERR_SYNTAX);
    CHECK_INT(stmt.id, 0);
    MUST(stoa_prepare(conn, NO_OP, quirks.two, STOA_NUL, &stmt, &err));
    MUST(stoa_stmt_parameters(stmt, &schema, &err));
    CHECK_INT(schema.n_children, 2);
    CHECK_TEXT(schema.children[1]->name, "");
    stoa_schema_release(&schema);
    MUST(stoa_bind_int64(stmt, 1, 41, &err));
    MUST(stoa_bind_text(stmt, 2, "walk", STOA_NUL, &err));
    MUST_FAIL(stoa_bind_int64(stmt, 3, 1, &err), STOA_ERR_INVALID);
    MUST_FAIL(stoa_bind_int64(stmt, 0, 1, &err), STOA_ERR_INVALID);
    MUST(stoa_execute_row(stmt, NO_OP, NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.values[0].a, 41);
    CHECK(memcmp(rows.bytes + rows.values[1].a, "walk", 4) == 0);
    MUST(stoa_bind_null(stmt, 1, &err));
    MUST(stoa_bind_bytes(stmt, 2, (const uint8_t *)"\x00\x01", 2, &err));
    MUST(stoa_execute_row(stmt, NO_OP, NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.values[0].type, STOA_TYPE_NULL);
    CHECK_INT(rows.values[1].type, STOA_TYPE_BYTES);
    MUST(stoa_bind_float64(stmt, 1, 0.25, &err));
    MUST(stoa_execute_row(stmt, NO_OP, NULL, 0, NULL, 0, &rows, &err));
    CHECK_INT(rows.values[0].type, STOA_TYPE_FLOAT64);
    MUST_FAIL(stoa_stmt_parameter(stmt, "nobody", STOA_NUL, &(int32_t){0}, &err),
              STOA_ERR_NOT_FOUND);
    MUST(stoa_bind_clear(stmt, &err));
    stoa_stmt_close(stmt);
    MUST_FAIL(stoa_bind_clear(stmt, &err), STOA_ERR_CLOSED);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void executing_again_ends_the_old_result(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_result first, second;
    stoa_stmt stmt;

    MUST(stoa_prepare(conn, NO_OP, kit_sql(quirks.rows, 5), STOA_NUL, &stmt, &err));
    MUST(stoa_execute(stmt, NO_OP, NULL, 0, NULL, 0, &first, &err));
    MUST(stoa_result_step(first, NO_OP, &err));
    MUST(stoa_execute(stmt, NO_OP, NULL, 0, NULL, 0, &second, &err));
    MUST_FAIL(stoa_result_step(first, NO_OP, &err), STOA_ERR_CLOSED);
    CHECK_HAS(err.text, "executed again");
    MUST_FAIL(stoa_result_next_result(first, NO_OP, &err), STOA_ERR_CLOSED);
    /* A result goes on when its statement is closed. */
    stoa_stmt_close(stmt);
    for (int i = 0; i < 5; i++)
        MUST(stoa_result_step(second, NO_OP, &err));
    CHECK_INT(stoa_result_step(second, NO_OP, &err), STOA_DONE);
    stoa_result_close(first);
    stoa_result_close(second);
    stoa_db_close(db);
    kit_check_nothing_left();
}

/* ---- scripts ---- */

void scripts_run_in_order(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    char script[1024];
    stoa_result result;
    stoa_done done;
    int64_t n;

    (void)snprintf(script, sizeof(script), ";%s ;\n", kit_sql(quirks.rows, 1));
    (void)strncat(script, kit_sql(quirks.rows, 2), 400);
    (void)strncat(script, "; -- the end\n", 20);
    result = kit_query(conn, script);
    MUST(stoa_result_step(result, NO_OP, &err));
    MUST(stoa_result_next_result(result, NO_OP, &err));
    MUST(stoa_result_step(result, NO_OP, &err));
    MUST(stoa_result_step(result, NO_OP, &err));
    MUST(stoa_result_int64(result, 0, &n, &err));
    CHECK_INT(n, 1);
    CHECK_INT(stoa_result_next_result(result, NO_OP, &err), STOA_DONE);
    CHECK_INT(stoa_result_step(result, NO_OP, &err), STOA_DONE);
    MUST(stoa_run(conn, NO_OP, script, STOA_NUL, NULL, 0, NULL, 0, &done, &err));
    CHECK_INT(done.rows_affected, -1);
    MUST(stoa_run(conn, NO_OP, " ; ", STOA_NUL, NULL, 0, NULL, 0, NULL, &err));
    MUST_FAIL(stoa_query(conn, NO_OP, " ; ", STOA_NUL, NULL, 0, NULL, 0, &result, &err),
              STOA_ERR_SYNTAX);
    MUST_FAIL(stoa_query_row(conn, NO_OP, script, STOA_NUL, NULL, 0, NULL, 0,
                             &(stoa_rows){0}, &err),
              STOA_ERR_SYNTAX);
    CHECK_HAS(err.text, "more than one");
    stoa_db_close(db);
    kit_check_nothing_left();
}

void wrong_statements_are_placed(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_result result = {9};
    char script[1024];
    int64_t alone;

    MUST_FAIL(
        stoa_query(conn, NO_OP, quirks.wrong, STOA_NUL, NULL, 0, NULL, 0, &result, &err),
        STOA_ERR_SYNTAX);
    CHECK_INT(result.id, 0);
    alone = err.position;
    CHECK(alone >= 0);
    (void)snprintf(script, sizeof(script), "%s; ", kit_sql(quirks.rows, 1));
    alone += (int64_t)strlen(script) - 1;
    (void)strncat(script, quirks.wrong, 100);
    MUST_FAIL(stoa_run(conn, NO_OP, script, STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
              STOA_ERR_SYNTAX);
    CHECK(err.position == alone || err.position == alone + 1);
    result = kit_query(conn, script);
    MUST_FAIL(stoa_result_next_result(result, NO_OP, &err), STOA_ERR_SYNTAX);
    CHECK(err.position == alone || err.position == alone + 1);
    MUST_FAIL(stoa_result_next_result(result, NO_OP, &err), STOA_ERR_SYNTAX);
    MUST_FAIL(
        stoa_run(conn, NO_OP, quirks.failing, STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
        STOA_ERR_NOT_FOUND);
    /* The connection goes on. */
    MUST(stoa_run(conn, NO_OP, kit_sql(quirks.rows, 1), STOA_NUL, NULL, 0, NULL, 0, NULL,
                  &err));
    stoa_db_close(db);
    kit_check_nothing_left();
}
