/* SPDX-License-Identifier: Apache-2.0 */
/* The driver through its table, as a driver manager would use it: what its tests share. */
#ifndef STOA_ADBC_EXPORT_DRIVER_KIT_H
#define STOA_ADBC_EXPORT_DRIVER_KIT_H

#include "stoa.h"
#include "stoa/adbc.h"
#include "test.h"

#include <errno.h>

static struct AdbcDriver driver;

/* 1 to 5000. */
#define LONG_QUERY \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) " \
    "SELECT i FROM n"

/* A database in memory, a connection and a statement of it. */
struct kit {
    struct AdbcDatabase database;
    struct AdbcConnection connection;
    struct AdbcStatement statement;
};

static inline struct AdbcError fresh(void)
{
    return (struct AdbcError){.vendor_code = ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA};
}

static inline void drop(struct AdbcError *error)
{
    if (error->release)
        error->release(error);
}

/* `status` came with an error whose message has `part`. */
static inline void check_error(AdbcStatusCode got, AdbcStatusCode status, struct AdbcError *error,
                        const char *part)
{
    CHECK_INT(got, status);
    CHECK(error->release != NULL);
    CHECK_HAS(error->message, part);
    drop(error);
    CHECK(error->release == NULL && error->message == NULL);
}

static inline void check_ok(AdbcStatusCode got, struct AdbcError *error)
{
    if (got != ADBC_STATUS_OK)
        CHECK_TEXT(error->message, "no error");
    CHECK_INT(got, ADBC_STATUS_OK);
}

static inline void load(void)
{
    memset(&driver, 0, sizeof driver);
    CHECK_INT(AdbcDriverStoaInit(ADBC_VERSION_1_1_0, &driver, NULL), ADBC_STATUS_OK);
}

static inline struct kit open_on(const char *uri)
{
    struct AdbcError error = fresh();
    struct kit kit = {{0}, {0}, {0}};

    load();
    check_ok(driver.DatabaseNew(&kit.database, &error), &error);
    check_ok(driver.DatabaseSetOption(&kit.database, "uri", uri, &error), &error);
    check_ok(driver.DatabaseInit(&kit.database, &error), &error);
    check_ok(driver.ConnectionNew(&kit.connection, &error), &error);
    check_ok(driver.ConnectionInit(&kit.connection, &kit.database, &error), &error);
    check_ok(driver.StatementNew(&kit.connection, &kit.statement, &error), &error);
    return kit;
}

static inline struct kit open_kit(void)
{
    return open_on(":memory:");
}

static inline void close_kit(struct kit *kit)
{
    CHECK_INT(driver.StatementRelease(&kit->statement, NULL), ADBC_STATUS_OK);
    CHECK_INT(driver.ConnectionRelease(&kit->connection, NULL), ADBC_STATUS_OK);
    CHECK_INT(driver.DatabaseRelease(&kit->database, NULL), ADBC_STATUS_OK);
}

static inline void check_no_objects(void)
{
    int64_t count = -1;

    for (int32_t kind = STOA_LIVE_DB; kind <= STOA_LIVE_STREAM; kind++) {
        CHECK_INT(stoa_live(kind, &count, NULL), STOA_OK);
        CHECK_INT(count, 0);
    }
}

static inline int64_t update(struct kit *kit, const char *sql)
{
    struct AdbcError error = fresh();
    int64_t rows = -7;

    check_ok(driver.StatementSetSqlQuery(&kit->statement, sql, &error), &error);
    check_ok(driver.StatementExecuteQuery(&kit->statement, NULL, &rows, &error), &error);
    return rows;
}

static inline struct ArrowArrayStream query(struct kit *kit, const char *sql)
{
    struct AdbcError error = fresh();
    struct ArrowArrayStream out;

    check_ok(driver.StatementSetSqlQuery(&kit->statement, sql, &error), &error);
    check_ok(driver.StatementExecuteQuery(&kit->statement, &out, NULL, &error), &error);
    CHECK(out.release != NULL);
    return out;
}

/* Sum and count of the first column, int64s, to the end; the stream is released. */
static inline int64_t sum(struct ArrowArrayStream *stream, int64_t *count)
{
    struct ArrowArray batch;
    int64_t total = 0;

    *count = 0;
    for (;;) {
        CHECK_INT(stream->get_next(stream, &batch), 0);
        if (!batch.release)
            break;
        for (int64_t i = 0; i < batch.length; i++)
            total += ((const int64_t *)batch.children[0]->buffers[1])[i + batch.offset +
                                                                      batch.children[0]->offset];
        *count += batch.length;
        batch.release(&batch);
    }
    stream->release(stream);
    return total;
}

static inline int64_t number(struct kit *kit, const char *sql)
{
    struct ArrowArrayStream stream = query(kit, sql);
    int64_t count, total = sum(&stream, &count);

    CHECK_INT(count, 1);
    return total;
}

/* ---- data to bind ---- */

static inline void make_ints(const int64_t *values, int64_t count, const char *name,
                      struct ArrowSchema *schema, struct ArrowArray *batch)
{
    const stoa_column column = {.name = name,
                                .name_size = STOA_NUL,
                                .type = STOA_TYPE_INT64,
                                .layout = STOA_LAYOUT_FIXED,
                                .count = count,
                                .data = values,
                                .data_size = count * 8};

    CHECK_INT(stoa_column_export(&column, 1, count, schema, batch, NULL), STOA_OK);
}

static inline void bind_ints(struct kit *kit, const int64_t *values, int64_t count,
                             const char *name)
{
    struct AdbcError error = fresh();
    struct ArrowSchema schema;
    struct ArrowArray batch;

    make_ints(values, count, name, &schema, &batch);
    check_ok(driver.StatementBind(&kit->statement, &batch, &schema, &error), &error);
    CHECK(!schema.release && !batch.release);
}

static inline void set_ingest(struct kit *kit, const char *table, const char *mode)
{
    struct AdbcError error = fresh();

    check_ok(driver.StatementSetOption(&kit->statement, "adbc.ingest.target_table", table,
                                       &error),
             &error);
    check_ok(driver.StatementSetOption(&kit->statement, "adbc.ingest.mode", mode, &error),
             &error);
}

static inline AdbcStatusCode ingest(struct kit *kit, const char *table, const char *mode,
                             const int64_t *values, int64_t count, struct AdbcError *error)
{
    int64_t rows = -7;
    AdbcStatusCode status;

    set_ingest(kit, table, mode);
    bind_ints(kit, values, count, "a");
    status = driver.StatementExecuteQuery(&kit->statement, NULL, &rows, error);
    if (status == ADBC_STATUS_OK)
        CHECK_INT(rows, count);
    return status;
}

#define CREATE "adbc.ingest.mode.create"
#define APPEND "adbc.ingest.mode.append"
#define REPLACE "adbc.ingest.mode.replace"
#define CREATE_APPEND "adbc.ingest.mode.create_append"

/* A stream that fails behind its first batch. */
struct failing {
    int calls;
    int fails_at; /* 0: in get_schema. */
    int released;
};

static inline int failing_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct failing *self = stream->private_data;
    struct ArrowArray batch;

    if (self->fails_at == 0)
        return EIO;
    make_ints((const int64_t[]){1}, 1, "a", out, &batch);
    batch.release(&batch);
    return 0;
}

static inline int failing_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct failing *self = stream->private_data;
    struct ArrowSchema schema;

    if (++self->calls == self->fails_at)
        return EIO;
    make_ints((const int64_t[]){7, 8}, 2, "a", &schema, out);
    schema.release(&schema);
    return 0;
}

static inline const char *failing_text(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "the producer broke";
}

static inline void failing_release(struct ArrowArrayStream *stream)
{
    ((struct failing *)stream->private_data)->released++;
    stream->release = NULL;
}

static inline struct ArrowArrayStream failing_stream(struct failing *self)
{
    return (struct ArrowArrayStream){failing_schema, failing_next, failing_text,
                                     failing_release, self};
}

#endif
