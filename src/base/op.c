/* SPDX-License-Identifier: Apache-2.0 */
#include "base/op.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

#include "base/ban.h"

enum { NS_PER_MS = 1000000 };

static void op_destroy(struct stoa__object *object)
{
    struct stoa__op *op = (struct stoa__op *)object;
    stoa_release release = op->release;
    void *user_data = op->user_data;

    stoa__free(op);
    if (release)
        release(user_data);
}

static const struct stoa__class op_class = {.kind = STOA__KIND_OP, .destroy = op_destroy};

/* So far away that it can't be said in nanoseconds is as good as none. */
static int64_t deadline_of(int64_t timeout_ms)
{
    int64_t ns;

    if (timeout_ms < 0 || __builtin_mul_overflow(timeout_ms, (int64_t)NS_PER_MS, &ns) ||
        __builtin_add_overflow(ns, stoa__clock_monotonic_ns(), &ns))
        return INT64_MAX;
    return ns;
}

static stoa_status op_new(int64_t timeout_ms, stoa_tick tick, void *user_data,
                          stoa_release release, uint64_t *id, stoa_error *err)
{
    struct stoa__op *op = stoa__alloc_zero(1, sizeof *op);
    stoa_status rc;

    if (!op)
        return stoa__fail_nomem(err);
    op->timeout_ms = timeout_ms;
    op->deadline_ns = deadline_of(timeout_ms);
    op->tick = tick;
    op->user_data = user_data;
    op->release = release;
    atomic_init(&op->total, -1);
    atomic_init(&op->ticked_ns, tick ? stoa__clock_monotonic_ns() : 0);
    rc = stoa__object_open(&op->object, &op_class, NULL, id, err);
    if (rc != STOA_OK)
        stoa__free(op);
    return rc;
}

stoa_status stoa_op_open(int64_t timeout_ms, stoa_tick tick, void *user_data,
                         stoa_release release, stoa_op *out, stoa_error *err)
{
    uint64_t id = 0;
    stoa_status rc;

    if (out)
        rc = op_new(timeout_ms, tick, user_data, release, &id, err);
    else
        rc = stoa__fail(err, STOA_ERR_INVALID, "out is NULL");
    if (out)
        out->id = id;
    if (rc != STOA_OK && release)
        release(user_data);
    return rc;
}

static stoa_status op_pin(stoa_op handle, struct stoa__op **out, stoa_error *err)
{
    struct stoa__object *object = NULL;
    stoa_status rc = stoa__object_pin(handle.id, STOA__KIND_OP, &object, err);

    *out = (struct stoa__op *)object;
    return rc;
}

void stoa__op_cancel(struct stoa__op *op, enum stoa__op_cancelled by)
{
    int32_t runs = STOA__OP_RUNS;

    atomic_compare_exchange_strong(&op->cancelled, &runs, (int32_t)by);
}

stoa_status stoa_op_cancel(stoa_op handle, stoa_error *err)
{
    struct stoa__op *op;
    stoa_status rc = op_pin(handle, &op, err);

    if (rc == STOA_ERR_CLOSED)
        return STOA_OK; /* Ended: harmless. */
    if (rc != STOA_OK)
        return rc;
    stoa__op_cancel(op, STOA__OP_CANCELLED_BY_CALL);
    stoa__object_unpin(&op->object);
    return STOA_OK;
}

stoa_status stoa_op_progress(stoa_op handle, int64_t *done, int64_t *total,
                             stoa_error *err)
{
    struct stoa__op *op;
    stoa_status rc;

    if (done)
        *done = 0;
    if (total)
        *total = 0;
    if (!done || !total)
        return stoa__fail(err, STOA_ERR_INVALID, "%s is NULL", done ? "total" : "done");
    rc = op_pin(handle, &op, err);
    if (rc != STOA_OK)
        return rc;
    *done = atomic_load_explicit(&op->done, memory_order_relaxed);
    *total = atomic_load_explicit(&op->total, memory_order_relaxed);
    stoa__object_unpin(&op->object);
    return STOA_OK;
}

void stoa_op_close(stoa_op op)
{
    stoa__object_close(op.id, STOA__KIND_OP);
}
