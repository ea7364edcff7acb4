/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking turns: threads that want the same thing stand in line, in order of arrival, each under
 * its own call. Unlike a mutex a turn may be held across calls, and while user code runs.
 *
 * A turn lasts a moment: the thread that had the thing last gets it again without standing in line
 * while STOA__TURN_NS have not passed since its turn began. Handing it to another thread costs a
 * wake-up, more than a small transaction does; so single rows go in several to a turn, and nobody
 * waits longer than the turns before his.
 */
#ifndef STOA_BASE_TURN_H
#define STOA_BASE_TURN_H

#include "base/call.h"

#define STOA__TURN_NS INT64_C(1000000)

struct stoa__turn_waiter;

/* All-zero but for the lock, which stoa__turn_init makes. Fields are private to turn.c. */
struct stoa__turn {
    stoa__mutex lock;
    const void *holder; /* NULL: free. */
    struct stoa__turn_waiter *first, *last;
    uint64_t owner;     /* The thread whose turn it is, also between two takes; 0: nobody's. */
    int64_t began_ns;   /* That turn. */
    bool waking;        /* The first in line was signalled and has not looked yet. */
    bool comes_back;    /* It looked in vain: in this turn it wakes by itself at the end. */
    _Atomic uint64_t thread; /* That used the holder last; 0 while free. */
};

void stoa__turn_init(struct stoa__turn *turn);
void stoa__turn_release(struct stoa__turn *turn);

/*
 * Take it for `holder`, waiting at most `timeout_ms` (< 0: no limit of its own) and as `call`
 * allows. Without a text: STOA_ERR_BUSY at once when this very thread is the one that keeps it,
 * LOCKED when the time ran out; the caller knows what to call it. The call's stop has its text.
 */
stoa_status stoa__turn_take(struct stoa__turn *turn, const void *holder, stoa__call *call,
                            int64_t timeout_ms, stoa_error *err);
void stoa__turn_give(struct stoa__turn *turn, const void *holder);
/* The holder is being used by this thread now. */
void stoa__turn_touch(struct stoa__turn *turn);

#endif
