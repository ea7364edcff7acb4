/* SPDX-License-Identifier: Apache-2.0 */
/* Results read in every mixture of ways. */
#include "support/app.h"

#include <pthread.h>

enum { ROW_COUNT = 5000 };

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* How the reading goes on, and what it has seen. */
struct reading {
    stoa_result result;
    struct ArrowArrayStream stream; /* Once exported. */
    int64_t row_count;
    bool done;
};

static void see(struct reading *reading, int64_t id)
{
    CHECK_INT(id, ++reading->row_count);
}

static void see_batch(struct reading *reading, struct ArrowArray *batch)
{
    const int64_t *ids = batch->children[0]->buffers[1];

    for (int64_t i = 0; i < batch->length; i++)
        see(reading, ids[batch->children[0]->offset + i]);
    batch->release(batch);
}

static void read_batch(struct reading *reading)
{
    struct ArrowArray batch;
    stoa_error err;
    const stoa_status rc = stoa_result_next(reading->result, NO_OP, &batch, &err);

    app_must(rc, &err, "next");
    reading->done = rc == STOA_DONE;
    if (rc == STOA_OK)
        see_batch(reading, &batch);
}

static void read_rows(struct reading *reading, int64_t rows_max)
{
    stoa_error err;
    stoa_rows rows;
    const stoa_status rc =
        stoa_result_rows(reading->result, NO_OP, rows_max, &rows, &err);

    app_must(rc, &err, "rows");
    reading->done = rc == STOA_DONE;
    for (int64_t i = 0; i < rows.row_count; i++)
        see(reading, rows.values[i * rows.column_count].a);
}

static void read_steps(struct reading *reading, int64_t rows)
{
    stoa_status rc = STOA_OK;
    stoa_error err;
    int64_t id;

    while (rows-- > 0 &&
           (rc = stoa_result_step(reading->result, NO_OP, &err)) == STOA_OK) {
        app_must(stoa_result_int64(reading->result, 0, &id, &err), &err, "int64");
        see(reading, id);
    }
    app_must(rc, &err, "step");
    reading->done = rc == STOA_DONE;
}

static void read_stream(struct reading *reading)
{
    struct ArrowArray batch;
    stoa_error err;
    const stoa_status rc = stoa_stream_next(&reading->stream, &batch, &err);

    app_must(rc, &err, "stream");
    reading->done = rc == STOA_DONE;
    if (rc == STOA_OK)
        see_batch(reading, &batch);
}

static void read_somehow(struct reading *reading, uint64_t *random)
{
    const uint64_t how = next_random(random) % 16;
    const int64_t rows = 1 + (int64_t)(next_random(random) % 300);
    stoa_error err;

    if (reading->stream.release)
        read_stream(reading);
    else if (how == 0)
        app_must(stoa_result_export(reading->result, NO_OP, &reading->stream, &err), &err,
                 "export");
    else if (how < 5)
        read_batch(reading);
    else if (how < 10)
        read_rows(reading, rows);
    else
        read_steps(reading, rows);
}

static void read_all(stoa_conn conn, uint64_t seed)
{
    static const char *const sqls[] = {
        "SELECT id, v FROM t ORDER BY id",
        "SELECT id, CASE id % 7 WHEN 0 THEN NULL ELSE v END, x'' FROM t ORDER BY id",
        "UPDATE t SET v = v RETURNING id, v",
    };
    struct reading reading = {.done = false};
    uint64_t random = seed * 0x9e3779b97f4a7c15u + 1;
    stoa_error err;

    printf("# seed %llu\n", (unsigned long long)seed);
    app_must(stoa_query(conn, NO_OP, sqls[seed % 3], STOA_NUL, NULL, 0, NULL, 0,
                        &reading.result, &err),
             &err, "query");
    while (!reading.done)
        read_somehow(&reading, &random);
    CHECK_INT(reading.row_count, ROW_COUNT);
    stoa_stream_release(&reading.stream);
    stoa_result_close(reading.result);
}

static void rows_and_batches_are_read_in_any_mixture(void)
{
    static const char *const batch_rows[] = {"1", "7", "100", "1000", "65536"};
    char *path = test_path("a.db");
    stoa_conn conn;
    stoa_db db;

    app_make(path, NULL, ROW_COUNT);
    db = app_open(path, NULL);
    conn = app_connect(db);
    for (uint64_t seed = 0; seed < 120; seed++) {
        const stoa_option option = {"batch_rows", batch_rows[seed % 5]};
        stoa_error err;

        app_must(stoa_conn_set(conn, &option, 1, &err), &err, "set");
        read_all(conn, seed);
    }
    app_shutdown(db);
    free(path);
}

/* What another thread does with the connection, until it is cancelled. */
struct other {
    stoa_conn conn;
    stoa_op op;
};

/* Its turn may have to wait for a ping that looks whether it came. */
static void *use_for_ever(void *arg)
{
    const struct other *other = arg;
    stoa_status rc = STOA_ERR_BUSY;
    stoa_error err;

    while (rc == STOA_ERR_BUSY)
        rc = stoa_run(other->conn, other->op,
                      "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a FROM n) "
                      "SELECT count(*) FROM n",
                      STOA_NUL, NULL, 0, NULL, 0, NULL, &err);
    CHECK_INT(rc, STOA_ERR_CANCELLED);
    return NULL;
}

static void pull_until(struct reading *reading, stoa_status wanted)
{
    stoa_status rc = STOA_OK;

    while (rc != wanted) {
        struct ArrowArray batch;
        stoa_error err;

        rc = stoa_stream_next(&reading->stream, &batch, &err);
        if (rc == STOA_OK)
            see_batch(reading, &batch);
        else if (rc != wanted)
            app_must(rc < 0 ? rc : STOA_ERR_INTERNAL, &err, "pull");
    }
}

static void a_stream_loses_nothing_while_its_connection_is_used(void)
{
    char *path = test_path("a.db");
    struct reading reading = {.done = false};
    const stoa_option one = {"batch_rows", "1"};
    struct other other;
    pthread_t thread;
    stoa_error err;
    stoa_db db;

    app_make(path, NULL, ROW_COUNT);
    db = app_open(path, NULL);
    other.conn = app_connect(db);
    app_must(stoa_op_open(60000, NULL, NULL, NULL, &other.op, &err), &err, "op");
    app_must(stoa_conn_set(other.conn, &one, 1, &err), &err, "set");
    app_must(stoa_query(other.conn, NO_OP, "SELECT id FROM t ORDER BY id", STOA_NUL, NULL,
                        0, NULL, 0, &reading.result, &err),
             &err, "query");
    app_must(stoa_result_export(reading.result, NO_OP, &reading.stream, &err), &err,
             "export");
    CHECK_INT(pthread_create(&thread, NULL, use_for_ever, &other), 0);
    while (stoa_ping(other.conn, NO_OP, &err) != STOA_ERR_BUSY)
        usleep(1000);
    pull_until(&reading, STOA_ERR_BUSY);
    app_must(stoa_op_cancel(other.op, &err), &err, "cancel");
    CHECK_INT(pthread_join(thread, NULL), 0);
    pull_until(&reading, STOA_DONE);
    CHECK_INT(reading.row_count, ROW_COUNT);
    stoa_stream_release(&reading.stream);
    stoa_op_close(other.op);
    app_shutdown(db);
    free(path);
}

TEST_MAIN({"rows and batches are read in any mixture",
           rows_and_batches_are_read_in_any_mixture},
          {"a stream loses nothing while its connection is used",
           a_stream_loses_nothing_while_its_connection_is_used})
