/* SPDX-License-Identifier: Apache-2.0 */
/* Results of the collections behave as all others: lives, views, failures. */
#include "base/mem.h"
#include "collection/read_kit.h"

static stoa_db db;
static stoa_conn conn;
static stoa_error err;

/* A new file in the test's folder, with the sample and `count` more elements. */
static void open_file(int count)
{
    static int files;
    char name[32], *path, sql[600];

    (void)snprintf(name, sizeof name, "%d.db", files++);
    path = test_path(name);

    db = app_open(path, NULL);
    conn = app_connect(db);
    app_run(conn, KIT_SCHEMA READ_DATA);
    (void)snprintf(sql, sizeof sql,
                   "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n) "
                   "INSERT INTO Orchard (id, label, area) SELECT i, 'e' || i, i / 4.0 FROM n "
                   "LIMIT %d",
                   count);
    app_run(conn, sql);
    app_run(conn, "INSERT INTO Orchard_vector_rows (id, vector_index, spacing) "
                  "SELECT id, v, id + v FROM Orchard, (SELECT 1 AS v UNION ALL SELECT 2) "
                  "WHERE id >= 10");
    free(path);
}

static void set_batch_rows(const char *rows)
{
    const stoa_option option = {"batch_rows", rows};

    kit_must(stoa_conn_set(conn, &option, 1, &err), &err, "batch_rows");
}

static int64_t drain(struct ArrowArrayStream *stream)
{
    int64_t rows = 0;

    for (;;) {
        struct ArrowArray batch;

        CHECK_INT(stream->get_next(stream, &batch), 0);
        if (!batch.release)
            return rows;
        rows += batch.length;
        batch.release(&batch);
    }
}

/* ---- lives ---- */

static void check_outlives(reading read, const struct ask *ask, int64_t rows)
{
    struct ArrowArrayStream stream;
    stoa_result result;

    open_file(50);
    set_batch_rows("7");
    kit_must(read(conn, ask, &result, &err), &err, "read");
    kit_must(stoa_result_export(result, NO_OP, &stream, &err), &err, "export");
    stoa_conn_close(conn);
    stoa_db_close(db);
    CHECK_INT(drain(&stream), rows);
    stream.release(&stream);
}

static void what_is_exported_outlives_its_handles(void)
{
    check_outlives(try_elements, &(struct ask){.names = "label area"}, 53);
    check_outlives(try_elements, &(struct ask){.names = "label spacing"}, 53);
    check_outlives(try_elements, &(struct ask){.names = "label spacing", .keys = "1 3 20"}, 3);
    check_outlives(try_group, &(struct ask){.group = "rows"}, 104);
    check_outlives(try_asof, &(struct ask){.names = "tonnes 2024-02-01"}, 54);
}

static void a_result_goes_with_its_connection(void)
{
    struct ArrowArray batch;
    stoa_result result;

    open_file(3);
    kit_must(try_elements(conn, &(struct ask){.names = "spacing"}, &result, &err), &err, "read");
    stoa_conn_close(conn);
    CHECK_INT(stoa_result_next(result, NO_OP, &batch, &err), STOA_ERR_CLOSED);
    stoa_db_close(db);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void a_shutdown_ends_what_was_exported(void)
{
    struct ArrowArrayStream streams[2];
    struct ArrowArray batch;
    stoa_result result;

    open_file(50);
    set_batch_rows("7");
    kit_must(try_elements(conn, &(struct ask){.names = "spacing"}, &result, &err), &err, "read");
    kit_must(stoa_result_export(result, NO_OP, &streams[0], &err), &err, "export");
    kit_must(try_elements(conn, &(struct ask){.keys = "1"}, &result, &err), &err, "read");
    kit_must(stoa_result_export(result, NO_OP, &streams[1], &err), &err, "export");
    kit_must(stoa_db_shutdown(db, NO_OP, &err), &err, "shutdown");
    for (int i = 0; i < 2; i++) {
        CHECK(streams[i].get_next(&streams[i], &batch) != 0);
        CHECK_HAS(streams[i].get_last_error(&streams[i]), "database was shut down");
        streams[i].release(&streams[i]);
    }
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void a_result_in_memory_survives_the_schema(void)
{
    stoa_result result;
    char *rows;

    open_file(0);
    kit_must(try_elements(conn, &(struct ask){.names = "label spacing", .keys = "1"}, &result,
                          &err),
             &err, "read");
    app_run(conn, "DROP TABLE Orchard_vector_rows");
    rows = kit_rows(result);
    CHECK_TEXT(rows, "1|Hill|[4.0,null,4.5]");
    free(rows);
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Cannot read_elements: attribute 'spacing' not found in collection 'Orchard'",
                     .names = "spacing");
    stoa_db_close(db);
}

/* ---- rows, batches, requests ---- */

static void check_request(const char *keys)
{
    static const char *const formats[] = {"i", "n", "u"};
    struct ArrowSchema schema, children[3] = {{0}}, *places[3];
    struct ArrowArray batch;
    stoa_result result;
    stoa_rows rows;

    kit_must(try_elements(conn, &(struct ask){.names = "label tree_count", .keys = keys}, &result,
                          &err),
             &err, "read");
    kit_must(stoa_result_schema(result, &schema, &err), &err, "schema");
    for (int i = 0; i < 3; i++) {
        children[i] = *schema.children[i];
        children[i].format = formats[i];
        places[i] = &children[i];
    }
    struct ArrowSchema asked = schema;

    asked.children = places;
    CHECK_INT(stoa_result_request(result, &children[0], &err), STOA_ERR_INVALID);
    asked.n_children = 2;
    CHECK_INT(stoa_result_request(result, &asked, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "the result has 3 columns, not 2");
    asked.n_children = 3;
    kit_must(stoa_result_request(result, &asked, &err), &err, "request");
    kit_must(stoa_result_request(result, &asked, &err), &err, "request again");
    check_schema(result, "i:id u:label u:tree_count", __FILE__, __LINE__);
    kit_must(stoa_result_rows(result, NO_OP, 1, &rows, &err), &err, "rows");
    CHECK(rows.row_count == 1 && rows.column_count == 3 && rows.rows_affected == -1);
    CHECK_INT(rows.values[0].type, STOA_TYPE_INT32);
    CHECK_INT(rows.values[2].type, STOA_TYPE_TEXT);
    CHECK_INT(stoa_result_request(result, &asked, &err), STOA_ERR_INVALID);
    schema.release(&schema);
    kit_must(stoa_result_next(result, NO_OP, &batch, &err), &err, "next");
    CHECK(batch.length == 2 && batch.n_children == 3);
    batch.release(&batch);
    CHECK_INT(stoa_result_next(result, NO_OP, &batch, &err), STOA_DONE);
    CHECK_INT(stoa_result_next_result(result, NO_OP, &err), STOA_DONE);
    stoa_result_close(result);
}

static void types_are_asked_for_and_rows_and_batches_taken_in_turn(void)
{
    open_file(0);
    check_request(NULL);
    check_request("1 3 -5");
    stoa_db_close(db);
}

/* ---- views ---- */

/* Read a batch, change everything from elsewhere, read the rest: all of it is as it was. */
static void check_view(reading read, const struct ask *ask, const char *sql)
{
    stoa_conn other = app_connect(db);
    struct ArrowArray batch;
    stoa_result result;
    int64_t before = 0, after = 0;
    stoa_status rc;

    kit_must(read(conn, ask, &result, &err), &err, "read");
    while ((rc = stoa_result_next(result, NO_OP, &batch, &err)) == STOA_OK) {
        before += batch.length;
        batch.release(&batch);
    }
    CHECK_INT(rc, STOA_DONE);
    stoa_result_close(result);
    kit_must(read(conn, ask, &result, &err), &err, "read");
    kit_must(stoa_result_next(result, NO_OP, &batch, &err), &err, "next");
    after = batch.length;
    batch.release(&batch);
    app_run(other, sql);
    while ((rc = stoa_result_next(result, NO_OP, &batch, &err)) == STOA_OK) {
        after += batch.length;
        batch.release(&batch);
    }
    kit_must(rc, &err, "next");
    CHECK_INT(after, before);
    stoa_result_close(result);
    stoa_conn_close(other);
}

static void a_read_sees_one_state_of_the_database(void)
{
    open_file(60);
    set_batch_rows("7");
    check_view(try_elements, &(struct ask){.names = "spacing label"},
               "DELETE FROM Orchard WHERE id = 60");
    check_view(try_group, &(struct ask){.group = "rows"}, "DELETE FROM Orchard WHERE id = 59");
    check_view(try_group, &(struct ask){.group = "rows", .keys = "10 20 30 40 50"},
               "DELETE FROM Orchard WHERE id = 50");
    check_view(try_asof, &(struct ask){.names = "tonnes 2024-01-09", .keys = NULL},
               "DELETE FROM Orchard WHERE id = 58");
    stoa_db_close(db);
}

static void reads_are_part_of_an_open_transaction(void)
{
    open_file(0);
    app_run(conn, "BEGIN; INSERT INTO Orchard (id, label) VALUES (8, 'New')");
    CHECK_READ(conn, try_elements, "8|New", .names = "label", .keys = "8");
    CHECK_READ(conn, try_group, "", .group = "rows", .keys = "'New");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Element not found: 9 in collection 'Orchard'", .keys = "9");
    app_run(conn, "ROLLBACK");
    CHECK_READ_FAILS(conn, try_elements, STOA_ERR_NOT_FOUND,
                     "Element not found: 8 in collection 'Orchard'", .keys = "8");
    stoa_db_close(db);
}

static void a_database_opened_for_reading_is_read(void)
{
    char *path = test_path("readonly.db");

    db = app_open(path, NULL);
    conn = app_connect(db);
    app_run(conn, KIT_SCHEMA READ_DATA);
    kit_must(stoa_db_shutdown(db, NO_OP, &err), &err, "shutdown");
    db = app_open(path, "read_only=yes");
    conn = app_connect(db);
    CHECK_READ(conn, try_elements, "3|[]\n1|[4.0,null,4.5]", .names = "spacing", .keys = "3 1");
    CHECK_READ(conn, try_elements, "-5|[null]\n1|[4.0,null,4.5]\n3|[]", .names = "spacing");
    CHECK_READ(conn, try_group, "1|2\n1|1", .group = "buyers", .keys = "1 3");
    CHECK_READ(conn, try_asof, "-5|9.0\n1|3.0\n3|NULL", .names = "tonnes 2024-02-01",
               .cells = "block 1");
    stoa_db_close(db);
    free(path);
}

static void what_a_read_did_is_told(void)
{
    stoa_stats stats = {.struct_size = sizeof stats};
    struct ArrowArray batch;
    stoa_result result;

    open_file(0);
    kit_must(try_elements(conn, &(struct ask){.names = "spacing"}, &result, &err), &err, "read");
    kit_must(stoa_result_next(result, NO_OP, &batch, &err), &err, "next");
    batch.release(&batch);
    kit_must(stoa_result_stats(result, &stats, &err), &err, "stats");
    CHECK_INT(stats.rows_read, 3);
    CHECK_INT(stats.rows_affected, -1);
    stoa_result_close(result);
    stoa_db_close(db);
}

/* ---- cancelling, other threads, other engines ---- */

static stoa_status try_elements_under(stoa_op op)
{
    stoa_result result;

    return stoa_elements_read(conn, op, "Orchard", STOA_NUL, NULL, 0, NULL, 0, NULL, 0, NULL, 0,
                              &result, &err);
}

static void a_cancelled_read_ends(void)
{
    struct ArrowArray batch;
    stoa_result result;
    stoa_op op;

    open_file(50);
    set_batch_rows("7");
    kit_must(stoa_op_open(-1, NULL, NULL, NULL, &op, &err), &err, "op");
    kit_must(try_elements(conn, &(struct ask){.names = "spacing"}, &result, &err), &err, "read");
    kit_must(stoa_result_next(result, op, &batch, &err), &err, "next");
    batch.release(&batch);
    kit_must(stoa_op_cancel(op, &err), &err, "cancel");
    CHECK_INT(stoa_result_next(result, op, &batch, &err), STOA_ERR_CANCELLED);
    kit_must(stoa_op_cancel(op, &err), &err, "cancel");
    CHECK_INT(try_elements_under(op), STOA_ERR_CANCELLED);
    stoa_result_close(result);
    CHECK_READ(conn, try_elements, "1|Hill", .names = "label", .keys = "1");
    stoa_op_close(op);
    stoa_db_close(db);
}

static stoa_op running;
static int64_t rows_run;

/* Cancels the operation it runs under, at one row. */
static stoa_status cancelling(void *self, const stoa_rows *arguments, stoa_value *out,
                              const uint8_t **bytes, stoa_error *error)
{
    (void)self;
    (void)bytes;
    *out = arguments->values[0];
    return running.id != 0 && ++rows_run == 1000 ? stoa_op_cancel(running, error) : STOA_OK;
}

/* Wherever the rows come from. */
static void check_cancelled(const char *name)
{
    const stoa_value value = {.type = STOA_TYPE_TEXT, .b = (int64_t)strlen(name)};
    struct ArrowArray batch;
    stoa_result result;
    stoa_status rc;

    rows_run = 0;
    kit_must(stoa_op_open(-1, NULL, NULL, NULL, &running, &err), &err, "op");
    rc = stoa_elements_read(conn, running, "A", STOA_NUL, &value, 1, NULL, 0,
                            (const uint8_t *)name, value.b, NULL, 0, &result, &err);
    while (rc == STOA_OK) {
        rc = stoa_result_next(result, running, &batch, &err);
        if (rc == STOA_OK)
            batch.release(&batch);
    }
    CHECK_INT(rc, STOA_ERR_CANCELLED);
    CHECK(rows_run >= 1000 && rows_run < 300000);
    stoa_result_close(result);
    stoa_op_close(running);
}

static void a_long_read_is_cancelled_on_its_way(void)
{
    db = app_open(":memory:", NULL);
    conn = app_connect(db);
    app_function(conn, "cancelling", cancelling);
    app_run(conn, KIT_CONFIGURATION
            "CREATE TABLE A (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, g INTEGER "
            "GENERATED ALWAYS AS (cancelling(id)) VIRTUAL) STRICT;"
            "CREATE TABLE A_vector_v (id INTEGER NOT NULL REFERENCES A(id) ON DELETE CASCADE "
            "ON UPDATE CASCADE, vector_index INTEGER NOT NULL, h INTEGER GENERATED ALWAYS AS "
            "(cancelling(vector_index)) VIRTUAL, PRIMARY KEY (id, vector_index)) STRICT;"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
            "INSERT INTO A (id, label) SELECT i, i FROM n;"
            "INSERT INTO A_vector_v (id, vector_index) SELECT id, 1 FROM A");
    check_cancelled("g");
    check_cancelled("h");
    stoa_db_close(db);
}

static int busy_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    stoa_result result;

    (void)self;
    *out = (struct ArrowArray){0};
    CHECK_INT(try_elements(conn, &(struct ask){.names = "label"}, &result, &err), STOA_ERR_BUSY);
    return 0;
}

static int pairs_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    const struct ArrowArrayStream *from = self->private_data;

    return from->get_schema(self->private_data, out);
}

static void no_release(struct ArrowArrayStream *self)
{
    self->release = NULL;
}

static void a_connection_that_reads_is_busy(void)
{
    struct ArrowArrayStream from, pairs = {pairs_schema, busy_next, NULL, no_release, &from};
    stoa_result result;

    open_file(0);
    kit_must(stoa_query(conn, NO_OP, "SELECT 1 AS id, '2024-01-01' AS at, 1 AS block", STOA_NUL,
                        NULL, 0, NULL, 0, &result, &err),
             &err, "query");
    kit_must(stoa_result_export(result, NO_OP, &from, &err), &err, "export");
    kit_must(stoa_series_asof_join(conn, NO_OP, "Orchard", STOA_NUL, "yield", STOA_NUL, "tonnes",
                                   STOA_NUL, &pairs, NULL, 0, NULL, 0, &result, &err),
             &err, "join");
    stoa_result_close(result);
    from.release(&from);
    stoa_db_close(db);
}

static void other_engines_have_no_collections(void)
{
    stoa_result result;

    db = app_open("null:", NULL);
    conn = app_connect(db);
    CHECK_INT(try_elements(conn, &(struct ask){.names = "label"}, &result, &err),
              STOA_ERR_UNSUPPORTED);
    CHECK_TEXT(err.text, "null: collections are not supported");
    stoa_db_close(db);
}

/* ---- memory ---- */

static stoa_status run_all(stoa_status (*step)(void))
{
    stoa_status rc = STOA_ERR_NOMEM;

    for (int64_t nth = 0; rc == STOA_ERR_NOMEM; nth++) {
        stoa__mem_fail_nth = nth;
        rc = step();
        CHECK(rc != STOA_ERR_NOMEM || stoa__mem_fail_nth < 0);
        stoa__mem_fail_nth = -1;
        CHECK(rc == STOA_ERR_NOMEM || nth > 0); /* Something was made to fail. */
    }
    return rc;
}

static stoa_status read_to_end(reading read, const struct ask *ask)
{
    struct ArrowArray batch;
    stoa_result result;
    stoa_status rc = read(conn, ask, &result, &err);

    if (rc < 0)
        CHECK_INT(result.id, 0);
    while (rc == STOA_OK) {
        rc = stoa_result_next(result, NO_OP, &batch, &err);
        if (rc == STOA_OK)
            batch.release(&batch);
    }
    stoa_result_close(result);
    return rc;
}

static stoa_status step_scalars(void)
{
    return read_to_end(try_elements,
                       &(struct ask){.names = "label area date_planted region_id",
                                     .settings = "relations=label"});
}

static stoa_status step_lists(void)
{
    return read_to_end(try_elements,
                       &(struct ask){.names = "label spacing variety region_sold_to date_time",
                                     .settings = "relations=label"});
}

static stoa_status step_keys(void)
{
    return read_to_end(try_elements,
                       &(struct ask){.names = "label spacing region_sold_to", .keys = "'Hill 'Dale",
                                     .settings = "relations=label"});
}

static stoa_status step_group(void)
{
    return read_to_end(try_group, &(struct ask){.group = "yield",
                                                .keys = "1 -5 3",
                                                .cells = "block 1",
                                                .ranged = true,
                                                .begin = 0,
                                                .end = INT64_C(1900000000000000000)});
}

static stoa_status step_asof(void)
{
    return read_to_end(try_asof, &(struct ask){.names = "tonnes 2024-01-02 2024-01-03"});
}

static stoa_status step_element(void)
{
    const stoa_value key = {.type = STOA_TYPE_INT64, .a = 1};
    stoa_rows rows;
    stoa_status rc = stoa_element_read(conn, NO_OP, "Orchard", STOA_NUL, &key, NULL, 0, NULL, 0,
                                       &rows, &err);

    CHECK_INT(rows.row_count, rc == STOA_OK ? 15 : 0);
    return rc;
}

static stoa_status step_files(void)
{
    stoa_rows rows;

    return stoa_files_read(conn, NO_OP, "Orchard", STOA_NUL, &rows, &err);
}

static stoa_status step_query(void)
{
    stoa_rows rows;

    return stoa_query_cell(conn, NO_OP, "SELECT 'a text that is long enough for the heap'",
                           STOA_NUL, NULL, 0, NULL, 0, STOA_TYPE_TEXT, &rows, &err);
}

static stoa_status step_join(void)
{
    struct ArrowArrayStream pairs;
    stoa_result result;
    stoa_status rc = stoa_query(conn, NO_OP, "SELECT 1 AS id, '2024-01-05' AS at, 1 AS block",
                                STOA_NUL, NULL, 0, NULL, 0, &result, &err);

    if (rc != STOA_OK)
        return rc;
    rc = stoa_result_export(result, NO_OP, &pairs, &err);
    stoa_result_close(result);
    if (rc != STOA_OK)
        return rc;
    rc = stoa_series_asof_join(conn, NO_OP, "Orchard", STOA_NUL, "yield", STOA_NUL, "tonnes",
                               STOA_NUL, &pairs, NULL, 0, NULL, 0, &result, &err);
    CHECK((rc == STOA_OK) == !pairs.release);
    if (pairs.release)
        pairs.release(&pairs);
    stoa_result_close(result);
    return rc == STOA_ERR_CALLBACK ? STOA_ERR_NOMEM : rc;
}

static void reads_survive_any_allocation_that_fails(void)
{
    static stoa_status (*const steps[])(void) = {step_scalars, step_lists,   step_keys,
                                                 step_group,   step_asof,    step_element,
                                                 step_files,   step_query,   step_join};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        open_file(0);
        kit_must(run_all(steps[i]), &err, "step");
        stoa_conn_close(conn);
        stoa_db_close(db);
        CHECK_INT(stoa__mem_allocations(), 0);
    }
}

TEST_MAIN({"what is exported outlives its handles", what_is_exported_outlives_its_handles},
          {"a result goes with its connection", a_result_goes_with_its_connection},
          {"a shutdown ends what was exported", a_shutdown_ends_what_was_exported},
          {"a result in memory survives the schema", a_result_in_memory_survives_the_schema},
          {"types are asked for, and rows and batches taken in turn",
           types_are_asked_for_and_rows_and_batches_taken_in_turn},
          {"a read sees one state of the database", a_read_sees_one_state_of_the_database},
          {"reads are part of an open transaction", reads_are_part_of_an_open_transaction},
          {"a database opened for reading is read", a_database_opened_for_reading_is_read},
          {"what a read did is told", what_a_read_did_is_told},
          {"a cancelled read ends", a_cancelled_read_ends},
          {"a long read is cancelled on its way", a_long_read_is_cancelled_on_its_way},
          {"a connection that reads is busy", a_connection_that_reads_is_busy},
          {"other engines have no collections", other_engines_have_no_collections},
          {"reads survive any allocation that fails", reads_survive_any_allocation_that_fails})
