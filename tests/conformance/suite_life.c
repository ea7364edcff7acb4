/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives what, who may call when, and how calls are ended. */
#include "conformance/suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- exported streams ---- */

void an_exported_stream_outlives_all(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_result result = kit_query(conn, kit_sql(quirks.rows, 200000));
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    int64_t rows, sum;
    stoa_op op;

    MUST(stoa_op_open(-1, NULL, NULL, NULL, &op, &err));
    MUST(stoa_result_export(result, op, &stream, &err));
    MUST_FAIL(stoa_result_step(result, NO_OP, &err), STOA_ERR_CLOSED);
    stoa_op_close(op);
    stoa_conn_close(conn);
    stoa_db_close(db);
    MUST(stoa_stream_schema(&stream, &schema, &err));
    CHECK_TEXT(schema.children[0]->name, "n");
    stoa_schema_release(&schema);
    MUST(data_sum(&stream, &rows, &sum, &err));
    CHECK_INT(rows, 200000);
    CHECK_INT(sum, INT64_C(199999) * 100000);
    kit_check_nothing_left();
}

void an_exported_stream_leaves_its_statement(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowArrayStream streams[2];
    int64_t rows, sum;
    stoa_result result;
    stoa_stmt stmt;

    MUST(stoa_prepare(conn, NO_OP, kit_sql(quirks.rows, 10), STOA_NUL, &stmt, &err));
    for (int i = 0; i < 2; i++) {
        MUST(stoa_execute(stmt, NO_OP, NULL, 0, NULL, 0, &result, &err));
        MUST(stoa_result_export(result, NO_OP, &streams[i], &err));
    }
    stoa_stmt_close(stmt);
    for (int i = 0; i < 2; i++) {
        MUST(data_sum(&streams[i], &rows, &sum, &err));
        CHECK_INT(rows, 10);
    }
    stoa_db_close(db);
    kit_check_nothing_left();
}

void a_stream_of_the_same_connection(void)
{
    const stoa_option mode[] = {{"mode", "create"}};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowArrayStream stream;
    int64_t rows = 0;

    MUST(stoa_result_export(kit_query(conn, kit_sql(quirks.rows, 1000)), NO_OP, &stream,
                            &err));
    MUST(stoa_insert(conn, NO_OP, "copy", STOA_NUL, &stream, mode, 1, &rows, &err));
    CHECK_INT(rows, 1000);
    if (quirks.keeps_rows)
        CHECK_INT(kit_int64(conn, "SELECT CAST(sum(n) AS BIGINT) FROM copy"), 499500);
    stoa_db_close(db);
    kit_check_nothing_left();
}

/* ---- ending calls ---- */

struct helper {
    void (*run)(struct helper *);
    stoa_op op;
    stoa_conn conn;
    stoa_db db;
    stoa_status rc;
    stoa_error err;
    pthread_t thread;
};

static void *helper_main(void *argument)
{
    struct helper *helper = argument;

    helper->run(helper);
    return NULL;
}

static void start(struct helper *helper)
{
    CHECK_INT(pthread_create(&helper->thread, NULL, helper_main, helper), 0);
}

static void cancel_soon(struct helper *helper)
{
    (void)usleep(50000);
    helper->rc = stoa_op_cancel(helper->op, &helper->err);
}

/* Ask until it is in use. Whoever asks uses it, so others come in while nobody asks. */
static stoa_status wait_for_use(stoa_conn conn, stoa_error *err)
{
    stoa_status rc;

    while ((rc = stoa_ping(conn, NO_OP, err)) == STOA_OK)
        (void)usleep(1000);
    return rc;
}

static void close_conn_in_use(struct helper *helper)
{
    (void)wait_for_use(helper->conn, &helper->err);
    stoa_conn_close(helper->conn);
}

static void run_slow(struct helper *helper)
{
    stoa_rows rows;

    do /* Who asks whether we are busy may be in our way. */
        helper->rc = stoa_query_row(helper->conn, helper->op, quirks.slow, STOA_NUL, NULL,
                                    0, NULL, 0, &rows, &helper->err);
    while (helper->rc == STOA_ERR_BUSY);
}

void an_operation_cancels(void)
{
    struct helper helper = {.run = cancel_soon};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    double before = seconds();
    stoa_rows rows;

    MUST(stoa_op_open(-1, NULL, NULL, NULL, &helper.op, &err));
    start(&helper);
    MUST_FAIL(stoa_query_row(conn, helper.op, quirks.slow, STOA_NUL, NULL, 0, NULL, 0,
                             &rows, &err),
              STOA_ERR_CANCELLED);
    CHECK(seconds() - before < 30);
    (void)pthread_join(helper.thread, NULL);
    CHECK_INT(helper.rc, STOA_OK);
    /* It stays cancelled; the connection is as good as ever. */
    MUST_FAIL(stoa_ping(conn, helper.op, &err), STOA_ERR_CANCELLED);
    MUST(stoa_ping(conn, NO_OP, &err));
    stoa_op_close(helper.op);
    MUST_FAIL(stoa_ping(conn, helper.op, &err), STOA_ERR_CLOSED);
    MUST(stoa_op_cancel(helper.op, &err));
    stoa_db_close(db);
    kit_check_nothing_left();
}

void a_deadline_ends_the_call(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    double before = seconds();
    stoa_rows rows;
    stoa_op op;

    MUST(stoa_op_open(60, NULL, NULL, NULL, &op, &err));
    MUST_FAIL(
        stoa_query_row(conn, op, quirks.slow, STOA_NUL, NULL, 0, NULL, 0, &rows, &err),
        STOA_ERR_TIMEOUT);
    CHECK_HAS(err.text, "60 ms");
    CHECK(seconds() - before < 30);
    stoa_op_close(op);
    stoa_db_close(db);
    kit_check_nothing_left();
}

struct ticker {
    stoa_conn conn;
    stoa_db db;
    int ticks;
    stoa_status used;
    stoa_error err;
};

static int32_t tick(void *user_data)
{
    struct ticker *ticker = user_data;

    ticker->ticks++;
    ticker->used = stoa_ping(ticker->conn, NO_OP, &ticker->err);
    if (ticker->ticks == 3)
        stoa_db_close(ticker->db);
    return ticker->ticks == 100;
}

void a_tick_runs_and_may_close(void)
{
    struct ticker ticker = {0};
    stoa_error err = {0};
    stoa_rows rows;
    stoa_op op;

    ticker.db = kit_open();
    ticker.conn = kit_connect(ticker.db);
    MUST(stoa_op_open(-1, tick, &ticker, NULL, &op, &err));
    MUST_FAIL(stoa_query_row(ticker.conn, op, quirks.slow, STOA_NUL, NULL, 0, NULL, 0,
                             &rows, &err),
              STOA_ERR_CANCELLED);
    CHECK_INT(ticker.ticks, 3);
    CHECK_INT(ticker.used, STOA_ERR_BUSY);
    CHECK_HAS(ticker.err.text, "callback");
    CHECK_HAS(err.text, "database was closed");
    MUST_FAIL(stoa_ping(ticker.conn, NO_OP, &err), STOA_ERR_CLOSED);
    CHECK_HAS(err.text, "database");
    stoa_op_close(op);
    kit_check_nothing_left();
}

void a_close_cancels_the_call(void)
{
    struct helper helper = {.run = close_conn_in_use};
    stoa_error err = {0};
    stoa_db db = kit_open();
    double before = seconds();
    stoa_status rc;
    stoa_rows rows;

    helper.conn = kit_connect(db);
    start(&helper);
    do /* Who asks whether we are busy may be in our way. */
        rc = stoa_query_row(helper.conn, NO_OP, quirks.slow, STOA_NUL, NULL, 0, NULL, 0,
                            &rows, &err);
    while (rc == STOA_ERR_BUSY);
    CHECK_INT(rc, STOA_ERR_CANCELLED);
    CHECK_HAS(err.text, "connection was closed");
    CHECK(seconds() - before < 30);
    (void)pthread_join(helper.thread, NULL);
    stoa_db_close(db);
    kit_check_nothing_left();
}

void two_threads_are_told_busy(void)
{
    struct helper helper = {.run = run_slow};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_result result;

    result = kit_query(conn, kit_sql(quirks.rows, 10));
    helper.conn = conn;
    MUST(stoa_op_open(-1, NULL, NULL, NULL, &helper.op, &err));
    start(&helper);
    CHECK_INT(wait_for_use(conn, &err), STOA_ERR_BUSY);
    CHECK_HAS(err.text, "in use by another call");
    MUST_FAIL(stoa_result_step(result, NO_OP, &err), STOA_ERR_BUSY);
    stoa_result_close(result); /* Never waits; its native part goes when the call ends. */
    MUST(stoa_op_cancel(helper.op, &err));
    (void)pthread_join(helper.thread, NULL);
    CHECK_INT(helper.rc, STOA_ERR_CANCELLED);
    MUST(stoa_ping(conn, NO_OP, &err));
    stoa_op_close(helper.op);
    stoa_db_close(db);
    kit_check_nothing_left();
}

/* ---- shutdown ---- */

void shutdown_ends_everything(void)
{
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    stoa_result result = kit_query(conn, kit_sql(quirks.rows, 10));
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    struct ArrowSchema schema;

    MUST(stoa_result_export(kit_query(conn, kit_sql(quirks.rows, 1000000)), NO_OP,
                            &stream, &err));
    MUST(stoa_stream_next(&stream, &batch, &err));
    MUST(stoa_db_shutdown(db, NO_OP, &err));
    CHECK(batch.length > 0);
    stoa_batch_release(&batch); /* What was handed out stays. */
    for (int i = 0; i < 2; i++) {
        MUST_FAIL(stoa_stream_next(&stream, &batch, &err), STOA_ERR_CLOSED);
        CHECK_HAS(err.text, "shut down");
    }
    (void)stoa_stream_schema(&stream, &schema, &err);
    stoa_schema_release(&schema);
    MUST_FAIL(stoa_result_step(result, NO_OP, &err), STOA_ERR_CLOSED);
    MUST_FAIL(stoa_ping(conn, NO_OP, &err), STOA_ERR_CLOSED);
    MUST_FAIL(stoa_db_shutdown(db, NO_OP, &err), STOA_ERR_CLOSED);
    MUST_FAIL(stoa_connect(db, NO_OP, NULL, 0, &conn, &err), STOA_ERR_CLOSED);
    stoa_stream_release(&stream);
    kit_check_nothing_left();
}

static int32_t shutdown_tick(void *user_data)
{
    struct ticker *ticker = user_data;

    ticker->used = stoa_db_shutdown(ticker->db, NO_OP, &ticker->err);
    return 1;
}

void shutdown_waits_and_gives_up(void)
{
    struct helper helper = {.run = run_slow};
    struct ticker ticker = {0};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_op op;
    stoa_rows rows;

    helper.conn = kit_connect(db);
    MUST(stoa_op_open(-1, NULL, NULL, NULL, &helper.op, &err));
    start(&helper);
    CHECK_INT(wait_for_use(helper.conn, &err), STOA_ERR_BUSY);
    MUST(stoa_op_open(50, NULL, NULL, NULL, &op, &err));
    MUST_FAIL(stoa_db_shutdown(db, op, &err), STOA_ERR_TIMEOUT);
    stoa_op_close(op);
    MUST(stoa_op_cancel(helper.op, &err));
    (void)pthread_join(helper.thread, NULL);
    CHECK_INT(helper.rc, STOA_ERR_CANCELLED);
    MUST(stoa_ping(helper.conn, NO_OP, &err)); /* It works on. */

    /* From inside a callback of one of its connections it would wait for itself. */
    ticker.db = db;
    MUST(stoa_op_open(-1, shutdown_tick, &ticker, NULL, &op, &err));
    MUST_FAIL(stoa_query_row(helper.conn, op, quirks.slow, STOA_NUL, NULL, 0, NULL, 0,
                             &rows, &err),
              STOA_ERR_CANCELLED);
    CHECK_INT(ticker.used, STOA_ERR_BUSY);
    stoa_op_close(op);
    stoa_op_close(helper.op);
    MUST(stoa_db_shutdown(db, NO_OP, &err));
    kit_check_nothing_left();
}

void shutdown_finishes_ingests(void)
{
    const stoa_option options[] = {{"mode", "create_append"}, {"unit", "finish"}};
    stoa_error err = {0};
    stoa_db db = kit_open(), again;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    stoa_ingest ingest;
    stoa_conn conn;

    data_schema(&schema);
    MUST(stoa_ingest_open(db, "t", 1, options, 2, &ingest, &err));
    data_batch(&batch, 0, 10);
    MUST(stoa_ingest_append(ingest, NO_OP, &schema, &batch, NULL, &err));
    MUST(stoa_db_shutdown(db, NO_OP, &err));
    data_batch(&batch, 0, 10);
    MUST_FAIL(stoa_ingest_append(ingest, NO_OP, &schema, &batch, NULL, &err),
              STOA_ERR_CLOSED);
    batch.release(&batch);
    schema.release(&schema);
    kit_check_nothing_left();
    if (!strchr(quirks.target, '%'))
        return;
    again = kit_open();
    conn = kit_connect(again);
    CHECK_INT(kit_int64(conn, quirks.count), 10);
    stoa_db_close(again);
}

void a_reset_makes_new(void)
{
    const stoa_option small[] = {{"batch_rows", "4"}};
    stoa_error err = {0};
    stoa_db db = kit_open();
    stoa_conn conn = kit_connect(db);
    struct ArrowArray batch;
    stoa_result result;
    stoa_stmt stmt;
    int32_t state;

    MUST(stoa_conn_set(conn, small, 1, &err));
    MUST(stoa_prepare(conn, NO_OP, quirks.two, STOA_NUL, &stmt, &err));
    result = kit_query(conn, kit_sql(quirks.rows, 10));
    if (quirks_can(STOA_CAN_TRANSACTIONS))
        MUST(stoa_begin(conn, NO_OP, STOA_BEGIN_LAZY, &err));
    MUST(stoa_conn_reset(conn, NO_OP, &err));
    MUST_FAIL(stoa_result_step(result, NO_OP, &err), STOA_ERR_CLOSED);
    MUST_FAIL(stoa_bind_clear(stmt, &err), STOA_ERR_CLOSED);
    MUST(stoa_conn_transaction(conn, &state, &err));
    CHECK_INT(state, STOA_TRANSACTION_NONE);
    result = kit_query(conn, kit_sql(quirks.rows, 10));
    MUST(stoa_result_next(result, NO_OP, &batch, &err));
    CHECK_INT(batch.length, 10);
    stoa_batch_release(&batch);
    stoa_db_close(db);
    kit_check_nothing_left();
}
