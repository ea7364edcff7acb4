/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/op.h: one operation's deadline, cancel flag, progress and tick.
 *
 * Every call that may block takes a stoa_op after its receiver; the null handle means "no limit".
 * An operation may serve several calls that belong together (a query and the reading of its
 * rows). Once cancelled or past its deadline it stays so: open a new one for the next operation,
 * so that a late cancel can never hit another one.
 */
#ifndef STOA_OP_H
#define STOA_OP_H

#include "stoa/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An operation. Any thread may cancel it or read its progress. */
typedef struct stoa_op {
    uint64_t id;
} stoa_op;

/* Called on the thread that made the blocking call, with none of the library's locks held, at
 * least every 50 ms while the call works or waits. Return 0 to go on; anything else cancels the
 * operation. It may cancel or close any handle; other use of the running connection is BUSY.
 *
 * A tick or any other callback that forks does not return in the child, which shares the parent's
 * file in the middle of its work: it ends there by exec or _exit. */
typedef int32_t (*stoa_tick)(void *user_data);

/*
 * Make an operation.
 *
 *   timeout_ms            Its deadline from now; < 0 for none.
 *   tick                  May be NULL.
 *   user_data, release    Kept for the tick; release(user_data) runs exactly once, when the
 *                         operation is closed and no call uses it, or when this call fails.
 */
STOA_API stoa_status stoa_op_open(int64_t timeout_ms, stoa_tick tick, void *user_data,
                                  stoa_release release, stoa_op *out, stoa_error *err);

/* Cancel the operation: the call that runs under it, or the next one. Engine work answers within
 * 50 ms; commit, checkpoint, fsync and user callbacks cannot be cut short: a write that is
 * committed by then has succeeded. Never blocks; harmless when the operation has ended. */
STOA_API stoa_status stoa_op_cancel(stoa_op op, stoa_error *err);

/* How far the operation is, in units of its own (rows, pages); `total` is -1 while unknown. */
STOA_API stoa_status stoa_op_progress(stoa_op op, int64_t *done, int64_t *total, stoa_error *err);

/* Forget the operation. A call that runs under it goes on, with its deadline. */
STOA_API void stoa_op_close(stoa_op op);

#ifdef __cplusplus
}
#endif

#endif
