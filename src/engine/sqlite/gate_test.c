/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/gate.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "stoa/op.h"
#include "test.h"

enum { FOR_EVER = -1, MS = 1000000 };

static struct sqlite_gate *private_gate(void)
{
    struct sqlite_gate *gate = NULL;
    CHECK_INT(sqlite_gate_ref(0, 0, &gate, NULL), STOA_OK);
    return gate;
}

/* ---- who shares one ---- */

static void one_file_has_one_gate(void)
{
    struct sqlite_gate *a, *b, *other_inode, *other_device, *again;

    CHECK_INT(sqlite_gate_ref(7, 11, &a, NULL), STOA_OK);
    CHECK_INT(sqlite_gate_ref(7, 11, &b, NULL), STOA_OK);
    CHECK_INT(sqlite_gate_ref(7, 12, &other_inode, NULL), STOA_OK);
    CHECK_INT(sqlite_gate_ref(8, 11, &other_device, NULL), STOA_OK);
    CHECK(a == b);
    CHECK(a != other_inode && a != other_device && other_inode != other_device);
    sqlite_gate_unref(a);
    CHECK_INT(sqlite_gate_ref(7, 11, &again, NULL), STOA_OK);
    CHECK(again == b); /* One reference kept it. */
    sqlite_gate_unref(again);
    sqlite_gate_unref(b);
    sqlite_gate_unref(other_inode);
    sqlite_gate_unref(other_device);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void memory_databases_share_none(void)
{
    struct sqlite_gate *a = private_gate();
    struct sqlite_gate *b = private_gate();

    CHECK(a != b);
    sqlite_gate_unref(a);
    sqlite_gate_unref(b);
    sqlite_gate_unref(NULL);
}

static void a_gate_that_cannot_be_made_is_an_error(void)
{
    struct sqlite_gate *gate = (struct sqlite_gate *)1;
    stoa_error err;

    stoa__mem_fail_nth = 0;
    CHECK_INT(sqlite_gate_ref(1, 2, &gate, &err), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK(gate == NULL);
    CHECK_INT(sqlite_gate_ref(1, 2, &gate, &err), STOA_OK);
    sqlite_gate_unref(gate);
}

/* ---- one thread ---- */

static void a_thread_that_would_wait_for_itself_is_told_at_once(void)
{
    struct sqlite_gate *gate = private_gate();
    stoa__call call = {0};
    int first, second;
    stoa_error err;

    CHECK_INT(sqlite_gate_take(gate, &first, NULL, &call, FOR_EVER, &err), STOA_OK);
    CHECK_INT(sqlite_gate_take(gate, &second, NULL, &call, FOR_EVER, &err), STOA_ERR_LOCKED);
    CHECK_HAS(err.text, "would wait for itself");
    CHECK(err.flags & STOA_ERROR_RETRYABLE);
    sqlite_gate_give(gate, &first);
    CHECK_INT(sqlite_gate_take(gate, &second, NULL, &call, FOR_EVER, &err), STOA_OK);
    sqlite_gate_give(gate, &second);
    sqlite_gate_unref(gate);
}

/* ---- many threads ---- */

struct visitor {
    stoa__thread thread;
    struct sqlite_gate *gate;
    int64_t timeout_ms, hold_ns;
    stoa_op op;
    stoa_status rc;
    stoa_error err;
    int64_t waited_ns;
    _Atomic bool inside, leave;
};

static void visit(void *self)
{
    struct visitor *visitor = self;
    stoa__call call;
    const int64_t start = stoa__clock_monotonic_ns();

    visitor->rc = stoa__call_begin(&call, visitor->op, NULL, &visitor->err);
    if (visitor->rc == STOA_OK)
        visitor->rc = sqlite_gate_take(visitor->gate, visitor, NULL, &call, visitor->timeout_ms,
                                       &visitor->err);
    visitor->waited_ns = stoa__clock_monotonic_ns() - start;
    stoa__call_end(&call);
    if (visitor->rc != STOA_OK)
        return;
    atomic_store(&visitor->inside, true);
    if (visitor->hold_ns > 0)
        stoa__sleep_ns(visitor->hold_ns);
    while (visitor->hold_ns < 0 && !atomic_load(&visitor->leave))
        stoa__sleep_ns(MS);
    sqlite_gate_give(visitor->gate, visitor);
}

static void start(struct visitor *visitor)
{
    CHECK_INT(stoa__thread_start(&visitor->thread, "visitor", visit, visitor, NULL), STOA_OK);
}

static void start_holder(struct visitor *visitor, struct sqlite_gate *gate)
{
    *visitor = (struct visitor){.gate = gate, .timeout_ms = FOR_EVER, .hold_ns = -1};
    start(visitor);
    while (!atomic_load(&visitor->inside))
        stoa__sleep_ns(MS);
}

static void stop_holder(struct visitor *visitor)
{
    atomic_store(&visitor->leave, true);
    stoa__thread_stop(&visitor->thread);
    CHECK_INT(visitor->rc, STOA_OK);
}

static void who_waits_past_the_timeout_is_told_how_long(void)
{
    struct sqlite_gate *gate = private_gate();
    struct visitor holder, late = {.gate = gate, .timeout_ms = 60};

    start_holder(&holder, gate);
    start(&late);
    stoa__thread_stop(&late.thread);
    CHECK_INT(late.rc, STOA_ERR_LOCKED);
    CHECK_HAS(late.err.text, "60 ms");
    CHECK(late.err.flags & STOA_ERROR_RETRYABLE);
    CHECK(late.waited_ns >= 60 * (int64_t)MS);
    stop_holder(&holder);
    sqlite_gate_unref(gate);
}

static void a_timeout_of_zero_does_not_wait_and_a_huge_one_does(void)
{
    struct sqlite_gate *gate = private_gate();
    struct visitor holder, now = {.gate = gate, .timeout_ms = 0};
    struct visitor patient = {.gate = gate, .timeout_ms = INT64_MAX};

    start_holder(&holder, gate);
    start(&now);
    stoa__thread_stop(&now.thread);
    CHECK_INT(now.rc, STOA_ERR_LOCKED);
    start(&patient);
    stoa__sleep_ns(30 * MS);
    stop_holder(&holder);
    stoa__thread_stop(&patient.thread);
    CHECK_INT(patient.rc, STOA_OK);
    sqlite_gate_unref(gate);
}

static void a_cancel_ends_the_wait_and_the_line_closes_up(void)
{
    struct sqlite_gate *gate = private_gate();
    struct visitor holder, gone = {.gate = gate, .timeout_ms = FOR_EVER};
    struct visitor next = {.gate = gate, .timeout_ms = FOR_EVER};
    int64_t cancelled_ns;

    CHECK_INT(stoa_op_open(-1, NULL, NULL, NULL, &gone.op, NULL), STOA_OK);
    start_holder(&holder, gate);
    start(&gone);
    stoa__sleep_ns(30 * MS);
    start(&next);
    stoa__sleep_ns(30 * MS);
    cancelled_ns = stoa__clock_monotonic_ns();
    CHECK_INT(stoa_op_cancel(gone.op, NULL), STOA_OK);
    stoa__thread_stop(&gone.thread);
    CHECK(stoa__clock_monotonic_ns() - cancelled_ns < 20000 * (int64_t)MS);
    CHECK_INT(gone.rc, STOA_ERR_CANCELLED);
    stop_holder(&holder);
    stoa__thread_stop(&next.thread);
    CHECK_INT(next.rc, STOA_OK);
    stoa_op_close(gone.op);
    sqlite_gate_unref(gate);
}

static void a_deadline_ends_the_wait(void)
{
    struct sqlite_gate *gate = private_gate();
    struct visitor holder, late = {.gate = gate, .timeout_ms = FOR_EVER};

    start_holder(&holder, gate);
    CHECK_INT(stoa_op_open(50, NULL, NULL, NULL, &late.op, NULL), STOA_OK);
    start(&late);
    stoa__thread_stop(&late.thread);
    CHECK_INT(late.rc, STOA_ERR_TIMEOUT);
    stop_holder(&holder);
    stoa_op_close(late.op);
    sqlite_gate_unref(gate);
}

/* A holder that moved to another thread is that thread's. */
static void a_holder_counts_as_used_by_the_thread_that_touched_it_last(void)
{
    struct sqlite_gate *gate = private_gate();
    struct visitor other = {.gate = gate, .timeout_ms = 40};
    stoa__call call = {0};
    int holder, mine;
    stoa_error err;

    CHECK_INT(sqlite_gate_take(gate, &holder, NULL, &call, FOR_EVER, &err), STOA_OK);
    start(&other); /* Not its own: it waits in vain. */
    stoa__thread_stop(&other.thread);
    CHECK_INT(other.rc, STOA_ERR_LOCKED);
    CHECK_HAS(other.err.text, "busy_timeout");
    sqlite_gate_touch(gate);
    CHECK_INT(sqlite_gate_take(gate, &mine, NULL, &call, FOR_EVER, &err), STOA_ERR_LOCKED);
    CHECK_HAS(err.text, "itself");
    sqlite_gate_give(gate, &holder);
    sqlite_gate_unref(gate);
}

/* Who gives the gate to a waiter and wants it back at once waits, and is not told that it holds
 * the gate itself: only the waiter, which may not even have woken, does. */
static struct sqlite_gate *shared;
static int64_t counter; /* Guarded by the gate. */
static _Atomic int64_t refused;

static void count_up(void *self)
{
    stoa__call call = {0};

    for (int i = 0; i < 2000; i++) {
        if (sqlite_gate_take(shared, self, NULL, &call, FOR_EVER, NULL) != STOA_OK) {
            atomic_fetch_add(&refused, 1);
            continue;
        }
        counter++;
        sqlite_gate_give(shared, self);
    }
}

static void many_threads_write_one_at_a_time_and_none_is_turned_away(void)
{
    enum { COUNT = 6 };
    stoa__thread threads[COUNT] = {0};

    shared = private_gate();
    for (int i = 0; i < COUNT; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "counter", count_up, &threads[i], NULL),
                  STOA_OK);
    for (int i = 0; i < COUNT; i++)
        stoa__thread_stop(&threads[i]);
    CHECK_INT(atomic_load(&refused), 0);
    CHECK_INT(counter, COUNT * 2000);
    sqlite_gate_unref(shared);
}

/* Waiters that give up in the moment they are let in hand the gate on. */
static void give_up_often(void *self)
{
    stoa__call call = {0};

    for (int i = 0; i < 300; i++)
        if (sqlite_gate_take(shared, self, NULL, &call, i % 2, NULL) == STOA_OK) {
            counter++;
            stoa__sleep_ns(MS / 4);
            sqlite_gate_give(shared, self);
        }
}

static void giving_up_while_let_in_loses_no_gate(void)
{
    enum { COUNT = 4 };
    stoa__thread threads[COUNT] = {0};
    stoa__call call = {0};

    shared = private_gate();
    for (int i = 0; i < COUNT; i++)
        CHECK_INT(stoa__thread_start(&threads[i], "quitter", give_up_often, &threads[i], NULL),
                  STOA_OK);
    for (int i = 0; i < COUNT; i++)
        stoa__thread_stop(&threads[i]);
    CHECK(counter > 0);
    CHECK_INT(sqlite_gate_take(shared, &call, NULL, &call, 0, NULL), STOA_OK); /* It is free. */
    sqlite_gate_give(shared, &call);
    sqlite_gate_unref(shared);
}

TEST_MAIN({"one file has one gate", one_file_has_one_gate},
          {"memory databases share none", memory_databases_share_none},
          {"a gate that cannot be made is an error", a_gate_that_cannot_be_made_is_an_error},
          {"a thread that would wait for itself is told at once",
           a_thread_that_would_wait_for_itself_is_told_at_once},
          {"who waits past the timeout is told how long",
           who_waits_past_the_timeout_is_told_how_long},
          {"a timeout of zero does not wait and a huge one does",
           a_timeout_of_zero_does_not_wait_and_a_huge_one_does},
          {"a cancel ends the wait and the line closes up",
           a_cancel_ends_the_wait_and_the_line_closes_up},
          {"a deadline ends the wait", a_deadline_ends_the_wait},
          {"a holder counts as used by the thread that touched it last",
           a_holder_counts_as_used_by_the_thread_that_touched_it_last},
          {"many threads write one at a time and none is turned away",
           many_threads_write_one_at_a_time_and_none_is_turned_away},
          {"giving up while let in loses no gate", giving_up_while_let_in_loses_no_gate})
