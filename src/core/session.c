/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include "base/clock.h"
#include "base/error.h"
#include "core/capability.h"
#include "core/pool.h"

#include <assert.h>

#include "base/ban.h"

enum {
    CLEAR_WAIT_NS = 100000,
    SWEEP_WAIT_NS = 20000
};

/* What a sweeper releases is the caller's, and may wait for us. */
#define SWEEP_WAIT_MAX_NS (60 * INT64_C(1000000000))

/* ---- the mark ---- */

/* In the owner's word: it is no call, only somebody who closed something and ends it. */
#define SWEEPER (UINT64_C(1) << 63)

bool stoa__session_is_mine(const struct stoa__session *session)
{
    return (atomic_load_explicit(&session->owner, memory_order_relaxed) & ~SWEEPER) ==
           stoa__thread_self();
}

static bool try_as(struct stoa__session *session, uint64_t owner)
{
    uint64_t nobody = 0;

    /* In one order with the graveyard's push: whoever comes second sees the other. */
    if (!atomic_compare_exchange_strong(&session->owner, &nobody, owner))
        return false;
    session->depth = 1;
    return true;
}

bool stoa__session_try(struct stoa__session *session)
{
    return try_as(session, stoa__thread_self());
}

static stoa_status fail_busy(const struct stoa__session *session, stoa_error *err)
{
    if (stoa__session_is_mine(session))
        return stoa__fail(err, STOA_ERR_BUSY,
                          "the connection is running the callback that called");
    return stoa__fail(err, STOA_ERR_BUSY, "the connection is in use by another call");
}

/* Closing is allowed on every thread at any time, so nobody is told BUSY for it: whoever comes
 * meanwhile waits as long as its call may last. */
static stoa_status wait_for_sweeper(struct stoa__session *session, stoa__call *call,
                                    stoa_error *err)
{
    const int64_t began = stoa__clock_monotonic_ns();
    stoa_status rc = STOA_OK;

    do {
        const uint64_t owner = atomic_load(&session->owner);

        if (owner != 0 && (!(owner & SWEEPER) || stoa__session_is_mine(session)))
            return fail_busy(session, err);
        if (stoa__session_try(session))
            return STOA_OK;
        if (stoa__clock_monotonic_ns() - began > SWEEP_WAIT_MAX_NS)
            return fail_busy(session, err);
        stoa__sleep_ns(stoa__call_slice_ns(call, SWEEP_WAIT_NS));
        rc = stoa__call_check(call, err);
    } while (rc == STOA_OK);
    return rc;
}

/* Its holder comes back, from outside of any call. */
static bool enter_lease(struct stoa__session *session)
{
    if (!stoa__session_is_mine(session) || !session->leased || session->depth != 1)
        return false;
    session->depth++;
    return true;
}

stoa_status stoa__session_take(struct stoa__session *session, stoa__call *call,
                               stoa_error *err)
{
    stoa_status rc = STOA_OK;

    if (__builtin_expect(!stoa__session_try(session), 0) && !enter_lease(session))
        rc = wait_for_sweeper(session, call, err);
    if (__builtin_expect(rc == STOA_OK, 1))
        stoa__session_sweep(session);
    return rc;
}

stoa_status stoa__session_take_nested(struct stoa__session *session, stoa__call *call,
                                      stoa_error *err)
{
    if (!stoa__session_is_mine(session))
        return stoa__session_take(session, call, err);
    session->depth++;
    return STOA_OK;
}

static bool has_chores(struct stoa__session *session)
{
    return atomic_load(&session->graves) || atomic_load(&session->abandoned);
}

void stoa__session_let_go(struct stoa__session *session)
{
    const uint64_t owner = atomic_load_explicit(&session->owner, memory_order_relaxed);

    assert(stoa__session_is_mine(session) && session->depth > 0);
    if (session->depth > 1) {
        if (session->leased && session->depth == 2)
            stoa__session_sweep(session);
        session->depth--;
        return;
    }
    assert(!session->leased);
    do {
        stoa__session_sweep(session);
        session->depth = 0;
        atomic_store(&session->owner, 0);
        /* Buried between the last look and the letting go: theirs to end or ours. */
    } while (__builtin_expect(has_chores(session), 0) && try_as(session, owner | SWEEPER));
}

bool stoa__session_lease(struct stoa__session *session)
{
    assert(stoa__session_is_mine(session));
    if (session->leased)
        return false;
    assert(session->depth == 1);
    stoa__session_ref(session);
    session->leased = true;
    session->depth++;
    return true;
}

void stoa__session_end_lease(struct stoa__session *session)
{
    assert(stoa__session_is_mine(session) && session->leased && session->depth == 1);
    session->leased = false;
    stoa__session_let_go(session);
    stoa__session_unref(session);
}

/* ---- the graveyard ---- */

static struct stoa__grave *reversed(struct stoa__grave *last)
{
    struct stoa__grave *first = NULL;

    while (last) {
        struct stoa__grave *next = last->next;

        last->next = first;
        first = last;
        last = next;
    }
    return first;
}

static void end_graves(struct stoa__session *session)
{
    while (atomic_load(&session->graves)) {
        struct stoa__grave *grave = reversed(atomic_exchange(&session->graves, NULL));

        while (grave) {
            struct stoa__grave *next = grave->next;

            grave->end(grave);
            grave = next;
        }
    }
}

void stoa__session_end_dry_run(struct stoa__session *session)
{
    if (!session->dry_run)
        return;
    session->dry_run = false;
    if (session->native)
        session->engine->transaction_hold(session->native, false);
}

/* Nobody is left to be told of a failure, and a session that can't roll back isn't pooled. */
static void roll_back(struct stoa__session *session)
{
    const struct stoa__engine *engine = session->engine;

    stoa__session_end_dry_run(session);
    if (session->native && STOA__HAS(engine, rollback) &&
        STOA__HAS(engine, transaction) &&
        engine->transaction(session->native) != STOA_TRANSACTION_NONE)
        (void)engine->rollback(session->native, NULL);
}

void stoa__session_drop_resolver(struct stoa__session *session)
{
    stoa_release release = session->resolver_release;
    void *user_data = session->resolver_data;

    if (session->native && STOA__HAS(session->engine, scan_resolver))
        (void)session->engine->scan_resolver(session->native, NULL, NULL, NULL);
    session->resolver_release = NULL;
    session->resolver_data = NULL;
    if (release)
        release(user_data);
}

void stoa__session_sweep(struct stoa__session *session)
{
    assert(stoa__session_is_mine(session) && session->depth == (session->leased ? 2 : 1));
    end_graves(session);
    if (__builtin_expect(atomic_load(&session->abandoned), 0) &&
        atomic_exchange(&session->abandoned, false)) {
        roll_back(session);
        stoa__ledger_end(&session->ledger, false);
        stoa__session_drop_resolver(session);
        end_graves(session);
    }
}

static void try_sweep(struct stoa__session *session)
{
    if (try_as(session, stoa__thread_self() | SWEEPER))
        stoa__session_let_go(session);
}

void stoa__session_bury(struct stoa__session *session, struct stoa__grave *grave)
{
    struct stoa__grave *first = atomic_load(&session->graves);

    assert(grave->end);
    do
        grave->next = first;
    while (!atomic_compare_exchange_weak(&session->graves, &first, grave));
    try_sweep(session);
}

void stoa__session_abandon(struct stoa__session *session)
{
    atomic_store(&session->abandoned, true);
    try_sweep(session);
}

void stoa__session_settle(struct stoa__session *session)
{
    const struct stoa__engine *engine = session->engine;

    if (session->native && STOA__HAS(engine, transaction) &&
        engine->transaction(session->native) == STOA_TRANSACTION_NONE)
        stoa__ledger_end(&session->ledger, session->ledger.commit_seen);
    session->ledger.commit_seen = false;
}

/* ---- leaves ---- */

void stoa__session_link(struct stoa__session *session, struct stoa__leaf_link *link)
{
    assert(stoa__session_is_mine(session));
    link->previous = NULL;
    link->next = session->leaves;
    if (link->next)
        link->next->previous = link;
    session->leaves = link;
}

void stoa__session_unlink(struct stoa__session *session, struct stoa__leaf_link *link)
{
    assert(stoa__session_is_mine(session));
    if (link->previous)
        link->previous->next = link->next;
    else
        session->leaves = link->next;
    if (link->next)
        link->next->previous = link->previous;
    link->next = link->previous = NULL;
}

/* The mark is held: what is closed is buried, not ended, so the list stays as it is; only what
 * is stopped leaves it. */
static void close_leaves(struct stoa__session *session)
{
    struct stoa__leaf_link *link = session->leaves;

    while (link) {
        struct stoa__leaf_link *next = link->next;

        if (link->stop)
            link->stop(link);
        else
            stoa__object_close(link->id, link->kind);
        link = next;
    }
}

stoa_status stoa__session_clear(struct stoa__session *session, stoa__call *call,
                                stoa_error *err)
{
    stoa_status rc = STOA_OK;

    close_leaves(session);
    stoa__session_sweep(session);
    while (session->leaves && rc == STOA_OK) {
        /* Another thread has just looked it up, and is about to be told BUSY. */
        stoa__sleep_ns(stoa__call_slice_ns(call, CLEAR_WAIT_NS));
        stoa__session_sweep(session);
        rc = stoa__call_check(call, err);
    }
    return rc;
}

/* ---- references ---- */

void stoa__session_ref(struct stoa__session *session)
{
    int32_t before =
        atomic_fetch_add_explicit(&session->references, 1, memory_order_relaxed);

    assert(before > 0);
    (void)before;
}

bool stoa__session_try_ref(struct stoa__session *session)
{
    int32_t references = atomic_load(&session->references);

    do
        if (references == 0)
            return false;
    while (
        !atomic_compare_exchange_weak(&session->references, &references, references + 1));
    return true;
}

void stoa__session_unref(struct stoa__session *session)
{
    int32_t before =
        atomic_fetch_sub_explicit(&session->references, 1, memory_order_acq_rel);

    assert(before > 0);
    if (before == 1)
        stoa__pool_give_back(session);
}
