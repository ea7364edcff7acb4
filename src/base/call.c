/* SPDX-License-Identifier: Apache-2.0 */
#include "base/call.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/op.h"

#include <assert.h>

#include "base/ban.h"

enum {
    NS_PER_MS = 1000000,
    /* No wait is longer, and no work goes longer without asking. */
    SLICE_NS = 10 * NS_PER_MS,
    /* What asks every 10 ms then ticks every 50 ms at the latest. */
    TICK_AFTER_NS = STOA__TICK_INTERVAL_MS * NS_PER_MS - SLICE_NS,
};

/* A receiver's stop is told as this plus the kind that was closed. */
enum {
    CAUSE_NONE,
    CAUSE_CALL,
    CAUSE_TICK,
    CAUSE_STREAM,
    CAUSE_FORK,
    CAUSE_DEADLINE,
    CAUSE_CLOSED
};

static bool has_clock(const stoa__call *call)
{
    return call->op && (call->op->tick || call->op->deadline_ns != INT64_MAX);
}

static stoa_status stop(stoa__call *call, stoa_status status, int32_t cause)
{
    call->stop = status;
    call->cause = cause;
    return status;
}

/* What other threads did. */
static stoa_status look_at_flags(stoa__call *call)
{
    int32_t flag;

    if (call->receiver && stoa__object_forked(call->receiver))
        return stop(call, STOA_ERR_FORKED, CAUSE_FORK); /* Whatever else its tick said. */
    if (call->op) {
        flag = atomic_load_explicit(&call->op->cancelled, memory_order_relaxed);
        if (flag != STOA__OP_RUNS)
            return stop(call, STOA_ERR_CANCELLED,
                        flag == STOA__OP_CANCELLED_BY_TICK ? CAUSE_TICK : CAUSE_CALL);
    }
    if (call->stopped && atomic_load_explicit(call->stopped, memory_order_relaxed) != 0)
        return stop(call, STOA_ERR_CANCELLED, CAUSE_STREAM);
    if (!call->receiver)
        return STOA_OK;
    flag = atomic_load_explicit(&call->receiver->closed, memory_order_relaxed);
    if (flag != STOA__KIND_NONE)
        return stop(call, STOA_ERR_CANCELLED, CAUSE_CLOSED + flag);
    return STOA_OK;
}

static stoa_status look_at_deadline(stoa__call *call, int64_t now)
{
    return now < call->op->deadline_ns ? STOA_OK
                                       : stop(call, STOA_ERR_TIMEOUT, CAUSE_DEADLINE);
}

/* A tick may make calls of its own; their ticks wait for it to return. */
static void run_tick(stoa__call *call)
{
    static _Thread_local bool ticking;

    if (ticking)
        return;
    ticking = true;
    if (call->op->tick(call->op->user_data) != 0)
        stoa__op_cancel(call->op, STOA__OP_CANCELLED_BY_TICK);
    ticking = false;
    call->ticked_ns = stoa__clock_monotonic_ns();
    atomic_store_explicit(&call->op->ticked_ns, call->ticked_ns, memory_order_relaxed);
}

static stoa_status look_at_clock(stoa__call *call)
{
    int64_t now = stoa__clock_monotonic_ns();
    stoa_status rc = look_at_deadline(call, now);

    if (rc != STOA_OK || !call->op->tick || now - call->ticked_ns < TICK_AFTER_NS)
        return rc;
    run_tick(call);
    return look_at_flags(call);
}

static void start(stoa__call *call, struct stoa__op *op, struct stoa__object *receiver)
{
    *call = (stoa__call){.op = op, .receiver = receiver};
    if (op && op->tick)
        call->ticked_ns = stoa__clock_monotonic_ns();
}

stoa_status stoa__call_begin(stoa__call *call, stoa_op op, struct stoa__object *receiver,
                             stoa_error *err)
{
    struct stoa__object *object = NULL;
    stoa_status rc = STOA_OK;

    *call = (stoa__call){0};
    if (op.id != 0)
        rc = stoa__object_pin(op.id, STOA__KIND_OP, &object, err);
    if (rc != STOA_OK)
        return rc;
    start(call, stoa__op_of_object(object), receiver);
    call->pinned = object != NULL;
    if (!stoa__call_should_stop(call))
        return STOA_OK;
    rc = stoa__call_fail(call, err);
    stoa__call_end(call);
    return rc;
}

void stoa__call_end(stoa__call *call)
{
    if (call->pinned)
        stoa__object_unpin(&call->op->object);
    *call = (stoa__call){0};
}

void stoa__call_resume(stoa__call *call, struct stoa__op *op,
                       struct stoa__object *receiver)
{
    start(call, op, receiver);
    if (op && op->tick)
        call->ticked_ns = atomic_load_explicit(&op->ticked_ns, memory_order_relaxed);
}

stoa_status stoa__call_check(stoa__call *call, stoa_error *err)
{
    stoa_status rc = call->stop;

    if (rc == STOA_OK)
        rc = look_at_flags(call);
    if (rc == STOA_OK && has_clock(call))
        rc = look_at_clock(call);
    return rc == STOA_OK ? STOA_OK : stoa__call_fail(call, err);
}

bool stoa__call_should_stop(stoa__call *call)
{
    if (call->stop != STOA_OK || look_at_flags(call) != STOA_OK)
        return true;
    return call->op && call->op->deadline_ns != INT64_MAX &&
           look_at_deadline(call, stoa__clock_monotonic_ns()) != STOA_OK;
}

stoa_status stoa__call_fail(const stoa__call *call, stoa_error *err)
{
    assert(call->stop != STOA_OK);
    switch (call->cause) {
    case CAUSE_CALL:
        return stoa__fail(err, call->stop, "cancelled by stoa_op_cancel");
    case CAUSE_TICK:
        return stoa__fail(err, call->stop, "cancelled by its tick");
    case CAUSE_STREAM:
        return stoa__fail(err, call->stop, "cancelled: the stream was released");
    case CAUSE_FORK:
        return stoa__fail(err, call->stop, "this %s was opened before fork()",
                          stoa__kind_name(call->receiver->class->kind));
    case CAUSE_DEADLINE:
        return stoa__fail(err, call->stop,
                          "the operation's deadline of %lld ms has passed",
                          (long long)call->op->timeout_ms);
    default:
        return stoa__fail(err, call->stop, "cancelled: the %s was closed",
                          stoa__kind_name((enum stoa__kind)(call->cause - CAUSE_CLOSED)));
    }
}

int64_t stoa__call_slice_ns(const stoa__call *call, int64_t ns)
{
    int64_t slice = ns >= 0 && ns < SLICE_NS ? ns : SLICE_NS;
    int64_t left;

    if (call->stop != STOA_OK)
        return 0;
    if (!call->op || call->op->deadline_ns == INT64_MAX)
        return slice;
    left = call->op->deadline_ns - stoa__clock_monotonic_ns();
    if (left < 0)
        left = 0;
    return left < slice ? left : slice;
}

void stoa__call_progress(stoa__call *call, int64_t done, int64_t total)
{
    if (!call->op)
        return;
    atomic_store_explicit(&call->op->done, done, memory_order_relaxed);
    atomic_store_explicit(&call->op->total, total, memory_order_relaxed);
}

struct stoa__object *stoa__call_op_object(const stoa__call *call)
{
    return call->op ? &call->op->object : NULL;
}

struct stoa__op *stoa__op_of_object(struct stoa__object *object)
{
    return (struct stoa__op *)object;
}
