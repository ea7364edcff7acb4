/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions and ingest. */
#include "conformance/suite.h"

#include <pthread.h>
#include <stdatomic.h>

static int32_t transaction(stoa_conn conn)
{
    stoa_error err = {0};
    int32_t state = -1;

    MUST(stoa_conn_transaction(conn, &state, &err));
    return state;
}

/* Rows of t, if the engine keeps any. */
static void check_rows(stoa_conn conn, int64_t right)
{
    if (quirks.keeps_rows)
        CHECK_INT(kit_int64(conn, quirks.count), right);
}

void transactions_begin_and_end(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);

    MUST_FAIL(stoa_begin(conn, NO_OP, 7, &err), STOA_ERR_INVALID);
    if (!quirks_can(STOA_CAN_TRANSACTIONS)) {
        MUST_FAIL(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err), STOA_ERR_UNSUPPORTED);
        stoa_db_close(db);
        return;
    }
    MUST_FAIL(stoa_commit(conn, NO_OP, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "no active transaction");
    MUST_FAIL(stoa_rollback(conn, NO_OP, &err), STOA_ERR_INVALID);
    kit_fill(conn, 5);
    MUST(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err));
    CHECK_INT(transaction(conn), STOA_TRANSACTION_WRITE);
    MUST_FAIL(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err), STOA_ERR_INVALID);
    kit_fill(conn, 7);
    MUST(stoa_rollback(conn, NO_OP, &err));
    CHECK_INT(transaction(conn), STOA_TRANSACTION_NONE);
    check_rows(conn, 5);
    MUST(stoa_begin(conn, NO_OP, STOA_BEGIN_LAZY, &err));
    kit_fill(conn, 7);
    MUST(stoa_commit(conn, NO_OP, &err));
    check_rows(conn, 7);
    MUST(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err));
    kit_fill(conn, 9);
    stoa_conn_close(conn); /* Rolls back. */
    conn = kit_connect(db);
    CHECK_INT(transaction(conn), STOA_TRANSACTION_NONE);
    check_rows(conn, 7);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void savepoints_return(void)
{
    const stoa_option mode[] = {{"mode", "create_append"}};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowSchema schema;
    struct ArrowArray batch;
    stoa_ingest ingest;
    uint64_t number;
    stoa_acks acks;

    if (!quirks_can(STOA_CAN_SAVEPOINTS)) {
        MUST_FAIL(stoa_savepoint(conn, NO_OP, "s", 1, &err), STOA_ERR_UNSUPPORTED);
        stoa_db_close(db);
        return;
    }
    data_schema(&schema);
    MUST(stoa_conn_ingest_open(conn, "t", 1, mode, 1, &ingest, &err));
    MUST(stoa_savepoint(conn, NO_OP, "outer", STOA_NUL, &err));
    for (int i = 0; i < 3; i++) {
        data_batch(&batch, i * 10, 10);
        MUST(stoa_ingest_append(ingest, NO_OP, &schema, &batch, &number, &err));
        CHECK_INT(number, i + 1);
        if (i == 0)
            MUST(stoa_savepoint(conn, NO_OP, "inner", STOA_NUL, &err));
    }
    MUST_FAIL(stoa_savepoint_rollback(conn, NO_OP, "nobody", STOA_NUL, &err),
              STOA_ERR_NOT_FOUND);
    MUST(stoa_savepoint_rollback(conn, NO_OP, "INNER", STOA_NUL, &err));
    MUST(stoa_ingest_acks(ingest, &acks, &err));
    CHECK_INT(acks.accepted, 1);
    CHECK_INT(acks.committed, 0);
    data_batch(&batch, 10, 10);
    MUST(stoa_ingest_append(ingest, NO_OP, &schema, &batch, &number, &err));
    CHECK_INT(number, 2);
    MUST(stoa_savepoint_release(conn, NO_OP, "outer", STOA_NUL, &err));
    CHECK_INT(transaction(conn), STOA_TRANSACTION_NONE);
    MUST(stoa_ingest_acks(ingest, &acks, &err));
    CHECK_INT(acks.committed, 2);
    check_rows(conn, 20);
    schema.release(&schema);
    stoa_db_close(db);
    kit_check_nothing_left();
}

/* ---- appends ---- */

static stoa_ingest open_ingest(stoa_db db, const char *key, const char *value)
{
    const stoa_option options[] = {{"mode", "create_append"}, {key, value}};
    stoa_error err = {0};
    stoa_ingest ingest;

    MUST(stoa_ingest_open(db, "t", 1, options, key ? 2 : 1, &ingest, &err));
    return ingest;
}

void appends_have_numbers(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_ingest ingest = open_ingest(db, NULL, NULL);
    struct ArrowSchema schema;
    struct ArrowArray batch;
    uint64_t number = 99;
    stoa_acks acks;

    data_schema(&schema);
    MUST(stoa_ingest_acks(ingest, &acks, &err));
    CHECK(acks.accepted == 0 && acks.committed == 0 && acks.durable == 0);
    for (uint64_t i = 1; i <= 3; i++) {
        data_batch(&batch, (int64_t)i * 100, 100);
        MUST(stoa_ingest_append(ingest, NO_OP, &schema, &batch, &number, &err));
        CHECK_INT(number, i);
    }
    MUST(stoa_ingest_acks(ingest, &acks, &err));
    CHECK_INT(acks.accepted, 3);
    CHECK_INT(acks.committed, 3);
    check_rows(conn, 300);
    MUST(stoa_ingest_wait(ingest, NO_OP, STOA_ACK_COMMITTED, 3, &err));
    MUST(stoa_ingest_wait(ingest, NO_OP, STOA_ACK_DURABLE, 2, &err));
    MUST(stoa_ingest_acks(ingest, &acks, &err));
    CHECK(acks.durable >= 2);
    MUST_FAIL(stoa_ingest_wait(ingest, NO_OP, STOA_ACK_COMMITTED, 4, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "4");
    MUST_FAIL(stoa_ingest_wait(ingest, NO_OP, 3, 1, &err), STOA_ERR_INVALID);
    MUST(stoa_ingest_finish(ingest, NO_OP, &err));
    MUST_FAIL(stoa_ingest_acks(ingest, &acks, &err), STOA_ERR_CLOSED);

    ingest = open_ingest(db, "ack", "durable");
    data_batch(&batch, 0, 1);
    MUST(stoa_ingest_append(ingest, NO_OP, &schema, &batch, NULL, &err));
    MUST(stoa_ingest_acks(ingest, &acks, &err));
    CHECK_INT(acks.durable, 1);
    schema.release(&schema);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void appends_take_or_leave(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_ingest ingest = open_ingest(db, NULL, NULL), pushes;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    uint64_t number = 99;
    const void **buffers;
    const void *values;

    data_schema(&schema);
    data_batch(&batch, 0, 10);
    MUST(stoa_ingest_append(ingest, NO_OP, &schema, &batch, &number, &err));
    CHECK(!batch.release);

    data_batch(&batch, 0, 10);
    buffers = batch.children[0]->buffers;
    values = buffers[1];
    buffers[1] = NULL; /* Ten values and no memory. */
    MUST_FAIL(stoa_ingest_append(ingest, NO_OP, &schema, &batch, &number, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "id");
    CHECK_INT(number, 0);
    CHECK(batch.release != NULL);
    buffers[1] = values;
    MUST_FAIL(stoa_ingest_append(ingest, NO_OP, NULL, &batch, &number, &err),
              STOA_ERR_INVALID);
    MUST_FAIL(
        stoa_ingest_append(ingest, NO_OP, schema.children[0], &batch, &number, &err),
        STOA_ERR_INVALID);
    MUST(stoa_ingest_open(db, NULL, 0, NULL, 0, &pushes, &err));
    MUST_FAIL(stoa_ingest_append(pushes, NO_OP, &schema, &batch, &number, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "without a table");
    stoa_ingest_close(ingest);
    MUST_FAIL(stoa_ingest_append(ingest, NO_OP, &schema, &batch, &number, &err),
              STOA_ERR_CLOSED);
    CHECK(batch.release != NULL);
    batch.release(&batch);
    schema.release(&schema);
    check_rows(conn, 10);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void streams_are_all_or_nothing(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_ingest ingest = open_ingest(db, NULL, NULL);
    struct ArrowArrayStream stream;
    uint64_t number = 0;
    int64_t rows = 0;

    data_stream(&stream, 4, 25, -1);
    MUST(stoa_ingest_append_stream(ingest, NO_OP, &stream, &rows, &number, &err));
    CHECK_INT(rows, 100);
    CHECK_INT(number, 1);
    CHECK(!stream.release);
    data_stream(&stream, 4, 25, 2);
    MUST_FAIL(stoa_ingest_append_stream(ingest, NO_OP, &stream, &rows, &number, &err),
              STOA_ERR_CALLBACK);
    CHECK_HAS(err.text, "the disk is gone");
    CHECK_INT(rows, 0);
    CHECK_INT(number, 0);
    CHECK(stream.release != NULL);
    stream.release(&stream);
    check_rows(conn, 100);
    data_stream(&stream, 4, 25, 2);
    MUST_FAIL(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, &rows, &err),
              STOA_ERR_CALLBACK);
    CHECK(stream.release != NULL);
    stream.release(&stream);
    check_rows(conn, 100);
    data_stream(&stream, 2, 5, -1);
    MUST(stoa_insert(conn, NO_OP, "t", 1, &stream, NULL, 0, NULL, &err));
    check_rows(conn, 110);
    data_stream(&stream, 3, 5, -1);
    MUST(stoa_ingest_append_stream(ingest, NO_OP, &stream, NULL, &number, &err));
    CHECK_INT(number, 2);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void appends_follow_the_transaction(void)
{
    const stoa_option mode[] = {{"mode", "create_append"}};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowSchema schema;
    struct ArrowArray batch;
    stoa_ingest ingest;
    uint64_t number;
    stoa_acks acks;

    data_schema(&schema);
    MUST(stoa_conn_ingest_open(conn, "t", 1, mode, 1, &ingest, &err));
    data_batch(&batch, 0, 10);
    MUST(stoa_ingest_append(ingest, NO_OP, &schema, &batch, &number, &err));
    for (int round = 0; round < 3; round++) {
        MUST(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err));
        data_batch(&batch, 0, 10);
        MUST(stoa_ingest_append(ingest, NO_OP, &schema, &batch, &number, &err));
        /* The two that are rolled back give their number back. */
        CHECK_INT(number, 2);
        MUST(stoa_ingest_acks(ingest, &acks, &err));
        CHECK_INT(acks.accepted, 2);
        CHECK_INT(acks.committed, 1);
        MUST_FAIL(stoa_ingest_wait(ingest, NO_OP, STOA_ACK_COMMITTED, 2, &err),
                  STOA_ERR_INVALID);
        if (round == 0)
            MUST(stoa_rollback(conn, NO_OP, &err));
        else
            MUST(stoa_run(conn, NO_OP, round == 1 ? "rollback" : " -- now\n commit",
                          STOA_NUL, NULL, 0, NULL, 0, NULL, &err));
        MUST(stoa_ingest_acks(ingest, &acks, &err));
        CHECK_INT(acks.accepted, round < 2 ? 1 : 2);
        CHECK_INT(acks.committed, round < 2 ? 1 : 2);
    }
    check_rows(conn, 20);
    schema.release(&schema);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void unit_finish_waits(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowSchema schema;
    struct ArrowArray batch;
    stoa_ingest ingest;
    uint64_t number;
    stoa_acks acks;

    data_schema(&schema);
    kit_fill(conn, 5);
    for (int round = 0; round < 2; round++) {
        ingest = open_ingest(db, "unit", "finish");
        for (int i = 0; i < 2; i++) {
            data_batch(&batch, 100, 10);
            MUST(stoa_ingest_append(ingest, NO_OP, &schema, &batch, &number, &err));
        }
        MUST(stoa_ingest_acks(ingest, &acks, &err));
        CHECK_INT(acks.accepted, 2);
        CHECK_INT(acks.committed, 0);
        MUST_FAIL(stoa_ingest_wait(ingest, NO_OP, STOA_ACK_DURABLE, 1, &err),
                  STOA_ERR_INVALID);
        if (!quirks.excludes_readers)
            check_rows(conn, 5);
        if (round == 0)
            stoa_ingest_close(ingest);
        else
            MUST(stoa_ingest_finish(ingest, NO_OP, &err));
    }
    check_rows(conn, 25);
    schema.release(&schema);
    stoa_db_close(db);
    kit_check_nothing_left();
}

/* ---- raw columns ---- */

static stoa_table table_of(const stoa_column *columns, int64_t count)
{
    return (stoa_table){.struct_size = sizeof(stoa_table),
                        .name = "t",
                        .name_size = 1,
                        .row_count = columns[0].count,
                        .columns = columns,
                        .column_count = count,
                        .create = 1};
}

void raw_columns_are_pushed(void)
{
    const int64_t ids[] = {1, 2, 3}, offsets[] = {0, 3, 3, 8};
    const uint8_t validity[] = {5};
    stoa_column columns[] = {{.name = "id",
                              .name_size = 2,
                              .type = STOA_TYPE_INT64,
                              .count = 3,
                              .data = ids,
                              .data_size = sizeof(ids)},
                             {.name = "name",
                              .name_size = STOA_NUL,
                              .type = STOA_TYPE_TEXT,
                              .layout = STOA_LAYOUT_PACKED,
                              .count = 3,
                              .data = "onethree",
                              .data_size = 8,
                              .offsets = offsets,
                              .validity = validity}};
    stoa_table tables[2] = {table_of(columns, 2), table_of(columns, 2)};
    stoa_table_done done[2];
    stoa_push_done pushed;
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowSchema schema;
    struct ArrowArray batch;
    stoa_ingest ingest;
    void *block;

    MUST(stoa_ingest_open(db, NULL, 0, NULL, 0, &ingest, &err));
    MUST(stoa_ingest_push(ingest, NO_OP, tables, 2, done, &pushed, &err));
    CHECK_INT(pushed.sequence, 1);
    CHECK_INT(pushed.rows, 6);
    CHECK_INT(pushed.bytes, 2 * (sizeof(ids) + 8));
    CHECK_INT(done[1].written, 3);
    check_rows(conn, 6);
    MUST(stoa_ingest_push(ingest, NO_OP, NULL, 0, NULL, &pushed, &err));
    CHECK_INT(pushed.sequence, 0);
    columns[1].data_size = 7;
    MUST_FAIL(stoa_ingest_push(ingest, NO_OP, tables, 2, done, &pushed, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "name");
    CHECK_INT(pushed.rows, 0);
    tables[1].struct_size = 3;
    MUST_FAIL(stoa_ingest_push(ingest, NO_OP, tables, 2, done, &pushed, &err),
              STOA_ERR_INVALID);
    columns[1].data_size = 8;
    MUST(stoa_column_export(columns, 2, 3, &schema, &batch, &err));
    CHECK(batch.children[0]->buffers[1] != ids);
    CHECK_INT(((const int64_t *)batch.children[0]->buffers[1])[2], 3);
    MUST(stoa_arrow_check(&schema, &batch, STOA_CHECK_FULL, &err));
    stoa_batch_release(&batch);
    stoa_schema_release(&schema);
    MUST(stoa_block_new(8, &block, &err));
    memset(block, 1, 8);
    MUST(stoa_block_grow(&block, 8, 24, &err));
    CHECK(((char *)block)[7] == 1 && ((char *)block)[8] == 0 && ((char *)block)[23] == 0);
    MUST_FAIL(stoa_block_grow(&block, 24, 8, &err), STOA_ERR_INVALID);
    MUST_FAIL(stoa_block_new(-1, &(void *){NULL}, &err), STOA_ERR_INVALID);
    stoa_block_free(block);
    stoa_block_free(NULL);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void ingest_settings_are_checked(void)
{
    const stoa_option wrong[][2] = {{{"mode", "apend"}, {"ack", "durable"}},
                                    {{"mode", "upsert"}, {"ack", "durable"}},
                                    {{"ack", "always"}, {"unit", "append"}},
                                    {{"keis", "id"}, {"mode", "append"}},
                                    {{"truncate", "maybe"}, {"mode", "append"}},
                                    {{"dedup_columns", "id"}, {"mode", "append"}}};
    const char *says[] = {"append", "keys", "committed", "keys", "truncate", "dedup"};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowArrayStream stream;
    stoa_ingest ingest;

    data_stream(&stream, 1, 1, -1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        if (strcmp(wrong[i][0].value, "upsert") == 0 && !quirks_can(STOA_CAN_UPSERT))
            continue;
        MUST_FAIL(stoa_ingest_open(db, "t", 1, wrong[i], 2, &ingest, &err),
                  STOA_ERR_INVALID);
        CHECK_INT(ingest.id, 0);
        CHECK_HAS(err.text, says[i]);
        MUST_FAIL(stoa_conn_ingest_open(conn, "t", 1, wrong[i], 2, &ingest, &err),
                  STOA_ERR_INVALID);
        MUST_FAIL(stoa_insert(conn, NO_OP, "t", 1, &stream, wrong[i], 2, NULL, &err),
                  STOA_ERR_INVALID);
        CHECK(stream.release != NULL);
    }
    MUST_FAIL(stoa_insert(conn, NO_OP, "", 0, &stream, NULL, 0, NULL, &err),
              STOA_ERR_INVALID);
    stream.release(&stream);
    stoa_db_close(db);
    kit_check_nothing_left();
}

/* ---- many threads ---- */

enum { THREADS = 4, APPENDS = 25 };

struct writer {
    stoa_ingest ingest;
    pthread_t thread;
    uint64_t last;
};

static void *write_many(void *argument)
{
    struct writer *writer = argument;
    struct ArrowSchema schema;
    stoa_error err = {0};

    data_schema(&schema);
    for (int i = 0; i < APPENDS; i++) {
        struct ArrowArray batch;
        uint64_t number;

        data_batch(&batch, i, 1);
        MUST(stoa_ingest_append(writer->ingest, NO_OP, &schema, &batch, &number, &err));
        CHECK(number > writer->last);
        writer->last = number;
    }
    schema.release(&schema);
    return NULL;
}

void an_ingest_serves_many_threads(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct writer writers[THREADS];
    uint64_t last = 0;
    stoa_acks acks;

    writers[0].ingest = open_ingest(db, NULL, NULL);
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.ingest = writers[0].ingest};
        CHECK_INT(pthread_create(&writers[i].thread, NULL, write_many, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(writers[i].thread, NULL);
        last = writers[i].last > last ? writers[i].last : last;
    }
    CHECK_INT(last, THREADS * APPENDS);
    MUST(stoa_ingest_acks(writers[0].ingest, &acks, &err));
    CHECK_INT(acks.committed, THREADS * APPENDS);
    MUST(stoa_ingest_finish(writers[0].ingest, NO_OP, &err));
    check_rows(conn, THREADS * APPENDS);
    stoa_db_close(db);
    kit_check_nothing_left();
}
