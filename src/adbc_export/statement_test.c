/* SPDX-License-Identifier: Apache-2.0 */
/* Queries, bound data, ingest, transactions, cancelling and metadata. */
#include "adbc_export/driver_kit.h"

/* ---- queries ---- */

static void queries_give_rows_and_counts(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    int64_t count;

    CHECK_INT(number(&kit, "SELECT 42;;; -- done"), 42);
    update(&kit, "CREATE TABLE t(a INTEGER)");
    CHECK_INT(update(&kit, "INSERT INTO t VALUES (1), (2), (3), (4), (5)"), 5);
    CHECK_INT(update(&kit, "DELETE FROM t WHERE a > 2"), 3);
    stream = query(&kit, "INSERT INTO t VALUES (10), (20) RETURNING a");
    stream.release(&stream); /* Unread, and still written. */
    CHECK_INT(number(&kit, "SELECT sum(a) FROM t"), 33);
    stream = query(&kit, "UPDATE t SET a = a + 1");
    CHECK_INT(stream.get_schema(&stream, &schema), 0);
    CHECK_INT(schema.n_children, 0);
    schema.release(&schema);
    stream.release(&stream);
    CHECK_INT(number(&kit, "SELECT sum(a) FROM t"), 37);
    stream = query(&kit, "SELECT a FROM t WHERE a < 0");
    CHECK_INT(sum(&stream, &count), 0);
    CHECK_INT(count, 0);
    driver.StatementSetSqlQuery(&kit.statement, "SELECT 1; SELECT 2", NULL);
    stream.release = failing_release;
    check_error(driver.StatementExecuteQuery(&kit.statement, &stream, NULL, &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "one");
    CHECK(stream.release == NULL);
    close_kit(&kit);
    check_no_objects();
}

static void execute_schema_runs_nothing(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct ArrowSchema schema;

    update(&kit, "CREATE TABLE t(a INTEGER, b TEXT)");
    check_ok(driver.StatementSetSqlQuery(&kit.statement,
                                         "INSERT INTO t VALUES (1, '') RETURNING a, b", &error),
             &error);
    check_ok(driver.StatementExecuteSchema(&kit.statement, &schema, &error), &error);
    CHECK_INT(schema.n_children, 2);
    CHECK_TEXT(schema.children[0]->format, "l");
    CHECK_TEXT(schema.children[1]->format, "u");
    schema.release(&schema);
    CHECK_INT(number(&kit, "SELECT count(*) FROM t"), 0);
    check_ok(driver.StatementSetSqlQuery(&kit.statement, "SELECT ?1, :name", &error), &error);
    check_error(driver.StatementGetParameterSchema(&kit.statement, &schema, &error),
                ADBC_STATUS_INVALID_STATE, &error, "not prepared");
    check_ok(driver.StatementPrepare(&kit.statement, &error), &error);
    check_ok(driver.StatementGetParameterSchema(&kit.statement, &schema, &error), &error);
    CHECK_INT(schema.n_children, 2);
    CHECK_TEXT(schema.children[1]->name, "name");
    schema.release(&schema);
    close_kit(&kit);
}

/* What has no table can be computed; what has one, or a parameter, is as declared. */
static void constants_have_the_type_of_their_value(void)
{
    static const struct {
        const char *sql, *format;
    } queries[] = {{"SELECT 42", "l"},
                   {"select CAST(1.5 AS FLOAT)", "g"},
                   {"SELECT x'00'", "z"},
                   {"SELECT 'hi'", "u"},
                   {"SELECT a + 1 FROM t", "u"},
                   {"SELECT a FROM t", "l"},
                   {"SELECT ?", "u"},
                   {"SELECT abs(-9223372036854775807 - 1)", "u"},
                   {"INSERT INTO t SELECT 42 RETURNING a", "l"}};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct ArrowSchema schema;

    update(&kit, "CREATE TABLE t(a INTEGER)");
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        check_ok(driver.StatementSetSqlQuery(&kit.statement, queries[i].sql, &error), &error);
        check_ok(driver.StatementExecuteSchema(&kit.statement, &schema, &error), &error);
        CHECK_INT(schema.n_children, 1);
        CHECK_TEXT(schema.children[0]->format, queries[i].format);
        schema.release(&schema);
    }
    CHECK_INT(number(&kit, "SELECT count(*) FROM t"), 0);
    close_kit(&kit);
}

/* The statement goes on to be used for something else. */
static void a_refused_ingest_lets_its_rows_go(void)
{
    static const int64_t values[] = {1, 2};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();

    set_ingest(&kit, "t", "adbc.ingest.mode.create");
    check_ok(driver.StatementSetOption(&kit.statement, "adbc.ingest.temporary", "true", &error),
             &error);
    check_ok(driver.StatementSetOption(&kit.statement, "adbc.ingest.target_catalog", "main",
                                       &error),
             &error);
    bind_ints(&kit, values, 2, "a");
    check_error(driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error),
                ADBC_STATUS_INVALID_STATE, &error, "temporary");
    CHECK_INT(number(&kit, "SELECT 42"), 42);
    close_kit(&kit);
}

static void bound_rows_run_once_each(void)
{
    static const int64_t values[] = {1, 2, 39}, one[] = {42};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct ArrowArrayStream stream;
    int64_t count, rows = 0;

    update(&kit, "CREATE TABLE t(a INTEGER PRIMARY KEY)");
    driver.StatementSetSqlQuery(&kit.statement, "INSERT INTO t VALUES (?)", NULL);
    check_ok(driver.StatementPrepare(&kit.statement, &error), &error);
    bind_ints(&kit, values, 3, "whatever");
    check_ok(driver.StatementExecuteQuery(&kit.statement, NULL, &rows, &error), &error);
    CHECK_INT(rows, 3);
    bind_ints(&kit, values + 1, 2, "");
    check_error(driver.StatementExecuteQuery(&kit.statement, NULL, &rows, &error),
                ADBC_STATUS_INTEGRITY, &error, "t.a");
    CHECK_INT(number(&kit, "SELECT count(*) FROM t"), 3);
    driver.StatementSetSqlQuery(&kit.statement, "SELECT a + 1 FROM t WHERE a <= ?", NULL);
    bind_ints(&kit, values, 3, "a");
    check_ok(driver.StatementExecuteQuery(&kit.statement, &stream, &rows, &error), &error);
    CHECK_INT(sum(&stream, &count), 2 + (2 + 3) + (2 + 3 + 40));
    CHECK_INT(count, 6);
    bind_ints(&kit, one, 1, "a");
    check_ok(driver.StatementExecuteQuery(&kit.statement, &stream, &rows, &error), &error);
    CHECK_INT(sum(&stream, &count), 45);
    bind_ints(&kit, one, 0, "a");
    check_ok(driver.StatementExecuteQuery(&kit.statement, &stream, &rows, &error), &error);
    CHECK_INT(sum(&stream, &count), 0);
    CHECK_INT(count, 0);
    driver.StatementSetSqlQuery(&kit.statement, "SELECT ?, ?", NULL);
    bind_ints(&kit, values, 3, "a");
    CHECK_INT(driver.StatementExecuteQuery(&kit.statement, &stream, &rows, &error),
              ADBC_STATUS_INVALID_ARGUMENT);
    drop(&error);
    close_kit(&kit);
    check_no_objects();
}

static void names_are_bound_when_asked_for(void)
{
    static const int64_t values[] = {1, 2, 3};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct ArrowArrayStream stream;
    int64_t count;

    update(&kit, "CREATE TABLE t(a INTEGER)");
    check_error(driver.StatementSetOption(&kit.statement, "adbc.statement.bind_by_name", "yes",
                                          &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "true or false");
    check_ok(driver.StatementSetOption(&kit.statement, "adbc.statement.bind_by_name", "true",
                                       &error),
             &error);
    driver.StatementSetSqlQuery(&kit.statement, "INSERT INTO t VALUES (:x)", NULL);
    bind_ints(&kit, values, 3, "x");
    check_ok(driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error), &error);
    bind_ints(&kit, values, 3, "y");
    check_error(driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error),
                ADBC_STATUS_NOT_FOUND, &error, "'y'");
    driver.StatementSetSqlQuery(&kit.statement, "SELECT a FROM t WHERE a = :x", NULL);
    bind_ints(&kit, values, 3, "x");
    check_ok(driver.StatementExecuteQuery(&kit.statement, &stream, NULL, &error), &error);
    CHECK_INT(sum(&stream, &count), 6);
    CHECK_INT(count, 3);
    close_kit(&kit);
    check_no_objects();
}

static void returning_rows_are_all_or_none(void)
{
    static const int64_t values[] = {1, 2, 2};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct ArrowArrayStream stream;

    update(&kit, "CREATE TABLE t(a INTEGER PRIMARY KEY)");
    for (int manual = 0; manual < 2; manual++) {
        driver.ConnectionSetOption(&kit.connection, "adbc.connection.autocommit",
                                   manual ? "false" : "true", NULL);
        driver.StatementSetSqlQuery(&kit.statement, "INSERT INTO t VALUES (?) RETURNING a",
                                    NULL);
        bind_ints(&kit, values, 3, "a");
        CHECK_INT(driver.StatementExecuteQuery(&kit.statement, &stream, NULL, &error),
                  ADBC_STATUS_INTEGRITY);
        drop(&error);
        CHECK_INT(number(&kit, "SELECT count(*) FROM t"), 0);
    }
    close_kit(&kit);
    check_no_objects();
}

/* ---- ingest ---- */

static void ingest_has_four_modes(void)
{
    static const int64_t values[] = {1, 2, 3};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();

    check_error(ingest(&kit, "t", APPEND, values, 3, &error), ADBC_STATUS_NOT_FOUND, &error,
                "t");
    check_ok(ingest(&kit, "t", CREATE, values, 3, &error), &error);
    check_error(ingest(&kit, "t", CREATE, values, 3, &error), ADBC_STATUS_ALREADY_EXISTS,
                &error, "t");
    check_ok(ingest(&kit, "t", APPEND, values, 3, &error), &error);
    CHECK_INT(number(&kit, "SELECT sum(a) FROM t"), 12);
    check_ok(ingest(&kit, "t", REPLACE, values, 2, &error), &error);
    CHECK_INT(number(&kit, "SELECT sum(a) FROM t"), 3);
    check_ok(ingest(&kit, "t", CREATE_APPEND, values, 1, &error), &error);
    check_ok(ingest(&kit, "create \"index\"", CREATE_APPEND, values, 1, &error), &error);
    CHECK_INT(number(&kit, "SELECT sum(a) FROM t"), 4);
    check_error(ingest(&kit, "u", "adbc.ingest.mode.create", values, 3, NULL) == ADBC_STATUS_OK
                    ? driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error)
                    : ADBC_STATUS_OK,
                ADBC_STATUS_INVALID_STATE, &error, "no data is bound");
    check_error(driver.StatementSetOption(&kit.statement, "adbc.ingest.mode", "upsert", &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "mode");
    close_kit(&kit);
    check_no_objects();
}

static void a_temporary_table_is_another(void)
{
    static const int64_t values[] = {1, 2, 3};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();

    check_ok(ingest(&kit, "t", CREATE, values, 3, &error), &error);
    driver.StatementSetOption(&kit.statement, "adbc.ingest.temporary", "true", NULL);
    check_ok(ingest(&kit, "t", CREATE, values, 1, &error), &error);
    check_ok(ingest(&kit, "t", APPEND, values, 1, &error), &error);
    CHECK_INT(number(&kit, "SELECT sum(a) FROM main.t"), 6);
    CHECK_INT(number(&kit, "SELECT sum(a) FROM temp.t"), 2);
    driver.StatementSetOption(&kit.statement, "adbc.ingest.temporary", "true", NULL);
    driver.StatementSetOption(&kit.statement, "adbc.ingest.target_catalog", "main", NULL);
    check_error(ingest(&kit, "t", APPEND, values, 1, &error), ADBC_STATUS_INVALID_STATE, &error,
                "temporary");
    driver.StatementSetOption(&kit.statement, "adbc.ingest.temporary", "false", NULL);
    check_ok(ingest(&kit, "t", APPEND, values, 1, &error), &error);
    CHECK_INT(number(&kit, "SELECT sum(a) FROM main.t"), 7);
    close_kit(&kit);
}

static void a_failing_producer_changes_nothing(void)
{
    static const char *const modes[] = {CREATE, APPEND, REPLACE, CREATE_APPEND};
    static const int64_t values[] = {1, 2, 3};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();

    for (int fails_at = 0; fails_at < 4; fails_at++)
        for (size_t i = 0; i < 4; i++) {
            struct failing failing = {.fails_at = fails_at};
            struct ArrowArrayStream stream = failing_stream(&failing);

            update(&kit, "DROP TABLE IF EXISTS t");
            if (i > 0)
                check_ok(ingest(&kit, "t", CREATE, values, 3, &error), &error);
            set_ingest(&kit, "t", modes[i]);
            check_ok(driver.StatementBindStream(&kit.statement, &stream, &error), &error);
            CHECK(stream.release == NULL);
            check_error(driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error),
                        ADBC_STATUS_IO, &error, "the producer broke");
            CHECK_INT(failing.released, 1);
            CHECK_INT(number(&kit, "SELECT count(*) FROM sqlite_schema"), i > 0);
            if (i > 0)
                CHECK_INT(number(&kit, "SELECT sum(a) FROM t"), 6);
        }
    close_kit(&kit);
    check_no_objects();
}

static void keys_make_an_upsert(void)
{
    static const int64_t values[] = {1, 2, 3};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();

    update(&kit, "CREATE TABLE t(a INTEGER PRIMARY KEY)");
    check_ok(ingest(&kit, "t", APPEND, values, 2, &error), &error);
    set_ingest(&kit, "t", APPEND);
    driver.StatementSetOption(&kit.statement, "stoa.ingest.keys", "a", NULL);
    bind_ints(&kit, values, 3, "a");
    check_ok(driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error), &error);
    CHECK_INT(number(&kit, "SELECT count(*) FROM t"), 3);
    close_kit(&kit);
}

/* ---- transactions ---- */

static AdbcStatusCode autocommit(struct kit *kit, const char *value, struct AdbcError *error)
{
    return driver.ConnectionSetOption(&kit->connection, "adbc.connection.autocommit", value,
                                      error);
}

static void transactions_end_when_told(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();

    check_error(driver.ConnectionCommit(&kit.connection, &error), ADBC_STATUS_INVALID_STATE,
                &error, "autocommit is on");
    check_error(driver.ConnectionRollback(&kit.connection, &error), ADBC_STATUS_INVALID_STATE,
                &error, "autocommit is on");
    check_error(autocommit(&kit, "invalid", &error), ADBC_STATUS_INVALID_ARGUMENT, &error,
                "true or false");
    check_ok(autocommit(&kit, "true", &error), &error);
    check_ok(autocommit(&kit, "false", &error), &error);
    check_ok(autocommit(&kit, "false", &error), &error);
    check_ok(driver.ConnectionCommit(&kit.connection, &error), &error);
    update(&kit, "CREATE TABLE t(a INTEGER)");
    check_ok(driver.ConnectionCommit(&kit.connection, &error), &error);
    update(&kit, "INSERT INTO t VALUES (1)");
    check_ok(driver.ConnectionRollback(&kit.connection, &error), &error);
    CHECK_INT(number(&kit, "SELECT count(*) FROM t"), 0);
    update(&kit, "INSERT INTO t VALUES (1)");
    check_ok(autocommit(&kit, "true", &error), &error);
    CHECK_INT(number(&kit, "SELECT count(*) FROM t"), 1);
    check_ok(ingest(&kit, "t", APPEND, (const int64_t[]){5}, 1, &error), &error);
    close_kit(&kit);
    check_no_objects();
}

static void cancel_needs_something_that_runs(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    const struct AdbcError *own;
    AdbcStatusCode status = ADBC_STATUS_OK;

    check_error(driver.StatementCancel(&kit.statement, &error), ADBC_STATUS_INVALID_STATE,
                &error, "nothing runs");
    stream = query(&kit, LONG_QUERY);
    CHECK(driver.ErrorFromArrayStream(&stream, &status) == NULL);
    check_ok(driver.StatementCancel(&kit.statement, &error), &error);
    CHECK_INT(stream.get_next(&stream, &batch), ECANCELED);
    own = driver.ErrorFromArrayStream(&stream, &status);
    CHECK(own != NULL);
    CHECK_INT(status, ADBC_STATUS_CANCELLED);
    CHECK(driver.ErrorGetDetailCount(own) >= 1);
    stream.release(&stream);
    check_error(driver.ConnectionCancel(&kit.connection, &error), ADBC_STATUS_INVALID_STATE,
                &error, "nothing runs");
    CHECK_INT(number(&kit, "SELECT 42"), 42);
    check_ok(driver.StatementSetOptionInt(&kit.statement, "stoa.deadline_ms", 30, &error),
             &error);
    driver.StatementSetSqlQuery(&kit.statement,
                                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
                                "n) SELECT count(*) FROM n",
                                NULL);
    check_error(driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error),
                ADBC_STATUS_TIMEOUT, &error, "");
    close_kit(&kit);
    check_no_objects();
}

/* ---- metadata ---- */

static void check_schema(struct ArrowArrayStream *stream, const char *const *formats)
{
    struct ArrowSchema schema;

    CHECK_INT(stream->get_schema(stream, &schema), 0);
    for (int64_t i = 0; i < schema.n_children; i++)
        CHECK_TEXT(schema.children[i]->format, formats[i]);
    CHECK(formats[schema.n_children] == NULL);
    schema.release(&schema);
}

static struct ArrowArray only_batch(struct ArrowArrayStream *stream)
{
    struct ArrowArray batch;

    CHECK_INT(stream->get_next(stream, &batch), 0);
    CHECK(batch.release != NULL);
    stream->release(stream);
    return batch;
}

static void info_has_its_schema(void)
{
    static const uint32_t codes[] = {0, 103, 777};
    static const char *const formats[] = {"I", "+ud:0,1,2,3,4,5", NULL};
    struct kit kit = open_kit();
    struct ArrowArrayStream stream;
    struct ArrowArray batch;

    CHECK_INT(driver.ConnectionGetInfo(&kit.connection, codes, 3, &stream, NULL),
              ADBC_STATUS_OK);
    check_schema(&stream, formats);
    batch = only_batch(&stream);
    CHECK_INT(batch.length, 2);
    CHECK_INT(((const uint32_t *)batch.children[0]->buffers[1])[1], 103);
    CHECK_INT(((const int8_t *)batch.children[1]->buffers[0])[1], 2);
    CHECK_INT(((const int64_t *)batch.children[1]->children[2]->buffers[1])[0], 1001000);
    batch.release(&batch);
    CHECK_INT(driver.ConnectionGetInfo(&kit.connection, NULL, 9, &stream, NULL),
              ADBC_STATUS_OK);
    batch = only_batch(&stream);
    CHECK_INT(batch.length, 8);
    batch.release(&batch);
    close_kit(&kit);
}

static int64_t rows_of(const struct ArrowArray *list)
{
    const int32_t *offsets = list->buffers[1];

    return offsets[list->length] - offsets[0];
}

/* Tables and columns GetObjects finds; -1 for lists that are null. */
static void count_objects(struct kit *kit, int depth, const char *table, const char **types,
                          int64_t *tables, int64_t *columns, int64_t *constraints)
{
    struct ArrowArrayStream stream;
    struct ArrowArray batch, *schemas, *items;

    CHECK_INT(driver.ConnectionGetObjects(&kit->connection, depth, "main", "", table, types,
                                          NULL, &stream, NULL),
              ADBC_STATUS_OK);
    batch = only_batch(&stream);
    CHECK_INT(batch.length, 1);
    schemas = batch.children[1];
    CHECK_INT(schemas->null_count, depth == 1);
    items = schemas->children[0]->children[1];
    *tables = depth == 1 || items->null_count ? -1 : rows_of(items);
    items = items->children[0];
    *columns = *tables > 0 && items->children[2]->null_count == 0 ? rows_of(items->children[2])
                                                                   : -1;
    *constraints =
        *tables > 0 && items->children[3]->null_count == 0 ? rows_of(items->children[3]) : -1;
    batch.release(&batch);
}

static void objects_are_listed_by_depth(void)
{
    const char *views[] = {"view", NULL};
    struct kit kit = open_kit();
    int64_t tables, columns, constraints;
    struct ArrowArrayStream stream;
    struct ArrowArray batch;

    update(&kit, "CREATE TABLE parent(a, b, PRIMARY KEY(a, b))");
    update(&kit, "CREATE TABLE bulk_child(id INTEGER PRIMARY KEY, x, y, z UNIQUE, "
                 "FOREIGN KEY(x, y) REFERENCES parent(a, b), "
                 "FOREIGN KEY(z) REFERENCES bulk_child(id))");
    count_objects(&kit, 1, NULL, NULL, &tables, &columns, &constraints);
    CHECK_INT(tables, -1);
    count_objects(&kit, 2, NULL, NULL, &tables, &columns, &constraints);
    CHECK_INT(tables, -1);
    count_objects(&kit, 3, "%", NULL, &tables, &columns, &constraints);
    CHECK(tables >= 2);
    CHECK_INT(columns, -1);
    count_objects(&kit, 3, "asdf%", NULL, &tables, &columns, &constraints);
    CHECK_INT(tables, 0);
    count_objects(&kit, 3, NULL, views, &tables, &columns, &constraints);
    CHECK_INT(tables, 0);
    count_objects(&kit, 0, "bulk_%", NULL, &tables, &columns, &constraints);
    CHECK_INT(tables, 1);
    CHECK_INT(columns, 4);
    CHECK_INT(constraints, 4);
    CHECK_INT(driver.ConnectionGetObjects(&kit.connection, 0, "nowhere", NULL, NULL, NULL, NULL,
                                          &stream, NULL),
              ADBC_STATUS_OK);
    batch = only_batch(&stream);
    CHECK_INT(batch.length, 0);
    batch.release(&batch);
    CHECK_INT(driver.ConnectionGetObjects(&kit.connection, 9, NULL, NULL, NULL, NULL, NULL,
                                          &stream, NULL),
              ADBC_STATUS_INVALID_ARGUMENT);
    close_kit(&kit);
    check_no_objects();
}

static void tables_have_schemas_and_types(void)
{
    static const char *const type_formats[] = {"u", NULL}, *const name_formats[] = {"u", "s",
                                                                                    NULL};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;

    update(&kit, "CREATE TABLE t(int64s INTEGER, strings TEXT)");
    check_ok(driver.ConnectionGetTableSchema(&kit.connection, NULL, NULL, "t", &schema, &error),
             &error);
    CHECK_INT(schema.n_children, 2);
    CHECK_TEXT(schema.children[0]->format, "l");
    CHECK_INT(schema.children[0]->flags & ARROW_FLAG_NULLABLE, ARROW_FLAG_NULLABLE);
    schema.release(&schema);
    check_error(driver.ConnectionGetTableSchema(&kit.connection, NULL, NULL,
                                                "(SELECT CURRENT_TIME)", &schema, &error),
                ADBC_STATUS_NOT_FOUND, &error, "CURRENT_TIME");
    memset(&schema, 0x5a, sizeof schema);
    check_error(driver.ConnectionGetTableSchema(&kit.connection, NULL, NULL, NULL, &schema, &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "table is NULL");
    CHECK(!schema.release);
    check_ok(driver.ConnectionGetTableTypes(&kit.connection, &stream, &error), &error);
    check_schema(&stream, type_formats);
    stream.release(&stream);
    check_ok(driver.ConnectionGetStatisticNames(&kit.connection, &stream, &error), &error);
    check_schema(&stream, name_formats);
    stream.release(&stream);
    check_error(driver.StatementSetSubstraitPlan(&kit.statement, NULL, 0, &error),
                ADBC_STATUS_NOT_IMPLEMENTED, &error, "StatementSetSubstraitPlan");
    close_kit(&kit);
}

TEST_MAIN({"queries give rows and counts", queries_give_rows_and_counts},
          {"ExecuteSchema runs nothing", execute_schema_runs_nothing},
          {"constants have the type of their value", constants_have_the_type_of_their_value},
          {"a refused ingest lets its rows go", a_refused_ingest_lets_its_rows_go},
          {"bound rows run once each", bound_rows_run_once_each},
          {"names are bound when asked for", names_are_bound_when_asked_for},
          {"rows with results are all or none", returning_rows_are_all_or_none},
          {"ingest has four modes", ingest_has_four_modes},
          {"a temporary table is another", a_temporary_table_is_another},
          {"a failing producer changes nothing", a_failing_producer_changes_nothing},
          {"keys make an append an upsert", keys_make_an_upsert},
          {"transactions end when told", transactions_end_when_told},
          {"a cancel needs something that runs", cancel_needs_something_that_runs},
          {"info has its schema", info_has_its_schema},
          {"objects are listed by depth", objects_are_listed_by_depth},
          {"tables have schemas and types", tables_have_schemas_and_types})
