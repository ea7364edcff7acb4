/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: a session's second thread, so that somebody is free to see a deadline and to tell the
 * driver to cancel while it works. One job at a time, in one of two ways:
 *
 *   run     the job on the worker's thread; the calling thread waits, and ticks. What the job pulls
 *           from the caller (the batches of an ingest) is pulled on the calling thread again,
 *           whichever thread of the driver asks for it.
 *   watch   the job on the calling thread, which cannot tick then; the worker's looks at it now and
 *           then. It costs no way there and back, and memory is freed by the thread that asked for
 *           it: the C library gives what is freed in another thread's arena back to the system at
 *           once, and a scan then spends more time on faulting it in again than on its rows.
 */
#ifndef STOA_ENGINE_ADBC_WORKER_H
#define STOA_ENGINE_ADBC_WORKER_H

#include "base/call.h"
#include "base/thread.h"

struct adbc_worker {
    stoa__mutex lock; /* Guards all that follows. */
    stoa__condition to_worker, to_caller, to_asker;
    stoa__thread thread; /* Not running: jobs run on the calling thread. */
    stoa_status (*run)(void *self, stoa_error *err); /* NULL: nothing is posted. */
    void *self;
    stoa_error *err;
    stoa_status rc;
    bool busy; /* From the posting of a job to its end. */
    bool quit;
    void (*ask)(void *self); /* NULL: nobody asks. */
    void *ask_self;
    uint64_t asked, answered; /* Numbers of the last question and of the last answer. */
    bool answer_given;

    stoa__call *watched; /* Its job runs on the calling thread; NULL: none does. */
    void (*cancel)(void *self);
    void *cancel_self;
    bool cancelling;     /* `cancel` runs: the calling thread may not leave. */
    bool dozing;         /* Until it is woken: nothing was watched for some time. */
    uint64_t watch_count;
    int32_t idle_slices; /* In a row, without anything to watch. */
};

/* `threaded` false: no thread; calls then neither tick nor cancel while the driver works. */
stoa_status adbc_worker_start(struct adbc_worker *worker, bool threaded, stoa_error *err);
/* Waits for the thread, which has no job. */
void adbc_worker_stop(struct adbc_worker *worker);

/*
 * Run `run(self)` and wait for it. While it runs the call is asked every 10 ms (which ticks); once
 * it says stop, `cancel(cancel_self)` is called on this thread, again and again until the job ends.
 * The answer is the job's; if it failed and the call had stopped, it is the call's.
 */
stoa_status adbc_worker_run(struct adbc_worker *worker, stoa__call *call,
                            stoa_status (*run)(void *self, stoa_error *err), void *self,
                            void (*cancel)(void *self), void *cancel_self, stoa_error *err);

/*
 * The same with the job on this thread, and `cancel` on the worker's. A call that ticks is run as
 * above. The job does not ask, and does not touch `call`.
 */
stoa_status adbc_worker_watch(struct adbc_worker *worker, stoa__call *call,
                              stoa_status (*run)(void *self, stoa_error *err), void *self,
                              void (*cancel)(void *self), void *cancel_self, stoa_error *err);
/* Would adbc_worker_watch() leave the job to this thread? */
bool adbc_worker_watches(const stoa__call *call);

/* Inside a job, on any thread: run `ask(self)` on the calling thread. False when no call is there
 * to answer. */
bool adbc_worker_ask(struct adbc_worker *worker, void (*ask)(void *self), void *self);

#endif
