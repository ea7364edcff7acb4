/* SPDX-License-Identifier: Apache-2.0 */
#include "adbc_export/driver_kit.h"

#include "base/mem.h"

static struct AdbcPartitions partition(struct kit *kit, const char *sql)
{
    struct AdbcError error = fresh();
    struct AdbcPartitions out;
    struct ArrowSchema schema;
    int64_t rows = 7;

    check_ok(driver.StatementSetSqlQuery(&kit->statement, sql, &error), &error);
    check_ok(driver.StatementExecutePartitions(&kit->statement, &schema, &out, &rows, &error),
             &error);
    CHECK_INT(rows, -1);
    CHECK_INT(out.num_partitions, 1);
    CHECK_INT(schema.n_children, 1);
    schema.release(&schema);
    return out;
}

static AdbcStatusCode add_up(struct AdbcConnection *connection, const uint8_t *bytes, size_t size,
                             int64_t *total, struct AdbcError *error)
{
    struct ArrowArrayStream stream;
    int64_t count;
    AdbcStatusCode status;

    memset(&stream, 0x5a, sizeof stream);
    status = driver.ConnectionReadPartition(connection, bytes, size, &stream, error);
    if (status == ADBC_STATUS_OK)
        *total = sum(&stream, &count);
    else
        CHECK(!stream.release);
    return status;
}

static void a_partition_is_read_by_any_connection(void)
{
    struct AdbcError error = fresh();
    struct AdbcConnection other = {0};
    struct kit kit = open_kit();
    struct AdbcPartitions one;
    int64_t total;

    update(&kit, "CREATE TABLE t(a INTEGER)");
    update(&kit, "INSERT INTO t VALUES (1), (2), (39)");
    one = partition(&kit, "SELECT a FROM t -- all of it");
    CHECK_INT(driver.StatementRelease(&kit.statement, NULL), ADBC_STATUS_OK);
    check_ok(driver.ConnectionNew(&other, &error), &error);
    check_ok(driver.ConnectionInit(&other, &kit.database, &error), &error);
    for (int i = 0; i < 2; i++) {
        check_ok(add_up(&other, one.partitions[0], one.partition_lengths[0], &total, &error),
                 &error);
        CHECK_INT(total, 42);
    }
    one.release(&one);
    CHECK(!one.release);
    CHECK_INT(driver.ConnectionRelease(&other, NULL), ADBC_STATUS_OK);
    CHECK_INT(driver.ConnectionRelease(&kit.connection, NULL), ADBC_STATUS_OK);
    CHECK_INT(driver.DatabaseRelease(&kit.database, NULL), ADBC_STATUS_OK);
    check_no_objects();
}

/* Cut short anywhere, longer, or with any bit turned. */
static void damaged_bytes_are_refused(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct AdbcPartitions one = partition(&kit, "SELECT 42");
    const size_t size = one.partition_lengths[0];
    uint8_t bytes[128];
    int64_t total;

    CHECK(size < sizeof bytes);
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, one.partitions[0], size);
    one.release(&one);
    for (size_t less = 0; less <= size + 1; less++)
        if (less != size)
            check_error(add_up(&kit.connection, bytes, less, &total, &error),
                        ADBC_STATUS_INVALID_ARGUMENT, &error, "no partition");
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_error(add_up(&kit.connection, bytes, size, &total, &error),
                    ADBC_STATUS_INVALID_ARGUMENT, &error, "no partition");
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    check_error(add_up(&kit.connection, NULL, 0, &total, &error), ADBC_STATUS_INVALID_ARGUMENT,
                &error, "NULL");
    check_ok(add_up(&kit.connection, bytes, size, &total, &error), &error);
    CHECK_INT(total, 42);
    close_kit(&kit);
}

static void what_writes_has_no_partitions(void)
{
    static const char *const texts[] = {
        "INSERT INTO t VALUES (1) RETURNING a", "DELETE FROM t RETURNING a", "DROP TABLE t",
        "WITH x AS (SELECT 1) DELETE FROM t RETURNING a", "SELECT 1 AS a INTO u",
        "PRAGMA user_version = 3", "/* SELECT */ UPDATE t SET a = 2 RETURNING a",
        "SELECT 1; DELETE FROM t", "SELECT 1;; SELECT 2", ""};
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct AdbcPartitions one;
    int64_t total;

    update(&kit, "CREATE TABLE t(a INTEGER)");
    update(&kit, "INSERT INTO t VALUES (1)");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check_ok(driver.StatementSetSqlQuery(&kit.statement, texts[i], &error), &error);
        check_error(driver.StatementExecutePartitions(&kit.statement, NULL, &one, NULL, &error),
                    ADBC_STATUS_INVALID_ARGUMENT, &error, "nothing but read");
        CHECK(!one.release);
    }
    CHECK_INT(number(&kit, "SELECT sum(a) FROM t"), 1);
    /* Words that write, where they do not. */
    one = partition(&kit, "SELECT a AS \"into\" FROM t "
                          "WHERE 'DELETE INTO' <> replace('a', 'b', 'c'); -- whole");
    check_ok(add_up(&kit.connection, one.partitions[0], one.partition_lengths[0], &total, &error),
             &error);
    CHECK_INT(total, 1);
    one.release(&one);
    close_kit(&kit);
}

static void partitions_need_a_query_alone(void)
{
    struct AdbcError error = fresh();
    struct kit kit = open_kit();
    struct AdbcPartitions one;

    check_error(driver.StatementExecutePartitions(&kit.statement, NULL, NULL, NULL, &error),
                ADBC_STATUS_INVALID_ARGUMENT, &error, "partitions is NULL");
    check_error(driver.StatementExecutePartitions(&kit.statement, NULL, &one, NULL, &error),
                ADBC_STATUS_INVALID_STATE, &error, "no query");
    check_ok(driver.StatementSetSqlQuery(&kit.statement, "SELECT ?", &error), &error);
    bind_ints(&kit, (const int64_t[]){1}, 1, "a");
    check_error(driver.StatementExecutePartitions(&kit.statement, NULL, &one, NULL, &error),
                ADBC_STATUS_NOT_IMPLEMENTED, &error, "bound data");
    set_ingest(&kit, "t", CREATE);
    check_error(driver.StatementExecutePartitions(&kit.statement, NULL, &one, NULL, &error),
                ADBC_STATUS_INVALID_STATE, &error, "ingest");
    check_ok(driver.StatementSetSqlQuery(&kit.statement, "SELECT a FROM nowhere", &error), &error);
    bind_ints(&kit, (const int64_t[]){1}, 1, "a");
    close_kit(&kit);
}

static void memory_may_be_out(void)
{
    struct kit kit = open_kit();
    int64_t failures = 0;

    for (int64_t nth = 0;; nth++) {
        struct AdbcError error = fresh();
        struct AdbcPartitions one = {0};
        AdbcStatusCode status = driver.StatementSetSqlQuery(&kit.statement, "SELECT 42", &error);
        struct ArrowArrayStream stream = {0};
        bool injected;

        stoa__mem_fail_nth = nth;
        if (status == ADBC_STATUS_OK)
            status = driver.StatementExecutePartitions(&kit.statement, NULL, &one, NULL, &error);
        if (status == ADBC_STATUS_OK)
            status = driver.ConnectionReadPartition(&kit.connection, one.partitions[0],
                                                    one.partition_lengths[0], &stream, &error);
        injected = stoa__mem_fail_nth < -1;
        stoa__mem_fail_nth = -1;
        drop(&error);
        failures += status != ADBC_STATUS_OK;
        if (one.release)
            one.release(&one);
        CHECK((stream.release != NULL) == (status == ADBC_STATUS_OK));
        if (stream.release)
            stream.release(&stream);
        if (!injected)
            break;
    }
    CHECK(failures > 3);
    close_kit(&kit);
    check_no_objects();
}

TEST_MAIN({"a partition is read by any connection", a_partition_is_read_by_any_connection},
          {"damaged bytes are refused", damaged_bytes_are_refused},
          {"what writes has no partitions", what_writes_has_no_partitions},
          {"partitions need a query alone", partitions_need_a_query_alone},
          {"memory may be out", memory_may_be_out})
