/* SPDX-License-Identifier: Apache-2.0 */
/* Without a tick a driver may work on the calling thread, watched by the session's own: such calls
 * are stopped like others. bad_driver.c has the statement that only ends when it is cancelled. */
#include "adbc/kit.h"

#include <pthread.h>
#include <stdatomic.h>

static stoa_conn connect_watched(stoa_db *db)
{
    const stoa_option options[] = {{"uri", ""}, {"worker", "watch"}};
    stoa_error err = {0};
    char target[1024];
    stoa_conn conn;

    (void)snprintf(target, sizeof target, "adbc:%s", getenv("STOA_BAD_DRIVER"));
    MUST(stoa_open(NO_OP, target, STOA_NUL, options, 2, db, &err));
    MUST(stoa_connect(*db, NO_OP, NULL, 0, &conn, &err));
    return conn;
}

/* By whom a call that would never end is stopped. */
enum stopper { BY_DEADLINE, BY_CANCEL, BY_CLOSING };
struct stopping {
    stoa_op op;
    stoa_conn conn;
    enum stopper by;
    _Atomic bool over;
};

/* Again and again: the call may not have begun when it is closed or cancelled first. */
static void *stop_it(void *argument)
{
    struct stopping *stopping = argument;

    while (!stopping->over) {
        (void)usleep(5000);
        if (stopping->by == BY_CANCEL)
            (void)stoa_op_cancel(stopping->op, NULL);
        else if (stopping->by == BY_CLOSING)
            stoa_conn_close(stopping->conn);
    }
    return NULL;
}

static void a_watched_call_is_stopped(enum stopper by)
{
    const stoa_status wanted = by == BY_DEADLINE ? STOA_ERR_TIMEOUT : STOA_ERR_CANCELLED;
    stoa_error err = {0};
    stoa_db db;
    struct stopping stopping = {.conn = connect_watched(&db), .by = by};
    stoa_conn after;
    pthread_t thread;
    stoa_rows rows;
    stoa_status rc;

    MUST(stoa_op_open(by == BY_DEADLINE ? 60 : -1, NULL, NULL, NULL, &stopping.op, &err));
    CHECK_INT(pthread_create(&thread, NULL, stop_it, &stopping), 0);
    rc = stoa_query_row(stopping.conn, stopping.op, "slow", STOA_NUL, NULL, 0, NULL, 0, &rows,
                        &err);
    stopping.over = true;
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK(rc == wanted || (by == BY_CLOSING && rc == STOA_ERR_CLOSED));
    stoa_op_close(stopping.op);
    MUST(stoa_connect(db, NO_OP, NULL, 0, &after, &err));
    CHECK_INT(kit_count(after), 0);
    stoa_db_close(db);
    kit_nothing_left();
}

static void watched_calls_are_stopped(void)
{
    a_watched_call_is_stopped(BY_DEADLINE);
    a_watched_call_is_stopped(BY_CANCEL);
    a_watched_call_is_stopped(BY_CLOSING);
}

/* One batch a call: only those of the worker are gathered. */
static void a_watched_stream_gives_every_row(void)
{
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_watched(&db);
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    stoa_result result;
    int64_t rows = 0;

    MUST(stoa_query(conn, NO_OP, "rows 25", STOA_NUL, NULL, 0, NULL, 0, &result, &err));
    MUST(stoa_result_export(result, NO_OP, &stream, &err));
    while (stream.get_next(&stream, &batch) == 0 && batch.release) {
        CHECK(batch.length <= 10);
        rows += batch.length;
        batch.release(&batch);
    }
    CHECK_INT(rows, 25);
    stream.release(&stream);
    stoa_db_close(db);
    kit_nothing_left();
}

/* After some time the watching thread sleeps; it wakes for the next call. */
static void a_watcher_that_slept_wakes(void)
{
    stoa_error err = {0};
    stoa_db db;
    stoa_conn conn = connect_watched(&db);

    for (int i = 0; i < 2; i++) {
        stoa_rows rows;
        stoa_op op;

        (void)usleep(200000);
        MUST(stoa_op_open(20, NULL, NULL, NULL, &op, &err));
        CHECK_INT(stoa_query_row(conn, op, "slow", STOA_NUL, NULL, 0, NULL, 0, &rows, &err),
                  STOA_ERR_TIMEOUT);
        stoa_op_close(op);
    }
    CHECK_INT(kit_count(conn), 0);
    stoa_db_close(db);
    kit_nothing_left();
}

TEST_MAIN({"watched calls are stopped", watched_calls_are_stopped},
          {"a watched stream gives every row", a_watched_stream_gives_every_row},
          {"a watcher that slept wakes", a_watcher_that_slept_wakes})
