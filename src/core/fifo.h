/* SPDX-License-Identifier: Apache-2.0 */
/* First come, first served: threads that want the same thing wait in a line, each under its own
 * operation. Unlike a mutex it may be held while engine and user code run. */
#ifndef STOA_CORE_FIFO_H
#define STOA_CORE_FIFO_H

#include "base/call.h"
#include "base/thread.h"

struct stoa__fifo_waiter;

struct stoa__fifo {
    stoa__mutex lock;
    uint64_t holder; /* Thread; 0: free. */
    struct stoa__fifo_waiter *first, *last;
};

void stoa__fifo_init(struct stoa__fifo *fifo);
void stoa__fifo_release(struct stoa__fifo *fifo);
/* Wait for one's turn; fails when the call stops, and with BUSY when this thread has it. */
stoa_status stoa__fifo_enter(struct stoa__fifo *fifo, stoa__call *call, stoa_error *err);
void stoa__fifo_leave(struct stoa__fifo *fifo);

#endif
