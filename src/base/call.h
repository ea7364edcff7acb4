/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call: one entry of a thread into the library that may block. It binds an operation (deadline,
 * cancel, tick; op.c) to the object the call runs on, and it is the one mechanism for waiting:
 * everything that works or waits asks stoa__call_check() at least every 10 ms.
 */
#ifndef STOA_BASE_CALL_H
#define STOA_BASE_CALL_H

#include "base/object.h"
#include "base/thread.h"
#include "stoa/op.h"

#include <stdbool.h>

struct stoa__op; /* op.c: the object behind a stoa_op. */

typedef struct stoa__call {
    struct stoa__op *op;            /* NULL: no limit. Pinned or referenced by the owner. */
    struct stoa__object *receiver;  /* Its `closed` flag cancels the call; NULL: nothing does. */
    const _Atomic int32_t *stopped; /* A second flag that cancels (a released stream), or NULL. */
    int64_t ticked_ns;              /* When the tick last ran. */
    stoa_status stop;               /* Sticky answer of stoa__call_check(). */
    int32_t cause;                  /* Who stopped it; private to call.c. */
    bool pinned;                    /* begin() pinned `op`, so end() unpins it. */
} stoa__call;

/* Pin `op` (null handle allowed) and start; fails when it is closed, cancelled or out of time. */
stoa_status stoa__call_begin(stoa__call *call, stoa_op op, struct stoa__object *receiver,
                             stoa_error *err);
/* Unpin. Accepts a call whose begin failed, but does not need it. */
void stoa__call_end(stoa__call *call);

/* A call without a handle: `op` (may be NULL) is referenced by the caller (an exported stream).
 * Whoever pulls a stream makes many short calls and comes back to the caller after the last one
 * only, so the tick is due as if they were one. */
void stoa__call_resume(stoa__call *call, struct stoa__op *op, struct stoa__object *receiver);

/* OK, or CANCELLED / TIMEOUT (FORKED in a child of fork) for ever after. Runs the tick when due,
 * but none inside another one on the same thread. No lock may be held. */
stoa_status stoa__call_check(stoa__call *call, stoa_error *err);
/* The same without the tick and without text: for places where a lock is held. */
bool stoa__call_should_stop(stoa__call *call);
/* The error for a call that stopped. */
stoa_status stoa__call_fail(const stoa__call *call, stoa_error *err);

/* How long a wait may last now: at most `ns`, 10 ms, or up to the deadline. */
int64_t stoa__call_slice_ns(const stoa__call *call, int64_t ns);

void stoa__call_progress(stoa__call *call, int64_t done, int64_t total);

/* The operation, for those who keep it (stoa__object_ref on it); NULL if none. */
struct stoa__object *stoa__call_op_object(const stoa__call *call);
struct stoa__op *stoa__op_of_object(struct stoa__object *object);

#endif
