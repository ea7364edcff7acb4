/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/gate.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>

#include "base/ban.h"

enum { NS_PER_MS = 1000000 };

/* In line, on the waiter's stack; under the gate's lock. */
struct waiter {
    struct waiter *next;
    stoa__condition granted_changed;
    const void *holder;
    uint64_t thread;
    bool granted;
};

struct sqlite_gate {
    struct sqlite_gate *next; /* In `gates`. */
    dev_t device;
    ino_t inode;
    int32_t references; /* Under `gates_lock`. */
    stoa__mutex lock;   /* Guards what follows. */
    const void *holder; /* NULL: free. */
    struct waiter *first, *last;
    _Atomic uint64_t thread; /* The last that used the holder; 0: free. */
};

static stoa__mutex gates_lock = STOA__MUTEX_INITIALIZER;
static struct sqlite_gate *gates; /* Those of files, under gates_lock. */

static struct sqlite_gate *find(dev_t device, ino_t inode)
{
    if (device == 0 && inode == 0)
        return NULL;
    for (struct sqlite_gate *gate = gates; gate; gate = gate->next)
        if (gate->device == device && gate->inode == inode)
            return gate;
    return NULL;
}

stoa_status sqlite_gate_ref(dev_t device, ino_t inode, struct sqlite_gate **out, stoa_error *err)
{
    stoa__mutex_lock(&gates_lock);
    struct sqlite_gate *gate = find(device, inode);
    if (gate) {
        gate->references++;
    } else if ((gate = stoa__alloc_zero(1, sizeof *gate))) {
        gate->device = device;
        gate->inode = inode;
        gate->references = 1;
        stoa__mutex_init(&gate->lock);
        gate->next = gates;
        gates = gate;
    }
    stoa__mutex_unlock(&gates_lock);

    *out = gate;
    return gate ? STOA_OK : stoa__fail_nomem(err);
}

void sqlite_gate_unref(struct sqlite_gate *gate)
{
    if (!gate)
        return;
    stoa__mutex_lock(&gates_lock);
    bool last = --gate->references == 0;
    if (last) {
        struct sqlite_gate **at = &gates;
        while (*at != gate)
            at = &(*at)->next;
        *at = gate->next;
    }
    stoa__mutex_unlock(&gates_lock);
    if (!last)
        return;
    assert(!gate->holder && !gate->first);
    stoa__mutex_release(&gate->lock);
    stoa__free(gate);
}

static void enqueue(struct sqlite_gate *gate, struct waiter *waiter)
{
    if (gate->last)
        gate->last->next = waiter;
    else
        gate->first = waiter;
    gate->last = waiter;
}

static void dequeue(struct sqlite_gate *gate, struct waiter *waiter)
{
    struct waiter *before = NULL;
    struct waiter *at = gate->first;
    while (at != waiter) {
        before = at;
        at = at->next;
    }
    if (before)
        before->next = waiter->next;
    else
        gate->first = waiter->next;
    if (gate->last == waiter)
        gate->last = before;
}

/* Hand the gate to the first in line, or leave it free. Under the lock. */
static void pass_on(struct sqlite_gate *gate)
{
    struct waiter *waiter = gate->first;
    gate->holder = NULL;
    atomic_store_explicit(&gate->thread, 0, memory_order_relaxed);
    if (!waiter)
        return;
    dequeue(gate, waiter);
    gate->holder = waiter->holder;
    /* At once, not when it wakes: who gave the gate may come back for it before. */
    atomic_store_explicit(&gate->thread, waiter->thread, memory_order_relaxed);
    waiter->granted = true;
    stoa__condition_signal(&waiter->granted_changed);
}

static int64_t deadline(int64_t timeout_ms)
{
    int64_t now = stoa__clock_monotonic_ns();
    if (timeout_ms < 0 || timeout_ms > (INT64_MAX - now) / NS_PER_MS)
        return INT64_MAX;
    return now + timeout_ms * NS_PER_MS;
}

/* Wait in line in slices; between them, without the lock, the call is asked. */
static stoa_status wait_in_line(struct sqlite_gate *gate, struct waiter *waiter, stoa__call *call,
                                int64_t timeout_ms, stoa_error *err)
{
    const int64_t end = deadline(timeout_ms);
    stoa_status rc = STOA_OK;

    while (!waiter->granted && rc == STOA_OK) {
        int64_t left = end == INT64_MAX ? INT64_MAX : end - stoa__clock_monotonic_ns();
        if (left <= 0) {
            rc = stoa__fail(err, STOA_ERR_LOCKED,
                            "another writer of this process kept the database for more than "
                            "busy_timeout (%lld ms)",
                            (long long)timeout_ms);
            break;
        }
        stoa__condition_wait(&waiter->granted_changed, &gate->lock,
                             stoa__call_slice_ns(call, left));
        if (waiter->granted)
            break;
        stoa__mutex_unlock(&gate->lock);
        rc = stoa__call_check(call, err);
        stoa__mutex_lock(&gate->lock);
    }
    if (rc != STOA_OK && waiter->granted)
        pass_on(gate); /* Given in the very moment we gave up. */
    else if (rc != STOA_OK)
        dequeue(gate, waiter);
    return rc;
}

stoa_status sqlite_gate_take(struct sqlite_gate *gate, const void *holder, stoa__call *call,
                             int64_t timeout_ms, stoa_error *err)
{
    stoa_status rc = STOA_OK;
    uint64_t self = stoa__thread_self();

    assert(holder);
    stoa__mutex_lock(&gate->lock);
    assert(gate->holder != holder);
    if (!gate->holder) {
        gate->holder = holder;
        atomic_store_explicit(&gate->thread, self, memory_order_relaxed);
    } else if (atomic_load_explicit(&gate->thread, memory_order_relaxed) == self) {
        rc = stoa__fail(err, STOA_ERR_LOCKED,
                        "this thread has a write transaction open on the same database through "
                        "another connection, and would wait for itself");
    } else {
        struct waiter waiter = {.holder = holder, .thread = self};
        stoa__condition_init(&waiter.granted_changed);
        enqueue(gate, &waiter);
        rc = wait_in_line(gate, &waiter, call, timeout_ms, err);
        stoa__condition_release(&waiter.granted_changed);
    }
    stoa__mutex_unlock(&gate->lock);
    if (rc == STOA_ERR_LOCKED)
        stoa__error_flag(err, STOA_ERROR_RETRYABLE);
    return rc;
}

void sqlite_gate_give(struct sqlite_gate *gate, const void *holder)
{
    stoa__mutex_lock(&gate->lock);
    assert(gate->holder == holder);
    (void)holder;
    pass_on(gate);
    stoa__mutex_unlock(&gate->lock);
}

void sqlite_gate_touch(struct sqlite_gate *gate)
{
    atomic_store_explicit(&gate->thread, stoa__thread_self(), memory_order_relaxed);
}
