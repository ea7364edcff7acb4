/* SPDX-License-Identifier: Apache-2.0 */
#include "base/turn.h"

#include "base/clock.h"

#include <assert.h>

#include "base/ban.h"

enum { NS_PER_MS = 1000000 };

/* In line, on the waiting thread's stack; under the lock. */
struct stoa__turn_waiter {
    struct stoa__turn_waiter *next;
    stoa__condition wake;
    const void *holder;
    uint64_t thread;
    struct stoa__turn_work *work; /* On offer; NULL: none. */
    bool granted; /* It has the turn, and is out of the line. */
    bool taken;   /* The holder has its work: out of the line, and not to go away. */
    bool done;    /* And it did it. */
};

void stoa__turn_init(struct stoa__turn *turn)
{
    *turn = (struct stoa__turn){0};
    stoa__mutex_init(&turn->lock);
}

void stoa__turn_release(struct stoa__turn *turn)
{
    assert(!turn->holder && !turn->first);
    stoa__mutex_release(&turn->lock);
}

/* ---- the line; the lock is held ---- */

static void append(struct stoa__turn *turn, struct stoa__turn_waiter *waiter)
{
    if (turn->last)
        turn->last->next = waiter;
    else
        turn->first = waiter;
    turn->last = waiter;
}

static void put_first(struct stoa__turn *turn, struct stoa__turn_waiter *waiter)
{
    waiter->next = turn->first;
    turn->first = waiter;
    if (!turn->last)
        turn->last = waiter;
}

static void take_out(struct stoa__turn *turn, struct stoa__turn_waiter *waiter)
{
    struct stoa__turn_waiter *before = NULL;

    for (struct stoa__turn_waiter *at = turn->first; at != waiter; at = at->next)
        before = at;
    if (before)
        before->next = waiter->next;
    else
        turn->first = waiter->next;
    if (turn->last == waiter)
        turn->last = before;
    waiter->next = NULL;
}

static void hold(struct stoa__turn *turn, const void *holder, uint64_t thread)
{
    turn->holder = holder;
    atomic_store_explicit(&turn->thread, thread, memory_order_relaxed);
    if (turn->owner == thread)
        return;
    turn->owner = thread;
    turn->comes_back = false;
    turn->began_ns = stoa__clock_monotonic_ns();
}

static void grant_first(struct stoa__turn *turn)
{
    struct stoa__turn_waiter *waiter = turn->first;

    take_out(turn, waiter);
    hold(turn, waiter->holder, waiter->thread);
    waiter->granted = true;
    stoa__condition_signal(&waiter->wake);
}

static bool is_over(const struct stoa__turn *turn)
{
    return stoa__clock_monotonic_ns() - turn->began_ns >= STOA__TURN_NS;
}

/* It is free: the next in line gets it when the turn is over; until then whoever comes first of
 * its owner, who need not be woken, and the first in line. That one is woken once a turn: waking
 * it at every commit of an owner who comes back would cost what turns are to save. */
static void pass_on(struct stoa__turn *turn)
{
    turn->holder = NULL;
    atomic_store_explicit(&turn->thread, 0, memory_order_relaxed);
    if (!turn->first) {
        turn->owner = 0;
        return;
    }
    if (is_over(turn)) {
        grant_first(turn);
    } else if (!turn->waking && !turn->comes_back) {
        turn->waking = true;
        stoa__condition_signal(&turn->first->wake);
    }
}

/* ---- waiting ---- */

static int64_t deadline(int64_t timeout_ms)
{
    int64_t now = stoa__clock_monotonic_ns();

    if (timeout_ms < 0 || timeout_ms > (INT64_MAX - now) / NS_PER_MS)
        return INT64_MAX;
    return now + timeout_ms * NS_PER_MS;
}

/* The first in line, awake while it is free, takes it. */
static void look(struct stoa__turn *turn, struct stoa__turn_waiter *waiter)
{
    if (waiter->granted || turn->first != waiter)
        return;
    turn->comes_back |= turn->waking && turn->holder;
    turn->waking = false;
    if (!turn->holder && (!turn->comes_back || is_over(turn)))
        grant_first(turn);
}

/* Until when the waiter may sleep: the first in line looks again when the turn ends. */
static int64_t sleep_ns(const struct stoa__turn *turn, const struct stoa__turn_waiter *waiter,
                        int64_t left)
{
    int64_t rest;

    if (turn->first != waiter || !turn->comes_back)
        return left;
    rest = turn->began_ns + STOA__TURN_NS - stoa__clock_monotonic_ns();
    return rest <= 0 || rest > left ? left : rest;
}

/* The call, without the lock: what it says, and runs. */
static stoa_status ask(struct stoa__turn *turn, stoa__call *call, stoa_error *err)
{
    stoa_status rc;

    stoa__mutex_unlock(&turn->lock);
    rc = stoa__call_check(call, err);
    if (rc != STOA_ERR_FORKED)
        stoa__mutex_lock(&turn->lock);
    return rc;
}

/* The holder has its work and uses what is the waiter's: it stays, whatever becomes of its call,
 * whose tick goes on meanwhile. */
static void stay(struct stoa__turn *turn, struct stoa__turn_waiter *waiter, stoa__call *call)
{
    while (waiter->taken && !waiter->done) {
        bool stopped = call->stop != STOA_OK;

        stoa__condition_wait(&waiter->wake, &turn->lock,
                             stopped ? -1 : stoa__call_slice_ns(call, -1));
        if (stopped || !waiter->taken || waiter->done)
            continue;
        if (ask(turn, call, NULL) == STOA_ERR_FORKED)
            return;
    }
}

/* In slices; between them, without the lock, the call is asked. The lock is held, unless it is
 * FORKED. */
static stoa_status wait(struct stoa__turn *turn, struct stoa__turn_waiter *waiter,
                        stoa__call *call, int64_t timeout_ms, stoa_error *err)
{
    const int64_t end = deadline(timeout_ms);
    stoa_status rc = STOA_OK;

    while (!waiter->granted && !waiter->done && rc == STOA_OK) {
        int64_t left = end == INT64_MAX ? INT64_MAX : end - stoa__clock_monotonic_ns();

        if (left <= 0) {
            rc = STOA_ERR_LOCKED;
            break;
        }
        stoa__condition_wait(&waiter->wake, &turn->lock,
                             stoa__call_slice_ns(call, sleep_ns(turn, waiter, left)));
        look(turn, waiter);
        stay(turn, waiter, call);
        if (waiter->granted || waiter->done || call->stop == STOA_ERR_FORKED)
            break;
        rc = ask(turn, call, err);
        if (rc == STOA_ERR_FORKED)
            return rc;
        look(turn, waiter);
        stay(turn, waiter, call);
    }
    if (call->stop == STOA_ERR_FORKED)
        return stoa__call_fail(call, err);
    if (waiter->done)
        return STOA_DONE;
    if (rc == STOA_OK)
        return STOA_OK;
    if (waiter->granted) { /* Given in the very moment we gave up. */
        pass_on(turn);
        return rc;
    }
    if (turn->first == waiter)
        turn->waking = false;
    take_out(turn, waiter);
    if (!turn->holder && turn->first)
        grant_first(turn); /* The signal was ours: it must not be lost. */
    return rc;
}

stoa_status stoa__turn_offer(struct stoa__turn *turn, const void *holder,
                             struct stoa__turn_work *work, stoa__call *call, int64_t timeout_ms,
                             stoa_error *err)
{
    struct stoa__turn_waiter waiter = {
        .holder = holder, .thread = stoa__thread_self(), .work = work};
    stoa_status rc = STOA_OK;

    assert(holder);
    stoa__mutex_lock(&turn->lock);
    assert(turn->holder != holder);
    if (!turn->holder && (!turn->first || (turn->owner == waiter.thread && !is_over(turn)))) {
        hold(turn, holder, waiter.thread);
    } else if (turn->holder &&
               atomic_load_explicit(&turn->thread, memory_order_relaxed) == waiter.thread) {
        rc = STOA_ERR_BUSY;
    } else {
        stoa__condition_init(&waiter.wake);
        append(turn, &waiter);
        rc = wait(turn, &waiter, call, timeout_ms, err);
        if (rc == STOA_ERR_FORKED)
            return rc;
        stoa__condition_release(&waiter.wake);
    }
    stoa__mutex_unlock(&turn->lock);
    return rc;
}

void stoa__turn_give(struct stoa__turn *turn, const void *holder)
{
    stoa__mutex_lock(&turn->lock);
    assert(turn->holder == holder);
    (void)holder;
    pass_on(turn);
    stoa__mutex_unlock(&turn->lock);
}

/* ---- the work of those who wait ---- */

/* Who is first now does not know how long it may sleep. */
static void take_work(struct stoa__turn *turn, struct stoa__turn_waiter *waiter)
{
    const bool was_first = turn->first == waiter;

    take_out(turn, waiter);
    waiter->taken = true;
    if (!was_first)
        return;
    turn->waking = false;
    if (turn->first && turn->comes_back)
        stoa__condition_signal(&turn->first->wake);
}

struct stoa__turn_work *stoa__turn_gather(struct stoa__turn *turn, int32_t count_max,
                                          bool (*fits)(const struct stoa__turn_work *, void *),
                                          void *self)
{
    struct stoa__turn_work *works = NULL, **last = &works;
    struct stoa__turn_waiter *next;

    stoa__mutex_lock(&turn->lock);
    assert(turn->holder);
    for (struct stoa__turn_waiter *at = turn->first; at && count_max > 0; at = next) {
        next = at->next;
        if (!at->work || !fits(at->work, self))
            continue;
        take_work(turn, at);
        at->work->waiter = at;
        at->work->next = NULL;
        *last = at->work;
        last = &at->work->next;
        count_max--;
    }
    stoa__mutex_unlock(&turn->lock);
    return works;
}

void stoa__turn_finish(struct stoa__turn *turn, struct stoa__turn_work *works)
{
    if (!works)
        return;
    stoa__mutex_lock(&turn->lock);
    for (; works; works = works->next) {
        works->waiter->done = true;
        stoa__condition_signal(&works->waiter->wake);
    }
    stoa__mutex_unlock(&turn->lock);
}

void stoa__turn_return(struct stoa__turn *turn, struct stoa__turn_work *works)
{
    struct stoa__turn_work *reversed = NULL, *next;

    if (!works)
        return;
    stoa__mutex_lock(&turn->lock);
    assert(turn->holder);
    for (; works; works = next) {
        next = works->next;
        works->next = reversed;
        reversed = works;
    }
    for (; reversed; reversed = reversed->next) {
        struct stoa__turn_waiter *waiter = reversed->waiter;

        waiter->work = NULL; /* Once is enough. */
        waiter->taken = false;
        put_first(turn, waiter);
        stoa__condition_signal(&waiter->wake);
    }
    turn->waking = false;
    stoa__mutex_unlock(&turn->lock);
}

bool stoa__turn_is_mine(struct stoa__turn *turn, const void *own)
{
    bool mine;

    if (atomic_load_explicit(&turn->thread, memory_order_relaxed) != stoa__thread_self())
        return false; /* And will not be: only this thread could make it so. */
    stoa__mutex_lock(&turn->lock);
    mine = turn->holder && turn->holder != own &&
           atomic_load_explicit(&turn->thread, memory_order_relaxed) == stoa__thread_self();
    stoa__mutex_unlock(&turn->lock);
    return mine;
}

void stoa__turn_touch(struct stoa__turn *turn)
{
    atomic_store_explicit(&turn->thread, stoa__thread_self(), memory_order_relaxed);
}
