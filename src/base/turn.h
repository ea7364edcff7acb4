/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking turns: threads that want the same thing stand in line, in order of arrival, each under
 * its own call. Unlike a mutex a turn may be held across calls, and while user code runs.
 *
 * A turn lasts a moment: the thread that had the thing last gets it again without standing in line
 * while STOA__TURN_NS have not passed since its turn began. Handing it to another thread costs a
 * wake-up, more than a small transaction does; so single rows go in several to a turn, and nobody
 * waits longer than the turns before his.
 *
 * Who waits may offer the work it waits for; the holder may take such work out of the line, do it
 * along with its own, and say so: then there is no turn to wait for any more.
 */
#ifndef STOA_BASE_TURN_H
#define STOA_BASE_TURN_H

#include "base/call.h"

#define STOA__TURN_NS INT64_C(1000000)

struct stoa__turn_waiter;

/* Work on offer: the first member of what it really is, which stays in place while it is offered.
 * The fields are private to turn.c, but `next` is for walking what was gathered. */
struct stoa__turn_work {
    struct stoa__turn_work *next;
    struct stoa__turn_waiter *waiter;
};

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
 * Take it for `holder`, waiting at most `timeout_ms` (< 0: no limit of its own; 0: not at all) and
 * as `call` allows. Without a text: STOA_ERR_BUSY at once when this very thread is the one that
 * keeps it, LOCKED when the time ran out; the caller knows what to call it. The call's stop has
 * its text.
 *
 * With `work` (may be NULL) also DONE, and it is not held: whoever held it did that. Once the work
 * is taken the wait ends only when it is finished or returned; the call's stop is answered before
 * or after.
 *
 * A tick that forks while it waits: in the child the answer is the call's stop at once, and the
 * turn is not looked at again, whose lock a thread of the parent may have had.
 */
stoa_status stoa__turn_offer(struct stoa__turn *turn, const void *holder,
                             struct stoa__turn_work *work, stoa__call *call, int64_t timeout_ms,
                             stoa_error *err);
void stoa__turn_give(struct stoa__turn *turn, const void *holder);

/*
 * For the holder: take up to `count_max` works that fit out of the line, in its order. `fits` is
 * asked under the turn's lock. Each must soon be finished (it is done; what it points to is its
 * owner's again) or returned (its owner stands in line again, where it stood, and will do it
 * itself). Lists may be split and joined by `next`.
 */
struct stoa__turn_work *stoa__turn_gather(struct stoa__turn *turn, int32_t count_max,
                                          bool (*fits)(const struct stoa__turn_work *work,
                                                       void *self),
                                          void *self);
void stoa__turn_finish(struct stoa__turn *turn, struct stoa__turn_work *works);
void stoa__turn_return(struct stoa__turn *turn, struct stoa__turn_work *works);

/* Does this very thread keep it, for another holder than `own`? To wait for it would be in vain,
 * and so would be to wait for a thread that may be waiting for it. */
bool stoa__turn_is_mine(struct stoa__turn *turn, const void *own);

/* The holder is being used by this thread now. */
void stoa__turn_touch(struct stoa__turn *turn);

#endif
