/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads on one connection, and an allocation that fails at every place. */
#include "adbc_export/driver_kit.h"
#include "base/mem.h"
#include "base/thread.h"

/* ---- threads ---- */

enum { ROUNDS = 2000 };

struct worker {
    struct kit *kit;
    _Atomic int64_t done;
};

/* Each call succeeds or says that the connection is in use. */
static void check_used(AdbcStatusCode status, struct AdbcError *error)
{
    if (status == ADBC_STATUS_OK)
        return;
    CHECK_INT(status, ADBC_STATUS_INVALID_STATE);
    CHECK_HAS(error->message, "in use");
    drop(error);
}

static void hammer(void *argument)
{
    struct worker *worker = argument;
    struct AdbcError error = fresh();

    for (int i = 0; i < ROUNDS; i++) {
        struct AdbcStatement statement = {0};
        size_t size = 0;
        int64_t rows;

        if (driver.StatementNew(&worker->kit->connection, &statement, &error) ==
            ADBC_STATUS_OK) {
            AdbcStatusCode status =
                driver.StatementSetSqlQuery(&statement, "INSERT INTO t VALUES (1)", &error);

            check_used(status, &error);
            if (status == ADBC_STATUS_OK) {
                status = driver.StatementExecuteQuery(&statement, NULL, &rows, &error);
                check_used(status, &error);
                worker->done += status == ADBC_STATUS_OK;
            }
            CHECK_INT(driver.StatementRelease(&statement, NULL), ADBC_STATUS_OK);
        }
        drop(&error);
        check_used(driver.ConnectionSetOption(&worker->kit->connection, "stoa.batch_rows", "7",
                                              &error),
                   &error);
        CHECK_INT(driver.ConnectionGetOption(&worker->kit->connection, "stoa.batch_rows", NULL,
                                             &size, NULL),
                  ADBC_STATUS_OK);
        CHECK_INT(size, 2);
    }
}

static void two_threads_on_one_connection_are_told_apart(void)
{
    struct kit kit = open_kit();
    struct worker workers[2] = {{.kit = &kit}, {.kit = &kit}};
    stoa__thread threads[2] = {0};

    update(&kit, "CREATE TABLE t(a INTEGER)");
    CHECK_INT(driver.ConnectionSetOption(&kit.connection, "stoa.batch_rows", "7", NULL),
              ADBC_STATUS_OK);
    for (int i = 0; i < 2; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "hammer", hammer, &workers[i], NULL), STOA_OK);
    for (int i = 0; i < 2; i++)
        stoa__thread_stop(&threads[i]);
    CHECK_INT(number(&kit, "SELECT count(*) FROM t"), workers[0].done + workers[1].done);
    close_kit(&kit);
    check_no_objects();
}

static void cancel_later(void *argument)
{
    struct kit *kit = argument;

    /* Until the query runs there is nothing to cancel. */
    while (driver.StatementCancel(&kit->statement, NULL) != ADBC_STATUS_OK)
        stoa__sleep_ns(1000000);
}

static void another_thread_cancels(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    stoa__thread thread = {0};

    driver.StatementSetSqlQuery(&kit.statement,
                                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
                                "n) SELECT count(*) FROM n",
                                NULL);
    CHECK_INT(stoa__thread_start(&thread, "cancel", cancel_later, &kit, NULL), STOA_OK);
    check_error(driver.StatementExecuteQuery(&kit.statement, NULL, NULL, &error),
                ADBC_STATUS_CANCELLED, &error, "");
    stoa__thread_stop(&thread);
    CHECK_INT(number(&kit, "SELECT 42"), 42);
    close_kit(&kit);
}

static void release_later(void *argument)
{
    struct kit *kit = argument;
    struct AdbcDatabase copy = kit->database;

    stoa__sleep_ns(20000000);
    CHECK_INT(driver.DatabaseRelease(&copy, NULL), ADBC_STATUS_OK);
}

static void releasing_the_database_ends_what_runs(void)
{
    struct kit kit = open_kit();
    stoa__thread thread = {0};
    AdbcStatusCode status;

    driver.StatementSetSqlQuery(&kit.statement,
                                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
                                "n) SELECT count(*) FROM n",
                                NULL);
    CHECK_INT(stoa__thread_start(&thread, "release", release_later, &kit, NULL), STOA_OK);
    status = driver.StatementExecuteQuery(&kit.statement, NULL, NULL, NULL);
    CHECK(status == ADBC_STATUS_CANCELLED || status == ADBC_STATUS_INVALID_STATE);
    stoa__thread_stop(&thread);
    CHECK_INT(driver.StatementRelease(&kit.statement, NULL), ADBC_STATUS_OK);
    CHECK_INT(driver.ConnectionRelease(&kit.connection, NULL), ADBC_STATUS_OK);
    check_no_objects();
}

/* ---- memory ---- */

static const int64_t values[] = {1, 2, 3};

static AdbcStatusCode try_open(struct kit *kit, struct AdbcError *error)
{
    AdbcStatusCode status = driver.DatabaseNew(&kit->database, error);

    if (status == ADBC_STATUS_OK)
        status = driver.DatabaseSetOption(&kit->database, "uri", ":memory:", error);
    if (status == ADBC_STATUS_OK)
        status = driver.DatabaseInit(&kit->database, error);
    if (status == ADBC_STATUS_OK)
        status = driver.ConnectionNew(&kit->connection, error);
    if (status == ADBC_STATUS_OK)
        status = driver.ConnectionSetOption(&kit->connection, "adbc.connection.autocommit",
                                            "false", error);
    if (status == ADBC_STATUS_OK)
        status = driver.ConnectionInit(&kit->connection, &kit->database, error);
    if (status == ADBC_STATUS_OK)
        status = driver.StatementNew(&kit->connection, &kit->statement, error);
    return status;
}

/* The data is made before, by the library's own allocations. */
static AdbcStatusCode try_query(struct kit *kit, struct AdbcError *error)
{
    int64_t nth = stoa__mem_fail_nth;
    struct ArrowArrayStream stream = {0};
    struct ArrowSchema schema = {0};
    struct ArrowArray batch = {0};
    AdbcStatusCode status;

    stoa__mem_fail_nth = -1;
    make_ints(values, 3, "a", &schema, &batch);
    stoa__mem_fail_nth = nth;
    status = driver.StatementSetSqlQuery(&kit->statement, "SELECT a FROM t WHERE a <= ?", error);
    if (status == ADBC_STATUS_OK)
        status = driver.StatementBind(&kit->statement, &batch, &schema, error);
    if (status == ADBC_STATUS_OK)
        status = driver.StatementExecuteQuery(&kit->statement, &stream, NULL, error);
    CHECK((stream.release != NULL) == (status == ADBC_STATUS_OK));
    stoa_stream_release(&stream);
    stoa_batch_release(&batch);
    stoa_schema_release(&schema);
    return status;
}

static AdbcStatusCode try_metadata(struct kit *kit, struct AdbcError *error)
{
    struct ArrowArrayStream stream = {0};
    AdbcStatusCode status = driver.ConnectionGetInfo(&kit->connection, NULL, 0, &stream, error);

    stoa_stream_release(&stream);
    if (status == ADBC_STATUS_OK)
        status = driver.ConnectionGetObjects(&kit->connection, 0, NULL, NULL, NULL, NULL, NULL,
                                             &stream, error);
    stoa_stream_release(&stream);
    return status;
}

/* Let the 1st allocation fail, then the 2nd, until `attempt` gets through. */
static int sweep(AdbcStatusCode (*attempt)(struct kit *, struct AdbcError *), struct kit *kit)
{
    for (int nth = 0;; nth++) {
        struct AdbcError error = fresh();
        AdbcStatusCode status;

        stoa__mem_fail_nth = nth;
        status = attempt(kit, &error);
        stoa__mem_fail_nth = -1;
        if (status == ADBC_STATUS_OK)
            return nth;
        CHECK_INT(status, ADBC_STATUS_INTERNAL);
        CHECK(error.message[0] != 0);
        drop(&error);
        if (attempt == try_open) {
            driver.DatabaseRelease(&kit->database, NULL);
            driver.ConnectionRelease(&kit->connection, NULL);
            *kit = (struct kit){{0}, {0}, {0}};
        }
    }
}

static void memory_may_run_out_anywhere(void)
{
    struct kit kit = {{0}, {0}, {0}};

    load();
    CHECK(sweep(try_open, &kit) > 5);
    driver.ConnectionSetOption(&kit.connection, "adbc.connection.autocommit", "true", NULL);
    update(&kit, "CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE)");
    update(&kit, "INSERT INTO t(a) VALUES (1), (2), (3)");
    CHECK(sweep(try_query, &kit) > 5);
    CHECK(sweep(try_metadata, &kit) > 5);
    close_kit(&kit);
    check_no_objects();
}

TEST_MAIN({"two threads on one connection are told apart",
           two_threads_on_one_connection_are_told_apart},
          {"another thread cancels", another_thread_cancels},
          {"releasing the database ends what runs", releasing_the_database_ends_what_runs},
          {"memory may run out anywhere", memory_may_run_out_anywhere})
