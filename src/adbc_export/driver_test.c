/* SPDX-License-Identifier: Apache-2.0 */
/* The table, errors, lifetimes, states and options. */
#include "adbc_export/driver_kit.h"

/* ---- the table ---- */

static void versions_are_kept_apart(void)
{
    struct AdbcError error = fresh();
    unsigned char table[464];

    memset(table, 0xa5, sizeof table);
    check_error(AdbcDriverInit(1002000, table, &error), ADBC_STATUS_NOT_IMPLEMENTED, &error,
                "1002000");
    for (size_t i = 0; i < sizeof table; i++)
        CHECK_INT(table[i], 0xa5);
    CHECK_INT(AdbcStoaInit(ADBC_VERSION_1_0_0, table, &error), ADBC_STATUS_OK);
    for (size_t i = 232; i < sizeof table; i++)
        CHECK_INT(table[i], 0xa5);
    check_error(AdbcDriverStoaInit(ADBC_VERSION_1_1_0, NULL, &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "driver is NULL");
    load();
    for (size_t i = 2; i < sizeof driver / sizeof(void *); i++) {
        void *function;

        memcpy(&function, (const char *)&driver + i * sizeof function, sizeof function);
        CHECK(function != NULL);
    }
    CHECK_INT(driver.release(&driver, &error), ADBC_STATUS_OK);
    CHECK(driver.release == NULL);
}

static void null_is_an_argument_and_never_a_crash(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct AdbcStatement *st = &kit.statement;
    struct AdbcConnection *cn = &kit.connection;

    check_error(driver.DatabaseNew(NULL, &error), ADBC_STATUS_INVALID_ARGUMENT, &error, "NULL");
    check_error(driver.DatabaseInit(NULL, &error), ADBC_STATUS_INVALID_ARGUMENT, &error, "NULL");
    check_error(driver.ConnectionInit(cn, NULL, &error), ADBC_STATUS_INVALID_ARGUMENT, &error,
                "NULL");
    check_error(driver.StatementNew(NULL, st, &error), ADBC_STATUS_INVALID_ARGUMENT, &error,
                "NULL");
    kit = (struct kit){kit.database, kit.connection, {0}};
    check_ok(driver.StatementNew(cn, st, &error), &error);
    check_error(driver.StatementSetOption(st, NULL, "x", &error), ADBC_STATUS_INVALID_ARGUMENT,
                &error, "key is NULL");
    check_error(driver.StatementSetOption(st, "adbc.ingest.mode", NULL, &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "value is NULL");
    check_error(driver.StatementSetSqlQuery(st, NULL, &error), ADBC_STATUS_INVALID_ARGUMENT,
                &error, "query is NULL");
    check_error(driver.StatementBind(st, NULL, NULL, &error), ADBC_STATUS_INVALID_ARGUMENT,
                &error, "values is NULL");
    check_error(driver.StatementBindStream(st, NULL, &error), ADBC_STATUS_INVALID_ARGUMENT,
                &error, "stream is NULL");
    check_error(driver.StatementExecuteSchema(st, NULL, &error), ADBC_STATUS_INVALID_ARGUMENT,
                &error, "schema is NULL");
    check_error(driver.ConnectionGetInfo(cn, NULL, 0, NULL, &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "out is NULL");
    check_error(driver.ConnectionGetObjects(cn, 0, NULL, NULL, NULL, NULL, NULL, NULL, &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "out is NULL");
    check_error(driver.ConnectionGetTableSchema(cn, NULL, NULL, NULL, NULL, &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "NULL");
    check_error(driver.ConnectionGetOption(cn, "uri", NULL, NULL, &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "length is NULL");
    CHECK_INT(driver.StatementRelease(NULL, NULL), ADBC_STATUS_INVALID_ARGUMENT);
    CHECK_INT(driver.ErrorGetDetailCount(NULL), 0);
    CHECK(driver.ErrorFromArrayStream(NULL, NULL) == NULL);
    stoa_db_close((stoa_db){0});
    driver.DatabaseRelease(&kit.database, NULL);
}

/* ---- errors ---- */

static void an_error_of_1_0_keeps_its_size(void)
{
    struct kit kit = open_kit();
    struct AdbcError error = {0};
    unsigned char canaries[16];

    memset(canaries, 0x5a, sizeof canaries);
    memcpy(&error.private_data, canaries, sizeof canaries);
    CHECK_INT(driver.StatementSetSqlQuery(&kit.statement, "SELEC nonsense", &error),
              ADBC_STATUS_OK);
    CHECK_INT(driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error),
              ADBC_STATUS_INVALID_ARGUMENT);
    CHECK_HAS(error.message, "SELEC");
    CHECK_INT(memcmp(&error.private_data, canaries, sizeof canaries), 0);
    CHECK_INT(driver.ErrorGetDetailCount(&error), 0);
    error.release(&error);
    CHECK_INT(memcmp(&error.private_data, canaries, sizeof canaries), 0);
    close_kit(&kit);
}

static void an_error_of_1_1_has_details(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct AdbcErrorDetail detail;

    update(&kit, "CREATE TABLE t(a INTEGER PRIMARY KEY)");
    update(&kit, "INSERT INTO t VALUES (1)");
    driver.StatementSetSqlQuery(&kit.statement, "INSERT INTO t VALUES (1)", NULL);
    /* The second replaces the first, which is released. */
    driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error);
    CHECK_INT(driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error),
              ADBC_STATUS_INTEGRITY);
    CHECK_INT(error.vendor_code, ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA);
    CHECK_INT(memcmp(error.sqlstate, "23", 2), 0);
    CHECK(driver.ErrorGetDetailCount(&error) >= 2);
    detail = driver.ErrorGetDetail(&error, 0);
    CHECK_TEXT(detail.key, "stoa.status");
    CHECK_INT(detail.value_length, 2);
    CHECK_INT(memcmp(detail.value, "-9", 2), 0);
    CHECK_TEXT(driver.ErrorGetDetail(&error, 1).key, "stoa.vendor_code");
    CHECK(driver.ErrorGetDetail(&error, 99).key == NULL);
    CHECK(driver.ErrorGetDetail(&error, -1).key == NULL);
    drop(&error);
    CHECK_INT(error.vendor_code, ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA);
    CHECK(error.private_data == NULL);
    close_kit(&kit);
    check_no_objects();
}

/* ---- lifetimes ---- */

static void released_twice_and_copied_is_invalid_state(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct kit copy = kit;

    CHECK_INT(driver.StatementRelease(&kit.statement, &error), ADBC_STATUS_OK);
    CHECK(kit.statement.private_data == NULL);
    check_error(driver.StatementRelease(&kit.statement, &error), ADBC_STATUS_INVALID_STATE,
                &error, "this statement is not open");
    check_error(driver.StatementPrepare(&copy.statement, &error), ADBC_STATUS_INVALID_STATE,
                &error, "this statement is closed");
    check_error(driver.StatementRelease(&copy.statement, &error), ADBC_STATUS_INVALID_STATE,
                &error, "this statement is closed");
    CHECK_INT(driver.DatabaseRelease(&kit.database, &error), ADBC_STATUS_OK);
    check_error(driver.ConnectionCommit(&copy.connection, &error), ADBC_STATUS_INVALID_STATE,
                &error, "its database was closed");
    CHECK_INT(driver.ConnectionRelease(&kit.connection, &error), ADBC_STATUS_OK);
    CHECK(kit.connection.private_data == NULL);
    check_error(driver.DatabaseInit(&copy.database, &error), ADBC_STATUS_INVALID_STATE, &error,
                "closed");
    check_no_objects();
}

static void noise_is_refused(void)
{
    struct AdbcError error = fresh();
    struct AdbcStatement statement = {0};
    struct kit kit = open_kit();
    uint64_t noise = 0x1234;

    memcpy(&statement.private_data, &noise, sizeof noise);
    check_error(driver.StatementPrepare(&statement, &error), ADBC_STATUS_INVALID_STATE, &error,
                "not a handle");
    statement.private_data = kit.connection.private_data;
    check_error(driver.StatementPrepare(&statement, &error), ADBC_STATUS_INVALID_STATE, &error,
                "a connection handle was given");
    close_kit(&kit);
}

/* Each order of releasing stream (0), statement (1), connection (2) and database (3). */
static void release_in_order(const int order[4])
{
    struct kit kit = open_kit();
    struct kit copy = kit;
    struct ArrowArrayStream stream = query(&kit, LONG_QUERY);

    for (int i = 0; i < 4; i++) {
        if (order[i] == 0 && stream.release) {
            int64_t count;

            CHECK_INT(sum(&stream, &count), 5000 * 5001 / 2);
            CHECK_INT(count, 5000);
        } else if (order[i] == 1) {
            CHECK_INT(driver.StatementRelease(&kit.statement, NULL), ADBC_STATUS_OK);
            CHECK_INT(driver.StatementRelease(&copy.statement, NULL),
                      kit.connection.private_data && kit.database.private_data
                          ? ADBC_STATUS_INVALID_STATE
                          : ADBC_STATUS_OK);
        } else if (order[i] == 2) {
            CHECK_INT(driver.ConnectionRelease(&kit.connection, NULL), ADBC_STATUS_OK);
        } else if (order[i] == 3) {
            CHECK_INT(driver.DatabaseRelease(&kit.database, NULL), ADBC_STATUS_OK);
        }
    }
    CHECK_INT(driver.ConnectionRelease(&kit.connection, NULL), ADBC_STATUS_INVALID_STATE);
    check_no_objects();
}

static void every_order_of_release_gives_exact_data(void)
{
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < 4; b++)
            for (int c = 0; c < 4; c++) {
                const int order[] = {a, b, c, 6 - a - b - c};

                if (a != b && a != c && b != c)
                    release_in_order(order);
            }
}

static void executed_again_the_new_stream_is_exact(void)
{
    struct kit kit = open_kit();
    struct ArrowArrayStream old = query(&kit, LONG_QUERY), next;
    struct ArrowArray batch;
    int64_t count;

    CHECK_INT(driver.StatementExecuteQuery(&kit.statement, &next, NULL, NULL), ADBC_STATUS_OK);
    CHECK_INT(sum(&next, &count), 5000 * 5001 / 2);
    if (old.get_next(&old, &batch) == 0 && batch.release)
        batch.release(&batch);
    old.release(&old);
    close_kit(&kit);
    check_no_objects();
}

static void a_child_of_fork_is_refused(void)
{
    struct kit kit = open_kit();
    struct AdbcError error = fresh();
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        check_error(driver.StatementSetSqlQuery(&kit.statement, "SELECT 1", &error),
                    ADBC_STATUS_INVALID_STATE, &error, "before fork()");
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
    CHECK_INT(number(&kit, "SELECT 42"), 42);
    close_kit(&kit);
}

static void states_are_kept(void)
{
    struct AdbcError error = fresh();
    struct AdbcDatabase database = {0};
    struct AdbcConnection connection = {0};
    struct kit kit = open_kit();

    check_error(driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error),
                ADBC_STATUS_INVALID_STATE, &error, "no query is set");
    check_error(driver.StatementPrepare(&kit.statement, &error), ADBC_STATUS_INVALID_STATE,
                &error, "no query is set");
    check_error(driver.DatabaseInit(&kit.database, &error), ADBC_STATUS_INVALID_STATE, &error,
                "already");
    check_error(driver.ConnectionInit(&kit.connection, &kit.database, &error),
                ADBC_STATUS_INVALID_STATE, &error, "already");
    check_ok(driver.DatabaseNew(&database, &error), &error);
    check_error(driver.DatabaseInit(&database, &error), ADBC_STATUS_INVALID_ARGUMENT, &error,
                "uri is not set");
    check_ok(driver.ConnectionNew(&connection, &error), &error);
    check_error(driver.ConnectionCommit(&connection, &error), ADBC_STATUS_INVALID_STATE, &error,
                "not initialised");
    check_error(driver.ConnectionInit(&connection, &database, &error),
                ADBC_STATUS_INVALID_STATE, &error, "null");
    check_ok(driver.ConnectionRelease(&connection, &error), &error);
    check_ok(driver.DatabaseRelease(&database, &error), &error);
    close_kit(&kit);
}

/* ---- options ---- */

static void options_are_typed(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    char text[8] = "before";
    size_t size = sizeof text;
    int64_t integer = 0;
    double real = 0;

    check_error(driver.DatabaseSetOption(&kit.database, "colour", "red", &error),
                ADBC_STATUS_NOT_IMPLEMENTED, &error, "colour");
    check_error(driver.DatabaseSetOption(&kit.database, "uri", "x", &error),
                ADBC_STATUS_INVALID_STATE, &error, "before");
    CHECK_INT(driver.DatabaseGetOption(&kit.database, "uri", text, &size, NULL), ADBC_STATUS_OK);
    CHECK_INT(size, 9);
    CHECK_TEXT(text, "before"); /* It does not fit: nothing is written. */
    check_error(driver.DatabaseGetOption(&kit.database, "colour", text, &size, &error),
                ADBC_STATUS_NOT_FOUND, &error, "colour");
    check_ok(driver.StatementSetOptionInt(&kit.statement, "stoa.deadline_ms", 5000, &error),
             &error);
    check_ok(driver.StatementGetOptionInt(&kit.statement, "stoa.deadline_ms", &integer, &error),
             &error);
    CHECK_INT(integer, 5000);
    check_ok(driver.StatementGetOptionDouble(&kit.statement, "stoa.deadline_ms", &real, &error),
             &error);
    CHECK(real > 4999 && real < 5001);
    size = sizeof text;
    check_ok(driver.StatementGetOption(&kit.statement, "stoa.deadline_ms", text, &size, &error),
             &error);
    CHECK_TEXT(text, "5000");
    check_error(driver.StatementSetOption(&kit.statement, "stoa.deadline_ms", "soon", &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "milliseconds");
    check_ok(driver.ConnectionGetOptionInt(&kit.connection, "stoa.handle", &integer, &error),
             &error);
    CHECK_INT(stoa_conn_transaction((stoa_conn){(uint64_t)integer}, &(int32_t){0}, NULL),
              STOA_OK);
    size = 0;
    check_ok(driver.ConnectionGetOption(&kit.connection, "stoa.capabilities", NULL, &size,
                                        &error),
             &error);
    CHECK(size > 20);
    check_error(driver.ConnectionSetOption(&kit.connection, "stoa.batch_rowz", "5", &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "batch_rows");
    check_ok(driver.ConnectionSetOption(&kit.connection, "stoa.batch_rows", "5", &error),
             &error);
    close_kit(&kit);
}

static void settings_reach_the_database(void)
{
    struct AdbcError error = fresh();
    struct AdbcDatabase database = {0};
    char text[32];
    size_t size = sizeof text;

    load();
    check_ok(driver.DatabaseNew(&database, &error), &error);
    check_ok(driver.DatabaseSetOption(&database, "uri", ":memory:", &error), &error);
    check_ok(driver.DatabaseSetOption(&database, "stoa.engine", "sqlite", &error), &error);
    check_ok(driver.DatabaseSetOption(&database, "stoa.poll_idle_max", "1", &error), &error);
    check_error(driver.DatabaseInit(&database, &error), ADBC_STATUS_INVALID_ARGUMENT, &error,
                "pool_idle_max");
    check_ok(driver.DatabaseRelease(&database, &error), &error);
    check_ok(driver.DatabaseNew(&database, &error), &error);
    check_ok(driver.DatabaseSetOption(&database, "uri", "stoa:sqlite::memory:", &error), &error);
    check_ok(driver.DatabaseSetOptionInt(&database, "stoa.pool_idle_max", 1, &error), &error);
    check_ok(driver.DatabaseInit(&database, &error), &error);
    check_ok(driver.DatabaseGetOption(&database, "stoa.version", text, &size, &error), &error);
    CHECK_TEXT(text, stoa_version());
    check_ok(driver.DatabaseRelease(&database, &error), &error);
    check_no_objects();
}

TEST_MAIN({"versions are kept apart, and every function is there",
           versions_are_kept_apart},
          {"NULL is an argument and never a crash",
           null_is_an_argument_and_never_a_crash},
          {"an error of 1.0 keeps its size", an_error_of_1_0_keeps_its_size},
          {"an error of 1.1 has details", an_error_of_1_1_has_details},
          {"released twice and copied is invalid state",
           released_twice_and_copied_is_invalid_state},
          {"noise and foreign handles are refused", noise_is_refused},
          {"every order of release gives exact data",
           every_order_of_release_gives_exact_data},
          {"executed again, the new stream is exact",
           executed_again_the_new_stream_is_exact},
          {"a child of fork is refused", a_child_of_fork_is_refused},
          {"states are kept", states_are_kept},
          {"options are typed", options_are_typed},
          {"settings reach the database", settings_reach_the_database})
