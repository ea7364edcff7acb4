/* SPDX-License-Identifier: Apache-2.0 */
/* The object behind a stoa_op. Shared by op.c (its handle) and call.c (calls that run under it). */
#ifndef STOA_BASE_OP_H
#define STOA_BASE_OP_H

#include "base/object.h"
#include "stoa/op.h"

/* Who cancelled an operation. The first one stays. */
enum stoa__op_cancelled {
    STOA__OP_RUNS = 0,
    STOA__OP_CANCELLED_BY_CALL, /* stoa_op_cancel() */
    STOA__OP_CANCELLED_BY_TICK,
};

struct stoa__op {
    struct stoa__object object;
    int64_t timeout_ms;  /* < 0: none. For the error's text. */
    int64_t deadline_ns; /* Monotonic; INT64_MAX: none. */
    stoa_tick tick;      /* May be NULL. */
    void *user_data;
    stoa_release release; /* May be NULL. */
    _Atomic int32_t cancelled;
    _Atomic int64_t done;
    _Atomic int64_t total; /* -1: unknown. */
    _Atomic int64_t ticked_ns; /* When the tick last ran, in whichever call. */
};

void stoa__op_cancel(struct stoa__op *op, enum stoa__op_cancelled by);

#endif
