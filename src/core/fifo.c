/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fifo.h"

#include "base/error.h"

#include <assert.h>

#include "base/ban.h"

/* On the waiting thread's stack. */
struct stoa__fifo_waiter {
    struct stoa__fifo_waiter *next;
    stoa__condition turn;
    uint64_t thread;
    bool granted; /* Then it holds the line, and is out of the list. */
};

void stoa__fifo_init(struct stoa__fifo *fifo)
{
    *fifo = (struct stoa__fifo){0};
    stoa__mutex_init(&fifo->lock);
}

void stoa__fifo_release(struct stoa__fifo *fifo)
{
    assert(fifo->holder == 0 && !fifo->first);
    stoa__mutex_release(&fifo->lock);
}

static void append(struct stoa__fifo *fifo, struct stoa__fifo_waiter *waiter)
{
    if (fifo->last)
        fifo->last->next = waiter;
    else
        fifo->first = waiter;
    fifo->last = waiter;
}

static void take_out(struct stoa__fifo *fifo, struct stoa__fifo_waiter *waiter)
{
    struct stoa__fifo_waiter *before = NULL;

    for (struct stoa__fifo_waiter *at = fifo->first; at != waiter; at = at->next)
        before = at;
    if (before)
        before->next = waiter->next;
    else
        fifo->first = waiter->next;
    if (fifo->last == waiter)
        fifo->last = before;
}

/* The lock is held. */
static void grant_next(struct stoa__fifo *fifo)
{
    struct stoa__fifo_waiter *next = fifo->first;

    fifo->holder = 0;
    if (!next)
        return;
    take_out(fifo, next);
    next->granted = true;
    fifo->holder = next->thread;
    stoa__condition_signal(&next->turn);
}

/* The lock is held on entry and on return, but not while the call is asked. */
static stoa_status wait_turn(struct stoa__fifo *fifo, struct stoa__fifo_waiter *waiter,
                             stoa__call *call, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    while (!waiter->granted && rc == STOA_OK) {
        stoa__condition_wait(&waiter->turn, &fifo->lock, stoa__call_slice_ns(call, -1));
        if (waiter->granted)
            break;
        stoa__mutex_unlock(&fifo->lock);
        rc = stoa__call_check(call, err);
        stoa__mutex_lock(&fifo->lock);
    }
    if (rc == STOA_OK)
        return STOA_OK;
    if (waiter->granted)
        grant_next(fifo);
    else
        take_out(fifo, waiter);
    return rc;
}

stoa_status stoa__fifo_enter(struct stoa__fifo *fifo, stoa__call *call, stoa_error *err)
{
    struct stoa__fifo_waiter waiter = {.thread = stoa__thread_self()};
    stoa_status rc = STOA_OK;

    stoa__mutex_lock(&fifo->lock);
    if (fifo->holder == 0) {
        fifo->holder = waiter.thread;
    } else if (fifo->holder == waiter.thread) {
        rc = stoa__fail(err, STOA_ERR_BUSY,
                        "the ingest is running the callback that called");
    } else {
        stoa__condition_init(&waiter.turn);
        append(fifo, &waiter);
        rc = wait_turn(fifo, &waiter, call, err);
        stoa__condition_release(&waiter.turn);
    }
    stoa__mutex_unlock(&fifo->lock);
    return rc;
}

void stoa__fifo_leave(struct stoa__fifo *fifo)
{
    stoa__mutex_lock(&fifo->lock);
    assert(fifo->holder == stoa__thread_self());
    grant_next(fifo);
    stoa__mutex_unlock(&fifo->lock);
}
