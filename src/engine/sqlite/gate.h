/* SPDX-License-Identifier: Apache-2.0 */
/* The writer gate: one writer a file (device and inode) in this process, in turns
 * (base/turn.h), above SQLite's own lock. It knows files; it does not know SQLite. */
#ifndef STOA_ENGINE_SQLITE_GATE_H
#define STOA_ENGINE_SQLITE_GATE_H

#include "base/turn.h"

#include <stdbool.h>
#include <sys/types.h>

struct sqlite_gate;

/* The gate of a file, counted; or a private one for a memory database (`device` and `inode` 0). */
stoa_status sqlite_gate_ref(dev_t device, ino_t inode, struct sqlite_gate **out, stoa_error *err);
void sqlite_gate_unref(struct sqlite_gate *gate);

/*
 * Take the gate for `holder`, waiting in line at most `timeout_ms` (< 0: no limit of its own) and
 * as `call` allows. LOCKED at once when this very thread is the one that keeps it: it would wait
 * for itself. With `work` (may be NULL) also DONE, and the gate is not held: who held it did that.
 */
stoa_status sqlite_gate_take(struct sqlite_gate *gate, const void *holder,
                             struct stoa__turn_work *work, stoa__call *call, int64_t timeout_ms,
                             stoa_error *err);
/* Hand it to the first in line. */
void sqlite_gate_give(struct sqlite_gate *gate, const void *holder);
/* The work of those who wait, for the holder: as in base/turn.h. */
struct stoa__turn_work *sqlite_gate_gather(struct sqlite_gate *gate, int32_t count_max,
                                           bool (*fits)(const struct stoa__turn_work *, void *),
                                           void *self);
void sqlite_gate_finish(struct sqlite_gate *gate, struct stoa__turn_work *works);
void sqlite_gate_return(struct sqlite_gate *gate, struct stoa__turn_work *works);
/* This thread has it, through another holder than `own`, and so would wait for itself. */
bool sqlite_gate_is_mine(struct sqlite_gate *gate, const void *own);
/* The holder is being used by this thread now. */
void sqlite_gate_touch(struct sqlite_gate *gate);

#endif
