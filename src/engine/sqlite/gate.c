/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/gate.h"

#include "base/error.h"
#include "base/mem.h"

#include "base/ban.h"

struct sqlite_gate {
    struct sqlite_gate *next; /* In `gates`. */
    dev_t device;
    ino_t inode;
    int32_t references; /* Under `gates_lock`. */
    struct stoa__turn turn;
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
        stoa__turn_init(&gate->turn);
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
    stoa__turn_release(&gate->turn);
    stoa__free(gate);
}

stoa_status sqlite_gate_take(struct sqlite_gate *gate, const void *holder,
                             struct stoa__turn_work *work, stoa__call *call, int64_t timeout_ms,
                             stoa_error *err)
{
    stoa_status rc = stoa__turn_offer(&gate->turn, holder, work, call, timeout_ms, err);

    if (rc == STOA_ERR_BUSY)
        rc = stoa__fail(err, STOA_ERR_LOCKED,
                        "this thread has a write transaction open on the same database through "
                        "another connection, and would wait for itself");
    else if (rc == STOA_ERR_LOCKED)
        rc = stoa__fail(err, STOA_ERR_LOCKED,
                        "another writer of this process kept the database for more than "
                        "busy_timeout (%lld ms)",
                        (long long)timeout_ms);
    if (rc == STOA_ERR_LOCKED)
        stoa__error_flag(err, STOA_ERROR_RETRYABLE);
    return rc;
}

void sqlite_gate_give(struct sqlite_gate *gate, const void *holder)
{
    stoa__turn_give(&gate->turn, holder);
}

struct stoa__turn_work *sqlite_gate_gather(struct sqlite_gate *gate, int32_t count_max,
                                           bool (*fits)(const struct stoa__turn_work *, void *),
                                           void *self)
{
    return stoa__turn_gather(&gate->turn, count_max, fits, self);
}

void sqlite_gate_finish(struct sqlite_gate *gate, struct stoa__turn_work *works)
{
    stoa__turn_finish(&gate->turn, works);
}

void sqlite_gate_return(struct sqlite_gate *gate, struct stoa__turn_work *works)
{
    stoa__turn_return(&gate->turn, works);
}

bool sqlite_gate_is_mine(struct sqlite_gate *gate, const void *own)
{
    return stoa__turn_is_mine(&gate->turn, own);
}

void sqlite_gate_touch(struct sqlite_gate *gate)
{
    stoa__turn_touch(&gate->turn);
}
