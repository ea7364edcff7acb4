/* SPDX-License-Identifier: Apache-2.0 */
/* Operations and the calls that run under them. */
#include "base/op.h"

#include "base/call.h"
#include "base/clock.h"
#include "base/mem.h"
#include "test.h"

enum { MS = 1000000 };

static const stoa_op no_op = {0};
static _Atomic int released, ticks;
static int tick_answer;
static stoa_op tick_op;
static stoa__call *tick_call;

static void release(void *user_data)
{
    CHECK_TEXT(user_data, "data");
    released++;
}

static int32_t tick(void *user_data)
{
    CHECK_TEXT(user_data, "data");
    ticks++;
    if (tick_call) /* A call made inside a tick, under the same operation. */
        (void)stoa__call_check(tick_call, NULL);
    stoa_op_close(tick_op);
    return tick_answer;
}

static char data[] = "data";

static stoa_op open_op(int64_t timeout_ms, stoa_tick function)
{
    stoa_op op;

    CHECK_INT(stoa_op_open(timeout_ms, function, data, release, &op, NULL), STOA_OK);
    CHECK(op.id != 0);
    return op;
}

static void release_runs_once_on_every_path(void)
{
    stoa_op op = {7};
    stoa_error err;

    CHECK_INT(stoa_op_open(-1, NULL, data, release, NULL, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "out is NULL");
    CHECK_INT(released, 1);
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa_op_open(-1, NULL, data, release, &op, &err), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK_INT(op.id, 0);
    CHECK_INT(released, 2);
    op = open_op(-1, NULL);
    stoa_op_close(op);
    stoa_op_close(op);
    CHECK_INT(released, 3);
    CHECK_INT(stoa_op_open(-1, NULL, NULL, NULL, &op, NULL), STOA_OK);
    stoa_op_close(op);
    stoa_op_close(no_op);
}

static void opening_survives_every_allocation_failure(void)
{
    int64_t pieces = stoa__mem_allocations();

    for (int64_t nth = 0;; nth++) {
        stoa_op op = {7};
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa_op_open(10, tick, data, release, &op, NULL);
        stoa__mem_fail_nth = -1;
        CHECK_INT(released, (int)nth + (rc != STOA_OK));
        if (rc == STOA_OK) {
            CHECK(nth >= 1);
            stoa_op_close(op);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
        CHECK_INT(op.id, 0);
    }
    CHECK_INT(stoa__mem_allocations(), pieces);
}

static void no_operation_is_no_limit(void)
{
    stoa__call call;

    CHECK_INT(stoa__call_begin(&call, no_op, NULL, NULL), STOA_OK);
    for (int i = 0; i < 1000; i++)
        CHECK_INT(stoa__call_check(&call, NULL), STOA_OK);
    CHECK(!stoa__call_should_stop(&call));
    CHECK_INT(stoa__call_slice_ns(&call, -1), 10 * MS);
    CHECK_INT(stoa__call_slice_ns(&call, 5), 5);
    CHECK_INT(stoa__call_slice_ns(&call, INT64_MAX), 10 * MS);
    CHECK(!stoa__call_op_object(&call));
    stoa__call_progress(&call, 1, 2);
    stoa__call_end(&call);
    stoa__call_end(&call);
}

static void cancelling_is_sticky_and_says_who(void)
{
    stoa_op op = open_op(-1, NULL);
    stoa__call call, other;
    stoa_error err;

    CHECK_INT(stoa__call_begin(&call, op, NULL, NULL), STOA_OK);
    CHECK_INT(stoa_op_cancel(op, NULL), STOA_OK);
    CHECK(stoa__call_should_stop(&call));
    CHECK_INT(stoa__call_slice_ns(&call, -1), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(stoa__call_check(&call, &err), STOA_ERR_CANCELLED);
        CHECK_TEXT(err.text, "cancelled by stoa_op_cancel");
    }
    CHECK_INT(stoa__call_fail(&call, &err), STOA_ERR_CANCELLED);
    CHECK_INT(stoa__call_begin(&other, op, NULL, &err), STOA_ERR_CANCELLED);
    CHECK_TEXT(err.text, "cancelled by stoa_op_cancel");
    stoa__call_end(&call);
    stoa_op_close(op);
    CHECK_INT(released, 1); /* The call that could not begin holds nothing. */
    stoa__call_end(&other);
}

static void cancelling_what_ended_is_harmless(void)
{
    stoa_op op = open_op(-1, NULL);
    stoa__call call;
    stoa_error err;

    stoa_op_close(op);
    CHECK_INT(stoa_op_cancel(op, &err), STOA_OK);
    CHECK_INT(stoa_op_cancel(no_op, &err), STOA_ERR_HANDLE);
    CHECK_TEXT(err.text, "the operation handle is null");
    CHECK_INT(stoa__call_begin(&call, op, NULL, &err), STOA_ERR_CLOSED);
    CHECK_TEXT(err.text, "this operation is closed");
    stoa__call_end(&call);
}

static void a_deadline_passes(void)
{
    int64_t start = stoa__clock_monotonic_ns();
    stoa_op op = open_op(300, NULL);
    int late = 0;
    stoa__call call;
    stoa_error err;

    /* On a loaded machine it may be over before it begins. */
    for (; stoa__call_begin(&call, op, NULL, NULL) != STOA_OK; late++) {
        stoa_op_close(op);
        start = stoa__clock_monotonic_ns();
        op = open_op(300, NULL);
    }
    while (stoa__call_check(&call, &err) == STOA_OK) {
        CHECK(stoa__call_slice_ns(&call, -1) <= 10 * MS);
        CHECK(stoa__clock_monotonic_ns() - start < 20000 * (int64_t)MS);
        stoa__sleep_ns(stoa__call_slice_ns(&call, -1));
    }
    CHECK(stoa__clock_monotonic_ns() - start >= 300 * (int64_t)MS);
    CHECK_INT(err.code, STOA_ERR_TIMEOUT);
    CHECK_TEXT(err.text, "the operation's deadline of 300 ms has passed");
    CHECK(stoa__call_should_stop(&call));
    stoa__call_end(&call);
    CHECK_INT(stoa__call_begin(&call, op, NULL, &err), STOA_ERR_TIMEOUT);
    stoa_op_close(op);
    CHECK_INT(released, late + 1);
}

static void a_deadline_stops_without_a_tick_too(void)
{
    stoa_op op = open_op(0, tick);
    stoa__call call;

    CHECK_INT(stoa__call_begin(&call, op, NULL, NULL), STOA_ERR_TIMEOUT);
    CHECK_INT(ticks, 0);
    stoa__call_resume(&call, NULL, NULL);
    CHECK(!stoa__call_should_stop(&call));
    stoa_op_close(op);
    op = open_op(INT64_MAX, NULL); /* Too far to be said in nanoseconds. */
    CHECK_INT(stoa__call_begin(&call, op, NULL, NULL), STOA_OK);
    CHECK_INT(stoa__call_check(&call, NULL), STOA_OK);
    stoa__call_end(&call);
    stoa_op_close(op);
}

static void ticks_come_in_time(void)
{
    stoa_op op = open_op(-1, tick);
    int64_t start = stoa__clock_monotonic_ns();
    stoa__call call;

    CHECK_INT(stoa__call_begin(&call, op, NULL, NULL), STOA_OK);
    CHECK_INT(stoa__call_check(&call, NULL), STOA_OK);
    CHECK(ticks == 0 || stoa__clock_monotonic_ns() - start >= 40 * MS);
    while (ticks < 3) {
        CHECK_INT(stoa__call_check(&call, NULL), STOA_OK);
        CHECK(stoa__clock_monotonic_ns() - start < 20000 * (int64_t)MS);
    }
    CHECK(stoa__clock_monotonic_ns() - start >= 3 * 40 * (int64_t)MS);
    stoa__call_end(&call);
    stoa_op_close(op);
}

/* As whoever pulls a stream makes them: none of them takes long enough by itself. */
static void ticks_come_in_time_to_many_short_calls(void)
{
    int64_t start = stoa__clock_monotonic_ns();
    stoa_op op = open_op(-1, tick);
    struct stoa__object *object = NULL;
    stoa__call call;

    CHECK_INT(stoa__object_pin(op.id, STOA__KIND_OP, &object, NULL), STOA_OK);
    do {
        stoa__call_resume(&call, stoa__op_of_object(object), NULL);
        CHECK_INT(stoa__call_check(&call, NULL), STOA_OK);
        CHECK(stoa__clock_monotonic_ns() - start < 20000 * (int64_t)MS);
    } while (ticks < 3);
    CHECK(stoa__clock_monotonic_ns() - start >= 3 * 40 * (int64_t)MS);
    stoa__object_unpin(object);
    stoa_op_close(op);
}

static void wait_for_tick(stoa__call *call, stoa_status right, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    while (ticks == 0)
        rc = stoa__call_check(call, err);
    CHECK_INT(rc, right);
}

static void a_tick_cancels(void)
{
    stoa_op op = open_op(-1, tick);
    stoa__call call;
    stoa_error err;

    tick_answer = -5;
    CHECK_INT(stoa__call_begin(&call, op, NULL, NULL), STOA_OK);
    wait_for_tick(&call, STOA_ERR_CANCELLED, &err);
    CHECK_TEXT(err.text, "cancelled by its tick");
    CHECK_INT(stoa_op_cancel(op, NULL), STOA_OK); /* The first to cancel stays. */
    stoa__call_end(&call);
    CHECK_INT(stoa__call_begin(&call, op, NULL, &err), STOA_ERR_CANCELLED);
    CHECK_TEXT(err.text, "cancelled by its tick");
    stoa_op_close(op);
}

static void a_tick_does_not_run_inside_a_tick(void)
{
    stoa_op op = open_op(-1, tick);
    stoa__call call, inner;

    CHECK_INT(stoa__call_begin(&inner, op, NULL, NULL), STOA_OK);
    inner.ticked_ns = 0; /* Long due. */
    tick_call = &inner;
    CHECK_INT(stoa__call_begin(&call, op, NULL, NULL), STOA_OK);
    wait_for_tick(&call, STOA_OK, NULL);
    CHECK_INT(ticks, 1);
    stoa__call_end(&call);
    stoa__call_end(&inner);
    stoa_op_close(op);
}

static void a_call_outlives_its_operations_handle(void)
{
    stoa_op op = open_op(60000, tick);
    stoa__call call;

    tick_op = op; /* Closed by the tick itself. */
    CHECK_INT(stoa__call_begin(&call, op, NULL, NULL), STOA_OK);
    wait_for_tick(&call, STOA_OK, NULL);
    CHECK_INT(released, 0);
    CHECK_INT(stoa__call_check(&call, NULL), STOA_OK);
    stoa__call_end(&call);
    CHECK_INT(released, 1);
}

static void progress_is_read_from_outside(void)
{
    stoa_op op = open_op(-1, NULL);
    int64_t done = 9, total = 9;
    stoa__call call;
    stoa_error err;

    CHECK_INT(stoa_op_progress(op, &done, &total, NULL), STOA_OK);
    CHECK(done == 0 && total == -1);
    CHECK_INT(stoa__call_begin(&call, op, NULL, NULL), STOA_OK);
    stoa__call_progress(&call, 10, 100);
    CHECK_INT(stoa_op_progress(op, &done, &total, NULL), STOA_OK);
    CHECK(done == 10 && total == 100);
    stoa__call_end(&call);
    CHECK_INT(stoa_op_progress(op, NULL, &total, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "done is NULL");
    CHECK_INT(stoa_op_progress(op, &done, NULL, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "total is NULL");
    stoa_op_close(op);
    done = total = 9;
    CHECK_INT(stoa_op_progress(op, &done, &total, &err), STOA_ERR_CLOSED);
    CHECK(done == 0 && total == 0);
}

/* ---- receivers ---- */

static void thing_destroy(struct stoa__object *object)
{
    (void)object;
}

static const struct stoa__class db_class = {STOA__KIND_DB, NULL, thing_destroy};
static const struct stoa__class conn_class = {STOA__KIND_CONN, NULL, thing_destroy};

static void closing_the_receiver_cancels(void)
{
    struct stoa__object db = {0}, conn = {0};
    uint64_t db_id, conn_id;
    stoa__call call, other;
    stoa_error err;

    CHECK_INT(stoa__object_open(&db, &db_class, NULL, &db_id, NULL), STOA_OK);
    CHECK_INT(stoa__object_open(&conn, &conn_class, &db, &conn_id, NULL), STOA_OK);
    CHECK_INT(stoa__call_begin(&call, no_op, &conn, NULL), STOA_OK);
    CHECK_INT(stoa__call_begin(&other, no_op, &db, NULL), STOA_OK);
    CHECK_INT(stoa__call_check(&call, NULL), STOA_OK);
    stoa__object_close(conn_id, STOA__KIND_CONN);
    CHECK_INT(stoa__call_check(&call, &err), STOA_ERR_CANCELLED);
    CHECK_TEXT(err.text, "cancelled: the connection was closed");
    CHECK_INT(stoa__call_check(&other, &err), STOA_OK);
    stoa__object_close(db_id, STOA__KIND_DB);
    CHECK_INT(stoa__call_check(&other, &err), STOA_ERR_CANCELLED);
    CHECK_TEXT(err.text, "cancelled: the database was closed");
    stoa__call_end(&call);
    stoa__call_end(&other);
}

static void a_released_stream_cancels(void)
{
    stoa_op handle = open_op(-1, NULL);
    _Atomic int32_t stopped = 0;
    struct stoa__object *object;
    stoa__call call;
    stoa_error err;

    CHECK_INT(stoa__call_begin(&call, handle, NULL, NULL), STOA_OK);
    object = stoa__call_op_object(&call);
    stoa__object_ref(object);
    stoa__call_end(&call);
    stoa_op_close(handle);
    stoa__call_resume(&call, stoa__op_of_object(object), NULL);
    call.stopped = &stopped;
    CHECK_INT(stoa__call_check(&call, &err), STOA_OK);
    stopped = 1;
    CHECK_INT(stoa__call_check(&call, &err), STOA_ERR_CANCELLED);
    CHECK_TEXT(err.text, "cancelled: the stream was released");
    stoa__call_end(&call);
    CHECK_INT(released, 0);
    stoa__object_unref(object);
    CHECK_INT(released, 1);
}

static void a_call_in_a_child_of_fork_stops(void)
{
    struct stoa__object db = {0};
    uint64_t id;
    stoa__call call;
    stoa_error err;
    int status = -1;
    pid_t child;

    CHECK_INT(stoa__object_open(&db, &db_class, NULL, &id, NULL), STOA_OK);
    CHECK_INT(stoa__call_begin(&call, no_op, &db, NULL), STOA_OK);
    child = fork();
    if (child == 0) {
        CHECK_INT(stoa__call_check(&call, &err), STOA_ERR_FORKED);
        CHECK_TEXT(err.text, "this database was opened before fork()");
        _exit(46);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 46);
    CHECK_INT(stoa__call_check(&call, &err), STOA_OK);
    stoa__call_end(&call);
    stoa__object_close(id, STOA__KIND_DB);
}

static void cancel_soon(void *argument)
{
    stoa__sleep_ns(20 * MS);
    CHECK_INT(stoa_op_cancel(*(const stoa_op *)argument, NULL), STOA_OK);
}

static void another_thread_cancels(void)
{
    stoa_op op = open_op(30000, NULL);
    stoa__thread thread;
    stoa__call call;
    stoa_error err;

    CHECK_INT(stoa__call_begin(&call, op, NULL, NULL), STOA_OK);
    CHECK_INT(stoa__thread_start(&thread, "canceller", cancel_soon, &op, NULL), STOA_OK);
    while (stoa__call_check(&call, &err) == STOA_OK)
        stoa__sleep_ns(stoa__call_slice_ns(&call, -1));
    CHECK_TEXT(err.text, "cancelled by stoa_op_cancel");
    stoa__thread_stop(&thread);
    stoa__call_end(&call);
    stoa_op_close(op);
}

TEST_MAIN({"release runs once on every path", release_runs_once_on_every_path},
          {"opening survives every allocation failure",
           opening_survives_every_allocation_failure},
          {"no operation is no limit", no_operation_is_no_limit},
          {"cancelling is sticky and says who", cancelling_is_sticky_and_says_who},
          {"cancelling what ended is harmless", cancelling_what_ended_is_harmless},
          {"a deadline passes", a_deadline_passes},
          {"a deadline stops without a tick too", a_deadline_stops_without_a_tick_too},
          {"ticks come in time", ticks_come_in_time},
          {"ticks come in time to many short calls", ticks_come_in_time_to_many_short_calls},
          {"a tick cancels", a_tick_cancels},
          {"a tick does not run inside a tick", a_tick_does_not_run_inside_a_tick},
          {"a call outlives its operation's handle",
           a_call_outlives_its_operations_handle},
          {"progress is read from outside", progress_is_read_from_outside},
          {"closing the receiver cancels", closing_the_receiver_cancels},
          {"a released stream cancels", a_released_stream_cancels},
          {"a call in a child of fork stops", a_call_in_a_child_of_fork_stops},
          {"another thread cancels", another_thread_cancels})
