/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on ingests, blobs and operations. */
#include "base/mem.h"
#include "lifetime/calls.h"

/* ---- ingests ---- */

RUN(ingest_append)
{
    struct ArrowArray batch;
    uint64_t sequence = 9;
    stoa_status rc;

    data_batch(&batch, 0, 5);
    rc = called(world,
                stoa_ingest_append(INGEST, op, &world->schema, &batch, &sequence, err));
    CHECK((batch.release == NULL) == (rc == STOA_OK));
    CHECK((sequence == 0) == (rc != STOA_OK));
    stoa_batch_release(&batch);
    return rc;
}

RUN(ingest_append_stream)
{
    struct ArrowArrayStream stream;
    uint64_t sequence = 9;
    stoa_status rc;

    data_stream(&stream, 2, 3, -1);
    rc = called(world,
                stoa_ingest_append_stream(INGEST, op, &stream, NULL, &sequence, err));
    CHECK((stream.release == NULL) == (rc == STOA_OK));
    CHECK((sequence == 0) == (rc != STOA_OK));
    stoa_stream_release(&stream);
    return rc;
}

RUN(ingest_acks)
{
    stoa_acks acks = {9, 9, 9};
    stoa_status rc = called(world, stoa_ingest_acks(INGEST, &acks, err));

    (void)op;
    CHECK(rc == STOA_OK || acks.accepted == 0);
    return rc;
}

PLAIN(ingest_wait, INGEST, op, STOA_ACK_ACCEPTED, 0)
PLAIN(ingest_finish, INGEST, op)

RUN(ingest_push)
{
    const stoa_column column = {.name = "a",
                                .name_size = 1,
                                .type = STOA_TYPE_INT64,
                                .count = 5,
                                .data = five,
                                .data_size = sizeof(five)};
    const stoa_table table = {.struct_size = sizeof(table),
                              .name = "p",
                              .name_size = 1,
                              .row_count = 5,
                              .columns = &column,
                              .column_count = 1,
                              .create = 1};
    stoa_push_done done = {9, 9, 9};
    stoa_status rc =
        called(world, stoa_ingest_push(INGEST, op, &table, 1, NULL, &done, err));

    CHECK_INT(done.rows, rc == STOA_OK ? 5 : 0);
    return rc;
}

/* ---- blobs, operations ---- */

RUN(blob_size)
{
    int64_t size = 9;
    stoa_status rc = called(world, stoa_blob_size(BLOB, &size, err));

    (void)op;
    CHECK_INT(size, rc == STOA_OK ? 64 : 0);
    return rc;
}

RUN(blob_read)
{
    uint8_t bytes[8];

    return called(world, stoa_blob_read(BLOB, op, 0, bytes, sizeof(bytes), err));
}

PLAIN(blob_write, BLOB, op, 0, three_bytes, 3)
PLAIN(blob_finish, BLOB, op)

/* ---- Lua ---- */

RUN(lua_run)
{
    const char *json = "?";
    int64_t size = 9;
    stoa_status rc;

    stoa__mem_fail_repeat = true; /* Lua collects its garbage and asks again. */
    rc = called(world, stoa_lua_run(LUA, op, "return db:query_integer('SELECT 1')",
                                    STOA_NUL, &json, &size, err));
    stoa__mem_fail_repeat = false;
    CHECK((json == NULL) == (rc != STOA_OK));
    CHECK_INT(size, rc == STOA_OK);
    return rc;
}

RUN(op_progress)
{
    int64_t done = 9, total = 9;
    stoa_status rc = called(world, stoa_op_progress(OP, &done, &total, err));

    (void)op;
    CHECK(rc == STOA_OK || (done == 0 && total == 0));
    return rc;
}

RUN(op_cancel)
{
    stoa_status rc = called(world, stoa_op_cancel(OP, err));

    (void)op;
    return rc;
}
