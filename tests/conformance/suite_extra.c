/* SPDX-License-Identifier: Apache-2.0 */
/* What only some engines can do: scans, functions, blobs, the catalogue. */
#include "conformance/suite.h"

static int released;

static void count_release(void *user_data)
{
    (void)user_data;
    released++;
}

/* ---- scans ---- */

static stoa_status open_again(void *user_data, struct ArrowArrayStream *out,
                              stoa_error *err)
{
    int *opened = user_data;

    if (*opened < 0) {
        (void)snprintf(err->text, sizeof(err->text), "nothing to read here");
        err->code = STOA_ERR_IO;
        return STOA_ERR_IO;
    }
    ++*opened;
    data_stream(out, 2, 10, -1);
    return STOA_OK;
}

static stoa_status resolve(void *user_data, const char *name, int64_t name_size,
                           struct ArrowArrayStream *out, stoa_error *err)
{
    (void)user_data;
    (void)err;
    if (name_size != 5 || memcmp(name, "ghost", 5) != 0)
        return STOA_ERR_NOT_FOUND;
    data_stream(out, 1, 4, -1);
    return STOA_OK;
}

static void check_scan_counts(stoa_conn conn, stoa_scan scan)
{
    stoa_error err = {0};

    for (int i = 0; i < 2; i++)
        CHECK_INT(kit_int64(conn, "SELECT sum(id) FROM s"), 190);
    stoa_scan_close(scan);
    MUST_FAIL(
        stoa_run(conn, NO_OP, "SELECT * FROM s", STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
        STOA_ERR_NOT_FOUND);
}

void scans_are_tables(void)
{
    const stoa_option replace[] = {{"replace", "yes"}};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowArrayStream stream;
    struct ArrowArray batches[2];
    struct ArrowSchema schema;
    int opened = 0;
    stoa_scan scan, other;

    if (!quirks_can(STOA_CAN_SCANS)) {
        MUST_FAIL(stoa_scan_register_factory(conn, NO_OP, "s", 1, open_again, &opened,
                                             count_release, NULL, 0, &scan, &err),
                  STOA_ERR_UNSUPPORTED);
        CHECK_INT(released, 1);
        CHECK_INT(opened, 0);
        stoa_db_close(db);
        return;
    }
    data_stream(&stream, 2, 10, -1);
    MUST(stoa_scan_register(conn, NO_OP, "s", 1, &stream, NULL, 0, &scan, &err));
    CHECK(!stream.release);
    data_stream(&stream, 1, 1, -1);
    MUST_FAIL(stoa_scan_register(conn, NO_OP, "s", 1, &stream, NULL, 0, &other, &err),
              STOA_ERR_EXISTS);
    CHECK(stream.release != NULL);
    check_scan_counts(conn, scan);
    MUST(stoa_scan_register(conn, NO_OP, "s", 1, &stream, NULL, 0, &other, &err));

    data_schema(&schema);
    data_batch(&batches[0], 0, 10);
    data_batch(&batches[1], 10, 10);
    MUST_FAIL(stoa_scan_register_batches(conn, NO_OP, "s", 1, &schema, batches, 2, NULL,
                                         0, &scan, &err),
              STOA_ERR_EXISTS);
    CHECK(schema.release && batches[0].release && batches[1].release);
    MUST(stoa_scan_register_batches(conn, NO_OP, "s", 1, &schema, batches, 2, replace, 1,
                                    &scan, &err));
    CHECK(!schema.release && !batches[0].release && !batches[1].release);
    check_scan_counts(conn, scan);

    MUST(stoa_scan_register_factory(conn, NO_OP, "s", 1, open_again, &opened,
                                    count_release, NULL, 0, &scan, &err));
    CHECK_INT(opened, 1);
    check_scan_counts(conn, scan);
    CHECK_INT(opened, 3);
    CHECK_INT(released, 1);
    opened = -1;
    MUST_FAIL(stoa_scan_register_factory(conn, NO_OP, "s", 1, open_again, &opened,
                                         count_release, NULL, 0, &scan, &err),
              STOA_ERR_CALLBACK);
    CHECK_HAS(err.text, "nothing to read here");
    CHECK_INT(released, 2);
    MUST_FAIL(stoa_scan_drop(conn, "s", 1, &err), STOA_ERR_NOT_FOUND);

    MUST(stoa_scan_resolver(conn, resolve, NULL, count_release, &err));
    CHECK_INT(kit_int64(conn, "SELECT sum(id) FROM ghost"), 6);
    MUST_FAIL(stoa_run(conn, NO_OP, "SELECT * FROM spirit", STOA_NUL, NULL, 0, NULL, 0,
                       NULL, &err),
              STOA_ERR_NOT_FOUND);
    MUST(stoa_scan_resolver(conn, NULL, NULL, NULL, &err));
    CHECK_INT(released, 3);
    MUST(stoa_scan_resolver(conn, resolve, NULL, count_release, &err));
    stoa_db_close(db);
    CHECK_INT(released, 4);
    kit_check_nothing_left();
}

/* ---- functions ---- */

static stoa_status twice(void *user_data, const stoa_rows *arguments, stoa_value *result,
                         const uint8_t **result_bytes, stoa_error *err)
{
    (void)user_data;
    (void)result_bytes;
    if (arguments->values[0].a == 13) {
        err->code = STOA_ERR_INVALID;
        err->text_size = snprintf(err->text, sizeof(err->text), "thirteen is unlucky");
        return STOA_ERR_INVALID;
    }
    result->type = STOA_TYPE_INT64;
    result->a = 2 * arguments->values[0].a;
    return STOA_OK;
}

static stoa_function_spec make_spec(struct ArrowSchema *parameters,
                                    struct ArrowSchema **child,
                                    struct ArrowSchema *returns)
{
    *parameters = (struct ArrowSchema){.format = "+s",
                                       .name = "",
                                       .n_children = 1,
                                       .children = child,
                                       .release = stoa_schema_release};
    *returns = (struct ArrowSchema){.format = "l",
                                    .name = "",
                                    .flags = ARROW_FLAG_NULLABLE,
                                    .release = stoa_schema_release};
    return (stoa_function_spec){.struct_size = sizeof(stoa_function_spec),
                                .name = "twice",
                                .name_size = STOA_NUL,
                                .parameters = parameters,
                                .returns = returns,
                                .row = twice};
}

void functions_are_called_and_released(void)
{
    struct ArrowSchema parameters, returns, *child = &returns;
    stoa_function_spec spec = make_spec(&parameters, &child, &returns), wrong = spec;
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_function function = {5};

    if (!quirks_can(STOA_CAN_FUNCTIONS)) {
        MUST_FAIL(
            stoa_function_register(conn, &spec, NULL, count_release, &function, &err),
            STOA_ERR_UNSUPPORTED);
        CHECK_INT(released, 1);
        CHECK_INT(function.id, 0);
        stoa_db_close(db);
        return;
    }
    wrong.struct_size = 8;
    MUST_FAIL(stoa_function_register(conn, &wrong, NULL, count_release, &function, &err),
              STOA_ERR_INVALID);
    wrong = spec;
    wrong.row = NULL;
    MUST_FAIL(stoa_function_register(conn, &wrong, NULL, count_release, &function, &err),
              STOA_ERR_INVALID);
    MUST_FAIL(stoa_function_register(conn, NULL, NULL, count_release, &function, &err),
              STOA_ERR_INVALID);
    MUST_FAIL(stoa_function_register((stoa_conn){0}, &spec, NULL, count_release,
                                     &function, &err),
              STOA_ERR_HANDLE);
    CHECK_INT(released, 4);
    MUST(stoa_function_register(conn, &spec, NULL, count_release, &function, &err));
    CHECK_INT(kit_int64(conn, "SELECT twice(21)"), 42);
    MUST_FAIL(
        stoa_run(conn, NO_OP, "SELECT twice(13)", STOA_NUL, NULL, 0, NULL, 0, NULL, &err),
        STOA_ERR_CALLBACK);
    CHECK_HAS(err.text, "thirteen is unlucky");
    MUST_FAIL(stoa_function_register(conn, &spec, NULL, count_release, &function, &err),
              STOA_ERR_EXISTS);
    CHECK_INT(released, 5);
    spec.flags = STOA_FUNCTION_REPLACE;
    MUST(stoa_function_register(conn, &spec, NULL, count_release, &function, &err));
    CHECK_INT(released, 6);
    CHECK_INT(kit_int64(conn, "SELECT twice(4)"), 8);
    MUST(stoa_function_drop(conn, "TWICE", STOA_NUL, &err));
    CHECK_INT(released, 7);
    MUST_FAIL(stoa_function_drop(conn, "twice", STOA_NUL, &err), STOA_ERR_NOT_FOUND);
    MUST(stoa_function_register(conn, &spec, NULL, count_release, &function, &err));
    stoa_conn_close(conn);
    CHECK_INT(released, 8);
    stoa_db_close(db);
    kit_check_nothing_left();
}

/* ---- blobs ---- */

void blobs_are_read_and_written(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    uint8_t bytes[4] = {1, 2, 3, 4}, back[4] = {0};
    int64_t size = 0;
    stoa_blob blob;

    if (!quirks_can(STOA_CAN_BLOBS)) {
        stoa_db_close(db);
        return;
    }
    MUST(stoa_run(conn, NO_OP,
                  "CREATE TABLE b(x BLOB); INSERT INTO b VALUES (zeroblob(100))",
                  STOA_NUL, NULL, 0, NULL, 0, NULL, &err));
    MUST(stoa_blob_open(conn, NO_OP, NULL, 0, "b", 1, "x", 1, 1, 1, &blob, &err));
    MUST(stoa_blob_size(blob, &size, &err));
    CHECK_INT(size, 100);
    MUST(stoa_blob_write(blob, NO_OP, 96, bytes, 4, &err));
    MUST_FAIL(stoa_blob_write(blob, NO_OP, 97, bytes, 4, &err), STOA_ERR_INVALID);
    MUST_FAIL(stoa_blob_read(blob, NO_OP, -1, back, 4, &err), STOA_ERR_INVALID);
    MUST(stoa_blob_read(blob, NO_OP, 96, back, 4, &err));
    CHECK(memcmp(bytes, back, 4) == 0);
    MUST(stoa_blob_finish(blob, NO_OP, &err));
    MUST_FAIL(stoa_blob_read(blob, NO_OP, 0, back, 4, &err), STOA_ERR_CLOSED);
    MUST(stoa_blob_open(conn, NO_OP, "main", 4, "b", 1, "x", 1, 1, 0, &blob, &err));
    MUST_FAIL(stoa_blob_write(blob, NO_OP, 0, bytes, 4, &err), STOA_ERR_READ_ONLY);
    MUST_FAIL(stoa_blob_open(conn, NO_OP, NULL, 0, "b", 1, "x", 1, 99, 0, &blob, &err),
              STOA_ERR_NOT_FOUND);
    CHECK_INT(kit_int64(conn, "SELECT hex(substr(x, 97)) = '01020304' FROM b"), 1);
    stoa_db_close(db);
    kit_check_nothing_left();
}

/* ---- the catalogue ---- */

void the_catalogue_lists(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowArrayStream engines;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    stoa_result result;
    const char *text;
    int64_t size;

    MUST(stoa_engines(&engines, &err));
    MUST(stoa_stream_schema(&engines, &schema, &err));
    CHECK_INT(schema.n_children, 6);
    CHECK_TEXT(schema.children[4]->format, "+l");
    MUST(stoa_stream_next(&engines, &batch, &err));
    CHECK(batch.length >= 2);
    MUST(stoa_arrow_check(&schema, &batch, STOA_CHECK_FULL, &err));
    stoa_batch_release(&batch);
    stoa_schema_release(&schema);
    stoa_stream_release(&engines);

    MUST_FAIL(stoa_catalog(conn, NO_OP, 99, NULL, 0, NULL, 0, &result, &err),
              STOA_ERR_INVALID);
    if (!quirks_can(STOA_CAN_CATALOG)) {
        stoa_db_close(db);
        return;
    }
    kit_fill(conn, 3);
    MUST(stoa_catalog(conn, NO_OP, STOA_CATALOG_TABLES, NULL, 0, "T", 1, &result, &err));
    MUST(stoa_result_step(result, NO_OP, &err));
    MUST(stoa_result_text(result, 1, &text, &size, &err));
    CHECK_TEXT(text, "t");
    CHECK_INT(stoa_result_step(result, NO_OP, &err), STOA_DONE);
    stoa_result_close(result);
    for (int32_t what = STOA_CATALOG_DATABASES; what <= STOA_CATALOG_COLLATIONS; what++) {
        if (quirks.lists_tables_alone &&
            (what == STOA_CATALOG_INDEXES || what >= STOA_CATALOG_FUNCTIONS)) {
            MUST_FAIL(stoa_catalog(conn, NO_OP, what, NULL, 0, NULL, 0, &result, &err),
                      STOA_ERR_UNSUPPORTED);
            continue;
        }
        MUST(stoa_catalog(conn, NO_OP, what, NULL, 0, NULL, 0, &result, &err));
        while ((err.code = stoa_result_next(result, NO_OP, &batch, &err)) == STOA_OK)
            stoa_batch_release(&batch);
        CHECK_INT(err.code, STOA_DONE);
        stoa_result_close(result);
    }
    MUST(stoa_table_schema(conn, NO_OP, NULL, 0, "t", 1, &schema, &err));
    CHECK_INT(schema.n_children, 2);
    CHECK_TEXT(schema.children[0]->format, "l");
    CHECK_TEXT(schema.children[1]->format, "u");
    stoa_schema_release(&schema);
    MUST_FAIL(stoa_table_schema(conn, NO_OP, NULL, 0, "nowhere", STOA_NUL, &schema, &err),
              STOA_ERR_NOT_FOUND);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void whole_tables_are_read(void)
{
    const stoa_value names[] = {{.type = STOA_TYPE_TEXT, .a = 0, .b = 1},
                                {.type = STOA_TYPE_TEXT, .a = 1, .b = 1}};
    const stoa_value column = {.type = STOA_TYPE_TEXT, .a = 2, .b = 2};
    const uint8_t *bytes = (const uint8_t *)"tuid";
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowSchema schema;
    stoa_result result;
    const char *name;
    int64_t size;
    stoa_rows rows;

    if (!quirks_can(STOA_CAN_READ)) {
        stoa_db_close(db);
        return;
    }
    kit_fill(conn, 3);
    MUST(stoa_run(conn, NO_OP, "CREATE TABLE u AS SELECT * FROM t", STOA_NUL, NULL, 0,
                  NULL, 0, NULL, &err));
    MUST(stoa_read(conn, NO_OP, names, 2, &column, 1, bytes, 4, INT64_MIN, INT64_MAX, 0,
                   &result, &err));
    for (int i = 0; i < 2; i++) {
        MUST(stoa_result_table(result, &name, &size, &err));
        CHECK_TEXT(name, i == 0 ? "t" : "u");
        MUST(stoa_result_schema(result, &schema, &err));
        CHECK_INT(schema.n_children, 1);
        stoa_schema_release(&schema);
        MUST(stoa_result_rows(result, NO_OP, 100, &rows, &err));
        CHECK_INT(rows.row_count, 3);
        CHECK_INT(stoa_result_next_result(result, NO_OP, &err),
                  i == 0 ? STOA_OK : STOA_DONE);
    }
    stoa_result_close(result);
    MUST_FAIL(stoa_read(conn, NO_OP, names, 1, NULL, 0, bytes, 4, 0, 5, 0, &result, &err),
              STOA_ERR_INVALID);
    MUST_FAIL(stoa_read(conn, NO_OP, names, 0, NULL, 0, bytes, 4, 0, 5, 0, &result, &err),
              STOA_ERR_INVALID);
    stoa_db_close(db);
    kit_check_nothing_left();
}
