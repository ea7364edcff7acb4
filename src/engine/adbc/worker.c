/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/adbc/worker.h"

#include "base/error.h"
#include "base/op.h"

#include <assert.h>

#include "base/ban.h"

enum {
    SLICE_NS = 10000000,
    /* Then the thread sleeps until there is something to watch: waking it costs a system call. */
    IDLE_SLICES_MAX = 10
};

/* How long to wait before the call is asked again. */
static int64_t slice_ns(stoa__call *call, bool stopped)
{
    return stopped ? SLICE_NS : stoa__call_slice_ns(call, SLICE_NS);
}

/* ---- the thread ---- */

/* The lock is held, and let go while the driver is told. */
static void watch(struct adbc_worker *worker)
{
    uint64_t count = worker->watch_count;
    int64_t ns = SLICE_NS;

    if (worker->watched)
        ns = slice_ns(worker->watched, worker->watched->stop != STOA_OK);
    else if (worker->idle_slices >= IDLE_SLICES_MAX)
        ns = -1;
    worker->dozing = ns < 0;
    stoa__condition_wait(&worker->to_worker, &worker->lock, ns);
    worker->dozing = false;
    if (worker->watched || worker->watch_count != count)
        worker->idle_slices = 0;
    else if (worker->idle_slices < IDLE_SLICES_MAX)
        worker->idle_slices++;
    if (!worker->watched || !stoa__call_should_stop(worker->watched) || !worker->cancel)
        return;
    worker->cancelling = true;
    stoa__mutex_unlock(&worker->lock);
    worker->cancel(worker->cancel_self);
    stoa__mutex_lock(&worker->lock);
    worker->cancelling = false;
    stoa__condition_signal(&worker->to_caller);
}

static void worker_main(void *argument)
{
    struct adbc_worker *worker = argument;

    stoa__mutex_lock(&worker->lock);
    while (!worker->quit) {
        stoa_status rc;

        if (!worker->run) {
            watch(worker);
            continue;
        }
        stoa__mutex_unlock(&worker->lock);
        rc = worker->run(worker->self, worker->err);
        stoa__mutex_lock(&worker->lock);
        worker->rc = rc;
        worker->run = NULL;
        worker->busy = false;
        stoa__condition_signal(&worker->to_caller);
    }
    stoa__mutex_unlock(&worker->lock);
}

stoa_status adbc_worker_start(struct adbc_worker *worker, bool threaded, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    *worker = (struct adbc_worker){.idle_slices = IDLE_SLICES_MAX};
    stoa__mutex_init(&worker->lock);
    stoa__condition_init(&worker->to_worker);
    stoa__condition_init(&worker->to_caller);
    stoa__condition_init(&worker->to_asker);
    if (threaded)
        rc = stoa__thread_start(&worker->thread, "stoa-adbc", worker_main, worker, err);
    if (rc != STOA_OK)
        adbc_worker_stop(worker);
    return rc;
}

void adbc_worker_stop(struct adbc_worker *worker)
{
    stoa__mutex_lock(&worker->lock);
    assert(!worker->busy && !worker->watched);
    worker->quit = true;
    stoa__condition_signal(&worker->to_worker);
    stoa__mutex_unlock(&worker->lock);
    stoa__thread_stop(&worker->thread);
    stoa__condition_release(&worker->to_worker);
    stoa__condition_release(&worker->to_caller);
    stoa__condition_release(&worker->to_asker);
    stoa__mutex_release(&worker->lock);
}

/* ---- the calling thread ---- */

/* The lock is held, and let go while the question is answered. */
static void answer(struct adbc_worker *worker, bool really)
{
    void (*ask)(void *self) = worker->ask;
    void *self = worker->ask_self;

    if (really) {
        stoa__mutex_unlock(&worker->lock);
        ask(self);
        stoa__mutex_lock(&worker->lock);
    }
    worker->ask = NULL;
    worker->answered = worker->asked;
    worker->answer_given = really;
    stoa__condition_broadcast(&worker->to_asker);
}

/* The lock is held. */
static void wait_for_end(struct adbc_worker *worker, stoa__call *call, bool *stopped,
                         void (*cancel)(void *self), void *cancel_self)
{
    while (worker->busy) {
        if (worker->ask) {
            answer(worker, true);
            continue;
        }
        stoa__condition_wait(&worker->to_caller, &worker->lock, slice_ns(call, *stopped));
        if (!worker->busy || worker->ask)
            continue;
        stoa__mutex_unlock(&worker->lock);
        *stopped = *stopped || stoa__call_check(call, NULL) != STOA_OK;
        if (*stopped && cancel)
            cancel(cancel_self);
        stoa__mutex_lock(&worker->lock);
    }
    if (worker->ask)
        answer(worker, false);
}

static stoa_status finish(stoa__call *call, bool stopped, stoa_status rc,
                          const stoa_error *failure, stoa_error *err)
{
    if (rc >= 0)
        return rc;
    if (stopped || stoa__call_should_stop(call))
        return stoa__call_fail(call, err);
    stoa__error_copy(err, failure);
    return rc;
}

stoa_status adbc_worker_run(struct adbc_worker *worker, stoa__call *call,
                            stoa_status (*run)(void *self, stoa_error *err), void *self,
                            void (*cancel)(void *self), void *cancel_self, stoa_error *err)
{
    stoa_error failure = {0};
    bool stopped = false;
    stoa_status rc = stoa__call_check(call, err);

    if (rc != STOA_OK)
        return rc;
    if (!worker->thread.running)
        return finish(call, false, run(self, &failure), &failure, err);
    stoa__mutex_lock(&worker->lock);
    assert(!worker->busy && !worker->run);
    worker->run = run;
    worker->self = self;
    worker->err = &failure;
    worker->busy = true;
    stoa__condition_signal(&worker->to_worker);
    wait_for_end(worker, call, &stopped, cancel, cancel_self);
    rc = worker->rc;
    stoa__mutex_unlock(&worker->lock);
    return finish(call, stopped, rc, &failure, err);
}

/* ---- watching ---- */

bool adbc_worker_watches(const stoa__call *call)
{
    return !call->op || !call->op->tick;
}

static void be_watched(struct adbc_worker *worker, stoa__call *call, void (*cancel)(void *self),
                       void *cancel_self)
{
    stoa__mutex_lock(&worker->lock);
    assert(!worker->busy && !worker->watched);
    worker->watched = call;
    worker->cancel = cancel;
    worker->cancel_self = cancel_self;
    worker->watch_count++;
    if (worker->dozing)
        stoa__condition_signal(&worker->to_worker);
    stoa__mutex_unlock(&worker->lock);
}

static void be_left_alone(struct adbc_worker *worker)
{
    stoa__mutex_lock(&worker->lock);
    while (worker->cancelling)
        stoa__condition_wait(&worker->to_caller, &worker->lock, -1);
    worker->watched = NULL;
    stoa__mutex_unlock(&worker->lock);
}

stoa_status adbc_worker_watch(struct adbc_worker *worker, stoa__call *call,
                              stoa_status (*run)(void *self, stoa_error *err), void *self,
                              void (*cancel)(void *self), void *cancel_self, stoa_error *err)
{
    stoa_error failure = {0};
    stoa_status rc;

    if (!worker->thread.running || !adbc_worker_watches(call))
        return adbc_worker_run(worker, call, run, self, cancel, cancel_self, err);
    rc = stoa__call_check(call, err);
    if (rc != STOA_OK)
        return rc;
    be_watched(worker, call, cancel, cancel_self);
    rc = run(self, &failure);
    be_left_alone(worker);
    return finish(call, false, rc, &failure, err);
}

/* ---- questions ---- */

bool adbc_worker_ask(struct adbc_worker *worker, void (*ask)(void *self), void *self)
{
    uint64_t number;
    bool given;

    if (!worker->thread.running) {
        ask(self);
        return true;
    }
    stoa__mutex_lock(&worker->lock);
    while (worker->ask && worker->busy)
        stoa__condition_wait(&worker->to_asker, &worker->lock, -1);
    if (!worker->busy) {
        stoa__mutex_unlock(&worker->lock);
        return false;
    }
    worker->ask = ask;
    worker->ask_self = self;
    number = ++worker->asked;
    stoa__condition_signal(&worker->to_caller);
    while (worker->answered < number)
        stoa__condition_wait(&worker->to_asker, &worker->lock, -1);
    given = worker->answer_given;
    stoa__mutex_unlock(&worker->lock);
    return given;
}
